/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/totp.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

#include "messaging/password.h"

#define SHA1_BYTES 20

uint32_t
msg_hotp (const uint8_t *secret, gsize len, uint64_t counter, unsigned digits)
{
  uint8_t message[8], mac[SHA1_BYTES];
  unsigned mac_len = sizeof mac, offset;
  uint32_t number, modulus = 1;

  g_assert (digits >= 6 && digits <= 9);
  for (int i = 7; i >= 0; i--, counter >>= 8)
    message[i] = (uint8_t) counter;
  (void) HMAC (EVP_sha1 (), secret, (int) len, message, sizeof message, mac, &mac_len);
  offset = mac[SHA1_BYTES - 1] & 0xf; /* at most 15, and 4 bytes follow */
  number = (uint32_t) (mac[offset] & 0x7f) << 24 | (uint32_t) mac[offset + 1] << 16 | (uint32_t) mac[offset + 2] << 8
           | mac[offset + 3];
  while (digits-- > 0)
    modulus *= 10;
  return number % modulus;
}

bool
msg_totp_find (const uint8_t *secret, int64_t now_ms, const char *code, int64_t last_step, int64_t *ret_step)
{
  int64_t now_step = now_ms / MSG_TOTP_STEP_MS, found = -1;

  for (int64_t step = now_step - 1; step <= now_step + 1; step++)
    {
      char expected[MSG_TOTP_DIGITS + 1];

      (void) snprintf (expected, sizeof expected, "%06u",
                       msg_hotp (secret, MSG_TOTP_SECRET_BYTES, (uint64_t) step, MSG_TOTP_DIGITS) % 1000000);
      if (CRYPTO_memcmp (expected, code, MSG_TOTP_DIGITS) == 0 && step > last_step && found < 0)
        found = step;
      OPENSSL_cleanse (expected, sizeof expected);
    }
  if (found < 0)
    return false;
  *ret_step = found;
  return true;
}

char *
msg_base32_encode (const uint8_t *data, gsize len)
{
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  GString *text = g_string_sized_new (len * 8 / 5 + 1);
  unsigned bits = 0, n_bits = 0;

  for (gsize i = 0; i < len; i++)
    {
      bits = (bits << 8 | data[i]) & 0xfff; /* at most 4 bits are left from before */
      for (n_bits += 8; n_bits >= 5; n_bits -= 5)
        g_string_append_c (text, letters[bits >> (n_bits - 5) & 31]);
    }
  if (n_bits > 0)
    g_string_append_c (text, letters[bits << (5 - n_bits) & 31]);
  return g_string_free (text, FALSE);
}

char *
msg_totp_make_uri (const char *username, const uint8_t *secret)
{
  char *text = msg_base32_encode (secret, MSG_TOTP_SECRET_BYTES);
  char *uri = g_strdup_printf ("otpauth://totp/Aldis:%s?secret=%s&issuer=Aldis&algorithm=SHA1&digits=%d&period=%d",
                               username, text, MSG_TOTP_DIGITS, MSG_TOTP_STEP_MS / 1000);

  msg_secret_free (text);
  return uri;
}
