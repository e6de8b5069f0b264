/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/cookie.h"

#include <openssl/crypto.h>

#include "base/bytes.h"
#include "base/hmac.h"
#include "base/random.h"

#define KEY_BYTES 32
#define TIME_BYTES 4 /* milliseconds, which come round after 49 days */
#define MAC_BYTES (RELAY_COOKIE_BYTES - TIME_BYTES)

struct RelayCookie {
  AlHmac *hmac; /* owned */
  uint8_t key[KEY_BYTES];
};

RelayCookie *
relay_cookie_new (void)
{
  RelayCookie *cookie = g_new0 (RelayCookie, 1);

  cookie->hmac = al_hmac_new ();
  al_random_bytes (cookie->key, KEY_BYTES);
  return cookie;
}

void
relay_cookie_free (RelayCookie *cookie)
{
  if (cookie == NULL)
    return;
  al_hmac_free (cookie->hmac);
  OPENSSL_cleanse (cookie->key, KEY_BYTES);
  g_free (cookie);
}

static void
compute (RelayCookie *cookie, const RelayTuple *path, const AlDtlsHello *hello, uint32_t time_ms, uint8_t *ret_mac)
{
  uint8_t key[RELAY_TUPLE_KEY], head[TIME_BYTES + 2];
  size_t key_len = relay_tuple_write_key (path, key);
  const struct iovec parts[] = {
    { head, sizeof head },
    { key, key_len },
    { (void *) hello->random, AL_DTLS_RANDOM_BYTES },
    { (void *) hello->session_id, hello->session_id_len },
  };
  AlWriter out;

  /* the lengths stand first, so that no two inputs are the same bytes */
  al_writer_init (&out, head, sizeof head);
  al_writer_u32 (&out, time_ms);
  al_writer_u8 (&out, (uint8_t) key_len);
  al_writer_u8 (&out, hello->session_id_len);
  (void) al_hmac_compute (cookie->hmac, AL_HMAC_SHA256, cookie->key, KEY_BYTES, parts, G_N_ELEMENTS (parts), ret_mac);
}

void
relay_cookie_make (RelayCookie *cookie, const RelayTuple *path, const AlDtlsHello *hello, int64_t now_us,
                   uint8_t ret_bytes[RELAY_COOKIE_BYTES])
{
  uint32_t time_ms = (uint32_t) (now_us / 1000);
  uint8_t mac[AL_HMAC_MAX_BYTES];
  AlWriter out;

  compute (cookie, path, hello, time_ms, mac);
  al_writer_init (&out, ret_bytes, RELAY_COOKIE_BYTES);
  al_writer_u32 (&out, time_ms);
  al_writer_bytes (&out, mac, MAC_BYTES);
}

bool
relay_cookie_check (RelayCookie *cookie, const RelayTuple *path, const AlDtlsHello *hello, int64_t now_us)
{
  uint8_t mac[AL_HMAC_MAX_BYTES];
  AlReader reader;
  uint32_t time_ms;

  if (hello->cookie_len != RELAY_COOKIE_BYTES)
    return false;
  al_reader_init (&reader, hello->cookie, RELAY_COOKIE_BYTES);
  time_ms = al_reader_u32 (&reader);
  compute (cookie, path, hello, time_ms, mac);
  return CRYPTO_memcmp (mac, hello->cookie + TIME_BYTES, MAC_BYTES) == 0
         && (uint32_t) (now_us / 1000) - time_ms <= RELAY_COOKIE_US / 1000;
}
