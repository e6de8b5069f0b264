/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A level-triggered epoll loop. Everything runs on the thread that runs the loop, except al_loop_quit().
 *
 * Events of one epoll_wait() are kept in the loop until they are called, so that removing a watch can strike out what
 * was already fetched for it: a callback may free any other watch's owner, and an fd number that is reused within the
 * turn never sees the events of its former owner.
 */
#include "base/loop.h"

#include <errno.h>
#include <gio/gio.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define MAX_EVENTS 256
#define MAX_DEFER_ROUNDS 16
#define MAX_MAIL_PER_TURN 1024

typedef struct {
  AlWatch watch;
  /* passed in, not owned */
  AlMailbox *box;
  AlMailFn fn;
  void *user;
} LoopBox;

struct AlLoop {
  char name[16];
  int epoll_fd;
  int wake_fd;
  AlWatch wake_watch;
  AlTimerWheel *timers;
  GPtrArray *boxes; /* of LoopBox */
  uint8_t *scratch;

  int64_t now_us, skip_us;
  uint64_t turn;
  bool has_pwait2;
  bool in_turn;

  struct epoll_event events[MAX_EVENTS];
  int n_events, next_event;

  AlDefer *defers, **defers_end;   /* queued now */
  AlDefer *running;                /* the round being run */

  /* any thread */
  _Atomic uintptr_t thread; /* pthread_self() of the one that runs it, 0: none */
  atomic_bool quit;
};

static int64_t
read_clock (const AlLoop *loop)
{
  return g_get_monotonic_time () + loop->skip_us;
}

static void
on_wake (AlWatch *watch, uint32_t events, void *user)
{
  uint64_t count;

  (void) !read (watch->fd, &count, sizeof count);
}

static void
on_box_ready (AlWatch *watch, uint32_t events, void *user)
{
  LoopBox *box = user;

  (void) al_mailbox_drain (box->box, box->fn, box->user, MAX_MAIL_PER_TURN);
}

AlLoop *
al_loop_new (const char *name, GError **error)
{
  AlLoop *loop;

  g_return_val_if_fail (name != NULL && strlen (name) < sizeof loop->name, NULL);
  loop = g_new0 (AlLoop, 1);
  g_strlcpy (loop->name, name, sizeof loop->name);
  loop->has_pwait2 = true;
  loop->defers_end = &loop->defers;
  loop->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  loop->wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  loop->wake_watch = (AlWatch){ .fd = loop->wake_fd, .fn = on_wake };
  loop->now_us = read_clock (loop);
  loop->timers = al_timer_wheel_new (loop->now_us);
  loop->boxes = g_ptr_array_new_with_free_func (g_free);
  loop->scratch = g_malloc (AL_LOOP_SCRATCH);

  if (loop->epoll_fd < 0 || loop->wake_fd < 0)
    {
      int code = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "loop %s: %s", name, g_strerror (code));
      al_loop_free (loop);
      return NULL;
    }
  if (!al_loop_watch (loop, &loop->wake_watch, EPOLLIN, error))
    {
      al_loop_free (loop);
      return NULL;
    }
  return loop;
}

void
al_loop_free (AlLoop *loop)
{
  if (loop == NULL)
    return;
  g_assert (!loop->in_turn);
  if (loop->epoll_fd >= 0)
    (void) close (loop->epoll_fd);
  if (loop->wake_fd >= 0)
    (void) close (loop->wake_fd);
  g_ptr_array_unref (loop->boxes);
  al_timer_wheel_free (loop->timers);
  g_free (loop->scratch);
  g_free (loop);
}

const char *
al_loop_get_name (const AlLoop *loop)
{
  return loop->name;
}

/* How long to wait at most, in microseconds; -1 for ever. */
static int64_t
wait_limit_us (AlLoop *loop, int timeout_ms)
{
  int64_t limit_us = timeout_ms < 0 ? -1 : (int64_t) timeout_ms * 1000;
  int64_t next_us, left_us;

  if (loop->defers != NULL)
    return 0;
  if (limit_us == 0)
    return 0;
  next_us = al_timer_wheel_next_us (loop->timers);
  if (next_us == INT64_MAX)
    return limit_us;
  left_us = next_us - loop->now_us;
  /* The turn itself took time. The clock is asked again only on the way into a sleep, where it costs nothing. */
  if (left_us > 0)
    left_us = next_us - read_clock (loop);
  if (left_us < 0)
    left_us = 0;
  return limit_us < 0 || left_us < limit_us ? left_us : limit_us;
}

