/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocations of TCP in the relay's state machine: two workers, six 5-tuples, a clock, peers that are reached, are not, come
 * by themselves and go. The input is a list of commands (run_command()); requests are signed here. A model says what may be:
 * nobody is connected to or let in whom policy and permissions do not allow, nothing is joined twice or by another user, no
 * allocation has more than it may, and no connection outlives its allocation.
 *
 * One file, though long: what may be follows from the whole of the model.
 */
#include <glib.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/bytes.h"
#include "base/stun.h"
#include "relay/turn.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define REALM "r"
#define SECOND ((int64_t) G_USEC_PER_SEC)
#define N_TUPLES 6
#define N_PEERS 12
#define N_IDS 8
#define CONNECTIONS_MAX (N_TUPLES * RELAY_MAX_LINKS)
#define GRANTS_MAX 256

typedef struct {
  RelayAlloc *alloc;
  AlAddr address;
  unsigned worker;
} Listening;

typedef struct {
  RelayLink *link;
  Listening *from;
  AlAddr peer;
  bool connecting, joined;
} Connection;

/* a permission: of the allocation at a tuple */
typedef struct {
  unsigned tuple;
  AlAddr host;
  int64_t until_us;
} Grant;

static const char *const users[] = { "ann:pa", "bob:pb", NULL }, *const names[] = { "ann", "bob" }, *const none[] = { NULL };
static const char *const deny[] = { "9.9.9.0/24", NULL };
static const char *const peer_texts[N_PEERS] = {
  "9.9.9.9:4000",   "9.9.9.9:4001", "9.9.9.9:80",        "20.0.0.1:4000",  "127.0.0.1:4000",     "10.1.0.1:4000",
  "192.0.2.1:5000", "20.0.0.2:0",   "[2620:fe::9]:4000", "[::1]:4000",     "[::ffff:10.0.0.1]:4000", "192.0.2.1:50001",
};
static const char *const tuple_texts[N_TUPLES] = { "9.8.7.6:1", "9.8.7.6:2", "9.8.7.5:1", "9.8.7.5:2", "9.8.7.4:1", "9.8.7.4:1" };

/* kept from input to input */
static RelayCredentials *credentials;
static RelayPolicy *policies[2];
static RelayNonce *nonce;
static AlHmac *hmac;
static AlAddr peers[N_PEERS], relay_addrs[2];

/* of one input */
static RelayTurn *turns[2];
static RelayTurnConfig configs[2];
static unsigned at_config;
static RelayShared shared;
static AlTimerWheel *wheel;
static int64_t now_us;
static RelayTuple tuples[N_TUPLES];
static Listening *listening[2 * N_TUPLES];
static Connection *connections[CONNECTIONS_MAX];
static Grant grants[GRANTS_MAX];
static unsigned n_listening, n_connections, n_grants, serial, n_ids, user;
static uint32_t ids[N_IDS];
static bool verified, failing;
static AlStunClass answer;

static AlAddr
addr_of (const char *text)
{
  AlAddr addr;

  g_assert_true (al_addr_parse (text, 0, &addr, NULL));
  return addr;
}

static unsigned
index_of (const RelayTuple *tuple)
{
  for (unsigned i = 0; i < N_TUPLES; i++)
    if (relay_tuple_equal (&tuples[i], tuple))
      return i;
  g_assert_not_reached ();
}

static bool
is_listening (const AlAddr *addr)
{
  for (unsigned i = 0; i < n_listening; i++)
    if (al_addr_equal (&listening[i]->address, addr))
      return true;
  return false;
}

static void
check_reachable (const AlAddr *peer)
{
  RelayPeer verdict = relay_policy_check (configs[at_config].policy, peer);

  g_assert_true (verdict == RELAY_PEER_ALLOWED || (verdict == RELAY_PEER_OURS && is_listening (peer)));
}

static void
on_send (const RelayTuple *to, const void *data, size_t len, void *turn_user)
{
  AlStunMessage message;
  uint32_t id;

  (void) index_of (to);
  g_assert_true (al_stun_parse (data, len, &message));
  answer = message.cls;
  if (al_stun_find_u32 (&message, AL_STUN_CONNECTION_ID, &id))
    {
      g_assert_true (message.method == AL_STUN_CONNECT || message.cls == AL_STUN_INDICATION);
      g_assert_cmpuint (id & 0xff, ==, *(unsigned *) turn_user);
      ids[n_ids++ % N_IDS] = id;
    }
}

