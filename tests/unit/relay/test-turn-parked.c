/* SPDX-License-Identifier: Apache-2.0 */
/* Allocations whose connection has broken: they wait for their client until their lifetime ends (RFC 8016). */
#include "mobility-bench.h"

static void
client_over_tcp (Client *client, Bench *bench, unsigned worker, void *conn)
{
  client_init (client, bench, worker, HOME);
  client->tuple.transport = RELAY_TCP;
  client->tuple.conn = conn;
  g_assert_cmpuint (client_challenge (client), ==, 401);
}

/* the connection broke: it waits for its client until its lifetime ends */
static void
test_parked (void)
{
  g_autoptr (Bench) bench = bench_new (allow);
  g_auto (Client) home = { 0 }, away = { 0 }, next = { 0 };
  Ticket ticket;
  int conns[2];

  client_over_tcp (&home, bench, 0, &conns[0]);
  g_assert_cmpuint (allocate (&home, &ticket), ==, 0);
  g_assert_cmpuint (client_bind (&home, 0x4000, PEER), ==, 0);
  relay_turn_on_closed (bench->turns[0], &home.tuple, bench->now_us);
  g_assert_cmpuint (bench->ended->len, ==, 0);
  g_assert_false (relay_turn_has (bench->turns[0], &home.tuple));
  g_ptr_array_set_size (bench->sent, 0);
  bench_from_peer (bench, &home.relayed[RELAY_IPV4], PEER, "x", 1);
  g_assert_cmpuint (bench->sent->len, ==, 0);
  bench_drop (bench, RELAY_DROP_AWAY, 1);
  /* another connection at the same place of memory is not its */
  client_over_tcp (&next, bench, 0, &conns[0]);
  g_assert_cmpuint (client_refresh (&next, 600), ==, 437);
  client_init (&away, bench, 1, AWAY);
  away.relayed[RELAY_IPV4] = home.relayed[RELAY_IPV4];
  g_assert_cmpuint (move (&away, &ticket), ==, 999);
  bench_carry (bench);
  assert_delivers (&away, "welcome back");
  g_assert_cmpuint (client_refresh (&away, 0), ==, 0);
}

static void
test_parked_expires (void)
{
  g_autoptr (Bench) bench = bench_new (allow);
  g_auto (Client) home = { 0 }, plain = { 0 };
  Ticket ticket;
  int conns[2];

  client_over_tcp (&home, bench, 0, &conns[0]);
  g_assert_cmpuint (allocate (&home, &ticket), ==, 0);
  client_over_tcp (&plain, bench, 0, &conns[1]);
  g_assert_cmpuint (client_allocate (&plain), ==, 0);
  relay_turn_on_closed (bench->turns[0], &home.tuple, bench->now_us);
  relay_turn_on_closed (bench->turns[0], &plain.tuple, bench->now_us);
  g_assert_cmpuint (bench->ended->len, ==, 1); /* who asked for no ticket does not come back */
  bench_go (bench, 601 * SECOND);
  g_assert_cmpuint (bench->ended->len, ==, 2);
  g_assert_cmpint (g_array_index (bench->ended, Ended, 1).reason, ==, RELAY_END_EXPIRED);
}

/* the connection that asked is gone when the allocation comes */
static void
test_closed_meanwhile (void)
{
  g_autoptr (Bench) bench = bench_new (allow);
  g_auto (Client) home = { 0 }, away = { 0 }, third = { 0 };
  Ticket ticket;
  int conn;

  client_init (&home, bench, 0, HOME);
  g_assert_cmpuint (allocate (&home, &ticket), ==, 0);
  client_over_tcp (&away, bench, 1, &conn);
  g_assert_cmpuint (move (&away, &ticket), ==, 999);
  bench->closed_conn = &conn;
  g_ptr_array_set_size (bench->sent, 0);
  bench_carry (bench);
  g_assert_cmpuint (bench->sent->len, ==, 0);
  g_assert_cmpuint (bench->ended->len, ==, 0);
  client_init (&third, bench, 1, AWAY);
  g_assert_cmpuint (move (&third, &ticket), ==, 0); /* the ticket before: the new one was never seen */
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/turn-mobility/parked", test_parked);
  g_test_add_func ("/relay/turn-mobility/parked-expires", test_parked_expires);
  g_test_add_func ("/relay/turn-mobility/closed-meanwhile", test_closed_meanwhile);
  return g_test_run ();
}
