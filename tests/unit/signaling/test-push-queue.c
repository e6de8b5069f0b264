/* SPDX-License-Identifier: Apache-2.0 */
/* The queue with a push service of the test's own: answers are what the test says, time is what the test says. */
#include "signaling/push-queue.h"

#define S G_USEC_PER_SEC

typedef struct {
  SigPushQueue *queue;
  unsigned n[SIG_PUSH_OUTCOME_N];
  GString *ended; /* texts of jobs in the order in which they ended */
} Fixture;

static void
on_outcome (SigPushOutcome outcome, const SigPushJob *job, gpointer user)
{
  Fixture *f = user;

  f->n[outcome]++;
  if (outcome != SIG_PUSH_RETRIED)
    g_string_append (f->ended, job->text);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  SigPushQueueConfig config;

  sig_push_queue_config_init (&config);
  config.max_waiting = 4;
  config.max_active = 4;
  config.max_per_user = 2;
  config.max_per_origin = 3;
  config.max_tries = 3;
  config.outcome = on_outcome;
  config.user = f;
  f->queue = sig_push_queue_new (&config);
  f->ended = g_string_new (NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  sig_push_queue_free (f->queue);
  g_string_free (f->ended, TRUE);
}

static SigPushJob *
make_job (MsgId user, MsgId device, const char *topic, const char *text, bool urgent)
{
  SigPushJob *job = g_new0 (SigPushJob, 1);

  job->to = g_new0 (MsgPushSubscription, 1);
  job->to->user_id = user;
  job->to->device_id = device;
  job->endpoint.origin = g_strdup ("https://push.example.org");
  g_strlcpy (job->topic, topic, sizeof job->topic);
  job->text = g_strdup (text);
  job->urgent = urgent;
  job->expires_us = 100 * S;
  return job;
}

static void
add (Fixture *f, MsgId device, const char *topic, const char *text)
{
  sig_push_queue_add (f->queue, make_job (device, device, topic, text, false), 0);
}

static SigPushJob *
expect_next (Fixture *f, int64_t now_us, const char *text)
{
  SigPushJob *job = sig_push_queue_next (f->queue, now_us);

  g_assert_cmpstr (job != NULL ? job->text : NULL, ==, text);
  return job;
}

static void
answer (Fixture *f, SigPushJob *job, unsigned status, int64_t now_us)
{
  sig_push_queue_done (f->queue, job, &(SigPushAnswer){ .status = status, .dice = UINT16_MAX / 2 }, now_us);
}

static void
test_statuses (Fixture *f, gconstpointer data)
{
  static const struct {
    unsigned status;
    SigPushOutcome outcome;
  } rows[] = { { 200, SIG_PUSH_DELIVERED }, { 201, SIG_PUSH_DELIVERED }, { 202, SIG_PUSH_DELIVERED }, { 204, SIG_PUSH_DELIVERED },
               { 301, SIG_PUSH_FAILED },    { 307, SIG_PUSH_FAILED },    { 400, SIG_PUSH_FAILED },    { 401, SIG_PUSH_FAILED },
               { 403, SIG_PUSH_FAILED },    { 404, SIG_PUSH_GONE },      { 410, SIG_PUSH_GONE },      { 413, SIG_PUSH_FAILED },
               { 408, SIG_PUSH_RETRIED },   { 429, SIG_PUSH_RETRIED },   { 500, SIG_PUSH_RETRIED },   { 503, SIG_PUSH_RETRIED },
               { 0, SIG_PUSH_RETRIED } };

  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      unsigned before = f->n[rows[i].outcome];

      add (f, (MsgId) i + 1, "t", "x");
      answer (f, expect_next (f, 0, "x"), rows[i].status, 0);
      g_assert_cmpuint (f->n[rows[i].outcome], ==, before + 1);
    }
  g_assert_cmpuint (sig_push_queue_get_n_waiting (f->queue), ==, 4); /* of the five that are tried again one was too many */
  g_assert_cmpuint (f->n[SIG_PUSH_DROPPED], ==, 1);
  g_assert_cmpuint (sig_push_queue_get_n_active (f->queue), ==, 0);
}

