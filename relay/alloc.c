/* SPDX-License-Identifier: Apache-2.0 */
/* Allocations (RFC 8656 §3.2): found by 5-tuple, ended by their timer; with their sockets, permissions and channels. */
#include "relay/mobility.h"

#define BUCKETS_MIN 64
#define OPEN_TRIES 16 /* ports that other programs of this host may hold */

/* what RelayPorts keeps for a port of TCP, where it makes no difference which worker has it: whether we listen there yet;
 * before that, and after, another program may */
enum { PORT_OPENING, PORT_LISTENS };

static unsigned
bucket_of (const RelayTurn *turn, const RelayTuple *tuple)
{
  uint8_t key[RELAY_TUPLE_KEY];
  size_t n = relay_tuple_write_key (tuple, key);

  return (unsigned) al_siphash (&turn->sip, key, n) & (turn->n_buckets - 1);
}

RelayAlloc *
relay_alloc_find (RelayTurn *turn, const RelayTuple *tuple)
{
  RelayAlloc *alloc = turn->last;

  if (alloc != NULL && relay_tuple_equal (&alloc->tuple, tuple))
    return alloc;
  if (turn->n_allocs == 0)
    return NULL;
  for (alloc = turn->buckets[bucket_of (turn, tuple)]; alloc != NULL; alloc = alloc->next)
    if (relay_tuple_equal (&alloc->tuple, tuple))
      return turn->last = alloc;
  return NULL;
}

static void
put (RelayTurn *turn, RelayAlloc *alloc)
{
  unsigned bucket = bucket_of (turn, &alloc->tuple);

  alloc->next = turn->buckets[bucket];
  turn->buckets[bucket] = alloc;
}

static void
grow (RelayTurn *turn)
{
  RelayAlloc **old = turn->buckets;
  unsigned n = turn->n_buckets;

  turn->n_buckets = n == 0 ? BUCKETS_MIN : 2 * n;
  turn->buckets = g_new0 (RelayAlloc *, turn->n_buckets);
  for (unsigned i = 0; i < n; i++)
    for (RelayAlloc *alloc = old[i], *next; alloc != NULL; alloc = next)
      {
        next = alloc->next;
        put (turn, alloc);
      }
  g_free (old);
}

void
relay_alloc_insert (RelayAlloc *alloc)
{
  RelayTurn *turn = alloc->turn;

  if (turn->n_allocs >= turn->n_buckets)
    grow (turn);
  put (turn, alloc);
  turn->n_allocs++;
  turn->last = alloc;
  turn->stats.active[alloc->tuple.transport]++;
}

void
relay_alloc_remove (RelayAlloc *alloc)
{
  RelayTurn *turn = alloc->turn;
  RelayAlloc **at = &turn->buckets[bucket_of (turn, &alloc->tuple)];

  while (*at != alloc)
    at = &(*at)->next;
  *at = alloc->next;
  turn->n_allocs--;
  if (turn->last == alloc)
    turn->last = NULL;
  turn->stats.active[alloc->tuple.transport]--;
  al_timer_cancel (&alloc->timer);
}

static void
on_timer (AlTimer *timer, void *user)
{
  RelayAlloc *alloc = user;

  relay_alloc_end (alloc, RELAY_END_EXPIRED, alloc->expires_us);
}

RelayAlloc *
relay_alloc_new (RelayRequest *request)
{
  RelayTurn *turn = request->turn;
  RelayAlloc *alloc = g_new0 (RelayAlloc, 1);

  alloc->turn = turn;
  alloc->tuple = *request->from;
  alloc->id_len = MIN (request->login.id_len, RELAY_USERNAME_MAX);
  alloc->id = g_malloc0 (alloc->id_len + 1u); /* not g_strndup(): there may be a NUL in it */
  memcpy (alloc->id, request->login.id, alloc->id_len);
  alloc->user_slot = relay_quota_find_slot (turn->shared.users, alloc->id, alloc->id_len);
  alloc->ends_s = request->login.expires_s;
  alloc->login_config = turn->policies;
  memcpy (alloc->key, request->login.key, sizeof alloc->key);
  alloc->key_len = request->login.key_len;
  alloc->hash = request->login.hash;
  memcpy (alloc->tid, request->message->tid, sizeof alloc->tid);
  alloc->made_us = request->now_us;
  al_timer_init (&alloc->timer, on_timer, alloc);
  relay_alloc_insert (alloc);
  turn->stats.allocations[alloc->tuple.transport]++;
  return alloc;
}

