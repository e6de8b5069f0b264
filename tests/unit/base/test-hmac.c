/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <string.h>

#include "base/hmac.h"

/* RFC 2202 §3 and RFC 4231 §4.3: key "Jefe" */
static void
test_vectors (void)
{
  static const char key[] = "Jefe";
  const struct iovec parts[] = { { (void *) "what do ya want ", 16 }, { NULL, 0 }, { (void *) "for nothing?", 12 } };
  static const uint8_t sha1[] = { 0xef, 0xfc, 0xdf, 0x6a, 0xe5, 0xeb, 0x2f, 0xa2, 0xd2, 0x74,
                                  0x16, 0xd5, 0xf1, 0x84, 0xdf, 0x9c, 0x25, 0x9a, 0x7c, 0x79 };
  static const uint8_t sha256[] = { 0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24,
                                    0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27,
                                    0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43 };
  g_autoptr (AlHmac) hmac = al_hmac_new ();
  uint8_t mac[AL_HMAC_MAX_BYTES];

  for (unsigned round = 0; round < 3; round++)
    {
      g_assert_cmpuint (al_hmac_compute (hmac, AL_HMAC_SHA1, key, 4, parts, 3, mac), ==, sizeof sha1);
      g_assert_cmpmem (mac, sizeof sha1, sha1, sizeof sha1);
      g_assert_cmpuint (al_hmac_compute (hmac, AL_HMAC_SHA256, key, 4, parts, 3, mac), ==, sizeof sha256);
      g_assert_cmpmem (mac, sizeof sha256, sha256, sizeof sha256);
    }
}

/* keys of every length up to past a block, against GLib's */
static void
test_glib (void)
{
  g_autoptr (AlHmac) hmac = al_hmac_new ();
  uint8_t key[150], text[70], mac[AL_HMAC_MAX_BYTES], expected[AL_HMAC_MAX_BYTES];

  for (unsigned i = 0; i < sizeof key; i++)
    key[i] = (uint8_t) g_test_rand_int_range (0, 256);
  memset (text, 0x5a, sizeof text);
  for (size_t len = 1; len <= sizeof key; len++)
    for (unsigned hash = 0; hash < AL_HMAC_N; hash++)
      {
        const struct iovec part = { text, sizeof text };
        GHmac *glib = g_hmac_new (hash == AL_HMAC_SHA1 ? G_CHECKSUM_SHA1 : G_CHECKSUM_SHA256, key, len);
        gsize n = sizeof expected;

        g_hmac_update (glib, text, sizeof text);
        g_hmac_get_digest (glib, expected, &n);
        g_hmac_unref (glib);
        g_assert_cmpuint (al_hmac_compute (hmac, (AlHmacHash) hash, key, len, &part, 1, mac), ==, n);
        g_assert_cmpmem (mac, n, expected, n);
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/hmac/vectors", test_vectors);
  g_test_add_func ("/base/hmac/glib", test_glib);
  return g_test_run ();
}
