/* SPDX-License-Identifier: Apache-2.0 */
#include "server/load/stamp.h"

#include <string.h>

#include "base/bytes.h"

#define MAGIC 0x414c4454u /* "ALDT" */

void
load_stamp_write (uint8_t *data, int64_t now_us)
{
  AlWriter out;

  al_writer_init (&out, data, LOAD_STAMP_BYTES);
  al_writer_u64 (&out, (uint64_t) now_us);
  al_writer_u32 (&out, MAGIC);
}

bool
load_stamp_read (const uint8_t *data, size_t len, int64_t *ret_us)
{
  AlReader in;
  int64_t us;

  if (len < LOAD_STAMP_BYTES)
    return false;
  al_reader_init (&in, data + len - LOAD_STAMP_BYTES, LOAD_STAMP_BYTES);
  us = (int64_t) al_reader_u64 (&in);
  if (al_reader_u32 (&in) != MAGIC)
    return false;
  *ret_us = us;
  return true;
}

size_t
load_stamp_pad_opus (const uint8_t *packet, size_t len, int64_t now_us, uint8_t *ret_data)
{
  if (len < 1 || (packet[0] & 3) != 0)
    {
      memcpy (ret_data, packet, len);
      return len;
    }
  ret_data[0] = packet[0] | 3;
  ret_data[1] = 0x41; /* one frame, padding follows */
  ret_data[2] = LOAD_STAMP_BYTES;
  memcpy (ret_data + 3, packet + 1, len - 1);
  load_stamp_write (ret_data + len + 2, now_us);
  return len + 2 + LOAD_STAMP_BYTES;
}
