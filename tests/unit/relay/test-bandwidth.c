/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdatomic.h>

#include "bench.h"

#define BPS 800000 /* 100 kB/s; 26.5 kB at once */

static unsigned
spend_many (RelayBandwidth *bandwidth, unsigned slot, RelayDirection direction, size_t len, unsigned n, int64_t now_us)
{
  unsigned good = 0;

  for (unsigned i = 0; i < n; i++)
    good += relay_bandwidth_spend (bandwidth, slot, direction, BPS, len, now_us);
  return good;
}

static void
test_spend (void)
{
  g_autoptr (RelayBandwidth) bandwidth = relay_bandwidth_new (3);
  int64_t now_us = INT64_C (20) * 365 * 86400 * SECOND;

  for (unsigned slot = 0; slot < 3; slot++)
    for (unsigned direction = 0; direction < RELAY_DIRECTION_N; direction++)
      g_assert_cmpuint (spend_many (bandwidth, slot, (RelayDirection) direction, 1000, 100, now_us), ==, 26);
  g_assert_true (relay_bandwidth_spend (bandwidth, 0, RELAY_TO_CLIENT, BPS, 500, now_us)); /* what is left */
  g_assert_false (relay_bandwidth_spend (bandwidth, 0, RELAY_TO_CLIENT, BPS, 1, now_us));
  g_assert_true (relay_bandwidth_spend (bandwidth, 0, RELAY_TO_CLIENT, BPS, 0, now_us));
  g_assert_cmpuint (spend_many (bandwidth, 0, RELAY_TO_CLIENT, 1000, 100, now_us + SECOND / 10), ==, 10);
  g_assert_cmpuint (spend_many (bandwidth, 0, RELAY_TO_CLIENT, 1000, 100, now_us + 3600 * SECOND), ==, 26);
  /* the clock of another thread is a little behind */
  g_assert_cmpuint (spend_many (bandwidth, 0, RELAY_TO_CLIENT, 1000, 100, now_us + 3600 * SECOND - 5000), ==, 0);
}

static void
test_charge (void)
{
  g_autoptr (RelayBandwidth) bandwidth = relay_bandwidth_new (1);

  g_assert_cmpint (relay_bandwidth_charge (bandwidth, 0, RELAY_FROM_CLIENT, BPS, 26500, SECOND), ==, 0);
  g_assert_cmpint (relay_bandwidth_charge (bandwidth, 0, RELAY_FROM_CLIENT, BPS, 50000, SECOND), ==, SECOND / 2);
  g_assert_cmpint (relay_bandwidth_charge (bandwidth, 0, RELAY_FROM_CLIENT, BPS, 0, SECOND + SECOND / 4), ==, SECOND / 4);
  g_assert_false (relay_bandwidth_spend (bandwidth, 0, RELAY_FROM_CLIENT, BPS, 1000, SECOND + SECOND / 2));
  g_assert_true (relay_bandwidth_spend (bandwidth, 0, RELAY_FROM_CLIENT, BPS, 1000, SECOND + SECOND / 2 + 10000));
}

static void
test_extremes (void)
{
  static const uint64_t rates[] = { 1, 1000, UINT64_C (100000000000) };

  for (unsigned i = 0; i < G_N_ELEMENTS (rates); i++)
    {
      g_autoptr (RelayBandwidth) bandwidth = relay_bandwidth_new (1);
      unsigned n = 0;

      while (n < 100000 && relay_bandwidth_spend (bandwidth, 0, RELAY_FROM_CLIENT, rates[i], 1000, SECOND))
        n++;
      g_assert_cmpuint (n, ==, i < 2 ? 1 : 100000);
    }
}

typedef struct {
  RelayBandwidth *bandwidth;
  _Atomic unsigned good;
} Shared;

static void *
spend_all (void *user)
{
  Shared *shared = user;

  for (unsigned i = 0; i < 20000; i++)
    if (relay_bandwidth_spend (shared->bandwidth, 0, RELAY_TO_CLIENT, BPS, 10, SECOND + i / 2000 * (SECOND / 10)))
      atomic_fetch_add (&shared->good, 1);
  return NULL;
}

/* four threads get together what one would */
static void
test_threads (void)
{
  g_autoptr (RelayBandwidth) bandwidth = relay_bandwidth_new (1);
  Shared shared = { bandwidth, 0 };
  pthread_t threads[4];

  for (unsigned i = 0; i < 4; i++)
    g_assert_cmpint (pthread_create (&threads[i], NULL, spend_all, &shared), ==, 0);
  for (unsigned i = 0; i < 4; i++)
    g_assert_cmpint (pthread_join (threads[i], NULL), ==, 0);
  g_assert_cmpuint (shared.good, <=, 2650 + 9 * 1000);
  g_assert_cmpuint (shared.good, >=, 2650);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/bandwidth/spend", test_spend);
  g_test_add_func ("/relay/bandwidth/charge", test_charge);
  g_test_add_func ("/relay/bandwidth/extremes", test_extremes);
  g_test_add_func ("/relay/bandwidth/threads", test_threads);
  return g_test_run ();
}
