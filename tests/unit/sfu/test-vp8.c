/* SPDX-License-Identifier: Apache-2.0 */
/* VP8's payload descriptor (RFC 7741 §4.2), in the clear and around encrypted frames (points 20 and 24). */
#include "sfu/payload.h"
#include "sfu/rtp.h"
#include "sfu/vp8.h"

#include "bytes.h"
#include "captures.h"

static const struct {
  const char *name, *hex;
  bool start, keyframe, discardable, switch_up, is_long;
  unsigned temporal, picture_id, picture_id_at, tl0, tl0_at, key_idx, width, height;
} good[] = {
  { "least", "10 01", .start = true, .switch_up = true },
  { "keyframe without a size", "10 00", .start = true, .keyframe = true, .switch_up = true },
  { "keyframe", "10 501100 9d012a 40003000", .start = true, .keyframe = true, .switch_up = true, .width = 64, .height = 48 },
  { "scaled", "10 501100 9d012a 4040f080", .start = true, .keyframe = true, .switch_up = true, .width = 64, .height = 240 },
  { "no start code", "10 501100 9d012b 40003000", .start = true, .keyframe = true, .switch_up = true },
  { "not the first partition", "11 00", .switch_up = true },
  { "not the first packet", "00 00", .switch_up = true },
  { "non-reference", "30 01", .start = true, .discardable = true, .switch_up = true },
  { "short picture id", "9080 7f 01", .start = true, .switch_up = true, .picture_id = 0x7f, .picture_id_at = 2 },
  { "long picture id", "9080 ffff 01", .start = true, .switch_up = true, .picture_id = 0x7fff, .picture_id_at = 2,
    .is_long = true },
  { "all", "90f0 8123 45 a7 01", .start = true, .switch_up = true, .picture_id = 0x123, .picture_id_at = 2, .is_long = true,
    .tl0 = 0x45, .tl0_at = 4, .temporal = 2, .key_idx = 7 },
  { "layer without sync", "9020 40 01", .start = true, .temporal = 1 },
  { "layer with sync", "9020 e0 01", .start = true, .temporal = 3, .switch_up = true },
  { "key index alone", "9010 df 01", .start = true, .switch_up = true, .key_idx = 31 },
  { "base index", "9040 09 01", .start = true, .switch_up = true, .tl0 = 9, .tl0_at = 2 },
};

static const struct {
  const char *name, *hex;
} bad[] = {
  { "nothing", "" },
  { "descriptor alone", "10" },
  { "no extension", "90" },
  { "extension alone", "9000" },
  { "no picture id", "9080" },
  { "half a picture id", "908081" },
  { "no frame behind a picture id", "90808101" },
  { "no base index", "9040" },
  { "no layer", "9020" },
  { "no key index", "9010" },
  { "no frame", "90f081234567" },
};

static void
test_good (gconstpointer index)
{
  unsigned i = GPOINTER_TO_UINT (index);
  g_auto (Bytes) bytes = bytes_of (good[i].hex);
  SfuFrame frame;

  g_assert_true (sfu_payload_parse (SFU_CODEC_VP8, bytes.data, bytes.len, true, &frame));
  g_assert_true (frame.end && frame.picture_end);
  g_assert_cmpint (frame.start, ==, good[i].start);
  g_assert_cmpint (frame.keyframe, ==, good[i].keyframe);
  g_assert_cmpint (frame.discardable, ==, good[i].discardable);
  g_assert_cmpint (frame.switch_up, ==, good[i].switch_up);
  g_assert_cmpuint (frame.temporal, ==, good[i].temporal);
  g_assert_cmpuint (frame.spatial, ==, 0);
  g_assert_cmpuint (frame.vp8.picture_id, ==, good[i].picture_id);
  g_assert_cmpuint (frame.vp8.picture_id_at, ==, good[i].picture_id_at);
  g_assert_cmpint (frame.vp8.long_picture_id, ==, good[i].is_long);
  g_assert_cmpuint (frame.vp8.tl0_pic_idx, ==, good[i].tl0);
  g_assert_cmpuint (frame.vp8.tl0_at, ==, good[i].tl0_at);
  g_assert_cmpuint (frame.vp8.key_idx, ==, good[i].key_idx);
  g_assert_cmpuint (frame.width, ==, good[i].width);
  g_assert_cmpuint (frame.height, ==, good[i].height);
}

static void
test_bad (gconstpointer index)
{
  g_auto (Bytes) bytes = bytes_of (bad[GPOINTER_TO_UINT (index)].hex);
  SfuFrame frame;

  g_assert_false (sfu_payload_parse (SFU_CODEC_VP8, bytes.data, bytes.len, true, &frame));
  /* what the marker tells is there for a dependency descriptor to complete */
  g_assert_true (frame.codec == SFU_CODEC_VP8 && frame.picture_end && !frame.keyframe && frame.vp8.picture_id_at == 0);
}

