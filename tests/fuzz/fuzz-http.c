/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever we accept, http-parser accepts as the same request; and how the bytes are cut changes nothing. */
#include <glib.h>
#include <string.h>

#include "base/http.h"
#include "http-oracle.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* Feeds the same chunked body in pieces of @step bytes. Returns: the last answer. */
static AlChunk
decode (const uint8_t *data, size_t size, size_t step, GString *out, size_t *ret_pos)
{
  AlHttpChunked chunked = { 0 };
  AlChunk chunk = AL_CHUNK_MORE;
  size_t pos = 0, used;
  AlStr body;

  while (chunk != AL_CHUNK_END && chunk != AL_CHUNK_ERROR && (pos < size || chunk == AL_CHUNK_DATA))
    {
      chunk = al_http_chunked_next (&chunked, data + pos, MIN (step, size - pos), &used, &body);
      g_assert_cmpuint (used, <=, MIN (step, size - pos));
      pos += used;
      if (chunk == AL_CHUNK_DATA)
        g_string_append_len (out, body.ptr, (gssize) body.len);
    }
  *ret_pos = pos;
  return chunk;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GString) whole = g_string_new (NULL), pieces = g_string_new (NULL);
  AlHttpRequest request;
  size_t a, b;

  if (http_oracle_compare (data, size) == AL_HTTP_OK)
    {
      g_assert_cmpint (al_http_request_parse (data, size, &request), ==, AL_HTTP_OK);
      g_assert_cmpint (al_http_request_parse (data, request.head_len, &request), ==, AL_HTTP_OK);
      g_assert_cmpint (al_http_request_parse (data, request.head_len - 1, &request), ==, AL_HTTP_MORE);
      g_assert_cmpint (al_http_request_parse (data, request.head_len / 2, &request), ==, AL_HTTP_MORE);
    }
  g_assert_cmpint (decode (data, size, size, whole, &a), ==, decode (data, size, 1, pieces, &b));
  g_assert_cmpuint (a, ==, b);
  g_assert_true (g_string_equal (whole, pieces));
  return 0;
}
