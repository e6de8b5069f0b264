/* SPDX-License-Identifier: Apache-2.0 */
#include "server/relay-plane.h"

#include <gio/gio.h>
#include <openssl/crypto.h>
#include <string.h>

#include "base/base64url.h"
#include "base/clock.h"
#include "base/random.h"
#include "relay/door.h"
#include "relay/worker.h"
#include "server/relay-discovery.h"
#include "signaling/front-setup.h"

#define QUOTA_KEYS 65536

/* what a reload exchanges */
typedef struct {
  RelayCredentials *credentials;
  RelayPolicy *policy;
  RelayTurnConfig turn;
} Settings;

struct RelayPlane {
  /* not owned */
  Workers *workers;
  RelayDesk *desk;
  AlMetrics *metrics;
  /* owned */
  char *secret;     /* wiped */
  AlTls *tls;       /* (nullable) */
  AlTls *dtls;      /* (nullable) */
  Settings *settings;
  RelayShared shared;
  RelayDoor *door;
  RelayMesh *mesh;
  RelayWorker **relays; /* one for each worker */
  GPtrArray **listeners; /* one array of AlListener for each worker */
  GArray *tcp;           /* AlAddr: where the first worker listens without TLS */
};

static void
settings_free (gpointer data)
{
  Settings *settings = data;

  if (settings == NULL)
    return;
  relay_policy_free (settings->policy);
  relay_credentials_free (settings->credentials);
  g_free (settings);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Settings, settings_free)

static const char *
get_text (const AlConfig *config, const char *name)
{
  return al_config_get_string (config, "relay", name);
}

static bool
parse_ports (const char *text, uint16_t *ret_first, uint16_t *ret_last, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (text, "-", 2);
  guint64 first, last;

  if (g_strv_length (parts) == 2 && g_ascii_string_to_unsigned (parts[0], 10, 1024, 65535, &first, NULL)
      && g_ascii_string_to_unsigned (parts[1], 10, first, 65535, &last, NULL))
    {
      *ret_first = (uint16_t) first;
      *ret_last = (uint16_t) last;
      return true;
    }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "[relay] relay_ports: \"%s\" is no range of ports, expected FIRST-LAST between 1024 and 65535", text);
  return false;
}

/* one address of each family at most, into @ret; @port: when none is said */
static bool
parse_addresses (const AlConfig *config, const char *name, uint16_t port, AlAddr ret[RELAY_FAMILY_N], GError **error)
{
  const char *const *list = al_config_get_list (config, "relay", name);

  for (; *list != NULL; list++)
    {
      AlAddr addr;

      if (!al_addr_parse (*list, port, &addr, error))
        {
          g_prefix_error (error, "[relay] %s: ", name);
          return false;
        }
      if (port == 0)
        al_addr_set_port (&addr, 0);
      if (ret[relay_family_of (&addr)].sa.sa_family != AF_UNSPEC)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "[relay] %s: one address of each family at most",
                       name);
          return false;
        }
      ret[relay_family_of (&addr)] = addr;
    }
  return true;
}

/* nothing is said: where clients reach us. What is listened on, or, for any address, the first that is not loopback */
static void
guess_addresses (Settings *settings, Workers *workers, const GArray *own)
{
  AlAddr addr;

  for (unsigned i = 0; workers_get_address (workers, i, &addr); i++)
    {
      RelayFamily family = relay_family_of (&addr);
      const AlAddr any4 = { .in4 = { .sin_family = AF_INET } };
      const AlAddr any6 = { .in6 = { .sin6_family = AF_INET6 } };

      al_addr_set_port (&addr, 0);
      if (settings->turn.bind[family].sa.sa_family != AF_UNSPEC)
        continue;
      if (!al_addr_equal_host (&addr, family == RELAY_IPV4 ? &any4 : &any6))
        {
          settings->turn.bind[family] = addr;
          continue;
        }
      for (guint at = 0; own != NULL && at < own->len; at++)
        {
          AlAddr found = g_array_index (own, AlAddr, at);

          if (relay_family_of (&found) != family || al_addr_is_loopback (&found)
              || (family == RELAY_IPV6 && IN6_IS_ADDR_LINKLOCAL (&found.in6.sin6_addr)))
            continue;
          al_addr_set_port (&found, 0);
          settings->turn.bind[family] = found;
          break;
        }
      if (settings->turn.bind[family].sa.sa_family == AF_UNSPEC && family == RELAY_IPV4)
        (void) al_addr_parse ("127.0.0.1", 0, &settings->turn.bind[family], NULL); /* a machine without a network */
    }
}

