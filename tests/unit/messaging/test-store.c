/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "harness.h"
#include "messaging/store.h"

#define QUEUE 64

typedef struct {
  Bench bench;
  MsgMainbox *mainbox;
  MsgStore *store;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  GError *error = NULL;

  bench_init (&f->bench);
  f->mainbox = msg_mainbox_new (f->bench.context, 2 * QUEUE, &error);
  g_assert_no_error (error);
  f->store = msg_store_new (f->bench.url, f->mainbox, QUEUE, 1, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  msg_store_free (f->store);
  msg_mainbox_free (f->mainbox);
  bench_clear (&f->bench);
}

/* A job that puts a user; or fails; or waits at a gate. */
typedef struct {
  int id;
  bool fails;
  int gate;             /* 0: none; else it reads one byte from this descriptor first */
  atomic_int *entered;  /* (nullable) */
  int64_t found;        /* reads: how many users there are */
  unsigned done;
  unsigned order;
  GError *error;
} Job;

static unsigned order;

static bool
put_run (MsgDb *db, gpointer ctx, GError **error)
{
  Job *job = ctx;
  MsgStmt *stmt = msg_db_prepare (db, "INSERT INTO users VALUES (:id, :key, '', '', NULL, 0, 0, 0, 0)");
  g_autofree char *key = g_strdup_printf ("u%d", job->id);
  char byte;

  if (job->entered != NULL)
    (void) atomic_fetch_add (job->entered, 1);
  if (job->gate != 0)
    g_assert_cmpint (read (job->gate, &byte, 1), ==, 1);
  msg_stmt_set_int (stmt, ":id", job->id);
  msg_stmt_set_text (stmt, ":key", key);
  if (!msg_stmt_run (stmt, error))
    return false;
  if (job->fails)
    g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "id", "no"));
  return !job->fails;
}

static bool
count_run (MsgDb *db, gpointer ctx, GError **error)
{
  Job *job = ctx;
  MsgStmt *stmt = msg_db_prepare (db, "SELECT COUNT(*) FROM users");

  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  job->found = msg_stmt_get_int (stmt, 0);
  return true; /* the statement is left as it is: the store rewinds it */
}

static void
on_job (gpointer ctx, const GError *error)
{
  Job *job = ctx;

  job->done++;
  job->order = ++order;
  job->error = error != NULL ? g_error_copy (error) : NULL;
}

static void
wait_for (Fixture *f, Job *job)
{
  while (job->done == 0)
    (void) g_main_context_iteration (f->bench.context, TRUE);
  g_assert_cmpuint (job->done, ==, 1);
}

static int64_t
count_users (Fixture *f)
{
  Job job = { 0 };

  msg_store_read (f->store, count_run, on_job, &job);
  g_assert_cmpuint (job.done, ==, 0);
  wait_for (f, &job);
  g_assert_no_error (job.error);
  return job.found;
}

static void
test_group (Fixture *f, gconstpointer data)
{
  Job jobs[50] = { 0 };
  int gate[2];
  uint64_t commits = msg_store_get_commits (f->store);

  /* the first holds the writer until the others wait behind it */
  g_assert_cmpint (pipe (gate), ==, 0);
  order = 0;
  for (int i = 0; i < 50; i++)
    {
      jobs[i].id = i + 1;
      jobs[i].fails = i % 10 == 5;
      jobs[i].gate = i == 0 ? gate[0] : 0;
      msg_store_write (f->store, put_run, on_job, &jobs[i]);
    }
  g_assert_cmpuint (msg_store_get_pending (f->store), ==, 50);
  g_assert_cmpint (write (gate[1], "x", 1), ==, 1);
  wait_for (f, &jobs[49]);
  for (int i = 0; i < 50; i++)
    {
      g_assert_cmpuint (jobs[i].done, ==, 1);
      g_assert_cmpuint (jobs[i].order, ==, i + 1);
      if (jobs[i].fails)
        g_assert_error (jobs[i].error, MSG_ERROR, MSG_ERROR_INVALID);
      else
        g_assert_no_error (jobs[i].error);
      g_clear_error (&jobs[i].error);
    }
  g_assert_cmpuint (msg_store_get_pending (f->store), ==, 0);
  g_assert_cmpint (count_users (f), ==, 45);
  /* one for what was there when the writer woke up, one or two for the rest */
  g_assert_cmpuint (msg_store_get_commits (f->store) - commits, <=, 3);
  (void) close (gate[0]);
  (void) close (gate[1]);
}

static void
test_engine_error (Fixture *f, gconstpointer data)
{
  Job jobs[3] = { { .id = 1 }, { .id = 1 }, { .id = 2 } };

  for (int i = 0; i < 3; i++)
    msg_store_write (f->store, put_run, on_job, &jobs[i]);
  wait_for (f, &jobs[2]);
  g_assert_no_error (jobs[0].error);
  g_assert_error (jobs[1].error, MSG_ERROR, MSG_ERROR_CONFLICT);
  g_assert_no_error (jobs[2].error);
  g_assert_cmpint (count_users (f), ==, 2);
  g_clear_error (&jobs[1].error);
}

