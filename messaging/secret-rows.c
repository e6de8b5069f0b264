/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/secret-rows.h"

#include <string.h>

/* --- Chats --- */

void
msg_secret_from_row (MsgStmt *stmt, MsgSecretRow *ret_row)
{
  gsize len;
  const void *id = msg_stmt_get_bytes (stmt, 0, &len);

  *ret_row = (MsgSecretRow){ .state = (MsgSecretState) msg_stmt_get_int (stmt, 1),
                             .caller_user = msg_stmt_get_int (stmt, 2),
                             .caller_device = msg_stmt_get_int (stmt, 3),
                             .callee_user = msg_stmt_get_int (stmt, 4),
                             .callee_device = msg_stmt_get_int (stmt, 5),
                             .withheld = msg_stmt_get_int (stmt, 6) != 0,
                             .created_ms = msg_stmt_get_int (stmt, 7),
                             .expires_ms = msg_stmt_get_int (stmt, 8) };
  if (len == sizeof ret_row->secret_id)
    memcpy (ret_row->secret_id, id, len);
}

bool
msg_secret_load (MsgDb *db, const uint8_t *secret_id, MsgSecretRow *ret_row, bool *ret_known, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " MSG_SECRET_COLUMNS " FROM secret_chats c WHERE c.secret_id = :id");
  MsgStep step;

  msg_stmt_set_bytes (stmt, ":id", secret_id, MSG_SECRET_ID_BYTES);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_ROW)
    msg_secret_from_row (stmt, ret_row);
  *ret_known = step == MSG_STEP_ROW;
  return step != MSG_STEP_ERROR;
}

bool
msg_secret_delete (MsgDb *db, const uint8_t *secret_id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "DELETE FROM secret_sent WHERE secret_id = :id");

  msg_stmt_set_bytes (stmt, ":id", secret_id, MSG_SECRET_ID_BYTES);
  if (!msg_stmt_run (stmt, error))
    return false;
  stmt = msg_db_prepare (db, "DELETE FROM secret_chats WHERE secret_id = :id");
  msg_stmt_set_bytes (stmt, ":id", secret_id, MSG_SECRET_ID_BYTES);
  return msg_stmt_run (stmt, error);
}

int64_t
msg_secret_count (MsgDb *db, MsgId device_id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT (SELECT COUNT (*) FROM secret_chats a WHERE a.caller_device = :device)"
                                      " + (SELECT COUNT (*) FROM secret_chats b WHERE b.callee_device = :device)");

  msg_stmt_set_int (stmt, ":device", device_id);
  return msg_stmt_step (stmt, error) == MSG_STEP_ROW ? msg_stmt_get_int (stmt, 0) : -1;
}

bool
msg_secret_check_session (MsgDb *db, MsgId user_id, MsgId device_id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT 1 FROM sessions WHERE device_id = :device AND user_id = :user");
  MsgStep step;

  msg_stmt_set_int (stmt, ":device", device_id);
  msg_stmt_set_int (stmt, ":user", user_id);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_DONE)
    g_propagate_error (error, msg_error_new (MSG_ERROR_NOT_FOUND, "session", "This device is not logged in."));
  return step == MSG_STEP_ROW;
}

/* --- Sessions that end --- */

bool
msg_secret_drop_device (MsgDb *db, MsgId device_id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE secret_chats SET state = 2"
                                      " WHERE caller_device = :device OR callee_device = :device");

  msg_stmt_set_int (stmt, ":device", device_id);
  if (!msg_stmt_run (stmt, error))
    return false;
  stmt = msg_db_prepare (db, "DELETE FROM secret_queue WHERE device_id = :device");
  msg_stmt_set_int (stmt, ":device", device_id);
  return msg_stmt_run (stmt, error);
}

bool
msg_secret_drop_user (MsgDb *db, MsgId user_id, MsgId except_device_id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE secret_chats SET state = 2"
                                      " WHERE (caller_user = :user AND caller_device <> :except)"
                                      " OR (callee_user = :user AND callee_device <> 0 AND callee_device <> :except)");

  msg_stmt_set_int (stmt, ":user", user_id);
  msg_stmt_set_int (stmt, ":except", except_device_id);
  if (!msg_stmt_run (stmt, error))
    return false;
  stmt = msg_db_prepare (db, "DELETE FROM secret_queue WHERE device_id IN"
                             " (SELECT d.id FROM devices d WHERE d.user_id = :user AND d.id <> :except)");
  msg_stmt_set_int (stmt, ":user", user_id);
  msg_stmt_set_int (stmt, ":except", except_device_id);
  return msg_stmt_run (stmt, error);
}

/* --- Events --- */

