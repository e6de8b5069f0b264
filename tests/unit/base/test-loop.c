/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/loop.h"

#define HOUR_US (INT64_C (3600) * G_USEC_PER_SEC)

typedef struct End End;
struct End {
  AlWatch watch;
  AlLoop *loop;
  int peer;
  unsigned calls;
  uint32_t last;
  void (*action) (End *end);
  End *other;
};

static AlLoop *
new_loop (void)
{
  g_autoptr (GError) error = NULL;
  AlLoop *loop = al_loop_new ("test", &error);

  g_assert_no_error (error);
  return loop;
}

static void
on_end (AlWatch *watch, uint32_t events, void *user)
{
  End *end = user;

  g_assert_true (&end->watch == watch);
  end->calls++;
  end->last = events;
  if (end->action != NULL)
    end->action (end);
}

static void
end_open (End *end, AlLoop *loop)
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), ==, 0);
  *end = (End){ .watch = { .fd = fds[0], .fn = on_end, .user = end }, .loop = loop, .peer = fds[1] };
  g_assert_true (al_loop_watch (loop, &end->watch, EPOLLIN, NULL));
}

static void
end_poke (End *end)
{
  g_assert_cmpint (write (end->peer, "x", 1), ==, 1);
}

static void
end_close (End *end)
{
  al_watch_remove (&end->watch);
  (void) close (end->watch.fd);
  (void) close (end->peer);
}

static void
test_level (void)
{
  g_autoptr (AlLoop) loop = new_loop ();
  End end;
  char c;

  end_open (&end, loop);
  al_loop_iterate (loop, 0);
  g_assert_cmpuint (end.calls, ==, 0);
  end_poke (&end);
  al_loop_iterate (loop, -1);
  al_loop_iterate (loop, -1);
  g_assert_cmpuint (end.calls, ==, 2); /* level-triggered: it is asked again until the byte is read */
  g_assert_cmpuint (end.last, ==, EPOLLIN);
  g_assert_cmpint (read (end.watch.fd, &c, 1), ==, 1);
  al_loop_iterate (loop, 0);
  g_assert_cmpuint (end.calls, ==, 2);

  al_watch_modify (&end.watch, EPOLLIN | EPOLLOUT);
  al_loop_iterate (loop, 0);
  g_assert_cmpuint (end.last, ==, EPOLLOUT);
  al_watch_modify (&end.watch, 0);
  end_poke (&end);
  al_loop_iterate (loop, 0);
  g_assert_cmpuint (end.calls, ==, 3);
  end_close (&end);
}

static void
remove_other (End *end)
{
  al_watch_remove (&end->other->watch);
}

/* Whichever of two ready watches comes first removes the other, which must then not be called. */
static void
test_remove_fetched (void)
{
  g_autoptr (AlLoop) loop = new_loop ();
  End a, b;

  end_open (&a, loop);
  end_open (&b, loop);
  a.action = b.action = remove_other;
  a.other = &b;
  b.other = &a;
  end_poke (&a);
  end_poke (&b);
  al_loop_iterate (loop, -1);
  g_assert_cmpuint (a.calls + b.calls, ==, 1);
  al_loop_iterate (loop, 0);
  g_assert_cmpuint (a.calls + b.calls, ==, 2);
  end_close (&a);
  end_close (&b);
}

/* The other is closed and freed, and a new watch gets both its fd number and its memory. It must not see old events. */
static void
replace_other (End *end)
{
  End *old = end->other;
  int fd = old->watch.fd, fds[2];

  end_close (old);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), ==, 0);
  g_assert_true (fds[0] == fd || fds[1] == fd);
  if (fds[1] == fd)
    {
      fds[1] = fds[0];
      fds[0] = fd;
    }
  *old = (End){ .watch = { .fd = fds[0], .fn = on_end, .user = old }, .loop = end->loop, .peer = fds[1] };
  g_assert_true (al_loop_watch (end->loop, &old->watch, EPOLLIN, NULL));
  end->action = NULL;
}

static void
test_reused_fd (void)
{
  g_autoptr (AlLoop) loop = new_loop ();
  End ends[2], *first, *second;

  for (int i = 0; i < 2; i++)
    {
      end_open (&ends[i], loop);
      ends[i].action = replace_other;
      end_poke (&ends[i]);
    }
  ends[0].other = &ends[1];
  ends[1].other = &ends[0];
  al_loop_iterate (loop, -1);
  first = ends[0].calls == 1 ? &ends[0] : &ends[1];
  second = first->other;
  g_assert_cmpuint (first->calls, ==, 1);
  g_assert_cmpuint (second->calls, ==, 0);
  end_poke (second);
  al_loop_iterate (loop, -1);
  g_assert_cmpuint (second->calls, ==, 1);
  end_close (first);
  end_close (second);
}

static void
narrow_other (End *end)
{
  al_watch_modify (&end->other->watch, 0);
}

