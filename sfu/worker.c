/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datagrams of one worker: whose they are. ICE by the ufrag, everything else by the address that ICE has vouched for. A leg
 * stays with the worker that has it; what comes to another one (the kernel chooses by the addresses) is passed on.
 */
#include <gio/gio.h>
#include <string.h>

#include "base/clock.h"
#include "sfu/ice.h"
#include "sfu/worker-private.h"

/* seconds between 1900 and 1970 */
#define NTP_EPOCH_S INT64_C (2208988800)
#define TICK_US (500 * 1000)
#define TUPLE_US (60 * (int64_t) G_USEC_PER_SEC)
#define POP 64

/** Forward: a datagram on its way to the worker whose it is; where SfuPacket stands otherwise. */
typedef struct {
  uint64_t track; /* 0: no media packet */
  AlAddr remote, local;
  unsigned socket;
} Forward;
_Static_assert (sizeof (Forward) <= SFU_PACKET_ROOM, "a passed datagram has its room");

typedef struct {
  SfuMail mail;
  SfuLegSetup *setup; /* owned */
} Adoption;

static void
on_flush (AlDefer *defer, void *user)
{
  SfuWorker *worker = user;
  int64_t now_us = al_loop_now_us (worker->loop);

  while (worker->bursts != NULL)
    {
      SfuTrack *track = worker->bursts;

      worker->bursts = track->next_burst;
      track->in_bursts = false;
      sfu_track_flush (track, now_us);
    }
  sfu_mesh_ring (worker->config.mesh, worker->config.index);
  sfu_worker_check_pool (worker);
}

void
sfu_worker_want_flush (SfuWorker *worker)
{
  al_loop_defer (worker->loop, &worker->flush);
}

static void
on_mail (void *message, void *user)
{
  SfuWorker *worker = user;
  SfuMail *mail = message;
  int64_t now_us = al_loop_now_us (worker->loop);

  mail->fn (mail, worker, now_us);
  mail->free (mail);
  sfu_worker_drain (worker, now_us);
}

static void
on_tick (AlTimer *timer, void *user)
{
  SfuWorker *worker = user;
  int64_t now_us = al_loop_now_us (worker->loop);

  sfu_tuples_expire (worker->tuples, now_us - TUPLE_US);
  sfu_worker_tick_caches (worker, now_us);
  if (g_hash_table_size (worker->tracks) > 0 || sfu_tuples_get_n (worker->tuples) > 0)
    al_timer_set (al_loop_get_timers (worker->loop), &worker->tick, now_us + TICK_US);
}

SfuWorker *
sfu_worker_new (AlLoop *loop, AlUdpHub *hub, const SfuWorkerConfig *config, GError **error)
{
  g_autoptr (SfuWorker) worker = g_new0 (SfuWorker, 1);

  worker->loop = loop;
  worker->hub = hub;
  worker->config = *config;
  for (unsigned i = 0; i < SFU_WORKERS_MAX; i++)
    worker->ages_us[i] = SFU_CACHE_AGE_US;
  worker->told_age_us = SFU_CACHE_AGE_US;
  worker->hmac = al_hmac_new ();
  worker->tuples = sfu_tuples_new ();
  worker->shards = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, (GDestroyNotify) sfu_shard_free);
  worker->tracks = g_hash_table_new (g_int64_hash, g_int64_equal);
  worker->legs = g_hash_table_new (NULL, NULL);
  worker->ufrags = g_hash_table_new (g_str_hash, g_str_equal);
  worker->conns = g_ptr_array_new ();
  worker->vias = g_new0 (SfuVia, config->n_sockets);
  for (unsigned i = 0; i < config->n_sockets; i++)
    worker->vias[i].udp = config->sockets[i];
  worker->flush = (AlDefer){ .fn = on_flush, .user = worker };
  al_timer_init (&worker->tick, on_tick, worker);
  worker->ntp_offset_us = al_clock_wall_ms () * 1000 + NTP_EPOCH_S * G_USEC_PER_SEC - al_clock_now_us ();
  worker->pool = al_pool_new (config->n_pkts, AL_PKT_SIZE, error);
  if (worker->pool == NULL
      || !al_loop_add_mailbox (loop, sfu_mesh_get_box (config->mesh, config->index), on_mail, worker, error))
    return NULL;
  sfu_worker_begin_report (worker); /* arms a timer: last */
  return g_steal_pointer (&worker);
}

