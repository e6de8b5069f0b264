/* SPDX-License-Identifier: Apache-2.0 */
/* Allocate (RFC 8656 §7.2): every answer there is. */
#include "bench.h"

#define A "9.8.7.6:1000"
#define B "9.8.7.5:1000"
#define UDP (17u << 24)

static const uint8_t v4[4] = { 1 }, v6[4] = { 2 }, pair[1] = { 0x80 };

static void
test_success (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;
  AlStunAttr attr;
  AlAddr addr;
  RelayTurnStats stats;

  client_init (&client, bench, 0, A);
  g_assert_cmpuint (client_allocate (&client), ==, 0);
  g_assert_true (client_is_signed (&client));
  g_assert_true (al_stun_find (&client.reply, AL_STUN_XOR_MAPPED_ADDRESS, &attr));
  g_assert_true (al_stun_attr_addr (&client.reply, &attr, false, &addr));
  g_assert_true (al_addr_equal (&addr, &client.tuple.remote));
  g_assert_cmpuint (client_lifetime (&client), ==, 600);
  g_assert_cmpint (client.relayed[RELAY_IPV4].sa.sa_family, ==, AF_INET);
  g_assert_cmpint (client.relayed[RELAY_IPV6].sa.sa_family, ==, AF_UNSPEC);
  g_assert_cmpuint (bench->sockets->len, ==, 1);
  addr = addr_of (RELAY4);
  g_assert_true (al_addr_equal_host (&client.relayed[RELAY_IPV4], &addr));
  g_assert_cmpint (relay_ports_find (bench->shared.ports, RELAY_IPV4, al_addr_get_port (&client.relayed[RELAY_IPV4])), ==, 0);
  relay_turn_get_stats (bench->turns[0], &stats);
  g_assert_cmpuint (stats.allocations[RELAY_UDP], ==, 1);
  g_assert_cmpuint (stats.active[RELAY_UDP], ==, 1);
  bench_go (bench, 600 * SECOND - 1);
  g_assert_cmpuint (bench->ended->len, ==, 0);
  bench_go (bench, 2000);
  g_assert_cmpuint (bench->ended->len, ==, 1);
  g_assert_cmpint (g_array_index (bench->ended, Ended, 0).reason, ==, RELAY_END_EXPIRED);
  g_assert_cmpstr (g_array_index (bench->ended, Ended, 0).info.id, ==, "alice");
}

