/* SPDX-License-Identifier: Apache-2.0 */
/* Marks: what has arrived at somebody, and what was read. They go forward only. */
#include "messaging/log-op.h"

typedef struct {
  MsgLogOp log;
  MsgMark mark;
  int64_t up_to;
  MsgWrittenFn fn;
  gpointer data;
} MarkOp;

static void
mark_reply (MsgOp *ctx, const GError *error)
{
  MarkOp *op = (MarkOp *) ctx;

  msg_log_op_tell (&op->log, error);
  op->fn (error == NULL ? &op->log.log.written : NULL, error, op->data);
}

/* what is behind the mark, counted anew */
static bool
count_unread (MsgDb *db, const MarkOp *op, const MsgChat *chat, MsgUpdate *update, GError **error)
{
  MsgStmt *stmt;

  if (op->up_to >= chat->top_id)
    return true;
  if (!msg_chat_count_unread (db, chat, op->log.user_id, op->up_to, &update->unread, error))
    return false;
  stmt = msg_db_prepare (db, "SELECT COUNT (*) FROM message_mentions"
                             " WHERE chat_id = :chat AND user_id = :user AND message_id > :up_to");
  msg_stmt_set_int (stmt, ":user", op->log.user_id);
  msg_stmt_set_int (stmt, ":chat", chat->id);
  msg_stmt_set_int (stmt, ":up_to", op->up_to);
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  update->mentions = (unsigned) msg_stmt_get_int (stmt, 0);
  return true;
}

static bool
put_read (MsgDb *db, const MarkOp *op, const MsgChat *chat, const MsgUpdate *update, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE chat_members SET read_id = :up_to, unread = :unread,"
                                      " mentions = :mentions,"
                                      " delivered_id = CASE WHEN delivered_id < :up_to THEN :up_to ELSE delivered_id END"
                                      " WHERE chat_id = :chat AND user_id = :user");

  msg_stmt_set_int (stmt, ":up_to", op->up_to);
  msg_stmt_set_int (stmt, ":unread", msg_chat_has_log (chat->kind) ? 0 : update->unread);
  msg_stmt_set_int (stmt, ":mentions", update->mentions);
  msg_stmt_set_int (stmt, ":chat", op->log.chat_id);
  msg_stmt_set_int (stmt, ":user", op->log.user_id);
  return msg_stmt_run (stmt, error);
}

static MsgUpdate *
mark_update (const MarkOp *op, MsgUpdateType type)
{
  MsgUpdate *update = msg_update_new (type, op->log.chat_id);

  update->user_id = op->log.user_id;
  update->up_to = op->up_to;
  return update;
}

/* the reader's own devices learn what is left, the others how far it was read, where they are few */
static bool
mark_read (MsgDb *db, MarkOp *op, MsgChat *chat, GError **error)
{
  g_autoptr (MsgUpdate) own = mark_update (op, MSG_UPDATE_READ);

  own->has_counts = true;
  return count_unread (db, op, chat, own, error) && put_read (db, op, chat, own, error)
         && msg_log_append_one (db, &op->log.log, g_steal_pointer (&own), op->log.user_id, error)
         && (msg_chat_has_log (chat->kind)
             || msg_log_append (db, &op->log.log, chat, mark_update (op, MSG_UPDATE_READ), op->log.user_id, error));
}

/* nobody asks who of very many has got something */
static bool
mark_delivered (MsgDb *db, MarkOp *op, MsgChat *chat, GError **error)
{
  MsgStmt *stmt;

  if (msg_chat_has_log (chat->kind))
    return msg_log_finish (db, &op->log.log, error);
  stmt = msg_db_prepare (db, "UPDATE chat_members SET delivered_id = :up_to WHERE chat_id = :chat AND user_id = :user");
  msg_stmt_set_int (stmt, ":up_to", op->up_to);
  msg_stmt_set_int (stmt, ":chat", op->log.chat_id);
  msg_stmt_set_int (stmt, ":user", op->log.user_id);
  return msg_stmt_run (stmt, error)
         && msg_log_append (db, &op->log.log, chat, mark_update (op, MSG_UPDATE_DELIVERED), op->log.user_id, error)
         && msg_log_finish (db, &op->log.log, error);
}

static bool
mark_run (MsgDb *db, gpointer ctx, GError **error)
{
  MarkOp *op = ctx;
  MsgLog *log = &op->log.log;
  g_autoptr (MsgChat) chat = NULL;

  msg_log_reset (log);
  chat = msg_chat_load_for (db, op->log.chat_id, op->log.user_id, MSG_ACT_MARK, log->now_ms, error);
  if (chat == NULL)
    return false;
  if (op->up_to < 1 || op->up_to > chat->top_id)
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "message", "No message of this chat has that id."));
      return false;
    }
  if (op->up_to <= (op->mark == MSG_MARK_READ ? chat->read_id : chat->delivered_id))
    return msg_log_finish (db, log, error);
  return op->mark == MSG_MARK_READ ? mark_read (db, op, chat, error) : mark_delivered (db, op, chat, error);
}

void
msg_message_mark (MsgCore *core, MsgId user_id, MsgId chat_id, MsgMark mark, int64_t up_to, MsgWrittenFn fn,
                  gpointer data)
{
  static const MsgOpClass class = { sizeof (MarkOp), mark_reply, msg_log_op_clear };
  MarkOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = msg_log_op_new (core, &class, user_id, chat_id);
  op->mark = mark;
  op->up_to = up_to;
  op->fn = fn;
  op->data = data;
  msg_op_write (op, mark_run, msg_op_end);
}
