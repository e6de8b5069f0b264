/* SPDX-License-Identifier: Apache-2.0 */
/* Peers that connect, ConnectionAttempt and ConnectionBind (RFC 6062 §5.3, §5.4). */
#include "bench.h"

#include <string.h>

static void
with_tcp (Bench *bench)
{
  bench->config.tcp_allocations = true;
}

typedef struct {
  Bench *bench;
  Client control, data;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer unused)
{
  fixture->bench = bench_new (with_tcp);
  client_init_tcp (&fixture->control, fixture->bench, 0, "9.8.7.6:1000");
  client_init_tcp (&fixture->data, fixture->bench, 0, "9.8.7.6:1001");
  g_assert_cmpuint (client_allocate_tcp (&fixture->control), ==, 0);
}

static void
tear_down (Fixture *fixture, gconstpointer unused)
{
  client_clear (&fixture->control);
  client_clear (&fixture->data);
  bench_free (fixture->bench);
}

static Connection *
accept_from (Fixture *fixture, const char *peer)
{
  g_ptr_array_set_size (fixture->bench->sent, 0);
  return bench_accept (fixture->bench, &fixture->control.relayed[RELAY_IPV4], peer);
}

/* a peer that waits. Returns: its id */
static uint32_t
let_in (Fixture *fixture, const char *peer)
{
  g_assert_cmpuint (client_permit (&fixture->control, peer), ==, 0);
  g_assert_nonnull (accept_from (fixture, peer)->link);
  (void) client_read (&fixture->control, AL_STUN_INDICATION, AL_STUN_CONNECTION_ATTEMPT);
  return client_id (&fixture->control);
}

static void
test_attempt (Fixture *fixture, gconstpointer unused)
{
  AlStunAttr attr;
  AlAddr peer;

  g_assert_null (accept_from (fixture, PEER)->link);
  bench_drop (fixture->bench, RELAY_DROP_PERMISSION, 1);
  g_assert_cmpuint (fixture->bench->sent->len, ==, 0);
  g_assert_cmpuint (client_permit (&fixture->control, "9.9.9.9:1"), ==, 0); /* any port of the host */
  g_assert_nonnull (accept_from (fixture, PEER)->link);
  (void) client_read (&fixture->control, AL_STUN_INDICATION, AL_STUN_CONNECTION_ATTEMPT);
  g_assert_true (al_stun_find (&fixture->control.reply, AL_STUN_XOR_PEER_ADDRESS, &attr));
  g_assert_true (al_stun_attr_addr (&fixture->control.reply, &attr, false, &peer));
  g_assert_true (al_addr_equal (&peer, &(AlAddr[]){ addr_of (PEER) }[0]));
  g_assert_cmpuint (client_join (&fixture->data, client_id (&fixture->control)), ==, 0);
  g_assert_true (bench_get (fixture->bench)->joined);
  /* it came from there: the kernel has no second connection between the two addresses */
  g_assert_cmpuint (client_connect (&fixture->control, PEER), ==, 446);
  bench_go (fixture->bench, 301 * SECOND);
  g_assert_null (accept_from (fixture, "9.9.9.9:4001")->link); /* the permission is over */
  g_assert_false (bench_get (fixture->bench)->joined);
}

static void
test_unfetched (Fixture *fixture, gconstpointer unused)
{
  uint32_t id = let_in (fixture, PEER);

  bench_go (fixture->bench, 29 * SECOND);
  g_assert_false (bench_get (fixture->bench)->hung_up);
  bench_go (fixture->bench, 2 * SECOND);
  g_assert_true (bench_get (fixture->bench)->hung_up);
  g_assert_cmpuint (client_join (&fixture->data, id), ==, 400);
}

static void
test_many (Fixture *fixture, gconstpointer unused)
{
  char text[32];

  for (unsigned i = 0; i < RELAY_MAX_LINKS; i++)
    {
      g_snprintf (text, sizeof text, "9.9.9.9:%u", 4000 + i);
      (void) let_in (fixture, text);
    }
  g_assert_null (accept_from (fixture, "9.9.9.9:5000")->link);
  bench_drop (fixture->bench, RELAY_DROP_CONNECTIONS, 1);
  g_assert_cmpuint (fixture->bench->sent->len, ==, 0);
}

