/* SPDX-License-Identifier: Apache-2.0 */
#include "server/workers.h"

#include <gio/gio.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#define MAX_WORKERS 64 /* what the SFU's rings and masks are made for */
/* some 20 ms of 1 Gbit/s: a worker that is busy with a handshake loses nothing */
#define RCVBUF_BYTES (2 * 1024 * 1024)

typedef struct {
  WorkersFn fn; /* (nullable) */
  void *user;
} Route;

typedef struct {
  Workers *workers;
  /* owned */
  AlLoop *loop;
  AlUdpHub *hub;
  GPtrArray *sockets; /* AlUdp */
  pthread_t pthread;
  bool started;
  /* read-only once it runs */
  Route routes[AL_DEMUX_N];
} Worker;

struct Workers {
  unsigned n;
  Worker *workers;   /* owned */
  GArray *addresses; /* owned: AlAddr */
  /* passed in by the registry, not owned */
  AlCounter *received[AL_DEMUX_N], *dropped[AL_DEMUX_N];
};

static void
on_datagrams (AlUdp *udp, const AlUdpDatagram *datagrams, unsigned n, int64_t now_us, void *user)
{
  Worker *worker = user;
  unsigned counts[AL_DEMUX_N] = { 0 };

  for (unsigned i = 0; i < n; i++)
    {
      AlDemux kind = al_demux_classify (datagrams[i].data, datagrams[i].len);
      const Route *route = &worker->routes[kind];

      counts[kind]++;
      if (route->fn != NULL)
        route->fn (udp, &datagrams[i], now_us, route->user);
    }
  for (AlDemux kind = AL_DEMUX_UNKNOWN; kind < AL_DEMUX_N; kind++)
    if (counts[kind] > 0)
      {
        al_counter_add (worker->workers->received[kind], counts[kind]);
        if (worker->routes[kind].fn == NULL)
          al_counter_add (worker->workers->dropped[kind], counts[kind]);
      }
}

static void
udp_free (gpointer udp)
{
  al_udp_free (udp);
}

/* Sharing a port is among our workers, not with another server of the same user: that one would get half of it. */
static bool
check_free (AlUdpHub *hub, const AlAddr *address, GError **error)
{
  const AlUdpConfig config = { .reuse_port = false };
  g_autoptr (AlUdp) udp = NULL;

  if (al_addr_get_port (address) == 0)
    return true;
  udp = al_udp_new (hub, address, &config, on_datagrams, NULL, error);
  return udp != NULL;
}

/* @address: its port is filled in by the first worker when it was 0 */
static bool
worker_listen (Worker *worker, AlAddr *address, GError **error)
{
  const AlUdpConfig config = { .reuse_port = true, .dont_fragment = true, .want_local = true, .rcvbuf_bytes = RCVBUF_BYTES };
  AlUdp *udp = al_udp_new (worker->hub, address, &config, on_datagrams, worker, error);

  if (udp == NULL)
    return false;
  g_ptr_array_add (worker->sockets, udp);
  al_udp_get_address (udp, address);
  return true;
}

static bool
worker_open (Worker *worker, Workers *workers, unsigned index, AlUdpOffload offload, GError **error)
{
  g_autofree char *name = g_strdup_printf ("worker-%u", index);

  worker->workers = workers;
  worker->sockets = g_ptr_array_new_with_free_func (udp_free);
  worker->loop = al_loop_new (name, error);
  if (worker->loop != NULL)
    worker->hub = al_udp_hub_new (worker->loop, offload, error);
  if (worker->hub == NULL)
    return false;
  for (unsigned i = 0; i < workers->addresses->len; i++)
    {
      AlAddr *address = &g_array_index (workers->addresses, AlAddr, i);

      if ((index == 0 && !check_free (worker->hub, address, error)) || !worker_listen (worker, address, error))
        return false;
    }
  return true;
}

static void
worker_clear (Worker *worker)
{
  g_clear_pointer (&worker->sockets, g_ptr_array_unref);
  al_udp_hub_free (worker->hub);
  al_loop_free (worker->loop);
}

static void
make_counters (Workers *workers, AlMetrics *metrics)
{
  for (AlDemux kind = AL_DEMUX_UNKNOWN; kind < AL_DEMUX_N; kind++)
    {
      g_autofree char *labels = al_metrics_labels ("kind", al_demux_name (kind), NULL);

      workers->received[kind] =
          al_metrics_counter (metrics, "aldis_worker_datagrams", "Datagrams that workers received.", labels);
      workers->dropped[kind] =
          al_metrics_counter (metrics, "aldis_worker_dropped", "Datagrams that nothing here takes.", labels);
    }
}

