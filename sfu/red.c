/* SPDX-License-Identifier: Apache-2.0 */
/* Redundant audio (RFC 2198). Any thread. */
#include "sfu/red.h"

#include "base/bytes.h"

/*
 *  0                   1                    2                   3
 * |F=1|  block PT  |     timestamp offset (14)     | length (10)  |  each redundant block, oldest first
 * |F=0|  block PT  |                                                the primary: what remains
 */
#define FOLLOWS 0x80

bool
sfu_red_parse (const uint8_t *payload, size_t len, SfuRedBlock ret_blocks[SFU_RED_BLOCKS_MAX], unsigned *ret_n)
{
  AlReader reader;
  unsigned n = 0;
  uint8_t first;

  if (len > UINT16_MAX)
    return false;
  al_reader_init (&reader, payload, len);
  while (((first = al_reader_u8 (&reader)) & FOLLOWS) != 0)
    {
      uint32_t rest = al_reader_u24 (&reader);

      if (n == SFU_RED_BLOCKS_MAX - 1)
        return false;
      ret_blocks[n++] = (SfuRedBlock){ .payload_type = first & 0x7f, .offset = (uint16_t) (rest >> 10), .len = rest & 0x3ff };
    }
  ret_blocks[n] = (SfuRedBlock){ .payload_type = first };
  for (unsigned i = 0; i < n; i++)
    ret_blocks[i].data = al_reader_slice (&reader, ret_blocks[i].len);
  ret_blocks[n].len = (uint16_t) al_reader_remaining (&reader);
  ret_blocks[n].data = al_reader_slice (&reader, ret_blocks[n].len);
  *ret_n = n + 1;
  return !al_reader_failed (&reader);
}

bool
sfu_red_find_primary (const uint8_t *payload, size_t len, SfuRedBlock *ret_block)
{
  SfuRedBlock blocks[SFU_RED_BLOCKS_MAX];
  unsigned n;

  if (!sfu_red_parse (payload, len, blocks, &n))
    return false;
  *ret_block = blocks[n - 1];
  return true;
}

bool
sfu_red_find (const uint8_t *payload, size_t len, uint32_t offset, SfuRedBlock *ret_block)
{
  SfuRedBlock blocks[SFU_RED_BLOCKS_MAX];
  unsigned n;

  if (!sfu_red_parse (payload, len, blocks, &n))
    return false;
  for (unsigned i = 0; i < n; i++)
    if (blocks[i].offset == offset && blocks[i].len > 0)
      {
        *ret_block = blocks[i];
        return true;
      }
  return false;
}

/* Returns: how many packets before the packet the block of @offset was, when they are all as far apart; 0: not to be said. */
static unsigned
count_behind (uint32_t offset, unsigned n_lost, uint32_t span)
{
  uint32_t step = span / (n_lost + 1);

  if (span % (n_lost + 1) != 0 || offset % step != 0)
    return 0;
  return offset / step;
}

unsigned
sfu_red_find_lost (const uint8_t *payload, size_t len, unsigned n_lost, uint32_t span, SfuRedLost ret_lost[SFU_RED_BLOCKS_MAX])
{
  SfuRedBlock blocks[SFU_RED_BLOCKS_MAX];
  unsigned n, n_inside = 0, first = 0, n_found = 0;

  if (n_lost == 0 || span > INT32_MAX || span <= n_lost || !sfu_red_parse (payload, len, blocks, &n))
    return 0;
  for (unsigned i = 0; i + 1 < n; i++)
    {
      /* they stand in their order (RFC 2198 §3 leaves it open; then nothing is believed) */
      if (i > 0 && blocks[i].offset >= blocks[i - 1].offset)
        return 0;
      if (blocks[i].offset >= span)
        first = i + 1;
      else
        n_inside += blocks[i].offset > 0;
    }
  if (n_inside > n_lost)
    return 0;
  for (unsigned i = 0; i < n_inside; i++)
    {
      const SfuRedBlock *block = &blocks[first + i];
      unsigned behind = n_inside == n_lost ? n_lost - i : count_behind (block->offset, n_lost, span);

      if (behind > 0 && block->len > 0)
        ret_lost[n_found++] = (SfuRedLost){ *block, behind };
    }
  return n_found;
}

size_t
sfu_red_write (const SfuRedBlock *blocks, unsigned n, uint8_t *ret_data, size_t size)
{
  AlWriter writer;

  if (n == 0 || n > SFU_RED_BLOCKS_MAX)
    return 0;
  al_writer_init (&writer, ret_data, size);
  for (unsigned i = 0; i + 1 < n; i++)
    {
      if (blocks[i].offset > SFU_RED_OFFSET_MAX || blocks[i].len > SFU_RED_BLOCK_BYTES_MAX)
        return 0;
      al_writer_u8 (&writer, FOLLOWS | blocks[i].payload_type);
      al_writer_u24 (&writer, (uint32_t) blocks[i].offset << 10 | blocks[i].len);
    }
  al_writer_u8 (&writer, blocks[n - 1].payload_type & 0x7f);
  for (unsigned i = 0; i < n; i++)
    al_writer_bytes (&writer, blocks[i].data, blocks[i].len);
  return al_writer_failed (&writer) ? 0 : al_writer_len (&writer);
}
