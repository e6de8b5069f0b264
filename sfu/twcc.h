/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01): the receiving side notes arrivals and writes
 * feedback, the sending side reads it. Nothing is allocated, no clock is read. Any thread, one at a time per receiver.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sfu/rtcp.h"

/** SFU_TWCC_WINDOW: sequence numbers that a receiver remembers; what is further behind the newest is not reported. */
#define SFU_TWCC_WINDOW 1024
/** SFU_TWCC_MIN_BYTES: the least room that sfu_twcc_receiver_write() can work with. */
#define SFU_TWCC_MIN_BYTES 64

/** SfuTwccReceiver: of one transport that we receive from. Embedded by the caller; zeroed is ready. */
typedef struct {
  /*< private >*/
  uint32_t ticks[SFU_TWCC_WINDOW];      /* arrivals in 250 us, by sequence number modulo the window */
  uint64_t there[SFU_TWCC_WINDOW / 64]; /* which have arrived */
  int64_t next, newest;                 /* unwrapped: the first not reported yet; the highest seen */
  uint8_t count;                        /* of feedback packets written */
  bool begun;
} SfuTwccReceiver;

/** sfu_twcc_receiver_init: nothing has arrived yet. */
void sfu_twcc_receiver_init (SfuTwccReceiver *receiver);
/** sfu_twcc_receiver_add: a packet with the transport-wide sequence number @seq has arrived: media, padding or RTX of
 *  whichever SSRC. One older than what was reported is reported with the next feedback, again with what follows it;
 *  doubles keep their first arrival. @time_us: on any clock that does not go back, not negative */
void sfu_twcc_receiver_add (SfuTwccReceiver *receiver, uint16_t seq, int64_t time_us);
/** sfu_twcc_receiver_has: Returns: is there anything to report. */
bool sfu_twcc_receiver_has (const SfuTwccReceiver *receiver);
/**
 * sfu_twcc_receiver_write: the next feedback packet over what has not been reported yet. To be called until it returns 0:
 * one packet ends where the room does, and before an arrival more than 8 s away from the one before.
 * @media: an SSRC that the peer does send: 0 is misread by some senders
 * @data: @size bytes of the caller's, at least SFU_TWCC_MIN_BYTES
 *
 * Returns: bytes of an RTCP packet, in fours; 0: nothing to report.
 */
size_t sfu_twcc_receiver_write (SfuTwccReceiver *receiver, uint32_t sender, uint32_t media, void *data, size_t size);

/** SfuTwccPacket: @time_us: arrival on the receiver's clock, which begins anew every 2^24 * 64 ms (12.4 days); 0 when it was
 *  not @received. */
typedef struct {
  int64_t time_us;
  uint16_t seq;
  bool received;
} SfuTwccPacket;

/** SfuTwcc: @reference: 24 bits, in 64 ms: what the arrivals count from. @n_status: packets that the feedback is about */
typedef struct {
  uint32_t sender, media, reference;
  uint16_t base_seq, n_status;
  uint8_t count;
} SfuTwcc;

/** SFU_TWCC_WRAP_US: what to add to or subtract from arrivals to unwrap them against those of the feedback before. */
#define SFU_TWCC_WRAP_US ((INT64_C (1) << 24) * 64000)

/**
 * sfu_twcc_parse: a feedback packet.
 * @packet: of kind SFU_RTCP_TWCC
 * @ret_packets: room for @max; more are not looked at
 * @ret_n: how many were filled in, by ascending sequence number
 *
 * Returns: false when it is malformed: no packets, a reserved status, deltas that are not there; outputs are then undefined.
 */
bool sfu_twcc_parse (const SfuRtcp *packet, SfuTwcc *ret_twcc, SfuTwccPacket *ret_packets, size_t max, size_t *ret_n);
