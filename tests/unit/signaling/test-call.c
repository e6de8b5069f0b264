/* SPDX-License-Identifier: Apache-2.0 */
/* A call in the ways that it goes, one story each. */
#include "call-fixture.h"

static void
test_whole_call (Fixture *f, gconstpointer data)
{
  int64_t us;

  assert_say (f, INVITE, A1, "persist reply 21:incoming 22:incoming event/ringing");
  g_assert_cmpint (sig_call_get_expires_us (f->call), ==, START + 60 * SECOND);
  assert_say (f, RING, B1, "reply 11:ringing<21");
  assert_say (f, RING, B2, "reply 11:ringing<22");
  assert_say (f, RING, B1, "reply"); /* said before */
  assert_say (f, RING, B3, "reply"); /* was not told of the call, so nothing rings there */
  g_assert_false (sig_call_get_accepted_us (f->call, &us));
  wait (f, 5);
  assert_say (f, ACCEPT, B1, "persist reply 11:accepted<21 22:ended/answered_elsewhere event/connecting");
  g_assert_cmpuint (sig_call_get_callee_device (f->call), ==, B1);
  assert_say (f, CONFIRM, A1, "reply 21:confirmed");
  assert_say (f, REVEAL, B1, "reply 11:revealed");
  assert_say (f, SEAL, B1, "reply 11:sealed");
  assert_say (f, SEAL, A1, "reply 21:sealed");
  wait (f, 2);
  assert_say (f, CONNECTED, A1, "reply");
  assert_say (f, CONNECTED, A1, "reply");
  assert_say (f, CONNECTED, B1, "reply 11:active 21:active persist event/active");
  assert_say (f, CONNECTED, B1, "reply");
  assert_say (f, SEAL, A1, "reply 21:sealed");
  wait (f, 100);
  g_assert_cmpint (sig_call_get_duration_ms (f->call), ==, 0);
  assert_say (f, HANGUP, B1, "persist reply 11:ended/hangup 21:ended/hangup event/ended");
  g_assert_true (sig_call_get_accepted_us (f->call, &us));
  g_assert_cmpint (us, ==, START + 5 * SECOND);
  g_assert_true (sig_call_get_active_us (f->call, &us));
  g_assert_cmpint (us, ==, START + 7 * SECOND);
  g_assert_cmpint (sig_call_get_duration_ms (f->call), ==, 100000);
  g_assert_cmpint (sig_call_get_reason (f->call), ==, SIG_CALL_REASON_HANGUP);
  g_assert_cmpint (sig_call_next_us (f->call), ==, INT64_MAX);
}

static void
test_decline (Fixture *f, gconstpointer data)
{
  (void) say (f, SIG_CALL_ON_INVITE, A1);
  assert_say (f, DECLINE, B2, "persist reply 11:ended/declined 21:ended/declined 22:ended/declined event/ended");
}

static void
test_decline_busy (Fixture *f, gconstpointer data)
{
  (void) say (f, SIG_CALL_ON_INVITE, A1);
  (void) step (f, (SigCallEvent){ .type = SIG_CALL_ON_DECLINE, .user = B, .device = B1,
                                  .reason = SIG_CALL_REASON_BUSY });
  assert_trace (f, "persist reply 11:ended/busy 21:ended/busy 22:ended/busy event/ended");
}

static void
test_cancel (Fixture *f, gconstpointer data)
{
  (void) say (f, SIG_CALL_ON_INVITE, A1);
  assert_say (f, CANCEL, A1, "persist reply 11:ended/cancelled 21:ended/cancelled 22:ended/cancelled event/ended");
  g_assert_cmpint (sig_call_get_duration_ms (f->call), ==, 0);
}

static void
test_cancel_crosses_accept (Fixture *f, gconstpointer data)
{
  reach (f, SIG_CALL_CONNECTING);
  assert_say (f, CANCEL, A1, "persist reply 11:ended/hangup 21:ended/hangup event/ended");
}

static void
test_leave (Fixture *f, gconstpointer data)
{
  (void) say (f, SIG_CALL_ON_INVITE, A1);
  assert_say (f, HANGUP, A1, "persist reply 11:ended/cancelled 21:ended/cancelled 22:ended/cancelled event/ended");
}

static void
test_hangup_failed (Fixture *f, gconstpointer data)
{
  reach (f, SIG_CALL_CONNECTING);
  (void) step (f, (SigCallEvent){ .type = SIG_CALL_ON_HANGUP, .user = A, .device = A1,
                                  .reason = SIG_CALL_REASON_FAILED });
  assert_trace (f, "persist reply 11:ended/failed 21:ended/failed event/ended");
}

