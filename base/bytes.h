/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cursors: the only way in which the wire is read and written. Big-endian unless the name ends in _le.
 *
 * The first access past the end makes the cursor fail; from then on reads give 0 or NULL, writes do nothing, and
 * al_reader_failed() / al_writer_failed() say so. A parser may therefore read a whole header and ask once.
 * Plain values on the stack, inline because packets pass through them. Any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
  /*< private >*/
  const uint8_t *next, *end;
  bool failed;
} AlReader;

typedef struct {
  /*< private >*/
  uint8_t *begin, *next, *end;
  bool failed;
} AlWriter;

/** al_reader_init: @data: (nullable): @len bytes, borrowed while the reader or a slice of it is in use. */
static inline void
al_reader_init (AlReader *reader, const void *data, size_t len)
{
  static const uint8_t nothing[1];

  reader->next = len > 0 ? data : nothing;
  reader->end = reader->next + len;
  reader->failed = false;
}

/** al_reader_failed: was anything read that is not there. */
static inline bool
al_reader_failed (const AlReader *reader)
{
  return reader->failed;
}

/** al_reader_remaining: bytes not read yet; 0 after a failure. */
static inline size_t
al_reader_remaining (const AlReader *reader)
{
  return (size_t) (reader->end - reader->next);
}

/** al_reader_fail: marks the reader as failed, for a parser that finds a value it does not take. Nothing remains. */
static inline void
al_reader_fail (AlReader *reader)
{
  reader->next = reader->end;
  reader->failed = true;
}

/** al_reader_slice: Returns: the next @len bytes, which are consumed; NULL on failure. Not NULL for @len 0. */
static inline const uint8_t *
al_reader_slice (AlReader *reader, size_t len)
{
  const uint8_t *slice = reader->next;

  if (reader->failed || len > al_reader_remaining (reader))
    {
      al_reader_fail (reader);
      return NULL;
    }
  reader->next += len;
  return slice;
}

/** al_reader_peek: Returns: the next @len bytes without consuming them; NULL, without failing, when there are fewer. */
static inline const uint8_t *
al_reader_peek (const AlReader *reader, size_t len)
{
  return reader->failed || len > al_reader_remaining (reader) ? NULL : reader->next;
}

/** al_reader_skip: consumes @len bytes. Returns: false on failure. */
static inline bool
al_reader_skip (AlReader *reader, size_t len)
{
  return al_reader_slice (reader, len) != NULL;
}

/** al_reader_sub: @ret_sub reads exactly the next @len bytes, which @reader consumes; failed if they are not there. */
static inline bool
al_reader_sub (AlReader *reader, size_t len, AlReader *ret_sub)
{
  const uint8_t *slice = al_reader_slice (reader, len);

  al_reader_init (ret_sub, slice, slice == NULL ? 0 : len);
  ret_sub->failed = slice == NULL;
  return slice != NULL;
}

/** al_reader_copy: @ret_data: room for @len bytes; zeroed on failure. */
static inline bool
al_reader_copy (AlReader *reader, void *ret_data, size_t len)
{
  const uint8_t *slice = al_reader_slice (reader, len);

  if (len == 0)
    return slice != NULL;
  if (slice == NULL)
    (void) memset (ret_data, 0, len);
  else
    (void) memcpy (ret_data, slice, len);
  return slice != NULL;
}

static inline uint64_t
al_reader_uint_ (AlReader *reader, unsigned len)
{
  const uint8_t *slice = al_reader_slice (reader, len);
  uint64_t value = 0;

  for (unsigned i = 0; slice != NULL && i < len; i++)
    value = value << 8 | slice[i];
  return value;
}

/** al_reader_u8, u16, u24, u32, u48, u64: the next bytes as an unsigned number; 0 on failure. */
static inline uint8_t
al_reader_u8 (AlReader *reader)
{
  return (uint8_t) al_reader_uint_ (reader, 1);
}
static inline uint16_t
al_reader_u16 (AlReader *reader)
{
  return (uint16_t) al_reader_uint_ (reader, 2);
}
static inline uint32_t
al_reader_u24 (AlReader *reader)
{
  return (uint32_t) al_reader_uint_ (reader, 3);
}
static inline uint32_t
al_reader_u32 (AlReader *reader)
{
  return (uint32_t) al_reader_uint_ (reader, 4);
}
static inline uint64_t
al_reader_u48 (AlReader *reader)
{
  return al_reader_uint_ (reader, 6);
}
static inline uint64_t
al_reader_u64 (AlReader *reader)
{
  return al_reader_uint_ (reader, 8);
}

