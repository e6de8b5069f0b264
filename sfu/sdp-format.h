/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The codecs of one section, as a=rtpmap, a=fmtp and a=rtcp-fb say them: Opus (RFC 7587), RED (RFC 2198), VP8 (RFC 7741),
 * VP9 (RFC 9628), H264 (RFC 6184), AV1 (AV1 RTP specification §7) and their retransmissions (RFC 4588). Any thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "sfu/offer.h"

#define SFU_PAYLOAD_TYPES 128

/** SfuFormats: what is known of each payload type of a section while its lines are read; zero it to begin. */
typedef struct {
  uint8_t order[SFU_PAYLOAD_TYPES]; /* of the m= line */
  uint8_t n;
  uint8_t feedback_of_all;
  struct {
    bool listed, mapped, is_rtx;
    SfuCodec codec;
    uint8_t feedback;
    const char *fmtp; /* (nullable), borrowed */
    const char *map;  /* (nullable), borrowed: what follows the payload type in a=rtpmap */
  } of[SFU_PAYLOAD_TYPES];
} SfuFormats;

/* Each Returns: NULL, or what is wrong: a static text. @value: of the attribute, borrowed as long as @formats is used. */

/** sfu_formats_list: a format of the m= line. */
const char *sfu_formats_list (SfuFormats *formats, const char *format);
const char *sfu_formats_add_map (SfuFormats *formats, const char *value);
const char *sfu_formats_add_fmtp (SfuFormats *formats, const char *value);
const char *sfu_formats_add_feedback (SfuFormats *formats, const char *value);

/**
 * sfu_formats_end: @ret: SFU_FORMATS_MAX; those that we can forward, in the order of the m= line. Returns: how many.
 */
unsigned sfu_formats_end (const SfuFormats *formats, SfuKind kind, SfuFormat *ret);

/** sfu_formats_get_rtx: Returns: the payload type that @payload_type retransmits ("apt"); -1: it is no RTX. */
int sfu_formats_get_rtx (const SfuFormats *formats, unsigned payload_type);

/** sfu_fmtp_get: @fmtp: (nullable). Returns: whether parameter @name is there; @ret_value: @size bytes, cut never: a longer
 *  value is not found. Names without regard to case. */
bool sfu_fmtp_get (const char *fmtp, const char *name, char *ret_value, size_t size);

/** sfu_format_write: appends a=rtpmap, a=rtcp-fb and a=fmtp lines of @format and its RTX. @extra_fmtp: (nullable). */
void sfu_format_write (const SfuFormat *format, const char *extra_fmtp, GString *out);
