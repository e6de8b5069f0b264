/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SfuSlot: one outgoing stream of a subscriber, with a fixed SSRC (and RTX SSRC) for its life. Which track it shows,
 * and which layer of it, is switched by the server; the receiver sees one continuous stream: sequence numbers without
 * gaps except for what is lost, timestamps that follow the wall clock, contiguous picture ids, and every switch on a
 * keyframe.
 *
 * No sequence number is ever given to two different packets: with AES-GCM that would give two plaintexts the same nonce
 * (RFC 7714 §8.1). What is sent again goes by RTX (RFC 4588), with a number of its own.
 *
 * Pure; the subscriber's worker. How its worker uses it:
 *
 *   every packet of the slot's track, all layers, in the order of arrival:
 *     if (sfu_slot_on_packet (slot, packet, now_us, &rewrite) == SFU_SLOT_SEND)
 *       header, extensions and payload are written from the packet with what rewrite says, then encrypted and sent
 *     layer = sfu_slot_needs_keyframe (slot);  if (layer >= 0) sfu_keyframe_want() at the publisher's worker
 *   a NACK for seq:
 *     if (sfu_slot_find (slot, seq, now_us, rtt_us, &ref) && (pkt = sfu_cache_find (..., ref.epoch, ref.index)) and the
 *         subscriber's budget allows its bytes)
 *       if (sfu_slot_resend (slot, &ref, packet, false, now_us, &rewrite)) sent as RTX under sfu_slot_next_rtx (slot):
 *       two bytes OSN = (uint16_t) rewrite.index, then the payload
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sfu/clock.h"
#include "sfu/codec.h"
#include "sfu/munger.h"
#include "sfu/packet.h"
#include "sfu/targets.h"

typedef enum { SFU_SLOT_DROP, SFU_SLOT_SEND, SFU_SLOT_N } SfuSlotAction;

#define SFU_SLOT_RTX_TRIES 3

/**
 * SfuSlotConfig:
 * @ssrc: for the slot's life; @rtx_ssrc: 0: no RTX: nothing can be sent again
 * @seq, @rtx_seq, @timestamp: where they begin: random; the two sequence numbers below 2^15, so that a loss near the
 *   first wrap does not make the receiver count cycles wrong (RFC 3711 §3.3.1)
 * @history: outgoing packets that can be found again, a power of two from 16 to 4096; 12 bytes each, allocated when the
 *   slot gets its first source; grows with sfu_slot_make_room()
 * @red: the receiver understands RED; else rewrite.strip_red is set for RED packets, and it gets those that were recovered
 *   from RED
 */
typedef struct {
  SfuKind kind;
  uint32_t ssrc, rtx_ssrc;
  uint16_t seq, rtx_seq;
  uint32_t timestamp;
  uint16_t history;
  bool red;
} SfuSlotConfig;

/**
 * SfuSlot:
 * @track: what it shows; 0: empty
 * @target_layer, @target_spatial, @target_temporal: what it should send; layer -1: nothing
 * @layer, @spatial, @temporal: what it sends; layer -1: nothing (yet)
 * @pkts, @bytes: sent since the beginning, payload bytes (as in SRs); @resent: of RTX; @switches: of layer or source
 * @first_rtp: the timestamp of the first packet of the present track; valid when @begun
 */
typedef struct {
  uint64_t track;
  uint32_t ssrc, rtx_ssrc;
  SfuKind kind;
  SfuCodec codec;
  int8_t target_layer, layer;
  uint8_t target_spatial, target_temporal, spatial, temporal;
  bool red, begun;
  uint32_t first_rtp;
  uint64_t pkts, bytes, resent, switches;
  /*< private >*/
  const SfuTrackClock *clock;        /* not owned */
  uint64_t rtx_next;
  uint64_t seen[SFU_LAYERS_MAX];     /* newest index of each layer ... */
  uint32_t seen_epoch[SFU_LAYERS_MAX]; /* ... of its newest SSRC; 0: none */
  uint32_t seen_rtp[SFU_LAYERS_MAX]; /* ... and its timestamp */
  bool frame_known, frame_forward;   /* the newest frame of the layer that is sent: is it sent */
  bool picture_open;                 /* part of a picture has been sent, not its end */
  uint8_t frame_spatial, top_spatial; /* of it; the highest seen in this layer */
  uint32_t frame_rtp;
  bool broken;                       /* not even the lowest layers can be decoded on */
  SfuTargets targets;                /* of the dependency descriptor */
  int64_t sr_due_us;
  SfuMunger munger;
} SfuSlot;

void sfu_slot_init (SfuSlot *slot, const SfuSlotConfig *config);
/** sfu_slot_clear: frees its history. */
void sfu_slot_clear (SfuSlot *slot);

/**
 * sfu_slot_set_source: what the slot shows from now on; its target becomes nothing (video) or the whole of it (audio).
 * The same track again changes nothing. Not per packet: the first call allocates the history.
 * @track: 0: none
 * @codec: of the track; the packets' own codec counts when it is another
 * @clock: (nullable): of the track, on this worker: valid until the next call; without it timestamps follow arrival
 */
void sfu_slot_set_source (SfuSlot *slot, uint64_t track, SfuCodec codec, const SfuTrackClock *clock, int64_t now_us);
/** sfu_slot_trim: frees the history of an empty slot; numbers go on from where they were. */
void sfu_slot_trim (SfuSlot *slot);

/** SFU_SLOT_HISTORY_MAX: outgoing packets that are remembered at most. */
#define SFU_SLOT_HISTORY_MAX 1024
/** sfu_slot_make_room: for @pkts (of a second, and half as many again) to be remembered. Not per packet: may allocate. */
void sfu_slot_make_room (SfuSlot *slot, uint64_t pkts);

/**
 * sfu_slot_set_target: what to send of the source: reached at the next possible moment, the present layer goes on until
 * then.
 * @layer: simulcast encoding; -1: nothing, from the next frame on (audio: the next packet)
 * @spatial, @temporal: highest layers inside it; SFU_SPATIAL_MAX - 1 and SFU_TEMPORAL_MAX - 1 for all. Down: from the
 *   next picture on; up: temporal layers from a frame that says so (VP8's Y, dependency descriptor, a keyframe) on;
 *   spatial layers from a frame that depends on no earlier picture on. With a dependency descriptor up only to what is
 *   whole; a spatial layer whose chain is broken is not sent on, and sfu_slot_needs_keyframe() says so
 */
void sfu_slot_set_target (SfuSlot *slot, int layer, unsigned spatial, unsigned temporal);

/** sfu_slot_needs_keyframe: Returns: the layer of which the slot awaits a keyframe; -1: none. Ask once per change;
 *  SfuKeyframe repeats. */
int sfu_slot_needs_keyframe (const SfuSlot *slot);

/**
 * sfu_slot_on_packet: @packet: of the slot's track, of any layer, each once (no duplicates), in the order of arrival;
 * others are dropped. @now_us: monotonic, not negative
 *
 * Returns: SEND with @ret_rewrite filled in, else DROP.
 */
SfuSlotAction sfu_slot_on_packet (SfuSlot *slot, const SfuPacket *packet, int64_t now_us, SfuRewrite *ret_rewrite);

/** SfuSentRef: which packet of the source was sent under a number. @seq: that number */
typedef struct {
  uint64_t track, index;
  uint32_t epoch;
  uint16_t seq;
  uint8_t layer;
} SfuSentRef;

/**
 * sfu_slot_find: a NACK came (RFC 4585 §6.2.1). @seq: of the slot's SSRC. @rtt_us: to the subscriber; 0: unknown
 *
 * Returns: false when that packet must not be sent: never sent (its number is kept for it), too old, asked for within a
 * round trip (at least 10 ms), SFU_SLOT_RTX_TRIES times already, or there is no RTX. Changes nothing.
 */
bool sfu_slot_find (const SfuSlot *slot, uint16_t seq, int64_t now_us, int64_t rtt_us, SfuSentRef *ret_ref);
/**
 * sfu_slot_find_padding: Returns: the newest packet that was sent, to fill probes with as RTX; false when nothing was,
 * or there is no RTX. Does not count as a try.
 */
bool sfu_slot_find_padding (const SfuSlot *slot, SfuSentRef *ret_ref);
/**
 * sfu_slot_resend: @packet: what @ref names; the rewrite is what was sent then, extensions restamped by the caller.
 * @padding: it only fills a probe: not a try
 *
 * Returns: false when so much was sent since sfu_slot_find() that the number is not remembered any more: nothing is sent.
 */
bool sfu_slot_resend (SfuSlot *slot, const SfuSentRef *ref, const SfuPacket *packet, bool padding, int64_t now_us,
                      SfuRewrite *ret_rewrite);
/** sfu_slot_next_rtx: Returns: the index (cycles << 16 | seq) of the next packet on the RTX stream. */
uint64_t sfu_slot_next_rtx (SfuSlot *slot);

/** SfuSlotSr: of a sender report (RFC 3550 §6.4.1); the two counters are modulo 2^32. */
typedef struct {
  uint64_t ntp;
  uint32_t rtp, pkts, bytes;
} SfuSlotSr;

/** SFU_SLOT_SR_US: between two sender reports of a slot. */
#define SFU_SLOT_SR_US (2 * INT64_C (1000000))

/**
 * sfu_slot_make_sr: of now: @ntp with the timestamp of what is being taken now, from the publisher's own reports, so
 * that audio and video of one publisher stay together; from the arrival of the newest packet before the first of those.
 * @ntp: this machine's wall clock at @now_us, by the same NTP clock for all slots
 *
 * Returns: false when nothing was sent of the present source.
 */
bool sfu_slot_make_sr (SfuSlot *slot, int64_t now_us, uint64_t ntp, SfuSlotSr *ret_sr);
/** sfu_slot_get_sr_deadline: Returns: when the next SR is due: at once after the first packet of a source and after a
 *  switch of layers; INT64_MAX: nothing is sent. */
int64_t sfu_slot_get_sr_deadline (const SfuSlot *slot);
