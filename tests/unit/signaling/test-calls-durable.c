/* SPDX-License-Identifier: Apache-2.0 */
/* Calls whose log fails, and calls after a restart. */
#include "calls-fixture.h"
#include "signaling/rpc.h"

/* --- a log that fails --- */

static void
test_log_fails_invite (Fixture *f, gconstpointer data)
{
  Answer invited, cancelled;

  the_log.fail = 1;
  the_log.code = MSG_ERROR_UNAVAILABLE;
  ask_full (f, SIG_CALL_ON_INVITE, A1, 5, B, SIG_CALL_REASON_NONE, NULL, &invited);
  (void) log_step ();
  ask (f, SIG_CALL_ON_CANCEL, A1, 5, &cancelled);
  settle (f);
  g_assert_cmpint (invited.error.code, ==, SIG_RPC_UNAVAILABLE);
  g_assert_cmpstr (invited.error.reason, ==, "storage");
  g_assert_cmpuint (cancelled.n, ==, 1);
  assert_heard (f, "");
  g_assert_cmpstr (f->events->str, ==, "");
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 0);
}

static void
test_log_fails_accept (Fixture *f, gconstpointer data)
{
  Answer accept, seal;

  assert_invite (f, A1, 5, B, "ringing");
  g_string_truncate (f->heard, 0);
  the_log.fail = 1;
  the_log.code = MSG_ERROR_UNAVAILABLE;
  ask (f, SIG_CALL_ON_ACCEPT, B1, 5, &accept);
  ask (f, SIG_CALL_ON_SEAL, B1, 5, &seal);
  settle (f);
  g_assert_cmpstr (accept.error.reason, ==, "storage");
  g_assert_cmpstr (seal.error.reason, ==, "storage");
  /* nobody is left ringing, and what nobody may know of was not said */
  assert_heard (f, "22:ended/answered_elsewhere 11:ended/failed 21:ended/failed ");
  g_assert_cmpstr (row (f, 5)->reason, ==, "failed");
}

/* the callee has hung up before the failure is known */
static void
test_log_fails_accept_then_hangup (Fixture *f, gconstpointer data)
{
  Answer accept, hangup;

  assert_invite (f, A1, 5, B, "ringing");
  g_string_truncate (f->heard, 0);
  the_log.fail = 1;
  the_log.code = MSG_ERROR_UNAVAILABLE;
  ask (f, SIG_CALL_ON_ACCEPT, B1, 5, &accept);
  ask (f, SIG_CALL_ON_HANGUP, B1, 5, &hangup);
  settle (f);
  g_assert_cmpstr (accept.error.reason, ==, "storage");
  g_assert_true (hangup.ok);
  assert_heard (f, "22:ended/answered_elsewhere 11:ended/hangup 21:ended/hangup ");
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 0);
}

static void
test_log_fails_end (Fixture *f, gconstpointer data)
{
  Answer answer;

  connect_call (f, A1, 5, B1);
  the_log.fail = 2;
  the_log.code = MSG_ERROR_UNAVAILABLE;
  ask (f, SIG_CALL_ON_HANGUP, A1, 5, &answer);
  settle (f);
  g_assert_cmpuint (answer.n, ==, 0);
  attach (f, A1, true); /* what happens meanwhile does not keep it from trying again */
  wait (f, 1);
  wait (f, 1);
  g_assert_true (answer.ok);
  assert_heard (f, "11:ended/hangup 21:ended/hangup ");
  g_assert_cmpstr (row (f, 5)->reason, ==, "hangup");
}

/* the disk is full for good: the call is over all the same */
static void
test_log_fails_end_for_good (Fixture *f, gconstpointer data)
{
  Answer answer;

  connect_call (f, A1, 5, B1);
  the_log.fail = 1000;
  the_log.code = MSG_ERROR_UNAVAILABLE;
  ask (f, SIG_CALL_ON_HANGUP, A1, 5, &answer);
  for (int i = 0; i < 10; i++)
    wait (f, 1);
  g_assert_cmpuint (answer.n, ==, 1);
  assert_heard (f, "11:ended/hangup 21:ended/hangup ");
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 0);
}

static void
test_log_fails_active (Fixture *f, gconstpointer data)
{
  assert_invite (f, A1, 5, B, "ringing");
  assert_say (f, ACCEPT, B1, 5, "ok");
  the_log.fail = 1;
  the_log.code = MSG_ERROR_UNAVAILABLE;
  assert_say (f, CONNECTED, A1, 5, "ok");
  assert_say (f, CONNECTED, B1, 5, "ok");
  g_assert_nonnull (strstr (f->heard->str, "11:active 21:active "));
  assert_say (f, HANGUP, A1, 5, "ok");
  g_assert_cmpint (row (f, 5)->active_ms, !=, 0);
}

