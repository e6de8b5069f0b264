/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>

#include "server/load/arrivals.h"

static void
test_counts (void)
{
  LoadArrivals arrivals = { 0 };

  g_assert_cmpint (load_arrivals_add (&arrivals, 65533, 0, 90000, 0), ==, LOAD_ARRIVAL_NEXT);
  g_assert_cmpint (load_arrivals_add (&arrivals, 65534, 0, 90000, 0), ==, LOAD_ARRIVAL_NEXT);
  g_assert_cmpint (load_arrivals_add (&arrivals, 1, 0, 90000, 0), ==, LOAD_ARRIVAL_GAP); /* over the wrap: 65535, 0 */
  g_assert_cmpint (load_arrivals_add (&arrivals, 0, 0, 90000, 0), ==, LOAD_ARRIVAL_LATE);
  g_assert_cmpint (load_arrivals_add (&arrivals, 0, 0, 90000, 0), ==, LOAD_ARRIVAL_REPEATED);
  g_assert_cmpint (load_arrivals_add (&arrivals, 1, 0, 90000, 0), ==, LOAD_ARRIVAL_REPEATED);
  g_assert_cmpuint (load_arrivals_expected (&arrivals), ==, 5);
  g_assert_cmpuint (arrivals.received, ==, 4);
  g_assert_cmpuint (arrivals.repeated, ==, 2);
  g_assert_false (load_arrivals_has (&arrivals, load_arrivals_extend (&arrivals, 65535)));
  g_assert_true (load_arrivals_has (&arrivals, load_arrivals_extend (&arrivals, 65534)));
  g_assert_cmpint (load_arrivals_add (&arrivals, (uint16_t) (1 - LOAD_ARRIVALS_WINDOW), 0, 90000, 0), ==, LOAD_ARRIVAL_OLD);
}

static void
test_restart (void)
{
  LoadArrivals arrivals = { 0 };

  for (uint16_t seq = 100; seq < 110; seq++)
    (void) load_arrivals_add (&arrivals, seq, 0, 90000, 0);
  (void) load_arrivals_add (&arrivals, 112, 0, 90000, 0);
  load_arrivals_restart (&arrivals);
  g_assert_cmpint (load_arrivals_add (&arrivals, 111, 0, 90000, 0), ==, LOAD_ARRIVAL_LATE); /* was lost before */
  (void) load_arrivals_add (&arrivals, 113, 0, 90000, 0);
  (void) load_arrivals_add (&arrivals, 115, 0, 90000, 0);
  g_assert_cmpuint (load_arrivals_expected (&arrivals), ==, 3);
  g_assert_cmpuint (arrivals.received, ==, 2);
}

static void
test_report (void)
{
  LoadArrivals arrivals = { 0 };
  uint8_t fraction;
  int32_t lost;

  for (uint16_t seq = 0; seq < 100; seq += 2)
    (void) load_arrivals_add (&arrivals, seq, 0, 90000, 0);
  load_arrivals_report (&arrivals, &fraction, &lost);
  g_assert_cmpuint (fraction, ==, 49 * 256 / 99);
  g_assert_cmpint (lost, ==, 49);
  for (uint16_t seq = 99; seq < 110; seq++)
    (void) load_arrivals_add (&arrivals, seq, 0, 90000, 0);
  load_arrivals_report (&arrivals, &fraction, &lost);
  g_assert_cmpuint (fraction, ==, 0);
  g_assert_cmpint (lost, ==, 49);
}

/* packets that come 10 ms early and late in turn, 20 ms apart: the mean deviation converges to 20 ms */
static void
test_jitter (void)
{
  LoadArrivals even = { 0 }, uneven = { 0 };

  for (int i = 0; i < 1000; i++)
    {
      (void) load_arrivals_add (&even, (uint16_t) i, (uint32_t) i * 960, 48000, 1000000 + i * 20000);
      (void) load_arrivals_add (&uneven, (uint16_t) i, (uint32_t) i * 960, 48000, 1000000 + i * 20000 + (i % 2) * 20000);
    }
  g_assert_cmpuint (even.jitter_q4 >> 4, ==, 0);
  g_assert_cmpuint (uneven.jitter_q4 >> 4, >=, 950);
  g_assert_cmpuint (uneven.jitter_q4 >> 4, <=, 970);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/server/arrivals/counts", test_counts);
  g_test_add_func ("/server/arrivals/restart", test_restart);
  g_test_add_func ("/server/arrivals/report", test_report);
  g_test_add_func ("/server/arrivals/jitter", test_jitter);
  return g_test_run ();
}
