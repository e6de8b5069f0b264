/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Estimator, pacer and allocator together, over a simulated link, in virtual time: what a subscriber gets when his path is
 * lossy, slow, shared, or becomes another one. Each scenario runs with several seeds.
 */
#include "model.h"

#define N_SEEDS 5
#define MBPS 1000000
#define TOP_BPS 1500000

static const SimLinkConfig usual = { .rate_bps = 2 * MBPS, .delay_us = 25 * MS, .queue_us = 2 * SECOND };

typedef struct {
  SimLink link;
  Model *models[2];
  unsigned n;
  int64_t now_us;
} Scene;

static void
begin (Scene *scene, const SimLinkConfig *config, unsigned n, uint32_t seed)
{
  *scene = (Scene){ .n = n };
  sim_link_init (&scene->link, config, seed);
  for (unsigned i = 0; i < n; i++)
    scene->models[i] = model_new (&scene->link, i, config->delay_us, seed * 100 + i);
}

static void
run_to (Scene *scene, int64_t to_us)
{
  model_run (scene->models, scene->n, &scene->link, scene->now_us, to_us);
  scene->now_us = to_us;
}

static void
end (Scene *scene)
{
  for (unsigned i = 0; i < scene->n; i++)
    model_free (scene->models[i]);
  sim_link_clear (&scene->link);
}

/* What it sent on average until now. */
static uint32_t
get_bps (const Scene *scene, unsigned i, int64_t for_us)
{
  return model_get_sent_bps (scene->models[i], scene->now_us - for_us, scene->now_us);
}

static int64_t
get_freeze_ms (const Scene *scene)
{
  return model_take_freeze_us (scene->models[0], scene->now_us) / MS;
}

/* An easy path: the best layer within 3 s, and it stays. */
static void
test_clean (gconstpointer data)
{
  Scene scene;

  begin (&scene, &usual, 1, GPOINTER_TO_UINT (data));
  run_to (&scene, 4 * SECOND);
  g_assert_cmpint (scene.models[0]->layer, ==, 2);
  get_freeze_ms (&scene);
  run_to (&scene, 60 * SECOND);
  g_assert_cmpint (scene.models[0]->layer, ==, 2);
  g_assert_cmpuint (get_bps (&scene, 0, 50 * SECOND), >, TOP_BPS);
  g_assert_cmpint (get_freeze_ms (&scene), <, 150);
  g_assert_cmpuint (scene.models[0]->n_dropped, ==, 0);
  end (&scene);
}

/* 5 % of packets lost at random: no queue, so the rate is kept; what is missing comes again. */
static void
test_loss (gconstpointer data)
{
  SimLinkConfig config = usual;
  Scene scene;

  config.loss = 0.05;
  begin (&scene, &config, 1, GPOINTER_TO_UINT (data));
  run_to (&scene, 10 * SECOND);
  get_freeze_ms (&scene);
  run_to (&scene, 60 * SECOND);
  g_test_message ("%u kbit/s, freeze %d ms", get_bps (&scene, 0, 50 * SECOND) / 1000,
                  (int) (scene.models[0]->longest_freeze_us / MS));
  g_assert_cmpint (get_freeze_ms (&scene), <, 500);
  g_assert_cmpuint (get_bps (&scene, 0, 50 * SECOND), >, MBPS);
  g_assert_cmpuint (sfu_send_side_get_loss_permille (&scene.models[0]->side), >, 10);
  end (&scene);
}

/* 100 ms of round trip, with jitter and packets that overtake others. */
static void
test_long (gconstpointer data)
{
  SimLinkConfig config = usual;
  Scene scene;

  config.delay_us = 50 * MS;
  config.jitter_us = 10 * MS;
  config.reorder = 0.01;
  begin (&scene, &config, 1, GPOINTER_TO_UINT (data));
  run_to (&scene, 10 * SECOND);
  get_freeze_ms (&scene);
  run_to (&scene, 60 * SECOND);
  g_test_message ("%u kbit/s", get_bps (&scene, 0, 50 * SECOND) / 1000);
  g_assert_cmpuint (get_bps (&scene, 0, 50 * SECOND), >, TOP_BPS);
  g_assert_cmpint (get_freeze_ms (&scene), <, 300);
  g_assert_cmpint (sfu_send_side_get_rtt_us (&scene.models[0]->side), >, 100 * MS);
  g_assert_cmpint (sfu_send_side_get_rtt_us (&scene.models[0]->side), <, 200 * MS);
  end (&scene);
}

