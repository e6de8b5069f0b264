/* SPDX-License-Identifier: Apache-2.0 */
/* Small header extensions (RFC 6464, 3GPP TS 26.114, WebRTC's experiments). Any thread. */
#include "sfu/ext-values.h"

#include "base/bytes.h"

#define DELAY_STEP_MS 10
#define DELAY_STEPS_MAX 0xfffu
#define SEND_TIME_MODULO_US INT64_C (64000000)

bool
sfu_audio_level_read (const uint8_t *value, size_t len, SfuAudioLevel *ret_level)
{
  if (len != SFU_AUDIO_LEVEL_BYTES && len != SFU_AUDIO_LEVEL_BYTES + 1)
    return false;
  *ret_level = (SfuAudioLevel){ .level = value[0] & 0x7f, .voice = (value[0] & 0x80) != 0 };
  return true;
}

void
sfu_audio_level_write (const SfuAudioLevel *level, uint8_t ret_value[SFU_AUDIO_LEVEL_BYTES])
{
  ret_value[0] = (uint8_t) ((level->voice ? 0x80 : 0) | (level->level < 127 ? level->level : 127));
}

bool
sfu_abs_send_time_read (const uint8_t *value, size_t len, uint32_t *ret_us)
{
  AlReader reader;

  if (len != SFU_ABS_SEND_TIME_BYTES)
    return false;
  al_reader_init (&reader, value, len);
  *ret_us = (uint32_t) ((uint64_t) al_reader_u24 (&reader) * 1000000 >> 18);
  return true;
}

void
sfu_abs_send_time_write (int64_t time_us, uint8_t ret_value[SFU_ABS_SEND_TIME_BYTES])
{
  uint64_t rest_us = (uint64_t) (time_us % SEND_TIME_MODULO_US);
  AlWriter writer;

  al_writer_init (&writer, ret_value, SFU_ABS_SEND_TIME_BYTES);
  al_writer_u24 (&writer, (uint32_t) ((rest_us << 18) / 1000000));
}

bool
sfu_transport_cc_read (const uint8_t *value, size_t len, uint16_t *ret_seq)
{
  if (len != SFU_TRANSPORT_CC_BYTES && len != SFU_TRANSPORT_CC_BYTES + 2)
    return false;
  *ret_seq = (uint16_t) (value[0] << 8 | value[1]);
  return true;
}

void
sfu_transport_cc_write (uint16_t seq, uint8_t ret_value[SFU_TRANSPORT_CC_BYTES])
{
  ret_value[0] = (uint8_t) (seq >> 8);
  ret_value[1] = (uint8_t) seq;
}

bool
sfu_playout_delay_read (const uint8_t *value, size_t len, SfuPlayoutDelay *ret_delay)
{
  uint16_t min, max;

  if (len != SFU_PLAYOUT_DELAY_BYTES)
    return false;
  min = (uint16_t) (value[0] << 4 | value[1] >> 4);
  max = (uint16_t) ((value[1] & 15) << 8 | value[2]);
  if (min > max)
    return false;
  *ret_delay = (SfuPlayoutDelay){ .min_ms = (uint16_t) (min * DELAY_STEP_MS), .max_ms = (uint16_t) (max * DELAY_STEP_MS) };
  return true;
}

void
sfu_playout_delay_write (const SfuPlayoutDelay *delay, uint8_t ret_value[SFU_PLAYOUT_DELAY_BYTES])
{
  unsigned min = delay->min_ms / DELAY_STEP_MS, max = delay->max_ms / DELAY_STEP_MS;
  AlWriter writer;

  min = min < DELAY_STEPS_MAX ? min : DELAY_STEPS_MAX;
  max = max < DELAY_STEPS_MAX ? max : DELAY_STEPS_MAX;
  al_writer_init (&writer, ret_value, SFU_PLAYOUT_DELAY_BYTES);
  al_writer_u24 (&writer, min << 12 | max);
}

/* 0 0 0 0 C F R1 R0 */
bool
sfu_orientation_read (const uint8_t *value, size_t len, SfuOrientation *ret_orientation)
{
  if (len != SFU_ORIENTATION_BYTES)
    return false;
  *ret_orientation = (SfuOrientation){
    .rotation = (uint16_t) (90 * (value[0] & 3)),
    .back_camera = (value[0] & 8) != 0,
    .flip = (value[0] & 4) != 0,
  };
  return true;
}

void
sfu_orientation_write (const SfuOrientation *orientation, uint8_t ret_value[SFU_ORIENTATION_BYTES])
{
  unsigned quarters = orientation->rotation / 90u & 3;

  ret_value[0] = (uint8_t) ((orientation->back_camera ? 8 : 0) | (orientation->flip ? 4 : 0) | quarters);
}

bool
sfu_abs_capture_time_read (const uint8_t *value, size_t len, SfuAbsCaptureTime *ret_time)
{
  AlReader reader;

  if (len != SFU_ABS_CAPTURE_TIME_BYTES && len != SFU_ABS_CAPTURE_TIME_LONG_BYTES)
    return false;
  al_reader_init (&reader, value, len);
  *ret_time = (SfuAbsCaptureTime){ .ntp = al_reader_u64 (&reader), .has_offset = len == SFU_ABS_CAPTURE_TIME_LONG_BYTES };
  if (ret_time->has_offset)
    ret_time->offset = (int64_t) al_reader_u64 (&reader);
  return true;
}

size_t
sfu_abs_capture_time_write (const SfuAbsCaptureTime *time, uint8_t ret_value[SFU_ABS_CAPTURE_TIME_LONG_BYTES])
{
  AlWriter writer;

  al_writer_init (&writer, ret_value, SFU_ABS_CAPTURE_TIME_LONG_BYTES);
  al_writer_u64 (&writer, time->ntp);
  if (time->has_offset)
    al_writer_u64 (&writer, (uint64_t) time->offset);
  return al_writer_len (&writer);
}
