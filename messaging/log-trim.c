/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/log-trim.h"

#include "base/log.h"
#include "messaging/core-private.h"

/* In one job: logs that are looked at, and rows of each that are dropped: some milliseconds of the writer. */
#define LOGS 50
#define ROWS 200
#define PAUSE_MS 50
#define FIRST_MS (60 * 1000)
#define WALK_EVERY_MS (6 * 3600 * 1000)
#define RETRY_MS (60 * 1000)

typedef struct {
  const char *list, *oldest, *stays, *drop;
} Logs;

#define LOGS_OF(table, id)                                                                                             \
  "SELECT pts FROM " table " WHERE " id " = :log ORDER BY pts LIMIT 1",                                                \
  "SELECT pts FROM " table " WHERE " id " = :log AND pts >= :from AND pts < :end AND at_ms >= :before"                 \
  " AND pts > :surplus ORDER BY pts LIMIT 1",                                                                          \
  "DELETE FROM " table " WHERE " id " = :log AND pts < :end"

static const Logs of_users = { "SELECT user_id, pts FROM user_pts WHERE user_id > :after ORDER BY user_id LIMIT :limit",
                               LOGS_OF ("updates", "user_id") };
static const Logs of_chats = { "SELECT id, pts FROM chats WHERE id > :after AND kind >= 4 ORDER BY id LIMIT :limit",
                               LOGS_OF ("chat_updates", "chat_id") };

struct MsgTrims {
  /* passed in, not owned */
  MsgCore *core;
  /* owned */
  GSource *timer;      /* (nullable) */
  const Logs *logs;    /* which the walk is at */
  MsgId after;         /* done with those up to it */
  unsigned walks;
  bool busy, stopped;
};

typedef struct {
  MsgOp op;
  const Logs *logs;
  MsgId after, last;   /* last: what is done with this job */
  int64_t before_ms;   /* rows that are older go; 0: none by age */
  int64_t keep_rows;   /* 0: any number */
  bool end;            /* there are no more logs of that kind */
} TrimOp;

static gboolean
on_timer (gpointer data)
{
  msg_trims_step (data);
  return G_SOURCE_REMOVE;
}

static void
stop_timer (MsgTrims *trims)
{
  if (trims->timer != NULL)
    g_source_destroy (trims->timer);
  g_clear_pointer (&trims->timer, g_source_unref);
}

static void
set_timer (MsgTrims *trims, guint ms)
{
  const MsgCoreOptions *options = &trims->core->options;

  stop_timer (trims);
  if (trims->stopped || (options->log_keep_ms == 0 && options->log_keep_rows == 0))
    return;
  trims->timer = g_timeout_source_new (ms);
  g_source_set_callback (trims->timer, on_timer, trims, NULL);
  (void) g_source_attach (trims->timer, trims->core->context);
}

/* --- On the writer --- */

typedef struct {
  MsgId id;
  int64_t pts;
} Log;

/* @ret_end: the first row, of those from @oldest on, that stays: what is before it goes and leaves no gap, whatever the clock
 * has done meanwhile. */
static bool
find_end (MsgDb *db, const TrimOp *op, const Log *log, int64_t oldest, int64_t *ret_end, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, op->logs->stays);
  MsgStep step;

  *ret_end = oldest + ROWS;
  msg_stmt_set_int (stmt, ":log", log->id);
  msg_stmt_set_int (stmt, ":from", oldest);
  msg_stmt_set_int (stmt, ":end", oldest + ROWS);
  msg_stmt_set_int (stmt, ":before", op->before_ms);
  msg_stmt_set_int (stmt, ":surplus", op->keep_rows != 0 ? log->pts - op->keep_rows : 0);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_ROW)
    *ret_end = msg_stmt_get_int (stmt, 0);
  return step != MSG_STEP_ERROR;
}

