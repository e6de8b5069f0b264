/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X-Forwarded-For and -Proto. The lines of the input are values of fields, those of the second kind behind a "p". The
 * client must be the one that is found by joining all values and splitting them with GLib (RFC 9110 §5.3).
 */
#include <gio/gio.h>
#include <string.h>

#include "signaling/front-proxy.h"

#define MAX_HOPS 32

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static const char *const networks[] = { "10.0.0.0/8", "2001:db8::/32", "127.0.0.1" };

static bool
is_trusted (GInetAddress *address)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (networks); i++)
    {
      g_autoptr (GInetAddressMask) mask = g_inet_address_mask_new_from_string (networks[i], NULL);

      if (g_inet_address_mask_matches (mask, address))
        return true;
    }
  return false;
}

/* Which texts are addresses is for another target to prove; this one says which of them name no client. */
static GInetAddress *
read_hop (const char *text)
{
  char host[AL_ADDR_STRLEN];
  AlAddr addr;

  if (strpbrk (text, "*%") != NULL || (text[0] == ':' && text[1] != ':') || !al_addr_parse (text, 0, &addr, NULL))
    return NULL;
  al_addr_canonicalize (&addr);
  return g_inet_address_new_from_string (al_addr_format (&addr, false, host));
}

static char *
find_client (const char *joined, const char *peer)
{
  g_auto (GStrv) hops = g_strsplit (joined, ",", -1);
  g_autoptr (GInetAddress) client = g_inet_address_new_from_string (peer);
  unsigned n = 0;

  for (unsigned i = g_strv_length (hops); i > 0 && n < MAX_HOPS && is_trusted (client); i--, n++)
    {
      GInetAddress *hop = read_hop (g_strstrip (hops[i - 1]));

      if (hop == NULL)
        break;
      g_object_unref (client);
      client = hop;
    }
  return g_inet_address_to_string (client);
}

static void
check (const AlHttpRequest *request, const char *joined, const char *proto, const char *peer_text)
{
  g_autofree char *wanted = find_client (joined, peer_text);
  AlNet trusted[G_N_ELEMENTS (networks)];
  char text[AL_ADDR_STRLEN];
  AlAddr peer, client;
  bool https = false, unsaid = true;

  for (unsigned i = 0; i < G_N_ELEMENTS (networks); i++)
    g_assert_true (al_net_parse (networks[i], &trusted[i], NULL));
  g_assert_true (al_addr_parse (peer_text, 1, &peer, NULL));
  sig_proxy_resolve (trusted, G_N_ELEMENTS (networks), request, &peer, &client, &https);
  g_assert_cmpstr (al_addr_format (&client, false, text), ==, wanted);
  sig_proxy_resolve (trusted, G_N_ELEMENTS (networks), request, &peer, &client, &unsaid);
  if (proto != NULL && sig_proxy_is_trusted (trusted, G_N_ELEMENTS (networks), &peer))
    {
      g_auto (GStrv) protos = g_strsplit (proto, ",", -1);
      unsigned n = g_strv_length (protos);
      const char *last = n > 0 ? g_strstrip (protos[n - 1]) : "";

      g_assert_cmpint (https, ==, g_ascii_strcasecmp (last, "https") == 0 || g_ascii_strcasecmp (last, "wss") == 0);
      g_assert_cmpint (unsaid, ==, https);
    }
  else
    g_assert_true (!https && unsaid);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autoptr (GString) head = g_string_new ("GET / HTTP/1.1\r\nHost: a\r\n"), joined = g_string_new (NULL);
  const char *proto = NULL;
  AlHttpRequest request;
  bool has_list = false;

  for (unsigned i = 0; lines[i] != NULL; i++)
    if (lines[i][0] == 'p')
      {
        proto = lines[i] + 1;
        g_string_append_printf (head, "X-Forwarded-Proto: %s\r\n", proto);
      }
    else
      {
        g_string_append_printf (joined, "%s%s", has_list ? "," : "", lines[i]);
        g_string_append_printf (head, "x-forwarded-FOR: %s\r\n", lines[i]);
        has_list = true;
      }
  g_string_append (head, "\r\n");
  if (al_http_request_parse ((uint8_t *) head->str, head->len, &request) != AL_HTTP_OK || request.head_len != head->len)
    return 0;
  check (&request, joined->str, proto, "127.0.0.1");
  check (&request, joined->str, proto, "192.0.2.1");
  check (&request, joined->str, proto, "2001:db8::7");
  return 0;
}
