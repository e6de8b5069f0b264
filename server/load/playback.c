/* SPDX-License-Identifier: Apache-2.0 */
#include "server/load/playback.h"

#include <string.h>

void
load_playback_init (LoadPlayback *playback)
{
  memset (playback, 0, sizeof *playback);
  playback->needs_keyframe = true;
}

static void
note_gap (LoadPlayback *playback, int64_t now_us)
{
  int64_t from_us = playback->last_us > playback->since_us ? playback->last_us : playback->since_us;
  int64_t gap_us = now_us - from_us;

  if (playback->since_us == 0 || gap_us <= LOAD_FREEZE_US)
    return;
  playback->freezes++;
  playback->frozen_us += gap_us;
  if (gap_us > playback->longest_us)
    playback->longest_us = gap_us;
}

/* Returns: the index of the last packet of the frame that begins at @index; 0 when it is not whole */
static int64_t
whole_frame (const LoadPlayback *playback, int64_t index)
{
  uint32_t timestamp = 0;

  for (int64_t i = index; i < index + LOAD_PLAYBACK_WINDOW; i++)
    {
      unsigned at = (unsigned) ((uint64_t) i % LOAD_PLAYBACK_WINDOW);

      if (playback->slots[at].index != i || (i == index) != playback->slots[at].start)
        return 0;
      if (i > index && playback->slots[at].timestamp != timestamp)
        return 0;
      timestamp = playback->slots[at].timestamp;
      if (playback->slots[at].marker)
        return i;
    }
  return 0;
}

static void
show (LoadPlayback *playback, int64_t end, int64_t now_us)
{
  note_gap (playback, now_us);
  if (playback->first_us == 0)
    playback->first_us = now_us;
  playback->last_us = now_us;
  playback->frames++;
  playback->next = end + 1;
  playback->needs_keyframe = false;
}

/* a whole keyframe behind what is missing: the way on that a decoder takes */
static bool
skip_to_keyframe (LoadPlayback *playback, int64_t now_us)
{
  int64_t from = playback->highest - LOAD_PLAYBACK_WINDOW + 1;

  for (int64_t i = playback->highest; i >= from && i >= playback->next; i--)
    {
      unsigned at = (unsigned) ((uint64_t) i % LOAD_PLAYBACK_WINDOW);
      int64_t end;

      if (playback->slots[at].index != i || !playback->slots[at].start || !playback->slots[at].keyframe)
        continue;
      end = whole_frame (playback, i);
      if (end == 0)
        continue;
      show (playback, end, now_us);
      return true;
    }
  return false;
}

unsigned
load_playback_add (LoadPlayback *playback, const LoadPlaybackPacket *packet, int64_t now_us)
{
  unsigned at = (unsigned) ((uint64_t) packet->index % LOAD_PLAYBACK_WINDOW), shown = 0;
  int64_t end;

  if (packet->index < playback->next || packet->index <= playback->highest - LOAD_PLAYBACK_WINDOW)
    return 0;
  playback->slots[at].index = packet->index;
  playback->slots[at].timestamp = packet->timestamp;
  playback->slots[at].start = packet->start;
  playback->slots[at].marker = packet->marker;
  playback->slots[at].keyframe = packet->keyframe;
  if (packet->index > playback->highest)
    playback->highest = packet->index;
  if (playback->highest - playback->next >= LOAD_PLAYBACK_WINDOW)
    playback->needs_keyframe = true;
  while (!playback->needs_keyframe && (end = whole_frame (playback, playback->next)) != 0)
    {
      show (playback, end, now_us);
      shown++;
    }
  /* only a frame's last packet can have completed a keyframe, unless one came late */
  if (shown == 0 && (packet->marker || packet->index < playback->highest) && skip_to_keyframe (playback, now_us))
    {
      shown = 1;
      while ((end = whole_frame (playback, playback->next)) != 0)
        {
          show (playback, end, now_us);
          shown++;
        }
    }
  return shown;
}

void
load_playback_restart (LoadPlayback *playback, int64_t now_us)
{
  playback->since_us = now_us;
  playback->freezes = playback->frames = 0;
  playback->frozen_us = playback->longest_us = 0;
}

void
load_playback_end (LoadPlayback *playback, int64_t now_us)
{
  note_gap (playback, now_us);
}

bool
load_playback_wants_keyframe (const LoadPlayback *playback)
{
  return playback->needs_keyframe;
}
