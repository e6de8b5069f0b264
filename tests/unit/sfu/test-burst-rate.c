/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/burst-rate.h"

#include <glib.h>

#define MS INT64_C (1000)

/* A frame of @n packets of 1,200 bytes every 33 ms over a link of @bps; arrivals in steps of 250 us. */
static void
send_frames (SfuBurstRate *rate, unsigned frames, unsigned n, uint32_t bps, uint16_t *seq, int64_t *now_us)
{
  for (unsigned f = 0; f < frames; f++, *now_us += 33 * MS)
    for (unsigned i = 0; i < n; i++)
      sfu_burst_rate_add (rate, (*seq)++, 1200, *now_us,
                          (*now_us + 7777777 + (int64_t) ((i + 1) * 1200 * INT64_C (8000000) / bps)) / 250 * 250);
}

static void
test_rate (void)
{
  static const uint32_t links[] = { 300000, 2000000, 10000000, 50000000 };

  for (unsigned i = 0; i < G_N_ELEMENTS (links); i++)
    {
      SfuBurstRate rate = { 0 };
      uint16_t seq = 65530;
      int64_t now_us = 1;

      send_frames (&rate, SFU_BURSTS, 20, links[i], &seq, &now_us);
      g_assert_cmpuint (sfu_burst_rate_get_bps (&rate), ==, 0); /* the last one has not ended */
      send_frames (&rate, 1, 20, links[i], &seq, &now_us);
      g_assert_cmpuint (sfu_burst_rate_get_bps (&rate), >, links[i] * 0.9);
      g_assert_cmpuint (sfu_burst_rate_get_bps (&rate), <, links[i] * 1.1);
    }
}

/* Too little to tell, a gap, another order, packets that left one by one: none of them is a burst. */
static void
test_none (void)
{
  SfuBurstRate rate = { 0 };
  uint16_t seq = 0;
  int64_t now_us = 1;

  g_assert_cmpuint (sfu_burst_rate_get_bps (&rate), ==, 0);
  send_frames (&rate, 20, 3, 1000000, &seq, &now_us);
  for (unsigned i = 0; i < 100; i++)
    {
      sfu_burst_rate_add (&rate, (uint16_t) (2 * i), 1200, now_us, now_us + i * MS);
      sfu_burst_rate_add (&rate, (uint16_t) (1000 + i), 1200, now_us + i, now_us + i * MS);
      sfu_burst_rate_add (&rate, (uint16_t) (2000 + i), 1200, now_us, now_us - i * MS);
    }
  g_assert_cmpuint (sfu_burst_rate_get_bps (&rate), ==, 0);
}

/* A few that were held up, or came all at once, are not believed; a link that is another from now on is, after a few. */
static void
test_median (void)
{
  SfuBurstRate rate = { 0 };
  uint16_t seq = 0;
  int64_t now_us = 1;

  send_frames (&rate, 9, 10, 4000000, &seq, &now_us);
  send_frames (&rate, 2, 10, 100000, &seq, &now_us);
  send_frames (&rate, 1, 10, 1000000000, &seq, &now_us);
  g_assert_cmpuint (sfu_burst_rate_get_bps (&rate), >, 3600000);
  g_assert_cmpuint (sfu_burst_rate_get_bps (&rate), <, 4400000);
  send_frames (&rate, SFU_BURSTS / 2 + 1, 10, 300000, &seq, &now_us);
  g_assert_cmpuint (sfu_burst_rate_get_bps (&rate), <, 330000);
  send_frames (&rate, 20, 10, 4000000000u, &seq, &now_us); /* in no time: in one step of the receiver's clock */
  g_assert_cmpuint (sfu_burst_rate_get_bps (&rate), ==, 9 * 1200 * 8 * 4000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/burst-rate/rate", test_rate);
  g_test_add_func ("/sfu/burst-rate/none", test_none);
  g_test_add_func ("/sfu/burst-rate/median", test_median);
  return g_test_run ();
}
