/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/jwt.h"

#include <string.h>

#include "jwt-sign.h"
#include "messaging/core.h"

#define NOW 1800000000
#define GOOD "{\"sub\":\"u1\",\"exp\":1800000100}"

static MsgJwtKey *
hs256_key (void)
{
  MsgJwtKey *key = msg_jwt_key_new_hs256 (JWT_SECRET, strlen (JWT_SECRET), NULL);

  g_assert_nonnull (key);
  return key;
}

static MsgJwtKey *
ed25519_key (void)
{
  g_autofree char *text = jwt_test_public ();
  MsgJwtKey *key = msg_jwt_key_new_ed25519 (text, NULL);

  g_assert_nonnull (key);
  return key;
}

static void
assert_refused (const MsgJwtKey *key, const MsgJwtPolicy *policy, const char *token, gsize len, const char *reason)
{
  g_autoptr (GError) error = NULL;

  if (msg_jwt_verify (key, policy, token, len, NOW, &error) != NULL)
    g_error ("accepted: %.*s", (int) len, token);
  g_assert_error (error, MSG_ERROR, MSG_ERROR_UNAUTHENTICATED);
  g_assert_cmpstr (msg_error_get_reason (error), ==, reason);
}

static void
assert_claims (const MsgJwtPolicy *policy, const char *payload, const char *reason)
{
  g_autoptr (MsgJwtKey) key = hs256_key ();
  g_autofree char *token = jwt_hs256 (payload);
  g_autoptr (MsgJwtClaims) claims = NULL;
  g_autoptr (GError) error = NULL;

  if (reason != NULL)
    {
      assert_refused (key, policy, token, strlen (token), reason);
      return;
    }
  claims = msg_jwt_verify (key, policy, token, strlen (token), NOW, &error);
  g_assert_no_error (error);
  g_assert_nonnull (claims);
}

/* --- Published vectors --- */

static const char rfc7515_a1[] =
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
static const char rfc7515_key[] =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";

static void
test_rfc7515_a1 (void)
{
  uint8_t secret[64];
  g_autoptr (MsgJwtKey) key = NULL;
  g_autoptr (MsgJwtKey) other = ed25519_key ();
  g_autoptr (GBytes) payload = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (al_base64url_decode (rfc7515_key, strlen (rfc7515_key), secret), ==, 64);
  key = msg_jwt_key_new_hs256 (secret, sizeof secret, NULL);
  payload = msg_jws_open (key, rfc7515_a1, strlen (rfc7515_a1), &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (payload, NULL), g_bytes_get_size (payload),
                   "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}", 70);
  assert_refused (key, NULL, rfc7515_a1, strlen (rfc7515_a1), "jwt_claims"); /* it has no sub */
  assert_refused (other, NULL, rfc7515_a1, strlen (rfc7515_a1), "jwt");
}

static void
test_rfc8037_a4 (void)
{
  static const char token[] = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
                              "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
  g_autoptr (GError) error = NULL;
  g_autoptr (MsgJwtKey) key = msg_jwt_key_new_ed25519 ("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", &error);
  g_autoptr (GBytes) payload = msg_jws_open (key, token, strlen (token), &error);

  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (payload, NULL), g_bytes_get_size (payload), "Example of Ed25519 signing", 26);
}

/* --- Keys --- */

static void
test_keys (void)
{
  /* made by openssl: the key of RFC 8410 §10.1; a P-256 key; the private half of the first */
  static const char pem[] = "-----BEGIN PUBLIC KEY-----\n"
                            "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
                            "-----END PUBLIC KEY-----\n";
  static const char p256[] = "-----BEGIN PUBLIC KEY-----\n"
                             "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEVs/o5+uQbTjL3chynL4wXgUg2R9\n"
                             "q9UU8I5mEovUf86QZ7kOBIjJwqnzD1omageEHWwHdBO6B+dFabmdT9POxg==\n"
                             "-----END PUBLIC KEY-----\n";
  static const char private[] = "-----BEGIN PRIVATE KEY-----\n"
                                "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
                                "-----END PRIVATE KEY-----\n";
  const char *const bad[] = { "", "x", p256, private, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                              "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURp",
                              "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUR",
                              "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo", "-----BEGIN PUBLIC KEY-----\n" };
  g_autoptr (MsgJwtKey) key = msg_jwt_key_new_ed25519 (pem, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (key);
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) why = NULL;

      g_assert_null (msg_jwt_key_new_ed25519 (bad[i], &why));
      g_assert_error (why, MSG_ERROR, MSG_ERROR_INVALID);
    }
  g_assert_null (msg_jwt_key_new_hs256 (JWT_SECRET, 31, &error));
  g_assert_error (error, MSG_ERROR, MSG_ERROR_INVALID);
  msg_jwt_key_free (NULL);
  msg_jwt_claims_free (NULL);
}

