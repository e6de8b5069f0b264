/* SPDX-License-Identifier: Apache-2.0 */
/* Point 26: who is heard of many; who is the speaker. */
#include "sfu/speakers.h"

#include <string.h>

#define MS INT64_C (1000)
#define N 20

static SfuSpeakers *speakers;
static int64_t now_us;
static unsigned changes[3]; /* of the active, the dominant, the order */
static uint8_t loud[N + 1];

static void
start (unsigned n_active, unsigned n_tracks)
{
  speakers = sfu_speakers_new (n_active);
  now_us = 1000 * MS;
  memset (loud, 0, sizeof loud);
  for (uint64_t track = 1; track <= n_tracks; track++)
    sfu_speakers_add (speakers, track);
  sfu_speakers_update (speakers, now_us);
  memset (changes, 0, sizeof changes);
}

static void
run (unsigned ms)
{
  for (int64_t end_us = now_us + ms * MS; now_us < end_us; now_us += 20 * MS)
    {
      unsigned changed;

      for (uint64_t track = 1; track <= N; track++)
        sfu_speakers_on_loudness (speakers, track, loud[track], now_us);
      changed = sfu_speakers_update (speakers, now_us);
      for (unsigned i = 0; i < 3; i++)
        changes[i] += (changed >> i & 1);
    }
}

static bool
is_active (uint64_t track)
{
  unsigned n, found = 0;
  const uint64_t *active = sfu_speakers_get_active (speakers, &n);

  for (unsigned i = 0; i < n; i++)
    found += active[i] == track;
  g_assert_cmpuint (found, <=, 1);
  return found > 0;
}

/* In a small room all are heard from the start. */
static void
test_small (void)
{
  unsigned n;

  start (3, 2);
  sfu_speakers_get_active (speakers, &n);
  g_assert_cmpuint (n, ==, 2);
  sfu_speakers_add (speakers, 3);
  sfu_speakers_add (speakers, 3);
  sfu_speakers_add (speakers, 4);
  g_assert_cmpuint (sfu_speakers_update (speakers, now_us) & SFU_SPEAKERS_ACTIVE, !=, 0);
  g_assert_true (is_active (1) && is_active (2) && is_active (3) && !is_active (4));
  sfu_speakers_remove (speakers, 2);
  run (20);
  g_assert_true (is_active (4)); /* a free place is filled */
  sfu_speakers_free (speakers);
}

/* A new speaker gets in within 200 ms, and not by a click of 60 ms. */
static void
test_entry (void)
{
  start (3, N);
  loud[9] = 90;
  run (60);
  loud[9] = 0;
  run (500);
  g_assert_false (is_active (9));
  loud[9] = 90;
  run (100);
  g_assert_false (is_active (9));
  run (60);
  g_assert_true (is_active (9));
  g_assert_cmpuint (changes[0], ==, 1);
  sfu_speakers_free (speakers);
}

/* Five who talk at once, about as loud: the places do not flap. Whoever stays keeps his place in the list. */
static void
test_stable (void)
{
  GRand *rand = g_rand_new_with_seed (3);

  start (3, N);
  for (unsigned i = 0; i < 500; i++)
    {
      for (unsigned track = 10; track < 15; track++)
        loud[track] = (uint8_t) g_rand_int_range (rand, 85, 92);
      run (20);
    }
  g_assert_cmpuint (changes[0], <=, 6);
  /* a much louder one displaces one, and only one */
  memset (changes, 0, sizeof changes);
  loud[2] = 110;
  for (unsigned i = 0; i < 100; i++)
    {
      for (unsigned track = 10; track < 15; track++)
        loud[track] = (uint8_t) g_rand_int_range (rand, 85, 92);
      run (20);
    }
  g_assert_true (is_active (2));
  g_assert_cmpuint (changes[0], ==, 1);
  g_rand_free (rand);
  sfu_speakers_free (speakers);
}

/* Two who answer each other do not throw each other out while a third place is silent. */
static void
test_turns (void)
{
  start (2, 5);
  for (unsigned i = 0; i < 20; i++)
    {
      loud[4] = i % 2 == 0 ? 90 : 0;
      loud[5] = i % 2 == 0 ? 0 : 90;
      run (800);
    }
  g_assert_true (is_active (4) && is_active (5));
  g_assert_cmpuint (changes[0], ==, 2);
  sfu_speakers_free (speakers);
}

