/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RTCP (RFC 3550 §6, reduced size RFC 5506) over the caller's bytes: compounds are walked as views, written packet by packet
 * into a buffer. Reports and extended reports (RFC 3611), NACK and PLI (RFC 4585), FIR (RFC 5104), REMB, LRR (RFC 9627);
 * transport-wide feedback is in twcc.h. What is not known is walked over. No state. Any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/** SFU_RTCP_REPORTS_MAX: report blocks, BYE sources and the like of one packet: a 5-bit count. */
#define SFU_RTCP_REPORTS_MAX 31
/** SFU_RTCP_NACKS_MAX: lost packets that one NACK packet may name here; what is named beyond is not looked at. */
#define SFU_RTCP_NACKS_MAX 512

/** SfuRtcpKind: by packet type and format. */
typedef enum {
  SFU_RTCP_OTHER, /* APP, unknown types and feedback formats: skip */
  SFU_RTCP_SR,
  SFU_RTCP_RR,
  SFU_RTCP_SDES,
  SFU_RTCP_BYE,
  SFU_RTCP_NACK,
  SFU_RTCP_TWCC, /* sfu_twcc_parse() */
  SFU_RTCP_PLI,
  SFU_RTCP_FIR,
  SFU_RTCP_LRR,
  SFU_RTCP_REMB,
  SFU_RTCP_XR
} SfuRtcpKind;

/**
 * SfuRtcp: a view of one packet of a compound.
 * @data, @len: the packet with its header, without padding; at least 4 bytes, in fours unless padded
 * @count: its 5-bit field: number of blocks, or format
 * @next: where the walk goes on
 */
typedef struct {
  const uint8_t *data;
  uint32_t len, next;
  SfuRtcpKind kind;
  uint8_t type, count;
} SfuRtcp;

/** sfu_rtcp_is_valid: Returns: is all of it RTCP packets: version 2, each length and padding inside. Need not begin with SR or
 *  RR (RFC 5506). */
bool sfu_rtcp_is_valid (const uint8_t *data, size_t len);
/** sfu_rtcp_next: walks; @packet: zeroed before the first call. Returns: is there one; stops at what is malformed. */
bool sfu_rtcp_next (const uint8_t *data, size_t len, SfuRtcp *packet);

/** SfuRtcpSr: @ntp: 32.32 seconds since 1900; @rtp: the same instant on the stream's clock. */
typedef struct {
  uint64_t ntp;
  uint32_t ssrc, rtp, pkts, bytes;
} SfuRtcpSr;

/** SfuRtcpReport: a report block. @lost: 24 bits with sign; @highest_seq: with cycles; @lsr, @dlsr: 16.16 seconds, 0: no SR
 *  seen yet */
typedef struct {
  uint32_t ssrc, highest_seq, jitter, lsr, dlsr;
  int32_t lost;
  uint8_t fraction_lost;
} SfuRtcpReport;

/** sfu_rtcp_get_sender: of SR, RR, XR and all feedback: the SSRC of who sent it. Returns: false when it has none. */
bool sfu_rtcp_get_sender (const SfuRtcp *packet, uint32_t *ret_ssrc);
/** sfu_rtcp_get_media: of feedback: the media source it is about; 0 with FIR, LRR and REMB, which name theirs inside. */
bool sfu_rtcp_get_media (const SfuRtcp *packet, uint32_t *ret_ssrc);
/** sfu_rtcp_parse_sr: the sender's part. Returns: false when @packet is no SR or too short. */
bool sfu_rtcp_parse_sr (const SfuRtcp *packet, SfuRtcpSr *ret_sr);
/** sfu_rtcp_get_report: @index: from 0. Returns: false behind the last block of an SR or RR. */
bool sfu_rtcp_get_report (const SfuRtcp *packet, unsigned index, SfuRtcpReport *ret_report);
/** sfu_rtcp_find_cname: the first CNAME of an SDES. @ret_cname: @ret_len bytes, not terminated, as they came. */
bool sfu_rtcp_find_cname (const SfuRtcp *packet, uint32_t *ret_ssrc, const char **ret_cname, size_t *ret_len);
/** sfu_rtcp_get_bye: @index: from 0. Returns: false behind the last source of a BYE. */
bool sfu_rtcp_get_bye (const SfuRtcp *packet, unsigned index, uint32_t *ret_ssrc);
/** sfu_rtcp_list_nacks: the sequence numbers that a NACK names, in its order. @ret_seqs: room for @max, of which at most
 *  SFU_RTCP_NACKS_MAX are used. Returns: how many; 0 when it is no NACK. */
size_t sfu_rtcp_list_nacks (const SfuRtcp *packet, uint16_t *ret_seqs, size_t max);
/** sfu_rtcp_get_fir: @index: from 0. @ret_seq_nr: a repetition has the same (RFC 5104 §4.3.1.1). Returns: false behind the
 *  last entry. */