/* @what is refused, and the peer still waits for who may have it */
static void
test_refused (Fixture *fixture, gconstpointer unused)
{
  uint32_t id = let_in (fixture, PEER);
  Bench *bench = fixture->bench;
  g_auto (Client) other = { 0 }, datagrams = { 0 }, elsewhere = { 0 };
  Ask ask;

  client_init_tcp (&other, bench, 0, "9.8.7.5:1001");
  client_set_user (&other, "bob", "hunter", false);
  client_init (&datagrams, bench, 0, "9.8.7.6:1001");
  client_init_tcp (&elsewhere, bench, 1, "9.8.7.6:1003");
  g_assert_cmpuint (client_join (&other, id), ==, 400);
  g_assert_cmpuint (client_join (&datagrams, id), ==, 400);
  datagrams.tuple.transport = RELAY_DTLS;
  datagrams.tuple.conn = &datagrams;
  g_assert_cmpuint (client_challenge (&datagrams), ==, 401);
  g_assert_cmpuint (client_join (&datagrams, id), ==, 400);
  g_assert_cmpuint (client_join (&elsewhere, id), ==, 400); /* the other worker does not know it */
  g_assert_cmpuint (client_join (&fixture->control, id), ==, 400);
  for (unsigned bit = 0; bit < 32; bit++)
    g_assert_cmpuint (client_join (&fixture->data, id ^ (1u << bit)), ==, 400);
  ask_begin (&fixture->data, &ask, AL_STUN_CONNECTION_BIND);
  g_assert_cmpuint (ask_send (&fixture->data, &ask), ==, 400);
  ask_begin (&fixture->data, &ask, AL_STUN_CONNECTION_BIND);
  al_stun_put (&ask.out, AL_STUN_CONNECTION_ID, &id, 3);
  g_assert_cmpuint (ask_send (&fixture->data, &ask), ==, 400);
  ask_begin (&fixture->data, &ask, AL_STUN_CONNECTION_BIND);
  al_stun_put_u32 (&ask.out, AL_STUN_CONNECTION_ID, id);
  g_assert_cmpuint (ask_send_raw (&fixture->data, &ask), ==, 401);
  client_set_user (&fixture->data, "alice", "wrong", false);
  g_assert_cmpuint (client_join (&fixture->data, id), ==, 401);
  g_assert_false (bench_get (bench)->joined);

  client_set_user (&fixture->data, "alice", "secret", false);
  g_assert_cmpuint (client_join (&fixture->data, id), ==, 0);
  g_assert_cmpuint (client_join (&fixture->data, id), ==, 400);
  client_set_user (&other, "alice", "secret", false);
  g_assert_cmpuint (client_join (&other, id), ==, 400);
}

static void
test_connected (Fixture *fixture, gconstpointer unused)
{
  uint32_t id;

  g_assert_cmpuint (client_connect (&fixture->control, PEER), ==, 999);
  bench_connected (fixture->bench, 0, true);
  (void) client_read (&fixture->control, AL_STUN_SUCCESS, AL_STUN_CONNECT);
  id = client_id (&fixture->control);
  g_assert_cmpuint (id & 0xff, ==, 0); /* of worker 0 */
  g_assert_cmpuint (client_join (&fixture->data, id), ==, 0);
}

static void
test_policy (Fixture *fixture, gconstpointer unused)
{
  static const char *const deny[] = { "9.9.9.0/24", NULL };
  uint32_t id = let_in (fixture, PEER);

  g_assert_cmpuint (client_connect (&fixture->control, "8.8.8.8:4000"), ==, 999);
  bench_set_policy (fixture->bench, NULL, deny);
  g_assert_true (((Connection *) fixture->bench->connections->pdata[0])->hung_up);
  g_assert_false (bench_get (fixture->bench)->hung_up);
  g_assert_cmpuint (client_join (&fixture->data, id), ==, 400);
  g_assert_null (accept_from (fixture, PEER)->link);
  g_assert_cmpuint (client_connect (&fixture->control, PEER), ==, 403);
}

