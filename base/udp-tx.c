/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queueing what is to be sent, in trains: same socket, same destination, same length. udp-flush.c sends them at the end
 * of the turn. Thread of the loop.
 */
#include <string.h>

#include "base/udp-private.h"

#define MAX_HEAD 64

void
al_udp_tx_init (AlUdpHub *hub)
{
  hub->tx = g_new (AlUdpTx, AL_UDP_TX_QUEUE);
  hub->trains = g_new (AlUdpTrain, AL_UDP_TX_QUEUE);
  hub->batch = g_new0 (AlUdpBatch, 1);
  hub->epoch = 1;
}

void
al_udp_tx_clear (AlUdpHub *hub)
{
  g_free (hub->tx);
  g_free (hub->trains);
  g_free (hub->batch);
}

static uint32_t
hash_destination (const AlUdp *udp, const AlAddr *to)
{
  uint64_t mixed = (uintptr_t) udp >> 6;

  if (to->sa.sa_family == AF_INET)
    mixed ^= (uint64_t) to->in4.sin_addr.s_addr << 16 | to->in4.sin_port;
  else if (to->sa.sa_family == AF_INET6)
    {
      uint64_t halves[2];

      memcpy (halves, &to->in6.sin6_addr, sizeof halves);
      mixed ^= (halves[0] * UINT64_C (0x9e3779b97f4a7c15)) ^ halves[1] ^ to->in6.sin6_port;
    }
  mixed *= UINT64_C (0x9e3779b97f4a7c15);
  return (uint32_t) (mixed >> 32);
}

static bool
goes_to (const AlUdpTrain *train, const AlUdp *udp, const AlAddr *to, const AlAddr *local)
{
  return train->udp == udp && al_udp_same_address (&train->to, to) && al_udp_same_address (&train->local, local);
}

static bool
has_room (const AlUdpTrain *train, uint32_t len)
{
  return !train->closed && len <= train->segment && len > 0 && train->bytes + len <= AL_UDP_MAX_SEND;
}

static void
join (AlUdpHub *hub, AlUdpTrain *train, uint32_t index, uint32_t len)
{
  hub->tx[train->last].next = index;
  train->last = index;
  train->bytes += len;
  train->n++;
  train->closed = len < train->segment || train->n == AL_UDP_TX_SEGMENTS;
}

static uint32_t
start_train (AlUdp *udp, const AlAddr *to, const AlAddr *local, uint32_t index, uint32_t len)
{
  AlUdpHub *hub = udp->hub;
  uint32_t i = hub->n_trains++;

  hub->trains[i] = (AlUdpTrain){ .udp = udp, .to = *to, .local = *local, .first = index, .last = index,
                                 .next = AL_UDP_NONE, .bytes = len, .segment = (uint16_t) len, .n = 1,
                                 .closed = len == 0 };
  if (udp->last_train != AL_UDP_NONE)
    hub->trains[udp->last_train].next = i;
  else
    udp->first_train = i;
  udp->last_train = i;
  if (!udp->pending)
    {
      udp->pending = true;
      udp->next_pending = NULL;
      *hub->pending_end = udp;
      hub->pending_end = &udp->next_pending;
    }
  return i;
}

/* The slot of a destination; else one of its bucket that is free, or that of another destination, by turns: whose newest
 * train cannot be found any more begins a new one. */
static AlUdpSlot *
find_slot (AlUdp *udp, const AlAddr *to, const AlAddr *local)
{
  AlUdpHub *hub = udp->hub;
  uint32_t hash = hash_destination (udp, to);
  /* by the upper bits: in a product the lower ones know nothing of the upper ones of an address */
  uint32_t n = (uint32_t) ((uint64_t) hash * (AL_UDP_TX_TABLE / AL_UDP_TX_WAYS) >> 32);
  AlUdpSlot *bucket = &hub->table[n * AL_UDP_TX_WAYS], *slot;

  for (unsigned i = 0; i < AL_UDP_TX_WAYS; i++)
    if (bucket[i].epoch != hub->epoch)
      {
        bucket[i] = (AlUdpSlot){ hub->epoch, hash, AL_UDP_NONE };
        return &bucket[i];
      }
    else if (bucket[i].hash == hash && goes_to (&hub->trains[bucket[i].train], udp, to, local))
      return &bucket[i];
  slot = &bucket[hub->n_trains % AL_UDP_TX_WAYS];
  *slot = (AlUdpSlot){ hub->epoch, hash, AL_UDP_NONE };
  return slot;
}

/* A destination's newest train is the only one that can be found, so its datagrams keep their order. */
void
al_udp_enqueue (AlUdp *udp, const AlAddr *to, const AlAddr *local, const AlUdpTx *tx)
{
  AlUdpHub *hub = udp->hub;
  uint32_t index = hub->n_tx++, len = tx->head_len + tx->body_len;
  AlUdpSlot *slot;

  hub->tx[index] = *tx;
  hub->tx[index].next = AL_UDP_NONE;
  if ((hub->offload & AL_UDP_GSO) == 0)
    {
      (void) start_train (udp, to, local, index, len);
      return;
    }
  if (udp->open_epoch == hub->epoch && has_room (&hub->trains[udp->open_train], len)
      && goes_to (&hub->trains[udp->open_train], udp, to, local))
    {
      join (hub, &hub->trains[udp->open_train], index, len);
      return;
    }
  slot = find_slot (udp, to, local);
  if (slot->train != AL_UDP_NONE && has_room (&hub->trains[slot->train], len))
    join (hub, &hub->trains[slot->train], index, len);
  else
    slot->train = start_train (udp, to, local, index, len);
  udp->open_train = slot->train;
  udp->open_epoch = hub->epoch;
}

