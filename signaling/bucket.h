/* SPDX-License-Identifier: Apache-2.0 */
/* Leaky buckets: one, and a table of them by key that holds no more than those that are not empty. No clock inside. */
#pragma once

#include <glib.h>
#include <stdint.h>

/** SigBucket: a leaky bucket as the time at which it will be empty (the generic cell rate algorithm of ITU-T I.371). */
typedef struct {
  int64_t empty_us;
} SigBucket;

/** SigBucketSize: holds @burst units and leaks @rate of them, at least 1, in @period_us. */
typedef struct {
  unsigned burst, rate;
  int64_t period_us;
} SigBucketSize;

/** sig_bucket_take: pours @cost units in. Returns: 0, or for how long it has no room for them (nothing was poured). */
int64_t sig_bucket_take (SigBucket *bucket, const SigBucketSize *size, int64_t now_us, uint64_t cost);

typedef struct SigBuckets SigBuckets;

/** sig_buckets_new: @size: copied; a burst of 0 means no limit. */
SigBuckets *sig_buckets_new (const SigBucketSize *size);
void sig_buckets_free (SigBuckets *buckets); /* NULL is allowed */

/** sig_buckets_take: one unit into the bucket of @key. Returns: 0, or for how long it is full. Amortised O(1). */
int64_t sig_buckets_take (SigBuckets *buckets, uint64_t key, int64_t now_us);

/** sig_buckets_count: Returns: how many are held: at most twice those that are not empty, and some. */
unsigned sig_buckets_count (const SigBuckets *buckets);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SigBuckets, sig_buckets_free)
