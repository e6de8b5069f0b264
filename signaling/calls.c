/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of calls: who asks for which call, and what concerns several calls of one user.
 *
 * Ids come from callers, so the table is indexed by their keyed hash: nobody can choose ids that collide, and the hash
 * stands for the id.
 */
#include "signaling/calls-private.h"

#include <string.h>

#include "base/clock.h"
#include "signaling/rpc.h"

#define MINUTE_US (60 * G_USEC_PER_SEC)
#define RATES 16384 /* 256 KiB a table: more users than that over their limit at once need not be told apart */

void
sig_calls_options_init (SigCallsOptions *options)
{
  *options = (SigCallsOptions){ .invites_per_user = 60,
                                .invites_per_pair = 20,
                                .max_calls_per_user = 8,
                                .max_calls = 100000 };
  sig_call_limits_init (&options->limits);
}

int64_t
sig_calls_now_us (const SigCalls *calls)
{
  return calls->options.now_us != NULL ? calls->options.now_us (calls->options.clock_data) : al_clock_now_us ();
}

int64_t
sig_calls_now_ms (const SigCalls *calls)
{
  return calls->options.now_ms != NULL ? calls->options.now_ms (calls->options.clock_data) : al_clock_wall_ms ();
}

void
sig_calls_fail (const SigCallsError *error, SigCallsFn fn, gpointer data)
{
  if (fn != NULL)
    fn (error, NULL, data);
}

/* --- timers: one source for all --- */

typedef struct {
  GSource source;
  SigCalls *calls;
} TickSource;

static gboolean
tick_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  sig_calls_tick (((TickSource *) source)->calls);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs tick_source_funcs = { NULL, NULL, tick_source_dispatch, NULL, NULL, NULL };

static void
attach_source (SigCalls *calls)
{
  calls->source = g_source_new (&tick_source_funcs, sizeof (TickSource));
  ((TickSource *) calls->source)->calls = calls;
  g_source_set_static_name (calls->source, "calls");
  (void) g_source_attach (calls->source, calls->options.context);
}

void
sig_calls_rearm (SigCalls *calls)
{
  int64_t next_us = al_timer_wheel_next_us (calls->wheel);

  /* ready times are of the same clock as ours (g_get_monotonic_time() is CLOCK_MONOTONIC) */
  if (calls->source != NULL)
    g_source_set_ready_time (calls->source, next_us == INT64_MAX ? -1 : next_us);
}

void
sig_calls_tick (SigCalls *calls)
{
  (void) al_timer_wheel_advance (calls->wheel, sig_calls_now_us (calls));
  sig_calls_rearm (calls);
}

/* --- lifecycle --- */

static AlRateTable *
make_rates (unsigned per_minute)
{
  const AlRateLimit limit = al_rate_limit (per_minute, MINUTE_US);

  return al_rate_table_new (&limit, RATES);
}

SigCalls *
sig_calls_new (const SigCallsOptions *options)
{
  SigCalls *calls = g_new0 (SigCalls, 1);

  g_assert (options->context != NULL && options->metrics != NULL && options->outside != NULL);
  g_assert (options->core != NULL || options->log != NULL);
  calls->options = *options;
  if (calls->options.log == NULL)
    calls->options.log = &sig_calls_core_log;
  calls->by_key = g_hash_table_new (g_int64_hash, g_int64_equal);
  calls->by_user = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  calls->recent = sig_recent_calls_new ();
  calls->per_user = make_rates (options->invites_per_user);
  calls->per_pair = make_rates (options->invites_per_pair);
  calls->wheel = al_timer_wheel_new (sig_calls_now_us (calls));
  al_timer_init (&calls->heartbeat, sig_calls_on_heartbeat, calls);
  al_sip_key_init_random (&calls->sip_key);
  sig_call_metrics_init (&calls->metrics, options->metrics);
  if (options->now_us == NULL)
    attach_source (calls);
  return calls;
}

