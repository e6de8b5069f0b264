/* SPDX-License-Identifier: Apache-2.0 */
/* Points 18 and 20: VP8's picture ids, TL0PICIDX and temporal layers (RFC 7741 §4.2). */
#include "stage.h"

static Stage stage;
static StageSource source;

static void
start (unsigned n_layers, unsigned n_temporal, bool long_picture_id)
{
  stage_init (&stage, SFU_VIDEO, 1);
  source_init (&source, 1, SFU_CODEC_VP8, n_layers);
  source.n_temporal = n_temporal;
  source.long_picture_id = long_picture_id;
  sfu_slot_set_source (&stage.slot, 1, SFU_CODEC_VP8, NULL, stage.now_us);
}

/* Picture ids go on by one per frame that is sent, TL0PICIDX by one per frame of the base layer. */
static void
check (bool wide)
{
  uint16_t mask = wide ? 0x7fff : 0x7f;

  stage_check_whole (&stage, 0);
  for (unsigned i = 1; i < stage.n_got; i++)
    {
      const StageGot *before = &stage.got[i - 1], *got = &stage.got[i];
      bool begins = got->from->packet.frame.start;

      g_assert_cmpint (before->rewrite.marker, ==, begins);
      g_assert_cmpuint (got->picture, ==, (before->picture + begins) & mask);
      g_assert_cmpuint (got->tl0, ==, (uint8_t) (before->tl0 + (begins && got->from->packet.frame.temporal == 0)));
    }
}

static void
test_temporal (gconstpointer data)
{
  bool wide = GPOINTER_TO_INT (data) != 0;

  for (unsigned most = 0; most < 3; most++)
    {
      unsigned first;

      start (1, 3, wide);
      sfu_slot_set_target (&stage.slot, 0, 0, most);
      for (unsigned i = 0; i < 400; i++)
        stage_picture (&stage, &source, 33 * MS);
      check (wide);
      first = stage.n_got;
      g_assert_cmpuint (first, ==, most == 2 ? 1200 : most == 1 ? 600 : 300);
      for (unsigned i = 0; i < first; i++)
        g_assert_cmpuint (stage.got[i].from->packet.frame.temporal, <=, most);
      stage_clear (&stage);
    }
}

/* Down at once with the next frame; up only with a frame that needs none of its layer (the Y bit). */
static void
test_temporal_switch (void)
{
  start (1, 3, true);
  sfu_slot_set_target (&stage.slot, 0, 0, 2);
  for (unsigned i = 0; i < 8; i++)
    g_assert_cmpuint (stage_picture (&stage, &source, 33 * MS), ==, 3);
  sfu_slot_set_target (&stage.slot, 0, 0, 0);
  for (unsigned i = 0; i < 8; i++)
    g_assert_cmpuint (stage_picture (&stage, &source, 33 * MS), ==, i % 4 == 0 ? 3 : 0);
  /* the pattern is 0 2Y 1Y 2: 2 is joined at its Y, so 1 comes with it */
  stage_picture (&stage, &source, 33 * MS);
  stage_picture (&stage, &source, 33 * MS);
  stage_picture (&stage, &source, 33 * MS);
  sfu_slot_set_target (&stage.slot, 0, 0, 2);
  g_assert_cmpuint (stage_picture (&stage, &source, 33 * MS), ==, 0); /* a 2 without Y */
  g_assert_cmpuint (stage_picture (&stage, &source, 33 * MS), ==, 3);
  g_assert_cmpuint (stage_picture (&stage, &source, 33 * MS), ==, 3);
  g_assert_cmpuint (stage_picture (&stage, &source, 33 * MS), ==, 3);
  g_assert_cmpint (sfu_slot_needs_keyframe (&stage.slot), ==, -1);
  check (true);
  stage_clear (&stage);
}

