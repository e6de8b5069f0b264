/* SPDX-License-Identifier: Apache-2.0 */
#include "plane.h"

#include <string.h>

#include "base/demux.h"

static void
on_datagrams (AlUdp *udp, const AlUdpDatagram *datagrams, unsigned n, int64_t now_us, void *user)
{
  SfuWorker *worker = *(SfuWorker **) user;

  for (unsigned i = 0; i < n; i++)
    switch (al_demux_classify (datagrams[i].data, datagrams[i].len))
      {
      case AL_DEMUX_STUN:
        (void) sfu_worker_on_stun (worker, udp, &datagrams[i], now_us);
        break;
      case AL_DEMUX_DTLS:
        (void) sfu_worker_on_dtls (worker, udp, &datagrams[i], now_us);
        break;
      case AL_DEMUX_RTP:
        sfu_worker_on_rtp (worker, udp, &datagrams[i], now_us);
        break;
      default:
        break;
      }
}

static void
note (Plane *plane, PlaneEvent event)
{
  g_array_append_val (plane->events, event);
}

static void
on_slots (uint64_t room, uint64_t peer, const SfuSlotInfo *slots, unsigned n, void *user)
{
  note (user, (PlaneEvent){ .what = PLANE_SLOTS, .room = room, .peer = peer, .n = n });
}

static void
on_speakers (uint64_t room, const uint64_t *tracks, unsigned n, void *user)
{
  note (user, (PlaneEvent){ .what = PLANE_SPEAKERS, .room = room, .n = n });
}

static void
on_layers (uint64_t room, uint64_t peer, uint64_t track, const char *const *rids, unsigned n, void *user)
{
  note (user, (PlaneEvent){ .what = PLANE_LAYERS, .room = room, .peer = peer, .track = track, .n = n });
}

static void
on_state (uint64_t room, uint64_t peer, bool publisher, SfuPeerState state, void *user)
{
  note (user, (PlaneEvent){ .what = PLANE_STATE, .room = room, .peer = peer, .publisher = publisher, .state = state });
}

static void
start_seat (Plane *plane, unsigned index, unsigned n_pkts)
{
  g_autoptr (GError) error = NULL;
  AlAddr any;
  SfuWorkerConfig config = { .index = index, .mesh = plane->mesh, .identity = plane->identity, .metrics = plane->metrics,
                             .sockets = &plane->seats[index].udp, .n_sockets = 1, .n_pkts = n_pkts };

  g_assert_true (al_addr_parse ("127.0.0.1:0", 0, &any, NULL));
  plane->seats[index].plane = plane;
  plane->seats[index].loop = al_loop_new ("plane", &error);
  g_assert_no_error (error);
  plane->seats[index].hub = al_udp_hub_new (plane->seats[index].loop, AL_UDP_OFFLOAD_AUTO, &error);
  g_assert_no_error (error);
  plane->seats[index].udp = al_udp_new (plane->seats[index].hub, &any, &(AlUdpConfig){ .rcvbuf_bytes = 4 << 20 },
                                        on_datagrams, &plane->seats[index].worker, &error);
  g_assert_no_error (error);
  al_udp_get_address (plane->seats[index].udp, &plane->seats[index].address);
  plane->seats[index].listener = al_listener_new (plane->seats[index].loop, &any, &(AlListenerConfig){ 0 }, &error);
  g_assert_no_error (error);
  plane->seats[index].worker = sfu_worker_new (plane->seats[index].loop, plane->seats[index].hub, &config, &error);
  g_assert_no_error (error);
  al_listener_route (plane->seats[index].listener, AL_PROTO_ICE_TCP, sfu_worker_on_accept, plane->seats[index].worker);
}