/* --- after a restart --- */

static void
add_open (Fixture *f, unsigned n, MsgCallState state, MsgId caller, MsgId callee)
{
  MsgCall call = { .caller_user = caller, .caller_device = caller * 10 + 1, .callee_user = callee,
                   .callee_device = state == MSG_CALL_RINGING ? 0 : callee * 10 + 1, .video = true, .state = state };

  memcpy (call.call_id, id_of (f, n), MSG_CALL_ID_BYTES);
  call.started_ms = fixture_now_ms (f) - 100000;
  call.accepted_ms = state >= MSG_CALL_CONNECTING ? fixture_now_ms (f) - 90000 : 0;
  call.active_ms = state == MSG_CALL_ACTIVE ? fixture_now_ms (f) - 80000 : 0;
  call.heartbeat_ms = fixture_now_ms (f) - 20000;
  g_ptr_array_add (the_log.open, msg_call_copy (&call));
}

static void
recover (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  memset (f->attached, 0, sizeof f->attached);
  the_log.by_idle = true;
  g_assert_true (sig_calls_recover (f->calls, &error));
  g_assert_no_error (error);
  the_log.by_idle = false;
  settle (f);
}

static void
test_recover (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (JsonArray) live = NULL;

  add_open (f, 5, MSG_CALL_ACTIVE, A, B);
  add_open (f, 6, MSG_CALL_RINGING, C, D);
  recover (f);
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 1);
  g_assert_cmpstr (row (f, 6)->reason, ==, "missed");
  g_assert_cmpint (row (f, 6)->ended_ms, ==, fixture_now_ms (f) - 20000);
  al_metrics_write (f->metrics, text);
  g_assert_nonnull (strstr (text->str, "aldis_calls_open{state=\"active\"} 1"));
  live = sig_calls_of_device (f->calls, A, A1);
  g_assert_cmpuint (json_array_get_length (live), ==, 1);
  attach (f, A1, false);
  attach (f, B1, false);
  wait (f, 100);
  g_string_truncate (f->heard, 0);
  assert_say (f, SEAL, A1, 5, "ok");
  assert_heard (f, "21:sealed ");
  assert_say (f, HANGUP, B1, 5, "ok");
  g_assert_cmpint (row (f, 5)->started_ms, ==, fixture_now_ms (f) - 200000);
  g_assert_cmpint (row (f, 5)->ended_ms - row (f, 5)->active_ms, ==, 180000);
}

static void
test_recover_nobody_returns (Fixture *f, gconstpointer data)
{
  add_open (f, 5, MSG_CALL_ACTIVE, A, B);
  recover (f);
  wait (f, 30);
  g_assert_cmpstr (row (f, 5)->reason, ==, "disconnected");
  g_assert_cmpint (row (f, 5)->ended_ms - row (f, 5)->active_ms, ==, 60000);
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 0);
}

static void
test_recover_users_gone (Fixture *f, gconstpointer data)
{
  add_open (f, 5, MSG_CALL_CONNECTING, A, 8);
  add_open (f, 6, MSG_CALL_ACTIVE, 9, B);
  add_open (f, 7, MSG_CALL_ACTIVE, 7, B);
  recover (f);
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 0);
  g_assert_cmpstr (row (f, 5)->reason, ==, "disabled");
  g_assert_cmpstr (row (f, 6)->reason, ==, "disabled");
}

static void
test_recover_many (Fixture *f, gconstpointer data)
{
  for (unsigned n = 0; n < 1000; n++)
    add_open (f, n, MSG_CALL_ACTIVE, 1000 + 10 * n, 1005 + 10 * n);
  recover (f);
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 1000);
  wait (f, 30);
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 0);
}

int
main (int argc, char **argv)
{
  static const CallsTest tests[] = {
    { "log-fails/invite", test_log_fails_invite },
    { "log-fails/accept", test_log_fails_accept },
    { "log-fails/accept-then-hangup", test_log_fails_accept_then_hangup },
    { "log-fails/end", test_log_fails_end },
    { "log-fails/end-for-good", test_log_fails_end_for_good },
    { "log-fails/active", test_log_fails_active },
    { "recover/both", test_recover },
    { "recover/nobody-returns", test_recover_nobody_returns },
    { "recover/users-gone", test_recover_users_gone },
    { "recover/many", test_recover_many },
  };

  return calls_run (argc, argv, tests, G_N_ELEMENTS (tests));
}
