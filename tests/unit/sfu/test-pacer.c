/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/pacer.h"

#include <string.h>

#define MS INT64_C (1000)
#define SECOND (1000 * MS)

typedef struct {
  SfuPacer pacer;
  unsigned n_dropped;
  SfuPacerItem dropped[1000];
} Bench;

static void
on_drop (const SfuPacerItem *item, void *user)
{
  Bench *bench = user;

  bench->dropped[bench->n_dropped++] = *item;
}

static Bench *
bench_new (uint32_t pacing_bps, uint32_t estimate_bps)
{
  Bench *bench = g_new0 (Bench, 1);

  sfu_pacer_init (&bench->pacer, on_drop, bench);
  sfu_pacer_set_rate (&bench->pacer, pacing_bps, estimate_bps, 0);
  return bench;
}

static void
bench_free (Bench *bench)
{
  sfu_pacer_finish (&bench->pacer);
  g_free (bench);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Bench, bench_free)

static bool
push (Bench *bench, SfuSendKind kind, uint16_t slot, uint32_t frame, bool keyframe, uint16_t bytes, int64_t now_us)
{
  SfuPacerItem item = { .kind = (uint8_t) kind, .slot = slot, .frame = frame, .keyframe = keyframe, .bytes = bytes,
                        .info = frame };

  return sfu_pacer_push (&bench->pacer, &item, now_us);
}

static void
assert_pop (Bench *bench, SfuSendKind kind, uint32_t frame, int64_t now_us)
{
  SfuPacerItem item;

  g_assert_true (sfu_pacer_pop (&bench->pacer, now_us, &item));
  g_assert_cmpint (item.kind, ==, kind);
  g_assert_cmpuint (item.frame, ==, frame);
  g_assert_cmpuint (item.info, ==, frame);
}

static void
assert_none (Bench *bench, int64_t now_us)
{
  SfuPacerItem item;

  g_assert_false (sfu_pacer_pop (&bench->pacer, now_us, &item));
}

/* With nothing waiting a frame leaves in the same turn, as one burst. */
static void
test_at_once (void)
{
  g_autoptr (Bench) bench = bench_new (3000000, 2000000);

  for (uint32_t frame = 0; frame < 100; frame++)
    {
      int64_t now_us = (1 + frame) * 33 * MS;

      for (unsigned i = 0; i < 8; i++)
        g_assert_true (push (bench, SFU_SEND_MEDIA, 0, frame, false, 1000, now_us));
      for (unsigned i = 0; i < 8; i++)
        assert_pop (bench, SFU_SEND_MEDIA, frame, now_us);
      assert_none (bench, now_us);
      g_assert_cmpint (sfu_pacer_get_deadline (&bench->pacer), ==, INT64_MAX);
    }
}

/* More than that leaves at the pacing rate. */
static void
test_rate (void)
{
  g_autoptr (Bench) bench = bench_new (800000, 400000); /* 100 kB/s; a burst of 2 kB */
  unsigned n = 0;
  SfuPacerItem item;

  for (unsigned i = 0; i < 60; i++)
    push (bench, SFU_SEND_MEDIA, 0, i, false, 1000, SECOND);
  g_assert_cmpuint (sfu_pacer_get_queue_ms (&bench->pacer), ==, 600);
  while (sfu_pacer_pop (&bench->pacer, SECOND, &item))
    n++;
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpint (sfu_pacer_get_deadline (&bench->pacer), >=, SECOND);
  g_assert_cmpint (sfu_pacer_get_deadline (&bench->pacer), <=, SECOND + 10 * MS);
  for (int64_t now_us = SECOND; now_us < SECOND + 400 * MS; now_us = sfu_pacer_get_deadline (&bench->pacer))
    while (sfu_pacer_pop (&bench->pacer, now_us, &item))
      n++;
  g_assert_cmpuint (n, >=, 41);
  g_assert_cmpuint (n, <=, 43);
  g_assert_cmpuint (bench->n_dropped, ==, 0);
  g_assert_cmpuint (sfu_pacer_count (&bench->pacer), ==, 60 - n);
  sfu_pacer_clear (&bench->pacer);
  g_assert_cmpuint (bench->n_dropped, ==, 60 - n);
  g_assert_cmpint (sfu_pacer_get_deadline (&bench->pacer), ==, INT64_MAX);
  g_assert_cmpuint (sfu_pacer_get_queue_ms (&bench->pacer), ==, 0);
}