static void
on_pass (const RelayTuple *to, const uint8_t head[4], const void *data, size_t len, void *turn_user)
{
  g_assert_not_reached ();
}

/* no allocation of datagrams is asked for here */
static void *
on_open (RelayAlloc *alloc, const AlAddr *address, void *turn_user)
{
  g_assert_not_reached ();
}

static void
on_close (void *socket, void *turn_user)
{
  g_assert_not_reached ();
}

static void
on_relay (void *socket, const AlAddr *peer, const void *data, size_t len, bool dont_fragment, void *turn_user)
{
  g_assert_not_reached ();
}

static void
on_hairpin (unsigned worker, const AlAddr *from, const AlAddr *to, const void *data, size_t len, void *turn_user)
{
  g_assert_not_reached ();
}

static void
forget_grants (unsigned tuple)
{
  for (unsigned i = 0; i < n_grants; i++)
    if (grants[i].tuple == tuple)
      grants[i].until_us = 0;
}

static void
on_ended (const RelayAllocInfo *info, RelayEndReason reason, void *turn_user)
{
  forget_grants (index_of (&info->tuple));
}

static void *
on_listen (RelayAlloc *alloc, const AlAddr *address, void *turn_user)
{
  Listening *self;

  g_assert_true (verified);
  g_assert_true (configs[at_config].tcp_allocations);
  g_assert_cmpuint (n_listening, <, G_N_ELEMENTS (listening));
  g_assert_false (is_listening (address));
  if (failing)
    return NULL;
  self = g_new (Listening, 1);
  *self = (Listening){ alloc, *address, *(unsigned *) turn_user };
  return listening[n_listening++] = self;
}

static void
on_unlisten (void *socket, void *turn_user)
{
  unsigned at = 0;

  for (unsigned i = 0; i < n_connections; i++)
    g_assert_true (connections[i]->from != socket);
  while (at < n_listening && listening[at] != socket)
    at++;
  g_assert_cmpuint (at, <, n_listening);
  listening[at] = listening[--n_listening];
  g_free (socket);
}

static Connection *
connection_new (RelayLink *link, Listening *from, const AlAddr *peer, bool connecting)
{
  Connection *self = g_new (Connection, 1);

  g_assert_cmpuint (n_connections, <, CONNECTIONS_MAX);
  *self = (Connection){ link, from, *peer, connecting, false };
  return connections[n_connections++] = self;
}

static void
forget (Connection *self)
{
  unsigned at = 0;

  while (at < n_connections && connections[at] != self)
    at++;
  g_assert_cmpuint (at, <, n_connections);
  connections[at] = connections[--n_connections];
  g_free (self);
}

static void *
on_connect (void *socket, RelayLink *link, const AlAddr *peer, void *turn_user)
{
  Listening *from = socket;

  g_assert_true (verified);
  g_assert_cmpint (peer->sa.sa_family, ==, from->address.sa.sa_family);
  g_assert_cmpuint (al_addr_get_port (peer), >=, 1024);
  g_assert_false (al_addr_equal (peer, &from->address));
  check_reachable (peer);
  for (unsigned i = 0; i < n_connections; i++)
    g_assert_false (connections[i]->from == from && al_addr_equal (&connections[i]->peer, peer));
  return failing ? NULL : connection_new (link, from, peer, true);
}

static void
on_join (void *opaque, const RelayTuple *client, void *turn_user)
{
  Connection *self = opaque;
  RelayAllocInfo info;

  relay_alloc_get_info (self->from->alloc, &info);
  g_assert_true (verified);
  g_assert_false (self->connecting || self->joined);
  g_assert_cmpstr (info.id, ==, names[user]);
  g_assert_cmpuint (self->from->worker, ==, *(unsigned *) turn_user);
  g_assert_cmpint (client->transport, !=, RELAY_UDP);
  g_assert_false (relay_turn_has (turns[self->from->worker], client));
  self->joined = true;
}

static void
on_hangup (void *connection, void *turn_user)
{
  forget (connection);
}

static bool
may_come (const Listening *self, const AlAddr *peer)
{
  unsigned tuple = index_of (relay_alloc_get_client (self->alloc));

  for (unsigned i = 0; i < n_grants; i++)
    if (grants[i].tuple == tuple && grants[i].until_us > now_us && al_addr_equal_host (&grants[i].host, peer))
      return true;
  return false;
}

