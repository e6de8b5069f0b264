/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Group commit: what waits for the writer goes into one transaction, a savepoint a job, and one fsync. The next jobs
 * gather while that runs, so a slow disk makes large groups by itself. A lone job is committed at once; a group stays
 * open for stragglers as long as they keep coming, but never longer than WINDOW_US.
 */
#include "messaging/store.h"

#include <stdatomic.h>

#include "base/log.h"
#include "messaging/core.h"
#include "messaging/migrations.h"
#include "messaging/open-words.h"
#include "messaging/search-rows.h"
#include "messaging/worker.h"

#define READERS 2
#define GROUP_JOBS 512       /* bounds how much one failing commit takes with it, and the time to run it: some 10 ms */
#define WINDOW_US 2000
#define STRAGGLER_US 200     /* about one fsync: waiting longer than that for one more job does not pay */
#define BUSY_RETRY_MS 1000

typedef struct {
  MsgTask task;
  /* passed in, not owned */
  MsgStore *store;
  MsgJobFn run;
  MsgJobDoneFn done;
  gpointer ctx;
  unsigned *pending;  /* counts it; NULL when it was refused */
  /* owned */
  GError *error;
} Job;

typedef struct {
  MsgStore *store;
  MsgWorker *worker;
  MsgDb *db;         /* the worker's thread only, while that runs */
  unsigned pending;  /* main thread only */
} Line;

struct MsgStore {
  /* passed in, not owned */
  MsgMainbox *mainbox;
  unsigned queue_length;
  /* owned */
  Line writer, upkeep, readers[READERS];
  /* writer's thread only */
  GPtrArray *group;
  /* shared */
  atomic_bool upkeep_asked;
  _Atomic uint64_t commits;
};

static void
job_deliver (MsgTask *task)
{
  Job *job = (Job *) task;

  if (job->pending != NULL)
    (*job->pending)--;
  job->done (job->ctx, job->error);
  g_clear_error (&job->error);
  g_free (job);
}

/* --- The writer's thread --- */

static void
on_write (void *message, void *user)
{
  g_ptr_array_add (((Line *) user)->store->group, message);
}

/* Returns: NULL when all jobs of the group have their own end, or why none of them was written. */
static GError *
group_run (MsgDb *db, GPtrArray *group)
{
  GError *error = NULL;

  if (!msg_db_begin (db, &error))
    return error;
  for (unsigned i = 0; i < group->len; i++)
    {
      Job *job = group->pdata[i];
      bool ok;

      if (!msg_db_save (db, &error))
        {
          msg_db_rollback (db);
          return error;
        }
      ok = job->run (db, job->ctx, &job->error);
      g_assert (ok == (job->error == NULL));
      if (!msg_db_unsave (db, ok))
        {
          msg_db_rollback (db);
          if (job->error != NULL && job->error->code == MSG_ERROR_UNAVAILABLE)
            return g_error_copy (job->error);
          return msg_error_new (MSG_ERROR_UNAVAILABLE, "storage", "the database has given up a transaction");
        }
    }
  (void) msg_db_commit (db, &error);
  return error;
}

static void
group_gather (MsgStore *store)
{
  int64_t end_us = g_get_monotonic_time () + WINDOW_US;

  while (store->group->len > 1 && store->group->len < GROUP_JOBS && g_get_monotonic_time () < end_us)
    if (msg_worker_take_more (store->writer.worker, GROUP_JOBS - store->group->len, STRAGGLER_US) == 0)
      break;
}

static void
on_write_batch_end (void *user)
{
  Line *line = user;
  MsgStore *store = line->store;
  g_autoptr (GError) error = NULL;

  group_gather (store);
  if (store->group->len == 0)
    return;
  error = group_run (line->db, store->group);
  if (error == NULL)
    (void) atomic_fetch_add_explicit (&store->commits, 1, memory_order_relaxed);
  else
    al_error ("nothing can be written", "error", error->message);
  if (msg_db_wants_upkeep (line->db) && !atomic_exchange (&store->upkeep_asked, true))
    (void) msg_worker_post (store->upkeep.worker, store);
  for (unsigned i = 0; i < store->group->len; i++)
    {
      Job *job = store->group->pdata[i];

      if (error != NULL)
        {
          g_clear_error (&job->error);
          job->error = g_error_copy (error);
        }
      msg_mainbox_post (store->mainbox, &job->task);
    }
  g_ptr_array_set_size (store->group, 0);
}

/* --- The other threads --- */

static void
on_upkeep (void *message, void *user)
{
  Line *line = user;

  /* before the work: what is written while it runs asks again */
  atomic_store (&line->store->upkeep_asked, false);
  msg_db_do_upkeep (line->db);
}

static void
on_read (void *message, void *user)
{
  Line *line = user;
  Job *job = message;

  if (msg_db_begin (line->db, &job->error))
    {
      bool ok = job->run (line->db, job->ctx, &job->error);

      g_assert (ok == (job->error == NULL));
      msg_db_rollback (line->db);
    }
  msg_mainbox_post (line->store->mainbox, &job->task);
}

/* --- Lifecycle --- */