static void
test_dominant (void)
{
  start (3, N);
  g_assert_cmpuint (sfu_speakers_get_dominant (speakers), ==, 0);
  loud[5] = 90;
  run (280);
  g_assert_cmpuint (sfu_speakers_get_dominant (speakers), ==, 0);
  run (100);
  g_assert_cmpuint (sfu_speakers_get_dominant (speakers), ==, 5);
  run (3000);
  /* a cough of 200 ms while the other talks */
  loud[6] = 120;
  run (200);
  loud[6] = 0;
  run (1000);
  g_assert_cmpuint (sfu_speakers_get_dominant (speakers), ==, 5);
  /* a pause keeps it */
  loud[5] = 0;
  run (5000);
  g_assert_cmpuint (sfu_speakers_get_dominant (speakers), ==, 5);
  loud[6] = 90;
  run (500);
  g_assert_cmpuint (sfu_speakers_get_dominant (speakers), ==, 6);
  g_assert_cmpuint (changes[1], ==, 2);
  sfu_speakers_free (speakers);
}

static void
test_muted (void)
{
  start (3, N);
  loud[5] = loud[6] = 90;
  run (1000);
  g_assert_true (is_active (5));
  sfu_speakers_set_muted (speakers, 5, true);
  sfu_speakers_set_muted (speakers, 6, true);
  run (1000);
  g_assert_false (is_active (5) || is_active (6));
  g_assert_cmpuint (sfu_speakers_get_dominant (speakers), ==, 0);
  for (uint64_t track = 1; track <= N; track++)
    sfu_speakers_set_muted (speakers, track, true);
  for (uint64_t track = 1; track <= N; track++)
    g_assert_false (is_active (track));
  sfu_speakers_set_muted (speakers, 5, false);
  run (20);
  g_assert_true (is_active (5));
  sfu_speakers_free (speakers);
}

static void
test_order (void)
{
  uint64_t list[N], few[2];

  start (3, 6);
  g_assert_cmpuint (sfu_speakers_list (speakers, list, N), ==, 6);
  for (uint64_t i = 0; i < 6; i++)
    g_assert_cmpuint (list[i], ==, i + 1);
  for (unsigned i = 0; i < 2; i++)
    {
      memset (loud, 0, sizeof loud);
      loud[i == 0 ? 4 : 5] = 95;
      run (3000);
    }
  g_assert_cmpuint (changes[2], >=, 2);
  sfu_speakers_list (speakers, list, N);
  g_assert_cmpuint (list[0], ==, 5);
  g_assert_cmpuint (list[1], ==, 4);
  g_assert_cmpuint (list[2], ==, 1);
  g_assert_cmpuint (sfu_speakers_list (speakers, few, 2), ==, 2);
  g_assert_cmpuint (few[1], ==, 4);
  sfu_speakers_free (speakers);
}

/* Whatever happens: never more than N, never the muted, never who is gone; and the sums do not drift. */
static void
test_random (void)
{
  GRand *rand = g_rand_new_with_seed (4);

  start (3, 0);
  for (unsigned i = 0; i < 20000; i++)
    {
      uint64_t track = (uint64_t) g_rand_int_range (rand, 1, N + 1);
      unsigned n;
      const uint64_t *active;

      switch (g_rand_int_range (rand, 0, 6))
        {
        case 0: sfu_speakers_add (speakers, track); break;
        case 1: sfu_speakers_remove (speakers, track); break;
        case 2: sfu_speakers_set_muted (speakers, track, g_rand_boolean (rand)); break;
        case 3: sfu_speakers_set_n_active (speakers, (unsigned) g_rand_int_range (rand, 1, 6)); break;
        default: loud[track] = (uint8_t) g_rand_int_range (rand, 0, 128); break;
        }
      run (20);
      active = sfu_speakers_get_active (speakers, &n);
      g_assert_cmpuint (n, <=, 6);
      for (unsigned j = 0; j < n; j++)
        g_assert_true (is_active (active[j]));
    }
  for (uint64_t track = 1; track <= N; track++)
    sfu_speakers_remove (speakers, track);
  run (20);
  for (uint64_t track = 0; track <= N; track++)
    g_assert_false (is_active (track));
  g_assert_cmpuint (sfu_speakers_get_dominant (speakers), ==, 0);
  g_rand_free (rand);
  sfu_speakers_free (speakers);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/speakers/small", test_small);
  g_test_add_func ("/sfu/speakers/entry", test_entry);
  g_test_add_func ("/sfu/speakers/stable", test_stable);
  g_test_add_func ("/sfu/speakers/turns", test_turns);
  g_test_add_func ("/sfu/speakers/dominant", test_dominant);
  g_test_add_func ("/sfu/speakers/muted", test_muted);
  g_test_add_func ("/sfu/speakers/order", test_order);
  g_test_add_func ("/sfu/speakers/random", test_random);
  return g_test_run ();
}
