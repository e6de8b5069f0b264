/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a received video could be shown: packets become frames, frames are decodable when they are whole and all since a
 * keyframe were, and more than 500 ms without a decodable frame are a freeze. Pure: times are the caller's. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** LOAD_PLAYBACK_WINDOW: packets that wait for one that is missing; more are given up. */
#define LOAD_PLAYBACK_WINDOW 512
#define LOAD_FREEZE_US 500000

/** LoadPlaybackPacket: @index: sequence number with cycles. @start: the frame's first packet; @marker: its last. */
typedef struct {
  int64_t index;
  uint32_t timestamp;
  bool start, marker, keyframe;
} LoadPlaybackPacket;

typedef struct {
  int64_t next;          /* index that comes next; 0: waits for a keyframe */
  int64_t highest;
  int64_t first_us, last_us; /* decodable frames; 0: none yet */
  uint64_t frames, freezes;
  int64_t frozen_us, longest_us;
  int64_t since_us;      /* freezes are counted from here on */
  bool needs_keyframe;
  struct {
    int64_t index;
    uint32_t timestamp;
    bool start, marker, keyframe;
  } slots[LOAD_PLAYBACK_WINDOW];
} LoadPlayback;

void load_playback_init (LoadPlayback *playback);
/** load_playback_add: Returns: frames that became decodable by it. */
unsigned load_playback_add (LoadPlayback *playback, const LoadPlaybackPacket *packet, int64_t now_us);
/** load_playback_restart: freezes count from @now_us on. */
void load_playback_restart (LoadPlayback *playback, int64_t now_us);
/** load_playback_end: a picture that stands still at @now_us is a freeze, too. */
void load_playback_end (LoadPlayback *playback, int64_t now_us);
/** load_playback_wants_keyframe: it cannot go on without one. */
bool load_playback_wants_keyframe (const LoadPlayback *playback);
