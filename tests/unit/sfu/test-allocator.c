/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/allocator.h"
#include "sfu/demand.h"

#include <glib.h>
#include <string.h>

#define SECOND INT64_C (1000000)
#define KBPS 1000

/* Three sizes of a camera, each at 7, 15 and 30 frames a second. */
static SfuDemand
make_camera (uint64_t key, uint8_t priority, uint16_t width, uint16_t height)
{
  static const uint32_t kbps[3] = { 150, 500, 1500 };
  SfuDemand demand = { .key = key, .priority = priority, .width = width, .height = height, .n_encodings = 3 };

  for (unsigned i = 0; i < 3; i++)
    demand.encodings[i] = (SfuEncoding){
      .active = true,
      .n_temporal = 3,
      .width = (uint16_t) (320 << i),
      .height = (uint16_t) (180 << i),
      .bps = { kbps[i] * KBPS * 4 / 10, kbps[i] * KBPS * 6 / 10, kbps[i] * KBPS },
      .fps = { 7, 15, 30 },
    };
  return demand;
}

static SfuDemand
make_screen (uint64_t key)
{
  SfuDemand demand = make_camera (key, 1, 0, 0);

  demand.screen = true;
  for (unsigned i = 0; i < 3; i++)
    demand.encodings[i].fps[0] = 5;
  return demand;
}

static void
assert_choice (const SfuChoice *choice, int layer, int temporal, SfuWhy why)
{
  g_assert_cmpint (choice->layer, ==, layer);
  g_assert_cmpint (choice->temporal, ==, temporal);
  g_assert_cmpint (choice->why, ==, why);
}

/* point 40: base layers for all before anybody goes up */
static void
test_base_first (void)
{
  SfuDemand demands[3] = { make_camera (1, 9, 0, 0), make_camera (2, 1, 0, 0), make_camera (3, 1, 0, 0) };
  SfuAllocState states[3] = { 0 };
  SfuChoice choices[3];
  SfuAllocation allocation = sfu_allocate (demands, 3, 200 * KBPS, states, SECOND, choices);

  assert_choice (&choices[0], 0, 0, SFU_WHY_ESTIMATE);
  assert_choice (&choices[1], 0, 0, SFU_WHY_ESTIMATE);
  assert_choice (&choices[2], 0, 0, SFU_WHY_ESTIMATE);
  g_assert_cmpuint (allocation.used_bps, ==, 180 * KBPS);
  g_assert_cmpuint (allocation.wanted_bps, >=, 3 * 1500 * KBPS);
}

/* by priority; and those of one priority in turn */
static void
test_priority (void)
{
  SfuDemand demands[3] = { make_camera (1, 1, 0, 0), make_camera (2, 9, 0, 0), make_camera (3, 1, 0, 0) };
  SfuAllocState states[3] = { 0 };
  SfuChoice choices[3];

  sfu_allocate (demands, 3, 1800 * KBPS, states, SECOND, choices);
  assert_choice (&choices[1], 2, 2, SFU_WHY_BEST);
  assert_choice (&choices[0], 0, 2, SFU_WHY_ESTIMATE);
  assert_choice (&choices[2], 0, 2, SFU_WHY_ESTIMATE);
  demands[1].priority = 1;
  memset (states, 0, sizeof states);
  sfu_allocate (demands, 3, 1800 * KBPS, states, SECOND, choices);
  for (unsigned i = 0; i < 3; i++)
    assert_choice (&choices[i], 1, 2, SFU_WHY_ESTIMATE);
}

