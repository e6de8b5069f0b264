/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the state machine of a call: one call, who speaks in it, and what it said, in short. */
#pragma once

#include <string.h>

#include "signaling/call.h"

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

static inline void
set_up (Fixture *f, gconstpointer data)
{
  sig_call_limits_init (&f->limits);
  f->call = sig_call_new (&f->limits, id, A, A1, B, true);
  f->blob = al_buf_new_copy ("YmxvYg", 6);
  f->now_us = START;
  f->trace = g_string_new (NULL);
}

static inline void
tear_down (Fixture *f, gconstpointer data)
{
  sig_call_free (f->call);
  g_assert_cmpuint (f->blob->refs, ==, 1); /* the call kept none */
  al_buf_unref (f->blob);
  g_string_free (f->trace, TRUE);
}

static inline SigCallAnswer
step (Fixture *f, SigCallEvent event)
{
  return sig_call_step (f->call, f->now_us, &event, &f->out);
}

/* a device says @type, with a blob where one belongs */
static inline SigCallAnswer
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
static inline const char *
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

static inline void
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

static inline void
wait (Fixture *f, int64_t seconds)
{
  f->now_us += seconds * SECOND;
  (void) step (f, (SigCallEvent){ .type = SIG_CALL_ON_TIMER });
}

static inline int64_t
ended_us (Fixture *f)
{
  int64_t us = 0;

  g_assert_true (sig_call_get_ended_us (f->call, &us));
  return us;
}

static inline unsigned
count_actions (const SigCallOutput *out, SigCallActionType type)
{
  unsigned n = 0;

  for (unsigned i = 0; i < out->n; i++)
    n += out->actions[i].type == type;
  return n;
}
