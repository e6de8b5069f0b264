/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The numbers of one outgoing stream: which sequence number, timestamp, picture id and frame number a packet of a
 * source gets, and which packet was sent under a number. Used by slot.h, which decides what is sent. Pure; the
 * subscriber's worker.
 *
 * A *span* is a run of packets of one source (track, layer, epoch) whose timestamps are shifted by the same. Within it:
 *
 *   in    100 101 102 103 104 105 106       101 is of a layer that is not sent, 103 is lost
 *   out    7   -   8  (9) 10  11  12        9 is kept for 103: it stays free until that comes
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sfu/clock.h"
#include "sfu/packet.h"

/** SFU_REWRITE_PATCHES: bytes of a payload descriptor that change: picture id and TL0PICIDX. */
#define SFU_REWRITE_PATCHES 3
/** SFU_REWRITE_DEPENDENCY: bytes of a dependency descriptor at most (RFC 8285's limit). */
#define SFU_REWRITE_DEPENDENCY 255

/**
 * SfuRewrite: how a packet goes out.
 * @index: cycles << 16 | sequence number: what SRTP counts
 * @codec: whose payload type it gets: the packet's, or Opus with @strip_red
 * @empty: send the header with the transport's extensions alone: it only fills a number that must not stay missing
 * @strip_red: the receiver has no RED: send the primary block alone
 * @switched: the first packet of another layer or source
 * @patches: @n_patches bytes of the payload that get another value; @at: from the payload's first byte
 * @dependency: instead of the packet's dependency descriptor; @dependency_len 0: as it is
 */
typedef struct {
  uint64_t index;
  uint32_t timestamp;
  SfuCodec codec;
  bool marker, empty, strip_red, switched;
  uint8_t n_patches;
  struct {
    uint8_t at, value;
  } patches[SFU_REWRITE_PATCHES];
  uint8_t dependency_len;
  uint8_t dependency[SFU_REWRITE_DEPENDENCY];
} SfuRewrite;

/** SFU_MUNGER_SPANS: of how many switches is remembered what was sent; a power of two. */
#define SFU_MUNGER_SPANS 8

/** SfuSpan: @in_first: index of the packet that began it; @out_first: under which number */
typedef struct {
  uint64_t track, in_first, out_first;
  uint32_t epoch, ts_offset;
  uint16_t frame_offset;
  uint8_t tl0_offset, layer;
} SfuSpan;

/** SfuMunged: one outgoing number. */
typedef struct {
  uint32_t in;      /* low 32 bits of the source's index */
  uint16_t picture; /* of what was sent: out minus in picture id */
  uint16_t sent_ms; /* of the last retransmission */
  uint8_t span;     /* low bits of the span's number */
  uint8_t state;    /* SFU_MUNGED_... | SFU_MUNGED_MARKER */
  uint8_t limits;   /* spatial << 4 | temporal that was sent when it was kept */
  uint8_t tries;
} SfuMunged;

/** What stands under a number. */
enum { SFU_MUNGED_KEPT, SFU_MUNGED_SENT, SFU_MUNGED_HOLE, SFU_MUNGED_EMPTY, SFU_MUNGED_MARKER = 0x80 };

/** SfuMungerMap: the part that is only there while something is sent. */
typedef struct {
  SfuSpan spans[SFU_MUNGER_SPANS];
  SfuMunged sent[];
} SfuMungerMap;

typedef struct {
  /*< private >*/
  SfuMungerMap *map;    /* owned; NULL: none */
  uint64_t next;        /* the next number */
  uint64_t first;       /* the oldest in the map */
  uint64_t last_in;     /* newest index of the source that was looked at: sent, dropped or kept for */
  uint32_t span;        /* number of the newest; 0: none yet */
  uint32_t last_rtp;    /* newest timestamp sent */
  uint32_t shift;       /* of the newest span: how far its timestamps are ahead of the exact ones */
  int64_t last_us;      /* when last_rtp was first sent; -1: never */
  uint16_t history;
  uint16_t picture, last_picture, dropped_picture; /* out minus in; newest sent; newest dropped, in */
  uint16_t last_frame;  /* newest frame number sent */
  uint8_t last_tl0;
  bool has_picture, has_dropped, has_frame, has_tl0;
} SfuMunger;

