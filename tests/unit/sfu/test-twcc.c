/* SPDX-License-Identifier: Apache-2.0 */
/* Transport-wide feedback (points 37 and 38): hand-made chunks, what must not pass, and arrivals written and read again. */
#include "sfu/twcc.h"

#include "bytes.h"

#define HEAD "00000001 00000002" /* sender, media */

static SfuRtcp
packet_of (const Bytes *bytes)
{
  SfuRtcp packet = { 0 };

  g_assert_true (sfu_rtcp_next (bytes->data, bytes->len, &packet));
  return packet;
}

/* runs, both vectors, small and large deltas, a base that wraps, in one packet: 0xfffe to 0x0010, reference 2 */
static void
test_chunks (void)
{
  g_auto (Bytes) bytes = bytes_of ("afcd0009" HEAD "fffe 0013 000002 07"
                                   "2002"          /* a run of 2 small */
                                   "9555"          /* 1 bit: 0 1 0 1 0 1 0 1 0 1 0 1 0 1 */
                                   "e000"          /* 2 bits: large, then nothing; only 3 of 7 count */
                                   "04 08 01 01 01 01 01 01 01 fffc"
                                   "0000 03"); /* padding, as browsers have it: not in fours */
  SfuTwccPacket packets[32];
  SfuRtcp packet;
  SfuTwcc twcc;
  size_t n;

  packet = packet_of (&bytes);
  g_assert_cmpint (packet.kind, ==, SFU_RTCP_TWCC);
  g_assert_true (sfu_twcc_parse (&packet, &twcc, packets, 32, &n));
  g_assert_cmpuint (twcc.base_seq, ==, 0xfffe);
  g_assert_cmpuint (twcc.count, ==, 7);
  g_assert_cmpuint (twcc.reference, ==, 2);
  g_assert_cmpuint (n, ==, 19);
  for (unsigned i = 0; i < 19; i++)
    {
      g_assert_cmpuint (packets[i].seq, ==, (uint16_t) (0xfffe + i));
      g_assert_cmpint (packets[i].received, ==, i < 2 || (i < 16 && i % 2 == 1) || i == 16);
    }
  g_assert_cmpint (packets[0].time_us, ==, 128000 + 1000);
  g_assert_cmpint (packets[1].time_us, ==, 128000 + 3000);
  g_assert_cmpint (packets[3].time_us, ==, 128000 + 3250);
  g_assert_cmpint (packets[16].time_us, ==, packets[15].time_us - 1000);
  g_assert_true (sfu_twcc_parse (&packet, &twcc, packets, 2, &n)); /* bounded by the caller's room */
  g_assert_cmpuint (n, ==, 2);
}

static const struct {
  const char *name, *hex;
} bad[] = {
  { "no header", "8fcd0003" HEAD "00010001" },
  { "no packets", "8fcd0004" HEAD "0001 0000 000001 00" },
  { "no chunk", "8fcd0004" HEAD "0001 0001 000001 00" },
  { "a run of 0 and nothing behind", "8fcd0005" HEAD "0001 0001 000001 00 2000 2000" },
  { "chunks for fewer packets", "8fcd0005" HEAD "0001 4000 000001 00 2001 2001" },
  { "reserved in a run", "8fcd0005" HEAD "0001 0001 000001 00 6001 0000" },
  { "reserved in a vector", "8fcd0005" HEAD "0001 0007 000001 00 ffff 0000" },
  { "no delta", "afcd0005" HEAD "0001 0001 000001 00 2001 0002" },
  { "half a large delta", "afcd0005" HEAD "0001 0001 000001 00 4001 0001" },
  { "fewer deltas than packets", "8fcd0005" HEAD "0001 0003 000001 00 2003 0101" },
};

static void
test_bad (gconstpointer index)
{
  g_auto (Bytes) bytes = bytes_of (bad[GPOINTER_TO_UINT (index)].hex);
  SfuRtcp packet = packet_of (&bytes);
  SfuTwccPacket packets[16];
  SfuTwcc twcc;
  size_t n;

  g_assert_cmpint (packet.kind, ==, SFU_RTCP_TWCC);
  g_assert_false (sfu_twcc_parse (&packet, &twcc, packets, 16, &n));
  packet.kind = SFU_RTCP_NACK;
  g_assert_false (sfu_twcc_parse (&packet, &twcc, packets, 16, &n));
}

