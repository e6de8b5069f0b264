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

#include "sfu/packet.h"

/** SFU_REWRITE_PATCHES: bytes of a payload descriptor that change: picture id and TL0PICIDX. */
#define SFU_REWRITE_PATCHES 3
/** SFU_REWRITE_DEPENDENCY: bytes of a dependency descriptor at most (RFC 8285's limit). */
#define SFU_REWRITE_DEPENDENCY 255

/**
 * SfuRewrite: how a packet goes out.
 * @index: cycles << 16 | sequence number: what SRTP counts
 * @codec: whose payload type it gets: the packet's, or Opus with @strip_red
 * @empty: send the header alone (with extensions, without payload): it only fills a number that must not stay missing
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
  uint8_t state;    /* SfuSentState | marker << 7 */
  uint8_t limits;   /* spatial << 4 | temporal that was sent when it was kept */
  uint8_t tries;
} SfuMunged;

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
