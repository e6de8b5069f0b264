/* SPDX-License-Identifier: Apache-2.0 */
/* RTCP with a subscriber: its reports, NACKs, keyframe requests and feedback; our sender reports. */
#include <string.h>

#include "sfu/egress-private.h"
#include "sfu/rtcp.h"

#define ARRIVALS 1024

static SfuOut *
find_out (SfuEgress *egress, uint32_t ssrc)
{
  for (unsigned i = 0; i < egress->n_outs; i++)
    if (egress->outs[i].slot.ssrc == ssrc)
      return &egress->outs[i];
  return NULL;
}

/* RFC 3550 §6.4.1: now less when it got our report, less when that was made */
static int64_t
get_rtt (const SfuLeg *leg, const SfuRtcpReport *report, int64_t now_us)
{
  uint32_t now = (uint32_t) (sfu_worker_get_ntp (leg->worker, now_us) >> 16);
  int32_t rtt = (int32_t) (now - report->lsr - report->dlsr);

  if (report->lsr == 0)
    return 0;
  return rtt > 0 ? (int64_t) rtt * G_USEC_PER_SEC >> 16 : 1000;
}

static void
take_reports (SfuLeg *leg, const SfuRtcp *packet, int64_t now_us)
{
  SfuRtcpReport report;
  uint64_t most = 0;
  int fraction = -1;
  int64_t rtt_us = 0;

  for (unsigned i = 0; sfu_rtcp_get_report (packet, i, &report); i++)
    {
      SfuOut *out = find_out (leg->egress, report.ssrc);

      if (out == NULL)
        continue;
      out->loss_256 = report.fraction_lost;
      out->mids_left = 0; /* it knows the stream */
      rtt_us = MAX (rtt_us, get_rtt (leg, &report, now_us));
      if (fraction < 0 || out->slot.pkts > most)
        {
          most = out->slot.pkts;
          fraction = report.fraction_lost;
        }
    }
  if (fraction >= 0)
    sfu_send_side_on_report (&leg->egress->side, (uint8_t) fraction, rtt_us, now_us);
}

static void
take_nack (SfuLeg *leg, const SfuRtcp *packet, int64_t now_us)
{
  SfuEgress *egress = leg->egress;
  int64_t rtt_us = sfu_send_side_get_rtt_us (&egress->side);
  uint16_t seqs[SFU_RTCP_NACKS_MAX];
  uint32_t ssrc;
  SfuOut *out;
  size_t n;

  if (!sfu_rtcp_get_media (packet, &ssrc) || (out = find_out (egress, ssrc)) == NULL || out->track == NULL)
    return;
  n = sfu_rtcp_list_nacks (packet, seqs, G_N_ELEMENTS (seqs));
  out->nacks += (uint32_t) n;
  leg->worker->counts.rx_nacks += n;
  for (size_t i = 0; i < n; i++)
    {
      SfuSentRef ref;
      AlPkt *pkt;
      SfuPacerItem item = { .slot = (uint16_t) (out - egress->outs), .kind = SFU_SEND_RTX };

      if (out->slot.kind == SFU_VIDEO && (int16_t) (seqs[i] - out->keyframe_seq) < 0)
        continue;
      if (!sfu_slot_find (&out->slot, seqs[i], now_us, rtt_us, &ref) || ref.track != out->track->id)
        continue;
      pkt = sfu_cache_find (&out->track->caches[ref.layer], ref.epoch, ref.index, now_us);
      if (pkt == NULL)
        continue;
      item.bytes = (uint16_t) (pkt->len + SFU_WIRE_BYTES + 2);
      if (!sfu_budget_take (&egress->rtx, sfu_send_side_get_estimate_bps (&egress->side), item.bytes, now_us))
        {
          leg->worker->counts.dropped[SFU_DROP_RTX_BUDGET]++;
          continue;
        }
      item.pkt = al_pkt_ref (pkt);
      item.info = ref.seq;
      item.frame = sfu_packet_of (pkt)->rtp.timestamp;
      if (!sfu_pacer_push (&egress->pacer, &item, now_us))
        {
          leg->worker->counts.dropped[SFU_DROP_PACER_FULL]++;
          al_pkt_unref (pkt);
        }
    }
  sfu_egress_pump (leg, now_us);
}

static void
take_keyframe_request (SfuLeg *leg, uint32_t ssrc, int64_t now_us)
{
  SfuOut *out = find_out (leg->egress, ssrc);

  if (out == NULL || out->track == NULL || out->slot.kind != SFU_VIDEO)
    return;
  out->plis++;
  leg->worker->counts.rx_keyframe_requests++;
  if (sfu_keyframe_may_ask (&out->asker, now_us))
    (void) sfu_track_want_keyframe (
        out->track, (unsigned) MAX (out->slot.layer >= 0 ? out->slot.layer : out->slot.target_layer, 0), now_us);
}

