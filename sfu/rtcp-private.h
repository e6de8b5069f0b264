/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of RTCP's packets that reading and writing share (RFC 3550 §12, IANA). */
#pragma once

#define RTCP_VERSION 2
#define PADDING_BIT 0x20

enum { PT_SR = 200, PT_RR = 201, PT_SDES = 202, PT_BYE = 203, PT_RTPFB = 205, PT_PSFB = 206, PT_XR = 207 };
enum { RTPFB_NACK = 1, RTPFB_TWCC = 15 };
enum { PSFB_PLI = 1, PSFB_FIR = 4, PSFB_LRR = 10, PSFB_AFB = 15 };
enum { SDES_CNAME = 1 };
enum { XR_RRTR = 4, XR_DLRR = 5 };

/* bytes of headers, of blocks, and of what stands in front of the first block */
enum {
  HEADER_BYTES = 4,
  REPORT_BYTES = 24,
  RR_BYTES = 8,
  SR_BYTES = 28,
  FEEDBACK_BYTES = 12,
  REMB_BYTES = 20,
  LRR_BYTES = 12,
  XR_BYTES = 8,
  DLRR_BYTES = 12
};
