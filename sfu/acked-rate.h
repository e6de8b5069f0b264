/* SPDX-License-Identifier: Apache-2.0 */
/* At what rate do packets arrive: what was received, over the receiver's clock, smoothed by how well it can be known. */
#pragma once

#include <stdint.h>

/** SfuAckedRate: plain; zeroed is new. */
typedef struct {
  /*< private >*/
  int64_t window_us, last_us;
  uint32_t bytes;
  double rate_bps, variance;
} SfuAckedRate;

/** sfu_acked_rate_add: @bytes: of a packet that arrived. @arrival_us: the receiver's clock. */
void sfu_acked_rate_add (SfuAckedRate *rate, uint32_t bytes, int64_t arrival_us);
/** sfu_acked_rate_get_bps: Returns: 0: not known yet. */
uint32_t sfu_acked_rate_get_bps (const SfuAckedRate *rate);