static void
close_end (RelayAlloc *alloc, RelayFamily family, int64_t now_us)
{
  RelayTurn *turn = alloc->turn;
  RelayEnd *end = &alloc->ends[family];

  if (end->socket == NULL)
    return;
  if (alloc->is_tcp)
    {
      for (RelayLink *link = alloc->links, *next; link != NULL; link = next)
        {
          next = link->next;
          if (relay_family_of (&link->peer) == family)
            relay_link_end (link);
        }
      relay_ports_move (turn->shared.tcp_ports, family, end->port, PORT_OPENING);
      turn->io.unlisten (end->socket, turn->user);
      relay_ports_give (turn->shared.tcp_ports, family, end->port, now_us);
    }
  else
    {
      turn->by_port[family][end->port] = NULL;
      turn->io.close (end->socket, turn->user);
      relay_ports_give (turn->shared.ports, family, end->port, now_us);
    }
  end->socket = NULL;
}

void
relay_alloc_close_family (RelayAlloc *alloc, RelayFamily family, int64_t now_us)
{
  close_end (alloc, family, now_us);
  for (unsigned i = 0; i < alloc->n_permissions; i++)
    if (relay_family_of (&alloc->permissions[i].host) == family)
      alloc->permissions[i].expires_us = INT64_MIN;
  for (unsigned i = 0; i < alloc->n_channels; i++)
    if (relay_family_of (&alloc->channels[i].peer) == family)
      alloc->channels[i].expires_us = INT64_MIN;
}

void
relay_alloc_apply_policy (RelayAlloc *alloc)
{
  const RelayPolicy *policy = alloc->turn->config->policy;

  for (unsigned i = 0; i < alloc->n_permissions; i++)
    if (relay_policy_check (policy, &alloc->permissions[i].host) == RELAY_PEER_DENIED)
      alloc->permissions[i].expires_us = INT64_MIN;
  for (unsigned i = 0; i < alloc->n_channels; i++)
    if (relay_policy_check (policy, &alloc->channels[i].peer) == RELAY_PEER_DENIED)
      alloc->channels[i].expires_us = INT64_MIN;
  relay_link_apply_policy (alloc);
}

void
relay_alloc_free (RelayAlloc *alloc)
{
  g_free (alloc->permissions);
  g_free (alloc->channels);
  g_free (alloc->mobility);
  g_free (alloc->id);
  g_free (alloc);
}

static void
end (RelayAlloc *alloc, int64_t now_us)
{
  RelayTurn *turn = alloc->turn;
  uint8_t key[AL_RATE_ADDR_KEY];
  size_t len = al_rate_addr_key (&alloc->tuple.remote, key);

  relay_alloc_remove (alloc);
  for (unsigned family = 0; family < RELAY_FAMILY_N; family++)
    close_end (alloc, (RelayFamily) family, now_us);
  relay_quota_give (turn->shared.users, alloc->id, alloc->id_len);
  relay_quota_give (turn->shared.sources, key, len);
  relay_alloc_free (alloc);
}

void
relay_alloc_undo (RelayAlloc *alloc, int64_t now_us)
{
  alloc->turn->stats.allocations[alloc->tuple.transport]--;
  end (alloc, now_us);
}

void
relay_alloc_end (RelayAlloc *alloc, RelayEndReason reason, int64_t now_us)
{
  RelayTurn *turn = alloc->turn;
  RelayAllocInfo info;

  relay_alloc_get_info (alloc, &info);
  end (alloc, now_us);
  turn->stats.ended[reason]++;
  if (turn->io.ended != NULL)
    turn->io.ended (&info, reason, turn->user);
}

