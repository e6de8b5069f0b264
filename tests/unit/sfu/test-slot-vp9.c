/* SPDX-License-Identifier: Apache-2.0 */
/* Point 21: VP9 with spatial layers in one stream (RFC 9628 §4.2). */
#include "stage.h"

static Stage stage;
static StageSource source;

static void
start (unsigned n_temporal)
{
  stage_init (&stage, SFU_VIDEO, 1);
  source_init (&source, 1, SFU_CODEC_VP9, 1);
  source.n_spatial = 3;
  source.n_temporal = n_temporal;
  sfu_slot_set_source (&stage.slot, 1, SFU_CODEC_VP9, NULL, stage.now_us);
}

/* The marker stands on the last packet of the highest layer that is sent, and only there. */
static void
check_markers (unsigned from, unsigned spatial)
{
  for (unsigned i = from; i < stage.n_got; i++)
    {
      const SfuFrame *frame = &stage.got[i].from->packet.frame;

      g_assert_cmpuint (frame->spatial, <=, spatial);
      g_assert_cmpint (stage.got[i].rewrite.marker, ==, frame->end && frame->spatial == spatial);
    }
}

static void
test_cut (void)
{
  for (unsigned spatial = 0; spatial < 3; spatial++)
    {
      start (1);
      sfu_slot_set_target (&stage.slot, 0, spatial, 3);
      for (unsigned i = 0; i < 100; i++)
        g_assert_cmpuint (stage_picture (&stage, &source, 33 * MS), ==, 3 * (spatial + 1));
      check_markers (0, spatial);
      stage_check_whole (&stage, 0);
      stage_clear (&stage);
    }
}

/* Down with the next picture; up with a picture whose upper layers need no earlier one, which is asked for. */
static void
test_switch (void)
{
  unsigned from;

  start (1);
  sfu_slot_set_target (&stage.slot, 0, 2, 3);
  stage_picture (&stage, &source, 33 * MS);
  sfu_slot_set_target (&stage.slot, 0, 0, 3);
  from = stage.n_got;
  for (unsigned i = 0; i < 10; i++)
    g_assert_cmpuint (stage_picture (&stage, &source, 33 * MS), ==, 3);
  check_markers (from, 0);
  g_assert_cmpint (sfu_slot_needs_keyframe (&stage.slot), ==, -1);
  sfu_slot_set_target (&stage.slot, 0, 3, 3); /* all that there is */
  g_assert_cmpint (sfu_slot_needs_keyframe (&stage.slot), ==, 0);
  for (unsigned i = 0; i < 10; i++)
    g_assert_cmpuint (stage_picture (&stage, &source, 33 * MS), ==, 3);
  source.layers[0].want_key = true;
  from = stage.n_got;
  for (unsigned i = 0; i < 10; i++)
    g_assert_cmpuint (stage_picture (&stage, &source, 33 * MS), ==, 9);
  check_markers (from, 2);
  g_assert_cmpint (sfu_slot_needs_keyframe (&stage.slot), ==, -1);
  stage_check_whole (&stage, 0);
  stage_clear (&stage);
}

/* An upper layer is not joined in the middle of its picture, nor when the one below it is missing. */
static void
test_switch_whole (void)
{
  GPtrArray *pkts = g_ptr_array_new ();

  start (1);
  sfu_slot_set_target (&stage.slot, 0, 0, 3);
  stage_picture (&stage, &source, 33 * MS);
  sfu_slot_set_target (&stage.slot, 0, 1, 3);
  source.layers[0].want_key = true;
  source_picture (&stage, &source, pkts);
  for (unsigned i = 3; i < 9; i++)
    g_assert_null (stage_feed (&stage, pkts->pdata[i])); /* the base layer's packets are lost */
  g_assert_cmpuint (stage.slot.spatial, ==, 0);
  g_ptr_array_unref (pkts);
  stage_clear (&stage);
}

/* References count in picture ids: within a layer they stay as far apart as they were; over a switch they go on by one. */
static void
test_pictures (void)
{
  StageSource other;
  unsigned n;

  start (3);
  source_init (&other, 2, SFU_CODEC_VP9, 1);
  sfu_slot_set_target (&stage.slot, 0, 0, 0);
  for (unsigned i = 0; i < 40; i++)
    stage_picture (&stage, &source, 33 * MS);
  n = stage.n_got;
  for (unsigned i = 3; i < n; i += 3)
    {
      g_assert_cmpuint (stage.got[i].picture, ==, stage.got[i - 3].picture + 4);
      g_assert_cmpuint (stage.got[i].tl0, ==, (uint8_t) (stage.got[i - 3].tl0 + 1));
    }
  sfu_slot_set_source (&stage.slot, 2, SFU_CODEC_VP9, NULL, stage.now_us);
  sfu_slot_set_target (&stage.slot, 0, 0, 0);
  stage_picture (&stage, &other, 33 * MS);
  stage_picture (&stage, &other, 33 * MS);
  g_assert_cmpuint (stage.got[n].picture, ==, stage.got[n - 1].picture + 1);
  g_assert_cmpuint (stage.got[n].tl0, ==, (uint8_t) (stage.got[n - 1].tl0 + 1));
  g_assert_cmpuint (stage.got[n + 3].picture, ==, stage.got[n].picture + 1);
  stage_check_whole (&stage, 0);
  stage_clear (&stage);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/slot-vp9/cut", test_cut);
  g_test_add_func ("/sfu/slot-vp9/switch", test_switch);
  g_test_add_func ("/sfu/slot-vp9/switch-whole", test_switch_whole);
  g_test_add_func ("/sfu/slot-vp9/pictures", test_pictures);
  return g_test_run ();
}