void
sfu_worker_prepare_free (SfuWorker *worker)
{
  GHashTableIter iter;
  gpointer leg;

  worker->ended = true;
  al_loop_remove_mailbox (worker->loop, sfu_mesh_get_box (worker->config.mesh, worker->config.index));
  al_defer_cancel (&worker->flush);
  al_timer_cancel (&worker->tick);
  al_timer_cancel (&worker->publish);
  sfu_conn_free_all (worker);
  for (;;)
    {
      g_hash_table_iter_init (&iter, worker->legs);
      if (!g_hash_table_iter_next (&iter, &leg, NULL))
        break;
      sfu_leg_free (leg);
    }
  g_hash_table_remove_all (worker->shards);
  for (unsigned from = 0; from < sfu_mesh_get_n (worker->config.mesh); from++)
    if (from != worker->config.index)
      for (AlPkt *pkt; sfu_mesh_pop (worker->config.mesh, from, worker->config.index, &pkt, 1) == 1;)
        al_pkt_unref (pkt);
}

void
sfu_worker_free (SfuWorker *worker)
{
  if (worker == NULL)
    return;
  al_hmac_free (worker->hmac);
  sfu_tuples_free (worker->tuples);
  g_clear_pointer (&worker->shards, g_hash_table_unref);
  g_clear_pointer (&worker->tracks, g_hash_table_unref);
  g_clear_pointer (&worker->legs, g_hash_table_unref);
  g_clear_pointer (&worker->ufrags, g_hash_table_unref);
  g_clear_pointer (&worker->conns, g_ptr_array_unref);
  g_free (worker->vias);
  sfu_report_free (worker->report);
  al_pool_free (worker->pool);
  g_free (worker);
}

SfuShard *
sfu_worker_get_shard (SfuWorker *worker, uint64_t room)
{
  SfuShard *shard = g_hash_table_lookup (worker->shards, &room);

  if (shard == NULL)
    {
      shard = sfu_shard_new (worker, room);
      (void) g_hash_table_insert (worker->shards, &shard->room, shard);
      if (!al_timer_is_set (&worker->tick))
        al_timer_set (al_loop_get_timers (worker->loop), &worker->tick, al_loop_now_us (worker->loop) + TICK_US);
    }
  return shard;
}

uint64_t
sfu_worker_get_ntp (const SfuWorker *worker, int64_t now_us)
{
  return sfu_ntp_from_us (now_us + worker->ntp_offset_us);
}

static void
do_adopt (SfuMail *mail, SfuWorker *worker, int64_t now_us)
{
  (void) sfu_leg_new (worker, g_steal_pointer (&((Adoption *) mail)->setup), now_us);
}

static void
free_adoption (SfuMail *mail)
{
  sfu_leg_setup_unref (((Adoption *) mail)->setup);
  g_free (mail);
}

/* @setup: (transfer full). Returns: false: @owner could not be told. */
static bool
hand_over (SfuWorker *worker, unsigned owner, SfuLegSetup *setup)
{
  Adoption *adoption = g_new (Adoption, 1);

  *adoption = (Adoption){ { do_adopt, free_adoption }, setup };
  return sfu_mesh_post (worker->config.mesh, owner, &adoption->mail);
}

SfuLeg *
sfu_worker_find_leg (SfuWorker *worker, const uint8_t *ufrag, bool nominated, unsigned *ret_owner, int64_t now_us)
{
  SfuRegistry *registry = sfu_mesh_get_registry (worker->config.mesh);
  SfuLegSetup *setup = NULL;
  char text[SFU_ICE_UFRAG_LEN + 1] = { 0 };
  SfuLeg *leg;

  memcpy (text, ufrag, SFU_ICE_UFRAG_LEN);
  *ret_owner = worker->config.index;
  leg = g_hash_table_lookup (worker->ufrags, text);
  if (leg != NULL)
    return leg;
  *ret_owner = nominated ? sfu_registry_claim (registry, text, SFU_ICE_UFRAG_LEN, worker->config.index, &setup)
                         : sfu_registry_find (registry, text, SFU_ICE_UFRAG_LEN);
  if (setup != NULL && *ret_owner != worker->config.index)
    {
      if (hand_over (worker, *ret_owner, setup))
        return NULL;
      /* its mailbox is full: it hangs, or has too much to do */
      setup = sfu_registry_take_over (registry, text, SFU_ICE_UFRAG_LEN, *ret_owner, worker->config.index);
      *ret_owner = worker->config.index;
    }
  return setup != NULL ? sfu_leg_new (worker, setup, now_us) : NULL;
}

