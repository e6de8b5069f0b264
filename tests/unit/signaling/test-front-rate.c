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

static int
take_all (SigRateCrowd *crowd, const char *text, int64_t now_us)
{
  AlAddr address;
  int n = 0;

  g_assert_true (al_addr_parse (text, 0, &address, NULL));
  while (sig_rate_crowd_take (crowd, &address, now_us, 100, 10) == 0)
    n++;
  return n;
}

/* Strangers share what their address may do; another address has its own, and 0 is no limit. */
static void
test_rate_crowd (void)
{
  SigRateCrowd *crowd = sig_rate_crowd_new (200), *open = sig_rate_crowd_new (0);
  AlAddr address;

  g_assert_cmpint (take_all (crowd, "203.0.113.1", NOW), ==, SIG_RATE_BURST);
  g_assert_cmpint (take_all (crowd, "203.0.113.1", NOW), ==, 0);
  g_assert_cmpint (take_all (crowd, "203.0.113.2", NOW), ==, SIG_RATE_BURST);
  g_assert_cmpint (take_all (crowd, "2001:db8::1", NOW), ==, SIG_RATE_BURST);
  g_assert_cmpint (take_all (crowd, "2001:db8::2", NOW), ==, 0);
  g_assert_cmpint (take_all (crowd, "203.0.113.1", NOW + 1000000), ==, 200);
  g_assert_true (al_addr_parse ("203.0.113.1", 0, &address, NULL));
  g_assert_cmpint (sig_rate_crowd_take (crowd, &address, NOW + 1000000, 0, 0), ==, 5000);
  for (int i = 0; i < 10000; i++)
    g_assert_cmpint (sig_rate_crowd_take (open, &address, NOW, 0, 0), ==, 0);
  sig_rate_crowd_free (crowd);
  sig_rate_crowd_free (open);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/signaling/front-rate/burst", test_rate_burst);
  g_test_add_func ("/signaling/front-rate/sustained", test_rate_sustained);
  g_test_add_func ("/signaling/front-rate/bytes", test_rate_bytes);
  g_test_add_func ("/signaling/front-rate/values", test_rate_values);
  g_test_add_func ("/signaling/front-rate/crowd", test_rate_crowd);
  return g_test_run ();
}