MsgSecretEvent *
msg_secret_event_new (MsgSecretKind kind, const uint8_t *secret_id, MsgId to_user, int64_t at_ms)
{
  MsgSecretEvent *event = g_new0 (MsgSecretEvent, 1);

  event->kind = kind;
  event->to_user = to_user;
  event->at_ms = at_ms;
  memcpy (event->secret_id, secret_id, sizeof event->secret_id);
  return event;
}

void
msg_secret_event_free (MsgSecretEvent *event)
{
  if (event == NULL)
    return;
  g_free (event->blob);
  msg_user_free (event->from);
  msg_device_free (event->device);
  g_free (event);
}

void
msg_core_set_secret_fn (MsgCore *core, MsgSecretEventFn fn, gpointer data)
{
  g_return_if_fail (core != NULL);
  core->secret_fn = fn;
  core->secret_data = data;
}

gpointer
msg_secret_op_new (MsgCore *core, const MsgOpClass *class)
{
  MsgSecretOp *op = msg_op_new (core, class);

  op->now_ms = msg_core_now_ms (core);
  op->events = g_ptr_array_new_with_free_func ((GDestroyNotify) msg_secret_event_free);
  return op;
}

void
msg_secret_op_clear (MsgOp *op)
{
  g_ptr_array_unref (((MsgSecretOp *) op)->events);
}

void
msg_secret_op_tell (MsgSecretOp *op, const GError *error)
{
  MsgCore *core = op->op.core;

  if (error != NULL || core->secret_fn == NULL)
    return;
  for (unsigned i = 0; i < op->events->len; i++)
    core->secret_fn (op->events->pdata[i], core->secret_data);
}

/* --- Queues --- */

static bool
next_qts (MsgDb *db, MsgId device_id, int64_t *ret_qts, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "INSERT INTO secret_counts AS t (device_id, qts) VALUES (:device, 1)"
                                      " ON CONFLICT (device_id) DO UPDATE SET qts = t.qts + 1");

  msg_stmt_set_int (stmt, ":device", device_id);
  if (!msg_stmt_run (stmt, error))
    return false;
  stmt = msg_db_prepare (db, "SELECT qts FROM secret_counts WHERE device_id = :device");
  msg_stmt_set_int (stmt, ":device", device_id);
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  *ret_qts = msg_stmt_get_int (stmt, 0);
  return true;
}

bool
msg_secret_queue_put (MsgDb *db, MsgSecretOp *op, MsgSecretEvent *event, GError **error)
{
  MsgStmt *stmt;

  g_ptr_array_add (op->events, event);
  if (!next_qts (db, event->to_device, &event->qts, error))
    return false;
  stmt = msg_db_prepare (db, "INSERT INTO secret_queue (device_id, qts, secret_id, kind, at_ms, from_device, reason, silent,"
                             " size, blob) VALUES (:device, :qts, :id, :kind, :now, :from, :reason, :silent, :size, :blob)");
  msg_stmt_set_int (stmt, ":device", event->to_device);
  msg_stmt_set_int (stmt, ":qts", event->qts);
  msg_stmt_set_bytes (stmt, ":id", event->secret_id, sizeof event->secret_id);
  msg_stmt_set_int (stmt, ":kind", event->kind);
  msg_stmt_set_int (stmt, ":now", event->at_ms);
  msg_stmt_set_int (stmt, ":from", event->device_id);
  msg_stmt_set_int (stmt, ":reason", event->reason);
  msg_stmt_set_int (stmt, ":silent", event->silent);
  msg_stmt_set_int (stmt, ":size", (int64_t) event->blob_len);
  msg_stmt_set_bytes (stmt, ":blob", event->blob, event->blob_len);
  return msg_stmt_run (stmt, error);
}

bool
msg_secret_put_end (MsgDb *db, MsgSecretOp *op, const uint8_t *secret_id, MsgId user_id, MsgId device_id,
                    MsgSecretEnd reason, GError **error)
{
  MsgSecretEvent *event = msg_secret_event_new (MSG_SECRET_ENDED, secret_id, user_id, op->now_ms);

  event->to_device = device_id;
  event->reason = reason;
  return msg_secret_queue_put (db, op, event, error);
}

void
msg_secret_withdraw (MsgSecretOp *op, const MsgSecretRow *row, MsgId except_device, MsgSecretEnd reason)
{
  MsgSecretEvent *event;

  if (row->withheld)
    return;
  event = msg_secret_event_new (MSG_SECRET_WITHDRAWN, row->secret_id, row->callee_user, op->now_ms);
  event->except_device = except_device;
  event->reason = reason;
  g_ptr_array_add (op->events, event);
}