static bool
trim_one (MsgDb *db, const TrimOp *op, const Log *log, bool *ret_more, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, op->logs->oldest);
  int64_t oldest, end;
  MsgStep step;

  *ret_more = false;
  msg_stmt_set_int (stmt, ":log", log->id);
  step = msg_stmt_step (stmt, error);
  if (step != MSG_STEP_ROW)
    return step == MSG_STEP_DONE;
  oldest = msg_stmt_get_int (stmt, 0);
  if (!find_end (db, op, log, oldest, &end, error))
    return false;
  if (end == oldest)
    return true;
  stmt = msg_db_prepare (db, op->logs->drop);
  msg_stmt_set_int (stmt, ":log", log->id);
  msg_stmt_set_int (stmt, ":end", end);
  if (!msg_stmt_run (stmt, error))
    return false;
  *ret_more = end == oldest + ROWS;
  return true;
}

static bool
trim_run (MsgDb *db, gpointer ctx, GError **error)
{
  TrimOp *op = ctx;
  g_autoptr (GArray) logs = g_array_new (FALSE, FALSE, sizeof (Log));
  MsgStmt *stmt = msg_db_prepare (db, op->logs->list);
  MsgStep step;
  bool more = false;

  op->last = op->after;
  msg_stmt_set_int (stmt, ":after", op->after);
  msg_stmt_set_int (stmt, ":limit", LOGS);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      const Log log = { msg_stmt_get_int (stmt, 0), msg_stmt_get_int (stmt, 1) };

      g_array_append_val (logs, log);
    }
  if (step == MSG_STEP_ERROR)
    return false;
  /* a long log takes the jobs that it needs before the next one is looked at */
  for (unsigned i = 0; i < logs->len && !more; i++)
    {
      const Log *log = &g_array_index (logs, Log, i);

      if (!trim_one (db, op, log, &more, error))
        return false;
      if (!more)
        op->last = log->id;
    }
  op->end = !more && logs->len < LOGS;
  return true;
}

/* --- Main thread --- */

static void
trim_reply (MsgOp *ctx, const GError *error)
{
  TrimOp *op = (TrimOp *) ctx;
  MsgTrims *trims = ctx->core->trims;
  guint pause_ms = PAUSE_MS;

  trims->busy = false;
  if (error != NULL)
    {
      if (!trims->stopped)
        al_warning ("update logs could not be trimmed, trying again", "error", error->message);
      set_timer (trims, RETRY_MS);
      return;
    }
  trims->after = op->end ? 0 : op->last;
  if (op->end && trims->logs == &of_users)
    trims->logs = &of_chats;
  else if (op->end)
    {
      trims->logs = &of_users;
      trims->walks++;
      pause_ms = WALK_EVERY_MS;
    }
  set_timer (trims, pause_ms);
}

void
msg_trims_step (MsgTrims *trims)
{
  static const MsgOpClass class = { sizeof (TrimOp), trim_reply, NULL };
  const MsgCoreOptions *options = &trims->core->options;
  TrimOp *op;

  if (trims->stopped || trims->busy)
    return;
  stop_timer (trims);
  trims->busy = true;
  op = msg_op_new (trims->core, &class);
  op->logs = trims->logs;
  op->after = trims->after;
  op->before_ms = options->log_keep_ms != 0 ? msg_core_now_ms (trims->core) - options->log_keep_ms : 0;
  op->keep_rows = options->log_keep_rows;
  msg_op_write (op, trim_run, msg_op_end);
}

MsgTrims *
msg_trims_new (MsgCore *core)
{
  MsgTrims *trims = g_new0 (MsgTrims, 1);

  trims->core = core;
  trims->logs = &of_users;
  set_timer (trims, FIRST_MS);
  return trims;
}

void
msg_trims_stop (MsgTrims *trims)
{
  trims->stopped = true;
  stop_timer (trims);
}

void
msg_trims_free (MsgTrims *trims)
{
  if (trims == NULL)
    return;
  stop_timer (trims);
  g_free (trims);
}

unsigned
msg_trims_get_walks (const MsgTrims *trims)
{
  return trims->walks;
}