/* for whom there is no room is paused: the lowest priority first; and it does not come and go with the estimate */
static void
test_pause (void)
{
  SfuDemand demands[2] = { make_camera (1, 1, 0, 0), make_camera (2, 2, 0, 0) };
  SfuAllocState states[2] = { 0 };
  SfuChoice choices[2];

  sfu_allocate (demands, 2, 130 * KBPS, states, SECOND, choices);
  g_assert_cmpint (choices[0].layer, ==, 0);
  sfu_allocate (demands, 2, 110 * KBPS, states, 2 * SECOND, choices);
  assert_choice (&choices[0], -1, -1, SFU_WHY_PAUSED);
  assert_choice (&choices[1], 0, 0, SFU_WHY_WAITING);
  demands[1].encodings[0].bps[1] = demands[1].encodings[0].bps[2] = 100 * KBPS;
  sfu_allocate (demands, 2, 125 * KBPS, states, 3 * SECOND, choices);
  assert_choice (&choices[0], -1, -1, SFU_WHY_PAUSED);
  sfu_allocate (demands, 2, 135 * KBPS, states, 4 * SECOND, choices);
  g_assert_cmpint (choices[0].layer, ==, 0);
  sfu_allocate (demands, 2, 20 * KBPS, states, 5 * SECOND, choices);
  assert_choice (&choices[0], -1, -1, SFU_WHY_PAUSED);
  assert_choice (&choices[1], -1, -1, SFU_WHY_PAUSED);
}

/* a path that carries just the smallest shows it, if not at once; and does not blink when it carries a little less */
static void
test_pause_ends (void)
{
  SfuDemand demand = make_camera (1, 1, 0, 0);
  SfuAllocState state = { 0 };
  SfuChoice choice;
  unsigned pauses = 0, given = 0;

  sfu_allocate (&demand, 1, 59 * KBPS, &state, SECOND, &choice);
  assert_choice (&choice, -1, -1, SFU_WHY_PAUSED);
  sfu_allocate (&demand, 1, 61 * KBPS, &state, 2 * SECOND, &choice);
  assert_choice (&choice, -1, -1, SFU_WHY_PAUSED);
  sfu_allocate (&demand, 1, 61 * KBPS, &state, 6 * SECOND, &choice);
  assert_choice (&choice, 0, 0, SFU_WHY_ESTIMATE);
  for (unsigned i = 0; i < 600; i++)
    {
      bool was = choice.layer >= 0;

      /* whenever it is given, it turns out to be too much */
      sfu_allocate (&demand, 1, (was && i % 10 == 9 ? 58 : 61) * KBPS, &state, (10 + i) * SECOND, &choice);
      pauses += was && choice.layer < 0;
      given += choice.layer >= 0;
    }
  g_assert_cmpuint (pauses, >, 10);
  g_assert_cmpuint (pauses, <, 30);
  g_assert_cmpuint (given, >, 60);
  sfu_allocate (&demand, 1, 61 * KBPS, &state, 1000 * SECOND, &choice);
  assert_choice (&choice, 0, 0, SFU_WHY_ESTIMATE);
}

/* point 40: a screen gives up frames before size, a camera size before frames */
static void
test_screen (void)
{
  static const struct {
    unsigned kbps;
    int layer, temporal, camera_layer, camera_temporal;
  } cases[] = {
    { 100, 0, 0, 0, 1 }, { 250, 1, 0, 0, 2 }, { 650, 2, 0, 1, 2 }, { 950, 2, 1, 2, 1 }, { 1600, 2, 2, 2, 2 },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      SfuDemand screen = make_screen (1), camera = make_camera (2, 1, 0, 0);
      SfuAllocState states[2] = { 0 };
      SfuChoice choice;

      sfu_allocate (&screen, 1, cases[i].kbps * KBPS, &states[0], SECOND, &choice);
      g_assert_cmpint (choice.layer, ==, cases[i].layer);
      g_assert_cmpint (choice.temporal, ==, cases[i].temporal);
      sfu_allocate (&camera, 1, cases[i].kbps * KBPS, &states[1], SECOND, &choice);
      g_assert_cmpint (choice.layer, ==, cases[i].camera_layer);
      g_assert_cmpint (choice.temporal, ==, cases[i].camera_temporal);
    }
}

