/* SPDX-License-Identifier: Apache-2.0 */
/* Connectivity checks as a controlling peer sends them. */
#pragma once

#include <glib.h>
#include <string.h>

#include "base/hmac.h"
#include "base/random.h"
#include "base/stun.h"
#include "sfu/ice.h"

/** IcePeerCheck: @nomination: 0: none. @extra: an attribute without value; 0: none. */
typedef struct {
  const char *local, *remote; /* ufrags: of the server, of the peer */
  const char *pwd;
  bool use_candidate, controlled, no_fingerprint, no_integrity, sha256;
  uint32_t nomination, priority;
  uint16_t extra;
  AlStunClass cls;
  uint16_t method;
} IcePeerCheck;

static inline size_t
ice_peer_write (AlHmac *hmac, const IcePeerCheck *check, uint8_t *data, size_t size)
{
  static const uint8_t tie_breaker[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
  g_autofree char *name = g_strdup_printf ("%s:%s", check->local, check->remote);
  AlHmacHash hash = check->sha256 ? AL_HMAC_SHA256 : AL_HMAC_SHA1;
  uint8_t tid[AL_STUN_TID_BYTES];
  AlStunWriter out;
  size_t len;

  al_random_bytes (tid, sizeof tid);
  al_stun_begin (&out, data, size, check->cls, check->method != 0 ? check->method : AL_STUN_BINDING, tid);
  al_stun_put (&out, AL_STUN_USERNAME, name, strlen (name));
  al_stun_put_u32 (&out, AL_STUN_PRIORITY, check->priority);
  al_stun_put (&out, check->controlled ? AL_STUN_ICE_CONTROLLED : AL_STUN_ICE_CONTROLLING, tie_breaker, 8);
  if (check->use_candidate)
    al_stun_put (&out, AL_STUN_USE_CANDIDATE, NULL, 0);
  if (check->nomination != 0)
    al_stun_put_u32 (&out, 0xc001, check->nomination);
  if (check->extra != 0)
    al_stun_put (&out, check->extra, NULL, 0);
  if (!check->no_integrity)
    al_stun_put_integrity (&out, hmac, hash, check->pwd, strlen (check->pwd));
  if (!check->no_fingerprint)
    al_stun_put_fingerprint (&out);
  len = al_stun_end (&out);
  g_assert_cmpuint (len, >, 0);
  return len;
}
