/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "signaling/negotiate.h"

static void
parse_request (const char *fields, GString *text, AlHttpRequest *ret)
{
  g_string_printf (text, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", fields);
  g_assert_cmpint (al_http_request_parse ((const uint8_t *) text->str, text->len, ret), ==, AL_HTTP_OK);
}

static void
test_negotiate_coding (void)
{
  static const struct {
    const char *fields;
    SigCoding both, gzip_only;
  } cases[] = {
    { "", SIG_CODING_IDENTITY, SIG_CODING_IDENTITY },
    { "Accept-Encoding:\r\n", SIG_CODING_IDENTITY, SIG_CODING_IDENTITY },
    { "Accept-Encoding: gzip, deflate, br, zstd\r\n", SIG_CODING_BR, SIG_CODING_GZIP },
    { "Accept-Encoding: gzip\r\n", SIG_CODING_GZIP, SIG_CODING_GZIP },
    { "Accept-Encoding: GZIP\r\n", SIG_CODING_GZIP, SIG_CODING_GZIP },
    { "Accept-Encoding: br;q=0, gzip;q=0.5\r\n", SIG_CODING_GZIP, SIG_CODING_GZIP },
    { "Accept-Encoding: br;q=0.000, gzip; q=0\r\n", SIG_CODING_IDENTITY, SIG_CODING_IDENTITY },
    { "Accept-Encoding: br;q=0.001\r\n", SIG_CODING_BR, SIG_CODING_IDENTITY },
    { "Accept-Encoding: *\r\n", SIG_CODING_BR, SIG_CODING_GZIP },
    { "Accept-Encoding: br;q=0, *\r\n", SIG_CODING_GZIP, SIG_CODING_GZIP },
    { "Accept-Encoding: *;q=0\r\n", SIG_CODING_IDENTITY, SIG_CODING_IDENTITY },
    { "Accept-Encoding: identity\r\n", SIG_CODING_IDENTITY, SIG_CODING_IDENTITY },
    { "Accept-Encoding: brx, xgzip\r\n", SIG_CODING_IDENTITY, SIG_CODING_IDENTITY },
    { "Accept-Encoding: gzip\r\nAccept-Encoding: br\r\n", SIG_CODING_BR, SIG_CODING_GZIP },
    { "Accept-Encoding: ,,,;q=1,br\r\n", SIG_CODING_BR, SIG_CODING_IDENTITY },
  };
  AlBuf *chunks[] = { NULL };
  SigStaticFile both = { .bodies = { { .chunks = chunks }, { .chunks = chunks }, { .chunks = chunks } } };
  SigStaticFile gzip_only = { .bodies = { { .chunks = chunks }, { .chunks = chunks } } };
  SigStaticFile plain = { .bodies = { { .chunks = chunks } } };
  g_autoptr (GString) text = g_string_new (NULL);

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      AlHttpRequest request;

      parse_request (cases[i].fields, text, &request);
      g_assert_cmpint (sig_negotiate_coding (&request, &both), ==, cases[i].both);
      g_assert_cmpint (sig_negotiate_coding (&request, &gzip_only), ==, cases[i].gzip_only);
      g_assert_cmpint (sig_negotiate_coding (&request, &plain), ==, SIG_CODING_IDENTITY);
    }
}

static void
test_negotiate_fresh (void)
{
  static const struct {
    const char *fields;
    bool fresh;
  } cases[] = {
    { "", false },
    { "If-None-Match: \"abc\"\r\n", true },
    { "If-None-Match: W/\"abc\"\r\n", true },
    { "If-None-Match: \"x\", \"abc\"\r\n", true },
    { "If-None-Match: \"x\",W/\"abc\" ,\"y\"\r\n", true },
    { "If-None-Match: *\r\n", true },
    { "If-None-Match: abc\r\n", false },
    { "If-None-Match: \"abcd\"\r\n", false },
    { "If-None-Match: \"ab\"\r\n", false },
    { "If-None-Match: W/\r\n", false },
    { "If-None-Match: \"*\"\r\n", false },
    { "If-None-Match: \"x\"\r\nIf-None-Match: \"abc\"\r\n", true },
  };
  g_autoptr (GString) text = g_string_new (NULL);

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      AlHttpRequest request;

      parse_request (cases[i].fields, text, &request);
      g_assert_cmpint (sig_negotiate_is_fresh (&request, "\"abc\""), ==, cases[i].fresh);
    }
}

