/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte says which codec, extension or block format the rest is; what can be written is written and read again. */
#include <glib.h>
#include <string.h>

#include "sfu/payload.h"
#include "sfu/red.h"
#include "sfu/video-layers.h"
#include "sfu/vp8.h"
#include "sfu/vp9.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_payload (SfuCodec codec, const uint8_t *data, size_t size)
{
  g_autofree uint8_t *copy = g_memdup2 (data, size);
  SfuFrame frame, other;

  if (!sfu_payload_parse (codec, data, size, false, &frame))
    return;
  g_assert_cmpuint (frame.spatial, <, SFU_SPATIAL_MAX);
  g_assert_cmpuint (frame.temporal, <, SFU_TEMPORAL_MAX);
  if (codec != SFU_CODEC_VP8 && codec != SFU_CODEC_VP9)
    return;
  if (codec == SFU_CODEC_VP8)
    sfu_vp8_rewrite (copy, &frame.vp8, 0x1234, 0x56);
  else
    sfu_vp9_rewrite (copy, &frame.vp9, 0x1234, 0x56);
  g_assert_true (sfu_payload_parse (codec, copy, size, false, &other));
  g_assert_cmpint (other.keyframe, ==, frame.keyframe);
  g_assert_cmpint (other.temporal, ==, frame.temporal);
  if (codec == SFU_CODEC_VP8)
    sfu_vp8_rewrite (copy, &other.vp8, frame.vp8.picture_id, frame.vp8.tl0_pic_idx);
  else
    sfu_vp9_rewrite (copy, &other.vp9, frame.vp9.picture_id, frame.vp9.tl0_pic_idx);
  g_assert_cmpmem (copy, size, data, size);
}

static void
check_red (const uint8_t *data, size_t size)
{
  SfuRedBlock blocks[SFU_RED_BLOCKS_MAX], block;
  uint8_t again[4096];
  unsigned n;

  if (!sfu_red_parse (data, size, blocks, &n) || size > sizeof again)
    return;
  for (unsigned n_lost = 1; n_lost < 12; n_lost++)
    {
      SfuRedLost lost[SFU_RED_BLOCKS_MAX];
      unsigned n_found = sfu_red_find_lost (data, size, n_lost, 960 * (n_lost + 1), lost);

      g_assert_cmpuint (n_found, <, n);
      for (unsigned i = 0; i < n_found; i++)
        {
          g_assert_true (lost[i].behind >= 1 && lost[i].behind <= n_lost && (i == 0 || lost[i].behind < lost[i - 1].behind));
          g_assert_true (lost[i].block.data + lost[i].block.len <= data + size);
        }
    }
  g_assert_true (sfu_red_find_primary (data, size, &block));
  g_assert_true (block.data + block.len == data + size);
  g_assert_cmpuint (sfu_red_write (blocks, n, again, sizeof again), ==, size);
  g_assert_cmpmem (again, size, data, size);
}

static void
check_layers (const uint8_t *data, size_t size)
{
  SfuVideoLayers layers, other;
  uint8_t again[1000];
  size_t len;

  if (!sfu_video_layers_parse (data, size, &layers))
    return;
  len = sfu_video_layers_write (&layers, again, sizeof again);
  g_assert_cmpuint (len, >, 0);
  g_assert_true (sfu_video_layers_parse (again, len, &other));
  g_assert_cmpuint (other.n_layers, ==, layers.n_layers);
  g_assert_cmpmem (other.layers, sizeof other.layers, layers.layers, sizeof layers.layers);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size == 0)
    return 0;
  if (data[0] < SFU_CODEC_N)
    check_payload ((SfuCodec) data[0], data + 1, size - 1);
  else if (data[0] == SFU_CODEC_N)
    check_red (data + 1, size - 1);
  else
    check_layers (data + 1, size - 1);
  return 0;
}
