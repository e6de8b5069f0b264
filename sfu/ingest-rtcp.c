/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RTCP with a publisher: transport-wide feedback, NACKs and keyframe requests every 50 ms, receiver reports every second;
 * its sender reports give the clock of its tracks.
 */
#include <string.h>

#include "sfu/ingest-private.h"
#include "sfu/rtcp.h"

#define FEEDBACK_US (50 * 1000)
#define REPORT_US (1000 * 1000)
#define RTCP_BYTES 1200
#define NACKS 128

static void
on_feedback (AlTimer *timer, void *user)
{
  SfuLeg *leg = user;
  AlLoop *loop = leg->worker->loop;

  sfu_ingest_tick_feedback (leg, al_loop_now_us (loop));
  al_timer_set (al_loop_get_timers (loop), timer, al_loop_now_us (loop) + FEEDBACK_US);
}

SfuIngest *
sfu_ingest_new (SfuLeg *leg, int64_t now_us)
{
  SfuIngest *ingest = g_new0 (SfuIngest, 1);

  ingest->ssrc = (uint32_t) leg->setup->peer | 1;
  ingest->report_us = ingest->facts_us = now_us;
  sfu_twcc_receiver_init (&ingest->twcc);
  al_timer_init (&ingest->feedback, on_feedback, leg);
  al_timer_set (al_loop_get_timers (leg->worker->loop), &ingest->feedback, now_us + FEEDBACK_US);
  leg->ingest = ingest;
  sfu_ingest_update (leg, now_us);
  return ingest;
}

void
sfu_ingest_free (SfuLeg *leg)
{
  SfuIngest *ingest = leg->ingest;

  if (ingest == NULL)
    return;
  for (unsigned i = 0; i < SFU_PUBLISHED_MAX; i++)
    if (ingest->published[i].track != NULL)
      sfu_ingest_forget_track (leg, ingest->published[i].track);
  al_timer_cancel (&ingest->feedback);
  g_clear_pointer (&leg->ingest, g_free);
}

static void
send_compound (SfuLeg *leg, uint8_t *data, SfuRtcpWriter *out, int64_t now_us)
{
  sfu_leg_send_rtcp (leg, data, sfu_rtcp_end (out), RTCP_BYTES + SFU_SRTCP_OVERHEAD, now_us);
}

/* a compound of its own: it is full when feedback is dense */
static void
send_transport_feedback (SfuLeg *leg, int64_t now_us)
{
  SfuIngest *ingest = leg->ingest;
  uint8_t data[RTCP_BYTES + SFU_SRTCP_OVERHEAD];
  size_t len;

  if (!ingest->has_twcc || ingest->n_inputs == 0)
    return;
  while ((len = sfu_twcc_receiver_write (&ingest->twcc, ingest->ssrc, ingest->inputs[0].ssrc, data, RTCP_BYTES)) > 0)
    sfu_leg_send_rtcp (leg, data, len, sizeof data, now_us);
}

static bool
put_requests (SfuLeg *leg, SfuPublished *published, SfuFeed *feed, SfuRtcpWriter *out, int64_t now_us)
{
  SfuIngest *ingest = leg->ingest;
  const SfuLane *lane = &leg->setup->lanes[published->lane];
  uint16_t seqs[NACKS];
  bool any = false;
  unsigned n;

  if (feed->ssrc == 0)
    return false;
  if (lane->nack && (published->track->kind == SFU_AUDIO || sfu_layers_used_get (&published->used) != 0))
    {
      n = sfu_nack_list (&feed->nack, now_us, ingest->rtt_us, seqs, NACKS);
      leg->worker->counts.tx_nacks += n;
      any = n > 0 && sfu_rtcp_put_nack (out, ingest->ssrc, feed->ssrc, seqs, n);
      if (sfu_nack_take_keyframe_wanted (&feed->nack))
        sfu_keyframe_want (&feed->keyframe, now_us);
    }
  if (published->track->kind == SFU_VIDEO && sfu_keyframe_take (&feed->keyframe, now_us, ingest->rtt_us))
    {
      leg->worker->counts.tx_keyframe_requests++;
      any |= lane->pli || !lane->fir
                 ? sfu_rtcp_put_pli (out, ingest->ssrc, feed->ssrc)
                 : sfu_rtcp_put_fir (out, ingest->ssrc, feed->ssrc, sfu_keyframe_next_fir (&feed->keyframe));
    }
  return any;
}

