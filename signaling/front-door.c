/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may connect, decided at accept4(): silent connections and TLS handshakes are counted before their first byte. A few
 * more than the limits allow are let in to be told so; the rest is closed without a word.
 */
#include "signaling/front-private.h"
#include "signaling/front-proxy.h"

/* Returns: whether @peer brings the connections of others, who are counted when they open a WebSocket. */
static bool
is_proxy (const SigFrontShared *shared, const AlAddr *peer)
{
  return sig_proxy_is_trusted (shared->trusted, shared->n_trusted, peer);
}

static bool
take (atomic_uint *count, unsigned limit)
{
  if (atomic_fetch_add_explicit (count, 1, memory_order_relaxed) < limit)
    return true;
  (void) atomic_fetch_sub_explicit (count, 1, memory_order_relaxed);
  return false;
}

static void
give (atomic_uint *count)
{
  (void) atomic_fetch_sub_explicit (count, 1, memory_order_relaxed);
}

static bool
enter (atomic_uint *count, unsigned limit, SigCrowd *crowd, const AlAddr *peer, bool proxy)
{
  if (!take (count, limit))
    return false;
  if (proxy || sig_crowd_enter (crowd, peer))
    return true;
  give (count);
  return false;
}

static void
leave (atomic_uint *count, SigCrowd *crowd, const AlAddr *peer, bool proxy)
{
  if (!proxy)
    sig_crowd_leave (crowd, peer);
  give (count);
}

static bool
admit (const AlAddr *peer, unsigned *ret_tag, void *user)
{
  SigFrontShared *shared = user;
  AlAddr client = *peer;
  bool proxy, full;

  al_addr_canonicalize (&client);
  proxy = is_proxy (shared, &client);
  if (enter (&shared->connections, shared->max_connections, shared->crowd, &client, proxy))
    {
      *ret_tag = SIG_DOOR_IN;
      return true;
    }
  al_counter_add (shared->metrics.refused_limit, 1);
  full = atomic_load_explicit (&shared->connections, memory_order_relaxed) >= shared->max_connections;
  *ret_tag = full ? SIG_DOOR_OVER_ALL : SIG_DOOR_OVER_ADDRESS;
  return enter (&shared->surplus, SIG_FRONT_SURPLUS, shared->surplus_crowd, &client, proxy);
}

static void
dismiss (const AlAddr *peer, unsigned tag, void *user)
{
  SigFrontShared *shared = user;
  AlAddr client = *peer;
  bool proxy;

  al_addr_canonicalize (&client);
  proxy = is_proxy (shared, &client);
  if (tag == SIG_DOOR_IN)
    leave (&shared->connections, shared->crowd, &client, proxy);
  else
    leave (&shared->surplus, shared->surplus_crowd, &client, proxy);
}

AlAdmission
sig_front_door (SigFrontShared *shared)
{
  return (AlAdmission){ admit, dismiss, shared };
}

bool
sig_front_door_count_client (SigFrontConn *conn)
{
  AlAddr peer;

  al_stream_get_peer (conn->stream, &peer);
  al_addr_canonicalize (&peer);
  if (conn->counted || conn->kind == SIG_FRONT_ADMIN || !is_proxy (conn->thread->shared, &peer))
    return true;
  conn->counted = sig_crowd_enter (conn->thread->shared->crowd, &conn->client);
  return conn->counted;
}

void
sig_front_door_uncount_client (SigFrontConn *conn)
{
  if (conn->counted)
    sig_crowd_leave (conn->thread->shared->crowd, &conn->client);
  conn->counted = false;
}
