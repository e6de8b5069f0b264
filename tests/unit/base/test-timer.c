/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>

#include "base/timer.h"

#define MS INT64_C (1000)
#define N_TIMERS 200

typedef struct {
  AlTimerWheel *wheel;
  int64_t now_us;
  GString *order;
} Fixture;

typedef struct {
  AlTimer timer;
  Fixture *fixture;
  char name;
} Named;

static void
named_fire (AlTimer *timer, void *user)
{
  Named *named = user;

  g_assert_false (al_timer_is_set (timer));
  g_string_append_c (named->fixture->order, named->name);
}

static void
fixture_init (Fixture *fixture, int64_t now_us)
{
  fixture->now_us = now_us;
  fixture->wheel = al_timer_wheel_new (now_us);
  fixture->order = g_string_new (NULL);
}

static void
fixture_clear (Fixture *fixture)
{
  al_timer_wheel_free (fixture->wheel);
  (void) g_string_free (fixture->order, TRUE);
}

static void
named_init (Named *named, Fixture *fixture, char name)
{
  named->fixture = fixture;
  named->name = name;
  al_timer_init (&named->timer, named_fire, named);
}

static void
test_timer_order (void)
{
  Fixture fixture;
  Named named[6];

  fixture_init (&fixture, 12345678);
  for (unsigned i = 0; i < G_N_ELEMENTS (named); i++)
    named_init (&named[i], &fixture, (char) ('a' + i));
  g_assert_cmpint (al_timer_wheel_next_us (fixture.wheel), ==, INT64_MAX);
  al_timer_set (fixture.wheel, &named[3].timer, 12345678 + 90000 * MS);
  al_timer_set (fixture.wheel, &named[2].timer, 12345678 + 500 * MS);
  al_timer_set (fixture.wheel, &named[1].timer, 12345678 + 3 * MS);
  al_timer_set (fixture.wheel, &named[4].timer, 12345678 + 90000 * MS); /* the same millisecond: in order of setting */
  al_timer_set (fixture.wheel, &named[0].timer, 5);                     /* long past */
  al_timer_set (fixture.wheel, &named[5].timer, INT64_MAX);
  g_assert_cmpint (al_timer_wheel_next_us (fixture.wheel), <=, 12345678);
  g_assert_cmpuint (al_timer_wheel_advance (fixture.wheel, 12345678), ==, 1);
  g_assert_cmpstr (fixture.order->str, ==, "a");
  g_assert_cmpint (al_timer_wheel_next_us (fixture.wheel), ==, 12349 * MS);
  g_assert_cmpuint (al_timer_wheel_advance (fixture.wheel, 12345678 + 3 * MS - 1), ==, 0);
  g_assert_cmpuint (al_timer_wheel_advance (fixture.wheel, 12345678 + 100000 * MS), ==, 4);
  g_assert_cmpstr (fixture.order->str, ==, "abcde");
  g_assert_true (al_timer_is_set (&named[5].timer));
  g_assert_cmpuint (al_timer_wheel_advance (fixture.wheel, INT64_MAX - 1), ==, 0);
  al_timer_cancel (&named[5].timer);
  al_timer_cancel (&named[5].timer);
  g_assert_cmpint (al_timer_wheel_next_us (fixture.wheel), ==, INT64_MAX);
  fixture_clear (&fixture);
}

static void
test_timer_back_in_time (void)
{
  Fixture fixture;
  Named named;

  fixture_init (&fixture, 1000 * MS);
  named_init (&named, &fixture, 'x');
  al_timer_set (fixture.wheel, &named.timer, 1500 * MS);
  g_assert_cmpuint (al_timer_wheel_advance (fixture.wheel, 1400 * MS), ==, 0);
  g_assert_cmpuint (al_timer_wheel_advance (fixture.wheel, 100 * MS), ==, 0);
  g_assert_cmpuint (al_timer_wheel_advance (fixture.wheel, -5), ==, 0);
  al_timer_set (fixture.wheel, &named.timer, -7);
  g_assert_cmpuint (al_timer_wheel_advance (fixture.wheel, 1400 * MS), ==, 1);
  fixture_clear (&fixture);
}

static void
again_fire (AlTimer *timer, void *user)
{
  Fixture *fixture = user;

  g_string_append_c (fixture->order, '.');
  al_timer_set (fixture->wheel, timer, 0);
}

/* A callback that sets its timer to a past time may not keep the advance from returning. */
static void
test_timer_no_spin (void)
{
  Fixture fixture;
  AlTimer timer;

  fixture_init (&fixture, 0);
  al_timer_init (&timer, again_fire, &fixture);
  al_timer_set (fixture.wheel, &timer, 10 * MS);
  for (int i = 0; i < 5; i++)
    g_assert_cmpuint (al_timer_wheel_advance (fixture.wheel, 50 * MS), ==, 1);
  g_assert_cmpint (al_timer_wheel_next_us (fixture.wheel), ==, 50 * MS);
  g_assert_cmpstr (fixture.order->str, ==, ".....");
  fixture_clear (&fixture);
  g_assert_false (al_timer_is_set (&timer));
}

/* The model: an array of deadlines, searched for the smallest. Callbacks set and cancel other timers at random. */
typedef struct Model Model;
typedef struct {
  AlTimer timer;
  Model *model;
  int64_t deadline_us; /* -1: not set */
  uint64_t stamp;      /* order of setting */
  bool late;           /* deadline was past when it was set */
} Entry;

