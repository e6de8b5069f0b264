/* SPDX-License-Identifier: Apache-2.0 */
/* RTP packets (RFC 3550 §5.1, §5.3.1, RFC 8285). Any thread. */
#include "sfu/rtp.h"

#define RTP_VERSION 2
#define PADDING_BIT 0x20
#define EXTENSION_BIT 0x10
#define PROFILE_ONE_BYTE 0xbede
#define PROFILE_TWO_BYTE 0x1000 /* and its low four bits, "appbits" */

/*
 *  0                   1                   2                   3
 * |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 * |                           timestamp                           |
 * |                             SSRC                              |
 * |                         CC times CSRC                         |
 * |     with X: profile           | length in words               | elements ...
 */

bool
sfu_rtp_is_rtcp (const uint8_t *data, size_t len)
{
  return len >= 2 && data[1] >= 192 && data[1] <= 223;
}

static bool
is_two_byte (uint16_t profile)
{
  return (profile & 0xfff0) == PROFILE_TWO_BYTE;
}

/* the element at or behind @offset of the one-byte form. Returns: 1: there, 0: the end, -1: malformed */
static int
next_one_byte (const uint8_t *data, uint32_t offset, uint32_t end, SfuRtpExt *ret_ext)
{
  uint8_t id, len;

  while (offset < end && data[offset] == 0)
    offset++;
  if (offset >= end)
    return 0;
  id = data[offset] >> 4;
  len = (uint8_t) ((data[offset] & 15) + 1);
  /* RFC 8285 §4.2: id 15 is reserved, id 0 with a length is none: both MUST end the processing */
  if (id == 0 || id == 15)
    return 0;
  if (len > end - offset - 1)
    return -1;
  *ret_ext = (SfuRtpExt){ .value = data + offset + 1, .id = id, .len = len, .next = (uint16_t) (offset + 1 + len) };
  return 1;
}

/* the same of the two-byte form (RFC 8285 §4.3) */
static int
next_two_byte (const uint8_t *data, uint32_t offset, uint32_t end, SfuRtpExt *ret_ext)
{
  uint8_t len;

  while (offset < end && data[offset] == 0)
    offset++;
  if (offset >= end)
    return 0;
  if (end - offset < 2)
    return -1;
  len = data[offset + 1];
  if (len > end - offset - 2)
    return -1;
  *ret_ext = (SfuRtpExt){ .value = data + offset + 2, .id = data[offset], .len = len, .next = (uint16_t) (offset + 2 + len) };
  return 1;
}

static int
next_ext (const SfuRtp *rtp, uint32_t offset, SfuRtpExt *ret_ext)
{
  uint32_t end = (uint32_t) rtp->ext_offset + rtp->ext_len;

  if (rtp->ext_profile == PROFILE_ONE_BYTE)
    return next_one_byte (rtp->data, offset, end, ret_ext);
  return is_two_byte (rtp->ext_profile) ? next_two_byte (rtp->data, offset, end, ret_ext) : 0;
}

/* so that whoever iterates later need not fear a broken block */
static bool
are_exts_good (const SfuRtp *rtp)
{
  uint32_t offset = rtp->ext_offset;
  SfuRtpExt ext;
  unsigned n = 0;
  int found;

  while ((found = next_ext (rtp, offset, &ext)) > 0)
    {
      if (++n > SFU_RTP_EXT_MAX)
        return false;
      offset = ext.next;
    }
  return found == 0;
}

static bool
read_ext_block (AlReader *reader, size_t len, SfuRtp *rtp)
{
  uint32_t bytes;

  rtp->ext_profile = al_reader_u16 (reader);
  bytes = 4u * al_reader_u16 (reader);
  if (!al_reader_skip (reader, bytes))
    return false;
  rtp->ext_len = (uint16_t) bytes;
  rtp->ext_offset = (uint16_t) (len - al_reader_remaining (reader) - bytes);
  return are_exts_good (rtp);
}

bool
sfu_rtp_parse (const uint8_t *data, size_t len, SfuRtp *ret_rtp)
{
  AlReader reader;
  uint8_t first, second;
  size_t rest;

  if (len < SFU_RTP_HEADER_BYTES || len > UINT16_MAX)
    return false;
  al_reader_init (&reader, data, len);
  first = al_reader_u8 (&reader);
  second = al_reader_u8 (&reader);
  if (first >> 6 != RTP_VERSION)
    return false;
  *ret_rtp = (SfuRtp){ .data = data, .len = (uint32_t) len, .payload_type = second & 0x7f, .marker = second >> 7 != 0 };
  ret_rtp->seq = al_reader_u16 (&reader);
  ret_rtp->timestamp = al_reader_u32 (&reader);
  ret_rtp->ssrc = al_reader_u32 (&reader);
  if (!al_reader_skip (&reader, 4u * (first & 15u)))
    return false;
  if ((first & EXTENSION_BIT) != 0 && !read_ext_block (&reader, len, ret_rtp))
    return false;
  rest = al_reader_remaining (&reader);
  ret_rtp->header_len = (uint16_t) (len - rest);
  if ((first & PADDING_BIT) != 0)
    {
      /* the last byte counts the padding with itself (RFC 3550 §5.1) */
      if (rest == 0 || data[len - 1] == 0 || data[len - 1] > rest)
        return false;
      ret_rtp->padding_len = data[len - 1];
    }
  ret_rtp->payload_len = (uint16_t) (rest - ret_rtp->padding_len);
  return true;
}

