/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first byte chooses: bit 0 the kind of key; bit 1: the rest is a token as it comes from outside; else the rest is
 * "HEADER \n PAYLOAD", signed here, so that the fuzzer gets behind the signature.
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdint.h>
#include <string.h>

#include "base/base64url.h"
#include "messaging/jwt.h"

#define NOW INT64_C (1800000000)
#define SECRET "0123456789abcdef0123456789abcdef"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static MsgJwtKey *hs256, *ed25519;
static EVP_PKEY *private;

static void
set_up (void)
{
  static const uint8_t seed[32] = { 1, 2, 3 };
  uint8_t raw[32];
  char text[64];
  size_t len = sizeof raw;

  if (hs256 != NULL)
    return;
  private = EVP_PKEY_new_raw_private_key (EVP_PKEY_ED25519, NULL, seed, sizeof seed);
  g_assert (EVP_PKEY_get_raw_public_key (private, raw, &len) == 1);
  ed25519 = msg_jwt_key_new_ed25519 (al_base64url_write (raw, len, text), NULL);
  hs256 = msg_jwt_key_new_hs256 (SECRET, strlen (SECRET), NULL);
  g_assert (ed25519 != NULL && hs256 != NULL);
}

static void
append_part (GString *token, const uint8_t *data, size_t len)
{
  g_autofree char *text = g_malloc (al_base64url_len (len) + 1);

  g_string_append (token, al_base64url_write (data, len, text));
}

static GString *
make_token (bool is_ed25519, const uint8_t *data, size_t size)
{
  const uint8_t *cut = memchr (data, '\n', size);
  size_t header_len = cut != NULL ? (size_t) (cut - data) : size;
  GString *token = g_string_new (NULL);
  uint8_t signature[64];
  size_t len = sizeof signature;
  unsigned n = 0;

  append_part (token, data, header_len);
  g_string_append_c (token, '.');
  append_part (token, data + header_len + (cut != NULL), size - header_len - (cut != NULL));
  if (is_ed25519)
    {
      EVP_MD_CTX *ctx = EVP_MD_CTX_new ();

      g_assert (EVP_DigestSignInit (ctx, NULL, NULL, NULL, private) == 1);
      g_assert (EVP_DigestSign (ctx, signature, &len, (uint8_t *) token->str, token->len) == 1);
      EVP_MD_CTX_free (ctx);
    }
  else
    {
      (void) HMAC (EVP_sha256 (), SECRET, (int) strlen (SECRET), (uint8_t *) token->str, token->len, signature, &n);
      len = n;
    }
  g_string_append_c (token, '.');
  append_part (token, signature, len);
  return token;
}

static void
check_claims (const MsgJwtClaims *claims)
{
  g_assert (claims->sub != NULL && g_utf8_validate (claims->sub, -1, NULL));
  g_assert (g_utf8_strlen (claims->sub, -1) >= 1 && g_utf8_strlen (claims->sub, -1) <= MSG_JWT_SUB_CHARS);
  g_assert (claims->name == NULL || g_utf8_validate (claims->name, -1, NULL));
  g_assert (claims->exp_s > NOW - MSG_JWT_SKEW_S && claims->nbf_s <= NOW + MSG_JWT_SKEW_S);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size < 1)
    return 0;
  set_up ();

  bool is_ed25519 = (data[0] & 1) != 0;
  bool is_foreign = (data[0] & 2) != 0;
  GString *token = is_foreign ? g_string_new_len ((const char *) data + 1, (gssize) size - 1)
                              : make_token (is_ed25519, data + 1, size - 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (MsgJwtClaims) claims = msg_jwt_verify (is_ed25519 ? ed25519 : hs256, NULL, token->str, token->len, NOW,
                                                    &error);
  g_autoptr (MsgJwtClaims) other = msg_jwt_verify (is_ed25519 ? hs256 : ed25519, NULL, token->str, token->len, NOW,
                                                   NULL);

  g_assert ((claims == NULL) == (error != NULL));
  g_assert (claims == NULL || other == NULL); /* one token never satisfies both keys */
  if (claims != NULL)
    check_claims (claims);
  if (claims != NULL && !is_foreign)
    {
      /* any other spelling of the same token is refused */
      g_autoptr (MsgJwtClaims) padded = NULL;

      g_string_append_c (token, '=');
      padded = msg_jwt_verify (is_ed25519 ? ed25519 : hs256, NULL, token->str, token->len, NOW, NULL);
      g_assert (padded == NULL);
    }
  g_string_free (token, TRUE);
  return 0;
}
