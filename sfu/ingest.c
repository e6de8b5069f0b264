/* SPDX-License-Identifier: Apache-2.0 */
/* A publisher's media: which track and layer a packet is of, what it says, and on its way to the receivers. */
#include "sfu/ingest-private.h"

#include <string.h>

#include "sfu/ext-values.h"
#include "sfu/payload.h"
#include "sfu/rid-order.h"
#include "sfu/video-layers.h"

static void
free_feeds (SfuPublished *published)
{
  for (unsigned i = 0; i < published->n_feeds; i++)
    {
      g_free (published->feeds[i].dependency);
      g_free (published->feeds[i].chains);
    }
  g_clear_pointer (&published->feeds, g_free);
  published->n_feeds = 0;
}

void
sfu_ingest_forget_track (SfuLeg *leg, SfuTrack *track)
{
  SfuIngest *ingest = leg->ingest;
  SfuPublished *published = track->published;
  unsigned index = (unsigned) (published - ingest->published), kept = 0;

  for (unsigned i = 0; i < ingest->n_inputs; i++)
    if (ingest->inputs[i].published != index)
      ingest->inputs[kept++] = ingest->inputs[i];
  ingest->n_inputs = kept;
  free_feeds (published);
  memset (published, 0, sizeof *published);
  track->published = NULL;
  track->leg = NULL;
}

static void
add_input (SfuIngest *ingest, uint32_t ssrc, unsigned published, unsigned feed, bool rtx)
{
  SfuFeed *at;
  unsigned slot = ingest->n_inputs;

  if (feed >= ingest->published[published].n_feeds)
    return;
  at = &ingest->published[published].feeds[feed];
  if (rtx)
    at->rtx_ssrc = ssrc;
  else
    at->ssrc = ssrc;
  for (unsigned i = 0; i < ingest->n_inputs; i++)
    if (ingest->inputs[i].published == published && ingest->inputs[i].feed == feed && ingest->inputs[i].rtx == rtx)
      slot = i; /* another SSRC for the same encoding takes its place */
  if (slot == SFU_INPUTS_MAX)
    return;
  ingest->inputs[slot].ssrc = ssrc;
  ingest->inputs[slot].published = (uint8_t) published;
  ingest->inputs[slot].feed = (uint8_t) feed;
  ingest->inputs[slot].rtx = rtx;
  ingest->n_inputs = MAX (ingest->n_inputs, slot + 1);
}

static unsigned
count_feeds (const SfuPublication *publication)
{
  return MAX (publication->n_rids > 0 ? publication->n_rids : publication->n_ssrcs, 1);
}

static void
add_published (SfuLeg *leg, unsigned lane_index, int64_t now_us)
{
  SfuIngest *ingest = leg->ingest;
  const SfuLane *lane = &leg->setup->lanes[lane_index];
  const SfuPublication *publication = lane->publication;
  SfuTrack *track = sfu_shard_add_track (leg->shard, publication->track, leg->setup->peer, lane->kind, publication->source);
  SfuPublished *published = NULL;
  unsigned index;

  for (index = 0; index < SFU_PUBLISHED_MAX && published == NULL; index++)
    if (ingest->published[index].track == NULL)
      published = &ingest->published[index];
  if (published == NULL || track->published != NULL)
    return;
  index--;
  published->track = track;
  published->lane = lane_index;
  published->begun = track->facts.begun + 1;
  published->n_feeds = count_feeds (publication);
  published->feeds = g_new0 (SfuFeed, published->n_feeds);
  for (unsigned i = 0; i < published->n_feeds; i++)
    {
      SfuFeed *feed = &published->feeds[i];

      sfu_receiver_init (&feed->receiver, lane->kind == SFU_AUDIO ? 48000 : 90000);
      sfu_nack_init (&feed->nack);
      sfu_keyframe_init (&feed->keyframe, i);
      if (i >= publication->n_ssrcs || publication->n_rids > 0 || publication->ssrcs[i] == 0)
        continue;
      add_input (ingest, publication->ssrcs[i], index, i, false);
      if (publication->rtx_ssrcs[i] != 0)
        add_input (ingest, publication->rtx_ssrcs[i], index, i, true);
    }
  sfu_layers_used_init (&published->used, published->n_feeds, now_us);
  track->published = published;
  track->leg = leg;
  sfu_ingest_tell_facts (leg, published, now_us);
  sfu_shard_arm (leg->shard);
}

