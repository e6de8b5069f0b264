/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking a publisher for keyframes (PLI, RFC 4585 §6.3.1; FIR, RFC 5104 §4.3.1): many receivers ask, the publisher
 * hears it once per interval, and again until a keyframe comes. Pure; the worker that has the publisher, except
 * SfuKeyframeAsker.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** SFU_KEYFRAME_ASKS: requests of one receiver that count within SFU_KEYFRAME_ASKS_US. */
#define SFU_KEYFRAME_ASKS 3
#define SFU_KEYFRAME_ASKS_US (10 * INT64_C (1000000))

/** SfuKeyframeAsker: of one receiver's slot; zeroed it has asked for nothing. Subscriber's worker. */
typedef struct {
  /*< private >*/
  int64_t at_us[SFU_KEYFRAME_ASKS]; /* a ring; plus 1, so that 0 is never */
  unsigned next;
} SfuKeyframeAsker;

/** sfu_keyframe_may_ask: for a PLI or FIR that a receiver sent (not for what the server itself needs to switch).
 *  Returns: false when it has asked too often: ignore it. */
bool sfu_keyframe_may_ask (SfuKeyframeAsker *asker, int64_t now_us);

/** SfuKeyframe: of one layer of a publisher's track. @requests: sent since the beginning; @keyframes: seen. */
typedef struct {
  uint64_t requests, keyframes;
  /*< private >*/
  bool wanted;
  uint8_t fir_seq;
  int64_t interval_us;
  int64_t sent_us, since_us;
} SfuKeyframe;

/** SFU_KEYFRAME_GIVE_UP_US: nobody is asked longer than this without somebody who asks again. */
#define SFU_KEYFRAME_GIVE_UP_US (5 * INT64_C (1000000))

/** sfu_keyframe_init: @layer: 0: at most every 300 ms, 1: every 500 ms, above: every second. Nothing to clear. */
void sfu_keyframe_init (SfuKeyframe *keyframe, unsigned layer);
/** sfu_keyframe_want: somebody needs a keyframe. Then call sfu_keyframe_take(). While one is awaited it changes nothing
 *  but for how long it is asked for. */
void sfu_keyframe_want (SfuKeyframe *keyframe, int64_t now_us);
/** sfu_keyframe_on_keyframe: the first packet of one came. */
void sfu_keyframe_on_keyframe (SfuKeyframe *keyframe);
/**
 * sfu_keyframe_take: Returns: send a request now. It then counts as sent; the next is due after the interval, or a
 * round trip when that is longer, as long as none has come.
 * @rtt_us: to the publisher; 0: unknown
 */
bool sfu_keyframe_take (SfuKeyframe *keyframe, int64_t now_us, int64_t rtt_us);
/** sfu_keyframe_get_deadline: Returns: when sfu_keyframe_take() says true next; INT64_MAX: nothing is wanted. */
int64_t sfu_keyframe_get_deadline (const SfuKeyframe *keyframe, int64_t rtt_us);
/** sfu_keyframe_next_fir: Returns: the sequence number of the next FIR: a new one per request, so that a repeat is not
 *  taken for the same request (RFC 5104 §4.3.1.1). */
uint8_t sfu_keyframe_next_fir (SfuKeyframe *keyframe);
