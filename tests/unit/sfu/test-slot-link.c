/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slot switched every 200 ms while its packets come over a link that loses, delays, reorders and repeats them. What was lost is
 * sent again once by the publisher. The receiver's view is judged: numbers, timestamps, picture ids, and what can be decoded.
 */
#include "sfu/receiver.h"
#include "stage.h"

#define TRACKS 3

typedef struct {
  StagePacket *p;
  int64_t at_us;
} Flight;

typedef struct {
  unsigned loss_percent, jitter_ms;
  SfuCodec codec;
  bool reports;
} Link;

static Stage stage;

static int
compare (gconstpointer a, gconstpointer b)
{
  const Flight *x = a, *y = b;

  return x->at_us < y->at_us ? -1 : x->at_us > y->at_us;
}

static void
fly (GArray *flights, const Link *link, StagePacket *p)
{
  Flight flight = { .p = p, .at_us = stage.now_us + g_rand_int_range (stage.rand, 0, (gint32) (link->jitter_ms * MS) + 1) };
  bool lost = (unsigned) g_rand_int_range (stage.rand, 0, 100) < link->loss_percent;

  if (lost) /* asked for, and it comes a round trip later, or never */
    flight.at_us += 80 * MS;
  if (lost && g_rand_int_range (stage.rand, 0, 100) < 20)
    {
      p->frame_lost = true;
      return;
    }
  g_array_append_val (flights, flight);
  if (g_rand_int_range (stage.rand, 0, 100) < 3) /* twice */
    {
      flight.at_us += 5 * MS;
      g_array_append_val (flights, flight);
    }
}

/* What arrives until now, once each: the publisher's worker drops duplicates. */
static void
arrive (GArray *flights, GHashTable *seen)
{
  unsigned n = 0;

  g_array_sort (flights, compare);
  while (n < flights->len && g_array_index (flights, Flight, n).at_us <= stage.now_us)
    {
      StagePacket *p = g_array_index (flights, Flight, n++).p;

      if (g_hash_table_add (seen, p))
        stage_feed (&stage, p);
    }
  g_array_remove_range (flights, 0, n);
}

static bool
is_same_stream (const StageGot *a, const StageGot *b)
{
  return a->from->packet.track == b->from->packet.track && a->from->packet.layer == b->from->packet.layer;
}

/* Timestamps never go back by number, no step is longer than waiting for a keyframe takes, and they keep to the wall clock. */
static void
check_timestamps (const Link *link)
{
  const StageGot *before = NULL;

  for (unsigned i = 0; i < stage.n_got; i++)
    {
      const StageGot *got = &stage.got[i];
      int32_t step;

      if (got->from == NULL || got->rewrite.empty)
        continue;
      if (before != NULL)
        {
          step = (int32_t) (got->rewrite.timestamp - before->rewrite.timestamp);
          g_assert_cmpint (step, >=, 0);
          g_assert_cmpint (step, <=, 1500 * 90);
        }
      before = got;
    }
  /* the whole way took as long as it took */
  g_assert_cmpint (ABS ((int64_t) (uint32_t) (before->rewrite.timestamp - stage.got[0].rewrite.timestamp) -
                        (before->time_us - stage.got[0].time_us) * 90 / 1000), <, 300 * 90);
}

/* Between two packets of a stream that stand side by side the source has none; another stream begins with a keyframe; packets of
 * one frame keep one picture id, and each frame has one more. */
static void
check_pictures (void)
{
  unsigned switches = 0, whole = 0;

  for (unsigned i = 1; i < stage.n_got; i++)
    {
      const StageGot *before = &stage.got[i - 1], *got = &stage.got[i];
      const SfuFrame *frame = got->from == NULL ? NULL : &got->from->packet.frame;

      if (got->from == NULL || got->rewrite.empty)
        continue;
      if (got->rewrite.switched)
        {
          g_assert_true (frame->keyframe && frame->start);
          switches++;
        }
      if (before->from == NULL || before->rewrite.empty)
        continue;
      if (!is_same_stream (before, got))
        g_assert_true (got->rewrite.switched);
      if (frame->codec == SFU_CODEC_VP8)
        g_assert_cmpuint (got->picture, ==, (before->picture + frame->start) & 0x7fff);
      else if (got->rewrite.switched)
        g_assert_cmpuint (got->frame_number, ==, (uint16_t) (before->frame_number + 1));
      g_assert_cmpint (before->rewrite.marker, ==, frame->start);
      whole++;
    }
  g_assert_cmpuint (switches, >, 100);
  g_assert_cmpuint (whole, >, stage.n_got / 2);
}

