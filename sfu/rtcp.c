/* SPDX-License-Identifier: Apache-2.0 */
/* Reading RTCP (RFC 3550 §6.4, RFC 4585 §6, RFC 5104 §4.3, RFC 3611, RFC 9627). Any thread. */
#include "sfu/rtcp.h"

#include "sfu/rtcp-private.h"

/*
 *  0                   1                   2                   3
 * |V=2|P|  count  |      type     |   length in words, minus 1    | body ...
 */

static SfuRtcpKind
classify_feedback (const SfuRtcp *packet)
{
  static const SfuRtcpKind rtp[32] = { [RTPFB_NACK] = SFU_RTCP_NACK, [RTPFB_TWCC] = SFU_RTCP_TWCC };
  static const SfuRtcpKind payload[32] = { [PSFB_PLI] = SFU_RTCP_PLI, [PSFB_FIR] = SFU_RTCP_FIR, [PSFB_LRR] = SFU_RTCP_LRR };

  if (packet->len < FEEDBACK_BYTES)
    return SFU_RTCP_OTHER;
  if (packet->type == PT_RTPFB)
    return rtp[packet->count];
  if (packet->count != PSFB_AFB)
    return payload[packet->count];
  /* application layer feedback is REMB only with its name in it */
  return packet->len >= REMB_BYTES && memcmp (packet->data + FEEDBACK_BYTES, "REMB", 4) == 0 ? SFU_RTCP_REMB : SFU_RTCP_OTHER;
}

static SfuRtcpKind
classify (const SfuRtcp *packet)
{
  switch (packet->type)
    {
    case PT_SR: return SFU_RTCP_SR;
    case PT_RR: return SFU_RTCP_RR;
    case PT_SDES: return SFU_RTCP_SDES;
    case PT_BYE: return SFU_RTCP_BYE;
    case PT_RTPFB:
    case PT_PSFB: return classify_feedback (packet);
    case PT_XR: return SFU_RTCP_XR;
    default: return SFU_RTCP_OTHER;
    }
}

static bool
read_packet (const uint8_t *data, size_t len, uint32_t offset, SfuRtcp *ret_packet)
{
  uint32_t bytes, padding = 0;

  if (len > UINT32_MAX / 2 || offset >= len || len - offset < HEADER_BYTES || data[offset] >> 6 != RTCP_VERSION)
    return false;
  bytes = 4u * ((uint32_t) (data[offset + 2] << 8 | data[offset + 3]) + 1);
  if (bytes > len - offset)
    return false;
  if ((data[offset] & PADDING_BIT) != 0)
    {
      /* RFC 3550 §6.4.1 has it in fours and in the last packet alone; browsers' transport-wide feedback pads by 1 to 3 */
      padding = data[offset + bytes - 1];
      if (padding == 0 || padding > bytes - HEADER_BYTES)
        return false;
    }
  *ret_packet = (SfuRtcp){
    .data = data + offset,
    .len = bytes - padding,
    .next = offset + bytes,
    .type = data[offset + 1],
    .count = data[offset] & 31,
  };
  ret_packet->kind = classify (ret_packet);
  return true;
}

bool
sfu_rtcp_next (const uint8_t *data, size_t len, SfuRtcp *packet)
{
  return read_packet (data, len, packet->next, packet);
}

bool
sfu_rtcp_is_valid (const uint8_t *data, size_t len)
{
  SfuRtcp packet = { 0 };

  while (packet.next < len)
    if (!read_packet (data, len, packet.next, &packet))
      return false;
  return len > 0;
}

/* @ret_reader: behind the first @skip bytes. Returns: false when the packet is shorter */
static bool
open_at (const SfuRtcp *packet, size_t skip, AlReader *ret_reader)
{
  al_reader_init (ret_reader, packet->data, packet->len);
  return al_reader_skip (ret_reader, skip);
}

static bool
is_feedback (const SfuRtcp *packet)
{
  return (packet->type == PT_RTPFB || packet->type == PT_PSFB) && packet->len >= FEEDBACK_BYTES;
}

bool
sfu_rtcp_get_sender (const SfuRtcp *packet, uint32_t *ret_ssrc)
{
  AlReader reader;

  if (packet->kind != SFU_RTCP_SR && packet->kind != SFU_RTCP_RR && packet->kind != SFU_RTCP_XR && !is_feedback (packet))
    return false;
  if (!open_at (packet, HEADER_BYTES, &reader) || al_reader_remaining (&reader) < 4)
    return false;
  *ret_ssrc = al_reader_u32 (&reader);
  return true;
}

bool
sfu_rtcp_get_media (const SfuRtcp *packet, uint32_t *ret_ssrc)
{
  AlReader reader;

  if (!is_feedback (packet) || !open_at (packet, HEADER_BYTES + 4, &reader))
    return false;
  *ret_ssrc = al_reader_u32 (&reader);
  return true;
}