/* what the setup has no more goes, what it has new comes */
void
sfu_ingest_update (SfuLeg *leg, int64_t now_us)
{
  SfuIngest *ingest = leg->ingest;
  const SfuLegSetup *setup = leg->setup;

  for (unsigned i = 0; i < SFU_PUBLISHED_MAX; i++)
    {
      SfuPublished *published = &ingest->published[i];
      const SfuLane *lane;

      if (published->track == NULL)
        continue;
      lane = published->lane < setup->n_lanes ? &setup->lanes[published->lane] : NULL;
      /* with more or fewer encodings it begins anew, too */
      if (lane == NULL || !lane->active || lane->publication->track != published->track->id
          || count_feeds (lane->publication) != published->n_feeds)
        sfu_ingest_forget_track (leg, published->track);
    }
  ingest->transport_cc_id = 0;
  for (unsigned i = 0; i < setup->n_lanes; i++)
    {
      const SfuLane *lane = &setup->lanes[i];
      const SfuTrack *track;

      if (lane->active && lane->exts.id[SFU_EXT_TRANSPORT_CC] != 0)
        ingest->transport_cc_id = lane->exts.id[SFU_EXT_TRANSPORT_CC];

      if (!lane->active || lane->publication == NULL)
        continue;
      track = g_hash_table_lookup (leg->worker->tracks, &lane->publication->track);
      if (track == NULL || track->published == NULL)
        add_published (leg, i, now_us);
    }
}

SfuFeed *
sfu_ingest_find_feed (SfuIngest *ingest, uint32_t ssrc, SfuPublished **ret_published)
{
  for (unsigned i = 0; i < ingest->n_inputs; i++)
    if (ingest->inputs[i].ssrc == ssrc && !ingest->inputs[i].rtx)
      {
        *ret_published = &ingest->published[ingest->inputs[i].published];
        return &(*ret_published)->feeds[ingest->inputs[i].feed];
      }
  return NULL;
}

static bool
equals (const SfuRtpExt *ext, const char *text)
{
  return strlen (text) == ext->len && memcmp (ext->value, text, ext->len) == 0;
}

/* the section that the packet is of: by its MID, else the only one of its kind (RFC 9143 §9.2) */
static int
find_published (SfuLeg *leg, const SfuRtp *rtp, SfuKind kind)
{
  SfuIngest *ingest = leg->ingest;
  int only = -1;

  for (unsigned i = 0; i < SFU_PUBLISHED_MAX; i++)
    {
      const SfuPublished *published = &ingest->published[i];
      const SfuLane *lane;
      SfuRtpExt mid;

      if (published->track == NULL || published->track->kind != kind)
        continue;
      lane = &leg->setup->lanes[published->lane];
      if (sfu_rtp_find_ext (rtp, lane->exts.id[SFU_EXT_MID], &mid))
        {
          if (equals (&mid, lane->mid))
            return (int) i;
        }
      else
        only = only == -1 ? (int) i : -2;
    }
  return only;
}

