/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/siphash.h"

/* the vector of appendix A of the paper: key 00..0f, text 00..0e */
static void
test_paper (void)
{
  const AlSipKey key = { UINT64_C (0x0706050403020100), UINT64_C (0x0f0e0d0c0b0a0908) };
  uint8_t text[15];

  for (unsigned i = 0; i < sizeof text; i++)
    text[i] = (uint8_t) i;
  g_assert_cmphex (al_siphash (&key, text, sizeof text), ==, UINT64_C (0xa129ca6149be45e5));
}

static uint64_t
openssl_siphash (const AlSipKey *key, const uint8_t *text, size_t len)
{
  EVP_MAC *mac = EVP_MAC_fetch (NULL, "SIPHASH", NULL);
  EVP_MAC_CTX *ctx = EVP_MAC_CTX_new (mac);
  size_t size = 8, n;
  OSSL_PARAM params[] = { OSSL_PARAM_construct_size_t (OSSL_MAC_PARAM_SIZE, &size), OSSL_PARAM_construct_end () };
  uint64_t le[2] = { GUINT64_TO_LE (key->k0), GUINT64_TO_LE (key->k1) }, ret;

  g_assert_true (EVP_MAC_init (ctx, (const uint8_t *) le, sizeof le, params));
  g_assert_true (EVP_MAC_update (ctx, text, len));
  g_assert_true (EVP_MAC_final (ctx, (uint8_t *) &ret, &n, sizeof ret));
  g_assert_cmpuint (n, ==, 8);
  EVP_MAC_CTX_free (ctx);
  EVP_MAC_free (mac);
  return GUINT64_FROM_LE (ret);
}

/* every length up to 300 bytes agrees with OpenSSL's */
static void
test_openssl (void)
{
  AlSipKey key;
  uint8_t text[300];

  al_sip_key_init_random (&key);
  for (unsigned i = 0; i < sizeof text; i++)
    text[i] = (uint8_t) g_test_rand_int_range (0, 256);
  for (size_t len = 0; len <= sizeof text; len++)
    g_assert_cmphex (al_siphash (&key, text, len), ==, openssl_siphash (&key, text, len));
}

static void
test_key (void)
{
  AlSipKey a = { 0 }, b = { 0 };

  al_sip_key_init_random (&a);
  al_sip_key_init_random (&b);
  g_assert_false (a.k0 == b.k0 && a.k1 == b.k1);
  g_assert_cmphex (al_siphash (&a, "lamp", 4), !=, al_siphash (&b, "lamp", 4));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/siphash/paper", test_paper);
  g_test_add_func ("/base/siphash/openssl", test_openssl);
  g_test_add_func ("/base/siphash/key", test_key);
  return g_test_run ();
}
