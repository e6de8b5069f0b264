/* SPDX-License-Identifier: Apache-2.0 */
/* What is over by itself, and what there is. */
#include <string.h>

#include "messaging/rows.h"
#include "messaging/secret-rows.h"

/* chats that one job ends; what is left has its turn at the next */
#define SWEEP_MAX 500

/* --- What is over --- */

typedef struct {
  MsgSecretOp secret;
  MsgDoneFn fn;
  gpointer data;
} SweepOp;

static bool
has_session (MsgDb *db, MsgId device_id, bool *ret_has, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT 1 FROM sessions WHERE device_id = :device");
  MsgStep step;

  msg_stmt_set_int (stmt, ":device", device_id);
  step = msg_stmt_step (stmt, error);
  *ret_has = step == MSG_STEP_ROW;
  return step != MSG_STEP_ERROR;
}

static bool
tell_side (MsgDb *db, SweepOp *op, const MsgSecretRow *row, MsgId user_id, MsgId device_id, MsgSecretEnd reason,
           GError **error)
{
  bool has;

  if (device_id == 0)
    return true;
  if (!has_session (db, device_id, &has, error))
    return false;
  return !has || msg_secret_put_end (db, &op->secret, row->secret_id, user_id, device_id, reason, error);
}

static bool
end_row (MsgDb *db, SweepOp *op, const MsgSecretRow *row, GError **error)
{
  MsgSecretEnd reason = row->state == MSG_SECRET_OVER ? MSG_SECRET_SESSION : MSG_SECRET_EXPIRED;

  if (row->callee_device == 0)
    msg_secret_withdraw (&op->secret, row, 0, row->state == MSG_SECRET_OVER ? MSG_SECRET_CANCELLED : MSG_SECRET_EXPIRED);
  return tell_side (db, op, row, row->caller_user, row->caller_device, reason, error)
         && tell_side (db, op, row, row->callee_user, row->callee_device, reason, error)
         && msg_secret_delete (db, row->secret_id, error);
}

static bool
sweep_run (MsgDb *db, gpointer ctx, GError **error)
{
  SweepOp *op = ctx;
  g_autoptr (GArray) rows = g_array_new (FALSE, FALSE, sizeof (MsgSecretRow));
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " MSG_SECRET_COLUMNS " FROM secret_chats c WHERE c.state = 2"
                                      " UNION ALL SELECT " MSG_SECRET_COLUMNS " FROM secret_chats c"
                                      " WHERE c.state = 0 AND c.expires_ms <= :now LIMIT :max");
  MsgStep step;

  g_ptr_array_set_size (op->secret.events, 0);
  msg_stmt_set_int (stmt, ":now", op->secret.now_ms);
  msg_stmt_set_int (stmt, ":max", SWEEP_MAX);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      MsgSecretRow row;

      msg_secret_from_row (stmt, &row);
      g_array_append_val (rows, row);
    }
  if (step == MSG_STEP_ERROR)
    return false;
  for (unsigned i = 0; i < rows->len; i++)
    if (!end_row (db, op, &g_array_index (rows, MsgSecretRow, i), error))
      return false;
  return true;
}

static void
sweep_reply (MsgOp *ctx, const GError *error)
{
  SweepOp *op = (SweepOp *) ctx;

  msg_secret_op_tell (&op->secret, error);
  op->fn (error, op->data);
}

void
msg_secret_sweep (MsgCore *core, MsgDoneFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (SweepOp), sweep_reply, msg_secret_op_clear };
  SweepOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = msg_secret_op_new (core, &class);
  op->fn = fn;
  op->data = data;
  msg_op_write (op, sweep_run, msg_op_end);
}

/* --- What there is --- */

typedef struct {
  MsgSecretOp secret;
  MsgId user_id, device_id;
  MsgSecretList list; /* its lists are owned */
  MsgSecretListFn fn;
  gpointer data;
} ListOp;

