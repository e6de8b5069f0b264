/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

static Stage stage;

/* Points 17, 18, 33: nothing before a keyframe of the layer; the old layer goes on until then; numbers go on by one */
static void
test_switch (void)
{
  StageSource source;
  unsigned n;

  stage_start (&stage, SFU_VIDEO, &source, SFU_CODEC_VP8, 3);
  g_assert_cmpint (sfu_slot_needs_keyframe (&stage.slot), ==, -1);
  sfu_slot_set_target (&stage.slot, 0, 0, 3);
  g_assert_cmpint (sfu_slot_needs_keyframe (&stage.slot), ==, 0);
  source.layers[0].want_key = false;
  g_assert_cmpuint (stage_picture (&stage, &source, 33 * MS), ==, 0);
  source.layers[0].want_key = true;
  g_assert_cmpuint (stage_picture (&stage, &source, 33 * MS), ==, 3);
  g_assert_cmpint (sfu_slot_needs_keyframe (&stage.slot), ==, -1);
  g_assert_cmpuint (stage.slot.first_rtp, ==, stage.got[0].rewrite.timestamp);
  g_assert_true (stage.got[0].rewrite.switched);
  g_assert_false (stage.got[1].rewrite.switched);
  sfu_slot_set_target (&stage.slot, 2, 0, 3);
  g_assert_cmpint (sfu_slot_needs_keyframe (&stage.slot), ==, 2);
  for (unsigned i = 0; i < 5; i++)
    g_assert_cmpuint (stage_picture (&stage, &source, 33 * MS), ==, 3);
  g_assert_cmpint (stage.slot.layer, ==, 0);
  source.layers[2].want_key = true;
  n = stage.n_got;
  /* the lower layers' frames of the same picture come first: it has the low and then the high one */
  g_assert_cmpuint (stage_picture (&stage, &source, 33 * MS), ==, 6);
  g_assert_cmpint (stage.slot.layer, ==, 2);
  g_assert_cmpuint (stage.got[n + 3].from->packet.layer, ==, 2);
  g_assert_true (stage.got[n + 3].from->packet.frame.keyframe);
  g_assert_cmpuint (stage_picture (&stage, &source, 33 * MS), ==, 3);
  sfu_slot_set_target (&stage.slot, -1, 0, 0);
  g_assert_cmpuint (stage_picture (&stage, &source, 33 * MS), ==, 0);
  stage_check_whole (&stage, 0);
  g_assert_cmpuint (stage.slot.pkts, ==, stage.n_got);
  g_assert_cmpuint (stage.slot.switches, ==, 2);
  stage_clear (&stage);
}

/* Point 18: a keyframe whose first packet came late is not begun with; a cut picture leaves a hole of one */
static void
test_switch_order (void)
{
  StageSource source;
  GPtrArray *pkts = g_ptr_array_new ();
  unsigned n;

  stage_start (&stage, SFU_VIDEO, &source, SFU_CODEC_VP8, 2);
  sfu_slot_set_target (&stage.slot, 0, 0, 3);
  stage_picture (&stage, &source, 33 * MS);
  n = stage.n_got;
  sfu_slot_set_target (&stage.slot, 1, 0, 3);
  source.layers[1].want_key = true;
  source_picture (&stage, &source, pkts);
  g_assert_nonnull (stage_feed (&stage, pkts->pdata[0]));
  g_assert_null (stage_feed (&stage, pkts->pdata[4]));
  g_assert_null (stage_feed (&stage, pkts->pdata[3])); /* its first, late */
  g_assert_nonnull (stage_feed (&stage, pkts->pdata[1]));
  stage.now_us += 33 * MS;
  source.layers[1].want_key = true;
  g_ptr_array_set_size (pkts, 0);
  source_picture (&stage, &source, pkts);
  g_assert_nonnull (stage_feed (&stage, pkts->pdata[3])); /* while layer 0 lacks the end of its picture */
  g_assert_cmpint (stage.slot.layer, ==, 1);
  g_assert_nonnull (stage.got[n + 1].from);
  g_assert_null (stage.got[n + 2].from);
  g_assert_nonnull (stage.got[n + 3].from);
  g_ptr_array_unref (pkts);
  stage_clear (&stage);
}

