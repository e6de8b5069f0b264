/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call of the table: its machine decides, and what it wants done is done here in that order. An action behind a write
 * to the log waits until the write is durable, and so does everything that comes later; so no device hears of what a
 * crash could undo, and all hear it in one order.
 */
#include "signaling/calls-private.h"

#include <string.h>

#include "base/base64url.h"
#include "base/clock.h"
#include "base/log.h"

static void
free_wait (SigCallsWait *wait)
{
  al_buf_unref (wait->blob);
  g_free (wait->row);
  g_free (wait);
}

static void
on_timer (AlTimer *timer, void *user)
{
  SigCallsEntry *entry = user;

  if (entry->retrying)
    {
      g_autofree MsgCall *row = sig_calls_entry_make_row (entry);

      entry->retrying = false;
      sig_calls_entry_write (entry, row);
    }
  else
    (void) sig_calls_entry_step (entry, &(SigCallEvent){ .type = SIG_CALL_ON_TIMER }, NULL, NULL);
}

SigCallsEntry *
sig_calls_entry_new (SigCalls *calls, SigCall *call)
{
  SigCallsEntry *entry = g_new0 (SigCallsEntry, 1);

  entry->refs = 1;
  entry->calls = calls;
  entry->call = call;
  entry->key = sig_calls_make_key (calls, sig_call_get_id (call));
  entry->anchor_us = sig_calls_now_us (calls);
  entry->anchor_ms = sig_calls_now_ms (calls);
  g_queue_init (&entry->waits);
  al_timer_init (&entry->timer, on_timer, entry);
  return entry;
}

SigCallsEntry *
sig_calls_entry_ref (SigCallsEntry *entry)
{
  entry->refs++;
  return entry;
}

void
sig_calls_entry_unref (SigCallsEntry *entry)
{
  if (--entry->refs > 0)
    return;
  al_timer_cancel (&entry->timer);
  g_queue_clear_full (&entry->waits, (GDestroyNotify) free_wait);
  sig_call_free (entry->call);
  for (int i = 0; i < SIG_PARTY_N; i++)
    {
      msg_user_free (entry->users[i]);
      msg_device_free (entry->devices[i]);
    }
  if (entry->stats != NULL)
    json_object_unref (entry->stats);
  g_free (entry);
}

void
sig_calls_entry_close (SigCallsEntry *entry)
{
  SigCallsWait *wait;

  entry->calls = NULL;
  al_timer_cancel (&entry->timer);
  while ((wait = g_queue_pop_head (&entry->waits)) != NULL)
    {
      if (wait->type == SIG_CALL_DO_REPLY)
        sig_calls_fail (&sig_calls_error_closing, wait->fn, wait->data);
      free_wait (wait);
    }
}

int64_t
sig_calls_entry_to_ms (const SigCallsEntry *entry, int64_t us)
{
  return entry->anchor_ms + (us - entry->anchor_us) / 1000;
}

/* --- doing --- */

static void
do_reply (SigCallsEntry *entry, const SigCallsWait *wait)
{
  SigCallsReply reply = { .state = wait->state,
                          .expires_at_ms = sig_calls_entry_to_ms (entry, sig_call_get_expires_us (entry->call)) };

  while (reply.n_devices < SIG_CALL_MAX_DEVICES && sig_call_get_rung (entry->call, reply.n_devices) != 0)
    {
      reply.devices[reply.n_devices] = sig_call_get_rung (entry->call, reply.n_devices);
      reply.n_devices++;
    }
  if (wait->fn != NULL)
    wait->fn (NULL, &reply, wait->data);
}

static void
log_end (const SigCallsEntry *entry)
{
  char id[AL_BASE64URL_LEN (SIG_CALL_ID_BYTES) + 1], duration[24];

  if (!al_log_is_enabled (AL_LOG_INFO))
    return;
  al_base64url_write (sig_call_get_id (entry->call), SIG_CALL_ID_BYTES, id);
  g_snprintf (duration, sizeof duration, "%" G_GINT64_FORMAT, sig_call_get_duration_ms (entry->call));
  al_info ("call ended", "call", id, "reason", sig_call_reason_to_string (sig_call_get_reason (entry->call)),
           "duration_ms", duration);
}

