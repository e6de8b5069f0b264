/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "ORIGIN \n HOST" of a request. What counts as the server's own page must be the same scheme, host and port to GLib's
 * reader of URIs (RFC 6454 §5); an origin that is not own is allowed when it is listed, and by "*".
 */
#include <glib.h>
#include <string.h>

#include "signaling/front-origin.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static const char *const none[] = { NULL };
static const char *const some[] = { "https://app.example.org", "http://localhost:3000/", NULL };
static const char *const all[] = { "*", NULL };

/* Scheme, host and port in one text. Returns: (nullable) (transfer full): NULL when that is no URI. */
static char *
tuple (const char *scheme, const char *rest)
{
  g_autofree char *text = g_strconcat (scheme, rest, NULL);
  g_autoptr (GUri) uri = g_uri_parse (text, G_URI_FLAGS_SCHEME_NORMALIZE, NULL);
  g_autofree char *host = uri != NULL && g_uri_get_host (uri) ? g_ascii_strdown (g_uri_get_host (uri), -1) : NULL;

  return host != NULL ? g_strdup_printf ("%s %s %d", g_uri_get_scheme (uri), host, g_uri_get_port (uri)) : NULL;
}

static void
check_own (const char *origin, const char *host, bool https)
{
  g_autofree char *page = tuple ("", origin);
  g_autofree char *server = tuple (https ? "https://" : "http://", host);

  g_assert_true (g_ascii_strncasecmp (origin, https ? "https://" : "http://", https ? 8 : 7) == 0);
  g_assert_cmpstr (page, ==, server);
}

static bool
is_listed (const char *origin)
{
  return g_ascii_strcasecmp (origin, "https://app.example.org") == 0
         || g_ascii_strcasecmp (origin, "http://localhost:3000") == 0;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  char *host = strchr (text, '\n');
  g_autofree char *head = NULL, *origin = NULL;
  AlHttpRequest request;
  AlStr value = { NULL, 0 };

  if (host == NULL || strchr (text, '\r') != NULL)
    return 0;
  *host++ = '\0';
  head = g_strdup_printf ("GET / HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\n\r\n", host, text);
  if (al_http_request_parse ((uint8_t *) head, strlen (head), &request) != AL_HTTP_OK || request.n_fields != 2)
    return 0;

  SigOrigin plain = sig_origin_check (none, &request, false, &value);
  SigOrigin tls = sig_origin_check (none, &request, true, NULL);
  AlStr host_value = al_http_request_get (&request, "Host");

  g_assert_true (plain != SIG_ORIGIN_ALLOWED && plain != SIG_ORIGIN_NONE && (plain == SIG_ORIGIN_OWN || tls == plain));
  origin = g_strndup (value.ptr, value.len);
  if (tls == SIG_ORIGIN_OWN || plain == SIG_ORIGIN_OWN)
    {
      g_autofree char *own_host = g_strndup (host_value.ptr, host_value.len);

      check_own (origin, own_host, g_ascii_strncasecmp (origin, "https", 5) == 0);
    }
  g_assert_cmpint (sig_origin_check (all, &request, true, NULL), ==,
                   tls == SIG_ORIGIN_OWN ? SIG_ORIGIN_OWN : SIG_ORIGIN_ALLOWED);
  if (tls != SIG_ORIGIN_OWN)
    g_assert_cmpint (sig_origin_check (some, &request, true, NULL), ==,
                     is_listed (origin) ? SIG_ORIGIN_ALLOWED : SIG_ORIGIN_REFUSED);
  return 0;
}
