/* SPDX-License-Identifier: Apache-2.0 */
#include "server/sfu-plane.h"

#include <gio/gio.h>

#include "relay/policy.h"
#include "relay/worker.h"
#include "sfu/plane.h"
#include "sfu/worker.h"

/* 2 KiB each: a second of 60 Mbit/s in caches */
#define POOL_PKTS 8192

/* both take STUN and DTLS of one worker */
typedef struct {
  SfuWorker *sfu;       /* owned */
  RelayWorker *relay;   /* not owned */
} Seat;

struct SfuPlane {
  /* not owned */
  Workers *workers;
  /* owned */
  SfuIdentity *identity;
  SfuMesh *mesh;
  SfuControl *control;
  Seat *seats;
};

static void
on_stun (AlUdp *udp, const AlUdpDatagram *datagram, int64_t now_us, void *user)
{
  Seat *seat = user;

  if (!sfu_worker_on_stun (seat->sfu, udp, datagram, now_us))
    relay_worker_on_datagram (seat->relay, udp, datagram, now_us);
}

static void
on_dtls (AlUdp *udp, const AlUdpDatagram *datagram, int64_t now_us, void *user)
{
  Seat *seat = user;

  /* what belongs to a session of the relay never goes by an address that a check of ICE named */
  if (relay_worker_claims_dtls (seat->relay, udp, datagram) || !sfu_worker_on_dtls (seat->sfu, udp, datagram, now_us))
    relay_worker_on_dtls (seat->relay, udp, datagram, now_us);
}

static void
on_rtp (AlUdp *udp, const AlUdpDatagram *datagram, int64_t now_us, void *user)
{
  sfu_worker_on_rtp (((Seat *) user)->sfu, udp, datagram, now_us);
}

static void
add_candidate (GArray *candidates, const AlAddr *addr, bool tcp)
{
  const SfuLocalCandidate candidate = { .addr = *addr, .tcp = tcp };

  for (guint i = 0; i < candidates->len; i++)
    {
      const SfuLocalCandidate *other = &g_array_index (candidates, SfuLocalCandidate, i);

      if (other->tcp == tcp && al_addr_equal (&other->addr, addr))
        return;
    }
  g_array_append_val (candidates, candidate);
}

static bool
is_link_local (const AlAddr *addr)
{
  return addr->sa.sa_family == AF_INET6 ? IN6_IS_ADDR_LINKLOCAL (&addr->in6.sin6_addr)
                                        : (ntohl (addr->in4.sin_addr.s_addr) >> 16) == 0xa9fe;
}

/* where @listened is reached: itself, or, for any address, every address of this host; loopback last */
static void
add_listened (GArray *candidates, const AlAddr *listened, const GArray *own, bool tcp)
{
  if (!al_addr_is_any (listened))
    {
      add_candidate (candidates, listened, tcp);
      return;
    }
  for (unsigned loopback = 0; loopback < 2; loopback++)
    for (guint i = 0; i < own->len; i++)
      {
        AlAddr addr = g_array_index (own, AlAddr, i);

        if (addr.sa.sa_family != listened->sa.sa_family || al_addr_is_loopback (&addr) != (loopback == 1)
            || is_link_local (&addr))
          continue;
        al_addr_set_port (&addr, al_addr_get_port (listened));
        add_candidate (candidates, &addr, tcp);
      }
}

/* UDP before TCP: the first of them is what clients prefer */
static bool
list_candidates (GArray *candidates, const AlConfig *config, Workers *workers, RelayPlane *relay, GError **error)
{
  g_autoptr (GArray) own = relay_policy_own_addresses ();
  const char *const *list = al_config_get_list (config, "sfu", "advertise");
  AlAddr addr;

  if (list[0] == NULL)
    {
      for (unsigned i = 0; workers_get_address (workers, i, &addr); i++)
        add_listened (candidates, &addr, own, false);
      for (unsigned i = 0; relay_plane_get_tcp_address (relay, i, &addr); i++)
        add_listened (candidates, &addr, own, true);
      return true;
    }
  for (unsigned tcp = 0; tcp < 2; tcp++)
    for (unsigned i = 0; list[i] != NULL; i++)
      {
        AlAddr listened;

        if (!al_addr_parse (list[i], 3478, &addr, error))
          {
            g_prefix_error (error, "[sfu] advertise: ");
            return false;
          }
        if (tcp == 0 ? workers_get_address (workers, 0, &listened) : relay_plane_get_tcp_address (relay, 0, &listened))
          add_candidate (candidates, &addr, tcp == 1);
      }
  return true;
}

