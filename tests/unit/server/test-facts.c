/* SPDX-License-Identifier: Apache-2.0 */
/* Targets from what servers and people say, and what is read from a certificate. */
#include "server/ctl/facts.h"

#include <glib/gstdio.h>
#include <openssl/pem.h>

#include "base/tls.h"

static void
check_target (const CtlFacts *facts, guint at, CtlWay way, const char *place)
{
  const CtlTarget *target = facts->targets->pdata[at];
  char text[AL_ADDR_STRLEN];

  g_assert_cmpint (target->way, ==, way);
  g_assert_cmpstr (al_addr_format (&target->addr, true, text), ==, place);
  g_assert_cmpint (target->round_trip_us, ==, -1);
}

static void
test_urls (void)
{
  g_autoptr (CtlFacts) facts = ctl_facts_new ();
  static const char *const urls[] = { "turn:192.0.2.1:3480?transport=udp", "turn:192.0.2.1?transport=tcp",
                                      "turns:[2001:db8::1]:443?transport=tcp", "turns:192.0.2.1", "turn:192.0.2.1",
                                      "turn:192.0.2.1:3480?transport=udp" };

  for (unsigned i = 0; i < G_N_ELEMENTS (urls); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_true (ctl_facts_add_url (facts, urls[i], &error));
      g_assert_no_error (error);
    }
  g_assert_cmpuint (facts->targets->len, ==, 5); /* the first one twice */
  check_target (facts, 0, CTL_WAY_UDP, "192.0.2.1:3480");
  check_target (facts, 1, CTL_WAY_TCP, "192.0.2.1:3478");
  check_target (facts, 2, CTL_WAY_TLS, "[2001:db8::1]:443");
  check_target (facts, 3, CTL_WAY_TLS, "192.0.2.1:5349");
  check_target (facts, 4, CTL_WAY_UDP, "192.0.2.1:3478");
}

static void
test_bad_urls (void)
{
  static const char *const urls[] = { "",
                                      "stun:192.0.2.1",
                                      "turn:",
                                      "turn:192.0.2.1:0",
                                      "turn:192.0.2.1:70000",
                                      "turn:192.0.2.1:",
                                      "turn:[2001:db8::1",
                                      "turn:[2001:db8::1]x",
                                      "turn:192.0.2.1?transport=sctp",
                                      "turns:192.0.2.1?transport=udp",
                                      "https://192.0.2.1" };

  for (unsigned i = 0; i < G_N_ELEMENTS (urls); i++)
    {
      g_autoptr (CtlFacts) facts = ctl_facts_new ();
      g_autoptr (GError) error = NULL;

      g_assert_false (ctl_facts_add_url (facts, urls[i], &error));
      g_assert_nonnull (error);
      g_assert_cmpuint (facts->targets->len, ==, 0);
    }
}

static void
test_places (void)
{
  static const struct {
    const char *place, *host;
    uint16_t port;
  } cases[] = {
    { "turn.example.org", "turn.example.org", 7 }, { "turn.example.org:80", "turn.example.org", 80 },
    { "2001:db8::1", "2001:db8::1", 7 },           { "[2001:db8::1]", "2001:db8::1", 7 },
    { "[2001:db8::1]:80", "2001:db8::1", 80 },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *host = NULL;
      uint16_t port;

      g_assert_true (ctl_place_parse (cases[i].place, 7, &host, &port, NULL));
      g_assert_cmpstr (host, ==, cases[i].host);
      g_assert_cmpuint (port, ==, cases[i].port);
    }
}

static void
test_certificate (void)
{
  static const char *const names[] = { "turn.example.org", "192.0.2.1", "2001:db8::1", NULL };
  static const struct {
    const char *host;
    bool is_for_host;
  } hosts[] = {
    { "turn.example.org", true }, { "TURN.example.org", true }, { "192.0.2.1", true },    { "2001:db8::1", true },
    { "example.org", false },     { "192.0.2.2", false },       { "2001:db8::2", false },
  };
  g_autofree char *folder = g_dir_make_tmp ("aldis-cert-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "cert.pem", NULL), *key = g_build_filename (folder, "key.pem", NULL);
  g_autoptr (GError) error = NULL;
  X509 *x509;
  BIO *bio;

  g_assert_true (al_tls_make_self_signed (path, key, names, 30, &error));
  g_assert_no_error (error);
  bio = BIO_new_file (path, "r");
  x509 = PEM_read_bio_X509 (bio, NULL, NULL, NULL);
  BIO_free (bio);
  for (unsigned i = 0; i < G_N_ELEMENTS (hosts); i++)
    {
      CtlCert cert;

      ctl_cert_read (&cert, x509, X509_V_OK, hosts[i].host);
      g_assert_cmpstr (cert.names, ==, "turn.example.org, 192.0.2.1, 2001:db8::1");
      g_assert_true (cert.self_signed);
      g_assert_cmpint (cert.is_for_host, ==, hosts[i].is_for_host);
      g_assert_cmpint ((cert.ends_ms - g_get_real_time () / 1000 + 43200000) / 86400000, ==, 30);
      ctl_cert_clear (&cert);
    }
  X509_free (x509);
  (void) g_unlink (path);
  (void) g_unlink (key);
  (void) g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/server/facts/urls", test_urls);
  g_test_add_func ("/server/facts/bad-urls", test_bad_urls);
  g_test_add_func ("/server/facts/places", test_places);
  g_test_add_func ("/server/facts/certificate", test_certificate);
  return g_test_run ();
}
