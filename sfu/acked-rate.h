/* SPDX-License-Identifier: Apache-2.0 */
/* At what rate do packets arrive, on the receiver's clock: what came in the last half second, and the last 200 ms. */
#pragma once

#include <stdint.h>

#define SFU_ACKED_BINS 10

/** SfuAckedRate: plain; zeroed is new. */
typedef struct {
  /*< private >*/
  uint32_t bytes[SFU_ACKED_BINS]; /* of 50 ms each; @bin the newest */
  int64_t bin, first_bin;
} SfuAckedRate;

/** sfu_acked_rate_add: @bytes: of a packet that arrived. @arrival_us: the receiver's clock; older than half a second is passed
 *  over. */
void sfu_acked_rate_add (SfuAckedRate *rate, uint32_t bytes, int64_t arrival_us);
/** sfu_acked_rate_get_bps: Returns: over half a second; 0: not known yet. */
uint32_t sfu_acked_rate_get_bps (const SfuAckedRate *rate);
/** sfu_acked_rate_get_recent_bps: Returns: over the last 200 ms: right when packets come without a pause, because a queue lets
 *  them out; 0: not known yet. */
uint32_t sfu_acked_rate_get_recent_bps (const SfuAckedRate *rate);
