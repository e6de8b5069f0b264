/* SPDX-License-Identifier: Apache-2.0 */
#include "server/load/samples.h"

static void
test_percentiles (void)
{
  LoadSamples samples;

  load_samples_init (&samples);
  g_assert_cmpint (load_samples_percentile (&samples, 50), ==, -1);
  for (int i = 100; i >= 1; i--)
    load_samples_add (&samples, i);
  g_assert_cmpint (load_samples_percentile (&samples, 50), ==, 50);
  g_assert_cmpint (load_samples_percentile (&samples, 99), ==, 99);
  g_assert_cmpint (load_samples_percentile (&samples, 100), ==, 100);
  g_assert_cmpint (load_samples_percentile (&samples, 0), ==, 1);
  load_samples_clear (&samples);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/server/samples/percentiles", test_percentiles);
  return g_test_run ();
}
