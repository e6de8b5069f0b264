/* SPDX-License-Identifier: Apache-2.0 */
/* Point 33: many ask, the publisher hears it once per interval, until one comes (RFC 4585 §6.3.1, RFC 5104 §4.3.1). */
#include "sfu/keyframe.h"

#include <glib.h>

#define MS INT64_C (1000)

static void
test_coalesced (void)
{
  SfuKeyframe keyframe;
  unsigned sent = 0;

  sfu_keyframe_init (&keyframe, 0);
  g_assert_cmpint (sfu_keyframe_get_deadline (&keyframe, 0), ==, INT64_MAX);
  g_assert_false (sfu_keyframe_take (&keyframe, 0, 0));
  /* a storm of 1000 requests a second for 10 s while none comes */
  for (int64_t now_us = 0; now_us < 10000 * MS; now_us += MS)
    {
      sfu_keyframe_want (&keyframe, now_us);
      sent += sfu_keyframe_take (&keyframe, now_us, 20 * MS);
    }
  g_assert_cmpuint (sent, ==, 34);
  g_assert_cmpuint (keyframe.requests, ==, 34);
}

static void
test_repeated (void)
{
  SfuKeyframe keyframe;

  sfu_keyframe_init (&keyframe, 0);
  sfu_keyframe_want (&keyframe, 1000 * MS);
  g_assert_cmpint (sfu_keyframe_get_deadline (&keyframe, 0), ==, 1000 * MS);
  g_assert_true (sfu_keyframe_take (&keyframe, 1000 * MS, 0));
  g_assert_false (sfu_keyframe_take (&keyframe, 1299 * MS, 0));
  g_assert_true (sfu_keyframe_take (&keyframe, 1300 * MS, 0)); /* nobody asked again */
  sfu_keyframe_on_keyframe (&keyframe);
  g_assert_false (sfu_keyframe_take (&keyframe, 2000 * MS, 0));
  g_assert_cmpint (sfu_keyframe_get_deadline (&keyframe, 0), ==, INT64_MAX);
  /* the interval counts from the last request, also over a keyframe */
  sfu_keyframe_want (&keyframe, 1350 * MS);
  g_assert_cmpint (sfu_keyframe_get_deadline (&keyframe, 0), ==, 1600 * MS);
  g_assert_false (sfu_keyframe_take (&keyframe, 1350 * MS, 0));
  g_assert_true (sfu_keyframe_take (&keyframe, 1600 * MS, 0));
  g_assert_cmpuint (keyframe.keyframes, ==, 1);
}

static void
test_intervals (void)
{
  static const int64_t interval_ms[] = { 300, 500, 1000, 1000 };
  SfuKeyframe keyframe;

  for (unsigned layer = 0; layer < G_N_ELEMENTS (interval_ms); layer++)
    {
      sfu_keyframe_init (&keyframe, layer);
      sfu_keyframe_want (&keyframe, 0);
      g_assert_true (sfu_keyframe_take (&keyframe, 0, 0));
      g_assert_cmpint (sfu_keyframe_get_deadline (&keyframe, 0), ==, interval_ms[layer] * MS);
      /* the answer cannot be here before a round trip */
      g_assert_cmpint (sfu_keyframe_get_deadline (&keyframe, 1500 * MS), ==, 1500 * MS);
    }
}

static void
test_given_up (void)
{
  SfuKeyframe keyframe;
  unsigned sent = 0;

  sfu_keyframe_init (&keyframe, 2);
  sfu_keyframe_want (&keyframe, 0);
  for (int64_t now_us = 0; now_us < 60000 * MS; now_us += 10 * MS)
    sent += sfu_keyframe_take (&keyframe, now_us, 0);
  g_assert_cmpuint (sent, ==, 6);
  g_assert_cmpint (sfu_keyframe_get_deadline (&keyframe, 0), ==, INT64_MAX);
}

static void
test_asker (void)
{
  SfuKeyframeAsker asker = { 0 };
  unsigned taken = 0;

  for (int64_t now_us = 0; now_us < 10000 * MS; now_us += 10 * MS)
    taken += sfu_keyframe_may_ask (&asker, now_us);
  g_assert_cmpuint (taken, ==, SFU_KEYFRAME_ASKS);
  g_assert_true (sfu_keyframe_may_ask (&asker, 10000 * MS));
  g_assert_true (sfu_keyframe_may_ask (&asker, 60000 * MS));
}

static void
test_fir (void)
{
  SfuKeyframe keyframe;
  uint8_t first;

  sfu_keyframe_init (&keyframe, 0);
  first = sfu_keyframe_next_fir (&keyframe);
  for (unsigned i = 1; i < 600; i++)
    g_assert_cmpuint (sfu_keyframe_next_fir (&keyframe), ==, (uint8_t) (first + i));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/keyframe/coalesced", test_coalesced);
  g_test_add_func ("/sfu/keyframe/repeated", test_repeated);
  g_test_add_func ("/sfu/keyframe/intervals", test_intervals);
  g_test_add_func ("/sfu/keyframe/given-up", test_given_up);
  g_test_add_func ("/sfu/keyframe/asker", test_asker);
  g_test_add_func ("/sfu/keyframe/fir", test_fir);
  return g_test_run ();
}
