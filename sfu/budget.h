/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much of what one subscriber's path carries may go for retransmissions. A receiver that asks for everything again, on
 * purpose or because its path has collapsed, gets less of what is lost, not less of what is new. Pure; one worker.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** SFU_BUDGET_PERCENT: of the estimate: each packet of a path that loses one in five, once again. */
#define SFU_BUDGET_PERCENT 25
/** SFU_BUDGET_BYTES: may always be saved up, so that a small estimate repairs a frame. */
#define SFU_BUDGET_BYTES 12000

/** SfuBudget: zeroed is ready. What is saved up: a second of its share. */
typedef struct {
  /*< private >*/
  double spent; /* bytes that are not earned again yet */
  int64_t at_us;
} SfuBudget;

/**
 * sfu_budget_take: @bytes: of a retransmission, on the wire. @estimate_bps: of the path, as it is now. @now_us: monotonic
 *
 * Returns: false when it has to be left out; nothing is taken then.
 */
bool sfu_budget_take (SfuBudget *budget, uint32_t estimate_bps, uint32_t bytes, int64_t now_us);