static void
test_busy (Fixture *f, gconstpointer data)
{
  (void) step (f, (SigCallEvent){ .type = SIG_CALL_ON_INVITE, .user = A, .device = A1, .blob = f->blob,
                                  .attached = true, .reason = SIG_CALL_REASON_BUSY });
  assert_trace (f, "persist reply 11:ended/busy event/ended");
  refuse_say (f, ACCEPT, B1, GONE);
}

static void
test_missed (Fixture *f, gconstpointer data)
{
  (void) say (f, SIG_CALL_ON_INVITE, A1);
  g_assert_cmpint (sig_call_next_us (f->call), ==, START + 60 * SECOND);
  wait (f, 59);
  assert_trace (f, "");
  wait (f, 1);
  assert_trace (f, "persist 11:ended/missed 21:ended/missed 22:ended/missed event/ended");
  refuse_say (f, ACCEPT, B1, GONE);
}

/* time has its effect also when the timer is late: who accepts at the 61st second is told that it is over */
static void
test_accept_behind_late_timer (Fixture *f, gconstpointer data)
{
  (void) say (f, SIG_CALL_ON_INVITE, A1);
  f->now_us += 61 * SECOND;
  g_assert_cmpint (say (f, SIG_CALL_ON_ACCEPT, B1), ==, SIG_CALL_GONE);
  assert_trace (f, "persist 11:ended/missed 21:ended/missed 22:ended/missed event/ended");
}

static void
test_failed (Fixture *f, gconstpointer data)
{
  reach (f, SIG_CALL_CONNECTING);
  (void) say (f, SIG_CALL_ON_CONNECTED, A1);
  wait (f, 29);
  assert_trace (f, "");
  wait (f, 1);
  assert_trace (f, "persist 11:ended/failed 21:ended/failed event/ended");
}

static void
test_active_has_no_end (Fixture *f, gconstpointer data)
{
  reach (f, SIG_CALL_ACTIVE);
  g_assert_cmpint (sig_call_next_us (f->call), ==, INT64_MAX);
  wait (f, 1000000);
  assert_trace (f, "");
}

static void
test_caller_gone_while_ringing (Fixture *f, gconstpointer data)
{
  (void) say (f, SIG_CALL_ON_INVITE, A1);
  wait (f, 10);
  assert_say (f, DETACHED, A1, "");
  wait (f, 20);
  assert_say (f, DETACHED, A1, ""); /* twice: the grace does not begin again */
  wait (f, 9);
  assert_say (f, ATTACHED, A1, "");
  g_assert_cmpint (sig_call_next_us (f->call), ==, START + 60 * SECOND);
  (void) say (f, SIG_CALL_ON_DETACHED, A1);
  wait (f, 21); /* the ringing ends before the grace does */
  g_assert_cmpint (sig_call_get_reason (f->call), ==, SIG_CALL_REASON_MISSED);
}

static void
test_caller_never_returns (Fixture *f, gconstpointer data)
{
  (void) say (f, SIG_CALL_ON_INVITE, A1);
  (void) say (f, SIG_CALL_ON_DETACHED, A1);
  wait (f, 30);
  assert_trace (f, "persist 11:ended/disconnected 21:ended/disconnected 22:ended/disconnected event/ended");
  g_assert_cmpint (ended_us (f), ==, f->now_us);
}

static void
test_callee_may_come_and_go_while_ringing (Fixture *f, gconstpointer data)
{
  (void) say (f, SIG_CALL_ON_INVITE, A1);
  assert_say (f, DETACHED, B1, "");
  assert_say (f, DETACHED, B2, "");
  g_assert_cmpint (sig_call_next_us (f->call), ==, START + 60 * SECOND);
  assert_say (f, ATTACHED, B3, "23:incoming"); /* comes online while it rings */
  assert_say (f, ATTACHED, B1, "21:incoming"); /* lost what it was told */
  (void) step (f, (SigCallEvent){ .type = SIG_CALL_ON_ATTACHED, .user = B, .device = B2, .resumed = true });
  assert_trace (f, ""); /* gets it by replay */
  assert_say (f, CANCEL, A1,
              "persist reply 11:ended/cancelled 21:ended/cancelled 22:ended/cancelled 23:ended/cancelled event/ended");
}

