/* SPDX-License-Identifier: Apache-2.0 */
/* The table of calls: their way, who is in how many, and who may not. */
#include "calls-fixture.h"
#include "signaling/rpc.h"

/* --- order and durability --- */

static void
test_whole (Fixture *f, gconstpointer data)
{
  Answer answer;

  ask_full (f, SIG_CALL_ON_INVITE, A1, 5, B, SIG_CALL_REASON_NONE, NULL, &answer);
  g_assert_true (log_step ()); /* the callee is looked up */
  g_assert_cmpuint (answer.n, ==, 0);
  assert_heard (f, "");
  g_assert_true (log_step ()); /* the call is durable */
  g_assert_true (answer.ok);
  g_assert_cmpuint (answer.reply.n_devices, ==, 2);
  g_assert_cmpuint (answer.reply.devices[0], ==, B1);
  g_assert_cmpint (answer.reply.expires_at_ms, ==, fixture_now_ms (f) + 60000);
  assert_heard (f, "21:incoming 22:incoming ");
  assert_say (f, RING, B1, 5, "ok");
  assert_heard (f, "11:ringing<21 ");
  ask (f, SIG_CALL_ON_ACCEPT, B1, 5, &answer);
  g_assert_cmpuint (answer.n, ==, 0);
  assert_heard (f, ""); /* not before it is durable */
  settle (f);
  g_assert_cmpint (answer.reply.state, ==, SIG_CALL_CONNECTING);
  assert_heard (f, "11:accepted 22:ended/answered_elsewhere ");
  assert_say (f, CONFIRM, A1, 5, "ok");
  assert_say (f, REVEAL, B1, 5, "ok");
  assert_say (f, SEAL, A1, 5, "ok");
  assert_heard (f, "21:confirmed 11:revealed 21:sealed ");
  assert_say (f, CONNECTED, A1, 5, "ok");
  assert_say (f, CONNECTED, B1, 5, "ok");
  assert_heard (f, "11:active 21:active ");
  wait (f, 7);
  ask (f, SIG_CALL_ON_HANGUP, A1, 5, &answer);
  g_assert_cmpuint (answer.n, ==, 0);
  assert_heard (f, "");
  settle (f);
  g_assert_true (answer.ok);
  assert_heard (f, "11:ended/hangup 21:ended/hangup ");
  g_assert_cmpstr (f->events->str, ==, "ringing connecting active ended/hangup ");
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 0);
  g_assert_cmpint (row (f, 5)->ended_ms - row (f, 5)->active_ms, ==, 7000);
  g_assert_cmpint (row (f, 5)->state, ==, MSG_CALL_ENDED);
  g_assert_cmpint (row (f, 5)->callee_device, ==, B1);
  g_assert_cmpstr (row (f, 5)->reason, ==, "hangup");
}

/* what is said while the log writes keeps its order behind what the log holds up */
static void
test_order_behind_write (Fixture *f, gconstpointer data)
{
  Answer accept, seal, hangup;

  assert_invite (f, A1, 5, B, "ringing");
  g_string_truncate (f->heard, 0);
  ask (f, SIG_CALL_ON_ACCEPT, B1, 5, &accept);
  ask (f, SIG_CALL_ON_SEAL, B1, 5, &seal);
  ask (f, SIG_CALL_ON_HANGUP, B1, 5, &hangup);
  g_assert_cmpuint (accept.n + seal.n + hangup.n, ==, 0);
  assert_heard (f, "");
  (void) log_step ();
  g_assert_true (accept.ok && seal.ok);
  g_assert_cmpuint (hangup.n, ==, 0);
  assert_heard (f, "11:accepted 22:ended/answered_elsewhere 11:sealed ");
  (void) log_step ();
  g_assert_true (hangup.ok);
  assert_heard (f, "11:ended/hangup 21:ended/hangup ");
}

static void
test_stats (Fixture *f, gconstpointer data)
{
  g_autoptr (JsonObject) stats = json_object_new ();
  g_autoptr (GString) text = g_string_new (NULL);
  Answer answer;

  json_object_set_boolean_member (stats, "relayed", TRUE);
  connect_call (f, A1, 5, B1);
  ask_full (f, SIG_CALL_ON_HANGUP, C1, 5, 0, SIG_CALL_REASON_NONE, stats, &answer);
  g_assert_cmpint (answer.error.code, ==, SIG_RPC_NOT_FOUND);
  ask_full (f, SIG_CALL_ON_HANGUP, A1, 5, 0, SIG_CALL_REASON_FAILED, stats, &answer);
  settle (f);
  g_assert_cmpstr (f->events->str, ==, "ended/failed+stats ");
  al_metrics_write (f->metrics, text);
  g_assert_nonnull (strstr (text->str, "aldis_calls_path_total{path=\"relayed\"} 1"));
  g_assert_nonnull (strstr (text->str, "aldis_calls_ended_total{reason=\"failed\"} 1"));
  g_assert_nonnull (strstr (text->str, "aldis_calls_open{state=\"active\"} 0"));
  g_assert_nonnull (strstr (text->str, "aldis_call_setup_seconds_count 1"));
}