static void
do_event (SigCallsEntry *entry, const SigCallsWait *wait)
{
  static const char *const names[SIG_CALL_STATE_N] = { NULL, "call.ringing", "call.connecting", "call.active",
                                                       "call.ended" };
  SigCalls *calls = entry->calls;

  sig_call_metrics_move (&calls->metrics, entry->call, entry->counted, wait->state, entry->stats);
  entry->counted = wait->state;
  /* an application that hears of a call may wake the callee's phone */
  if (calls->event_fn != NULL && !sig_call_is_withheld (entry->call))
    calls->event_fn (names[wait->state], sig_calls_json_event (entry, wait->state), calls->event_data);
  if (wait->state == SIG_CALL_ENDED)
    {
      log_end (entry);
      sig_calls_remove (calls, entry, true);
    }
}

static void
do_wait (SigCallsEntry *entry, const SigCallsWait *wait)
{
  const SigCallsOptions *options = &entry->calls->options;

  switch (wait->type)
    {
    case SIG_CALL_DO_PERSIST:
      sig_calls_entry_write (entry, wait->row);
      break;
    case SIG_CALL_DO_REPLY:
      do_reply (entry, wait);
      break;
    case SIG_CALL_DO_NOTIFY:
      options->outside->notify (wait->device, sig_call_note_to_string (wait->note), sig_calls_json_note (entry, wait),
                                options->outside_data);
      break;
    case SIG_CALL_DO_EVENT:
      do_event (entry, wait);
      break;
    }
}

/* does what is next until a write is under way; what is done may lead to more, which then stands at the end */
static void
run (SigCallsEntry *entry)
{
  SigCallsWait *wait;

  if (entry->running)
    return;
  entry->running = true;
  while (entry->calls != NULL && entry->writing == SIG_CALL_NEW && (wait = g_queue_pop_head (&entry->waits)) != NULL)
    {
      do_wait (entry, wait);
      free_wait (wait);
    }
  entry->running = false;
}

static SigCallsWait *
push (SigCallsEntry *entry, const SigCallAction *action)
{
  SigCallsWait *wait = g_new0 (SigCallsWait, 1);

  wait->type = action->type;
  wait->note = action->note;
  wait->state = action->state;
  wait->reason = action->reason;
  wait->device = (MsgId) action->device;
  wait->from_device = (MsgId) action->from_device;
  wait->blob = action->blob != NULL ? al_buf_ref (action->blob) : NULL;
  if (action->type == SIG_CALL_DO_PERSIST)
    wait->row = sig_calls_entry_make_row (entry);
  g_queue_push_tail (&entry->waits, wait);
  return wait;
}

static void
push_reply (SigCallsEntry *entry, SigCallState state, SigCallsFn fn, gpointer data)
{
  SigCallsWait *wait = push (entry, &(SigCallAction){ .type = SIG_CALL_DO_REPLY, .state = state });

  wait->fn = fn;
  wait->data = data;
}

/* @fn's answer takes the place that the machine gave it; for an event of the server's own, behind the write */
static void
push_all (SigCallsEntry *entry, const SigCallOutput *out, SigCallsFn fn, gpointer data)
{
  bool placed = fn == NULL;
  bool has_place = false;

  for (unsigned i = 0; i < out->n; i++)
    has_place |= out->actions[i].type == SIG_CALL_DO_REPLY;
  for (unsigned i = 0; i < out->n; i++)
    {
      const SigCallAction *action = &out->actions[i];

      if (action->type != SIG_CALL_DO_REPLY)
        (void) push (entry, action);
      if (!placed && action->type == (has_place ? SIG_CALL_DO_REPLY : SIG_CALL_DO_PERSIST))
        {
          push_reply (entry, action->state, fn, data);
          placed = true;
        }
    }
  if (!placed)
    push_reply (entry, sig_call_get_state (entry->call), fn, data);
}

