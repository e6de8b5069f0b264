/* SPDX-License-Identifier: Apache-2.0 */
/* RTP packets (RFC 3550, RFC 8285) over the caller's bytes: parsed as a view, written into a buffer. No state. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define SFU_RTP_HEADER_BYTES 12
/** SFU_RTP_EXT_MAX: header extensions of a packet that are looked at; more make it malformed. */
#define SFU_RTP_EXT_MAX 32

/**
 * SfuRtp: a view of a packet; valid as long as its bytes are.
 * @header_len: fixed header, CSRCs and extension block: where the payload begins
 * @payload_len: without padding
 * @padding_len: bytes of padding at the end, its count byte included; 0 without the P bit
 */
typedef struct {
  const uint8_t *data;
  uint32_t len;
  uint32_t ssrc, timestamp;
  uint16_t seq;
  uint8_t payload_type;
  bool marker;
  uint16_t header_len, payload_len;
  uint8_t padding_len;
  uint16_t ext_profile;         /* 0xbede: one-byte, 0x1000 to 0x100f: two-byte, 0: none, other: not understood */
  uint16_t ext_offset, ext_len; /* of the elements, behind the profile and length words */
} SfuRtp;

/** SfuRtpExt: a view of one element. @next: where the iteration goes on. */
typedef struct {
  const uint8_t *value;
  uint8_t id, len;
  uint16_t next;
} SfuRtpExt;

/** sfu_rtp_is_rtcp: Returns: is it RTCP on a port shared with RTP (RFC 5761 §4): second byte 192 to 223. */
bool sfu_rtp_is_rtcp (const uint8_t *data, size_t len);
/** sfu_rtp_parse: Returns: false when @len bytes are no RTP packet; @ret_rtp is then undefined. */
bool sfu_rtp_parse (const uint8_t *data, size_t len, SfuRtp *ret_rtp);
/** sfu_rtp_next_ext: iterates; @ext: zeroed before the first call. Padding is skipped, id 15 of the one-byte form ends it
 *  (RFC 8285 §4.2). Returns: is there one. */
bool sfu_rtp_next_ext (const SfuRtp *rtp, SfuRtpExt *ext);
/** sfu_rtp_find_ext: the first of @id; @id 0 is never there. */
bool sfu_rtp_find_ext (const SfuRtp *rtp, uint8_t id, SfuRtpExt *ret_ext);

/** SfuRtpWriter: writes one packet: begin, extensions, payload, end. What does not fit makes it fail as a whole. */
typedef struct {
  /*< private >*/
  AlWriter writer;
  uint32_t ext_at; /* 0: no extension block yet */
  bool two_byte;
} SfuRtpWriter;

/** sfu_rtp_begin: @data: @size bytes of the caller's. @two_byte: the two-byte form, needed for ids over 14 and values that are
 *  empty or over 16 bytes. */
void sfu_rtp_begin (SfuRtpWriter *out, void *data, size_t size, uint8_t payload_type, bool marker, uint16_t seq,
                    uint32_t timestamp, uint32_t ssrc, bool two_byte);
/** sfu_rtp_put_ext: @len: 1 to 16, or 0 to 255 in the two-byte form; id 0 writes nothing.
 *  Returns: (nullable): where the value stands, so that it can be filled in later. */
uint8_t *sfu_rtp_put_ext (SfuRtpWriter *out, uint8_t id, const void *value, size_t len);
/** sfu_rtp_put_payload: after all extensions; may be called several times. Returns: (nullable): where it stands. */
uint8_t *sfu_rtp_put_payload (SfuRtpWriter *out, const void *payload, size_t len);
/** sfu_rtp_get_header_len: ends the extensions. Returns: bytes in front of the payload; before any of it is put. */
size_t sfu_rtp_get_header_len (SfuRtpWriter *out);
/** sfu_rtp_end: @padding: bytes of padding to append, 0 to 255. Returns: bytes of the packet; 0: it did not fit. */
size_t sfu_rtp_end (SfuRtpWriter *out, uint8_t padding);