static void
test_narrowed_fetched (void)
{
  g_autoptr (AlLoop) loop = new_loop ();
  End a, b;

  end_open (&a, loop);
  end_open (&b, loop);
  a.action = b.action = narrow_other;
  a.other = &b;
  b.other = &a;
  end_poke (&a);
  end_poke (&b);
  al_loop_iterate (loop, -1);
  g_assert_cmpuint (a.calls + b.calls, ==, 1);
  end_close (&a);
  end_close (&b);
}

typedef struct {
  AlDefer defer;
  AlLoop *loop;
  unsigned runs, again;
  AlDefer *cancels;
} Job;

static void
run_job (AlDefer *defer, void *user)
{
  Job *job = user;

  job->runs++;
  if (job->cancels != NULL)
    al_defer_cancel (job->cancels);
  if (job->again > 0)
    {
      job->again--;
      al_loop_defer (job->loop, defer);
    }
}

static Job
job_make (AlLoop *loop)
{
  return (Job){ .defer = { .fn = run_job }, .loop = loop };
}

static void
test_defer (void)
{
  g_autoptr (AlLoop) loop = new_loop ();
  Job a = job_make (loop), b = job_make (loop), c = job_make (loop);

  a.defer.user = &a;
  b.defer.user = &b;
  c.defer.user = &c;
  al_loop_defer (loop, &a.defer);
  al_loop_defer (loop, &a.defer);
  al_loop_iterate (loop, -1); /* a waiting defer does not let the loop sleep */
  g_assert_cmpuint (a.runs, ==, 1);

  /* cancelled: at the end of the queue, in the middle, and by a defer of the same round */
  al_loop_defer (loop, &a.defer);
  al_loop_defer (loop, &b.defer);
  al_loop_defer (loop, &c.defer);
  al_defer_cancel (&c.defer);
  al_defer_cancel (&c.defer);
  al_loop_defer (loop, &c.defer);
  al_defer_cancel (&b.defer);
  a.cancels = &c.defer;
  al_loop_iterate (loop, -1);
  g_assert_cmpuint (a.runs, ==, 2);
  g_assert_cmpuint (b.runs, ==, 0);
  g_assert_cmpuint (c.runs, ==, 0);

  /* asked for again by itself: still this turn, but not without end */
  b.again = 3;
  al_loop_defer (loop, &b.defer);
  al_loop_iterate (loop, -1);
  g_assert_cmpuint (b.runs, ==, 4);
  b.again = 1000;
  al_loop_defer (loop, &b.defer);
  al_loop_iterate (loop, -1);
  g_assert_cmpuint (b.runs, >, 5);
  g_assert_cmpuint (b.runs, <, 100);
  while (b.again > 0)
    al_loop_iterate (loop, -1);
  g_assert_cmpuint (b.runs, ==, 1005);
}

typedef struct {
  AlTimer timer;
  AlLoop *loop;
  int64_t fired_us;
  bool quits;
} Alarm;

static void
on_alarm (AlTimer *timer, void *user)
{
  Alarm *alarm_ = user;

  alarm_->fired_us = al_loop_now_us (alarm_->loop);
  if (alarm_->quits)
    al_loop_quit (alarm_->loop);
}

static void
test_timer (void)
{
  g_autoptr (AlLoop) loop = new_loop ();
  Alarm near = { .loop = loop, .quits = true }, far = { .loop = loop };
  int64_t start_us = al_loop_now_us (loop);

  al_timer_init (&near.timer, on_alarm, &near);
  al_timer_init (&far.timer, on_alarm, &far);
  al_timer_set (al_loop_get_timers (loop), &near.timer, start_us + 2500);
  al_timer_set (al_loop_get_timers (loop), &far.timer, start_us + HOUR_US);
  al_loop_run (loop); /* wakes by itself */
  g_assert_cmpint (near.fired_us, >=, start_us + 2500);
  g_assert_cmpint (far.fired_us, ==, 0);

  al_loop_skip_us (loop, HOUR_US);
  al_loop_iterate (loop, -1);
  g_assert_cmpint (far.fired_us, >=, start_us + HOUR_US);
}

static void
test_clock (void)
{
  g_autoptr (AlLoop) loop = new_loop ();
  int64_t before_us = al_loop_now_us (loop);
  uint64_t turn = al_loop_get_turn (loop);

  al_loop_skip_us (loop, 5000);
  g_assert_cmpint (al_loop_now_us (loop), ==, before_us); /* read once a turn */
  al_loop_iterate (loop, 0);
  g_assert_cmpint (al_loop_now_us (loop), >=, before_us + 5000);
  g_assert_cmpuint (al_loop_get_turn (loop), ==, turn + 1);
  g_assert_cmpstr (al_loop_get_name (loop), ==, "test");
}

typedef struct {
  AlLoop *loop;
  AlMailbox *box;
  unsigned got;
  uintptr_t sum;
  bool removes;
} Inbox;

