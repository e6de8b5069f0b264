/* SPDX-License-Identifier: Apache-2.0 */
/* Disabling, enabling and deleting users. */
#include "messaging/account-private.h"

typedef struct {
  MsgOp op;
  MsgId user_id;
  bool disable;
  int64_t now_ms;
  MsgDoneFn fn;
  gpointer data;
} AdminOp;

static AdminOp *
admin_op_new (MsgCore *core, const MsgOpClass *class, MsgId user_id, MsgDoneFn fn, gpointer data)
{
  AdminOp *op = msg_op_new (core, class);

  op->user_id = user_id;
  op->now_ms = msg_core_now_ms (core);
  op->fn = fn;
  op->data = data;
  return op;
}

/* --- Disabling --- */

static bool
disable_run (MsgDb *db, gpointer ctx, GError **error)
{
  AdminOp *op = ctx;
  g_autoptr (MsgUser) user = msg_user_load (db, op->user_id, error);
  MsgStmt *stmt;

  if (user == NULL)
    return false;
  stmt = msg_db_prepare (db, "UPDATE users SET disabled = :disabled WHERE id = :id");
  msg_stmt_set_int (stmt, ":disabled", op->disable);
  msg_stmt_set_int (stmt, ":id", op->user_id);
  return msg_stmt_run (stmt, error)
         && (!op->disable || msg_session_drop_all (db, op->user_id, 0, op->now_ms, error));
}

static void
disable_reply (MsgOp *ctx, const GError *error)
{
  AdminOp *op = (AdminOp *) ctx;

  if (error == NULL && op->disable)
    msg_core_sessions_ended (ctx->core, op->user_id, 0, 0, MSG_END_DISABLED);
  op->fn (error, op->data);
}

void
msg_account_set_disabled (MsgCore *core, MsgId user_id, bool disabled, MsgDoneFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (AdminOp), disable_reply, NULL };
  AdminOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = admin_op_new (core, &class, user_id, fn, data);
  op->disable = disabled;
  msg_op_write (op, disable_run, msg_op_end);
}

/* --- Deleting --- */

static bool
delete_run (MsgDb *db, gpointer ctx, GError **error)
{
  AdminOp *op = ctx;
  g_autoptr (MsgUser) user = msg_user_load (db, op->user_id, error);
  MsgStmt *stmt;

  if (user == NULL || !msg_session_drop_all (db, op->user_id, 0, op->now_ms, error))
    return false;
  stmt = msg_db_prepare (db, "DELETE FROM devices WHERE user_id = :id");
  msg_stmt_set_int (stmt, ":id", op->user_id);
  if (!msg_stmt_run (stmt, error))
    return false;
  /* the row stays: the call logs of others point to it */
  stmt = msg_db_prepare (db, "UPDATE users SET name_key = NULL, username = '', display_name = 'Deleted account',"
                             " password_hash = NULL, disabled = 1, deleted_ms = :now WHERE id = :id");
  msg_stmt_set_int (stmt, ":now", op->now_ms);
  msg_stmt_set_int (stmt, ":id", op->user_id);
  return msg_stmt_run (stmt, error);
}

static void
delete_reply (MsgOp *ctx, const GError *error)
{
  AdminOp *op = (AdminOp *) ctx;

  if (error == NULL)
    msg_core_sessions_ended (ctx->core, op->user_id, 0, 0, MSG_END_DELETED);
  op->fn (error, op->data);
}

void
msg_account_delete (MsgCore *core, MsgId user_id, MsgDoneFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (AdminOp), delete_reply, NULL };

  g_return_if_fail (core != NULL && fn != NULL);
  msg_op_write (admin_op_new (core, &class, user_id, fn, data), delete_run, msg_op_end);
}
