/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which tracks of a room stand in which slots of one subscriber. Audio slot i and video slot i of a subscriber share a
 * msid: who is both heard and seen gets such a pair when one can be had, so that the browser keeps lips and voice
 * together. Deterministic; the room's home worker. Not per packet.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sfu/codec.h"
#include "sfu/control.h"

#define SFU_SLOTS_MAX 64

/** SfuSlotsTrack: a track of the room. @silent: muted, or nothing comes of it: it needs no slot */
typedef struct {
  uint64_t track, peer;
  SfuKind kind;
  SfuSource source;
  bool silent;
} SfuSlotsTrack;

/**
 * SfuSlotsRoom: what sfu_slots_assign() looks at; nothing of it is kept.
 * @tracks: in the order of joining
 * @heard: tracks that are heard (sfu_speakers_get_active()); audio of screens (SFU_SOURCE_SCREEN_AUDIO) is heard
 * besides
 * @order: audio tracks, who spoke last first (sfu_speakers_list()): the order of video without wants
 * @wants: the subscriber's room.view; none: screens first, then by @order, then by joining
 * @last_n: video tracks at most; 0: as many as there are slots
 */
typedef struct {
  const SfuSlotsTrack *tracks;
  unsigned n_tracks;
  const uint64_t *heard;
  unsigned n_heard;
  const uint64_t *order;
  unsigned n_order;
  const SfuWant *wants;
  unsigned n_wants;
  unsigned last_n;
} SfuSlotsRoom;

/** SfuSlots: @audio, @video: the track in each slot; 0: empty. @peer: the subscriber, who never gets his own tracks */
typedef struct {
  uint64_t peer;
  unsigned n_audio, n_video;
  uint64_t audio[SFU_SLOTS_MAX], video[SFU_SLOTS_MAX];
} SfuSlots;

/** sfu_slots_init: @n_audio, @n_video: what it offered, at most SFU_SLOTS_MAX each; more are not used. */
void sfu_slots_init (SfuSlots *slots, uint64_t peer, unsigned n_audio, unsigned n_video);
/** sfu_slots_resize: a later offer; slots only come to it. */
void sfu_slots_resize (SfuSlots *slots, unsigned n_audio, unsigned n_video);

/**
 * sfu_slots_assign: brings the slots up to date. Who stays shown stays in his slot, with two exceptions, both to form a
 * pair: a voice moves to the slot beside its face (and an unpaired voice there makes way), and a face moves beside its
 * voice when that slot is empty and its own has no pair. Whoever is new gets the slot beside his other track when it is
 * free, else one that leaves pairs to others.
 * @ret_audio, @ret_video: bit i: slot i has another track than before
 *
 * Returns: did anything change.
 */
bool sfu_slots_assign (SfuSlots *slots, const SfuSlotsRoom *room, uint64_t *ret_audio, uint64_t *ret_video);
