/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/front-rate.h"

#include <glib.h>
#include <stdatomic.h>

#include "base/rate.h"
#include "base/siphash.h"

#define TOKEN_US (1000000 / SIG_RATE_PER_S)
#define ROWS 2
#define CELLS (1u << 16)

/* The rows are a count-min sketch, as in front-crowd.c: who shares a cell in one row has his own in the other. */
struct SigRateCrowd {
  int64_t token_us; /* 0: no limit */
  AlSipKey keys[ROWS];
  _Atomic int64_t *rows[ROWS]; /* as SigRate.spent_until_us */
};

static int64_t
count_tokens (size_t len, uint32_t n_values)
{
  return 1 + (int64_t) (len / SIG_RATE_BYTES) + n_values / SIG_RATE_VALUES;
}

int64_t
sig_rate_spend (SigRate *rate, int64_t now_us, size_t len, uint32_t n_values)
{
  int64_t tokens = count_tokens (len, n_values);

  rate->spent_until_us = MAX (rate->spent_until_us, now_us) + tokens * TOKEN_US;
  /* one token must be in the bucket for the next message */
  return MAX (now_us, rate->spent_until_us - (SIG_RATE_BURST - 1) * (int64_t) TOKEN_US);
}

SigRateCrowd *
sig_rate_crowd_new (unsigned per_s)
{
  SigRateCrowd *crowd = g_new0 (SigRateCrowd, 1);

  crowd->token_us = per_s > 0 ? MAX (1000000 / per_s, 1) : 0;
  for (unsigned i = 0; i < ROWS; i++)
    {
      al_sip_key_init_random (&crowd->keys[i]);
      crowd->rows[i] = g_malloc0_n (CELLS, sizeof *crowd->rows[i]);
    }
  return crowd;
}

void
sig_rate_crowd_free (SigRateCrowd *crowd)
{
  if (crowd == NULL)
    return;
  for (unsigned i = 0; i < ROWS; i++)
    g_free (crowd->rows[i]);
  g_free (crowd);
}

int64_t
sig_rate_crowd_take (SigRateCrowd *crowd, const AlAddr *address, int64_t now_us, size_t len, uint32_t n_values)
{
  int64_t cost_us = count_tokens (len, n_values) * crowd->token_us, room_us = SIG_RATE_BURST * crowd->token_us;
  int64_t least_us = INT64_MAX;
  _Atomic int64_t *cells[ROWS];
  uint8_t key[AL_RATE_ADDR_KEY];
  size_t key_len = al_rate_addr_key (address, key);

  if (crowd->token_us == 0 || key_len == 0)
    return 0;
  for (unsigned i = 0; i < ROWS; i++)
    {
      cells[i] = &crowd->rows[i][al_siphash (&crowd->keys[i], key, key_len) % CELLS];
      least_us = MIN (least_us, atomic_load_explicit (cells[i], memory_order_relaxed));
    }
  least_us = MAX (least_us, now_us) + cost_us;
  if (least_us - now_us > room_us)
    return least_us - now_us - room_us;
  for (unsigned i = 0; i < ROWS; i++)
    {
      int64_t before_us = atomic_load_explicit (cells[i], memory_order_relaxed);

      while (!atomic_compare_exchange_weak_explicit (cells[i], &before_us, MAX (before_us, now_us) + cost_us,
                                                     memory_order_relaxed, memory_order_relaxed))
        ;
    }
  return 0;
}
