/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker of the SFU counts. Plain values of the worker's thread; report.h publishes them. */
#pragma once

#include <stdint.h>

#include "sfu/codec.h"
#include "sfu/transport.h"

/** SfuDrop: why something was not passed on. */
typedef enum {
  SFU_DROP_STRANGER,     /* media from an address that no check vouches for */
  SFU_DROP_CHECK,        /* STUN of ICE with a wrong integrity or name */
  SFU_DROP_UNAUTHENTIC,  /* media that the keys do not open */
  SFU_DROP_REPLAYED,     /* the same SRTP packet again */
  SFU_DROP_EARLY,        /* media before the keys */
  SFU_DROP_MALFORMED,    /* authentic, but no RTP or RTCP, or longer than a packet of the pool */
  SFU_DROP_UNKNOWN_TYPE, /* a payload type that was not agreed */
  SFU_DROP_UNKNOWN_SSRC, /* nothing says which track it is of */
  SFU_DROP_DUPLICATE,    /* a packet that is there already, or so late that nobody knows */
  SFU_DROP_POOL_EMPTY,   /* no packet of the pool is free */
  SFU_DROP_RING_FULL,    /* on the way to another worker */
  SFU_DROP_PACER_FULL,   /* more waits for a subscriber than can wait */
  SFU_DROP_PACER_LATE,   /* waited in vain: too long, or for a slot that shows something else now */
  SFU_DROP_RTX_BUDGET,   /* retransmissions beyond a subscriber's share for them */
  SFU_DROP_TCP_QUEUE,    /* the peer does not read its connection */
  SFU_DROP_MAIL,         /* word between threads: a mailbox was full */
  SFU_DROP_N
} SfuDrop;

/** SfuCounts: totals since the beginning, and what there is now (@legs: of subscribers, of publishers; @rooms: whose home this
 *  worker is; @tracks: that are received here). @connected: also those that come back. @rx_nacks, @tx_nacks: packets asked for.
 *  @crossed: packets pushed to other workers, once for each */
typedef struct {
  uint64_t connected, ended[SFU_END_N], path_changes;
  uint64_t rx_pkts, rx_bytes, tx_pkts, tx_bytes, crossed;
  uint64_t rx_nacks, tx_nacks, rx_keyframe_requests, tx_keyframe_requests;
  uint64_t recovered, resent; /* by RTX (and from RED): of publishers; by RTX: to subscribers */
  uint64_t dropped[SFU_DROP_N];
  uint64_t rooms, legs[2], tracks[SFU_KIND_N], connections;
} SfuCounts;

/** sfu_drop_name, sfu_end_name: Returns: a static word. */
const char *sfu_drop_name (SfuDrop drop);
const char *sfu_end_name (SfuTransportEnd end);