/* --- Form and header --- */

static void
test_good (void)
{
  g_autoptr (MsgJwtKey) hs = hs256_key ();
  g_autoptr (MsgJwtKey) ed = ed25519_key ();
  static const struct {
    const char *header;
    bool is_ed25519;
  } cases[] = {
    { "{\"alg\":\"HS256\"}", false },
    { "{\"typ\":\"jwt\",\"alg\":\"HS256\",\"kid\":\"7\",\"x\":[1,{\"y\":null}]}", false },
    { "{\"alg\":\"EdDSA\",\"typ\":\"JWT\"}", true },
    { "{\"alg\":\"Ed25519\"}", true },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *token = jwt_sign (cases[i].header,
                                         "{\"sub\":\"u1\",\"name\":\" Ann \",\"exp\":1800000100.9,\"iat\":1799999000}",
                                         cases[i].is_ed25519 ? NULL : JWT_SECRET, strlen (JWT_SECRET));
      g_autoptr (GError) error = NULL;
      g_autoptr (MsgJwtClaims) claims = msg_jwt_verify (cases[i].is_ed25519 ? ed : hs, NULL, token, strlen (token),
                                                        NOW, &error);

      g_assert_no_error (error);
      g_assert_cmpstr (claims->sub, ==, "u1");
      g_assert_cmpstr (claims->name, ==, "Ann");
      g_assert_cmpint (claims->exp_s, ==, 1800000100);
      g_assert_cmpint (claims->iat_s, ==, 1799999000);
      g_assert_cmpint (claims->nbf_s, ==, 0);
      /* the same token under the other kind of key */
      assert_refused (cases[i].is_ed25519 ? hs : ed, NULL, token, strlen (token), "jwt");
    }
}

static void
test_bad_headers (void)
{
  static const char *const bad[] = {
    "", "null", "[]", "\"HS256\"", "{}", "{\"alg\":\"none\"}", "{\"alg\":\"None\"}", "{\"alg\":\"hs256\"}",
    "{\"alg\":\"HS384\"}",
    "{\"alg\":\"HS512\"}", "{\"alg\":\"RS256\"}", "{\"alg\":\"EdDSA\"}", "{\"alg\":null}", "{\"alg\":[\"HS256\"]}",
    "{\"alg\":256}",
    "{\"alg\":\"HS256\",\"alg\":\"none\"}", "{\"alg\":\"HS256\\u0000\"}", "{\"alg\":\"HS256\",\"crit\":[\"exp\"]}",
    "{\"alg\":\"HS256\",\"crit\":[]}", "{\"alg\":\"HS256\",\"b64\":false,\"crit\":[\"b64\"]}",
    "{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}",
    "{\"alg\":\"HS256\",\"typ\":7}", "{\"alg\":\"HS256\"} ,", "{\"alg\":\"HS256\",}", "{'alg':'HS256'}",
    "{\"alg\":\"HS256\"/**/}",
    "{\"alg\":\"HS256\",\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
  };
  g_autoptr (MsgJwtKey) key = hs256_key ();

  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *token = jwt_sign (bad[i], GOOD, JWT_SECRET, strlen (JWT_SECRET));

      assert_refused (key, NULL, token, strlen (token), "jwt");
    }
}

/* The classic: the attacker signs with the public key's text as HMAC secret. */
static void
test_confusion (void)
{
  g_autofree char *public = jwt_test_public ();
  g_autoptr (MsgJwtKey) key = ed25519_key ();
  uint8_t raw[32];
  g_autofree char *by_text = jwt_sign ("{\"alg\":\"HS256\"}", GOOD, public, strlen (public));
  g_autofree char *by_raw = NULL;

  g_assert_cmpint (al_base64url_decode (public, strlen (public), raw), ==, 32);
  by_raw = jwt_sign ("{\"alg\":\"HS256\"}", GOOD, raw, sizeof raw);
  assert_refused (key, NULL, by_text, strlen (by_text), "jwt");
  assert_refused (key, NULL, by_raw, strlen (by_raw), "jwt");
}

