/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/stream.h"

#define STUN "\x00\x01\x00\x00\x21\x12\xa4\x42" "tttttttttttt"

static const struct {
  const char *name;
  const char *bytes;
  size_t len;
  AlProto expect;
  size_t decided_at; /* so many bytes are enough, one less is not; 0: not checked */
} cases[] = {
  { "get", "GET / HTTP/1.1\r\n", 16, AL_PROTO_HTTP, 4 },
  { "options", "OPTIONS * HTTP/1.1\r\n", 20, AL_PROTO_HTTP, 8 },
  { "http2-preface", "PRI * HTTP/2.0\r\n", 16, AL_PROTO_HTTP, 4 },
  { "hyphen", "VERSION-CONTROL /", 17, AL_PROTO_HTTP, 16 },
  { "method-too-long", "ABCDEFGHIJKLMNOPQ /", 19, AL_PROTO_UNKNOWN, 16 },
  { "lower-case", "get / HTTP/1.1", 14, AL_PROTO_UNKNOWN, 1 },
  { "letter-then-nul", "G\0T ", 4, AL_PROTO_UNKNOWN, 2 },
  { "letter-then-crlf", "QUIT\r\n", 6, AL_PROTO_UNKNOWN, 5 },
  { "space-first", " GET /", 6, AL_PROTO_UNKNOWN, 0 },
  { "binding", STUN, 20, AL_PROTO_STUN, 8 },
  { "allocate", "\x00\x03\x00\x24\x21\x12\xa4\x42", 8, AL_PROTO_STUN, 8 },
  { "stun-type-03xx", "\x03\x01\x00\x08\x21\x12\xa4\x42", 8, AL_PROTO_STUN, 8 },
  { "stun-type-16xx", "\x16\x01\x00\x08\x21\x12\xa4\x42", 8, AL_PROTO_STUN, 8 },
  { "stun-bad-cookie", "\x00\x01\x00\x00\x21\x12\xa4\x43\0\0\0\0", 12, AL_PROTO_UNKNOWN, 0 },
  { "stun-odd-length", "\x00\x01\x00\x01\x21\x12\xa4\x42\0\0\0\0", 12, AL_PROTO_UNKNOWN, 0 },
  { "channel-data", "\x40\x00\x00\x04" "abcd", 8, AL_PROTO_UNKNOWN, 0 },
  { "ice-tcp", "\x00\x14" STUN, 22, AL_PROTO_ICE_TCP, 10 },
  { "ice-tcp-long", "\x00\x6c\x00\x01\x00\x58\x21\x12\xa4\x42", 10, AL_PROTO_ICE_TCP, 10 },
  { "ice-tcp-03xx", "\x03\x14\x00\x01\x03\x00\x21\x12\xa4\x42", 10, AL_PROTO_ICE_TCP, 10 },
  { "ice-tcp-short", "\x00\x13\x00\x01\x00\x00\x21\x12\xa4\x42", 10, AL_PROTO_UNKNOWN, 0 },
  { "rtmp", "\x03\0\0\0\0\0\0\0\0", 9, AL_PROTO_RTMP, 7 },
  { "rtmp-time", "\x03\x12\x34\x56\x78\0\0\0\0", 9, AL_PROTO_RTMP, 0 },
  { "rtmp-cookie-in-time", "\x03\x00\x00\x00\x21\x12\xa4\x41\0\0", 10, AL_PROTO_RTMP, 0 },
  { "client-hello", "\x16\x03\x01\x02\x00\x01", 6, AL_PROTO_TLS, 2 },
  { "tls-version-2", "\x16\x02\x01\x02\x00\x01\0\0\0\0\0\0", 12, AL_PROTO_UNKNOWN, 0 },
  { "tls-alert", "\x15\x03\x01\x00\x02\x02\x28\0\0\0", 10, AL_PROTO_UNKNOWN, 0 },
  { "high-bit", "\xff", 1, AL_PROTO_UNKNOWN, 1 },
};

static void
test_case (gconstpointer data)
{
  size_t i = GPOINTER_TO_UINT (data);
  AlProto proto = AL_PROTO_MORE;
  size_t len = 0;

  /* one byte at a time, as a slow or hostile client sends; an exact allocation shows a read past the end */
  while (proto == AL_PROTO_MORE && len < cases[i].len)
    {
      g_autofree uint8_t *exact = g_memdup2 (cases[i].bytes, ++len);

      proto = al_proto_classify (exact, len);
    }
  g_assert_cmpint (proto, ==, cases[i].expect);
  if (cases[i].decided_at > 0)
    g_assert_cmpuint (len, ==, cases[i].decided_at);
  /* and what was decided stays decided */
  for (; len <= cases[i].len; len++)
    g_assert_cmpint (al_proto_classify ((const uint8_t *) cases[i].bytes, len), ==, cases[i].expect);
}

/* Whatever comes: 16 bytes always decide, and no more than 16 are looked at. */
static void
test_bounded (void)
{
  for (unsigned i = 0; i < 100000; i++)
    {
      size_t which = i / 2 % G_N_ELEMENTS (cases);
      uint8_t bytes[32];
      AlProto proto;

      for (unsigned k = 0; k < sizeof bytes; k++)
        bytes[k] = (uint8_t) g_test_rand_int ();
      if (i % 2 == 0)
        memcpy (bytes, cases[which].bytes, MIN (1 + i % 4, cases[which].len));
      proto = al_proto_classify (bytes, 16);
      g_assert_cmpint (proto, !=, AL_PROTO_MORE);
      g_assert_cmpint (proto, ==, al_proto_classify (bytes, 32));
    }
}

static void
test_empty (void)
{
  g_assert_cmpint (al_proto_classify ((const uint8_t *) "", 0), ==, AL_PROTO_MORE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/base/proto/classify/%s", cases[i].name);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_case);
    }
  g_test_add_func ("/base/proto/bounded", test_bounded);
  g_test_add_func ("/base/proto/empty", test_empty);
  return g_test_run ();
}
