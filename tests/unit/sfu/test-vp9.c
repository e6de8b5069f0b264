/* SPDX-License-Identifier: Apache-2.0 */
/* VP9's payload descriptor (RFC 9628 §4.2), flexible and non-flexible (point 21). */
#include "sfu/payload.h"
#include "sfu/rtp.h"
#include "sfu/vp9.h"

#include "bytes.h"
#include "captures.h"

static const struct {
  const char *name, *hex;
  bool start, end, keyframe, switch_up, inter_layer, flexible;
  unsigned spatial, temporal, picture_id, picture_id_at, tl0, tl0_at, width, height;
} good[] = {
  { "least", "00 aa", .keyframe = true, .switch_up = true },
  { "inter", "4c aa", .start = true, .end = true, .switch_up = true },
  { "short picture id", "cc 05 aa", .start = true, .end = true, .switch_up = true, .picture_id = 5, .picture_id_at = 1 },
  { "long picture id", "cc ff01 aa", .start = true, .end = true, .switch_up = true, .picture_id = 0x7f01, .picture_id_at = 1 },
  { "layers, non-flexible", "ec 8102 23 44 aa", .start = true, .end = true, .temporal = 1, .spatial = 1, .inter_layer = true,
    .picture_id = 0x102, .picture_id_at = 1, .tl0 = 0x44, .tl0_at = 4 },
  { "switching up", "68 52 00 aa", .start = true, .temporal = 2, .spatial = 1, .switch_up = true, .tl0_at = 2 },
  { "layers, flexible", "78 64 02 aa", .start = true, .temporal = 3, .spatial = 2, .flexible = true },
  { "flexible, three references", "58 030502 aa", .start = true, .switch_up = true, .flexible = true },
  { "flexible without references", "18 aa", .start = true, .keyframe = true, .switch_up = true, .flexible = true },
  { "keyframe with sizes", "2a 00 01 50 0140 00b4 0280 0168 05000500 aa", .start = true, .keyframe = true, .switch_up = true,
    .tl0 = 1, .tl0_at = 2, .width = 320, .height = 180 },
  { "sizes of the upper layer", "2a 03 01 30 0140 00b4 0280 0168 aa", .start = true, .keyframe = true, .switch_up = true,
    .inter_layer = true, .spatial = 1, .tl0 = 1, .tl0_at = 2, .width = 640, .height = 360 },
  { "group of pictures", "0a 08 03 00 04 01 0c 010203 aa", .start = true, .keyframe = true, .switch_up = true },
  { "empty structure", "0a 00 aa", .start = true, .keyframe = true, .switch_up = true },
};

static const struct {
  const char *name, *hex;
} bad[] = {
  { "nothing", "" },
  { "descriptor alone", "0c" },
  { "no picture id", "8c" },
  { "half a picture id", "8c81" },
  { "no frame", "8c8101" },
  { "no layer", "2c" },
  { "no base index", "2c00" },
  { "no reference", "5c" },
  { "four references", "5c 03030303 aa" },
  { "reference missing", "5c 03" },
  { "spatial layer 4", "2c 08 00 aa" },
  { "spatial layer 7", "2c 0e 00 aa" },
  { "temporal layer 4", "2c 80 00 aa" },
  { "no structure", "0a" },
  { "sizes cut", "0a 30 0140 00b4 0280" },
  { "sizes but no frame", "0a 10 0140 00b4" },
  { "group missing", "0a 08" },
  { "group cut", "0a 08 02 04 01" },
  { "group of 255", "0a 08 ff 0c 010203 0c 010203" },
};