static void
test_full (Fixture *f, gconstpointer data)
{
  Job jobs[QUEUE + 2] = { 0 };
  Job reads[QUEUE + 2] = { 0 };
  int gate[2];

  g_assert_cmpint (pipe (gate), ==, 0);
  for (int i = 0; i < QUEUE + 2; i++)
    {
      jobs[i].id = i + 1;
      jobs[i].gate = i == 0 ? gate[0] : 0;
      msg_store_write (f->store, put_run, on_job, &jobs[i]);
      g_assert_cmpuint (jobs[i].done, ==, 0);
    }
  /* the refused ones answer while the writer stands */
  wait_for (f, &jobs[QUEUE + 1]);
  for (int i = QUEUE; i < QUEUE + 2; i++)
    {
      g_assert_error (jobs[i].error, MSG_ERROR, MSG_ERROR_UNAVAILABLE);
      g_assert_cmpstr (msg_error_get_reason (jobs[i].error), ==, "busy");
      g_assert_cmpint (msg_error_get_retry_after_ms (jobs[i].error), >, 0);
      g_clear_error (&jobs[i].error);
    }
  g_assert_cmpuint (jobs[0].done, ==, 0);
  /* reading goes on beside a writer that stands, and has a queue of its own */
  g_assert_cmpint (count_users (f), ==, 0);
  g_assert_cmpint (write (gate[1], "x", 1), ==, 1);
  wait_for (f, &jobs[QUEUE - 1]);
  g_assert_no_error (jobs[QUEUE - 1].error);
  g_assert_cmpint (count_users (f), ==, QUEUE);

  for (int i = 0; i < QUEUE + 2; i++)
    msg_store_read (f->store, count_run, on_job, &reads[i]);
  for (int i = 0; i < QUEUE + 2; i++)
    {
      wait_for (f, &reads[i]);
      g_assert_true ((reads[i].error != NULL) == (i >= QUEUE));
      g_clear_error (&reads[i].error);
    }
  (void) close (gate[0]);
  (void) close (gate[1]);
}

/* After each acknowledged write every reader sees it. */
static void
test_read_own_write (Fixture *f, gconstpointer data)
{
  for (int i = 1; i <= 100; i++)
    {
      Job job = { .id = i };

      msg_store_write (f->store, put_run, on_job, &job);
      wait_for (f, &job);
      g_assert_cmpint (count_users (f), ==, i);
      g_assert_cmpint (count_users (f), ==, i);
    }
}

/* --- A disk that is full --- */

/* Child: exits with how many were acknowledged before the first refusal; checks that the refusals are told, and that it
 * goes on when there is room again. */
static void
fill_disk (const char *path)
{
  struct rlimit limit = { 600 * 1024, RLIM_INFINITY };
  g_autoptr (GMainContext) context = g_main_context_new ();
  MsgMainbox *mainbox = msg_mainbox_new (context, 2 * QUEUE, NULL);
  MsgStore *store;
  Job job = { 0 };
  int acked = 0;

  (void) signal (SIGXFSZ, SIG_IGN);
  store = msg_store_new (path, mainbox, QUEUE, 1, NULL);
  (void) setrlimit (RLIMIT_FSIZE, &limit);
  for (int i = 1; i < 2000; i++)
    {
      job = (Job){ .id = i };
      msg_store_write (store, put_run, on_job, &job);
      while (job.done == 0)
        (void) g_main_context_iteration (context, TRUE);
      if (job.error != NULL)
        break;
      acked = i;
    }
  if (job.error == NULL || job.error->code != MSG_ERROR_UNAVAILABLE
      || strcmp (msg_error_get_reason (job.error), "storage") != 0)
    _exit (255);
  limit.rlim_cur = RLIM_INFINITY;
  (void) setrlimit (RLIMIT_FSIZE, &limit);
  job = (Job){ .id = 5000 };
  msg_store_write (store, put_run, on_job, &job);
  while (job.done == 0)
    (void) g_main_context_iteration (context, TRUE);
  if (job.error != NULL)
    _exit (254);
  _exit (acked > 0 && acked < 250 ? acked : 253);
}

static void
test_disk_full (void)
{
  g_autoptr (GError) error = NULL;
  Bench bench;
  MsgDb *db;
  MsgStmt *stmt;
  pid_t pid;
  int status;

  bench_init (&bench);
  pid = fork ();
  if (pid == 0)
    {
      (void) freopen ("/dev/null", "w", stderr); /* the errors that it logs are expected */
      fill_disk (bench.url);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), <, 250);
  db = msg_db_open (bench.url, MSG_DB_WRITE, &error);
  g_assert_no_error (error);
  /* what was acknowledged is there, and nothing that was refused */
  stmt = msg_db_prepare (db, "SELECT COUNT(*) FROM users");
  g_assert_cmpint (msg_stmt_step (stmt, NULL), ==, MSG_STEP_ROW);
  g_assert_cmpint (msg_stmt_get_int (stmt, 0), ==, WEXITSTATUS (status) + 1);
  msg_db_close (db);
  bench_clear (&bench);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, fn) g_test_add ("/messaging/store/" name, Fixture, NULL, set_up, fn, tear_down)
  if (g_getenv ("ALDIS_TEST_POSTGRES") == NULL) /* it limits the size of the file */
    g_test_add_func ("/messaging/store/disk-full", test_disk_full);
  ADD ("group", test_group);
  ADD ("engine-error", test_engine_error);
  ADD ("full", test_full);
  ADD ("read-own-write", test_read_own_write);
  return g_test_run ();
}
