/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/mesh-private.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/udp.h"
#include "bench.h"

#define ROUNDS 500

static void
on_mail (void *message, void *user)
{
  RelayMail *mail = message;
  BenchWorker *worker = user;

  (void) mail->fn (mail, worker->bench->turns[worker->index], worker->bench->now_us);
  mail->free (mail);
}

/* Returns: messages that the worker had */
static unsigned
drain (RelayMesh *mesh, Bench *bench, unsigned worker)
{
  return al_mailbox_drain (mesh->boxes[worker], on_mail, &bench->workers[worker], 0);
}

static void
clear (Client *clients, unsigned n)
{
  for (unsigned i = 0; i < n; i++)
    client_clear (&clients[i]);
}

static RelayMesh *
make (void)
{
  RelayMesh *mesh = relay_mesh_new (WORKERS, NULL);

  g_assert_nonnull (mesh);
  return mesh;
}

/* a datagram between the allocations of two workers */
static void
test_hairpin (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_autoptr (RelayMesh) mesh = make ();
  g_auto (Client) alice = { 0 }, bob = { 0 };
  g_autoptr (Packet) packet = NULL;
  uint8_t longest[AL_UDP_MAX_DATAGRAM + 1] = { 0 };

  client_init (&alice, bench, 0, "192.0.2.10:1000");
  client_init (&bob, bench, 1, "192.0.2.11:1000");
  g_assert_cmpuint (client_allocate (&alice), ==, 0);
  g_assert_cmpuint (client_allocate (&bob), ==, 0);
  g_assert_cmpuint (client_permit (&bob, RELAY4), ==, 0);
  g_ptr_array_set_size (bench->sent, 0);

  relay_mesh_pass (mesh, 1, &alice.relayed[RELAY_IPV4], &bob.relayed[RELAY_IPV4], "hello", 5);
  g_assert_cmpuint (bench->sent->len, ==, 0); /* only its own worker touches an allocation */
  g_assert_cmpuint (drain (mesh, bench, 0), ==, 0);
  g_assert_cmpuint (drain (mesh, bench, 1), ==, 1);
  packet = bench_take (bench->sent);
  g_assert_true (relay_tuple_equal (&packet->to, &bob.tuple));
  g_assert_nonnull (memmem (packet->data, packet->len, "hello", 5));

  /* what may wait is bounded; a worker that is not there gets nothing */
  relay_mesh_pass (mesh, 1, &alice.relayed[RELAY_IPV4], &bob.relayed[RELAY_IPV4], longest, sizeof longest);
  relay_mesh_pass (mesh, WORKERS, &alice.relayed[RELAY_IPV4], &bob.relayed[RELAY_IPV4], "x", 1);
  relay_mesh_pass (mesh, 255, &alice.relayed[RELAY_IPV4], &bob.relayed[RELAY_IPV4], "x", 1);
  g_assert_cmpuint (drain (mesh, bench, 0) + drain (mesh, bench, 1), ==, 0);
  relay_mesh_pass (mesh, 1, &alice.relayed[RELAY_IPV4], &bob.relayed[RELAY_IPV4], longest, sizeof longest - 1);
  relay_mesh_pass (mesh, 1, &alice.relayed[RELAY_IPV4], &bob.relayed[RELAY_IPV4], "", 0);
  g_assert_cmpuint (drain (mesh, bench, 1), ==, 2);
  g_assert_cmpuint (bench->sent->len, ==, 2);
}

/* a worker that does not keep up loses datagrams, not memory */
static void
test_full (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_autoptr (RelayMesh) mesh = make ();
  const AlAddr from = addr_of (RELAY4 ":50000"), to = addr_of (RELAY4 ":50001");
  unsigned n;

  for (unsigned i = 0; i < 20000; i++)
    relay_mesh_pass (mesh, 0, &from, &to, &i, sizeof i);
  n = drain (mesh, bench, 0);
  g_assert_cmpuint (n, >=, 1000);
  g_assert_cmpuint (n, <, 20000);
  bench_drop (bench, RELAY_DROP_POLICY, n); /* no allocation there */
  for (unsigned i = 0; i < 100; i++)
    relay_mesh_pass (mesh, 0, &from, &to, &i, sizeof i); /* freed with the mesh */
}