static int
wait_for_events (AlLoop *loop, int64_t limit_us)
{
  int timeout_ms;

  /* microseconds for pacers; without the call (before Linux 5.11, or a sandbox that does not know it) milliseconds */
  if (loop->has_pwait2 && limit_us > 0)
    {
      struct timespec limit = { .tv_sec = limit_us / 1000000, .tv_nsec = limit_us % 1000000 * 1000 };
      int n = epoll_pwait2 (loop->epoll_fd, loop->events, MAX_EVENTS, &limit, NULL);

      if (n >= 0 || (errno != ENOSYS && errno != EPERM))
        return n;
      loop->has_pwait2 = false;
    }
  timeout_ms = limit_us < 0 ? -1 : (int) MIN ((limit_us + 999) / 1000, G_MAXINT);
  return epoll_wait (loop->epoll_fd, loop->events, MAX_EVENTS, timeout_ms);
}

static void
call_watches (AlLoop *loop)
{
  for (loop->next_event = 0; loop->next_event < loop->n_events;)
    {
      const struct epoll_event *event = &loop->events[loop->next_event++];
      AlWatch *watch = event->data.ptr;
      uint32_t events;

      if (watch == NULL)
        continue;
      /* an earlier callback of this turn may have narrowed what the watch waits for */
      events = event->events & (watch->events | EPOLLERR | EPOLLHUP);
      if (events != 0)
        watch->fn (watch, events, watch->user);
    }
  loop->n_events = loop->next_event = 0;
}

static void
run_defers (AlLoop *loop)
{
  for (unsigned round = 0; round < MAX_DEFER_ROUNDS && loop->defers != NULL; round++)
    {
      loop->running = loop->defers;
      loop->running->pprev = &loop->running;
      loop->defers = NULL;
      loop->defers_end = &loop->defers;
      while (loop->running != NULL)
        {
          AlDefer *defer = loop->running;

          al_defer_cancel (defer);
          defer->fn (defer, defer->user);
        }
    }
}

static void
run_turn (AlLoop *loop, int timeout_ms)
{
  int n;

  g_assert (!loop->in_turn);
  loop->in_turn = true;
  n = wait_for_events (loop, wait_limit_us (loop, timeout_ms));
  if (n < 0 && errno != EINTR)
    g_error ("loop %s: epoll_wait: %s", loop->name, g_strerror (errno));
  loop->n_events = MAX (n, 0);
  loop->now_us = read_clock (loop);
  loop->turn++;
  call_watches (loop);
  (void) al_timer_wheel_advance (loop->timers, loop->now_us);
  run_defers (loop);
  loop->in_turn = false;
}

static void
set_thread (AlLoop *loop, bool running)
{
  atomic_store_explicit (&loop->thread, running ? (uintptr_t) pthread_self () : 0, memory_order_relaxed);
}

void
al_loop_run (AlLoop *loop)
{
  g_return_if_fail (al_loop_is_current (loop));
  set_thread (loop, true);
  (void) pthread_setname_np (pthread_self (), loop->name);
  do
    run_turn (loop, -1);
  while (!atomic_exchange_explicit (&loop->quit, false, memory_order_acquire));
  set_thread (loop, false);
}

void
al_loop_iterate (AlLoop *loop, int timeout_ms)
{
  g_return_if_fail (al_loop_is_current (loop));
  set_thread (loop, true);
  run_turn (loop, timeout_ms);
  set_thread (loop, false);
}

void
al_loop_quit (AlLoop *loop)
{
  uint64_t one = 1;

  atomic_store_explicit (&loop->quit, true, memory_order_release);
  /* it can only fail when the counter is full, and then the loop is awake anyway */
  (void) !write (loop->wake_fd, &one, sizeof one);
}