/* Point 17: what is lost has its number free until it comes, once; point 25: padding has none, late padding fills its own */
static void
test_gaps (void)
{
  StageSource source;
  StagePacket *p[12];
  StageGot *got;

  stage_start (&stage, SFU_VIDEO, &source, SFU_CODEC_H264, 1);
  sfu_slot_set_target (&stage.slot, 0, 0, 3);
  for (unsigned i = 0; i < 12; i++)
    {
      SfuFrame frame = { .start = i % 4 == 0, .end = i % 4 == 3, .picture_end = i % 4 == 3, .keyframe = i < 4 };

      p[i] = source_put (&stage, &source, 0, frame, i % 4 == 3, 1000 + i / 4 * 3000);
    }
  p[5]->packet.rtp.payload_len = p[6]->packet.rtp.payload_len = p[7]->packet.rtp.payload_len = 0;
  g_assert_cmpuint (stage_feed (&stage, p[0])->rewrite.index, ==, stage.first);
  g_assert_cmpuint (stage_feed (&stage, p[3])->rewrite.index, ==, stage.first + 3);
  g_assert_cmpuint (stage_feed (&stage, p[2])->rewrite.index, ==, stage.first + 2);
  g_assert_null (stage_feed (&stage, p[2])); /* not twice */
  g_assert_cmpuint (stage_feed (&stage, p[4])->rewrite.index, ==, stage.first + 4);
  g_assert_null (stage_feed (&stage, p[6]));
  got = stage_feed (&stage, p[5]); /* nobody knew what it was: its number was kept */
  g_assert_true (got->rewrite.empty);
  g_assert_cmpuint (got->rewrite.index, ==, stage.first + 5);
  g_assert_null (stage_feed (&stage, p[7]));
  g_assert_cmpuint (stage_feed (&stage, p[8])->rewrite.index, ==, stage.first + 6);
  g_assert_cmpuint (stage_feed (&stage, p[1])->rewrite.index, ==, stage.first + 1);
  stage_check_whole (&stage, 0);
  stage_clear (&stage);
}

/* A gap wider than the history costs a history. */
static void
test_wide_gap (void)
{
  StageSource source;
  StagePacket *p;

  stage_start (&stage, SFU_AUDIO, &source, SFU_CODEC_OPUS, 1);
  stage_feed (&stage, source_put (&stage, &source, 0, (SfuFrame){ 0 }, false, 0));
  source.layers[0].index += 1000000;
  p = source_put (&stage, &source, 0, (SfuFrame){ 0 }, false, 960);
  g_assert_cmpuint (stage_feed (&stage, p)->rewrite.index, ==, stage.first + 512);
  stage_clear (&stage);
}

/* Point 12: numbers count cycles over the wrap; none is used twice (stage_feed checks that) */
static void
test_wrap (void)
{
  StageSource source;

  stage_start (&stage, SFU_VIDEO, &source, SFU_CODEC_VP8, 1);
  sfu_slot_set_target (&stage.slot, 0, 0, 3);
  for (unsigned i = 0; i < 15000; i++)
    stage_picture (&stage, &source, 33 * MS);
  stage_check_whole (&stage, 0);
  g_assert_cmpuint (stage.got[stage.n_got - 1].rewrite.index, >, 65536);
  stage_clear (&stage);
}

/* Point 19: over layers by the publisher's reports, to the tick; without them by arrival; never back, never far from time */
static void
test_timestamps (void)
{
  for (unsigned reports = 0; reports < 3; reports++)
    {
      StageSource source;
      SfuTrackClock clock = { 0 };
      uint32_t before;
      int64_t time_us;
      int32_t step;

      stage_start (&stage, SFU_VIDEO, &source, SFU_CODEC_VP8, 2);
      for (unsigned l = 0; l < 2 && reports > 0; l++)
        clock.layer[l] = (SfuClock){ .time_us = (int64_t) (l * 700) * MS, .known = true, .epoch = 1,
                                     .rtp = source.layers[l].rtp_base + l * 700 * 90 };
      if (reports == 2)
        clock.layer[1].rtp += 3600 * 90000; /* nonsense: an hour off */
      sfu_slot_set_source (&stage.slot, 1, SFU_CODEC_VP8, &clock, stage.now_us);
      sfu_slot_set_target (&stage.slot, 0, 0, 3);
      stage_picture (&stage, &source, 33 * MS);
      stage_picture (&stage, &source, 20 * MS);
      before = stage.got[stage.n_got - 1].rewrite.timestamp;
      time_us = stage.got[stage.n_got - 1].time_us;
      /* the keyframe arrives 7 ms later than it should */
      source.layers[1].want_key = true;
      sfu_slot_set_target (&stage.slot, 1, 0, 3);
      source.layers[1].rtp_base -= 7 * 90;
      source.layers[0].rtp_base -= 7 * 90;
      stage.now_us += 20 * MS;
      source.n_layers = 2;
      stage_picture (&stage, &source, 33 * MS);
      g_assert_cmpint (stage.slot.layer, ==, 1);
      step = (int32_t) (stage.got[stage.n_got - 1].rewrite.timestamp - before);
      if (reports == 1)
        g_assert_cmpint (step, ==, 33 * 90 + 90); /* layer 0's frame of that picture was sent before: a millisecond ahead */
      else
        {
          g_assert_cmpint (step, >=, 33 * 90);
          g_assert_cmpint (step, <=, (stage.got[stage.n_got - 1].time_us - time_us) * 90 / 1000 + 90);
        }
      stage_clear (&stage);
    }
}

