/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/device.h"

#include "messaging/core-private.h"
#include "messaging/notice-rows.h"
#include "messaging/rows.h"

/* --- Listing --- */

typedef struct {
  MsgOp op;
  MsgId user_id;
  MsgDevicesFn fn;
  gpointer data;
  GPtrArray *devices;
} ListOp;

static bool
list_run (MsgDb *db, gpointer ctx, GError **error)
{
  ListOp *op = ctx;
  g_autoptr (MsgUser) user = msg_user_load (db, op->user_id, error);
  MsgStmt *stmt;
  MsgStep step;

  if (user == NULL)
    return false;
  stmt = msg_db_prepare (db, "SELECT " MSG_DEVICE_COLUMNS " FROM devices d WHERE d.user_id = :user"
                             " ORDER BY d.added_ms, d.id");
  msg_stmt_set_int (stmt, ":user", op->user_id);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    g_ptr_array_add (op->devices, msg_device_from_row (stmt, 0));
  return step == MSG_STEP_DONE;
}

static void
list_reply (MsgOp *ctx, const GError *error)
{
  ListOp *op = (ListOp *) ctx;

  op->fn (error == NULL ? op->devices : NULL, error, op->data);
}

static void
list_clear (MsgOp *ctx)
{
  g_ptr_array_unref (((ListOp *) ctx)->devices);
}

void
msg_device_list (MsgCore *core, MsgId user_id, MsgDevicesFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (ListOp), list_reply, list_clear };
  ListOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = msg_op_new (core, &class);
  op->user_id = user_id;
  op->fn = fn;
  op->data = data;
  op->devices = g_ptr_array_new_with_free_func ((GDestroyNotify) msg_device_free);
  msg_op_read (op, list_run, msg_op_end);
}

/* --- Removing --- */

typedef struct {
  MsgOp op;
  MsgId user_id, device_id;
  int64_t now_ms;
  MsgDoneFn fn;
  gpointer data;
} RemoveOp;

static bool
remove_run (MsgDb *db, gpointer ctx, GError **error)
{
  RemoveOp *op = ctx;
  MsgStmt *stmt;
  bool dropped;

  if (!msg_session_drop (db, op->user_id, op->device_id, op->now_ms, &dropped, error)
      || !msg_notice_forget_device (db, op->device_id, error))
    return false;
  stmt = msg_db_prepare (db, "DELETE FROM devices WHERE id = :id AND user_id = :user");
  msg_stmt_set_int (stmt, ":id", op->device_id);
  msg_stmt_set_int (stmt, ":user", op->user_id);
  if (!msg_stmt_run (stmt, error))
    return false;
  if (msg_db_changes (db) == 1)
    return true;
  g_propagate_error (error, msg_error_new (MSG_ERROR_NOT_FOUND, "device", "There is no such device."));
  return false;
}

static void
remove_reply (MsgOp *ctx, const GError *error)
{
  RemoveOp *op = (RemoveOp *) ctx;

  if (error == NULL)
    msg_core_sessions_ended (op->op.core, op->user_id, op->device_id, 0, MSG_END_REVOKED);
  op->fn (error, op->data);
}

void
msg_device_remove (MsgCore *core, MsgId user_id, MsgId device_id, MsgDoneFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (RemoveOp), remove_reply, NULL };
  RemoveOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = msg_op_new (core, &class);
  op->user_id = user_id;
  op->device_id = device_id;
  op->now_ms = msg_core_now_ms (core);
  op->fn = fn;
  op->data = data;
  msg_op_write (op, remove_run, msg_op_end);
}