static void
test_revoked_device (Fixture *f, gconstpointer data)
{
  SigCallEvent revoke = { .type = SIG_CALL_ON_DETACHED, .user = B, .device = B2, .forever = true };

  (void) say (f, SIG_CALL_ON_INVITE, A1);
  (void) step (f, revoke);
  assert_trace (f, "");
  assert_say (f, ACCEPT, B1, "persist reply 11:accepted<21 event/connecting");
  revoke.device = B1;
  (void) step (f, revoke);
  assert_trace (f, "persist 11:ended/disconnected 21:ended/disconnected event/ended");
}

static void
test_party_gone_in_call (Fixture *f, gconstpointer data)
{
  reach (f, SIG_CALL_ACTIVE);
  wait (f, 50);
  assert_say (f, DETACHED, B2, ""); /* not in the call */
  g_assert_cmpint (sig_call_next_us (f->call), ==, INT64_MAX);
  (void) say (f, SIG_CALL_ON_DETACHED, B1);
  wait (f, 29);
  assert_trace (f, "");
  (void) say (f, SIG_CALL_ON_ATTACHED, B1);
  wait (f, 10);
  g_assert_cmpint (sig_call_get_state (f->call), ==, SIG_CALL_ACTIVE);
  (void) say (f, SIG_CALL_ON_DETACHED, A1);
  wait (f, 30);
  assert_trace (f, "persist 11:ended/disconnected 21:ended/disconnected event/ended");
  g_assert_cmpint (sig_call_get_duration_ms (f->call), ==, 119000);
}

/* nobody is left: the call was over when the second one went */
static void
test_both_gone_in_call (Fixture *f, gconstpointer data)
{
  reach (f, SIG_CALL_ACTIVE);
  (void) say (f, SIG_CALL_ON_DETACHED, B1);
  wait (f, 12);
  g_assert_true (sig_call_is_attended (f->call));
  (void) say (f, SIG_CALL_ON_DETACHED, A1);
  g_assert_false (sig_call_is_attended (f->call));
  wait (f, 18);
  g_assert_cmpint (sig_call_get_reason (f->call), ==, SIG_CALL_REASON_DISCONNECTED);
  g_assert_cmpint (ended_us (f), ==, START + 12 * SECOND);
  g_assert_cmpint (sig_call_get_duration_ms (f->call), ==, 12000);
}

/* said by POST, without a connection that could be lost */
static void
test_parties_without_connection (Fixture *f, gconstpointer data)
{
  (void) step (f, (SigCallEvent){ .type = SIG_CALL_ON_INVITE, .user = A, .device = A1, .blob = f->blob });
  g_assert_cmpint (sig_call_next_us (f->call), ==, START + 30 * SECOND);
  (void) say (f, SIG_CALL_ON_ATTACHED, A1);
  g_assert_cmpint (sig_call_next_us (f->call), ==, START + 60 * SECOND);
  wait (f, 10);
  (void) step (f, (SigCallEvent){ .type = SIG_CALL_ON_ACCEPT, .user = B, .device = B1, .blob = f->blob });
  wait (f, 5);
  (void) say (f, SIG_CALL_ON_CONNECTED, A1);
  (void) say (f, SIG_CALL_ON_CONNECTED, B1);
  wait (f, 25);
  g_assert_cmpint (sig_call_get_reason (f->call), ==, SIG_CALL_REASON_DISCONNECTED);
}

static void
test_second_accept (Fixture *f, gconstpointer data)
{
  reach (f, SIG_CALL_CONNECTING);
  refuse_say (f, ACCEPT, B2, ANSWERED_ELSEWHERE);
  refuse_say (f, ACCEPT, B1, ALREADY_ACCEPTED);
  refuse_say (f, DECLINE, B2, ANSWERED_ELSEWHERE);
  g_assert_cmpuint (sig_call_get_callee_device (f->call), ==, B1);
}

static void
test_confirm_and_reveal_once (Fixture *f, gconstpointer data)
{
  reach (f, SIG_CALL_CONNECTING);
  refuse_say (f, REVEAL, B1, OUT_OF_ORDER);
  refuse_say (f, CONFIRM, B1, NOT_FOUND);
  assert_say (f, CONFIRM, A1, "reply 21:confirmed");
  refuse_say (f, CONFIRM, A1, OUT_OF_ORDER);
  refuse_say (f, REVEAL, A1, NOT_FOUND);
  assert_say (f, REVEAL, B1, "reply 11:revealed");
  refuse_say (f, REVEAL, B1, OUT_OF_ORDER);
}

