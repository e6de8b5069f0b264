/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one packet's payload tells of its frame, per codec: only what stands outside end-to-end encrypted bytes, or is left
 * clear in them, is looked at. No state. Any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sfu/codec.h"

/**
 * sfu_payload_parse:
 * @payload: without padding; @len: 0 is malformed, except for Opus
 * @marker: the RTP header's
 * @ret_frame: always set: also when it returns false it has the codec and what @marker tells, so that a dependency descriptor
 *   can be read into it next
 *
 * VP8 and H264 say only in the first packets of a picture that it is a keyframe; in the others @keyframe is false. Of H264,
 * @start is true for each packet that begins a new picture's parameter sets or slices: compare timestamps. Of AV1, only the
 * aggregation header is read: N is @keyframe and @start.
 *
 * Returns: false when it is malformed, or has more than SFU_SPATIAL_MAX or SFU_TEMPORAL_MAX layers.
 */
bool sfu_payload_parse (SfuCodec codec, const uint8_t *payload, size_t len, bool marker, SfuFrame *ret_frame);
