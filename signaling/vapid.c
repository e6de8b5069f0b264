/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/vapid.h"

#include <string.h>

#include "base/base64url.h"
#include "signaling/json-text.h"

/* tokens kept: browsers use a handful of push services, and whoever makes up more costs a signature each */
#define TOKENS_MAX 256

struct SigVapid {
  EVP_PKEY *key;
  char *subject;      /* (nullable) */
  char *public;
  GHashTable *tokens; /* origin -> Token */
};

typedef struct {
  char *text;
  int64_t renew_s; /* half its time is over */
} Token;

static void
token_free (gpointer data)
{
  Token *token = data;

  g_free (token->text);
  g_free (token);
}

SigVapid *
sig_vapid_new (const uint8_t key[SIG_P256_PRIVATE_BYTES], const char *subject)
{
  EVP_PKEY *pair = sig_p256_from_private (key);
  uint8_t point[SIG_P256_PUBLIC_BYTES];
  SigVapid *self;

  if (pair == NULL)
    return NULL;
  self = g_new0 (SigVapid, 1);
  self->key = pair;
  self->subject = g_strdup (subject);
  sig_p256_get_public (pair, point);
  self->public = al_base64url_encode (point, sizeof point);
  self->tokens = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, token_free);
  return self;
}

void
sig_vapid_free (SigVapid *self)
{
  if (self == NULL)
    return;
  EVP_PKEY_free (self->key);
  g_free (self->subject);
  g_free (self->public);
  g_hash_table_unref (self->tokens);
  g_free (self);
}

const char *
sig_vapid_get_public (const SigVapid *self)
{
  return self->public;
}

/* RFC 8292 §2: {aud, exp, sub}, signed with ES256 */
static char *
make_token (SigVapid *self, const char *origin, int64_t now_s)
{
  static const char head[] = "{\"typ\":\"JWT\",\"alg\":\"ES256\"}";
  g_autoptr (GString) claims = g_string_new ("{\"aud\":");
  g_autofree char *head_text = al_base64url_encode (head, strlen (head));
  g_autofree char *claims_text = NULL, *signed_text = NULL, *signature_text = NULL;
  uint8_t signature[SIG_P256_SIGNATURE_BYTES];

  sig_json_append_string (claims, origin);
  g_string_append_printf (claims, ",\"exp\":%" G_GINT64_FORMAT, now_s + SIG_VAPID_TTL_S);
  if (self->subject != NULL)
    {
      g_string_append (claims, ",\"sub\":");
      sig_json_append_string (claims, self->subject);
    }
  g_string_append_c (claims, '}');
  claims_text = al_base64url_encode (claims->str, claims->len);
  signed_text = g_strconcat (head_text, ".", claims_text, NULL);
  sig_p256_sign (self->key, signed_text, strlen (signed_text), signature);
  signature_text = al_base64url_encode (signature, sizeof signature);
  return g_strdup_printf ("vapid t=%s.%s, k=%s", signed_text, signature_text, self->public);
}

const char *
sig_vapid_sign (SigVapid *self, const char *origin, int64_t now_s)
{
  Token *token = g_hash_table_lookup (self->tokens, origin);

  if (token != NULL && now_s < token->renew_s && now_s > token->renew_s - SIG_VAPID_TTL_S)
    return token->text;
  if (g_hash_table_size (self->tokens) >= TOKENS_MAX)
    g_hash_table_remove_all (self->tokens);
  token = g_new0 (Token, 1);
  token->text = make_token (self, origin, now_s);
  token->renew_s = now_s + SIG_VAPID_TTL_S / 2;
  (void) g_hash_table_replace (self->tokens, g_strdup (origin), token);
  return token->text;
}