void
relay_alloc_get_info (const RelayAlloc *alloc, RelayAllocInfo *ret_info)
{
  memset (ret_info, 0, sizeof *ret_info);
  memcpy (ret_info->id, alloc->id, MIN (alloc->id_len, RELAY_ID_MAX));
  ret_info->tuple = alloc->tuple;
  for (unsigned family = 0; family < RELAY_FAMILY_N; family++)
    {
      const RelayTraffic *traffic = &alloc->traffic[family];

      if (alloc->ends[family].socket != NULL)
        ret_info->relayed[family] = alloc->ends[family].relayed;
      ret_info->traffic.rx_pkts += traffic->rx_pkts;
      ret_info->traffic.rx_bytes += traffic->rx_bytes;
      ret_info->traffic.tx_pkts += traffic->tx_pkts;
      ret_info->traffic.tx_bytes += traffic->tx_bytes;
    }
  ret_info->made_us = alloc->made_us;
  ret_info->expires_us = alloc->expires_us;
  ret_info->permissions = alloc->n_permissions;
  ret_info->channels = alloc->n_channels;
  ret_info->links = alloc->n_links;
  ret_info->is_tcp = alloc->is_tcp;
}

const RelayTuple *
relay_alloc_get_client (const RelayAlloc *alloc)
{
  return &alloc->tuple;
}

/* RFC 8656 §7.2: at least the default, at most our maximum; and never past the credential's end */
uint32_t
relay_alloc_choose_lifetime (const RelayRequest *request)
{
  const RelayTurn *turn = request->turn;
  int64_t left_s = request->login.expires_s - (request->now_us + turn->epoch_us) / G_USEC_PER_SEC;
  uint32_t lifetime_s = LIFETIME_DEFAULT_S;

  if (al_stun_find_u32 (request->message, AL_STUN_LIFETIME, &lifetime_s))
    lifetime_s = CLAMP (lifetime_s, LIFETIME_DEFAULT_S, MAX (turn->config->max_lifetime_s, LIFETIME_DEFAULT_S));
  return (uint32_t) CLAMP (left_s, 1, lifetime_s);
}

void
relay_alloc_set_lifetime (RelayAlloc *alloc, uint32_t lifetime_s, int64_t now_us)
{
  alloc->expires_us = now_us + lifetime_s * (int64_t) G_USEC_PER_SEC;
  relay_alloc_set_timer (alloc);
}

void
relay_alloc_set_timer (RelayAlloc *alloc)
{
  al_timer_set (alloc->turn->wheel, &alloc->timer, alloc->expires_us);
}

void
relay_alloc_set_port (RelayAlloc *alloc, RelayFamily family)
{
  RelayTurn *turn = alloc->turn;

  if (turn->by_port[family] == NULL)
    turn->by_port[family] = g_new0 (RelayAlloc *, 65536);
  turn->by_port[family][alloc->ends[family].port] = alloc;
}

static void *
open_socket (RelayAlloc *alloc, const AlAddr *address)
{
  RelayTurn *turn = alloc->turn;

  return alloc->is_tcp ? turn->io.listen (alloc, address, turn->user)
                       : turn->io.open (alloc, address, turn->user);
}

static void
note_open (RelayAlloc *alloc, RelayFamily family, uint16_t port, const AlAddr *bound)
{
  RelayTurn *turn = alloc->turn;
  const AlAddr *advertised = &turn->config->advertised[family];
  RelayEnd *end = &alloc->ends[family];

  end->port = port;
  end->relayed = advertised->sa.sa_family != AF_UNSPEC ? *advertised : *bound;
  al_addr_set_port (&end->relayed, port);
  if (alloc->is_tcp)
    relay_ports_move (turn->shared.tcp_ports, family, port, PORT_LISTENS);
  else
    relay_alloc_set_port (alloc, family);
}

unsigned
relay_alloc_open (RelayAlloc *alloc, RelayFamily family, uint16_t port, bool even, bool pair, int64_t now_us)
{
  RelayTurn *turn = alloc->turn;
  RelayPorts *ports = alloc->is_tcp ? turn->shared.tcp_ports : turn->shared.ports;
  RelayEnd *end = &alloc->ends[family];
  AlAddr address = turn->config->bind[family];
  unsigned tries = port != 0 ? 1 : OPEN_TRIES; /* who comes with a token wants that port */

  if (address.sa.sa_family == AF_UNSPEC)
    {
      if (port != 0)
        relay_ports_give (ports, family, port, now_us);
      return 440;
    }
  for (unsigned i = 0; i < tries && end->socket == NULL; i++)
    {
      if (port == 0)
        port = relay_ports_take (ports, family, alloc->is_tcp ? PORT_OPENING : turn->worker, even, pair, now_us);
      if (port == 0)
        return 508;
      al_addr_set_port (&address, port);
      end->socket = open_socket (alloc, &address);
      if (end->socket != NULL)
        break;
      relay_ports_give (ports, family, port, now_us);
      if (pair)
        relay_ports_give (ports, family, (uint16_t) (port + 1), now_us);
      port = 0;
    }
  if (end->socket == NULL)
    return 508;
  note_open (alloc, family, port, &address);
  return 0;
}