static void
test_revoke (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_autoptr (RelayMesh) mesh = make ();
  Client clients[3];

  for (unsigned i = 0; i < 3; i++)
    {
      g_autofree char *address = g_strdup_printf ("192.0.2.10:%u", 1000 + i);

      client_init (&clients[i], bench, i % 2, address);
      if (i == 2)
        client_set_user (&clients[i], "bob", "hunter", false);
      g_assert_cmpuint (client_allocate (&clients[i]), ==, 0);
    }
  relay_mesh_revoke (mesh, "alice", EPOCH_S + 10000);
  g_assert_cmpuint (bench->ended->len, ==, 0);
  g_assert_cmpuint (drain (mesh, bench, 0), ==, 1);
  g_assert_cmpuint (drain (mesh, bench, 1), ==, 1);
  g_assert_cmpuint (bench->ended->len, ==, 2);
  for (unsigned i = 0; i < 2; i++)
    g_assert_cmpint (g_array_index (bench->ended, Ended, i).reason, ==, RELAY_END_REVOKED);
  g_assert_cmpuint (client_refresh (&clients[0], 600), ==, 401);
  g_assert_cmpuint (client_refresh (&clients[2], 600), ==, 0);
  clear (clients, 3);
}

static void
on_done (gpointer user)
{
  atomic_fetch_add ((_Atomic unsigned *) user, 1);
}

/* the old configuration is in use until the last worker has the new one */
static void
test_config (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_autoptr (RelayMesh) mesh = make ();
  Client clients[2];
  RelayTurnConfig config = bench->config;
  _Atomic unsigned done = 0;

  client_init (&clients[0], bench, 0, "192.0.2.10:1000");
  client_init (&clients[1], bench, 1, "192.0.2.10:2000");
  config.bind[RELAY_IPV4] = (AlAddr){ 0 };
  relay_mesh_set_config (mesh, &config, EPOCH_S * SECOND, on_done, &done);
  g_assert_cmpuint (drain (mesh, bench, 0), ==, 1);
  g_assert_cmpuint (done, ==, 0);
  g_assert_cmpuint (client_allocate (&clients[0]), ==, 440);
  g_assert_cmpuint (client_allocate (&clients[1]), ==, 0);
  g_assert_cmpuint (client_refresh (&clients[1], 0), ==, 0);
  g_assert_cmpuint (drain (mesh, bench, 1), ==, 1);
  g_assert_cmpuint (done, ==, 1);
  g_assert_cmpuint (client_allocate (&clients[1]), ==, 440);
  relay_mesh_set_config (mesh, &bench->config, EPOCH_S * SECOND, NULL, NULL);
  (void) drain (mesh, bench, 0);
  (void) drain (mesh, bench, 1);
  g_assert_cmpuint (client_allocate (&clients[0]), ==, 0);
  clear (clients, 2);
}

typedef struct {
  _Atomic unsigned n;
  GArray *infos; /* of the last */
  RelayTurnStats stats;
} Listed;

static void
on_list (GArray *infos, const RelayTurnStats *stats, void *user)
{
  Listed *listed = user;

  g_clear_pointer (&listed->infos, g_array_unref);
  listed->infos = infos;
  listed->stats = *stats;
  atomic_fetch_add (&listed->n, 1);
}

static void
test_list (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_autoptr (RelayMesh) mesh = make ();
  Client clients[3];
  Listed listed = { 0 };
  unsigned of_bob = 0;

  for (unsigned i = 0; i < 3; i++)
    {
      g_autofree char *address = g_strdup_printf ("192.0.2.10:%u", 1000 + i);

      client_init (&clients[i], bench, i % 2, address);
      if (i == 1)
        client_set_user (&clients[i], "bob", "hunter", false);
      g_assert_cmpuint (client_allocate (&clients[i]), ==, 0);
      g_assert_cmpuint (client_permit (&clients[i], PEER), ==, 0);
      client_send (&clients[i], PEER, "hello", 5);
      bench_from_peer (bench, &clients[i].relayed[RELAY_IPV4], PEER, "four", 4);
    }
  client_send (&clients[1], "9.9.9.8:4000", "hello", 5);
  relay_mesh_list (mesh, true, on_list, &listed);
  (void) drain (mesh, bench, 1);
  g_assert_cmpuint (listed.n, ==, 0);
  (void) drain (mesh, bench, 0);
  g_assert_cmpuint (listed.n, ==, 1);
  g_assert_cmpuint (listed.infos->len, ==, 3);
  for (unsigned i = 0; i < 3; i++)
    of_bob += g_str_equal (g_array_index (listed.infos, RelayAllocInfo, i).id, "bob");
  g_assert_cmpuint (of_bob, ==, 1);
  g_assert_cmpuint (listed.stats.active[RELAY_UDP], ==, 3);
  g_assert_cmpuint (listed.stats.allocations[RELAY_UDP], ==, 3);
  g_assert_cmpuint (listed.stats.traffic[RELAY_UDP][RELAY_IPV4].rx_pkts, ==, 3);
  g_assert_cmpuint (listed.stats.traffic[RELAY_UDP][RELAY_IPV4].rx_bytes, ==, 15);
  g_assert_cmpuint (listed.stats.traffic[RELAY_UDP][RELAY_IPV4].tx_pkts, ==, 3);
  g_assert_cmpuint (listed.stats.traffic[RELAY_UDP][RELAY_IPV4].tx_bytes, ==, 12);
  g_assert_cmpuint (listed.stats.dropped[RELAY_DROP_PERMISSION], ==, 1);

  relay_mesh_list (mesh, false, on_list, &listed);
  (void) drain (mesh, bench, 0);
  (void) drain (mesh, bench, 1);
  g_assert_cmpuint (listed.n, ==, 2);
  g_assert_null (listed.infos);
  g_assert_cmpuint (listed.stats.active[RELAY_UDP], ==, 3);
  clear (clients, 3);
}

