/* SPDX-License-Identifier: Apache-2.0 */
#include <glib/gstdio.h>
#include <string.h>

#include "signaling/front-origin.h"

static AlTls *tls;

static SigOrigin
check (const char *const *allowed, const char *host, const char *fields, bool https)
{
  static const char *const names[] = { "", "Example.org", "x", NULL };
  const SigOriginRules rules = { allowed, names, tls };
  g_autofree char *text = g_strdup_printf ("GET /rpc HTTP/1.1\r\nHost: %s\r\n%s\r\n", host, fields);
  AlHttpRequest request;

  g_assert_cmpint (al_http_request_parse ((const uint8_t *) text, strlen (text), &request), ==, AL_HTTP_OK);
  return sig_origin_check (&rules, &request, https, NULL);
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

/* A page whose own name leads here is not thereby ours: DNS says what its owner wants. */
static void
test_origin_names (void)
{
  static const char *const list[] = { "https://proxied.example.net", NULL };
  static const struct {
    const char *host;
    SigOrigin expect;
  } cases[] = {
    { "example.org", SIG_ORIGIN_OWN },
    { "example.org:8443", SIG_ORIGIN_OWN },
    { "EXAMPLE.ORG.", SIG_ORIGIN_OWN },
    { "localhost", SIG_ORIGIN_OWN },
    { "LocalHost:8080", SIG_ORIGIN_OWN },
    { "127.0.0.1:8443", SIG_ORIGIN_OWN },
    { "192.168.1.20:8443", SIG_ORIGIN_OWN },
    { "203.0.113.7", SIG_ORIGIN_OWN },
    { "[2001:db8::7]:8443", SIG_ORIGIN_OWN },
    { "[::1]", SIG_ORIGIN_OWN },
    { "proxied.example.net", SIG_ORIGIN_ALLOWED },
    { "evil.example", SIG_ORIGIN_UNNAMED },
    { "evil.example:8443", SIG_ORIGIN_UNNAMED },
    { "proxied.example.net:8443", SIG_ORIGIN_UNNAMED },
    { "www.example.org", SIG_ORIGIN_UNNAMED },
    { "example.org.evil.example", SIG_ORIGIN_UNNAMED },
    { "localhost.evil.example:8080", SIG_ORIGIN_UNNAMED },
    { "localhost:8080.evil.example", SIG_ORIGIN_UNNAMED },
    { "127.0.0.1.evil.example", SIG_ORIGIN_UNNAMED },
    { "[::1].evil.example", SIG_ORIGIN_UNNAMED },
    { "127.0.0.1:80:80", SIG_ORIGIN_UNNAMED },
    { "127.1", SIG_ORIGIN_UNNAMED }, /* browsers write addresses out */
    { "a..", SIG_ORIGIN_UNNAMED },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *field = g_strdup_printf ("Origin: https://%s\r\n", cases[i].host);
      SigOrigin got = check (list, cases[i].host, field, true);

      if (got != cases[i].expect)
        g_error ("%s: %d", cases[i].host, got);
    }
}

static void
test_origin_certificate (void)
{
  static const char *const none[] = { NULL };
  static const char *const names[] = { "calls.example.com", "*.team.example.com", "192.0.2.9", NULL };
  g_autoptr (GError) error = NULL;
  g_autofree char *dir = g_dir_make_tmp ("aldis-origin-XXXXXX", &error);
  g_autofree char *certificate = g_build_filename (dir, "cert.pem", NULL), *key = g_build_filename (dir, "key.pem", NULL);

  g_assert_true (al_tls_make_self_signed (certificate, key, names, 10, &error));
  g_assert_cmpint (check (none, "calls.example.com", "Origin: https://calls.example.com\r\n", true), ==,
                   SIG_ORIGIN_UNNAMED);
  tls = al_tls_new (certificate, key, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (check (none, "calls.example.com:8443", "Origin: https://calls.example.com:8443\r\n", true), ==,
                   SIG_ORIGIN_OWN);
  g_assert_cmpint (check (none, "a.team.example.com", "Origin: https://a.team.example.com\r\n", true), ==,
                   SIG_ORIGIN_OWN);
  g_assert_cmpint (check (none, "a.b.team.example.com", "Origin: https://a.b.team.example.com\r\n", true), ==,
                   SIG_ORIGIN_UNNAMED);
  g_assert_cmpint (check (none, "example.com", "Origin: https://example.com\r\n", true), ==, SIG_ORIGIN_UNNAMED);
  g_clear_pointer (&tls, al_tls_unref);
  g_assert_cmpint (g_unlink (certificate), ==, 0);
  g_assert_cmpint (g_unlink (key), ==, 0);
  g_assert_cmpint (g_rmdir (dir), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/signaling/front-origin/names", test_origin_names);
  g_test_add_func ("/signaling/front-origin/certificate", test_origin_certificate);
  g_test_add_func ("/signaling/front-origin/own", test_origin_own);
  g_test_add_func ("/signaling/front-origin/allowed", test_origin_allowed);
  return g_test_run ();
}
