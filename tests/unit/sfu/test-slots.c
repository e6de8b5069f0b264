/* SPDX-License-Identifier: Apache-2.0 */
/* Which tracks stand in which slots: pairs for lip sync, places that last, never one's own. */
#include "sfu/slots.h"

#include <glib.h>
#include <string.h>

#define MAX_TRACKS 200
#define MIC(peer) ((peer) *10 + SFU_SOURCE_MIC + 1)
#define CAMERA(peer) ((peer) *10 + SFU_SOURCE_CAMERA + 1)
#define SCREEN(peer) ((peer) *10 + SFU_SOURCE_SCREEN + 1)
#define SCREEN_AUDIO(peer) ((peer) *10 + SFU_SOURCE_SCREEN_AUDIO + 1)

static SfuSlotsTrack tracks[MAX_TRACKS];
static uint64_t heard[16], order[MAX_TRACKS];
static SfuWant wants[16];
static SfuSlotsRoom room;
static SfuSlots slots;
static uint64_t audio_changed, video_changed;

static void
start (unsigned n_audio, unsigned n_video)
{
  room = (SfuSlotsRoom){ .tracks = tracks, .heard = heard, .order = order, .wants = wants };
  sfu_slots_init (&slots, 99, n_audio, n_video);
}

static void
add (uint64_t peer, SfuSource source)
{
  SfuKind kind = source == SFU_SOURCE_MIC || source == SFU_SOURCE_SCREEN_AUDIO ? SFU_AUDIO : SFU_VIDEO;

  tracks[room.n_tracks++] = (SfuSlotsTrack){ .track = peer * 10 + source + 1, .peer = peer, .kind = kind, .source = source };
}

static void
join (uint64_t peer)
{
  add (peer, SFU_SOURCE_MIC);
  add (peer, SFU_SOURCE_CAMERA);
}

static void
leave (uint64_t peer)
{
  unsigned n = 0;

  for (unsigned i = 0; i < room.n_tracks; i++)
    if (tracks[i].peer != peer)
      tracks[n++] = tracks[i];
  room.n_tracks = n;
}

static void
hear (uint64_t a, uint64_t b, uint64_t c)
{
  uint64_t peers[] = { a, b, c };

  room.n_heard = 0;
  for (unsigned i = 0; i < 3; i++)
    if (peers[i] != 0)
      heard[room.n_heard++] = MIC (peers[i]);
}

static bool
assign (void)
{
  return sfu_slots_assign (&slots, &room, &audio_changed, &video_changed);
}

static int
find (const uint64_t *of, uint64_t track)
{
  for (int i = 0; i < SFU_SLOTS_MAX; i++)
    if (of[i] == track)
      return i;
  return -1;
}

/* Who is heard and seen has a pair; nothing changes when nothing has changed. */
static void
test_pairs (void)
{
  start (3, 3);
  for (uint64_t peer = 1; peer <= 3; peer++)
    join (peer);
  join (99); /* oneself */
  hear (3, 1, 99);
  g_assert_true (assign ());
  g_assert_cmpint (find (slots.audio, MIC (3)), ==, find (slots.video, CAMERA (3)));
  g_assert_cmpint (find (slots.audio, MIC (1)), ==, find (slots.video, CAMERA (1)));
  g_assert_cmpint (find (slots.video, CAMERA (2)), >=, 0);
  g_assert_cmpint (find (slots.video, CAMERA (99)), ==, -1);
  g_assert_cmpint (find (slots.audio, MIC (99)), ==, -1);
  g_assert_false (assign ());
  /* another speaks instead of 3: only his slot changes */
  hear (2, 1, 0);
  g_assert_true (assign ());
  g_assert_cmpuint (video_changed, ==, 0);
  g_assert_cmpint (find (slots.audio, MIC (2)), ==, find (slots.video, CAMERA (2)));
  g_assert_cmpuint (audio_changed, ==, 1u << find (slots.audio, MIC (2)) | 1u << find (slots.video, CAMERA (3)));
}

/* A voice that stands beside another's face makes way for that one's voice. */
static void
test_make_way (void)
{
  start (2, 2);
  add (1, SFU_SOURCE_MIC); /* no camera */
  join (2);
  join (3);
  hear (1, 0, 0);
  assign ();
  hear (1, 2, 0);
  assign ();
  g_assert_cmpint (find (slots.audio, MIC (2)), ==, find (slots.video, CAMERA (2)));
  hear (1, 3, 0);
  assign ();
  g_assert_cmpuint (video_changed, ==, 0);
  g_assert_cmpint (find (slots.audio, MIC (3)), ==, find (slots.video, CAMERA (3)));
  g_assert_cmpint (find (slots.audio, MIC (1)), >=, 0);
}

