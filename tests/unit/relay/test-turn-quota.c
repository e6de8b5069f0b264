/* SPDX-License-Identifier: Apache-2.0 */
/* What an Allocate is refused for when others have taken it: quotas, ports. */
#include "bench.h"

#define A "9.8.7.6:1000"
#define B "9.8.7.5:1000"

static const uint8_t v6[4] = { 2 }, even[1] = { 0 }, pair[1] = { 0x80 };

static void
tune_quota (Bench *bench)
{
  bench->config.user_quota = 2;
  bench->config.source_quota = 3;
}

static void
test_quotas (void)
{
  g_autoptr (Bench) bench = bench_new (tune_quota);
  Client clients[6];
  RelayTurnStats stats;

  for (unsigned i = 0; i < 6; i++)
    {
      g_autofree char *address = g_strdup_printf ("9.8.7.%u:%u", i < 5 ? 6 : 7, 1000 + i);

      client_init (&clients[i], bench, i % 2, address);
    }
  /* two of alice, on two workers, and no third */
  g_assert_cmpuint (client_allocate (&clients[0]), ==, 0);
  g_assert_cmpuint (client_allocate (&clients[1]), ==, 0);
  g_assert_cmpuint (client_allocate (&clients[2]), ==, 486);
  g_assert_true (client_is_signed (&clients[2]));
  /* three of one address */
  client_set_user (&clients[3], "bob", "hunter", false);
  g_assert_cmpuint (client_allocate (&clients[3]), ==, 0);
  client_set_user (&clients[4], "bob", "hunter", false);
  g_assert_cmpuint (client_allocate (&clients[4]), ==, 486);
  g_assert_cmpuint (relay_quota_get (bench->shared.users, "bob", 3), ==, 1);
  client_set_user (&clients[5], "bob", "hunter", false);
  g_assert_cmpuint (client_allocate (&clients[5]), ==, 0);
  relay_turn_get_stats (bench->turns[0], &stats);
  g_assert_cmpuint (stats.refused_quota, ==, 2);
  /* what ends makes room */
  g_assert_cmpuint (client_refresh (&clients[0], 0), ==, 0);
  g_assert_cmpuint (client_allocate (&clients[2]), ==, 0);
  for (unsigned i = 0; i < 6; i++)
    client_clear (&clients[i]);
}

static void
tune_total (Bench *bench)
{
  bench->config.total_quota = 2;
}

static void
test_total (void)
{
  g_autoptr (Bench) bench = bench_new (tune_total);
  g_auto (Client) a, b;
  RelayTurnStats stats;

  client_init (&a, bench, 0, A);
  client_init (&b, bench, 0, B);
  g_assert_cmpuint (client_allocate_with (&a, AL_STUN_ADDITIONAL_ADDRESS_FAMILY, v6, 4), ==, 0);
  g_assert_cmpuint (client_allocate (&b), ==, 508);
  relay_turn_get_stats (bench->turns[0], &stats);
  g_assert_cmpuint (stats.refused_capacity, ==, 1);
}

static void
tune_few_ports (Bench *bench)
{
  relay_reservations_free (bench->shared.reservations);
  relay_ports_free (bench->shared.ports);
  bench->shared.ports = relay_ports_new (50000, 50002);
  bench->shared.reservations = relay_reservations_new (bench->shared.ports);
}

static void
test_exhausted (void)
{
  g_autoptr (Bench) bench = bench_new (tune_few_ports);
  Client clients[4];

  for (unsigned i = 0; i < 4; i++)
    {
      g_autofree char *address = g_strdup_printf ("9.8.7.6:%u", 1000 + i);

      client_init (&clients[i], bench, 0, address);
    }
  g_assert_cmpuint (client_allocate_with (&clients[0], AL_STUN_EVEN_PORT, pair, 1), ==, 0);
  g_assert_cmpuint (client_allocate_with (&clients[1], AL_STUN_EVEN_PORT, pair, 1), ==, 508);
  g_assert_cmpuint (client_allocate_with (&clients[1], AL_STUN_EVEN_PORT, even, 1), ==, 0);
  g_assert_cmpuint (client_allocate (&clients[2]), ==, 508);
  g_assert_cmpuint (client_allocate_with (&clients[3], AL_STUN_ADDITIONAL_ADDRESS_FAMILY, v6, 4), ==, 0);
  g_assert_cmpint (clients[3].relayed[RELAY_IPV4].sa.sa_family, ==, AF_UNSPEC);
  g_assert_cmpint (clients[3].relayed[RELAY_IPV6].sa.sa_family, ==, AF_INET6);
  /* the odd one that nobody claimed */
  bench_go (bench, RELAY_RESERVATION_US);
  g_assert_cmpuint (client_allocate (&clients[2]), ==, 508);
  bench_go (bench, RELAY_PORT_REST_S * SECOND);
  g_assert_cmpuint (client_allocate (&clients[2]), ==, 0);
  g_assert_cmpuint (al_addr_get_port (&clients[2].relayed[RELAY_IPV4]), ==, 50001);
  for (unsigned i = 0; i < 4; i++)
    client_clear (&clients[i]);
}

/* ports that other programs hold are passed over; a host that has none left says so */
static void
test_ports_in_use (void)
{
  g_autoptr (Bench) bench = bench_new (NULL);
  g_auto (Client) client;

  client_init (&client, bench, 0, A);
  bench->failing_opens = 16;
  g_assert_cmpuint (client_allocate (&client), ==, 508);
  g_assert_cmpuint (relay_ports_count (bench->shared.ports), ==, 0);
  bench->failing_opens = 16;
  g_assert_cmpuint (client_allocate_with (&client, AL_STUN_EVEN_PORT, pair, 1), ==, 508);
  g_assert_cmpuint (relay_ports_count (bench->shared.ports), ==, 0);
  bench->failing_opens = 15;
  g_assert_cmpuint (client_allocate_with (&client, AL_STUN_EVEN_PORT, pair, 1), ==, 0);
  g_assert_cmpuint (relay_ports_count (bench->shared.ports), ==, 2);
  g_assert_cmpuint (al_addr_get_port (&client.relayed[RELAY_IPV4]) % 2, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/turn-allocate/quotas", test_quotas);
  g_test_add_func ("/relay/turn-allocate/total", test_total);
  g_test_add_func ("/relay/turn-allocate/exhausted", test_exhausted);
  g_test_add_func ("/relay/turn-allocate/ports-in-use", test_ports_in_use);
  return g_test_run ();
}
