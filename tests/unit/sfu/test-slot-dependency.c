/* SPDX-License-Identifier: Apache-2.0 */
/* Points 22 and 24: the dependency descriptor over switches, for AV1 and whatever is encrypted. */
#include "stage.h"

static Stage stage;
static StageSource source;

static void
start (SfuCodec codec, unsigned n_layers)
{
  stage_init (&stage, SFU_VIDEO, 1);
  source_init (&source, 1, codec, n_layers);
  source.dependency = true;
  sfu_slot_set_source (&stage.slot, 1, codec, NULL, stage.now_us);
}

/* Frame numbers go on by one over a switch, and stay as far apart as they are within a layer: references count in them. */
static void
test_numbers (void)
{
  unsigned n = 0;

  start (SFU_CODEC_AV1, 2);
  source.n_temporal = 2;
  for (unsigned round = 0; round < 20; round++)
    {
      sfu_slot_set_target (&stage.slot, (int) (round % 2), 0, 0);
      stage_picture (&stage, &source, 33 * MS);
      source.layers[round % 2].want_key = true;
      for (unsigned i = 0; i < 11; i++)
        stage_picture (&stage, &source, 33 * MS);
    }
  stage_check_whole (&stage, 0);
  for (unsigned i = 1; i < stage.n_got; i++)
    {
      const SfuFrame *frame = &stage.got[i].from->packet.frame, *before = &stage.got[i - 1].from->packet.frame;
      unsigned step = (uint16_t) (frame->dependency.frame_number - before->dependency.frame_number);

      if (stage.got[i].rewrite.switched)
        step = 1, n++;
      g_assert_cmpuint (stage.got[i].frame_number, ==, (uint16_t) (stage.got[i - 1].frame_number + step));
      if (stage.got[i].rewrite.dependency_len != 0)
        g_assert_cmphex (stage.got[i].rewrite.dependency[0], ==, stage.got[i].from->data[4]);
    }
  g_assert_cmpuint (n, ==, 19);
  stage_clear (&stage);
}

static unsigned
read_bits (const uint8_t *data, unsigned at, unsigned n)
{
  unsigned value = 0;

  for (; n > 0; n--, at++)
    value = value << 1 | (data[at / 8] >> (7 - at % 8) & 1u);
  return value;
}

/* When layers are cut, the decode targets that lose frames are told to be inactive, in bits between the others. */
static void
test_targets (void)
{
  static const uint8_t plain[] = { 0xc1, 0x12, 0x34 };
  static const uint8_t custom[] = { 0xc1, 0x12, 0x34, 0x2d, 0xb6, 0xdb }; /* custom dtis, 001 | 01101101.. */
  static const uint8_t masked[] = { 0xc1, 0x12, 0x34, 0x4f, 0xa0 };       /* a mask of 6 ones and 1 custom bit */
  SfuFrame low = { .start = true, .end = true, .has_dependency = true };
  SfuFrame high = low;
  StagePacket *p;
  SfuRewrite rewrite;

  start (SFU_CODEC_AV1, 1);
  source.dependency = false;
  low.dependency = (SfuDependency){ .decode_targets = 0x3f, .active_targets = 0x3f, .n_targets = 6 };
  high.dependency = (SfuDependency){ .decode_targets = 0x38, .active_targets = 0x3f, .n_targets = 6 };
  high.spatial = 1;
  sfu_slot_set_target (&stage.slot, 0, 0, 3);
  low.keyframe = true;
  p = source_put (&stage, &source, 0, low, false, 0);
  g_assert_cmpuint (stage_feed (&stage, p)->rewrite.dependency_len, ==, 0);
  low.keyframe = false;
  g_assert_null (stage_feed (&stage, source_put (&stage, &source, 0, high, true, 0)));
  for (unsigned i = 0; i < 3; i++)
    {
      const uint8_t *bytes = i == 0 ? plain : i == 1 ? custom : masked;
      uint8_t len = i == 0 ? sizeof plain : i == 1 ? sizeof custom : sizeof masked;

      p = source_put (&stage, &source, 0, low, false, 3000 * (i + 1));
      memcpy (p->data + 4, bytes, len);
      p->packet.ext_at[SFU_EXT_DEPENDENCY] = 4;
      p->packet.ext_len[SFU_EXT_DEPENDENCY] = len;
      g_assert_cmpint (sfu_slot_on_packet (&stage.slot, &p->packet, stage.now_us, &rewrite), ==, SFU_SLOT_SEND);
      g_assert_cmpmem (rewrite.dependency, 3, plain, 3);
      g_assert_cmphex (read_bits (rewrite.dependency, 24, 5), ==, i == 0 ? 0x08 : i == 1 ? 0x0d : 0x09);
      g_assert_cmphex (read_bits (rewrite.dependency, 29, 6), ==, 0x07);
      if (i == 1)
        g_assert_cmphex (read_bits (rewrite.dependency, 35, 19), ==, read_bits (custom, 29, 19));
      g_assert_cmpuint (rewrite.dependency_len, ==, i == 0 ? 5 : i == 1 ? 7 : 5);
    }
  stage.now_us += 1001 * MS;
  p = source_put (&stage, &source, 0, low, false, 90000);
  g_assert_cmpint (sfu_slot_on_packet (&stage.slot, &p->packet, stage.now_us, &rewrite), ==, SFU_SLOT_SEND);
  g_assert_cmpuint (rewrite.dependency_len, ==, 0);
  stage_clear (&stage);
}

