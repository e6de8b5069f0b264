/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which layer each video slot of a subscriber gets out of what its path carries. Runs on events (join, view, layers that come
 * and go, an estimate that moved by 15 %) and else every 100 to 1000 ms; never for each packet.
 *
 *   1. everybody shown gets the smallest, by priority; for whom there is no room is paused, the lowest priority first; it
 *      comes back when there is 15 % more than it takes, or, after 4 s, just enough (each return that did not last doubles
 *      that wait, up to 32 s)
 *   2. then by priority, those of one priority in turn, a step at a time: a camera by size, at no less than 10 frames a second;
 *      a screen by size at its lowest frame rate, then by frame rate
 *   3. nothing larger than it is shown; nothing that the publisher does not send
 *   4. down at once; up when there is 15 % more than needed, for a second (longer when the last step up did not last: the wait
 *      doubles with each, up to 4 s, and is forgotten after 30 s of peace)
 *
 * No state but SfuAllocState, no clock, no memory of its own. The owner's thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sfu/codec.h"

/** SFU_ALLOC_SLOTS_MAX: of one subscriber. */
#define SFU_ALLOC_SLOTS_MAX 64

/**
 * SfuEncoding: a simulcast encoding, or a spatial layer, from the smallest at 0.
 * @active: packets of it arrived within the last second or so
 * @width, @height: 0: not known
 * @n_temporal: 1 to SFU_TEMPORAL_MAX
 * @bps: measured on the wire, of the temporal layers up to each (and of the spatial layers below, where they are needed)
 * @fps: of the same; 0: not known
 */
typedef struct {
  bool active;
  uint8_t n_temporal;
  uint16_t width, height;
  uint32_t bps[SFU_TEMPORAL_MAX];
  uint8_t fps[SFU_TEMPORAL_MAX];
} SfuEncoding;

/**
 * SfuDemand: what a slot shows and could be given.
 * @key: of its source; when it changes, the slot begins anew. 0: the slot is empty
 * @width, @height: pixels that it is shown in; 0 both: as large as there is
 * @hidden: not shown: nothing is sent
 * @screen: text has to stay sharp: frame rate gives way before size
 * @priority: higher first
 */
typedef struct {
  uint64_t key;
  uint16_t width, height;
  uint8_t priority;
  bool screen, hidden;
  uint8_t n_encodings;
  SfuEncoding encodings[SFU_LAYERS_MAX];
} SfuDemand;

/** SfuAllocState: of a slot, between two runs; zeroed is new. */
typedef struct {
  uint64_t key;
  int8_t layer, temporal; /* with @given */
  bool given;
  int64_t since_us;       /* of this layer and temporal */
  int64_t room_us;        /* since when there has been room for the next; 0: there is none */
  int64_t raised_us;      /* the last step up */
  int64_t wait_us;        /* before the next step up; 0: the usual */
  int64_t paused_us;      /* since when there is no room for the smallest; 0: it is given, or not wanted */
  int64_t back_us;        /* the end of the last pause */
  int64_t pause_us;       /* how long a pause lasts, when there is room without a margin; 0: the usual */
} SfuAllocState;

typedef enum {
  SFU_WHY_BEST,     /* all that there is, or that is shown */
  SFU_WHY_SIZE,     /* larger ones exist, it is not shown larger */
  SFU_WHY_ESTIMATE, /* the next does not fit */
  SFU_WHY_WAITING,  /* the next fits, but not for long enough yet */
  SFU_WHY_PAUSED,   /* not even the smallest fits */
  SFU_WHY_HIDDEN,
  SFU_WHY_EMPTY,
  SFU_WHY_INACTIVE, /* the publisher sends none of its layers */
  SFU_WHY_N
} SfuWhy;

/** SfuChoice: for a slot. @layer, @temporal: -1: nothing. @bps: what it takes. The rest: for the explanation. */
typedef struct {
  int8_t layer, temporal;
  uint8_t why; /* SfuWhy */
  uint32_t bps;
  uint32_t budget_bps, next_bps; /* what there was for all; what the next step needs for this slot */
  uint32_t left_bps;             /* of the budget, when this slot had got its share */
  uint16_t wait_ms;
} SfuChoice;

/** SfuAllocation: @used_bps: of all choices. @wanted_bps: if there was room for everything that is shown: for
 *  sfu_send_side_set_wanted(), audio added. */
typedef struct {
  uint32_t used_bps, wanted_bps;
} SfuAllocation;

/**
 * sfu_allocate: @demands, @states, @ret_choices: @n each, at most SFU_ALLOC_SLOTS_MAX, one for each video slot.
 * @budget_bps: the estimate less what audio takes (audio goes first, and is never switched off by this)
 */
SfuAllocation sfu_allocate (const SfuDemand *demands, unsigned n, uint32_t budget_bps, SfuAllocState *states, int64_t now_us,
                            SfuChoice *ret_choices);
/** sfu_choice_explain: in plain words, why this and not more: "estimate 310 kbit/s: next needs 575". @text: 96 bytes. For
 *  statistics: it formats. */
void sfu_choice_explain (const SfuChoice *choice, char text[96]);