void
sig_calls_free (SigCalls *calls)
{
  GHashTableIter iter;
  gpointer value;

  if (calls == NULL)
    return;
  if (calls->unbind != NULL)
    calls->unbind (calls);
  if (calls->source != NULL)
    {
      g_source_destroy (calls->source);
      g_source_unref (calls->source);
    }
  al_timer_cancel (&calls->heartbeat);
  g_hash_table_iter_init (&iter, calls->by_key);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      SigCallsEntry *entry = value;

      g_hash_table_iter_steal (&iter);
      sig_call_metrics_move (&calls->metrics, entry->call, entry->counted, SIG_CALL_NEW, NULL);
      sig_calls_entry_close (entry);
      sig_calls_entry_unref (entry);
    }
  g_hash_table_unref (calls->by_key);
  g_hash_table_unref (calls->by_user);
  sig_recent_calls_free (calls->recent);
  al_rate_table_free (calls->per_user);
  al_rate_table_free (calls->per_pair);
  al_timer_wheel_free (calls->wheel);
  g_free (calls);
}

void
sig_calls_drain (SigCalls *calls)
{
  calls->draining = true;
}

void
sig_calls_set_event_fn (SigCalls *calls, SigCallsEventFn fn, gpointer data)
{
  calls->event_fn = fn;
  calls->event_data = data;
}

/* --- the index --- */

uint64_t
sig_calls_make_key (const SigCalls *calls, const uint8_t *id)
{
  return al_siphash (&calls->sip_key, id, SIG_CALL_ID_BYTES);
}

SigCallsEntry *
sig_calls_find (SigCalls *calls, const uint8_t *id)
{
  uint64_t key = sig_calls_make_key (calls, id);

  return g_hash_table_lookup (calls->by_key, &key);
}

static void
index_user (SigCalls *calls, MsgId user_id, SigCallsEntry *entry)
{
  GPtrArray *list = g_hash_table_lookup (calls->by_user, &user_id);

  if (list == NULL)
    {
      list = g_ptr_array_new ();
      (void) g_hash_table_insert (calls->by_user, g_memdup2 (&user_id, sizeof user_id), list);
    }
  g_ptr_array_add (list, entry);
}

static void
unindex_user (SigCalls *calls, MsgId user_id, SigCallsEntry *entry)
{
  GPtrArray *list = g_hash_table_lookup (calls->by_user, &user_id);

  (void) g_ptr_array_remove_fast (list, entry);
  if (list->len == 0)
    (void) g_hash_table_remove (calls->by_user, &user_id);
}

void
sig_calls_insert (SigCalls *calls, SigCallsEntry *entry)
{
  g_assert (!g_hash_table_contains (calls->by_key, &entry->key));
  (void) g_hash_table_insert (calls->by_key, &entry->key, entry);
  index_user (calls, (MsgId) sig_call_get_caller (entry->call), entry);
  index_user (calls, (MsgId) sig_call_get_callee (entry->call), entry);
  if (!al_timer_is_set (&calls->heartbeat))
    sig_calls_on_heartbeat (&calls->heartbeat, calls);
  sig_calls_rearm (calls);
}

void
sig_calls_remove (SigCalls *calls, SigCallsEntry *entry, bool remember)
{
  unindex_user (calls, (MsgId) sig_call_get_caller (entry->call), entry);
  unindex_user (calls, (MsgId) sig_call_get_callee (entry->call), entry);
  (void) g_hash_table_remove (calls->by_key, &entry->key);
  if (remember)
    sig_recent_calls_add (calls->recent, entry->key, entry->call);
  sig_calls_entry_close (entry);
  sig_calls_entry_unref (entry);
}

GPtrArray *
sig_calls_of_user (SigCalls *calls, MsgId user_id)
{
  GPtrArray *list = g_hash_table_lookup (calls->by_user, &user_id);
  GPtrArray *copy = g_ptr_array_new_with_free_func ((GDestroyNotify) sig_calls_entry_unref);

  for (unsigned i = 0; list != NULL && i < list->len; i++)
    g_ptr_array_add (copy, sig_calls_entry_ref (list->pdata[i]));
  return copy;
}

static bool
is_accepted (const SigCallsEntry *entry)
{
  SigCallState state = sig_call_get_state (entry->call);

  return state == SIG_CALL_CONNECTING || state == SIG_CALL_ACTIVE;
}

bool
sig_calls_is_busy (SigCalls *calls, MsgId user_id)
{
  GPtrArray *list = g_hash_table_lookup (calls->by_user, &user_id);

  for (unsigned i = 0; list != NULL && i < list->len; i++)
    if (is_accepted (list->pdata[i]))
      return true;
  return false;
}

unsigned
sig_calls_count (const SigCalls *calls)
{
  return g_hash_table_size (calls->by_key);
}

