/* SPDX-License-Identifier: Apache-2.0 */
/* How much passes: of an allocation, and of a user. */
#include "bench.h"

#define A "9.8.7.6:1000"
#define B "9.8.7.5:1000"
#define C "9.8.7.4:1000"

static uint8_t payload[65536];

static void
start (Bench *bench, Client *client, unsigned worker, const char *address)
{
  client_init (client, bench, worker, address);
  g_assert_cmpuint (client_allocate (client), ==, 0);
}

static void
tune_allocation (Bench *bench)
{
  bench->config.max_bps = 800000; /* 100 kB/s, and 26.5 kB at once */
}

/* Returns: bytes that got through of what was sent */
static size_t
pump (Bench *bench, Client *client, bool inward, size_t size, unsigned n, int64_t gap_us)
{
  size_t bytes = 0;

  for (unsigned i = 0; i < n; i++)
    {
      GPtrArray *packets = inward ? bench->sent : bench->relayed;

      g_ptr_array_set_size (packets, 0);
      if (inward)
        bench_from_peer (bench, &client->relayed[RELAY_IPV4], PEER, payload, size);
      else
        client_channel_data (client, 0x4000, payload, size);
      bytes += packets->len * size;
      bench->now_us += gap_us;
    }
  return bytes;
}

static void
test_allocation (void)
{
  for (unsigned inward = 0; inward < 2; inward++)
    {
      g_autoptr (Bench) bench = bench_new (tune_allocation);
      g_auto (Client) client;
      RelayTurnStats stats;

      start (bench, &client, 0, A);
      g_assert_cmpuint (client_bind (&client, 0x4000, PEER), ==, 0);
      g_assert_cmpuint (pump (bench, &client, inward, 1000, 100, 0), ==, 26000); /* what may come at once */
      bench->now_us += 10 * SECOND;
      g_assert_cmpuint (pump (bench, &client, inward, 1000, 100, 0), ==, 26000); /* idleness saves no more */
      bench->now_us += SECOND;
      /* in the long run 100 kB/s, however small the packets and the gaps between them are */
      g_assert_cmpuint (pump (bench, &client, inward, 100, 100000, 100), >=, 100 * 10000);
      bench->now_us += SECOND;
      g_assert_cmpuint (pump (bench, &client, inward, 100, 100000, 7), >=, 70000);
      bench->now_us += SECOND;
      g_assert_cmpuint (pump (bench, &client, inward, 100, 100000, 7), <=, 70000 + 26500);
      bench->now_us += SECOND;
      g_assert_cmpuint (pump (bench, &client, inward, 1000, 1000, 10000), ==, 1000000); /* just at the limit */
      relay_turn_get_stats (bench->turns[0], &stats);
      g_assert_cmpuint (stats.dropped[RELAY_DROP_BANDWIDTH], >, 0);
      g_assert_cmpuint (pump (bench, &client, !inward, 1000, 20, 0), ==, 20000); /* each direction for itself */
    }
}

/* a budget that was never used, on a machine that runs for years */
static void
test_extremes (void)
{
  static const uint64_t rates[] = { 1, 8, 64000, 10000000000 };

  for (unsigned i = 0; i < G_N_ELEMENTS (rates); i++)
    {
      g_autoptr (Bench) bench = bench_new (NULL);
      g_auto (Client) client;

      bench->config.max_bps = rates[i];
      bench->now_us = INT64_C (20) * 365 * 86400 * SECOND;
      start (bench, &client, 0, A);
      g_assert_cmpuint (client_bind (&client, 0x4000, PEER), ==, 0);
      g_assert_cmpuint (pump (bench, &client, false, 1000, 1, 0), ==, rates[i] < 8000 ? 0 : 1000);
    }
}

static void
tune_user (Bench *bench)
{
  bench->config.max_user_bps = 800000; /* 100 kB/s, and 26.5 kB at once */
}