/* --- several calls of one user --- */

static void
test_busy (Fixture *f, gconstpointer data)
{
  connect_call (f, A1, 5, B1);
  assert_invite (f, C1, 6, B, "ended");
  assert_heard (f, "31:ended/busy ");
  g_assert_cmpstr (row (f, 6)->reason, ==, "busy");
  assert_invite (f, C1, 7, A, "ended"); /* the caller of a call is as busy */
  assert_invite (f, A2, 8, C, "in_call");
  assert_invite (f, B1, 9, A, "in_call");
  assert_say (f, ACCEPT, B1, 6, "call_ended");
}

static void
test_call_waiting (Fixture *f, gconstpointer data)
{
  assert_invite (f, C1, 6, B, "ringing");
  assert_invite (f, A1, 5, B, "ringing");
  assert_say (f, ACCEPT, B1, 5, "ok");
  /* the other one goes on ringing and can be taken when the first is over */
  assert_say (f, ACCEPT, B2, 6, "in_call");
  assert_say (f, HANGUP, B1, 5, "ok");
  assert_say (f, ACCEPT, B2, 6, "ok");
}

static void
test_accepted_cancels_outgoing (Fixture *f, gconstpointer data)
{
  assert_invite (f, B1, 4, C, "ringing");
  assert_invite (f, A1, 5, B, "ringing");
  assert_invite (f, A1, 6, D, "ringing");
  g_string_truncate (f->heard, 0);
  assert_say (f, ACCEPT, B1, 5, "ok");
  g_assert_nonnull (strstr (f->heard->str, "31:ended/cancelled "));
  g_assert_nonnull (strstr (f->heard->str, "41:ended/cancelled "));
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 1);
}

static void
test_glare_smaller_first (Fixture *f, gconstpointer data)
{
  Answer answer;

  assert_invite (f, A1, 5, B, "ringing");
  assert_heard (f, "21:incoming 22:incoming ");
  ask_full (f, SIG_CALL_ON_INVITE, B1, 6, A, SIG_CALL_REASON_NONE, NULL, &answer);
  settle (f);
  g_assert_cmpint (answer.error.code, ==, SIG_RPC_CONFLICT);
  g_assert_cmpstr (answer.error.reason, ==, "glare");
  g_assert_true (answer.error.has_call_id);
  g_assert_cmpmem (answer.error.call_id, SIG_CALL_ID_BYTES, id_of (f, 5), SIG_CALL_ID_BYTES);
  assert_heard (f, "");
  g_assert_null (row (f, 6));
  assert_say (f, ACCEPT, B1, 5, "ok");
}

static void
test_glare_smaller_second (Fixture *f, gconstpointer data)
{
  assert_invite (f, A1, 6, B, "ringing");
  assert_heard (f, "21:incoming 22:incoming ");
  assert_invite (f, B1, 5, A, "ringing");
  assert_heard (f, "11:ended/glare 21:ended/glare 22:ended/glare 11:incoming 12:incoming ");
  g_assert_cmpstr (row (f, 6)->reason, ==, "glare");
  assert_say (f, ACCEPT, A1, 5, "ok");
}

/* both invitations are under way when the first is answered */
static void
test_glare_at_once (Fixture *f, gconstpointer data)
{
  Answer larger, smaller;

  ask_full (f, SIG_CALL_ON_INVITE, A1, 6, B, SIG_CALL_REASON_NONE, NULL, &larger);
  ask_full (f, SIG_CALL_ON_INVITE, B1, 5, A, SIG_CALL_REASON_NONE, NULL, &smaller);
  settle (f);
  g_assert_true (larger.ok && smaller.ok);
  g_assert_nonnull (strstr (f->heard->str, "11:ended/glare "));
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 1);
  assert_say (f, ACCEPT, A1, 5, "ok");
}

/* --- who may not --- */

static void
test_used_ids (Fixture *f, gconstpointer data)
{
  assert_invite (f, A1, 5, B, "ringing");
  assert_invite (f, A1, 5, B, "call_exists");
  assert_invite (f, C1, 5, D, "call_exists");
  assert_say (f, CANCEL, A1, 5, "ok");
  assert_invite (f, A1, 5, B, "call_exists"); /* remembered */
  g_string_truncate (f->heard, 0);
  the_log.fail = 1; /* so long ago that the log alone knows */
  the_log.code = MSG_ERROR_CONFLICT;
  assert_invite (f, A1, 6, B, "call_exists");
  assert_heard (f, "");
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 0);
  assert_invite (f, A1, 6, B, "ringing");
}

static void
test_callee (Fixture *f, gconstpointer data)
{
  assert_invite (f, A1, 5, A, "self");
  for (unsigned user = 7; user <= 9; user++)
    assert_invite (f, A1, user, user, "user");
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 0);
  assert_heard (f, "");
}

