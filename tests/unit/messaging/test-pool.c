/* SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>

#include "harness.h"
#include "messaging/pool.h"

#define QUEUE 4

typedef struct {
  GMainContext *context;
  MsgMainbox *mainbox;
  MsgPool *pool;
  int gate[2], entered[2];
  atomic_int running, peak;
} Fixture;

typedef struct {
  Fixture *fixture;
  unsigned ran, done;
  GError *error;
} Sum;

static void
set_up (Fixture *f, gconstpointer data)
{
  GError *error = NULL;

  (void) alarm (60);
  f->context = g_main_context_new ();
  f->mainbox = msg_mainbox_new (f->context, 16, &error);
  f->pool = msg_pool_new (f->mainbox, QUEUE, &error);
  g_assert_no_error (error);
  g_assert_cmpint (pipe (f->gate), ==, 0);
  g_assert_cmpint (pipe (f->entered), ==, 0);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  msg_pool_free (f->pool);
  msg_mainbox_free (f->mainbox);
  g_main_context_unref (f->context);
  (void) close (f->gate[0]);
  (void) close (f->gate[1]);
  (void) close (f->entered[0]);
  (void) close (f->entered[1]);
}

static void
sum_run (gpointer ctx)
{
  Sum *sum = ctx;
  int running = atomic_fetch_add (&sum->fixture->running, 1) + 1;
  int peak = atomic_load (&sum->fixture->peak);
  char byte;

  while (peak < running && !atomic_compare_exchange_weak (&sum->fixture->peak, &peak, running))
    ;
  g_assert_cmpint (write (sum->fixture->entered[1], "x", 1), ==, 1);
  g_assert_cmpint (read (sum->fixture->gate[0], &byte, 1), ==, 1);
  sum->ran++;
  (void) atomic_fetch_sub (&sum->fixture->running, 1);
}

static void
on_sum (gpointer ctx, const GError *error)
{
  Sum *sum = ctx;

  sum->done++;
  sum->error = error != NULL ? g_error_copy (error) : NULL;
}

static void
wait_for (Fixture *f, Sum *sum)
{
  while (sum->done == 0)
    (void) g_main_context_iteration (f->context, TRUE);
  g_assert_cmpuint (sum->done, ==, 1);
}

static void
test_bounded (Fixture *f, gconstpointer data)
{
  Sum sums[QUEUE + 4] = { 0 };
  Sum forced = { .fixture = f };
  char byte;

  for (int i = 0; i < QUEUE + 4; i++)
    {
      sums[i].fixture = f;
      msg_pool_run (f->pool, false, sum_run, on_sum, &sums[i]);
      g_assert_cmpuint (sums[i].done, ==, 0);
    }
  msg_pool_run (f->pool, true, sum_run, on_sum, &forced);
  g_assert_cmpuint (msg_pool_get_pending (f->pool), ==, QUEUE + 2 + 1);
  /* two at work, QUEUE wait, the last two are refused while nothing has ended */
  wait_for (f, &sums[QUEUE + 2]);
  wait_for (f, &sums[QUEUE + 3]);
  for (int i = QUEUE + 2; i < QUEUE + 4; i++)
    {
      g_assert_error (sums[i].error, MSG_ERROR, MSG_ERROR_UNAVAILABLE);
      g_assert_cmpint (msg_error_get_retry_after_ms (sums[i].error), >, 0);
      g_assert_cmpuint (sums[i].ran, ==, 0);
      g_clear_error (&sums[i].error);
    }
  g_assert_cmpuint (sums[0].done, ==, 0);
  for (int i = 0; i < 2; i++)
    g_assert_cmpint (read (f->entered[0], &byte, 1), ==, 1);
  g_assert_cmpint (write (f->gate[1], "xxxxxxxxxxxx", QUEUE + 3), ==, QUEUE + 3);
  wait_for (f, &forced);
  for (int i = 0; i < QUEUE + 2; i++)
    {
      wait_for (f, &sums[i]);
      g_assert_no_error (sums[i].error);
      g_assert_cmpuint (sums[i].ran, ==, 1);
    }
  g_assert_no_error (forced.error);
  g_assert_cmpint (atomic_load (&f->peak), ==, 2);
  g_assert_cmpuint (msg_pool_get_pending (f->pool), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/messaging/pool/bounded", Fixture, NULL, set_up, test_bounded, tear_down);
  return g_test_run ();
}