static uint64_t
count_drops (Bench *bench, RelayDrop reason)
{
  uint64_t n = 0;

  for (unsigned i = 0; i < WORKERS; i++)
    {
      RelayTurnStats stats;

      relay_turn_get_stats (bench->turns[i], &stats);
      n += stats.dropped[reason];
    }
  return n;
}

/* two allocations of one user, on two workers, share; somebody else has his own */
static void
test_user (void)
{
  for (unsigned inward = 0; inward < 2; inward++)
    {
      g_autoptr (Bench) bench = bench_new (tune_user);
      g_auto (Client) one, two, bob;

      start (bench, &one, 0, A);
      start (bench, &two, 1, B);
      client_init (&bob, bench, 1, C);
      client_set_user (&bob, "bob", "hunter", false);
      g_assert_cmpuint (client_allocate (&bob), ==, 0);
      g_assert_cmpuint (client_bind (&one, 0x4000, PEER), ==, 0);
      g_assert_cmpuint (client_bind (&two, 0x4000, PEER), ==, 0);
      g_assert_cmpuint (client_bind (&bob, 0x4000, PEER), ==, 0);
      g_assert_cmpuint (pump (bench, &one, inward, 1000, 20, 0), ==, 20000);
      g_assert_cmpuint (pump (bench, &two, inward, 1000, 20, 0), ==, 6000);
      g_assert_cmpuint (count_drops (bench, RELAY_DROP_USER_BANDWIDTH), ==, 14);
      g_assert_cmpuint (pump (bench, &one, inward, 1000, 1, 0), ==, 0);
      g_assert_cmpuint (pump (bench, &bob, inward, 1000, 20, 0), ==, 20000);
      g_assert_cmpuint (pump (bench, &one, !inward, 1000, 20, 0), ==, 20000); /* each direction for itself */
      bench->now_us += SECOND / 10;
      g_assert_cmpuint (pump (bench, &two, inward, 1000, 20, 0), ==, 10000);
      g_assert_cmpuint (count_drops (bench, RELAY_DROP_BANDWIDTH), ==, 0);

      /* a reload: more, and none at all */
      bench->config.max_user_bps = 8000000;
      bench_set_config (bench);
      bench->now_us += SECOND;
      g_assert_cmpuint (pump (bench, &two, inward, 1000, 200, 0), ==, 200000);
      bench->config.max_user_bps = 0;
      bench_set_config (bench);
      g_assert_cmpuint (pump (bench, &two, inward, 1000, 2000, 0), ==, 2000000);
    }
}

/* what one of the two limits refuses costs nothing of the other */
static void
test_both (void)
{
  g_autoptr (Bench) bench = bench_new (tune_user);
  g_auto (Client) one, two;

  bench->config.max_bps = 80000; /* 10 kB/s, 4 kB at once */
  start (bench, &one, 0, A);
  start (bench, &two, 1, B);
  g_assert_cmpuint (client_bind (&one, 0x4000, PEER), ==, 0);
  g_assert_cmpuint (client_bind (&two, 0x4000, PEER), ==, 0);
  g_assert_cmpuint (pump (bench, &one, false, 1000, 100, 0), ==, 4000);
  g_assert_cmpuint (count_drops (bench, RELAY_DROP_BANDWIDTH), ==, 96);
  g_assert_cmpuint (count_drops (bench, RELAY_DROP_USER_BANDWIDTH), ==, 0);
  bench->config.max_bps = 0;
  g_assert_cmpuint (pump (bench, &two, false, 1000, 100, 0), ==, 22000);
  bench->config.max_bps = 80000;
  bench->now_us += SECOND / 20; /* 5.5 kB of the user are there, and the 4 kB of this allocation that it never used */
  g_assert_cmpuint (pump (bench, &two, false, 100, 100, 0), ==, 4000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/turn-bandwidth/allocation", test_allocation);
  g_test_add_func ("/relay/turn-bandwidth/extremes", test_extremes);
  g_test_add_func ("/relay/turn-bandwidth/user", test_user);
  g_test_add_func ("/relay/turn-bandwidth/both", test_both);
  return g_test_run ();
}