/** sfu_munger_init: @seq, @timestamp: where the numbers begin. @history: a power of two: numbers that are remembered */
void sfu_munger_init (SfuMunger *munger, uint16_t seq, uint32_t timestamp, unsigned history);
/** sfu_munger_begin: makes sure that there is a map. Allocates. */
void sfu_munger_begin (SfuMunger *munger);
/** sfu_munger_grow: twice as many numbers are remembered, those so far among them. Allocates. */
void sfu_munger_grow (SfuMunger *munger);
/** sfu_munger_clear: frees the map; the numbers go on from where they are. */
void sfu_munger_clear (SfuMunger *munger);

/** SfuMungerSwitch: @clock: (nullable): of @packet's track. @rate: Hz. @hole: leave one number free first: what was
 *  sent last was cut off, and the receiver must see that it is incomplete. @same_track: as the span before */
typedef struct {
  const SfuTrackClock *clock;
  uint32_t rate;
  bool hole, same_track;
  int64_t now_us;
} SfuMungerSwitch;

/**
 * sfu_munger_switch: a span begins with @packet, which is put next. Its timestamp continues: by the publisher's own
 * reports when both layers have one, else by the time of arrival; what the reports say is not believed further than a
 * second from that; and it is at least a millisecond ahead of what was sent. Picture ids, TL0PICIDX and frame numbers
 * go on by one.
 */
void sfu_munger_switch (SfuMunger *munger, const SfuPacket *packet, const SfuMungerSwitch *how);
/** sfu_munger_is_current: Returns: does @packet belong to the newest span. */
bool sfu_munger_is_current (const SfuMunger *munger, const SfuPacket *packet);
/** sfu_munger_is_late: Returns: is @packet, of the newest span, not behind all that was looked at. */
bool sfu_munger_is_late (const SfuMunger *munger, const SfuPacket *packet);
/** sfu_munger_must_resync: Returns: would @packet's timestamp jump: back by half a second, or ahead of the time that
 *  passed by ten: a source that has begun anew. */
bool sfu_munger_must_resync (const SfuMunger *munger, const SfuPacket *packet, uint32_t rate, int64_t now_us);

/** sfu_munger_keep: numbers for what is missing before @packet. @limits: spatial << 4 | temporal: what of it will be
 *  sent */
void sfu_munger_keep (SfuMunger *munger, const SfuPacket *packet, uint8_t limits);
/** sfu_munger_skip: @packet, in order, is not sent and gets no number. @picture: its frame is not sent: picture ids
 *  close up */
void sfu_munger_skip (SfuMunger *munger, const SfuPacket *packet, bool picture);
/** sfu_munger_put: @packet, in order, gets the next number; sfu_munger_keep() was called. */
void sfu_munger_put (SfuMunger *munger, const SfuPacket *packet, bool marker, int64_t now_us, SfuRewrite *ret_rewrite);
/** sfu_munger_put_late: @packet gets the number that was kept for it, once. @ret_rewrite: .empty when it is above the
 *  limits or has no payload. Returns: false when none is kept. */
bool sfu_munger_put_late (SfuMunger *munger, const SfuPacket *packet, bool marker, int64_t now_us,
                          SfuRewrite *ret_rewrite);

/** sfu_munger_find: what was sent under @seq. Returns: (nullable): its entry; with @ret_span and @ret_index. */
const SfuMunged *sfu_munger_find (const SfuMunger *munger, uint16_t seq, const SfuSpan **ret_span, uint64_t *ret_index);
/** sfu_munger_rewrite: how @packet was sent under @index, which sfu_munger_find() has found. */
void sfu_munger_rewrite (const SfuMunger *munger, const SfuPacket *packet, uint64_t index, SfuRewrite *ret_rewrite);
