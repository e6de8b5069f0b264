/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/send-side.h"

#include <glib.h>
#include <string.h>

#define MS INT64_C (1000)
#define SECOND (1000 * MS)
#define RECEIVER_US INT64_C (5000000000) /* how far its clock is from ours */

/* Packets of @bytes every @every_us, and feedback for each 20 of them. */
typedef struct {
  SfuSendSide side;
  SfuTwccPacket packets[4000];
  unsigned n;
  int64_t now_us, delay_us, clock_us;
} Bench;

static Bench *
bench_new (void)
{
  Bench *bench = g_new0 (Bench, 1);

  sfu_send_side_init (&bench->side, 0);
  bench->now_us = SECOND;
  bench->delay_us = 20 * MS;
  bench->clock_us = RECEIVER_US;
  return bench;
}

static void
bench_free (Bench *bench)
{
  sfu_send_side_clear (&bench->side);
  g_free (bench);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Bench, bench_free)

static void
send_one (Bench *bench, unsigned bytes, bool received)
{
  uint16_t seq = sfu_send_side_on_sent (&bench->side, bytes, SFU_SEND_MEDIA, 0, bench->now_us);
  int64_t arrival_us = (bench->now_us + bench->delay_us + bench->clock_us) / 250 * 250;

  bench->packets[bench->n++] = (SfuTwccPacket){ .seq = seq, .received = received, .time_us = received ? arrival_us : 0 };
}

static void
tell (Bench *bench)
{
  sfu_send_side_on_feedback (&bench->side, bench->packets, bench->n, bench->now_us + 2 * bench->delay_us);
  bench->n = 0;
}

static void
run (Bench *bench, int64_t for_us, int64_t every_us, unsigned lose_nth)
{
  unsigned i = 0;

  for (int64_t end_us = bench->now_us + for_us; bench->now_us < end_us; bench->now_us += every_us)
    {
      i++;
      send_one (bench, 1000, lose_nth == 0 || i % lose_nth != 0);
      if (bench->n == 20)
        tell (bench);
    }
}

static void
test_start (void)
{
  g_autoptr (Bench) bench = bench_new ();
  uint32_t rate_bps = 1, bytes = 1;
  uint8_t id = 1;

  g_assert_cmpuint (sizeof (SfuSendSide), <, 2048);
  g_assert_cmpuint (sfu_send_side_get_estimate_bps (&bench->side), ==, SFU_START_BPS);
  g_assert_cmpuint (sfu_send_side_get_pacing_bps (&bench->side), ==, 3000000); /* the first picture is the probe */
  g_assert_cmpuint (sfu_send_side_get_acked_bps (&bench->side), ==, 0);
  g_assert_cmpint (sfu_send_side_get_rtt_us (&bench->side), ==, 0);
  g_assert_cmpuint (sfu_send_side_get_loss_permille (&bench->side), ==, 0);
  g_assert_cmpint (sfu_send_side_get_queue_us (&bench->side), ==, 0);
  g_assert_false (sfu_send_side_next_probe (&bench->side, SECOND, &rate_bps, &bytes, &id)); /* point 39: media first */
  g_assert_cmpint (sfu_send_side_get_deadline (&bench->side), ==, INT64_MAX);
  g_assert_cmpuint (rate_bps + bytes + id, ==, 3);
  for (unsigned i = 0; i < 3; i++)
    g_assert_cmpuint (sfu_send_side_on_sent (&bench->side, 100, SFU_SEND_AUDIO, 0, SECOND), ==, i);
  g_assert_false (sfu_send_side_next_probe (&bench->side, SECOND, &rate_bps, &bytes, &id));
  sfu_send_side_clear (&bench->side);
  sfu_send_side_init (&bench->side, 900000);
  g_assert_cmpuint (sfu_send_side_get_estimate_bps (&bench->side), ==, 900000);
  sfu_send_side_clear (&bench->side);
  sfu_send_side_init (&bench->side, 1);
  g_assert_cmpuint (sfu_send_side_get_estimate_bps (&bench->side), ==, SFU_ESTIMATE_MIN_BPS);
}

