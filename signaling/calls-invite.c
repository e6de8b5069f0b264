/* SPDX-License-Identifier: Apache-2.0 */
/* What must be so before a call rings: a new id, within the limits, a callee that exists, nobody busy, no glare. */
#include "signaling/calls-private.h"

#include <string.h>

#include "signaling/rpc.h"

/* an invitation that waits for its callee to be looked up; the entry is in the table, so that its id is taken */
typedef struct {
  SigCallsEntry *entry; /* a reference */
  AlBuf *blob;
  SigCallsFn fn;
  gpointer data;
} Invite;

static void
free_invite (Invite *invite)
{
  sig_calls_entry_unref (invite->entry);
  al_buf_unref (invite->blob);
  g_free (invite);
}

static unsigned
count_outgoing (SigCalls *calls, MsgId user_id)
{
  GPtrArray *list = g_hash_table_lookup (calls->by_user, &user_id);
  unsigned n = 0;

  for (unsigned i = 0; list != NULL && i < list->len; i++)
    n += (MsgId) sig_call_get_caller (((SigCallsEntry *) list->pdata[i])->call) == user_id;
  return n;
}

static int64_t
take_rates (SigCalls *calls, MsgId from, MsgId to)
{
  MsgId pair[2] = { from, to };
  int64_t now_us = sig_calls_now_us (calls);
  int64_t wait_us = al_rate_table_take (calls->per_user, &from, sizeof from, 1, now_us);

  if (wait_us == 0)
    wait_us = al_rate_table_take (calls->per_pair, pair, sizeof pair, 1, now_us);
  return wait_us;
}

/* Returns: true when @request may be looked at closer */
static bool
check_first (SigCalls *calls, const SigCallsRequest *request, SigCallsError *ret_error)
{
  int64_t wait_us;

  if (calls->draining)
    *ret_error = sig_calls_error_shutting_down;
  else if (request->to == request->user->id)
    *ret_error = sig_calls_error_self;
  else if (sig_calls_find (calls, request->id) != NULL
           || sig_recent_calls_has (calls->recent, sig_calls_make_key (calls, request->id)))
    *ret_error = sig_calls_error_exists;
  else if (sig_calls_is_busy (calls, request->user->id))
    *ret_error = sig_calls_error_in_call;
  else if ((wait_us = take_rates (calls, request->user->id, request->to)) > 0)
    *ret_error = (SigCallsError){ SIG_RPC_LIMIT, "call_rate", "Too many calls in a short time", (wait_us + 999) / 1000 };
  else if (count_outgoing (calls, request->user->id) >= calls->options.max_calls_per_user)
    *ret_error = (SigCallsError){ SIG_RPC_LIMIT, "too_many_calls", "Too many calls at once", 5000 };
  else if (sig_calls_count (calls) >= calls->options.max_calls)
    *ret_error = (SigCallsError){ SIG_RPC_UNAVAILABLE, "busy", "Too many calls on this server", 5000 };
  else
    return true;
  return false;
}

static bool
gives_way (const SigCall *call, const SigCall *other)
{
  if (sig_call_is_withheld (call) != sig_call_is_withheld (other))
    return sig_call_is_withheld (call);
  return memcmp (sig_call_get_id (other), sig_call_get_id (call), SIG_CALL_ID_BYTES) < 0;
}

/*
 * Glare. Calls of the callee that ring the caller: if one has a smaller id, this invitation gives way to it, else they
 * give way to this invitation. What is withheld from its callee gives way always: it can be no answer.
 *
 * Returns: true when this one goes on
 */
static bool
settle_glare (SigCalls *calls, const SigCall *call, SigCallsError *ret_error)
{
  g_autoptr (GPtrArray) list = sig_calls_of_user (calls, (MsgId) sig_call_get_callee (call));
  const SigCall *first = call;
  SigCallEvent event = { .type = SIG_CALL_ON_GLARE, .other_id = sig_call_get_id (call) };

  for (unsigned i = list->len; i-- > 0;)
    {
      const SigCall *other = ((SigCallsEntry *) list->pdata[i])->call;

      if (sig_call_get_state (other) != SIG_CALL_RINGING || sig_call_get_callee (other) != sig_call_get_caller (call))
        g_ptr_array_remove_index (list, i);
      else if (gives_way (first, other))
        first = other;
    }
  if (first != call)
    {
      *ret_error = (SigCallsError){ SIG_RPC_CONFLICT, "glare", "Both called; the call with the smaller id goes on", 0, true };
      memcpy (ret_error->call_id, sig_call_get_id (first), SIG_CALL_ID_BYTES);
      return false;
    }
  for (unsigned i = 0; i < list->len; i++)
    (void) sig_calls_entry_step (list->pdata[i], &event, NULL, NULL);
  return true;
}

