/* SPDX-License-Identifier: Apache-2.0 */
/* Redundant audio (RFC 2198), as WebRTC carries Opus in it. No state. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** SFU_RED_BLOCKS_MAX: with the primary; browsers send up to 3. More make the payload malformed. */
#define SFU_RED_BLOCKS_MAX 10
/** SFU_RED_OFFSET_MAX, SFU_RED_BLOCK_BYTES_MAX: what 14 and 10 bits can say. */
#define SFU_RED_OFFSET_MAX 0x3fff
#define SFU_RED_BLOCK_BYTES_MAX 0x3ff

/** SfuRedBlock: @offset: RTP timestamp units before the packet's; 0 for the primary. @data: points into the payload; @len
 *  may be 0 (nothing to repeat) */
typedef struct {
  const uint8_t *data;
  uint16_t len, offset;
  uint8_t payload_type;
} SfuRedBlock;

/** sfu_red_parse: @ret_blocks: oldest first as they come; the last is the primary. @ret_n: at least 1 */
bool sfu_red_parse (const uint8_t *payload, size_t len, SfuRedBlock ret_blocks[SFU_RED_BLOCKS_MAX], unsigned *ret_n);
/** sfu_red_find_primary: what a receiver without RED gets. */
bool sfu_red_find_primary (const uint8_t *payload, size_t len, SfuRedBlock *ret_block);
/** sfu_red_find: what was the primary @offset units earlier: to recover a lost packet. Returns: false when it is not there,
 *  or empty. */
bool sfu_red_find (const uint8_t *payload, size_t len, uint32_t offset, SfuRedBlock *ret_block);
/** SfuRedLost: a lost packet's payload. @behind: packets before the one that brings it; the timestamp is block.offset before */
typedef struct {
  SfuRedBlock block;
  unsigned behind;
} SfuRedLost;

/**
 * sfu_red_find_lost: which of the @n_lost packets directly before this one its redundancy has. Blocks are told apart by their
 * timestamps: between the packet that came last and this one there are no other packets than the lost ones.
 * @span: timestamp units from the packet that came last to this one
 * @ret_lost: oldest first
 *
 * Returns: how many; 0 also when it cannot be said which block is of which packet.
 */
unsigned sfu_red_find_lost (const uint8_t *payload, size_t len, unsigned n_lost, uint32_t span,
                            SfuRedLost ret_lost[SFU_RED_BLOCKS_MAX]);
/** sfu_red_write: @blocks: @n of them, 1 to SFU_RED_BLOCKS_MAX, the last the primary. Returns: bytes; 0: it does not fit or
 *  cannot be said. */
size_t sfu_red_write (const SfuRedBlock *blocks, unsigned n, uint8_t *ret_data, size_t size);
