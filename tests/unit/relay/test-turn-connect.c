/* SPDX-License-Identifier: Apache-2.0 */
/* Allocations of TCP and Connect (RFC 6062 §5.1, §5.2). */
#include "bench.h"

static void
with_tcp (Bench *bench)
{
  bench->config.tcp_allocations = true;
  bench->config.user_quota = 0;
}

static RelayTurnStats
stats_of (Bench *bench)
{
  RelayTurnStats stats;

  relay_turn_get_stats (bench->turns[0], &stats);
  return stats;
}

static unsigned
allocate_with (Client *client, AlStunType type, const void *value, size_t len)
{
  Ask ask;

  ask_begin (client, &ask, AL_STUN_ALLOCATE);
  al_stun_put_u32 (&ask.out, AL_STUN_REQUESTED_TRANSPORT, 6u << 24);
  if (type != 0)
    al_stun_put (&ask.out, (uint16_t) type, value, len);
  return ask_send (client, &ask);
}

static void
test_off (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client = { 0 }, datagrams = { 0 };

  client_init_tcp (&client, bench, 0, "9.8.7.6:1000");
  g_assert_cmpuint (client_allocate_tcp (&client), ==, 442);
  client_init (&datagrams, bench, 0, "9.8.7.6:1000");
  g_assert_cmpuint (client_allocate_tcp (&datagrams), ==, 442);
}

static void
test_allocate (void)
{
  g_autoptr (Bench) bench = bench_new (with_tcp);
  g_auto (Client) client = { 0 };

  client_init_tcp (&client, bench, 0, "9.8.7.6:1000");
  bench->failing_opens = 3; /* ports of other programs */
  g_assert_cmpuint (client_allocate_tcp (&client), ==, 0);
  g_assert_true (client_is_signed (&client));
  g_assert_cmpuint (bench->listening->len, ==, 1);
  g_assert_cmpuint (bench->sockets->len, ==, 0);
  g_assert_cmpuint (relay_ports_count (bench->shared.tcp_ports), ==, 1);
  g_assert_cmpuint (relay_ports_count (bench->shared.ports), ==, 0);
  g_assert_true (al_addr_equal (&client.relayed[RELAY_IPV4], &((Listening *) bench->listening->pdata[0])->address));
  g_assert_cmpuint (client_refresh (&client, -1), ==, 0);
  g_assert_cmpuint (client_refresh (&client, 0), ==, 0);
  g_assert_cmpuint (bench->listening->len, ==, 0);
  g_assert_cmpuint (bench->ended->len, ==, 1);
}

static void
test_refused (void)
{
  static const uint8_t even[1] = { 0 }, token[8] = { 0 };
  g_autoptr (Bench) bench = bench_new (with_tcp);
  g_auto (Client) client = { 0 }, datagrams = { 0 };

  client_init_tcp (&client, bench, 0, "9.8.7.6:1000");
  client_init (&datagrams, bench, 0, "9.8.7.6:1000");
  g_assert_cmpuint (client_allocate_tcp (&datagrams), ==, 400);
  datagrams.tuple.transport = RELAY_DTLS;
  datagrams.tuple.conn = &datagrams;
  g_assert_cmpuint (client_challenge (&datagrams), ==, 401);
  g_assert_cmpuint (client_allocate_tcp (&datagrams), ==, 400);
  g_assert_cmpuint (allocate_with (&client, AL_STUN_EVEN_PORT, even, sizeof even), ==, 400);
  g_assert_cmpuint (allocate_with (&client, AL_STUN_RESERVATION_TOKEN, token, sizeof token), ==, 400);
  g_assert_cmpuint (allocate_with (&client, AL_STUN_DONT_FRAGMENT, NULL, 0), ==, 400);
  bench->failing_opens = 16;
  g_assert_cmpuint (client_allocate_tcp (&client), ==, 508);
  g_assert_cmpuint (bench->failing_opens, ==, 0);
  g_assert_cmpuint (relay_ports_count (bench->shared.tcp_ports), ==, 0);
}

