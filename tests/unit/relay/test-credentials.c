/* SPDX-License-Identifier: Apache-2.0 */
/* Who is let in, by which name, key and integrity. */
#include "bench.h"

#include <gio/gio.h>
#include <openssl/evp.h>

#define NOW EPOCH_S

static const char *const users[] = { "alice:secret", "b:o:b", "1800000000:fixed", NULL };
static const char *const secrets[] = { "newer", "older", NULL }, *const none[] = { NULL };

typedef struct {
  uint8_t data[2048];
  AlStunMessage message;
} Request;

/* @choice: PASSWORD-ALGORITHM, 0: none */
static void
write_request (Request *request, AlStunType type, const void *name, size_t name_len, unsigned choice, AlHmacHash hash,
               const void *key, size_t key_len)
{
  static const uint8_t tid[AL_STUN_TID_BYTES] = { 1 };
  const uint8_t algorithm[4] = { 0, (uint8_t) choice };
  g_autoptr (AlHmac) hmac = al_hmac_new ();
  AlStunWriter out;

  al_stun_begin (&out, request->data, sizeof request->data, AL_STUN_REQUEST, AL_STUN_ALLOCATE, tid);
  if (type != 0)
    al_stun_put (&out, (uint16_t) type, name, name_len);
  if (choice != 0)
    al_stun_put (&out, AL_STUN_PASSWORD_ALGORITHM, algorithm, sizeof algorithm);
  al_stun_put_integrity (&out, hmac, hash, key, key_len);
  g_assert_true (al_stun_parse (request->data, al_stun_end (&out), &request->message));
}

static size_t
make_key (const char *name, const char *password, bool sha256, uint8_t ret_key[32])
{
  g_autofree char *text = g_strdup_printf ("%s:%s:%s", name, REALM, password);
  unsigned n = 0;

  g_assert_true (EVP_Digest (text, strlen (text), ret_key, &n, sha256 ? EVP_sha256 () : EVP_md5 (), NULL));
  return n;
}

static bool
check (const RelayCredentials *credentials, const Request *request, RelayLogin *login)
{
  g_autoptr (AlHmac) hmac = al_hmac_new ();

  memset (login, 0, sizeof *login);
  return relay_credentials_check (credentials, hmac, &request->message, NOW, login);
}

static void
test_static (void)
{
  g_autoptr (RelayCredentials) credentials = relay_credentials_new (REALM, users, none, NULL);

  g_assert_nonnull (credentials);
  g_assert_cmpstr (relay_credentials_get_realm (credentials), ==, REALM);
  g_assert_false (relay_credentials_are_none (credentials));
  for (unsigned sha256_key = 0; sha256_key < 2; sha256_key++)
    for (unsigned hash = 0; hash < AL_HMAC_N; hash++)
      {
        unsigned choice = sha256_key ? AL_STUN_PASSWORD_SHA256 : AL_STUN_PASSWORD_MD5;
        Request request;
        RelayLogin login;
        uint8_t key[32];
        size_t len = make_key ("alice", "secret", sha256_key, key);

        write_request (&request, AL_STUN_USERNAME, "alice", 5, choice, (AlHmacHash) hash, key, len);
        g_assert_true (check (credentials, &request, &login));
        g_assert_cmpmem (login.key, login.key_len, key, len);
        g_assert_cmpint (login.hash, ==, hash);
        g_assert_cmpmem (login.id, login.id_len, "alice", 5);
        g_assert_cmpint (login.expires_s, ==, INT64_MAX);
        /* the key of the other algorithm */
        write_request (&request, AL_STUN_USERNAME, "alice", 5, 3 - choice, (AlHmacHash) hash, key, len);
        g_assert_false (check (credentials, &request, &login));
        len = make_key ("alice", "Secret", sha256_key, key);
        write_request (&request, AL_STUN_USERNAME, "alice", 5, choice, (AlHmacHash) hash, key, len);
        g_assert_false (check (credentials, &request, &login));
      }
}

/* a colon belongs to the password; a name of the REST form that is a user's is his */
static void
test_colons (void)
{
  g_autoptr (RelayCredentials) credentials = relay_credentials_new (REALM, users, secrets, NULL);
  Request request;
  RelayLogin login;
  uint8_t key[32];
  size_t len = make_key ("b", "o:b", false, key);

  write_request (&request, AL_STUN_USERNAME, "b", 1, 0, AL_HMAC_SHA1, key, len);
  g_assert_true (check (credentials, &request, &login));
  len = make_key ("1800000000", "fixed", false, key);
  write_request (&request, AL_STUN_USERNAME, "1800000000", 10, 0, AL_HMAC_SHA1, key, len);
  g_assert_true (check (credentials, &request, &login));
  g_assert_cmpint (login.expires_s, ==, INT64_MAX);
}

