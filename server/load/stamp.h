/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The time of sending, inside the payload, where no server changes it: behind a VP8 frame (decoders stop before it), and in
 * the padding of an Opus packet (RFC 6716 §3.2.5). Pure. Any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOAD_STAMP_BYTES 12

/** load_stamp_write: @data: LOAD_STAMP_BYTES */
void load_stamp_write (uint8_t *data, int64_t now_us);
/** load_stamp_read: from the end of @len bytes of payload. Returns: false when there is none. */
bool load_stamp_read (const uint8_t *data, size_t len, int64_t *ret_us);
/**
 * load_stamp_pad_opus: @packet: @len bytes of one Opus frame (code 0), to become a padded packet (code 3) with a stamp.
 * @ret_data: room for @len + 2 + LOAD_STAMP_BYTES
 *
 * Returns: bytes written; a packet of another form is copied as it is.
 */
size_t load_stamp_pad_opus (const uint8_t *packet, size_t len, int64_t now_us, uint8_t *ret_data);
