/* SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

#include <openssl/evp.h>
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

/* ---- clients ---- */

void
client_set_user (Client *client, const char *name, const char *password, bool sha256)
{
  g_autofree char *text = g_strdup_printf ("%s:%s:%s", name, REALM, password);

  g_strlcpy (client->name, name, sizeof client->name);
  client->name_len = strlen (name);
  g_assert_true (EVP_Digest (text, strlen (text), client->key, &client->key_len, sha256 ? EVP_sha256 () : EVP_md5 (), NULL));
}

void
client_set_rest (Client *client, int64_t expires_s, const char *id, const char *secret)
{
  g_autofree char *name = id == NULL ? g_strdup_printf ("%" G_GINT64_FORMAT, expires_s)
                                     : g_strdup_printf ("%" G_GINT64_FORMAT ":%s", expires_s, id);
  const struct iovec part = { name, strlen (name) };
  uint8_t mac[AL_HMAC_MAX_BYTES];
  size_t len = al_hmac_compute (client->bench->hmac, AL_HMAC_SHA1, secret, strlen (secret), &part, 1, mac);
  g_autofree char *password = g_base64_encode (mac, len);

  client_set_user (client, name, password, false);
}

void
client_init (Client *client, Bench *bench, unsigned worker, const char *address)
{
  memset (client, 0, sizeof *client);
  client->bench = bench;
  client->worker = worker;
  client->tuple = (RelayTuple){ .remote = addr_of (address), .transport = RELAY_UDP };
  client->tuple.local = addr_of (client->tuple.remote.sa.sa_family == AF_INET ? RELAY4 ":3478" : "[" RELAY6 "]:3478");
  client_set_user (client, "alice", "secret", false);
  g_assert_cmpuint (client_challenge (client), ==, 401);
}

void
client_clear (Client *client)
{
  packet_free (client->answer);
}

void
client_tell (Client *client, const void *data, size_t len)
{
  g_autofree uint8_t *exact = g_memdup2 (data, len);

  relay_turn_on_message (client->bench->turns[client->worker], &client->tuple, exact, len, client->bench->now_us);
}

void
ask_begin (Client *client, Ask *ask, AlStunMethod method)
{
  client->serial++;
  memset (ask->tid, 0, sizeof ask->tid);
  memcpy (ask->tid, &client->serial, sizeof client->serial);
  al_stun_begin (&ask->out, ask->data, sizeof ask->data, AL_STUN_REQUEST, method, ask->tid);
}

void
ask_put_auth (Client *client, Ask *ask)
{
  al_stun_put (&ask->out, AL_STUN_USERNAME, client->name, client->name_len);
  al_stun_put (&ask->out, AL_STUN_REALM, REALM, strlen (REALM));
  al_stun_put (&ask->out, AL_STUN_NONCE, client->nonce, client->nonce_len);
  if (client->key_len == 32)
    {
      static const uint8_t list[] = { 0, 2, 0, 0, 0, 1, 0, 0 };

      al_stun_put (&ask->out, AL_STUN_PASSWORD_ALGORITHMS, list, sizeof list);
      al_stun_put (&ask->out, AL_STUN_PASSWORD_ALGORITHM, list, 4);
    }
}

unsigned
ask_send (Client *client, Ask *ask)
{
  ask_put_auth (client, ask);
  al_stun_put_integrity (&ask->out, client->bench->hmac, client->hash, client->key, client->key_len);
  return ask_send_raw (client, ask);
}

unsigned
ask_send_raw (Client *client, Ask *ask)
{
  GPtrArray *sent = client->bench->sent;
  AlStunAttr attr = { 0 };
  size_t len;

  if (client->fingerprint)
    al_stun_put_fingerprint (&ask->out);
  len = al_stun_end (&ask->out);
  g_assert_cmpuint (len, >, 0);
  g_ptr_array_set_size (sent, 0);
  client_tell (client, ask->data, len);
  if (sent->len == 0)
    return 999;
  g_clear_pointer (&client->answer, packet_free);
  client->answer = bench_take (sent);
  g_assert_true (client->anywhere || relay_tuple_equal (&client->answer->to, &client->tuple));
  g_assert_true (al_stun_parse (client->answer->data, client->answer->len, &client->reply));
  g_assert_true (al_stun_check_fingerprint (&client->reply));
  g_assert_cmpint (client->reply.fingerprint != 0, ==, client->fingerprint);
  g_assert_cmpmem (client->reply.tid, AL_STUN_TID_BYTES, ask->tid, AL_STUN_TID_BYTES);
  if (client->reply.cls == AL_STUN_SUCCESS)
    return 0;
  g_assert_cmpint (client->reply.cls, ==, AL_STUN_ERROR);
  g_assert_true (al_stun_find (&client->reply, AL_STUN_ERROR_CODE, &attr));
  g_assert_cmpuint (attr.len, ==, 4);
  return attr.value[2] * 100u + attr.value[3];
}