static void
test_unknown_users (void)
{
  g_autoptr (RelayCredentials) credentials = relay_credentials_new (REALM, users, none, NULL);
  static const char *const names[] = { "alic", "alice2", "Alice", "", "b:o", "nobody" };
  char longest[RELAY_USERNAME_MAX + 1];
  Request request;
  RelayLogin login;
  uint8_t key[32], blank[32] = { 0 };
  size_t len;

  for (unsigned i = 0; i < G_N_ELEMENTS (names); i++)
    {
      len = make_key (names[i], "secret", false, key);
      write_request (&request, AL_STUN_USERNAME, names[i], strlen (names[i]), 0, AL_HMAC_SHA1, key, len);
      g_assert_false (check (credentials, &request, &login));
      /* the keys that unknown users are checked with open nothing */
      for (unsigned n = 16; n <= 32; n += 16)
        {
          write_request (&request, AL_STUN_USERNAME, names[i], strlen (names[i]), n / 16, AL_HMAC_SHA1, blank, n);
          g_assert_false (check (credentials, &request, &login));
          memset (blank, 0xa5, sizeof blank);
          write_request (&request, AL_STUN_USERNAME, names[i], strlen (names[i]), n / 16, AL_HMAC_SHA1, blank, n);
          g_assert_false (check (credentials, &request, &login));
          memset (blank, 0, sizeof blank);
        }
    }
  memset (longest, 'x', sizeof longest);
  write_request (&request, AL_STUN_USERNAME, longest, RELAY_USERNAME_MAX, 0, AL_HMAC_SHA1, key, 16);
  g_assert_false (check (credentials, &request, &login));
  write_request (&request, AL_STUN_USERNAME, longest, RELAY_USERNAME_MAX + 1, 0, AL_HMAC_SHA1, key, 16);
  g_assert_false (check (credentials, &request, &login));
  write_request (&request, 0, NULL, 0, 0, AL_HMAC_SHA1, key, 16);
  g_assert_false (check (credentials, &request, &login));
}

static void
test_userhash (void)
{
  g_autoptr (RelayCredentials) credentials = relay_credentials_new (REALM, users, secrets, NULL);
  Request request;
  RelayLogin login;
  uint8_t key[32], hash[32];
  size_t len = make_key ("alice", "secret", true, key);

  g_assert_true (EVP_Digest ("alice:" REALM, strlen ("alice:" REALM), hash, NULL, EVP_sha256 (), NULL));
  write_request (&request, AL_STUN_USERHASH, hash, 32, 2, AL_HMAC_SHA256, key, len);
  g_assert_true (check (credentials, &request, &login));
  g_assert_cmpmem (login.id, login.id_len, "alice", 5);
  write_request (&request, AL_STUN_USERHASH, hash, 31, 2, AL_HMAC_SHA256, key, len);
  g_assert_false (check (credentials, &request, &login));
  write_request (&request, AL_STUN_USERHASH, "alice", 5, 2, AL_HMAC_SHA256, key, len);
  g_assert_false (check (credentials, &request, &login));
  hash[31] ^= 1;
  write_request (&request, AL_STUN_USERHASH, hash, 32, 2, AL_HMAC_SHA256, key, len);
  g_assert_false (check (credentials, &request, &login));
}

static bool
try_rest (const RelayCredentials *credentials, const char *name, const char *secret, bool sha256_key, RelayLogin *login,
          Request *request)
{
  g_autoptr (AlHmac) hmac = al_hmac_new ();
  const struct iovec part = { (void *) name, strlen (name) };
  uint8_t mac[AL_HMAC_MAX_BYTES], key[32];
  size_t len = al_hmac_compute (hmac, AL_HMAC_SHA1, secret, strlen (secret), &part, 1, mac);
  g_autofree char *password = g_base64_encode (mac, len);

  len = make_key (name, password, sha256_key, key);
  write_request (request, AL_STUN_USERNAME, name, strlen (name), sha256_key ? 2 : 0, AL_HMAC_SHA1, key, len);
  return check (credentials, request, login);
}