static bool
make_policy (Settings *settings, const AlConfig *config, const GArray *own, GError **error)
{
  AlAddr relay[2 * RELAY_FAMILY_N];
  unsigned n = 0;

  for (unsigned family = 0; family < RELAY_FAMILY_N; family++)
    {
      if (settings->turn.bind[family].sa.sa_family != AF_UNSPEC)
        relay[n++] = settings->turn.bind[family];
      if (settings->turn.advertised[family].sa.sa_family != AF_UNSPEC)
        relay[n++] = settings->turn.advertised[family];
    }
  const RelayPolicyConfig policy = {
    .allow = al_config_get_list (config, "relay", "allow_peers"),
    .deny = al_config_get_list (config, "relay", "deny_peers"),
    .allow_loopback = al_config_get_bool (config, "relay", "allow_loopback_peers"),
    .relay = relay,
    .n_relay = n,
    .own = (const AlAddr *) (const void *) own->data,
    .n_own = own->len,
  };
  settings->policy = relay_policy_new (&policy, error);
  if (settings->policy == NULL)
    g_prefix_error (error, "[relay] ");
  return settings->policy != NULL;
}

/* @keep: (nullable): sockets stay where they are bound: addresses of this instead of the configuration's */
static Settings *
settings_new (const AlConfig *config, Workers *workers, const char *secret, const RelayTurnConfig *keep, GError **error)
{
  g_autoptr (Settings) settings = g_new0 (Settings, 1);
  g_autoptr (GArray) own = relay_policy_own_addresses ();
  const char *const *secrets = al_config_get_list (config, "relay", "shared_secrets");
  const char *const generated[] = { secret, NULL };
  RelayTurnConfig *turn = &settings->turn;

  settings->credentials =
      relay_credentials_new (get_text (config, "realm"), al_config_get_list (config, "relay", "static_users"),
                             secrets[0] != NULL ? secrets : generated, error);
  if (settings->credentials == NULL || !parse_addresses (config, "relay_address", 0, turn->bind, error)
      || !parse_addresses (config, "advertised_address", 0, turn->advertised, error)
      || !parse_addresses (config, "alternate_server", 3478, turn->alternate, error))
    return NULL;
  if (keep != NULL)
    {
      memcpy (turn->bind, keep->bind, sizeof keep->bind);
      memcpy (turn->advertised, keep->advertised, sizeof keep->advertised);
    }
  else
    guess_addresses (settings, workers, own);
  if (!make_policy (settings, config, own, error))
    return NULL;
  turn->credentials = settings->credentials;
  turn->policy = settings->policy;
  turn->user_quota = (unsigned) al_config_get_int (config, "relay", "user_quota");
  turn->source_quota = (unsigned) al_config_get_int (config, "relay", "source_quota");
  turn->total_quota = (unsigned) al_config_get_int (config, "relay", "total_quota");
  turn->max_lifetime_s = (unsigned) al_config_get_int (config, "relay", "max_lifetime_s");
  turn->max_bps = (uint64_t) al_config_get_int (config, "relay", "max_bitrate_kbps") * 1000;
  turn->max_user_bps = (uint64_t) al_config_get_int (config, "relay", "max_user_bitrate_kbps") * 1000;
  turn->replies_per_s = (unsigned) al_config_get_int (config, "relay", "unverified_replies_per_s");
  turn->is_draining = al_config_get_list (config, "relay", "alternate_server")[0] != NULL;
  if (!relay_discovery_parse (config, workers, turn->discovery, error))
    return NULL;
  turn->mobility = al_config_get_bool (config, "relay", "mobility");
  turn->tcp_allocations = al_config_get_bool (config, "relay", "tcp_allocations");
  turn->algorithms = !al_config_get_bool (config, "relay", "anti_reflection");
  return g_steal_pointer (&settings);
}

static bool
make_shared (RelayPlane *plane, const AlConfig *config, GError **error)
{
  uint16_t first, last;

  if (!parse_ports (get_text (config, "relay_ports"), &first, &last, error))
    return false;
  /* calls have time-limited credentials, which no hash of a name finds */
  plane->shared.nonce = relay_nonce_new (NULL, plane->settings->turn.algorithms ? RELAY_NONCE_ALGORITHMS
                                                                                : RELAY_NONCE_PLAIN);
  plane->shared.ports = relay_ports_new (first, last);
  plane->shared.tcp_ports = relay_ports_new (first, last);
  plane->shared.users = relay_quota_new (QUOTA_KEYS);
  plane->shared.bandwidth = relay_bandwidth_new (relay_quota_get_slots (plane->shared.users));
  plane->shared.sources = relay_quota_new (QUOTA_KEYS);
  plane->door = relay_door_new ((unsigned) al_config_get_int (config, "relay", "max_connections"),
                                (unsigned) al_config_get_int (config, "relay", "max_connections_per_address"));
  plane->shared.reservations = relay_reservations_new (plane->shared.ports);
  return true;
}

