/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/credentials.h"

#include <gio/gio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#define REALM_MAX 127
#define MD5_BYTES 16
#define SHA256_BYTES 32
#define EXPIRY_DIGITS 12 /* to the year 33658 */

typedef struct {
  char *name; /* owned */
  uint8_t md5[MD5_BYTES];
  uint8_t sha256[SHA256_BYTES];
  uint8_t userhash[SHA256_BYTES];
} User;

struct RelayCredentials {
  char *realm;
  User *users;
  unsigned n_users;
  char **secrets; /* owned; wiped */
  unsigned n_secrets;
  User nobody;    /* its keys are random: whom an unknown user is checked against */
  EVP_MD *md5, *sha256;
};

/* "username:realm:password" (RFC 8489 §9.2.2, §18.5.1) */
static void
digest_login (const RelayCredentials *credentials, const EVP_MD *md, const void *name, size_t name_len,
              const char *password, uint8_t *ret_key)
{
  char text[RELAY_USERNAME_MAX + REALM_MAX + 260];
  size_t realm_len = strlen (credentials->realm), password_len = strlen (password), n = 0;

  g_assert (name_len + realm_len + password_len + 2 <= sizeof text);
  memcpy (text, name, name_len);
  text[n = name_len] = ':';
  memcpy (text + ++n, credentials->realm, realm_len);
  text[n += realm_len] = ':';
  memcpy (text + ++n, password, password_len);
  if (EVP_Digest (text, n + password_len, ret_key, NULL, md, NULL) != 1)
    g_error ("EVP_Digest failed");
  OPENSSL_cleanse (text, sizeof text);
}

static bool
add_user (RelayCredentials *credentials, const char *entry, GError **error)
{
  const char *colon = strchr (entry, ':');
  User *user = &credentials->users[credentials->n_users];
  g_autofree char *hashed = NULL;

  if (colon == NULL || colon == entry || colon[1] == '\0' || strlen (colon + 1) > 255
      || colon - entry > RELAY_USERNAME_MAX || !g_utf8_validate (entry, -1, NULL))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "static user %u: expected NAME:PASSWORD, at most %u and 255 bytes", credentials->n_users + 1,
                   RELAY_USERNAME_MAX);
      return false;
    }
  user->name = g_strndup (entry, (gsize) (colon - entry));
  digest_login (credentials, credentials->md5, user->name, strlen (user->name), colon + 1, user->md5);
  digest_login (credentials, credentials->sha256, user->name, strlen (user->name), colon + 1, user->sha256);
  hashed = g_strconcat (user->name, ":", credentials->realm, NULL); /* RFC 8489 §14.4 */
  if (EVP_Digest (hashed, strlen (hashed), user->userhash, NULL, credentials->sha256, NULL) != 1)
    g_error ("EVP_Digest failed");
  credentials->n_users++;
  return true;
}

RelayCredentials *
relay_credentials_new (const char *realm, const char *const *users, const char *const *secrets, GError **error)
{
  g_autoptr (RelayCredentials) credentials = g_new0 (RelayCredentials, 1);

  credentials->realm = g_strdup (realm);
  credentials->secrets = g_strdupv ((char **) secrets);
  credentials->n_secrets = g_strv_length (credentials->secrets);
  credentials->users = g_new0 (User, g_strv_length ((char **) users) + 1);
  credentials->md5 = EVP_MD_fetch (NULL, "MD5", NULL);
  credentials->sha256 = EVP_MD_fetch (NULL, "SHA256", NULL);
  if (credentials->md5 == NULL || credentials->sha256 == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "OpenSSL offers no MD5 or no SHA-256");
      return NULL;
    }
  if (*realm == '\0' || strlen (realm) > REALM_MAX || credentials->n_secrets > RELAY_MAX_SECRETS)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "the realm must have 1 to %d bytes, and there may be "
                   "%d shared secrets", REALM_MAX, RELAY_MAX_SECRETS);
      return NULL;
    }
  for (; *users != NULL; users++)
    if (!add_user (credentials, *users, error))
      return NULL;
  (void) memset (credentials->nobody.md5, 0xa5, MD5_BYTES); /* the answer is no, whatever the integrity says */
  return g_steal_pointer (&credentials);
}

void
relay_credentials_free (RelayCredentials *credentials)
{
  if (credentials == NULL)
    return;
  for (unsigned i = 0; i < credentials->n_users; i++)
    g_free (credentials->users[i].name);
  OPENSSL_cleanse (credentials->users, credentials->n_users * sizeof *credentials->users);
  g_free (credentials->users);
  for (char **secret = credentials->secrets; secret != NULL && *secret != NULL; secret++)
    OPENSSL_cleanse (*secret, strlen (*secret));
  g_strfreev (credentials->secrets);
  EVP_MD_free (credentials->md5);
  EVP_MD_free (credentials->sha256);
  g_free (credentials->realm);
  g_free (credentials);
}

const char *
relay_credentials_get_realm (const RelayCredentials *credentials)
{
  return credentials->realm;
}

