/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peers' connections of allocations of TCP (RFC 6062 §5): found by CONNECTION-ID, ended when they are not joined in time.
 * The id is 24 random bits and, below, the worker whose allocation it is: a ConnectionBind may arrive at another one.
 */
#include "base/random.h"
#include "relay/turn-private.h"

#define JOIN_US (30 * (int64_t) G_USEC_PER_SEC) /* RFC 6062 §5.2, §5.3: to connect, and then to be joined */
#define WORKER_BITS 8

static const uint8_t allowed_edges[] = {
  [RELAY_LINK_CONNECTING] = 1u << RELAY_LINK_WAITING,
  [RELAY_LINK_WAITING] = 1u << RELAY_LINK_JOINED,
  [RELAY_LINK_JOINED] = 0,
};

static void
on_timer (AlTimer *timer, void *user)
{
  RelayLink *link = user;
  RelayTurn *turn = link->alloc->turn;

  if (link->state == RELAY_LINK_CONNECTING)
    {
      turn->io.hangup (link->connection, turn->user);
      relay_turn_on_connected (turn, link, false, 0);
    }
  else
    relay_link_end (link);
}

static void
start_timer (RelayLink *link, int64_t now_us)
{
  al_timer_set (link->alloc->turn->wheel, &link->timer, now_us + JOIN_US);
}

static uint32_t
choose_id (const RelayTurn *turn)
{
  uint32_t id;

  do
    {
      al_random_bytes (&id, sizeof id);
      id = id << WORKER_BITS | turn->worker;
    }
  while (g_hash_table_contains (turn->links, GUINT_TO_POINTER (id)));
  return id;
}

RelayLink *
relay_link_new (RelayAlloc *alloc, const AlAddr *peer, RelayLinkState state, int64_t now_us)
{
  RelayTurn *turn = alloc->turn;
  RelayLink *link = g_new0 (RelayLink, 1);

  link->alloc = alloc;
  link->peer = *peer;
  link->state = state;
  link->id = choose_id (turn);
  al_timer_init (&link->timer, on_timer, link);
  start_timer (link, now_us);
  link->next = alloc->links;
  alloc->links = link;
  alloc->n_links++;
  (void) g_hash_table_insert (turn->links, GUINT_TO_POINTER (link->id), link);
  turn->stats.active_links++;
  return link;
}

RelayLink *
relay_link_find (const RelayAlloc *alloc, const AlAddr *peer)
{
  RelayLink *link = alloc->links;

  while (link != NULL && !al_addr_equal (&link->peer, peer))
    link = link->next;
  return link;
}

void
relay_link_set_state (RelayLink *link, RelayLinkState state, int64_t now_us)
{
  g_assert ((allowed_edges[link->state] & (1u << state)) != 0);
  link->state = state;
  if (state == RELAY_LINK_WAITING)
    start_timer (link, now_us);
  else
    al_timer_cancel (&link->timer);
}

void
relay_link_free (RelayLink *link)
{
  RelayAlloc *alloc = link->alloc;
  RelayLink **at = &alloc->links;

  while (*at != link)
    at = &(*at)->next;
  *at = link->next;
  alloc->n_links--;
  alloc->turn->stats.active_links--;
  (void) g_hash_table_remove (alloc->turn->links, GUINT_TO_POINTER (link->id));
  al_timer_cancel (&link->timer);
  g_free (link);
}

void
relay_link_end (RelayLink *link)
{
  RelayTurn *turn = link->alloc->turn;

  turn->io.hangup (link->connection, turn->user);
  relay_link_free (link);
}

void
relay_link_apply_policy (RelayAlloc *alloc)
{
  for (RelayLink *link = alloc->links, *next; link != NULL; link = next)
    {
      next = link->next;
      if (!relay_alloc_may_reach (alloc, &link->peer))
        relay_link_end (link);
    }
}

AlAddr
relay_link_to_bound (const RelayAlloc *alloc, const AlAddr *peer)
{
  const RelayTurnConfig *config = alloc->turn->config;
  RelayFamily family = relay_family_of (peer);
  AlAddr addr = *peer;

  if (al_addr_equal_host (peer, &config->advertised[family]))
    {
      addr = config->bind[family];
      al_addr_set_port (&addr, al_addr_get_port (peer));
    }
  return addr;
}

AlAddr
relay_link_from_bound (const RelayAlloc *alloc, const AlAddr *peer)
{
  const RelayTurnConfig *config = alloc->turn->config;
  RelayFamily family = relay_family_of (peer);
  AlAddr addr = *peer;

  if (config->advertised[family].sa.sa_family != AF_UNSPEC && al_addr_equal_host (peer, &config->bind[family]))
    {
      addr = config->advertised[family];
      al_addr_set_port (&addr, al_addr_get_port (peer));
    }
  return addr;
}

void
relay_turn_on_hung_up (RelayTurn *turn, RelayLink *link, int64_t now_us)
{
  relay_link_free (link);
}

int64_t
relay_turn_on_carried (RelayTurn *turn, RelayLink *link, bool from_client, size_t len, int64_t now_us)
{
  RelayAlloc *alloc = link->alloc;
  RelayFamily family = relay_family_of (&link->peer);
  RelayTraffic *own = &alloc->traffic[family], *total = &turn->stats.traffic[alloc->tuple.transport][family];

  if (from_client)
    {
      own->rx_bytes += len;
      total->rx_bytes += len;
    }
  else
    {
      own->tx_bytes += len;
      total->tx_bytes += len;
    }
  return relay_alloc_charge (alloc, from_client ? RELAY_FROM_CLIENT : RELAY_TO_CLIENT, len, now_us);
}
