/* SPDX-License-Identifier: Apache-2.0 */
/* What an RTP payload of VP8 (RFC 7741) tells of its frame. No state. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sfu/codec.h"

/** sfu_vp8_parse: @frame: as sfu_payload_parse() begins it. Returns: false when it is malformed. */
bool sfu_vp8_parse (const uint8_t *payload, size_t len, SfuFrame *frame);

/**
 * sfu_vp8_rewrite: other numbers into the payload descriptor, where they stand and as wide as they are; what is not there is
 * not written.
 * @payload: at least as far as @vp8 says
 * @vp8: as parsed from these bytes
 */
void sfu_vp8_rewrite (uint8_t *payload, const SfuVp8 *vp8, uint16_t picture_id, uint8_t tl0_pic_idx);
