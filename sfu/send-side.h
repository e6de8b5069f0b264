/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much a subscriber's path carries: Google congestion control at the sender, over transport-wide feedback
 * (draft-ietf-rmcat-gcc-02, draft-holmer-rmcat-transport-wide-cc-extensions-01). One for each transport that media leave by.
 *
 *   estimate = the least of  what the delay allows (delay-trend.h, rate-control.h)
 *                            what losses allow     (loss-rate.h)
 *                            REMB                  (only as long as there is no transport-wide feedback)
 *              and less while more is on its way than the path holds (no feedback, or a queue that has to drain)
 *
 * What was sent is remembered until feedback tells of it: room for it is made by sfu_send_side_make_room(), outside of the path
 * of packets; nothing else here allocates, and nothing locks, logs or reads a clock. The owner's thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sfu/acked-rate.h"
#include "sfu/burst-rate.h"
#include "sfu/delay-trend.h"
#include "sfu/loss-rate.h"
#include "sfu/probe.h"
#include "sfu/rate-control.h"
#include "sfu/twcc.h"

/** SFU_START_BPS: of a transport of which nothing is known. */
#define SFU_START_BPS 300000
/** SFU_ESTIMATE_MIN_BPS, SFU_ESTIMATE_MAX_BPS: the estimate never leaves these. */
#define SFU_ESTIMATE_MIN_BPS 30000
#define SFU_ESTIMATE_MAX_BPS 100000000
/** SFU_SEND_HISTORY_MIN, SFU_SEND_HISTORY: packets that feedback is understood for, at first and at most: 2 s of 1,000 packets
 *  a second. Powers of two. */
#define SFU_SEND_HISTORY_MIN 256
#define SFU_SEND_HISTORY 2048

typedef enum { SFU_SEND_AUDIO, SFU_SEND_RTX, SFU_SEND_MEDIA, SFU_SEND_PADDING, SFU_SEND_N } SfuSendKind;

/** SfuSent: one packet of ours, in 8 bytes. */
typedef struct {
  uint32_t sent_us;    /* modulo 2^32: 71 minutes */
  uint32_t bytes : 11; /* capped */
  uint32_t cycle : 8;  /* upper bits of the sequence number: whose entry this is */
  uint32_t probe : 4;
  uint32_t path : 4;
  uint32_t state : 2;
  uint32_t kind : 2;
  uint32_t quiet : 1; /* sent while the queue of a cluster may stand */
} SfuSent;

/** SfuSendSide: begins with sfu_send_side_init(), ends with sfu_send_side_clear(). */
typedef struct {
  /*< private >*/
  SfuDelayTrend delay;
  SfuRateControl control;
  SfuLossRate loss;
  SfuAckedRate acked;
  SfuBurstRate burst;
  SfuProbe probe;
  uint32_t start_bps, remb_bps, estimate_bps;
  double push_back; /* share of the estimate that is given out, while feedback fails to come */
  uint16_t next_seq, reported_seq; /* all before the latter is told of, or never will be */
  uint8_t path;
  bool started, has_feedback, has_report;
  uint32_t in_flight_bytes;
  int64_t rtt_us, least_rtt_us;      /* of feedback: with what the receiver waits before it */
  int64_t report_rtt_us;
  int64_t newest_sent_us, asked_us, quiet_us, cut_us;
  int64_t arrival_us, unwrap_us; /* the last one, unwrapped; what that took */
  double ahead_bytes; /* sent faster than the estimate: what stands in the queue of a path that carries just that */
  int64_t ahead_us, peak_us, peak_at_us; /* when that was; the most of it lately, in time at the estimate, and when */
  unsigned n_history; /* a power of two */
  SfuSent *history;   /* owned */
} SfuSendSide;

/** sfu_send_side_init: @start_bps: what to begin with (an `x-google-start-bitrate` of the offer); 0: SFU_START_BPS. */
void sfu_send_side_init (SfuSendSide *side, uint32_t start_bps);
/** sfu_send_side_clear: frees what it remembers; then only sfu_send_side_init() again. */
void sfu_send_side_clear (SfuSendSide *side);
/** sfu_send_side_make_room: allocates when feedback tells of packets so late that the history is half full; some ten times a
 *  second. */
void sfu_send_side_make_room (SfuSendSide *side);