static void
send_requests (SfuLeg *leg, int64_t now_us)
{
  uint8_t data[RTCP_BYTES + SFU_SRTCP_OVERHEAD];
  SfuRtcpWriter out;
  bool any = false;

  sfu_rtcp_begin (&out, data, RTCP_BYTES);
  for (unsigned i = 0; i < SFU_PUBLISHED_MAX; i++)
    for (unsigned at = 0; leg->ingest->published[i].track != NULL && at < leg->ingest->published[i].n_feeds; at++)
      any |= put_requests (leg, &leg->ingest->published[i], &leg->ingest->published[i].feeds[at], &out, now_us);
  if (any)
    send_compound (leg, data, &out, now_us);
}

static void
send_report (SfuLeg *leg, int64_t now_us)
{
  SfuIngest *ingest = leg->ingest;
  uint8_t data[RTCP_BYTES + SFU_SRTCP_OVERHEAD];
  SfuRtcpReport blocks[SFU_RTCP_REPORTS_MAX];
  SfuRtcpWriter out;
  unsigned n = 0;
  char cname[24];

  for (unsigned i = 0; i < SFU_PUBLISHED_MAX; i++)
    for (unsigned at = 0; ingest->published[i].track != NULL && at < ingest->published[i].n_feeds; at++)
      {
        SfuReceiverReport report;

        if (n == SFU_RTCP_REPORTS_MAX || ingest->published[i].feeds[at].ssrc == 0
            || !sfu_receiver_make_report (&ingest->published[i].feeds[at].receiver, now_us, &report))
          continue;
        blocks[n++] = (SfuRtcpReport){ .ssrc = report.ssrc,
                                       .fraction_lost = report.fraction_lost,
                                       .lost = report.lost,
                                       .highest_seq = report.highest_seq,
                                       .jitter = report.jitter,
                                       .lsr = report.lsr,
                                       .dlsr = report.dlsr };
      }
  (void) g_snprintf (cname, sizeof cname, "%" G_GUINT64_FORMAT, leg->setup->peer);
  sfu_rtcp_begin (&out, data, RTCP_BYTES);
  (void) sfu_rtcp_put_rr (&out, ingest->ssrc, blocks, n);
  (void) sfu_rtcp_put_cname (&out, ingest->ssrc, cname);
  (void) sfu_rtcp_put_rrtr (&out, ingest->ssrc, sfu_worker_get_ntp (leg->worker, now_us));
  send_compound (leg, data, &out, now_us);
}

static void
measure (SfuLeg *leg, int64_t now_us)
{
  SfuIngest *ingest = leg->ingest;
  int64_t elapsed_us = now_us - ingest->facts_us;
  SfuTransportStats stats;

  sfu_transport_get_stats (leg->transport, &stats);
  ingest->receiving_bps = (uint32_t) ((stats.rx_bytes - ingest->bytes_before) * 8 * G_USEC_PER_SEC / (uint64_t) elapsed_us);
  ingest->bytes_before = stats.rx_bytes;
  ingest->facts_us = now_us;
  for (unsigned i = 0; i < SFU_PUBLISHED_MAX; i++)
    if (ingest->published[i].track != NULL)
      {
        sfu_ingest_measure (&ingest->published[i], elapsed_us);
        sfu_ingest_tick_used (leg, &ingest->published[i], now_us);
        sfu_ingest_tell_facts (leg, &ingest->published[i], now_us);
      }
}