static const AlAddr no_address;

/* Common to all ways of sending. Takes what @tx owns. */
static void
submit (AlUdp *udp, const AlAddr *to, const AlAddr *local, AlUdpTx *tx)
{
  AlUdpHub *hub = udp->hub;

  if (to == NULL)
    to = &no_address;
  if (local == NULL)
    local = &no_address;
  if (tx->head_len + tx->body_len > AL_UDP_MAX_SEND)
    {
      g_clear_pointer (&tx->pkt, al_pkt_unref);
      udp->stats.tx_dropped_long++;
      return;
    }
  if (udp->blocked)
    {
      al_udp_wait (udp, tx, to, local);
      return;
    }
  al_udp_enqueue (udp, to, local, tx);
  if (hub->n_tx == AL_UDP_TX_QUEUE)
    al_udp_hub_flush (hub);
  else
    al_loop_defer (hub->loop, &hub->defer);
}

/* Room in the arena; what a reservation holds is given up. */
static uint8_t *
arena_take (AlUdpHub *hub, size_t len)
{
  uint8_t *at;

  hub->reserved = 0;
  if (hub->tx_used + len > AL_UDP_TX_ARENA)
    al_udp_hub_flush (hub);
  at = hub->tx_arena + hub->tx_used;
  hub->tx_used += len;
  return at;
}

void
al_udp_send (AlUdp *udp, const AlAddr *to, const AlAddr *local, const void *data, size_t len)
{
  AlUdpTx tx = { .body_len = (uint32_t) MIN (len, UINT16_MAX) };

  if (len <= AL_UDP_MAX_SEND)
    {
      uint8_t *copy = arena_take (udp->hub, len);

      if (len > 0)
        memcpy (copy, data, len);
      tx.body = copy;
    }
  submit (udp, to, local, &tx);
}

static void
send_view (AlUdp *udp, const AlAddr *to, const AlAddr *local, const void *head, size_t head_len, const void *body,
           size_t body_len)
{
  AlUdpHub *hub = udp->hub;
  AlUdpTx tx = { .body = body, .body_len = (uint32_t) MIN (body_len, UINT16_MAX), .head_len = (uint16_t) head_len };

  if (head_len > 0)
    {
      uint8_t *copy = arena_take (hub, head_len);

      memcpy (copy, head, head_len);
      tx.head = copy;
    }
  submit (udp, to, local, &tx);
  /* after submit(), which may have flushed: a flush lets go of the arena */
  if (hub->n_tx > 0 && tx.body >= hub->rx_arena && tx.body < hub->rx_arena + AL_UDP_RX_ARENA)
    hub->rx_held = true;
}

void
al_udp_send_view (AlUdp *udp, const AlAddr *to, const AlAddr *local, const void *head, size_t head_len,
                  const void *body, size_t body_len)
{
  g_return_if_fail (head_len <= MAX_HEAD);
  udp->hub->reserved = 0;
  send_view (udp, to, local, head, head_len, body, body_len);
}

void
al_udp_send_pkt (AlUdp *udp, const AlAddr *to, const AlAddr *local, AlPkt *pkt)
{
  AlUdpTx tx = { .body = pkt->data + pkt->offset, .body_len = pkt->len, .pkt = al_pkt_ref (pkt) };

  udp->hub->reserved = 0;
  submit (udp, to, local, &tx);
}

void
al_udp_send_burst (AlUdp *udp, const AlAddr *to, const AlAddr *local, const struct iovec *bodies, unsigned n)
{
  udp->hub->reserved = 0;
  for (unsigned i = 0; i < n; i++)
    send_view (udp, to, local, NULL, 0, bodies[i].iov_base, bodies[i].iov_len);
}

uint8_t *
al_udp_reserve (AlUdp *udp, size_t max_len)
{
  AlUdpHub *hub = udp->hub;
  uint8_t *at;

  g_return_val_if_fail (max_len >= 1 && max_len <= AL_UDP_MAX_DATAGRAM, NULL);
  at = arena_take (hub, max_len);
  hub->tx_used -= max_len;
  hub->reserved = max_len;
  return at;
}

void
al_udp_commit (AlUdp *udp, const AlAddr *to, const AlAddr *local, size_t len)
{
  AlUdpHub *hub = udp->hub;
  AlUdpTx tx = { .body = hub->tx_arena + hub->tx_used, .body_len = (uint32_t) len };

  g_return_if_fail (len <= hub->reserved);
  hub->reserved = 0;
  hub->tx_used += len;
  submit (udp, to, local, &tx);
}
