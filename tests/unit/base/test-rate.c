/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/rate.h"

#define S INT64_C (1000000)

static void
test_take (void)
{
  const AlRateLimit limit = al_rate_limit (3, 30 * S);
  AlRate rate = { 0 };

  g_assert_cmpint (limit.interval_us, ==, 10 * S);
  for (unsigned i = 0; i < 3; i++)
    g_assert_cmpint (al_rate_take (&rate, &limit, 1, 100 * S), ==, 0);
  g_assert_cmpint (al_rate_take (&rate, &limit, 1, 100 * S), ==, 10 * S);
  g_assert_cmpint (al_rate_take (&rate, &limit, 2, 100 * S), ==, 20 * S);
  g_assert_cmpint (al_rate_take (&rate, &limit, 1, 110 * S - 1), ==, 1); /* a refusal costs nothing */
  g_assert_cmpint (al_rate_take (&rate, &limit, 1, 110 * S), ==, 0);
  g_assert_cmpint (al_rate_take (&rate, &limit, 1, 110 * S), ==, 10 * S);
  g_assert_cmpint (al_rate_take (&rate, &limit, 3, 140 * S), ==, 0); /* full again, and no fuller */
  g_assert_cmpint (al_rate_take (&rate, &limit, 1, 1000 * S), ==, 0);
  g_assert_cmpint (al_rate_take (&rate, &limit, 3, 1000 * S), ==, 10 * S);
  g_assert_cmpint (al_rate_take (&rate, &limit, 4, 1000 * S), ==, INT64_MAX);
}

static void
test_edges (void)
{
  const AlRateLimit none = al_rate_limit (0, S), tiny = al_rate_limit (1 << 20, 1), slow = al_rate_limit (1, INT64_C (1) << 42);
  AlRate rate = { 0 }, at_zero = { 0 }, fast = { 0 }, back = { 0 };

  for (unsigned i = 0; i < 1000; i++)
    g_assert_cmpint (al_rate_take (&rate, &none, 5, 0), ==, 0);
  g_assert_cmpint (al_rate_take (&at_zero, &slow, 1, 0), ==, 0);
  g_assert_cmpint (al_rate_take (&at_zero, &slow, 1, 1), ==, (INT64_C (1) << 42) - 1);
  g_assert_cmpint (al_rate_take (&fast, &tiny, 1 << 20, 7), ==, 0);
  g_assert_cmpint (al_rate_take (&fast, &tiny, 0, 7), ==, 0);
  g_assert_cmpint (al_rate_take (&fast, &tiny, 1, 7), ==, 1);
  /* a clock that goes back gives nothing */
  g_assert_cmpint (al_rate_take (&back, &slow, 1, 50 * S), ==, 0);
  g_assert_cmpint (al_rate_take (&back, &slow, 1, 40 * S), ==, (INT64_C (1) << 42) + 10 * S);
}

/* Against the bucket of the textbook, in whole intervals, over random time. */
static void
test_textbook (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  const AlRateLimit limit = { 5, 1000 };
  AlRate rate = { 0 };
  int64_t now_us = 0, tokens_us = 5 * 1000; /* tokens times the interval */
  unsigned taken = 0;

  for (unsigned i = 0; i < 100000; i++)
    {
      int64_t step_us = g_rand_int_range (rand, 0, 2000);
      uint32_t n = (uint32_t) g_rand_int_range (rand, 0, 4);
      bool allowed;

      now_us += step_us;
      tokens_us = MIN (tokens_us + step_us, 5 * 1000);
      allowed = tokens_us >= n * 1000;
      if (allowed)
        tokens_us -= n * 1000;
      taken += allowed ? n : 0;
      g_assert_cmpint (al_rate_take (&rate, &limit, n, now_us) == 0, ==, allowed);
    }
  g_assert_cmpuint (taken, <=, 5 + now_us / 1000);
  g_assert_cmpuint (taken, >, now_us / 1000 * 9 / 10);
}

static int64_t
take (AlRateTable *table, uint32_t key, int64_t now_us)
{
  return al_rate_table_take (table, &key, sizeof key, 1, now_us);
}

