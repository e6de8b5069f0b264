/* SPDX-License-Identifier: Apache-2.0 */
/* Allocations that go with their client to another 5-tuple or worker (RFC 8016). */
#include "mobility-bench.h"

static void
test_off (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client = { 0 };
  const Ticket ticket = { "AAAAAAAAAAAAAAAAAAAAAAA" };

  client_init (&client, bench, 0, HOME);
  g_assert_cmpuint (client_allocate_with (&client, AL_STUN_MOBILITY_TICKET, "", 0), ==, 405);
  g_assert_cmpuint (bench->sockets->len, ==, 0);
  g_assert_cmpuint (move (&client, &ticket), ==, 405);
}

static void
test_ticket_is_asked_for (void)
{
  g_autoptr (Bench) bench = bench_new (allow);
  g_auto (Client) client = { 0 }, other = { 0 };
  Ticket ticket, again;

  client_init (&client, bench, 0, HOME);
  g_assert_cmpuint (client_allocate (&client), ==, 0);
  g_assert_false (read_ticket (&client, &ticket));
  client_init (&other, bench, 0, "203.0.113.5:5001");
  g_assert_cmpuint (client_allocate_with (&other, AL_STUN_MOBILITY_TICKET, "x", 1), ==, 400);
  g_assert_cmpuint (allocate (&other, &ticket), ==, 0);
  /* a plain Refresh does not change it */
  g_assert_cmpuint (client_refresh (&other, 900), ==, 0);
  g_assert_false (read_ticket (&other, &again));
}

/* the same worker, or the other: channels, permissions and the relayed address go along */
static void
check_move (unsigned worker, RelayTransport transport)
{
  g_autoptr (Bench) bench = bench_new (allow);
  g_auto (Client) home = { 0 }, away = { 0 };
  g_autoptr (Packet) packet = NULL;
  RelayAllocInfo info;
  Ticket first, second;
  int conn;
  Ask ask;

  client_init (&home, bench, 0, HOME);
  g_assert_cmpuint (allocate (&home, &first), ==, 0);
  g_assert_cmpuint (client_bind (&home, 0x4001, PEER), ==, 0);
  client_init (&away, bench, worker, AWAY);
  if (transport != RELAY_UDP)
    {
      away.tuple.transport = transport;
      away.tuple.conn = &conn;
      g_assert_cmpuint (client_challenge (&away), ==, 401);
    }
  away.relayed[RELAY_IPV4] = home.relayed[RELAY_IPV4];
  if (worker == 0)
    g_assert_cmpuint (move (&away, &first), ==, 0);
  else
    {
      GPtrArray *sent = bench->sent;

      begin_refresh (&away, &ask, &first, 1200);
      g_assert_cmpuint (ask_send (&away, &ask), ==, 999); /* no answer yet */
      bench_carry (bench);
      packet = bench_take (sent);
      g_assert_true (al_stun_parse (packet->data, packet->len, &away.reply));
      g_assert_cmpint (away.reply.cls, ==, AL_STUN_SUCCESS);
      g_assert_cmpuint (client_lifetime (&away), ==, 1200);
      g_assert_cmpmem (away.reply.tid, AL_STUN_TID_BYTES, ask.tid, AL_STUN_TID_BYTES);
      g_assert_true (al_stun_check_integrity (&away.reply, bench->hmac, AL_HMAC_SHA1, away.key, away.key_len));
    }
  g_assert_true (read_ticket (&away, &second));
  g_assert_false (memcmp (&first, &second, sizeof first) == 0);
  g_assert_cmpuint (count_moves (bench, worker), ==, 1);
  assert_delivers (&away, "to the new address");
  client_channel_data (&away, 0x4001, "out", 3);
  g_assert_cmpuint (bench->relayed->len, ==, 1);
  client_channel_data (&home, 0x4001, "out", 3);
  g_assert_cmpuint (bench->relayed->len, ==, 1);
  g_assert_cmpuint (client_refresh (&home, 600), ==, 437);
  g_assert_cmpuint (client_refresh (&away, 600), ==, 0);
  g_assert_cmpuint (bench->ended->len, ==, 0);
  relay_alloc_get_info (((Socket *) bench->sockets->pdata[0])->alloc, &info);
  g_assert_true (relay_tuple_equal (&info.tuple, &away.tuple));
  /* and the place of its new source is the one that is counted */
  g_assert_cmpuint (client_refresh (&away, 0), ==, 0);
  g_assert_cmpuint (bench->ended->len, ==, 1);
}

