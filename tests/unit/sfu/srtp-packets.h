/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and packets for tests of SRTP. */
#pragma once

#include <glib.h>
#include <srtp2/srtp.h>
#include <string.h>

#include "sfu/srtp-private.h"

#define SSRC 0xcafe0001u

static inline void
make_key (GRand *rand, SfuSrtpKey *key)
{
  for (unsigned i = 0; i < sizeof key->key; i++)
    key->key[i] = (uint8_t) g_rand_int (rand);
  for (unsigned i = 0; i < sizeof key->salt; i++)
    key->salt[i] = (uint8_t) g_rand_int (rand);
}

static inline void
put_u32 (uint8_t *data, uint32_t value)
{
  for (unsigned i = 0; i < 4; i++)
    data[i] = (uint8_t) (value >> (24 - 8 * i));
}

/* @csrcs: 0 to 15; @words: of header extension, -1: none. Returns: the header's length */
static inline size_t
write_rtp (uint8_t *data, uint32_t ssrc, uint16_t seq, unsigned csrcs, int words, size_t payload)
{
  size_t len = 12 + 4 * csrcs;

  memset (data, 0x5a, len);
  data[0] = (uint8_t) (0x80 | csrcs | (words >= 0 ? 0x10 : 0));
  data[1] = 96;
  data[2] = (uint8_t) (seq >> 8);
  data[3] = (uint8_t) seq;
  put_u32 (data + 8, ssrc);
  if (words >= 0)
    {
      const uint8_t head[4] = { 0xbe, 0xde, (uint8_t) (words >> 8), (uint8_t) words };

      memcpy (data + len, head, 4);
      memset (data + len + 4, 0x10, (size_t) words * 4);
      len += 4 + (size_t) words * 4;
    }
  for (size_t i = 0; i < payload; i++)
    data[len + i] = (uint8_t) (i * 7 + seq);
  return len;
}
