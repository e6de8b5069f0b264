/* SPDX-License-Identifier: Apache-2.0 */
/* Points 22 and 24: the dependency descriptor over switches, for AV1 and whatever is encrypted. */
#include "l2t2.h"
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

/* A packet with a descriptor made elsewhere, read as the publisher's worker reads it. */
static StagePacket *
put_described (SfuDependencyState *state, Bytes descriptor, bool marker, uint32_t rtp)
{
  g_auto (Bytes) own = descriptor;
  StagePacket *p = source_put (&stage, &source, 0, (SfuFrame){ 0 }, marker, rtp);

  g_assert_cmpuint (own.len, <=, sizeof p->descriptor);
  memcpy (p->descriptor, own.data, own.len);
  g_assert_true (sfu_dependency_parse (state, p->descriptor, own.len, &p->packet.frame));
  p->packet.rtp.data = p->data;
  p->packet.ext_at[SFU_EXT_DEPENDENCY] = (uint16_t) (p->descriptor - p->data);
  p->packet.ext_len[SFU_EXT_DEPENDENCY] = (uint8_t) own.len;
  return p;
}

/* What the receiver reads of what it got. */
static SfuFrame
read_got (SfuDependencyState *receiver, const StageGot *got)
{
  const SfuPacket *packet = &got->from->packet;
  bool rewritten = got->rewrite.dependency_len > 0;
  SfuFrame frame = { 0 };

  g_assert_true (sfu_dependency_parse (receiver,
                                       rewritten ? got->rewrite.dependency
                                                 : packet->rtp.data + packet->ext_at[SFU_EXT_DEPENDENCY],
                                       rewritten ? got->rewrite.dependency_len : packet->ext_len[SFU_EXT_DEPENDENCY], &frame));
  return frame;
}

/* When layers are cut, the decode targets that lose frames are told to be inactive: with the structure, which makes all of
 * them active, and for a second from each change. */
static void
test_targets (void)
{
  SfuDependencyState publisher = { 0 }, receiver = { 0 };
  uint16_t number = 0x1000;
  StageGot *got;
  SfuFrame frame;

  start (SFU_CODEC_AV1, 1);
  source.dependency = false;
  sfu_slot_set_target (&stage.slot, 0, 0, 3);
  for (unsigned round = 0; round < 3; round++)
    {
      /* 0: S0 alone; 1: all; 2: all, then without T1 */
      uint32_t expected = round == 0 ? 0x3 : 0xf;

      sfu_slot_set_target (&stage.slot, 0, round == 0 ? 0 : 1, 3);
      got = stage_feed (&stage, put_described (&publisher, make_key (number, true), false, number * 3000));
      g_assert_nonnull (got);
      g_assert_cmpint (got->rewrite.dependency_len != 0, ==, round == 0);
      frame = read_got (&receiver, got);
      g_assert_true (frame.keyframe && frame.dependency.structure && frame.dependency.n_targets == 4);
      g_assert_cmphex (frame.dependency.active_targets, ==, expected);
      got = stage_feed (&stage, put_described (&publisher, make_plain (3, number + 1), true, number * 3000));
      g_assert_cmpint (got != NULL, ==, round > 0);
      number += 2;
      for (unsigned i = 0; i < 3; i++)
        {
          stage.now_us += i == 2 ? 1001 * MS : 33 * MS;
          if (round == 2 && i == 0)
            {
              sfu_slot_set_target (&stage.slot, 0, 1, 0);
              expected = 0x5;
            }
          got = stage_feed (&stage, put_described (&publisher, make_plain (1, number), false, number * 3000));
          g_assert_nonnull (got);
          /* told for a second, not for ever */
          g_assert_cmpuint (got->rewrite.dependency_len, ==, expected != 0xf && i < 2 ? 5 : 0);
          g_assert_cmphex (read_got (&receiver, got).dependency.active_targets, ==, expected);
          got = stage_feed (&stage, put_described (&publisher, make_plain (4, number + 1), true, number * 3000));
          g_assert_cmpint (got != NULL, ==, round > 0);
          number += 2;
        }
    }
  stage_clear (&stage);
}

