/* SPDX-License-Identifier: Apache-2.0 */
/* Renaming, disabling and enabling users. */
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

/* --- Renaming --- */

typedef struct {
  MsgOp op;
  MsgId user_id;
  char *display_name; /* owned */
  MsgUser *user;      /* owned: as it is afterwards */
  MsgUserFn fn;
  gpointer data;
} RenameOp;

static bool
rename_run (MsgDb *db, gpointer ctx, GError **error)
{
  RenameOp *op = ctx;
  MsgStmt *stmt;

  /* a job may be run again when its transaction could not be committed */
  g_clear_pointer (&op->user, msg_user_free);
  op->user = msg_user_load (db, op->user_id, error);
  if (op->user == NULL)
    return false;
  stmt = msg_db_prepare (db, "UPDATE users SET display_name = :name WHERE id = :id");
  msg_stmt_set_text (stmt, ":name", op->display_name);
  msg_stmt_set_int (stmt, ":id", op->user_id);
  g_free (op->user->display_name);
  op->user->display_name = g_strdup (op->display_name);
  return msg_stmt_run (stmt, error);
}

static void
rename_reply (MsgOp *ctx, const GError *error)
{
  RenameOp *op = (RenameOp *) ctx;

  op->fn (error == NULL ? op->user : NULL, error, op->data);
}

static void
rename_clear (MsgOp *ctx)
{
  RenameOp *op = (RenameOp *) ctx;

  g_free (op->display_name);
  msg_user_free (op->user);
}

void
msg_account_rename (MsgCore *core, MsgId user_id, const char *display_name, MsgUserFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (RenameOp), rename_reply, rename_clear };
  RenameOp *op;
  GError *error = NULL;

  g_return_if_fail (core != NULL && fn != NULL);
  op = msg_op_new (core, &class);
  op->user_id = user_id;
  op->fn = fn;
  op->data = data;
  op->display_name = msg_text_tidy (display_name, MSG_DISPLAY_NAME_CHARS, "display_name", "A name", &error);
  if (op->display_name == NULL)
    msg_op_fail (&op->op, error);
  else
    msg_op_write (op, rename_run, msg_op_end);
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
