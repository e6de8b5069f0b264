/* SPDX-License-Identifier: Apache-2.0 */
/* Dependency descriptors of two spatial and two temporal layers, made bit by bit. */
#pragma once

#include "bytes.h"
#include "sfu/bits.h"
#include "sfu/dependency.h"

#define N_TEMPLATES 6
#define N_TARGETS 4
#define OFFSET 61 /* template ids wrap: 61, 62, 63, 0, 1, 2 */
#define ID(template) ((OFFSET + (template)) % 64)

/* targets: S0T0, S0T1, S1T0, S1T1; chains: of S0 (targets 0, 1) and S1 (2, 3) */
static const struct {
  unsigned next, dtis[N_TARGETS], fdiffs[3], chains[2];
} l2t2[N_TEMPLATES] = {
  { 0, { 2, 2, 2, 2 }, { 0 }, { 0, 0 } },       /* S0T0, keyframe */
  { 1, { 2, 2, 3, 3 }, { 4 }, { 4, 3 } },       /* S0T0 */
  { 2, { 0, 1, 0, 3 }, { 2 }, { 2, 1 } },       /* S0T1 */
  { 0, { 0, 0, 2, 2 }, { 1 }, { 1, 1 } },       /* S1T0 of the keyframe's picture */
  { 1, { 0, 0, 2, 2 }, { 4, 1 }, { 1, 1 } },    /* S1T0 */
  { 3, { 0, 0, 0, 1 }, { 2, 1 }, { 3, 2 } },    /* S1T1 */
};

static inline void
put_structure (SfuBitWriter *out, bool sizes)
{
  sfu_bit_writer_put (out, OFFSET, 6);
  sfu_bit_writer_put (out, N_TARGETS - 1, 5);
  for (unsigned i = 0; i < N_TEMPLATES; i++)
    sfu_bit_writer_put (out, l2t2[i].next, 2);
  for (unsigned i = 0; i < N_TEMPLATES; i++)
    for (unsigned t = 0; t < N_TARGETS; t++)
      sfu_bit_writer_put (out, l2t2[i].dtis[t], 2);
  for (unsigned i = 0; i < N_TEMPLATES; i++)
    {
      for (unsigned f = 0; l2t2[i].fdiffs[f] != 0; f++)
        sfu_bit_writer_put (out, 16 | (l2t2[i].fdiffs[f] - 1), 5);
      sfu_bit_writer_put (out, 0, 1);
    }
  sfu_bit_writer_put (out, 2, 2); /* 2 chains: ns(5): 0 to 2 have two bits */
  sfu_bit_writer_put (out, 3, 4); /* protected by chain 0, 0, 1, 1: ns(2): one bit each */
  for (unsigned i = 0; i < N_TEMPLATES; i++)
    sfu_bit_writer_put (out, l2t2[i].chains[0] << 4 | l2t2[i].chains[1], 8);
  sfu_bit_writer_put (out, sizes, 1);
  if (sizes)
    {
      sfu_bit_writer_put (out, 319u << 16 | 179, 32);
      sfu_bit_writer_put (out, 639u << 16 | 359, 32);
    }
}

static inline void
put_head (SfuBitWriter *out, unsigned template, uint16_t number, const char *flags)
{
  sfu_bit_writer_put (out, 3, 2);
  sfu_bit_writer_put (out, template, 6);
  sfu_bit_writer_put (out, number, 16);
  for (; *flags != '\0'; flags++)
    sfu_bit_writer_put (out, *flags == '1', 1);
}

static inline Bytes
make_key (uint16_t number, bool sizes)
{
  uint8_t data[255];
  SfuBitWriter out;

  sfu_bit_writer_init (&out, data, sizeof data);
  put_head (&out, ID (0), number, "10000");
  put_structure (&out, sizes);
  return bytes_copy (data, sfu_bit_writer_end (&out));
}

static inline Bytes
make_plain (unsigned template, uint16_t number)
{
  uint8_t data[3];
  SfuBitWriter out;

  sfu_bit_writer_init (&out, data, sizeof data);
  put_head (&out, ID (template), number, "");
  return bytes_copy (data, 3);
}