static void
test_strangers (Fixture *f, gconstpointer data)
{
  assert_invite (f, A1, 5, B, "ringing");
  for (int type = SIG_CALL_ON_RING; type <= SIG_CALL_ON_HANGUP; type++)
    {
      g_assert_cmpstr (say (f, type, C1, 5), ==, "call");
      g_assert_cmpstr (say (f, type, A2, 5), ==, "call"); /* the caller's other device */
      g_assert_cmpstr (say (f, type, A1, 6), ==, "call"); /* no call at all */
    }
  assert_say (f, CANCEL, A1, 5, "ok");
  assert_say (f, HANGUP, A1, 5, "call_ended");
  assert_say (f, ACCEPT, B2, 5, "call_ended");
  assert_say (f, ACCEPT, C1, 5, "call");
  assert_say (f, HANGUP, A2, 5, "call");
}

static void
test_rates (Fixture *f, gconstpointer data)
{
  Answer answer;
  unsigned n = 10;

  for (unsigned i = 0; i < f->options.invites_per_pair; i++)
    {
      assert_invite (f, A1, ++n, B, "ringing");
      assert_say (f, CANCEL, A1, n, "ok");
    }
  ask_full (f, SIG_CALL_ON_INVITE, A1, ++n, B, SIG_CALL_REASON_NONE, NULL, &answer);
  g_assert_cmpint (answer.error.code, ==, SIG_RPC_LIMIT);
  g_assert_cmpstr (answer.error.reason, ==, "call_rate");
  g_assert_cmpint (answer.error.retry_after_ms, ==, 3000);
  assert_invite (f, A1, ++n, C, "ringing");
  wait (f, 3);
  assert_invite (f, A1, ++n, B, "ringing");
  f->options.invites_per_pair = 0; /* many others */
  sig_calls_free (f->calls);
  open_table (f);
  for (unsigned i = 0; i < f->options.invites_per_user; i++)
    {
      assert_invite (f, D1, ++n, i % 2 == 0 ? A : C, "ringing");
      assert_say (f, CANCEL, D1, n, "ok");
    }
  assert_invite (f, D1, ++n, A, "call_rate");
}

static void
test_many_calls (Fixture *f, gconstpointer data)
{
  unsigned n = 10;

  for (unsigned i = 0; i < f->options.max_calls_per_user; i++)
    assert_invite (f, A1, ++n, i % 2 == 0 ? B : C, "ringing");
  assert_invite (f, A1, ++n, D, "too_many_calls");
  assert_invite (f, D1, ++n, A, "ringing"); /* who is called is not kept from calling */
  wait (f, 60);
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 0);
  assert_invite (f, A1, ++n, D, "ringing");
}

static void
test_full (Fixture *f, gconstpointer data)
{
  sig_calls_free (f->calls);
  f->options.max_calls = 1;
  open_table (f);
  assert_invite (f, A1, 5, B, "ringing");
  assert_invite (f, C1, 6, D, "busy");
}

static void
test_drain (Fixture *f, gconstpointer data)
{
  assert_invite (f, A1, 5, B, "ringing");
  sig_calls_drain (f->calls);
  assert_invite (f, C1, 6, D, "shutting_down");
  assert_say (f, ACCEPT, B1, 5, "ok");
}

/* given up before the server had found the callee */
static void
test_given_up (Fixture *f, gconstpointer data)
{
  Answer invited, cancelled;

  ask_full (f, SIG_CALL_ON_INVITE, A1, 5, B, SIG_CALL_REASON_NONE, NULL, &invited);
  ask (f, SIG_CALL_ON_CANCEL, B1, 5, &cancelled);
  g_assert_cmpstr (cancelled.error.reason, ==, "call");
  ask (f, SIG_CALL_ON_CANCEL, A1, 5, &cancelled);
  g_assert_true (cancelled.ok);
  g_assert_cmpuint (invited.n, ==, 0);
  settle (f);
  g_assert_cmpuint (invited.n, ==, 1);
  g_assert_cmpstr (invited.error.reason, ==, "call_ended");
  assert_heard (f, "");
  assert_invite (f, A1, 5, B, "call_exists");
  g_assert_cmpuint (the_log.n_puts, ==, 0);
}

int
main (int argc, char **argv)
{
  static const CallsTest tests[] = {
    { "whole", test_whole },
    { "order-behind-write", test_order_behind_write },
    { "stats", test_stats },
    { "busy", test_busy },
    { "call-waiting", test_call_waiting },
    { "accepted-cancels-outgoing", test_accepted_cancels_outgoing },
    { "glare/smaller-first", test_glare_smaller_first },
    { "glare/smaller-second", test_glare_smaller_second },
    { "glare/at-once", test_glare_at_once },
    { "used-ids", test_used_ids },
    { "callee", test_callee },
    { "strangers", test_strangers },
    { "rates", test_rates },
    { "many-calls", test_many_calls },
    { "full", test_full },
    { "drain", test_drain },
    { "given-up", test_given_up },
  };

  return calls_run (argc, argv, tests, G_N_ELEMENTS (tests));
}
