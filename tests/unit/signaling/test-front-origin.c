/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "signaling/front-origin.h"

static SigOrigin
check (const char *const *allowed, const char *host, const char *fields, bool https)
{
  g_autofree char *text = g_strdup_printf ("GET /rpc HTTP/1.1\r\nHost: %s\r\n%s\r\n", host, fields);
  AlHttpRequest request;

  g_assert_cmpint (al_http_request_parse ((const uint8_t *) text, strlen (text), &request), ==, AL_HTTP_OK);
  return sig_origin_check (allowed, &request, https, NULL);
}

static void
test_origin_own (void)
{
  static const char *const none[] = { NULL };
  static const struct {
    const char *host, *origin;
    bool https;
    SigOrigin expect;
  } cases[] = {
    { "example.org", "http://example.org", false, SIG_ORIGIN_OWN },
    { "example.org", "https://example.org", true, SIG_ORIGIN_OWN },
    { "example.org", "https://example.org", false, SIG_ORIGIN_OWN }, /* a proxy ends TLS and does not say so */
    { "example.org", "http://example.org", true, SIG_ORIGIN_REFUSED },
    { "Example.ORG", "http://example.org", false, SIG_ORIGIN_OWN },
    { "example.org:8080", "http://example.org:8080", false, SIG_ORIGIN_OWN },
    { "example.org:8080", "http://example.org", false, SIG_ORIGIN_REFUSED },
    { "example.org", "http://example.org:8080", false, SIG_ORIGIN_REFUSED },
    { "example.org:80", "http://example.org", false, SIG_ORIGIN_OWN },
    { "example.org:443", "https://example.org", true, SIG_ORIGIN_OWN },
    { "example.org", "https://example.org:443", true, SIG_ORIGIN_OWN },
    { "example.org:443", "http://example.org", false, SIG_ORIGIN_REFUSED },
    { "[::1]:8080", "http://[::1]:8080", false, SIG_ORIGIN_OWN },
    { "example.org", "http://evil.org", false, SIG_ORIGIN_REFUSED },
    { "example.org", "http://example.org.evil.org", false, SIG_ORIGIN_REFUSED },
    { "example.org", "http://evil.org/example.org", false, SIG_ORIGIN_REFUSED },
    { "example.org", "http://xexample.org", false, SIG_ORIGIN_REFUSED },
    { "example.org", "http://user@example.org", false, SIG_ORIGIN_REFUSED },
    { "example.org", "ftp://example.org", false, SIG_ORIGIN_REFUSED },
    { "example.org", "null", false, SIG_ORIGIN_REFUSED },
    { "example.org", "http://", false, SIG_ORIGIN_REFUSED },
    { "example.org", "example.org", false, SIG_ORIGIN_REFUSED },
    { "example.org", "", false, SIG_ORIGIN_REFUSED },
    { "localhost:3000:80", "http://localhost:3000", false, SIG_ORIGIN_REFUSED },
    { "[::1]:80", "http://[::1]", false, SIG_ORIGIN_OWN },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *field = g_strdup_printf ("Origin: %s\r\n", cases[i].origin);
      SigOrigin got = check (none, cases[i].host, field, cases[i].https);

      if (got != cases[i].expect)
        g_error ("Origin %s, Host %s: %d", cases[i].origin, cases[i].host, got);
    }
  g_assert_cmpint (check (none, "example.org", "", true), ==, SIG_ORIGIN_NONE);
  g_assert_cmpint (check (none, "example.org", "Origin: http://example.org\r\nOrigin: http://example.org\r\n", false), ==,
                   SIG_ORIGIN_REFUSED);
}

static void
test_origin_allowed (void)
{
  static const char *const list[] = { "https://app.example.org", "http://localhost:3000/", NULL };
  static const char *const all[] = { "*", NULL };

  g_assert_cmpint (check (list, "x", "Origin: https://app.example.org\r\n", true), ==, SIG_ORIGIN_ALLOWED);
  g_assert_cmpint (check (list, "x", "Origin: HTTPS://App.Example.Org\r\n", true), ==, SIG_ORIGIN_ALLOWED);
  g_assert_cmpint (check (list, "x", "Origin: http://localhost:3000\r\n", true), ==, SIG_ORIGIN_ALLOWED);
  g_assert_cmpint (check (list, "x", "Origin: http://app.example.org\r\n", true), ==, SIG_ORIGIN_REFUSED);
  g_assert_cmpint (check (list, "x", "Origin: https://app.example.org:444\r\n", true), ==, SIG_ORIGIN_REFUSED);
  g_assert_cmpint (check (list, "x", "Origin: https://app.example.or\r\n", true), ==, SIG_ORIGIN_REFUSED);
  g_assert_cmpint (check (list, "x", "Origin: https://x\r\n", true), ==, SIG_ORIGIN_OWN);
  g_assert_cmpint (check (list, "x", "", true), ==, SIG_ORIGIN_NONE);
  g_assert_cmpint (check (all, "x", "Origin: null\r\n", true), ==, SIG_ORIGIN_ALLOWED);
  g_assert_cmpint (check (all, "x", "Origin: https://anything\r\n", true), ==, SIG_ORIGIN_ALLOWED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/signaling/front-origin/own", test_origin_own);
  g_test_add_func ("/signaling/front-origin/allowed", test_origin_allowed);
  return g_test_run ();
}