/* --- what devices say --- */

/* who is in a call rings nobody any more; calls that ring at its devices go on (they may be taken after this one) */
static void
cancel_outgoing (SigCalls *calls, uint64_t user_id)
{
  g_autoptr (GPtrArray) list = sig_calls_of_user (calls, (MsgId) user_id);

  for (unsigned i = 0; i < list->len; i++)
    {
      SigCallsEntry *entry = list->pdata[i];

      if (entry->calls != NULL && sig_call_get_state (entry->call) == SIG_CALL_RINGING
          && sig_call_get_caller (entry->call) == user_id)
        (void) sig_calls_entry_step (entry, &(SigCallEvent){ .type = SIG_CALL_ON_SUPERSEDED }, NULL, NULL);
    }
}

static void
take (SigCallsEntry *entry, const SigCallsRequest *request, const SigCallEvent *event, SigCallsFn fn, gpointer data)
{
  SigCalls *calls = entry->calls;

  if (sig_call_get_state (entry->call) == SIG_CALL_RINGING && sig_call_get_callee (entry->call) == event->user
      && sig_calls_is_busy (calls, request->user->id))
    {
      sig_calls_fail (&sig_calls_error_in_call, fn, data);
      return;
    }
  sig_calls_entry_ref (entry);
  if (sig_calls_entry_step (entry, event, fn, data) == SIG_CALL_OK)
    {
      /* what names the device waits for the log, which answers later */
      entry->devices[SIG_CALLEE] = msg_device_copy (request->device);
      cancel_outgoing (calls, sig_call_get_caller (entry->call));
      cancel_outgoing (calls, sig_call_get_callee (entry->call));
    }
  sig_calls_entry_unref (entry);
}

static void
leave (SigCallsEntry *entry, const SigCallsRequest *request, const SigCallEvent *event, SigCallsFn fn, gpointer data)
{
  static const SigCallsReply reply = { .state = SIG_CALL_ENDED };
  bool early = sig_call_get_state (entry->call) == SIG_CALL_NEW
               && sig_call_get_caller_device (entry->call) == event->device && request->type != SIG_CALL_ON_DECLINE;

  if (early)
    {
      /* given up before the callee was looked up: the invitation is answered with call_ended */
      entry->given_up = true;
      sig_calls_remove (entry->calls, entry, true);
      fn (NULL, &reply, data);
      return;
    }
  sig_calls_entry_ref (entry);
  if (sig_calls_entry_step (entry, event, fn, data) == SIG_CALL_OK && request->stats != NULL)
    entry->stats = json_object_ref (request->stats); /* as above: those who get them are not told yet */
  sig_calls_entry_unref (entry);
}

void
sig_calls_say (SigCalls *calls, const SigCallsRequest *request, SigCallsFn fn, gpointer data)
{
  SigCallEvent event = { .type = request->type,
                         .user = (uint64_t) request->user->id,
                         .device = (uint64_t) request->device->id,
                         .blob = request->blob,
                         .attached = request->attached,
                         .reason = request->reason };
  SigCallsEntry *entry = sig_calls_find (calls, request->id);

  g_assert (request->type <= SIG_CALL_ON_HANGUP);
  if (request->type == SIG_CALL_ON_INVITE)
    sig_calls_invite (calls, request, fn, data);
  else if (entry == NULL)
    {
      bool concerned = sig_recent_calls_concerned (calls->recent, sig_calls_make_key (calls, request->id), event.user,
                                                   event.device);

      sig_calls_fail (concerned ? &sig_calls_error_gone : &sig_calls_error_not_found, fn, data);
    }
  else if (request->type == SIG_CALL_ON_ACCEPT)
    take (entry, request, &event, fn, data);
  else if (request->type >= SIG_CALL_ON_DECLINE)
    leave (entry, request, &event, fn, data);
  else
    (void) sig_calls_entry_step (entry, &event, fn, data);
}

/* an ended call that is still being written is as gone as one of the past */
static bool
was_concerned (SigCalls *calls, const SigCallsEntry *entry, const uint8_t *id, uint64_t user, uint64_t device)
{
  if (entry == NULL)
    return sig_recent_calls_concerned (calls->recent, sig_calls_make_key (calls, id), user, device);
  return sig_call_get_state (entry->call) == SIG_CALL_ENDED
         && (sig_call_get_caller_device (entry->call) == device || sig_call_get_callee (entry->call) == user);
}

