/* SPDX-License-Identifier: Apache-2.0 */
/* One packet as one receiver gets it: header and extensions written anew, payload patched, encrypted where it is sent from. */
#include <string.h>

#include "sfu/egress-private.h"
#include "sfu/ext-values.h"
#include "sfu/red.h"

/* what goes on as the publisher wrote it, under the receiver's id */
static const SfuExt passed[] = { SFU_EXT_AUDIO_LEVEL, SFU_EXT_ORIENTATION,  SFU_EXT_PLAYOUT_DELAY,
                                 SFU_EXT_ABS_CAPTURE_TIME, SFU_EXT_COLOR_SPACE, SFU_EXT_CONTENT_TYPE };

#define ROOM (AL_UDP_MAX_DATAGRAM - 64)
/* what was received at all can be sent on, however much its extensions grow, as RTX and under the longest tag (point 15) */
_Static_assert (AL_PKT_SIZE - SFU_PACKET_ROOM + SFU_EGRESS_GROWTH + 2 + SFU_SRTP_OVERHEAD <= ROOM, "packets have room to grow");

/* Returns: false: the receiver cannot decode it. */
static bool
find_type (SfuOut *out, SfuCodec codec)
{
  uint32_t profile = codec == SFU_CODEC_OPUS || codec == SFU_CODEC_RED ? 0 : out->track->facts.profile;
  const SfuPayload *payload;

  if (out->pt_codec == codec && out->pt_profile == profile)
    return out->pt != SFU_NO_PT;
  payload = sfu_payload_map_find (&out->leg->setup->payloads, codec, profile);
  out->pt_codec = (uint8_t) codec;
  out->pt_profile = profile;
  out->pt = payload != NULL ? payload->payload_type : SFU_NO_PT;
  out->rtx_pt = payload != NULL ? payload->rtx : SFU_NO_PT;
  return payload != NULL;
}

static uint8_t *
begin (SfuLeg *leg, uint8_t *own)
{
  const SfuVia *via = leg->path.via;

  return via->udp != NULL ? al_udp_reserve (via->udp, ROOM) : own;
}

static void
commit (SfuLeg *leg, const uint8_t *data, size_t len)
{
  const SfuVia *via = leg->path.via;
  const SfuPath *path = &leg->path;

  leg->tx_pkts++;
  leg->tx_bytes += len;
  if (via->udp != NULL)
    al_udp_commit (via->udp, &path->remote, path->local.sa.sa_family != AF_UNSPEC ? &path->local : NULL, len);
  else
    sfu_conn_send (via->conn, data, len);
}

bool
sfu_egress_needs_two_bytes (const SfuOut *out, const SfuLane *lane, const SfuPacket *packet, const SfuRewrite *rewrite)
{
  size_t dependency = rewrite->dependency_len;

  if (dependency == 0 && packet != NULL)
    dependency = packet->ext_len[SFU_EXT_DEPENDENCY];
  if (lane->exts.id[SFU_EXT_DEPENDENCY] != 0 && dependency > 16)
    return true;
  if (out->mids_left > 0 && lane->exts.id[SFU_EXT_MID] != 0 && strlen (lane->mid) > 16)
    return true;
  for (unsigned i = 0; packet != NULL && i < G_N_ELEMENTS (passed); i++)
    if (lane->exts.id[passed[i]] != 0 && packet->ext_len[passed[i]] > 16)
      return true;
  for (unsigned i = 0; i < SFU_EXT_N; i++)
    if (lane->exts.id[i] > 14)
      return true;
  return false;
}

