/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does the queue on the path grow? Groups of packets that were sent within 5 ms are compared: how much later than it was
 * sent does a group arrive than the one before it. A line is fitted through the sum of these over the last groups, and its
 * slope is held against a threshold that follows what is usual on this path (draft-ietf-rmcat-gcc-02 §4 and §5.4, with the
 * trendline filter in place of the Kalman filter). No clock, no memory of its own. Any one thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** SFU_DELAY_WINDOW: groups that the line is fitted through. */
#define SFU_DELAY_WINDOW 20

typedef enum {
  SFU_DELAY_NORMAL,
  SFU_DELAY_OVERUSE,  /* the queue grows */
  SFU_DELAY_UNDERUSE, /* it drains */
  SFU_DELAY_N
} SfuDelayUse;

/** SfuDelayGroup: packets that left together. */
typedef struct {
  int64_t first_sent_us, last_sent_us, first_arrival_us, last_arrival_us;
  bool any;
} SfuDelayGroup;

/** SfuDelayTrend: plain; begins with sfu_delay_trend_init(). */
typedef struct {
  /*< private >*/
  SfuDelayGroup group, before;
  struct {
    double at_ms, delay_ms;
  } points[SFU_DELAY_WINDOW];
  uint32_t n_points, n_deltas;
  int64_t first_arrival_us, adapted_us;
  double sum_ms, smooth_ms, slope, threshold_ms, over_ms;
  uint32_t n_over;
  SfuDelayUse use;
  int64_t transit_us;                 /* arrival less sending (two clocks) of the newest packet */
  int64_t least_us, least_before_us;  /* the smallest since @least_since_us, and of the 10 s before */
  int64_t least_since_us;             /* by the sender's clock */
  bool any_transit;
} SfuDelayTrend;

/** sfu_delay_trend_init: forgets everything. */
void sfu_delay_trend_init (SfuDelayTrend *trend);
/**
 * sfu_delay_trend_add: one packet that arrived, in the order of sending; one sent before the current group is passed over.
 * @sent_us: our clock. @arrival_us: the receiver's clock, whose origin does not matter
 */
void sfu_delay_trend_add (SfuDelayTrend *trend, int64_t sent_us, int64_t arrival_us);
/** sfu_delay_trend_see: as sfu_delay_trend_add(), for packets that say nothing about the trend (a probe fills the queue on
 *  purpose): only for sfu_delay_trend_get_queue_us(). */
void sfu_delay_trend_see (SfuDelayTrend *trend, int64_t sent_us, int64_t arrival_us);
/** sfu_delay_trend_get_use: Returns: of the packets so far. */
SfuDelayUse sfu_delay_trend_get_use (const SfuDelayTrend *trend);
/** sfu_delay_trend_get_queue_us: Returns: how much longer than the fastest of the last 10 to 20 s the newest packet was on its
 *  way: what stood in the queue before it. */
int64_t sfu_delay_trend_get_queue_us (const SfuDelayTrend *trend);
