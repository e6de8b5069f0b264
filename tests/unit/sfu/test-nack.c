/* SPDX-License-Identifier: Apache-2.0 */
/* Point 31: what is asked for, when, how often, and when a keyframe is better (RFC 4585 §6.2.1). */
#include "sfu/nack.h"

#include <glib.h>
#include <string.h>

#define MS INT64_C (1000)
#define BASE UINT64_C (0x1fff0) /* near a wrap of the sequence number */

static SfuNack nack;
static uint16_t seqs[SFU_NACK_MAX];
static const SfuFrame delta = { .codec = SFU_CODEC_VP8 };

static void
start (void)
{
  memset (&nack, 0, sizeof nack);
  sfu_nack_init (&nack);
  sfu_nack_on_packet (&nack, BASE, &delta, 0);
}

static void
test_retry (void)
{
  start ();
  sfu_nack_on_packet (&nack, BASE + 1, &delta, 0);
  g_assert_cmpint (sfu_nack_get_deadline (&nack, 0, 50 * MS), ==, INT64_MAX);
  sfu_nack_on_packet (&nack, BASE + 20, &delta, 100 * MS);
  sfu_nack_on_packet (&nack, BASE + 5, &delta, 105 * MS); /* late only */
  /* not before it may be more than reordering */
  g_assert_cmpuint (sfu_nack_list (&nack, 109 * MS, 50 * MS, seqs, SFU_NACK_MAX), ==, 0);
  g_assert_cmpint (sfu_nack_get_deadline (&nack, 105 * MS, 50 * MS), ==, 110 * MS);
  g_assert_cmpuint (sfu_nack_list (&nack, 110 * MS, 50 * MS, seqs, SFU_NACK_MAX), ==, 17);
  g_assert_cmpuint (seqs[0], ==, (uint16_t) (BASE + 2));
  g_assert_cmpuint (seqs[3], ==, (uint16_t) (BASE + 6));
  g_assert_cmpuint (seqs[16], ==, (uint16_t) (BASE + 19));
  /* one outstanding request per packet and round trip */
  g_assert_cmpuint (sfu_nack_list (&nack, 159 * MS, 50 * MS, seqs, SFU_NACK_MAX), ==, 0);
  g_assert_cmpint (sfu_nack_get_deadline (&nack, 111 * MS, 50 * MS), ==, 160 * MS);
  for (uint64_t i = 2; i < 19; i++)
    if (i != 5)
      sfu_nack_on_packet (&nack, BASE + i, &delta, 130 * MS);
  g_assert_cmpuint (sfu_nack_list (&nack, 160 * MS, 50 * MS, seqs, SFU_NACK_MAX), ==, 1);
  g_assert_cmpuint (seqs[0], ==, (uint16_t) (BASE + 19));
  sfu_nack_on_packet (&nack, BASE + 19, &delta, 170 * MS);
  g_assert_cmpint (sfu_nack_get_deadline (&nack, 170 * MS, 50 * MS), ==, INT64_MAX);
  g_assert_false (sfu_nack_take_keyframe_wanted (&nack));
  g_assert_cmpuint (nack.asked, ==, 18);
}

static void
test_tries (void)
{
  unsigned asked = 0;

  start ();
  sfu_nack_on_packet (&nack, BASE + 2, &delta, 0);
  for (int64_t now_us = 0; now_us < 3000 * MS; now_us += 5 * MS)
    asked += sfu_nack_list (&nack, now_us, 50 * MS, seqs, SFU_NACK_MAX);
  g_assert_cmpuint (asked, ==, SFU_NACK_TRIES);
  g_assert_cmpuint (nack.given_up, ==, 1);
  g_assert_true (sfu_nack_take_keyframe_wanted (&nack));
  g_assert_false (sfu_nack_take_keyframe_wanted (&nack));
  g_assert_cmpint (sfu_nack_get_deadline (&nack, 3000 * MS, 50 * MS), ==, INT64_MAX);
}