static void
test_blob_bounds (Fixture *f, gconstpointer data)
{
  g_autoptr (AlBuf) largest = al_buf_new (SIG_CALL_MAX_BLOB_TEXT);
  g_autoptr (AlBuf) larger = al_buf_new (SIG_CALL_MAX_BLOB_TEXT + 1);
  SigCallEvent event = { .type = SIG_CALL_ON_INVITE, .user = A, .device = A1, .attached = true };

  memset (largest->data, 'A', largest->len);
  memset (larger->data, 'A', larger->len);
  g_assert_cmpint (step (f, event), ==, SIG_CALL_INVALID_BLOB);
  event.blob = larger;
  g_assert_cmpint (step (f, event), ==, SIG_CALL_INVALID_BLOB);
  g_assert_cmpint (sig_call_get_state (f->call), ==, SIG_CALL_NEW);
  event.blob = largest;
  g_assert_cmpint (step (f, event), ==, SIG_CALL_OK);
  g_assert_cmpuint (largest->refs, ==, 2);

  event = (SigCallEvent){ .type = SIG_CALL_ON_ACCEPT, .user = B, .device = B1, .blob = larger };
  g_assert_cmpint (step (f, event), ==, SIG_CALL_INVALID_BLOB);
  g_assert_cmpint (sig_call_get_state (f->call), ==, SIG_CALL_RINGING);
  event.blob = largest;
  g_assert_cmpint (step (f, event), ==, SIG_CALL_OK);
  g_assert_cmpuint (largest->refs, ==, 1); /* the invitation is not kept past the ringing */

  event.blob = NULL;
  for (event.type = SIG_CALL_ON_CONFIRM; event.type <= SIG_CALL_ON_SEAL; event.type++)
    {
      event.user = event.type == SIG_CALL_ON_REVEAL ? B : A;
      event.device = event.user == B ? B1 : A1;
      g_assert_cmpint (step (f, event), ==, SIG_CALL_INVALID_BLOB);
    }
}

static void
test_seal_rate (Fixture *f, gconstpointer data)
{
  unsigned passed = 0;

  reach (f, SIG_CALL_ACTIVE);
  while (say (f, SIG_CALL_ON_SEAL, A1) == SIG_CALL_OK)
    passed++;
  g_assert_cmpuint (passed, ==, f->limits.seal_burst);
  g_assert_cmpint (f->out.answer, ==, SIG_CALL_LIMIT);
  g_assert_cmpint (f->out.retry_after_ms, ==, 1000 / f->limits.seal_per_s);
  g_assert_cmpuint (f->out.n, ==, 0);
  assert_say (f, SEAL, B1, "reply 11:sealed"); /* the other direction has its own */
  f->now_us += f->out.retry_after_ms * 1000;
  f->now_us += 1000 * 1000 / f->limits.seal_per_s;
  assert_say (f, SEAL, A1, "reply 21:sealed");
}

static void
test_seal_bytes (Fixture *f, gconstpointer data)
{
  g_autoptr (AlBuf) large = al_buf_new (SIG_CALL_MAX_BLOB_TEXT);
  SigCallEvent event = { .type = SIG_CALL_ON_SEAL, .user = B, .device = B1, .blob = large };
  unsigned passed = 0;

  reach (f, SIG_CALL_ACTIVE);
  while (step (f, event) == SIG_CALL_OK)
    passed++;
  g_assert_cmpuint (passed, ==, f->limits.seal_burst_bytes / SIG_CALL_MAX_BLOB_TEXT);
  g_assert_cmpint (f->out.answer, ==, SIG_CALL_LIMIT);
  f->now_us += f->out.retry_after_ms * 1000;
  g_assert_cmpint (step (f, event), ==, SIG_CALL_OK);
}

static void
test_many_devices (Fixture *f, gconstpointer data)
{
  uint64_t devices[SIG_CALL_MAX_DEVICES + 8];

  for (unsigned i = 0; i < G_N_ELEMENTS (devices); i++)
    devices[i] = 100 + i;
  (void) step (f, (SigCallEvent){ .type = SIG_CALL_ON_INVITE, .user = A, .device = A1, .blob = f->blob,
                                  .attached = true, .devices = devices, .n_devices = G_N_ELEMENTS (devices) });
  g_assert_cmpuint (count_actions (&f->out, SIG_CALL_DO_NOTIFY), ==, SIG_CALL_MAX_DEVICES);
  g_assert_cmpuint (sig_call_get_rung (f->call, SIG_CALL_MAX_DEVICES - 1), ==, 100 + SIG_CALL_MAX_DEVICES - 1);
  g_assert_cmpuint (sig_call_get_rung (f->call, SIG_CALL_MAX_DEVICES), ==, 0);
  assert_say (f, ATTACHED, B1, "");
  /* one that does not ring may accept all the same, and is told of the end */
  g_assert_cmpint (say (f, SIG_CALL_ON_ACCEPT, B1), ==, SIG_CALL_OK);
  g_assert_cmpuint (count_actions (&f->out, SIG_CALL_DO_NOTIFY), ==, 1 + SIG_CALL_MAX_DEVICES);
  assert_say (f, HANGUP, A1, "persist reply 11:ended/hangup 21:ended/hangup event/ended");
}

