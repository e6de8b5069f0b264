/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After a restart: the calls that the log holds as open become calls of this table again. Media of accepted ones flows
 * from device to device all the while, so they only need their devices back. Ringing ones cannot go on: the invitation
 * was in memory alone, so they end as missed, which is what the callee should see of them.
 */
#include "signaling/calls-private.h"

#include <string.h>

/* look-ups under way at once: below the bound of the log's queue */
#define WINDOW 256

typedef struct {
  SigCalls *calls;
  GPtrArray *rows;     /* (element-type MsgCall), owned */
  GHashTable *users;   /* MsgId -> MsgUser, owned */
  GHashTable *devices; /* MsgId -> MsgDevice, owned */
  GError *error;       /* the first */
  unsigned waiting;
} Recovery;

static void
note_error (Recovery *r, const GError *error)
{
  if (r->error == NULL)
    r->error = g_error_copy (error);
}

static void
wait_below (Recovery *r, unsigned n)
{
  while (r->waiting >= n)
    (void) g_main_context_iteration (r->calls->options.context, TRUE);
}

static void
on_rows (GPtrArray *rows, const GError *error, gpointer data)
{
  Recovery *r = data;

  r->waiting--;
  if (error != NULL)
    note_error (r, error);
  for (unsigned i = 0; rows != NULL && i < rows->len; i++)
    g_ptr_array_add (r->rows, msg_call_copy (rows->pdata[i]));
}

static void
on_users (GPtrArray *users, const GError *error, gpointer data)
{
  Recovery *r = data;

  r->waiting--;
  if (error != NULL)
    note_error (r, error);
  for (unsigned i = 0; users != NULL && i < users->len; i++)
    {
      MsgUser *user = msg_user_copy (users->pdata[i]);

      (void) g_hash_table_replace (r->users, &user->id, user);
    }
}

static void
on_devices (GPtrArray *devices, const GError *error, gpointer data)
{
  Recovery *r = data;

  r->waiting--;
  if (error != NULL && !g_error_matches (error, MSG_ERROR, MSG_ERROR_NOT_FOUND))
    note_error (r, error); /* a deleted user has none, and its call ends below */
  for (unsigned i = 0; devices != NULL && i < devices->len; i++)
    {
      MsgDevice *device = msg_device_copy (devices->pdata[i]);

      (void) g_hash_table_replace (r->devices, &device->id, device);
    }
}

static void
look_up_parties (Recovery *r)
{
  const SigCallsOptions *options = &r->calls->options;
  g_autoptr (GHashTable) asked = g_hash_table_new (g_int64_hash, g_int64_equal);

  for (unsigned i = 0; i < r->rows->len && r->error == NULL; i++)
    {
      MsgCall *row = r->rows->pdata[i];
      MsgId *ids[SIG_PARTY_N] = { &row->caller_user, &row->callee_user };

      for (int party = 0; party < SIG_PARTY_N; party++)
        if (g_hash_table_add (asked, ids[party]))
          {
            wait_below (r, WINDOW);
            r->waiting += 2;
            options->log->get_users (options->core, ids[party], 1, on_users, r);
            options->log->list_devices (options->core, *ids[party], on_devices, r);
          }
    }
  wait_below (r, 1);
}

static bool
is_gone (const MsgUser *user)
{
  return user->disabled || user->deleted;
}

static MsgDevice *
copy_device (Recovery *r, MsgId id)
{
  MsgDevice *device = g_hash_table_lookup (r->devices, &id);

  return device != NULL ? msg_device_copy (device) : NULL;
}

static void
restore (Recovery *r, const MsgCall *row)
{
  static const SigCallState states[MSG_CALL_N] = { SIG_CALL_RINGING, SIG_CALL_CONNECTING, SIG_CALL_ACTIVE,
                                                   SIG_CALL_ENDED };
  SigCalls *calls = r->calls;
  int64_t now_us = sig_calls_now_us (calls), now_ms = sig_calls_now_ms (calls);
  MsgUser *caller = g_hash_table_lookup (r->users, &row->caller_user);
  MsgUser *callee = g_hash_table_lookup (r->users, &row->callee_user);
  SigCallRestore restored = { .state = row->callee_device == 0 ? SIG_CALL_RINGING : states[row->state],
                              .device = (uint64_t) row->callee_device,
                              .started_us = now_us - (now_ms - row->started_ms) * 1000,
                              .accepted_us = now_us - (now_ms - row->accepted_ms) * 1000,
                              .active_us = now_us - (now_ms - row->active_ms) * 1000,
                              .seen_us = now_us - (now_ms - row->heartbeat_ms) * 1000 };
  SigCallsEntry *entry;

  if (caller == NULL || callee == NULL)
    return; /* rows always name users; deleted ones are found too */
  entry = sig_calls_entry_new (calls, sig_call_new (&calls->options.limits, row->call_id, (uint64_t) row->caller_user,
                                                    (uint64_t) row->caller_device, (uint64_t) row->callee_user,
                                                    row->video));
  entry->known = true;
  entry->users[SIG_CALLER] = msg_user_copy (caller);
  entry->users[SIG_CALLEE] = msg_user_copy (callee);
  entry->devices[SIG_CALLER] = copy_device (r, row->caller_device);
  entry->devices[SIG_CALLEE] = copy_device (r, row->callee_device);
  sig_calls_insert (calls, entry);
  sig_calls_entry_ref (entry);
  (void) sig_calls_entry_step (entry, &(SigCallEvent){ .type = SIG_CALL_ON_RESTORE, .restore = &restored }, NULL, NULL);
  if (restored.state != SIG_CALL_RINGING)
    {
      sig_call_metrics_move (&calls->metrics, entry->call, SIG_CALL_NEW, restored.state, NULL);
      entry->counted = restored.state;
      if (is_gone (caller) || is_gone (callee))
        (void) sig_calls_entry_step (entry, &(SigCallEvent){ .type = SIG_CALL_ON_DISABLED, .user = (uint64_t) caller->id },
                                     NULL, NULL);
    }
  sig_calls_entry_unref (entry);
}

static void
free_row (gpointer row)
{
  msg_call_free (row);
}

bool
sig_calls_recover (SigCalls *calls, GError **error)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (free_row);
  g_autoptr (GHashTable) users = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL,
                                                        (GDestroyNotify) msg_user_free);
  g_autoptr (GHashTable) devices = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL,
                                                          (GDestroyNotify) msg_device_free);
  Recovery r = { calls, rows, users, devices, NULL, 1 };

  calls->options.log->load_open (calls->options.core, on_rows, &r);
  wait_below (&r, 1);
  look_up_parties (&r);
  if (r.error != NULL)
    {
      g_propagate_error (error, r.error);
      return false;
    }
  for (unsigned i = 0; i < rows->len; i++)
    restore (&r, rows->pdata[i]);
  return true;
}
