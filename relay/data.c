/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data path: ChannelData and Send from the client, datagrams from its peers (RFC 8656 §11, §12.6, §12.7).
 *
 *    ChannelData:  | channel number, 16 bits | length, 16 bits | data ... (padded to fours on TCP and TLS)
 *
 * No allocation, no clock, nothing formatted.
 */
#include "base/dtls.h"
#include "relay/mobility.h"

#define CHANNEL_HEADER 4
#define REFILL_MAX_US (600 * (int64_t) G_USEC_PER_SEC) /* fills any budget, pays any debt, and keeps the product small */

static void
refill (RelayBudget *budget, const RelayTurnConfig *config, int64_t now_us)
{
  /* whole bytes would lose a part of one with every packet */
  int64_t burst = ((int64_t) (config->max_bps / 8 / 4) + 1500) * G_USEC_PER_SEC; /* a quarter of a second */

  budget->credit += CLAMP (now_us - budget->then_us, 0, REFILL_MAX_US) * (int64_t) (config->max_bps / 8);
  budget->credit = MIN (budget->credit, burst);
  budget->then_us = now_us;
}

static bool
has_user_limit (const RelayTurn *turn)
{
  return turn->config->max_user_bps > 0 && turn->shared.bandwidth != NULL;
}

/* Returns: false when there is no bandwidth left, which has been counted */
static bool
spend (RelayAlloc *alloc, RelayDirection direction, size_t len, int64_t now_us)
{
  RelayTurn *turn = alloc->turn;
  RelayBudget *budget = &alloc->budgets[direction];
  int64_t price = turn->config->max_bps == 0 ? 0 : (int64_t) len * G_USEC_PER_SEC;

  if (price > 0)
    refill (budget, turn->config, now_us);
  if (price > 0 && budget->credit < price)
    {
      turn->stats.dropped[RELAY_DROP_BANDWIDTH]++;
      return false;
    }
  if (has_user_limit (turn)
      && !relay_bandwidth_spend (turn->shared.bandwidth, alloc->user_slot, direction, turn->config->max_user_bps, len, now_us))
    {
      turn->stats.dropped[RELAY_DROP_USER_BANDWIDTH]++;
      return false;
    }
  budget->credit -= price;
  return true;
}

int64_t
relay_alloc_charge (RelayAlloc *alloc, RelayDirection direction, size_t len, int64_t now_us)
{
  const RelayTurn *turn = alloc->turn;
  RelayBudget *budget = &alloc->budgets[direction];
  int64_t wait_us = 0, of_user_us = 0;

  if (turn->config->max_bps >= 8)
    {
      refill (budget, turn->config, now_us);
      budget->credit -= (int64_t) len * G_USEC_PER_SEC;
      wait_us = budget->credit >= 0 ? 0 : -budget->credit / (int64_t) (turn->config->max_bps / 8) + 1;
    }
  if (has_user_limit (turn))
    of_user_us = relay_bandwidth_charge (turn->shared.bandwidth, alloc->user_slot, direction, turn->config->max_user_bps,
                                         len, now_us);
  return MAX (wait_us, of_user_us);
}

static RelayChannel *
find_channel (RelayAlloc *alloc, uint16_t number, int64_t now_us)
{
  unsigned at = alloc->last_outward;

  for (unsigned i = 0; i < alloc->n_channels; i++, at = at + 1u >= alloc->n_channels ? 0 : at + 1)
    if (alloc->channels[at].number == number)
      {
        alloc->last_outward = (uint8_t) at;
        return alloc->channels[at].expires_us > now_us ? &alloc->channels[at] : NULL;
      }
  return NULL;
}

static RelayChannel *
find_channel_of (RelayAlloc *alloc, const AlAddr *peer, int64_t now_us)
{
  unsigned at = alloc->last_channel;

  for (unsigned i = 0; i < alloc->n_channels; i++, at = at + 1u >= alloc->n_channels ? 0 : at + 1)
    if (al_addr_equal (&alloc->channels[at].peer, peer))
      {
        alloc->last_channel = (uint8_t) at;
        return alloc->channels[at].expires_us > now_us ? &alloc->channels[at] : NULL;
      }
  return NULL;
}

