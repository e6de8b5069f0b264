/* SPDX-License-Identifier: Apache-2.0 */
/* What an RTP payload of H264 (RFC 6184) tells of its frame. No state. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sfu/codec.h"

/** sfu_h264_parse: @frame: as sfu_payload_parse() begins it. Single NAL units, STAP-A and FU-A: packetization modes 0 and 1.
 *  Returns: false when it is malformed, or of interleaved mode. */
bool sfu_h264_parse (const uint8_t *payload, size_t len, SfuFrame *frame);