static unsigned
find_socket (const SfuWorker *worker, const AlUdp *udp)
{
  for (unsigned i = 0; i < worker->config.n_sockets; i++)
    if (worker->config.sockets[i] == udp)
      return i;
  return 0;
}

static void
make_path (const SfuWorker *worker, unsigned socket, const AlAddr *remote, const AlAddr *local, SfuPath *ret)
{
  ret->remote = *remote;
  if (local != NULL)
    ret->local = *local;
  else
    ret->local.sa.sa_family = AF_UNSPEC;
  ret->via = &worker->vias[socket];
}

static void
pass_on (SfuWorker *worker, unsigned owner, AlUdp *udp, const AlUdpDatagram *datagram)
{
  AlPkt *pkt;
  Forward *forward;

  if (datagram->len > AL_PKT_SIZE - SFU_PACKET_ROOM)
    {
      worker->counts.dropped[SFU_DROP_MALFORMED]++;
      return;
    }
  pkt = sfu_worker_take_pkt (worker);
  if (pkt == NULL)
    return;
  forward = (Forward *) (void *) pkt->data;
  forward->track = 0;
  forward->remote = *datagram->from;
  if (datagram->local != NULL)
    forward->local = *datagram->local;
  else
    forward->local.sa.sa_family = AF_UNSPEC;
  forward->socket = find_socket (worker, udp);
  pkt->offset = SFU_PACKET_ROOM;
  pkt->len = (uint16_t) datagram->len;
  memcpy (pkt->data + SFU_PACKET_ROOM, datagram->data, datagram->len);
  if (!sfu_mesh_push (worker->config.mesh, worker->config.index, owner, pkt))
    worker->counts.dropped[SFU_DROP_RING_FULL]++;
  sfu_worker_want_flush (worker);
}

/* @datagram is STUN by @path. Returns: false: it is nothing of ours. */
static bool
take_stun (SfuWorker *worker, AlUdp *udp, const AlUdpDatagram *datagram, const SfuPath *path, int64_t now_us)
{
  AlStunMessage message;
  AlStunAttr username;
  SfuTuple *tuple = sfu_tuples_find (worker->tuples, datagram->from);
  SfuIceCheck check;
  SfuLeg *leg = NULL;
  unsigned owner;
  uint8_t reply[SFU_ICE_REPLY_MAX];
  size_t len;

  if (!al_stun_parse (datagram->data, datagram->len, &message))
    return false;
  if (!al_stun_find (&message, AL_STUN_USERNAME, &username)
      || !sfu_ice_is_ours (worker->config.identity, username.value, username.len))
    {
      /* answers and indications of a peer; a plain Binding or TURN from its address is not for the SFU */
      if (tuple == NULL || message.cls == AL_STUN_REQUEST || message.method != AL_STUN_BINDING)
        return false;
      if (tuple->leg != NULL)
        sfu_leg_on_stun (tuple->leg, &message, path, now_us);
      return true;
    }
  leg = g_hash_table_size (worker->ufrags) > 0 ? sfu_worker_find_local (worker, username.value) : NULL;
  if (leg == NULL)
    {
      if (!sfu_ice_check (worker->config.identity, worker->hmac, &message, &check))
        {
          worker->counts.dropped[SFU_DROP_CHECK]++;
          return true;
        }
      leg = sfu_worker_find_leg (worker, check.local, check.use_candidate, &owner, now_us);
    }
  if (leg != NULL)
    sfu_leg_on_stun (leg, &message, path, now_us);
  else if (owner == SFU_NO_LEG)
    /* it has ended: consent is withdrawn (RFC 7675 §5.2), and its password is worth nothing */
    worker->counts.dropped[SFU_DROP_CHECK]++;
  else if (owner != SFU_NOBODY && owner != worker->config.index && udp != NULL)
    {
      if (sfu_tuples_may_set (worker->tuples, datagram->from, owner, NULL, now_us))
        sfu_tuples_set (worker->tuples, datagram->from, owner, NULL, now_us);
      pass_on (worker, owner, udp, datagram);
    }
  else if (owner == SFU_NOBODY && udp != NULL)
    {
      /* a leg that nobody has nominated yet: whoever knows its password hears that this address works; it is kept, so that
       * nobody else here answers the ClientHello that may come before the nomination does */
      if (sfu_tuples_may_set (worker->tuples, datagram->from, SFU_NOBODY, NULL, now_us))
        sfu_tuples_set (worker->tuples, datagram->from, SFU_NOBODY, NULL, now_us);
      len = sfu_ice_answer (worker->config.identity, worker->hmac, &check, datagram->from, reply, sizeof reply);
      if (len > 0)
        al_udp_send (udp, datagram->from, datagram->local, reply, len);
    }
  return true;
}