bool
relay_alloc_may_reach (const RelayAlloc *alloc, const AlAddr *peer)
{
  const RelayTurn *turn = alloc->turn;
  const RelayFamily family = relay_family_of (peer);
  RelayPeer verdict = relay_policy_check (turn->config->policy, peer);

  if (verdict != RELAY_PEER_OURS)
    return verdict == RELAY_PEER_ALLOWED;
  return alloc->is_tcp ? relay_ports_find (turn->shared.tcp_ports, family, al_addr_get_port (peer)) == PORT_LISTENS
                       : relay_ports_find (turn->shared.ports, family, al_addr_get_port (peer)) >= 0;
}

/* of @peer's host, expired or not; from the one that was asked for last on */
static RelayPermission *
find_permission (RelayAlloc *alloc, const AlAddr *peer)
{
  unsigned at = alloc->last_permission;

  for (unsigned i = 0; i < alloc->n_permissions; i++, at = at + 1u >= alloc->n_permissions ? 0 : at + 1)
    if (al_addr_equal_host (&alloc->permissions[at].host, peer))
      {
        alloc->last_permission = (uint8_t) at;
        return &alloc->permissions[at];
      }
  return NULL;
}

RelayPermission *
relay_alloc_find_permission (RelayAlloc *alloc, const AlAddr *peer, int64_t now_us)
{
  RelayPermission *permission = find_permission (alloc, peer);

  return permission != NULL && permission->expires_us > now_us ? permission : NULL;
}

/* room for one more: a doubled array, or the place of one that has expired */
static RelayPermission *
get_free_permission (RelayAlloc *alloc, int64_t now_us)
{
  unsigned n = alloc->n_permissions;

  for (unsigned i = 0; i < n; i++)
    if (alloc->permissions[i].expires_us <= now_us)
      return &alloc->permissions[i];
  if (n >= RELAY_MAX_PEERS)
    return NULL;
  if ((n & (n - 1)) == 0)
    alloc->permissions = g_renew (RelayPermission, alloc->permissions, n == 0 ? 1 : 2 * n);
  return &alloc->permissions[alloc->n_permissions++];
}

bool
relay_alloc_can_permit (RelayAlloc *alloc, const AlAddr *peers, unsigned n, int64_t now_us)
{
  unsigned room = RELAY_MAX_PEERS - alloc->n_permissions, wanted = 0;
  bool renewed[RELAY_MAX_PEERS] = { false };

  for (unsigned i = 0; i < n; i++)
    {
      RelayPermission *permission = find_permission (alloc, &peers[i]);
      bool doubled = false;

      if (permission != NULL)
        renewed[permission - alloc->permissions] = true;
      for (unsigned j = 0; j < i && !doubled; j++)
        doubled = al_addr_equal_host (&peers[j], &peers[i]);
      wanted += permission == NULL && !doubled;
    }
  for (unsigned i = 0; i < alloc->n_permissions; i++)
    room += !renewed[i] && alloc->permissions[i].expires_us <= now_us;
  return wanted <= room;
}

void
relay_alloc_permit (RelayAlloc *alloc, const AlAddr *peers, unsigned n, int64_t now_us)
{
  /* those that are there first, so that no new one takes the place of one that is asked for too */
  for (unsigned i = 0; i < n; i++)
    {
      RelayPermission *permission = find_permission (alloc, &peers[i]);

      if (permission != NULL)
        permission->expires_us = now_us + PERMISSION_US;
    }
  for (unsigned i = 0; i < n; i++)
    {
      RelayPermission *permission = find_permission (alloc, &peers[i]);

      if (permission == NULL)
        permission = get_free_permission (alloc, now_us);
      g_assert (permission != NULL);
      permission->host = peers[i];
      al_addr_set_port (&permission->host, 0);
      permission->expires_us = now_us + PERMISSION_US;
    }
}
