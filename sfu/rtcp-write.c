/* SPDX-License-Identifier: Apache-2.0 */
/* Writing RTCP. Any thread. */
#include "sfu/rtcp.h"

#include "sfu/rtcp-private.h"

void
sfu_rtcp_begin (SfuRtcpWriter *out, void *data, size_t size)
{
  al_writer_init (&out->writer, data, size);
}

size_t
sfu_rtcp_end (const SfuRtcpWriter *out)
{
  return al_writer_len (&out->writer);
}

/* the header of a packet of @bytes, all of which fit then. Returns: false when there is no room, and nothing was changed */
static bool
put_header (SfuRtcpWriter *out, unsigned count, unsigned type, size_t bytes)
{
  size_t words = bytes / 4 - 1;

  if (words > UINT16_MAX || bytes > (size_t) (out->writer.end - out->writer.next))
    return false;
  al_writer_u8 (&out->writer, (uint8_t) (RTCP_VERSION << 6 | count));
  al_writer_u8 (&out->writer, (uint8_t) type);
  al_writer_u16 (&out->writer, (uint16_t) words);
  return true;
}

static void
put_reports (AlWriter *writer, const SfuRtcpReport *reports, unsigned n)
{
  for (unsigned i = 0; i < n; i++)
    {
      int32_t lost = reports[i].lost;

      lost = lost > 0x7fffff ? 0x7fffff : lost < -0x800000 ? -0x800000 : lost;
      al_writer_u32 (writer, reports[i].ssrc);
      al_writer_u8 (writer, reports[i].fraction_lost);
      al_writer_u24 (writer, (uint32_t) lost);
      al_writer_u32 (writer, reports[i].highest_seq);
      al_writer_u32 (writer, reports[i].jitter);
      al_writer_u32 (writer, reports[i].lsr);
      al_writer_u32 (writer, reports[i].dlsr);
    }
}

bool
sfu_rtcp_put_sr (SfuRtcpWriter *out, const SfuRtcpSr *sr, const SfuRtcpReport *reports, unsigned n)
{
  if (n > SFU_RTCP_REPORTS_MAX || !put_header (out, n, PT_SR, SR_BYTES + (size_t) n * REPORT_BYTES))
    return false;
  al_writer_u32 (&out->writer, sr->ssrc);
  al_writer_u64 (&out->writer, sr->ntp);
  al_writer_u32 (&out->writer, sr->rtp);
  al_writer_u32 (&out->writer, sr->pkts);
  al_writer_u32 (&out->writer, sr->bytes);
  put_reports (&out->writer, reports, n);
  return true;
}

bool
sfu_rtcp_put_rr (SfuRtcpWriter *out, uint32_t sender, const SfuRtcpReport *reports, unsigned n)
{
  if (n > SFU_RTCP_REPORTS_MAX || !put_header (out, n, PT_RR, RR_BYTES + (size_t) n * REPORT_BYTES))
    return false;
  al_writer_u32 (&out->writer, sender);
  put_reports (&out->writer, reports, n);
  return true;
}

bool
sfu_rtcp_put_cname (SfuRtcpWriter *out, uint32_t ssrc, const char *cname)
{
  size_t len = strlen (cname), bytes;
  /* the chunk ends with at least one zero, at a word's end (RFC 3550 §6.5) */
  bytes = (HEADER_BYTES + 4 + 2 + len + 1 + 3) & ~(size_t) 3;
  if (len > 255 || !put_header (out, 1, PT_SDES, bytes))
    return false;
  al_writer_u32 (&out->writer, ssrc);
  al_writer_u8 (&out->writer, SDES_CNAME);
  al_writer_u8 (&out->writer, (uint8_t) len);
  al_writer_bytes (&out->writer, cname, len);
  al_writer_zero (&out->writer, bytes - (HEADER_BYTES + 4 + 2 + len));
  return true;
}

bool
sfu_rtcp_put_bye (SfuRtcpWriter *out, const uint32_t *ssrcs, unsigned n)
{
  if (n == 0 || n > SFU_RTCP_REPORTS_MAX || !put_header (out, n, PT_BYE, HEADER_BYTES + 4 * (size_t) n))
    return false;
  for (unsigned i = 0; i < n; i++)
    al_writer_u32 (&out->writer, ssrcs[i]);
  return true;
}

static bool
put_feedback (SfuRtcpWriter *out, unsigned format, unsigned type, size_t bytes, const uint32_t ssrcs[2])
{
  if (!put_header (out, format, type, FEEDBACK_BYTES + bytes))
    return false;
  al_writer_u32 (&out->writer, ssrcs[0]);
  al_writer_u32 (&out->writer, ssrcs[1]);
  return true;
}

/* the next item of a NACK: @seqs[0] and those up to 16 behind it. Returns: how many of @seqs it names */
static size_t
pack_nack (const uint16_t *seqs, size_t n, uint16_t *ret_more)
{
  size_t i = 1;

  *ret_more = 0;
  for (; i < n; i++)
    {
      uint16_t ahead = (uint16_t) (seqs[i] - seqs[0]);

      if (ahead > 16)
        break;
      if (ahead > 0)
        *ret_more |= (uint16_t) (1u << (ahead - 1));
    }
  return i;
}