SfuLeg *
sfu_worker_find_local (SfuWorker *worker, const uint8_t *ufrag)
{
  char text[SFU_ICE_UFRAG_LEN + 1] = { 0 };

  memcpy (text, ufrag, SFU_ICE_UFRAG_LEN);
  return g_hash_table_lookup (worker->ufrags, text);
}

bool
sfu_worker_on_stun (SfuWorker *worker, AlUdp *udp, const AlUdpDatagram *datagram, int64_t now_us)
{
  SfuPath path;

  make_path (worker, find_socket (worker, udp), datagram->from, datagram->local, &path);
  return take_stun (worker, udp, datagram, &path, now_us);
}

/* Returns: false: no check of ICE came from there */
static bool
take_packet (SfuWorker *worker, AlUdp *udp, const AlUdpDatagram *datagram, int64_t now_us)
{
  SfuTuple *tuple = sfu_tuples_find (worker->tuples, datagram->from);
  SfuPath path;

  if (tuple == NULL)
    return false;
  if (tuple->leg != NULL)
    {
      make_path (worker, find_socket (worker, udp), datagram->from, datagram->local, &path);
      sfu_leg_on_packet (tuple->leg, &path, datagram->data, datagram->len, now_us);
    }
  else if (tuple->worker != SFU_NOBODY)
    pass_on (worker, tuple->worker, udp, datagram);
  else
    worker->counts.dropped[SFU_DROP_STRANGER]++;
  return true;
}

bool
sfu_worker_on_dtls (SfuWorker *worker, AlUdp *udp, const AlUdpDatagram *datagram, int64_t now_us)
{
  return take_packet (worker, udp, datagram, now_us);
}

void
sfu_worker_on_rtp (SfuWorker *worker, AlUdp *udp, const AlUdpDatagram *datagram, int64_t now_us)
{
  if (!take_packet (worker, udp, datagram, now_us))
    worker->counts.dropped[SFU_DROP_STRANGER]++;
}

/* a datagram that another worker received; it is looked at as if it had come here */
static void
take_passed (SfuWorker *worker, AlPkt *pkt, int64_t now_us)
{
  Forward *forward = (Forward *) (void *) pkt->data;
  const AlUdpDatagram datagram = {
    .data = pkt->data + pkt->offset,
    .len = pkt->len,
    .from = &forward->remote,
    .local = forward->local.sa.sa_family != AF_UNSPEC ? &forward->local : NULL,
  };
  SfuTuple *tuple;
  SfuPath path;

  make_path (worker, forward->socket, datagram.from, datagram.local, &path);
  if (al_stun_is (datagram.data, datagram.len))
    {
      (void) take_stun (worker, NULL, &datagram, &path, now_us);
      return;
    }
  tuple = sfu_tuples_find (worker->tuples, datagram.from);
  if (tuple != NULL && tuple->leg != NULL)
    sfu_leg_on_packet (tuple->leg, &path, datagram.data, datagram.len, now_us);
  else
    worker->counts.dropped[SFU_DROP_STRANGER]++;
}

static void
take_pushed (SfuWorker *worker, AlPkt *pkt, int64_t now_us)
{
  const SfuPacket *packet = sfu_packet_of (pkt);
  SfuTrack *track;

  if (packet->track == 0)
    {
      take_passed (worker, pkt, now_us);
      al_pkt_unref (pkt);
      return;
    }
  track = g_hash_table_lookup (worker->tracks, &packet->track);
  if (track != NULL)
    sfu_track_on_packet (track, pkt, now_us);
  else
    al_pkt_unref (pkt);
}

void
sfu_worker_drain (SfuWorker *worker, int64_t now_us)
{
  AlPkt *pkts[POP];

  for (unsigned from = 0; from < sfu_mesh_get_n (worker->config.mesh); from++)
    {
      unsigned n;

      if (from == worker->config.index)
        continue;
      while ((n = sfu_mesh_pop (worker->config.mesh, from, worker->config.index, pkts, POP)) > 0)
        for (unsigned i = 0; i < n; i++)
          take_pushed (worker, pkts[i], now_us);
    }
}

void
sfu_worker_on_accept (AlListener *listener, AlStream *stream, void *user)
{
  sfu_conn_adopt (user, stream);
}