bool
sfu_rtcp_parse_sr (const SfuRtcp *packet, SfuRtcpSr *ret_sr)
{
  AlReader reader;
  SfuRtcpSr sr;

  if (packet->kind != SFU_RTCP_SR || !open_at (packet, HEADER_BYTES, &reader))
    return false;
  sr.ssrc = al_reader_u32 (&reader);
  sr.ntp = al_reader_u64 (&reader);
  sr.rtp = al_reader_u32 (&reader);
  sr.pkts = al_reader_u32 (&reader);
  sr.bytes = al_reader_u32 (&reader);
  if (al_reader_failed (&reader))
    return false;
  *ret_sr = sr;
  return true;
}

bool
sfu_rtcp_get_report (const SfuRtcp *packet, unsigned index, SfuRtcpReport *ret_report)
{
  size_t first = packet->kind == SFU_RTCP_SR ? SR_BYTES : RR_BYTES;
  SfuRtcpReport report = { 0 };
  AlReader reader;

  if ((packet->kind != SFU_RTCP_SR && packet->kind != SFU_RTCP_RR) || index >= packet->count)
    return false;
  if (!open_at (packet, first + (size_t) index * REPORT_BYTES, &reader))
    return false;
  report.ssrc = al_reader_u32 (&reader);
  report.fraction_lost = al_reader_u8 (&reader);
  report.lost = (int32_t) (al_reader_u24 (&reader) ^ 0x800000) - 0x800000; /* 24 bits with sign */
  report.highest_seq = al_reader_u32 (&reader);
  report.jitter = al_reader_u32 (&reader);
  report.lsr = al_reader_u32 (&reader);
  report.dlsr = al_reader_u32 (&reader);
  if (al_reader_failed (&reader))
    return false;
  *ret_report = report;
  return true;
}

/* the CNAME in one chunk, which is consumed with its padding (RFC 3550 §6.5). @len: of all chunks */
static bool
read_chunk (AlReader *reader, size_t len, uint32_t *ret_ssrc, const char **ret_cname, size_t *ret_len)
{
  uint32_t ssrc = al_reader_u32 (reader);
  const uint8_t *cname = NULL;
  size_t cname_len = 0;
  uint8_t type;

  while ((type = al_reader_u8 (reader)) != 0)
    {
      uint8_t text_len = al_reader_u8 (reader);
      const uint8_t *text = al_reader_slice (reader, text_len);

      if (type == SDES_CNAME && cname == NULL && text != NULL)
        {
          cname = text;
          cname_len = text_len;
        }
    }
  al_reader_skip (reader, (al_reader_remaining (reader) - len) & 3); /* to the next word */
  if (al_reader_failed (reader) || cname == NULL)
    return false;
  *ret_ssrc = ssrc;
  *ret_cname = (const char *) cname;
  *ret_len = cname_len;
  return true;
}

bool
sfu_rtcp_find_cname (const SfuRtcp *packet, uint32_t *ret_ssrc, const char **ret_cname, size_t *ret_len)
{
  AlReader reader;

  if (packet->kind != SFU_RTCP_SDES || !open_at (packet, HEADER_BYTES, &reader))
    return false;
  for (unsigned i = 0; i < packet->count && !al_reader_failed (&reader); i++)
    if (read_chunk (&reader, packet->len - HEADER_BYTES, ret_ssrc, ret_cname, ret_len))
      return true;
  return false;
}

bool
sfu_rtcp_get_bye (const SfuRtcp *packet, unsigned index, uint32_t *ret_ssrc)
{
  AlReader reader;

  if (packet->kind != SFU_RTCP_BYE || index >= packet->count || !open_at (packet, HEADER_BYTES + 4 * (size_t) index, &reader)
      || al_reader_remaining (&reader) < 4)
    return false;
  *ret_ssrc = al_reader_u32 (&reader);
  return true;
}

/* each item: a sequence number, and 16 bits for those behind it (RFC 4585 §6.2.1) */
size_t
sfu_rtcp_list_nacks (const SfuRtcp *packet, uint16_t *ret_seqs, size_t max)
{
  AlReader reader;
  size_t n = 0;

  if (packet->kind != SFU_RTCP_NACK || !open_at (packet, FEEDBACK_BYTES, &reader))
    return 0;
  if (max > SFU_RTCP_NACKS_MAX)
    max = SFU_RTCP_NACKS_MAX;
  while (n < max && al_reader_remaining (&reader) >= 4)
    {
      uint16_t seq = al_reader_u16 (&reader), more = al_reader_u16 (&reader);

      ret_seqs[n++] = seq;
      for (unsigned bit = 0; bit < 16 && n < max; bit++)
        if ((more & 1u << bit) != 0)
          ret_seqs[n++] = (uint16_t) (seq + bit + 1);
    }
  return n;
}