static void
test_both_families (void)
{
  static const uint8_t v6[4] = { 2 };
  g_autoptr (Bench) bench = bench_new (with_tcp);
  g_auto (Client) client = { 0 };
  Ask ask;

  client_init_tcp (&client, bench, 0, "9.8.7.6:1000");
  g_assert_cmpuint (allocate_with (&client, AL_STUN_ADDITIONAL_ADDRESS_FAMILY, v6, sizeof v6), ==, 0);
  g_assert_cmpuint (bench->listening->len, ==, 2);
  g_assert_cmpuint (client_connect (&client, PEER), ==, 999);
  bench_connected (bench, 0, true);
  g_assert_cmpuint (client_connect (&client, PEER6), ==, 999);
  bench_connected (bench, 0, true);
  /* one of the two goes, with its peers alone */
  ask_begin (&client, &ask, AL_STUN_REFRESH);
  al_stun_put_u32 (&ask.out, AL_STUN_LIFETIME, 0);
  al_stun_put_u32 (&ask.out, AL_STUN_REQUESTED_ADDRESS_FAMILY, 2u << 24);
  g_assert_cmpuint (ask_send (&client, &ask), ==, 0);
  g_assert_cmpuint (bench->listening->len, ==, 1);
  g_assert_false (((Connection *) bench->connections->pdata[0])->hung_up);
  g_assert_true (((Connection *) bench->connections->pdata[1])->hung_up);
  g_assert_cmpuint (client_connect (&client, PEER6), ==, 443);
}

/* there are neither channels nor Send: RFC 6062 has connections for that */
static void
test_no_datagrams (void)
{
  g_autoptr (Bench) bench = bench_new (with_tcp);
  g_auto (Client) client = { 0 };

  client_init_tcp (&client, bench, 0, "9.8.7.6:1000");
  g_assert_cmpuint (client_allocate_tcp (&client), ==, 0);
  g_assert_cmpuint (client_permit (&client, PEER), ==, 0);
  g_assert_cmpuint (client_bind (&client, 0x4000, PEER), ==, 403);
  client_send (&client, PEER, "data", 4);
  client_channel_data (&client, 0x4000, "data", 4);
  g_assert_cmpuint (bench->relayed->len, ==, 0);
  bench_drop (bench, RELAY_DROP_UNAUTHORIZED, 1);
  bench_drop (bench, RELAY_DROP_CHANNEL, 1);
}

static void
test_connect (void)
{
  g_autoptr (Bench) bench = bench_new (with_tcp);
  g_auto (Client) client = { 0 }, data = { 0 };
  uint32_t id;

  client_init_tcp (&client, bench, 0, "9.8.7.6:1000");
  client.fingerprint = true;
  g_assert_cmpuint (client_allocate_tcp (&client), ==, 0);
  g_assert_cmpuint (client_connect (&client, PEER), ==, 999);
  g_assert_true (al_addr_equal (&bench_get (bench)->peer, &(AlAddr[]){ addr_of (PEER) }[0]));
  g_assert_cmpuint (client_connect (&client, PEER), ==, 446);
  g_ptr_array_set_size (bench->sent, 0);
  bench_connected (bench, 0, true);
  g_assert_cmpuint (client_read (&client, AL_STUN_SUCCESS, AL_STUN_CONNECT), ==, 0);
  g_assert_true (client_is_signed (&client));
  g_assert_cmpuint (client.reply.fingerprint, !=, 0);
  id = client_id (&client);
  g_assert_cmpuint (client_connect (&client, PEER), ==, 446);
  g_assert_cmpuint (stats_of (bench).links[RELAY_CONNECTED], ==, 1);
  g_assert_cmpuint (stats_of (bench).active_links, ==, 1);

  client_init_tcp (&data, bench, 0, "9.8.7.6:1001");
  g_assert_cmpuint (client_join (&data, id), ==, 0);
  g_assert_true (client_is_signed (&data));
  g_assert_true (bench_get (bench)->joined);
  g_assert_true (relay_tuple_equal (&bench_get (bench)->client, &data.tuple));
  g_assert_cmpuint (client_connect (&client, PEER), ==, 446);
  bench_go (bench, 31 * SECOND); /* joined, it stays */
  g_assert_false (bench_get (bench)->hung_up);

  relay_turn_on_hung_up (bench->turns[0], bench_get (bench)->link, bench->now_us);
  bench_get (bench)->link = NULL;
  g_assert_cmpuint (stats_of (bench).active_links, ==, 0);
  g_assert_cmpuint (client_connect (&client, PEER), ==, 999);
}

