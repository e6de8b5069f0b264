/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/burst-rate.h"

#include <glib.h>
#include <string.h>

/* shorter ones say too little: of 4 packets, arrivals in steps of 250 us are told apart by a quarter at 14 Mbit/s */
#define BYTES_LEAST 3000
#define STEP_US 250 /* of arrival times in feedback */

static void
end_burst (SfuBurstRate *rate)
{
  int64_t took_us = MAX (rate->last_us - rate->first_us, STEP_US);

  if (rate->n > 0 && rate->bytes >= BYTES_LEAST)
    rate->bursts_bps[rate->n_bursts++ % SFU_BURSTS] = (uint32_t) MIN ((uint64_t) rate->bytes * 8000000 / (uint64_t) took_us,
                                                                      UINT32_MAX);
  rate->n = 0;
}

void
sfu_burst_rate_add (SfuBurstRate *rate, uint16_t seq, uint32_t bytes, int64_t sent_us, int64_t arrival_us)
{
  if (rate->n > 0 && sent_us == rate->sent_us && seq == (uint16_t) (rate->seq + 1) && arrival_us >= rate->last_us)
    {
      rate->bytes += bytes;
      rate->n++;
    }
  else
    {
      end_burst (rate);
      rate->sent_us = sent_us;
      rate->first_us = arrival_us;
      rate->bytes = 0;
      rate->n = 1;
    }
  rate->seq = seq;
  rate->last_us = arrival_us;
}

uint32_t
sfu_burst_rate_get_bps (const SfuBurstRate *rate)
{
  uint32_t sorted[SFU_BURSTS];

  if (rate->n_bursts < SFU_BURSTS)
    return 0;
  for (unsigned i = 0; i < SFU_BURSTS; i++)
    {
      unsigned at = i;

      for (; at > 0 && sorted[at - 1] > rate->bursts_bps[i]; at--)
        sorted[at] = sorted[at - 1];
      sorted[at] = rate->bursts_bps[i];
    }
  return sorted[(SFU_BURSTS - 1) / 2];
}