/* A mask, and fields of the frame's own, keep their places behind the mask that is spliced in. */
static void
test_targets_custom (void)
{
  SfuDependencyState publisher = { 0 }, receiver = { 0 };
  uint8_t data[16];
  SfuBitWriter out;
  StageGot *got;
  SfuFrame frame;

  start (SFU_CODEC_AV1, 1);
  source.dependency = false;
  sfu_slot_set_target (&stage.slot, 0, 0, 3);
  (void) read_got (&receiver, stage_feed (&stage, put_described (&publisher, make_key (7, false), true, 3000)));
  for (unsigned masked = 0; masked < 2; masked++)
    {
      sfu_bit_writer_init (&out, data, sizeof data);
      put_head (&out, ID (1), (uint16_t) (8 + masked), masked ? "01101" : "00101");
      if (masked)
        sfu_bit_writer_put (&out, 0xe, 4); /* the source itself has switched target 0 off */
      sfu_bit_writer_put (&out, 0x5b, 8);
      sfu_bit_writer_put (&out, 0x0907, 16);
      got = stage_feed (&stage, put_described (&publisher, bytes_copy (data, sfu_bit_writer_end (&out)), true, 6000 + masked));
      g_assert_nonnull (got);
      frame = read_got (&receiver, got);
      g_assert_cmphex (frame.dependency.active_targets, ==, masked ? 2 : 3);
      g_assert_cmphex (frame.dependency.decode_targets, ==, got->from->packet.frame.dependency.decode_targets);
      g_assert_cmphex (frame.dependency.switch_targets, ==, got->from->packet.frame.dependency.switch_targets);
      g_assert_cmpuint (frame.dependency.chain_diffs[0], ==, 9);
      g_assert_cmpuint (frame.dependency.chain_diffs[1], ==, 7);
    }
  stage_clear (&stage);
}

/* Who comes later gets the structure: nothing is sent until the frame that brings it, and what was sent can be read from
 * its first byte on by one who knows nothing of the stream. */
static void
test_late (void)
{
  SfuDependencyState publisher = { 0 }, receiver = { 0 };
  StageGot *got;

  start (SFU_CODEC_AV1, 1);
  source.dependency = false;
  stage_feed (&stage, put_described (&publisher, make_key (1, true), true, 3000));
  sfu_slot_set_target (&stage.slot, 0, 0, 3);
  for (uint16_t i = 0; i < 4; i++)
    g_assert_null (stage_feed (&stage, put_described (&publisher, make_plain (1, (uint16_t) (2 + i)), true, 6000 + i)));
  /* a frame that needs no other, but leans on the structure that came before: no */
  g_assert_null (stage_feed (&stage, put_described (&publisher, make_plain (0, 6), true, 12000)));
  g_assert_cmpint (sfu_slot_needs_keyframe (&stage.slot), ==, 0);
  got = stage_feed (&stage, put_described (&publisher, make_key (7, true), true, 15000));
  g_assert_nonnull (got);
  g_assert_true (read_got (&receiver, got).keyframe);
  got = stage_feed (&stage, put_described (&publisher, make_plain (1, 8), true, 18000));
  g_assert_cmpuint (read_got (&receiver, got).dependency.n_chains, ==, 2);
  stage_clear (&stage);
}

/* What cannot be read yet, its structure being on the way, has its frame number rewritten all the same. */
static void
test_unread (void)
{
  StageGot *got, *next;
  StagePacket *p;

  start (SFU_CODEC_VP8, 2);
  source.dependency = true;
  sfu_slot_set_target (&stage.slot, 0, 0, 0);
  stage_picture (&stage, &source, 33 * MS);
  sfu_slot_set_target (&stage.slot, 1, 0, 0);
  source.layers[1].want_key = true;
  stage_picture (&stage, &source, 33 * MS);
  got = &stage.got[stage.n_got - 1];
  g_assert_cmpuint (got->from->packet.layer, ==, 1);
  p = source_put (&stage, &source, 1, (SfuFrame){ .start = true, .end = true, .has_dependency = true }, true,
                  got->from->packet.rtp.timestamp + 3000);
  p->packet.frame.has_dependency = false;
  p->data[5] = (uint8_t) ((got->from->packet.frame.dependency.frame_number + 1) >> 8);
  p->data[6] = (uint8_t) (got->from->packet.frame.dependency.frame_number + 1);
  next = stage_feed (&stage, p);
  g_assert_nonnull (next);
  g_assert_cmpuint (next->rewrite.dependency_len, ==, 3);
  g_assert_cmpuint (next->rewrite.dependency[1] << 8 | next->rewrite.dependency[2], ==, (uint16_t) (got->frame_number + 1));
  stage_clear (&stage);
}

