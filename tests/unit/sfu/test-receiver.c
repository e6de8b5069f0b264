/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/receiver.h"

#include <glib.h>

#include "sfu/clock.h"

#define MS INT64_C (1000)

static SfuRtp
make (uint32_t ssrc, uint16_t seq, uint32_t timestamp)
{
  return (SfuRtp){ .ssrc = ssrc, .seq = seq, .timestamp = timestamp, .len = 1000, .header_len = 12, .payload_len = 988 };
}

static SfuReceived
put (SfuReceiver *receiver, uint16_t seq, uint32_t timestamp, int64_t now_us, uint64_t *ret_index)
{
  SfuRtp rtp = make (7, seq, timestamp);

  return sfu_receiver_on_packet (receiver, &rtp, false, now_us, ret_index);
}

static void
test_order (void)
{
  SfuReceiver receiver;
  uint64_t first, index;

  sfu_receiver_init (&receiver, 90000);
  g_assert_cmpint (put (&receiver, 65534, 0, 0, &first), ==, SFU_RECEIVED_NEW);
  g_assert_cmpuint (receiver.epoch, ==, 1);
  g_assert_cmpint (put (&receiver, 65534, 0, 0, &index), ==, SFU_RECEIVED_DUPLICATE);
  g_assert_cmpint (put (&receiver, 1, 0, 0, &index), ==, SFU_RECEIVED_NEW); /* over the wrap */
  g_assert_cmpuint (index, ==, first + 3);
  g_assert_cmpint (put (&receiver, 65535, 0, 0, &index), ==, SFU_RECEIVED_NEW); /* late, from before the wrap */
  g_assert_cmpuint (index, ==, first + 1);
  g_assert_cmpint (put (&receiver, 65535, 0, 0, &index), ==, SFU_RECEIVED_DUPLICATE);
  g_assert_cmpint (put (&receiver, 65530, 0, 0, &index), ==, SFU_RECEIVED_NEW); /* before the first */
  g_assert_cmpuint (index, ==, first - 4);
  g_assert_cmpuint (receiver.duplicates, ==, 2);
  g_assert_cmpuint (receiver.pkts, ==, 4);
}

/* Every packet of a long shuffled run is new once; extended numbers never wrap. */
static void
test_shuffled (void)
{
  GRand *rand = g_rand_new_with_seed (1);
  SfuReceiver receiver;
  uint64_t first = 0, index;

  sfu_receiver_init (&receiver, 90000);
  for (unsigned block = 0; block < 400; block++)
    {
      unsigned order[512];

      for (unsigned i = 0; i < 512; i++)
        order[i] = i;
      for (unsigned i = 511; block > 0 && i > 0; i--)
        {
          unsigned j = (unsigned) g_rand_int_range (rand, 0, (gint32) i + 1), kept = order[i];

          order[i] = order[j];
          order[j] = kept;
        }
      for (unsigned i = 0; i < 512; i++)
        {
          unsigned n = block * 512 + order[i];

          g_assert_cmpint (put (&receiver, (uint16_t) (40000 + n), n, n, &index), ==, SFU_RECEIVED_NEW);
          if (n == 0)
            first = index;
          g_assert_cmpuint (index, ==, first + n);
          g_assert_cmpint (put (&receiver, (uint16_t) (40000 + n), n, n, &index), ==, SFU_RECEIVED_DUPLICATE);
        }
    }
  g_assert_cmpuint (sfu_receiver_get_lost (&receiver), ==, 0);
  g_rand_free (rand);
}