static void
test_failed (void)
{
  g_autoptr (Bench) bench = bench_new (with_tcp);
  g_auto (Client) client = { 0 };

  client_init_tcp (&client, bench, 0, "9.8.7.6:1000");
  g_assert_cmpuint (client_allocate_tcp (&client), ==, 0);
  g_assert_cmpuint (client_connect (&client, PEER), ==, 999);
  bench_connected (bench, 0, false);
  g_assert_cmpuint (client_read (&client, AL_STUN_ERROR, AL_STUN_CONNECT), ==, 447);
  g_assert_true (client_is_signed (&client));
  bench->failing_connects = true;
  g_assert_cmpuint (client_connect (&client, PEER), ==, 447);
  g_assert_cmpuint (stats_of (bench).failed_links, ==, 2);
  g_assert_cmpuint (stats_of (bench).active_links, ==, 0);
}

static void
test_times (void)
{
  g_autoptr (Bench) bench = bench_new (with_tcp);
  g_auto (Client) client = { 0 }, data = { 0 };
  uint32_t id;

  client_init_tcp (&client, bench, 0, "9.8.7.6:1000");
  client_init_tcp (&data, bench, 0, "9.8.7.6:1001");
  g_assert_cmpuint (client_allocate_tcp (&client), ==, 0);
  /* nobody answers */
  g_assert_cmpuint (client_connect (&client, PEER), ==, 999);
  bench_go (bench, 29 * SECOND);
  g_assert_cmpuint (bench->sent->len, ==, 0);
  bench_go (bench, 2 * SECOND);
  g_assert_cmpuint (client_read (&client, AL_STUN_ERROR, AL_STUN_CONNECT), ==, 447);
  g_assert_true (bench_get (bench)->hung_up);
  /* nobody fetches it; the time of waiting begins when the peer is reached */
  g_assert_cmpuint (client_connect (&client, PEER), ==, 999);
  bench_go (bench, 29 * SECOND);
  bench_connected (bench, 0, true);
  (void) client_read (&client, AL_STUN_SUCCESS, AL_STUN_CONNECT);
  id = client_id (&client);
  bench_go (bench, 29 * SECOND);
  g_assert_false (bench_get (bench)->hung_up);
  bench_go (bench, 2 * SECOND);
  g_assert_true (bench_get (bench)->hung_up);
  g_assert_cmpuint (client_join (&data, id), ==, 400);
}

