/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/delay-trend.h"

#include <glib.h>
#include <math.h>
#include <string.h>

/* as published for this filter (G. Carlucci et al., "Analysis and Design of the Google Congestion Control for WebRTC") and as
 * browsers have it */
#define GROUP_US 5000
#define BURST_US 100000 /* packets that a queue lets out together are one group, but no longer than this */
#define SMOOTHING 0.9
#define GAIN 4.0
#define DELTAS_MAX 60
#define POINTS_MIN 10
#define OVER_MS 10.0
#define THRESHOLD_MS 12.5
#define THRESHOLD_MIN_MS 6.0
#define THRESHOLD_MAX_MS 600.0
#define GAIN_UP 0.0087   /* grows slowly, so that a queue that grows is seen */
#define GAIN_DOWN 0.039
#define ADAPT_OFFSET_MS 15.0 /* a sudden jump does not move the threshold */
#define ADAPT_MS 100.0
#define CLOCK_JUMP_US INT64_C (3000000)
#define LEAST_US INT64_C (10000000)

void
sfu_delay_trend_init (SfuDelayTrend *trend)
{
  *trend = (SfuDelayTrend){ .threshold_ms = THRESHOLD_MS, .over_ms = -1 };
}

static double
fit_slope (const SfuDelayTrend *trend)
{
  double at = 0, delay = 0, above = 0, below = 0;
  unsigned n = trend->n_points;

  for (unsigned i = 0; i < n; i++)
    {
      at += trend->points[i].at_ms / n;
      delay += trend->points[i].delay_ms / n;
    }
  for (unsigned i = 0; i < n; i++)
    {
      above += (trend->points[i].at_ms - at) * (trend->points[i].delay_ms - delay);
      below += (trend->points[i].at_ms - at) * (trend->points[i].at_ms - at);
    }
  return below > 0 ? above / below : trend->slope;
}

static void
adapt_threshold (SfuDelayTrend *trend, double trend_ms, int64_t arrival_us)
{
  double size = fabs (trend_ms), passed_ms = (double) (arrival_us - trend->adapted_us) / 1000;

  trend->adapted_us = arrival_us;
  if (size > trend->threshold_ms + ADAPT_OFFSET_MS)
    return;
  trend->threshold_ms += (size < trend->threshold_ms ? GAIN_DOWN : GAIN_UP) * (size - trend->threshold_ms) *
                         CLAMP (passed_ms, 0, ADAPT_MS);
  trend->threshold_ms = CLAMP (trend->threshold_ms, THRESHOLD_MIN_MS, THRESHOLD_MAX_MS);
}

static void
detect (SfuDelayTrend *trend, double before, double sent_ms, int64_t arrival_us)
{
  double trend_ms = MIN (trend->n_deltas, DELTAS_MAX) * trend->slope * GAIN;

  if (trend_ms > trend->threshold_ms)
    {
      trend->over_ms = trend->over_ms < 0 ? sent_ms / 2 : trend->over_ms + sent_ms;
      trend->n_over++;
      if (trend->over_ms > OVER_MS && trend->n_over > 1 && trend->slope >= before)
        {
          trend->over_ms = 0;
          trend->n_over = 0;
          trend->use = SFU_DELAY_OVERUSE;
        }
    }
  else
    {
      trend->over_ms = -1;
      trend->n_over = 0;
      trend->use = trend_ms < -trend->threshold_ms ? SFU_DELAY_UNDERUSE : SFU_DELAY_NORMAL;
    }
  adapt_threshold (trend, trend_ms, arrival_us);
}

static void
compare_groups (SfuDelayTrend *trend)
{
  const SfuDelayGroup *group = &trend->group, *before = &trend->before;
  double sent_ms = (double) (group->last_sent_us - before->last_sent_us) / 1000;
  double arrival_ms = (double) (group->last_arrival_us - before->last_arrival_us) / 1000;
  double slope = trend->slope;

  if (arrival_ms < 0)
    return;
  if (trend->n_deltas == 0)
    trend->first_arrival_us = trend->adapted_us = group->last_arrival_us;
  trend->n_deltas = MIN (trend->n_deltas + 1, 1000);
  trend->sum_ms += arrival_ms - sent_ms;
  trend->smooth_ms = SMOOTHING * trend->smooth_ms + (1 - SMOOTHING) * trend->sum_ms;
  if (trend->n_points == SFU_DELAY_WINDOW)
    {
      trend->n_points--;
      memmove (trend->points, trend->points + 1, trend->n_points * sizeof trend->points[0]);
    }
  trend->points[trend->n_points].at_ms = (double) (group->last_arrival_us - trend->first_arrival_us) / 1000;
  trend->points[trend->n_points++].delay_ms = trend->smooth_ms;
  if (trend->n_points >= POINTS_MIN)
    trend->slope = fit_slope (trend);
  detect (trend, slope, sent_ms, group->last_arrival_us);
}

/* The queue's part of the transit time is what is more than in the best case; over 10 to 20 s, because clocks drift and
 * paths change. */
void
sfu_delay_trend_see (SfuDelayTrend *trend, int64_t sent_us, int64_t arrival_us)
{
  trend->transit_us = arrival_us - sent_us;
  if (!trend->any_transit || trend->transit_us < MIN (trend->least_us, trend->least_before_us) - CLOCK_JUMP_US)
    {
      trend->any_transit = true;
      trend->least_us = trend->least_before_us = trend->transit_us;
      trend->least_since_us = sent_us;
    }
  if (sent_us - trend->least_since_us >= LEAST_US)
    {
      trend->least_before_us = trend->least_us;
      trend->least_us = trend->transit_us;
      trend->least_since_us = sent_us;
    }
  trend->least_us = MIN (trend->least_us, trend->transit_us);
}

static bool
is_same_group (const SfuDelayGroup *group, int64_t sent_us, int64_t arrival_us)
{
  int64_t arrival_delta_us = arrival_us - group->last_arrival_us;

  if (sent_us - group->first_sent_us <= GROUP_US)
    return true;
  return arrival_delta_us <= GROUP_US && arrival_delta_us < sent_us - group->last_sent_us &&
         arrival_us - group->first_arrival_us < BURST_US;
}

void
sfu_delay_trend_add (SfuDelayTrend *trend, int64_t sent_us, int64_t arrival_us)
{
  SfuDelayGroup *group = &trend->group;

  sfu_delay_trend_see (trend, sent_us, arrival_us);
  if (group->any && ABS (arrival_us - group->last_arrival_us - (sent_us - group->last_sent_us)) > 2 * CLOCK_JUMP_US)
    {
      sfu_delay_trend_init (trend); /* the receiver's clock has jumped: no path does that */
      sfu_delay_trend_see (trend, sent_us, arrival_us);
    }
  if (group->any && sent_us < group->first_sent_us)
    return;
  if (group->any && !is_same_group (group, sent_us, arrival_us))
    {
      if (trend->before.any)
        compare_groups (trend);
      trend->before = *group;
      group->any = false;
    }
  if (!group->any)
    *group = (SfuDelayGroup){ sent_us, sent_us, arrival_us, arrival_us, true };
  group->last_sent_us = MAX (group->last_sent_us, sent_us);
  group->last_arrival_us = MAX (group->last_arrival_us, arrival_us);
}

SfuDelayUse
sfu_delay_trend_get_use (const SfuDelayTrend *trend)
{
  return trend->use;
}

int64_t
sfu_delay_trend_get_queue_us (const SfuDelayTrend *trend)
{
  return trend->transit_us - MIN (trend->least_us, trend->least_before_us);
}