/* what is asked for, in attributes, and what comes */
static const struct {
  const char *name;
  unsigned code;
  struct {
    uint16_t type;
    uint8_t len, value[12];
  } attrs[4];
} requests[] = {
  { "no-transport", 400, { { 0 } } },
  { "transport-of-3", 400, { { AL_STUN_REQUESTED_TRANSPORT, 3, { 17 } } } },
  { "transport-of-5", 400, { { AL_STUN_REQUESTED_TRANSPORT, 5, { 17 } } } },
  { "transport-tcp", 442, { { AL_STUN_REQUESTED_TRANSPORT, 4, { 6 } } } },
  { "transport-0", 442, { { AL_STUN_REQUESTED_TRANSPORT, 4, { 0 } } } },
  { "rfffu-is-ignored", 0, { { AL_STUN_REQUESTED_TRANSPORT, 4, { 17, 9, 9, 9 } } } },
  { "unknown-attribute", 420, { { AL_STUN_REQUESTED_TRANSPORT, 4, { 17 } }, { 0x7abc, 1, { 1 } } } },
  { "optional-attribute", 0, { { AL_STUN_REQUESTED_TRANSPORT, 4, { 17 } }, { 0xfabc, 1, { 1 } } } },
  { "dont-fragment", 0, { { AL_STUN_REQUESTED_TRANSPORT, 4, { 17 } }, { AL_STUN_DONT_FRAGMENT, 0, { 0 } } } },
  { "token-of-7", 400, { { AL_STUN_REQUESTED_TRANSPORT, 4, { 17 } }, { AL_STUN_RESERVATION_TOKEN, 7, { 1 } } } },
  { "token-unknown", 508, { { AL_STUN_REQUESTED_TRANSPORT, 4, { 17 } }, { AL_STUN_RESERVATION_TOKEN, 8, { 1 } } } },
  { "token-and-even", 400,
    { { AL_STUN_REQUESTED_TRANSPORT, 4, { 17 } }, { AL_STUN_RESERVATION_TOKEN, 8, { 1 } }, { AL_STUN_EVEN_PORT, 1, { 0 } } } },
  { "token-and-family", 400,
    { { AL_STUN_REQUESTED_TRANSPORT, 4, { 17 } },
      { AL_STUN_RESERVATION_TOKEN, 8, { 1 } },
      { AL_STUN_REQUESTED_ADDRESS_FAMILY, 4, { 1 } } } },
  { "token-and-additional", 400,
    { { AL_STUN_REQUESTED_TRANSPORT, 4, { 17 } },
      { AL_STUN_RESERVATION_TOKEN, 8, { 1 } },
      { AL_STUN_ADDITIONAL_ADDRESS_FAMILY, 4, { 2 } } } },
  { "even-of-0", 400, { { AL_STUN_REQUESTED_TRANSPORT, 4, { 17 } }, { AL_STUN_EVEN_PORT, 0, { 0 } } } },
  { "even-of-4", 400, { { AL_STUN_REQUESTED_TRANSPORT, 4, { 17 } }, { AL_STUN_EVEN_PORT, 4, { 0 } } } },
  { "family-ipv4", 0, { { AL_STUN_REQUESTED_TRANSPORT, 4, { 17 } }, { AL_STUN_REQUESTED_ADDRESS_FAMILY, 4, { 1 } } } },
  { "family-ipv6", 0, { { AL_STUN_REQUESTED_TRANSPORT, 4, { 17 } }, { AL_STUN_REQUESTED_ADDRESS_FAMILY, 4, { 2 } } } },
  { "family-3", 440, { { AL_STUN_REQUESTED_TRANSPORT, 4, { 17 } }, { AL_STUN_REQUESTED_ADDRESS_FAMILY, 4, { 3 } } } },
  { "family-0", 440, { { AL_STUN_REQUESTED_TRANSPORT, 4, { 17 } }, { AL_STUN_REQUESTED_ADDRESS_FAMILY, 4, { 0 } } } },
  { "family-of-1", 400, { { AL_STUN_REQUESTED_TRANSPORT, 4, { 17 } }, { AL_STUN_REQUESTED_ADDRESS_FAMILY, 1, { 1 } } } },
  { "additional-ipv6", 0, { { AL_STUN_REQUESTED_TRANSPORT, 4, { 17 } }, { AL_STUN_ADDITIONAL_ADDRESS_FAMILY, 4, { 2 } } } },
  { "additional-ipv4", 400, { { AL_STUN_REQUESTED_TRANSPORT, 4, { 17 } }, { AL_STUN_ADDITIONAL_ADDRESS_FAMILY, 4, { 1 } } } },
  { "additional-of-2", 400, { { AL_STUN_REQUESTED_TRANSPORT, 4, { 17 } }, { AL_STUN_ADDITIONAL_ADDRESS_FAMILY, 2, { 2 } } } },
  { "additional-and-requested", 400,
    { { AL_STUN_REQUESTED_TRANSPORT, 4, { 17 } },
      { AL_STUN_ADDITIONAL_ADDRESS_FAMILY, 4, { 2 } },
      { AL_STUN_REQUESTED_ADDRESS_FAMILY, 4, { 1 } } } },
  { "additional-and-pair", 400,
    { { AL_STUN_REQUESTED_TRANSPORT, 4, { 17 } },
      { AL_STUN_ADDITIONAL_ADDRESS_FAMILY, 4, { 2 } },
      { AL_STUN_EVEN_PORT, 1, { 0x80 } } } },
  { "additional-and-even", 0,
    { { AL_STUN_REQUESTED_TRANSPORT, 4, { 17 } },
      { AL_STUN_ADDITIONAL_ADDRESS_FAMILY, 4, { 2 } },
      { AL_STUN_EVEN_PORT, 1, { 0x7f } } } },
};