bool sfu_rtcp_get_fir (const SfuRtcp *packet, unsigned index, uint32_t *ret_ssrc, uint8_t *ret_seq_nr);
/** sfu_rtcp_parse_remb: the receiver's estimate (draft-alvestrand-rmcat-remb). Returns: false when it is no REMB. Saturates
 *  at UINT64_MAX. */
bool sfu_rtcp_parse_remb (const SfuRtcp *packet, uint64_t *ret_bps);

/** SfuRtcpLrr: a layer refresh request (RFC 9627). @target: refresh up to these layers; @current: what is got now, when
 *  @has_current */
typedef struct {
  uint32_t ssrc;
  uint8_t seq_nr, payload_type;
  uint8_t target_temporal, target_layer, current_temporal, current_layer;
  bool has_current;
} SfuRtcpLrr;
/** sfu_rtcp_get_lrr: @index: from 0. Returns: false behind the last entry. */
bool sfu_rtcp_get_lrr (const SfuRtcp *packet, unsigned index, SfuRtcpLrr *ret_lrr);

/** SfuRtcpDlrr: a receiver's reference time seen by us: @lrr: its middle 32 bits; @dlrr: 16.16 seconds since. */
typedef struct {
  uint32_t ssrc, lrr, dlrr;
} SfuRtcpDlrr;
/** sfu_rtcp_find_rrtr: the receiver reference time of an XR (RFC 3611 §4.4). */
bool sfu_rtcp_find_rrtr (const SfuRtcp *packet, uint64_t *ret_ntp);
/** sfu_rtcp_get_dlrr: @index: from 0, over all DLRR blocks of an XR (RFC 3611 §4.5), below SFU_RTCP_REPORTS_MAX. */
bool sfu_rtcp_get_dlrr (const SfuRtcp *packet, unsigned index, SfuRtcpDlrr *ret_dlrr);

/**
 * SfuRtcpWriter: a compound being written: begin, packets, end. Each put is whole or not at all: false means it did not fit,
 * and what was put before still stands, so that it can be sent and a new compound begun.
 */
typedef struct {
  /*< private >*/
  AlWriter writer;
} SfuRtcpWriter;

/** sfu_rtcp_begin: @data: @size bytes of the caller's. */
void sfu_rtcp_begin (SfuRtcpWriter *out, void *data, size_t size);
/** sfu_rtcp_end: Returns: bytes of the compound; 0 when nothing was put. */
size_t sfu_rtcp_end (const SfuRtcpWriter *out);
/** sfu_rtcp_put_sr, _rr: @n: report blocks, at most SFU_RTCP_REPORTS_MAX. */
bool sfu_rtcp_put_sr (SfuRtcpWriter *out, const SfuRtcpSr *sr, const SfuRtcpReport *reports, unsigned n);
bool sfu_rtcp_put_rr (SfuRtcpWriter *out, uint32_t sender, const SfuRtcpReport *reports, unsigned n);
/** sfu_rtcp_put_cname: an SDES with one chunk. @cname: at most 255 bytes. */
bool sfu_rtcp_put_cname (SfuRtcpWriter *out, uint32_t ssrc, const char *cname);
/** sfu_rtcp_put_bye: @n: sources, 1 to SFU_RTCP_REPORTS_MAX. */
bool sfu_rtcp_put_bye (SfuRtcpWriter *out, const uint32_t *ssrcs, unsigned n);
/** sfu_rtcp_put_nack: @seqs: @n of them, at least 1, ascending (over the wrap). */
bool sfu_rtcp_put_nack (SfuRtcpWriter *out, uint32_t sender, uint32_t media, const uint16_t *seqs, size_t n);
bool sfu_rtcp_put_pli (SfuRtcpWriter *out, uint32_t sender, uint32_t media);
bool sfu_rtcp_put_fir (SfuRtcpWriter *out, uint32_t sender, uint32_t media, uint8_t seq_nr);
bool sfu_rtcp_put_lrr (SfuRtcpWriter *out, uint32_t sender, const SfuRtcpLrr *lrr);
/** sfu_rtcp_put_remb: @ssrcs: the sources it is about, @n of them, at most 255. Rounded down to 18 bits of mantissa. */
bool sfu_rtcp_put_remb (SfuRtcpWriter *out, uint32_t sender, uint64_t bps, const uint32_t *ssrcs, unsigned n);
/** sfu_rtcp_put_rrtr, _dlrr: an XR with one block; @n: 1 to SFU_RTCP_REPORTS_MAX. */
bool sfu_rtcp_put_rrtr (SfuRtcpWriter *out, uint32_t sender, uint64_t ntp);
bool sfu_rtcp_put_dlrr (SfuRtcpWriter *out, uint32_t sender, const SfuRtcpDlrr *dlrrs, unsigned n);
/** sfu_rtcp_put_packet: one that is already written, of twcc.h: as the last, because it may be padded. @len: in fours. */
bool sfu_rtcp_put_packet (SfuRtcpWriter *out, const uint8_t *packet, size_t len);
