/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/stats.h"

#include "sfu/ingest-private.h"
#include "sfu/rid-order.h"
#include "sfu/worker-private.h"

static void
gather_leg (SfuLeg *leg, SfuStats *stats)
{
  SfuSrtp *srtp = sfu_transport_get_srtp (leg->transport);
  SfuLegStats leg_stats = { .peer = leg->setup->peer,
                            .publisher = leg->setup->publisher,
                            .worker = leg->worker->config.index,
                            .tx_pkts = leg->tx_pkts,
                            .tx_bytes = leg->tx_bytes };
  SfuTransportStats transport;
  char text[AL_ADDR_STRLEN];

  sfu_transport_get_stats (leg->transport, &transport);
  leg_stats.rx_pkts = transport.rx_pkts;
  leg_stats.rx_bytes = transport.rx_bytes;
  (void) g_strlcpy (leg_stats.state, sfu_transport_state_name (sfu_transport_get_state (leg->transport)),
                    sizeof leg_stats.state);
  if (srtp != NULL)
    (void) g_strlcpy (leg_stats.profile, sfu_srtp_profile_get_name (sfu_srtp_get_profile (srtp)), sizeof leg_stats.profile);
  if (leg->path.via != NULL)
    (void) g_snprintf (leg_stats.route, sizeof leg_stats.route, "%s %s",
                       ((const SfuVia *) leg->path.via)->udp != NULL ? "udp" : "tcp",
                       al_addr_format (&leg->path.remote, true, text));
  if (leg->ingest != NULL)
    {
      leg_stats.rtt_us = (uint32_t) leg->ingest->rtt_us;
      leg_stats.receiving_bps = leg->ingest->receiving_bps;
    }
  else
    {
      const SfuEgress *egress = leg->egress;

      leg_stats.rtt_us = (uint32_t) sfu_send_side_get_rtt_us (&egress->side);
      leg_stats.estimate_bps = sfu_send_side_get_estimate_bps (&egress->side);
      leg_stats.sending_bps = egress->sending_bps;
      leg_stats.loss_permille = sfu_send_side_get_loss_permille (&egress->side);
      leg_stats.queue_ms = sfu_pacer_get_queue_ms (&egress->pacer);
    }
  g_array_append_val (stats->transports, leg_stats);
}

static bool
is_spatial (const SfuOut *out)
{
  return out->track != NULL && out->track->facts.spatial && out->slot.layer >= 0;
}

static void
gather_slots (const SfuLeg *leg, SfuStats *stats)
{
  for (unsigned i = 0; i < leg->egress->n_outs; i++)
    {
      const SfuOut *out = &leg->egress->outs[i];
      SfuSlotStats slot = { .peer = leg->setup->peer,
                            .track = out->track != NULL ? out->track->id : 0,
                            .kind = out->slot.kind,
                            .layer = is_spatial (out) ? (int8_t) out->slot.spatial : out->slot.layer,
                            .temporal = out->slot.temporal,
                            .n_layers = out->track != NULL ? out->track->facts.n_encodings : 0,
                            .bitrate_bps = out->bps,
                            .pkts = out->slot.pkts,
                            .bytes = out->slot.bytes,
                            .retransmitted = out->slot.resent,
                            .nacks = out->nacks,
                            .plis = out->plis,
                            .loss_permille = out->loss_256 * 1000 / 256 };

      (void) g_strlcpy (slot.mid, leg->setup->lanes[out->lane].mid, sizeof slot.mid);
      if (out->slot.kind == SFU_VIDEO)
        sfu_choice_explain (&out->choice, slot.why);
      else
        (void) g_strlcpy (slot.why, out->track != NULL ? "among the loudest" : "nobody else is heard", sizeof slot.why);
      g_array_append_val (stats->slots, slot);
    }
}

static void
gather_feed (const SfuFeed *feed, SfuTrackStats *stats, unsigned at, int64_t now_us)
{
  SfuEncoding encoding;

  sfu_layer_rates_describe (&feed->rates, SFU_SPATIAL_MAX, now_us, &encoding);
  stats->layers[at].active = sfu_receiver_get_bitrate (&feed->receiver, now_us) > 0;
  stats->layers[at].width = encoding.width;
  stats->layers[at].height = encoding.height;
  stats->layers[at].bitrate_bps = sfu_receiver_get_bitrate (&feed->receiver, now_us);
  stats->layers[at].fps = sfu_receiver_get_fps (&feed->receiver, now_us);
  stats->layers[at].pkts = feed->receiver.pkts;
  stats->layers[at].bytes = feed->receiver.bytes;
  stats->layers[at].lost = sfu_receiver_get_lost (&feed->receiver);
  stats->layers[at].nacks = feed->nack.asked;
  stats->layers[at].recovered = feed->receiver.recovered;
  stats->layers[at].keyframes = feed->keyframe.keyframes;
  stats->layers[at].plis = feed->keyframe.requests;
  stats->layers[at].jitter_us = sfu_receiver_get_jitter_us (&feed->receiver);
}

static void
gather_track (const SfuTrack *track, SfuStats *stats, int64_t now_us)
{
  const SfuPublished *published = track->published;
  SfuTrackStats track_stats = { .peer = track->peer,
                                .track = track->id,
                                .kind = track->kind,
                                .source = track->source,
                                .codec = track->facts.codec,
                                .muted = track->muted };

  if (published == NULL)
    return; /* the worker that receives it tells */
  track_stats.n_layers = published->n_feeds;
  for (unsigned i = 0; i < published->n_feeds; i++)
    {
      const SfuPublication *publication = track->leg->setup->lanes[published->lane].publication;

      gather_feed (&published->feeds[i], &track_stats, i, now_us);
      for (unsigned rid = 0; rid < publication->n_rids; rid++)
        if (sfu_rid_order_get_layer (publication, rid) == i)
          (void) g_strlcpy (track_stats.layers[i].rid, publication->rids[rid], sizeof track_stats.layers[i].rid);
    }
  g_array_append_val (stats->tracks, track_stats);
}

bool
sfu_stats_gather (SfuWorker *worker, uint64_t room, SfuStats *stats, int64_t now_us)
{
  const SfuShard *shard = g_hash_table_lookup (worker->shards, &room);
  GHashTableIter iter;
  gpointer key;

  if (shard == NULL)
    return false;
  g_hash_table_iter_init (&iter, worker->legs);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    if (((SfuLeg *) key)->shard == shard)
      gather_leg (key, stats);
  for (guint i = 0; i < shard->subs->len; i++)
    gather_slots (g_ptr_array_index (shard->subs, i), stats);
  for (guint i = 0; i < shard->tracks->len; i++)
    gather_track (g_ptr_array_index (shard->tracks, i), stats, now_us);
  return true;
}