static void
test_size (void)
{
  static const struct {
    uint16_t width, height;
    int layer;
    SfuWhy why;
  } cases[] = {
    { 100, 100, 0, SFU_WHY_SIZE },  { 320, 180, 0, SFU_WHY_SIZE },   { 321, 181, 1, SFU_WHY_SIZE },
    { 640, 2000, 1, SFU_WHY_SIZE }, { 1000, 1000, 2, SFU_WHY_BEST }, { 4000, 4000, 2, SFU_WHY_BEST },
    { 0, 0, 2, SFU_WHY_BEST },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      SfuDemand demand = make_camera (1, 1, cases[i].width, cases[i].height);
      SfuAllocState state = { 0 };
      SfuChoice choice;

      sfu_allocate (&demand, 1, 9000 * KBPS, &state, SECOND, &choice);
      assert_choice (&choice, cases[i].layer, 2, cases[i].why);
      g_assert_cmphex (sfu_demand_get_layers (&demand), ==, (2u << cases[i].layer) - 1);
    }
}

/* point 40: up with a margin and only after a while, down at once */
static void
test_hysteresis (void)
{
  SfuDemand demand = make_camera (1, 1, 640, 360);
  SfuAllocState state = { 0 };
  SfuChoice choice;

  sfu_allocate (&demand, 1, 200 * KBPS, &state, 1 * SECOND, &choice);
  assert_choice (&choice, 0, 2, SFU_WHY_ESTIMATE);
  sfu_allocate (&demand, 1, 320 * KBPS, &state, 2 * SECOND, &choice); /* fits, without a margin */
  assert_choice (&choice, 0, 2, SFU_WHY_ESTIMATE);
  sfu_allocate (&demand, 1, 600 * KBPS, &state, 3 * SECOND, &choice);
  assert_choice (&choice, 0, 2, SFU_WHY_WAITING);
  g_assert_cmpuint (choice.wait_ms, ==, 1000);
  sfu_allocate (&demand, 1, 600 * KBPS, &state, 3 * SECOND + SECOND / 2, &choice);
  assert_choice (&choice, 0, 2, SFU_WHY_WAITING);
  sfu_allocate (&demand, 1, 320 * KBPS, &state, 4 * SECOND, &choice); /* the room was gone: begins anew */
  sfu_allocate (&demand, 1, 600 * KBPS, &state, 5 * SECOND, &choice);
  assert_choice (&choice, 0, 2, SFU_WHY_WAITING);
  sfu_allocate (&demand, 1, 600 * KBPS, &state, 6 * SECOND, &choice);
  assert_choice (&choice, 1, 2, SFU_WHY_SIZE);
  sfu_allocate (&demand, 1, 500 * KBPS, &state, 7 * SECOND, &choice); /* still fits */
  assert_choice (&choice, 1, 2, SFU_WHY_SIZE);
  sfu_allocate (&demand, 1, 310 * KBPS, &state, 7 * SECOND, &choice);
  assert_choice (&choice, 1, 1, SFU_WHY_ESTIMATE);
}

/* Steps up that do not last come more and more seldom. */
static void
test_oscillation (void)
{
  SfuDemand demand = make_camera (1, 1, 640, 360);
  SfuAllocState state = { 0 };
  SfuChoice choice;
  unsigned ups = 0;
  int before = 0;

  for (int64_t now_us = SECOND; now_us < 61 * SECOND; now_us += SECOND / 10)
    {
      unsigned kbps = state.layer == 1 && now_us - state.since_us > SECOND ? 200 : 700;

      sfu_allocate (&demand, 1, kbps * KBPS, &state, now_us, &choice);
      ups += choice.layer > before;
      before = choice.layer;
    }
  g_assert_cmpuint (ups, >, 3);
  g_assert_cmpuint (ups, <, 20);
}