/**
 * sfu_send_side_on_sent: for each packet that carries the extension, when it is handed to the socket (after the pacer).
 * @bytes: of the packet on the wire, with UDP and IP (28 or 48 more), as the receiver's path has to carry them
 * @probe_id: of sfu_send_side_next_probe() for what is sent because of it; 0: otherwise (media that leave while a cluster
 *   runs count for it by themselves)
 * @now_us: the monotonic clock of this batch; never goes backward
 *
 * Returns: the transport-wide sequence number to write into the packet.
 */
uint16_t sfu_send_side_on_sent (SfuSendSide *side, uint32_t bytes, SfuSendKind kind, uint8_t probe_id, int64_t now_us);

/**
 * sfu_send_side_on_feedback: one transport-wide feedback message.
 * @packets: @n of them, as sfu_twcc_parse() gives them; wrapped arrivals are unwrapped here.
 *   Unknown, doubled, very old ones and those
 *   of an older path are passed over; a message may be lost or late
 */
void sfu_send_side_on_feedback (SfuSendSide *side, const SfuTwccPacket *packets, size_t n, int64_t now_us);
/**
 * sfu_send_side_on_report: a receiver report of this transport.
 * @fraction_lost: RFC 3550 §6.4.1, 0 to 255; of several blocks the one with the most packets. Used only without feedback
 * @rtt_us: by LSR and DLSR; 0: not known
 */
void sfu_send_side_on_report (SfuSendSide *side, uint8_t fraction_lost, int64_t rtt_us, int64_t now_us);
/** sfu_send_side_on_remb: the receiver's own estimate (draft-alvestrand-rmcat-remb-03); ignored once there has been
 *  feedback. */
void sfu_send_side_on_remb (SfuSendSide *side, uint32_t bps, int64_t now_us);
/** sfu_send_side_on_path: the transport's remote address is another: what is on its way does not count any more, half of the
 *  estimate is kept (not less than the start rate), and the new path is probed. */
void sfu_send_side_on_path (SfuSendSide *side, int64_t now_us);
/** sfu_send_side_set_wanted: what would be sent if there was room for it (SfuAllocation.wanted_bps and audio): the probing
 *  goes on until the estimate is there. 0: nothing is probed. */
void sfu_send_side_set_wanted (SfuSendSide *side, uint32_t wanted_bps, int64_t now_us);

/**
 * sfu_send_side_next_probe: at each tick of the pacer, after what the pacer gave: is there something to be added?
 * @ret_rate_bps: of the cluster
 * @ret_bytes: due now: to be filled with retransmissions of what the receiver already has, or padding, each sent with
 *   sfu_send_side_on_sent() and @ret_id; a packet may be up to one MTU too much
 * @ret_id: of the cluster, 1 to 15
 *
 * Nothing is due before the first packet of media was sent, or more was wanted than the start rate. Also looks whether
 * feedback fails to come; so call it at least every 50 ms while media is sent.
 *
 * Returns: is something due; the out-parameters are untouched if not.
 */
bool sfu_send_side_next_probe (SfuSendSide *side, int64_t now_us, uint32_t *ret_rate_bps, uint32_t *ret_bytes,
                               uint8_t *ret_id);
/** sfu_send_side_get_deadline: Returns: when to call sfu_send_side_next_probe() at the latest; INT64_MAX: not before something
 *  else happens. */
int64_t sfu_send_side_get_deadline (const SfuSendSide *side);

/** sfu_send_side_get_estimate_bps: Returns: what may be sent in all: audio, video, retransmissions. */
uint32_t sfu_send_side_get_estimate_bps (const SfuSendSide *side);
/** sfu_send_side_get_pacing_bps: Returns: for sfu_pacer_set_rate(): 1.5 times the estimate, or what the path was seen to let
 *  out at once (burst-rate.h), so that frames leave soon; no more than the estimate while a queue on the path has to drain;
 *  the rate of a cluster while one runs; before anything is known, enough for a first picture to be the probe. */
uint32_t sfu_send_side_get_pacing_bps (const SfuSendSide *side);
/** sfu_send_side_get_acked_bps: Returns: what arrives; 0: not known. */
uint32_t sfu_send_side_get_acked_bps (const SfuSendSide *side);
/** sfu_send_side_get_rtt_us: Returns: of the last report, or else of the feedback; 0: not known. */
int64_t sfu_send_side_get_rtt_us (const SfuSendSide *side);
/** sfu_send_side_get_loss_permille: Returns: over the last few seconds. */
uint32_t sfu_send_side_get_loss_permille (const SfuSendSide *side);
/** sfu_send_side_get_queue_us: Returns: what the path's queue adds to the delay, as far as feedback tells. */
int64_t sfu_send_side_get_queue_us (const SfuSendSide *side);
