/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/password.h"

#include <argon2.h>
#include <openssl/crypto.h>
#include <string.h>

#include "base/random.h"

#define SALT_BYTES 16 /* RFC 9106 §4 */
#define HASH_BYTES 32
#define ENCODED_MAX 512
#define PART_MIN 11   /* 8 bytes of salt, the least that libargon2 takes, in base64 */
#define PART_MAX 128

char *
msg_password_hash (const MsgPasswordCost *cost, const char *password)
{
  uint8_t salt[SALT_BYTES];
  char encoded[ENCODED_MAX];

  al_random_bytes (salt, sizeof salt);
  if (argon2id_hash_encoded (cost->passes, cost->memory_kib, cost->lanes, password, strlen (password), salt,
                             sizeof salt, HASH_BYTES, encoded, sizeof encoded) != ARGON2_OK)
    return NULL;
  return g_strdup (encoded);
}

bool
msg_password_verify (const char *encoded, const char *password)
{
  return argon2id_verify (encoded, password, strlen (password)) == ARGON2_OK;
}

/* A decimal number without leading zeros, 1 to @max; moves @text behind it. */
static bool
parse_number (const char **text, const char *prefix, unsigned max, unsigned *ret)
{
  unsigned value = 0;

  if (!g_str_has_prefix (*text, prefix))
    return false;
  *text += strlen (prefix);
  if (**text < '1' || **text > '9')
    return false;
  for (; **text >= '0' && **text <= '9'; (*text)++)
    {
      value = value * 10 + (unsigned) (**text - '0');
      if (value > max)
        return false;
    }
  *ret = value;
  return true;
}

/* "$" and standard base64 without padding, as libargon2 writes it: it refuses bits behind the last byte */
static bool
parse_part (const char **text)
{
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  static const unsigned spare_bits[] = { 0, 0, 15, 3 };
  unsigned last;
  size_t len;

  if (**text != '$')
    return false;
  (*text)++;
  len = strspn (*text, alphabet);
  *text += len;
  if (len < PART_MIN || len > PART_MAX || len % 4 == 1)
    return false;
  last = (unsigned) (strchr (alphabet, (*text)[-1]) - alphabet);
  return (last & spare_bits[len % 4]) == 0;
}

bool
msg_password_parse (const char *text, MsgPasswordCost *ret_cost)
{
  MsgPasswordCost cost;

  if (!parse_number (&text, "$argon2id$v=19$m=", MSG_PASSWORD_MAX_MEMORY_KIB, &cost.memory_kib)
      || !parse_number (&text, ",t=", MSG_PASSWORD_MAX_PASSES, &cost.passes)
      || !parse_number (&text, ",p=", MSG_PASSWORD_MAX_LANES, &cost.lanes)
      || !parse_part (&text) || !parse_part (&text) || *text != '\0')
    return false;
  if (cost.memory_kib < 8 * cost.lanes) /* RFC 9106 §3.1 */
    return false;
  *ret_cost = cost;
  return true;
}

bool
msg_password_is_outdated (const char *encoded, const MsgPasswordCost *cost)
{
  MsgPasswordCost used;

  return !msg_password_parse (encoded, &used) || used.memory_kib != cost->memory_kib || used.passes != cost->passes
         || used.lanes != cost->lanes;
}

void
msg_secret_free (char *secret)
{
  if (secret != NULL)
    OPENSSL_cleanse (secret, strlen (secret));
  g_free (secret);
}