static void
test_glare (Fixture *f, gconstpointer data)
{
  (void) say (f, SIG_CALL_ON_INVITE, A1);
  g_assert_null (sig_call_get_glare_id (f->call));
  assert_say (f, GLARE, 0, "persist 11:ended/glare 21:ended/glare 22:ended/glare event/ended");
  g_assert_cmpmem (sig_call_get_glare_id (f->call), SIG_CALL_ID_BYTES, other_id, SIG_CALL_ID_BYTES);
}

static void
test_server_ends (Fixture *f, gconstpointer data)
{
  reach (f, SIG_CALL_ACTIVE);
  assert_say (f, DISABLED, C1, "");
  assert_say (f, ADMIN_END, 0, "persist 11:ended/ended_by_admin 21:ended/ended_by_admin event/ended");
}

static void
test_disabled (Fixture *f, gconstpointer data)
{
  reach (f, SIG_CALL_CONNECTING);
  assert_say (f, DISABLED, B2, "persist 11:ended/disabled 21:ended/disabled event/ended");
}

static void
test_concerns (Fixture *f, gconstpointer data)
{
  static const uint64_t who[] = { A1, A2, B1, B2, C1 };
  static const char *const expected[SIG_CALL_STATE_N] = { "00000", "10110", "10100", "10100", "00000" };

  for (int state = SIG_CALL_NEW; state < SIG_CALL_STATE_N; state++)
    {
      Fixture g;
      char is[6] = "";

      set_up (&g, NULL);
      reach (&g, state);
      for (unsigned w = 0; w < G_N_ELEMENTS (who); w++)
        is[w] = sig_call_concerns (g.call, who[w] / 10, who[w]) ? '1' : '0';
      g_assert_cmpstr (is, ==, expected[state]);
      tear_down (&g, NULL);
    }
}

static void
test_words (void)
{
  for (int reason = SIG_CALL_REASON_NONE + 1; reason < SIG_CALL_REASON_N; reason++)
    g_assert_cmpint (sig_call_reason_parse (sig_call_reason_to_string (reason)), ==, reason);
  g_assert_cmpint (sig_call_reason_parse ("none"), ==, SIG_CALL_REASON_NONE);
  g_assert_cmpint (sig_call_reason_parse (""), ==, SIG_CALL_REASON_NONE);
  for (int note = 0; note < SIG_CALL_NOTE_N; note++)
    g_assert_true (g_str_has_prefix (sig_call_note_to_string (note), "call."));
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*test) (Fixture *f, gconstpointer data);
  } stories[] = {
    { "whole", test_whole_call },
    { "decline", test_decline },
    { "decline-busy", test_decline_busy },
    { "cancel", test_cancel },
    { "cancel-crosses-accept", test_cancel_crosses_accept },
    { "leave", test_leave },
    { "hangup-failed", test_hangup_failed },
    { "busy", test_busy },
    { "missed", test_missed },
    { "accept-behind-late-timer", test_accept_behind_late_timer },
    { "failed", test_failed },
    { "active-has-no-end", test_active_has_no_end },
    { "caller-gone-while-ringing", test_caller_gone_while_ringing },
    { "caller-never-returns", test_caller_never_returns },
    { "callee-comes-and-goes", test_callee_may_come_and_go_while_ringing },
    { "revoked-device", test_revoked_device },
    { "party-gone", test_party_gone_in_call },
    { "both-gone", test_both_gone_in_call },
    { "without-connection", test_parties_without_connection },
    { "second-accept", test_second_accept },
    { "confirm-and-reveal-once", test_confirm_and_reveal_once },
    { "blob-bounds", test_blob_bounds },
    { "seal-rate", test_seal_rate },
    { "seal-bytes", test_seal_bytes },
    { "many-devices", test_many_devices },
    { "glare", test_glare },
    { "server-ends", test_server_ends },
    { "disabled", test_disabled },
    { "concerns", test_concerns },
  };

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/signaling/call/words", test_words);
  for (unsigned i = 0; i < G_N_ELEMENTS (stories); i++)
    {
      g_autofree char *name = g_strconcat ("/signaling/call/", stories[i].name, NULL);

      g_test_add (name, Fixture, NULL, set_up, stories[i].test, tear_down);
    }
  return g_test_run ();
}