static void
test_request (gconstpointer index)
{
  unsigned r = GPOINTER_TO_UINT (index);
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;
  Ask ask;

  client_init (&client, bench, 0, A);
  ask_begin (&client, &ask, AL_STUN_ALLOCATE);
  for (unsigned i = 0; i < G_N_ELEMENTS (requests[r].attrs) && requests[r].attrs[i].type != 0; i++)
    al_stun_put (&ask.out, requests[r].attrs[i].type, requests[r].attrs[i].value, requests[r].attrs[i].len);
  g_assert_cmpuint (ask_send (&client, &ask), ==, requests[r].code);
  g_assert_true (client_is_signed (&client));
  if (requests[r].code != 0)
    {
      g_assert_cmpuint (relay_ports_count (bench->shared.ports), ==, 0);
      g_assert_cmpuint (relay_quota_get (bench->shared.users, "alice", 5), ==, 0);
      g_assert_cmpuint (client_refresh (&client, 600), ==, 437);
    }
}

static void
test_again (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;
  g_autoptr (Packet) first = NULL;

  client_init (&client, bench, 0, A);
  g_assert_cmpuint (client_allocate_with (&client, AL_STUN_EVEN_PORT, pair, 1), ==, 0);
  first = g_steal_pointer (&client.answer);
  bench_go (bench, SECOND);
  client.serial--; /* the same transaction: the same answer, and no second allocation */
  g_assert_cmpuint (client_allocate_with (&client, AL_STUN_EVEN_PORT, pair, 1), ==, 0);
  g_assert_cmpmem (client.answer->data, client.answer->len, first->data, first->len);
  g_assert_cmpuint (relay_ports_count (bench->shared.ports), ==, 2);
  g_assert_cmpuint (client_allocate (&client), ==, 437);
  g_assert_true (client_is_signed (&client));
  /* RFC 8656 §5: 441 is for everything but Allocate */
  client_set_user (&client, "bob", "hunter", false);
  g_assert_cmpuint (client_allocate (&client), ==, 437);
  client.serial = 1;
  g_assert_cmpuint (client_allocate (&client), ==, 437);
  g_assert_cmpuint (client_refresh (&client, 0), ==, 441);
  g_assert_true (client_is_signed (&client));
  g_assert_cmpuint (client_permit (&client, PEER), ==, 441);
  g_assert_cmpuint (client_bind (&client, 0x4000, PEER), ==, 441);
  client_set_user (&client, "alice", "secret", false);
  g_assert_cmpuint (client_refresh (&client, 0), ==, 0);
  g_assert_cmpuint (client_allocate (&client), ==, 0);
}

/* the same addresses over another transport, or another connection, are another 5-tuple */
static void
test_tuples (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  Client clients[5];
  int x, y;

  for (unsigned i = 0; i < 5; i++)
    {
      client_init (&clients[i], bench, 0, i == 4 ? "[2620:fe::5]:1000" : A);
      clients[i].tuple.transport = i == 0 || i == 4 ? RELAY_UDP : RELAY_TCP;
      clients[i].tuple.conn = i == 1 ? &x : i == 2 ? &y : NULL;
      if (i == 3)
        clients[i].tuple.transport = RELAY_TLS;
      g_assert_cmpuint (client_challenge (&clients[i]), ==, 401);
      g_assert_cmpuint (client_allocate (&clients[i]), ==, 0);
      g_assert_cmpuint (client_allocate (&clients[i]), ==, 437);
    }
  g_assert_cmpuint (relay_ports_count (bench->shared.ports), ==, 5);
  relay_turn_on_closed (bench->turns[0], &clients[1].tuple, bench->now_us);
  g_assert_cmpint (g_array_index (bench->ended, Ended, 0).reason, ==, RELAY_END_CLOSED);
  relay_turn_on_closed (bench->turns[0], &clients[1].tuple, bench->now_us);
  g_assert_cmpuint (bench->ended->len, ==, 1);
  g_assert_cmpuint (client_refresh (&clients[1], 600), ==, 437);
  g_assert_cmpuint (client_refresh (&clients[2], 600), ==, 0);
  for (unsigned i = 0; i < 5; i++)
    client_clear (&clients[i]);
}

