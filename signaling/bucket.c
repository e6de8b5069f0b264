/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/bucket.h"

/* below this many nobody looks for empty ones */
#define SWEEP_MIN 1024

struct SigBuckets {
  SigBucketSize size;
  GHashTable *table; /* owned: uint64_t in the entry itself -> Entry */
  unsigned sweep_at;
};

typedef struct {
  uint64_t key;
  SigBucket bucket;
} Entry;

int64_t
sig_bucket_take (SigBucket *bucket, const SigBucketSize *size, int64_t now_us, uint64_t cost)
{
  int64_t full_us = (int64_t) size->burst * size->period_us / size->rate;
  int64_t empty_us = MAX (bucket->empty_us, now_us) + (int64_t) cost * size->period_us / size->rate;

  if (empty_us - now_us > full_us)
    return empty_us - now_us - full_us;
  bucket->empty_us = empty_us;
  return 0;
}

SigBuckets *
sig_buckets_new (const SigBucketSize *size)
{
  SigBuckets *buckets = g_new0 (SigBuckets, 1);

  g_assert (size->burst == 0 || (size->rate > 0 && size->period_us > 0));
  buckets->size = *size;
  buckets->table = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_free);
  buckets->sweep_at = SWEEP_MIN;
  return buckets;
}

void
sig_buckets_free (SigBuckets *buckets)
{
  if (buckets == NULL)
    return;
  g_hash_table_unref (buckets->table);
  g_free (buckets);
}

static gboolean
is_empty (gpointer key, gpointer value, gpointer now_us)
{
  return ((Entry *) value)->bucket.empty_us <= *(int64_t *) now_us;
}

static void
sweep (SigBuckets *buckets, int64_t now_us)
{
  if (g_hash_table_size (buckets->table) < buckets->sweep_at)
    return;
  (void) g_hash_table_foreach_remove (buckets->table, is_empty, &now_us);
  buckets->sweep_at = MAX (SWEEP_MIN, 2 * g_hash_table_size (buckets->table));
}

int64_t
sig_buckets_take (SigBuckets *buckets, uint64_t key, int64_t now_us)
{
  Entry *entry;

  if (buckets->size.burst == 0)
    return 0;
  sweep (buckets, now_us);
  entry = g_hash_table_lookup (buckets->table, &key);
  if (entry == NULL)
    {
      entry = g_new0 (Entry, 1);
      *entry = (Entry){ .key = key, .bucket = { .empty_us = now_us } };
      (void) g_hash_table_insert (buckets->table, &entry->key, entry);
    }
  return sig_bucket_take (&entry->bucket, &buckets->size, now_us, 1);
}

unsigned
sig_buckets_count (const SigBuckets *buckets)
{
  return g_hash_table_size (buckets->table);
}