bool
sfu_rtp_next_ext (const SfuRtp *rtp, SfuRtpExt *ext)
{
  return next_ext (rtp, ext->next == 0 ? rtp->ext_offset : ext->next, ext) > 0;
}

bool
sfu_rtp_find_ext (const SfuRtp *rtp, uint8_t id, SfuRtpExt *ret_ext)
{
  SfuRtpExt ext = { 0 };

  while (sfu_rtp_next_ext (rtp, &ext))
    if (ext.id == id)
      {
        *ret_ext = ext;
        return true;
      }
  return false;
}

void
sfu_rtp_begin (SfuRtpWriter *out, void *data, size_t size, uint8_t payload_type, bool marker, uint16_t seq,
               uint32_t timestamp, uint32_t ssrc, bool two_byte)
{
  al_writer_init (&out->writer, data, size < UINT16_MAX ? size : UINT16_MAX);
  out->ext_at = 0;
  out->two_byte = two_byte;
  al_writer_u8 (&out->writer, RTP_VERSION << 6);
  al_writer_u8 (&out->writer, (uint8_t) ((marker ? 0x80 : 0) | (payload_type & 0x7f)));
  al_writer_u16 (&out->writer, seq);
  al_writer_u32 (&out->writer, timestamp);
  al_writer_u32 (&out->writer, ssrc);
}

static void
begin_ext_block (SfuRtpWriter *out)
{
  al_writer_patch_u8 (&out->writer, 0, RTP_VERSION << 6 | EXTENSION_BIT);
  al_writer_u16 (&out->writer, out->two_byte ? PROFILE_TWO_BYTE : PROFILE_ONE_BYTE);
  al_writer_u16 (&out->writer, 0); /* the length, filled in at the end */
  out->ext_at = (uint32_t) al_writer_len (&out->writer);
}

static void
end_ext_block (SfuRtpWriter *out)
{
  size_t bytes;

  if (out->ext_at == 0)
    return;
  bytes = al_writer_len (&out->writer) - out->ext_at;
  al_writer_zero (&out->writer, -bytes & 3);
  al_writer_patch_u16 (&out->writer, out->ext_at - 2, (uint16_t) ((bytes + 3) / 4));
  out->ext_at = 0;
}

uint8_t *
sfu_rtp_put_ext (SfuRtpWriter *out, uint8_t id, const void *value, size_t len)
{
  uint8_t *room;

  if (id == 0)
    return NULL;
  if (out->two_byte ? len > 255 : id > 14 || len == 0 || len > 16)
    {
      out->writer.failed = true;
      return NULL;
    }
  if (out->ext_at == 0 && al_writer_len (&out->writer) > SFU_RTP_HEADER_BYTES)
    out->writer.failed = true; /* behind the payload */
  else if (out->ext_at == 0)
    begin_ext_block (out);
  if (out->two_byte)
    al_writer_u16 (&out->writer, (uint16_t) (id << 8 | len));
  else
    al_writer_u8 (&out->writer, (uint8_t) (id << 4 | (len - 1)));
  room = al_writer_reserve (&out->writer, len);
  if (room != NULL && len > 0)
    {
      if (value != NULL)
        (void) memcpy (room, value, len);
      else
        (void) memset (room, 0, len);
    }
  return room;
}

uint8_t *
sfu_rtp_put_payload (SfuRtpWriter *out, const void *payload, size_t len)
{
  uint8_t *room;

  end_ext_block (out);
  room = al_writer_reserve (&out->writer, len);
  if (room != NULL && len > 0 && payload != NULL)
    (void) memcpy (room, payload, len);
  return room;
}

size_t
sfu_rtp_get_header_len (SfuRtpWriter *out)
{
  end_ext_block (out);
  return al_writer_len (&out->writer);
}

size_t
sfu_rtp_end (SfuRtpWriter *out, uint8_t padding)
{
  end_ext_block (out);
  if (padding > 0)
    {
      al_writer_zero (&out->writer, padding - 1u);
      al_writer_u8 (&out->writer, padding);
      if (!al_writer_failed (&out->writer))
        out->writer.begin[0] |= PADDING_BIT;
    }
  return al_writer_failed (&out->writer) ? 0 : al_writer_len (&out->writer);
}