bool
sfu_rtcp_get_fir (const SfuRtcp *packet, unsigned index, uint32_t *ret_ssrc, uint8_t *ret_seq_nr)
{
  AlReader reader;

  if (packet->kind != SFU_RTCP_FIR || !open_at (packet, FEEDBACK_BYTES + 8 * (size_t) index, &reader)
      || al_reader_remaining (&reader) < 8)
    return false;
  *ret_ssrc = al_reader_u32 (&reader);
  *ret_seq_nr = al_reader_u8 (&reader);
  return true;
}

bool
sfu_rtcp_parse_remb (const SfuRtcp *packet, uint64_t *ret_bps)
{
  uint32_t rate, exponent, mantissa;
  AlReader reader;

  if (packet->kind != SFU_RTCP_REMB || !open_at (packet, FEEDBACK_BYTES + 5, &reader))
    return false;
  rate = al_reader_u24 (&reader); /* 6 bits of exponent, 18 of mantissa */
  exponent = rate >> 18;
  mantissa = rate & 0x3ffff;
  if (exponent >= 46 && mantissa > UINT64_MAX >> exponent)
    *ret_bps = UINT64_MAX;
  else
    *ret_bps = (uint64_t) mantissa << exponent;
  return true;
}

/*
 * |                              SSRC                             |
 * |   seq nr      |C| payload type|           reserved            |
 * | RES | TTID| TLID          | RES | CTID| CLID                  |  5+3+8, 5+3+8 bits
 */
bool
sfu_rtcp_get_lrr (const SfuRtcp *packet, unsigned index, SfuRtcpLrr *ret_lrr)
{
  SfuRtcpLrr lrr = { 0 };
  AlReader reader;
  uint8_t type;

  if (packet->kind != SFU_RTCP_LRR || !open_at (packet, FEEDBACK_BYTES + LRR_BYTES * (size_t) index, &reader)
      || al_reader_remaining (&reader) < LRR_BYTES)
    return false;
  lrr.ssrc = al_reader_u32 (&reader);
  lrr.seq_nr = al_reader_u8 (&reader);
  type = al_reader_u8 (&reader);
  lrr.has_current = (type & 0x80) != 0;
  lrr.payload_type = type & 0x7f;
  al_reader_skip (&reader, 2);
  lrr.target_temporal = al_reader_u8 (&reader) & 7;
  lrr.target_layer = al_reader_u8 (&reader);
  lrr.current_temporal = al_reader_u8 (&reader) & 7;
  lrr.current_layer = al_reader_u8 (&reader);
  *ret_lrr = lrr;
  return true;
}

/* the next block of @type. @reader: of an XR, behind its header and SSRC; @ret_block: its content */
static bool
next_block (AlReader *reader, uint8_t type, AlReader *ret_block)
{
  while (al_reader_remaining (reader) >= 4)
    {
      uint8_t found = al_reader_u8 (reader);
      uint32_t bytes;

      al_reader_skip (reader, 1);
      bytes = 4u * al_reader_u16 (reader);
      if (!al_reader_sub (reader, bytes, ret_block))
        return false;
      if (found == type)
        return true;
    }
  return false;
}

bool
sfu_rtcp_find_rrtr (const SfuRtcp *packet, uint64_t *ret_ntp)
{
  AlReader reader, block;

  if (packet->kind != SFU_RTCP_XR || !open_at (packet, XR_BYTES, &reader))
    return false;
  if (!next_block (&reader, XR_RRTR, &block) || al_reader_remaining (&block) < 8)
    return false;
  *ret_ntp = al_reader_u64 (&block);
  return true;
}

bool
sfu_rtcp_get_dlrr (const SfuRtcp *packet, unsigned index, SfuRtcpDlrr *ret_dlrr)
{
  AlReader reader, block;

  /* each walks from the beginning: bounded, so that no packet costs a walk per block of it */
  if (packet->kind != SFU_RTCP_XR || index >= SFU_RTCP_REPORTS_MAX || !open_at (packet, XR_BYTES, &reader))
    return false;
  while (next_block (&reader, XR_DLRR, &block))
    {
      size_t n = al_reader_remaining (&block) / DLRR_BYTES;

      if (index >= n)
        {
          index -= (unsigned) n;
          continue;
        }
      al_reader_skip (&block, index * (size_t) DLRR_BYTES);
      ret_dlrr->ssrc = al_reader_u32 (&block);
      ret_dlrr->lrr = al_reader_u32 (&block);
      ret_dlrr->dlrr = al_reader_u32 (&block);
      return true;
    }
  return false;
}
