/* SPDX-License-Identifier: Apache-2.0 */
/* Connect (RFC 6062 §5.2): the answer comes when the peer has been reached, or has not. */
#include "relay/turn-private.h"

/* Returns: 0, or the error code */
static unsigned
check (const RelayRequest *request, AlAddr *ret_peer)
{
  const RelayAlloc *alloc = request->alloc;
  const RelayEnd *end;
  AlStunAttr attr;

  if (alloc == NULL)
    return 437;
  if (!alloc->is_tcp)
    return 403;
  if (!al_stun_find (request->message, AL_STUN_XOR_PEER_ADDRESS, &attr)
      || !al_stun_attr_addr (request->message, &attr, false, ret_peer) || al_addr_get_port (ret_peer) == 0)
    return 400;
  *ret_peer = relay_link_from_bound (alloc, ret_peer); /* an address of ours has one name */
  end = &alloc->ends[relay_family_of (ret_peer)];
  if (end->socket == NULL)
    return 443;
  /* itself: the kernel would join the socket to itself */
  if (al_addr_equal (ret_peer, &end->relayed) || !relay_alloc_may_reach (alloc, ret_peer))
    {
      request->turn->stats.forbidden++;
      return 403;
    }
  if (relay_link_find (alloc, ret_peer) != NULL)
    return 446;
  return alloc->n_links >= RELAY_MAX_LINKS ? 508 : 0;
}

/* the request comes to mind again: @message and @ret_request are the caller's */
static void
restore_request (const RelayLink *link, AlStunMessage *message, RelayRequest *ret_request)
{
  *message = (AlStunMessage){ .tid = link->tid, .method = AL_STUN_CONNECT, .fingerprint = link->fingerprint };
  *ret_request = (RelayRequest){ .turn = link->alloc->turn, .from = &link->alloc->tuple, .message = message,
                                 .alloc = link->alloc, .verified = true };
  memcpy (ret_request->login.key, link->key, sizeof link->key);
  ret_request->login.key_len = link->key_len;
  ret_request->login.hash = link->hash;
}

static void
remember_request (RelayLink *link, const RelayRequest *request)
{
  memcpy (link->tid, request->message->tid, sizeof link->tid);
  memcpy (link->key, request->login.key, sizeof link->key);
  link->key_len = request->login.key_len;
  link->hash = request->login.hash;
  link->fingerprint = request->message->fingerprint != 0;
}

void
relay_connect (RelayRequest *request)
{
  RelayTurn *turn = request->turn;
  AlAddr peer, target;
  unsigned code = check (request, &peer);
  RelayLink *link;

  if (code != 0)
    {
      relay_reply_error (request, code);
      return;
    }
  link = relay_link_new (request->alloc, &peer, RELAY_LINK_CONNECTING, request->now_us);
  remember_request (link, request);
  target = relay_link_to_bound (request->alloc, &peer);
  link->connection = turn->io.connect (request->alloc->ends[relay_family_of (&peer)].socket, link, &target, turn->user);
  if (link->connection == NULL)
    relay_turn_on_connected (turn, link, false, request->now_us);
}

void
relay_turn_on_connected (RelayTurn *turn, RelayLink *link, bool ok, int64_t now_us)
{
  AlStunMessage message;
  RelayRequest request;
  AlStunWriter out;

  restore_request (link, &message, &request);
  if (ok)
    {
      relay_link_set_state (link, RELAY_LINK_WAITING, now_us);
      turn->stats.links[RELAY_CONNECTED]++;
      relay_reply_begin (&request, &out, AL_STUN_SUCCESS);
      al_stun_put_u32 (&out, AL_STUN_CONNECTION_ID, link->id);
      relay_reply_end (&request, &out);
      return;
    }
  turn->stats.failed_links++;
  relay_reply_error (&request, 447);
  relay_link_free (link);
}