/* every question is answered once: also when a box is full, and when the mesh ends before the workers came to it */
static void
test_always_answered (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  RelayMesh *mesh = make ();
  const AlAddr nobody = addr_of (RELAY4 ":50000");
  Listed listed = { 0 };
  _Atomic unsigned done = 0;

  for (unsigned i = 0; i < 20000; i++)
    relay_mesh_pass (mesh, 0, &nobody, &nobody, "x", 1);
  relay_mesh_list (mesh, true, on_list, &listed);
  relay_mesh_set_config (mesh, &bench->config, EPOCH_S * SECOND, on_done, &done);
  g_assert_cmpuint (drain (mesh, bench, 1), ==, 2);
  g_assert_cmpuint (listed.n, ==, 1);
  g_assert_cmpuint (done, ==, 1);

  relay_mesh_list (mesh, true, on_list, &listed);
  relay_mesh_set_config (mesh, &bench->config, EPOCH_S * SECOND, on_done, &done);
  g_assert_cmpuint (listed.n, ==, 1);
  relay_mesh_free (mesh);
  g_assert_cmpuint (listed.n, ==, 2);
  g_assert_cmpuint (done, ==, 2);
  g_array_unref (listed.infos);
}

typedef struct {
  RelayMesh *mesh;
  BenchWorker *worker;
  _Atomic bool *stopping;
} Consumer;

static void *
consume (void *user)
{
  Consumer *consumer = user;

  while (!atomic_load (consumer->stopping))
    (void) al_mailbox_drain (consumer->mesh->boxes[consumer->worker->index], on_mail, consumer->worker, 0);
  (void) al_mailbox_drain (consumer->mesh->boxes[consumer->worker->index], on_mail, consumer->worker, 0);
  return NULL;
}

static void
on_counted (GArray *infos, const RelayTurnStats *stats, void *user)
{
  g_assert_cmpuint (infos->len, ==, 2);
  g_assert_cmpuint (stats->active[RELAY_UDP], ==, 2);
  g_array_unref (infos);
  atomic_fetch_add ((_Atomic unsigned *) user, 1);
}

/* workers on threads of their own, asked from another */
static void
test_threads (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_autoptr (RelayMesh) mesh = make ();
  Client clients[WORKERS];
  Consumer consumers[WORKERS];
  pthread_t threads[WORKERS];
  _Atomic bool stopping = false;
  _Atomic unsigned answered = 0, done = 0;

  for (unsigned i = 0; i < WORKERS; i++)
    {
      g_autofree char *address = g_strdup_printf ("192.0.2.10:%u", 1000 + i);

      client_init (&clients[i], bench, i, address);
      g_assert_cmpuint (client_allocate (&clients[i]), ==, 0);
      consumers[i] = (Consumer){ mesh, &bench->workers[i], &stopping };
      g_assert_cmpint (pthread_create (&threads[i], NULL, consume, &consumers[i]), ==, 0);
    }
  for (unsigned i = 0; i < ROUNDS; i++)
    {
      relay_mesh_list (mesh, true, on_counted, &answered);
      relay_mesh_set_config (mesh, &bench->config, EPOCH_S * SECOND, on_done, &done);
      relay_mesh_revoke (mesh, "nobody", EPOCH_S + i);
    }
  while (atomic_load (&answered) < ROUNDS || atomic_load (&done) < ROUNDS)
    g_usleep (100);
  atomic_store (&stopping, true);
  for (unsigned i = 0; i < WORKERS; i++)
    g_assert_cmpint (pthread_join (threads[i], NULL), ==, 0);
  g_assert_cmpuint (answered, ==, ROUNDS);
  g_assert_cmpuint (done, ==, ROUNDS);
  clear (clients, WORKERS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/mesh/hairpin", test_hairpin);
  g_test_add_func ("/relay/mesh/full", test_full);
  g_test_add_func ("/relay/mesh/revoke", test_revoke);
  g_test_add_func ("/relay/mesh/config", test_config);
  g_test_add_func ("/relay/mesh/list", test_list);
  g_test_add_func ("/relay/mesh/always-answered", test_always_answered);
  g_test_add_func ("/relay/mesh/threads", test_threads);
  return g_test_run ();
}