static void
grant (unsigned tuple, const AlStunMessage *message)
{
  AlStunAttr attr = { 0 };
  AlAddr peer;

  while (al_stun_next (message, &attr))
    if (attr.type == AL_STUN_XOR_PEER_ADDRESS && al_stun_attr_addr (message, &attr, false, &peer))
      {
        unsigned at = 0;

        al_addr_set_port (&peer, 0);
        while (at < n_grants && !(grants[at].tuple == tuple && al_addr_equal_host (&grants[at].host, &peer)))
          at++;
        g_assert_cmpuint (at, <, GRANTS_MAX);
        grants[at] = (Grant){ tuple, peer, now_us + 300 * SECOND };
        n_grants = MAX (n_grants, at + 1);
      }
}

/* signs what @out holds, and sends it */
static void
ask (unsigned tuple, unsigned who, AlStunWriter *out, uint8_t *data)
{
  static const char *const keys[] = { "ann:" REALM ":pa", "bob:" REALM ":pb" };
  uint8_t key[EVP_MAX_MD_SIZE];
  char text[RELAY_NONCE_MAX];
  AlStunMessage message;
  unsigned key_len, len;
  size_t n;

  user = who & 1;
  g_assert_true (EVP_Digest (keys[user], strlen (keys[user]), key, &key_len, EVP_md5 (), NULL));
  key[0] ^= (who & 0x70) == 0x70; /* now and then it is wrong */
  len = relay_nonce_make (nonce, hmac, &tuples[tuple], now_us / SECOND, text);
  al_stun_put (out, AL_STUN_USERNAME, names[user], strlen (names[user]));
  al_stun_put (out, AL_STUN_REALM, REALM, strlen (REALM));
  al_stun_put (out, AL_STUN_NONCE, text, len);
  al_stun_put_integrity (out, hmac, AL_HMAC_SHA1, key, key_len);
  n = al_stun_end (out);
  if (n == 0)
    return;
  verified = (who & 0x70) != 0x70;
  answer = AL_STUN_REQUEST;
  relay_turn_on_message (turns[tuple % 2], &tuples[tuple], data, n, now_us);
  if (answer == AL_STUN_SUCCESS && al_stun_parse (data, n, &message) && message.method == AL_STUN_CREATE_PERMISSION)
    grant (tuple, &message);
  verified = false;
}

static AlAddr
read_peer (AlReader *in)
{
  unsigned pick = al_reader_u8 (in);

  return pick >= 160 && n_listening > 0 ? listening[pick % n_listening]->address : peers[pick % N_PEERS];
}

static void
run_request (unsigned tuple, AlReader *in)
{
  static const uint8_t methods[] = { AL_STUN_ALLOCATE,        AL_STUN_CONNECT, AL_STUN_CREATE_PERMISSION, AL_STUN_CONNECT,
                                     AL_STUN_CONNECTION_BIND, AL_STUN_REFRESH, AL_STUN_CHANNEL_BIND,      AL_STUN_CONNECTION_BIND };
  unsigned kind = al_reader_u8 (in) % 8, who = al_reader_u8 (in), flags = al_reader_u8 (in);
  uint8_t data[1024], tid[AL_STUN_TID_BYTES] = { 0 };
  AlStunWriter out;
  AlAddr peer = read_peer (in);

  serial++;
  memcpy (tid, &serial, sizeof serial);
  al_stun_begin (&out, data, sizeof data, AL_STUN_REQUEST, methods[kind], tid);
  if (kind == 0)
    {
      al_stun_put_u32 (&out, AL_STUN_REQUESTED_TRANSPORT, 6u << 24);
      if ((flags & 3) == 3)
        al_stun_put (&out, (flags & 4) != 0 ? AL_STUN_EVEN_PORT : AL_STUN_DONT_FRAGMENT, "", (flags & 4) != 0);
      if ((flags & 0x30) == 0x30)
        al_stun_put_u32 (&out, AL_STUN_ADDITIONAL_ADDRESS_FAMILY, 2u << 24);
    }
  if (kind == 5)
    al_stun_put_u32 (&out, AL_STUN_LIFETIME, flags < 64 ? 0 : 600);
  if (kind == 5 && (flags & 3) == 3)
    al_stun_put_u32 (&out, AL_STUN_REQUESTED_ADDRESS_FAMILY, (flags & 4) != 0 ? 2u << 24 : 1u << 24);
  if (kind == 6)
    al_stun_put_u32 (&out, AL_STUN_CHANNEL_NUMBER, 0x4000u << 16);
  if (kind >= 1 && kind <= 6)
    al_stun_put_addr (&out, AL_STUN_XOR_PEER_ADDRESS, &peer, false);
  if (kind == 4 || kind == 7)
    al_stun_put_u32 (&out, AL_STUN_CONNECTION_ID, ids[flags % N_IDS] ^ (flags >= 224 ? 1u << flags % 32 : 0));
  failing = who >= 240;
  ask (tuple, who, &out, data);
  failing = false;
}