/* 65,535 packets in runs cost no more than their chunks */
static void
test_long_runs (void)
{
  g_auto (Bytes) bytes = bytes_of ("8fcd0009" HEAD "0001 ffff 000001 00 1fff 1fff 1fff 1fff 1fff 1fff 1fff 1fff 0007 0000");
  SfuRtcp packet = packet_of (&bytes);
  SfuTwccPacket packets[8];
  SfuTwcc twcc;
  size_t n;

  g_assert_true (sfu_twcc_parse (&packet, &twcc, packets, 8, &n));
  g_assert_cmpuint (n, ==, 8);
  g_assert_cmpuint (twcc.n_status, ==, 65535);
}

/* Reads all that @receiver writes into @times (by sequence number; -1: lost, 0: not reported). Returns: packets written */
static unsigned
drain (SfuTwccReceiver *receiver, int64_t times[65536], size_t size)
{
  g_autofree uint8_t *data = g_malloc (size);
  SfuTwccPacket packets[SFU_TWCC_WINDOW];
  unsigned n_packets = 0;
  size_t len, n;

  while ((len = sfu_twcc_receiver_write (receiver, 1, 2, data, size)) > 0)
    {
      Bytes bytes = { data, len };
      SfuRtcp packet = packet_of (&bytes);
      SfuTwcc twcc;

      g_assert_cmpuint (len, <=, size);
      g_assert_cmpuint (len % 4, ==, 0);
      g_assert_true (sfu_twcc_parse (&packet, &twcc, packets, SFU_TWCC_WINDOW, &n));
      g_assert_cmpuint (n, ==, twcc.n_status);
      g_assert_cmpuint (twcc.sender, ==, 1);
      g_assert_cmpuint (twcc.media, ==, 2);
      g_assert_true (packets[n - 1].received);
      for (size_t i = 0; i < n; i++)
        times[packets[i].seq] = packets[i].received ? packets[i].time_us : -1;
      n_packets++;
    }
  g_assert_false (sfu_twcc_receiver_has (receiver));
  return n_packets;
}

static int64_t
rounded (int64_t time_us)
{
  return time_us / 250 * 250 % SFU_TWCC_WRAP_US;
}

static void
round_trip (GRand *rand, unsigned loss, int gap_us, size_t size)
{
  g_autofree SfuTwccReceiver *receiver = g_new0 (SfuTwccReceiver, 1);
  g_autofree int64_t *times = g_new0 (int64_t, 65536);
  g_autofree int64_t *sent = g_new0 (int64_t, 65536);
  int64_t now = (int64_t) g_rand_int (rand) * 1000;
  uint16_t base = (uint16_t) g_rand_int (rand);

  sfu_twcc_receiver_init (receiver);
  for (unsigned i = 0; i < 900; i++)
    {
      uint16_t seq = (uint16_t) (base + i);

      now += g_rand_int_range (rand, 0, gap_us);
      if (i > 0 && i < 899 && (unsigned) g_rand_int_range (rand, 0, 100) < loss)
        continue;
      sent[seq] = now;
      sfu_twcc_receiver_add (receiver, seq, now);
      sfu_twcc_receiver_add (receiver, seq, now + 777); /* a double changes nothing */
    }
  g_assert_cmpuint (drain (receiver, times, size), >, 0);
  for (unsigned i = 0; i < 900; i++)
    {
      uint16_t seq = (uint16_t) (base + i);

      if (sent[seq] == 0)
        g_assert_cmpint (times[seq], ==, -1);
      else
        g_assert_cmpint (times[seq], ==, rounded (sent[seq]));
    }
}

static void
test_round_trip (void)
{
  static const int gaps[] = { 2, 1000, 60000, 90000, 3000000 };
  static const unsigned losses[] = { 0, 1, 30, 50, 97 };
  static const size_t sizes[] = { SFU_TWCC_MIN_BYTES, 67, 200, 1200, 4000 };
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);

  for (unsigned i = 0; i < 5 * 5 * 5; i++)
    round_trip (rand, losses[i % 5], gaps[i / 5 % 5], sizes[i / 25]);
}

/* an arrival more than 8.19 s from the one before begins a new packet, whose reference time says where it stands */
static void
test_far_apart (void)
{
  g_autofree SfuTwccReceiver *receiver = g_new0 (SfuTwccReceiver, 1);
  g_autofree int64_t *times = g_new0 (int64_t, 65536);

  sfu_twcc_receiver_add (receiver, 1, 1000000);
  sfu_twcc_receiver_add (receiver, 2, 20000000);
  sfu_twcc_receiver_add (receiver, 3, 20000250);
  g_assert_cmpuint (drain (receiver, times, 1200), ==, 2);
  g_assert_cmpint (times[1], ==, 1000000);
  g_assert_cmpint (times[2], ==, 20000000);
  g_assert_cmpint (times[3], ==, 20000250);
}