static void
test_refused (Fixture *f, gconstpointer data)
{
  add (f, 1, "t", "x");
  sig_push_queue_done (f->queue, expect_next (f, 0, "x"), &(SigPushAnswer){ .refused = true }, 0);
  g_assert_cmpuint (f->n[SIG_PUSH_REFUSED], ==, 1);
  g_assert_cmpint (sig_push_queue_next_us (f->queue), ==, INT64_MAX);
}

/* 1 s, 4 s, then it is given up; with a dice in the middle the pauses are exact */
static void
test_backoff (Fixture *f, gconstpointer data)
{
  int64_t first_us, second_us;

  add (f, 1, "t", "x");
  answer (f, expect_next (f, 0, "x"), 503, 0);
  first_us = sig_push_queue_next_us (f->queue);
  g_assert_cmpint (ABS (first_us - S), <, S / 1000);
  g_assert_null (sig_push_queue_next (f->queue, first_us - 1));
  answer (f, expect_next (f, first_us, "x"), 0, first_us);
  second_us = sig_push_queue_next_us (f->queue);
  g_assert_cmpint (ABS (second_us - first_us - 4 * S), <, S / 100);
  answer (f, expect_next (f, second_us, "x"), 500, second_us);
  g_assert_cmpuint (f->n[SIG_PUSH_RETRIED], ==, 2);
  g_assert_cmpuint (f->n[SIG_PUSH_FAILED], ==, 1);
  g_assert_cmpint (sig_push_queue_next_us (f->queue), ==, INT64_MAX);
}

/* RFC 6585 §4, RFC 8030 §7.3: a push service says when; a newer push of the topic waits too */
static void
test_retry_after (Fixture *f, gconstpointer data)
{
  add (f, 1, "t", "x");
  sig_push_queue_done (f->queue, expect_next (f, 0, "x"), &(SigPushAnswer){ .status = 429, .retry_after_us = 30 * S }, 0);
  g_assert_cmpint (sig_push_queue_next_us (f->queue), ==, 30 * S);
  add (f, 1, "t", "y");
  g_assert_cmpstr (f->ended->str, ==, "x");
  g_assert_cmpint (sig_push_queue_next_us (f->queue), ==, 30 * S);
  sig_push_queue_done (f->queue, expect_next (f, 30 * S, "y"), &(SigPushAnswer){ .status = 429, .retry_after_us = 90 * S },
                       30 * S);
  g_assert_cmpuint (f->n[SIG_PUSH_EXPIRED], ==, 1); /* by then nobody wants it any more */
}

static void
test_expired (Fixture *f, gconstpointer data)
{
  add (f, 1, "t", "x");
  g_assert_null (sig_push_queue_next (f->queue, 100 * S));
  g_assert_cmpuint (f->n[SIG_PUSH_EXPIRED], ==, 1);
  g_assert_cmpuint (sig_push_queue_get_n_waiting (f->queue), ==, 0);
}

/* of one topic the newest stays, and other topics and devices are not touched */
static void
test_superseded (Fixture *f, gconstpointer data)
{
  add (f, 1, "t", "a");
  add (f, 1, "u", "b");
  add (f, 2, "t", "c");
  add (f, 1, "t", "d");
  g_assert_cmpstr (f->ended->str, ==, "a");
  g_assert_cmpuint (f->n[SIG_PUSH_SUPERSEDED], ==, 1);
  answer (f, expect_next (f, 0, "b"), 201, 0);
  answer (f, expect_next (f, 0, "c"), 201, 0);
  answer (f, expect_next (f, 0, "d"), 201, 0);
  g_assert_cmpuint (f->n[SIG_PUSH_DELIVERED], ==, 3);
}