static void
test_both_families (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;
  AlStunAttr attr;

  client_init (&client, bench, 0, A);
  g_assert_cmpuint (client_allocate_with (&client, AL_STUN_ADDITIONAL_ADDRESS_FAMILY, v6, 4), ==, 0);
  g_assert_cmpint (client.relayed[RELAY_IPV4].sa.sa_family, ==, AF_INET);
  g_assert_cmpint (client.relayed[RELAY_IPV6].sa.sa_family, ==, AF_INET6);
  g_assert_false (al_stun_find (&client.reply, AL_STUN_ADDRESS_ERROR_CODE, &attr));
  g_assert_cmpuint (relay_quota_get (bench->shared.users, "alice", 5), ==, 1);
  g_assert_cmpuint (client_refresh (&client, 0), ==, 0);
  g_assert_cmpuint (bench->sockets->len, ==, 0);
}

/* one of the two, and why there is no other */
static void
test_partial (void)
{
  for (unsigned missing = 0; missing < RELAY_FAMILY_N; missing++)
    for (unsigned busy = 0; busy < 2; busy++)
      {
        g_autoptr (Bench) bench = bench_new (NULL);
        g_auto (Client) client;
        AlStunAttr attr;

        client_init (&client, bench, 0, A);
        if (!busy)
          bench->config.bind[missing] = (AlAddr){ 0 };
        else
          for (unsigned i = 0; i < 200; i++)
            g_assert_cmpuint (relay_ports_take (bench->shared.ports, (RelayFamily) missing, 1, false, false, 0), !=, 0);
        g_assert_cmpuint (client_allocate_with (&client, AL_STUN_ADDITIONAL_ADDRESS_FAMILY, v6, 4), ==, 0);
        g_assert_cmpint (client.relayed[missing].sa.sa_family, ==, AF_UNSPEC);
        g_assert_cmpint (client.relayed[!missing].sa.sa_family, !=, AF_UNSPEC);
        g_assert_true (al_stun_find (&client.reply, AL_STUN_ADDRESS_ERROR_CODE, &attr));
        g_assert_cmpuint (attr.len, ==, 4);
        g_assert_cmpuint (attr.value[0], ==, missing + 1);
        g_assert_cmpuint (attr.value[2] * 100u + attr.value[3], ==, busy ? 508 : 440);
        for (unsigned i = 0; i < 200 && busy; i++)
          relay_ports_give (bench->shared.ports, (RelayFamily) missing, (uint16_t) (49152 + i), 0);
      }
}

static void
test_no_family (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;

  client_init (&client, bench, 0, A);
  bench->config.bind[RELAY_IPV6] = (AlAddr){ 0 };
  g_assert_cmpuint (client_allocate_with (&client, AL_STUN_REQUESTED_ADDRESS_FAMILY, v6, 4), ==, 440);
  bench->config.bind[RELAY_IPV4] = (AlAddr){ 0 };
  g_assert_cmpuint (client_allocate_with (&client, AL_STUN_REQUESTED_ADDRESS_FAMILY, v4, 4), ==, 440);
  g_assert_cmpuint (client_allocate_with (&client, AL_STUN_ADDITIONAL_ADDRESS_FAMILY, v6, 4), ==, 440);
}

static void
test_advertised (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;
  const AlAddr shown = addr_of ("5.6.7.8");

  client_init (&client, bench, 0, A);
  bench->config.advertised[RELAY_IPV4] = shown;
  g_assert_cmpuint (client_allocate (&client), ==, 0);
  g_assert_true (al_addr_equal_host (&client.relayed[RELAY_IPV4], &shown));
  g_assert_cmpuint (al_addr_get_port (&client.relayed[RELAY_IPV4]), ==,
                    al_addr_get_port (&((Socket *) bench->sockets->pdata[0])->address));
}

