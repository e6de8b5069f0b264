/* SPDX-License-Identifier: Apache-2.0 */
#include "server/load/arrivals.h"

#include <string.h>

int64_t
load_arrivals_extend (const LoadArrivals *arrivals, uint16_t seq)
{
  return arrivals->highest + (int16_t) (uint16_t) (seq - (uint16_t) arrivals->highest);
}

static bool
get_bit (const LoadArrivals *arrivals, int64_t index)
{
  uint64_t at = (uint64_t) index % LOAD_ARRIVALS_WINDOW;

  return (arrivals->seen[at / 64] >> (at % 64) & 1) != 0;
}

static void
set_bit (LoadArrivals *arrivals, int64_t index, bool value)
{
  uint64_t at = (uint64_t) index % LOAD_ARRIVALS_WINDOW, bit = (uint64_t) 1 << (at % 64);

  if (value)
    arrivals->seen[at / 64] |= bit;
  else
    arrivals->seen[at / 64] &= ~bit;
}

bool
load_arrivals_has (const LoadArrivals *arrivals, int64_t index)
{
  return index <= arrivals->highest - LOAD_ARRIVALS_WINDOW || (index <= arrivals->highest && get_bit (arrivals, index));
}

static void
begin (LoadArrivals *arrivals, uint16_t seq)
{
  arrivals->begun = true;
  arrivals->highest = arrivals->base = arrivals->report_highest = (int64_t) 0x10000 + seq - 1;
  memset (arrivals->seen, 0xff, sizeof arrivals->seen); /* what was before the first is not missing */
}

static void
add_jitter (LoadArrivals *arrivals, uint32_t timestamp, uint32_t clock_rate, int64_t now_us)
{
  uint32_t transit = (uint32_t) (now_us * clock_rate / 1000000) - timestamp;
  int32_t d = (int32_t) (transit - arrivals->transit);

  if (arrivals->received > 0)
    arrivals->jitter_q4 += (uint32_t) (d < 0 ? -d : d) - ((arrivals->jitter_q4 + 8) >> 4);
  arrivals->transit = transit;
}

LoadArrival
load_arrivals_add (LoadArrivals *arrivals, uint16_t seq, uint32_t timestamp, uint32_t clock_rate, int64_t now_us)
{
  LoadArrival what = LOAD_ARRIVAL_NEXT;
  int64_t index;

  if (!arrivals->begun)
    begin (arrivals, seq);
  index = load_arrivals_extend (arrivals, seq);
  if (index <= arrivals->highest - LOAD_ARRIVALS_WINDOW)
    return LOAD_ARRIVAL_OLD;
  if (index <= arrivals->highest)
    {
      if (get_bit (arrivals, index))
        {
          arrivals->repeated++;
          return LOAD_ARRIVAL_REPEATED;
        }
      set_bit (arrivals, index, true);
      arrivals->received += index > arrivals->base;
      arrivals->late += index > arrivals->base;
      return LOAD_ARRIVAL_LATE;
    }
  if (index > arrivals->highest + 1)
    what = LOAD_ARRIVAL_GAP;
  for (int64_t i = arrivals->highest + 1; i < index; i++)
    set_bit (arrivals, i, false);
  set_bit (arrivals, index, true);
  arrivals->highest = index;
  if (clock_rate > 0)
    add_jitter (arrivals, timestamp, clock_rate, now_us);
  arrivals->received++;
  return what;
}

void
load_arrivals_restart (LoadArrivals *arrivals)
{
  arrivals->base = arrivals->report_highest = arrivals->highest;
  arrivals->received = arrivals->repeated = arrivals->late = arrivals->report_received = 0;
}

uint64_t
load_arrivals_expected (const LoadArrivals *arrivals)
{
  return (uint64_t) (arrivals->highest - arrivals->base);
}

void
load_arrivals_report (LoadArrivals *arrivals, uint8_t *ret_fraction, int32_t *ret_lost)
{
  int64_t expected = arrivals->highest - arrivals->report_highest;
  int64_t lost = expected - (int64_t) (arrivals->received - arrivals->report_received);

  *ret_fraction = expected > 0 && lost > 0 ? (uint8_t) (lost * 256 / expected > 255 ? 255 : lost * 256 / expected) : 0;
  *ret_lost = (int32_t) ((int64_t) load_arrivals_expected (arrivals) - (int64_t) arrivals->received);
  arrivals->report_highest = arrivals->highest;
  arrivals->report_received = arrivals->received;
}
