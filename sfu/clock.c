/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/clock.h"

#define US INT64_C (1000000)
#define STEP_US 5000

int64_t
sfu_ntp_to_us (uint64_t ntp)
{
  return (int64_t) (ntp >> 32) * US + (int64_t) (((ntp & UINT32_MAX) * (uint64_t) US) >> 32);
}

uint64_t
sfu_ntp_from_us (int64_t us)
{
  uint64_t seconds = (uint64_t) (us / US), rest = (uint64_t) (us % US);

  /* rounded up, so that the other way gives the same microsecond */
  return seconds << 32 | ((rest << 32) + (uint64_t) US - 1) / (uint64_t) US;
}

void
sfu_clock_on_sr (SfuClock *clock, SfuPeerClock *peer, uint64_t ntp, uint32_t rtp, uint32_t epoch, int64_t now_us)
{
  int64_t at = sfu_ntp_to_us (ntp), sample = now_us - at, change = sample - peer->offset_us;

  if (ntp == 0)
    return;
  if (!peer->known || change > US || change < -US)
    *peer = (SfuPeerClock){ .offset_us = sample, .known = true };
  /* the least delay is the truest, but clocks also drift apart: down at once, up slowly */
  else if (change < 0)
    peer->offset_us += change < -STEP_US ? -STEP_US : change;
  else
    peer->offset_us += change / 64 > STEP_US ? STEP_US : change / 64;
  *clock = (SfuClock){ .time_us = at + peer->offset_us, .rtp = rtp, .epoch = epoch, .known = true };
}

uint32_t
sfu_clock_get_rtp (const SfuClock *clock, uint32_t rate, int64_t time_us)
{
  int64_t past = time_us - clock->time_us;

  /* seconds and the rest apart: no overflow after years of silence */
  return clock->rtp + (uint32_t) (past / US * rate) + (uint32_t) (past % US * (int64_t) rate / US);
}
