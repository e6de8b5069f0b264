/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one received RTP stream tells by its headers: loss, jitter (RFC 3550 §A.8), what is missing. Pure: times are the
 * caller's, in microseconds. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** LOAD_ARRIVALS_WINDOW: sequence numbers back to which a late packet is told from a repeated one. */
#define LOAD_ARRIVALS_WINDOW 1024
/** LOAD_NACK_TRIES: how often a packet is asked for; LOAD_NACK_AGAIN_US: time between. */
#define LOAD_NACK_TRIES 10
#define LOAD_NACK_AGAIN_US 100000

typedef struct {
  bool begun;
  int64_t highest;  /* sequence number with cycles */
  int64_t base;     /* what counts is above */
  uint64_t received, repeated, late; /* above base; late: behind a younger one */
  uint32_t jitter_q4;                /* in 1/16 of the clock's ticks */
  uint32_t transit;
  uint64_t seen[LOAD_ARRIVALS_WINDOW / 64];
  /* of receiver reports */
  int64_t report_highest;
  uint64_t report_received;
} LoadArrivals;

/** LoadArrival: what a packet is. */
typedef enum { LOAD_ARRIVAL_NEXT, LOAD_ARRIVAL_GAP, LOAD_ARRIVAL_LATE, LOAD_ARRIVAL_REPEATED, LOAD_ARRIVAL_OLD } LoadArrival;

/**
 * load_arrivals_add: a packet arrived at @now_us.
 * @clock_rate: of @timestamp; 0: it is a retransmission and tells nothing of jitter
 *
 * Returns: LOAD_ARRIVAL_GAP when those before it are missing: from the old arrivals->highest + 1.
 */
LoadArrival load_arrivals_add (LoadArrivals *arrivals, uint16_t seq, uint32_t timestamp, uint32_t clock_rate, int64_t now_us);
/** load_arrivals_extend: Returns: @seq with its cycles, nearest to the highest. */
int64_t load_arrivals_extend (const LoadArrivals *arrivals, uint16_t seq);
/** load_arrivals_has: did @index (of load_arrivals_extend()) arrive; true for what is older than the window. */
bool load_arrivals_has (const LoadArrivals *arrivals, int64_t index);
/** load_arrivals_restart: counts from here on. */
void load_arrivals_restart (LoadArrivals *arrivals);
/** load_arrivals_expected: Returns: packets that should have come since the restart. */
uint64_t load_arrivals_expected (const LoadArrivals *arrivals);
/** load_arrivals_report: fraction lost since the last report, in 1/256, and packets lost in all (RFC 3550 §A.3). */
void load_arrivals_report (LoadArrivals *arrivals, uint8_t *ret_fraction, int32_t *ret_lost);