/* Audio never waits; retransmissions go before video, but take turns with it. */
static void
test_order (void)
{
  g_autoptr (Bench) bench = bench_new (80000000, 40000000);

  for (unsigned i = 0; i < 3; i++)
    {
      push (bench, SFU_SEND_MEDIA, 0, 10 + i, false, 1000, SECOND);
      push (bench, SFU_SEND_RTX, 0, 20 + i, false, 1000, SECOND);
      push (bench, SFU_SEND_AUDIO, 1, 30 + i, false, 100, SECOND);
    }
  for (unsigned i = 0; i < 3; i++)
    assert_pop (bench, SFU_SEND_AUDIO, 30 + i, SECOND);
  for (unsigned i = 0; i < 3; i++)
    {
      assert_pop (bench, SFU_SEND_RTX, 20 + i, SECOND);
      assert_pop (bench, SFU_SEND_MEDIA, 10 + i, SECOND);
    }
  assert_none (bench, SECOND);
}

static void
test_audio (void)
{
  g_autoptr (Bench) bench = bench_new (100000, 100000);

  for (unsigned i = 0; i < 200; i++)
    {
      int64_t now_us = SECOND + i * 20 * MS;

      push (bench, SFU_SEND_MEDIA, 0, i, true, 1200, now_us);
      push (bench, SFU_SEND_AUDIO, 1, i, false, 200, now_us); /* 80 kbit/s of 100 */
      assert_pop (bench, SFU_SEND_AUDIO, i, now_us);
      while (sfu_pacer_count (&bench->pacer) > 0)
        {
          SfuPacerItem item;

          if (!sfu_pacer_pop (&bench->pacer, now_us, &item))
            break;
          g_assert_cmpint (item.kind, ==, SFU_SEND_MEDIA);
        }
    }
  g_assert_cmpuint (bench->n_dropped, >, 100);
}

/* What waited too long goes: whole frames of its slot up to the next keyframe; other slots' stay, in order. */
static void
test_old (void)
{
  g_autoptr (Bench) bench = bench_new (1000, 1000);
  int64_t later_us = SECOND + SFU_PACER_WAIT_US;

  sfu_pacer_spend (&bench->pacer, 5000, SECOND);
  push (bench, SFU_SEND_MEDIA, 0, 1, true, 100, SECOND);
  push (bench, SFU_SEND_MEDIA, 0, 1, true, 100, SECOND);
  push (bench, SFU_SEND_MEDIA, 0, 2, false, 100, SECOND + 100 * MS);
  push (bench, SFU_SEND_MEDIA, 7, 3, false, 100, SECOND + 100 * MS);
  push (bench, SFU_SEND_MEDIA, 0, 4, true, 100, SECOND + 200 * MS);
  push (bench, SFU_SEND_MEDIA, 0, 5, false, 100, SECOND + 200 * MS);
  push (bench, SFU_SEND_RTX, 0, 6, false, 100, SECOND);
  assert_none (bench, later_us);
  g_assert_cmpuint (bench->n_dropped, ==, 0);
  assert_none (bench, later_us + 1);
  g_assert_cmpuint (bench->n_dropped, ==, 4);
  g_assert_cmpuint (bench->dropped[0].frame, ==, 6);
  g_assert_cmpuint (bench->dropped[3].frame, ==, 2);
  sfu_pacer_set_rate (&bench->pacer, 100000000, 1000, later_us + 1);
  assert_pop (bench, SFU_SEND_MEDIA, 3, later_us + 100 * MS);
  assert_pop (bench, SFU_SEND_MEDIA, 4, later_us + 100 * MS);
  assert_pop (bench, SFU_SEND_MEDIA, 5, later_us + 100 * MS);
  assert_none (bench, later_us + 100 * MS);
}