static void
run_accept (AlReader *in)
{
  unsigned at = al_reader_u8 (in);
  AlAddr peer = read_peer (in);
  Connection *self;
  Listening *from;
  RelayLink *link;

  if (n_listening == 0 || n_connections == CONNECTIONS_MAX)
    return;
  from = listening[at % n_listening];
  if (peer.sa.sa_family != from->address.sa.sa_family)
    return;
  self = connection_new (NULL, from, &peer, false);
  link = relay_turn_on_accept (turns[from->worker], from->alloc, &peer, self, now_us);
  self->link = link;
  if (link == NULL)
    {
      forget (self);
      return;
    }
  g_assert_true (may_come (from, &peer));
  check_reachable (&peer);
}

/* something happens to a connection */
static void
run_connection (AlReader *in)
{
  unsigned at = al_reader_u8 (in), what = al_reader_u8 (in);
  Connection *self;
  RelayTurn *turn;

  if (n_connections == 0)
    return;
  self = connections[at % n_connections];
  turn = turns[self->from->worker];
  if (self->connecting)
    {
      RelayLink *link = self->link;
      bool ok = what % 4 != 0;

      self->connecting = false;
      if (!ok)
        forget (self);
      relay_turn_on_connected (turn, link, ok, now_us);
    }
  else if (self->joined && what % 4 != 0)
    g_assert_cmpint (relay_turn_on_carried (turn, self->link, what % 2, what * 64, now_us), >=, 0);
  else
    {
      RelayLink *link = self->link;

      forget (self);
      relay_turn_on_hung_up (turn, link, now_us);
    }
}

static void
run_config (AlReader *in)
{
  unsigned flags = al_reader_u8 (in);
  RelayTurnConfig *config = &configs[!at_config];

  *config = configs[at_config];
  config->policy = policies[flags & 1];
  config->tcp_allocations = (flags & 2) == 0;
  config->max_bps = (flags & 4) != 0 ? 64000 : 0;
  at_config = !at_config;
  for (unsigned i = 0; i < 2; i++)
    relay_turn_set_config (turns[i], config, 0);
  for (unsigned i = 0; i < n_grants; i++)
    if (relay_policy_check (config->policy, &grants[i].host) == RELAY_PEER_DENIED)
      grants[i].until_us = 0;
}

static void
run_raw (unsigned tuple, AlReader *in)
{
  size_t said = al_reader_u8 (in), len = MIN (said, al_reader_remaining (in));
  g_autofree uint8_t *exact = g_memdup2 (al_reader_slice (in, len), len);

  g_assert_cmpint (relay_turn_find_home (exact, len), <=, 255);
  relay_turn_on_message (turns[tuple % 2], &tuples[tuple], exact, len, now_us);
}

static void
run_command (AlReader *in)
{
  unsigned op = al_reader_u8 (in), tuple = op / 16 % N_TUPLES;

  switch (op % 16)
    {
    case 0:
      run_raw (tuple, in);
      break;
    case 1:
      now_us += al_reader_u8 (in) * 4 * SECOND;
      (void) al_timer_wheel_advance (wheel, now_us);
      break;
    case 2:
      run_config (in);
      break;
    case 3:
      relay_turn_revoke (turns[op / 16 % 2], names[op / 32 % 2], now_us / SECOND + 10, now_us);
      break;
    case 4:
      relay_turn_on_closed (turns[tuple % 2], &tuples[tuple], now_us);
      break;
    case 5:
    case 6:
      run_accept (in);
      break;
    case 7:
    case 8:
    case 9:
      run_connection (in);
      break;
    default:
      run_request (tuple, in);
      break;
    }
}

static void
count (const RelayAllocInfo *info, void *counts)
{
  g_assert_true (info->is_tcp);
  g_assert_cmpuint (info->links, <=, RELAY_MAX_LINKS);
  g_assert_cmpuint (info->channels, ==, 0);
  ((unsigned *) counts)[0]++;
  ((unsigned *) counts)[1] += info->links;
}