/* a Data indication (RFC 8656 §11.4). The transaction id says nothing; the count keeps them apart */
static void
send_indication (RelayAlloc *alloc, const AlAddr *from, const uint8_t *data, size_t len)
{
  RelayTurn *turn = alloc->turn;
  uint8_t tid[AL_STUN_TID_BYTES] = { 0 };
  AlStunWriter out;
  size_t n;

  turn->n_indications++;
  memcpy (tid + 4, &turn->n_indications, sizeof turn->n_indications);
  al_stun_begin (&out, turn->indication, sizeof turn->indication, AL_STUN_INDICATION, AL_STUN_DATA, tid);
  al_stun_put_addr (&out, AL_STUN_XOR_PEER_ADDRESS, from, false);
  al_stun_put (&out, AL_STUN_DATA_VALUE, data, len);
  n = al_stun_end (&out);
  if (n > 0)
    turn->io.send (&alloc->tuple, turn->indication, n, turn->user);
}

/* the client's record, if there are any: with the channel's header, or the indication's and its attributes (RFC 8656 §11.4) */
static bool
fits (const RelayAlloc *alloc, const AlAddr *from, bool has_channel, size_t len)
{
  size_t around = has_channel ? CHANNEL_HEADER : relay_family_of (from) == RELAY_IPV6 ? 48 : 36;

  return alloc->tuple.transport != RELAY_DTLS || around + (has_channel ? len : (len + 3) / 4 * 4) <= AL_DTLS_RECORD_MAX;
}

/* to the client, in a channel if there is one */
static void
deliver (RelayAlloc *alloc, const AlAddr *from, const uint8_t *data, size_t len, int64_t now_us)
{
  RelayTurn *turn = alloc->turn;
  RelayFamily family = relay_family_of (from);
  const RelayChannel *channel;

  if (!relay_mobility_is_here (alloc))
    {
      turn->stats.dropped[RELAY_DROP_AWAY]++;
      return;
    }
  if (relay_alloc_find_permission (alloc, from, now_us) == NULL)
    {
      turn->stats.dropped[RELAY_DROP_PERMISSION]++;
      return;
    }
  channel = find_channel_of (alloc, from, now_us);
  if (!fits (alloc, from, channel != NULL, len))
    {
      turn->stats.dropped[RELAY_DROP_LONG]++;
      return;
    }
  if (!spend (alloc, RELAY_TO_CLIENT, len, now_us))
    return;
  alloc->traffic[family].tx_pkts++;
  alloc->traffic[family].tx_bytes += len;
  turn->stats.traffic[alloc->tuple.transport][family].tx_pkts++;
  turn->stats.traffic[alloc->tuple.transport][family].tx_bytes += len;
  if (channel != NULL)
    {
      const uint8_t head[CHANNEL_HEADER] = { (uint8_t) (channel->number >> 8), (uint8_t) channel->number,
                                             (uint8_t) (len >> 8), (uint8_t) len };

      turn->io.pass (&alloc->tuple, head, data, len, turn->user);
    }
  else
    send_indication (alloc, from, data, len);
}

void
relay_turn_on_peer (RelayTurn *turn, RelayAlloc *alloc, const AlAddr *from, const uint8_t *data, size_t len,
                    int64_t now_us)
{
  if (len <= UINT16_MAX)
    deliver (alloc, from, data, len, now_us);
}

void
relay_turn_on_hairpin (RelayTurn *turn, const AlAddr *from, const AlAddr *to, const uint8_t *data, size_t len,
                       int64_t now_us)
{
  RelayFamily family = relay_family_of (to);
  RelayAlloc *alloc = turn->by_port[family] == NULL ? NULL : turn->by_port[family][al_addr_get_port (to)];

  if (alloc == NULL || !al_addr_equal (&alloc->ends[family].relayed, to))
    turn->stats.dropped[RELAY_DROP_POLICY]++;
  else
    {
      turn->stats.hairpins++;
      deliver (alloc, from, data, len, now_us);
    }
}

/* an address of ours: straight to the allocation behind it, with no socket in between; to nothing else of this host */
static void
hairpin (RelayAlloc *alloc, const AlAddr *peer, const uint8_t *data, size_t len, bool dont_fragment, int64_t now_us)
{
  RelayTurn *turn = alloc->turn;
  RelayFamily family = relay_family_of (peer);
  int worker = relay_ports_find (turn->shared.ports, family, al_addr_get_port (peer));

  if (worker == (int) turn->worker)
    relay_turn_on_hairpin (turn, &alloc->ends[family].relayed, peer, data, len, now_us);
  else if (worker >= 0)
    turn->io.hairpin ((unsigned) worker, &alloc->ends[family].relayed, peer, data, len, turn->user);
  else if (relay_policy_check (turn->config->policy, peer) == RELAY_PEER_ALLOWED)
    turn->io.relay (alloc->ends[family].socket, peer, data, len, dont_fragment, turn->user); /* loopback peers of a test */
  else
    turn->stats.dropped[RELAY_DROP_POLICY]++;
}