/* 2 Mbit/s to 300 kbit/s and back: at most 0.33 Mbit/s within 2 s, the path's queue under 300 ms after 3 s, at least
 * 1.5 Mbit/s again within 10 s, no freeze over 1 s. */
static void
drop (uint32_t seed, int64_t queue_us)
{
  SimLinkConfig config = usual;
  Scene scene;

  config.queue_us = queue_us;
  begin (&scene, &config, 1, seed);
  run_to (&scene, 15 * SECOND);
  g_assert_cmpuint (get_bps (&scene, 0, SECOND), >, TOP_BPS);
  get_freeze_ms (&scene);
  scene.link.config.rate_bps = 300000;
  run_to (&scene, 17 * SECOND);
  run_to (&scene, 18 * SECOND);
  g_test_message ("after 2 s %u kbit/s, queue after 3 s %d ms", get_bps (&scene, 0, SECOND) / 1000,
                  (int) (sim_link_get_queue_us (&scene.link, scene.now_us) / MS));
  g_assert_cmpuint (get_bps (&scene, 0, SECOND), <=, 330000);
  for (; scene.now_us < 30 * SECOND; run_to (&scene, scene.now_us + 100 * MS))
    {
      g_assert_cmpint (sim_link_get_queue_us (&scene.link, scene.now_us), <, 300 * MS);
      g_assert_cmpuint (get_bps (&scene, 0, SECOND), <=, 400000); /* keyframes and probes */
    }
  g_assert_cmpuint (get_bps (&scene, 0, 10 * SECOND), <=, 330000);
  g_assert_cmpuint (get_bps (&scene, 0, 10 * SECOND), >, 150000);
  g_test_message ("freeze %d ms", (int) (scene.models[0]->longest_freeze_us / MS));
  g_assert_cmpint (get_freeze_ms (&scene), <=, 1000);
  scene.link.config.rate_bps = 2 * MBPS;
  run_to (&scene, 40 * SECOND);
  run_to (&scene, 41 * SECOND);
  g_test_message ("10 s later %u kbit/s", get_bps (&scene, 0, SECOND) / 1000);
  g_assert_cmpuint (get_bps (&scene, 0, SECOND), >=, TOP_BPS);
  g_assert_cmpint (get_freeze_ms (&scene), <=, 1000);
  end (&scene);
}

static void
test_drop_deep (gconstpointer data)
{
  drop (GPOINTER_TO_UINT (data), 2 * SECOND);
}

static void
test_drop_shallow (gconstpointer data)
{
  drop (GPOINTER_TO_UINT (data), 200 * MS);
}

/* Nothing comes through for two seconds, or hardly anything (a machine that is busy with something else), while three voices fill
 * what is left of the estimate: the picture is back within 3 s, the best within 8 s. */
static void
test_stalled (gconstpointer data)
{
  SimLinkConfig config = usual;
  int64_t back_us = 0;
  Scene scene;

  config.rate_bps = 3 * MBPS;
  begin (&scene, &config, 1, GPOINTER_TO_UINT (data));
  scene.models[0]->voices = 3;
  run_to (&scene, 15 * SECOND);
  g_assert_cmpint (scene.models[0]->layer, ==, 2);
  scene.link.config.rate_bps = 20000;
  run_to (&scene, 17 * SECOND);
  scene.link.config.rate_bps = 3 * MBPS;
  g_test_message ("estimate %u kbit/s", sfu_send_side_get_estimate_bps (&scene.models[0]->side) / 1000);
  for (; scene.now_us < 40 * SECOND && scene.models[0]->layer < 2; run_to (&scene, scene.now_us + 100 * MS))
    if (scene.models[0]->layer >= 0 && back_us == 0)
      back_us = scene.now_us - 17 * SECOND;
  g_test_message ("a picture after %d ms, the best after %d ms", (int) (back_us / MS), (int) ((scene.now_us - 17 * SECOND) / MS));
  g_assert_cmpint (back_us, <, 3 * SECOND);
  g_assert_cmpint (scene.now_us, <, 25 * SECOND);
  end (&scene);
}

