/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/worker.h"

#include <gio/gio.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>

struct MsgWorker {
  MsgWorkerSpec spec;
  /* owned */
  AlMailbox *box;
  pthread_t thread;
  /* worker's thread only */
  bool stopping;
};

static char stop_mark; /* its address is the message that ends a worker */

static void
worker_take (void *message, void *user)
{
  MsgWorker *worker = user;

  if (message == &stop_mark)
    worker->stopping = true;
  else
    worker->spec.on_task (message, worker->spec.user);
}

static void
worker_wait (MsgWorker *worker, const struct timespec *timeout)
{
  struct pollfd fd = { .fd = al_mailbox_get_fd (worker->box), .events = POLLIN };

  (void) ppoll (&fd, 1, timeout, NULL); /* an early return finds an empty box, no more */
}

static void *
worker_main (void *data)
{
  MsgWorker *worker = data;

  while (!worker->stopping)
    {
      worker_wait (worker, NULL);
      if (al_mailbox_drain (worker->box, worker_take, worker, worker->spec.batch) > 0
          && worker->spec.on_batch_end != NULL)
        worker->spec.on_batch_end (worker->spec.user);
    }
  return NULL;
}

MsgWorker *
msg_worker_new (const MsgWorkerSpec *spec, GError **error)
{
  g_autofree MsgWorker *worker = g_new0 (MsgWorker, 1);
  sigset_t all, before;
  int code;

  g_return_val_if_fail (spec->batch > 0, NULL);
  worker->spec = *spec;
  worker->spec.name = NULL;
  worker->box = al_mailbox_new (spec->capacity + 1, NULL, error); /* one more: the stop mark always fits */
  if (worker->box == NULL)
    return NULL;
  (void) sigfillset (&all);
  (void) pthread_sigmask (SIG_SETMASK, &all, &before);
  code = pthread_create (&worker->thread, NULL, worker_main, worker);
  (void) pthread_sigmask (SIG_SETMASK, &before, NULL);
  if (code != 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "thread %s: %s", spec->name, g_strerror (code));
      al_mailbox_free (worker->box);
      return NULL;
    }
  (void) pthread_setname_np (worker->thread, spec->name);
  return g_steal_pointer (&worker);
}

void
msg_worker_free (MsgWorker *worker)
{
  if (worker == NULL)
    return;
  if (!al_mailbox_post (worker->box, &stop_mark))
    g_error ("a worker was given more tasks than its capacity");
  (void) pthread_join (worker->thread, NULL);
  al_mailbox_free (worker->box);
  g_free (worker);
}

bool
msg_worker_post (MsgWorker *worker, void *task)
{
  return al_mailbox_post (worker->box, task);
}

unsigned
msg_worker_take_more (MsgWorker *worker, unsigned max, int64_t wait_us)
{
  const struct timespec timeout = { .tv_sec = wait_us / G_USEC_PER_SEC, .tv_nsec = wait_us % G_USEC_PER_SEC * 1000 };

  if (worker->stopping || max == 0)
    return 0;
  worker_wait (worker, &timeout);
  return al_mailbox_drain (worker->box, worker_take, worker, max);
}