static void
test_truncated (void)
{
  g_auto (Bytes) whole = bytes_of ("90f0 8123 45 a7 501100 9d012a 40003000 aabb");

  for (size_t len = 0; len <= whole.len; len++)
    {
      g_auto (Bytes) cut = bytes_copy (whole.data, len);
      SfuFrame frame;

      g_assert_cmpint (sfu_payload_parse (SFU_CODEC_VP8, cut.data, len, false, &frame), ==, len > 6);
      g_assert_cmpuint (frame.width, ==, len >= 16 ? 64 : 0);
    }
}

/* point 20: the numbers change where they stand, in the width they have, and nothing else does */
static void
test_rewrite (void)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_auto (Bytes) bytes = bytes_of (good[i].hex);
      SfuFrame frame, other;

      g_assert_true (sfu_payload_parse (SFU_CODEC_VP8, bytes.data, bytes.len, true, &frame));
      sfu_vp8_rewrite (bytes.data, &frame.vp8, 0xfedc, 0xba);
      g_assert_true (sfu_payload_parse (SFU_CODEC_VP8, bytes.data, bytes.len, true, &other));
      if (frame.vp8.picture_id_at != 0)
        g_assert_cmphex (other.vp8.picture_id, ==, frame.vp8.long_picture_id ? 0x7edc : 0x5c);
      if (frame.vp8.tl0_at != 0)
        g_assert_cmphex (other.vp8.tl0_pic_idx, ==, 0xba);
      g_assert_cmpint (other.vp8.long_picture_id, ==, frame.vp8.long_picture_id);
      g_assert_cmpuint (other.vp8.key_idx, ==, frame.vp8.key_idx);
      sfu_vp8_rewrite (bytes.data, &frame.vp8, frame.vp8.picture_id, frame.vp8.tl0_pic_idx);
      g_auto (Bytes) same = bytes_of (good[i].hex);
      g_assert_cmpmem (bytes.data, bytes.len, same.data, same.len);
    }
}

/* point 24: of an encrypted frame the first byte (of a keyframe: ten) is clear; the rest is noise and is not looked at */
static void
test_encrypted (void)
{
  g_auto (Bytes) key = bytes_of ("9080 8123 501100 9d012a 80026801 e7a92f");
  g_auto (Bytes) delta = bytes_of ("9080 8124 51 9d012a ffffffffffffffff");
  SfuFrame frame;

  g_assert_true (sfu_payload_parse (SFU_CODEC_VP8, key.data, key.len, false, &frame));
  g_assert_true (frame.keyframe && frame.width == 640 && frame.height == 360);
  g_assert_true (sfu_payload_parse (SFU_CODEC_VP8, delta.data, delta.len, false, &frame));
  g_assert_true (!frame.keyframe && frame.width == 0);
}

static void
test_captured (void)
{
  uint16_t last = 0;
  unsigned keyframes = 0;

  for (unsigned i = 0; i < G_N_ELEMENTS (captured_vp8); i++)
    {
      g_auto (Bytes) bytes = bytes_of (captured_vp8[i]);
      SfuFrame frame;
      SfuRtp rtp;

      g_assert_true (sfu_rtp_parse (bytes.data, bytes.len, &rtp));
      g_assert_true (sfu_payload_parse (SFU_CODEC_VP8, rtp.data + rtp.header_len, rtp.payload_len, rtp.marker, &frame));
      g_assert_true (frame.vp8.long_picture_id);
      g_assert_cmpint (frame.start, ==, i == 0 || frame.vp8.picture_id != last);
      g_assert_true (!frame.keyframe || (frame.width == 64 && frame.height == 48));
      keyframes += frame.keyframe;
      last = frame.vp8.picture_id;
    }
  g_assert_cmpuint (keyframes, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *name = g_strdup_printf ("/sfu/vp8/good/%s", good[i].name);
      g_test_add_data_func (name, GUINT_TO_POINTER (i), test_good);
    }
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *name = g_strdup_printf ("/sfu/vp8/bad/%s", bad[i].name);
      g_test_add_data_func (name, GUINT_TO_POINTER (i), test_bad);
    }
  g_test_add_func ("/sfu/vp8/truncated", test_truncated);
  g_test_add_func ("/sfu/vp8/rewrite", test_rewrite);
  g_test_add_func ("/sfu/vp8/encrypted", test_encrypted);
  g_test_add_func ("/sfu/vp8/captured", test_captured);
  return g_test_run ();
}