static void
on_datagram (AlUdp *udp, const AlUdpDatagram *datagram, int64_t now_us, void *user)
{
  relay_worker_on_datagram (user, udp, datagram, now_us);
}

static void
on_dtls (AlUdp *udp, const AlUdpDatagram *datagram, int64_t now_us, void *user)
{
  relay_worker_on_dtls (user, udp, datagram, now_us);
}

static bool
listen_one (RelayPlane *plane, const AlAddr *addr, AlTls *tls, unsigned index, GError **error)
{
  const AlListenerConfig config = {
    .tls_mode = tls != NULL ? AL_TLS_ALWAYS : AL_TLS_NEVER,
    .tls = tls,
    .first = index == 0,
    .admission = relay_door_get_admission (plane->door),
  };
  AlListener *listener = al_listener_new (workers_get_loop (plane->workers, index), addr, &config, error);

  if (listener == NULL)
    return false;
  al_listener_route (listener, AL_PROTO_STUN, relay_worker_on_accept, plane->relays[index]);
  g_ptr_array_add (plane->listeners[index], listener);
  if (index == 0 && tls == NULL)
    {
      AlAddr bound;

      al_listener_get_address (listener, &bound);
      g_array_append_val (plane->tcp, bound);
    }
  return true;
}

/* "*:PORT" is both families, where there are both */
static bool
listen_streams (RelayPlane *plane, const AlConfig *config, const char *name, AlTls *tls, unsigned index, GError **error)
{
  const char *const *list = al_config_get_list (config, "relay", name);

  for (; *list != NULL; list++)
    {
      AlAddr addr, v6;
      bool ok = al_addr_parse (*list, tls != NULL ? 5349 : 3478, &addr, error)
                && listen_one (plane, &addr, tls, index, error);

      if (ok && (*list)[0] == '*' && g_file_test ("/proc/net/if_inet6", G_FILE_TEST_EXISTS))
        ok = al_addr_parse ("::", al_addr_get_port (&addr), &v6, error) && listen_one (plane, &v6, tls, index, error);
      if (!ok)
        {
          g_prefix_error (error, "[relay] %s: cannot listen on %s: ", name, *list);
          return false;
        }
    }
  return true;
}

static int64_t
get_epoch_us (void)
{
  return al_clock_wall_ms () * 1000 - al_clock_now_us ();
}

static void
on_ended (const RelayAllocInfo *info, RelayEndReason reason, void *user)
{
  relay_desk_end (user, info, reason);
}

static bool
start_worker (RelayPlane *plane, const AlConfig *config, unsigned index, GError **error)
{
  unsigned n_sockets;
  AlUdp *const *sockets = workers_get_sockets (plane->workers, index, &n_sockets);
  const RelayWorkerConfig worker_config = {
    .index = index,
    .sockets = sockets,
    .n_sockets = n_sockets,
    .mesh = plane->mesh,
    .turn = &plane->settings->turn,
    .shared = &plane->shared,
    .epoch_us = get_epoch_us (),
    .metrics = plane->metrics,
    .door = relay_door_get_admission (plane->door),
    .tls = plane->dtls,
    .ended = on_ended,
    .user = plane->desk,
  };

  plane->relays[index] = relay_worker_new (workers_get_loop (plane->workers, index),
                                           workers_get_hub (plane->workers, index), &worker_config, error);
  if (plane->relays[index] == NULL)
    return false;
  workers_route (plane->workers, index, AL_DEMUX_STUN, on_datagram, plane->relays[index]);
  workers_route (plane->workers, index, AL_DEMUX_CHANNEL, on_datagram, plane->relays[index]);
  if (plane->dtls != NULL)
    workers_route (plane->workers, index, AL_DEMUX_DTLS, on_dtls, plane->relays[index]);
  return listen_streams (plane, config, "listen_tcp", NULL, index, error)
         && (plane->tls == NULL || listen_streams (plane, config, "listen_tls", plane->tls, index, error));
}

/* one certificate for TLS and DTLS */
static bool
load_certificate (RelayPlane *plane, const AlConfig *config, GError **error)
{
  bool has_tls = al_config_get_list (config, "relay", "listen_tls")[0] != NULL;
  bool has_dtls = al_config_get_bool (config, "relay", "dtls") && al_config_get_list (config, "relay", "listen_udp")[0] != NULL;
  g_autoptr (AlTls) tls = NULL;

  if (workers_get_n (plane->workers) == 0 || (!has_tls && !has_dtls))
    return true;
  tls = sig_front_setup_tls (config, error);
  if (tls == NULL)
    return false;
  if (has_dtls)
    plane->dtls = al_tls_new_datagram (tls, error);
  if (has_tls)
    plane->tls = g_steal_pointer (&tls);
  return !has_dtls || plane->dtls != NULL;
}