static void
test_home (void)
{
  static const uint8_t tid[AL_STUN_TID_BYTES] = { 1 };
  uint8_t data[64];
  AlStunWriter out;
  size_t len;

  al_stun_begin (&out, data, sizeof data, AL_STUN_REQUEST, AL_STUN_CONNECTION_BIND, tid);
  al_stun_put_u32 (&out, AL_STUN_CONNECTION_ID, 0x12345603);
  len = al_stun_end (&out);
  g_assert_cmpint (relay_turn_find_home (data, len), ==, 3);
  for (size_t n = 0; n < len; n++)
    g_assert_cmpint (relay_turn_find_home (data, n), ==, -1);
  data[1] = AL_STUN_CONNECT;
  g_assert_cmpint (relay_turn_find_home (data, len), ==, -1);
  al_stun_begin (&out, data, sizeof data, AL_STUN_REQUEST, AL_STUN_CONNECTION_BIND, tid);
  g_assert_cmpint (relay_turn_find_home (data, al_stun_end (&out)), ==, -1);
  al_stun_begin (&out, data, sizeof data, AL_STUN_ERROR, AL_STUN_CONNECTION_BIND, tid);
  al_stun_put_u32 (&out, AL_STUN_CONNECTION_ID, 0x12345603);
  g_assert_cmpint (relay_turn_find_home (data, al_stun_end (&out)), ==, -1);
}

/* bytes are counted; over the bandwidth nothing is dropped, but the next ones have to wait */
static void
test_carried (Fixture *fixture, gconstpointer unused)
{
  Bench *bench = fixture->bench;
  RelayTurnStats stats;
  RelayLink *link;
  RelayAllocInfo info;
  int64_t wait_us, total_us = 0;

  g_assert_cmpuint (client_join (&fixture->data, let_in (fixture, PEER)), ==, 0);
  link = bench_get (bench)->link;
  g_assert_cmpint (relay_turn_on_carried (bench->turns[0], link, true, 1000000, bench->now_us), ==, 0);
  g_assert_cmpint (relay_turn_on_carried (bench->turns[0], link, false, 2000000, bench->now_us), ==, 0);
  bench->config.max_bps = 800000; /* 100 kB a second */
  bench_set_config (bench);
  for (unsigned i = 0; i < 100; i++)
    {
      wait_us = relay_turn_on_carried (bench->turns[0], link, true, 50000, bench->now_us);
      g_assert_cmpint (wait_us, <=, SECOND / 2 + 2);
      bench_go (bench, wait_us);
      total_us += wait_us;
    }
  g_assert_cmpint (total_us, >, 49 * SECOND); /* 5 MB */
  g_assert_cmpint (total_us, <, 51 * SECOND);
  g_assert_cmpint (relay_turn_on_carried (bench->turns[0], link, false, 10000, bench->now_us), ==, 0); /* a budget each */
  relay_turn_get_stats (bench->turns[0], &stats);
  g_assert_cmpuint (stats.traffic[RELAY_TCP][RELAY_IPV4].rx_bytes, ==, 6000000);
  g_assert_cmpuint (stats.traffic[RELAY_TCP][RELAY_IPV4].tx_bytes, ==, 2010000);
  g_assert_cmpuint (client_refresh (&fixture->control, 0), ==, 0);
  info = g_array_index (bench->ended, Ended, 0).info;
  g_assert_cmpuint (info.traffic.rx_bytes, ==, 6000000);
  g_assert_cmpuint (info.traffic.tx_bytes, ==, 2010000);
  g_assert_true (info.is_tcp);
}

#define ADD(name, test) g_test_add ("/relay/turn/connection/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("attempt", test_attempt);
  ADD ("unfetched", test_unfetched);
  ADD ("many", test_many);
  ADD ("refused", test_refused);
  ADD ("connected", test_connected);
  ADD ("policy", test_policy);
  ADD ("carried", test_carried);
  g_test_add_func ("/relay/turn/connection/home", test_home);
  return g_test_run ();
}
