/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bucket of B tokens, one every I, is known by the time F at which it will be full: at time t it lacks (F - t) / I of
 * them. So taking n is F := max (F, t) + n I, allowed while F - t <= B I (the generic cell rate algorithm).
 *
 * The table is set-associative: a key's hash names a set of 8 places, two cache lines.
 */
#include "base/rate.h"

#include <string.h>

#include "base/siphash.h"

#define WAYS 8
#define MAX_BURST (1u << 20)
#define MAX_INTERVAL_US (INT64_C (1) << 42)

typedef struct {
  uint64_t hash; /* stands for the key: 64 bits under a secret do not meet by chance */
  AlRate rate;   /* zeroed: a free place */
} Entry;

struct AlRateTable {
  AlRateLimit limit;
  AlSipKey key;
  Entry *entries; /* owned */
  uint64_t set_mask;
};

AlRateLimit
al_rate_limit (uint32_t n, int64_t period_us)
{
  g_assert (n <= MAX_BURST && period_us > 0 && (n == 0 || period_us / n <= MAX_INTERVAL_US));
  return (AlRateLimit){ n, n > 0 ? MAX (period_us / n, 1) : 0 };
}

int64_t
al_rate_take (AlRate *rate, const AlRateLimit *limit, uint32_t n, int64_t now_us)
{
  int64_t full_us = MAX (rate->full_us, now_us), wait_us;

  if (limit->burst == 0)
    return 0;
  if (n > limit->burst)
    return INT64_MAX;
  full_us += n * limit->interval_us; /* below 2^62: both factors are bounded */
  wait_us = full_us - now_us - limit->burst * limit->interval_us;
  if (wait_us > 0)
    return wait_us;
  rate->full_us = full_us;
  return 0;
}

AlRateTable *
al_rate_table_new (const AlRateLimit *limit, unsigned capacity)
{
  AlRateTable *table = g_new0 (AlRateTable, 1);
  size_t n_sets = 1;

  g_assert (limit->burst <= MAX_BURST && limit->interval_us <= MAX_INTERVAL_US);
  while (n_sets * WAYS < capacity)
    n_sets *= 2;
  table->limit = *limit;
  table->set_mask = n_sets - 1;
  table->entries = g_new0 (Entry, n_sets * WAYS);
  al_sip_key_init_random (&table->key);
  return table;
}

void
al_rate_table_free (AlRateTable *table)
{
  if (table == NULL)
    return;
  g_free (table->entries);
  g_free (table);
}

int64_t
al_rate_table_take (AlRateTable *table, const void *key, size_t len, uint32_t n, int64_t now_us)
{
  uint64_t hash = al_siphash (&table->key, key, len);
  Entry *set = &table->entries[(hash & table->set_mask) * WAYS];
  Entry *victim = set, fresh = { .hash = hash };
  int64_t wait_us;

  for (unsigned i = 0; i < WAYS; i++)
    {
      if (set[i].hash == hash)
        return al_rate_take (&set[i].rate, &table->limit, n, now_us);
      if (set[i].rate.full_us < victim->rate.full_us)
        victim = &set[i];
    }
  wait_us = al_rate_take (&fresh.rate, &table->limit, n, now_us);
  if (wait_us == 0)
    *victim = fresh;
  return wait_us;
}

size_t
al_rate_addr_key (const AlAddr *addr, uint8_t ret_key[AL_RATE_ADDR_KEY])
{
  AlAddr plain = *addr;

  al_addr_canonicalize (&plain);
  if (plain.sa.sa_family == AF_INET)
    {
      memcpy (ret_key, &plain.in4.sin_addr, 4);
      return 4;
    }
  if (plain.sa.sa_family != AF_INET6)
    return 0;
  memcpy (ret_key, &plain.in6.sin6_addr, 8);
  return 8;
}