bool
relay_credentials_are_none (const RelayCredentials *credentials)
{
  return credentials->n_users == 0 && credentials->n_secrets == 0;
}

/* "EXPIRY:ID" or "EXPIRY". Returns: false when it is not of that form */
static bool
parse_rest (const uint8_t *name, size_t len, int64_t *ret_expires_s, size_t *ret_id)
{
  int64_t value = 0;
  size_t i = 0;

  for (; i < len && i < EXPIRY_DIGITS && g_ascii_isdigit (name[i]); i++)
    value = value * 10 + (name[i] - '0');
  if (i == 0 || (i < len && name[i] != ':'))
    return false;
  *ret_expires_s = value;
  *ret_id = i + 1 < len ? i + 1 : 0;
  return true;
}

static bool
try_key (AlHmac *hmac, const AlStunMessage *message, const uint8_t *key, size_t key_len, RelayLogin *login)
{
  if (!al_stun_check_integrity (message, hmac, login->hash, key, key_len))
    return false;
  memcpy (login->key, key, key_len);
  login->key_len = (uint8_t) key_len;
  return true;
}

static bool
try_secret (const RelayCredentials *credentials, AlHmac *hmac, const AlStunMessage *message, const AlStunAttr *name,
            const char *secret, bool sha256_key, RelayLogin *login)
{
  const struct iovec part = { (void *) name->value, name->len };
  uint8_t mac[AL_HMAC_MAX_BYTES], key[SHA256_BYTES];
  char password[32]; /* base64 of 20 bytes: 28 characters */
  gint state = 0, save = 0;
  gsize n;

  (void) al_hmac_compute (hmac, AL_HMAC_SHA1, secret, strlen (secret), &part, 1, mac);
  n = g_base64_encode_step (mac, AL_HMAC_SHA1_BYTES, FALSE, password, &state, &save);
  n += g_base64_encode_close (FALSE, password + n, &state, &save);
  password[n] = '\0';
  digest_login (credentials, sha256_key ? credentials->sha256 : credentials->md5, name->value, name->len, password, key);
  return try_key (hmac, message, key, sha256_key ? SHA256_BYTES : MD5_BYTES, login);
}

static const User *
find_user (const RelayCredentials *credentials, const AlStunMessage *message, const AlStunAttr *name, bool hashed)
{
  for (unsigned i = 0; i < credentials->n_users; i++)
    {
      const User *user = &credentials->users[i];

      if (hashed ? memcmp (user->userhash, name->value, SHA256_BYTES) == 0
                 : strlen (user->name) == name->len && memcmp (user->name, name->value, name->len) == 0)
        return user;
    }
  return NULL;
}

/* RFC 8489 §18.5: which key PASSWORD-ALGORITHM asks for; MD5 when it is absent */
static bool
wants_sha256_key (const AlStunMessage *message)
{
  AlStunAttr attr;

  return al_stun_find (message, AL_STUN_PASSWORD_ALGORITHM, &attr) && attr.len >= 4 && attr.value[0] == 0
         && attr.value[1] == AL_STUN_PASSWORD_SHA256;
}

bool
relay_credentials_check (const RelayCredentials *credentials, AlHmac *hmac, const AlStunMessage *message, int64_t now_s,
                         RelayLogin *ret_login)
{
  bool sha256_key = wants_sha256_key (message), hashed = false;
  AlStunAttr name;
  const User *user;
  size_t id;

  ret_login->hash = message->integrity_sha256 != 0 ? AL_HMAC_SHA256 : AL_HMAC_SHA1;
  if (!al_stun_find (message, AL_STUN_USERNAME, &name))
    {
      if (!al_stun_find (message, AL_STUN_USERHASH, &name) || name.len != SHA256_BYTES)
        return false;
      hashed = true;
    }
  if (name.len == 0 || name.len > RELAY_USERNAME_MAX)
    return false;

  user = find_user (credentials, message, &name, hashed);
  if (user == NULL && !hashed && credentials->n_secrets > 0
      && parse_rest (name.value, name.len, &ret_login->expires_s, &id))
    {
      bool found = false;

      ret_login->id = name.value + id;
      ret_login->id_len = (uint16_t) (name.len - id);
      for (unsigned i = 0; i < credentials->n_secrets && !found; i++)
        found = try_secret (credentials, hmac, message, &name, credentials->secrets[i], sha256_key, ret_login);
      return found && ret_login->expires_s > now_s;
    }
  ret_login->id = user != NULL ? (const uint8_t *) user->name : name.value;
  ret_login->id_len = (uint16_t) (user != NULL ? strlen (user->name) : name.len);
  ret_login->expires_s = INT64_MAX;
  {
    const User *other = user != NULL ? user : &credentials->nobody;
    bool right = try_key (hmac, message, sha256_key ? other->sha256 : other->md5, sha256_key ? SHA256_BYTES : MD5_BYTES,
                          ret_login);

    return right && user != NULL;
  }
}
