/* SPDX-License-Identifier: Apache-2.0 */
/* CreatePermission (RFC 8656 §10): all of its peers, or none. */
#include "relay/turn-private.h"

/* Returns: 0, or the error code */
static unsigned
check_peer (const RelayRequest *request, const AlStunAttr *attr, AlAddr *ret_peer)
{
  if (!al_stun_attr_addr (request->message, attr, false, ret_peer))
    return 400;
  if (request->alloc->ends[relay_family_of (ret_peer)].socket == NULL)
    return 443;
  al_addr_set_port (ret_peer, 0); /* "the port portion is ignored" */
  return relay_policy_check (request->turn->config->policy, ret_peer) == RELAY_PEER_DENIED ? 403 : 0;
}

void
relay_create_permission (RelayRequest *request)
{
  AlStunAttr attr = { 0 };
  AlAddr peers[RELAY_MAX_PEERS];
  AlStunWriter out;
  unsigned n = 0, code = 0;

  if (request->alloc == NULL)
    {
      relay_reply_error (request, 437);
      return;
    }
  while (code == 0 && al_stun_next (request->message, &attr))
    if (attr.type == AL_STUN_XOR_PEER_ADDRESS)
      code = n >= RELAY_MAX_PEERS ? 508 : check_peer (request, &attr, &peers[n++]);
  if (code == 0 && n == 0)
    code = 400;
  if (code == 0 && !relay_alloc_can_permit (request->alloc, peers, n, request->now_us))
    code = 508;
  if (code != 0)
    {
      request->turn->stats.forbidden += code == 403;
      relay_reply_error (request, code);
      return;
    }
  relay_alloc_permit (request->alloc, peers, n, request->now_us);
  relay_reply_begin (request, &out, AL_STUN_SUCCESS);
  relay_reply_end (request, &out);
}