/* The publisher stops layers and starts them again: the subscriber follows, and is back at the best within 5 s. */
static void
test_layers (gconstpointer data)
{
  Scene scene;
  Model *model;

  begin (&scene, &usual, 1, GPOINTER_TO_UINT (data));
  model = scene.models[0];
  run_to (&scene, 10 * SECOND);
  model->active[2] = false;
  run_to (&scene, 15 * SECOND);
  g_assert_cmpint (model->layer, ==, 1);
  model->active[1] = false;
  run_to (&scene, 40 * SECOND);
  g_assert_cmpint (model->layer, ==, 0);
  model->active[1] = model->active[2] = true;
  run_to (&scene, 45 * SECOND);
  g_assert_cmpint (model->layer, ==, 2);
  run_to (&scene, 60 * SECOND);
  g_assert_cmpint (model->layer, ==, 2);
  g_assert_cmpint (get_freeze_ms (&scene), <, 500);
  end (&scene);
}

/* Two that fill whatever they get, one of them 10 s later: within 2:1 of each other. */
static void
test_two (gconstpointer data)
{
  Scene scene;
  uint32_t a, b;

  begin (&scene, &usual, 2, GPOINTER_TO_UINT (data));
  scene.models[0]->elastic = scene.models[1]->elastic = true;
  scene.n = 1;
  run_to (&scene, 10 * SECOND);
  scene.n = 2;
  run_to (&scene, 120 * SECOND);
  a = get_bps (&scene, 0, 60 * SECOND);
  b = get_bps (&scene, 1, 60 * SECOND);
  g_test_message ("%u and %u kbit/s, queue %d ms", a / 1000, b / 1000,
                  (int) (sim_link_get_queue_us (&scene.link, scene.now_us) / MS));
  g_assert_cmpuint (MAX (a, b), <=, 2 * MIN (a, b));
  g_assert_cmpuint (a + b, >, MBPS);
  end (&scene);
}

/* Two with layers where there is room for the middle one of each. */
static void
test_two_layered (gconstpointer data)
{
  SimLinkConfig config = usual;
  Scene scene;
  uint32_t a, b;

  config.rate_bps = 1500000;
  begin (&scene, &config, 2, GPOINTER_TO_UINT (data));
  run_to (&scene, 60 * SECOND);
  a = get_bps (&scene, 0, 30 * SECOND);
  b = get_bps (&scene, 1, 30 * SECOND);
  g_test_message ("%u and %u kbit/s", a / 1000, b / 1000);
  g_assert_cmpuint (MAX (a, b), <=, 2 * MIN (a, b));
  end (&scene);
}

/* Little is sent for long, on a path that carries much: the estimate does not run away, and is there when it is wanted. */
static void
test_limited (gconstpointer data)
{
  Scene scene;
  Model *model;

  begin (&scene, &usual, 1, GPOINTER_TO_UINT (data));
  model = scene.models[0];
  model->active[1] = model->active[2] = false;
  run_to (&scene, 60 * SECOND);
  g_assert_cmpuint (sfu_send_side_get_estimate_bps (&model->side), <, 600000);
  g_assert_cmpuint (sfu_send_side_get_estimate_bps (&model->side), >, 200000);
  model->active[1] = model->active[2] = true;
  run_to (&scene, 66 * SECOND);
  g_assert_cmpint (model->layer, ==, 2);
  g_assert_cmpuint (get_bps (&scene, 0, SECOND), >=, TOP_BPS);
  end (&scene);
}

/* No feedback for a second: slower, but no freeze; and as before as soon as it comes again. */
static void
test_feedback_lost (gconstpointer data)
{
  Scene scene;
  Model *model;

  begin (&scene, &usual, 1, GPOINTER_TO_UINT (data));
  model = scene.models[0];
  run_to (&scene, 10 * SECOND);
  get_freeze_ms (&scene);
  model->feedback_lost = true;
  run_to (&scene, 11 * SECOND);
  g_assert_cmpuint (sfu_send_side_get_pacing_bps (&model->side), <, 2 * MBPS);
  model->feedback_lost = false;
  run_to (&scene, 14 * SECOND);
  g_assert_cmpint (model->layer, ==, 2);
  g_assert_cmpuint (get_bps (&scene, 0, 2 * SECOND), >, MBPS);
  g_assert_cmpint (get_freeze_ms (&scene), <, 500);
  end (&scene);
}

