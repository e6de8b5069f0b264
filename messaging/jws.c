/* SPDX-License-Identifier: Apache-2.0 */
/* JWS compact form (RFC 7515 §5.2) with one key of one algorithm; RFC 8037 for Ed25519. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <string.h>

#include "base/base64url.h"
#include "base/json.h"
#include "messaging/core.h"
#include "messaging/device.h"
#include "messaging/jwt.h"

#define ED25519_SIGNATURE_BYTES 64

struct MsgJwtKey {
  GBytes *secret;     /* HS256 */
  EVP_PKEY *ed25519;  /* or this one */
};

/* --- Keys --- */

MsgJwtKey *
msg_jwt_key_new_hs256 (const void *secret, gsize len, GError **error)
{
  MsgJwtKey *key;

  g_return_val_if_fail (secret != NULL || len == 0, NULL);
  if (len < MSG_JWT_SECRET_MIN_BYTES) /* RFC 7518 §3.2: at least as long as the hash */
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "format", "a JWT secret has at least %d bytes",
                                               MSG_JWT_SECRET_MIN_BYTES));
      return NULL;
    }
  key = g_new0 (MsgJwtKey, 1);
  key->secret = g_bytes_new (secret, len);
  return key;
}

static EVP_PKEY *
ed25519_from_pem (const char *text)
{
  BIO *bio = BIO_new_mem_buf (text, -1);
  EVP_PKEY *pkey = bio != NULL ? PEM_read_bio_PUBKEY (bio, NULL, NULL, NULL) : NULL;

  BIO_free (bio);
  if (pkey != NULL && EVP_PKEY_get_id (pkey) != EVP_PKEY_ED25519)
    g_clear_pointer (&pkey, EVP_PKEY_free);
  return pkey;
}

static EVP_PKEY *
ed25519_from_base64url (const char *text)
{
  uint8_t raw[MSG_IDENTITY_KEY_BYTES];
  size_t len = strlen (text);

  if (len != al_base64url_len (sizeof raw) || al_base64url_decode (text, len, raw) != sizeof raw)
    return NULL;
  return EVP_PKEY_new_raw_public_key (EVP_PKEY_ED25519, NULL, raw, sizeof raw);
}

MsgJwtKey *
msg_jwt_key_new_ed25519 (const char *text, GError **error)
{
  uint8_t raw[MSG_IDENTITY_KEY_BYTES];
  size_t len = sizeof raw;
  EVP_PKEY *pkey;
  MsgJwtKey *key;

  g_return_val_if_fail (text != NULL, NULL);
  pkey = strstr (text, "-----BEGIN") != NULL ? ed25519_from_pem (text) : ed25519_from_base64url (text);
  if (pkey == NULL || EVP_PKEY_get_raw_public_key (pkey, raw, &len) != 1 || !msg_identity_key_is_valid (raw, len))
    {
      EVP_PKEY_free (pkey);
      g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "format", "this is no Ed25519 public key in PEM "
                                               "(\"-----BEGIN PUBLIC KEY-----\") or base64url"));
      return NULL;
    }
  key = g_new0 (MsgJwtKey, 1);
  key->ed25519 = pkey;
  return key;
}

void
msg_jwt_key_free (MsgJwtKey *key)
{
  if (key == NULL)
    return;
  g_clear_pointer (&key->secret, g_bytes_unref);
  EVP_PKEY_free (key->ed25519);
  g_free (key);
}

/* --- Opening --- */

static bool
jws_fail (GError **error, const char *what)
{
  g_propagate_error (error, msg_error_new (MSG_ERROR_UNAUTHENTICATED, "jwt", "The token %s.", what));
  return false;
}

static GBytes *
part_decode (const char *part, size_t len)
{
  g_autofree uint8_t *data = g_malloc (len + 1);
  ssize_t n = al_base64url_decode (part, len, data);

  return n >= 0 ? g_bytes_new_take (g_steal_pointer (&data), (gsize) n) : NULL;
}