/* point 39: clusters of twice and three times the start rate, at least 5 packets; a result raises the estimate at once */
static void
test_probes (void)
{
  g_autoptr (Bench) bench = bench_new ();
  uint32_t rate_bps, bytes, rates[2] = { 0 };
  unsigned n = 0, last = 0;
  uint8_t id;

  sfu_send_side_on_sent (&bench->side, 1000, SFU_SEND_MEDIA, 0, bench->now_us);
  for (unsigned i = 0; i < 200; i++, bench->now_us += MS)
    while (sfu_send_side_next_probe (&bench->side, bench->now_us, &rate_bps, &bytes, &id))
      {
        uint16_t seq = sfu_send_side_on_sent (&bench->side, 300, SFU_SEND_PADDING, id, bench->now_us);

        if (id != last)
          {
            g_assert_cmpuint (n, <, 2);
            rates[n++] = rate_bps;
          }
        last = id;
        g_assert_cmpuint (bytes, <, 1200);
        g_assert_cmpint (sfu_send_side_get_deadline (&bench->side), <, bench->now_us + 2 * SECOND);
        bench->packets[bench->n++] = (SfuTwccPacket){ .seq = seq, .received = true, .time_us = bench->now_us + RECEIVER_US };
      }
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpuint (rates[0], ==, 2 * SFU_START_BPS);
  g_assert_cmpuint (rates[1], ==, 3 * SFU_START_BPS);
  g_assert_cmpuint (bench->n, >=, 10);
  tell (bench);
  g_assert_cmpuint (sfu_send_side_get_estimate_bps (&bench->side), >, 800000);
  g_assert_cmpuint (sfu_send_side_get_estimate_bps (&bench->side), <=, 1000000);
}

/* A cluster that the path lets out more slowly shows what the path carries; it is no overuse. */
static void
test_probe_limited (void)
{
  g_autoptr (Bench) bench = bench_new ();
  uint32_t rate_bps, bytes;
  int64_t busy_us = 0;
  uint8_t id;

  sfu_send_side_on_sent (&bench->side, 1000, SFU_SEND_MEDIA, 0, bench->now_us);
  for (unsigned i = 0; i < 200; i++, bench->now_us += MS)
    while (sfu_send_side_next_probe (&bench->side, bench->now_us, &rate_bps, &bytes, &id))
      {
        uint16_t seq = sfu_send_side_on_sent (&bench->side, 300, SFU_SEND_PADDING, id, bench->now_us);

        busy_us = MAX (busy_us, bench->now_us) + 300 * 8 * SECOND / 400000;
        bench->packets[bench->n++] = (SfuTwccPacket){ .seq = seq, .received = true, .time_us = busy_us + RECEIVER_US };
      }
  tell (bench);
  g_assert_cmpuint (sfu_send_side_get_estimate_bps (&bench->side), >, 340000);
  g_assert_cmpuint (sfu_send_side_get_estimate_bps (&bench->side), <, 420000);
}

/* A queue that grows: cut to 0.85 of what arrives. */
static void
test_overuse (void)
{
  g_autoptr (Bench) bench = bench_new ();
  uint32_t before_bps;

  run (bench, 30 * SECOND, 10 * MS, 0); /* 800 kbit/s */
  before_bps = sfu_send_side_get_estimate_bps (&bench->side);
  g_assert_cmpuint (before_bps, >, 600000);
  g_assert_cmpint (sfu_send_side_get_rtt_us (&bench->side), >=, 40 * MS);
  for (unsigned i = 0; i < 100; i++)
    {
      bench->delay_us += 10 * MS; /* half of it comes through */
      run (bench, 10 * MS, 10 * MS, 0);
    }
  g_assert_cmpuint (sfu_send_side_get_estimate_bps (&bench->side), <, 420000);
  g_assert_cmpuint (sfu_send_side_get_estimate_bps (&bench->side), >, 200000);
  g_assert_cmpint (sfu_send_side_get_queue_us (&bench->side), >, 500 * MS);
  g_assert_cmpuint (sfu_send_side_get_pacing_bps (&bench->side), <=, sfu_send_side_get_estimate_bps (&bench->side));
}

