/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunked bodies (RFC 9112 §7.1), byte by byte outside the data:
 *
 *   SIZE -> SIZE_MORE -> (EXTENSION) -> SIZE_LF -> DATA -> DATA_CR -> DATA_LF -> SIZE ...
 *                                  size 0: SIZE_LF -> LINE -> END_LF -> END
 *                                 a trailer field: LINE -> NAME -> VALUE -> VALUE_LF -> LINE
 */
#include <string.h>

#include "base/http.h"

typedef enum {
  SIZE, /* 0: how a zeroed decoder begins */
  SIZE_MORE,
  EXTENSION,
  SIZE_LF,
  DATA,
  DATA_CR,
  DATA_LF,
  LINE,
  NAME,
  VALUE,
  VALUE_LF,
  END_LF,
  END,
  ERROR
} State;

static bool
is_tchar (uint8_t c)
{
  return g_ascii_isalnum (c) || (c != '\0' && strchr ("!#$%&'*+-.^_`|~", c) != NULL);
}

/* Extensions and trailers of the whole body share one budget, so that many small chunks cannot carry much else. */
static State
skip (AlHttpChunked *chunked, State next)
{
  return ++chunked->line_bytes > AL_HTTP_MAX_HEAD ? ERROR : next;
}

static State
take_digit (AlHttpChunked *chunked, uint8_t c)
{
  int digit = g_ascii_xdigit_value ((char) c);

  if (digit < 0 || chunked->left >= UINT64_C (1) << 59) /* the result stays below 2^63 */
    return ERROR;
  chunked->left = chunked->left << 4 | (uint64_t) digit;
  return SIZE_MORE;
}

/* One byte that is not data. Returns: the next state. */
static State
step (AlHttpChunked *chunked, uint8_t c)
{
  switch ((State) chunked->state)
    {
    case SIZE:
      return take_digit (chunked, c);
    case SIZE_MORE:
      if (c == ';')
        return skip (chunked, EXTENSION);
      return c == '\r' ? SIZE_LF : take_digit (chunked, c);
    case EXTENSION:
      if (c == '\r')
        return SIZE_LF;
      return g_ascii_iscntrl ((char) c) ? ERROR : skip (chunked, EXTENSION);
    case SIZE_LF:
      if (c != '\n')
        return ERROR;
      return chunked->left > 0 ? DATA : LINE;
    case DATA_CR:
      return c == '\r' ? DATA_LF : ERROR;
    case DATA_LF:
      return c == '\n' ? SIZE : ERROR;
    case LINE:
      if (c == '\r')
        return END_LF;
      return is_tchar (c) ? skip (chunked, NAME) : ERROR;
    case NAME:
      if (c == ':')
        return skip (chunked, VALUE);
      return is_tchar (c) ? skip (chunked, NAME) : ERROR;
    case VALUE:
      if (c == '\r')
        return VALUE_LF;
      return g_ascii_iscntrl ((char) c) ? ERROR : skip (chunked, VALUE);
    case VALUE_LF:
      return c == '\n' ? LINE : ERROR;
    case END_LF:
      return c == '\n' ? END : ERROR;
    default:
      return ERROR;
    }
}

AlChunk
al_http_chunked_next (AlHttpChunked *chunked, const uint8_t *data, size_t len, size_t *ret_used, AlStr *ret_body)
{
  size_t i = 0;

  while (i < len && chunked->state != DATA && chunked->state != END && chunked->state != ERROR)
    chunked->state = (int) step (chunked, data[i++]);
  *ret_used = i;
  if (chunked->state == END)
    return AL_CHUNK_END;
  if (chunked->state == ERROR)
    return AL_CHUNK_ERROR;
  if (chunked->state != DATA || i == len)
    return AL_CHUNK_MORE;
  ret_body->ptr = (const char *) data + i;
  ret_body->len = (size_t) MIN ((uint64_t) (len - i), chunked->left);
  chunked->left -= ret_body->len;
  if (chunked->left == 0)
    chunked->state = DATA_CR;
  *ret_used += ret_body->len;
  return AL_CHUNK_DATA;
}
