/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/keyframe.h"

#include <string.h>

bool
sfu_keyframe_may_ask (SfuKeyframeAsker *asker, int64_t now_us)
{
  int64_t *oldest = &asker->at_us[asker->next % SFU_KEYFRAME_ASKS];

  if (*oldest != 0 && now_us + 1 - *oldest < SFU_KEYFRAME_ASKS_US)
    return false;
  *oldest = now_us + 1;
  asker->next++;
  return true;
}

void
sfu_keyframe_init (SfuKeyframe *keyframe, unsigned layer)
{
  memset (keyframe, 0, sizeof *keyframe);
  keyframe->interval_us = layer == 0 ? 300000 : layer == 1 ? 500000 : 1000000;
  keyframe->sent_us = INT64_MIN;
}

void
sfu_keyframe_want (SfuKeyframe *keyframe, int64_t now_us)
{
  keyframe->wanted = true;
  keyframe->since_us = now_us;
}

void
sfu_keyframe_on_keyframe (SfuKeyframe *keyframe)
{
  keyframe->keyframes++;
  keyframe->wanted = false;
}

/* Returns: when the next request may be sent. */
static int64_t
next_us (const SfuKeyframe *keyframe, int64_t rtt_us)
{
  if (keyframe->sent_us == INT64_MIN)
    return keyframe->since_us;
  return keyframe->sent_us + (rtt_us > keyframe->interval_us ? rtt_us : keyframe->interval_us);
}

bool
sfu_keyframe_take (SfuKeyframe *keyframe, int64_t now_us, int64_t rtt_us)
{
  if (keyframe->wanted && now_us - keyframe->since_us > SFU_KEYFRAME_GIVE_UP_US)
    keyframe->wanted = false;
  if (!keyframe->wanted || now_us < next_us (keyframe, rtt_us))
    return false;
  keyframe->sent_us = now_us;
  keyframe->requests++;
  return true;
}

int64_t
sfu_keyframe_get_deadline (const SfuKeyframe *keyframe, int64_t rtt_us)
{
  return keyframe->wanted ? next_us (keyframe, rtt_us) : INT64_MAX;
}

uint8_t
sfu_keyframe_next_fir (SfuKeyframe *keyframe)
{
  return keyframe->fir_seq++;
}
