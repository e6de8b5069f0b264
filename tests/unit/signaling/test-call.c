/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/call.h"

#include <string.h>

/* Users 1 (the caller), 2 (the callee) and 3 (a stranger); device 21 is the first of user 2. */
enum { A = 1, B = 2, C = 3, A1 = 11, A2 = 12, B1 = 21, B2 = 22, B3 = 23, C1 = 31 };

#define SECOND ((int64_t) G_USEC_PER_SEC)
#define START (1000 * SECOND)

static const uint8_t id[SIG_CALL_ID_BYTES] = "0123456789abcde";
static const uint8_t other_id[SIG_CALL_ID_BYTES] = "0000000000000000";

typedef struct {
  SigCallLimits limits;
  SigCall *call;
  AlBuf *blob;
  int64_t now_us;
  SigCallOutput out;
  GString *trace;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  sig_call_limits_init (&f->limits);
  f->call = sig_call_new (&f->limits, id, A, A1, B, true);
  f->blob = al_buf_new_copy ("YmxvYg", 6);
  f->now_us = START;
  f->trace = g_string_new (NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  sig_call_free (f->call);
  g_assert_cmpuint (f->blob->refs, ==, 1); /* the call kept none */
  al_buf_unref (f->blob);
  g_string_free (f->trace, TRUE);
}

static SigCallAnswer
step (Fixture *f, SigCallEvent event)
{
  return sig_call_step (f->call, f->now_us, &event, &f->out);
}

/* a device says @type, with a blob where one belongs */
static SigCallAnswer
say (Fixture *f, SigCallEventType type, uint64_t device)
{
  static const uint64_t b_devices[] = { B1, B2 };
  static const SigCallRestore restore = { SIG_CALL_CONNECTING, B1, START - 9 * SECOND, START - 8 * SECOND, 0,
                                          START - 5 * SECOND };

  return step (f, (SigCallEvent){ .type = type, .user = device / 10, .device = device, .blob = f->blob,
                                  .devices = b_devices, .n_devices = 2, .attached = true, .other_id = other_id,
                                  .restore = &restore });
}

/* the last output in short: "persist reply 11:accepted<21 22:ended/answered_elsewhere event/connecting" */
static const char *
trace (Fixture *f)
{
  g_string_truncate (f->trace, 0);
  for (unsigned i = 0; i < f->out.n; i++)
    {
      const SigCallAction *action = &f->out.actions[i];

      if (i > 0)
        g_string_append_c (f->trace, ' ');
      if (action->type == SIG_CALL_DO_PERSIST)
        g_string_append (f->trace, "persist");
      else if (action->type == SIG_CALL_DO_REPLY)
        g_string_append (f->trace, "reply");
      else if (action->type == SIG_CALL_DO_EVENT)
        g_string_append_printf (f->trace, "event/%s", sig_call_state_to_string (action->state));
      else
        {
          g_assert_cmpuint (action->device / 10, ==, action->user);
          g_string_append_printf (f->trace, "%u:%s", (unsigned) action->device,
                                  sig_call_note_to_string (action->note) + strlen ("call."));
          if (action->from_device != 0)
            g_string_append_printf (f->trace, "<%u", (unsigned) action->from_device);
          if (action->note == SIG_CALL_NOTE_ENDED)
            g_string_append_printf (f->trace, "/%s", sig_call_reason_to_string (action->reason));
          if (action->note == SIG_CALL_NOTE_INCOMING || action->note == SIG_CALL_NOTE_ACCEPTED
              || action->note == SIG_CALL_NOTE_SEALED)
            g_assert_true (action->blob == f->blob);
        }
    }
  return f->trace->str;
}

#define assert_trace(f, expected) g_assert_cmpstr (trace (f), ==, expected)
#define assert_say(f, type, device, expected) \
  G_STMT_START { \
    g_assert_cmpint (say (f, SIG_CALL_ON_##type, device), ==, SIG_CALL_OK); \
    assert_trace (f, expected); \
  } G_STMT_END
#define refuse_say(f, type, device, expected) \
  G_STMT_START { \
    g_assert_cmpint (say (f, SIG_CALL_ON_##type, device), ==, SIG_CALL_##expected); \
    assert_trace (f, ""); \
  } G_STMT_END

static void
reach (Fixture *f, SigCallState state)
{
  if (state >= SIG_CALL_RINGING)
    (void) say (f, SIG_CALL_ON_INVITE, A1);
  if (state >= SIG_CALL_CONNECTING)
    (void) say (f, SIG_CALL_ON_ACCEPT, B1);
  if (state >= SIG_CALL_ACTIVE)
    {
      (void) say (f, SIG_CALL_ON_CONNECTED, A1);
      (void) say (f, SIG_CALL_ON_CONNECTED, B1);
    }
  if (state >= SIG_CALL_ENDED)
    (void) say (f, SIG_CALL_ON_HANGUP, A1);
  g_assert_cmpint (sig_call_get_state (f->call), ==, state);
}

static void
wait (Fixture *f, int64_t seconds)
{
  f->now_us += seconds * SECOND;
  (void) step (f, (SigCallEvent){ .type = SIG_CALL_ON_TIMER });
}

static int64_t
ended_us (Fixture *f)
{
  int64_t us = 0;

  g_assert_true (sig_call_get_ended_us (f->call, &us));
  return us;
}

/* --- every event in every state, said by everybody --- */

/* Who, in this order: the caller, its other device, the callee's device that accepts, another of the callee's, a stranger.
 * Answers: O ok, N not found, D duplicate, E answered elsewhere, A already accepted, S wrong state, Q out of order (the
 * sequence), G gone. Then the state each leaves behind: n r c a e. */
static const struct {
  SigCallState state;
  SigCallEventType event;
  const char *answers, *states;
} matrix[] = {
  { SIG_CALL_NEW, SIG_CALL_ON_INVITE, "ONNNN", "rnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_RING, "NNNNN", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_ACCEPT, "NNNNN", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_CONFIRM, "NNNNN", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_REVEAL, "NNNNN", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_SEAL, "NNNNN", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_CONNECTED, "NNNNN", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_DECLINE, "NNNNN", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_CANCEL, "NNNNN", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_HANGUP, "NNNNN", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_ATTACHED, "OOOOO", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_DETACHED, "OOOOO", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_DISABLED, "OOOOO", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_ADMIN_END, "OOOOO", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_GLARE, "OOOOO", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_SUPERSEDED, "OOOOO", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_LOG_FAILED, "OOOOO", "nnnnn" },
  { SIG_CALL_NEW, SIG_CALL_ON_RESTORE, "OOOOO", "ccccc" },
  { SIG_CALL_NEW, SIG_CALL_ON_TIMER, "OOOOO", "nnnnn" },

  { SIG_CALL_RINGING, SIG_CALL_ON_INVITE, "DNDDN", "rrrrr" },
  { SIG_CALL_RINGING, SIG_CALL_ON_RING, "NNOON", "rrrrr" },
  { SIG_CALL_RINGING, SIG_CALL_ON_ACCEPT, "NNOON", "rrccr" },
  { SIG_CALL_RINGING, SIG_CALL_ON_CONFIRM, "SNNNN", "rrrrr" },
  { SIG_CALL_RINGING, SIG_CALL_ON_REVEAL, "NNSSN", "rrrrr" },
  { SIG_CALL_RINGING, SIG_CALL_ON_SEAL, "SNSSN", "rrrrr" },
  { SIG_CALL_RINGING, SIG_CALL_ON_CONNECTED, "SNSSN", "rrrrr" },
  { SIG_CALL_RINGING, SIG_CALL_ON_DECLINE, "NNOON", "rreer" },
  { SIG_CALL_RINGING, SIG_CALL_ON_CANCEL, "ONNNN", "errrr" },
  { SIG_CALL_RINGING, SIG_CALL_ON_HANGUP, "ONOON", "ereer" },
  { SIG_CALL_RINGING, SIG_CALL_ON_ATTACHED, "OOOOO", "rrrrr" },
  { SIG_CALL_RINGING, SIG_CALL_ON_DETACHED, "OOOOO", "rrrrr" },
  { SIG_CALL_RINGING, SIG_CALL_ON_DISABLED, "OOOOO", "eeeer" },
  { SIG_CALL_RINGING, SIG_CALL_ON_ADMIN_END, "OOOOO", "eeeee" },
  { SIG_CALL_RINGING, SIG_CALL_ON_GLARE, "OOOOO", "eeeee" },
  { SIG_CALL_RINGING, SIG_CALL_ON_SUPERSEDED, "OOOOO", "eeeee" },
  { SIG_CALL_RINGING, SIG_CALL_ON_LOG_FAILED, "OOOOO", "eeeee" },
  { SIG_CALL_RINGING, SIG_CALL_ON_RESTORE, "OOOOO", "rrrrr" },
  { SIG_CALL_RINGING, SIG_CALL_ON_TIMER, "OOOOO", "rrrrr" },

  { SIG_CALL_CONNECTING, SIG_CALL_ON_INVITE, "DNDDN", "ccccc" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_RING, "NNSEN", "ccccc" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_ACCEPT, "NNAEN", "ccccc" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_CONFIRM, "ONNNN", "ccccc" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_REVEAL, "NNQNN", "ccccc" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_SEAL, "ONONN", "ccccc" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_CONNECTED, "ONONN", "ccccc" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_DECLINE, "NNSEN", "ccccc" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_CANCEL, "ONNNN", "ecccc" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_HANGUP, "ONOEN", "ececc" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_ATTACHED, "OOOOO", "ccccc" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_DETACHED, "OOOOO", "ccccc" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_DISABLED, "OOOOO", "eeeec" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_ADMIN_END, "OOOOO", "eeeee" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_GLARE, "OOOOO", "ccccc" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_SUPERSEDED, "OOOOO", "ccccc" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_LOG_FAILED, "OOOOO", "eeeee" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_RESTORE, "OOOOO", "ccccc" },
  { SIG_CALL_CONNECTING, SIG_CALL_ON_TIMER, "OOOOO", "ccccc" },

  { SIG_CALL_ACTIVE, SIG_CALL_ON_INVITE, "DNDDN", "aaaaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_RING, "NNSEN", "aaaaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_ACCEPT, "NNAEN", "aaaaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_CONFIRM, "ONNNN", "aaaaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_REVEAL, "NNQNN", "aaaaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_SEAL, "ONONN", "aaaaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_CONNECTED, "ONONN", "aaaaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_DECLINE, "NNSEN", "aaaaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_CANCEL, "SNNNN", "aaaaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_HANGUP, "ONOEN", "eaeaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_ATTACHED, "OOOOO", "aaaaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_DETACHED, "OOOOO", "aaaaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_DISABLED, "OOOOO", "eeeea" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_ADMIN_END, "OOOOO", "eeeee" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_GLARE, "OOOOO", "aaaaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_SUPERSEDED, "OOOOO", "aaaaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_LOG_FAILED, "OOOOO", "aaaaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_RESTORE, "OOOOO", "aaaaa" },
  { SIG_CALL_ACTIVE, SIG_CALL_ON_TIMER, "OOOOO", "aaaaa" },

  { SIG_CALL_ENDED, SIG_CALL_ON_INVITE, "DNDDN", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_RING, "NNGGN", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_ACCEPT, "NNGGN", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_CONFIRM, "GNNNN", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_REVEAL, "NNGNN", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_SEAL, "GNGNN", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_CONNECTED, "GNGNN", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_DECLINE, "NNGGN", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_CANCEL, "GNNNN", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_HANGUP, "GNGGN", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_ATTACHED, "OOOOO", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_DETACHED, "OOOOO", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_DISABLED, "OOOOO", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_ADMIN_END, "OOOOO", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_GLARE, "OOOOO", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_SUPERSEDED, "OOOOO", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_LOG_FAILED, "OOOOO", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_RESTORE, "OOOOO", "eeeee" },
  { SIG_CALL_ENDED, SIG_CALL_ON_TIMER, "OOOOO", "eeeee" },
};

static char
answer_letter (SigCallAnswer answer)
{
  static const char letters[SIG_CALL_ANSWER_N] = {
    [SIG_CALL_OK] = 'O',          [SIG_CALL_NOT_FOUND] = 'N',   [SIG_CALL_DUPLICATE] = 'D',
    [SIG_CALL_ANSWERED_ELSEWHERE] = 'E', [SIG_CALL_ALREADY_ACCEPTED] = 'A', [SIG_CALL_WRONG_STATE] = 'S',
    [SIG_CALL_OUT_OF_ORDER] = 'Q', [SIG_CALL_GONE] = 'G',
    [SIG_CALL_INVALID_BLOB] = 'B', [SIG_CALL_LIMIT] = 'L',
  };

  return letters[answer];
}

static unsigned
count_actions (const SigCallOutput *out, SigCallActionType type)
{
  unsigned n = 0;

  for (unsigned i = 0; i < out->n; i++)
    n += out->actions[i].type == type;
  return n;
}

static void
test_matrix (void)
{
  static const uint64_t who[] = { A1, A2, B1, B2, C1 };

  g_assert_cmpuint (G_N_ELEMENTS (matrix), ==, SIG_CALL_STATE_N * SIG_CALL_EVENT_N);
  for (unsigned i = 0; i < G_N_ELEMENTS (matrix); i++)
    {
      char answers[6] = "", states[6] = "";

      g_assert_cmpuint (i, ==, matrix[i].state * SIG_CALL_EVENT_N + matrix[i].event);
      for (unsigned w = 0; w < G_N_ELEMENTS (who); w++)
        {
          Fixture f;
          bool device_event = matrix[i].event <= SIG_CALL_ON_HANGUP;
          SigCallAnswer answer;

          set_up (&f, NULL);
          reach (&f, matrix[i].state);
          answer = say (&f, matrix[i].event, who[w]);
          answers[w] = answer_letter (answer);
          states[w] = sig_call_state_to_string (sig_call_get_state (f.call))[0];
          /* an OK is said once, a refusal does nothing at all */
          g_assert_cmpuint (count_actions (&f.out, SIG_CALL_DO_REPLY), ==, device_event && answer == SIG_CALL_OK);
          if (answer != SIG_CALL_OK)
            g_assert_cmpuint (f.out.n, ==, 0);
          tear_down (&f, NULL);
        }
      if (strcmp (answers, matrix[i].answers) != 0 || strcmp (states, matrix[i].states) != 0)
        g_error ("state %d event %d: %s -> %s, expected %s -> %s", matrix[i].state, matrix[i].event, answers, states,
                 matrix[i].answers, matrix[i].states);
    }
}

/* --- one story each --- */

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

/* --- after a restart --- */

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

/* --- random events against what must always hold --- */

typedef struct {
  bool incoming, revoked;
  unsigned ended;
} Told;

typedef struct {
  Fixture f;
  Told told[40];        /* by device */
  unsigned n_accepted;  /* accepts that were OK */
  uint64_t accepted;
  bool over;
  int64_t last_us;
} Model;

static void
model_check_action (Model *m, const SigCallAction *action)
{
  Told *told = &m->told[action->device];

  if (action->type != SIG_CALL_DO_NOTIFY)
    return;
  g_assert_cmpuint (action->user, !=, C);
  g_assert_true (action->device != A2 && action->device != 13);
  g_assert_cmpint (told->ended, ==, 0); /* nothing comes behind the end */
  switch (action->note)
    {
    case SIG_CALL_NOTE_INCOMING:
      g_assert_cmpuint (action->user, ==, B);
      g_assert_cmpuint (m->n_accepted, ==, 0);
      told->incoming = true;
      told->revoked = false;
      break;
    case SIG_CALL_NOTE_ENDED:
      g_assert_true (action->device == A1 || told->incoming || action->device == m->accepted);
      if (action->reason == SIG_CALL_REASON_ANSWERED_ELSEWHERE)
        g_assert_cmpuint (action->device, !=, m->accepted);
      told->ended++;
      break;
    case SIG_CALL_NOTE_RINGING:
    case SIG_CALL_NOTE_ACCEPTED:
    case SIG_CALL_NOTE_REVEALED:
      g_assert_cmpuint (action->device, ==, A1);
      break;
    case SIG_CALL_NOTE_CONFIRMED:
      g_assert_cmpuint (action->device, ==, m->accepted);
      break;
    default:
      g_assert_true (action->device == A1 || action->device == m->accepted);
      break;
    }
}

static void
model_check (Model *m, const SigCallEvent *event)
{
  Fixture *f = &m->f;
  unsigned notes = 0;

  if (event->type == SIG_CALL_ON_ACCEPT && f->out.answer == SIG_CALL_OK)
    {
      m->n_accepted++;
      m->accepted = event->device;
    }
  g_assert_cmpuint (m->n_accepted, <=, 1);
  if (event->type == SIG_CALL_ON_DETACHED && event->forever)
    m->told[event->device].revoked = true;
  if (event->type == SIG_CALL_ON_ATTACHED && sig_call_get_state (f->call) == SIG_CALL_RINGING)
    m->told[event->device].revoked = false;
  if (m->over)
    g_assert_cmpuint (f->out.n, ==, 0); /* ended is final */
  for (unsigned i = 0; i < f->out.n; i++)
    {
      model_check_action (m, &f->out.actions[i]);
      notes += f->out.actions[i].type == SIG_CALL_DO_NOTIFY;
    }
  m->over = sig_call_get_state (f->call) == SIG_CALL_ENDED;
  g_assert_cmpint (sig_call_next_us (f->call), >, f->now_us);
  /* the invitation is held while it rings and not a moment longer */
  g_assert_cmpuint (f->blob->refs, ==, sig_call_get_state (f->call) == SIG_CALL_RINGING ? 2 : 1);
  g_assert_cmpuint (notes, <=, SIG_CALL_MAX_DEVICES + 1);
}

static SigCallEvent
model_random_event (Model *m, GRand *rand, uint64_t *devices)
{
  static const uint64_t who[] = { A1, A1, A1, A2, 13, B1, B1, B2, B2, B3, C1 };
  static const SigCallEventType often[] = { SIG_CALL_ON_RING, SIG_CALL_ON_CONFIRM, SIG_CALL_ON_REVEAL, SIG_CALL_ON_SEAL,
                                            SIG_CALL_ON_CONNECTED, SIG_CALL_ON_ATTACHED, SIG_CALL_ON_DETACHED,
                                            SIG_CALL_ON_TIMER, SIG_CALL_ON_ACCEPT };
  uint64_t device = who[g_rand_int_range (rand, 0, G_N_ELEMENTS (who))];
  SigCallEvent event = {
    .type = g_rand_int_range (rand, 0, 10) > 0 ? often[g_rand_int_range (rand, 0, G_N_ELEMENTS (often))]
                                               : (SigCallEventType) g_rand_int_range (rand, 0, SIG_CALL_ON_RESTORE),
    .user = device / 10,
    .device = device,
    .blob = m->f.blob,
    .attached = g_rand_boolean (rand),
    .resumed = g_rand_boolean (rand),
    .forever = g_rand_int_range (rand, 0, 8) == 0,
    .reason = g_rand_int_range (rand, 0, SIG_CALL_REASON_N),
    .devices = devices,
    .n_devices = g_rand_int_range (rand, 0, 4),
    .other_id = other_id,
  };

  return event;
}

static void
model_run (GRand *rand, unsigned *reasons)
{
  uint64_t devices[] = { B1, B2, B3 };
  Model m = { 0 };
  SigCallEvent event;
  int64_t us;

  set_up (&m.f, NULL);
  event = (SigCallEvent){ .type = SIG_CALL_ON_INVITE, .user = A, .device = A1, .blob = m.f.blob, .devices = devices,
                          .n_devices = g_rand_int_range (rand, 0, 4), .attached = g_rand_boolean (rand) };
  (void) step (&m.f, event);
  model_check (&m, &event);
  for (unsigned i = 0; i < 400 && !(m.over && i > 20); i++)
    {
      unsigned times = g_rand_int_range (rand, 0, 6) == 0 ? 2 : 1; /* duplicates */

      if (g_rand_int_range (rand, 0, 4) == 0)
        m.f.now_us += g_rand_int_range (rand, 0, 12 * SECOND);
      event = model_random_event (&m, rand, devices);
      while (times-- > 0)
        {
          (void) step (&m.f, event);
          model_check (&m, &event);
        }
    }
  if (!m.over)
    {
      (void) step (&m.f, (SigCallEvent){ .type = SIG_CALL_ON_ADMIN_END });
      model_check (&m, &(SigCallEvent){ .type = SIG_CALL_ON_ADMIN_END });
    }

  g_assert_cmpuint (m.told[A1].ended, ==, 1);
  for (unsigned device = B1; device <= B3; device++)
    {
      bool concerned = m.told[device].incoming || device == m.accepted;

      if (!m.told[device].revoked)
        g_assert_cmpuint (m.told[device].ended, ==, concerned);
      g_assert_cmpuint (m.told[device].ended, <=, 1);
    }
  g_assert_cmpint (ended_us (&m.f), >=, START);
  g_assert_cmpint (ended_us (&m.f), <=, m.f.now_us);
  g_assert_cmpint (sig_call_get_duration_ms (m.f.call), <=, (m.f.now_us - START) / 1000);
  if (sig_call_get_active_us (m.f.call, &us))
    g_assert_cmpint (sig_call_get_duration_ms (m.f.call), ==, (ended_us (&m.f) - us) / 1000);
  g_assert_cmpint (sig_call_get_duration_ms (m.f.call), >=, 0);
  reasons[sig_call_get_reason (m.f.call)]++;
  tear_down (&m.f, NULL);
}

static void
test_model (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (20260801);
  unsigned reasons[SIG_CALL_REASON_N] = { 0 };

  for (unsigned i = 0; i < 4000; i++)
    model_run (rand, reasons);
  /* the walk came everywhere */
  for (int reason = SIG_CALL_REASON_HANGUP; reason < SIG_CALL_REASON_N; reason++)
    {
      g_test_message ("%s: %u", sig_call_reason_to_string (reason), reasons[reason]);
      if (reason != SIG_CALL_REASON_ANSWERED_ELSEWHERE)
        g_assert_cmpuint (reasons[reason], >, 0);
    }
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
    { "restore/nobody-returns", test_restore_nobody_returns },
    { "restore/one-returns", test_restore_one_returns },
    { "restore/both-return", test_restore_both_return },
    { "restore/connecting", test_restore_connecting },
    { "restore/connecting-fails", test_restore_connecting_fails },
    { "restore/ringing", test_restore_ringing },
    { "restore/nonsense", test_restore_nonsense },
  };

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/signaling/call/matrix", test_matrix);
  g_test_add_func ("/signaling/call/words", test_words);
  g_test_add_func ("/signaling/call/model", test_model);
  for (unsigned i = 0; i < G_N_ELEMENTS (stories); i++)
    {
      g_autofree char *name = g_strconcat ("/signaling/call/", stories[i].name, NULL);

      g_test_add (name, Fixture, NULL, set_up, stories[i].test, tear_down);
    }
  return g_test_run ();
}