static void
test_moves (void)
{
  for (RelayTransport i = RELAY_UDP; i < RELAY_TRANSPORT_N; i++)
    check_move (0, i);
}

static void
test_moves_to_another_worker (void)
{
  for (RelayTransport i = RELAY_UDP; i < RELAY_TRANSPORT_N; i++)
    check_move (1, i);
}

/* the answer was lost: the same Refresh, or a new one with the old ticket, for 30 s */
static void
test_old_ticket (void)
{
  g_autoptr (Bench) bench = bench_new (allow);
  g_auto (Client) home = { 0 }, away = { 0 }, third = { 0 };
  Ticket first, second, again;

  client_init (&home, bench, 0, HOME);
  g_assert_cmpuint (allocate (&home, &first), ==, 0);
  client_init (&away, bench, 0, AWAY);
  g_assert_cmpuint (move (&away, &first), ==, 0);
  g_assert_true (read_ticket (&away, &second));
  g_assert_cmpuint (move (&away, &first), ==, 0);
  g_assert_true (read_ticket (&away, &again));
  g_assert_cmpmem (&again, sizeof again, &second, sizeof second);
  g_assert_cmpuint (count_moves (bench, 0), ==, 1);
  bench_go (bench, 31 * SECOND);
  g_assert_cmpuint (move (&away, &first), ==, 400);
  client_init (&third, bench, 0, "198.18.0.10:1");
  g_assert_cmpuint (move (&third, &first), ==, 437);
  g_assert_cmpuint (move (&third, &second), ==, 0);
}

static void
test_wrong_tickets (void)
{
  g_autoptr (Bench) bench = bench_new (allow);
  g_auto (Client) home = { 0 }, away = { 0 }, bob = { 0 };
  Ticket ticket, wrong;
  Ask ask;

  client_init (&home, bench, 0, HOME);
  g_assert_cmpuint (allocate (&home, &ticket), ==, 0);
  client_init (&away, bench, 0, AWAY);
  wrong = ticket;
  wrong.data[RELAY_TICKET_CHARS - 1] = wrong.data[RELAY_TICKET_CHARS - 1] == 'A' ? 'B' : 'A';
  g_assert_cmpuint (move (&away, &wrong), ==, 437);
  wrong = ticket;
  wrong.data[2] = wrong.data[2] == 'A' ? 'B' : 'A'; /* a port that is nobody's */
  g_assert_cmpuint (move (&away, &wrong), ==, 437);
  ask_begin (&away, &ask, AL_STUN_REFRESH);
  al_stun_put (&ask.out, AL_STUN_MOBILITY_TICKET, ticket.data, 23);
  g_assert_cmpuint (ask_send (&away, &ask), ==, 400);
  wrong = ticket;
  wrong.data[5] = '=';
  g_assert_cmpuint (move (&away, &wrong), ==, 400);
  begin_refresh (&away, &ask, &ticket, -1);
  al_stun_put_u32 (&ask.out, AL_STUN_REQUESTED_ADDRESS_FAMILY, 1u << 24);
  g_assert_cmpuint (ask_send (&away, &ask), ==, 400);
  /* a ticket is no credential: it is its owner's alone */
  client_init (&bob, bench, 0, "198.18.0.10:1");
  client_set_user (&bob, "bob", "hunter", false);
  g_assert_cmpuint (move (&bob, &ticket), ==, 437);
  begin_refresh (&away, &ask, &ticket, -1);
  g_assert_cmpuint (ask_send_raw (&away, &ask), ==, 401);
  g_assert_cmpuint (count_moves (bench, 0), ==, 0);
  g_assert_cmpuint (client_refresh (&home, 600), ==, 0);
}