static void
test_slot (void)
{
  g_autoptr (Bench) bench = bench_new (100000000, 10000000);

  for (unsigned i = 0; i < 10; i++)
    {
      push (bench, SFU_SEND_MEDIA, i % 2, i, false, 100, SECOND);
      push (bench, SFU_SEND_RTX, i % 2, i, false, 100, SECOND);
    }
  sfu_pacer_drop_slot (&bench->pacer, 1);
  g_assert_cmpuint (bench->n_dropped, ==, 10);
  for (unsigned i = 0; i < 10; i += 2)
    {
      assert_pop (bench, SFU_SEND_RTX, i, SECOND);
      assert_pop (bench, SFU_SEND_MEDIA, i, SECOND);
    }
  assert_none (bench, SECOND);
}

/* Full queues refuse; rings go round. */
static void
test_full (void)
{
  g_autoptr (Bench) bench = bench_new (1000000000, 1000000000);
  SfuPacerItem item;
  uint32_t next = 0, expected = 0;

  for (; push (bench, SFU_SEND_MEDIA, 0, next, false, 10, SECOND); next++)
    ;
  g_assert_cmpuint (next, ==, SFU_PACER_VIDEO);
  for (unsigned i = 0; i < 10000; i++)
    {
      g_assert_true (sfu_pacer_pop (&bench->pacer, SECOND + i * MS, &item));
      g_assert_cmpuint (item.frame, ==, expected++);
      g_assert_true (push (bench, SFU_SEND_MEDIA, 0, next++, false, 10, SECOND + i * MS));
      g_assert_false (push (bench, SFU_SEND_MEDIA, 0, next, false, 10, SECOND + i * MS));
    }
  for (unsigned i = 0; i < SFU_PACER_AUDIO; i++)
    g_assert_true (push (bench, SFU_SEND_AUDIO, 0, i, false, 10, 12 * SECOND));
  g_assert_false (push (bench, SFU_SEND_AUDIO, 0, 0, false, 10, 12 * SECOND));
  sfu_pacer_clear (&bench->pacer);
  g_assert_cmpuint (sfu_pacer_count (&bench->pacer), ==, 0);
}

/* Memory that a subscriber's pacer takes: little as long as packets do not wait. */
static void
test_size (void)
{
  g_autoptr (Bench) bench = bench_new (1000000, 1000000);

  g_assert_cmpuint (sizeof (SfuPacerItem), ==, 32);
  g_assert_cmpuint (sizeof (SfuPacer), <=, 128);
  for (unsigned i = 0; i < 100; i++)
    {
      push (bench, SFU_SEND_MEDIA, 0, i, false, 100, (1 + i) * SECOND);
      assert_pop (bench, SFU_SEND_MEDIA, i, (1 + i) * SECOND);
    }
  g_assert_cmpuint (bench->pacer.queues[SFU_SEND_MEDIA].size, ==, 16);
  g_assert_cmpuint (bench->pacer.queues[SFU_SEND_RTX].size, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/pacer/at-once", test_at_once);
  g_test_add_func ("/sfu/pacer/rate", test_rate);
  g_test_add_func ("/sfu/pacer/order", test_order);
  g_test_add_func ("/sfu/pacer/audio", test_audio);
  g_test_add_func ("/sfu/pacer/old", test_old);
  g_test_add_func ("/sfu/pacer/slot", test_slot);
  g_test_add_func ("/sfu/pacer/full", test_full);
  g_test_add_func ("/sfu/pacer/size", test_size);
  return g_test_run ();
}
