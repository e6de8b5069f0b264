/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which packets of one incoming stream to ask its publisher for again (RFC 4585 §6.2.1), and when to give up and want a
 * keyframe. Pure; one worker.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sfu/codec.h"

/** SFU_NACK_MAX: packets missing at once; a power of two. */
#define SFU_NACK_MAX 512
/** SFU_NACK_REORDER_US: what may only be late is not asked for yet. */
#define SFU_NACK_REORDER_US 10000
#define SFU_NACK_TRIES 10
#define SFU_NACK_AGE_US (10 * INT64_C (1000000))
/** SFU_NACK_BEHIND: packets behind the newest that are still asked for. */
#define SFU_NACK_BEHIND 1000

/** SfuNack: 16 bytes per missing packet; @given_up, @asked: counted since the beginning, in packets. */
typedef struct {
  uint64_t given_up, asked;
  /*< private >*/
  bool started, keyframe_wanted;
  uint64_t highest;
  uint64_t keyframe_first, keyframe_last; /* newest one seen; last 0: its end has not come */
  unsigned n;
  struct {
    uint32_t index;   /* low 32 bits; ascending */
    uint32_t seen_ms; /* missed at */
    uint32_t sent_ms; /* asked at, 0: not yet */
    uint8_t tries;
  } missing[SFU_NACK_MAX];
} SfuNack;

/** sfu_nack_init: also after a new epoch and when nobody wants the stream any more (then do not ask). Nothing to
 *  clear. */
void sfu_nack_init (SfuNack *nack);

/**
 * sfu_nack_on_packet: a new packet of the stream came, in order, late or by RTX.
 * @index: extended sequence number
 * @frame: (nullable): NULL for audio. With a whole keyframe (all packets from its start to its picture's end) what is
 *   missing before it is forgotten.
 * @now_us: not negative
 */
void sfu_nack_on_packet (SfuNack *nack, uint64_t index, const SfuFrame *frame, int64_t now_us);

/**
 * sfu_nack_list: what to ask for now: missing for SFU_NACK_REORDER_US, and not asked for within a round trip. Each
 * counts as asked. What has been asked for SFU_NACK_TRIES times, is older than SFU_NACK_AGE_US or SFU_NACK_BEHIND
 * packets behind is given up, and sfu_nack_take_keyframe_wanted() says so.
 * @rtt_us: to the publisher; 0: unknown, 100 ms is assumed
 * @ret_seqs: room for @max, ascending
 *
 * Returns: how many; when it is @max call again.
 */
unsigned sfu_nack_list (SfuNack *nack, int64_t now_us, int64_t rtt_us, uint16_t *ret_seqs, unsigned max);
/** sfu_nack_get_deadline: Returns: when sfu_nack_list() has something to say, not before @now_us; INT64_MAX: nothing is
 *  missing. */
int64_t sfu_nack_get_deadline (const SfuNack *nack, int64_t now_us, int64_t rtt_us);
/** sfu_nack_get_oldest: Returns: the lowest index that is missing and not given up; UINT64_MAX: none. */
uint64_t sfu_nack_get_oldest (const SfuNack *nack);
/** sfu_nack_take_keyframe_wanted: Returns: were packets given up since the last call (and no keyframe came): without a
 *  keyframe the stream cannot be decoded. Always false for audio. */
bool sfu_nack_take_keyframe_wanted (SfuNack *nack);