static StageGot *
feed_layer (unsigned spatial, uint16_t pending, uint16_t broken, uint32_t switches, bool key, uint32_t rtp)
{
  SfuFrame frame = { .start = true, .end = true, .has_dependency = true, .keyframe = key, .spatial = (uint8_t) spatial };

  frame.dependency = (SfuDependency){ .decode_targets = spatial == 0 ? 3 : 2, .active_targets = 3, .n_targets = 2, .n_chains = 2,
                                      .switch_targets = switches, .pending_layers = pending, .broken_layers = broken };
  return stage_feed (&stage, source_put (&stage, &source, 0, frame, spatial == 1, rtp));
}

/* Up only to a target whose chain is whole; one that is broken is left for what can still be decoded, and a keyframe is asked
 * for. */
static void
test_chains (void)
{
  const uint16_t upper = 0xfff0, all = 0xffff;

  start (SFU_CODEC_AV1, 1);
  source.dependency = false;
  sfu_slot_set_target (&stage.slot, 0, 0, 3);
  g_assert_nonnull (feed_layer (0, 0, 0, 3, true, 0));
  g_assert_null (feed_layer (1, 0, 0, 2, true, 0));
  sfu_slot_set_target (&stage.slot, 0, 1, 3);
  /* a switch indication, but something that it needs is missing, or lost */
  g_assert_nonnull (feed_layer (0, upper, 0, 0, false, 3000));
  g_assert_null (feed_layer (1, upper, 0, 2, false, 3000));
  g_assert_nonnull (feed_layer (0, 0, upper, 0, false, 6000));
  g_assert_null (feed_layer (1, 0, upper, 2, false, 6000));
  g_assert_nonnull (feed_layer (0, 0, 0, 0, false, 9000));
  g_assert_nonnull (feed_layer (1, 0, 0, 2, false, 9000));
  g_assert_cmpint (sfu_slot_needs_keyframe (&stage.slot), ==, -1);
  /* what may still come is waited for, by the receiver */
  g_assert_nonnull (feed_layer (0, all, 0, 0, false, 12000));
  g_assert_nonnull (feed_layer (1, all, 0, 0, false, 12000));
  g_assert_cmpint (sfu_slot_needs_keyframe (&stage.slot), ==, -1);
  /* it never will, of the upper layer */
  g_assert_cmpint (feed_layer (0, 0, upper, 0, false, 15000)->rewrite.marker, ==, true);
  g_assert_null (feed_layer (1, 0, upper, 0, false, 15000));
  g_assert_cmpint (sfu_slot_needs_keyframe (&stage.slot), ==, 0);
  g_assert_nonnull (feed_layer (0, 0, 0, 3, true, 18000));
  g_assert_nonnull (feed_layer (1, 0, 0, 2, true, 18000));
  g_assert_cmpint (sfu_slot_needs_keyframe (&stage.slot), ==, -1);
  /* of both: the frames go on, the decoder may cope, and a keyframe is asked for until it comes */
  g_assert_nonnull (feed_layer (0, 0, all, 0, false, 21000));
  g_assert_cmpint (sfu_slot_needs_keyframe (&stage.slot), ==, 0);
  g_assert_nonnull (feed_layer (1, 0, all, 0, false, 21000));
  g_assert_nonnull (feed_layer (0, 0, all, 0, false, 24000));
  g_assert_cmpint (sfu_slot_needs_keyframe (&stage.slot), ==, 0);
  g_assert_nonnull (feed_layer (0, 0, 0, 3, true, 27000));
  g_assert_cmpint (sfu_slot_needs_keyframe (&stage.slot), ==, -1);
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
  g_test_add_func ("/sfu/slot-dependency/targets-custom", test_targets_custom);
  g_test_add_func ("/sfu/slot-dependency/late", test_late);
  g_test_add_func ("/sfu/slot-dependency/unread", test_unread);
  g_test_add_func ("/sfu/slot-dependency/chains", test_chains);
  g_test_add_func ("/sfu/slot-dependency/switch-indication", test_switch_indication);
  g_test_add_func ("/sfu/slot-dependency/encrypted", test_encrypted);
  return g_test_run ();
}