/* No feedback at all from now on: next to nothing is sent into the dark. */
static void
test_feedback_gone (gconstpointer data)
{
  Scene scene;

  begin (&scene, &usual, 1, GPOINTER_TO_UINT (data));
  run_to (&scene, 10 * SECOND);
  scene.models[0]->feedback_lost = true;
  run_to (&scene, 20 * SECOND);
  g_assert_cmpuint (get_bps (&scene, 0, SECOND), <, 300000);
  end (&scene);
}

static void
test_feedback_reordered (gconstpointer data)
{
  Scene scene;

  begin (&scene, &usual, 1, GPOINTER_TO_UINT (data));
  scene.models[0]->feedback_reordered = true;
  run_to (&scene, 40 * SECOND);
  g_assert_cmpuint (get_bps (&scene, 0, 30 * SECOND), >, TOP_BPS);
  end (&scene);
}

/* Without transport-wide feedback the receiver's estimate counts, at once in both directions. */
static void
test_remb (gconstpointer data)
{
  Scene scene;
  Model *model;

  begin (&scene, &usual, 1, GPOINTER_TO_UINT (data));
  model = scene.models[0];
  model->remb_only = true;
  model->feedback_every_us = SECOND;
  model->remb_bps = 2 * MBPS;
  run_to (&scene, 5 * SECOND);
  g_assert_cmpint (model->layer, ==, 2);
  model->remb_bps = 300000;
  scene.link.config.rate_bps = 350000;
  run_to (&scene, 10 * SECOND);
  g_assert_cmpuint (get_bps (&scene, 0, SECOND), <, 330000);
  model->remb_bps = 2 * MBPS;
  scene.link.config.rate_bps = 2 * MBPS;
  run_to (&scene, 20 * SECOND);
  g_assert_cmpuint (get_bps (&scene, 0, SECOND), >, TOP_BPS);
  end (&scene);
}

/* The client goes from one network to a better one, and to a worse one. */
static void
test_path (gconstpointer data)
{
  SimLinkConfig config = usual;
  Scene scene;
  Model *model;

  config.rate_bps = 400000;
  begin (&scene, &config, 1, GPOINTER_TO_UINT (data));
  model = scene.models[0];
  run_to (&scene, 10 * SECOND);
  g_assert_cmpint (model->layer, ==, 0);
  scene.link.config = usual;
  sfu_send_side_on_path (&model->side, scene.now_us);
  run_to (&scene, 15 * SECOND);
  g_assert_cmpint (model->layer, ==, 2);
  get_freeze_ms (&scene);
  scene.link.config.rate_bps = 700000;
  scene.link.config.delay_us = 80 * MS;
  sfu_send_side_on_path (&model->side, scene.now_us);
  g_assert_cmpuint (sfu_send_side_get_estimate_bps (&model->side), <=, 1200000);
  run_to (&scene, 30 * SECOND);
  g_assert_cmpuint (get_bps (&scene, 0, 5 * SECOND), <=, 700000);
  g_assert_cmpint (get_freeze_ms (&scene), <=, 1000);
  g_assert_cmpint (sim_link_get_queue_us (&scene.link, scene.now_us), <, 200 * MS);
  end (&scene);
}

static const struct {
  const char *name;
  GTestDataFunc test;
} cases[] = {
  { "clean", test_clean },
  { "loss-5-percent", test_loss },
  { "rtt-100-ms", test_long },
  { "drop-and-back", test_drop_deep },
  { "drop-and-back-short-queue", test_drop_shallow },
  { "stalled", test_stalled },
  { "layers-stop-and-start", test_layers },
  { "two-flows", test_two },
  { "two-layered-flows", test_two_layered },
  { "app-limited", test_limited },
  { "feedback-lost", test_feedback_lost },
  { "feedback-gone", test_feedback_gone },
  { "feedback-reordered", test_feedback_reordered },
  { "remb", test_remb },
  { "path", test_path },
};

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    for (unsigned seed = 1; seed <= N_SEEDS; seed++)
      {
        g_autofree char *path = g_strdup_printf ("/sfu/congestion/%s/%u", cases[i].name, seed);

        g_test_add_data_func (path, GUINT_TO_POINTER (seed), cases[i].test);
      }
  return g_test_run ();
}
