/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/notice.h"

#include "messaging/core-private.h"
#include "messaging/notice-rows.h"
#include "messaging/rows.h"

MsgNotice *
msg_notice_copy (const MsgNotice *notice)
{
  MsgNotice *copy;

  g_return_val_if_fail (notice != NULL, NULL);
  copy = g_memdup2 (notice, sizeof *notice);
  copy->device = msg_device_copy (notice->device);
  return copy;
}

void
msg_notice_free (MsgNotice *notice)
{
  if (notice == NULL)
    return;
  msg_device_free (notice->device);
  g_free (notice);
}

/* --- Rows --- */

bool
msg_notice_put (MsgDb *db, const MsgDevice *device, bool known, int64_t now_ms, bool *ret_told, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "INSERT INTO login_notices (device_id, about_id, at_ms, known)"
                                      " SELECT s.device_id, CAST (:about AS BIGINT), CAST (:now AS BIGINT),"
                                      " CAST (:known AS BIGINT) FROM sessions s"
                                      " WHERE s.user_id = :user AND s.device_id <> :about"
                                      " ON CONFLICT (device_id, about_id) DO UPDATE SET at_ms = :now");

  msg_stmt_set_int (stmt, ":about", device->id);
  msg_stmt_set_int (stmt, ":user", device->user_id);
  msg_stmt_set_int (stmt, ":now", now_ms);
  msg_stmt_set_int (stmt, ":known", known);
  if (!msg_stmt_run (stmt, error))
    return false;
  *ret_told = msg_db_changes (db) > 0;
  return true;
}

bool
msg_notice_load (MsgDb *db, MsgId device_id, GPtrArray **ret_notices, GError **error)
{
  g_autoptr (GPtrArray) notices = g_ptr_array_new_with_free_func ((GDestroyNotify) msg_notice_free);
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " MSG_DEVICE_COLUMNS ", n.at_ms, n.known FROM login_notices n"
                                      " JOIN devices d ON d.id = n.about_id WHERE n.device_id = :device"
                                      " ORDER BY n.at_ms, n.about_id");
  MsgStep step;

  msg_stmt_set_int (stmt, ":device", device_id);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      MsgNotice *notice = g_new0 (MsgNotice, 1);

      notice->device = msg_device_from_row (stmt, 0);
      notice->at_ms = msg_stmt_get_int (stmt, MSG_DEVICE_N_COLUMNS);
      notice->known = msg_stmt_get_int (stmt, MSG_DEVICE_N_COLUMNS + 1) != 0;
      g_ptr_array_add (notices, notice);
    }
  if (step == MSG_STEP_ERROR)
    return false;
  *ret_notices = g_steal_pointer (&notices);
  return true;
}

bool
msg_notice_forget_device (MsgDb *db, MsgId device_id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "DELETE FROM login_notices WHERE device_id = :device OR about_id = :device");

  msg_stmt_set_int (stmt, ":device", device_id);
  return msg_stmt_run (stmt, error);
}

/* --- Dismissing --- */

typedef struct {
  MsgOp op;
  MsgId device_id, about;
  MsgDoneFn fn;
  gpointer data;
} DismissOp;

static bool
dismiss_run (MsgDb *db, gpointer ctx, GError **error)
{
  DismissOp *op = ctx;
  MsgStmt *stmt = msg_db_prepare (db, "DELETE FROM login_notices WHERE device_id = :device AND about_id = :about");

  msg_stmt_set_int (stmt, ":device", op->device_id);
  msg_stmt_set_int (stmt, ":about", op->about);
  return msg_stmt_run (stmt, error);
}

static void
dismiss_reply (MsgOp *ctx, const GError *error)
{
  DismissOp *op = (DismissOp *) ctx;

  op->fn (error, op->data);
}

void
msg_notice_dismiss (MsgCore *core, MsgId device_id, MsgId about, MsgDoneFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (DismissOp), dismiss_reply, NULL };
  DismissOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = msg_op_new (core, &class);
  op->device_id = device_id;
  op->about = about;
  op->fn = fn;
  op->data = data;
  msg_op_write (op, dismiss_run, msg_op_end);
}

void
msg_core_set_logged_in_fn (MsgCore *core, MsgLoggedInFn fn, gpointer data)
{
  g_return_if_fail (core != NULL);
  core->logged_in_fn = fn;
  core->logged_in_data = data;
}
