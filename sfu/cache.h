/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was received lately of one track's layer, for retransmission: references to packets by index. Each worker that
 * has receivers of the track has one of its own. One worker.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/pool.h"

/** SFU_CACHE_AGE_US: no packet is given out that is older. */
#define SFU_CACHE_AGE_US (2 * INT64_C (1000000))

typedef struct {
  /*< private >*/
  AlPkt **pkts; /* owned; by index % n */
  unsigned n;   /* a power of two; 0: none */
  uint64_t oldest, end; /* indexes of the epoch that may be there: [oldest, end) */
  uint32_t epoch;
} SfuCache;

/** sfu_cache_init: @n_pkts: how many are kept, a power of two up to 65536; allocated here: not per packet. */
void sfu_cache_init (SfuCache *cache, unsigned n_pkts);
/** sfu_cache_clear: gives all references back; @cache is as zeroed, which is an empty cache that keeps nothing. */
void sfu_cache_clear (SfuCache *cache);

/** sfu_cache_put: keeps @pkt, an SfuPacket, with one reference more, in place of what stood there. One of an older
 *  epoch, or older than what has its place, is not kept; the first of a newer epoch empties the cache. */
void sfu_cache_put (SfuCache *cache, AlPkt *pkt);
/** sfu_cache_find: Returns: (transfer none) (nullable): valid until the next put, trim or clear. */
AlPkt *sfu_cache_find (const SfuCache *cache, uint32_t epoch, uint64_t index, int64_t now_us);
/** sfu_cache_trim: gives back what is older than @age_us (at most SFU_CACHE_AGE_US is useful), so that a silent track
 *  holds no packets of the pool. Call some times a second. Costs what it frees. */
void sfu_cache_trim (SfuCache *cache, int64_t now_us, int64_t age_us);
