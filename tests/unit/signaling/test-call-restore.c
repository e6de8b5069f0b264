/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that a restart of the server found in the database. */
#include "call-fixture.h"

static void
restore (Fixture *f, SigCallState state)
{
  SigCallRestore restored = { state, B1, START - 100 * SECOND, START - 90 * SECOND,
                              state == SIG_CALL_ACTIVE ? START - 80 * SECOND : 0, START - 20 * SECOND };

  (void) step (f, (SigCallEvent){ .type = SIG_CALL_ON_RESTORE, .restore = &restored });
  assert_trace (f, "");
  g_assert_cmpint (sig_call_next_us (f->call), ==, START + 30 * SECOND);
}

static void
test_restore_nobody_returns (Fixture *f, gconstpointer data)
{
  restore (f, SIG_CALL_ACTIVE);
  wait (f, 30);
  assert_trace (f, "persist 11:ended/disconnected 21:ended/disconnected event/ended");
  g_assert_cmpint (ended_us (f), ==, START - 20 * SECOND);
  g_assert_cmpint (sig_call_get_duration_ms (f->call), ==, 60000);
}

static void
test_restore_one_returns (Fixture *f, gconstpointer data)
{
  restore (f, SIG_CALL_ACTIVE);
  wait (f, 3);
  (void) say (f, SIG_CALL_ON_ATTACHED, B1);
  g_assert_true (sig_call_is_attended (f->call));
  wait (f, 27);
  g_assert_cmpint (sig_call_get_reason (f->call), ==, SIG_CALL_REASON_DISCONNECTED);
  g_assert_cmpint (ended_us (f), ==, START + 30 * SECOND);
}

static void
test_restore_both_return (Fixture *f, gconstpointer data)
{
  restore (f, SIG_CALL_ACTIVE);
  (void) say (f, SIG_CALL_ON_ATTACHED, A1);
  (void) say (f, SIG_CALL_ON_ATTACHED, B1);
  g_assert_cmpint (sig_call_next_us (f->call), ==, INT64_MAX);
  assert_say (f, SEAL, A1, "reply 21:sealed");
  refuse_say (f, ACCEPT, B2, ANSWERED_ELSEWHERE);
  assert_say (f, HANGUP, B1, "persist reply 11:ended/hangup 21:ended/hangup event/ended");
  g_assert_cmpint (sig_call_get_duration_ms (f->call), ==, 80000);
}

static void
test_restore_connecting (Fixture *f, gconstpointer data)
{
  restore (f, SIG_CALL_CONNECTING);
  (void) say (f, SIG_CALL_ON_ATTACHED, A1);
  (void) say (f, SIG_CALL_ON_ATTACHED, B1);
  assert_say (f, REVEAL, B1, "reply 11:revealed"); /* the confirmation may have gone through before */
  refuse_say (f, CONFIRM, A1, OUT_OF_ORDER);
  (void) say (f, SIG_CALL_ON_CONNECTED, A1);
  assert_say (f, CONNECTED, B1, "reply 11:active 21:active persist event/active");
}

static void
test_restore_connecting_fails (Fixture *f, gconstpointer data)
{
  restore (f, SIG_CALL_CONNECTING);
  (void) say (f, SIG_CALL_ON_ATTACHED, A1);
  (void) say (f, SIG_CALL_ON_ATTACHED, B1);
  wait (f, 30);
  assert_trace (f, "persist 11:ended/failed 21:ended/failed event/ended");
}

static void
test_restore_ringing (Fixture *f, gconstpointer data)
{
  SigCallRestore restored = { .state = SIG_CALL_RINGING, .started_us = START - 9 * SECOND, .seen_us = START - 9 * SECOND };

  (void) step (f, (SigCallEvent){ .type = SIG_CALL_ON_RESTORE, .restore = &restored });
  assert_trace (f, "persist 11:ended/missed event/ended");
  g_assert_cmpint (ended_us (f), ==, START - 9 * SECOND);
}

/* a clock that was set back between two runs must not give times in the future or negative durations */
static void
test_restore_nonsense (Fixture *f, gconstpointer data)
{
  SigCallRestore restored = { SIG_CALL_ACTIVE, B1, START + 50 * SECOND, START + 40 * SECOND, START - 3, START - 90 };
  int64_t us;

  (void) step (f, (SigCallEvent){ .type = SIG_CALL_ON_RESTORE, .restore = &restored });
  g_assert_cmpint (sig_call_get_started_us (f->call), ==, START);
  g_assert_true (sig_call_get_active_us (f->call, &us));
  g_assert_cmpint (us, ==, START);
  wait (f, 30);
  g_assert_cmpint (sig_call_get_duration_ms (f->call), ==, 0);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*test) (Fixture *f, gconstpointer data);
  } stories[] = {
    { "nobody-returns", test_restore_nobody_returns },
    { "one-returns", test_restore_one_returns },
    { "both-return", test_restore_both_return },
    { "connecting", test_restore_connecting },
    { "connecting-fails", test_restore_connecting_fails },
    { "ringing", test_restore_ringing },
    { "nonsense", test_restore_nonsense },
  };

  g_test_init (&argc, &argv, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (stories); i++)
    {
      g_autofree char *name = g_strconcat ("/signaling/call-restore/", stories[i].name, NULL);

      g_test_add (name, Fixture, NULL, set_up, stories[i].test, tear_down);
    }
  return g_test_run ();
}