unsigned
client_challenge (Client *client)
{
  AlStunAttr nonce;
  Ask ask;
  unsigned code;

  ask_begin (client, &ask, AL_STUN_ALLOCATE);
  code = ask_send_raw (client, &ask);
  if (code == 401)
    {
      g_assert_true (al_stun_find (&client->reply, AL_STUN_NONCE, &nonce));
      g_assert_cmpuint (nonce.len, <=, sizeof client->nonce);
      memcpy (client->nonce, nonce.value, nonce.len);
      client->nonce_len = nonce.len;
    }
  return code;
}

void
ask_peer (Ask *ask, const char *peer)
{
  const AlAddr addr = addr_of (peer);

  al_stun_put_addr (&ask->out, AL_STUN_XOR_PEER_ADDRESS, &addr, false);
}

static unsigned
finish_allocate (Client *client, Ask *ask)
{
  AlStunAttr attr = { 0 };
  unsigned code = ask_send (client, ask);

  memset (client->relayed, 0, sizeof client->relayed);
  while (code == 0 && al_stun_next (&client->reply, &attr))
    if (attr.type == AL_STUN_XOR_RELAYED_ADDRESS)
      {
        AlAddr addr;

        g_assert_true (al_stun_attr_addr (&client->reply, &attr, false, &addr));
        client->relayed[relay_family_of (&addr)] = addr;
      }
  return code;
}

unsigned
client_allocate_with (Client *client, AlStunType type, const void *value, size_t len)
{
  Ask ask;

  ask_begin (client, &ask, AL_STUN_ALLOCATE);
  al_stun_put_u32 (&ask.out, AL_STUN_REQUESTED_TRANSPORT, 17u << 24);
  if (type != 0)
    al_stun_put (&ask.out, (uint16_t) type, value, len);
  return finish_allocate (client, &ask);
}

unsigned
client_allocate (Client *client)
{
  return client_allocate_with (client, 0, NULL, 0);
}

unsigned
client_refresh (Client *client, int64_t lifetime_s)
{
  Ask ask;

  ask_begin (client, &ask, AL_STUN_REFRESH);
  if (lifetime_s >= 0)
    al_stun_put_u32 (&ask.out, AL_STUN_LIFETIME, (uint32_t) lifetime_s);
  return ask_send (client, &ask);
}

unsigned
client_permit (Client *client, const char *peer)
{
  Ask ask;

  ask_begin (client, &ask, AL_STUN_CREATE_PERMISSION);
  ask_peer (&ask, peer);
  return ask_send (client, &ask);
}

unsigned
client_bind (Client *client, unsigned number, const char *peer)
{
  Ask ask;

  ask_begin (client, &ask, AL_STUN_CHANNEL_BIND);
  al_stun_put_u32 (&ask.out, AL_STUN_CHANNEL_NUMBER, number << 16);
  ask_peer (&ask, peer);
  return ask_send (client, &ask);
}

void
client_send (Client *client, const char *peer, const void *data, size_t len)
{
  const AlAddr addr = addr_of (peer);
  g_autofree uint8_t *bytes = g_malloc (len + 128);
  static const uint8_t tid[AL_STUN_TID_BYTES] = { 5 };
  AlStunWriter out;

  al_stun_begin (&out, bytes, len + 128, AL_STUN_INDICATION, AL_STUN_SEND, tid);
  al_stun_put_addr (&out, AL_STUN_XOR_PEER_ADDRESS, &addr, false);
  al_stun_put (&out, AL_STUN_DATA_VALUE, data, len);
  client_tell (client, bytes, al_stun_end (&out));
}

void
client_channel_data (Client *client, unsigned number, const void *data, size_t len)
{
  g_autofree uint8_t *bytes = g_malloc (len + 4);

  bytes[0] = (uint8_t) (number >> 8);
  bytes[1] = (uint8_t) number;
  bytes[2] = (uint8_t) (len >> 8);
  bytes[3] = (uint8_t) len;
  memcpy (bytes + 4, data, len);
  client_tell (client, bytes, len + 4);
}

uint32_t
client_lifetime (const Client *client)
{
  uint32_t lifetime_s = UINT32_MAX;

  g_assert_true (al_stun_find_u32 (&client->reply, AL_STUN_LIFETIME, &lifetime_s));
  return lifetime_s;
}

bool
client_is_signed (Client *client)
{
  return al_stun_check_integrity (&client->reply, client->bench->hmac, client->hash, client->key, client->key_len);
}