/* a new SSRC says by MID and RID whose it is (RFC 8852); @payload: what its payload type means */
static bool
learn (SfuLeg *leg, const SfuRtp *rtp, const SfuPayload *payload, bool rtx)
{
  SfuIngest *ingest = leg->ingest;
  SfuKind kind = payload->codec == SFU_CODEC_OPUS || payload->codec == SFU_CODEC_RED ? SFU_AUDIO : SFU_VIDEO;
  int index = find_published (leg, rtp, kind);
  const SfuPublication *publication;
  const SfuLane *lane;
  SfuRtpExt rid;

  if (index < 0)
    return false;
  lane = &leg->setup->lanes[ingest->published[index].lane];
  publication = lane->publication;
  if (publication->n_rids == 0)
    {
      /* announced SSRCs tell the layers apart; without any there is one */
      if (ingest->published[index].n_feeds == 1)
        add_input (ingest, rtp->ssrc, (unsigned) index, 0, rtx);
      return ingest->published[index].n_feeds == 1;
    }
  if (!sfu_rtp_find_ext (rtp, lane->exts.id[rtx ? SFU_EXT_REPAIRED_RID : SFU_EXT_RID], &rid))
    return false;
  for (unsigned i = 0; i < publication->n_rids; i++)
    if (equals (&rid, publication->rids[i]))
      {
        add_input (ingest, rtp->ssrc, (unsigned) index, sfu_rid_order_get_layer (publication, i), rtx);
        return true;
      }
  return false;
}

static void
note_extensions (const SfuLane *lane, SfuPacket *packet)
{
  SfuRtpExt ext = { 0 };

  while (sfu_rtp_next_ext (&packet->rtp, &ext))
    for (unsigned i = 0; i < SFU_EXT_N; i++)
      if (lane->exts.id[i] == ext.id && packet->ext_at[i] == 0)
        {
          packet->ext_at[i] = (uint16_t) (ext.value - packet->rtp.data);
          packet->ext_len[i] = ext.len;
        }
}

static void
note_frame (SfuFeed *feed, SfuPacket *packet, const SfuPayload *payload)
{
  const SfuRtp *rtp = &packet->rtp;

  (void) sfu_payload_parse (payload->codec, rtp->data + rtp->header_len, rtp->payload_len, rtp->marker, &packet->frame);
  if (packet->ext_at[SFU_EXT_DEPENDENCY] != 0)
    {
      if (feed->dependency == NULL)
        {
          feed->dependency = g_new0 (SfuDependencyState, 1); /* once per encoding */
          sfu_dependency_init (feed->dependency);
          feed->chains = g_new0 (SfuChains, 1);
        }
      packet->frame.has_dependency =
          sfu_dependency_parse (feed->dependency, rtp->data + packet->ext_at[SFU_EXT_DEPENDENCY],
                                packet->ext_len[SFU_EXT_DEPENDENCY], &packet->frame);
    }
}

/* behind the list of what is missing; what is not asked for may still only be late */
static void
note_chains (SfuFeed *feed, const SfuLane *lane, SfuPacket *packet)
{
  uint64_t awaited = sfu_nack_get_oldest (&feed->nack);

  if (!packet->frame.has_dependency)
    return;
  if (!lane->nack && awaited != SFU_CHAINS_NOTHING && packet->index > SFU_CHAINS_REORDER)
    awaited = MAX (awaited, packet->index - SFU_CHAINS_REORDER);
  sfu_chains_on_packet (feed->chains, feed->dependency, packet->index, awaited, &packet->frame);
}

static void
note_sizes (SfuPublished *published, const SfuPacket *packet)
{
  SfuVideoLayers layers;

  if (packet->ext_at[SFU_EXT_VIDEO_LAYERS] == 0
      || !sfu_video_layers_parse (packet->rtp.data + packet->ext_at[SFU_EXT_VIDEO_LAYERS],
                                  packet->ext_len[SFU_EXT_VIDEO_LAYERS], &layers))
    return;
  sfu_ingest_take_sizes (published, &layers);
}