static char *
make_secret (void)
{
  uint8_t bytes[32];

  al_random_bytes (bytes, sizeof bytes);
  return al_base64url_encode (bytes, sizeof bytes);
}

RelayPlane *
relay_plane_new (const AlConfig *config, Workers *workers, RelayDesk *desk, AlMetrics *metrics, GError **error)
{
  g_autoptr (RelayPlane) plane = g_new0 (RelayPlane, 1);
  unsigned n = workers_get_n (workers);

  plane->workers = workers;
  plane->desk = desk;
  plane->metrics = metrics;
  plane->secret = make_secret ();
  plane->tcp = g_array_new (FALSE, FALSE, sizeof (AlAddr));
  plane->listeners = g_new0 (GPtrArray *, n);
  for (unsigned i = 0; i < n; i++)
    plane->listeners[i] = g_ptr_array_new_with_free_func ((GDestroyNotify) al_listener_free);
  plane->relays = g_new0 (RelayWorker *, n);
  plane->settings = settings_new (config, workers, plane->secret, NULL, error);
  if (plane->settings == NULL || !make_shared (plane, config, error))
    return NULL;
  plane->mesh = relay_mesh_new (MAX (n, 1), error);
  if (plane->mesh == NULL)
    return NULL;
  if (!load_certificate (plane, config, error))
    return NULL;
  for (unsigned i = 0; i < n; i++)
    if (!start_worker (plane, config, i, error))
      return NULL;
  return g_steal_pointer (&plane);
}

void
relay_plane_free (RelayPlane *plane)
{
  if (plane == NULL)
    return;
  for (unsigned i = 0; i < workers_get_n (plane->workers); i++)
    g_ptr_array_unref (plane->listeners[i]);
  g_free (plane->listeners);
  g_array_unref (plane->tcp);
  for (unsigned i = 0; i < workers_get_n (plane->workers); i++)
    relay_worker_free (plane->relays[i]);
  g_free (plane->relays);
  relay_mesh_free (plane->mesh);
  relay_reservations_free (plane->shared.reservations);
  relay_quota_free (plane->shared.users);
  relay_bandwidth_free (plane->shared.bandwidth);
  relay_quota_free (plane->shared.sources);
  relay_door_free (plane->door);
  relay_ports_free (plane->shared.ports);
  relay_ports_free (plane->shared.tcp_ports);
  relay_nonce_free (plane->shared.nonce);
  settings_free (plane->settings);
  g_clear_pointer (&plane->tls, al_tls_unref);
  g_clear_pointer (&plane->dtls, al_tls_unref);
  OPENSSL_cleanse (plane->secret, strlen (plane->secret));
  g_free (plane->secret);
  g_free (plane);
}

const char *
relay_plane_get_secret (const RelayPlane *plane)
{
  return plane->secret;
}

RelayMesh *
relay_plane_get_mesh (RelayPlane *plane)
{
  return plane->mesh;
}

RelayWorker *
relay_plane_get_worker (RelayPlane *plane, unsigned index)
{
  return plane->relays[index];
}

bool
relay_plane_get_tcp_address (RelayPlane *plane, unsigned n, AlAddr *ret_address)
{
  if (n >= plane->tcp->len)
    return false;
  *ret_address = g_array_index (plane->tcp, AlAddr, n);
  return true;
}

void
relay_plane_route_streams (RelayPlane *plane, unsigned index, AlProto proto, AlAcceptFn fn, void *user)
{
  for (guint i = 0; i < plane->listeners[index]->len; i++)
    al_listener_route (g_ptr_array_index (plane->listeners[index], i), proto, fn, user);
}

bool
relay_plane_check (RelayPlane *plane, const AlConfig *config, GError **error)
{
  g_autoptr (Settings) settings =
      settings_new (config, plane->workers, plane->secret, &plane->settings->turn, error);

  return settings != NULL;
}

bool
relay_plane_reload (RelayPlane *plane, const AlConfig *config, GError **error)
{
  const RelayTurnConfig *old = &plane->settings->turn;
  g_autoptr (Settings) settings = settings_new (config, plane->workers, plane->secret, old, error);

  if (settings == NULL || (plane->tls != NULL && !al_tls_reload (plane->tls, error))
      || (plane->dtls != NULL && !al_tls_reload (plane->dtls, error)))
    return false;
  if (workers_get_n (plane->workers) == 0)
    return true;
  settings->turn.algorithms = old->algorithms; /* the nonce announces them */
  relay_mesh_set_config (plane->mesh, &settings->turn, get_epoch_us (), settings_free, plane->settings);
  plane->settings = g_steal_pointer (&settings);
  return true;
}
