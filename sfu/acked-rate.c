/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/acked-rate.h"

#include <string.h>

#define BIN_US 50000
#define RECENT_BINS 4

/* 0 is no time: bins count from 1 so that a zeroed struct is new */
static int64_t
bin_of (int64_t arrival_us)
{
  int64_t bin = arrival_us / BIN_US - (arrival_us % BIN_US < 0);

  return bin + (INT64_C (1) << 40);
}

void
sfu_acked_rate_add (SfuAckedRate *rate, uint32_t bytes, int64_t arrival_us)
{
  int64_t bin = bin_of (arrival_us);

  /* a pause of more than the window, or another clock: what arrives then is not the rate since long ago */
  if (rate->first_bin == 0 || bin > rate->bin + 2 * SFU_ACKED_BINS || bin < rate->bin - 20 * SFU_ACKED_BINS)
    {
      memset (rate->bytes, 0, sizeof rate->bytes);
      rate->bin = rate->first_bin = bin;
    }
  if (bin <= rate->bin - SFU_ACKED_BINS)
    return;
  while (rate->bin < bin)
    rate->bytes[++rate->bin % SFU_ACKED_BINS] = 0;
  rate->bytes[bin % SFU_ACKED_BINS] += bytes;
}

/* the newest bin is not full yet, and the first one was not from its beginning: neither counts */
static uint32_t
rate_over (const SfuAckedRate *rate, int64_t n_bins)
{
  uint64_t bytes = 0;
  int64_t n = rate->bin - rate->first_bin - 1;

  if (rate->first_bin == 0 || n < 3)
    return 0;
  if (n > n_bins)
    n = n_bins;
  for (int64_t i = 1; i <= n; i++)
    bytes += rate->bytes[(rate->bin - i) % SFU_ACKED_BINS];
  return (uint32_t) (bytes * 8 * 1000000 / (uint64_t) (n * BIN_US));
}

uint32_t
sfu_acked_rate_get_bps (const SfuAckedRate *rate)
{
  return rate_over (rate, SFU_ACKED_BINS - 1);
}

uint32_t
sfu_acked_rate_get_recent_bps (const SfuAckedRate *rate)
{
  return rate_over (rate, RECENT_BINS);
}
