/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>

#include "server/load/playback.h"

/* packet @part of @of of frame @frame, which has the packets from @index - @part */
static unsigned
add (LoadPlayback *playback, int64_t index, unsigned frame, unsigned part, unsigned of, bool keyframe, int64_t now_ms)
{
  const LoadPlaybackPacket packet = { .index = index, .timestamp = frame * 3000, .start = part == 0, .marker = part == of - 1,
                                      .keyframe = keyframe && part == 0 };

  return load_playback_add (playback, &packet, now_ms * 1000);
}

static void
test_frames (void)
{
  LoadPlayback playback;

  load_playback_init (&playback);
  g_assert_cmpuint (add (&playback, 1000, 1, 0, 1, false, 1), ==, 0); /* nothing before a keyframe */
  g_assert_true (load_playback_wants_keyframe (&playback));
  g_assert_cmpuint (add (&playback, 1001, 2, 0, 2, true, 2), ==, 0);
  g_assert_cmpuint (add (&playback, 1002, 2, 1, 2, true, 3), ==, 1);
  g_assert_cmpint (playback.first_us, ==, 3000);
  g_assert_false (load_playback_wants_keyframe (&playback));
  /* the frame behind comes whole before the one in front: both when that is there */
  g_assert_cmpuint (add (&playback, 1005, 4, 0, 1, false, 4), ==, 0);
  g_assert_cmpuint (add (&playback, 1003, 3, 0, 2, false, 4), ==, 0);
  g_assert_cmpuint (add (&playback, 1004, 3, 1, 2, false, 5), ==, 2);
  g_assert_cmpuint (playback.frames, ==, 3);
  g_assert_cmpuint (add (&playback, 1004, 3, 1, 2, false, 5), ==, 0); /* again: nothing new */
}

/* a packet that never comes: frames behind it are useless until the next keyframe, which is the way on */
static void
test_loss (void)
{
  LoadPlayback playback;

  load_playback_init (&playback);
  g_assert_cmpuint (add (&playback, 1, 1, 0, 1, true, 0), ==, 1);
  for (unsigned i = 0; i < 9; i++)
    g_assert_cmpuint (add (&playback, 3 + i, 3 + i, 0, 1, false, 30 * i), ==, 0);
  g_assert_cmpuint (add (&playback, 12, 12, 0, 2, true, 400), ==, 0);
  g_assert_cmpuint (add (&playback, 13, 12, 1, 2, true, 400), ==, 1);
  g_assert_cmpuint (add (&playback, 14, 13, 0, 1, false, 430), ==, 1);
  g_assert_cmpuint (playback.frames, ==, 3);
}

static void
test_gives_up (void)
{
  LoadPlayback playback;

  load_playback_init (&playback);
  g_assert_cmpuint (add (&playback, 1, 1, 0, 1, true, 0), ==, 1);
  for (unsigned i = 0; i < LOAD_PLAYBACK_WINDOW + 2; i++)
    g_assert_cmpuint (add (&playback, 3 + i, 3 + i, 0, 1, false, i), ==, 0);
  g_assert_true (load_playback_wants_keyframe (&playback));
}

static void
test_freezes (void)
{
  LoadPlayback playback;
  int64_t now_ms = 1000;
  unsigned n = 1;

  load_playback_init (&playback);
  (void) add (&playback, n, n, 0, 1, true, now_ms);
  load_playback_restart (&playback, 1000 * 1000);
  for (n = 2; n < 20; n++)
    (void) add (&playback, n, n, 0, 1, false, now_ms += 33);
  g_assert_cmpuint (playback.freezes, ==, 0);
  (void) add (&playback, n, n, 0, 1, false, now_ms += 500); /* just not */
  g_assert_cmpuint (playback.freezes, ==, 0);
  n++;
  (void) add (&playback, n, n, 0, 1, false, now_ms += 501);
  g_assert_cmpuint (playback.freezes, ==, 1);
  g_assert_cmpint (playback.frozen_us, ==, 501 * 1000);
  load_playback_end (&playback, (now_ms + 700) * 1000); /* and then it stood still */
  g_assert_cmpuint (playback.freezes, ==, 2);
  g_assert_cmpint (playback.longest_us, ==, 700 * 1000);
}

/* what was before the measurement does not count; a picture that never came does */
static void
test_freeze_from_restart (void)
{
  LoadPlayback playback;

  load_playback_init (&playback);
  (void) add (&playback, 1, 1, 0, 1, true, 1000);
  load_playback_restart (&playback, 9000 * 1000);
  (void) add (&playback, 2, 2, 0, 1, false, 9400);
  g_assert_cmpuint (playback.freezes, ==, 0);
  load_playback_init (&playback);
  load_playback_restart (&playback, 9000 * 1000);
  load_playback_end (&playback, 12000 * 1000);
  g_assert_cmpuint (playback.freezes, ==, 1);
  g_assert_cmpint (playback.frozen_us, ==, 3000 * 1000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/server/playback/frames", test_frames);
  g_test_add_func ("/server/playback/loss", test_loss);
  g_test_add_func ("/server/playback/gives-up", test_gives_up);
  g_test_add_func ("/server/playback/freezes", test_freezes);
  g_test_add_func ("/server/playback/freeze-from-restart", test_freeze_from_restart);
  return g_test_run ();
}
