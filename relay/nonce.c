/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/nonce.h"

#include <openssl/crypto.h>
#include <string.h>

#include "base/base64url.h"
#include "base/random.h"

#define KEY_BYTES 32
#define TIME_BYTES 4
#define MAC_BYTES 11 /* 88 bits; with the time 15 bytes, which base64 makes 20 characters without padding */
#define AHEAD_S 5

/* RFC 8489 §9.2: the cookie, then 24 security feature bits in base64; the first is password algorithms. The second, username
 * anonymity, is never set: no hash of a name finds a time-limited credential, and calls always have those */
static const char *
cookie_of (RelayNonceFeature features)
{
  return features == RELAY_NONCE_ALGORITHMS ? "obMatJos2gAAA" : "";
}

struct RelayNonce {
  uint8_t key[KEY_BYTES];
  RelayNonceFeature features;
};

RelayNonce *
relay_nonce_new (const uint8_t *key, RelayNonceFeature features)
{
  RelayNonce *nonce = g_new0 (RelayNonce, 1);

  if (key != NULL)
    memcpy (nonce->key, key, KEY_BYTES);
  else
    al_random_bytes (nonce->key, KEY_BYTES);
  nonce->features = features;
  return nonce;
}

void
relay_nonce_free (RelayNonce *nonce)
{
  if (nonce == NULL)
    return;
  OPENSSL_cleanse (nonce->key, KEY_BYTES);
  g_free (nonce);
}

static void
compute (const RelayNonce *nonce, AlHmac *hmac, const RelayTuple *tuple, const uint8_t time_be[TIME_BYTES],
         uint8_t *ret_mac)
{
  bool v4 = tuple->remote.sa.sa_family == AF_INET;
  /* over all but UDP an address cannot be forged, and what a client was told on one of its connections is good on the next
   * one, which RFC 6062 has it open for each peer */
  uint16_t port = tuple->transport == RELAY_UDP ? al_addr_get_port (&tuple->remote) : 0;
  uint8_t rest[3] = { (uint8_t) tuple->transport, (uint8_t) (port >> 8), (uint8_t) port };
  const struct iovec parts[] = {
    { (void *) time_be, TIME_BYTES },
    { rest, sizeof rest },
    { v4 ? (void *) &tuple->remote.in4.sin_addr : (void *) &tuple->remote.in6.sin6_addr, v4 ? 4 : 16 },
  };

  (void) al_hmac_compute (hmac, AL_HMAC_SHA256, nonce->key, KEY_BYTES, parts, G_N_ELEMENTS (parts), ret_mac);
}

unsigned
relay_nonce_make (const RelayNonce *nonce, AlHmac *hmac, const RelayTuple *tuple, int64_t now_s,
                  char ret_text[RELAY_NONCE_MAX])
{
  uint8_t bytes[TIME_BYTES + AL_HMAC_MAX_BYTES];
  const char *cookie = cookie_of (nonce->features);
  unsigned prefix = (unsigned) strlen (cookie);
  char text[AL_BASE64URL_LEN (TIME_BYTES + MAC_BYTES) + 1];

  for (unsigned i = 0; i < TIME_BYTES; i++)
    bytes[i] = (uint8_t) (now_s >> (24 - 8 * i));
  compute (nonce, hmac, tuple, bytes, bytes + TIME_BYTES);
  (void) al_base64url_write (bytes, TIME_BYTES + MAC_BYTES, text);
  memcpy (ret_text, cookie, prefix);
  memcpy (ret_text + prefix, text, sizeof text - 1);
  return prefix + (unsigned) sizeof text - 1;
}

bool
relay_nonce_check (const RelayNonce *nonce, AlHmac *hmac, const RelayTuple *tuple, int64_t now_s, const uint8_t *text,
                   size_t len)
{
  const char *cookie = cookie_of (nonce->features);
  size_t prefix = strlen (cookie);
  uint8_t bytes[TIME_BYTES + MAC_BYTES], mac[AL_HMAC_MAX_BYTES];
  int64_t made_s = 0;

  if (len <= prefix || memcmp (text, cookie, prefix) != 0
      || !al_base64url_decode_exact ((const char *) text + prefix, len - prefix, bytes, sizeof bytes))
    return false;
  compute (nonce, hmac, tuple, bytes, mac);
  if (CRYPTO_memcmp (mac, bytes + TIME_BYTES, MAC_BYTES) != 0)
    return false;
  for (unsigned i = 0; i < TIME_BYTES; i++)
    made_s = made_s << 8 | bytes[i];
  return made_s <= now_s + AHEAD_S && now_s - made_s <= RELAY_NONCE_LIFETIME_S;
}
