/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/budget.h"

#include <glib.h>

bool
sfu_budget_take (SfuBudget *budget, uint32_t estimate_bps, uint32_t bytes, int64_t now_us)
{
  double share = estimate_bps / 8.0 * SFU_BUDGET_PERCENT / 100; /* bytes per second, and what a second saves up */

  if (now_us > budget->at_us)
    {
      budget->spent = MAX (budget->spent - share * (double) (now_us - budget->at_us) / 1e6, 0);
      budget->at_us = now_us;
    }
  if (budget->spent + bytes > MAX (share, SFU_BUDGET_BYTES))
    return false;
  budget->spent += bytes;
  return true;
}
