/* SPDX-License-Identifier: Apache-2.0 */
/* The queue is the main thread's own: a worker has at most one sum, and gets the next when that one is delivered. */
#include "messaging/pool.h"

#include "messaging/core.h"
#include "messaging/worker.h"

#define WORKERS 2
#define BUSY_RETRY_MS 2000

typedef struct {
  MsgTask task;
  /* passed in, not owned */
  MsgPool *pool;
  MsgSumFn run;
  MsgSumDoneFn done;
  gpointer ctx;
  int worker;  /* whose it is; -1: refused */
} Sum;

struct MsgPool {
  /* passed in, not owned */
  MsgMainbox *mainbox;
  unsigned queue_length;
  /* owned */
  MsgWorker *workers[WORKERS];
  /* main thread only */
  GQueue waiting;
  bool busy[WORKERS];
  unsigned n_busy;
};

static void
on_sum (void *message, void *user)
{
  Sum *sum = message;
  MsgPool *pool = user;

  sum->run (sum->ctx);
  msg_mainbox_post (pool->mainbox, &sum->task);
}

static void
pool_dispatch (MsgPool *pool)
{
  for (int i = 0; i < WORKERS; i++)
    {
      Sum *sum;

      if (pool->busy[i] || (sum = g_queue_pop_head (&pool->waiting)) == NULL)
        continue;
      pool->busy[i] = true;
      pool->n_busy++;
      sum->worker = i;
      if (!msg_worker_post (pool->workers[i], sum))
        g_error ("an idle pool thread refuses a sum");
    }
}

static void
sum_deliver (MsgTask *task)
{
  Sum *sum = (Sum *) task;
  MsgPool *pool = sum->pool;
  g_autoptr (GError) error = NULL;

  if (sum->worker >= 0)
    {
      pool->busy[sum->worker] = false;
      pool->n_busy--;
      pool_dispatch (pool);
    }
  else
    error = msg_error_new_retry (MSG_ERROR_UNAVAILABLE, "busy", BUSY_RETRY_MS,
                                 "Too many people are logging in right now. Try again in a moment.");
  sum->done (sum->ctx, error);
  g_free (sum);
}

MsgPool *
msg_pool_new (MsgMainbox *mainbox, unsigned queue_length, GError **error)
{
  g_autoptr (MsgPool) pool = g_new0 (MsgPool, 1);
  const MsgWorkerSpec spec = { .name = "msg-pool", .capacity = 1, .batch = 1, .on_task = on_sum, .user = pool };
  g_autoptr (GError) cause = NULL;

  pool->mainbox = mainbox;
  pool->queue_length = queue_length;
  g_queue_init (&pool->waiting);
  for (int i = 0; i < WORKERS; i++)
    {
      pool->workers[i] = msg_worker_new (&spec, &cause);
      if (pool->workers[i] == NULL)
        {
          g_propagate_error (error, msg_error_new (MSG_ERROR_UNAVAILABLE, "storage", "%s", cause->message));
          return NULL;
        }
    }
  return g_steal_pointer (&pool);
}

void
msg_pool_free (MsgPool *pool)
{
  if (pool == NULL)
    return;
  g_assert (msg_pool_get_pending (pool) == 0);
  for (int i = 0; i < WORKERS; i++)
    msg_worker_free (pool->workers[i]);
  g_free (pool);
}

void
msg_pool_run (MsgPool *pool, bool must, MsgSumFn run, MsgSumDoneFn done, gpointer ctx)
{
  Sum *sum = g_new0 (Sum, 1);

  sum->task.deliver = sum_deliver;
  sum->pool = pool;
  sum->run = run;
  sum->done = done;
  sum->ctx = ctx;
  sum->worker = -1;
  if (!must && msg_pool_get_pending (pool) >= pool->queue_length + WORKERS)
    {
      msg_mainbox_later (pool->mainbox, &sum->task);
      return;
    }
  g_queue_push_tail (&pool->waiting, sum);
  pool_dispatch (pool);
}

unsigned
msg_pool_get_pending (const MsgPool *pool)
{
  return pool->n_busy + g_queue_get_length ((GQueue *) &pool->waiting);
}
