/* SPDX-License-Identifier: Apache-2.0 */
/* VP9 in RTP (RFC 9628). Any thread. */
#include "sfu/vp9.h"

#include "base/bytes.h"

/*
 * |I|P|L|F|B|E|V|Z|  required
 * |M| PICTURE ID  |  with I: 7 bits; with M 15
 * | TID |U| SID |D|  with L
 * |  TL0PICIDX    |  with L, without F
 * |   P_DIFF    |N|  with F and P: up to 3, N: one more
 * scalability structure with V:
 * | N_S |Y|G|-|-|-|
 * with Y: N_S + 1 times width (16), height (16); with G: |N_G|, N_G times | TID |U| R |-|-| and R times P_DIFF (8)
 */
enum { FLAG_I = 0x80, FLAG_P = 0x40, FLAG_L = 0x20, FLAG_F = 0x10, FLAG_B = 0x08, FLAG_E = 0x04, FLAG_V = 0x02, FLAG_Z = 0x01 };

#define REFERENCES_MAX 3

static size_t
get_at (const AlReader *reader, size_t len)
{
  return len - al_reader_remaining (reader);
}

static void
read_picture_id (AlReader *reader, size_t len, SfuVp9 *vp9)
{
  vp9->picture_id_at = (uint8_t) get_at (reader, len);
  vp9->picture_id = al_reader_u8 (reader);
  vp9->long_picture_id = (vp9->picture_id & 0x80) != 0;
  if (vp9->long_picture_id)
    vp9->picture_id = (uint16_t) ((vp9->picture_id & 0x7f) << 8 | al_reader_u8 (reader));
}

static bool
read_layers (AlReader *reader, size_t len, SfuFrame *frame)
{
  uint8_t byte = al_reader_u8 (reader);
  unsigned spatial = byte >> 1 & 7, temporal = byte >> 5;

  if (spatial >= SFU_SPATIAL_MAX || temporal >= SFU_TEMPORAL_MAX)
    return false;
  frame->spatial = (uint8_t) spatial;
  frame->temporal = (uint8_t) temporal;
  frame->switch_up = (byte & 0x10) != 0 || temporal == 0;
  frame->vp9.inter_layer = (byte & 1) != 0;
  if (frame->vp9.flexible)
    return true;
  frame->vp9.tl0_at = (uint8_t) get_at (reader, len);
  frame->vp9.tl0_pic_idx = al_reader_u8 (reader);
  return true;
}

static bool
skip_references (AlReader *reader)
{
  for (unsigned i = 0; i < REFERENCES_MAX; i++)
    if ((al_reader_u8 (reader) & 1) == 0)
      return true;
  return false;
}

static void
read_structure (AlReader *reader, SfuFrame *frame)
{
  uint8_t first = al_reader_u8 (reader);

  for (unsigned i = 0; (first & 0x10) != 0 && i <= first >> 5; i++)
    {
      uint16_t width = al_reader_u16 (reader), height = al_reader_u16 (reader);

      if (i != frame->spatial)
        continue;
      frame->width = width;
      frame->height = height;
    }
  if ((first & 0x08) == 0)
    return;
  for (unsigned n = al_reader_u8 (reader); n > 0; n--)
    al_reader_skip (reader, al_reader_u8 (reader) >> 2 & 3);
}

bool
sfu_vp9_parse (const uint8_t *payload, size_t len, SfuFrame *frame)
{
  AlReader reader;
  uint8_t flags;

  al_reader_init (&reader, payload, len);
  flags = al_reader_u8 (&reader);
  frame->switch_up = true;
  frame->vp9.flexible = (flags & FLAG_F) != 0;
  frame->vp9.inter_picture = (flags & FLAG_P) != 0;
  frame->vp9.not_ref_upper = (flags & FLAG_Z) != 0;
  frame->vp9.scalability = (flags & FLAG_V) != 0;
  if ((flags & FLAG_I) != 0)
    read_picture_id (&reader, len, &frame->vp9);
  if ((flags & FLAG_L) != 0 && !read_layers (&reader, len, frame))
    return false;
  if ((flags & (FLAG_F | FLAG_P)) == (FLAG_F | FLAG_P) && !skip_references (&reader))
    return false;
  if (frame->vp9.scalability)
    read_structure (&reader, frame);
  if (al_reader_failed (&reader) || al_reader_remaining (&reader) == 0)
    return false;
  frame->start = (flags & FLAG_B) != 0;
  frame->end = (flags & FLAG_E) != 0;
  frame->keyframe = !frame->vp9.inter_picture;
  return true;
}

void
sfu_vp9_rewrite (uint8_t *payload, const SfuVp9 *vp9, uint16_t picture_id, uint8_t tl0_pic_idx)
{
  uint8_t *at = payload + vp9->picture_id_at;

  if (vp9->picture_id_at != 0 && vp9->long_picture_id)
    {
      at[0] = (uint8_t) (0x80 | (picture_id >> 8 & 0x7f));
      at[1] = (uint8_t) picture_id;
    }
  else if (vp9->picture_id_at != 0)
    at[0] = picture_id & 0x7f;
  if (vp9->tl0_at != 0)
    payload[vp9->tl0_at] = tl0_pic_idx;
}
