/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a publisher took what its RTP timestamps name, on this machine's monotonic clock. One offset per publisher, so
 * that its audio and its video keep together (RFC 3550 §6.4.1). Pure; the worker that has the publisher.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sfu/codec.h"

/** SfuPeerClock: of one publisher, for all its tracks; zeroed: nothing known. @offset_us: monotonic clock minus its NTP
 *  clock, with the network's delay inside; it moves by 5 ms per report at most, so what was mapped before stays
 *  true. */
typedef struct {
  int64_t offset_us;
  bool known;
} SfuPeerClock;

/** SfuClock: of one SSRC: at @time_us (monotonic) the publisher took what has the timestamp @rtp. Zeroed: nothing
 *  known. Passed by value to the workers that have receivers. @epoch: of SfuPacket: of which SSRC. */
typedef struct {
  int64_t time_us;
  uint32_t rtp, epoch;
  bool known;
} SfuClock;

/** SfuTrackClock: of one track, as a worker with receivers knows it. */
typedef struct {
  SfuClock layer[SFU_LAYERS_MAX];
} SfuTrackClock;

/** sfu_ntp_to_us: Returns: microseconds of an NTP timestamp of 64 bits (RFC 3550 §4), since its era's begin. */
int64_t sfu_ntp_to_us (uint64_t ntp);
/** sfu_ntp_from_us: the other way; exact to less than a microsecond. */
uint64_t sfu_ntp_from_us (int64_t us);

/**
 * sfu_clock_on_sr: a sender report came.
 * @peer: of its publisher
 * @ntp, @rtp: of the report; @ntp 0 (a sender without a wall clock, RFC 3550 §6.4.1) changes nothing
 * @epoch: of the SSRC it is about
 * @now_us: its arrival
 *
 * A publisher whose wall clock steps by more than a second begins a new offset.
 */
void sfu_clock_on_sr (SfuClock *clock, SfuPeerClock *peer, uint64_t ntp, uint32_t rtp, uint32_t epoch, int64_t now_us);

/** sfu_clock_get_rtp: Returns: the timestamp of what is taken at @time_us. @clock must be known. @rate: of the codec,
 *  Hz. */
uint32_t sfu_clock_get_rtp (const SfuClock *clock, uint32_t rate, int64_t time_us);
