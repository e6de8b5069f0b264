/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "ORIGIN \n HOST" of a request. What counts as the server's own page must be the same scheme, host and port to GLib's
 * reader of URIs (RFC 6454 §5), and a name that is the server's or cannot be pointed elsewhere; an origin that is not own
 * is allowed when it is listed, and by "*".
 */
#include <glib.h>
#include <string.h>

#include "signaling/front-origin.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static const char *const no_list[] = { NULL };
static const char *const some_list[] = { "https://app.example.org", "http://localhost:3000/", NULL };
static const char *const all_list[] = { "*", NULL };
static const char *const names[] = { "example.org", NULL };
static const SigOriginRules none = { no_list, names, NULL }, some = { some_list, names, NULL }, all = { all_list, names, NULL };

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

/* Whether others can make the host of @origin lead here, as GLib reads it. What is an address is left to base's tests. */
static void
check_name (const char *origin, SigOrigin got)
{
  g_autoptr (GUri) uri = g_uri_parse (origin, G_URI_FLAGS_NONE, NULL);
  g_autofree char *host = uri != NULL && g_uri_get_host (uri) ? g_ascii_strdown (g_uri_get_host (uri), -1) : NULL;

  if (host == NULL)
    return;
  if (g_str_has_suffix (host, "."))
    host[strlen (host) - 1] = '\0';
  if (g_str_equal (host, "localhost") || g_str_equal (host, "example.org"))
    g_assert_cmpint (got, ==, SIG_ORIGIN_OWN);
  else if (!g_hostname_is_ip_address (host))
    g_assert_cmpint (got, ==, SIG_ORIGIN_UNNAMED);
}

static bool
is_same (SigOrigin origin)
{
  return origin == SIG_ORIGIN_OWN || origin == SIG_ORIGIN_UNNAMED;
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

  SigOrigin plain = sig_origin_check (&none, &request, false, &value);
  SigOrigin tls = sig_origin_check (&none, &request, true, NULL);
  AlStr host_value = al_http_request_get (&request, "Host");

  g_assert_true (plain != SIG_ORIGIN_ALLOWED && plain != SIG_ORIGIN_NONE && (is_same (plain) || tls == plain));
  origin = g_strndup (value.ptr, value.len);
  if (is_same (tls) || is_same (plain))
    {
      g_autofree char *own_host = g_strndup (host_value.ptr, host_value.len);

      check_name (origin, is_same (tls) ? tls : plain);
      check_own (origin, own_host, g_ascii_strncasecmp (origin, "https", 5) == 0);
    }
  g_assert_cmpint (sig_origin_check (&all, &request, true, NULL), ==,
                   tls == SIG_ORIGIN_OWN ? SIG_ORIGIN_OWN : SIG_ORIGIN_ALLOWED);
  if (tls != SIG_ORIGIN_OWN)
    g_assert_cmpint (sig_origin_check (&some, &request, true, NULL), ==,
                     is_listed (origin) ? SIG_ORIGIN_ALLOWED : tls);
  return 0;
}