/* RFC 3550 appendix A.1: a jump is believed at the second packet that agrees with it; another SSRC at once */
static void
test_reset (void)
{
  SfuReceiver receiver;
  SfuRtp other = make (8, 5, 0);
  uint64_t index;

  sfu_receiver_init (&receiver, 90000);
  g_assert_cmpint (put (&receiver, 100, 0, 0, &index), ==, SFU_RECEIVED_NEW);
  g_assert_cmpint (put (&receiver, 30000, 0, 0, &index), ==, SFU_RECEIVED_TOO_OLD);
  g_assert_cmpint (put (&receiver, 101, 0, 0, &index), ==, SFU_RECEIVED_NEW); /* it was a stray */
  g_assert_cmpint (put (&receiver, 30001, 0, 0, &index), ==, SFU_RECEIVED_TOO_OLD);
  g_assert_cmpint (put (&receiver, 30002, 0, 0, &index), ==, SFU_RECEIVED_RESET);
  g_assert_cmpuint (receiver.epoch, ==, 2);
  g_assert_cmpint (put (&receiver, 30003, 0, 0, &index), ==, SFU_RECEIVED_NEW);
  g_assert_cmpint (put (&receiver, 28000, 0, 0, &index), ==, SFU_RECEIVED_TOO_OLD);

  g_assert_cmpint (sfu_receiver_on_packet (&receiver, &other, true, 0, &index), ==, SFU_RECEIVED_TOO_OLD);
  g_assert_cmpint (sfu_receiver_on_packet (&receiver, &other, false, 0, &index), ==, SFU_RECEIVED_RESET);
  g_assert_cmpuint (receiver.epoch, ==, 3);
  g_assert_cmpuint (receiver.ssrc, ==, 8);
  g_assert_cmpuint (sfu_receiver_get_lost (&receiver), ==, 0);
}

/* Point 36: fraction lost over the interval, cumulative loss, highest number with cycles. RFC 3550 §6.4.1, appendix A.3 */
static void
test_report (void)
{
  SfuReceiver receiver;
  SfuReceiverReport report;
  SfuRtp late = make (7, 65501, 0);
  uint64_t index;

  sfu_receiver_init (&receiver, 90000);
  g_assert_false (sfu_receiver_make_report (&receiver, 0, &report));
  for (unsigned i = 0; i < 100; i++)
    if (i % 4 != 1)
      g_assert_cmpint (put (&receiver, (uint16_t) (65500 + i), 0, 0, &index), ==, SFU_RECEIVED_NEW);
  g_assert_true (sfu_receiver_make_report (&receiver, 0, &report));
  g_assert_cmpuint (report.ssrc, ==, 7);
  g_assert_cmpuint (report.fraction_lost, ==, 64); /* 25 of 100 */
  g_assert_cmpint (report.lost, ==, 25);
  g_assert_cmphex (report.highest_seq, ==, 0x10000 | (uint16_t) (65500 + 99));
  g_assert_cmpuint (report.lsr, ==, 0);
  g_assert_cmpuint (report.dlsr, ==, 0);

  /* what comes by RTX was lost all the same (RFC 4588 §4) */
  g_assert_cmpint (sfu_receiver_on_packet (&receiver, &late, true, 0, &index), ==, SFU_RECEIVED_NEW);
  g_assert_cmpuint (receiver.recovered, ==, 1);
  for (unsigned i = 100; i < 200; i++)
    put (&receiver, (uint16_t) (65500 + i), 0, 0, &index);
  sfu_receiver_on_sr (&receiver, UINT64_C (0x1122334455667788), 1000 * MS);
  g_assert_true (sfu_receiver_make_report (&receiver, 1500 * MS, &report));
  g_assert_cmpuint (report.fraction_lost, ==, 0);
  g_assert_cmpint (report.lost, ==, 25);
  g_assert_cmphex (report.lsr, ==, 0x33445566);
  g_assert_cmpuint (report.dlsr, ==, 32768); /* half a second */

  /* a late one makes the interval's loss negative: that is 0 */
  put (&receiver, 65505, 0, 0, &index);
  g_assert_true (sfu_receiver_make_report (&receiver, 1500 * MS, &report));
  g_assert_cmpuint (report.fraction_lost, ==, 0);
  g_assert_cmpint (report.lost, ==, 24);
}