uint8_t *
sfu_egress_put_extensions (SfuRtpWriter *writer, SfuOut *out, const SfuLane *lane, const SfuPacket *packet,
                           const SfuRewrite *rewrite, int64_t now_us)
{
  static const uint8_t zeros[SFU_TRANSPORT_CC_BYTES];
  const uint8_t *ids = lane->exts.id;
  uint8_t *number = NULL;

  if (out->mids_left > 0 && ids[SFU_EXT_MID] != 0)
    {
      (void) sfu_rtp_put_ext (writer, ids[SFU_EXT_MID], lane->mid, strlen (lane->mid));
      out->mids_left--;
    }
  if (ids[SFU_EXT_TRANSPORT_CC] != 0)
    number = sfu_rtp_put_ext (writer, ids[SFU_EXT_TRANSPORT_CC], zeros, sizeof zeros);
  else if (ids[SFU_EXT_ABS_SEND_TIME] != 0)
    {
      uint8_t value[SFU_ABS_SEND_TIME_BYTES];

      sfu_abs_send_time_write (now_us, value);
      (void) sfu_rtp_put_ext (writer, ids[SFU_EXT_ABS_SEND_TIME], value, sizeof value);
    }
  if (packet == NULL)
    return number;
  for (unsigned i = 0; i < G_N_ELEMENTS (passed); i++)
    if (packet->ext_len[passed[i]] != 0 && ids[passed[i]] != 0)
      (void) sfu_rtp_put_ext (writer, ids[passed[i]], packet->rtp.data + packet->ext_at[passed[i]],
                              packet->ext_len[passed[i]]);
  if (ids[SFU_EXT_DEPENDENCY] != 0 && rewrite->dependency_len > 0)
    (void) sfu_rtp_put_ext (writer, ids[SFU_EXT_DEPENDENCY], rewrite->dependency, rewrite->dependency_len);
  else if (ids[SFU_EXT_DEPENDENCY] != 0 && packet->ext_at[SFU_EXT_DEPENDENCY] != 0)
    (void) sfu_rtp_put_ext (writer, ids[SFU_EXT_DEPENDENCY], packet->rtp.data + packet->ext_at[SFU_EXT_DEPENDENCY],
                            packet->ext_len[SFU_EXT_DEPENDENCY]);
  return number;
}

/* the payload, or of RED the primary block alone */
static void
put_payload (SfuRtpWriter *writer, const SfuPacket *packet, const SfuRewrite *rewrite)
{
  const uint8_t *payload = packet->rtp.data + packet->rtp.header_len;
  SfuRedBlock block;
  uint8_t *at;

  if (rewrite->empty)
    return;
  if (rewrite->strip_red && sfu_red_find_primary (payload, packet->rtp.payload_len, &block))
    {
      (void) sfu_rtp_put_payload (writer, block.data, block.len);
      return;
    }
  at = sfu_rtp_put_payload (writer, payload, packet->rtp.payload_len);
  for (unsigned i = 0; at != NULL && i < rewrite->n_patches; i++)
    at[rewrite->patches[i].at] = rewrite->patches[i].value;
}

/* a packet that is being written: @number: where the transport-wide one stands; NULL: nowhere */
typedef struct {
  SfuRtpWriter writer;
  uint8_t *data, *number;
  size_t header_len;
  uint64_t index;
  SfuSendKind kind;
  uint8_t payload_type, padding, probe_id;
} Draft;

/* the header of @draft, as far as the payload; @own: where it is written when it cannot be in the socket's queue */
static void
put_header (SfuOut *out, Draft *draft, const SfuPacket *packet, const SfuRewrite *rewrite, uint8_t *own, int64_t now_us)
{
  const SfuLane *lane = &out->leg->setup->lanes[out->lane];
  bool again = draft->kind == SFU_SEND_RTX || draft->kind == SFU_SEND_PADDING;

  draft->data = begin (out->leg, own);
  sfu_rtp_begin (&draft->writer, draft->data, ROOM, draft->payload_type, rewrite->marker, (uint16_t) draft->index,
                 rewrite->timestamp, again ? out->slot.rtx_ssrc : out->slot.ssrc,
                 sfu_egress_needs_two_bytes (out, lane, packet, rewrite));
  draft->number = sfu_egress_put_extensions (&draft->writer, out, lane, packet, rewrite, now_us);
  draft->header_len = sfu_rtp_get_header_len (&draft->writer);
}

/* numbers, encrypts and sends it. Returns: bytes on the wire; 0: it did not fit */
static size_t
finish (SfuOut *out, Draft *draft, int64_t now_us)
{
  SfuLeg *leg = out->leg;
  SfuSrtp *srtp = sfu_transport_get_srtp (leg->transport);
  size_t len = sfu_rtp_end (&draft->writer, draft->padding);

  if (len == 0)
    return 0;
  if (draft->number != NULL)
    sfu_transport_cc_write (
        sfu_send_side_on_sent (&leg->egress->side, (uint32_t) (len + sfu_srtp_get_overhead (srtp) + SFU_WIRE_BYTES),
                               draft->kind, draft->probe_id, now_us),
        draft->number);
  len = sfu_srtp_protect_rtp (srtp, draft->data, len, ROOM, draft->header_len, draft->index);
  if (len == 0)
    return 0;
  commit (leg, draft->data, len);
  return len + SFU_WIRE_BYTES;
}