static void
test_bad_forms (void)
{
  g_autoptr (MsgJwtKey) key = hs256_key ();
  g_autofree char *good = jwt_hs256 (GOOD);
  char **parts = g_strsplit (good, ".", -1);
  g_autofree char *big = g_strnfill (8200, 'A');
  char *const bad[] = {
    g_strdup (""), g_strdup ("."), g_strdup (".."), g_strdup ("..."), g_strdup ("a.b.c"),
    g_strconcat (parts[0], ".", parts[1], NULL), g_strconcat (parts[0], ".", parts[1], ".", NULL),
    g_strconcat (good, ".", NULL), g_strconcat (good, ".x", NULL), g_strconcat (".", good, NULL),
    g_strconcat (good, "=", NULL), g_strconcat (good, "\n", NULL), g_strconcat (" ", good, NULL),
    g_strconcat (parts[0], "..", parts[2], NULL), g_strconcat (".", parts[1], ".", parts[2], NULL),
    g_strconcat (parts[0], "=.", parts[1], ".", parts[2], NULL),
    g_strconcat (parts[1], ".", parts[0], ".", parts[2], NULL), g_strconcat (good, "AAAA", NULL),
    g_strconcat (parts[0], ".", parts[1], ".", parts[2] + 1, NULL), g_strdup (big),
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      assert_refused (key, NULL, bad[i], strlen (bad[i]), "jwt");
      g_free (bad[i]);
    }
  assert_refused (key, NULL, "a\0.b", 4, "jwt");
  g_strfreev (parts);

  /* each single character counts */
  for (size_t i = 0; i < strlen (good); i++)
    {
      g_autofree char *bent = g_strdup (good);

      bent[i] = bent[i] == 'A' ? 'B' : 'A';
      assert_refused (key, NULL, bent, strlen (bent), "jwt");
      assert_refused (key, NULL, good, i, "jwt");
    }
}

static void
test_size (void)
{
  g_autoptr (MsgJwtKey) key = hs256_key ();
  g_autofree char *filler = g_strnfill (6000, 'x');
  g_autofree char *payload = g_strdup_printf ("{\"sub\":\"u1\",\"exp\":1800000100,\"x\":\"%s\"}", filler);
  g_autofree char *token = jwt_hs256 (payload);
  g_autoptr (MsgJwtClaims) claims = msg_jwt_verify (key, NULL, token, strlen (token), NOW, NULL);
  g_autofree char *more = g_strdup_printf ("{\"sub\":\"u1\",\"exp\":1800000100,\"x\":\"%s%s\"}", filler, filler);
  g_autofree char *too_long = jwt_hs256 (more);

  g_assert_cmpuint (strlen (token), <=, MSG_JWT_MAX_BYTES);
  g_assert_nonnull (claims);
  assert_refused (key, NULL, too_long, strlen (too_long), "jwt");
}

/* --- Claims --- */