/* from the client to @peer, for whom there is a permission or a channel */
static void
send_outward (RelayAlloc *alloc, const AlAddr *peer, const uint8_t *data, size_t len, bool dont_fragment, int64_t now_us)
{
  RelayTurn *turn = alloc->turn;
  RelayFamily family = relay_family_of (peer);
  RelayEnd *end = &alloc->ends[family];
  RelayTraffic *total = &turn->stats.traffic[alloc->tuple.transport][family];

  if (!spend (alloc, RELAY_FROM_CLIENT, len, now_us))
    return;
  alloc->traffic[family].rx_pkts++;
  alloc->traffic[family].rx_bytes += len;
  total->rx_pkts++;
  total->rx_bytes += len;
  if (al_addr_equal_host (peer, &end->relayed))
    hairpin (alloc, peer, data, len, dont_fragment, now_us);
  else
    turn->io.relay (end->socket, peer, data, len, dont_fragment, turn->user);
}

/* asked anew only when there is a new policy, if nothing else can change the answer: the port of another address of ours
 * may be free by now; that of our relayed address hairpin() looks up anyhow */
static bool
may_use (RelayAlloc *alloc, RelayChannel *channel)
{
  RelayTurn *turn = alloc->turn;

  if (channel->checked == turn->policies)
    return true;
  if (!relay_alloc_may_reach (alloc, &channel->peer))
    return false;
  if (relay_policy_check (turn->config->policy, &channel->peer) == RELAY_PEER_ALLOWED
      || al_addr_equal_host (&channel->peer, &alloc->ends[relay_family_of (&channel->peer)].relayed))
    channel->checked = turn->policies;
  return true;
}

void
relay_data_channel (RelayTurn *turn, const RelayTuple *from, const uint8_t *data, size_t len, int64_t now_us)
{
  RelayAlloc *alloc = relay_alloc_find (turn, from);
  RelayChannel *channel;
  size_t data_len;

  if (alloc == NULL)
    {
      turn->stats.dropped[RELAY_DROP_UNAUTHORIZED]++;
      return;
    }
  data_len = len < CHANNEL_HEADER ? 0 : (size_t) (data[2] << 8 | data[3]);
  if (len < CHANNEL_HEADER || data_len > len - CHANNEL_HEADER)
    {
      turn->stats.dropped[RELAY_DROP_MALFORMED]++;
      return;
    }
  channel = find_channel (alloc, (uint16_t) (data[0] << 8 | data[1]), now_us);
  if (channel == NULL)
    turn->stats.dropped[RELAY_DROP_CHANNEL]++;
  else if (!may_use (alloc, channel))
    turn->stats.dropped[RELAY_DROP_POLICY]++;
  else
    send_outward (alloc, &channel->peer, data + CHANNEL_HEADER, data_len, false, now_us);
}

/* RFC 8656 §11.2: every fault drops the indication silently */
void
relay_data_send (RelayRequest *request)
{
  RelayTurn *turn = request->turn;
  RelayAlloc *alloc = request->alloc;
  AlStunAttr address, data;
  uint16_t unknown;
  AlAddr peer;

  if (alloc == NULL || alloc->is_tcp)
    turn->stats.dropped[RELAY_DROP_UNAUTHORIZED]++;
  else if (!al_stun_find (request->message, AL_STUN_XOR_PEER_ADDRESS, &address)
           || !al_stun_attr_addr (request->message, &address, false, &peer)
           || !al_stun_find (request->message, AL_STUN_DATA_VALUE, &data) || al_addr_get_port (&peer) == 0
           || al_stun_list_unknown (request->message, relay_known, RELAY_KNOWN_N, &unknown, 1) > 0)
    turn->stats.dropped[RELAY_DROP_MALFORMED]++;
  else if (alloc->ends[relay_family_of (&peer)].socket == NULL
           || relay_alloc_find_permission (alloc, &peer, request->now_us) == NULL)
    turn->stats.dropped[RELAY_DROP_PERMISSION]++;
  else if (!relay_alloc_may_reach (alloc, &peer)) /* the policy may have changed, and a port is known only now */
    turn->stats.dropped[RELAY_DROP_POLICY]++;
  else
    send_outward (alloc, &peer, data.value, data.len,
                  al_stun_find (request->message, AL_STUN_DONT_FRAGMENT, &address), request->now_us);
}