/* point 39: a rate that is not used is not taken for one that was tried */
static void
test_limited (void)
{
  g_autoptr (Bench) bench = bench_new ();

  run (bench, 60 * SECOND, 40 * MS, 0); /* 200 kbit/s */
  g_assert_cmpuint (sfu_send_side_get_estimate_bps (&bench->side), <=, 330000);
  g_assert_cmpuint (sfu_send_side_get_acked_bps (&bench->side), >=, 180000);
  g_assert_cmpuint (sfu_send_side_get_acked_bps (&bench->side), <=, 220000);
}

/* point 39: losses: 5 % stand, 20 % cut, but never below what arrives */
static void
test_loss (void)
{
  g_autoptr (Bench) bench = bench_new ();
  uint32_t before_bps, after_bps;

  run (bench, 30 * SECOND, 10 * MS, 0);
  run (bench, 2 * SECOND, 10 * MS, 20);
  before_bps = sfu_send_side_get_estimate_bps (&bench->side);
  run (bench, 10 * SECOND, 10 * MS, 20);
  after_bps = sfu_send_side_get_estimate_bps (&bench->side);
  g_assert_cmpuint (after_bps, ==, before_bps);
  g_assert_cmpuint (sfu_send_side_get_loss_permille (&bench->side), >=, 40);
  g_assert_cmpuint (sfu_send_side_get_loss_permille (&bench->side), <=, 60);
  run (bench, 10 * SECOND, 10 * MS, 4);
  g_assert_cmpuint (sfu_send_side_get_estimate_bps (&bench->side), <, before_bps * 8 / 10);
  g_assert_cmpuint (sfu_send_side_get_estimate_bps (&bench->side), >, 500000);
  run (bench, 20 * SECOND, 10 * MS, 0);
  g_assert_cmpuint (sfu_send_side_get_estimate_bps (&bench->side), >, before_bps * 8 / 10);
}

/* point 38: unknown, doubled, far too old feedback; a wrap of the sequence numbers; a history without any feedback */
static void
test_feedback (void)
{
  g_autoptr (Bench) bench = bench_new ();
  SfuTwccPacket odd[6] = { { 5, 60000, true }, { 5, 0, true }, { 5, 100, false }, { 5, 65535, true }, { 0, 3, true }, { 5, 4, true } };

  sfu_send_side_on_feedback (&bench->side, odd, 0, SECOND);
  sfu_send_side_on_feedback (&bench->side, odd, G_N_ELEMENTS (odd), SECOND);
  g_assert_cmpuint (sfu_send_side_get_estimate_bps (&bench->side), ==, SFU_START_BPS);
  for (unsigned i = 0; i < 5000; i++)
    {
      sfu_send_side_on_sent (&bench->side, 1200, SFU_SEND_MEDIA, 0, SECOND + i * MS);
      if (i == 999)
        g_assert_cmpuint (bench->side.in_flight_bytes, ==, SFU_SEND_HISTORY_MIN * 1200);
      if (i >= 1000 && i % 100 == 0)
        sfu_send_side_make_room (&bench->side);
    }
  g_assert_cmpuint (bench->side.in_flight_bytes, ==, SFU_SEND_HISTORY * 1200);
  sfu_send_side_on_feedback (&bench->side, odd, G_N_ELEMENTS (odd), 6 * SECOND); /* all older than the history */
  g_assert_cmpuint (bench->side.in_flight_bytes, ==, SFU_SEND_HISTORY * 1200);
  bench->now_us = 6 * SECOND;
  run (bench, 700 * SECOND, 10 * MS, 0);
  tell (bench);
  g_assert_cmpuint (bench->side.in_flight_bytes, ==, 0);
  g_assert_cmpuint (sfu_send_side_get_estimate_bps (&bench->side), >, 600000);
  for (unsigned i = 0; i < 20; i++)
    send_one (bench, 1000, true);
  sfu_send_side_on_feedback (&bench->side, bench->packets, bench->n, bench->now_us + MS);
  sfu_send_side_on_feedback (&bench->side, bench->packets, bench->n, bench->now_us + 2 * MS);
  g_assert_cmpuint (bench->side.in_flight_bytes, ==, 0);
}

