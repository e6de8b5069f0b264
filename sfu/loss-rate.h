/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rate that losses allow (draft-ietf-rmcat-gcc-02 §6): over 10 % it is cut by half of the loss, once in a round trip and
 * 300 ms; from 2 % to 10 % it stands; under 2 % it grows by 8 % a second, and is no limit at all once losses are 5 s ago.
 * Loss is counted over at least 20 packets and 200 ms.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** SfuLossRate: plain; begins with sfu_loss_rate_init(). */
typedef struct {
  /*< private >*/
  double rate_bps;
  uint32_t expected, lost; /* of the window that is open */
  int64_t window_us;       /* when it was opened */
  int64_t updated_us, decreased_us, lossy_us;
  double loss, smooth;     /* 0 to 1: of the last window; over some seconds */
} SfuLossRate;

/** sfu_loss_rate_init: @rate_bps: what to begin with. */
void sfu_loss_rate_init (SfuLossRate *loss, uint32_t rate_bps);
/** sfu_loss_rate_count: of one feedback. @found: reported lost before, and now arrived. */
void sfu_loss_rate_count (SfuLossRate *loss, uint32_t expected, uint32_t lost, uint32_t found);
/** sfu_loss_rate_report: a share that the receiver has counted (RFC 3550 §6.4.1), 0 to 255, instead of counting. */
void sfu_loss_rate_report (SfuLossRate *loss, uint8_t fraction_lost);
/** sfu_loss_rate_update: @most_bps: what the delay allows: the rate is never more. @acked_bps: what arrives: losses alone
 *  never cut below 0.9 of it; 0: not known. Returns: was it decreased by loss. */
bool sfu_loss_rate_update (SfuLossRate *loss, uint32_t most_bps, uint32_t acked_bps, int64_t rtt_us, int64_t now_us);
/** sfu_loss_rate_set_bps: a probe has shown it. */
void sfu_loss_rate_set_bps (SfuLossRate *loss, uint32_t rate_bps);
/** sfu_loss_rate_get_bps: Returns: the rate. */
uint32_t sfu_loss_rate_get_bps (const SfuLossRate *loss);
/** sfu_loss_rate_get_permille: Returns: 0 to 1000, over the last few seconds. */
uint32_t sfu_loss_rate_get_permille (const SfuLossRate *loss);
