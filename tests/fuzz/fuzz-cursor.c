/* SPDX-License-Identifier: Apache-2.0 */
/* The input is a program of reads: an opcode byte, then what it reads. All that is read is written again and compared. */
#include <glib.h>
#include <string.h>

#include "base/bytes.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* Reads one item with @op and writes the same item. Returns: the item's length. */
static size_t
step (AlReader *reader, AlWriter *writer, uint8_t op)
{
  static const uint8_t lengths[] = { 1, 2, 3, 4, 8, 2, 4, 6 };
  AlReader sub;
  const uint8_t *slice;
  size_t len = op >> 4;

  switch (op & 15)
    {
    case 0: al_writer_u8 (writer, al_reader_u8 (reader)); break;
    case 1: al_writer_u16 (writer, al_reader_u16 (reader)); break;
    case 2: al_writer_u24 (writer, al_reader_u24 (reader)); break;
    case 3: al_writer_u32 (writer, al_reader_u32 (reader)); break;
    case 4: al_writer_u64 (writer, al_reader_u64 (reader)); break;
    case 5: al_writer_u16_le (writer, al_reader_u16_le (reader)); break;
    case 6: al_writer_u32_le (writer, al_reader_u32_le (reader)); break;
    case 7: al_writer_u48 (writer, al_reader_u48 (reader)); break;
    case 8:
      (void) al_reader_sub (reader, len, &sub);
      while (al_reader_remaining (&sub) > 0)
        al_writer_u8 (writer, al_reader_u8 (&sub));
      return len;
    default:
      g_assert ((al_reader_peek (reader, len) != NULL) == (!al_reader_failed (reader) && len <= al_reader_remaining (reader)));
      slice = al_reader_slice (reader, len);
      if (slice != NULL)
        (void) al_writer_bytes (writer, slice, len);
      return len;
    }
  return lengths[op & 7];
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree uint8_t *copy = g_malloc (size + 8);
  size_t expected = 0;
  AlReader reader;
  AlWriter writer;

  al_reader_init (&reader, data, size);
  al_writer_init (&writer, copy, size + 8);
  while (!al_reader_failed (&reader) && al_reader_remaining (&reader) > 0)
    {
      uint8_t op = al_reader_u8 (&reader);
      size_t before = al_reader_remaining (&reader), at = al_writer_len (&writer), len = step (&reader, &writer, op);

      g_assert (al_reader_failed (&reader) == (len > before));
      if (al_reader_failed (&reader))
        break;
      g_assert (al_writer_len (&writer) == at + len && before - al_reader_remaining (&reader) == len);
      expected += len + 1;
      g_assert (len == 0 || memcmp (copy + at, data + expected - len, len) == 0);
    }
  g_assert (!al_writer_failed (&writer));
  return 0;
}