/* What was sent before the history grew is known after it, and not a packet is taken for another. */
static void
test_history (void)
{
  g_autoptr (Bench) bench = bench_new ();

  for (unsigned i = 0; i < 1300; i++, bench->now_us += MS)
    {
      send_one (bench, 1000, true);
      if (i % 100 == 99)
        sfu_send_side_make_room (&bench->side);
    }
  g_assert_cmpuint (bench->side.n_history, ==, SFU_SEND_HISTORY);
  g_assert_cmpuint (bench->side.in_flight_bytes, ==, 1300 * 1000);
  tell (bench);
  g_assert_cmpuint (bench->side.in_flight_bytes, ==, 0);
  g_assert_cmpuint (sfu_send_side_get_acked_bps (&bench->side), >, 7500000);
  sfu_send_side_make_room (&bench->side);
  g_assert_cmpuint (bench->side.n_history, ==, SFU_SEND_HISTORY);
}

/* The receiver's times begin anew after 12.4 days. */
static void
test_clock (void)
{
  g_autoptr (Bench) bench = bench_new ();
  uint32_t before_bps;

  bench->clock_us = SFU_TWCC_WRAP_US - 31 * SECOND;
  run (bench, 20 * SECOND, 10 * MS, 0);
  before_bps = sfu_send_side_get_estimate_bps (&bench->side);
  while (bench->now_us + bench->clock_us + bench->delay_us < SFU_TWCC_WRAP_US)
    run (bench, 10 * MS, 10 * MS, 0);
  bench->clock_us -= SFU_TWCC_WRAP_US;
  run (bench, 20 * SECOND, 10 * MS, 0);
  g_assert_cmpuint (sfu_send_side_get_estimate_bps (&bench->side), >=, before_bps);
  g_assert_cmpint (sfu_send_side_get_queue_us (&bench->side), <, 10 * MS);
}

/* point 38: what was sent on another path says nothing about this one */
static void
test_path (void)
{
  g_autoptr (Bench) bench = bench_new ();
  SfuTwccPacket old[20];
  uint32_t before_bps;

  run (bench, 60 * SECOND, 5 * MS, 0); /* 1.6 Mbit/s */
  before_bps = sfu_send_side_get_estimate_bps (&bench->side);
  for (unsigned i = 0; i < 20; i++)
    send_one (bench, 1000, false);
  memcpy (old, bench->packets, sizeof old);
  bench->n = 0;
  sfu_send_side_on_path (&bench->side, bench->now_us);
  g_assert_cmpuint (sfu_send_side_get_estimate_bps (&bench->side), <=, before_bps / 2 + 1);
  g_assert_cmpuint (sfu_send_side_get_estimate_bps (&bench->side), >=, SFU_START_BPS);
  g_assert_cmpint (sfu_send_side_get_rtt_us (&bench->side), ==, 0);
  sfu_send_side_on_feedback (&bench->side, old, 20, bench->now_us + 50 * MS);
  g_assert_cmpuint (sfu_send_side_get_loss_permille (&bench->side), ==, 0);
  g_assert_cmpuint (bench->side.in_flight_bytes, ==, 0);
  run (bench, 10 * SECOND, 10 * MS, 0);
  g_assert_cmpuint (sfu_send_side_get_estimate_bps (&bench->side), >, 600000);
}

/* point 38: REMB counts only as long as there is no transport-wide feedback */
static void
test_remb (void)
{
  g_autoptr (Bench) bench = bench_new ();

  sfu_send_side_on_remb (&bench->side, 700000, SECOND);
  g_assert_cmpuint (sfu_send_side_get_estimate_bps (&bench->side), ==, 700000);
  sfu_send_side_on_report (&bench->side, 0, 80 * MS, 2 * SECOND);
  g_assert_cmpuint (sfu_send_side_get_estimate_bps (&bench->side), ==, 700000);
  g_assert_cmpint (sfu_send_side_get_rtt_us (&bench->side), ==, 80 * MS);
  for (unsigned i = 0; i < 10; i++)
    sfu_send_side_on_report (&bench->side, 128, 80 * MS, (3 + i) * SECOND);
  g_assert_cmpuint (sfu_send_side_get_estimate_bps (&bench->side), <, 100000);
  g_assert_cmpuint (sfu_send_side_get_loss_permille (&bench->side), >, 300);
  sfu_send_side_on_remb (&bench->side, 5, 20 * SECOND);
  g_assert_cmpuint (sfu_send_side_get_estimate_bps (&bench->side), ==, SFU_ESTIMATE_MIN_BPS);
  bench->now_us = 40 * SECOND;
  run (bench, 20 * SECOND, 10 * MS, 0);
  sfu_send_side_on_remb (&bench->side, 50000, bench->now_us);
  sfu_send_side_on_report (&bench->side, 255, 80 * MS, bench->now_us);
  g_assert_cmpuint (sfu_send_side_get_estimate_bps (&bench->side), >, 600000);
}

