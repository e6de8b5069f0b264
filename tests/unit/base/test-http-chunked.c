/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <string.h>

#include "base/http.h"

/* Feeds @text in two pieces. Returns: the last answer; @body gets the data, @ret_pos the bytes used. */
static AlChunk
decode (const char *text, size_t len, size_t cut, GString *body, size_t *ret_pos)
{
  AlHttpChunked chunked = { 0 };
  AlChunk chunk = AL_CHUNK_MORE;
  size_t pos = 0, used = 0, end = cut;
  AlStr view;

  for (;;)
    {
      g_autofree uint8_t *exact = g_memdup2 (text + pos, end - pos);

      chunk = al_http_chunked_next (&chunked, exact, end - pos, &used, &view);
      g_assert_cmpuint (used, <=, end - pos);
      pos += used;
      if (chunk == AL_CHUNK_DATA)
        {
          g_assert_cmpuint (view.len, >, 0);
          g_string_append_len (body, view.ptr, (gssize) view.len);
          continue;
        }
      if (chunk != AL_CHUNK_MORE)
        break;
      g_assert_cmpuint (pos, ==, end);
      if (end == len)
        break;
      end = len;
    }
  *ret_pos = pos;
  return chunk;
}

static const struct {
  const char *name, *text;
  const char *body; /* NULL: an error */
} cases[] = {
  { "empty", "0\r\n\r\n", "" },
  { "one", "3\r\nabc\r\n0\r\n\r\n", "abc" },
  { "two", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde" },
  { "hex", "a\r\n0123456789\r\nB\r\n0123456789A\r\n0\r\n\r\n", "01234567890123456789A" },
  { "zeros", "0003\r\nabc\r\n000\r\n\r\n", "abc" },
  { "looks-like-end", "7\r\n0\r\n\r\nGE\r\n0\r\n\r\n", "0\r\n\r\nGE" },
  { "extension", "3;a=b\r\nabc\r\n0;c\r\n\r\n", "abc" },
  { "extension-quoted", "3;a=\"b c;d\"\r\nabc\r\n0\r\n\r\n", "abc" },
  { "extension-empty", "3;\r\nabc\r\n0\r\n\r\n", "abc" },
  { "extension-space-inside", "3; a = b\r\nabc\r\n0\r\n\r\n", "abc" },
  { "trailer", "0\r\nX: y\r\n\r\n", "" },
  { "trailers", "3\r\nabc\r\n0\r\nX:\r\nContent-Length: 5\r\n\r\n", "abc" },
  { "no-size", "\r\nabc\r\n0\r\n\r\n", NULL },
  { "not-hex", "g\r\n", NULL },
  { "minus", "-3\r\nabc\r\n", NULL },
  { "plus", "+3\r\nabc\r\n", NULL },
  { "prefix", "0x3\r\nabc\r\n", NULL },
  { "space-before", " 3\r\nabc\r\n", NULL },
  { "space-behind", "3 \r\nabc\r\n", NULL },
  { "space-extension", "3 ;a\r\nabc\r\n", NULL },
  { "tab-behind", "3\t\r\nabc\r\n", NULL },
  { "underscore", "1_0\r\n", NULL },
  { "comma", "3,3\r\nabc\r\n", NULL },
  { "point", "3.0\r\nabc\r\n", NULL },
  { "nul-byte", "3\x01\r\nabc\r\n", NULL },
  { "size-2^63", "8000000000000000\r\n", NULL },
  { "size-2^64", "10000000000000000\r\n", NULL },
  { "size-wraps", "10000000000000003\r\nabc\r\n0\r\n\r\n", NULL },
  { "size-ff", "ffffffffffffffffffff\r\n", NULL },
  { "lf-size", "3\nabc\r\n0\r\n\r\n", NULL },
  { "lf-extension", "3;a\nabc\r\n0\r\n\r\n", NULL },
  { "lf-extension-hidden", "3;a\n0\r\n\r\n", NULL },
  { "lf-data", "3\r\nabc\n0\r\n\r\n", NULL },
  { "lf-end", "0\r\n\n", NULL },
  { "lf-last", "0\n\r\n", NULL },
  { "lf-trailer", "0\r\nX: y\n\r\n", NULL },
  { "cr-size", "3\rabc\r\n0\r\n\r\n", NULL },
  { "cr-cr", "3\r\r\nabc\r\n", NULL },
  { "cr-extension", "3;a\rb\r\nabc\r\n", NULL },
  { "cr-end", "0\r\n\rX", NULL },
  { "cr-trailer", "0\r\nX: y\rz\r\n\r\n", NULL },
  { "data-short", "4\r\nabc\r\n0\r\n\r\n", NULL },
  { "data-long", "2\r\nabc\r\n0\r\n\r\n", NULL },
  { "data-no-crlf", "3\r\nabc0\r\n\r\n", NULL },
  { "data-space", "3\r\nabc \r\n0\r\n\r\n", NULL },
  { "extension-control", "3;a=\x01\r\nabc\r\n", NULL },
  { "extension-tab", "3;a=\t\r\nabc\r\n", NULL },
  { "trailer-fold", "0\r\nX: y\r\n z\r\n\r\n", NULL },
  { "trailer-first-fold", "0\r\n X: y\r\n\r\n", NULL },
  { "trailer-no-colon", "0\r\nX\r\n\r\n", NULL },
  { "trailer-no-name", "0\r\n: y\r\n\r\n", NULL },
  { "trailer-space", "0\r\nX : y\r\n\r\n", NULL },
  { "trailer-control", "0\r\nX: \x02\r\n\r\n", NULL },
  { "trailer-request", "0\r\nGET / HTTP/1.1\r\n\r\n", NULL },
};

static void
test_case (gconstpointer data)
{
  size_t i = GPOINTER_TO_SIZE (data), len = strlen (cases[i].text);

  for (size_t cut = 0; cut <= len; cut++)
    {
      g_autofree char *text = g_strconcat (cases[i].text, cases[i].body != NULL ? "next" : "", NULL);
      g_autoptr (GString) body = g_string_new (NULL);
      size_t pos;
      AlChunk chunk = decode (text, strlen (text), cut, body, &pos);

      g_assert_cmpint (chunk, ==, cases[i].body != NULL ? AL_CHUNK_END : AL_CHUNK_ERROR);
      if (chunk == AL_CHUNK_ERROR)
        continue;
      g_assert_cmpstr (body->str, ==, cases[i].body);
      g_assert_cmpuint (pos, ==, len); /* what follows is not touched */
    }
}

/* every beginning of a good body asks for more */
static void
test_prefixes (void)
{
  static const char text[] = "3;a=b\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nX: y\r\n\r\n";

  for (size_t len = 0; len < sizeof text - 1; len++)
    {
      g_autoptr (GString) body = g_string_new (NULL);
      size_t pos;

      g_assert_cmpint (decode (text, len, len / 2, body, &pos), ==, AL_CHUNK_MORE);
      g_assert_cmpuint (pos, ==, len);
    }
}

static void
test_huge (void)
{
  AlHttpChunked chunked = { 0 };
  static const char size[] = "7fffffffffffffff\r\n";
  uint8_t data[100] = { 0 };
  size_t used;
  AlStr view;

  g_assert_cmpint (al_http_chunked_next (&chunked, (const uint8_t *) size, sizeof size - 1, &used, &view), ==,
                   AL_CHUNK_MORE);
  g_assert_cmpint (al_http_chunked_next (&chunked, data, sizeof data, &used, &view), ==, AL_CHUNK_DATA);
  g_assert_cmpuint (view.len, ==, sizeof data);
  g_assert_cmpuint (chunked.left, ==, INT64_MAX - sizeof data);
}

/* an error is the end, and so is the end */
static void
test_sticky (void)
{
  AlHttpChunked bad = { 0 }, done = { 0 };
  size_t used;
  AlStr view;

  g_assert_cmpint (al_http_chunked_next (&bad, (const uint8_t *) "x", 1, &used, &view), ==, AL_CHUNK_ERROR);
  g_assert_cmpint (al_http_chunked_next (&bad, (const uint8_t *) "0\r\n\r\n", 5, &used, &view), ==, AL_CHUNK_ERROR);
  g_assert_cmpuint (used, ==, 0);
  g_assert_cmpint (al_http_chunked_next (&done, (const uint8_t *) "0\r\n\r\n", 5, &used, &view), ==, AL_CHUNK_END);
  g_assert_cmpint (al_http_chunked_next (&done, (const uint8_t *) "0\r\n\r\n", 5, &used, &view), ==, AL_CHUNK_END);
  g_assert_cmpuint (used, ==, 0);
}

/* extensions and trailers have one budget for the whole body, however they are spread */
static void
test_budget (void)
{
  g_autoptr (GString) many = g_string_new (NULL), long_one = g_string_new ("1;"), trailers = g_string_new ("0\r\n");
  g_autoptr (GString) body = g_string_new (NULL);
  size_t pos;

  for (unsigned i = 0; i < AL_HTTP_MAX_HEAD / 4; i++)
    g_string_append (many, "1;abc\r\nx\r\n");
  g_assert_cmpint (decode (many->str, many->len, 0, body, &pos), ==, AL_CHUNK_MORE);
  g_string_append (many, "1;\r\nx\r\n");
  g_assert_cmpint (decode (many->str, many->len, 0, body, &pos), ==, AL_CHUNK_ERROR);
  for (unsigned i = 0; i < AL_HTTP_MAX_HEAD; i++)
    g_string_append_c (long_one, 'e');
  g_assert_cmpint (decode (long_one->str, long_one->len, 0, body, &pos), ==, AL_CHUNK_ERROR);
  for (unsigned i = 0; i < AL_HTTP_MAX_HEAD / 4; i++)
    g_string_append (trailers, "ab:c\r\n");
  g_assert_cmpint (decode (trailers->str, trailers->len, 0, body, &pos), ==, AL_CHUNK_MORE);
  g_string_append (trailers, "a");
  g_assert_cmpint (decode (trailers->str, trailers->len, 0, body, &pos), ==, AL_CHUNK_ERROR);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/base/http-chunked/case/", cases[i].name, NULL);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_case);
    }
  g_test_add_func ("/base/http-chunked/prefixes", test_prefixes);
  g_test_add_func ("/base/http-chunked/huge", test_huge);
  g_test_add_func ("/base/http-chunked/sticky", test_sticky);
  g_test_add_func ("/base/http-chunked/budget", test_budget);
  return g_test_run ();
}
