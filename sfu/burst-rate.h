/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast does the path let out what is sent at once? Packets that left in one turn (the frames of a video do) arrive one
 * behind the other, as far apart as the narrowest link makes them: bytes by the time from the first to the last of them is what
 * that link carries (packet trains: Dovrolis, Ramanathan, Moore, "Packet-dispersion techniques and a capacity-estimation
 * methodology", IEEE/ACM ToN 2004). It costs nothing, and says how fast a keyframe may leave without standing in a queue: far
 * more than the estimate, when the media are all that is known of the path.
 *
 * It is the capacity, not what is free of it: never to be given out as an estimate. A plain struct, no clock. Any one thread.
 */
#pragma once

#include <stdint.h>

/** SFU_BURSTS: how many the median is of. */
#define SFU_BURSTS 8

/** SfuBurstRate: plain; zeroed is new. */
typedef struct {
  /*< private >*/
  int64_t sent_us, first_us, last_us; /* of the burst that goes on */
  uint32_t bytes;                     /* after its first packet */
  uint32_t n;
  uint16_t seq;                       /* of its newest packet */
  uint32_t bursts_bps[SFU_BURSTS];    /* 0: none yet */
  unsigned n_bursts;
} SfuBurstRate;

/**
 * sfu_burst_rate_add: one packet that arrived, in the order of sending; a gap in @seq ends a burst.
 * @sent_us: our clock: equal for what left together. @arrival_us: the receiver's
 */
void sfu_burst_rate_add (SfuBurstRate *rate, uint16_t seq, uint32_t bytes, int64_t sent_us, int64_t arrival_us);
/** sfu_burst_rate_get_bps: Returns: the median of the last bursts; 0: there were not enough. */
uint32_t sfu_burst_rate_get_bps (const SfuBurstRate *rate);
