/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is it a point of edwards25519 (RFC 8032 §5.1)? OpenSSL 3.0 takes any 32 bytes as a public key, and says no more than
 * "bad signature" later; here a client learns at once that its key is none.
 *
 *   -x^2 + y^2 = 1 + d x^2 y^2, so x^2 = u / v with u = y^2 - 1, v = d y^2 + 1. An x exists when u v is a square.
 */
#include <openssl/bn.h>
#include <string.h>

#include "messaging/device.h"

/* y of the points whose order divides 8 (little-endian): under such a key almost any signature holds */
static const uint8_t small_order[][32] = {
  { 0 },
  { 1 },
  { 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
  { 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
    0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05 },
  { 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
    0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a },
};

/* Returns: true when u v is a square modulo p, and @y_bytes is below p. */
static bool
point_exists (const uint8_t y_bytes[32], BN_CTX *ctx)
{
  BIGNUM *p = NULL, *d = NULL;
  BIGNUM *y, *u, *v;
  bool exists = false;

  BN_CTX_start (ctx);
  y = BN_CTX_get (ctx);
  u = BN_CTX_get (ctx);
  v = BN_CTX_get (ctx);
  if (v == NULL || BN_hex2bn (&p, "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed") == 0
      || BN_hex2bn (&d, "52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3") == 0
      || BN_lebin2bn (y_bytes, 32, y) == NULL)
    g_error ("out of memory");
  if (BN_cmp (y, p) < 0)
    {
      if (!BN_mod_sqr (y, y, p, ctx) || !BN_mod_sub (u, y, BN_value_one (), p, ctx) || !BN_mod_mul (v, y, d, p, ctx)
          || !BN_mod_add (v, v, BN_value_one (), p, ctx) || !BN_mod_mul (u, u, v, p, ctx))
        g_error ("out of memory");
      exists = BN_kronecker (u, p, ctx) == 1;
    }
  BN_CTX_end (ctx);
  BN_free (p);
  BN_free (d);
  return exists;
}

bool
msg_identity_key_is_valid (const uint8_t *key, gsize len)
{
  uint8_t y[32];
  BN_CTX *ctx;
  bool exists;

  if (key == NULL || len != sizeof y)
    return false;
  memcpy (y, key, sizeof y);
  y[31] &= 0x7f; /* the sign of x */
  for (unsigned i = 0; i < G_N_ELEMENTS (small_order); i++)
    if (memcmp (y, small_order[i], sizeof y) == 0)
      return false;
  ctx = BN_CTX_new ();
  if (ctx == NULL)
    g_error ("out of memory");
  exists = point_exists (y, ctx);
  BN_CTX_free (ctx);
  return exists;
}