/* "*:PORT" is both families where there are both */
static bool
read_addresses (Workers *workers, const char *const *list, GError **error)
{
  for (; *list != NULL; list++)
    {
      AlAddr address;

      if (!al_addr_parse (*list, 3478, &address, error))
        return false;
      g_array_append_val (workers->addresses, address);
      if ((*list)[0] == '*' && g_file_test ("/proc/net/if_inet6", G_FILE_TEST_EXISTS))
        {
          if (!al_addr_parse ("::", al_addr_get_port (&address), &address, error))
            return false;
          g_array_append_val (workers->addresses, address);
        }
    }
  return true;
}

Workers *
workers_new (const AlConfig *config, AlMetrics *metrics, GError **error)
{
  g_autoptr (Workers) workers = g_new0 (Workers, 1);
  bool offload = strcmp (al_config_get_string (config, "server", "udp_offload"), "off") != 0;
  int64_t n = al_config_get_int (config, "server", "workers");

  make_counters (workers, metrics);
  workers->addresses = g_array_new (FALSE, TRUE, sizeof (AlAddr));
  if (!read_addresses (workers, al_config_get_list (config, "relay", "listen_udp"), error))
    return NULL;
  if (workers->addresses->len == 0 && al_config_get_list (config, "relay", "listen_tcp")[0] == NULL
      && al_config_get_list (config, "relay", "listen_tls")[0] == NULL)
    return g_steal_pointer (&workers);
  n = n == 0 ? (int64_t) g_get_num_processors () : n;
  workers->workers = g_new0 (Worker, MIN (n, MAX_WORKERS));
  for (; workers->n < MIN (n, MAX_WORKERS); workers->n++)
    if (!worker_open (&workers->workers[workers->n], workers, workers->n,
                      offload ? AL_UDP_OFFLOAD_AUTO : AL_UDP_OFFLOAD_OFF, error))
      {
        g_prefix_error (error, "[relay] listen_udp: ");
        worker_clear (&workers->workers[workers->n]);
        return NULL;
      }
  return g_steal_pointer (&workers);
}

void
workers_stop (Workers *workers)
{
  for (unsigned i = 0; workers != NULL && i < workers->n; i++)
    if (workers->workers[i].started)
      {
        al_loop_quit (workers->workers[i].loop);
        (void) pthread_join (workers->workers[i].pthread, NULL);
        workers->workers[i].started = false;
      }
}

void
workers_free (Workers *workers)
{
  if (workers == NULL)
    return;
  workers_stop (workers);
  for (unsigned i = 0; i < workers->n; i++)
    worker_clear (&workers->workers[i]);
  g_free (workers->workers);
  g_array_unref (workers->addresses);
  g_free (workers);
}

void
workers_route (Workers *workers, unsigned index, AlDemux kind, WorkersFn fn, void *user)
{
  g_return_if_fail (index < workers->n && kind < AL_DEMUX_N && !workers->workers[index].started);
  workers->workers[index].routes[kind] = (Route){ fn, user };
}

static void *
run (void *loop)
{
  al_loop_run (loop);
  return NULL;
}

bool
workers_start (Workers *workers, GError **error)
{
  sigset_t all, before;
  int code = 0;

  /* signals are the main thread's business */
  (void) sigfillset (&all);
  (void) pthread_sigmask (SIG_SETMASK, &all, &before);
  for (unsigned i = 0; i < workers->n && code == 0; i++)
    {
      code = pthread_create (&workers->workers[i].pthread, NULL, run, workers->workers[i].loop);
      workers->workers[i].started = code == 0;
    }
  (void) pthread_sigmask (SIG_SETMASK, &before, NULL);
  if (code != 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "worker thread: %s", g_strerror (code));
  return code == 0;
}

unsigned
workers_get_n (const Workers *workers)
{
  return workers->n;
}

AlLoop *
workers_get_loop (Workers *workers, unsigned index)
{
  g_return_val_if_fail (index < workers->n, NULL);
  return workers->workers[index].loop;
}

AlUdpHub *
workers_get_hub (Workers *workers, unsigned index)
{
  g_return_val_if_fail (index < workers->n, NULL);
  return workers->workers[index].hub;
}

AlUdp *const *
workers_get_sockets (const Workers *workers, unsigned index, unsigned *ret_n)
{
  const GPtrArray *sockets = workers->workers[index].sockets;

  *ret_n = sockets->len;
  return (AlUdp *const *) (void *) sockets->pdata;
}

bool
workers_get_address (const Workers *workers, unsigned n, AlAddr *ret_address)
{
  if (n >= workers->addresses->len)
    return false;
  *ret_address = g_array_index (workers->addresses, AlAddr, n);
  return true;
}