struct Model {
  AlTimerWheel *wheel;
  GRand *rand;
  int64_t now_us;
  uint64_t stamp;
  uint64_t advance_stamp; /* set after this: not before the next advance */
  unsigned expected, fired;
  Entry entries[N_TIMERS];
};

static int64_t
model_tick (const Entry *entry)
{
  return entry->late ? -1 : (entry->deadline_us + MS - 1) / MS;
}

/* Which entry must fire next in an advance to the model's now, NULL for none. */
static Entry *
model_next (Model *model)
{
  Entry *best = NULL;

  for (unsigned i = 0; i < N_TIMERS; i++)
    {
      Entry *entry = &model->entries[i];

      if (entry->deadline_us < 0 || model_tick (entry) > model->now_us / MS)
        continue;
      if (entry->late && entry->stamp > model->advance_stamp)
        continue;
      if (best == NULL || model_tick (entry) < model_tick (best)
          || (model_tick (entry) == model_tick (best) && entry->stamp < best->stamp))
        best = entry;
    }
  return best;
}

static int64_t
random_delay (GRand *rand)
{
  switch (g_rand_int_range (rand, 0, 6))
    {
    case 0:
      return g_rand_int_range (rand, -5000, 5000);
    case 1:
      return g_rand_int_range (rand, 0, 70 * 1000);
    case 2:
      return g_rand_int_range (rand, 0, 5000 * 1000);
    case 3:
      return (int64_t) g_rand_int (rand) * 300; /* to 15 days */
    case 4:
      return (int64_t) g_rand_int (rand) * 1000000; /* to 136 years */
    default:
      return 64 * MS * g_rand_int_range (rand, 0, 70); /* on the edges of slots */
    }
}

static void
model_set (Model *model, Entry *entry, int64_t deadline_us)
{
  entry->deadline_us = MAX (deadline_us, 0);
  entry->stamp = ++model->stamp;
  entry->late = (entry->deadline_us + MS - 1) / MS <= model->now_us / MS;
  al_timer_set (model->wheel, &entry->timer, entry->deadline_us);
}

static void
model_cancel (Entry *entry)
{
  entry->deadline_us = -1;
  al_timer_cancel (&entry->timer);
}

static void
model_act (Model *model)
{
  Entry *entry = &model->entries[g_rand_int_range (model->rand, 0, N_TIMERS)];

  if (g_rand_int_range (model->rand, 0, 4) == 0)
    model_cancel (entry);
  else
    model_set (model, entry, model->now_us + random_delay (model->rand));
}

static void
entry_fire (AlTimer *timer, void *user)
{
  Entry *entry = user;
  Model *model = entry->model;

  g_assert_true (entry == model_next (model));
  g_assert_cmpint (entry->deadline_us, <=, model->now_us);
  g_assert_false (al_timer_is_set (timer));
  entry->deadline_us = -1;
  model->fired++;
  for (int i = g_rand_int_range (model->rand, 0, 3); i > 0; i--)
    model_act (model);
}

static void
model_check_next (Model *model)
{
  int64_t earliest = INT64_MAX;

  for (unsigned i = 0; i < N_TIMERS; i++)
    {
      Entry *entry = &model->entries[i];

      g_assert_cmpint (al_timer_is_set (&entry->timer), ==, entry->deadline_us >= 0);
      if (entry->deadline_us >= 0)
        earliest = MIN (earliest, (MAX (entry->deadline_us, model->now_us / MS * MS) + MS - 1) / MS * MS);
    }
  if (earliest == INT64_MAX)
    g_assert_cmpint (al_timer_wheel_next_us (model->wheel), ==, INT64_MAX);
  else
    g_assert_cmpint (al_timer_wheel_next_us (model->wheel), <=, earliest);
}

static void
model_run (uint32_t seed)
{
  Model model = { .rand = g_rand_new_with_seed (seed), .now_us = seed * INT64_C (987654321) };

  model.wheel = al_timer_wheel_new (model.now_us);
  for (unsigned i = 0; i < N_TIMERS; i++)
    {
      model.entries[i].model = &model;
      model.entries[i].deadline_us = -1;
      al_timer_init (&model.entries[i].timer, entry_fire, &model.entries[i]);
    }
  for (unsigned step = 0; step < 2000; step++)
    {
      unsigned fired_before = model.fired;
      int64_t delay = random_delay (model.rand);

      for (int i = g_rand_int_range (model.rand, 0, 6); i > 0; i--)
        model_act (&model);
      if (g_rand_int_range (model.rand, 0, 3) == 0 && al_timer_wheel_next_us (model.wheel) != INT64_MAX)
        model.now_us = MAX (model.now_us, al_timer_wheel_next_us (model.wheel));
      else
        model.now_us += ABS (delay);
      model.advance_stamp = model.stamp;
      g_assert_cmpuint (al_timer_wheel_advance (model.wheel, model.now_us), ==, model.fired - fired_before);
      g_assert_null (model_next (&model));
      model_check_next (&model);
    }
  g_assert_cmpuint (model.fired, >, 1000);
  for (unsigned i = 0; i < N_TIMERS; i++)
    model_cancel (&model.entries[i]);
  al_timer_wheel_free (model.wheel);
  g_rand_free (model.rand);
}

static void
test_timer_model (void)
{
  for (uint32_t seed = 0; seed < 10; seed++)
    model_run (seed);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/timer/order", test_timer_order);
  g_test_add_func ("/base/timer/back-in-time", test_timer_back_in_time);
  g_test_add_func ("/base/timer/no-spin", test_timer_no_spin);
  g_test_add_func ("/base/timer/model", test_timer_model);
  return g_test_run ();
}
