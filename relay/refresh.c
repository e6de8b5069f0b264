/* SPDX-License-Identifier: Apache-2.0 */
/* Refresh (RFC 8656 §8). */
#include "relay/turn-private.h"

static bool
is_family_right (const RelayRequest *request)
{
  AlStunAttr attr;

  if (!al_stun_find (request->message, AL_STUN_REQUESTED_ADDRESS_FAMILY, &attr))
    return true;
  return attr.len == 4 && (attr.value[0] == 1 || attr.value[0] == 2)
         && request->alloc->ends[attr.value[0] == 2 ? RELAY_IPV6 : RELAY_IPV4].socket != NULL;
}

void
relay_refresh (RelayRequest *request)
{
  RelayAlloc *alloc = request->alloc;
  uint32_t lifetime_s = LIFETIME_DEFAULT_S;
  AlStunWriter out;

  if (alloc == NULL)
    {
      relay_reply_error (request, 437);
      return;
    }
  if (!is_family_right (request))
    {
      relay_reply_error (request, 443);
      return;
    }
  if (al_stun_find_u32 (request->message, AL_STUN_LIFETIME, &lifetime_s) && lifetime_s == 0)
    relay_alloc_end (alloc, RELAY_END_DELETED, request->now_us);
  else
    {
      lifetime_s = relay_alloc_choose_lifetime (request);
      relay_alloc_set_lifetime (alloc, lifetime_s, request->now_us);
    }
  relay_reply_begin (request, &out, AL_STUN_SUCCESS);
  al_stun_put_u32 (&out, AL_STUN_LIFETIME, lifetime_s);
  relay_reply_end (request, &out);
}
