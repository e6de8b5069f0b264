/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <openssl/ssl.h>
#include <string.h>

#include "sfu/fingerprint.h"
#include "sfu/identity.h"

#define HEX32 "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff"
#define HEX16 "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"

static bool
parse (const char *text, SfuFingerprint *ret)
{
  return sfu_fingerprint_parse (text, strlen (text), ret);
}

/* point 7, RFC 8122 §5: several hash functions, either case */
static void
test_good (void)
{
  SfuFingerprint a, b;
  char text[SFU_FINGERPRINT_TEXT];

  g_assert_true (parse ("sha-256 " HEX32, &a));
  g_assert_true (parse ("SHA-256 " HEX32, &b));
  g_assert_true (sfu_fingerprint_equal (&a, &b));
  g_assert_cmpuint (a.len, ==, 32);
  g_assert_cmpuint (a.value[31], ==, 0xff);
  g_assert_true (parse (sfu_fingerprint_format (&a, text), &b));
  g_assert_true (sfu_fingerprint_equal (&a, &b));
  g_assert_true (parse ("sha-384 " HEX32 ":" HEX16, &b));
  g_assert_false (sfu_fingerprint_equal (&a, &b));
  g_assert_true (parse ("sha-512 " HEX32 ":" HEX32, &b));
  g_assert_cmpuint (strlen (sfu_fingerprint_format (&b, text)), ==, 8 + 64 * 3 - 1);
  g_assert_cmpuint (strlen (text), <, sizeof text);
}

static void
test_bad (void)
{
  static const char *const bad[] = {
    "", "sha-256", "sha-256 ", HEX32, "sha-256" HEX32, "sha-256  " HEX32, " sha-256 " HEX32, "sha-256 " HEX32 " ",
    "sha-256 " HEX32 ":", "sha-256 " HEX32 ":00", "sha-256 " HEX16, "sha-512 " HEX32, "md5 " HEX16,
    /* RFC 8122 §5: SHA-1 is too weak to stand alone */
    "sha-1 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33", "sha-224 " HEX32,
    "sha-256 00-11-22-33-44-55-66-77-88-99-AA-BB-CC-DD-EE-FF-00-11-22-33-44-55-66-77-88-99-aa-bb-cc-dd-ee-ff",
    "sha-256 g0:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff",
  };
  SfuFingerprint fingerprint, zero = { 0 };

  memset (&fingerprint, 0, sizeof fingerprint);
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (parse (bad[i], &fingerprint));
  g_assert_cmpmem (&fingerprint, sizeof fingerprint, &zero, sizeof zero);
}

/* point 7: a certificate per process, ECDSA P-256, and its fingerprint in the form of SDP */
static void
test_identity (void)
{
  g_autoptr (SfuIdentity) a = sfu_identity_new (NULL), b = sfu_identity_new (NULL);
  X509 *certificate = SSL_CTX_get0_certificate (sfu_identity_get_ssl (a));
  SfuFingerprint said, computed;

  g_assert_true (parse (sfu_identity_get_fingerprint (a), &said));
  g_assert_true (sfu_fingerprint_compute (certificate, SFU_HASH_SHA256, &computed));
  g_assert_true (sfu_fingerprint_equal (&said, &computed));
  g_assert_true (g_str_has_prefix (sfu_identity_get_fingerprint (a), "sha-256 "));
  g_assert_true (EVP_PKEY_is_a (X509_get0_pubkey (certificate), "EC"));
  g_assert_cmpint (EVP_PKEY_get_bits (X509_get0_pubkey (certificate)), ==, 256);
  g_assert_cmpint (X509_verify (certificate, X509_get0_pubkey (certificate)), ==, 1);
  g_assert_cmpint (X509_cmp_current_time (X509_get0_notBefore (certificate)), <, 0);
  g_assert_cmpint (X509_cmp_current_time (X509_get0_notAfter (certificate)), >, 0);
  g_assert_cmpstr (sfu_identity_get_fingerprint (a), !=, sfu_identity_get_fingerprint (b));
  g_assert_cmpint (memcmp (sfu_identity_get_ice_key (a), sfu_identity_get_ice_key (b), SFU_ICE_KEY_BYTES), !=, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/fingerprint/good", test_good);
  g_test_add_func ("/sfu/fingerprint/bad", test_bad);
  g_test_add_func ("/sfu/fingerprint/identity", test_identity);
  return g_test_run ();
}
