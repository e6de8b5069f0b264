/* SPDX-License-Identifier: Apache-2.0 */
/* A list of measured durations and its percentiles. One thread. */
#pragma once

#include <glib.h>
#include <stdint.h>

typedef struct {
  GArray *values; /* of int64_t, microseconds */
} LoadSamples;

void load_samples_init (LoadSamples *samples);
void load_samples_clear (LoadSamples *samples);
void load_samples_add (LoadSamples *samples, int64_t value_us);
/** load_samples_percentile: @percent: 0 to 100, nearest rank. Returns: -1 without samples. Sorts the list. */
int64_t load_samples_percentile (LoadSamples *samples, double percent);
