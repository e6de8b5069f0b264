/* SPDX-License-Identifier: Apache-2.0 */
/* The other ends of Web Push: a browser that opens what it is sent, a push service that checks who sends. Both are held
 * against the RFCs' own examples before they judge ours. */
#pragma once

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/kdf.h>
#include <string.h>

#include "base/base64url.h"
#include "signaling/p256.h"

/* @ret: room for it */
static inline size_t
unbase64 (const char *text, uint8_t *ret)
{
  ssize_t n = al_base64url_decode (text, strlen (text), ret);

  g_assert_cmpint (n, >=, 0);
  return (size_t) n;
}

static inline EVP_PKEY *
private_key (const char *text)
{
  uint8_t scalar[SIG_P256_PRIVATE_BYTES];

  g_assert_true (al_base64url_decode_exact (text, strlen (text), scalar, sizeof scalar));
  return sig_p256_from_private (scalar);
}

static inline void
open_hkdf (const uint8_t *salt, size_t salt_len, const uint8_t *secret, size_t secret_len, const void *info, size_t info_len,
           uint8_t *ret, size_t len)
{
  EVP_KDF *kdf = EVP_KDF_fetch (NULL, "HKDF", NULL);
  EVP_KDF_CTX *context = EVP_KDF_CTX_new (kdf);
  OSSL_PARAM params[] = { OSSL_PARAM_utf8_string (OSSL_KDF_PARAM_DIGEST, (char *) "SHA256", 6),
                          OSSL_PARAM_octet_string (OSSL_KDF_PARAM_SALT, (void *) salt, salt_len),
                          OSSL_PARAM_octet_string (OSSL_KDF_PARAM_KEY, (void *) secret, secret_len),
                          OSSL_PARAM_octet_string (OSSL_KDF_PARAM_INFO, (void *) info, info_len), OSSL_PARAM_END };

  g_assert_cmpint (EVP_KDF_derive (context, ret, len, params), ==, 1);
  EVP_KDF_CTX_free (context);
  EVP_KDF_free (kdf);
}

/** open_push: what the browser with @key and @auth reads. Returns: (transfer full) (nullable): NULL: it throws it away. */
static inline char *
open_push (EVP_PKEY *key, const uint8_t *auth, const uint8_t *body, size_t len, size_t *ret_len)
{
  static const char cek[] = "Content-Encoding: aes128gcm", nonce_info[] = "Content-Encoding: nonce", label[] = "WebPush: info";
  uint8_t info[sizeof label + 130], shared[32], ikm[32], cipher_key[16], nonce[12];
  g_autofree uint8_t *plain = g_malloc0 (len + 1);
  g_autoptr (EVP_PKEY) sender = NULL;
  EVP_CIPHER_CTX *context;
  size_t n = len;
  int out, rest;
  bool ok;

  if (len < 86 + 17 || len > 4096 || body[20] != 65 || (sender = sig_p256_from_public (body + 21)) == NULL)
    return NULL;
  n = len - 86 - 16;
  sig_p256_agree (key, sender, shared);
  memcpy (info, label, sizeof label);
  sig_p256_get_public (key, info + sizeof label);
  memcpy (info + sizeof label + 65, body + 21, 65);
  open_hkdf (auth, 16, shared, 32, info, sizeof info, ikm, 32);
  open_hkdf (body, 16, ikm, 32, cek, sizeof cek, cipher_key, sizeof cipher_key);
  open_hkdf (body, 16, ikm, 32, nonce_info, sizeof nonce_info, nonce, sizeof nonce);
  context = EVP_CIPHER_CTX_new ();
  ok = EVP_DecryptInit_ex (context, EVP_aes_128_gcm (), NULL, cipher_key, nonce) == 1
       && EVP_DecryptUpdate (context, plain, &out, body + 86, (int) n) == 1
       && EVP_CIPHER_CTX_ctrl (context, EVP_CTRL_GCM_SET_TAG, 16, (void *) (body + len - 16)) == 1
       && EVP_DecryptFinal_ex (context, plain + out, &rest) == 1;
  EVP_CIPHER_CTX_free (context);
  while (ok && n > 0 && plain[n - 1] == 0)
    n--;
  if (!ok || n == 0 || plain[n - 1] != 2)
    return NULL;
  *ret_len = n - 1;
  return g_strndup ((char *) plain, n - 1);
}

/** check_token: of a JWT with ES256 by @public. Returns: (transfer full) (nullable): its claims; NULL: badly signed. */
static inline char *
check_token (const char *token, const char *public)
{
  const char *dot = strrchr (token, '.'), *claims = strchr (token, '.') + 1;
  uint8_t point[SIG_P256_PUBLIC_BYTES], signature[SIG_P256_SIGNATURE_BYTES], *der = NULL;
  g_autofree char *text = g_malloc0 (strlen (token));
  g_autoptr (EVP_PKEY) key = NULL;
  ECDSA_SIG *pair = ECDSA_SIG_new ();
  EVP_MD_CTX *context = EVP_MD_CTX_new ();
  int len;
  bool ok;

  g_assert_true (al_base64url_decode_exact (public, strlen (public), point, sizeof point));
  key = sig_p256_from_public (point);
  g_assert_nonnull (key);
  g_assert_true (al_base64url_decode_exact (dot + 1, strlen (dot + 1), signature, sizeof signature));
  ECDSA_SIG_set0 (pair, BN_bin2bn (signature, 32, NULL), BN_bin2bn (signature + 32, 32, NULL));
  len = i2d_ECDSA_SIG (pair, &der);
  ok = EVP_DigestVerifyInit (context, NULL, EVP_sha256 (), NULL, key) == 1
       && EVP_DigestVerify (context, der, (size_t) len, (const uint8_t *) token, (size_t) (dot - token)) == 1;
  OPENSSL_free (der);
  ECDSA_SIG_free (pair);
  EVP_MD_CTX_free (context);
  if (!ok || al_base64url_decode (claims, (size_t) (dot - claims), text) < 0)
    return NULL;
  return g_steal_pointer (&text);
}
