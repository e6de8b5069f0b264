/* SPDX-License-Identifier: Apache-2.0 */
/* H264 in RTP (RFC 6184), packetization modes 0 and 1. Any thread. */
#include "sfu/h264.h"

#include "base/bytes.h"

/* NAL unit types (H.264 table 7-1, RFC 6184 table 1) */
enum {
  NAL_SLICE = 1,
  NAL_PARTITION_A = 2,
  NAL_PARTITION_C = 4,
  NAL_IDR = 5,
  NAL_SEI = 6,
  NAL_SPS = 7,
  NAL_PPS = 8,
  NAL_DELIMITER = 9,
  NAL_LAST_SINGLE = 23,
  NAL_STAP_A = 24,
  NAL_FU_A = 28
};

#define TYPE(header) ((header) &0x1f)
#define REF_IDC(header) ((header) >> 5 & 3)

/* @body: what follows the header; @begins: it is the unit's beginning, not a later fragment */
static void
note_unit (SfuFrame *frame, uint8_t header, const uint8_t *body, size_t len, bool begins)
{
  switch (TYPE (header))
    {
    case NAL_IDR:
    case NAL_SLICE:
    case NAL_PARTITION_A:
      /* first_mb_in_slice is 0: the Exp-Golomb code of one set bit (H.264 §7.3.3) */
      frame->start = frame->start || (begins && len > 0 && (body[0] & 0x80) != 0);
      break;
    case NAL_SEI:
    case NAL_SPS:
    case NAL_PPS:
    case NAL_DELIMITER:
      frame->start = frame->start || begins; /* each stands in front of a picture's first slice (§7.4.1.2.3) */
      break;
    default:
      break;
    }
  frame->keyframe = frame->keyframe || TYPE (header) == NAL_IDR || TYPE (header) == NAL_SPS;
  if (REF_IDC (header) != 0 || TYPE (header) < NAL_SLICE || TYPE (header) > NAL_PARTITION_C)
    frame->discardable = false;
}

/* |header| then each: size (16), NAL unit (RFC 6184 §5.7.1) */
static bool
parse_aggregate (AlReader *reader, SfuFrame *frame)
{
  if (al_reader_remaining (reader) == 0)
    return false;
  while (al_reader_remaining (reader) > 0)
    {
      uint16_t size = al_reader_u16 (reader);
      const uint8_t *unit = al_reader_slice (reader, size);

      if (unit == NULL || size == 0 || TYPE (unit[0]) == 0 || TYPE (unit[0]) > NAL_LAST_SINGLE)
        return false;
      note_unit (frame, unit[0], unit + 1, size - 1u, true);
    }
  return true;
}

/* |F|NRI|28| |S|E|R| type |, fragment (RFC 6184 §5.8) */
static bool
parse_fragment (AlReader *reader, uint8_t indicator, SfuFrame *frame)
{
  uint8_t header = al_reader_u8 (reader);
  size_t len = al_reader_remaining (reader);
  const uint8_t *body = al_reader_slice (reader, len);

  if (body == NULL || len == 0 || TYPE (header) == 0 || TYPE (header) > NAL_LAST_SINGLE)
    return false;
  note_unit (frame, (uint8_t) ((indicator & 0xe0) | TYPE (header)), body, len, (header & 0x80) != 0);
  return true;
}

bool
sfu_h264_parse (const uint8_t *payload, size_t len, SfuFrame *frame)
{
  AlReader reader;
  uint8_t first;
  bool good;

  al_reader_init (&reader, payload, len);
  first = al_reader_u8 (&reader);
  if (al_reader_failed (&reader) || TYPE (first) == 0)
    return false;
  frame->switch_up = true;
  frame->discardable = true; /* until something is found that is not */
  if (TYPE (first) == NAL_STAP_A)
    good = parse_aggregate (&reader, frame);
  else if (TYPE (first) == NAL_FU_A)
    good = parse_fragment (&reader, first, frame);
  else if (TYPE (first) <= NAL_LAST_SINGLE)
    {
      note_unit (frame, first, payload + 1, len - 1, true);
      good = true;
    }
  else
    good = false; /* interleaved mode is never negotiated */
  frame->discardable = frame->discardable && good;
  return good;
}