bool
sig_calls_check_party (SigCalls *calls, const uint8_t *id, MsgId user_id, MsgId device_id, SigCallsError *ret_error)
{
  const SigCallsEntry *entry = sig_calls_find (calls, id);

  if (entry != NULL && sig_call_concerns (entry->call, (uint64_t) user_id, (uint64_t) device_id))
    return true;
  if (was_concerned (calls, entry, id, (uint64_t) user_id, (uint64_t) device_id))
    *ret_error = sig_calls_error_gone;
  else
    *ret_error = sig_calls_error_not_found;
  return false;
}

MsgId
sig_calls_get_peer (SigCalls *calls, const uint8_t *id, MsgId user_id, MsgId device_id)
{
  const SigCallsEntry *entry = sig_calls_find (calls, id);

  if (entry == NULL || !is_accepted (entry) || !sig_call_concerns (entry->call, (uint64_t) user_id, (uint64_t) device_id))
    return 0;
  return (MsgId) sig_call_get_caller (entry->call) == user_id ? (MsgId) sig_call_get_callee (entry->call)
                                                              : (MsgId) sig_call_get_caller (entry->call);
}

/* --- what the server knows --- */

static void
step_all (SigCalls *calls, const SigCallEvent *event)
{
  g_autoptr (GPtrArray) list = sig_calls_of_user (calls, (MsgId) event->user);

  for (unsigned i = 0; i < list->len; i++)
    {
      SigCallsEntry *entry = list->pdata[i];

      if (entry->calls != NULL)
        (void) sig_calls_entry_step (entry, event, NULL, NULL);
    }
}

void
sig_calls_device_attached (SigCalls *calls, MsgId user_id, MsgId device_id, bool resumed)
{
  step_all (calls, &(SigCallEvent){ .type = SIG_CALL_ON_ATTACHED, .user = (uint64_t) user_id,
                                    .device = (uint64_t) device_id, .resumed = resumed });
}

void
sig_calls_device_detached (SigCalls *calls, MsgId user_id, MsgId device_id, bool forever)
{
  step_all (calls, &(SigCallEvent){ .type = SIG_CALL_ON_DETACHED, .user = (uint64_t) user_id,
                                    .device = (uint64_t) device_id, .forever = forever });
}

void
sig_calls_user_disabled (SigCalls *calls, MsgId user_id)
{
  step_all (calls, &(SigCallEvent){ .type = SIG_CALL_ON_DISABLED, .user = (uint64_t) user_id });
}

JsonArray *
sig_calls_of_device (SigCalls *calls, MsgId user_id, MsgId device_id)
{
  GPtrArray *list = g_hash_table_lookup (calls->by_user, &user_id);
  JsonArray *array = json_array_new ();

  for (unsigned i = 0; list != NULL && i < list->len; i++)
    {
      SigCallsEntry *entry = list->pdata[i];

      if (sig_call_concerns (entry->call, (uint64_t) user_id, (uint64_t) device_id))
        json_array_add_object_element (array, sig_calls_json_live (entry, user_id));
    }
  return array;
}

/* --- administration --- */

JsonArray *
sig_calls_list (SigCalls *calls)
{
  JsonArray *array = json_array_new ();
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, calls->by_key);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      SigCallState state = sig_call_get_state (((SigCallsEntry *) value)->call);

      if (state != SIG_CALL_NEW && state != SIG_CALL_ENDED)
        json_array_add_object_element (array, sig_calls_json_backend (value));
    }
  return array;
}

void
sig_calls_end (SigCalls *calls, const uint8_t *id, SigCallsFn fn, gpointer data)
{
  SigCallsEntry *entry = sig_calls_find (calls, id);
  SigCallState state = entry != NULL ? sig_call_get_state (entry->call) : SIG_CALL_NEW;
  bool ended = state == SIG_CALL_ENDED || sig_recent_calls_has (calls->recent, sig_calls_make_key (calls, id));

  if (ended || state == SIG_CALL_NEW)
    sig_calls_fail (ended ? &sig_calls_error_gone : &sig_calls_error_not_found, fn, data);
  else
    (void) sig_calls_entry_step (entry, &(SigCallEvent){ .type = SIG_CALL_ON_ADMIN_END }, fn, data);
}
