/* SPDX-License-Identifier: Apache-2.0 */
/* What an RTP payload of VP9 (RFC 9628) tells of its frame. No state. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sfu/codec.h"

/** sfu_vp9_parse: @frame: as sfu_payload_parse() begins it. Flexible and non-flexible mode. Returns: false when malformed. */
bool sfu_vp9_parse (const uint8_t *payload, size_t len, SfuFrame *frame);

/** sfu_vp9_rewrite: as sfu_vp8_rewrite(). */
void sfu_vp9_rewrite (uint8_t *payload, const SfuVp9 *vp9, uint16_t picture_id, uint8_t tl0_pic_idx);
