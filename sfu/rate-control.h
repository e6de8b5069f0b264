/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rate that the delay allows: additive increase, multiplicative decrease (draft-ietf-rmcat-gcc-02 §5.5):
 *
 *   overuse:  at once to 0.85 of what arrives
 *   underuse: held, until the queue is empty
 *   normal:   8 % a second when far from the rate of the last overuse, about a packet in each response time when near it;
 *             never beyond 1.5 times what arrives: a rate that is not used has not been tried
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sfu/delay-trend.h"

/** SfuRateControl: plain; begins with sfu_rate_control_init(). */
typedef struct {
  /*< private >*/
  double rate_bps, capacity_bps, capacity_variance;
  int64_t changed_us, decreased_us;
} SfuRateControl;

/** sfu_rate_control_init: @rate_bps: what to begin with. */
void sfu_rate_control_init (SfuRateControl *control, uint32_t rate_bps);
/** sfu_rate_control_update: on each feedback. @acked_bps: 0: not known. Returns: was it decreased. */
bool sfu_rate_control_update (SfuRateControl *control, SfuDelayUse use, uint32_t acked_bps, int64_t rtt_us, int64_t now_us);
/** sfu_rate_control_set_bps: a probe has shown it. */
void sfu_rate_control_set_bps (SfuRateControl *control, uint32_t rate_bps, int64_t now_us);
/** sfu_rate_control_get_bps: Returns: the rate. */
uint32_t sfu_rate_control_get_bps (const SfuRateControl *control);