static void
test_table (void)
{
  const AlRateLimit limit = al_rate_limit (2, 2 * S);
  g_autoptr (AlRateTable) table = al_rate_table_new (&limit, 4096);

  for (uint32_t key = 0; key < 500; key++) /* each has a bucket of its own */
    {
      g_assert_cmpint (take (table, key, S), ==, 0);
      g_assert_cmpint (take (table, key, S), ==, 0);
    }
  for (uint32_t key = 0; key < 500; key++)
    g_assert_cmpint (take (table, key, S), ==, S);
  for (uint32_t key = 0; key < 500; key++)
    g_assert_cmpint (take (table, key, 2 * S), ==, 0);
  g_assert_cmpint (al_rate_table_take (table, "", 0, 1, S), ==, 0);
  g_assert_cmpint (al_rate_table_take (table, "a", 1, 2, S), ==, 0);
  g_assert_cmpint (al_rate_table_take (table, "b", 1, 2, S), ==, 0);
  g_assert_cmpint (al_rate_table_take (table, "a", 1, 1, S), ==, S);
  g_assert_cmpint (al_rate_table_take (table, "c", 1, 3, S), ==, INT64_MAX);
}

/* Who has used up his tokens stays known in a flood of a million other keys, in a table of 1,024. */
static void
test_flood (void)
{
  const AlRateLimit limit = al_rate_limit (10, 10 * S);
  g_autoptr (AlRateTable) table = al_rate_table_new (&limit, 1024);
  int64_t now_us = 100 * S;
  unsigned passed = 0;

  for (uint32_t key = 0; key < 10; key++)
    while (take (table, key, now_us) == 0)
      ;
  for (uint32_t i = 0; i < 1000000; i++)
    {
      now_us += 5; /* five seconds in all: half of the tokens come back */
      g_assert_cmpint (take (table, 1000 + i, now_us), ==, 0);
      if (i % 1000 == 0)
        passed += take (table, i / 1000 % 10, now_us) == 0;
    }
  g_assert_cmpuint (passed, >, 0);
  g_assert_cmpuint (passed, <=, 10 * 5);
}

/* full buckets make way first: nothing is forgotten while there are any */
static void
test_full_first (void)
{
  const AlRateLimit limit = al_rate_limit (2, 2 * S);
  g_autoptr (AlRateTable) table = al_rate_table_new (&limit, 8); /* one set */

  for (uint32_t key = 0; key < 8; key++)
    g_assert_cmpint (take (table, key, S), ==, 0); /* full again at 2 s */
  for (uint32_t key = 0; key < 4; key++)
    (void) take (table, key, S); /* full again at 3 s */
  for (uint32_t key = 100; key < 104; key++)
    g_assert_cmpint (take (table, key, 2 * S), ==, 0);
  for (uint32_t key = 0; key < 4; key++)
    {
      g_assert_cmpint (take (table, key, 2 * S), ==, 0);
      g_assert_cmpint (take (table, key, 2 * S), ==, S);
    }
}

static void
test_addr (void)
{
  static const struct {
    const char *a, *b;
    bool same;
  } pairs[] = {
    { "192.0.2.1:1", "192.0.2.1:2", true },
    { "192.0.2.1:1", "192.0.2.2:1", false },
    { "192.0.2.1:1", "[::ffff:192.0.2.1]:9", true },
    { "[2001:db8::1]:1", "[2001:db8::ffff:2]:1", true },
    { "[2001:db8:0:1::1]:1", "[2001:db8:0:2::1]:1", false },
    { "[::1]:1", "0.0.0.0:1", false },
  };
  AlAddr none = { 0 };
  uint8_t key[AL_RATE_ADDR_KEY];

  for (unsigned i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      uint8_t key_b[AL_RATE_ADDR_KEY];
      AlAddr a, b;
      size_t n, m;

      g_assert_true (al_addr_parse (pairs[i].a, 0, &a, NULL) && al_addr_parse (pairs[i].b, 0, &b, NULL));
      n = al_rate_addr_key (&a, key);
      m = al_rate_addr_key (&b, key_b);
      g_assert_cmpuint (n, >=, 4);
      g_assert_cmpint (n == m && memcmp (key, key_b, n) == 0, ==, pairs[i].same);
    }
  g_assert_cmpuint (al_rate_addr_key (&none, key), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/rate/take", test_take);
  g_test_add_func ("/base/rate/edges", test_edges);
  g_test_add_func ("/base/rate/textbook", test_textbook);
  g_test_add_func ("/base/rate/table", test_table);
  g_test_add_func ("/base/rate/flood", test_flood);
  g_test_add_func ("/base/rate/full-first", test_full_first);
  g_test_add_func ("/base/rate/addr", test_addr);
  return g_test_run ();
}