/* RFC 3550 appendix A.8: in units of the codec's clock; a steady alternation of 0 and 10 ms goes to 10 ms */
static void
test_jitter (void)
{
  SfuReceiver receiver;
  uint64_t index;

  sfu_receiver_init (&receiver, 48000);
  for (unsigned i = 0; i < 500; i++)
    put (&receiver, (uint16_t) i, i * 960, i * 20 * MS, &index);
  g_assert_cmpuint (sfu_receiver_get_jitter_us (&receiver), ==, 0);
  for (unsigned i = 500; i < 1000; i++)
    put (&receiver, (uint16_t) i, i * 960, i * 20 * MS + i % 2 * 10 * MS, &index);
  g_assert_cmpuint (sfu_receiver_get_jitter_us (&receiver), >=, 9900);
  g_assert_cmpuint (sfu_receiver_get_jitter_us (&receiver), <=, 10000);
  /* a pause of a minute whose timestamps stood still is none */
  put (&receiver, 1000, 1000 * 960, 80000 * MS, &index);
  g_assert_cmpuint (sfu_receiver_get_jitter_us (&receiver), <=, 10000);
}

static void
test_rates (void)
{
  SfuReceiver receiver;
  uint64_t index;
  int64_t now_us = 0;

  sfu_receiver_init (&receiver, 90000);
  for (unsigned i = 0; i < 300; i++, now_us += 20 * MS) /* 50 packets, 25 frames a second */
    put (&receiver, (uint16_t) i, i / 2 * 3600, now_us, &index);
  g_assert_cmpuint (sfu_receiver_get_bitrate (&receiver, now_us), >=, 390000);
  g_assert_cmpuint (sfu_receiver_get_bitrate (&receiver, now_us), <=, 410000);
  g_assert_cmpuint (sfu_receiver_get_fps (&receiver, now_us), >=, 24);
  g_assert_cmpuint (sfu_receiver_get_fps (&receiver, now_us), <=, 26);
  g_assert_cmpuint (sfu_receiver_get_bitrate (&receiver, now_us + 500 * MS), <, 300000);
  g_assert_cmpuint (sfu_receiver_get_bitrate (&receiver, now_us + 1200 * MS), ==, 0);
  g_assert_cmpuint (sfu_receiver_get_fps (&receiver, now_us + 1200 * MS), ==, 0);
}

/* Audio and video of one publisher share one offset: what was taken together stays together whichever report came later. */
static void
test_clock (void)
{
  uint64_t ntp = UINT64_C (0xe0000000) << 32;
  SfuPeerClock peer = { 0 };
  SfuClock audio = { 0 }, video = { 0 };

  g_assert_cmpint (sfu_ntp_to_us (sfu_ntp_from_us (1234567890123456)), ==, 1234567890123456);
  sfu_clock_on_sr (&audio, &peer, 0, 5, 1, 0);
  g_assert_false (audio.known);
  sfu_clock_on_sr (&audio, &peer, ntp, 48000, 1, 50 * MS);
  /* the video's report is 100 ms younger and was 80 ms longer under way */
  sfu_clock_on_sr (&video, &peer, ntp + sfu_ntp_from_us (100 * MS), 90000, 1, 230 * MS);
  g_assert_true (video.known);
  g_assert_cmpint (video.time_us - audio.time_us, >=, 100 * MS);
  g_assert_cmpint (video.time_us - audio.time_us, <=, 105 * MS);
  g_assert_cmpuint (sfu_clock_get_rtp (&audio, 48000, audio.time_us + 500 * MS), ==, 72000);
  g_assert_cmpuint (sfu_clock_get_rtp (&audio, 48000, audio.time_us - 500 * MS), ==, 24000);
  /* the wall clock is set back by an hour */
  sfu_clock_on_sr (&audio, &peer, ntp - sfu_ntp_from_us (3600000 * MS), 96000, 1, 1050 * MS);
  g_assert_cmpint (audio.time_us, ==, 1050 * MS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/receiver/order", test_order);
  g_test_add_func ("/sfu/receiver/shuffled", test_shuffled);
  g_test_add_func ("/sfu/receiver/reset", test_reset);
  g_test_add_func ("/sfu/receiver/report", test_report);
  g_test_add_func ("/sfu/receiver/jitter", test_jitter);
  g_test_add_func ("/sfu/receiver/rates", test_rates);
  g_test_add_func ("/sfu/receiver/clock", test_clock);
  return g_test_run ();
}