/* Over layers, sources and both wraps. */
static void
test_layers (gconstpointer data)
{
  bool wide = GPOINTER_TO_INT (data) != 0;
  StageSource other;

  start (3, 3, wide);
  source_init (&other, 2, SFU_CODEC_VP8, 3);
  other.long_picture_id = wide;
  for (unsigned round = 0; round < 120; round++)
    {
      StageSource *shown = round % 8 < 5 ? &source : &other;

      sfu_slot_set_source (&stage.slot, shown->track, SFU_CODEC_VP8, NULL, stage.now_us);
      sfu_slot_set_target (&stage.slot, (int) (round % 3), 0, round % 4);
      for (unsigned i = 0; i < 12; i++)
        {
          if (sfu_slot_needs_keyframe (&stage.slot) >= 0 && i % 4 == 3)
            shown->layers[sfu_slot_needs_keyframe (&stage.slot)].want_key = true;
          stage_picture (&stage, &source, 0);
          stage_picture (&stage, &other, 33 * MS);
        }
      g_assert_cmpint (stage.slot.layer, ==, (int) (round % 3));
    }
  check (wide);
  stage_clear (&stage);
}

/* A lost frame leaves its picture id out too; what comes late has the one that it would have had. */
static void
test_late (void)
{
  GPtrArray *pkts = g_ptr_array_new ();
  StageGot *got;

  start (1, 3, true);
  sfu_slot_set_target (&stage.slot, 0, 0, 1);
  for (unsigned i = 0; i < 16; i++, stage.now_us += 33 * MS)
    source_picture (&stage, &source, pkts);
  for (unsigned i = 0; i < pkts->len; i++)
    if (i / 3 != 6 && i / 3 != 7) /* a frame of layer 1, and one of layer 2 that is not wanted */
      stage_feed (&stage, pkts->pdata[i]);
  got = stage_feed (&stage, pkts->pdata[18]);
  g_assert_nonnull (got);
  g_assert_cmpuint (got->picture, ==, stage.got[got->rewrite.index - stage.first - 1].picture + 1);
  g_assert_false (got->rewrite.empty);
  stage_feed (&stage, pkts->pdata[19]);
  stage_feed (&stage, pkts->pdata[20]);
  for (unsigned i = 21; i < 24; i++)
    g_assert_true (stage_feed (&stage, pkts->pdata[i])->rewrite.empty);
  stage_check_whole (&stage, 0);
  g_ptr_array_unref (pkts);
  stage_clear (&stage);
}

/* Without a picture id (encrypted or plain) nothing of the payload is touched (point 24). */
static void
test_bare (void)
{
  SfuFrame frame = { .codec = SFU_CODEC_VP8, .start = true, .end = true, .keyframe = true };

  start (2, 1, true);
  for (int l = 0; l < 2; l++)
    {
      StagePacket *p = source_put (&stage, &source, (unsigned) l, frame, true, 0);

      memset (&p->packet.frame.vp8, 0, sizeof p->packet.frame.vp8);
      sfu_slot_set_target (&stage.slot, l, 0, 3);
      g_assert_cmpuint (stage_feed (&stage, p)->rewrite.n_patches, ==, 0);
    }
  stage_clear (&stage);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/sfu/slot-vp8/temporal/7", GINT_TO_POINTER (0), test_temporal);
  g_test_add_data_func ("/sfu/slot-vp8/temporal/15", GINT_TO_POINTER (1), test_temporal);
  g_test_add_func ("/sfu/slot-vp8/temporal-switch", test_temporal_switch);
  g_test_add_data_func ("/sfu/slot-vp8/layers/7", GINT_TO_POINTER (0), test_layers);
  g_test_add_data_func ("/sfu/slot-vp8/layers/15", GINT_TO_POINTER (1), test_layers);
  g_test_add_func ("/sfu/slot-vp8/late", test_late);
  g_test_add_func ("/sfu/slot-vp8/bare", test_bare);
  return g_test_run ();
}