static void
test_denied (void)
{
  static const char *const denied[] = { "127.0.0.1:4000", "10.1.2.3:4000", "169.254.169.254:8000", "9.9.9.9:80", "9.9.9.9:22",
                                        RELAY4 ":3478", RELAY4 ":50000" };
  g_autoptr (Bench) bench = bench_new (with_tcp);
  g_auto (Client) client = { 0 }, datagrams = { 0 };
  char text[AL_ADDR_STRLEN];
  Ask ask;

  client_init_tcp (&client, bench, 0, "9.8.7.6:1000");
  g_assert_cmpuint (client_connect (&client, PEER), ==, 437);
  g_assert_cmpuint (client_allocate_tcp (&client), ==, 0);
  for (unsigned i = 0; i < G_N_ELEMENTS (denied); i++)
    g_assert_cmpuint (client_connect (&client, denied[i]), ==, 403);
  g_assert_cmpuint (stats_of (bench).forbidden, ==, G_N_ELEMENTS (denied));
  (void) al_addr_format (&client.relayed[RELAY_IPV4], true, text); /* itself */
  g_assert_cmpuint (client_connect (&client, text), ==, 403);
  /* a port of ours that is allocated for datagrams: behind the same number over TCP there may be anything */
  client_init (&datagrams, bench, 0, "9.8.7.6:1000");
  g_assert_cmpuint (client_allocate (&datagrams), ==, 0);
  (void) al_addr_format (&datagrams.relayed[RELAY_IPV4], true, text);
  if (al_addr_get_port (&datagrams.relayed[RELAY_IPV4]) != al_addr_get_port (&client.relayed[RELAY_IPV4]))
    g_assert_cmpuint (client_connect (&client, text), ==, 403);
  g_assert_cmpuint (client_connect (&datagrams, PEER), ==, 403);

  g_assert_cmpuint (client_connect (&client, PEER6), ==, 443);
  g_assert_cmpuint (client_connect (&client, "9.9.9.9:0"), ==, 400);
  ask_begin (&client, &ask, AL_STUN_CONNECT);
  g_assert_cmpuint (ask_send (&client, &ask), ==, 400);
  client_set_user (&client, "bob", "hunter", false);
  g_assert_cmpuint (client_connect (&client, PEER), ==, 441);
  g_assert_cmpuint (bench->connections->len, ==, 0);
}

static void
with_advertised (Bench *bench)
{
  with_tcp (bench);
  bench->config.advertised[RELAY_IPV4] = addr_of ("203.0.113.7");
}

/* the relayed address of another allocation: it is connected to where it is bound, and known as it is advertised */
static void
test_ours (void)
{
  g_autoptr (Bench) bench = bench_new (with_advertised);
  g_auto (Client) one = { 0 }, two = { 0 };
  const AlAddr addrs[] = { addr_of (RELAY4), addr_of ("203.0.113.7") };
  const RelayPolicyConfig config = { .relay = addrs, .n_relay = 2 };
  char text[AL_ADDR_STRLEN];
  AlAddr bound;

  relay_policy_free (bench->policy);
  bench->policy = relay_policy_new (&config, NULL);
  bench->config.policy = bench->policy;
  bench_set_config (bench);
  client_init_tcp (&one, bench, 0, "9.8.7.6:1000");
  client_init_tcp (&two, bench, 0, "9.8.7.5:1000");
  g_assert_cmpuint (client_allocate_tcp (&one), ==, 0);
  g_assert_cmpuint (client_allocate_tcp (&two), ==, 0);
  g_assert_true (al_addr_equal_host (&two.relayed[RELAY_IPV4], &addrs[1]));
  (void) al_addr_format (&two.relayed[RELAY_IPV4], true, text);
  g_assert_cmpuint (client_connect (&one, text), ==, 999);
  bound = addrs[0];
  al_addr_set_port (&bound, al_addr_get_port (&two.relayed[RELAY_IPV4]));
  g_assert_true (al_addr_equal (&bench_get (bench)->peer, &bound));
  bench_connected (bench, 0, true);
  g_ptr_array_set_size (bench->sent, 0);
  /* the other end of it */
  (void) al_addr_format (&one.relayed[RELAY_IPV4], true, text);
  g_assert_cmpuint (client_permit (&two, text), ==, 0);
  bound = addrs[0];
  al_addr_set_port (&bound, al_addr_get_port (&one.relayed[RELAY_IPV4]));
  (void) al_addr_format (&bound, true, text);
  g_assert_nonnull (bench_accept (bench, &two.relayed[RELAY_IPV4], text)->link);
  g_assert_cmpuint (client_read (&two, AL_STUN_INDICATION, AL_STUN_CONNECTION_ATTEMPT), ==, 0);
  /* from this machine, but no allocation */
  bound = addrs[0];
  al_addr_set_port (&bound, 5000);
  (void) al_addr_format (&bound, true, text);
  g_assert_null (bench_accept (bench, &two.relayed[RELAY_IPV4], text)->link);
}

