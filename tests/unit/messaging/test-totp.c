/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/totp.h"

#include <string.h>

#include "messaging/login-code.h"
#include "messaging/password.h"

/* RFC 6238 appendix B: the key of the SHA-1 rows */
static const uint8_t key[] = "12345678901234567890";
#define KEY_LEN 20

/* RFC 4226 appendix D: counters 0 to 9 */
static void
test_hotp (void)
{
  static const uint32_t expected[] = { 755224, 287082, 359152, 969429, 338314, 254676, 287922, 162583, 399871, 520489 };

  for (unsigned i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_cmpuint (msg_hotp (key, KEY_LEN, i, 6), ==, expected[i]);
}

static const struct {
  int64_t seconds;
  uint32_t code;
} rfc6238[] = { { 59, 94287082 },         { 1111111109, 7081804 },  { 1111111111, 14050471 },
                { 1234567890, 89005924 }, { 2000000000, 69279037 }, { 20000000000, 65353130 } };

/* RFC 6238 appendix B, the rows of SHA-1: eight digits, of which six are the last six */
static void
test_rfc6238 (void)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (rfc6238); i++)
    {
      g_autofree char *code = g_strdup_printf ("%06u", rfc6238[i].code % 1000000);
      int64_t step = -1;

      g_assert_cmpuint (msg_hotp (key, KEY_LEN, (uint64_t) rfc6238[i].seconds / 30, 8), ==, rfc6238[i].code);
      g_assert_true (msg_totp_find (key, rfc6238[i].seconds * 1000, code, -1, &step));
      g_assert_cmpint (step, ==, rfc6238[i].seconds / 30);
    }
}

/* one step either way, and none that is spent */
static void
test_window (void)
{
  for (int64_t offset = -3; offset <= 3; offset++)
    {
      int64_t now_step = 41152263, step = -7;
      g_autofree char *code = g_strdup_printf ("%06u", msg_hotp (key, KEY_LEN, (uint64_t) (now_step + offset), 6));
      bool expected = offset >= -1 && offset <= 1;

      g_assert_cmpint (msg_totp_find (key, now_step * 30000, code, -1, &step), ==, expected);
      g_assert_cmpint (msg_totp_find (key, now_step * 30000 + 29999, code, -1, &step), ==, expected);
      g_assert_cmpint (step, ==, expected ? now_step + offset : -7);
      g_assert_false (msg_totp_find (key, now_step * 30000, code, now_step + offset, &step));
      g_assert_cmpint (msg_totp_find (key, now_step * 30000, code, now_step + offset - 1, &step), ==, expected);
      g_assert_false (msg_totp_find (key, now_step * 30000, code, now_step + 1, &step));
    }
}

/* RFC 4648 §10, without the padding */
static void
test_base32 (void)
{
  static const char *const rows[][2] = { { "", "" },          { "f", "MY" },         { "fo", "MZXQ" },
                                         { "foo", "MZXW6" },  { "foob", "MZXW6YQ" }, { "fooba", "MZXW6YTB" },
                                         { "foobar", "MZXW6YTBOI" } };

  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *text = msg_base32_encode ((const uint8_t *) rows[i][0], strlen (rows[i][0]));

      g_assert_cmpstr (text, ==, rows[i][1]);
    }
}

static void
test_uri (void)
{
  g_autofree char *uri = msg_totp_make_uri ("Ann_9", key);

  g_assert_cmpstr (uri, ==, "otpauth://totp/Aldis:Ann_9?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Aldis"
                            "&algorithm=SHA1&digits=6&period=30");
}

static void
test_read (void)
{
  static const struct {
    const char *typed;
    MsgLoginCodeKind kind;
    const char *text;
  } rows[] = {
    { NULL, MSG_LOGIN_CODE_NONE, "" },
    { "", MSG_LOGIN_CODE_NONE, "" },
    { " - ", MSG_LOGIN_CODE_NONE, "" },
    { "123456", MSG_LOGIN_CODE_TOTP, "123456" },
    { " 123 456 ", MSG_LOGIN_CODE_TOTP, "123456" },
    { "12345", MSG_LOGIN_CODE_BAD, NULL },
    { "1234567", MSG_LOGIN_CODE_BAD, NULL },
    { "12345x", MSG_LOGIN_CODE_BAD, NULL },
    { "abcd-efgh-2345-67AB", MSG_LOGIN_CODE_RECOVERY, "ABCDEFGH234567AB" },
    { "abcdefgh234567a8", MSG_LOGIN_CODE_RECOVERY, "ABCDEFGH234567AB" },
    { "01cdefgh234567ab", MSG_LOGIN_CODE_RECOVERY, "OICDEFGH234567AB" },
    { "abcdefgh234567a9", MSG_LOGIN_CODE_BAD, NULL },
    { "abcdefgh234567a\xc3\xa4", MSG_LOGIN_CODE_BAD, NULL },
    { "abcdefgh234567abc", MSG_LOGIN_CODE_BAD, NULL },
    { "abcdefgh234567abcabcdefgh234567abcabcdefgh234567abc", MSG_LOGIN_CODE_BAD, NULL },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      MsgLoginCode code;

      msg_login_code_read (rows[i].typed, &code);
      g_assert_cmpint (code.kind, ==, rows[i].kind);
      if (rows[i].text != NULL)
        g_assert_cmpstr (code.text, ==, rows[i].text);
    }
}

/* what is given out is read back to what was stored */
static void
test_recovery (void)
{
  for (unsigned i = 0; i < 200; i++)
    {
      uint8_t stored[MSG_RECOVERY_HASH_BYTES], typed[MSG_RECOVERY_HASH_BYTES];
      char *text = msg_recovery_code_new (stored);
      g_autofree char *low = g_ascii_strdown (text, -1);
      MsgLoginCode code;

      g_assert_cmpuint (strlen (text), ==, MSG_RECOVERY_CODE_STRLEN);
      msg_login_code_read (low, &code);
      msg_recovery_code_hash (&code, typed);
      g_assert_cmpmem (stored, sizeof stored, typed, sizeof typed);
      msg_secret_free (text);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/messaging/totp/hotp", test_hotp);
  g_test_add_func ("/messaging/totp/rfc6238", test_rfc6238);
  g_test_add_func ("/messaging/totp/window", test_window);
  g_test_add_func ("/messaging/totp/base32", test_base32);
  g_test_add_func ("/messaging/totp/uri", test_uri);
  g_test_add_func ("/messaging/login-code/read", test_read);
  g_test_add_func ("/messaging/login-code/recovery", test_recovery);
  return g_test_run ();
}