bool
sfu_rtcp_put_nack (SfuRtcpWriter *out, uint32_t sender, uint32_t media, const uint16_t *seqs, size_t n)
{
  size_t n_items = 0;
  uint16_t more;

  for (size_t i = 0; i < n; i += pack_nack (seqs + i, n - i, &more))
    n_items++;
  if (n == 0 || !put_feedback (out, RTPFB_NACK, PT_RTPFB, 4 * n_items, (uint32_t[]){ sender, media }))
    return false;
  for (size_t i = 0, used; i < n; i += used)
    {
      used = pack_nack (seqs + i, n - i, &more);
      al_writer_u16 (&out->writer, seqs[i]);
      al_writer_u16 (&out->writer, more);
    }
  return true;
}

bool
sfu_rtcp_put_pli (SfuRtcpWriter *out, uint32_t sender, uint32_t media)
{
  return put_feedback (out, PSFB_PLI, PT_PSFB, 0, (uint32_t[]){ sender, media });
}

bool
sfu_rtcp_put_fir (SfuRtcpWriter *out, uint32_t sender, uint32_t media, uint8_t seq_nr)
{
  /* RFC 5104 §4.3.1.1: the common media source is 0, the entry names it */
  if (!put_feedback (out, PSFB_FIR, PT_PSFB, 8, (uint32_t[]){ sender, 0 }))
    return false;
  al_writer_u32 (&out->writer, media);
  al_writer_u32 (&out->writer, (uint32_t) seq_nr << 24);
  return true;
}

bool
sfu_rtcp_put_lrr (SfuRtcpWriter *out, uint32_t sender, const SfuRtcpLrr *lrr)
{
  if (!put_feedback (out, PSFB_LRR, PT_PSFB, LRR_BYTES, (uint32_t[]){ sender, 0 }))
    return false;
  al_writer_u32 (&out->writer, lrr->ssrc);
  al_writer_u8 (&out->writer, lrr->seq_nr);
  al_writer_u8 (&out->writer, (uint8_t) ((lrr->has_current ? 0x80 : 0) | (lrr->payload_type & 0x7f)));
  al_writer_u16 (&out->writer, 0);
  al_writer_u8 (&out->writer, lrr->target_temporal & 7);
  al_writer_u8 (&out->writer, lrr->target_layer);
  al_writer_u8 (&out->writer, lrr->has_current ? lrr->current_temporal & 7 : 0);
  al_writer_u8 (&out->writer, lrr->has_current ? lrr->current_layer : 0);
  return true;
}

bool
sfu_rtcp_put_remb (SfuRtcpWriter *out, uint32_t sender, uint64_t bps, const uint32_t *ssrcs, unsigned n)
{
  unsigned exponent = 0;
  if (n > 255 || !put_feedback (out, PSFB_AFB, PT_PSFB, 8 + 4 * (size_t) n, (uint32_t[]){ sender, 0 }))
    return false;
  while (bps >> exponent > 0x3ffff)
    exponent++;
  al_writer_bytes (&out->writer, "REMB", 4);
  al_writer_u8 (&out->writer, (uint8_t) n);
  al_writer_u24 (&out->writer, exponent << 18 | (uint32_t) (bps >> exponent));
  for (unsigned i = 0; i < n; i++)
    al_writer_u32 (&out->writer, ssrcs[i]);
  return true;
}

static bool
put_xr (SfuRtcpWriter *out, uint32_t sender, uint8_t type, size_t bytes)
{
  if (!put_header (out, 0, PT_XR, XR_BYTES + 4 + bytes))
    return false;
  al_writer_u32 (&out->writer, sender);
  al_writer_u16 (&out->writer, (uint16_t) (type << 8));
  al_writer_u16 (&out->writer, (uint16_t) (bytes / 4));
  return true;
}

bool
sfu_rtcp_put_rrtr (SfuRtcpWriter *out, uint32_t sender, uint64_t ntp)
{
  if (!put_xr (out, sender, XR_RRTR, 8))
    return false;
  al_writer_u64 (&out->writer, ntp);
  return true;
}

bool
sfu_rtcp_put_dlrr (SfuRtcpWriter *out, uint32_t sender, const SfuRtcpDlrr *dlrrs, unsigned n)
{
  if (n == 0 || n > SFU_RTCP_REPORTS_MAX || !put_xr (out, sender, XR_DLRR, (size_t) n * DLRR_BYTES))
    return false;
  for (unsigned i = 0; i < n; i++)
    {
      al_writer_u32 (&out->writer, dlrrs[i].ssrc);
      al_writer_u32 (&out->writer, dlrrs[i].lrr);
      al_writer_u32 (&out->writer, dlrrs[i].dlrr);
    }
  return true;
}

bool
sfu_rtcp_put_packet (SfuRtcpWriter *out, const uint8_t *packet, size_t len)
{
  if (len % 4 != 0 || len > (size_t) (out->writer.end - out->writer.next))
    return false;
  return al_writer_bytes (&out->writer, packet, len);
}
