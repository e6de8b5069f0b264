/* SPDX-License-Identifier: Apache-2.0 */
/* Binding (RFC 8489 §12): 32 bytes of answer for IPv4, 44 for IPv6: the least there can be. */
#include "relay/turn-private.h"

void
relay_binding (RelayRequest *request)
{
  AlStunWriter out;

  if (relay_discovery (request) || relay_reply_unknown (request, relay_known, RELAY_KNOWN_N) || !relay_reply_may (request))
    return;
  relay_reply_begin (request, &out, AL_STUN_SUCCESS);
  al_stun_put_addr (&out, AL_STUN_XOR_MAPPED_ADDRESS, &request->from->remote, false);
  relay_reply_end (request, &out);
  request->turn->stats.bindings++;
}
