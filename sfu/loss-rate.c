/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/loss-rate.h"

#include <glib.h>
#include <math.h>

#define LOW 0.02
#define HIGH 0.1
#define WINDOW_PKTS 20
#define WINDOW_US INT64_C (200000)
#define BETWEEN_US INT64_C (300000)
#define ARRIVING 0.9
#define INCREASE 1.08
#define QUIET_US INT64_C (5000000)
#define SMOOTHING 0.8

void
sfu_loss_rate_init (SfuLossRate *loss, uint32_t rate_bps)
{
  *loss = (SfuLossRate){ .rate_bps = rate_bps };
}

void
sfu_loss_rate_count (SfuLossRate *loss, uint32_t expected, uint32_t lost, uint32_t found)
{
  loss->expected += expected;
  loss->lost += lost;
  loss->lost -= MIN (loss->lost, found);
}

void
sfu_loss_rate_report (SfuLossRate *loss, uint8_t fraction_lost)
{
  loss->expected = 256;
  loss->lost = fraction_lost;
}

static bool
close_window (SfuLossRate *loss, int64_t now_us)
{
  if (loss->window_us == 0)
    loss->window_us = now_us;
  if (loss->expected < WINDOW_PKTS || now_us - loss->window_us < WINDOW_US)
    return false;
  loss->loss = (double) loss->lost / loss->expected;
  loss->smooth = SMOOTHING * loss->smooth + (1 - SMOOTHING) * loss->loss;
  loss->expected = loss->lost = 0;
  loss->window_us = now_us;
  if (loss->loss > LOW)
    loss->lossy_us = now_us;
  return true;
}

bool
sfu_loss_rate_update (SfuLossRate *loss, uint32_t most_bps, uint32_t acked_bps, int64_t rtt_us, int64_t now_us)
{
  bool closed = close_window (loss, now_us), decreased = false;
  double passed = loss->updated_us == 0 ? 0 : (double) (now_us - loss->updated_us) / 1e6;

  loss->updated_us = now_us;
  if (loss->lossy_us == 0 || now_us - loss->lossy_us > QUIET_US)
    loss->rate_bps = most_bps;
  else if (loss->loss <= LOW)
    loss->rate_bps *= pow (INCREASE, MIN (passed, 1));
  else if (closed && loss->loss > HIGH &&
           (loss->decreased_us == 0 || now_us - loss->decreased_us >= BETWEEN_US + rtt_us))
    {
      loss->rate_bps = MAX (loss->rate_bps * (1 - loss->loss / 2), MIN (loss->rate_bps, ARRIVING * acked_bps));
      loss->decreased_us = now_us;
      decreased = true;
    }
  loss->rate_bps = MIN (loss->rate_bps, most_bps);
  return decreased;
}

void
sfu_loss_rate_set_bps (SfuLossRate *loss, uint32_t rate_bps)
{
  loss->rate_bps = rate_bps;
}

uint32_t
sfu_loss_rate_get_bps (const SfuLossRate *loss)
{
  return (uint32_t) loss->rate_bps;
}

uint32_t
sfu_loss_rate_get_permille (const SfuLossRate *loss)
{
  return (uint32_t) (loss->smooth * 1000 + 0.5);
}