/* A minute of nothing, then another track whose clock is somewhere else: one step of a minute. */
static void
test_source_change (void)
{
  StageSource one, two;
  uint32_t before;
  unsigned n;

  stage_start (&stage, SFU_VIDEO, &one, SFU_CODEC_VP8, 1);
  source_init (&two, 2, SFU_CODEC_VP8, 1);
  sfu_slot_set_target (&stage.slot, 0, 0, 3);
  stage_picture (&stage, &one, 60000 * MS);
  before = stage.got[stage.n_got - 1].rewrite.timestamp;
  n = stage.n_got;
  sfu_slot_set_source (&stage.slot, 0, SFU_CODEC_NONE, NULL, stage.now_us);
  sfu_slot_trim (&stage.slot);
  g_assert_cmpuint (stage_picture (&stage, &one, 0), ==, 0);
  sfu_slot_set_source (&stage.slot, 2, SFU_CODEC_VP8, NULL, stage.now_us);
  g_assert_cmpuint (stage_picture (&stage, &two, 0), ==, 0); /* no target yet */
  sfu_slot_set_target (&stage.slot, 0, 0, 3);
  two.layers[0].want_key = true;
  g_assert_cmpuint (stage_picture (&stage, &two, 0), ==, 3);
  g_assert_cmpuint (stage.got[n].rewrite.timestamp - before, ==, 60000 * 90);
  g_assert_cmpuint (stage.slot.first_rtp, ==, stage.got[n].rewrite.timestamp);
  g_assert_cmpuint (stage.got[n].picture, ==, stage.got[n - 1].picture + 1);
  stage_check_whole (&stage, 0);
  stage_clear (&stage);
}

/* The publisher's SSRC changes (a new epoch): the same as a switch; what comes late of the old one fills its own gaps. */
static void
test_epoch (void)
{
  StageSource source;
  StagePacket *late;

  stage_start (&stage, SFU_VIDEO, &source, SFU_CODEC_VP8, 1);
  sfu_slot_set_target (&stage.slot, 0, 0, 3);
  stage_picture (&stage, &source, 33 * MS);
  late = source_put (&stage, &source, 0, (SfuFrame){ .start = true, .end = true }, true, source.layers[0].rtp_base);
  late->packet.rtp.timestamp += (uint32_t) (stage.now_us * 90 / 1000);
  stage_picture (&stage, &source, 33 * MS);
  source.layers[0].epoch = 2;
  source.layers[0].index = 65540;
  source.layers[0].rtp_base += 0x40000000;
  g_assert_cmpuint (stage_picture (&stage, &source, 33 * MS), ==, 0);
  g_assert_cmpint (sfu_slot_needs_keyframe (&stage.slot), ==, 0);
  source.layers[0].want_key = true;
  g_assert_cmpuint (stage_picture (&stage, &source, 33 * MS), ==, 3);
  g_assert_cmpuint (stage_feed (&stage, late)->rewrite.index, ==, stage.first + 3);
  g_assert_null (stage_feed (&stage, late));
  stage_check_whole (&stage, 0);
  for (unsigned i = 7; i < stage.n_got; i++)
    g_assert_cmpint ((int32_t) (stage.got[i].rewrite.timestamp - stage.got[i - 1].rewrite.timestamp), <=, 66 * 90 + 1);
  stage_clear (&stage);
}

