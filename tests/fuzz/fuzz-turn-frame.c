/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream of STUN and ChannelData (RFC 8656 §12.5), cut into messages at once and as it trickles in: the same messages,
 * each of which the datagram's parser takes for what the frame says.
 */
#include <glib.h>
#include <string.h>

#include "base/stun.h"
#include "relay/turn.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* Returns: where the stream ends or breaks; @ret_n: messages before; @step: bytes that come at once */
static size_t
cut (const uint8_t *data, size_t size, size_t step, unsigned *ret_n, bool *ret_broken)
{
  size_t at = 0, there = 0;

  *ret_n = 0;
  *ret_broken = false;
  for (;;)
    {
      g_autofree uint8_t *exact = g_memdup2 (data + at, there - at);
      ssize_t frame = there > at ? relay_turn_frame (exact, there - at) : 0;

      g_assert_cmpint (frame, >=, -1);
      g_assert_cmpint (frame, <=, 20 + 65535);
      if (frame < 0)
        {
          *ret_broken = true;
          return at;
        }
      if (frame == 0 || (size_t) frame > there - at)
        {
          g_assert_true (frame > 0 || there - at < 4);
          if (there == size)
            return at;
          there = MIN (there + step, size);
          continue;
        }
      g_assert_cmpint (frame % 4, ==, 0);
      if ((data[at] & 0xc0) == 0)
        {
          g_assert_cmpint (frame, >=, AL_STUN_HEADER_BYTES);
          g_assert_true (al_stun_is (data + at, (size_t) frame));
        }
      else
        g_assert_cmpint ((data[at + 2] << 8 | data[at + 3]) + 4, <=, frame);
      at += (size_t) frame;
      ++*ret_n;
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  unsigned n, n_slow;
  bool broken, broken_slow;
  size_t end, end_slow;

  if (size > 4096)
    return 0;
  end = cut (data, size, SIZE_MAX / 2, &n, &broken);
  end_slow = cut (data, size, 1, &n_slow, &broken_slow);
  g_assert_cmpuint (end, ==, end_slow);
  g_assert_cmpuint (n, ==, n_slow);
  g_assert_cmpint (broken, ==, broken_slow);
  return 0;
}