static void
test_flood (void)
{
  g_autoptr (Bench) bench = bench_new (with_tcp);
  g_auto (Client) client = { 0 };
  char text[32];

  client_init_tcp (&client, bench, 0, "9.8.7.6:1000");
  g_assert_cmpuint (client_allocate_tcp (&client), ==, 0);
  for (unsigned i = 0; i < RELAY_MAX_LINKS; i++)
    {
      g_snprintf (text, sizeof text, "9.9.9.9:%u", 4000 + i);
      g_assert_cmpuint (client_connect (&client, text), ==, 999);
    }
  for (unsigned i = 0; i < 1000; i++)
    g_assert_cmpuint (client_connect (&client, "9.9.9.9:5000"), ==, 508);
  g_assert_cmpuint (bench->connections->len, ==, RELAY_MAX_LINKS);
  g_assert_cmpuint (stats_of (bench).active_links, ==, RELAY_MAX_LINKS);
  g_ptr_array_set_size (bench->sent, 0);
  bench_go (bench, 31 * SECOND); /* all of them in vain */
  g_assert_cmpuint (bench->sent->len, ==, RELAY_MAX_LINKS);
  g_assert_cmpuint (stats_of (bench).active_links, ==, 0);
  g_assert_cmpuint (client_connect (&client, "9.9.9.9:5000"), ==, 999);
}

/* in whatever way an allocation ends, no connection outlives it */
static void
test_end (void)
{
  for (unsigned how = 0; how < 5; how++)
    {
      g_autoptr (Bench) bench = bench_new (with_tcp);
      g_auto (Client) client = { 0 }, data = { 0 };

      client_init_tcp (&client, bench, 0, "9.8.7.6:1000");
      client_init_tcp (&data, bench, 0, "9.8.7.6:1001");
      g_assert_cmpuint (client_allocate_tcp (&client), ==, 0);
      g_assert_cmpuint (client_connect (&client, "9.9.9.9:4000"), ==, 999);
      bench_connected (bench, 0, true);
      (void) client_read (&client, AL_STUN_SUCCESS, AL_STUN_CONNECT);
      g_assert_cmpuint (client_join (&data, client_id (&client)), ==, 0);
      g_assert_cmpuint (client_connect (&client, "9.9.9.9:4001"), ==, 999);
      bench_connected (bench, 0, true);
      g_assert_cmpuint (client_connect (&client, "9.9.9.9:4002"), ==, 999);
      if (how == 0)
        g_assert_cmpuint (client_refresh (&client, 0), ==, 0);
      else if (how == 1)
        bench_go (bench, 601 * SECOND);
      else if (how == 2)
        relay_turn_on_closed (bench->turns[0], &client.tuple, bench->now_us);
      else if (how == 3)
        relay_turn_revoke (bench->turns[0], "alice", EPOCH_S + 5000, bench->now_us);
      else
        g_clear_pointer (&bench->turns[0], relay_turn_free);
      g_assert_cmpuint (bench->connections->len, ==, 3);
      for (unsigned i = 0; i < 3; i++)
        g_assert_true (((Connection *) bench->connections->pdata[i])->hung_up);
      g_assert_cmpuint (bench->listening->len, ==, 0);
      g_assert_cmpuint (g_array_index (bench->ended, Ended, 0).info.links, ==, how == 1 ? 1 : 3);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/turn/connect/off", test_off);
  g_test_add_func ("/relay/turn/connect/allocate", test_allocate);
  g_test_add_func ("/relay/turn/connect/refused", test_refused);
  g_test_add_func ("/relay/turn/connect/both-families", test_both_families);
  g_test_add_func ("/relay/turn/connect/no-datagrams", test_no_datagrams);
  g_test_add_func ("/relay/turn/connect/success", test_connect);
  g_test_add_func ("/relay/turn/connect/failed", test_failed);
  g_test_add_func ("/relay/turn/connect/times", test_times);
  g_test_add_func ("/relay/turn/connect/denied", test_denied);
  g_test_add_func ("/relay/turn/connect/ours", test_ours);
  g_test_add_func ("/relay/turn/connect/flood", test_flood);
  g_test_add_func ("/relay/turn/connect/end", test_end);
  return g_test_run ();
}
