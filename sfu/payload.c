/* SPDX-License-Identifier: Apache-2.0 */
/* One packet's payload, whichever its codec. Any thread. */
#include "sfu/payload.h"

#include "sfu/h264.h"
#include "sfu/vp8.h"
#include "sfu/vp9.h"

/* |Z|Y| W |N|-|-|-|: Z, Y: begins, ends with a fragment; W: elements; N: a new coded video sequence (AV1 RTP §4.4) */
static bool
parse_av1 (const uint8_t *payload, size_t len, SfuFrame *frame)
{
  bool begins_sequence;

  if (len < 2)
    return false;
  begins_sequence = (payload[0] & 0x08) != 0;
  if (begins_sequence && (payload[0] & 0x80) != 0)
    return false; /* a sequence does not begin in the middle of an OBU */
  frame->switch_up = true;
  frame->start = frame->keyframe = begins_sequence;
  return true;
}

bool
sfu_payload_parse (SfuCodec codec, const uint8_t *payload, size_t len, bool marker, SfuFrame *ret_frame)
{
  SfuFrame frame = { .codec = codec, .end = marker, .picture_end = marker };
  bool good = false;

  *ret_frame = frame;
  switch (codec)
    {
    case SFU_CODEC_OPUS:
    case SFU_CODEC_RED:
      /* each packet is a frame; that of RED may be encrypted as a whole */
      frame.start = frame.end = frame.picture_end = frame.switch_up = true;
      good = codec == SFU_CODEC_OPUS || len > 0;
      break;
    case SFU_CODEC_VP8: good = sfu_vp8_parse (payload, len, &frame); break;
    case SFU_CODEC_VP9: good = sfu_vp9_parse (payload, len, &frame); break;
    case SFU_CODEC_H264: good = sfu_h264_parse (payload, len, &frame); break;
    case SFU_CODEC_AV1: good = parse_av1 (payload, len, &frame); break;
    case SFU_CODEC_NONE:
    case SFU_CODEC_N:
    default: break;
    }
  if (good)
    *ret_frame = frame;
  return good;
}