/* reference time and arrivals over their common wrap after 12.4 days */
static void
test_clock_wrap (void)
{
  g_autofree SfuTwccReceiver *receiver = g_new0 (SfuTwccReceiver, 1);
  g_autofree int64_t *times = g_new0 (int64_t, 65536);

  sfu_twcc_receiver_add (receiver, 1, SFU_TWCC_WRAP_US - 1000);
  sfu_twcc_receiver_add (receiver, 2, SFU_TWCC_WRAP_US + 1000);
  g_assert_cmpuint (drain (receiver, times, 1200), ==, 1);
  g_assert_cmpint (times[1], ==, SFU_TWCC_WRAP_US - 1000);
  g_assert_cmpint (times[2], ==, SFU_TWCC_WRAP_US + 1000);
  sfu_twcc_receiver_add (receiver, 3, SFU_TWCC_WRAP_US + 64000);
  g_assert_cmpuint (drain (receiver, times, 1200), ==, 1);
  g_assert_cmpint (times[3], ==, 64000);
}

/* late packets are reported after all; what lies behind the window is not, nor does it crash */
static void
test_late (void)
{
  g_autofree SfuTwccReceiver *receiver = g_new0 (SfuTwccReceiver, 1);
  g_autofree int64_t *times = g_new0 (int64_t, 65536);

  g_assert_false (sfu_twcc_receiver_has (receiver));
  g_assert_cmpuint (drain (receiver, times, 1200), ==, 0);
  sfu_twcc_receiver_add (receiver, 10, 1000);
  sfu_twcc_receiver_add (receiver, 12, 2000);
  g_assert_cmpuint (drain (receiver, times, 1200), ==, 1);
  g_assert_cmpint (times[11], ==, -1);
  sfu_twcc_receiver_add (receiver, 11, 3000);
  sfu_twcc_receiver_add (receiver, 9, 4000); /* before the first */
  g_assert_cmpuint (drain (receiver, times, 1200), ==, 1);
  g_assert_cmpint (times[11], ==, 3000);
  g_assert_cmpint (times[9], ==, 4000);
  g_assert_cmpint (times[12], ==, 2000);

  sfu_twcc_receiver_add (receiver, 12 + SFU_TWCC_WINDOW, 5000);
  sfu_twcc_receiver_add (receiver, 12, 9000); /* just behind the window */
  g_assert_cmpuint (drain (receiver, times, 64), >=, 1);
  g_assert_cmpint (times[12], ==, 2000);
  g_assert_cmpint (times[13], ==, -1);
  g_assert_cmpint (times[12 + SFU_TWCC_WINDOW], ==, 5000);
  sfu_twcc_receiver_add (receiver, 32000, 6000); /* a jump over all of it */
  sfu_twcc_receiver_add (receiver, 32000 - 5, 7000);
  memset (times, 0, 65536 * sizeof *times);
  g_assert_cmpuint (drain (receiver, times, 1200), ==, 1);
  g_assert_cmpint (times[32000], ==, 6000);
  g_assert_cmpint (times[32000 - 5], ==, 7000);
  g_assert_cmpint (times[32000 - SFU_TWCC_WINDOW], ==, 0);
}

static void
test_counts (void)
{
  g_autofree SfuTwccReceiver *receiver = g_new0 (SfuTwccReceiver, 1);
  uint8_t data[100];

  for (unsigned i = 0; i < 300; i++)
    {
      sfu_twcc_receiver_add (receiver, (uint16_t) (65500 + i), 1000 * i);
      g_assert_cmpuint (sfu_twcc_receiver_write (receiver, 1, 2, data, SFU_TWCC_MIN_BYTES - 1), ==, 0);
      g_assert_cmpuint (sfu_twcc_receiver_write (receiver, 1, 2, data, sizeof data), ==, 24);
      g_assert_cmpuint (data[19], ==, i & 255);
      g_assert_cmpuint (data[12] << 8 | data[13], ==, (uint16_t) (65500 + i));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/twcc/chunks", test_chunks);
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *name = g_strdup_printf ("/sfu/twcc/bad/%s", bad[i].name);
      g_test_add_data_func (name, GUINT_TO_POINTER (i), test_bad);
    }
  g_test_add_func ("/sfu/twcc/long-runs", test_long_runs);
  g_test_add_func ("/sfu/twcc/round-trip", test_round_trip);
  g_test_add_func ("/sfu/twcc/far-apart", test_far_apart);
  g_test_add_func ("/sfu/twcc/clock-wrap", test_clock_wrap);
  g_test_add_func ("/sfu/twcc/late", test_late);
  g_test_add_func ("/sfu/twcc/counts", test_counts);
  return g_test_run ();
}
