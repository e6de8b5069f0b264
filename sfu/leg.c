/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "sfu/news.h"
#include "sfu/worker-private.h"

static void
on_send (SfuTransport *transport, const SfuPath *path, const uint8_t *data, size_t len, void *user)
{
  sfu_leg_send (user, path, data, len);
}

static void
tell_state (SfuLeg *leg, SfuPeerState state)
{
  sfu_news_state (leg->worker->config.mesh, leg->setup, state);
}

static void
on_state (SfuTransport *transport, SfuTransportState state, void *user)
{
  SfuLeg *leg = user;

  switch (state)
    {
    case SFU_TRANSPORT_CONNECTED:
      leg->worker->counts.connected++;
      tell_state (leg, SFU_PEER_CONNECTED);
      break;
    case SFU_TRANSPORT_INTERRUPTED:
      tell_state (leg, SFU_PEER_INTERRUPTED);
      break;
    case SFU_TRANSPORT_CLOSED:
      leg->worker->counts.ended[sfu_transport_get_end (transport)]++;
      tell_state (leg, SFU_PEER_CLOSED);
      al_loop_defer (leg->worker->loop, &leg->end);
      break;
    default:
      break;
    }
}

static void
on_path (SfuTransport *transport, const SfuPath *path, void *user)
{
  SfuLeg *leg = user;

  leg->path = *path;
  if (leg->egress != NULL)
    sfu_egress_on_path (leg, al_loop_now_us (leg->worker->loop));
}

static const SfuTransportOps transport_ops = { on_send, on_state, on_path };

/* The main thread has been told and ends the peer's leg or makes a new one; here it is over. */
static void
on_end (AlDefer *defer, void *user)
{
  sfu_leg_free (user);
}

static void
on_timer (AlTimer *timer, void *user)
{
  SfuLeg *leg = user;

  sfu_transport_tick (leg->transport, al_loop_now_us (leg->worker->loop));
  sfu_leg_rearm (leg);
}

void
sfu_leg_rearm (SfuLeg *leg)
{
  int64_t deadline_us = sfu_transport_get_deadline (leg->transport);

  if (deadline_us == INT64_MAX)
    al_timer_cancel (&leg->timer);
  else if (!al_timer_is_set (&leg->timer) || leg->timer.deadline_us > deadline_us)
    al_timer_set (al_loop_get_timers (leg->worker->loop), &leg->timer, deadline_us);
}

static void
note_ufrag (SfuLeg *leg, const char *ufrag)
{
  GHashTable *ufrags = leg->worker->ufrags;

  if (strcmp (leg->ufrags[0], ufrag) == 0)
    return;
  for (unsigned i = 0; i < 2; i++)
    if (leg->ufrags[i][0] != '\0')
      (void) g_hash_table_remove (ufrags, leg->ufrags[i]);
  memcpy (leg->ufrags[1], leg->ufrags[0], sizeof leg->ufrags[1]);
  (void) g_strlcpy (leg->ufrags[0], ufrag, sizeof leg->ufrags[0]);
  for (unsigned i = 0; i < 2; i++)
    if (leg->ufrags[i][0] != '\0')
      (void) g_hash_table_insert (ufrags, leg->ufrags[i], leg);
}

SfuLeg *
sfu_leg_new (SfuWorker *worker, SfuLegSetup *setup, int64_t now_us)
{
  SfuLeg *leg = g_new0 (SfuLeg, 1);
  const SfuTransportConfig config = {
    .identity = worker->config.identity,
    .local_ufrag = setup->local_ufrag,
    .remote_ufrag = setup->remote_ufrag,
    .dtls_client = setup->dtls_client,
    .fingerprints = setup->fingerprints,
    .n_fingerprints = setup->n_fingerprints,
  };

  leg->worker = worker;
  leg->setup = setup;
  leg->shard = sfu_worker_get_shard (worker, setup->room);
  leg->end = (AlDefer){ .fn = on_end, .user = leg };
  al_timer_init (&leg->timer, on_timer, leg);
  leg->transport = sfu_transport_new (&config, &transport_ops, leg, now_us);
  sfu_transport_set_owner (leg->transport, worker->hmac, leg);
  (void) g_hash_table_add (worker->legs, leg);
  note_ufrag (leg, setup->local_ufrag);
  if (setup->publisher)
    leg->ingest = sfu_ingest_new (leg, now_us);
  else
    {
      leg->egress = sfu_egress_new (leg, now_us);
      g_ptr_array_add (leg->shard->subs, leg);
      sfu_shard_want_assign (leg->shard);
    }
  sfu_leg_rearm (leg);
  return leg;
}

void
sfu_leg_update (SfuLeg *leg, SfuLegSetup *setup, int64_t now_us)
{
  SfuLegSetup *old = leg->setup;

  leg->setup = setup;
  if (strcmp (old->local_ufrag, setup->local_ufrag) != 0)
    {
      sfu_transport_restart_ice (leg->transport, setup->local_ufrag, setup->remote_ufrag, now_us);
      note_ufrag (leg, setup->local_ufrag);
    }
  if (setup->n_fingerprints != old->n_fingerprints
      || memcmp (setup->fingerprints, old->fingerprints, setup->n_fingerprints * sizeof *setup->fingerprints) != 0)
    sfu_transport_set_fingerprints (leg->transport, setup->fingerprints, setup->n_fingerprints, now_us);
  if (leg->ingest != NULL)
    sfu_ingest_update (leg, now_us);
  else
    sfu_egress_update (leg, now_us);
  sfu_leg_setup_unref (old);
  sfu_leg_rearm (leg);
}

