/* SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

#include <string.h>
#include <unistd.h>

AlAddr
addr_of (const char *text)
{
  AlAddr addr;

  g_assert_true (al_addr_parse (text, 0, &addr, NULL));
  return addr;
}

void
packet_free (Packet *packet)
{
  if (packet == NULL)
    return;
  g_free (packet->data);
  g_free (packet);
}

static Packet *
note (GPtrArray *packets, const void *data, size_t len)
{
  Packet *packet = g_new0 (Packet, 1);

  packet->data = g_memdup2 (data, len);
  packet->len = len;
  g_ptr_array_add (packets, packet);
  return packet;
}

static void
on_send (const RelayTuple *to, const void *data, size_t len, void *user)
{
  note (((BenchWorker *) user)->bench->sent, data, len)->to = *to;
}

static bool
on_from_address (RelayTuple *tuple, void *user)
{
  return ((BenchWorker *) user)->bench->silent_port != al_addr_get_port (&tuple->local);
}

static void
on_pass (const RelayTuple *to, const uint8_t head[4], const void *data, size_t len, void *user)
{
  Packet *packet = note (((BenchWorker *) user)->bench->sent, data, len);

  packet->to = *to;
  packet->passed = true;
  memcpy (packet->head, head, 4);
}

static void *
on_open (RelayAlloc *alloc, const AlAddr *address, void *user)
{
  Bench *bench = ((BenchWorker *) user)->bench;
  Socket *socket;

  if (bench->failing_opens > 0)
    {
      bench->failing_opens--;
      return NULL;
    }
  socket = g_new (Socket, 1);
  *socket = (Socket){ alloc, *address };
  g_ptr_array_add (bench->sockets, socket);
  return socket;
}

static void
on_close (void *socket, void *user)
{
  g_assert_true (g_ptr_array_remove (((BenchWorker *) user)->bench->sockets, socket));
}

static void
on_relay (void *opaque, const AlAddr *peer, const void *data, size_t len, bool dont_fragment, void *user)
{
  const Socket *socket = opaque;
  Packet *packet = note (((BenchWorker *) user)->bench->relayed, data, len);

  packet->from = socket->address;
  packet->peer = *peer;
  packet->dont_fragment = dont_fragment;
}

static void
on_hairpin (unsigned worker, const AlAddr *from, const AlAddr *to, const void *data, size_t len, void *user)
{
  Bench *bench = ((BenchWorker *) user)->bench;
  Packet *packet;

  g_assert_cmpuint (worker, <, WORKERS);
  g_assert_cmpuint (worker, !=, ((BenchWorker *) user)->index);
  if (bench->carries_hairpins)
    {
      relay_turn_on_hairpin (bench->turns[worker], from, to, data, len, bench->now_us);
      return;
    }
  packet = note (bench->hairpins, data, len);
  packet->from = *from;
  packet->peer = *to;
}

static void
on_ended (const RelayAllocInfo *info, RelayEndReason reason, void *user)
{
  const Ended ended = { *info, reason };

  g_array_append_val (((BenchWorker *) user)->bench->ended, ended);
}

static bool
on_is_open (const RelayTuple *tuple, void *user)
{
  const Bench *bench = ((BenchWorker *) user)->bench;

  return tuple->transport == RELAY_UDP || tuple->conn != bench->closed_conn;
}

static bool
on_move (unsigned worker, RelayMove *move, void *user)
{
  Bench *bench = ((BenchWorker *) user)->bench;
  BenchMove *note_of;

  g_assert_cmpuint (worker, <, WORKERS);
  g_assert_cmpuint (worker, !=, ((BenchWorker *) user)->index);
  if (bench->refuses_moves)
    return false;
  note_of = g_new (BenchMove, 1);
  *note_of = (BenchMove){ worker, move };
  g_ptr_array_add (bench->moves, note_of);
  return true;
}

void
bench_carry (Bench *bench)
{
  while (bench->moves->len > 0)
    {
      g_autofree BenchMove *next = g_ptr_array_steal_index (bench->moves, 0);

      relay_turn_on_move (bench->turns[next->worker], next->move, bench->now_us);
    }
}

static int
on_detach (void *socket, void *user)
{
  Bench *bench = ((BenchWorker *) user)->bench;
  int fd = dup (STDERR_FILENO);

  g_assert_cmpint (fd, >=, 0);
  g_assert_true (g_hash_table_insert (bench->detached, GINT_TO_POINTER (fd), socket));
  return fd;
}

static void *
on_attach (RelayAlloc *alloc, int fd, void *user)
{
  Bench *bench = ((BenchWorker *) user)->bench;
  Socket *socket = g_hash_table_lookup (bench->detached, GINT_TO_POINTER (fd));

  g_assert_nonnull (socket);
  (void) g_hash_table_remove (bench->detached, GINT_TO_POINTER (fd));
  g_assert_cmpint (close (fd), ==, 0);
  if (bench->failing_attach)
    {
      g_assert_true (g_ptr_array_remove (bench->sockets, socket));
      return NULL;
    }
  socket->alloc = alloc;
  return socket;
}

void
bench_set_credentials (Bench *bench, const char *const *users, const char *const *secrets)
{
  RelayCredentials *old = bench->credentials;

  bench->credentials = relay_credentials_new (REALM, users, secrets, NULL);
  g_assert_nonnull (bench->credentials);
  bench->config.credentials = bench->credentials;
  bench_set_config (bench);
  relay_credentials_free (old);
}

void
bench_set_policy (Bench *bench, const char *const *allow, const char *const *deny)
{
  const AlAddr relay[] = { addr_of (RELAY4), addr_of (RELAY6) };
  const RelayPolicyConfig config = { .allow = allow, .deny = deny, .relay = relay, .n_relay = 2 };
  RelayPolicy *old = bench->policy;

  bench->policy = relay_policy_new (&config, NULL);
  g_assert_nonnull (bench->policy);
  bench->config.policy = bench->policy;
  bench_set_config (bench);
  relay_policy_free (old);
}

void
bench_set_config (Bench *bench)
{
  for (unsigned i = 0; i < WORKERS; i++)
    if (bench->turns[i] != NULL)
      relay_turn_set_config (bench->turns[i], &bench->config, EPOCH_S * SECOND);
}

Bench *
bench_new (void (*tune) (Bench *bench))
{
  static const char *const users[] = { "alice:secret", "bob:hunter", NULL }, *const secrets[] = { "newer", "older", NULL };
  RelayIo io = { on_send, on_send, on_from_address, on_pass, on_open, on_close, on_relay,
                 on_hairpin, on_ended, on_is_open, on_move, on_detach, on_attach };
  Bench *bench = g_new0 (Bench, 1);

  bench->now_us = 1000 * SECOND;
  bench->wheel = al_timer_wheel_new (bench->now_us);
  bench->hmac = al_hmac_new ();
  bench->sent = g_ptr_array_new_with_free_func ((GDestroyNotify) packet_free);
  bench->relayed = g_ptr_array_new_with_free_func ((GDestroyNotify) packet_free);
  bench->hairpins = g_ptr_array_new_with_free_func ((GDestroyNotify) packet_free);
  bench->sockets = g_ptr_array_new_with_free_func (g_free);
  bench->ended = g_array_new (FALSE, FALSE, sizeof (Ended));
  bench->moves = g_ptr_array_new ();
  bench->detached = g_hash_table_new (NULL, NULL);
  bench_tcp_set_io (&io);
  bench->listening = g_ptr_array_new_with_free_func (g_free);
  bench->connections = g_ptr_array_new_with_free_func (g_free);
  bench_set_credentials (bench, users, secrets);
  bench_set_policy (bench, NULL, NULL);
  bench->config.bind[RELAY_IPV4] = addr_of (RELAY4);
  bench->config.bind[RELAY_IPV6] = addr_of (RELAY6);
  bench->config.max_lifetime_s = 3600;
  bench->config.user_quota = 10;
  bench->config.algorithms = true;
  bench->shared = (RelayShared){ .nonce = relay_nonce_new (NULL, RELAY_NONCE_ALGORITHMS),
                                 .ports = relay_ports_new (49152, 49152 + 199),
                                 .tcp_ports = relay_ports_new (49152, 49152 + 199),
                                 .users = relay_quota_new (256),
                                 .sources = relay_quota_new (256) };
  bench->shared.reservations = relay_reservations_new (bench->shared.ports);
  bench->shared.bandwidth = relay_bandwidth_new (relay_quota_get_slots (bench->shared.users));
  if (tune != NULL)
    tune (bench);
  for (unsigned i = 0; i < WORKERS; i++)
    {
      bench->workers[i] = (BenchWorker){ bench, i };
      bench->turns[i] = relay_turn_new (i, &bench->config, &bench->shared, bench->wheel, EPOCH_S * SECOND, &io,
                                        &bench->workers[i]);
    }
  return bench;
}

void
bench_free (Bench *bench)
{
  for (unsigned i = 0; i < WORKERS; i++)
    relay_turn_free (bench->turns[i]);
  g_assert_cmpuint (bench->moves->len, ==, 0);
  g_ptr_array_unref (bench->moves);
  g_assert_cmpuint (g_hash_table_size (bench->detached), ==, 0);
  g_hash_table_unref (bench->detached);
  relay_reservations_sweep (bench->shared.reservations, INT64_MAX);
  g_assert_cmpuint (relay_ports_count (bench->shared.ports), ==, 0);
  g_assert_cmpuint (bench->sockets->len, ==, 0);
  g_assert_cmpuint (relay_quota_get (bench->shared.users, "alice", 5), ==, 0);
  g_assert_cmpuint (relay_quota_get (bench->shared.users, "bob", 3), ==, 0);
  relay_nonce_free (bench->shared.nonce);
  relay_reservations_free (bench->shared.reservations);
  bench_tcp_clear (bench);
  relay_ports_free (bench->shared.ports);
  relay_quota_free (bench->shared.users);
  relay_bandwidth_free (bench->shared.bandwidth);
  relay_quota_free (bench->shared.sources);
  relay_credentials_free (bench->credentials);
  relay_policy_free (bench->policy);
  al_timer_wheel_free (bench->wheel);
  al_hmac_free (bench->hmac);
  g_ptr_array_unref (bench->sent);
  g_ptr_array_unref (bench->relayed);
  g_ptr_array_unref (bench->hairpins);
  g_ptr_array_unref (bench->sockets);
  g_array_unref (bench->ended);
  g_free (bench);
}

void
bench_go (Bench *bench, int64_t us)
{
  bench->now_us += us;
  (void) al_timer_wheel_advance (bench->wheel, bench->now_us);
}

void
bench_drop (Bench *bench, RelayDrop reason, uint64_t expected)
{
  RelayTurnStats stats;

  relay_turn_get_stats (bench->turns[0], &stats);
  g_assert_cmpuint (stats.dropped[reason], ==, expected);
}

void
bench_from_peer (Bench *bench, const AlAddr *relayed, const char *from, const void *data, size_t len)
{
  const AlAddr peer = addr_of (from);
  int worker = relay_ports_find (bench->shared.ports, relay_family_of (relayed), al_addr_get_port (relayed));

  for (guint i = 0; i < bench->sockets->len; i++)
    {
      const Socket *socket = bench->sockets->pdata[i];

      if (al_addr_get_port (&socket->address) != al_addr_get_port (relayed)
          || socket->address.sa.sa_family != relayed->sa.sa_family)
        continue;
      g_assert_cmpint (worker, >=, 0);
      relay_turn_on_peer (bench->turns[worker], socket->alloc, &peer, data, len, bench->now_us);
      return;
    }
  g_assert_not_reached ();
}

Packet *
bench_take (GPtrArray *packets)
{
  g_assert_cmpuint (packets->len, ==, 1);
  return g_ptr_array_steal_index (packets, 0);
}