/* an encoding of which nothing is known yet has begun: receivers wait for its rate */
static bool
has_news (const SfuIngest *ingest)
{
  for (unsigned i = 0; i < SFU_PUBLISHED_MAX; i++)
    for (unsigned at = 0; ingest->published[i].track != NULL && at < ingest->published[i].n_feeds; at++)
      {
        const SfuFeed *feed = &ingest->published[i].feeds[at];

        if (feed->rates.heard_us != 0 && !sfu_layer_rates_is_known (&feed->rates))
          return true;
      }
  return false;
}

void
sfu_ingest_tick_feedback (SfuLeg *leg, int64_t now_us)
{
  SfuIngest *ingest = leg->ingest;

  if (now_us - ingest->facts_us >= (has_news (ingest) ? SFU_FIRST_FACTS_US : SFU_FACTS_US))
    measure (leg, now_us);
  sfu_ingest_tick_away (leg, now_us);
  if (!sfu_transport_may_send (leg->transport, now_us))
    return;
  send_transport_feedback (leg, now_us);
  send_requests (leg, now_us);
  if (now_us - ingest->report_us >= REPORT_US)
    {
      ingest->report_us = now_us;
      send_report (leg, now_us);
    }
}

void
sfu_ingest_want_keyframe (SfuLeg *leg, SfuPublished *published, unsigned layer, int64_t now_us)
{
  uint8_t data[RTCP_BYTES + SFU_SRTCP_OVERHEAD];
  SfuRtcpWriter out;

  if (layer >= published->n_feeds || published->track->kind != SFU_VIDEO)
    return;
  sfu_keyframe_want (&published->feeds[layer].keyframe, now_us);
  if (!sfu_transport_may_send (leg->transport, now_us))
    return;
  sfu_rtcp_begin (&out, data, RTCP_BYTES);
  if (put_requests (leg, published, &published->feeds[layer], &out, now_us))
    send_compound (leg, data, &out, now_us);
}

static void
take_sr (SfuLeg *leg, const SfuRtcp *packet, int64_t now_us)
{
  SfuPublished *published;
  SfuRtcpSr sr;
  SfuFeed *feed;

  if (!sfu_rtcp_parse_sr (packet, &sr))
    return;
  feed = sfu_ingest_find_feed (leg->ingest, sr.ssrc, &published);
  if (feed == NULL)
    return;
  sfu_receiver_on_sr (&feed->receiver, sr.ntp, now_us);
  sfu_clock_on_sr (&published->track->facts.clock.layer[feed - published->feeds], &leg->ingest->clock, sr.ntp, sr.rtp,
                   feed->receiver.epoch, now_us);
}

/* RFC 3611 §4.5: how long ago, by the publisher's reckoning, it got our reference time */
static void
take_xr (SfuLeg *leg, const SfuRtcp *packet, int64_t now_us)
{
  uint32_t now = (uint32_t) (sfu_worker_get_ntp (leg->worker, now_us) >> 16);
  SfuRtcpDlrr dlrr;

  for (unsigned i = 0; sfu_rtcp_get_dlrr (packet, i, &dlrr); i++)
    if (dlrr.ssrc == leg->ingest->ssrc && dlrr.lrr != 0)
      {
        int32_t rtt = (int32_t) (now - dlrr.lrr - dlrr.dlrr);

        leg->ingest->rtt_us = rtt > 0 ? (int64_t) rtt * G_USEC_PER_SEC >> 16 : 1000;
      }
}

void
sfu_ingest_on_rtcp (SfuLeg *leg, const uint8_t *data, size_t len, int64_t now_us)
{
  SfuRtcp packet = { 0 };

  if (!sfu_rtcp_is_valid (data, len))
    {
      leg->worker->counts.dropped[SFU_DROP_MALFORMED]++;
      return;
    }
  while (sfu_rtcp_next (data, len, &packet))
    switch (packet.kind)
      {
      case SFU_RTCP_SR:
        take_sr (leg, &packet, now_us);
        break;
      case SFU_RTCP_XR:
        take_xr (leg, &packet, now_us);
        break;
      default:
        break; /* reports about nothing that we send */
      }
}
