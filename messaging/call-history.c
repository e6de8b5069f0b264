/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the call log: what is open at the start of the server, and the pages of a user's history. */
#include <string.h>

#include "messaging/call-log.h"
#include "messaging/call-rows.h"
#include "messaging/core-private.h"
#include "messaging/rows.h"

void
msg_call_from_row (MsgStmt *stmt, MsgCall *ret_call)
{
  const void *id;
  gsize len;

  memset (ret_call, 0, sizeof *ret_call);
  id = msg_stmt_get_bytes (stmt, 0, &len);
  if (len == MSG_CALL_ID_BYTES)
    memcpy (ret_call->call_id, id, len);
  ret_call->caller_user = msg_stmt_get_int (stmt, 1);
  ret_call->caller_device = msg_stmt_get_int (stmt, 2);
  ret_call->callee_user = msg_stmt_get_int (stmt, 3);
  ret_call->callee_device = msg_stmt_get_int (stmt, 4);
  ret_call->video = msg_stmt_get_int (stmt, 5) != 0;
  ret_call->state = (MsgCallState) msg_stmt_get_int (stmt, 6);
  ret_call->started_ms = msg_stmt_get_int (stmt, 7);
  ret_call->accepted_ms = msg_stmt_get_int (stmt, 8);
  ret_call->active_ms = msg_stmt_get_int (stmt, 9);
  ret_call->ended_ms = msg_stmt_get_int (stmt, 10);
  (void) g_strlcpy (ret_call->reason, msg_stmt_get_text (stmt, 11), sizeof ret_call->reason);
  ret_call->heartbeat_ms = msg_stmt_get_int (stmt, 12);
}

/* --- Open calls --- */

typedef struct {
  MsgOp op;
  MsgCallsFn fn;
  gpointer data;
  GPtrArray *calls;
} OpenOp;

static bool
open_run (MsgDb *db, gpointer ctx, GError **error)
{
  OpenOp *op = ctx;
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " MSG_CALL_COLUMNS " FROM calls c WHERE c.state < 3 ORDER BY c.seq");
  MsgStep step;

  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      MsgCall *call = g_new (MsgCall, 1);

      msg_call_from_row (stmt, call);
      g_ptr_array_add (op->calls, call);
    }
  return step == MSG_STEP_DONE;
}

static void
open_reply (MsgOp *ctx, const GError *error)
{
  OpenOp *op = (OpenOp *) ctx;

  op->fn (error == NULL ? op->calls : NULL, error, op->data);
}

static void
open_clear (MsgOp *ctx)
{
  g_ptr_array_unref (((OpenOp *) ctx)->calls);
}

void
msg_call_load_open (MsgCore *core, MsgCallsFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (OpenOp), open_reply, open_clear };
  OpenOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = msg_op_new (core, &class);
  op->fn = fn;
  op->data = data;
  op->calls = g_ptr_array_new_with_free_func (g_free);
  msg_op_read (op, open_run, msg_op_end);
}

/* --- History --- */

typedef struct {
  MsgOp op;
  MsgId user_id;
  bool has_before;
  uint8_t before[MSG_CALL_ID_BYTES];
  unsigned limit;
  MsgCallPageFn fn;
  gpointer data;
  MsgCallPage page;
} HistoryOp;

static void
entry_free (gpointer data)
{
  MsgCallEntry *entry = data;

  msg_user_free (entry->peer);
  g_free (entry);
}

/* @ret_seq: the place that the cursor stands for */
static bool
history_cursor (MsgDb *db, HistoryOp *op, int64_t *ret_seq, GError **error)
{
  MsgStmt *stmt;
  MsgStep step;

  *ret_seq = G_MAXINT64;
  if (!op->has_before)
    return true;
  stmt = msg_db_prepare (db, "SELECT seq FROM calls WHERE call_id = :call"
                             " AND (caller_user = :user OR (callee_user = :user AND withheld = 0))");
  msg_stmt_set_bytes (stmt, ":call", op->before, sizeof op->before);
  msg_stmt_set_int (stmt, ":user", op->user_id);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_ROW)
    *ret_seq = msg_stmt_get_int (stmt, 0);
  else if (step == MSG_STEP_DONE)
    g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "cursor", "This is none of your calls."));
  return step == MSG_STEP_ROW;
}

/* Two index walks that each stop after a page, then a merge: an OR over both columns would walk the whole history. The
 * callee's half leaves out calls to oneself, which the caller's half has. */
static const char history_sql[] =
    "SELECT " MSG_CALL_COLUMNS ", " MSG_USER_COLUMNS " FROM ("
    "  SELECT * FROM (SELECT * FROM calls WHERE caller_user = :user AND seq < :before AND state = 3"
    "    ORDER BY seq DESC LIMIT :limit) a"
    "  UNION ALL"
    "  SELECT * FROM (SELECT * FROM calls WHERE callee_user = :user AND caller_user <> :user AND seq < :before"
    "    AND state = 3 AND withheld = 0 ORDER BY seq DESC LIMIT :limit) b"
    ") c JOIN users u ON u.id = CASE WHEN c.caller_user = :user THEN c.callee_user ELSE c.caller_user END"
    " ORDER BY c.seq DESC LIMIT :limit";

static bool
history_run (MsgDb *db, gpointer ctx, GError **error)
{
  HistoryOp *op = ctx;
  MsgStmt *stmt;
  int64_t before;
  MsgStep step;

  if (!history_cursor (db, op, &before, error))
    return false;
  stmt = msg_db_prepare (db, history_sql);
  msg_stmt_set_int (stmt, ":user", op->user_id);
  msg_stmt_set_int (stmt, ":before", before);
  msg_stmt_set_int (stmt, ":limit", op->limit + 1); /* one more says whether there is a next page */
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      MsgCallEntry *entry;

      if (op->page.entries->len == op->limit)
        {
          MsgCallEntry *last = op->page.entries->pdata[op->limit - 1];

          op->page.has_next = true;
          memcpy (op->page.next, last->call.call_id, MSG_CALL_ID_BYTES);
          return true;
        }
      entry = g_new0 (MsgCallEntry, 1);
      msg_call_from_row (stmt, &entry->call);
      entry->outgoing = entry->call.caller_user == op->user_id;
      entry->peer = msg_user_from_row (stmt, MSG_CALL_N_COLUMNS);
      g_ptr_array_add (op->page.entries, entry);
    }
  return step == MSG_STEP_DONE;
}

static void
history_reply (MsgOp *ctx, const GError *error)
{
  HistoryOp *op = (HistoryOp *) ctx;

  op->fn (error == NULL ? &op->page : NULL, error, op->data);
}

static void
history_clear (MsgOp *ctx)
{
  g_ptr_array_unref (((HistoryOp *) ctx)->page.entries);
}

void
msg_call_history (MsgCore *core, MsgId user_id, const uint8_t *before, unsigned limit, MsgCallPageFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (HistoryOp), history_reply, history_clear };
  HistoryOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = msg_op_new (core, &class);
  op->user_id = user_id;
  op->limit = limit;
  op->fn = fn;
  op->data = data;
  op->page.entries = g_ptr_array_new_with_free_func (entry_free);
  if (before != NULL)
    {
      op->has_before = true;
      memcpy (op->before, before, sizeof op->before);
    }
  if (limit < 1 || limit > MSG_CALL_HISTORY_MAX)
    msg_op_fail (&op->op, msg_error_new (MSG_ERROR_INVALID, "limit", "At most %d calls at once.",
                                         MSG_CALL_HISTORY_MAX));
  else
    msg_op_read (op, history_run, msg_op_end);
}
