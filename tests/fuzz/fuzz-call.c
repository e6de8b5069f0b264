/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes are a script: three for an event (what, who and how, how long after the one before). What must hold of every
 * call is checked after every step. */
#include <stddef.h>
#include <stdint.h>

#include "signaling/call.h"

enum { A = 1, B = 2, C = 3, A1 = 11, B1 = 21, DEVICE_N = 40 };

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

typedef struct {
  SigCall *call;
  AlBuf *blob;
  unsigned n_accepted, n_ended[DEVICE_N], n_persists;
  bool told[DEVICE_N], over;
} World;

static void
check (World *w, const SigCallEvent *event, const SigCallOutput *out, int64_t now_us)
{
  bool ringing = sig_call_get_state (w->call) == SIG_CALL_RINGING;
  unsigned replies = 0;

  w->n_accepted += event->type == SIG_CALL_ON_ACCEPT && out->answer == SIG_CALL_OK;
  g_assert (w->n_accepted <= 1);
  g_assert (!w->over || out->n == 0);
  for (unsigned i = 0; i < out->n; i++)
    {
      const SigCallAction *action = &out->actions[i];

      replies += action->type == SIG_CALL_DO_REPLY;
      if (action->type != SIG_CALL_DO_NOTIFY)
        continue;
      g_assert (action->user == A ? action->device == A1 : action->user == B);
      g_assert (w->n_ended[action->device] == 0);
      w->told[action->device] |= action->note == SIG_CALL_NOTE_INCOMING;
      w->n_ended[action->device] += action->note == SIG_CALL_NOTE_ENDED;
    }
  g_assert (replies == (event->type <= SIG_CALL_ON_HANGUP && out->answer == SIG_CALL_OK));
  g_assert (w->blob->refs == (ringing ? 2 : 1));
  g_assert (sig_call_next_us (w->call) > now_us);
  w->over = sig_call_get_state (w->call) == SIG_CALL_ENDED;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const uint8_t id[SIG_CALL_ID_BYTES] = { 7 };
  static const uint64_t who[] = { A1, 12, B1, 22, 23, 31 };
  static const uint64_t devices[] = { B1, 22, 23 };
  SigCallLimits limits;
  SigCallOutput out;
  int64_t now_us = G_USEC_PER_SEC, first_us = now_us, ended_us;
  World w = { .blob = al_buf_new_copy ("AA", 2) };

  sig_call_limits_init (&limits);
  limits.seal_burst = 3;
  w.call = sig_call_new (&limits, id, A, A1, B, false);
  for (; size >= 3; data += 3, size -= 3)
    {
      uint64_t device = who[data[1] % G_N_ELEMENTS (who)];
      SigCallRestore restore = { data[1] & 64 ? SIG_CALL_ACTIVE : SIG_CALL_CONNECTING, B1,
                                 now_us - data[2] * (int64_t) G_USEC_PER_SEC, now_us - 5, now_us - data[1], now_us + 1 };
      SigCallEvent event = { .type = data[0] % SIG_CALL_EVENT_N,
                             .user = device / 10,
                             .device = device,
                             .blob = data[1] & 128 && data[2] & 128 ? NULL : w.blob,
                             .devices = devices,
                             .n_devices = data[1] >> 6,
                             .attached = data[1] & 8,
                             .resumed = data[1] & 16,
                             .forever = data[1] & 32,
                             .reason = data[1] & 64 ? SIG_CALL_REASON_BUSY : SIG_CALL_REASON_FAILED,
                             .other_id = id,
                             .restore = &restore };

      now_us += (int64_t) data[2] * data[2] * 1000; /* up to 65 s */
      (void) sig_call_step (w.call, now_us, &event, &out);
      check (&w, &event, &out, now_us);
    }

  if (sig_call_get_ended_us (w.call, &ended_us))
    {
      g_assert (w.n_ended[A1] == 1);
      g_assert (ended_us >= sig_call_get_started_us (w.call) && ended_us <= now_us);
      g_assert (sig_call_get_duration_ms (w.call) >= 0);
      g_assert (sig_call_get_duration_ms (w.call) <= (ended_us - MIN (first_us, sig_call_get_started_us (w.call))) / 1000);
    }
  sig_call_free (w.call);
  g_assert (w.blob->refs == 1);
  al_buf_unref (w.blob);
  return 0;
}