void
sfu_ingest_route (SfuLeg *leg, SfuPublished *published, SfuFeed *feed, AlPkt *pkt, const SfuPayload *payload, bool recovered,
                  int64_t now_us)
{
  SfuTrack *track = published->track;
  const SfuLane *lane = &leg->setup->lanes[published->lane];
  SfuPacket *packet = sfu_packet_of (pkt);
  SfuReceived received = sfu_receiver_on_packet (&feed->receiver, &packet->rtp, recovered, now_us, &packet->index);

  if (received != SFU_RECEIVED_NEW && received != SFU_RECEIVED_RESET)
    {
      leg->worker->counts.dropped[SFU_DROP_DUPLICATE]++;
      al_pkt_unref (pkt);
      return;
    }
  if (received == SFU_RECEIVED_RESET && feed->receiver.epoch > 1)
    {
      sfu_nack_init (&feed->nack);
      if (feed->chains != NULL)
        sfu_chains_init (feed->chains);
    }
  packet->track = track->id;
  packet->epoch = feed->receiver.epoch;
  packet->layer = (uint8_t) (feed - published->feeds);
  packet->time_us = now_us;
  packet->recovered = recovered;
  leg->worker->counts.recovered += recovered;
  packet->level = 127;
  note_extensions (lane, packet);
  if (!packet->from_red && (feed->codec != payload->codec || feed->profile != payload->profile))
    {
      feed->codec = payload->codec;
      feed->profile = payload->profile;
      sfu_ingest_tell_facts (leg, published, now_us);
    }
  note_frame (feed, packet, payload);
  if (track->kind == SFU_AUDIO)
    {
      SfuAudioLevel level;

      if (packet->ext_at[SFU_EXT_AUDIO_LEVEL] != 0
          && sfu_audio_level_read (packet->rtp.data + packet->ext_at[SFU_EXT_AUDIO_LEVEL],
                                   packet->ext_len[SFU_EXT_AUDIO_LEVEL], &level))
        {
          packet->level = level.level;
          packet->voice = level.voice;
          sfu_audio_on_packet (&published->audio, level.level, level.voice, now_us);
        }
    }
  else
    note_sizes (published, packet);
  sfu_nack_on_packet (&feed->nack, packet->index, track->kind == SFU_VIDEO ? &packet->frame : NULL, now_us);
  note_chains (feed, lane, packet);
  if (packet->frame.keyframe && packet->frame.start)
    sfu_keyframe_on_keyframe (&feed->keyframe);
  sfu_layer_rates_count (&feed->rates, &packet->frame, packet->rtp.len, now_us);
  if (track->muted)
    al_pkt_unref (pkt);
  else
    sfu_track_on_packet (track, pkt, now_us);
}

AlPkt *
sfu_ingest_take_in (SfuWorker *worker, const uint8_t *head, size_t head_len, const uint8_t *data, size_t len)
{
  AlPkt *pkt = head_len + len <= AL_PKT_SIZE - SFU_PACKET_ROOM ? sfu_worker_take_pkt (worker) : NULL;
  SfuPacket *packet;

  if (pkt == NULL)
    return NULL;
  packet = sfu_packet_of (pkt);
  memset (packet, 0, sizeof *packet);
  if (head_len > 0)
    memcpy (pkt->data + SFU_PACKET_ROOM, head, head_len);
  memcpy (pkt->data + SFU_PACKET_ROOM + head_len, data, len);
  pkt->offset = SFU_PACKET_ROOM;
  pkt->len = (uint16_t) (head_len + len);
  if (sfu_rtp_parse (pkt->data + SFU_PACKET_ROOM, pkt->len, &packet->rtp))
    return pkt;
  al_pkt_unref (pkt);
  return NULL;
}

/* RFC 4588 §4: the original packet out of a retransmission: its sequence number stands in front of the payload */
static AlPkt *
unwrap (SfuWorker *worker, const SfuRtp *rtp, uint32_t ssrc, uint8_t payload_type)
{
  uint8_t head[SFU_RTP_HEADER_BYTES + 4 * 15 + 4 + 1024];
  const uint8_t *payload = rtp->data + rtp->header_len;

  if (rtp->payload_len < 2 || rtp->header_len > sizeof head)
    return NULL;
  memcpy (head, rtp->data, rtp->header_len);
  head[0] &= (uint8_t) ~0x20; /* padding stays behind */
  head[1] = (uint8_t) ((head[1] & 0x80) | payload_type);
  head[2] = payload[0];
  head[3] = payload[1];
  head[8] = (uint8_t) (ssrc >> 24);
  head[9] = (uint8_t) (ssrc >> 16);
  head[10] = (uint8_t) (ssrc >> 8);
  head[11] = (uint8_t) ssrc;
  return sfu_ingest_take_in (worker, head, rtp->header_len, payload + 2, rtp->payload_len - 2u);
}

