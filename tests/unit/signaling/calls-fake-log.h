/* SPDX-License-Identifier: Apache-2.0 */
/* A log of calls for tests: what is asked of it waits until log_step() does it, or refuses. */
#pragma once

#include <string.h>

#include "signaling/calls.h"

typedef enum { JOB_PUT, JOB_USERS, JOB_DEVICES, JOB_ROWS, JOB_CALLEE } JobType;

typedef struct {
  JobType type;
  MsgCall row;
  MsgId user_id;
  union {
    MsgDoneFn done;
    MsgUsersFn users;
    MsgDevicesFn devices;
    MsgCallsFn rows;
    MsgCalleeFn callee;
  };
  gpointer data;
} Job;

typedef struct {
  GQueue jobs;
  GHashTable *rows; /* id as bytes -> MsgCall */
  GPtrArray *open;  /* what load_open gives */
  unsigned n_puts, n_heartbeats, n_beaten;
  int fail;         /* so many of the next puts fail, */
  MsgError code;    /* with this */
  MsgId blocks;     /* a user who lets nobody call */
  bool by_idle;     /* jobs are done by the main context */
} Log;

G_GNUC_UNUSED static Log the_log; /* the table's callbacks carry no pointer of ours */

static inline gboolean
log_step (void)
{
  g_autofree Job *job = g_queue_pop_head (&the_log.jobs);
  g_autoptr (GError) error = NULL;

  if (job == NULL)
    return FALSE;
  if (job->type == JOB_PUT)
    {
      the_log.n_puts++;
      if (the_log.fail > 0)
        {
          the_log.fail--;
          error = msg_error_new (the_log.code, the_log.code == MSG_ERROR_CONFLICT ? "call_exists" : "storage", "no");
        }
      else
        (void) g_hash_table_insert (the_log.rows, g_bytes_new (job->row.call_id, MSG_CALL_ID_BYTES),
                                    msg_call_copy (&job->row));
      job->done (error, job->data);
    }
  else if (job->type == JOB_ROWS)
    job->rows (the_log.open, NULL, job->data);
  else if (job->type == JOB_USERS || job->type == JOB_CALLEE)
    {
      char name[] = "user_0";
      MsgUser user = { .id = job->user_id, .username = name, .display_name = name, .disabled = job->user_id == 9,
                       .deleted = job->user_id == 8 };
      g_autoptr (GPtrArray) users = g_ptr_array_new ();

      name[5] = (char) ('0' + job->user_id % 10);
      if (job->user_id != 7)
        g_ptr_array_add (users, &user);
      if (job->type == JOB_USERS)
        job->users (users, NULL, job->data);
      else
        job->callee (job->user_id != 7 ? &user : NULL, job->user_id != the_log.blocks, NULL, job->data);
    }
  else
    {
      char name[] = "device";
      MsgDevice device = { .id = job->user_id * 10 + 1, .user_id = job->user_id, .name = name, .platform = name };
      g_autoptr (GPtrArray) devices = g_ptr_array_new ();

      g_ptr_array_add (devices, &device);
      job->devices (devices, NULL, job->data);
    }
  return TRUE;
}

static inline gboolean
log_on_idle (gpointer data)
{
  return log_step ();
}

static inline void
log_push (Job job)
{
  g_queue_push_tail (&the_log.jobs, g_memdup2 (&job, sizeof job));
  if (the_log.by_idle)
    {
      g_autoptr (GSource) source = g_idle_source_new ();

      g_source_set_callback (source, log_on_idle, NULL, NULL);
      (void) g_source_attach (source, g_main_context_get_thread_default ());
    }
}

static inline void
log_put (MsgCore *core, const MsgCall *call, MsgDoneFn fn, gpointer data)
{
  log_push ((Job){ .type = JOB_PUT, .row = *call, .done = fn, .data = data });
}

static inline void
log_heartbeat (MsgCore *core, const uint8_t (*ids)[MSG_CALL_ID_BYTES], unsigned n, int64_t at_ms, MsgDoneFn fn,
               gpointer data)
{
  the_log.n_heartbeats++;
  the_log.n_beaten = n;
}

static inline void
log_load_open (MsgCore *core, MsgCallsFn fn, gpointer data)
{
  log_push ((Job){ .type = JOB_ROWS, .rows = fn, .data = data });
}

static inline void
log_get_users (MsgCore *core, const MsgId *ids, unsigned n, MsgUsersFn fn, gpointer data)
{
  g_assert_cmpuint (n, ==, 1);
  log_push ((Job){ .type = JOB_USERS, .user_id = ids[0], .users = fn, .data = data });
}

static inline void
log_list_devices (MsgCore *core, MsgId user_id, MsgDevicesFn fn, gpointer data)
{
  log_push ((Job){ .type = JOB_DEVICES, .user_id = user_id, .devices = fn, .data = data });
}

static inline void
log_find_callee (MsgCore *core, MsgId callee, MsgId caller, MsgCalleeFn fn, gpointer data)
{
  log_push ((Job){ .type = JOB_CALLEE, .user_id = callee, .callee = fn, .data = data });
}

static const SigCallsLog fake_log = { log_put,       log_heartbeat,    log_load_open,
                                      log_get_users, log_list_devices, log_find_callee };
