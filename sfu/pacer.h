/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When packets of one transport leave. The pacer keeps the order and the times; what it holds belongs to the owner, who
 * pushes what is to be sent and pops what may leave now:
 *
 *   audio > retransmissions > video > padding
 *
 * A retransmission goes before video, but not two in a row while video waits: what is lost must not starve what is new.
 * Audio leaves at once, whatever else waits, but is counted. The others spend tokens: the pacing rate, saved up for one
 * frame at most (the larger of 5 ms of the pacing rate and 40 ms of the estimate up to 12 kB): with an empty queue and
 * tokens left, a packet that is pushed is popped in the same turn, and a frame leaves as one burst.
 *
 * Sequence numbers and whatever else must be without gaps are given when a packet is popped, not when it is pushed: video
 * that has waited longer than SFU_PACER_WAIT_US is dropped, whole frames of its slot up to the next keyframe.
 *
 * A queue doubles when more waits in it than ever before, up to its bound; nothing else here allocates, and nothing locks or
 * reads a clock. The owner's thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/pool.h"
#include "sfu/send-side.h"

/** SFU_PACER_WAIT_US: video and retransmissions that waited longer are of no use to a call. */
#define SFU_PACER_WAIT_US 500000
/** SFU_PACER_TICK_US: how often to look while something waits. */
#define SFU_PACER_TICK_US 5000
/** SFU_PACER_VIDEO, ..: packets that can wait, of each kind; powers of two from 16. */
#define SFU_PACER_AUDIO 32
#define SFU_PACER_RTX 64
#define SFU_PACER_VIDEO 256

/**
 * SfuPacerItem: one packet that waits; half a cache line.
 * @pkt: (nullable): the owner's reference
 * @queued_us: set by sfu_pacer_push()
 * @info: the owner's own: how to rewrite it
 * @frame: any number that all packets of a frame of @slot, and only they, have in common (the RTP timestamp)
 * @bytes: on the wire, as for sfu_send_side_on_sent()
 */
typedef struct {
  AlPkt *pkt;
  int64_t queued_us;
  uint32_t info;
  uint32_t frame;
  uint16_t bytes, slot;
  uint8_t kind; /* SfuSendKind */
  bool keyframe;
} SfuPacerItem;

/** SfuPacerDropFn: @item: will not be sent: its reference is the owner's to give back. When it was video and @item is the first
 *  of its slot in this call, the slot needs a keyframe and is sent nothing else before. */
typedef void (*SfuPacerDropFn) (const SfuPacerItem *item, void *user);

/** SfuPacerQueue: a ring of @size items, owned. */
typedef struct {
  SfuPacerItem *items;
  uint16_t head, n, size;
} SfuPacerQueue;

/** SfuPacer: begins with sfu_pacer_init(), ends with sfu_pacer_finish(). */
typedef struct {
  /*< private >*/
  SfuPacerDropFn drop;
  void *user;
  uint32_t pacing_bps, burst_bytes;
  double tokens; /* bytes; below 0: owed */
  int64_t filled_us;
  uint32_t waiting_bytes; /* of all but audio */
  uint64_t n_dropped;
  bool was_rtx;
  SfuPacerQueue queues[SFU_SEND_PADDING];
} SfuPacer;

/** sfu_pacer_init: @drop: called from within sfu_pacer_push(), _pop() and _clear(); must not call the pacer. */
void sfu_pacer_init (SfuPacer *pacer, SfuPacerDropFn drop, void *user);
/** sfu_pacer_clear: drops all that waits. */
void sfu_pacer_clear (SfuPacer *pacer);
/** sfu_pacer_finish: the same, and frees the queues. */
void sfu_pacer_finish (SfuPacer *pacer);
/** sfu_pacer_set_rate: whenever they change. @pacing_bps: sfu_send_side_get_pacing_bps(). @estimate_bps: for the burst. */
void sfu_pacer_set_rate (SfuPacer *pacer, uint32_t pacing_bps, uint32_t estimate_bps, int64_t now_us);
/**
 * sfu_pacer_push: @item: copied; kind SFU_SEND_AUDIO, SFU_SEND_RTX or SFU_SEND_MEDIA. Padding is not queued: it is made when
 * nothing waits and sfu_send_side_next_probe() asks for it.
 *
 * Returns: false when there is no room: the packet stays the owner's, who drops it, and with it the rest of its frame.
 */
bool sfu_pacer_push (SfuPacer *pacer, const SfuPacerItem *item, int64_t now_us);
/** sfu_pacer_pop: Returns: may one leave now, and which; to be called until it is false. Its tokens are spent. */
bool sfu_pacer_pop (SfuPacer *pacer, int64_t now_us, SfuPacerItem *ret_item);
/** sfu_pacer_spend: @bytes: left without having been queued (padding). */
void sfu_pacer_spend (SfuPacer *pacer, uint32_t bytes, int64_t now_us);
/** sfu_pacer_drop_slot: drops what waits for @slot, retransmissions included: it has another source, or is gone; or it goes
 *  down to a smaller layer, whose keyframe is pushed next and makes it needless (the callback then asks for one in
 *  vain). */
void sfu_pacer_drop_slot (SfuPacer *pacer, uint16_t slot);
/** sfu_pacer_get_deadline: Returns: when sfu_pacer_pop() will have something; INT64_MAX: nothing waits. */
int64_t sfu_pacer_get_deadline (const SfuPacer *pacer);
/** sfu_pacer_get_queue_ms: Returns: how long it takes until what waits now has left. */
uint32_t sfu_pacer_get_queue_ms (const SfuPacer *pacer);
/** sfu_pacer_count: Returns: packets that wait. */
unsigned sfu_pacer_count (const SfuPacer *pacer);
