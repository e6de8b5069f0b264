/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 without salt is enough: what is hashed has 256 bits of its own. */
#include "messaging/token.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <string.h>

#include "base/base64url.h"
#include "base/random.h"

#define PREFIX "als_"
#define RANDOM_BYTES 32

char *
msg_token_new (uint8_t ret_hash[MSG_TOKEN_HASH_BYTES])
{
  uint8_t random[RANDOM_BYTES];
  char *token = g_malloc (MSG_TOKEN_STRLEN + 1);

  al_random_bytes (random, sizeof random);
  (void) strcpy (token, PREFIX);
  (void) al_base64url_write (random, sizeof random, token + strlen (PREFIX));
  OPENSSL_cleanse (random, sizeof random);
  (void) SHA256 ((const unsigned char *) token, MSG_TOKEN_STRLEN, ret_hash);
  return token;
}

bool
msg_token_hash (const char *token, uint8_t ret_hash[MSG_TOKEN_HASH_BYTES])
{
  if (token == NULL || strnlen (token, MSG_TOKEN_STRLEN + 1) != MSG_TOKEN_STRLEN || !g_str_has_prefix (token, PREFIX)
      || al_base64url_decode (token + strlen (PREFIX), MSG_TOKEN_STRLEN - strlen (PREFIX), NULL) != RANDOM_BYTES)
    return false;
  (void) SHA256 ((const unsigned char *) token, MSG_TOKEN_STRLEN, ret_hash);
  return true;
}
