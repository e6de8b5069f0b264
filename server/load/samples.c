/* SPDX-License-Identifier: Apache-2.0 */
#include "server/load/samples.h"

#include <math.h>

void
load_samples_init (LoadSamples *samples)
{
  samples->values = g_array_new (FALSE, FALSE, sizeof (int64_t));
}

void
load_samples_clear (LoadSamples *samples)
{
  g_array_unref (samples->values);
  samples->values = NULL;
}

void
load_samples_add (LoadSamples *samples, int64_t value_us)
{
  g_array_append_val (samples->values, value_us);
}

static gint
compare_values (gconstpointer a, gconstpointer b)
{
  int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;

  return (x > y) - (x < y);
}

int64_t
load_samples_percentile (LoadSamples *samples, double percent)
{
  guint n = samples->values->len;
  guint rank;

  if (n == 0)
    return -1;
  g_array_sort (samples->values, compare_values);
  rank = (guint) ceil (percent / 100 * n);
  return g_array_index (samples->values, int64_t, rank == 0 ? 0 : rank - 1);
}
