/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/cache.h"

#include <string.h>

#include "sfu/packet.h"

void
sfu_cache_init (SfuCache *cache, unsigned n_pkts)
{
  g_assert (n_pkts > 0 && n_pkts <= 65536 && (n_pkts & (n_pkts - 1)) == 0);
  memset (cache, 0, sizeof *cache);
  cache->pkts = g_new0 (AlPkt *, n_pkts);
  cache->n = n_pkts;
}

static void
drop (SfuCache *cache, uint64_t index)
{
  AlPkt **place = &cache->pkts[index & (cache->n - 1)];

  if (*place == NULL)
    return;
  al_pkt_unref (*place);
  *place = NULL;
}

static void
empty (SfuCache *cache)
{
  for (; cache->oldest < cache->end; cache->oldest++)
    drop (cache, cache->oldest);
}

void
sfu_cache_clear (SfuCache *cache)
{
  empty (cache);
  g_free (cache->pkts);
  memset (cache, 0, sizeof *cache);
}

/* Makes room for @index as the newest. */
static void
advance (SfuCache *cache, uint64_t index)
{
  if (cache->oldest == cache->end || index - cache->end >= cache->n)
    {
      empty (cache);
      cache->oldest = cache->end = index;
    }
  cache->end = index + 1;
  for (; cache->end - cache->oldest > cache->n; cache->oldest++)
    drop (cache, cache->oldest);
}

void
sfu_cache_put (SfuCache *cache, AlPkt *pkt)
{
  const SfuPacket *packet = sfu_packet_of (pkt);

  if (cache->n == 0 || (int32_t) (packet->epoch - cache->epoch) < 0)
    return;
  if (packet->epoch != cache->epoch)
    {
      empty (cache);
      cache->epoch = packet->epoch;
    }
  if (cache->oldest == cache->end || packet->index >= cache->end)
    advance (cache, packet->index);
  else if (packet->index < cache->oldest)
    {
      /* late, from before all that are kept: the range grows backwards as far as there is room */
      if (cache->end - packet->index > cache->n)
        return;
      cache->oldest = packet->index;
    }
  drop (cache, packet->index);
  cache->pkts[packet->index & (cache->n - 1)] = al_pkt_ref (pkt);
}

AlPkt *
sfu_cache_find (const SfuCache *cache, uint32_t epoch, uint64_t index, int64_t now_us)
{
  AlPkt *pkt;

  if (epoch != cache->epoch || index < cache->oldest || index >= cache->end)
    return NULL;
  pkt = cache->pkts[index & (cache->n - 1)];
  return pkt != NULL && now_us - sfu_packet_of (pkt)->time_us <= SFU_CACHE_AGE_US ? pkt : NULL;
}

void
sfu_cache_trim (SfuCache *cache, int64_t now_us, int64_t age_us)
{
  for (; cache->oldest < cache->end; cache->oldest++)
    {
      AlPkt *pkt = cache->pkts[cache->oldest & (cache->n - 1)];

      if (pkt != NULL && now_us - sfu_packet_of (pkt)->time_us <= age_us)
        break;
      drop (cache, cache->oldest);
    }
}
