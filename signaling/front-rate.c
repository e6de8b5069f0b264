/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/front-rate.h"

#include <glib.h>

#define TOKEN_US (1000000 / SIG_RATE_PER_S)

int64_t
sig_rate_spend (SigRate *rate, int64_t now_us, size_t len, uint32_t n_values)
{
  int64_t tokens = 1 + (int64_t) (len / SIG_RATE_BYTES) + n_values / SIG_RATE_VALUES;

  rate->spent_until_us = MAX (rate->spent_until_us, now_us) + tokens * TOKEN_US;
  /* one token must be in the bucket for the next message */
  return MAX (now_us, rate->spent_until_us - (SIG_RATE_BURST - 1) * (int64_t) TOKEN_US);
}
