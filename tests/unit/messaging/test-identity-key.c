/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/evp.h>
#include <string.h>

#include "base/hex.h"
#include "messaging/device.h"

static bool
is_valid (const char *hex)
{
  uint8_t key[32];

  g_assert_true (al_hex_parse (hex, strlen (hex), key, sizeof key));
  return msg_identity_key_is_valid (key, sizeof key);
}

static void
test_vectors (void)
{
  /* RFC 8032 §7.1: tests 1, 2, 3, 1024 and SHA(abc) */
  static const char *const good[] = {
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    "278117fc144c72340f67d0f2316e8386ceffbf2b2428c9c51fef7c597f1d426e",
    "ec172b93ad5e563f4932c70e1245034c35467ef2efd4d64ebf819683467e2bf2",
    "5866666666666666666666666666666666666666666666666666666666666666", /* the base point */
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (is_valid (good[i]));
}

static void
test_bad (void)
{
  static const char *const bad[] = {
    /* of small order, with either sign */
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    /* not below p = 2^255 - 19 */
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    /* y = 2: no x */
    "0200000000000000000000000000000000000000000000000000000000000000",
  };
  uint8_t key[33] = { 0x58 };

  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (is_valid (bad[i]));
  memset (key + 1, 0x66, 32);
  g_assert_true (msg_identity_key_is_valid (key, 32));
  g_assert_false (msg_identity_key_is_valid (key, 31));
  g_assert_false (msg_identity_key_is_valid (key, 33));
  g_assert_false (msg_identity_key_is_valid (NULL, 0));
}

/* About half of all y have an x; every key that OpenSSL makes is one. */
static void
test_random (void)
{
  unsigned n = 0;

  for (int i = 0; i < 200; i++)
    {
      EVP_PKEY *pkey = EVP_PKEY_Q_keygen (NULL, NULL, "ED25519");
      uint8_t key[32];
      size_t len = sizeof key;

      g_assert_cmpint (EVP_PKEY_get_raw_public_key (pkey, key, &len), ==, 1);
      g_assert_true (msg_identity_key_is_valid (key, len));
      EVP_PKEY_free (pkey);
      for (int j = 0; j < 32; j++)
        key[j] = (uint8_t) g_test_rand_int_range (0, 256);
      n += msg_identity_key_is_valid (key, sizeof key);
    }
  g_assert_cmpuint (n, >, 50);
  g_assert_cmpuint (n, <, 150);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/messaging/identity-key/vectors", test_vectors);
  g_test_add_func ("/messaging/identity-key/bad", test_bad);
  g_test_add_func ("/messaging/identity-key/random", test_random);
  return g_test_run ();
}
