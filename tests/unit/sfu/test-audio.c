/* SPDX-License-Identifier: Apache-2.0 */
/* Point 26: levels of RFC 6464, read before anything is dropped. */
#include "sfu/audio.h"

#include <glib.h>

#define MS INT64_C (1000)

static int64_t
feed (SfuAudio *audio, uint8_t level, bool voice, unsigned n, int64_t ptime_us, int64_t now_us)
{
  for (; n > 0; n--, now_us += ptime_us)
    sfu_audio_on_packet (audio, level, voice, now_us);
  return now_us;
}

static void
test_smoothed (void)
{
  SfuAudio audio = { 0 };
  int64_t now_us = MS;

  g_assert_cmpuint (sfu_audio_get_loudness (&audio, now_us), ==, 0);
  now_us = feed (&audio, 20, true, 1, 20 * MS, now_us);
  g_assert_cmpuint (sfu_audio_get_loudness (&audio, now_us), <, 70); /* one click is not speech */
  now_us = feed (&audio, 20, true, 2, 20 * MS, now_us);
  g_assert_cmpuint (sfu_audio_get_loudness (&audio, now_us), >, 85);
  now_us = feed (&audio, 20, true, 20, 20 * MS, now_us);
  g_assert_cmpuint (sfu_audio_get_loudness (&audio, now_us), >=, 105);
  g_assert_cmpuint (sfu_audio_get_loudness (&audio, now_us), <=, 107);
  now_us = feed (&audio, 127, false, 3, 20 * MS, now_us);
  g_assert_cmpuint (sfu_audio_get_loudness (&audio, now_us), >, 40); /* between two words */
  now_us = feed (&audio, 127, false, 8, 20 * MS, now_us);
  g_assert_cmpuint (sfu_audio_get_loudness (&audio, now_us), <, 15);
}

/* A DTX sender sends nothing while it is silent; then it begins anew. */
static void
test_silent (void)
{
  SfuAudio audio = { 0 };
  int64_t now_us = feed (&audio, 20, true, 50, 20 * MS, MS);

  g_assert_cmpuint (sfu_audio_get_loudness (&audio, now_us + 300 * MS), >, 90);
  g_assert_cmpuint (sfu_audio_get_loudness (&audio, now_us + 400 * MS), ==, 0);
  feed (&audio, 20, true, 1, 20 * MS, now_us + 1000 * MS);
  g_assert_cmpuint (sfu_audio_get_loudness (&audio, now_us + 1000 * MS), <, 70);
}

static void
test_voice (void)
{
  SfuAudio voice = { 0 }, noise = { 0 };
  int64_t now_us = feed (&voice, 35, true, 50, 20 * MS, MS);

  feed (&noise, 30, false, 50, 20 * MS, MS);
  g_assert_cmpuint (sfu_audio_get_loudness (&voice, now_us), >, sfu_audio_get_loudness (&noise, now_us));
  g_assert_cmpuint (sfu_audio_get_loudness (&noise, now_us), >, 80);
}

/* Frames of 10 and of 60 ms come out alike. */
static void
test_ptime (void)
{
  SfuAudio ten = { 0 }, sixty = { 0 };
  int64_t now_us;

  feed (&ten, 30, true, 30, 10 * MS, MS);
  now_us = feed (&sixty, 30, true, 5, 60 * MS, MS);
  g_assert_cmpint (ABS (sfu_audio_get_loudness (&ten, now_us) - sfu_audio_get_loudness (&sixty, now_us)), <=, 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/audio/smoothed", test_smoothed);
  g_test_add_func ("/sfu/audio/silent", test_silent);
  g_test_add_func ("/sfu/audio/voice", test_voice);
  g_test_add_func ("/sfu/audio/ptime", test_ptime);
  return g_test_run ();
}