void
sfu_leg_free (SfuLeg *leg)
{
  SfuWorker *worker = leg->worker;
  int64_t now_us = al_loop_now_us (worker->loop);

  if (!worker->ended)
    {
      if (sfu_transport_get_state (leg->transport) != SFU_TRANSPORT_CLOSED)
        sfu_transport_close (leg->transport, now_us);
      sfu_shard_want_assign (leg->shard);
    }
  sfu_leg_add_counts (leg, &worker->counts);
  sfu_conn_forget_leg (worker, leg);
  al_defer_cancel (&leg->end);
  al_timer_cancel (&leg->timer);
  (void) g_ptr_array_remove (leg->shard->subs, leg);
  sfu_ingest_free (leg);
  sfu_egress_free (leg);
  for (unsigned i = 0; i < leg->n_remotes; i++)
    sfu_tuples_remove (worker->tuples, &leg->remotes[i], leg);
  for (unsigned i = 0; i < 2; i++)
    if (leg->ufrags[i][0] != '\0')
      (void) g_hash_table_remove (worker->ufrags, leg->ufrags[i]);
  (void) g_hash_table_remove (worker->legs, leg);
  sfu_transport_free (leg->transport);
  sfu_leg_setup_unref (leg->setup);
  g_free (leg);
}

/* the transport keeps the last SFU_PATHS_MAX; the table follows */
static void
note_remote (SfuLeg *leg, const AlAddr *remote, int64_t now_us)
{
  if (!sfu_tuples_may_set (leg->worker->tuples, remote, leg->worker->config.index, leg, now_us))
    return;
  for (unsigned i = 0; i < leg->n_remotes; i++)
    if (al_addr_equal (&leg->remotes[i], remote))
      {
        sfu_tuples_set (leg->worker->tuples, remote, leg->worker->config.index, leg, now_us);
        return;
      }
  if (leg->n_remotes == SFU_PATHS_MAX)
    {
      sfu_tuples_remove (leg->worker->tuples, &leg->remotes[0], leg);
      memmove (&leg->remotes[0], &leg->remotes[1], (SFU_PATHS_MAX - 1) * sizeof leg->remotes[0]);
      leg->n_remotes--;
    }
  leg->remotes[leg->n_remotes++] = *remote;
  sfu_tuples_set (leg->worker->tuples, remote, leg->worker->config.index, leg, now_us);
}

void
sfu_leg_on_stun (SfuLeg *leg, const AlStunMessage *message, const SfuPath *path, int64_t now_us)
{
  if (sfu_transport_on_stun (leg->transport, message, path, now_us) && ((const SfuVia *) path->via)->udp != NULL)
    note_remote (leg, &path->remote, now_us);
  sfu_leg_rearm (leg);
}

void
sfu_leg_on_packet (SfuLeg *leg, const SfuPath *path, uint8_t *data, size_t len, int64_t now_us)
{
  if (len > 0 && data[0] >= 20 && data[0] <= 63)
    {
      sfu_transport_on_dtls (leg->transport, path, data, len, now_us);
      sfu_leg_rearm (leg);
      return;
    }
  if (sfu_rtp_is_rtcp (data, len))
    {
      len = sfu_transport_unprotect_rtcp (leg->transport, path, data, len, now_us);
      if (len > 0 && leg->ingest != NULL)
        sfu_ingest_on_rtcp (leg, data, len, now_us);
      else if (len > 0)
        sfu_egress_on_rtcp (leg, data, len, now_us);
      return;
    }
  if (leg->ingest == NULL)
    return; /* a subscriber sends no media */
  len = sfu_transport_unprotect_rtp (leg->transport, path, data, len, now_us);
  if (len > 0)
    sfu_ingest_on_rtp (leg, data, len, now_us);
}

void
sfu_leg_send (SfuLeg *leg, const SfuPath *path, const uint8_t *data, size_t len)
{
  const SfuVia *via = path->via;

  if (via->udp != NULL)
    al_udp_send (via->udp, &path->remote, path->local.sa.sa_family != AF_UNSPEC ? &path->local : NULL, data, len);
  else
    sfu_conn_send (via->conn, data, len);
}

void
sfu_leg_send_rtcp (SfuLeg *leg, uint8_t *data, size_t len, size_t size, int64_t now_us)
{
  if (len == 0 || leg->path.via == NULL || !sfu_transport_may_send (leg->transport, now_us))
    return;
  len = sfu_srtp_protect_rtcp (sfu_transport_get_srtp (leg->transport), data, len, size);
  if (len == 0)
    return;
  leg->tx_pkts++;
  leg->tx_bytes += len;
  sfu_leg_send (leg, &leg->path, data, len);
}
