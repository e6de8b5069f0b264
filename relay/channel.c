/* SPDX-License-Identifier: Apache-2.0 */
/* ChannelBind (RFC 8656 §12.2). */
#include "relay/turn-private.h"

/* Returns: 0, or the error code */
static unsigned
read_binding (const RelayRequest *request, uint16_t *ret_number, AlAddr *ret_peer)
{
  AlStunAttr attr;
  uint32_t number;

  if (!al_stun_find_u32 (request->message, AL_STUN_CHANNEL_NUMBER, &number)
      || !al_stun_find (request->message, AL_STUN_XOR_PEER_ADDRESS, &attr)
      || !al_stun_attr_addr (request->message, &attr, false, ret_peer))
    return 400;
  *ret_number = (uint16_t) (number >> 16);
  if (*ret_number < CHANNEL_FIRST || *ret_number > CHANNEL_LAST || al_addr_get_port (ret_peer) == 0)
    return 400;
  if (request->alloc->ends[relay_family_of (ret_peer)].socket == NULL)
    return 443;
  return relay_policy_check (request->turn->config->policy, ret_peer) == RELAY_PEER_DENIED ? 403 : 0;
}

/* expired ones go, so that every number and every peer is there once */
static void
remove_expired (RelayAlloc *alloc, int64_t now_us)
{
  unsigned n = 0;

  for (unsigned i = 0; i < alloc->n_channels; i++)
    if (alloc->channels[i].expires_us > now_us)
      alloc->channels[n++] = alloc->channels[i];
  alloc->n_channels = (uint8_t) n;
  alloc->last_channel = alloc->last_outward = 0;
}

/* the channel to be bound: the one that is so already, or a new one. NULL with @ret_code otherwise */
static RelayChannel *
get_channel (RelayAlloc *alloc, uint16_t number, const AlAddr *peer, int64_t now_us, unsigned *ret_code)
{
  unsigned n;

  for (unsigned i = 0; i < alloc->n_channels; i++)
    {
      RelayChannel *channel = &alloc->channels[i];
      bool same_number = channel->number == number, same_peer = al_addr_equal (&channel->peer, peer);

      if (channel->expires_us <= now_us || (!same_number && !same_peer))
        continue;
      if (same_number && same_peer)
        return channel;
      *ret_code = 400; /* neither number nor peer may be in another binding */
      return NULL;
    }
  remove_expired (alloc, now_us);
  n = alloc->n_channels;
  if (n >= RELAY_MAX_PEERS)
    {
      *ret_code = 508;
      return NULL;
    }
  if ((n & (n - 1)) == 0)
    alloc->channels = g_renew (RelayChannel, alloc->channels, n == 0 ? 1 : 2 * n);
  return &alloc->channels[alloc->n_channels++];
}

void
relay_channel_bind (RelayRequest *request)
{
  RelayAlloc *alloc = request->alloc;
  RelayChannel *channel = NULL;
  AlStunWriter out;
  AlAddr peer;
  uint16_t number;
  unsigned code;

  if (alloc == NULL)
    {
      relay_reply_error (request, 437);
      return;
    }
  code = alloc->is_tcp ? 403 : read_binding (request, &number, &peer); /* RFC 6062 has no channels */
  if (code == 0 && !relay_alloc_can_permit (alloc, &peer, 1, request->now_us))
    code = 508;
  if (code == 0)
    channel = get_channel (alloc, number, &peer, request->now_us, &code);
  if (channel == NULL)
    {
      request->turn->stats.forbidden += code == 403 && !alloc->is_tcp;
      relay_reply_error (request, code);
      return;
    }
  relay_alloc_permit (alloc, &peer, 1, request->now_us);
  channel->number = number;
  channel->peer = peer;
  channel->checked = 0;
  channel->expires_us = request->now_us + CHANNEL_US;
  relay_reply_begin (request, &out, AL_STUN_SUCCESS);
  relay_reply_end (request, &out);
}