bool
al_loop_is_current (const AlLoop *loop)
{
  uintptr_t thread = atomic_load_explicit (&loop->thread, memory_order_relaxed);

  return thread == 0 || thread == (uintptr_t) pthread_self ();
}

int64_t
al_loop_now_us (const AlLoop *loop)
{
  return loop->now_us;
}

uint64_t
al_loop_get_turn (const AlLoop *loop)
{
  return loop->turn;
}

AlTimerWheel *
al_loop_get_timers (AlLoop *loop)
{
  return loop->timers;
}

void
al_loop_skip_us (AlLoop *loop, int64_t us)
{
  g_return_if_fail (us >= 0);
  loop->skip_us += us;
}

uint8_t *
al_loop_get_scratch (AlLoop *loop)
{
  return loop->scratch;
}

bool
al_loop_watch (AlLoop *loop, AlWatch *watch, uint32_t events, GError **error)
{
  struct epoll_event event = { .events = events, .data.ptr = watch };

  g_return_val_if_fail (al_loop_is_current (loop), false);
  g_return_val_if_fail (watch->loop == NULL && watch->fn != NULL, false);
  if (epoll_ctl (loop->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event) < 0)
    {
      int code = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "loop %s: cannot watch fd %d: %s", loop->name,
                   watch->fd, g_strerror (code));
      return false;
    }
  watch->events = events;
  watch->loop = loop;
  return true;
}

void
al_watch_modify (AlWatch *watch, uint32_t events)
{
  struct epoll_event event = { .events = events, .data.ptr = watch };

  g_return_if_fail (watch->loop != NULL && al_loop_is_current (watch->loop));
  if (watch->events == events)
    return;
  watch->events = events;
  if (epoll_ctl (watch->loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event) < 0)
    g_critical ("loop %s: epoll_ctl of fd %d: %s", watch->loop->name, watch->fd, g_strerror (errno));
}

void
al_watch_remove (AlWatch *watch)
{
  AlLoop *loop = watch->loop;

  if (loop == NULL)
    return;
  g_return_if_fail (al_loop_is_current (loop));
  if (epoll_ctl (loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL) < 0)
    g_critical ("loop %s: epoll_ctl of fd %d: %s", loop->name, watch->fd, g_strerror (errno));
  for (int i = loop->next_event; i < loop->n_events; i++)
    if (loop->events[i].data.ptr == watch)
      loop->events[i].data.ptr = NULL;
  watch->loop = NULL;
  watch->events = 0;
}

void
al_loop_defer (AlLoop *loop, AlDefer *defer)
{
  g_return_if_fail (al_loop_is_current (loop));
  if (defer->queued)
    return;
  defer->queued = true;
  defer->loop = loop;
  defer->next = NULL;
  defer->pprev = loop->defers_end;
  *loop->defers_end = defer;
  loop->defers_end = &defer->next;
}

void
al_defer_cancel (AlDefer *defer)
{
  if (!defer->queued)
    return;
  g_return_if_fail (al_loop_is_current (defer->loop));
  *defer->pprev = defer->next;
  if (defer->next != NULL)
    defer->next->pprev = defer->pprev;
  else if (defer->loop->defers_end == &defer->next)
    defer->loop->defers_end = defer->pprev;
  defer->queued = false;
}

bool
al_loop_add_mailbox (AlLoop *loop, AlMailbox *box, AlMailFn fn, void *user, GError **error)
{
  LoopBox *entry = g_new0 (LoopBox, 1);

  entry->watch = (AlWatch){ .fd = al_mailbox_get_fd (box), .fn = on_box_ready, .user = entry };
  entry->box = box;
  entry->fn = fn;
  entry->user = user;
  if (!al_loop_watch (loop, &entry->watch, EPOLLIN, error))
    {
      g_free (entry);
      return false;
    }
  g_ptr_array_add (loop->boxes, entry);
  return true;
}

void
al_loop_remove_mailbox (AlLoop *loop, AlMailbox *box)
{
  for (guint i = 0; i < loop->boxes->len; i++)
    {
      LoopBox *entry = g_ptr_array_index (loop->boxes, i);

      if (entry->box != box)
        continue;
      al_watch_remove (&entry->watch);
      g_ptr_array_remove_index_fast (loop->boxes, i);
      return;
    }
}