/* from another worker: wrong there, gone meanwhile, asked twice */
static void
test_refused_by_another_worker (void)
{
  g_autoptr (Bench) bench = bench_new (allow);
  g_auto (Client) home = { 0 }, away = { 0 };
  Ticket ticket, wrong;
  Ask ask;

  client_init (&home, bench, 0, HOME);
  g_assert_cmpuint (allocate (&home, &ticket), ==, 0);
  client_init (&away, bench, 1, AWAY);
  wrong = ticket;
  wrong.data[8] = wrong.data[8] == 'A' ? 'B' : 'A';
  g_assert_cmpuint (move (&away, &wrong), ==, 999);
  bench_carry (bench);
  {
    g_autoptr (Packet) packet = bench_take (bench->sent);
    AlStunMessage message;

    g_assert_true (al_stun_parse (packet->data, packet->len, &message));
    g_assert_cmpint (message.cls, ==, AL_STUN_ERROR);
  }
  /* sent twice before the first was answered: both are */
  begin_refresh (&away, &ask, &ticket, -1);
  g_assert_cmpuint (ask_send (&away, &ask), ==, 999);
  begin_refresh (&away, &ask, &ticket, -1);
  g_assert_cmpuint (ask_send (&away, &ask), ==, 999);
  g_ptr_array_set_size (bench->sent, 0);
  bench_carry (bench);
  g_assert_cmpuint (bench->sent->len, ==, 2);
  for (unsigned i = 0; i < 2; i++)
    {
      const Packet *packet = bench->sent->pdata[i];
      AlStunMessage message;

      g_assert_true (al_stun_parse (packet->data, packet->len, &message));
      g_assert_cmpint (message.cls, ==, AL_STUN_SUCCESS);
    }
  g_assert_cmpuint (client_refresh (&away, 600), ==, 0);
}

/* nothing is lost when a worker cannot be told, neither on the way there nor on the way back */
static void
test_full_boxes (void)
{
  g_autoptr (Bench) bench = bench_new (allow);
  g_auto (Client) home = { 0 }, away = { 0 };
  Ticket ticket;

  client_init (&home, bench, 0, HOME);
  g_assert_cmpuint (allocate (&home, &ticket), ==, 0);
  g_assert_cmpuint (client_permit (&home, PEER), ==, 0);
  client_init (&away, bench, 1, AWAY);
  bench->refuses_moves = true;
  g_assert_cmpuint (move (&away, &ticket), ==, 999);
  bench->refuses_moves = false;
  g_assert_cmpuint (move (&away, &ticket), ==, 999);
  bench->refuses_moves = true;
  bench_carry (bench);
  g_assert_cmpuint (client_refresh (&home, 600), ==, 0);
  bench_from_peer (bench, &home.relayed[RELAY_IPV4], PEER, "x", 1);
  bench->refuses_moves = false;
  g_assert_cmpuint (move (&away, &ticket), ==, 999);
  bench_carry (bench);
  g_assert_cmpuint (client_refresh (&away, 600), ==, 0);
  g_assert_cmpuint (client_refresh (&home, 600), ==, 437);
}

static void
test_no_socket_there (void)
{
  g_autoptr (Bench) bench = bench_new (allow);
  g_auto (Client) home = { 0 }, away = { 0 };
  Ticket ticket;

  client_init (&home, bench, 0, HOME);
  g_assert_cmpuint (allocate (&home, &ticket), ==, 0);
  client_init (&away, bench, 1, AWAY);
  g_assert_cmpuint (move (&away, &ticket), ==, 999);
  bench->failing_attach = true;
  bench_carry (bench);
  g_assert_cmpuint (bench->ended->len, ==, 1);
  g_assert_cmpint (g_array_index (bench->ended, Ended, 0).reason, ==, RELAY_END_CLOSED);
}

static void
tune_source (Bench *bench)
{
  bench->config.mobility = true;
  bench->config.source_quota = 1;
}

