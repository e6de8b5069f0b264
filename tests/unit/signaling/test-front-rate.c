/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>

#include "signaling/front-rate.h"

#define NOW INT64_C (5000000000)

static void
test_rate_burst (void)
{
  SigRate rate = { 0 };

  for (int i = 0; i < SIG_RATE_BURST - 1; i++)
    g_assert_cmpint (sig_rate_spend (&rate, NOW, 100, 0), ==, NOW);
  g_assert_cmpint (sig_rate_spend (&rate, NOW, 100, 0), ==, NOW + 1000000 / SIG_RATE_PER_S);
}

/* Whoever waits as told gets exactly the rate; after a pause the whole burst is there again. */
static void
test_rate_sustained (void)
{
  SigRate rate = { 0 };
  int64_t now_us = NOW;
  int n = 0;

  while (now_us < NOW + 10 * INT64_C (1000000))
    {
      now_us = sig_rate_spend (&rate, now_us, 0, 0);
      n++;
    }
  g_assert_cmpint (n, >=, SIG_RATE_BURST + 10 * SIG_RATE_PER_S - 2);
  g_assert_cmpint (n, <=, SIG_RATE_BURST + 10 * SIG_RATE_PER_S + 2);
  now_us += 3600 * INT64_C (1000000);
  for (int i = 0; i < SIG_RATE_BURST - 1; i++)
    g_assert_cmpint (sig_rate_spend (&rate, now_us, 0, 0), ==, now_us);
  g_assert_cmpint (sig_rate_spend (&rate, now_us, 0, 0), >, now_us);
}

static void
test_rate_bytes (void)
{
  SigRate rate = { 0 };
  int n = 0;

  while (sig_rate_spend (&rate, NOW, 512 * 1024, 0) == NOW)
    n++;
  g_assert_cmpint (n, ==, 3); /* 4 * 129 tokens are more than 400 */
}

/* Two values a byte cost main as much as 512 KiB of text do. */
static void
test_rate_values (void)
{
  SigRate rate = { 0 };
  int n = 0;

  while (sig_rate_spend (&rate, NOW, 8192, 4096) == NOW)
    n++;
  g_assert_cmpint (n, ==, 3); /* 4 * 131 tokens are more than 400 */
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/signaling/front-rate/burst", test_rate_burst);
  g_test_add_func ("/signaling/front-rate/sustained", test_rate_sustained);
  g_test_add_func ("/signaling/front-rate/bytes", test_rate_bytes);
  g_test_add_func ("/signaling/front-rate/values", test_rate_values);
  return g_test_run ();
}
