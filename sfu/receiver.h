/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One incoming RTP stream: one SSRC of a publisher, which is one simulcast encoding or one audio track. Extended
 * sequence numbers, duplicates, loss, jitter and rates (RFC 3550 §6.4, appendices A.1, A.3, A.8). Pure; one worker.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sfu/rtp.h"

typedef enum {
  SFU_RECEIVED_NEW,       /* not seen before, in order or late */
  SFU_RECEIVED_RESET,     /* new too, and the first of another SSRC, or after a restart of the sequence: a new epoch */
  SFU_RECEIVED_DUPLICATE, /* drop */
  SFU_RECEIVED_TOO_OLD,   /* so late that nobody knows whether it is a duplicate, or the first after an unlikely jump: drop */
  SFU_RECEIVED_N
} SfuReceived;

/** SFU_RECEIVER_WINDOW: packets behind the newest that may still come. */
#define SFU_RECEIVER_WINDOW 1024
/** SFU_RECEIVER_BUCKETS: parts of the second over which rates are measured. */
#define SFU_RECEIVER_BUCKETS 8

/** SfuReceiverReport: the report block about this stream (RFC 3550 §6.4.1). @lost: cumulative, at most 2^23-1, negative
 *  only by duplicates, which are not counted here: so never. @jitter: in units of the codec's clock. @lsr, @dlsr: 0
 *  before an SR. */
typedef struct {
  uint32_t ssrc;
  uint8_t fraction_lost;
  int32_t lost;
  uint32_t highest_seq, jitter, lsr, dlsr;
} SfuReceiverReport;

/**
 * SfuReceiver:
 * @epoch: SfuPacket's: 1 for the first SSRC; grows with each reset
 * @pkts, @bytes: new packets, whole RTP packets; @recovered: of them by RTX; @duplicates
 */
typedef struct {
  uint32_t ssrc, rate;
  uint32_t epoch;
  uint64_t pkts, bytes, recovered, duplicates;
  /*< private >*/
  bool started;
  uint64_t base, highest;            /* extended sequence numbers; the first is below 2^16 */
  uint32_t bad_seq;                  /* the one that would prove a restart; over 16 bits: none */
  uint64_t received;                 /* of this epoch, without recovered ones */
  uint64_t lost_before;              /* of the epochs before */
  uint64_t expected_prior, received_prior;
  uint64_t window[SFU_RECEIVER_WINDOW / 64]; /* bit index % WINDOW: seen */
  int64_t transit_us;                /* arrival of the last one in order */
  uint32_t transit_rtp;
  uint32_t jitter_16;                /* times 16 */
  uint64_t sr_ntp;
  int64_t sr_us;
  int64_t bucket_at;                 /* number of the newest bucket */
  uint32_t bucket_bytes[SFU_RECEIVER_BUCKETS + 1];
  uint16_t bucket_frames[SFU_RECEIVER_BUCKETS + 1];
  uint32_t newest_rtp;
} SfuReceiver;

/** sfu_receiver_init: @rate: the codec's clock in Hz, over 0. There is nothing to clear. */
void sfu_receiver_init (SfuReceiver *receiver, uint32_t rate);

/**
 * sfu_receiver_on_packet: an authentic packet of the stream came.
 * @rtp: with the stream's own SSRC and sequence number (what came by RTX is unwrapped before)
 * @recovered: it came by RTX: it counts for the media, not as received on the way (RFC 4588 §4: reports are about the
 *   original stream as it came), nor for the jitter
 * @ret_index: its extended sequence number, for NEW and RESET. It never goes back below 0 and begins below 2^17 in
 *   every epoch; a late packet from before the first one has its own place there
 *
 * A jump of 3,000 packets or more forward, or of more than the window back, is believed only when the next packet
 * follows it (RFC 3550 §A.1); the first of the two is TOO_OLD. Another SSRC is believed at once (its packets are
 * authentic), but not from RTX, which is TOO_OLD then.
 */
SfuReceived sfu_receiver_on_packet (SfuReceiver *receiver, const SfuRtp *rtp, bool recovered, int64_t now_us,
                                    uint64_t *ret_index);

/** sfu_receiver_count_missing: Returns: how many packets are missing directly before one with @seq, should it come now; 0
 *  also when it is late, or a jump. @ret_rtp: timestamp of the packet that came before those */
unsigned sfu_receiver_count_missing (const SfuReceiver *receiver, uint32_t ssrc, uint16_t seq, uint32_t *ret_rtp);
/** sfu_receiver_on_sr: a sender report of the stream's SSRC came. @ntp: its 64 bits */
void sfu_receiver_on_sr (SfuReceiver *receiver, uint64_t ntp, int64_t now_us);
/** sfu_receiver_make_report: and begins the next interval. Returns: false before the first packet. */
bool sfu_receiver_make_report (SfuReceiver *receiver, int64_t now_us, SfuReceiverReport *ret_report);

/** sfu_receiver_get_bitrate: Returns: bits per second over the last second, 0 when nothing came in it. */
uint32_t sfu_receiver_get_bitrate (const SfuReceiver *receiver, int64_t now_us);
/** sfu_receiver_get_fps: Returns: frames (timestamps) over the last second. */
uint32_t sfu_receiver_get_fps (const SfuReceiver *receiver, int64_t now_us);
/** sfu_receiver_get_lost: Returns: packets lost on the way since the beginning, recovered or not. */
uint64_t sfu_receiver_get_lost (const SfuReceiver *receiver);
/** sfu_receiver_get_jitter_us: Returns: interarrival jitter in microseconds. */
uint32_t sfu_receiver_get_jitter_us (const SfuReceiver *receiver);