static void
test_inactive (void)
{
  SfuDemand demand = make_camera (1, 1, 320, 180);
  SfuAllocState state = { 0 };
  SfuChoice choice;

  demand.encodings[0].active = false; /* only larger ones: the smallest of them */
  sfu_allocate (&demand, 1, 9000 * KBPS, &state, SECOND, &choice);
  g_assert_cmpint (choice.layer, ==, 1);
  demand.encodings[1].active = demand.encodings[2].active = false;
  sfu_allocate (&demand, 1, 9000 * KBPS, &state, 2 * SECOND, &choice);
  assert_choice (&choice, -1, -1, SFU_WHY_INACTIVE);
  demand.hidden = true;
  sfu_allocate (&demand, 1, 9000 * KBPS, &state, 3 * SECOND, &choice);
  assert_choice (&choice, -1, -1, SFU_WHY_HIDDEN);
  g_assert_cmphex (sfu_demand_get_layers (&demand), ==, 0);
  demand.key = 0;
  sfu_allocate (&demand, 1, 9000 * KBPS, &state, 4 * SECOND, &choice);
  assert_choice (&choice, -1, -1, SFU_WHY_EMPTY);
  demand = make_camera (2, 1, 0, 0); /* another source: at once what there is room for */
  sfu_allocate (&demand, 1, 1600 * KBPS, &state, 5 * SECOND, &choice);
  assert_choice (&choice, 2, 2, SFU_WHY_BEST);
}

/* A layer whose rate is not measured yet, and one that costs less than a smaller one. */
static void
test_strange (void)
{
  SfuDemand demand = make_camera (1, 1, 0, 0);
  SfuAllocState state = { 0 };
  SfuChoice choice;

  memset (demand.encodings[2].bps, 0, sizeof demand.encodings[2].bps);
  sfu_allocate (&demand, 1, 9000 * KBPS, &state, SECOND, &choice);
  g_assert_cmpint (choice.layer, ==, 1);
  demand = make_camera (2, 1, 0, 0);
  demand.encodings[1].bps[2] = 100 * KBPS;
  demand.encodings[1].bps[0] = demand.encodings[1].bps[1] = 90 * KBPS;
  sfu_allocate (&demand, 1, 120 * KBPS, &state, 2 * SECOND, &choice);
  g_assert_cmpint (choice.layer, ==, 1);
  g_assert_cmpint (choice.temporal, ==, 2);
  demand.encodings[0].n_temporal = 200; /* a publisher that lies */
  demand.encodings[0].active = true;
  sfu_allocate (&demand, 1, 120 * KBPS, &state, 3 * SECOND, &choice);
}

/* Random demands: never more than there is, never what is not sent, higher priorities never worse off than lower ones. */
static void
test_random (void)
{
  GRand *random = g_rand_new_with_seed (1);
  SfuDemand demands[49];
  SfuAllocState states[49] = { 0 };
  SfuChoice choices[49];

  for (int64_t round = 1; round < 300; round++)
    {
      unsigned budget = (unsigned) g_rand_int_range (random, 0, 20000) * KBPS;
      SfuAllocation allocation;

      for (unsigned i = 0; i < G_N_ELEMENTS (demands); i++)
        {
          demands[i] = make_camera (1 + i % 7, (uint8_t) g_rand_int_range (random, 0, 4), 0, 0);
          for (unsigned j = 0; j < 3; j++)
            demands[i].encodings[j].active = g_rand_boolean (random);
        }
      allocation = sfu_allocate (demands, 49, budget, states, round * SECOND, choices);
      g_assert_cmpuint (allocation.used_bps, <=, budget);
      for (unsigned i = 0; i < G_N_ELEMENTS (demands); i++)
        {
          char text[96];

          g_assert_true (choices[i].layer < 0 || demands[i].encodings[choices[i].layer].active);
          sfu_choice_explain (&choices[i], text);
          g_assert_cmpuint (strlen (text), >, 5);
        }
    }
  g_rand_free (random);
}

