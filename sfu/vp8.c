/* SPDX-License-Identifier: Apache-2.0 */
/* VP8 in RTP (RFC 7741). Any thread. */
#include "sfu/vp8.h"

#include "base/bytes.h"

/*
 * |X|R|N|S|R| PID |        required
 * |I|L|T|K|  RSV  |  with X
 * |M| PictureID   |  with I: 7 bits; with M 15
 * |  TL0PICIDX    |  with L
 * |TID|Y| KEYIDX  |  with T or K
 *
 * then the frame, whose first byte stays clear under end-to-end encryption: |size0|H|VER|P|, P: 0 for a keyframe, and of a
 * keyframe the first 10: 3 bytes of tag, the start code, width and height
 */
#define KEYFRAME_CLEAR_BYTES 10

static size_t
get_at (const AlReader *reader, size_t len)
{
  return len - al_reader_remaining (reader);
}

static void
read_extension (AlReader *reader, size_t len, SfuFrame *frame)
{
  uint8_t flags = al_reader_u8 (reader), tid = 0;
  bool sync = false;

  if ((flags & 0x80) != 0)
    {
      frame->vp8.picture_id_at = (uint8_t) get_at (reader, len);
      frame->vp8.picture_id = al_reader_u8 (reader);
      frame->vp8.long_picture_id = (frame->vp8.picture_id & 0x80) != 0;
      if (frame->vp8.long_picture_id)
        frame->vp8.picture_id = (uint16_t) ((frame->vp8.picture_id & 0x7f) << 8 | al_reader_u8 (reader));
    }
  if ((flags & 0x40) != 0)
    {
      frame->vp8.tl0_at = (uint8_t) get_at (reader, len);
      frame->vp8.tl0_pic_idx = al_reader_u8 (reader);
    }
  if ((flags & 0x30) != 0)
    {
      uint8_t byte = al_reader_u8 (reader);

      tid = (flags & 0x20) != 0 ? byte >> 6 : 0;
      sync = (flags & 0x20) != 0 && (byte & 0x20) != 0;
      frame->vp8.key_idx = (flags & 0x10) != 0 ? byte & 0x1f : 0;
    }
  frame->temporal = tid;
  frame->switch_up = tid == 0 || sync;
}

/* the size, when these are a keyframe's first bytes (RFC 6386 §9.1) and not something else */
static void
read_size (const AlReader *reader, SfuFrame *frame)
{
  const uint8_t *bytes = al_reader_peek (reader, KEYFRAME_CLEAR_BYTES);

  if (bytes == NULL || bytes[3] != 0x9d || bytes[4] != 0x01 || bytes[5] != 0x2a)
    return;
  frame->width = (uint16_t) ((bytes[7] & 0x3f) << 8 | bytes[6]);
  frame->height = (uint16_t) ((bytes[9] & 0x3f) << 8 | bytes[8]);
}

bool
sfu_vp8_parse (const uint8_t *payload, size_t len, SfuFrame *frame)
{
  const uint8_t *tag;
  AlReader reader;
  uint8_t first;

  al_reader_init (&reader, payload, len);
  first = al_reader_u8 (&reader);
  frame->switch_up = true;
  if ((first & 0x80) != 0)
    read_extension (&reader, len, frame);
  tag = al_reader_peek (&reader, 1);
  if (al_reader_failed (&reader) || tag == NULL)
    return false;
  frame->start = (first & 0x10) != 0 && (first & 7) == 0;
  frame->discardable = (first & 0x20) != 0;
  frame->keyframe = frame->start && (*tag & 1) == 0;
  if (frame->keyframe)
    read_size (&reader, frame);
  return true;
}

void
sfu_vp8_rewrite (uint8_t *payload, const SfuVp8 *vp8, uint16_t picture_id, uint8_t tl0_pic_idx)
{
  uint8_t *at = payload + vp8->picture_id_at;

  if (vp8->picture_id_at != 0 && vp8->long_picture_id)
    {
      at[0] = (uint8_t) (0x80 | (picture_id >> 8 & 0x7f));
      at[1] = (uint8_t) picture_id;
    }
  else if (vp8->picture_id_at != 0)
    at[0] = picture_id & 0x7f;
  if (vp8->tl0_at != 0)
    payload[vp8->tl0_at] = tl0_pic_idx;
}
