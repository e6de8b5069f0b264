/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications that are kept for a client that comes back, until they have arrived or there are too many. */
#include "session-fixture.h"

static void
test_resume (Fixture *f, gconstpointer data)
{
  SigAttach a;
  SigSession *session = attach (f, 1, 11, SIG_SEQ_NONE, &a);

  notify (f, 11, "one");
  notify (f, 11, "lost on the way");
  sig_sessions_detach (f->sessions, session, 1);
  notify (f, 11, "three");
  clock_us += 4 * MINUTE_US;
  sig_sessions_tick (f->sessions);
  fake_clear (&f->fake);

  g_assert_true (attach (f, 2, 11, 1, &a) == session);
  g_assert_true (a.resumed);
  g_assert_false (a.resync);
  g_assert_cmpuint (a.seq, ==, 3);
  expect_note (f, 2, "lost on the way", 2);
  expect_note (f, 2, "three", 3);
  notify (f, 11, "four");
  expect_note (f, 2, "four", 4);
  fake_expect_nothing (&f->fake);
  assert_heard (f, "attached 11;detached 11;attached 11 resumed;");
}

static void
test_resume_nothing_missed (Fixture *f, gconstpointer data)
{
  SigAttach a;
  SigSession *session = attach (f, 1, 11, SIG_SEQ_NONE, &a);

  sig_sessions_detach (f->sessions, session, 1);
  (void) attach (f, 2, 11, 0, &a);
  g_assert_true (a.resumed);
  g_assert_cmpuint (a.seq, ==, 0);
  fake_expect_nothing (&f->fake);
}

/* the answer that says "not resumed" is lost: the same lastSeq must not be taken for one of the new numbering */
static void
test_lost_answer (Fixture *f, gconstpointer data)
{
  SigAttach a;
  SigSession *session = attach (f, 1, 11, 57, &a); /* of a life before the restart */

  g_assert_false (a.resumed);
  g_assert_true (a.resync);
  g_assert_cmpuint (a.seq, ==, 58);
  for (unsigned i = 0; i < 10; i++)
    notify (f, 11, "x");
  sig_sessions_detach (f->sessions, session, 1);
  (void) attach (f, 2, 11, 57, &a);
  g_assert_false (a.resumed);
  g_assert_true (a.resync);
  g_assert_cmpuint (a.seq, ==, 69);
  fake_clear (&f->fake);
  notify (f, 11, "y");
  expect_note (f, 2, "y", 70);
  sig_sessions_detach (f->sessions, session, 2);
  (void) attach (f, 3, 11, 69, &a);
  g_assert_true (a.resumed);
  expect_note (f, 3, "y", 70);
}

static void
test_future (Fixture *f, gconstpointer data)
{
  SigAttach a;

  (void) attach (f, 1, 11, SIG_SEQ_NONE, &a);
  notify (f, 11, "one");
  (void) attach (f, 2, 11, 1000, &a);
  g_assert_false (a.resumed);
  g_assert_true (a.resync);
  g_assert_cmpuint (a.seq, ==, 1001);
}

static void
test_past_bound (Fixture *f, gconstpointer data)
{
  SigAttach a;
  SigSession *session = attach (f, 1, 11, SIG_SEQ_NONE, &a);

  notify (f, 11, "seen");
  sig_sessions_detach (f->sessions, session, 1);
  for (unsigned i = 0; i < SIG_SESSION_RING_NOTIFICATIONS + 1; i++)
    notify (f, 11, "missed");
  fake_clear (&f->fake);
  (void) attach (f, 2, 11, 1, &a);
  g_assert_false (a.resumed);
  g_assert_true (a.resync);
  fake_expect_nothing (&f->fake);
}

static void
test_at_bound (Fixture *f, gconstpointer data)
{
  SigAttach a;
  SigSession *session = attach (f, 1, 11, SIG_SEQ_NONE, &a);

  notify (f, 11, "seen");
  sig_sessions_detach (f->sessions, session, 1);
  for (unsigned i = 0; i < SIG_SESSION_RING_NOTIFICATIONS; i++)
    notify (f, 11, "missed");
  fake_clear (&f->fake);
  (void) attach (f, 2, 11, 1, &a);
  g_assert_true (a.resumed);
  g_assert_cmpuint (f->fake.events.length, ==, SIG_SESSION_RING_NOTIFICATIONS);
}

static void
test_past_bytes (Fixture *f, gconstpointer data)
{
  g_autofree char *large = g_strnfill (60 * 1024, 'x');
  SigAttach a;
  SigSession *session = attach (f, 1, 11, SIG_SEQ_NONE, &a);

  sig_sessions_detach (f->sessions, session, 1);
  for (unsigned i = 0; i < 5; i++)
    notify (f, 11, large);
  (void) attach (f, 2, 11, 0, &a);
  g_assert_true (a.resync);
  sig_sessions_detach (f->sessions, session, 2);
  for (unsigned i = 0; i < 4; i++)
    notify (f, 11, large);
  (void) attach (f, 3, 11, (int64_t) a.seq, &a);
  g_assert_true (a.resumed);
}

