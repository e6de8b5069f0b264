/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The RTCP of a browser that receives: transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01),
 * receiver reports, NACK and PLI (RFC 4585); and of one that sends: sender reports. Written by hand, beside the server's
 * own, so that neither proves itself. Pure. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/load/arrivals.h"

/** LOAD_FEEDBACK_WINDOW: packets that one feedback tells of. */
#define LOAD_FEEDBACK_WINDOW 1024

/** LoadFeedback: arrivals that have not been told yet. */
typedef struct {
  bool begun, pending;
  int64_t base, highest; /* with cycles; base: the first that the next feedback tells of */
  uint8_t count;         /* of feedbacks */
  int64_t at_us[LOAD_FEEDBACK_WINDOW]; /* 0: has not come */
} LoadFeedback;

void load_feedback_add (LoadFeedback *feedback, uint16_t seq, int64_t now_us);
/** load_feedback_write: Returns: bytes written to @data; 0: nothing to tell, or it does not fit. */
size_t load_feedback_write (LoadFeedback *feedback, uint32_t sender, uint32_t media, uint8_t *data, size_t size);

/** LoadReport: a block of a receiver report. */
typedef struct {
  uint32_t ssrc, highest, jitter, last_sr, delay;
  uint8_t fraction;
  int32_t lost;
} LoadReport;

/** load_rtcp_write_rr: a receiver report (RFC 3550 §6.4.2) of at most 31 blocks with a CNAME. Returns: bytes. */
size_t load_rtcp_write_rr (uint8_t *data, size_t size, uint32_t sender, const LoadReport *reports, unsigned n,
                           const char *cname);
/** load_rtcp_write_sr: a sender report without blocks, and a CNAME. @ntp: 32.32 */
size_t load_rtcp_write_sr (uint8_t *data, size_t size, uint32_t sender, uint64_t ntp, uint32_t timestamp, uint32_t pkts,
                           uint32_t bytes, const char *cname);
/** load_rtcp_write_nack: @seqs: @n of them, ascending. */
size_t load_rtcp_write_nack (uint8_t *data, size_t size, uint32_t sender, uint32_t media, const uint16_t *seqs, unsigned n);
size_t load_rtcp_write_pli (uint8_t *data, size_t size, uint32_t sender, uint32_t media);

/** LoadRtcpFns: what a client wants to know of RTCP that arrives. Any may be NULL. */
typedef struct {
  void (*keyframe) (uint32_t media, void *user); /* PLI or FIR */
  void (*nack) (uint32_t media, uint16_t seq, void *user);
  void (*sender_report) (uint32_t ssrc, uint32_t middle_ntp, void *user);
} LoadRtcpFns;
/** load_rtcp_read: goes through a compound packet; stops at the first that is cut. */
void load_rtcp_read (const uint8_t *data, size_t len, const LoadRtcpFns *fns, void *user);