/* the ring is on its way when the call ends: the end waits for it; when the ring failed, the end alone is sent */
static void
test_order (Fixture *f, gconstpointer data)
{
  SigPushJob *ring;

  sig_push_queue_add (f->queue, make_job (1, 1, "call", "ring", true), 0);
  ring = expect_next (f, 0, "ring");
  sig_push_queue_add (f->queue, make_job (1, 1, "call", "end", true), 0);
  g_assert_null (sig_push_queue_next (f->queue, 0));
  g_assert_cmpint (sig_push_queue_next_us (f->queue), ==, INT64_MAX);
  answer (f, ring, 503, 0);
  g_assert_cmpstr (f->ended->str, ==, "ring");
  g_assert_cmpuint (f->n[SIG_PUSH_SUPERSEDED], ==, 1);
  answer (f, expect_next (f, 0, "end"), 201, 0);
  g_assert_cmpuint (f->n[SIG_PUSH_DELIVERED], ==, 1);
}

static void
test_calls_first (Fixture *f, gconstpointer data)
{
  add (f, 1, "t", "message");
  sig_push_queue_add (f->queue, make_job (2, 2, "t", "call", true), 0);
  answer (f, expect_next (f, 0, "call"), 201, 0);
  answer (f, expect_next (f, 0, "message"), 201, 0);
}

/* nobody keeps others from being woken: a user has two places here, a push service three, all together four */
static void
test_places (Fixture *f, gconstpointer data)
{
  SigPushJob *jobs[4];

  sig_push_queue_add (f->queue, make_job (7, 1, "t", "a", false), 0);
  sig_push_queue_add (f->queue, make_job (7, 2, "t", "b", false), 0);
  sig_push_queue_add (f->queue, make_job (7, 3, "t", "c", false), 0);
  sig_push_queue_add (f->queue, make_job (8, 4, "t", "d", false), 0);
  jobs[0] = expect_next (f, 0, "a");
  jobs[1] = expect_next (f, 0, "b");
  jobs[2] = expect_next (f, 0, "d");
  g_assert_null (sig_push_queue_next (f->queue, 0));
  add (f, 5, "t", "e");
  g_assert_null (sig_push_queue_next (f->queue, 0)); /* the push service has three */
  sig_push_queue_add (f->queue, make_job (9, 6, "t", "f", false), 0);
  answer (f, jobs[0], 201, 0);
  jobs[0] = expect_next (f, 0, "c");
  answer (f, jobs[1], 201, 0);
  jobs[1] = expect_next (f, 0, "e");
  for (unsigned i = 0; i < 3; i++)
    answer (f, jobs[i], 201, 0);
  answer (f, expect_next (f, 0, "f"), 201, 0);
  g_assert_cmpuint (sig_push_queue_get_n_active (f->queue), ==, 0);
  g_assert_cmpint (sig_push_queue_next_us (f->queue), ==, INT64_MAX);
}

static void
test_full (Fixture *f, gconstpointer data)
{
  sig_push_queue_add (f->queue, make_job (1, 1, "t", "1", true), 0);
  for (MsgId device = 2; device <= 6; device++)
    add (f, device, "t", "m");
  g_assert_cmpuint (sig_push_queue_get_n_waiting (f->queue), ==, 4);
  g_assert_cmpstr (f->ended->str, ==, "mm"); /* messages give way, calls stay */
  for (MsgId device = 7; device <= 9; device++)
    sig_push_queue_add (f->queue, make_job (device, device, "t", "c", true), 0);
  g_assert_cmpstr (f->ended->str, ==, "mmmmm");
  sig_push_queue_add (f->queue, make_job (10, 10, "t", "c", true), 0);
  g_assert_cmpstr (f->ended->str, ==, "mmmmm1");
  g_assert_cmpuint (f->n[SIG_PUSH_DROPPED], ==, 6);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, fn) g_test_add ("/signaling/push-queue/" name, Fixture, NULL, set_up, fn, tear_down)
  ADD ("statuses", test_statuses);
  ADD ("refused", test_refused);
  ADD ("backoff", test_backoff);
  ADD ("retry-after", test_retry_after);
  ADD ("expired", test_expired);
  ADD ("superseded", test_superseded);
  ADD ("order", test_order);
  ADD ("calls-first", test_calls_first);
  ADD ("places", test_places);
  ADD ("full", test_full);
  return g_test_run ();
}