static void
check_all (void)
{
  unsigned counts[2] = { 0 }, active = 0;
  RelayTurnStats stats;

  for (unsigned i = 0; i < 2; i++)
    {
      relay_turn_foreach (turns[i], count, counts);
      relay_turn_get_stats (turns[i], &stats);
      active += stats.active_links;
    }
  g_assert_cmpuint (counts[0], <=, n_listening);
  g_assert_cmpuint (counts[1], ==, n_connections);
  g_assert_cmpuint (active, ==, n_connections);
  g_assert_cmpuint (relay_ports_count (shared.tcp_ports), ==, n_listening);
  g_assert_cmpuint (relay_ports_count (shared.ports), ==, 0);
  g_assert_cmpuint (relay_quota_get (shared.users, "ann", 3) + relay_quota_get (shared.users, "bob", 3), ==, counts[0]);
}

static void
set_up_once (void)
{
  const RelayPolicyConfig plain = { .relay = relay_addrs, .n_relay = 2 };
  const RelayPolicyConfig strict = { .relay = relay_addrs, .n_relay = 2, .deny = deny };
  static const uint8_t key[32] = { 1 };

  hmac = al_hmac_new ();
  nonce = relay_nonce_new (key, RELAY_NONCE_PLAIN);
  relay_addrs[0] = addr_of ("192.0.2.1");
  relay_addrs[1] = addr_of ("2001:db8::1");
  for (unsigned i = 0; i < N_PEERS; i++)
    peers[i] = addr_of (peer_texts[i]);
  credentials = relay_credentials_new (REALM, users, none, NULL);
  policies[0] = relay_policy_new (&plain, NULL);
  policies[1] = relay_policy_new (&strict, NULL);
}

static void
start (void)
{
  static const RelayIo io = { .send = on_send, .pass = on_pass, .open = on_open, .close = on_close, .relay = on_relay,
                              .hairpin = on_hairpin, .ended = on_ended, .listen = on_listen, .unlisten = on_unlisten,
                              .connect = on_connect, .join = on_join, .hangup = on_hangup };
  static unsigned indexes[2] = { 0, 1 };
  static char conns[N_TUPLES];

  now_us = 1000 * SECOND;
  at_config = n_listening = n_connections = n_grants = serial = n_ids = 0;
  memset (ids, 0, sizeof ids);
  wheel = al_timer_wheel_new (now_us);
  shared = (RelayShared){ .nonce = nonce, .ports = relay_ports_new (50000, 50011), .tcp_ports = relay_ports_new (50000, 50011),
                          .users = relay_quota_new (16), .sources = relay_quota_new (16) };
  shared.reservations = relay_reservations_new (shared.ports);
  configs[0] = (RelayTurnConfig){ .credentials = credentials, .policy = policies[0], .max_lifetime_s = 3600,
                                  .tcp_allocations = true };
  memcpy (configs[0].bind, relay_addrs, sizeof relay_addrs);
  for (unsigned i = 0; i < 2; i++)
    turns[i] = relay_turn_new (i, &configs[0], &shared, wheel, 0, &io, &indexes[i]);
  for (unsigned i = 0; i < N_TUPLES; i++)
    tuples[i] = (RelayTuple){ .remote = addr_of (tuple_texts[i]), .local = relay_addrs[0], .conn = i < 5 ? &conns[i] : NULL,
                              .transport = i < 3 ? RELAY_TCP : i < 5 ? RELAY_TLS : RELAY_UDP };
}

static void
finish (bool by_time)
{
  if (by_time)
    {
      now_us += 3700 * SECOND;
      (void) al_timer_wheel_advance (wheel, now_us);
      check_all ();
      g_assert_cmpuint (n_listening, ==, 0);
    }
  for (unsigned i = 0; i < 2; i++)
    relay_turn_free (turns[i]);
  g_assert_cmpuint (n_connections, ==, 0);
  g_assert_cmpuint (n_listening, ==, 0);
  g_assert_cmpuint (relay_ports_count (shared.tcp_ports), ==, 0);
  relay_reservations_free (shared.reservations);
  relay_quota_free (shared.users);
  relay_quota_free (shared.sources);
  relay_ports_free (shared.ports);
  relay_ports_free (shared.tcp_ports);
  al_timer_wheel_free (wheel);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  AlReader in;

  if (hmac == NULL)
    set_up_once ();
  start ();
  al_reader_init (&in, data, size);
  for (unsigned i = 0; i < 300 && al_reader_remaining (&in) > 0; i++)
    {
      run_command (&in);
      check_all ();
    }
  finish (size % 2 != 0);
  return 0;
}