static void
test_good (gconstpointer index)
{
  unsigned i = GPOINTER_TO_UINT (index);
  g_auto (Bytes) bytes = bytes_of (good[i].hex);
  SfuFrame frame, other;

  g_assert_true (sfu_payload_parse (SFU_CODEC_VP9, bytes.data, bytes.len, false, &frame));
  g_assert_false (frame.picture_end);
  g_assert_cmpint (frame.start, ==, good[i].start);
  g_assert_cmpint (frame.end, ==, good[i].end);
  g_assert_cmpint (frame.keyframe, ==, good[i].keyframe);
  g_assert_cmpint (frame.switch_up, ==, good[i].switch_up);
  g_assert_cmpint (frame.vp9.inter_layer, ==, good[i].inter_layer);
  g_assert_cmpint (frame.vp9.flexible, ==, good[i].flexible);
  g_assert_cmpuint (frame.spatial, ==, good[i].spatial);
  g_assert_cmpuint (frame.temporal, ==, good[i].temporal);
  g_assert_cmpuint (frame.vp9.picture_id, ==, good[i].picture_id);
  g_assert_cmpuint (frame.vp9.picture_id_at, ==, good[i].picture_id_at);
  g_assert_cmpuint (frame.vp9.tl0_pic_idx, ==, good[i].tl0);
  g_assert_cmpuint (frame.vp9.tl0_at, ==, good[i].tl0_at);
  g_assert_cmpuint (frame.width, ==, good[i].width);
  g_assert_cmpuint (frame.height, ==, good[i].height);
  sfu_vp9_rewrite (bytes.data, &frame.vp9, 0xfedc, 0xba);
  g_assert_true (sfu_payload_parse (SFU_CODEC_VP9, bytes.data, bytes.len, false, &other));
  if (frame.vp9.picture_id_at != 0)
    g_assert_cmphex (other.vp9.picture_id, ==, frame.vp9.long_picture_id ? 0x7edc : 0x5c);
  if (frame.vp9.tl0_at != 0)
    g_assert_cmphex (other.vp9.tl0_pic_idx, ==, 0xba);
  sfu_vp9_rewrite (bytes.data, &frame.vp9, frame.vp9.picture_id, frame.vp9.tl0_pic_idx);
  g_auto (Bytes) same = bytes_of (good[i].hex);
  g_assert_cmpmem (bytes.data, bytes.len, same.data, same.len);
}

static void
test_bad (gconstpointer index)
{
  g_auto (Bytes) bytes = bytes_of (bad[GPOINTER_TO_UINT (index)].hex);
  SfuFrame frame;

  g_assert_false (sfu_payload_parse (SFU_CODEC_VP9, bytes.data, bytes.len, true, &frame));
  g_assert_true (frame.end && frame.picture_end && !frame.keyframe && frame.vp9.picture_id_at == 0);
}

static void
test_truncated (void)
{
  g_auto (Bytes) whole = bytes_of ("aa 8101 00 01 58 0140 00b4 0280 0168 0500 0500 02 04 01 08 0102 aa");

  for (size_t len = 0; len <= whole.len; len++)
    {
      g_auto (Bytes) cut = bytes_copy (whole.data, len);
      SfuFrame frame;

      g_assert_cmpint (sfu_payload_parse (SFU_CODEC_VP9, cut.data, len, false, &frame), ==, len == whole.len);
    }
}

static void
test_captured (void)
{
  unsigned keyframes = 0;
  bool ended = true;

  for (unsigned i = 0; i < G_N_ELEMENTS (captured_vp9); i++)
    {
      g_auto (Bytes) bytes = bytes_of (captured_vp9[i]);
      SfuFrame frame;
      SfuRtp rtp;

      g_assert_true (sfu_rtp_parse (bytes.data, bytes.len, &rtp));
      g_assert_true (sfu_payload_parse (SFU_CODEC_VP9, rtp.data + rtp.header_len, rtp.payload_len, rtp.marker, &frame));
      g_assert_cmpint (frame.start, ==, ended);
      g_assert_cmpint (frame.end, ==, rtp.marker);
      g_assert_cmpuint (frame.vp9.picture_id_at, ==, 1);
      keyframes += frame.start && frame.keyframe;
      g_assert_cmpint (frame.vp9.scalability, ==, frame.start && frame.keyframe);
      g_assert_cmpuint (frame.width, ==, frame.vp9.scalability ? 64 : 0);
      ended = frame.end;
    }
  g_assert_cmpuint (keyframes, ==, 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *name = g_strdup_printf ("/sfu/vp9/good/%s", good[i].name);
      g_test_add_data_func (name, GUINT_TO_POINTER (i), test_good);
    }
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *name = g_strdup_printf ("/sfu/vp9/bad/%s", bad[i].name);
      g_test_add_data_func (name, GUINT_TO_POINTER (i), test_bad);
    }
  g_test_add_func ("/sfu/vp9/truncated", test_truncated);
  g_test_add_func ("/sfu/vp9/captured", test_captured);
  return g_test_run ();
}
