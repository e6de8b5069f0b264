/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams that wait for a full socket, in packets of the hub's pool. Thread of the loop. */
#include <string.h>
#include <sys/epoll.h>

#include "base/udp-private.h"

void
al_udp_wait_init (AlUdpHub *hub)
{
  hub->waiting = g_new (AlUdpWaiting, AL_UDP_WAITING);
  for (uint32_t i = 0; i < AL_UDP_WAITING; i++)
    hub->waiting[i].next = i + 1 < AL_UDP_WAITING ? i + 1 : AL_UDP_NONE;
  hub->free_waiting = 0;
}

void
al_udp_wait_clear (AlUdpHub *hub)
{
  g_free (hub->waiting);
  al_pool_free (hub->pool);
}

static void
drop_oldest_waiting (AlUdp *udp)
{
  AlUdpHub *hub = udp->hub;
  uint32_t i = udp->first_waiting;
  AlUdpWaiting *oldest = &hub->waiting[i];

  al_pkt_unref (oldest->pkt);
  udp->first_waiting = oldest->next;
  if (udp->first_waiting == AL_UDP_NONE)
    udp->last_waiting = AL_UDP_NONE;
  udp->n_waiting--;
  oldest->next = hub->free_waiting;
  hub->free_waiting = i;
}

void
al_udp_drop_waiting (AlUdp *udp)
{
  while (udp->n_waiting > 0)
    {
      drop_oldest_waiting (udp);
      udp->stats.tx_dropped_full++;
    }
}

/* Returns: (transfer full): @tx as a packet of its own; NULL: no room. */
static AlPkt *
make_pkt (AlUdp *udp, AlUdpTx *tx)
{
  AlUdpHub *hub = udp->hub;
  size_t len = (size_t) tx->head_len + tx->body_len;
  AlPkt *pkt;

  if (tx->pkt != NULL && tx->head_len == 0)
    return g_steal_pointer (&tx->pkt);
  /* made here, and not at start, because most hubs never see a full socket, and its owner is this thread for sure */
  if (hub->pool == NULL)
    hub->pool = al_pool_new (AL_UDP_WAITING, AL_PKT_SIZE, NULL);
  pkt = hub->pool != NULL ? al_pool_take (hub->pool) : NULL;
  if (pkt == NULL)
    return NULL;
  if (tx->head_len > 0)
    memcpy (pkt->data, tx->head, tx->head_len);
  if (tx->body_len > 0)
    memcpy (pkt->data + tx->head_len, tx->body, tx->body_len);
  pkt->len = (uint16_t) len;
  return pkt;
}

/* Room is made by dropping this socket's oldest: media that is late is worth nothing. */
void
al_udp_wait (AlUdp *udp, AlUdpTx *tx, const AlAddr *to, const AlAddr *local)
{
  AlUdpHub *hub = udp->hub;
  AlUdpWaiting *entry;
  uint32_t i;

  if (tx->pkt == NULL && (size_t) tx->head_len + tx->body_len > AL_PKT_SIZE)
    {
      udp->stats.tx_dropped_long++;
      return;
    }
  while (udp->n_waiting > 0 && (udp->n_waiting >= udp->max_waiting || hub->free_waiting == AL_UDP_NONE))
    {
      drop_oldest_waiting (udp);
      udp->stats.tx_dropped_full++;
    }
  i = hub->free_waiting;
  entry = i != AL_UDP_NONE ? &hub->waiting[i] : NULL;
  if (entry == NULL || (entry->pkt = make_pkt (udp, tx)) == NULL)
    {
      g_clear_pointer (&tx->pkt, al_pkt_unref);
      udp->stats.tx_dropped_full++;
      return;
    }
  hub->free_waiting = entry->next;
  entry->to = *to;
  entry->local = *local;
  entry->next = AL_UDP_NONE;
  if (udp->last_waiting != AL_UDP_NONE)
    hub->waiting[udp->last_waiting].next = i;
  else
    udp->first_waiting = i;
  udp->last_waiting = i;
  udp->n_waiting++;
}

void
al_udp_unblock (AlUdp *udp)
{
  AlUdpHub *hub = udp->hub;

  if (!udp->blocked)
    return;
  al_udp_hub_flush (hub); /* an empty queue has room for all that wait */
  udp->blocked = false;
  al_watch_modify (&udp->watch, EPOLLIN);
  while (udp->n_waiting > 0)
    {
      AlUdpWaiting *oldest = &hub->waiting[udp->first_waiting];
      AlUdpTx tx = { .body = oldest->pkt->data + oldest->pkt->offset, .body_len = oldest->pkt->len,
                     .pkt = al_pkt_ref (oldest->pkt) };

      al_udp_enqueue (udp, &oldest->to, &oldest->local, &tx);
      drop_oldest_waiting (udp);
    }
  al_loop_defer (hub->loop, &hub->defer);
}