/* No feedback: at first slower, then less and less. */
static void
test_silence (void)
{
  g_autoptr (Bench) bench = bench_new ();
  uint32_t before_bps, rate_bps, bytes;
  uint8_t id;

  run (bench, 30 * SECOND, 10 * MS, 0);
  before_bps = sfu_send_side_get_estimate_bps (&bench->side);
  bench->n = 0;
  for (unsigned i = 0; i < 500; i++, bench->now_us += 10 * MS)
    {
      sfu_send_side_on_sent (&bench->side, 1000, SFU_SEND_MEDIA, 0, bench->now_us);
      (void) sfu_send_side_next_probe (&bench->side, bench->now_us, &rate_bps, &bytes, &id);
      if (i == 60)
        {
          g_assert_cmpuint (sfu_send_side_get_estimate_bps (&bench->side), ==, before_bps);
          g_assert_cmpuint (sfu_send_side_get_pacing_bps (&bench->side), <, before_bps);
        }
    }
  g_assert_cmpuint (sfu_send_side_get_estimate_bps (&bench->side), <, before_bps / 5);
  send_one (bench, 1000, true);
  tell (bench);
  g_assert_cmpuint (sfu_send_side_get_estimate_bps (&bench->side), >, before_bps / 2);
}

/* What is wanted beyond the estimate is probed, at longer and longer times; not when nothing is. */
static void
test_wanted (void)
{
  g_autoptr (Bench) bench = bench_new ();
  uint32_t rate_bps, bytes;
  unsigned n = 0, last = 0;
  uint8_t id;

  sfu_send_side_set_wanted (&bench->side, 0, SECOND);
  run (bench, 10 * SECOND, 40 * MS, 0);
  g_assert_false (sfu_send_side_next_probe (&bench->side, bench->now_us, &rate_bps, &bytes, &id));
  sfu_send_side_set_wanted (&bench->side, 2000000, bench->now_us);
  for (unsigned i = 0; i < 30000; i++, bench->now_us += MS)
    {
      if (i % 40 == 0)
        {
          run (bench, 1, 1, 0);
          tell (bench);
        }
      while (sfu_send_side_next_probe (&bench->side, bench->now_us, &rate_bps, &bytes, &id))
        {
          sfu_send_side_on_sent (&bench->side, 300, SFU_SEND_PADDING, id, bench->now_us); /* all of them are lost */
          g_assert_cmpint (sfu_send_side_get_deadline (&bench->side), <, bench->now_us + 2 * SECOND);
          n += id != last;
          last = id;
        }
    }
  g_assert_cmpuint (n, >=, 4);
  g_assert_cmpuint (n, <=, 8);
  g_assert_cmpuint (sfu_send_side_get_estimate_bps (&bench->side), >, 200000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/send-side/start", test_start);
  g_test_add_func ("/sfu/send-side/probes", test_probes);
  g_test_add_func ("/sfu/send-side/probe-limited", test_probe_limited);
  g_test_add_func ("/sfu/send-side/overuse", test_overuse);
  g_test_add_func ("/sfu/send-side/limited", test_limited);
  g_test_add_func ("/sfu/send-side/loss", test_loss);
  g_test_add_func ("/sfu/send-side/feedback", test_feedback);
  g_test_add_func ("/sfu/send-side/history", test_history);
  g_test_add_func ("/sfu/send-side/clock", test_clock);
  g_test_add_func ("/sfu/send-side/path", test_path);
  g_test_add_func ("/sfu/send-side/remb", test_remb);
  g_test_add_func ("/sfu/send-side/silence", test_silence);
  g_test_add_func ("/sfu/send-side/wanted", test_wanted);
  return g_test_run ();
}
