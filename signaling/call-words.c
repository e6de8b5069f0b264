/* SPDX-License-Identifier: Apache-2.0 */
/* The words of the API for a call's states, reasons and notifications. */
#include "signaling/call.h"

#include <string.h>

static const char *const states[SIG_CALL_STATE_N] = {
  [SIG_CALL_NEW] = "new",       [SIG_CALL_RINGING] = "ringing", [SIG_CALL_CONNECTING] = "connecting",
  [SIG_CALL_ACTIVE] = "active", [SIG_CALL_ENDED] = "ended",
};

static const char *const reasons[SIG_CALL_REASON_N] = {
  [SIG_CALL_REASON_NONE] = "none",
  [SIG_CALL_REASON_HANGUP] = "hangup",
  [SIG_CALL_REASON_DECLINED] = "declined",
  [SIG_CALL_REASON_BUSY] = "busy",
  [SIG_CALL_REASON_MISSED] = "missed",
  [SIG_CALL_REASON_CANCELLED] = "cancelled",
  [SIG_CALL_REASON_FAILED] = "failed",
  [SIG_CALL_REASON_ANSWERED_ELSEWHERE] = "answered_elsewhere",
  [SIG_CALL_REASON_DISCONNECTED] = "disconnected",
  [SIG_CALL_REASON_ENDED_BY_ADMIN] = "ended_by_admin",
  [SIG_CALL_REASON_DISABLED] = "disabled",
  [SIG_CALL_REASON_GLARE] = "glare",
};

static const char *const notes[SIG_CALL_NOTE_N] = {
  [SIG_CALL_NOTE_INCOMING] = "call.incoming",   [SIG_CALL_NOTE_RINGING] = "call.ringing",
  [SIG_CALL_NOTE_ACCEPTED] = "call.accepted",   [SIG_CALL_NOTE_CONFIRMED] = "call.confirmed",
  [SIG_CALL_NOTE_REVEALED] = "call.revealed",   [SIG_CALL_NOTE_SEALED] = "call.sealed",
  [SIG_CALL_NOTE_ACTIVE] = "call.active",       [SIG_CALL_NOTE_ENDED] = "call.ended",
};

const char *
sig_call_state_to_string (SigCallState state)
{
  g_return_val_if_fail (state < SIG_CALL_STATE_N, NULL);
  return states[state];
}

const char *
sig_call_reason_to_string (SigCallReason reason)
{
  g_return_val_if_fail (reason < SIG_CALL_REASON_N, NULL);
  return reasons[reason];
}

SigCallReason
sig_call_reason_parse (const char *word)
{
  for (int i = SIG_CALL_REASON_NONE + 1; i < SIG_CALL_REASON_N; i++)
    if (strcmp (word, reasons[i]) == 0)
      return i;
  return SIG_CALL_REASON_NONE;
}

const char *
sig_call_note_to_string (SigCallNote note)
{
  g_return_val_if_fail (note < SIG_CALL_NOTE_N, NULL);
  return notes[note];
}
