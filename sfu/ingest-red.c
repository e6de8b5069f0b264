/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lost audio out of the redundancy of a later packet (RFC 2198): most receivers have no RED and would hear the gap. Each lost
 * packet becomes a packet of its own again, in order, in front of the one that brought it.
 */
#include "base/bytes.h"
#include "sfu/ingest-private.h"
#include "sfu/red.h"

/* Returns: (nullable): what a block of @payload_type is: Opus alone can stand in a packet of its own. */
static const SfuPayload *
find_payload (const SfuPayloadMap *map, uint8_t payload_type)
{
  uint8_t of = map->of[payload_type & 0x7f];

  return of < map->n && map->list[of].codec == SFU_CODEC_OPUS ? &map->list[of] : NULL;
}

static void
route_lost (SfuLeg *leg, SfuPublished *published, SfuFeed *feed, const SfuRtp *rtp, const SfuRedLost *lost, int64_t now_us)
{
  const SfuPayload *payload = find_payload (&leg->setup->payloads, lost->block.payload_type);
  uint8_t head[SFU_RTP_HEADER_BYTES];
  AlWriter writer;
  AlPkt *pkt;

  if (payload == NULL)
    return;
  al_writer_init (&writer, head, sizeof head);
  al_writer_u8 (&writer, 0x80);
  al_writer_u8 (&writer, payload->payload_type);
  al_writer_u16 (&writer, (uint16_t) (rtp->seq - lost->behind));
  al_writer_u32 (&writer, rtp->timestamp - lost->block.offset);
  al_writer_u32 (&writer, rtp->ssrc);
  pkt = sfu_ingest_take_in (leg->worker, head, sizeof head, lost->block.data, lost->block.len);
  if (pkt == NULL)
    return;
  sfu_packet_of (pkt)->from_red = true;
  sfu_ingest_route (leg, published, feed, pkt, payload, true, now_us);
}

void
sfu_ingest_recover (SfuLeg *leg, SfuPublished *published, SfuFeed *feed, const SfuRtp *rtp, int64_t now_us)
{
  SfuRedLost lost[SFU_RED_BLOCKS_MAX];
  uint32_t before;
  unsigned n_lost = sfu_receiver_count_missing (&feed->receiver, rtp->ssrc, rtp->seq, &before), n;

  if (n_lost == 0)
    return;
  n = sfu_red_find_lost (rtp->data + rtp->header_len, rtp->payload_len, n_lost, rtp->timestamp - before, lost);
  for (unsigned i = 0; i < n; i++)
    route_lost (leg, published, feed, rtp, &lost[i], now_us);
}