static void
note_arrival (SfuLeg *leg, const SfuRtp *rtp, int64_t now_us)
{
  SfuIngest *ingest = leg->ingest;
  SfuRtpExt ext;
  uint16_t seq;

  if (ingest->transport_cc_id == 0 || !sfu_rtp_find_ext (rtp, ingest->transport_cc_id, &ext)
      || !sfu_transport_cc_read (ext.value, ext.len, &seq))
    return;
  sfu_twcc_receiver_add (&ingest->twcc, seq, now_us);
  ingest->has_twcc = true;
}

void
sfu_ingest_on_rtp (SfuLeg *leg, const uint8_t *data, size_t len, int64_t now_us)
{
  SfuIngest *ingest = leg->ingest;
  const SfuPayloadMap *map = &leg->setup->payloads;
  const SfuPayload *payload;
  SfuPublished *published;
  SfuFeed *feed;
  SfuRtp rtp;
  AlPkt *pkt;
  unsigned at;
  bool rtx;

  if (!sfu_rtp_parse (data, len, &rtp))
    {
      leg->worker->counts.dropped[SFU_DROP_MALFORMED]++;
      return;
    }
  note_arrival (leg, &rtp, now_us);
  if (map->of[rtp.payload_type] == SFU_NO_PT)
    {
      leg->worker->counts.dropped[SFU_DROP_UNKNOWN_TYPE]++;
      return;
    }
  payload = &map->list[map->of[rtp.payload_type] & ~SFU_IS_RTX];
  rtx = (map->of[rtp.payload_type] & SFU_IS_RTX) != 0;
  for (at = 0; at < ingest->n_inputs && ingest->inputs[at].ssrc != rtp.ssrc; at++)
    ;
  if (at == ingest->n_inputs)
    {
      if (!learn (leg, &rtp, payload, rtx))
        {
          leg->worker->counts.dropped[SFU_DROP_UNKNOWN_SSRC]++;
          return;
        }
      for (at = 0; at < ingest->n_inputs && ingest->inputs[at].ssrc != rtp.ssrc; at++)
        ;
      if (at == ingest->n_inputs)
        {
          leg->worker->counts.dropped[SFU_DROP_UNKNOWN_SSRC]++;
          return;
        }
    }
  published = &ingest->published[ingest->inputs[at].published];
  feed = &published->feeds[ingest->inputs[at].feed];
  if (rtx != ingest->inputs[at].rtx || rtp.payload_len == 0)
    {
      if (!rtx && rtp.payload_len == 0) /* padding of a probe: it has a number, and nobody gets it */
        sfu_ingest_skip (leg, published, feed, &rtp, now_us);
      return;
    }
  if (rtx)
    {
      pkt = feed->ssrc != 0 ? unwrap (leg->worker, &rtp, feed->ssrc, payload->payload_type) : NULL;
    }
  else
    {
      if (payload->codec == SFU_CODEC_RED)
        sfu_ingest_recover (leg, published, feed, &rtp, now_us);
      pkt = sfu_ingest_take_in (leg->worker, NULL, 0, data, len);
    }
  if (pkt != NULL)
    sfu_ingest_route (leg, published, feed, pkt, payload, rtx, now_us);
}

/* its receivers are told of the gap as of one that is dropped on purpose: an empty packet closes it */
void
sfu_ingest_skip (SfuLeg *leg, SfuPublished *published, SfuFeed *feed, const SfuRtp *rtp, int64_t now_us)
{
  const SfuPayloadMap *map = &leg->setup->payloads;
  AlPkt *pkt = sfu_ingest_take_in (leg->worker, NULL, 0, rtp->data, rtp->len);

  if (pkt != NULL)
    sfu_ingest_route (leg, published, feed, pkt, &map->list[map->of[rtp->payload_type] & ~SFU_IS_RTX], false, now_us);
}