static void
test_rest (void)
{
  g_autoptr (RelayCredentials) credentials = relay_credentials_new (REALM, none, secrets, NULL);
  static const struct {
    const char *name, *id;
    int64_t expires_s;
  } good[] = {
    { "1700000001:call7", "call7", 1700000001 }, { "1700000001", "1700000001", 1700000001 },
    { "1700000001:", "1700000001:", 1700000001 }, { "999999999999:x", "x", 999999999999 },
    { "001700000001:a:b:c", "a:b:c", 1700000001 },
  };
  static const char *const bad[] = { "1700000000:now", "1699999999:past", "0:x", "call7", ":call7", "1700000001call7",
                                     "1700000001;call7", "-1700000001:x", "+1700000001:x", " 1700000001:x",
                                     "1999999999999:thirteen-digits", "1700000001.5:x", "0x70000000:x" };
  RelayLogin login;
  Request request;

  for (unsigned i = 0; i < G_N_ELEMENTS (good); i++)
    for (unsigned k = 0; k < 4; k++)
      {
        g_assert_true (try_rest (credentials, good[i].name, secrets[k / 2], k % 2 != 0, &login, &request));
        g_assert_cmpmem (login.id, login.id_len, good[i].id, strlen (good[i].id));
        g_assert_cmpint (login.expires_s, ==, good[i].expires_s);
        g_assert_false (try_rest (credentials, good[i].name, "oldest", k % 2 != 0, &login, &request));
      }
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    for (unsigned k = 0; k < 2; k++)
      g_assert_false (try_rest (credentials, bad[i], secrets[k], false, &login, &request));
}

/* RFC 8489 §9.2.4: with both integrities the SHA-256 one decides */
static void
test_both_integrities (void)
{
  g_autoptr (RelayCredentials) credentials = relay_credentials_new (REALM, users, none, NULL);
  g_autoptr (AlHmac) hmac = al_hmac_new ();
  static const uint8_t tid[AL_STUN_TID_BYTES] = { 1 };
  uint8_t key[32];
  size_t len = make_key ("alice", "secret", false, key);

  for (unsigned right = 0; right < 4; right++)
    {
      Request request;
      RelayLogin login;
      AlStunWriter out;

      al_stun_begin (&out, request.data, sizeof request.data, AL_STUN_REQUEST, AL_STUN_ALLOCATE, tid);
      al_stun_put (&out, AL_STUN_USERNAME, "alice", 5);
      al_stun_put_integrity (&out, hmac, AL_HMAC_SHA1, right & 1 ? (void *) key : "wrong", right & 1 ? len : 5);
      al_stun_put_integrity (&out, hmac, AL_HMAC_SHA256, right & 2 ? (void *) key : "wrong", right & 2 ? len : 5);
      g_assert_true (al_stun_parse (request.data, al_stun_end (&out), &request.message));
      g_assert_cmpint (check (credentials, &request, &login), ==, (right & 2) != 0);
      g_assert_cmpint (login.hash, ==, AL_HMAC_SHA256);
    }
}

static void
test_bad_config (void)
{
  static const char *const bad[] = { "alice", ":secret", "alice:", "", "\xff:x" };
  g_autofree char *long_realm = g_strnfill (128, 'r'), *longest_realm = g_strnfill (127, 'r');
  g_autofree char *password = g_strnfill (256, 'p'), *long_password = g_strconcat ("a:", password, NULL);
  const char *many[RELAY_MAX_SECRETS + 2] = { NULL };
  g_autoptr (RelayCredentials) good = NULL;
  g_autoptr (GError) error = NULL;

  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      const char *const list[] = { "good:good", bad[i], NULL };

      g_assert_null (relay_credentials_new (REALM, list, none, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, "static user 2"));
      g_assert_null (strstr (error->message, "good:good"));
      g_clear_error (&error);
    }
  g_assert_null (relay_credentials_new (REALM, (const char *const[]){ long_password, NULL }, none, NULL));
  g_assert_null (relay_credentials_new ("", users, none, NULL));
  g_assert_null (relay_credentials_new (long_realm, users, none, NULL));
  for (unsigned i = 0; i <= RELAY_MAX_SECRETS; i++)
    many[i] = "s";
  g_assert_null (relay_credentials_new (REALM, users, many, NULL));
  many[RELAY_MAX_SECRETS] = NULL;
  good = relay_credentials_new (longest_realm, none, many, NULL);
  g_assert_nonnull (good);
  g_assert_false (relay_credentials_are_none (good));
  relay_credentials_free (NULL);
}

static void
test_none (void)
{
  g_autoptr (RelayCredentials) credentials = relay_credentials_new (REALM, none, none, NULL);
  RelayLogin login;
  Request request;

  g_assert_true (relay_credentials_are_none (credentials));
  g_assert_false (try_rest (credentials, "1700000001:x", "newer", false, &login, &request));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/credentials/static", test_static);
  g_test_add_func ("/relay/credentials/colons", test_colons);
  g_test_add_func ("/relay/credentials/unknown-users", test_unknown_users);
  g_test_add_func ("/relay/credentials/userhash", test_userhash);
  g_test_add_func ("/relay/credentials/rest", test_rest);
  g_test_add_func ("/relay/credentials/both-integrities", test_both_integrities);
  g_test_add_func ("/relay/credentials/bad-config", test_bad_config);
  g_test_add_func ("/relay/credentials/none", test_none);
  return g_test_run ();
}
