/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>

#include "base/clock.h"

static void
test_clock_monotonic (void)
{
  int64_t before = g_get_monotonic_time (), now = al_clock_now_us (), after = g_get_monotonic_time ();

  g_assert_cmpint (before, <=, now);
  g_assert_cmpint (now, <=, after);
}

static void
test_clock_wall (void)
{
  int64_t before = g_get_real_time () / 1000, now = al_clock_wall_ms (), after = g_get_real_time () / 1000;

  g_assert_cmpint (before, <=, now);
  g_assert_cmpint (now, <=, after);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/clock/monotonic", test_clock_monotonic);
  g_test_add_func ("/base/clock/wall", test_clock_wall);
  return g_test_run ();
}