/* A member that must be a string if it is there. */
static bool
member_string (JsonObject *object, const char *name, const char **ret_value)
{
  JsonNode *node = json_object_get_member (object, name);

  *ret_value = NULL;
  if (node == NULL)
    return true;
  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    return false;
  *ret_value = json_node_get_string (node);
  return true;
}

static bool
header_check (const MsgJwtKey *key, GBytes *header, GError **error)
{
  gsize len;
  const char *text = g_bytes_get_data (header, &len);
  g_autoptr (JsonNode) root = al_json_parse (text != NULL ? text : "", len, NULL);
  JsonObject *object;
  const char *alg, *typ;

  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    return jws_fail (error, "has a header that is no JSON object");
  object = json_node_get_object (root);
  if (!member_string (object, "alg", &alg) || alg == NULL || !member_string (object, "typ", &typ))
    return jws_fail (error, "names no algorithm");
  /* RFC 8725 §3.1: the key says which algorithm; a header that says another is refused, and so is "none" */
  if (key->secret != NULL ? strcmp (alg, "HS256") != 0 : strcmp (alg, "EdDSA") != 0 && strcmp (alg, "Ed25519") != 0)
    return jws_fail (error, "is signed with another algorithm than this server expects");
  if (typ != NULL && g_ascii_strcasecmp (typ, "JWT") != 0) /* RFC 7519 §5.1; RFC 8725 §3.11 */
    return jws_fail (error, "is of another type");
  if (json_object_has_member (object, "crit")) /* RFC 7515 §4.1.11: extensions that must be understood */
    return jws_fail (error, "needs an extension");
  return true;
}

static bool
signature_check (const MsgJwtKey *key, const char *signed_text, size_t signed_len, GBytes *signature)
{
  gsize len;
  const uint8_t *given = g_bytes_get_data (signature, &len);
  const uint8_t *text = (const uint8_t *) signed_text;

  if (key->secret != NULL)
    {
      uint8_t mac[SHA256_DIGEST_LENGTH];
      gsize secret_len;
      const void *secret = g_bytes_get_data (key->secret, &secret_len);

      return len == sizeof mac && HMAC (EVP_sha256 (), secret, (int) secret_len, text, signed_len, mac, NULL) != NULL
             && CRYPTO_memcmp (mac, given, sizeof mac) == 0;
    }
  if (len != ED25519_SIGNATURE_BYTES)
    return false;

  EVP_MD_CTX *ctx = EVP_MD_CTX_new ();
  bool good = ctx != NULL && EVP_DigestVerifyInit (ctx, NULL, NULL, NULL, key->ed25519) == 1
              && EVP_DigestVerify (ctx, given, len, text, signed_len) == 1;

  EVP_MD_CTX_free (ctx);
  return good;
}

GBytes *
msg_jws_open (const MsgJwtKey *key, const char *token, gsize len, GError **error)
{
  const char *dot, *dot2;
  g_autoptr (GBytes) header = NULL;
  g_autoptr (GBytes) payload = NULL;
  g_autoptr (GBytes) signature = NULL;

  g_return_val_if_fail (key != NULL && token != NULL, NULL);
  if (len > MSG_JWT_MAX_BYTES)
    {
      (void) jws_fail (error, "is too long");
      return NULL;
    }
  dot = memchr (token, '.', len);
  dot2 = dot != NULL ? memchr (dot + 1, '.', len - (gsize) (dot + 1 - token)) : NULL;
  if (dot2 != NULL)
    {
      header = part_decode (token, (size_t) (dot - token));
      payload = part_decode (dot + 1, (size_t) (dot2 - dot - 1));
      /* a third dot is no character of base64url */
      signature = part_decode (dot2 + 1, len - (gsize) (dot2 + 1 - token));
    }
  if (header == NULL || payload == NULL || signature == NULL)
    {
      (void) jws_fail (error, "is not three parts of base64url");
      return NULL;
    }
  if (!header_check (key, header, error))
    return NULL;
  if (!signature_check (key, token, (size_t) (dot2 - token), signature))
    {
      (void) jws_fail (error, "has a wrong signature");
      return NULL;
    }
  return g_steal_pointer (&payload);
}