/* a pong behind it proves that a notification has arrived: it is not held any more */
static void
test_delivered (Fixture *f, gconstpointer data)
{
  SigAttach a;
  SigSession *session = attach (f, 1, 11, SIG_SEQ_NONE, &a);

  notify (f, 11, "one");
  notify (f, 11, "two");
  fake_clear (&f->fake);
  sig_sessions_tick (f->sessions);
  fake_expect_nothing (&f->fake);
  clock_us += G_USEC_PER_SEC;
  sig_sessions_tick (f->sessions);
  fake_expect (&f->fake, "probe 1 2");
  notify (f, 11, "three");
  fake_clear (&f->fake);
  clock_us += MINUTE_US;
  sig_sessions_tick (f->sessions); /* one question at a time */
  fake_expect_nothing (&f->fake);
  sig_sessions_delivered (f->sessions, session, 1, 1); /* never asked */
  sig_sessions_delivered (f->sessions, session, 9, 2); /* another connection */
  g_assert_cmpuint (sig_sessions_get_replay_bytes (f->sessions), >, 200);
  sig_sessions_delivered (f->sessions, session, 1, 2);
  g_assert_cmpuint (sig_sessions_get_replay_bytes (f->sessions), <, 100);
  clock_us += G_USEC_PER_SEC;
  sig_sessions_tick (f->sessions);
  fake_expect (&f->fake, "probe 1 3");
  sig_sessions_delivered (f->sessions, session, 1, 3);
  g_assert_cmpuint (sig_sessions_get_replay_bytes (f->sessions), ==, 0);
  clock_us += 10 * MINUTE_US;
  sig_sessions_tick (f->sessions);
  fake_expect_nothing (&f->fake);
  /* numbers go on, and who has all resumes */
  sig_sessions_detach (f->sessions, session, 1);
  notify (f, 11, "four");
  (void) attach (f, 2, 11, 3, &a);
  g_assert_true (a.resumed);
  expect_note (f, 2, "four", 4);
  fake_expect_nothing (&f->fake);
}

/* a client that has thrown away what it had must begin anew */
static void
test_delivered_and_lost (Fixture *f, gconstpointer data)
{
  SigAttach a;
  SigSession *session = attach (f, 1, 11, SIG_SEQ_NONE, &a);

  notify (f, 11, "one");
  clock_us += G_USEC_PER_SEC;
  sig_sessions_tick (f->sessions);
  sig_sessions_delivered (f->sessions, session, 1, 1);
  (void) attach (f, 2, 11, 0, &a);
  g_assert_false (a.resumed);
  g_assert_true (a.resync);
}

/* what was asked on a connection that is gone says nothing about the next */
static void
test_unproven (Fixture *f, gconstpointer data)
{
  SigAttach a;
  SigSession *session = attach (f, 1, 11, SIG_SEQ_NONE, &a);

  notify (f, 11, "one");
  notify (f, 11, "two");
  clock_us += G_USEC_PER_SEC;
  sig_sessions_tick (f->sessions);
  sig_sessions_detach (f->sessions, session, 1);
  sig_sessions_delivered (f->sessions, session, 1, 2);
  clock_us += G_USEC_PER_SEC;
  fake_clear (&f->fake);
  sig_sessions_tick (f->sessions);
  fake_expect_nothing (&f->fake);
  (void) attach (f, 2, 11, 1, &a); /* it has the first: that one is not held any more */
  g_assert_true (a.resumed);
  expect_note (f, 2, "two", 2);
  g_assert_cmpuint (sig_sessions_get_replay_bytes (f->sessions), <, 100);
  clock_us += G_USEC_PER_SEC;
  sig_sessions_tick (f->sessions);
  fake_expect (&f->fake, "probe 2 2");
  (void) attach (f, 3, 11, 1, &a);
  g_assert_true (a.resumed);
  fake_expect (&f->fake, "close 2 4001");
  expect_note (f, 3, "two", 2);
  sig_sessions_delivered (f->sessions, session, 2, 2);
  sig_sessions_delivered (f->sessions, session, 3, 2);
  g_assert_cmpuint (sig_sessions_get_replay_bytes (f->sessions), >, 0);
  clock_us += G_USEC_PER_SEC;
  sig_sessions_tick (f->sessions);
  fake_expect (&f->fake, "probe 3 2");
  sig_sessions_delivered (f->sessions, session, 3, 2);
  g_assert_cmpuint (sig_sessions_get_replay_bytes (f->sessions), ==, 0);
}

/* all devices together: who was quiet longest loses first */
static void
test_total_bytes (Fixture *f, gconstpointer data)
{
  g_autofree char *large = g_strnfill (400, 'x');
  SigAttach a;

  for (MsgId device = 11; device <= 13; device++)
    sig_sessions_detach (f->sessions, attach (f, (SigConnId) device, device, SIG_SEQ_NONE, &a), (SigConnId) device);
  notify (f, 11, large);
  notify (f, 12, large);
  g_assert_cmpuint (sig_sessions_get_replay_bytes (f->sessions), >, 800);
  notify (f, 11, "short");
  notify (f, 13, large);
  g_assert_cmpuint (sig_sessions_get_replay_bytes (f->sessions), <=, 1024);
  (void) attach (f, 1, 11, 0, &a);
  g_assert_true (a.resumed);
  (void) attach (f, 2, 12, 0, &a);
  g_assert_true (a.resync);
  (void) attach (f, 3, 13, 0, &a);
  g_assert_true (a.resumed);
  (void) sig_sessions_revoke_user (f->sessions, 1, 0);
  g_assert_cmpuint (sig_sessions_get_replay_bytes (f->sessions), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("resume", test_resume);
  ADD ("resume-nothing-missed", test_resume_nothing_missed);
  ADD ("lost-answer", test_lost_answer);
  ADD ("future", test_future);
  ADD ("past-bound", test_past_bound);
  ADD ("at-bound", test_at_bound);
  ADD ("past-bytes", test_past_bytes);
  ADD ("delivered", test_delivered);
  ADD ("delivered-and-lost", test_delivered_and_lost);
  ADD ("unproven", test_unproven);
  g_test_add ("/signaling/session/total-bytes", Fixture, GSIZE_TO_POINTER (1024), set_up, test_total_bytes, tear_down);
  return g_test_run ();
}
