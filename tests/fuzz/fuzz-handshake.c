/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The WebSocket handshake (RFC 6455 §4.2.1), read once more with GLib: it is one exactly when every condition holds, and
 * the answer is the sum that GLib's SHA-1 makes.
 */
#include <glib.h>
#include <string.h>

#include "base/http.h"
#include "base/ws.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* Returns: how many fields of that name there are; @ret_all: their values as one list. */
static unsigned
join (const AlHttpRequest *request, const char *name, char **ret_all)
{
  GString *all = g_string_new (NULL);
  unsigned n = 0;

  for (unsigned i = 0; i < request->n_fields; i++)
    {
      g_autofree char *field = g_strndup (request->fields[i].name.ptr, request->fields[i].name.len);

      if (g_ascii_strcasecmp (field, name) != 0)
        continue;
      g_string_append (all, n++ > 0 ? "," : "");
      g_string_append_len (all, request->fields[i].value.ptr, (gssize) request->fields[i].value.len);
    }
  *ret_all = g_string_free (all, FALSE);
  return n;
}

static bool
lists (const AlHttpRequest *request, const char *name, const char *token)
{
  g_autofree char *all = NULL;
  g_auto (GStrv) tokens = NULL;
  bool found = false;

  (void) join (request, name, &all);
  tokens = g_strsplit (all, ",", -1);
  for (unsigned i = 0; tokens[i] != NULL; i++)
    found = found || g_ascii_strcasecmp (g_strstrip (tokens[i]), token) == 0;
  return found;
}

static bool
is_handshake (const AlHttpRequest *request, const char *key, unsigned n_keys)
{
  g_autofree char *version = NULL, *again = NULL;
  g_autofree guchar *nonce = NULL;
  gsize len = 0;

  if (join (request, "Sec-WebSocket-Version", &version) != 1 || strcmp (version, "13") != 0 || n_keys != 1)
    return false;
  if (request->method.len != 3 || memcmp (request->method.ptr, "GET", 3) != 0 || request->minor != 1
      || request->chunked || request->content_length > 0)
    return false;
  nonce = g_base64_decode (key, &len);
  again = g_base64_encode (nonce, len);
  return len == 16 && strcmp (again, key) == 0 && lists (request, "Upgrade", "websocket")
         && lists (request, "Connection", "upgrade");
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *key = NULL, *salted = NULL, *sum = NULL;
  g_autoptr (GChecksum) sha1 = NULL;
  AlHttpRequest request;
  unsigned n_keys;
  uint8_t digest[20];
  gsize len = sizeof digest;
  char answer[29];

  if (al_http_request_parse (data, size, &request) != AL_HTTP_OK)
    return 0;
  n_keys = join (&request, "Sec-WebSocket-Key", &key);
  g_assert_cmpint (request.upgrade_websocket, ==, is_handshake (&request, key, n_keys));
  if (!request.upgrade_websocket)
    return 0;
  g_assert_cmpmem (request.websocket_key.ptr, request.websocket_key.len, key, strlen (key));
  salted = g_strconcat (key, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", NULL);
  sha1 = g_checksum_new (G_CHECKSUM_SHA1);
  g_checksum_update (sha1, (guchar *) salted, -1);
  g_checksum_get_digest (sha1, digest, &len);
  sum = g_base64_encode (digest, len);
  al_ws_accept_key (request.websocket_key.ptr, request.websocket_key.len, answer);
  g_assert_cmpstr (answer, ==, sum);
  return 0;
}