size_t
sfu_egress_send (SfuOut *out, const SfuPacket *packet, const SfuRewrite *rewrite, int64_t now_us)
{
  uint8_t own[ROOM];
  Draft draft;

  if (!find_type (out, rewrite->codec))
    return 0;
  draft.index = rewrite->index;
  draft.kind = out->slot.kind == SFU_AUDIO ? SFU_SEND_AUDIO : SFU_SEND_MEDIA;
  draft.payload_type = out->pt;
  draft.padding = draft.probe_id = 0;
  put_header (out, &draft, packet, rewrite, own, now_us);
  put_payload (&draft.writer, packet, rewrite);
  if (packet->frame.keyframe && packet->frame.start && packet->frame.spatial == 0)
    out->keyframe_seq = (uint16_t) rewrite->index;
  return finish (out, &draft, now_us);
}

size_t
sfu_egress_resend (SfuOut *out, const SfuSentRef *ref, AlPkt *pkt, uint8_t probe_id, int64_t now_us)
{
  const SfuPacket *packet = sfu_packet_of (pkt);
  uint8_t own[ROOM], original[2];
  SfuRewrite rewrite;
  Draft draft;

  if (out->track == NULL || !sfu_slot_resend (&out->slot, ref, packet, probe_id != 0, now_us, &rewrite)
      || !find_type (out, rewrite.codec) || out->rtx_pt == SFU_NO_PT)
    return 0;
  draft.index = sfu_slot_next_rtx (&out->slot);
  draft.kind = probe_id != 0 ? SFU_SEND_PADDING : SFU_SEND_RTX;
  draft.payload_type = out->rtx_pt;
  draft.padding = 0;
  draft.probe_id = probe_id;
  original[0] = (uint8_t) (rewrite.index >> 8);
  original[1] = (uint8_t) rewrite.index;
  put_header (out, &draft, packet, &rewrite, own, now_us);
  (void) sfu_rtp_put_payload (&draft.writer, original, sizeof original);
  put_payload (&draft.writer, packet, &rewrite);
  return finish (out, &draft, now_us);
}

/* padding alone, on the RTX stream (draft-ietf-rmcat-gcc-02 leaves open by what a probe is filled) */
static size_t
send_padding (SfuOut *out, uint8_t payload_type, uint8_t probe_id, int64_t now_us)
{
  uint8_t own[ROOM];
  SfuRewrite rewrite = { 0 };
  Draft draft;

  draft.index = sfu_slot_next_rtx (&out->slot);
  draft.kind = SFU_SEND_PADDING;
  draft.payload_type = payload_type;
  draft.padding = 255;
  draft.probe_id = probe_id;
  put_header (out, &draft, NULL, &rewrite, own, now_us);
  return finish (out, &draft, now_us);
}

/* no video was sent yet: how much there is room for has to be found out before the first of it can be chosen */
static size_t
pad_first (SfuLeg *leg, uint8_t probe_id, int64_t now_us)
{
  const SfuPayloadMap *map = &leg->setup->payloads;
  uint8_t payload_type = SFU_NO_PT;

  for (unsigned i = 0; i < map->n && payload_type == SFU_NO_PT; i++)
    payload_type = map->list[i].rtx;
  for (unsigned i = 0; i < leg->egress->n_outs && payload_type != SFU_NO_PT; i++)
    if (leg->egress->outs[i].slot.kind == SFU_VIDEO && leg->egress->outs[i].slot.rtx_ssrc != 0)
      return send_padding (&leg->egress->outs[i], payload_type, probe_id, now_us);
  return 0;
}

size_t
sfu_egress_pad (SfuLeg *leg, uint8_t probe_id, int64_t now_us)
{
  for (unsigned i = 0; i < leg->egress->n_outs; i++)
    {
      SfuOut *out = &leg->egress->outs[i];
      SfuSentRef ref;
      AlPkt *pkt;
      size_t n;

      if (out->slot.kind != SFU_VIDEO || out->track == NULL || out->rtx_pt == SFU_NO_PT || out->slot.pkts == 0
          || !sfu_slot_find_padding (&out->slot, &ref))
        continue;
      pkt = ref.track == out->track->id ? sfu_cache_find (&out->track->caches[ref.layer], ref.epoch, ref.index, now_us) : NULL;
      n = pkt != NULL ? sfu_egress_resend (out, &ref, pkt, probe_id, now_us) : 0;
      return n > 0 ? n : send_padding (out, out->rtx_pt, probe_id, now_us);
    }
  return pad_first (leg, probe_id, now_us);
}