/* Point 26: audio: no gap over DTX, mute and change of source; a marker where another voice begins; RED where it is known */
static void
test_audio (void)
{
  StageSource one, two;
  StageGot *got;

  stage_start (&stage, SFU_AUDIO, &one, SFU_CODEC_OPUS, 1);
  source_init (&two, 2, SFU_CODEC_RED, 1);
  g_assert_cmpint (sfu_slot_needs_keyframe (&stage.slot), ==, -1);
  got = stage_feed (&stage, source_put (&stage, &one, 0, (SfuFrame){ 0 }, false, 100));
  g_assert_true (got->rewrite.marker);
  got = stage_feed (&stage, source_put (&stage, &one, 0, (SfuFrame){ 0 }, false, 1060));
  g_assert_false (got->rewrite.marker);
  g_assert_cmpuint (got->rewrite.timestamp - stage.got[0].rewrite.timestamp, ==, 960);
  stage.now_us += 400 * MS; /* DTX */
  got = stage_feed (&stage, source_put (&stage, &one, 0, (SfuFrame){ 0 }, true, 1060 + 400 * 48));
  g_assert_true (got->rewrite.marker);
  g_assert_cmpuint (got->rewrite.timestamp - stage.got[1].rewrite.timestamp, ==, 400 * 48);
  sfu_slot_set_target (&stage.slot, -1, 0, 0);
  g_assert_null (stage_feed (&stage, source_put (&stage, &one, 0, (SfuFrame){ 0 }, false, 1060 + 420 * 48)));
  sfu_slot_set_source (&stage.slot, 2, SFU_CODEC_RED, NULL, stage.now_us);
  stage.now_us += 100 * MS;
  got = stage_feed (&stage, source_put (&stage, &two, 0, (SfuFrame){ 0 }, false, 7));
  g_assert_true (got->rewrite.marker && got->rewrite.strip_red);
  g_assert_cmpint (got->rewrite.codec, ==, SFU_CODEC_OPUS);
  g_assert_cmpuint (got->rewrite.timestamp - stage.got[2].rewrite.timestamp, ==, 100 * 48);
  stage.slot.red = true;
  got = stage_feed (&stage, source_put (&stage, &two, 0, (SfuFrame){ 0 }, false, 967));
  g_assert_false (got->rewrite.strip_red);
  g_assert_cmpint (got->rewrite.codec, ==, SFU_CODEC_RED);
  stage_check_whole (&stage, 0);
  stage_clear (&stage);
}

/* Point 27: what was recovered from RED goes, in its place, to those who do not get RED. */
static void
test_from_red (void)
{
  for (unsigned red = 0; red < 2; red++)
    {
      StagePacket *packets[4];
      StageSource source;

      stage_start (&stage, SFU_AUDIO, &source, SFU_CODEC_RED, 1);
      stage.slot.red = red;
      for (unsigned i = 0; i < 4; i++)
        packets[i] = source_put (&stage, &source, 0, (SfuFrame){ 0 }, false, 960 * i);
      packets[2]->packet.from_red = packets[2]->packet.recovered = true;
      packets[2]->packet.frame.codec = SFU_CODEC_OPUS;
      for (unsigned i = 0; i < 4; i++)
        {
          StageGot *got = stage_feed (&stage, packets[i]);

          g_assert_cmpint (got != NULL, ==, i != 2 || !red);
          if (got == NULL)
            continue;
          g_assert_cmpuint (got - stage.got, ==, i);
          g_assert_cmpuint (got->rewrite.timestamp - stage.got[0].rewrite.timestamp, ==, 960 * i);
          g_assert_cmpint (got->rewrite.codec, ==, red ? SFU_CODEC_RED : SFU_CODEC_OPUS);
          g_assert_cmpint (got->rewrite.strip_red, ==, !red && i != 2);
        }
      stage_clear (&stage);
    }
}

/* A source whose timestamps begin anew under the same SSRC: the receiver's go on with the wall clock. */
static void
test_resync (void)
{
  StageSource source;

  stage_start (&stage, SFU_AUDIO, &source, SFU_CODEC_OPUS, 1);
  for (unsigned i = 0; i < 300; i++, stage.now_us += 20 * MS)
    {
      uint32_t base = i < 100 ? 0x50000000 : i < 200 ? 0x1000 : 0x60000000;

      stage_feed (&stage, source_put (&stage, &source, 0, (SfuFrame){ 0 }, false, base + i * 960));
    }
  for (unsigned i = 1; i < 300; i++)
    g_assert_cmpuint (stage.got[i].rewrite.timestamp - stage.got[i - 1].rewrite.timestamp, ==, 960);
  stage_check_whole (&stage, 0);
  stage_clear (&stage);
}

