/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/login-code.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <string.h>

#include "base/random.h"
#include "messaging/password.h"
#include "messaging/totp.h"

#define RECOVERY_BYTES 10
#define RECOVERY_CHARS 16

/* Returns: the letter of base32 that was meant, or 0. */
static char
letter_of (char typed)
{
  char letter = g_ascii_toupper (typed);

  switch (letter)
    {
    case '0':
      return 'O';
    case '1':
      return 'I';
    case '8':
      return 'B';
    default:
      return (letter >= 'A' && letter <= 'Z') || (letter >= '2' && letter <= '7') ? letter : 0;
    }
}

void
msg_login_code_read (const char *text, MsgLoginCode *ret_code)
{
  gsize n = 0;

  memset (ret_code, 0, sizeof *ret_code);
  for (const char *p = text != NULL ? text : ""; *p != '\0'; p++)
    {
      if (*p == ' ' || *p == '-')
        continue;
      if (n == RECOVERY_CHARS)
        {
          ret_code->kind = MSG_LOGIN_CODE_BAD;
          return;
        }
      ret_code->text[n++] = *p;
    }
  if (n == 0)
    ret_code->kind = MSG_LOGIN_CODE_NONE;
  else if (n == MSG_TOTP_DIGITS && strspn (ret_code->text, "0123456789") == n)
    ret_code->kind = MSG_LOGIN_CODE_TOTP;
  else
    {
      ret_code->kind = n == RECOVERY_CHARS ? MSG_LOGIN_CODE_RECOVERY : MSG_LOGIN_CODE_BAD;
      for (gsize i = 0; i < n && ret_code->kind == MSG_LOGIN_CODE_RECOVERY; i++)
        if ((ret_code->text[i] = letter_of (ret_code->text[i])) == 0)
          ret_code->kind = MSG_LOGIN_CODE_BAD;
    }
}

void
msg_recovery_code_hash (const MsgLoginCode *code, uint8_t ret_hash[MSG_RECOVERY_HASH_BYTES])
{
  g_assert (code->kind == MSG_LOGIN_CODE_RECOVERY);
  (void) SHA256 ((const unsigned char *) code->text, RECOVERY_CHARS, ret_hash);
}

char *
msg_recovery_code_new (uint8_t ret_hash[MSG_RECOVERY_HASH_BYTES])
{
  uint8_t random[RECOVERY_BYTES];
  MsgLoginCode code;
  char *plain, *text;

  al_random_bytes (random, sizeof random);
  plain = msg_base32_encode (random, sizeof random);
  text = g_strdup_printf ("%.4s-%.4s-%.4s-%.4s", plain, plain + 4, plain + 8, plain + 12);
  msg_login_code_read (text, &code);
  msg_recovery_code_hash (&code, ret_hash);
  OPENSSL_cleanse (random, sizeof random);
  OPENSSL_cleanse (&code, sizeof code);
  msg_secret_free (plain);
  return text;
}
