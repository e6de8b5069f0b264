/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/rate-control.h"

#include <glib.h>
#include <math.h>

#define DECREASE 0.85
#define INCREASE 1.08    /* a second */
#define ACKED_FACTOR 1.5 /* a rate that is not used has not been tried */
#define ACKED_BPS 10000
#define NEAR_MIN_BPS 4000.0 /* a second */
#define PACKET_BITS (1200 * 8)
#define STEP_US INT64_C (1000000)
/* after a cut: steps that are as large for a flow with little as for one with much, or the latter would grow faster */
#define CAREFUL_US INT64_C (3000000)
#define CAPACITY_WEIGHT 0.05
#define CAPACITY_DEVIATIONS 3

void
sfu_rate_control_init (SfuRateControl *control, uint32_t rate_bps)
{
  *control = (SfuRateControl){ .rate_bps = rate_bps };
}

uint32_t
sfu_rate_control_get_bps (const SfuRateControl *control)
{
  return (uint32_t) control->rate_bps;
}

void
sfu_rate_control_set_bps (SfuRateControl *control, uint32_t rate_bps, int64_t now_us)
{
  control->rate_bps = rate_bps;
  control->changed_us = now_us;
  if (rate_bps > control->capacity_bps)
    control->capacity_bps = 0;
}

static double
capacity_deviation (const SfuRateControl *control)
{
  return CAPACITY_DEVIATIONS * sqrt (control->capacity_variance * control->capacity_bps);
}

/* What arrived when the queue began to grow is what the path carries: its mean, and its variance in parts of the mean. */
static void
learn_capacity (SfuRateControl *control, double acked_bps)
{
  double error;

  if (control->capacity_bps > 0 && fabs (acked_bps - control->capacity_bps) > capacity_deviation (control))
    control->capacity_bps = 0;
  if (!(control->capacity_bps > 0))
    {
      control->capacity_bps = acked_bps;
      control->capacity_variance = 400; /* bit/s: with 3 deviations about 5 % at 1 Mbit/s, 11 % at 300 kbit/s */
      return;
    }
  error = acked_bps - control->capacity_bps;
  control->capacity_bps += CAPACITY_WEIGHT * error;
  control->capacity_variance = (1 - CAPACITY_WEIGHT) * control->capacity_variance +
                               CAPACITY_WEIGHT * error * error / MAX (control->capacity_bps, 1);
  control->capacity_variance = CLAMP (control->capacity_variance, 400, 2500);
}

static bool
decrease (SfuRateControl *control, uint32_t acked_bps, int64_t rtt_us, int64_t now_us)
{
  double rate_bps = DECREASE * (acked_bps > 0 ? acked_bps : control->rate_bps);

  if (control->decreased_us != 0 && now_us - control->decreased_us < CLAMP (rtt_us, 10000, 200000) &&
      !(acked_bps > 0 && acked_bps < control->rate_bps / 2))
    return false;
  if (rate_bps > control->rate_bps && control->capacity_bps > 0)
    rate_bps = DECREASE * control->capacity_bps;
  if (acked_bps > 0)
    learn_capacity (control, acked_bps);
  control->decreased_us = now_us;
  if (rate_bps >= control->rate_bps)
    return false;
  control->rate_bps = rate_bps;
  return true;
}

static void
increase (SfuRateControl *control, uint32_t acked_bps, int64_t rtt_us, int64_t passed_us, int64_t now_us)
{
  double passed = (double) MIN (passed_us, STEP_US) / 1e6, rate_bps = control->rate_bps;
  double most_bps = acked_bps > 0 ? ACKED_FACTOR * acked_bps + ACKED_BPS : rate_bps;

  if (control->capacity_bps > 0 && acked_bps > control->capacity_bps + capacity_deviation (control))
    control->capacity_bps = 0;
  if (control->capacity_bps > 0 || (control->decreased_us != 0 && now_us - control->decreased_us < CAREFUL_US))
    {
      double frame_bits = rate_bps / 30, packets = ceil (frame_bits / PACKET_BITS);

      rate_bps += passed * MAX (NEAR_MIN_BPS, frame_bits / packets / (2 * ((double) rtt_us / 1e6 + 0.1)));
    }
  else
    rate_bps = MAX (rate_bps * pow (INCREASE, passed), rate_bps + 1000 * passed);
  control->rate_bps = MAX (control->rate_bps, MIN (rate_bps, most_bps));
}

bool
sfu_rate_control_update (SfuRateControl *control, SfuDelayUse use, uint32_t acked_bps, int64_t rtt_us, int64_t now_us)
{
  int64_t passed_us = control->changed_us == 0 ? 0 : now_us - control->changed_us;

  control->changed_us = now_us;
  if (use == SFU_DELAY_OVERUSE)
    return decrease (control, acked_bps, rtt_us, now_us);
  if (use == SFU_DELAY_NORMAL)
    increase (control, acked_bps, rtt_us, passed_us, now_us);
  return false;
}
