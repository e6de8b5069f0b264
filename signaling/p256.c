/* SPDX-License-Identifier: Apache-2.0 */
/* What OpenSSL fails at here with right arguments is memory: the program ends, as GLib does then. */
#include "signaling/p256.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>

#define CURVE "prime256v1"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EC_GROUP, EC_GROUP_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EC_POINT, EC_POINT_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BIGNUM, BN_clear_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY_CTX, EVP_PKEY_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_MD_CTX, EVP_MD_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OSSL_PARAM_BLD, OSSL_PARAM_BLD_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OSSL_PARAM, OSSL_PARAM_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ECDSA_SIG, ECDSA_SIG_free)

static void
must (bool ok)
{
  if (!ok)
    g_error ("OpenSSL cannot do P-256");
}

EVP_PKEY *
sig_p256_new (void)
{
  EVP_PKEY *key = EVP_EC_gen (CURVE);

  must (key != NULL);
  return key;
}

/* @scalar: (nullable): the public half alone */
static EVP_PKEY *
make_key (const BIGNUM *scalar, const uint8_t point[SIG_P256_PUBLIC_BYTES])
{
  g_autoptr (OSSL_PARAM_BLD) builder = OSSL_PARAM_BLD_new ();
  g_autoptr (OSSL_PARAM) params = NULL;
  g_autoptr (EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_name (NULL, "EC", NULL);
  EVP_PKEY *key = NULL;

  must (builder != NULL && context != NULL && EVP_PKEY_fromdata_init (context) == 1
        && OSSL_PARAM_BLD_push_utf8_string (builder, OSSL_PKEY_PARAM_GROUP_NAME, CURVE, 0) == 1
        && OSSL_PARAM_BLD_push_octet_string (builder, OSSL_PKEY_PARAM_PUB_KEY, point, SIG_P256_PUBLIC_BYTES) == 1
        && (scalar == NULL || OSSL_PARAM_BLD_push_BN (builder, OSSL_PKEY_PARAM_PRIV_KEY, scalar) == 1));
  params = OSSL_PARAM_BLD_to_param (builder);
  must (params != NULL);
  /* a point that is not on the curve ends here (RFC 8291 §3.1 needs it to be one) */
  if (EVP_PKEY_fromdata (context, &key, scalar != NULL ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params) != 1)
    return NULL;
  return key;
}

EVP_PKEY *
sig_p256_from_private (const uint8_t scalar[SIG_P256_PRIVATE_BYTES])
{
  g_autoptr (EC_GROUP) group = EC_GROUP_new_by_curve_name (NID_X9_62_prime256v1);
  g_autoptr (BIGNUM) number = BN_bin2bn (scalar, SIG_P256_PRIVATE_BYTES, NULL);
  g_autoptr (EC_POINT) point = NULL;
  uint8_t bytes[SIG_P256_PUBLIC_BYTES];

  must (group != NULL && number != NULL);
  if (BN_is_zero (number) || BN_cmp (number, EC_GROUP_get0_order (group)) >= 0)
    return NULL;
  BN_set_flags (number, BN_FLG_CONSTTIME);
  point = EC_POINT_new (group);
  must (point != NULL && EC_POINT_mul (group, point, number, NULL, NULL, NULL) == 1
        && EC_POINT_point2oct (group, point, POINT_CONVERSION_UNCOMPRESSED, bytes, sizeof bytes, NULL) == sizeof bytes);
  return make_key (number, bytes);
}

EVP_PKEY *
sig_p256_from_public (const uint8_t point[SIG_P256_PUBLIC_BYTES])
{
  return point[0] == POINT_CONVERSION_UNCOMPRESSED ? make_key (NULL, point) : NULL;
}

void
sig_p256_get_private (EVP_PKEY *key, uint8_t ret_scalar[SIG_P256_PRIVATE_BYTES])
{
  BIGNUM *number = NULL;

  must (EVP_PKEY_get_bn_param (key, OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1
        && BN_bn2binpad (number, ret_scalar, SIG_P256_PRIVATE_BYTES) == SIG_P256_PRIVATE_BYTES);
  BN_clear_free (number);
}

void
sig_p256_get_public (EVP_PKEY *key, uint8_t ret_point[SIG_P256_PUBLIC_BYTES])
{
  size_t len = 0;

  must (EVP_PKEY_get_octet_string_param (key, OSSL_PKEY_PARAM_PUB_KEY, ret_point, SIG_P256_PUBLIC_BYTES, &len) == 1
        && len == SIG_P256_PUBLIC_BYTES);
}

void
sig_p256_agree (EVP_PKEY *own, EVP_PKEY *other, uint8_t ret_secret[32])
{
  g_autoptr (EVP_PKEY_CTX) context = EVP_PKEY_CTX_new (own, NULL);
  size_t len = 32;

  must (context != NULL && EVP_PKEY_derive_init (context) == 1 && EVP_PKEY_derive_set_peer (context, other) == 1
        && EVP_PKEY_derive (context, ret_secret, &len) == 1 && len == 32);
}

void
sig_p256_sign (EVP_PKEY *key, const void *data, size_t len, uint8_t ret_signature[SIG_P256_SIGNATURE_BYTES])
{
  g_autoptr (EVP_MD_CTX) context = EVP_MD_CTX_new ();
  g_autoptr (ECDSA_SIG) signature = NULL;
  uint8_t der[80];
  const uint8_t *at = der;
  size_t der_len = sizeof der;

  must (context != NULL && EVP_DigestSignInit (context, NULL, EVP_sha256 (), NULL, key) == 1
        && EVP_DigestSign (context, der, &der_len, data, len) == 1);
  signature = d2i_ECDSA_SIG (NULL, &at, (long) der_len);
  must (signature != NULL && BN_bn2binpad (ECDSA_SIG_get0_r (signature), ret_signature, 32) == 32
        && BN_bn2binpad (ECDSA_SIG_get0_s (signature), ret_signature + 32, 32) == 32);
}