/** al_reader_u16_le, u32_le: little-endian, as RTMP's message stream id (and chunk basic header 3). */
static inline uint16_t
al_reader_u16_le (AlReader *reader)
{
  return __builtin_bswap16 (al_reader_u16 (reader));
}
static inline uint32_t
al_reader_u32_le (AlReader *reader)
{
  return __builtin_bswap32 (al_reader_u32 (reader));
}

/** al_writer_init: @data: the caller's buffer of @size bytes, borrowed. */
static inline void
al_writer_init (AlWriter *writer, void *data, size_t size)
{
  static uint8_t nothing[1];

  writer->begin = writer->next = size > 0 ? data : nothing;
  writer->end = writer->begin + size;
  writer->failed = false;
}

/** al_writer_failed: did anything not fit. What was written then is incomplete and must not be sent. */
static inline bool
al_writer_failed (const AlWriter *writer)
{
  return writer->failed;
}

/** al_writer_len: bytes written so far: the offset of the next one. */
static inline size_t
al_writer_len (const AlWriter *writer)
{
  return (size_t) (writer->next - writer->begin);
}

/** al_writer_reserve: Returns: @len bytes to be filled by the caller; NULL when they do not fit. Not NULL for @len 0. */
static inline uint8_t *
al_writer_reserve (AlWriter *writer, size_t len)
{
  uint8_t *room = writer->next;

  if (writer->failed || len > (size_t) (writer->end - writer->next))
    {
      writer->failed = true;
      return NULL;
    }
  writer->next += len;
  return room;
}

/** al_writer_bytes: appends @len bytes of @data (nullable when @len is 0). */
static inline bool
al_writer_bytes (AlWriter *writer, const void *data, size_t len)
{
  uint8_t *room = al_writer_reserve (writer, len);

  if (room != NULL && len > 0)
    (void) memcpy (room, data, len);
  return room != NULL;
}

/** al_writer_zero: appends @len zero bytes. */
static inline bool
al_writer_zero (AlWriter *writer, size_t len)
{
  uint8_t *room = al_writer_reserve (writer, len);

  if (room != NULL && len > 0)
    (void) memset (room, 0, len);
  return room != NULL;
}

static inline void
al_writer_uint_ (AlWriter *writer, uint64_t value, unsigned len)
{
  uint8_t *room = al_writer_reserve (writer, len);

  for (unsigned i = len; room != NULL && i > 0; i--, value >>= 8)
    room[i - 1] = (uint8_t) value;
}

/** al_writer_u8, u16, u24, u32, u48, u64: the low bits of @value. */
static inline void
al_writer_u8 (AlWriter *writer, uint8_t value)
{
  al_writer_uint_ (writer, value, 1);
}
static inline void
al_writer_u16 (AlWriter *writer, uint16_t value)
{
  al_writer_uint_ (writer, value, 2);
}
static inline void
al_writer_u24 (AlWriter *writer, uint32_t value)
{
  al_writer_uint_ (writer, value, 3);
}
static inline void
al_writer_u32 (AlWriter *writer, uint32_t value)
{
  al_writer_uint_ (writer, value, 4);
}
static inline void
al_writer_u48 (AlWriter *writer, uint64_t value)
{
  al_writer_uint_ (writer, value, 6);
}
static inline void
al_writer_u64 (AlWriter *writer, uint64_t value)
{
  al_writer_uint_ (writer, value, 8);
}
static inline void
al_writer_u16_le (AlWriter *writer, uint16_t value)
{
  al_writer_u16 (writer, __builtin_bswap16 (value));
}
static inline void
al_writer_u32_le (AlWriter *writer, uint32_t value)
{
  al_writer_u32 (writer, __builtin_bswap32 (value));
}

/** al_writer_patch_u8, u16, u24, u32: overwrites bytes already written at @offset: a length known only afterwards. Fails
 *  the writer when they have not been written. */
static inline void
al_writer_patch_ (AlWriter *writer, size_t offset, uint64_t value, unsigned len)
{
  AlWriter at;

  if (writer->failed || offset > al_writer_len (writer) || len > al_writer_len (writer) - offset)
    {
      writer->failed = true;
      return;
    }
  al_writer_init (&at, writer->begin + offset, len);
  al_writer_uint_ (&at, value, len);
}
static inline void
al_writer_patch_u8 (AlWriter *writer, size_t offset, uint8_t value)
{
  al_writer_patch_ (writer, offset, value, 1);
}
static inline void
al_writer_patch_u16 (AlWriter *writer, size_t offset, uint16_t value)
{
  al_writer_patch_ (writer, offset, value, 2);
}
static inline void
al_writer_patch_u24 (AlWriter *writer, size_t offset, uint32_t value)
{
  al_writer_patch_ (writer, offset, value, 3);
}
static inline void
al_writer_patch_u32 (AlWriter *writer, size_t offset, uint32_t value)
{
  al_writer_patch_ (writer, offset, value, 4);
}
