/* SPDX-License-Identifier: Apache-2.0 */
/* Token buckets: one, and a table of them for keys that come from outside. No clock, no allocation per key. One thread. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/** AlRateLimit: a bucket holds @burst tokens and gets one every @interval_us; a @burst of 0 means no limit. */
typedef struct {
  uint32_t burst;      /* at most 2^20 */
  int64_t interval_us; /* at most 2^42, which is 50 days */
} AlRateLimit;

/** al_rate_limit: Returns: the limit of @n per @period_us, all of which may come at once; @n 0: no limit. */
AlRateLimit al_rate_limit (uint32_t n, int64_t period_us);

/** AlRate: one bucket, as the time at which it is full again; zeroed it is full. */
typedef struct {
  /*< private >*/
  int64_t full_us;
} AlRate;

/**
 * al_rate_take:
 * @n: tokens, all or none
 * @now_us: monotonic time, not negative; a step back gives no tokens
 *
 * Returns: 0 when they were taken, else for how long there are too few (INT64_MAX when @n exceeds the burst).
 */
int64_t al_rate_take (AlRate *rate, const AlRateLimit *limit, uint32_t n, int64_t now_us);

typedef struct AlRateTable AlRateTable;

/**
 * al_rate_table_new:
 * @capacity: buckets, rounded up to a power of two; 16 bytes each, allocated at once
 *
 * When a key comes for which there is no room, a full bucket makes way (that forgets nothing), else the one that is full
 * soonest: who has used up his tokens is remembered longest, and a flood of new keys pushes out only its own like. Keys
 * are hashed under a secret, so nobody can aim at another's place.
 */
AlRateTable *al_rate_table_new (const AlRateLimit *limit, unsigned capacity);
void al_rate_table_free (AlRateTable *table);

/** al_rate_table_take: al_rate_take() for the bucket of @key, @len bytes. O(1), no allocation. */
int64_t al_rate_table_take (AlRateTable *table, const void *key, size_t len, uint32_t n, int64_t now_us);

/** AL_RATE_ADDR_KEY: bytes of the longest key of an address. */
#define AL_RATE_ADDR_KEY 8
/**
 * al_rate_addr_key: the key under which an address is limited: IPv4 whole (also inside IPv6), of IPv6 the /64, which is
 * what one subscriber has at least. Returns: its length in @ret_key, 0 for an address of neither family.
 */
size_t al_rate_addr_key (const AlAddr *addr, uint8_t ret_key[AL_RATE_ADDR_KEY]);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlRateTable, al_rate_table_free)