static void
ring (Invite *invite)
{
  SigCallsEntry *entry = invite->entry;
  SigCalls *calls = entry->calls;
  const SigCallsOptions *options = &calls->options;
  uint64_t devices[SIG_CALL_MAX_DEVICES];
  MsgId callee = (MsgId) sig_call_get_callee (entry->call);
  SigCallEvent event = { .type = SIG_CALL_ON_INVITE,
                         .user = sig_call_get_caller (entry->call),
                         .device = sig_call_get_caller_device (entry->call),
                         .blob = invite->blob,
                         .devices = devices };

  event.attached = options->outside->is_attached ((MsgId) event.device, options->outside_data);
  event.n_devices = options->outside->list_devices (callee, devices, SIG_CALL_MAX_DEVICES, options->outside_data);
  event.reason = sig_calls_is_busy (calls, callee) ? SIG_CALL_REASON_BUSY : SIG_CALL_REASON_NONE;
  if (sig_call_is_withheld (entry->call))
    {
      /* looked up all the same, so that it takes as long */
      event.n_devices = 0;
      event.reason = SIG_CALL_REASON_NONE;
    }
  if (sig_calls_entry_step (entry, &event, invite->fn, invite->data) != SIG_CALL_OK)
    sig_calls_remove (calls, entry, false);
}

static void
on_callee (const MsgUser *callee, bool allowed, const GError *error, gpointer data)
{
  Invite *invite = data;
  SigCallsEntry *entry = invite->entry;
  SigCallsError refusal;
  bool ok = false;

  if (entry->calls == NULL)
    {
      sig_calls_fail (entry->given_up ? &sig_calls_error_gone : &sig_calls_error_closing, invite->fn, invite->data);
      free_invite (invite);
      return;
    }
  if (!allowed)
    sig_call_withhold (entry->call);
  if (error != NULL)
    refusal = sig_calls_error_of_log (error);
  else if (callee == NULL || callee->deleted || callee->disabled)
    refusal = sig_calls_error_user;
  else if (sig_calls_is_busy (entry->calls, (MsgId) sig_call_get_caller (entry->call)))
    refusal = sig_calls_error_in_call; /* since it asked */
  else
    ok = settle_glare (entry->calls, entry->call, &refusal);
  if (ok)
    {
      entry->users[SIG_CALLEE] = msg_user_copy (callee);
      ring (invite);
    }
  else
    {
      sig_calls_remove (entry->calls, entry, false);
      sig_calls_fail (&refusal, invite->fn, invite->data);
    }
  free_invite (invite);
}

void
sig_calls_invite (SigCalls *calls, const SigCallsRequest *request, SigCallsFn fn, gpointer data)
{
  SigCallsError error;
  SigCallsEntry *entry;
  Invite *invite;

  if (!check_first (calls, request, &error))
    {
      sig_calls_fail (&error, fn, data);
      return;
    }
  entry = sig_calls_entry_new (calls, sig_call_new (&calls->options.limits, request->id, (uint64_t) request->user->id,
                                                    (uint64_t) request->device->id, (uint64_t) request->to,
                                                    request->video));
  entry->users[SIG_CALLER] = msg_user_copy (request->user);
  entry->devices[SIG_CALLER] = msg_device_copy (request->device);
  sig_calls_insert (calls, entry);

  invite = g_new0 (Invite, 1);
  invite->entry = sig_calls_entry_ref (entry);
  invite->blob = request->blob != NULL ? al_buf_ref (request->blob) : NULL;
  invite->fn = fn;
  invite->data = data;
  calls->options.log->find_callee (calls->options.core, request->to, request->user->id, on_callee, invite);
}