/* More faces than voices: faces that are not heard leave the pairs free; a face moves to a free pair, else it stays. */
static void
test_few_voices (void)
{
  start (2, 6);
  for (uint64_t peer = 1; peer <= 4; peer++)
    join (peer);
  assign ();
  for (uint64_t peer = 1; peer <= 4; peer++)
    g_assert_cmpint (find (slots.video, CAMERA (peer)), >=, 2);
  hear (3, 0, 0);
  assign ();
  g_assert_cmpint (find (slots.video, CAMERA (3)), <, 2);
  g_assert_cmpint (find (slots.audio, MIC (3)), ==, find (slots.video, CAMERA (3)));
  hear (3, 4, 0);
  assign ();
  g_assert_cmpint (find (slots.audio, MIC (4)), ==, find (slots.video, CAMERA (4)));
  hear (1, 2, 0); /* both pairs have a face already: no face moves for them */
  assign ();
  g_assert_cmpuint (video_changed, ==, 0);
  g_assert_cmpint (find (slots.audio, MIC (1)), >=, 0);
  g_assert_cmpint (find (slots.audio, MIC (2)), >=, 0);
}

/* room.view: by priority, then size; what is not wanted is not shown; unknown, own and silent ones are passed over. */
static void
test_wants (void)
{
  start (3, 2);
  for (uint64_t peer = 1; peer <= 4; peer++)
    join (peer);
  join (99);
  wants[0] = (SfuWant){ .track = CAMERA (1), .width = 320, .height = 180, .priority = 1 };
  wants[1] = (SfuWant){ .track = CAMERA (2), .width = 1280, .height = 720, .priority = 1 };
  wants[2] = (SfuWant){ .track = CAMERA (3), .width = 160, .height = 90, .priority = 2 };
  wants[3] = (SfuWant){ .track = CAMERA (99), .width = 1280, .height = 720, .priority = 9 };
  wants[4] = (SfuWant){ .track = 123456, .width = 1280, .height = 720, .priority = 9 };
  wants[5] = (SfuWant){ .track = MIC (1), .width = 1280, .height = 720, .priority = 9 };
  room.n_wants = 6;
  assign ();
  g_assert_cmpint (find (slots.video, CAMERA (3)), >=, 0);
  g_assert_cmpint (find (slots.video, CAMERA (2)), >=, 0);
  tracks[5].silent = true; /* camera of 3 */
  assign ();
  g_assert_cmpint (find (slots.video, CAMERA (3)), ==, -1);
  g_assert_cmpint (find (slots.video, CAMERA (1)), >=, 0);
  room.n_wants = 1;
  assign ();
  g_assert_cmpuint (slots.video[0] + slots.video[1], ==, CAMERA (1));
  memset (slots.video, 0, sizeof slots.video);
}

/* Without wants: screens, then who spoke last, then who came first; last-N */
static void
test_order (void)
{
  start (3, 3);
  for (uint64_t peer = 1; peer <= 6; peer++)
    join (peer);
  add (6, SFU_SOURCE_SCREEN);
  add (6, SFU_SOURCE_SCREEN_AUDIO);
  order[0] = MIC (5);
  order[1] = MIC (4);
  room.n_order = 2;
  hear (5, 4, 1);
  assign ();
  g_assert_cmpint (find (slots.video, SCREEN (6)), >=, 0);
  g_assert_cmpint (find (slots.video, CAMERA (5)), >=, 0);
  g_assert_cmpint (find (slots.video, CAMERA (4)), >=, 0);
  g_assert_cmpint (find (slots.audio, SCREEN_AUDIO (6)), ==, find (slots.video, SCREEN (6)));
  g_assert_cmpint (find (slots.audio, MIC (1)), ==, -1); /* two voices and the screen's sound are three */
  room.n_order = 0;
  room.last_n = 2;
  assign ();
  g_assert_cmpint (find (slots.video, CAMERA (1)), >=, 0);
  g_assert_cmpint (find (slots.video, CAMERA (5)), ==, -1);
  sfu_slots_resize (&slots, 1, 5);
  g_assert_cmpuint (slots.n_audio, ==, 3);
  g_assert_cmpuint (slots.n_video, ==, 5);
  room.last_n = 0;
  assign ();
  g_assert_cmpint (find (slots.video, CAMERA (4)), >=, 0);
}