static bool
line_open (Line *line, MsgStore *store, const char *url, MsgDbMode mode, GError **error)
{
  line->store = store;
  line->db = msg_db_open (url, mode, error);
  return line->db != NULL;
}

static bool
line_start (Line *line, const char *name, AlMailFn on_task, void (*on_batch_end) (void *), GError **error)
{
  MsgWorkerSpec spec = { .name = name,
                         .capacity = line->store->queue_length,
                         .batch = on_batch_end != NULL ? GROUP_JOBS : 1,
                         .on_task = on_task,
                         .on_batch_end = on_batch_end,
                         .user = line };
  g_autoptr (GError) cause = NULL;

  line->worker = msg_worker_new (&spec, &cause);
  if (line->worker == NULL)
    g_propagate_error (error, msg_error_new (MSG_ERROR_UNAVAILABLE, "storage", "%s", cause->message));
  return line->worker != NULL;
}

static void
line_clear (Line *line)
{
  msg_worker_free (line->worker);
  msg_db_close (line->db);
}

static bool
store_open (MsgStore *store, const char *url, int64_t now_ms, GError **error)
{
  if (!line_open (&store->writer, store, url, MSG_DB_WRITE, error)
      || !msg_migrations_apply (store->writer.db, msg_migrations (), now_ms, error)
      || !msg_search_fill (store->writer.db, error) || !msg_open_words_fill (store->writer.db, error)
      || !line_open (&store->upkeep, store, url, MSG_DB_UPKEEP, error))
    return false;
  for (unsigned i = 0; i < READERS; i++)
    if (!line_open (&store->readers[i], store, url, MSG_DB_READ, error))
      return false;
  if (!line_start (&store->upkeep, "msg-upkeep", on_upkeep, NULL, error)
      || !line_start (&store->writer, "msg-writer", on_write, on_write_batch_end, error))
    return false;
  for (unsigned i = 0; i < READERS; i++)
    if (!line_start (&store->readers[i], "msg-reader", on_read, NULL, error))
      return false;
  return true;
}

MsgStore *
msg_store_new (const char *url, MsgMainbox *mainbox, unsigned queue_length, int64_t now_ms, GError **error)
{
  g_autoptr (MsgStore) store = g_new0 (MsgStore, 1);

  g_return_val_if_fail (queue_length >= 2, NULL);
  store->mainbox = mainbox;
  store->queue_length = queue_length;
  store->group = g_ptr_array_new ();
  atomic_init (&store->upkeep_asked, false);
  atomic_init (&store->commits, 0);
  if (!store_open (store, url, now_ms, error))
    return NULL;
  return g_steal_pointer (&store);
}

void
msg_store_free (MsgStore *store)
{
  if (store == NULL)
    return;
  g_assert (msg_store_get_pending (store) == 0);
  for (unsigned i = 0; i < READERS; i++)
    line_clear (&store->readers[i]);
  /* the writer may ask for upkeep until it has ended */
  msg_worker_free (g_steal_pointer (&store->writer.worker));
  line_clear (&store->upkeep);
  line_clear (&store->writer); /* last: closing the last connection folds the WAL into the file */
  g_ptr_array_unref (store->group);
  g_free (store);
}

/* --- Jobs --- */

static Job *
job_new (MsgStore *store, MsgJobFn run, MsgJobDoneFn done, gpointer ctx)
{
  Job *job = g_new0 (Job, 1);

  job->task.deliver = job_deliver;
  job->store = store;
  job->run = run;
  job->done = done;
  job->ctx = ctx;
  return job;
}

static void
job_send (Job *job, Line *line, unsigned queued)
{
  if (queued < job->store->queue_length)
    {
      line->pending++;
      job->pending = &line->pending;
      if (msg_worker_post (line->worker, job))
        return;
      line->pending--;
      job->pending = NULL;
    }
  job->error = msg_error_new_retry (MSG_ERROR_UNAVAILABLE, "busy", BUSY_RETRY_MS,
                                    "The server is overloaded. Try again in a moment.");
  msg_mainbox_later (job->store->mainbox, &job->task);
}

void
msg_store_write (MsgStore *store, MsgJobFn run, MsgJobDoneFn done, gpointer ctx)
{
  job_send (job_new (store, run, done, ctx), &store->writer, store->writer.pending);
}

void
msg_store_read (MsgStore *store, MsgJobFn run, MsgJobDoneFn done, gpointer ctx)
{
  Line *line = &store->readers[0];
  unsigned queued = 0;

  for (unsigned i = 0; i < READERS; i++)
    {
      queued += store->readers[i].pending;
      if (store->readers[i].pending < line->pending)
        line = &store->readers[i];
    }
  job_send (job_new (store, run, done, ctx), line, queued);
}

unsigned
msg_store_get_pending (const MsgStore *store)
{
  unsigned pending = store->writer.pending;

  for (unsigned i = 0; i < READERS; i++)
    pending += store->readers[i].pending;
  return pending;
}

uint64_t
msg_store_get_commits (const MsgStore *store)
{
  return atomic_load_explicit (&store->commits, memory_order_relaxed);
}