/* Up to a spatial layer with a frame that the descriptor allows it for, without a keyframe. */
static void
test_switch_indication (void)
{
  SfuFrame frames[2] = { { .start = true, .end = true, .has_dependency = true, .keyframe = true } };

  start (SFU_CODEC_AV1, 1);
  source.dependency = false;
  frames[0].dependency = (SfuDependency){ .decode_targets = 3, .active_targets = 3, .n_targets = 2 };
  frames[1] = frames[0];
  frames[1].spatial = 1;
  frames[1].dependency.decode_targets = 2;
  sfu_slot_set_target (&stage.slot, 0, 0, 3);
  for (unsigned i = 0; i < 10; i++)
    {
      StageGot *low = stage_feed (&stage, source_put (&stage, &source, 0, frames[0], false, i * 3000)), *high;

      if (i == 2)
        sfu_slot_set_target (&stage.slot, 0, 1, 3);
      frames[0].keyframe = frames[1].keyframe = false;
      frames[1].dependency.switch_targets = i == 6 ? 2 : 0;
      g_assert_nonnull (low);
      high = stage_feed (&stage, source_put (&stage, &source, 0, frames[1], true, i * 3000));
      g_assert_cmpint (high != NULL, ==, i >= 6);
      g_assert_cmpint (low->rewrite.marker, ==, i <= 6);
    }
  stage_clear (&stage);
}

/* Encrypted VP8 whose picture ids are not to be had: the descriptor alone decides, nothing in the payload changes. */
static void
test_encrypted (void)
{
  start (SFU_CODEC_H264, 2);
  source.n_temporal = 3;
  sfu_slot_set_target (&stage.slot, 1, 0, 0);
  for (unsigned i = 0; i < 40; i++)
    stage_picture (&stage, &source, 33 * MS);
  g_assert_cmpuint (stage.n_got, ==, 30);
  for (unsigned i = 0; i < stage.n_got; i++)
    g_assert_cmpuint (stage.got[i].rewrite.n_patches, ==, 0);
  stage_check_whole (&stage, 0);
  stage_clear (&stage);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/slot-dependency/numbers", test_numbers);
  g_test_add_func ("/sfu/slot-dependency/targets", test_targets);
  g_test_add_func ("/sfu/slot-dependency/switch-indication", test_switch_indication);
  g_test_add_func ("/sfu/slot-dependency/encrypted", test_encrypted);
  return g_test_run ();
}
