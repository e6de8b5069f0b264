/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/due.h"

#include "base/log.h"
#include "messaging/expiry-rows.h"
#include "messaging/log-op.h"
#include "messaging/schedule-rows.h"

/* Of each kind in one job: some milliseconds of the writer. */
#define BATCH 64
/* The timer runs on the monotonic clock, what is due on the wall clock, which may be set. */
#define LOOK_EVERY_MS (20 * 1000)
#define RETRY_MS 1000
#define RETRY_MAX_MS (30 * 1000)

typedef struct {
  bool (*run) (MsgDb *db, MsgLog *log, unsigned max, GError **error);
  bool (*find_next) (MsgDb *db, int64_t *ret_ms, GError **error);
} Kind;

static const Kind kinds[] = {
  { msg_scheduled_run_due, msg_scheduled_find_next },
  { msg_expiry_run_due, msg_expiry_find_next },
};

struct MsgDues {
  /* passed in, not owned */
  MsgCore *core;
  /* owned */
  GSource *timer;    /* (nullable) */
  int64_t next_ms;   /* the earliest; G_MAXINT64: none */
  unsigned retry_ms; /* after a failure; 0: there was none */
  bool busy, stopped;
};

typedef struct {
  MsgLogOp log;
  int64_t next_ms;
} DueOp;

static void
stop_timer (MsgDues *dues)
{
  if (dues->timer != NULL)
    g_source_destroy (dues->timer);
  g_clear_pointer (&dues->timer, g_source_unref);
}

static gboolean
on_timer (gpointer data)
{
  msg_dues_look (data);
  return G_SOURCE_REMOVE;
}

static void
set_timer (MsgDues *dues)
{
  int64_t wait_ms = dues->next_ms - MIN (dues->next_ms, msg_core_now_ms (dues->core));

  stop_timer (dues);
  if (dues->stopped || dues->busy || dues->next_ms == G_MAXINT64)
    return;
  dues->timer = g_timeout_source_new ((guint) MAX (MIN (wait_ms, LOOK_EVERY_MS), dues->retry_ms));
  g_source_set_callback (dues->timer, on_timer, dues, NULL);
  (void) g_source_attach (dues->timer, dues->core->context);
}

/* --- On the writer --- */

static bool
due_run (MsgDb *db, gpointer ctx, GError **error)
{
  DueOp *op = ctx;
  MsgLog *log = &op->log.log;

  msg_log_reset (log);
  op->next_ms = G_MAXINT64;
  for (unsigned i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      int64_t next_ms;

      if (!kinds[i].run (db, log, BATCH, error) || !kinds[i].find_next (db, &next_ms, error))
        return false;
      op->next_ms = MIN (op->next_ms, next_ms);
    }
  return true;
}

static void
due_reply (MsgOp *ctx, const GError *error)
{
  DueOp *op = (DueOp *) ctx;
  MsgDues *dues = ctx->core->dues;

  dues->busy = false;
  if (error != NULL)
    {
      dues->retry_ms = MIN (MAX (2 * dues->retry_ms, RETRY_MS), RETRY_MAX_MS);
      dues->next_ms = MIN (dues->next_ms, op->log.log.now_ms);
      if (!dues->stopped)
        al_warning ("what is due could not be done, trying again", "error", error->message);
    }
  else
    {
      dues->retry_ms = 0;
      /* what was hinted at meanwhile may be earlier: a look too many does no harm */
      dues->next_ms = MIN (dues->next_ms, op->next_ms);
      msg_log_op_tell (&op->log, NULL);
    }
  set_timer (dues);
}

static void
look (MsgDues *dues)
{
  static const MsgOpClass class = { sizeof (DueOp), due_reply, msg_log_op_clear };
  DueOp *op = msg_log_op_new (dues->core, &class, 0, 0);

  stop_timer (dues);
  dues->busy = true;
  dues->next_ms = G_MAXINT64; /* the job finds it, or a hint */
  msg_op_write (op, due_run, msg_op_end);
}

/* --- Main thread --- */

MsgDues *
msg_dues_new (MsgCore *core)
{
  MsgDues *dues = g_new0 (MsgDues, 1);

  dues->core = core;
  look (dues);
  return dues;
}

void
msg_dues_stop (MsgDues *dues)
{
  dues->stopped = true;
  stop_timer (dues);
}

void
msg_dues_free (MsgDues *dues)
{
  if (dues == NULL)
    return;
  stop_timer (dues);
  g_free (dues);
}

void
msg_dues_hint (MsgDues *dues, int64_t due_ms)
{
  if (due_ms >= dues->next_ms)
    return;
  dues->next_ms = due_ms;
  set_timer (dues);
}

void
msg_dues_look (MsgDues *dues)
{
  if (dues->stopped || dues->busy)
    return;
  if (dues->next_ms <= msg_core_now_ms (dues->core))
    look (dues);
  else
    set_timer (dues);
}

bool
msg_dues_is_busy (const MsgDues *dues)
{
  return dues->busy;
}
