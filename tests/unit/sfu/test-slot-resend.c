/* SPDX-License-Identifier: Apache-2.0 */
/* What a slot remembers of what it sent, and sends again. */
#include "stage.h"

static Stage stage;

/* What was sent before there was more room is still known by its number, and so is all of the larger room. */
static void
test_make_room (void)
{
  StageSource source;
  SfuSentRef ref;

  stage_start (&stage, SFU_VIDEO, &source, SFU_CODEC_VP8, 1);
  sfu_slot_set_target (&stage.slot, 0, 0, 3);
  for (unsigned i = 0; i < 200; i++)
    stage_picture (&stage, &source, 33 * MS);
  g_assert_false (sfu_slot_find (&stage.slot, (uint16_t) (stage.first + 600 - 513), stage.now_us, 0, &ref));
  sfu_slot_make_room (&stage.slot, 341);
  g_assert_cmpuint (stage.slot.munger.history, ==, 512);
  sfu_slot_make_room (&stage.slot, 100000);
  g_assert_cmpuint (stage.slot.munger.history, ==, SFU_SLOT_HISTORY_MAX);
  for (unsigned back = 1; back <= 512; back++)
    {
      g_assert_true (sfu_slot_find (&stage.slot, (uint16_t) (stage.first + 600 - back), stage.now_us, 0, &ref));
      g_assert_cmpuint (ref.index, ==, stage.got[600 - back].from->packet.index);
    }
  g_assert_false (sfu_slot_find (&stage.slot, (uint16_t) (stage.first + 600 - 513), stage.now_us, 0, &ref));
  for (unsigned i = 0; i < 200; i++)
    stage_picture (&stage, &source, 33 * MS);
  g_assert_true (sfu_slot_find (&stage.slot, (uint16_t) (stage.first + 1200 - 1024), stage.now_us, 0, &ref));
  g_assert_false (sfu_slot_find (&stage.slot, (uint16_t) (stage.first + 1200 - 1025), stage.now_us, 0, &ref));
  stage_check_whole (&stage, 0);
  stage_clear (&stage);
}

/* Points 29, 30: once per round trip, three times, the number that was sent then, RTX numbers of its own */
static void
test_resend (void)
{
  StageSource source;
  SfuSentRef ref;
  SfuRewrite again;
  unsigned resent = 0;

  stage_start (&stage, SFU_VIDEO, &source, SFU_CODEC_VP8, 1);
  g_assert_false (sfu_slot_find_padding (&stage.slot, &ref));
  sfu_slot_set_target (&stage.slot, 0, 0, 3);
  for (unsigned i = 0; i < 20; i++)
    stage_picture (&stage, &source, 33 * MS);
  g_assert_false (sfu_slot_find (&stage.slot, (uint16_t) (stage.first + 60), stage.now_us, 0, &ref));
  g_assert_false (sfu_slot_find (&stage.slot, (uint16_t) (stage.first - 1), stage.now_us, 0, &ref));
  for (unsigned ms = 0; ms < 1000; ms++, stage.now_us += MS)
    if (sfu_slot_find (&stage.slot, (uint16_t) (stage.first + 31), stage.now_us, 80 * MS, &ref))
      {
        const StageGot *got = &stage.got[31];

        g_assert_cmpuint (ref.index, ==, got->from->packet.index);
        g_assert_cmpuint (ref.track, ==, 1);
        g_assert_cmpuint (ms, ==, resent * 80);
        g_assert_true (sfu_slot_resend (&stage.slot, &ref, &got->from->packet, false, stage.now_us, &again));
        g_assert_cmpuint (sfu_slot_next_rtx (&stage.slot), ==, 9 + resent);
        g_assert_cmpuint (again.index, ==, got->rewrite.index);
        g_assert_cmpuint (again.timestamp, ==, got->rewrite.timestamp);
        g_assert_cmpint (again.marker, ==, got->rewrite.marker);
        g_assert_cmpuint (again.n_patches, ==, got->rewrite.n_patches);
        resent++;
      }
  g_assert_cmpuint (resent, ==, SFU_SLOT_RTX_TRIES);
  g_assert_true (sfu_slot_find_padding (&stage.slot, &ref));
  g_assert_cmpuint (ref.seq, ==, (uint16_t) (stage.first + 59));
  g_assert_true (sfu_slot_resend (&stage.slot, &ref, &stage.got[59].from->packet, true, stage.now_us, &again));
  g_assert_true (sfu_slot_find (&stage.slot, ref.seq, stage.now_us, 0, &ref));
  stage.slot.rtx_ssrc = 0;
  g_assert_false (sfu_slot_find (&stage.slot, ref.seq, stage.now_us, 0, &ref));
  stage_clear (&stage);
}

/* What was asked for waits its turn; meanwhile a gap, or many switches, make the slot forget it. */
static void
test_resend_forgotten (void)
{
  StageSource source;
  SfuSentRef ref;
  SfuRewrite again;

  for (unsigned how = 0; how < 2; how++)
    {
      const StagePacket *from;

      stage_start (&stage, SFU_VIDEO, &source, SFU_CODEC_VP8, 2);
      sfu_slot_set_target (&stage.slot, 0, 0, 3);
      for (unsigned i = 0; i < 20; i++)
        stage_picture (&stage, &source, 33 * MS);
      g_assert_true (sfu_slot_find (&stage.slot, (uint16_t) (stage.first + 31), stage.now_us, 0, &ref));
      from = stage.got[31].from;
      g_assert_true (sfu_slot_resend (&stage.slot, &ref, &from->packet, true, stage.now_us, &again));
      if (how == 0)
        source.layers[0].index += 600;
      for (int i = 0; i < (how == 0 ? 1 : 2 * SFU_MUNGER_SPANS); i++)
        {
          if (how == 1)
            {
              sfu_slot_set_target (&stage.slot, (i + 1) % 2, 0, 3);
              source.layers[(i + 1) % 2].want_key = true;
            }
          stage_picture (&stage, &source, 33 * MS);
        }
      g_assert_false (sfu_slot_resend (&stage.slot, &ref, &from->packet, false, stage.now_us, &again));
      stage_clear (&stage);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/slot/make-room", test_make_room);
  g_test_add_func ("/sfu/slot/resend", test_resend);
  g_test_add_func ("/sfu/slot/resend-forgotten", test_resend_forgotten);
  return g_test_run ();
}