static void
test_source_quota (void)
{
  g_autoptr (Bench) bench = bench_new (tune_source);
  g_auto (Client) home = { 0 }, away = { 0 }, there = { 0 };
  Ticket ticket, other;

  client_init (&home, bench, 0, HOME);
  g_assert_cmpuint (allocate (&home, &ticket), ==, 0);
  client_init (&there, bench, 0, "198.18.0.9:7");
  g_assert_cmpuint (allocate (&there, &other), ==, 0);
  client_init (&away, bench, 0, AWAY);
  g_assert_cmpuint (move (&away, &ticket), ==, 486);
  g_assert_cmpuint (client_refresh (&home, 600), ==, 0);
  g_assert_cmpuint (client_refresh (&there, 0), ==, 0);
  g_assert_cmpuint (move (&away, &ticket), ==, 0);
  /* the old source has room again */
  client_clear (&there);
  client_init (&there, bench, 0, "203.0.113.5:5002");
  g_assert_cmpuint (client_allocate (&there), ==, 0);
}

static void
test_revoked_on_the_way (void)
{
  g_autoptr (Bench) bench = bench_new (allow);
  g_auto (Client) home = { 0 }, away = { 0 };
  Ticket ticket;

  client_init (&home, bench, 0, HOME);
  client_set_rest (&home, EPOCH_S + 5000, "call", "newer");
  g_assert_cmpuint (allocate (&home, &ticket), ==, 0);
  client_init (&away, bench, 1, AWAY);
  client_set_rest (&away, EPOCH_S + 5000, "call", "newer");
  g_assert_cmpuint (move (&away, &ticket), ==, 999);
  {
    g_autofree BenchMove *ask = g_ptr_array_steal_index (bench->moves, 0);

    relay_turn_on_move (bench->turns[0], ask->move, bench->now_us);
  }
  for (unsigned i = 0; i < WORKERS; i++)
    relay_turn_revoke (bench->turns[i], "call", EPOCH_S + 5000, bench->now_us);
  g_assert_cmpuint (bench->ended->len, ==, 0);
  bench_carry (bench);
  g_assert_cmpuint (bench->ended->len, ==, 1);
  g_assert_cmpint (g_array_index (bench->ended, Ended, 0).reason, ==, RELAY_END_REVOKED);
}

static void
test_lifetime_zero (void)
{
  g_autoptr (Bench) bench = bench_new (allow);
  g_auto (Client) home = { 0 }, away = { 0 };
  Ticket ticket;
  Ask ask;

  client_init (&home, bench, 0, HOME);
  g_assert_cmpuint (allocate (&home, &ticket), ==, 0);
  client_init (&away, bench, 0, AWAY);
  begin_refresh (&away, &ask, &ticket, 0);
  g_assert_cmpuint (ask_send (&away, &ask), ==, 0);
  g_assert_cmpuint (client_lifetime (&away), ==, 0);
  g_assert_cmpuint (bench->ended->len, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/turn-mobility/off", test_off);
  g_test_add_func ("/relay/turn-mobility/ticket-is-asked-for", test_ticket_is_asked_for);
  g_test_add_func ("/relay/turn-mobility/moves", test_moves);
  g_test_add_func ("/relay/turn-mobility/moves-to-another-worker", test_moves_to_another_worker);
  g_test_add_func ("/relay/turn-mobility/old-ticket", test_old_ticket);
  g_test_add_func ("/relay/turn-mobility/wrong-tickets", test_wrong_tickets);
  g_test_add_func ("/relay/turn-mobility/refused-by-another-worker", test_refused_by_another_worker);
  g_test_add_func ("/relay/turn-mobility/full-boxes", test_full_boxes);
  g_test_add_func ("/relay/turn-mobility/no-socket-there", test_no_socket_there);
  g_test_add_func ("/relay/turn-mobility/source-quota", test_source_quota);
  g_test_add_func ("/relay/turn-mobility/revoked-on-the-way", test_revoked_on_the_way);
  g_test_add_func ("/relay/turn-mobility/lifetime-zero", test_lifetime_zero);
  return g_test_run ();
}