static void
test_draining (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) before, client, of_ipv6;
  const AlAddr other = addr_of ("5.6.7.8:3478"), other6 = addr_of ("[2a00::8]:3479");
  AlStunAttr attr;
  AlAddr addr;

  client_init (&before, bench, 0, B);
  client_init (&client, bench, 0, A);
  g_assert_cmpuint (client_allocate (&before), ==, 0);
  bench->config.is_draining = true;
  g_assert_cmpuint (client_allocate (&client), ==, 508); /* there is none of his family */
  bench->config.alternate[RELAY_IPV6] = other6;
  g_assert_cmpuint (client_allocate (&client), ==, 508);
  bench->config.alternate[RELAY_IPV4] = other;
  g_assert_cmpuint (client_allocate (&client), ==, 300);
  g_assert_true (client_is_signed (&client));
  g_assert_true (al_stun_find (&client.reply, AL_STUN_ALTERNATE_SERVER, &attr));
  g_assert_true (al_stun_attr_addr (&client.reply, &attr, true, &addr));
  g_assert_true (al_addr_equal (&addr, &other));
  client_init (&of_ipv6, bench, 0, "[2001:db8:7::1]:1000");
  g_assert_cmpuint (client_allocate (&of_ipv6), ==, 300);
  g_assert_true (al_stun_find (&of_ipv6.reply, AL_STUN_ALTERNATE_SERVER, &attr));
  g_assert_true (al_stun_attr_addr (&of_ipv6.reply, &attr, true, &addr));
  g_assert_true (al_addr_equal (&addr, &other6));
  g_assert_cmpuint (relay_ports_count (bench->shared.ports), ==, 1);
  g_assert_cmpuint (client_refresh (&before, 600), ==, 0); /* who is here may stay */
  before.serial = 1;
  g_assert_cmpuint (client_allocate (&before), ==, 0);     /* and asks once more */
}

static const struct {
  const char *name;
  int64_t asked, expected;
  unsigned max;
} lifetimes[] = {
  { "none", -1, 600, 3600 },    { "zero", 0, 600, 3600 },        { "one", 1, 600, 3600 },      { "default", 600, 600, 3600 },
  { "more", 601, 601, 3600 },   { "max", 3600, 3600, 3600 },     { "too-much", 3601, 3600, 3600 },
  { "all", UINT32_MAX, 3600, 3600 }, { "small-max", 3600, 600, 600 }, { "max-below-default", 900, 600, 10 },
};

static void
test_lifetime (gconstpointer index)
{
  unsigned i = GPOINTER_TO_UINT (index);
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;
  Ask ask;

  bench->config.max_lifetime_s = lifetimes[i].max;
  client_init (&client, bench, 0, A);
  ask_begin (&client, &ask, AL_STUN_ALLOCATE);
  al_stun_put_u32 (&ask.out, AL_STUN_REQUESTED_TRANSPORT, UDP);
  if (lifetimes[i].asked >= 0)
    al_stun_put_u32 (&ask.out, AL_STUN_LIFETIME, (uint32_t) lifetimes[i].asked);
  g_assert_cmpuint (ask_send (&client, &ask), ==, 0);
  g_assert_cmpint (client_lifetime (&client), ==, lifetimes[i].expected);
  if (lifetimes[i].asked != 0)
    {
      g_assert_cmpuint (client_refresh (&client, lifetimes[i].asked), ==, 0);
      g_assert_cmpint (client_lifetime (&client), ==, lifetimes[i].expected);
    }
  bench_go (bench, lifetimes[i].expected * SECOND - 1);
  g_assert_cmpuint (bench->ended->len, ==, 0);
  bench_go (bench, 2000);
  g_assert_cmpuint (bench->ended->len, ==, 1);
  g_assert_cmpuint (client_challenge (&client), ==, 401);
  g_assert_cmpuint (client_refresh (&client, 600), ==, 437);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/turn-allocate/success", test_success);
  for (unsigned i = 0; i < G_N_ELEMENTS (requests); i++)
    {
      g_autofree char *path = g_strconcat ("/relay/turn-allocate/request/", requests[i].name, NULL);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_request);
    }
  g_test_add_func ("/relay/turn-allocate/again", test_again);
  g_test_add_func ("/relay/turn-allocate/tuples", test_tuples);
  g_test_add_func ("/relay/turn-allocate/both-families", test_both_families);
  g_test_add_func ("/relay/turn-allocate/partial", test_partial);
  g_test_add_func ("/relay/turn-allocate/no-family", test_no_family);
  g_test_add_func ("/relay/turn-allocate/advertised", test_advertised);
  g_test_add_func ("/relay/turn-allocate/draining", test_draining);
  for (unsigned i = 0; i < G_N_ELEMENTS (lifetimes); i++)
    {
      g_autofree char *path = g_strconcat ("/relay/turn-allocate/lifetime/", lifetimes[i].name, NULL);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_lifetime);
    }
  return g_test_run ();
}