static void
set_timer (SigCallsEntry *entry)
{
  int64_t next_us = sig_call_next_us (entry->call);

  if (entry->retrying)
    return; /* the call has ended, and the timer is for its row */
  if (next_us == INT64_MAX)
    al_timer_cancel (&entry->timer);
  else
    al_timer_set (entry->calls->wheel, &entry->timer, next_us);
  sig_calls_rearm (entry->calls);
}

SigCallAnswer
sig_calls_entry_step (SigCallsEntry *entry, const SigCallEvent *event, SigCallsFn fn, gpointer data)
{
  SigCallOutput out;
  SigCallAnswer answer;

  sig_calls_entry_ref (entry);
  answer = sig_call_step (entry->call, sig_calls_now_us (entry->calls), event, &out);
  push_all (entry, &out, answer == SIG_CALL_OK ? fn : NULL, data);
  set_timer (entry);
  run (entry);
  if (answer != SIG_CALL_OK)
    {
      SigCallsError error = sig_calls_error_of_answer (answer, out.retry_after_ms);

      sig_calls_fail (&error, fn, data);
    }
  sig_calls_entry_unref (entry);
  return answer;
}

/* --- when the log does not take it --- */

/* the end of the call, and the end of the ringing where it was answered elsewhere */
static bool
is_end (const SigCallsWait *wait)
{
  return wait->state == SIG_CALL_ENDED || (wait->type == SIG_CALL_DO_NOTIFY && wait->note == SIG_CALL_NOTE_ENDED);
}

/* answers to what was behind the failed write with @error; @keep_ends: but no device is left in a call that is over */
static void
drop_waits (SigCallsEntry *entry, const SigCallsError *error, bool keep_ends)
{
  GQueue waits = entry->waits;
  SigCallsWait *wait;

  g_queue_init (&entry->waits);
  while ((wait = g_queue_pop_head (&waits)) != NULL)
    {
      if (keep_ends && is_end (wait))
        {
          g_queue_push_tail (&entry->waits, wait);
          continue;
        }
      if (wait->type == SIG_CALL_DO_REPLY)
        sig_calls_fail (error, wait->fn, wait->data);
      free_wait (wait);
    }
}

/* nobody but the caller has heard of the call: it never was */
static void
undo_invite (SigCallsEntry *entry, const SigCallsError *error)
{
  SigCalls *calls = entry->calls;

  drop_waits (entry, error, false);
  if (entry->calls != NULL)
    sig_calls_remove (calls, entry, false);
}

#define RETRIES 5
#define RETRY_US (G_USEC_PER_SEC / 2)

static void
on_write_failed (SigCallsEntry *entry, SigCallState state, const GError *error)
{
  SigCallsError refusal = sig_calls_error_of_log (error);

  al_warning ("call log not written", "state", sig_call_state_to_string (state), "error", error->message);
  if (!entry->known)
    {
      undo_invite (entry, &refusal);
      return;
    }
  if (state == SIG_CALL_ACTIVE)
    return; /* the row of its end will say it */
  if (state == SIG_CALL_ENDED)
    {
      if (g_error_matches (error, MSG_ERROR, MSG_ERROR_UNAVAILABLE) && entry->retries++ < RETRIES)
        {
          entry->writing = SIG_CALL_ENDED; /* what waits goes on waiting */
          entry->retrying = true;
          al_timer_set (entry->calls->wheel, &entry->timer, sig_calls_now_us (entry->calls) + RETRY_US);
          sig_calls_rearm (entry->calls);
        }
      return; /* the call is over all the same; after a restart the log ends it as disconnected */
    }
  drop_waits (entry, &refusal, true);
  if (entry->calls != NULL)
    (void) sig_calls_entry_step (entry, &(SigCallEvent){ .type = SIG_CALL_ON_LOG_FAILED }, NULL, NULL);
}

void
sig_calls_entry_written (SigCallsEntry *entry, const GError *error)
{
  SigCallState state = entry->writing;

  entry->writing = SIG_CALL_NEW;
  if (entry->calls == NULL)
    return;
  if (error == NULL)
    entry->known = true;
  else
    on_write_failed (entry, state, error);
  run (entry);
}
