/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How loud an audio track is: RFC 6464's levels of its packets, smoothed. Levels come from clients: they decide who is
 * heard, and nothing else. Pure; the worker that has the publisher.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** SFU_AUDIO_SILENT_US: without a packet for so long (DTX, mute, a dead publisher) a track is silent. */
#define SFU_AUDIO_SILENT_US 400000

/** SfuAudio: zeroed it is silent. */
typedef struct {
  /*< private >*/
  int64_t at_us;   /* of the last packet; 0: none */
  int32_t loud_16; /* smoothed loudness times 16 */
} SfuAudio;

/**
 * sfu_audio_on_packet:
 * @level: RFC 6464: 0 (loudest) to 127 dB below
 * @voice: its V bit; a sender without voice detection never sets it, so it only weighs
 * @now_us: arrival, over 0
 *
 * Rises within 60 ms, falls within 200 ms.
 */
void sfu_audio_on_packet (SfuAudio *audio, uint8_t level, bool voice, int64_t now_us);
/** sfu_audio_get_loudness: Returns: 0 (silent) to 127. */
uint8_t sfu_audio_get_loudness (const SfuAudio *audio, int64_t now_us);
