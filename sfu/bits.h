/* SPDX-License-Identifier: Apache-2.0 */
/* Cursors over bits, highest first, that fail like those of base/bytes.h: reads then give 0, writes do nothing. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
  const uint8_t *data;
  size_t at, end; /* in bits */
  bool failed;
} SfuBits;

/** sfu_bits_init: @len: bytes of @data. */
static inline void
sfu_bits_init (SfuBits *bits, const uint8_t *data, size_t len)
{
  *bits = (SfuBits){ .data = data, .end = 8 * len };
}

/** sfu_bits_read: @n: 0 to 32. */
static inline uint32_t
sfu_bits_read (SfuBits *bits, unsigned n)
{
  uint32_t value = 0;

  if (bits->failed || n > bits->end - bits->at)
    {
      bits->failed = true;
      return 0;
    }
  for (; n > 0; n--, bits->at++)
    value = value << 1 | (bits->data[bits->at / 8] >> (7 - bits->at % 8) & 1u);
  return value;
}

/** sfu_bits_skip: consumes @n. */
static inline void
sfu_bits_skip (SfuBits *bits, size_t n)
{
  if (bits->failed || n > bits->end - bits->at)
    bits->failed = true;
  else
    bits->at += n;
}

typedef struct {
  uint8_t *data;
  size_t at, end; /* in bits */
  bool failed;
} SfuBitWriter;

/** sfu_bit_writer_init: @size: bytes of @data. */
static inline void
sfu_bit_writer_init (SfuBitWriter *writer, uint8_t *data, size_t size)
{
  *writer = (SfuBitWriter){ .data = data, .end = 8 * size };
}

/** sfu_bit_writer_put: the low @n (0 to 32) bits of @value; the rest of the byte becomes zero. */
static inline void
sfu_bit_writer_put (SfuBitWriter *writer, uint32_t value, unsigned n)
{
  if (writer->failed || n > writer->end - writer->at)
    {
      writer->failed = true;
      return;
    }
  for (; n > 0; n--, writer->at++)
    {
      uint8_t bit = (uint8_t) ((value >> (n - 1) & 1) << (7 - writer->at % 8));

      writer->data[writer->at / 8] = (uint8_t) ((writer->at % 8 == 0 ? 0 : writer->data[writer->at / 8]) | bit);
    }
}

/** sfu_bit_writer_copy: @n bits from @from on of @data, in which they must be. */
static inline void
sfu_bit_writer_copy (SfuBitWriter *writer, const uint8_t *data, size_t from, size_t n)
{
  SfuBits bits = { .data = data, .at = from, .end = from + n };

  for (; n >= 8; n -= 8)
    sfu_bit_writer_put (writer, sfu_bits_read (&bits, 8), 8);
  sfu_bit_writer_put (writer, sfu_bits_read (&bits, (unsigned) n), (unsigned) n);
}

/** sfu_bit_writer_end: Returns: bytes; 0: it did not fit. */
static inline size_t
sfu_bit_writer_end (const SfuBitWriter *writer)
{
  return writer->failed ? 0 : (writer->at + 7) / 8;
}