static void
test_explain (void)
{
  static const struct {
    SfuChoice choice;
    const char *text;
  } cases[] = {
    { { .why = SFU_WHY_ESTIMATE, .budget_bps = 310000, .left_bps = 160000, .next_bps = 500000 },
      "estimate 310 kbit/s, 160 of it left; the next takes 500" },
    { { .why = SFU_WHY_WAITING, .budget_bps = 600000, .next_bps = 500000, .wait_ms = 400 },
      "estimate 600 kbit/s; goes up to 500 in 400 ms" },
    { { .why = SFU_WHY_PAUSED, .budget_bps = 31000, .next_bps = 60000 },
      "paused: estimate 31 kbit/s, the smallest takes 60" },
    { { .why = SFU_WHY_BEST, .budget_bps = 2000000 }, "all that is sent, of an estimate of 2000 kbit/s" },
    { { .why = SFU_WHY_SIZE }, "large enough for its place" },
    { { .why = SFU_WHY_HIDDEN }, "not shown" },
    { { .why = SFU_WHY_INACTIVE }, "its publisher sends nothing" },
    { { .why = SFU_WHY_EMPTY }, "nothing to show" },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      char text[96];

      sfu_choice_explain (&cases[i].choice, text);
      g_assert_cmpstr (text, ==, cases[i].text);
    }
}

/* point 41: unneeded encodings stop after 5 s, needed ones start at once */
static void
test_layers_used (void)
{
  SfuLayersUsed used;

  sfu_layers_used_init (&used, 3, SECOND);
  g_assert_cmphex (sfu_layers_used_get (&used), ==, 7);
  g_assert_false (sfu_layers_used_set (&used, 1, SECOND));
  g_assert_cmpint (sfu_layers_used_get_deadline (&used), ==, 6 * SECOND);
  g_assert_false (sfu_layers_used_tick (&used, 6 * SECOND - 1));
  g_assert_true (sfu_layers_used_tick (&used, 6 * SECOND));
  g_assert_cmphex (sfu_layers_used_get (&used), ==, 1);
  g_assert_cmpint (sfu_layers_used_get_deadline (&used), ==, INT64_MAX);
  g_assert_true (sfu_layers_used_set (&used, 7, 7 * SECOND));
  g_assert_cmphex (sfu_layers_used_get (&used), ==, 7);
  g_assert_false (sfu_layers_used_set (&used, 3, 8 * SECOND));
  g_assert_false (sfu_layers_used_set (&used, 7, 12 * SECOND)); /* looked away for 4 s */
  g_assert_false (sfu_layers_used_set (&used, 3, 14 * SECOND));
  g_assert_false (sfu_layers_used_tick (&used, 18 * SECOND));
  g_assert_true (sfu_layers_used_tick (&used, 19 * SECOND));
  g_assert_cmphex (sfu_layers_used_get (&used), ==, 3);
  g_assert_false (sfu_layers_used_set (&used, 0, 20 * SECOND));
  g_assert_true (sfu_layers_used_tick (&used, 25 * SECOND));
  g_assert_cmphex (sfu_layers_used_get (&used), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/allocator/base-first", test_base_first);
  g_test_add_func ("/sfu/allocator/priority", test_priority);
  g_test_add_func ("/sfu/allocator/pause", test_pause);
  g_test_add_func ("/sfu/allocator/pause-ends", test_pause_ends);
  g_test_add_func ("/sfu/allocator/screen", test_screen);
  g_test_add_func ("/sfu/allocator/size", test_size);
  g_test_add_func ("/sfu/allocator/hysteresis", test_hysteresis);
  g_test_add_func ("/sfu/allocator/oscillation", test_oscillation);
  g_test_add_func ("/sfu/allocator/inactive", test_inactive);
  g_test_add_func ("/sfu/allocator/strange", test_strange);
  g_test_add_func ("/sfu/allocator/random", test_random);
  g_test_add_func ("/sfu/allocator/explain", test_explain);
  g_test_add_func ("/sfu/demand/layers-used", test_layers_used);
  return g_test_run ();
}