/* Point 35: NTP and RTP in the rewritten timestamps, from the publisher's reports; right after a switch */
static void
test_sender_report (void)
{
  StageSource source;
  SfuTrackClock clock = { 0 };
  SfuSlotSr sr;

  stage_start (&stage, SFU_VIDEO, &source, SFU_CODEC_VP8, 2);
  g_assert_cmpint (sfu_slot_get_sr_deadline (&stage.slot), ==, INT64_MAX);
  g_assert_false (sfu_slot_make_sr (&stage.slot, stage.now_us, 77, &sr));
  sfu_slot_set_source (&stage.slot, 1, SFU_CODEC_VP8, &clock, stage.now_us);
  sfu_slot_set_target (&stage.slot, 0, 0, 3);
  stage_picture (&stage, &source, 0);
  g_assert_cmpint (sfu_slot_get_sr_deadline (&stage.slot), ==, stage.now_us + 1000 * MS);
  g_assert_true (sfu_slot_make_sr (&stage.slot, stage.now_us + 50 * MS, 77, &sr)); /* by arrival */
  g_assert_cmpuint (sr.rtp, ==, stage.got[0].rewrite.timestamp + 50 * 90);
  g_assert_cmpuint (sr.ntp, ==, 77);
  g_assert_cmpuint (sr.pkts, ==, 3);
  g_assert_cmpuint (sr.bytes, ==, 60);
  /* both layers were 30 ms under way: taken at now - 30 ms */
  for (unsigned l = 0; l < 2; l++)
    clock.layer[l] = (SfuClock){ .known = true, .epoch = 1, .time_us = stage.now_us - 30 * MS,
                                 .rtp = source.layers[l].rtp_base + (uint32_t) (stage.now_us * 90 / 1000) };
  for (unsigned l = 0; l < 2; l++)
    {
      sfu_slot_set_target (&stage.slot, (int) l, 0, 3);
      source.layers[l].want_key = true;
      stage.now_us += 33 * MS;
      stage_picture (&stage, &source, 0);
      if (l == 1)
        g_assert_cmpint (sfu_slot_get_sr_deadline (&stage.slot), ==, stage.now_us);
      g_assert_true (sfu_slot_make_sr (&stage.slot, stage.now_us, 78, &sr));
      g_assert_cmpuint (sr.rtp, ==, stage.got[stage.n_got - 1].rewrite.timestamp + 30 * 90);
      g_assert_cmpint (sfu_slot_get_sr_deadline (&stage.slot), ==, stage.now_us + SFU_SLOT_SR_US);
    }
  stage_clear (&stage);
}

/* H264 says in each slice that it begins: only the first packet of a timestamp, right behind the one before, begins. */
static void
test_h264 (void)
{
  StageSource source;
  SfuFrame key = { .start = true, .keyframe = true };

  stage_start (&stage, SFU_VIDEO, &source, SFU_CODEC_H264, 1);
  stage_feed (&stage, source_put (&stage, &source, 0, (SfuFrame){ .start = true }, true, 0));
  sfu_slot_set_target (&stage.slot, 0, 0, 3);
  g_assert_null (stage_feed (&stage, source_put (&stage, &source, 0, (SfuFrame){ .start = true }, false, 3000)));
  g_assert_null (stage_feed (&stage, source_put (&stage, &source, 0, key, true, 3000)));
  source.layers[0].index++; /* the parameter sets are lost */
  g_assert_null (stage_feed (&stage, source_put (&stage, &source, 0, key, true, 6000)));
  g_assert_nonnull (stage_feed (&stage, source_put (&stage, &source, 0, key, false, 9000)));
  stage_clear (&stage);
}

/* An empty slot is small: fifty of them are a few pages. */
static void
test_size (void)
{
  g_assert_cmpuint (sizeof (SfuSlot), <=, 384);
  g_assert_cmpuint (sizeof (SfuMunged), ==, 12);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/slot/switch", test_switch);
  g_test_add_func ("/sfu/slot/switch-order", test_switch_order);
  g_test_add_func ("/sfu/slot/gaps", test_gaps);
  g_test_add_func ("/sfu/slot/wide-gap", test_wide_gap);
  g_test_add_func ("/sfu/slot/wrap", test_wrap);
  g_test_add_func ("/sfu/slot/timestamps", test_timestamps);
  g_test_add_func ("/sfu/slot/source-change", test_source_change);
  g_test_add_func ("/sfu/slot/epoch", test_epoch);
  g_test_add_func ("/sfu/slot/audio", test_audio);
  g_test_add_func ("/sfu/slot/from-red", test_from_red);
  g_test_add_func ("/sfu/slot/resync", test_resync);
  g_test_add_func ("/sfu/slot/sender-report", test_sender_report);
  g_test_add_func ("/sfu/slot/h264", test_h264);
  g_test_add_func ("/sfu/slot/size", test_size);
  return g_test_run ();
}
