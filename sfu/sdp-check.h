/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a text may be SDP at all (RFC 8866 §5, §9): its lines, their order and size, its characters. libgstsdp takes any
 * text; what passes here holds no line that it would skip, cut or read otherwise than we do. No state. Any thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * SfuSdpLines: where what stands in the text, for messages.
 * @attributes: (element-type uint32_t): the number of every a= line, from 1
 * @sections: (element-type SfuSdpSectionLine): of every m= line
 */
typedef struct {
  GArray *attributes;
  GArray *sections;
  unsigned n;
} SfuSdpLines;

/** SfuSdpSectionLine: @first: index in attributes of the section's first one, also when it has none. */
typedef struct {
  uint32_t line, first;
} SfuSdpSectionLine;

/** sfu_sdp_check: Returns: false with SFU_ERROR_BAD_OFFER or SFU_ERROR_LIMIT, @ret_lines untouched. */
bool sfu_sdp_check (const char *text, size_t len, SfuSdpLines *ret_lines, GError **error);
void sfu_sdp_lines_clear (SfuSdpLines *lines);

/* The parts of a line. @at moves behind what was taken, and stays where it is when that is not there. */

/** sfu_sdp_take_number: digits, at most @max; no sign, no leading zeros. */
bool sfu_sdp_take_number (const char **at, uint64_t max, uint64_t *ret);
/** sfu_sdp_take_word: up to the next of @ends or the end. @ret: @size bytes, of which one is for the NUL. Returns: false
 *  when it is empty or too long. */
bool sfu_sdp_take_word (const char **at, const char *ends, char *ret, size_t size);
/** sfu_sdp_take: exactly @text. */
bool sfu_sdp_take (const char **at, const char *text);
/** sfu_sdp_is_token: Returns: RFC 8866 §9: token. */
bool sfu_sdp_is_token (const char *text);
