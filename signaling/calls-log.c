/* SPDX-License-Identifier: Apache-2.0 */
/* What the log is told of calls: their rows, and every few seconds that the live ones still live. */
#include "signaling/calls-private.h"

#include <string.h>

#define HEARTBEAT_US (10 * G_USEC_PER_SEC)

G_STATIC_ASSERT (SIG_CALL_ID_BYTES == MSG_CALL_ID_BYTES);

const SigCallsLog sig_calls_core_log = { msg_call_put, msg_call_heartbeat, msg_call_load_open, msg_account_get,
                                         msg_device_list, msg_privacy_find_callee };

static MsgCallState
to_row_state (SigCallState state)
{
  static const MsgCallState states[SIG_CALL_STATE_N] = { MSG_CALL_RINGING, MSG_CALL_RINGING, MSG_CALL_CONNECTING,
                                                         MSG_CALL_ACTIVE, MSG_CALL_ENDED };

  return states[state];
}

MsgCall *
sig_calls_entry_make_row (const SigCallsEntry *entry)
{
  const SigCall *call = entry->call;
  MsgCall *row = g_new0 (MsgCall, 1);
  int64_t us;

  memcpy (row->call_id, sig_call_get_id (call), SIG_CALL_ID_BYTES);
  row->caller_user = (MsgId) sig_call_get_caller (call);
  row->caller_device = (MsgId) sig_call_get_caller_device (call);
  row->callee_user = (MsgId) sig_call_get_callee (call);
  row->callee_device = (MsgId) sig_call_get_callee_device (call);
  row->video = sig_call_get_video (call);
  row->withheld = sig_call_is_withheld (call);
  row->state = to_row_state (sig_call_get_state (call));
  row->started_ms = sig_calls_entry_to_ms (entry, sig_call_get_started_us (call));
  if (sig_call_get_accepted_us (call, &us))
    row->accepted_ms = sig_calls_entry_to_ms (entry, us);
  if (sig_call_get_active_us (call, &us))
    row->active_ms = sig_calls_entry_to_ms (entry, us);
  if (sig_call_get_ended_us (call, &us))
    {
      row->ended_ms = sig_calls_entry_to_ms (entry, us);
      g_strlcpy (row->reason, sig_call_reason_to_string (sig_call_get_reason (call)), sizeof row->reason);
    }
  else
    row->heartbeat_ms = sig_calls_entry_to_ms (entry, sig_calls_now_us (entry->calls));
  return row;
}

static void
on_put (const GError *error, gpointer data)
{
  SigCallsEntry *entry = data;

  sig_calls_entry_written (entry, error);
  sig_calls_entry_unref (entry);
}

void
sig_calls_entry_write (SigCallsEntry *entry, const MsgCall *row)
{
  static const SigCallState states[MSG_CALL_N] = { SIG_CALL_RINGING, SIG_CALL_CONNECTING, SIG_CALL_ACTIVE,
                                                   SIG_CALL_ENDED };

  entry->writing = states[row->state];
  entry->calls->options.log->put (entry->calls->options.core, row, on_put, sig_calls_entry_ref (entry));
}

void
sig_calls_on_heartbeat (AlTimer *timer, void *user)
{
  SigCalls *calls = user;
  unsigned n = 0, size = g_hash_table_size (calls->by_key);
  g_autofree uint8_t (*ids)[MSG_CALL_ID_BYTES] = g_malloc_n (MAX (size, 1), MSG_CALL_ID_BYTES);
  GHashTableIter iter;
  gpointer value;

  if (size == 0)
    return; /* the next call starts it again */
  g_hash_table_iter_init (&iter, calls->by_key);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      SigCallsEntry *entry = value;
      SigCallState state = sig_call_get_state (entry->call);

      if ((state == SIG_CALL_CONNECTING || state == SIG_CALL_ACTIVE) && sig_call_is_attended (entry->call))
        memcpy (ids[n++], sig_call_get_id (entry->call), MSG_CALL_ID_BYTES);
    }
  if (n > 0)
    calls->options.log->heartbeat (calls->options.core, ids, n, sig_calls_now_ms (calls), NULL, NULL);
  al_timer_set (calls->wheel, timer, sig_calls_now_us (calls) + HEARTBEAT_US);
}
