/* SPDX-License-Identifier: Apache-2.0 */
#include "server/load/ice.h"

#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "base/stun.h"

#define FIRST_US 50000
#define CONSENT_US 5000000
#define PRIORITY 0x6e7f1eff /* of a peer-reflexive candidate (RFC 8445 §5.1.2.1) */

static void
make_text (char *text, size_t len)
{
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  uint8_t bytes[32];

  al_random_bytes (bytes, sizeof bytes);
  for (size_t i = 0; i < len; i++)
    text[i] = letters[bytes[i] & 63];
  text[len] = '\0';
}

void
load_ice_init (LoadIce *ice)
{
  memset (ice, 0, sizeof *ice);
  make_text (ice->ufrag, sizeof ice->ufrag - 1);
  make_text (ice->pwd, sizeof ice->pwd - 1);
  al_random_bytes (&ice->tie, sizeof ice->tie);
  ice->next_us = INT64_MAX;
}

void
load_ice_start (LoadIce *ice, const char *ufrag, const char *pwd, bool controlling, int64_t now_us)
{
  (void) snprintf (ice->remote_ufrag, sizeof ice->remote_ufrag, "%s", ufrag);
  (void) snprintf (ice->remote_pwd, sizeof ice->remote_pwd, "%s", pwd);
  ice->controlling = controlling;
  ice->next_us = now_us;
}

size_t
load_ice_tick (LoadIce *ice, AlHmac *hmac, uint8_t *data, int64_t now_us)
{
  char user[512];
  uint8_t tie[8];
  AlStunWriter out;

  if (now_us < ice->next_us)
    return 0;
  if (ice->valid && ice->checks > 0)
    ice->lost++;
  ice->next_us = now_us + (ice->valid ? CONSENT_US : (int64_t) FIRST_US << (ice->checks < 4 ? ice->checks : 4));
  if (ice->checks == 0 || ice->valid) /* what is retransmitted keeps its id (RFC 8489 §6.2.1) */
    al_random_bytes (ice->tid, sizeof ice->tid);
  ice->checks++;
  (void) snprintf (user, sizeof user, "%s:%s", ice->remote_ufrag, ice->ufrag);
  memcpy (tie, &ice->tie, sizeof tie);
  al_stun_begin (&out, data, LOAD_ICE_MESSAGE, AL_STUN_REQUEST, AL_STUN_BINDING, ice->tid);
  al_stun_put (&out, AL_STUN_USERNAME, user, strlen (user));
  al_stun_put_u32 (&out, AL_STUN_PRIORITY, PRIORITY);
  al_stun_put (&out, ice->controlling ? AL_STUN_ICE_CONTROLLING : AL_STUN_ICE_CONTROLLED, tie, sizeof tie);
  if (ice->controlling)
    al_stun_put (&out, AL_STUN_USE_CANDIDATE, NULL, 0);
  al_stun_put_integrity (&out, hmac, AL_HMAC_SHA1, ice->remote_pwd, strlen (ice->remote_pwd));
  al_stun_put_fingerprint (&out);
  return al_stun_end (&out);
}

static size_t
answer (LoadIce *ice, AlHmac *hmac, const AlStunMessage *request, const AlAddr *from, uint8_t *ret_data)
{
  AlStunAttr attr;
  AlStunWriter out;

  if (!al_stun_check_integrity (request, hmac, AL_HMAC_SHA1, ice->pwd, strlen (ice->pwd)))
    return 0;
  if (!ice->controlling && al_stun_find (request, AL_STUN_USE_CANDIDATE, &attr))
    ice->nominated = true;
  al_stun_begin (&out, ret_data, LOAD_ICE_MESSAGE, AL_STUN_SUCCESS, AL_STUN_BINDING, request->tid);
  al_stun_put_addr (&out, AL_STUN_XOR_MAPPED_ADDRESS, from, false);
  al_stun_put_integrity (&out, hmac, AL_HMAC_SHA1, ice->pwd, strlen (ice->pwd));
  al_stun_put_fingerprint (&out);
  return al_stun_end (&out);
}

size_t
load_ice_input (LoadIce *ice, AlHmac *hmac, const uint8_t *data, size_t len, const AlAddr *from, uint8_t *ret_data,
                int64_t now_us)
{
  AlStunMessage message;

  if (!al_stun_parse (data, len, &message) || message.method != AL_STUN_BINDING)
    return 0;
  if (message.cls == AL_STUN_REQUEST)
    return answer (ice, hmac, &message, from, ret_data);
  if (message.cls != AL_STUN_SUCCESS || memcmp (message.tid, ice->tid, sizeof ice->tid) != 0
      || !al_stun_check_integrity (&message, hmac, AL_HMAC_SHA1, ice->remote_pwd, strlen (ice->remote_pwd)))
    return 0;
  ice->checks = 0;
  if (!ice->valid)
    ice->next_us = now_us + CONSENT_US;
  ice->valid = true;
  return 0;
}

bool
load_ice_is_connected (const LoadIce *ice)
{
  return ice->valid && (ice->controlling || ice->nominated);
}