static void
on_mail (void *message, void *user)
{
  Inbox *inbox = user;

  inbox->got++;
  inbox->sum += (uintptr_t) message;
  if (inbox->removes)
    al_loop_remove_mailbox (inbox->loop, inbox->box);
  else if (message == GUINT_TO_POINTER (1))
    al_loop_quit (inbox->loop);
}

static void
test_mailbox (void)
{
  g_autoptr (AlLoop) loop = new_loop ();
  g_autoptr (AlMailbox) box = al_mailbox_new (2048, NULL, NULL);
  Inbox inbox = { .loop = loop, .box = box };

  g_assert_true (al_loop_add_mailbox (loop, box, on_mail, &inbox, NULL));
  for (unsigned i = 0; i < 1500; i++)
    g_assert_true (al_mailbox_post (box, GUINT_TO_POINTER (2)));
  al_loop_iterate (loop, -1);
  g_assert_cmpuint (inbox.got, ==, 1024); /* a full box does not hold up the turn */
  al_loop_iterate (loop, -1);
  g_assert_cmpuint (inbox.got, ==, 1500);

  inbox.removes = true;
  g_assert_true (al_mailbox_post (box, GUINT_TO_POINTER (2)));
  al_loop_iterate (loop, -1);
  g_assert_cmpuint (inbox.got, ==, 1501);
  g_assert_true (al_mailbox_post (box, GUINT_TO_POINTER (2)));
  al_loop_iterate (loop, 0);
  g_assert_cmpuint (inbox.got, ==, 1501);
}

static void *
run_loop (void *loop)
{
  char name[16];

  al_loop_run (loop);
  g_assert_cmpint (pthread_getname_np (pthread_self (), name, sizeof name), ==, 0);
  g_assert_cmpstr (name, ==, "test");
  return NULL;
}

static void
test_threads (void)
{
  g_autoptr (AlLoop) loop = new_loop ();
  g_autoptr (AlMailbox) box = al_mailbox_new (64, NULL, NULL);
  Inbox inbox = { .loop = loop, .box = box };
  pthread_t thread;

  g_assert_true (al_loop_add_mailbox (loop, box, on_mail, &inbox, NULL));
  g_assert_cmpint (pthread_create (&thread, NULL, run_loop, loop), ==, 0);
  for (unsigned i = 0; i < 10000; i++)
    while (!al_mailbox_post (box, GUINT_TO_POINTER (3)))
      g_thread_yield ();
  while (!al_mailbox_post (box, GUINT_TO_POINTER (1)))
    g_thread_yield ();
  (void) pthread_join (thread, NULL);
  g_assert_cmpuint (inbox.got, ==, 10001);
  g_assert_cmpuint (inbox.sum, ==, 30001);

  /* a quit from another thread ends a loop that sleeps; one that came first is not lost */
  g_assert_cmpint (pthread_create (&thread, NULL, run_loop, loop), ==, 0);
  al_loop_quit (loop);
  (void) pthread_join (thread, NULL);
}

static void
test_many (void)
{
  g_autoptr (AlLoop) loop = new_loop ();
  g_autofree End *ends = g_new (End, 600);
  unsigned called = 0;

  for (unsigned i = 0; i < 600; i++)
    {
      end_open (&ends[i], loop);
      end_poke (&ends[i]);
    }
  /* more ready than one wait fetches: a few turns reach all of them */
  for (unsigned turn = 0; turn < 3; turn++)
    al_loop_iterate (loop, 0);
  for (unsigned i = 0; i < 600; i++)
    {
      called += ends[i].calls > 0;
      end_close (&ends[i]);
    }
  g_assert_cmpuint (called, ==, 600);
}

static void
test_bad_fd (void)
{
  g_autoptr (AlLoop) loop = new_loop ();
  g_autoptr (GError) error = NULL;
  AlWatch watch = { .fd = -1, .fn = on_end };

  g_assert_false (al_loop_watch (loop, &watch, EPOLLIN, &error));
  g_assert_nonnull (error);
  al_watch_remove (&watch); /* was never in */
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/loop/level", test_level);
  g_test_add_func ("/base/loop/remove-fetched", test_remove_fetched);
  g_test_add_func ("/base/loop/reused-fd", test_reused_fd);
  g_test_add_func ("/base/loop/narrowed-fetched", test_narrowed_fetched);
  g_test_add_func ("/base/loop/defer", test_defer);
  g_test_add_func ("/base/loop/timer", test_timer);
  g_test_add_func ("/base/loop/clock", test_clock);
  g_test_add_func ("/base/loop/mailbox", test_mailbox);
  g_test_add_func ("/base/loop/threads", test_threads);
  g_test_add_func ("/base/loop/many", test_many);
  g_test_add_func ("/base/loop/bad-fd", test_bad_fd);
  return g_test_run ();
}
