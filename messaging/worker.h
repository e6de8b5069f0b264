/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that takes tasks from a mailbox in order: what the store's and the pool's threads are made of. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/mailbox.h"

typedef struct MsgWorker MsgWorker;

/** MsgWorkerSpec: copied. */
typedef struct {
  const char *name;                  /* at most 15 characters */
  unsigned capacity;                 /* tasks that may wait */
  unsigned batch;                    /* tasks taken at once, at least 1 */
  AlMailFn on_task;                  /* worker's thread */
  void (*on_batch_end) (void *user); /* (nullable): after each up to @batch tasks. Worker's thread */
  void *user;
} MsgWorkerSpec;

/** msg_worker_new: starts the thread; all signals are blocked in it. Returns: (transfer full) (nullable): NULL with
 *  G_IO_ERROR. Main thread. */
MsgWorker *msg_worker_new (const MsgWorkerSpec *spec, GError **error);

/** msg_worker_free: waits until all that was posted is done, and for the thread. NULL is allowed. Main thread. */
void msg_worker_free (MsgWorker *worker);

/** msg_worker_post: Returns: false when @capacity tasks are waiting; @task is then still the caller's. Any thread. */
bool msg_worker_post (MsgWorker *worker, void *task);

/** msg_worker_take_more: inside on_batch_end: waits up to @wait_us for more and hands up to @max of it to on_task.
 *  Returns: how many. */
unsigned msg_worker_take_more (MsgWorker *worker, unsigned max, int64_t wait_us);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgWorker, msg_worker_free)
