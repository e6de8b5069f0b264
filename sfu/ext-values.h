/* SPDX-License-Identifier: Apache-2.0 */
/* Values of small header extensions, read and written. Each read returns false when the length is not one of the extension's;
 * each write fills exactly the bytes that its constant says. No state. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SFU_AUDIO_LEVEL_BYTES 1
#define SFU_ABS_SEND_TIME_BYTES 3
#define SFU_TRANSPORT_CC_BYTES 2
#define SFU_PLAYOUT_DELAY_BYTES 3
#define SFU_ORIENTATION_BYTES 1
/** SFU_ABS_CAPTURE_TIME_BYTES: without the clock offset; SFU_ABS_CAPTURE_TIME_LONG_BYTES: with it. */
#define SFU_ABS_CAPTURE_TIME_BYTES 8
#define SFU_ABS_CAPTURE_TIME_LONG_BYTES 16

/** SfuAudioLevel: RFC 6464. @level: 0 (loudest) to 127 (silence) dBov below; @voice: its V bit. */
typedef struct {
  uint8_t level;
  bool voice;
} SfuAudioLevel;
/** sfu_audio_level_read: 1 byte, or 2 as the two-byte form pads it (RFC 6464 §3). */
bool sfu_audio_level_read (const uint8_t *value, size_t len, SfuAudioLevel *ret_level);
void sfu_audio_level_write (const SfuAudioLevel *level, uint8_t ret_value[SFU_AUDIO_LEVEL_BYTES]);

/** sfu_abs_send_time_read: seconds in 6.18 bits; @ret_us: in microseconds, below 64 s. */
bool sfu_abs_send_time_read (const uint8_t *value, size_t len, uint32_t *ret_us);
/** sfu_abs_send_time_write: @time_us: of any clock, not negative; its seconds modulo 64 are written. */
void sfu_abs_send_time_write (int64_t time_us, uint8_t ret_value[SFU_ABS_SEND_TIME_BYTES]);

/** sfu_transport_cc_read: the transport-wide sequence number; version 2 has 2 bytes more, which are not looked at. */
bool sfu_transport_cc_read (const uint8_t *value, size_t len, uint16_t *ret_seq);
void sfu_transport_cc_write (uint16_t seq, uint8_t ret_value[SFU_TRANSPORT_CC_BYTES]);

/** SfuPlayoutDelay: 0 to 40,950 ms, in steps of 10. */
typedef struct {
  uint16_t min_ms, max_ms;
} SfuPlayoutDelay;
/** sfu_playout_delay_read: Returns: false also when the minimum is above the maximum. */
bool sfu_playout_delay_read (const uint8_t *value, size_t len, SfuPlayoutDelay *ret_delay);
/** sfu_playout_delay_write: rounded down, and down to what can be said. */
void sfu_playout_delay_write (const SfuPlayoutDelay *delay, uint8_t ret_value[SFU_PLAYOUT_DELAY_BYTES]);

/** SfuOrientation: 3GPP TS 26.114. @rotation: degrees to turn clockwise for upright: 0, 90, 180, 270. */
typedef struct {
  uint16_t rotation;
  bool back_camera, flip;
} SfuOrientation;
bool sfu_orientation_read (const uint8_t *value, size_t len, SfuOrientation *ret_orientation);
void sfu_orientation_write (const SfuOrientation *orientation, uint8_t ret_value[SFU_ORIENTATION_BYTES]);

/**
 * SfuAbsCaptureTime:
 * @ntp: 32.32 seconds since 1900 on the capturer's clock
 * @offset: 32.32 seconds: what the sender of the packet estimates to be the capturer's clock minus its own (the NTP clock
 *   of its SRs); present when @has_offset. A relay adds its estimate of its upstream's clock minus its own to it
 */
typedef struct {
  uint64_t ntp;
  int64_t offset;
  bool has_offset;
} SfuAbsCaptureTime;
bool sfu_abs_capture_time_read (const uint8_t *value, size_t len, SfuAbsCaptureTime *ret_time);
/** sfu_abs_capture_time_write: Returns: bytes: SFU_ABS_CAPTURE_TIME_BYTES, or _LONG_BYTES with an offset. */
size_t sfu_abs_capture_time_write (const SfuAbsCaptureTime *time, uint8_t ret_value[SFU_ABS_CAPTURE_TIME_LONG_BYTES]);