static bool
list_chats (MsgDb *db, ListOp *op, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " MSG_SECRET_COLUMNS " FROM secret_chats c WHERE c.state < 2"
                                      " AND (c.caller_device = :device OR c.callee_device = :device)"
                                      " ORDER BY c.created_ms, c.secret_id");
  MsgStep step;

  msg_stmt_set_int (stmt, ":device", op->device_id);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      MsgSecretChat chat = { 0 };
      MsgSecretRow row;

      msg_secret_from_row (stmt, &row);
      memcpy (chat.secret_id, row.secret_id, sizeof chat.secret_id);
      chat.open = row.state == MSG_SECRET_OPEN;
      chat.outgoing = row.caller_device == op->device_id;
      chat.peer_user = chat.outgoing ? row.callee_user : row.caller_user;
      chat.peer_device = chat.outgoing ? row.callee_device : row.caller_device;
      chat.created_ms = row.created_ms;
      chat.expires_ms = row.expires_ms;
      g_array_append_val (op->list.chats, chat);
    }
  return step == MSG_STEP_DONE;
}

static bool
list_requests (MsgDb *db, ListOp *op, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " MSG_SECRET_COLUMNS ", c.request, " MSG_USER_COLUMNS ", " MSG_DEVICE_COLUMNS
                                      " FROM secret_chats c JOIN users u ON u.id = c.caller_user"
                                      " JOIN devices d ON d.id = c.caller_device"
                                      " WHERE c.callee_user = :user AND c.callee_device = 0 AND c.state = 0"
                                      " AND c.withheld = 0 AND c.expires_ms > :now ORDER BY c.created_ms, c.secret_id");
  MsgStep step;

  msg_stmt_set_int (stmt, ":user", op->user_id);
  msg_stmt_set_int (stmt, ":now", op->secret.now_ms);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      MsgSecretEvent *event;
      MsgSecretRow row;
      const void *blob;

      msg_secret_from_row (stmt, &row);
      event = msg_secret_event_new (MSG_SECRET_REQUESTED, row.secret_id, op->user_id, row.created_ms);
      g_ptr_array_add (op->list.requests, event);
      event->expires_ms = row.expires_ms;
      blob = msg_stmt_get_bytes (stmt, MSG_SECRET_N_COLUMNS, &event->blob_len);
      event->blob = g_memdup2 (blob, event->blob_len);
      event->from = msg_user_from_row (stmt, MSG_SECRET_N_COLUMNS + 1);
      event->device = msg_device_from_row (stmt, MSG_SECRET_N_COLUMNS + 1 + MSG_USER_N_COLUMNS);
    }
  return step == MSG_STEP_DONE;
}

static bool
list_run (MsgDb *db, gpointer ctx, GError **error)
{
  ListOp *op = ctx;
  MsgStmt *stmt = msg_db_prepare (db, "SELECT qts FROM secret_counts WHERE device_id = :device");
  MsgStep step;

  msg_stmt_set_int (stmt, ":device", op->device_id);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_ROW)
    op->list.qts = msg_stmt_get_int (stmt, 0);
  return step != MSG_STEP_ERROR && list_chats (db, op, error) && list_requests (db, op, error);
}

static void
list_reply (MsgOp *ctx, const GError *error)
{
  ListOp *op = (ListOp *) ctx;

  op->fn (error == NULL ? &op->list : NULL, error, op->data);
}

static void
list_clear (MsgOp *ctx)
{
  ListOp *op = (ListOp *) ctx;

  msg_secret_op_clear (ctx);
  g_array_unref (op->list.chats);
  g_ptr_array_unref (op->list.requests);
}

void
msg_secret_list (MsgCore *core, MsgId user_id, MsgId device_id, MsgSecretListFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (ListOp), list_reply, list_clear };
  ListOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = msg_secret_op_new (core, &class);
  op->user_id = user_id;
  op->device_id = device_id;
  op->list.chats = g_array_new (FALSE, FALSE, sizeof (MsgSecretChat));
  op->list.requests = g_ptr_array_new_with_free_func ((GDestroyNotify) msg_secret_event_free);
  op->fn = fn;
  op->data = data;
  msg_op_read (op, list_run, msg_op_end);
}