void
plane_init (Plane *plane, unsigned n_workers, unsigned n_pkts)
{
  static const SfuEvents events = { on_slots, on_speakers, on_layers, on_state };
  SfuControlConfig config = { 0 };
  SfuLocalCandidate candidate = { 0 };

  g_assert_cmpuint (n_workers, <=, PLANE_WORKERS_MAX);
  memset (plane, 0, sizeof *plane);
  plane->identity = sfu_identity_new (NULL);
  plane->peer_identity = sfu_identity_new (NULL);
  plane->metrics = al_metrics_new ();
  plane->mesh = sfu_mesh_new (n_workers, NULL);
  plane->context = g_main_context_new ();
  plane->hmac = al_hmac_new ();
  plane->n = n_workers;
  for (unsigned i = 0; i < n_workers; i++)
    start_seat (plane, i, n_pkts);
  candidate.addr = plane->seats[0].address;
  config = (SfuControlConfig){ .mesh = plane->mesh, .identity = plane->identity, .candidates = &candidate, .n_candidates = 1 };
  plane->control = sfu_control_new (plane->context, &config);
  sfu_control_set_events (plane->control, &events, plane);
  plane->peers = g_ptr_array_new ();
  plane->events = g_array_new (FALSE, FALSE, sizeof (PlaneEvent));
}

void
plane_clear (Plane *plane)
{
  while (plane->peers->len > 0)
    plane_peer_vanish (g_ptr_array_index (plane->peers, 0));
  sfu_control_free (plane->control);
  for (unsigned i = 0; i < plane->n; i++)
    al_listener_free (plane->seats[i].listener);
  for (unsigned i = 0; i < plane->n; i++)
    sfu_worker_prepare_free (plane->seats[i].worker);
  for (unsigned i = 0; i < plane->n; i++)
    {
      al_udp_hub_flush (plane->seats[i].hub);
      g_assert_cmpuint (al_pool_count_free (plane->seats[i].worker->pool), ==, plane->seats[i].worker->config.n_pkts);
      sfu_worker_free (plane->seats[i].worker);
      al_udp_free (plane->seats[i].udp);
      al_udp_hub_free (plane->seats[i].hub);
      al_loop_free (plane->seats[i].loop);
    }
  g_ptr_array_unref (plane->peers);
  g_array_unref (plane->events);
  sfu_mesh_free (plane->mesh);
  g_main_context_unref (plane->context);
  al_hmac_free (plane->hmac);
  al_metrics_free (plane->metrics);
  sfu_identity_free (plane->identity);
  sfu_identity_free (plane->peer_identity);
}

SfuCounts
plane_get_counts (const Plane *plane)
{
  SfuCounts sum = { 0 };

  /* all members are numbers of 64 bits */
  for (unsigned i = 0; i < plane->n; i++)
    {
      SfuCounts counts;

      sfu_worker_get_counts (plane->seats[i].worker, &counts);
      for (size_t at = 0; at < sizeof counts / sizeof (uint64_t); at++)
        ((uint64_t *) (void *) &sum)[at] += ((const uint64_t *) (const void *) &counts)[at];
    }
  return sum;
}

unsigned
plane_count_events (const Plane *plane, int what, uint64_t peer)
{
  unsigned n = 0;

  for (guint i = 0; i < plane->events->len; i++)
    {
      const PlaneEvent *event = &g_array_index (plane->events, PlaneEvent, i);

      n += (int) event->what == what && (peer == 0 || event->peer == peer);
    }
  return n;
}

static int64_t
get_now (const Plane *plane)
{
  return al_loop_now_us (plane->seats[0].loop);
}

/* what was sent in this step arrives, and what follows from it */
static void
settle (Plane *plane)
{
  for (unsigned round = 0; round < 3; round++)
    {
      for (unsigned i = 0; i < plane->n; i++)
        if (!plane->seats[i].stuck)
          al_loop_iterate (plane->seats[i].loop, 0);
      for (guint i = 0; i < plane->peers->len; i++)
        plane_peer_read (g_ptr_array_index (plane->peers, i));
      while (g_main_context_iteration (plane->context, FALSE))
        ;
    }
}

void
plane_run (Plane *plane, int64_t us)
{
  for (int64_t done = 0; done < us; done += PLANE_STEP_US)
    {
      for (unsigned i = 0; i < plane->n; i++)
        al_loop_skip_us (plane->seats[i].loop, PLANE_STEP_US);
      settle (plane);
      for (guint i = 0; i < plane->peers->len; i++)
        {
          PlanePeer *peer = g_ptr_array_index (plane->peers, i);

          if (peer->srtp == NULL || get_now (plane) < peer->check_us)
            continue;
          peer->check_us = get_now (plane) + PLANE_CHECK_US;
          plane_peer_check (peer); /* consent (RFC 7675) */
        }
    }
}
