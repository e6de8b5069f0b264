/* SPDX-License-Identifier: Apache-2.0 */
/* Devices that come and go, and the end of the table. */
#include "calls-fixture.h"

/* --- devices that come and go --- */

static void
test_attach (Fixture *f, gconstpointer data)
{
  g_autoptr (JsonArray) live = NULL;
  JsonObject *call;

  detach (f, B2);
  assert_invite (f, A1, 5, B, "ringing");
  assert_heard (f, "21:incoming ");
  live = sig_calls_of_device (f->calls, B, B2);
  g_assert_cmpuint (json_array_get_length (live), ==, 1);
  call = json_array_get_object_element (live, 0);
  g_assert_cmpstr (json_object_get_string_member (call, "state"), ==, "ringing");
  g_assert_false (json_object_get_boolean_member (call, "outgoing"));
  g_assert_cmpstr (json_object_get_string_member (json_object_get_object_member (call, "peer"), "id"), ==, "1");
  attach (f, B2, false);
  assert_heard (f, "22:incoming ");
  attach (f, B1, true);
  assert_heard (f, "");
  detach (f, A1);
  wait (f, 29);
  assert_heard (f, "");
  attach (f, A1, true);
  wait (f, 30);
  assert_heard (f, "");
  wait (f, 1);
  assert_heard (f, "11:ended/missed 21:ended/missed 22:ended/missed ");
}

static void
test_live_calls (Fixture *f, gconstpointer data)
{
  g_autoptr (JsonArray) callers = NULL, others = NULL, losers = NULL, all = NULL;
  JsonObject *call;

  connect_call (f, A1, 5, B1);
  callers = sig_calls_of_device (f->calls, A, A1);
  others = sig_calls_of_device (f->calls, A, A2);
  losers = sig_calls_of_device (f->calls, B, B2);
  g_assert_cmpuint (json_array_get_length (others) + json_array_get_length (losers), ==, 0);
  call = json_array_get_object_element (callers, 0);
  g_assert_true (json_object_get_boolean_member (call, "outgoing"));
  g_assert_cmpstr (json_object_get_string_member (call, "state"), ==, "active");
  g_assert_cmpstr (json_object_get_string_member (json_object_get_object_member (call, "peerDevice"), "id"), ==, "21");
  g_assert_false (json_object_has_member (call, "expiresAt"));
  all = sig_calls_list (f->calls);
  call = json_array_get_object_element (all, 0);
  g_assert_cmpstr (json_object_get_string_member (call, "toDevice"), ==, "21");
}

static void
test_disconnected (Fixture *f, gconstpointer data)
{
  connect_call (f, A1, 5, B1);
  detach (f, B1);
  wait (f, 30);
  assert_heard (f, "11:ended/disconnected 21:ended/disconnected ");
}

static void
test_revoked (Fixture *f, gconstpointer data)
{
  connect_call (f, A1, 5, B1);
  sig_calls_device_detached (f->calls, B, B1, true);
  settle (f);
  assert_heard (f, "11:ended/disconnected 21:ended/disconnected ");
}

static void
test_disabled (Fixture *f, gconstpointer data)
{
  connect_call (f, A1, 5, B1);
  assert_invite (f, C1, 6, D, "ringing");
  g_string_truncate (f->heard, 0);
  sig_calls_user_disabled (f->calls, B);
  settle (f);
  assert_heard (f, "11:ended/disabled 21:ended/disabled ");
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 1);
}

static void
test_admin_end (Fixture *f, gconstpointer data)
{
  Answer answer = { 0 };

  connect_call (f, A1, 5, B1);
  sig_calls_end (f->calls, id_of (f, 6), on_answer, &answer);
  g_assert_cmpstr (answer.error.reason, ==, "call");
  answer = (Answer){ 0 };
  sig_calls_end (f->calls, id_of (f, 5), on_answer, &answer);
  g_assert_cmpuint (answer.n, ==, 0);
  settle (f);
  g_assert_true (answer.ok);
  assert_heard (f, "11:ended/ended_by_admin 21:ended/ended_by_admin ");
  sig_calls_end (f->calls, id_of (f, 5), on_answer, &answer);
  g_assert_cmpstr (answer.error.reason, ==, "call_ended");
}

static void
test_party (Fixture *f, gconstpointer data)
{
  SigCallsError error;
  Answer answer;

  g_assert_false (sig_calls_check_party (f->calls, id_of (f, 5), A, A1, &error));
  g_assert_cmpstr (error.reason, ==, "call");
  assert_invite (f, A1, 5, B, "ringing");
  g_assert_true (sig_calls_check_party (f->calls, id_of (f, 5), A, A1, &error));
  g_assert_true (sig_calls_check_party (f->calls, id_of (f, 5), B, B2, &error));
  assert_say (f, ACCEPT, B1, 5, "ok");
  g_assert_false (sig_calls_check_party (f->calls, id_of (f, 5), B, B2, &error));
  g_assert_cmpstr (error.reason, ==, "call");
  ask (f, SIG_CALL_ON_HANGUP, B1, 5, &answer);
  for (int i = 0; i < 2; i++) /* while the end is written, and after */
    {
      g_assert_false (sig_calls_check_party (f->calls, id_of (f, 5), A, A1, &error));
      g_assert_cmpstr (error.reason, ==, "call_ended");
      g_assert_false (sig_calls_check_party (f->calls, id_of (f, 5), A, A2, &error));
      g_assert_cmpstr (error.reason, ==, "call");
      settle (f);
    }
}

static void
test_heartbeat (Fixture *f, gconstpointer data)
{
  connect_call (f, A1, 5, B1);
  assert_invite (f, C1, 6, D, "ringing");
  for (int i = 0; i < 3; i++)
    wait (f, 10);
  g_assert_cmpuint (the_log.n_heartbeats, ==, 3);
  g_assert_cmpuint (the_log.n_beaten, ==, 1); /* what rings has nothing to survive */
  detach (f, A1);
  detach (f, B1);
  wait (f, 10);
  g_assert_cmpuint (the_log.n_heartbeats, ==, 3); /* nobody there who could say it lives */
}

/* --- the end of the table --- */

static void
test_closing (Fixture *f, gconstpointer data)
{
  Answer looked_up, written, ended;

  connect_call (f, A1, 4, B1);
  ask_full (f, SIG_CALL_ON_INVITE, C1, 5, D, SIG_CALL_REASON_NONE, NULL, &written);
  (void) log_step ();
  ask_full (f, SIG_CALL_ON_INVITE, D1, 6, C, SIG_CALL_REASON_NONE, NULL, &looked_up);
  ask (f, SIG_CALL_ON_HANGUP, A1, 4, &ended);
  sig_calls_free (f->calls);
  f->calls = NULL;
  g_assert_cmpstr (written.error.reason, ==, "closing");
  g_assert_cmpstr (ended.error.reason, ==, "closing");
  settle (f);
  g_assert_cmpstr (looked_up.error.reason, ==, "closing");
  g_assert_cmpuint (written.n + looked_up.n + ended.n, ==, 3);
  assert_heard (f, "");
}

int
main (int argc, char **argv)
{
  static const CallsTest tests[] = {
    { "attach", test_attach },
    { "live-calls", test_live_calls },
    { "disconnected", test_disconnected },
    { "revoked", test_revoked },
    { "disabled", test_disabled },
    { "admin-end", test_admin_end },
    { "party", test_party },
    { "heartbeat", test_heartbeat },
    { "closing", test_closing },
  };

  return calls_run (argc, argv, tests, G_N_ELEMENTS (tests));
}
