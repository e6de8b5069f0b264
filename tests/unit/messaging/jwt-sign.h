/* SPDX-License-Identifier: Apache-2.0 */
/* Makes tokens for tests: any header, any payload, signed by either algorithm. */
#pragma once

#include <glib.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/base64url.h"

#define JWT_SECRET "0123456789abcdef0123456789abcdef"

static inline char *
jwt_b64 (const void *data, size_t len)
{
  char *text = g_malloc (al_base64url_len (len) + 1);

  return al_base64url_write (data, len, text);
}

static inline EVP_PKEY *
jwt_test_key (void)
{
  static const uint8_t seed[32] = { 1, 2, 3 };

  return EVP_PKEY_new_raw_private_key (EVP_PKEY_ED25519, NULL, seed, sizeof seed);
}

/* The public half of jwt_test_key() in base64url. */
static inline char *
jwt_test_public (void)
{
  EVP_PKEY *pkey = jwt_test_key ();
  uint8_t raw[32];
  size_t len = sizeof raw;

  g_assert_cmpint (EVP_PKEY_get_raw_public_key (pkey, raw, &len), ==, 1);
  EVP_PKEY_free (pkey);
  return jwt_b64 (raw, len);
}

/* @secret: (nullable): HS256 with it; NULL: Ed25519 with jwt_test_key(). */
static inline char *
jwt_sign (const char *header, const char *payload, const void *secret, size_t secret_len)
{
  g_autofree char *a = jwt_b64 (header, strlen (header));
  g_autofree char *b = jwt_b64 (payload, strlen (payload));
  g_autofree char *text = g_strconcat (a, ".", b, NULL);
  g_autofree char *c = NULL;
  uint8_t signature[64];
  size_t len = sizeof signature;

  if (secret != NULL)
    {
      unsigned n;

      g_assert_nonnull (HMAC (EVP_sha256 (), secret, (int) secret_len, (const uint8_t *) text, strlen (text),
                              signature, &n));
      len = n;
    }
  else
    {
      EVP_PKEY *pkey = jwt_test_key ();
      EVP_MD_CTX *ctx = EVP_MD_CTX_new ();

      g_assert_cmpint (EVP_DigestSignInit (ctx, NULL, NULL, NULL, pkey), ==, 1);
      g_assert_cmpint (EVP_DigestSign (ctx, signature, &len, (const uint8_t *) text, strlen (text)), ==, 1);
      EVP_MD_CTX_free (ctx);
      EVP_PKEY_free (pkey);
    }
  c = jwt_b64 (signature, len);
  return g_strconcat (text, ".", c, NULL);
}

static inline char *
jwt_hs256 (const char *payload)
{
  return jwt_sign ("{\"alg\":\"HS256\",\"typ\":\"JWT\"}", payload, JWT_SECRET, strlen (JWT_SECRET));
}