static void
test_negotiate_range (void)
{
  static const struct {
    const char *fields;
    size_t len;
    SigRange expect;
    size_t first, end;
  } cases[] = {
    { "", 100, SIG_RANGE_ALL, 0, 0 },
    { "Range: bytes=0-0\r\n", 100, SIG_RANGE_PART, 0, 1 },
    { "Range: bytes=10-19\r\n", 100, SIG_RANGE_PART, 10, 20 },
    { "Range: bytes=90-\r\n", 100, SIG_RANGE_PART, 90, 100 },
    { "Range: bytes=90-1000\r\n", 100, SIG_RANGE_PART, 90, 100 },
    { "Range: bytes=99-99\r\n", 100, SIG_RANGE_PART, 99, 100 },
    { "Range: Bytes=0-99\r\n", 100, SIG_RANGE_PART, 0, 100 },
    { "Range: bytes=-10\r\n", 100, SIG_RANGE_PART, 90, 100 },
    { "Range: bytes=-1000\r\n", 100, SIG_RANGE_PART, 0, 100 },
    { "Range: bytes=100-\r\n", 100, SIG_RANGE_UNSATISFIABLE, 0, 0 },
    { "Range: bytes=100-200\r\n", 100, SIG_RANGE_UNSATISFIABLE, 0, 0 },
    { "Range: bytes=-0\r\n", 100, SIG_RANGE_UNSATISFIABLE, 0, 0 },
    { "Range: bytes=0-0\r\n", 0, SIG_RANGE_UNSATISFIABLE, 0, 0 },
    { "Range: bytes=-5\r\n", 0, SIG_RANGE_UNSATISFIABLE, 0, 0 },
    { "Range: bytes=20-10\r\n", 100, SIG_RANGE_ALL, 0, 0 },
    { "Range: bytes=0-1,5-6\r\n", 100, SIG_RANGE_ALL, 0, 0 },
    { "Range: bytes=1-2,\r\n", 100, SIG_RANGE_ALL, 0, 0 },
    { "Range: bytes=a-b\r\n", 100, SIG_RANGE_ALL, 0, 0 },
    { "Range: bytes=-\r\n", 100, SIG_RANGE_ALL, 0, 0 },
    { "Range: bytes=\r\n", 100, SIG_RANGE_ALL, 0, 0 },
    { "Range: bytes=5\r\n", 100, SIG_RANGE_ALL, 0, 0 },
    { "Range: bytes=--5\r\n", 100, SIG_RANGE_ALL, 0, 0 },
    { "Range: bytes=+1-5\r\n", 100, SIG_RANGE_ALL, 0, 0 },
    { "Range: lines=1-5\r\n", 100, SIG_RANGE_ALL, 0, 0 },
    { "Range: bytes=0-99999999999999999999\r\n", 100, SIG_RANGE_ALL, 0, 0 },
    { "Range: bytes=0-999999999999999\r\n", 100, SIG_RANGE_PART, 0, 100 },
    { "Range: bytes=10-19\r\nIf-Range: \"abc\"\r\n", 100, SIG_RANGE_PART, 10, 20 },
    { "Range: bytes=10-19\r\nIf-Range: \"old\"\r\n", 100, SIG_RANGE_ALL, 0, 0 },
    { "Range: bytes=10-19\r\nIf-Range: W/\"abc\"\r\n", 100, SIG_RANGE_ALL, 0, 0 },
    { "Range: bytes=10-19\r\nIf-Range: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 100, SIG_RANGE_ALL, 0, 0 },
  };
  g_autoptr (GString) text = g_string_new (NULL);

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      AlHttpRequest request;
      size_t first = 0, end = 0;

      parse_request (cases[i].fields, text, &request);
      if (sig_negotiate_range (&request, "\"abc\"", cases[i].len, &first, &end) != cases[i].expect
          || first != cases[i].first || end != cases[i].end)
        g_error ("case %zu: %zu to %zu", i, first, end);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/signaling/negotiate/coding", test_negotiate_coding);
  g_test_add_func ("/signaling/negotiate/fresh", test_negotiate_fresh);
  g_test_add_func ("/signaling/negotiate/range", test_negotiate_range);
  return g_test_run ();
}
