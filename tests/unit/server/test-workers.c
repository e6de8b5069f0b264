/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/workers.h"

#define N_CLIENTS 64

static const uint8_t stun[20] = { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42 };

static Workers *
make (const char *text, AlMetrics *metrics, GError **error)
{
  g_autofree char *all = g_strconcat ("[server]\n", text, NULL);
  g_autoptr (AlConfig) config = al_config_parse (all, strlen (all), "test", al_config_keys (), error);

  g_assert_nonnull (config);
  return workers_new (config, metrics, error);
}

static uint64_t
count (AlMetrics *metrics, const char *name, const char *kind)
{
  g_autofree char *labels = al_metrics_labels ("kind", kind, NULL);

  return al_counter_get (al_metrics_counter (metrics, name, NULL, labels));
}

static void
send_to (const AlAddr *address, const void *data, size_t len)
{
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (sendto (fd, data, len, 0, &address->sa, sizeof address->in4), ==, (ssize_t) len);
  (void) close (fd);
}

/* no more than the test's own timeout */
static void
wait_for (AlMetrics *metrics, const char *name, const char *kind, uint64_t n)
{
  while (count (metrics, name, kind) < n)
    g_usleep (500);
  g_assert_cmpuint (count (metrics, name, kind), ==, n);
}

static void
test_none (void)
{
  g_autoptr (AlMetrics) metrics = al_metrics_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (Workers) workers = make ("workers=3\n[relay]\nlisten_udp=\nlisten_tcp=\nlisten_tls=\n", metrics, &error);
  AlAddr address;

  g_assert_no_error (error);
  g_assert_cmpuint (workers_get_n (workers), ==, 0);
  g_assert_false (workers_get_address (workers, 0, &address));
  g_assert_true (workers_start (workers, &error));
}

/* kinds are told apart and, without anybody who takes them, dropped and counted */
static void
test_counted (void)
{
  g_autoptr (AlMetrics) metrics = al_metrics_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (Workers) workers = make ("workers=2\n[relay]\nlisten_udp=127.0.0.1:0;127.0.0.1:0\n", metrics, &error);
  AlAddr one, two;

  g_assert_no_error (error);
  g_assert_cmpuint (workers_get_n (workers), ==, 2);
  g_assert_true (workers_start (workers, &error));
  g_assert_true (workers_get_address (workers, 0, &one) && workers_get_address (workers, 1, &two));
  g_assert_cmpuint (al_addr_get_port (&one), !=, al_addr_get_port (&two));
  for (unsigned i = 0; i < 10; i++)
    send_to (i % 2 == 0 ? &one : &two, stun, sizeof stun);
  send_to (&one, "hello", 5);
  send_to (&one, "", 0);
  send_to (&two, "\x40\x00\x00\x00", 4);
  wait_for (metrics, "aldis_worker_dropped", "stun", 10);
  wait_for (metrics, "aldis_worker_dropped", "channel", 2); /* "h" too */
  wait_for (metrics, "aldis_worker_dropped", "unknown", 1);
  g_assert_cmpuint (count (metrics, "aldis_worker_datagrams", "stun"), ==, 10);
  g_assert_cmpuint (count (metrics, "aldis_worker_datagrams", "dtls"), ==, 0);
}

typedef struct {
  AlLoop *loop;
  AlCounter *taken;
  bool used;
} Taker;

static void
take (AlUdp *udp, const AlUdpDatagram *datagram, int64_t now_us, void *user)
{
  Taker *taker = user;

  g_assert_true (al_loop_is_current (taker->loop));
  g_assert_cmpmem (datagram->data, datagram->len, stun, sizeof stun);
  taker->used = true;
  al_counter_add (taker->taken, 1);
}

/* clients are spread over the workers; each has a state of its own */
static void
test_route (gconstpointer offload)
{
  g_autoptr (AlMetrics) metrics = al_metrics_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *text =
      g_strdup_printf ("workers=2\nudp_offload=%s\n[relay]\nlisten_udp=127.0.0.1:0\n", (const char *) offload);
  Workers *workers = make (text, metrics, &error);
  AlCounter *taken = al_metrics_counter (metrics, "test_taken", "Taken.", NULL);
  Taker takers[2] = { 0 };
  AlAddr address;

  g_assert_no_error (error);
  for (unsigned i = 0; i < 2; i++)
    {
      if (g_str_equal (offload, "off"))
        g_assert_cmpint (al_udp_hub_get_offload (workers_get_hub (workers, i)), ==, AL_UDP_OFFLOAD_OFF);
      else
        g_assert_cmpint (al_udp_hub_get_offload (workers_get_hub (workers, i)), !=, AL_UDP_OFFLOAD_OFF);
      takers[i] = (Taker){ workers_get_loop (workers, i), taken, false };
      workers_route (workers, i, AL_DEMUX_STUN, take, &takers[i]);
    }
  g_assert_true (workers_start (workers, &error));
  g_assert_true (workers_get_address (workers, 0, &address));
  for (unsigned i = 0; i < N_CLIENTS; i++)
    send_to (&address, stun, sizeof stun);
  while (al_counter_get (taken) < N_CLIENTS)
    g_usleep (500);
  workers_free (workers);
  g_assert_true (takers[0].used && takers[1].used);
  g_assert_cmpuint (count (metrics, "aldis_worker_datagrams", "stun"), ==, N_CLIENTS);
  g_assert_cmpuint (count (metrics, "aldis_worker_dropped", "stun"), ==, 0);
}

/* workers share a port with each other and with nobody else */
static void
test_taken_port (void)
{
  g_autoptr (AlMetrics) metrics = al_metrics_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (Workers) first = make ("workers=1\n[relay]\nlisten_udp=127.0.0.1:0\n", metrics, &error), second = NULL;
  g_autofree char *text = NULL;
  AlAddr address;

  g_assert_no_error (error);
  g_assert_true (workers_get_address (first, 0, &address));
  text = g_strdup_printf ("workers=2\n[relay]\nlisten_udp=127.0.0.1:%u\n", al_addr_get_port (&address));
  second = make (text, metrics, &error);
  g_assert_null (second);
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, "listen_udp"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/server/workers/none", test_none);
  g_test_add_func ("/server/workers/counted", test_counted);
  g_test_add_data_func ("/server/workers/route/auto", "auto", test_route);
  g_test_add_data_func ("/server/workers/route/offload-off", "off", test_route);
  g_test_add_func ("/server/workers/taken-port", test_taken_port);
  return g_test_run ();
}