static bool
start_worker (SfuPlane *plane, RelayPlane *relay, AlMetrics *metrics, unsigned index, GError **error)
{
  Seat *seat = &plane->seats[index];
  SfuWorkerConfig config = {
    .index = index,
    .mesh = plane->mesh,
    .identity = plane->identity,
    .metrics = metrics,
    .n_pkts = POOL_PKTS,
  };

  config.sockets = workers_get_sockets (plane->workers, index, &config.n_sockets);
  seat->relay = relay_plane_get_worker (relay, index);
  seat->sfu = sfu_worker_new (workers_get_loop (plane->workers, index), workers_get_hub (plane->workers, index), &config,
                              error);
  if (seat->sfu == NULL)
    return false;
  workers_route (plane->workers, index, AL_DEMUX_STUN, on_stun, seat);
  workers_route (plane->workers, index, AL_DEMUX_DTLS, on_dtls, seat);
  workers_route (plane->workers, index, AL_DEMUX_RTP, on_rtp, seat);
  relay_plane_route_streams (relay, index, AL_PROTO_ICE_TCP, sfu_worker_on_accept, seat->sfu);
  return true;
}

SfuPlane *
sfu_plane_new (GMainContext *context, const AlConfig *config, Workers *workers, RelayPlane *relay, AlMetrics *metrics,
               GError **error)
{
  g_autoptr (SfuPlane) plane = g_new0 (SfuPlane, 1);
  g_autoptr (GArray) candidates = g_array_new (FALSE, FALSE, sizeof (SfuLocalCandidate));
  unsigned n = workers_get_n (workers);
  SfuControlConfig control = {
    .max_bitrate_bps = (uint32_t) al_config_get_int (config, "sfu", "max_bitrate_kbps") * 1000,
  };

  plane->workers = workers;
  if (n == 0)
    return g_steal_pointer (&plane);
  plane->identity = sfu_identity_new (error);
  if (plane->identity != NULL)
    plane->mesh = sfu_mesh_new (n, error);
  if (plane->mesh == NULL || !list_candidates (candidates, config, workers, relay, error))
    return NULL;
  plane->seats = g_new0 (Seat, n);
  for (unsigned i = 0; i < n; i++)
    if (!start_worker (plane, relay, metrics, i, error))
      return NULL;
  control.mesh = plane->mesh;
  control.identity = plane->identity;
  control.candidates = (const SfuLocalCandidate *) (void *) candidates->data;
  control.n_candidates = candidates->len;
  plane->control = sfu_control_new (context, &control);
  return g_steal_pointer (&plane);
}

void
sfu_plane_free (SfuPlane *plane)
{
  if (plane == NULL)
    return;
  sfu_control_free (plane->control);
  for (unsigned i = 0; plane->seats != NULL && i < workers_get_n (plane->workers); i++)
    if (plane->seats[i].sfu != NULL)
      sfu_worker_prepare_free (plane->seats[i].sfu);
  for (unsigned i = 0; plane->seats != NULL && i < workers_get_n (plane->workers); i++)
    sfu_worker_free (plane->seats[i].sfu);
  sfu_mesh_free (plane->mesh);
  sfu_identity_free (plane->identity);
  g_free (plane->seats);
  g_free (plane);
}

SfuControl *
sfu_plane_get_control (SfuPlane *plane)
{
  return plane->control;
}
