/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/audio.h"

#define SILENCE 127
#define RISE_US 20000
#define FALL_US 80000
/* what a voice detector does not call voice has to be this much louder */
#define NO_VOICE 10

void
sfu_audio_on_packet (SfuAudio *audio, uint8_t level, bool voice, int64_t now_us)
{
  int32_t loud = SILENCE - (level > SILENCE ? SILENCE : level), target, change;
  int64_t past = now_us - audio->at_us, span;

  if (!voice)
    loud = loud > NO_VOICE ? loud - NO_VOICE : 0;
  if (audio->at_us == 0 || past > SFU_AUDIO_SILENT_US)
    {
      audio->loud_16 = 0;
      past = RISE_US;
    }
  /* first order, by time and not by packets: 10 and 60 ms frames come out alike */
  target = loud * 16;
  span = target > audio->loud_16 ? RISE_US : FALL_US;
  change = (int32_t) ((target - audio->loud_16) * past / (past + span));
  audio->loud_16 += change;
  audio->at_us = now_us;
}

uint8_t
sfu_audio_get_loudness (const SfuAudio *audio, int64_t now_us)
{
  if (audio->at_us == 0 || now_us - audio->at_us > SFU_AUDIO_SILENT_US)
    return 0;
  return (uint8_t) (audio->loud_16 / 16);
}
