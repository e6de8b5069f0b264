/* SPDX-License-Identifier: Apache-2.0 */
/*
 * With all 16 bytes there, the answer is that of the patterns written down a second time. With fewer, it is the same or
 * "more", and "more" only while some continuation would still be a protocol that the bytes so far are not.
 */
#include <glib.h>
#include <string.h>

#include "base/stream.h"

#define LOOK 16

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static bool
is_stun (const uint8_t *p)
{
  return p[0] < 64 && p[3] % 4 == 0 && memcmp (p + 4, "\x21\x12\xa4\x42", 4) == 0;
}

static AlProto
expect (const uint8_t p[LOOK])
{
  size_t letters = 0;

  while (letters < LOOK && (g_ascii_isupper (p[letters]) || (letters > 0 && p[letters] == '-')))
    letters++;
  if (letters > 0)
    return letters < LOOK && p[letters] == ' ' ? AL_PROTO_HTTP : AL_PROTO_UNKNOWN;
  if (p[0] == 0x16 && p[1] == 0x03)
    return AL_PROTO_TLS;
  if (is_stun (p))
    return AL_PROTO_STUN;
  if (p[0] < 64 && p[0] * 256 + p[1] >= 20 && is_stun (p + 2))
    return AL_PROTO_ICE_TCP;
  return p[0] == 3 ? AL_PROTO_RTMP : AL_PROTO_UNKNOWN;
}

/* Whether the first @n bytes, filled up, can be @proto; and where the type and length of a message may lie: zero. */
static bool
can_become (const uint8_t *p, size_t n, AlProto proto)
{
  static const uint8_t tails[][LOOK] = {
    "AAAAAAAAAAAAAAA ",
    { 0x16, 0x03 },
    { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42 },
    { 0, 20, 0, 0, 0, 0, 0x21, 0x12, 0xa4, 0x42 },
    { 1, 0, 0, 0, 0, 0, 0x21, 0x12, 0xa4, 0x42 },
  };
  uint8_t whole[LOOK];

  for (unsigned i = 0; i < G_N_ELEMENTS (tails); i++)
    {
      memcpy (whole, tails[i], LOOK);
      memcpy (whole, p, n);
      if (expect (whole) == proto)
        return true;
    }
  return false;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size < LOOK)
    return 0;
  AlProto wanted = expect (data);

  g_assert_cmpint (al_proto_classify (data, LOOK), ==, wanted);
  g_assert_cmpint (al_proto_classify (data, size), ==, wanted);
  for (size_t n = 0; n < LOOK; n++)
    {
      g_autofree uint8_t *exact = g_memdup2 (data, n);
      AlProto proto = al_proto_classify (exact, n);

      if (proto == AL_PROTO_MORE)
        g_assert_true (can_become (data, n, AL_PROTO_HTTP) || can_become (data, n, AL_PROTO_TLS)
                       || can_become (data, n, AL_PROTO_STUN) || can_become (data, n, AL_PROTO_ICE_TCP));
      else
        g_assert_cmpint (proto, ==, wanted);
    }
  return 0;
}