static void
test_age (void)
{
  start ();
  sfu_nack_on_packet (&nack, BASE + 2, &delta, 0);
  for (uint64_t i = 0; i < SFU_NACK_BEHIND - 1; i++)
    sfu_nack_on_packet (&nack, BASE + 3 + i, &delta, 20 * MS);
  g_assert_cmpuint (sfu_nack_list (&nack, 20 * MS, 50 * MS, seqs, 1), ==, 1);
  sfu_nack_on_packet (&nack, BASE + 2 + SFU_NACK_BEHIND, &delta, 100 * MS);
  g_assert_cmpuint (sfu_nack_list (&nack, 100 * MS, 50 * MS, seqs, 1), ==, 0);
  g_assert_true (sfu_nack_take_keyframe_wanted (&nack));

  start ();
  sfu_nack_on_packet (&nack, BASE + 2, &delta, 0);
  g_assert_cmpuint (sfu_nack_list (&nack, SFU_NACK_AGE_US + MS, 50 * MS, seqs, 1), ==, 0);
  g_assert_true (sfu_nack_take_keyframe_wanted (&nack));
}

/* A gap of any size costs no more than the list. */
static void
test_bounded (void)
{
  start ();
  sfu_nack_on_packet (&nack, BASE + 100000, &delta, 0);
  g_assert_true (sfu_nack_take_keyframe_wanted (&nack));
  g_assert_cmpuint (sfu_nack_list (&nack, 20 * MS, 50 * MS, seqs, SFU_NACK_MAX), ==, SFU_NACK_MAX);
  g_assert_cmpuint (seqs[0], ==, (uint16_t) (BASE + 100000 - SFU_NACK_MAX));
  sfu_nack_on_packet (&nack, BASE + 100300, &delta, 30 * MS);
  g_assert_cmpuint (sfu_nack_list (&nack, 40 * MS, 50 * MS, seqs, 100), ==, 100);
  g_assert_cmpuint (sfu_nack_list (&nack, 40 * MS, 50 * MS, seqs, SFU_NACK_MAX), ==, 199);
}

/* What was missing before a whole keyframe is of no use; before half a keyframe it still is. */
static void
test_keyframe (void)
{
  SfuFrame first = { .codec = SFU_CODEC_VP8, .keyframe = true, .start = true };
  SfuFrame last = { .codec = SFU_CODEC_VP8, .keyframe = true, .end = true, .picture_end = true };

  start ();
  sfu_nack_on_packet (&nack, BASE + 5, &first, 0);
  sfu_nack_on_packet (&nack, BASE + 7, &last, 0); /* 1 to 4 and 6 are missing */
  g_assert_cmpuint (sfu_nack_list (&nack, 10 * MS, 50 * MS, seqs, SFU_NACK_MAX), ==, 5);
  sfu_nack_on_packet (&nack, BASE + 6, &delta, 20 * MS);
  g_assert_cmpint (sfu_nack_get_deadline (&nack, 20 * MS, 50 * MS), ==, INT64_MAX);
  g_assert_false (sfu_nack_take_keyframe_wanted (&nack));
  /* what is lost behind it is asked for again */
  sfu_nack_on_packet (&nack, BASE + 9, &delta, 30 * MS);
  g_assert_cmpuint (sfu_nack_list (&nack, 40 * MS, 50 * MS, seqs, SFU_NACK_MAX), ==, 1);
}

static void
test_audio (void)
{
  memset (&nack, 0, sizeof nack);
  sfu_nack_init (&nack);
  sfu_nack_on_packet (&nack, BASE, NULL, 0);
  sfu_nack_on_packet (&nack, BASE + 5000, NULL, 0);
  g_assert_false (sfu_nack_take_keyframe_wanted (&nack));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/nack/retry", test_retry);
  g_test_add_func ("/sfu/nack/tries", test_tries);
  g_test_add_func ("/sfu/nack/age", test_age);
  g_test_add_func ("/sfu/nack/bounded", test_bounded);
  g_test_add_func ("/sfu/nack/keyframe", test_keyframe);
  g_test_add_func ("/sfu/nack/audio", test_audio);
  return g_test_run ();
}