static void
test_times (void)
{
  static const struct {
    const char *payload, *reason;
  } cases[] = {
    { "{\"sub\":\"u\",\"exp\":1799999941}", NULL }, /* 59 s ago: within the skew */
    { "{\"sub\":\"u\",\"exp\":1799999940}", "jwt_expired" },
    { "{\"sub\":\"u\",\"exp\":0}", "jwt_expired" },
    { "{\"sub\":\"u\",\"exp\":9007199254740991}", NULL },
    { "{\"sub\":\"u\",\"exp\":9007199254740993}", "jwt_claims" },
    { "{\"sub\":\"u\",\"exp\":1e300}", "jwt_claims" },
    { "{\"sub\":\"u\",\"exp\":-5}", "jwt_claims" },
    { "{\"sub\":\"u\",\"exp\":\"1800000100\"}", "jwt_claims" },
    { "{\"sub\":\"u\",\"exp\":true}", "jwt_claims" },
    { "{\"sub\":\"u\",\"exp\":null}", "jwt_claims" },
    { "{\"sub\":\"u\",\"exp\":[1800000100]}", "jwt_claims" },
    { "{\"sub\":\"u\"}", "jwt_claims" },
    { "{\"sub\":\"u\",\"exp\":1.8e9}", NULL },
    { "{\"sub\":\"u\",\"exp\":1800000100,\"nbf\":1800000060}", NULL },
    { "{\"sub\":\"u\",\"exp\":1800000100,\"nbf\":1800000061}", "jwt_not_yet" },
    { "{\"sub\":\"u\",\"exp\":1800000100,\"iat\":1800000061}", "jwt_not_yet" },
    { "{\"sub\":\"u\",\"exp\":1800000100,\"iat\":\"x\"}", "jwt_claims" },
    { "{\"sub\":\"u\",\"exp\":1800000100,\"nbf\":{}}", "jwt_claims" },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_claims (NULL, cases[i].payload, cases[i].reason);
}

static void
test_texts (void)
{
  g_autofree char *sub64 = g_strnfill (64, 's');
  g_autofree char *fits = g_strdup_printf ("{\"sub\":\"%s\",\"exp\":1800000100}", sub64);
  g_autofree char *too_long = g_strdup_printf ("{\"sub\":\"%sx\",\"exp\":1800000100}", sub64);
  static const char *const bad[] = {
    "", "null", "[]", "7", "{", "{\"exp\":1800000100}", "{\"sub\":\"\",\"exp\":1800000100}",
    "{\"sub\":7,\"exp\":1800000100}",
    "{\"sub\":null,\"exp\":1800000100}", "{\"sub\":\"a\\nb\",\"exp\":1800000100}",
    "{\"sub\":\"a\\u0000\",\"exp\":1800000100}",
    "{\"sub\":\"u\",\"sub\":\"v\",\"exp\":1800000100}", "{\"sub\":\"u\",\"name\":\"\",\"exp\":1800000100}",
    "{\"sub\":\"u\",\"name\":[],\"exp\":1800000100}", "{\"sub\":\"u\",\"name\":\"a\\u202eb\",\"exp\":1800000100}",
    "{\"sub\":\" u\",\"exp\":1800000100}",
  };

  assert_claims (NULL, fits, NULL);
  assert_claims (NULL, too_long, "jwt_claims");
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_claims (NULL, bad[i], "jwt_claims");
}

static void
test_policy (void)
{
  static const MsgJwtPolicy issuer = { "https://shop.example", NULL };
  static const MsgJwtPolicy audience = { NULL, "aldis" };
#define CLAIMS(more) "{\"sub\":\"u\",\"exp\":1800000100" more "}"

  assert_claims (&issuer, CLAIMS (",\"iss\":\"https://shop.example\""), NULL);
  assert_claims (&issuer, CLAIMS (",\"iss\":\"https://shop.example/\""), "jwt_claims");
  assert_claims (&issuer, CLAIMS (",\"iss\":[\"https://shop.example\"]"), "jwt_claims");
  assert_claims (&issuer, CLAIMS (""), "jwt_claims");
  assert_claims (&audience, CLAIMS (",\"aud\":\"aldis\""), NULL);
  assert_claims (&audience, CLAIMS (",\"aud\":[\"other\",\"aldis\"]"), NULL);
  assert_claims (&audience, CLAIMS (",\"aud\":[7,\"aldis\"]"), NULL);
  assert_claims (&audience, CLAIMS (",\"aud\":[\"other\"]"), "jwt_claims");
  assert_claims (&audience, CLAIMS (",\"aud\":[]"), "jwt_claims");
  assert_claims (&audience, CLAIMS (",\"aud\":{\"aldis\":1}"), "jwt_claims");
  assert_claims (&audience, CLAIMS (""), "jwt_claims");
  assert_claims (NULL, CLAIMS (",\"iss\":7,\"aud\":7"), NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/messaging/jwt/rfc7515-a.1", test_rfc7515_a1);
  g_test_add_func ("/messaging/jwt/rfc8037-a.4", test_rfc8037_a4);
  g_test_add_func ("/messaging/jwt/keys", test_keys);
  g_test_add_func ("/messaging/jwt/good", test_good);
  g_test_add_func ("/messaging/jwt/bad-headers", test_bad_headers);
  g_test_add_func ("/messaging/jwt/confusion", test_confusion);
  g_test_add_func ("/messaging/jwt/bad-forms", test_bad_forms);
  g_test_add_func ("/messaging/jwt/size", test_size);
  g_test_add_func ("/messaging/jwt/times", test_times);
  g_test_add_func ("/messaging/jwt/texts", test_texts);
  g_test_add_func ("/messaging/jwt/policy", test_policy);
  return g_test_run ();
}