/* Numbers are missing only for what the publisher's link lost for good, what came too late, and one per cut picture. */
static void
check_missing (unsigned lost)
{
  unsigned missing = 0;

  for (unsigned i = 0; i < stage.n_got; i++)
    missing += stage.got[i].from == NULL;
  g_assert_cmpuint (missing, <=, lost + stage.slot.switches + 20);
}

static void
test_link (gconstpointer data)
{
  const Link *link = data;
  GArray *flights = g_array_new (FALSE, FALSE, sizeof (Flight));
  GHashTable *seen = g_hash_table_new (NULL, NULL);
  GPtrArray *pkts = g_ptr_array_new ();
  StageSource sources[TRACKS];
  SfuTrackClock clocks[TRACKS] = { 0 };
  unsigned shown = 0, lost = 0;

  stage_init (&stage, SFU_VIDEO, 7);
  for (unsigned t = 0; t < TRACKS; t++)
    {
      source_init (&sources[t], t + 1, link->codec, 3);
      sources[t].n_temporal = 3;
      sources[t].dependency = link->codec == SFU_CODEC_AV1;
      for (unsigned l = 0; l < 3 && link->reports; l++)
        clocks[t].layer[l] = (SfuClock){ .known = true, .epoch = 1, .rtp = sources[t].layers[l].rtp_base };
    }
  for (unsigned tick = 0; tick < 24000; tick++, stage.now_us += 5 * MS) /* two minutes */
    {
      if (tick % 40 == 0)
        {
          shown = tick % 400 == 0 ? (shown + 1) % TRACKS : shown;
          sfu_slot_set_source (&stage.slot, shown + 1, link->codec, &clocks[shown], stage.now_us);
          sfu_slot_set_target (&stage.slot, g_rand_int_range (stage.rand, 0, 3), 0,
                               (unsigned) g_rand_int_range (stage.rand, 0, 3));
        }
      if (sfu_slot_needs_keyframe (&stage.slot) >= 0)
        sources[shown].layers[sfu_slot_needs_keyframe (&stage.slot)].want_key |= tick % 10 == 0;
      for (unsigned t = 0; t < TRACKS && tick % 7 == 0; t++)
        {
          g_ptr_array_set_size (pkts, 0);
          source_picture (&stage, &sources[t], pkts);
          for (unsigned i = 0; i < pkts->len; i++)
            fly (flights, link, pkts->pdata[i]);
        }
      arrive (flights, seen);
    }
  for (unsigned i = 0; i < stage.pkts->len; i++)
    lost += ((StagePacket *) stage.pkts->pdata[i])->frame_lost;
  check_timestamps (link);
  check_pictures ();
  check_missing (lost);
  g_ptr_array_unref (pkts);
  g_hash_table_unref (seen);
  g_array_unref (flights);
  stage_clear (&stage);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    Link link;
  } links[] = {
    { "clean", { 0, 0, SFU_CODEC_VP8, true } },
    { "clean/no-reports", { 0, 0, SFU_CODEC_VP8, false } },
    { "reordered", { 0, 20, SFU_CODEC_VP8, true } },
    { "lossy", { 5, 0, SFU_CODEC_VP8, true } },
    { "lossy/reordered", { 5, 20, SFU_CODEC_VP8, false } },
    { "bad", { 25, 40, SFU_CODEC_VP8, true } },
    { "av1", { 5, 20, SFU_CODEC_AV1, true } },
  };

  g_test_init (&argc, &argv, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (links); i++)
    {
      g_autofree char *path = g_strdup_printf ("/sfu/slot-link/%s", links[i].name);

      g_test_add_data_func (path, &links[i].link, test_link);
    }
  return g_test_run ();
}