static void
take_fir (SfuLeg *leg, const SfuRtcp *packet, int64_t now_us)
{
  uint32_t ssrc;
  uint8_t seq_nr;

  for (unsigned i = 0; sfu_rtcp_get_fir (packet, i, &ssrc, &seq_nr); i++)
    take_keyframe_request (leg, ssrc, now_us);
}

static void
take_feedback (SfuLeg *leg, const SfuRtcp *packet, int64_t now_us)
{
  SfuTwccPacket packets[ARRIVALS];
  SfuTwcc twcc;
  size_t n;

  if (!sfu_twcc_parse (packet, &twcc, packets, ARRIVALS, &n))
    return;
  sfu_send_side_on_feedback (&leg->egress->side, packets, n, now_us);
}

/* RFC 3611 §4.5 */
static void
answer_xr (SfuLeg *leg, const SfuRtcp *packet, int64_t now_us)
{
  uint8_t data[256 + SFU_SRTCP_OVERHEAD];
  SfuRtcpWriter out;
  SfuRtcpDlrr dlrr = { 0 };
  uint64_t ntp;

  if (leg->egress->n_outs == 0 || !sfu_rtcp_get_sender (packet, &dlrr.ssrc) || !sfu_rtcp_find_rrtr (packet, &ntp))
    return;
  dlrr.lrr = (uint32_t) (ntp >> 16);
  sfu_rtcp_begin (&out, data, 256);
  (void) sfu_rtcp_put_dlrr (&out, leg->egress->outs[0].slot.ssrc, &dlrr, 1);
  sfu_leg_send_rtcp (leg, data, sfu_rtcp_end (&out), sizeof data, now_us);
}

void
sfu_egress_on_rtcp (SfuLeg *leg, const uint8_t *data, size_t len, int64_t now_us)
{
  SfuRtcp packet = { 0 };
  uint64_t bps;
  uint32_t ssrc;

  if (!sfu_rtcp_is_valid (data, len))
    {
      leg->worker->counts.dropped[SFU_DROP_MALFORMED]++;
      return;
    }
  while (sfu_rtcp_next (data, len, &packet))
    switch (packet.kind)
      {
      case SFU_RTCP_SR:
      case SFU_RTCP_RR:
        take_reports (leg, &packet, now_us);
        break;
      case SFU_RTCP_NACK:
        take_nack (leg, &packet, now_us);
        break;
      case SFU_RTCP_TWCC:
        take_feedback (leg, &packet, now_us);
        break;
      case SFU_RTCP_PLI:
        if (sfu_rtcp_get_media (&packet, &ssrc))
          take_keyframe_request (leg, ssrc, now_us);
        break;
      case SFU_RTCP_FIR:
        take_fir (leg, &packet, now_us);
        break;
      case SFU_RTCP_REMB:
        if (sfu_rtcp_parse_remb (&packet, &bps))
          sfu_send_side_on_remb (&leg->egress->side, (uint32_t) MIN (bps, SFU_ESTIMATE_MAX_BPS), now_us);
        break;
      case SFU_RTCP_XR:
        answer_xr (leg, &packet, now_us);
        break;
      default:
        break;
      }
}

void
sfu_egress_send_reports (SfuLeg *leg, int64_t now_us)
{
  SfuEgress *egress = leg->egress;
  uint8_t data[SFU_RTCP_BYTES + SFU_SRTCP_OVERHEAD];
  char cname[24];

  (void) g_snprintf (cname, sizeof cname, "%" G_GUINT64_FORMAT, leg->setup->peer);
  for (unsigned i = 0; i < egress->n_outs; i++)
    {
      SfuOut *out = &egress->outs[i];
      SfuRtcpWriter writer;
      SfuSlotSr slot_sr;
      SfuRtcpSr sr;

      if (out->track == NULL || sfu_slot_get_sr_deadline (&out->slot) > now_us
          || !sfu_slot_make_sr (&out->slot, now_us, sfu_worker_get_ntp (leg->worker, now_us), &slot_sr))
        continue;
      sr = (SfuRtcpSr){ slot_sr.ntp, out->slot.ssrc, slot_sr.rtp, slot_sr.pkts, slot_sr.bytes };
      sfu_rtcp_begin (&writer, data, SFU_RTCP_BYTES);
      (void) sfu_rtcp_put_sr (&writer, &sr, NULL, 0);
      (void) sfu_rtcp_put_cname (&writer, out->slot.ssrc, cname);
      sfu_leg_send_rtcp (leg, data, sfu_rtcp_end (&writer), sizeof data, now_us);
    }
}