static unsigned
count_common (const uint64_t *before, const uint64_t *after, unsigned n)
{
  unsigned stayed = 0;

  for (unsigned i = 0; i < n; i++)
    stayed += before[i] != 0 && before[i] == after[i];
  return stayed;
}

static unsigned
count_kept (const uint64_t *before, const uint64_t *after)
{
  unsigned kept = 0;

  for (unsigned i = 0; i < SFU_SLOTS_MAX; i++)
    kept += before[i] != 0 && find (after, before[i]) >= 0;
  return kept;
}

static void
check_valid (void)
{
  for (unsigned kind = 0; kind < SFU_KIND_N; kind++)
    {
      const uint64_t *of = kind == SFU_AUDIO ? slots.audio : slots.video;
      unsigned n = kind == SFU_AUDIO ? slots.n_audio : slots.n_video;

      for (unsigned i = 0; i < SFU_SLOTS_MAX; i++)
        {
          bool known = of[i] == 0;

          g_assert_true (i < n || of[i] == 0);
          for (unsigned j = 0; j < room.n_tracks; j++)
            known |= tracks[j].track == of[i] && tracks[j].kind == (SfuKind) kind && tracks[j].peer != 99 && !tracks[j].silent;
          g_assert_true (known);
          g_assert_true (of[i] == 0 || find (of, of[i]) == (int) i); /* never in two slots */
        }
    }
}

/* With as many voices as faces, everybody who is heard and seen has a pair. */
static void
check_pairs (void)
{
  for (unsigned i = 0; i < slots.n_audio; i++)
    if (slots.audio[i] != 0 && find (slots.video, slots.audio[i] + 1) >= 0)
      g_assert_cmpint (find (slots.video, slots.audio[i] + 1), ==, (int) i);
}

/* 1000 joins, leaves and changes of speakers, for several shapes of offers. */
static void
test_random (void)
{
  static const unsigned shapes[][2] = { { 3, 3 }, { 9, 9 }, { 3, 25 }, { 16, 4 }, { 0, 5 }, { 5, 0 } };
  GRand *rand = g_rand_new_with_seed (5);

  for (unsigned shape = 0; shape < G_N_ELEMENTS (shapes); shape++)
    {
      bool in[40] = { false };

      start (shapes[shape][0], shapes[shape][1]);
      join (99);
      for (unsigned i = 0; i < 1000; i++)
        {
          uint64_t peer = (uint64_t) g_rand_int_range (rand, 1, 40);
          SfuSlots before = slots;
          unsigned n_heard = 0, kept, videos = 0;

          if (in[peer])
            leave (peer);
          else
            join (peer);
          in[peer] = !in[peer];
          for (unsigned j = 0; j < 10 && n_heard < 3; j++)
            {
              uint64_t speaker = (uint64_t) g_rand_int_range (rand, 1, 40);

              if (in[speaker] && (n_heard == 0 || heard[0] != MIC (speaker)) && (n_heard < 2 || heard[1] != MIC (speaker)))
                heard[n_heard++] = MIC (speaker);
            }
          room.n_heard = n_heard;
          assign ();
          check_valid ();
          kept = count_kept (before.video, slots.video);
          if (slots.n_audio >= slots.n_video)
            {
              check_pairs ();
              g_assert_cmpuint (count_common (before.video, slots.video, slots.n_video), ==, kept); /* no face moves */
            }
          else
            g_assert_cmpuint (count_common (before.video, slots.video, slots.n_video) + 3, >=, kept);
          for (unsigned j = 0; j < SFU_SLOTS_MAX; j++)
            videos += slots.video[j] != 0;
          g_assert_cmpuint (videos, ==, MIN (slots.n_video, room.n_tracks / 2 - 1)); /* no slot empty without need */
          for (unsigned j = 0; j < MIN (n_heard, slots.n_audio); j++)
            g_assert_cmpint (find (slots.audio, heard[j]), >=, 0);
          g_assert_false (assign ());
        }
    }
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/slots/pairs", test_pairs);
  g_test_add_func ("/sfu/slots/make-way", test_make_way);
  g_test_add_func ("/sfu/slots/few-voices", test_few_voices);
  g_test_add_func ("/sfu/slots/wants", test_wants);
  g_test_add_func ("/sfu/slots/order", test_order);
  g_test_add_func ("/sfu/slots/random", test_random);
  return g_test_run ();
}
