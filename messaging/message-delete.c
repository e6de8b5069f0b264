/* SPDX-License-Identifier: Apache-2.0 */
/* Deleting, for oneself or for all. */
#include <string.h>

#include "messaging/discussion-rows.h"
#include "messaging/file-rows.h"
#include "messaging/log-op.h"
#include "messaging/search-rows.h"

typedef struct {
  MsgLogOp log;
  GArray *ids;     /* of int64_t */
  bool for_all;
  MsgWrittenFn fn;
  gpointer data;
} DeleteOp;

static void
delete_reply (MsgOp *ctx, const GError *error)
{
  DeleteOp *op = (DeleteOp *) ctx;

  msg_log_op_tell (&op->log, error);
  op->fn (error == NULL ? &op->log.log.written : NULL, error, op->data);
}

static void
delete_clear (MsgOp *ctx)
{
  msg_log_op_clear (ctx);
  g_array_unref (((DeleteOp *) ctx)->ids);
}

static bool
hide_one (MsgDb *db, const DeleteOp *op, const MsgMessage *message, GError **error)
{
  MsgStmt *stmt;

  if (!msg_message_hide (db, op->log.user_id, message->chat_id, message->id, error))
    return false;
  stmt = msg_db_prepare (db, "UPDATE chat_members SET unread = unread - 1 WHERE chat_id = :chat AND user_id = :user"
                             " AND read_id < :id AND user_id <> :sender AND unread > 0");
  msg_stmt_set_int (stmt, ":chat", message->chat_id);
  msg_stmt_set_int (stmt, ":user", op->log.user_id);
  msg_stmt_set_int (stmt, ":id", message->id);
  msg_stmt_set_int (stmt, ":sender", message->sender_id);
  return msg_stmt_run (stmt, error);
}

/* In chats that count for each member. */
static bool
count_down (MsgDb *db, const MsgMessage *message, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE chat_members SET unread = unread - 1 WHERE chat_id = :chat"
                                      " AND role >= 3 AND read_id < :id AND first_id <= :id AND user_id <> :sender"
                                      " AND unread > 0 AND NOT EXISTS (SELECT 1 FROM message_hidden h"
                                      " WHERE h.user_id = chat_members.user_id AND h.chat_id = :chat"
                                      " AND h.message_id = :id)");

  msg_stmt_set_int (stmt, ":chat", message->chat_id);
  msg_stmt_set_int (stmt, ":id", message->id);
  msg_stmt_set_int (stmt, ":sender", message->sender_id);
  return msg_stmt_run (stmt, error);
}

/* What is said is gone, the place stays: a retry of its sending must not make it anew. */
bool
msg_message_wipe (MsgDb *db, const MsgChat *chat, const MsgMessage *message, int64_t now_ms, GError **error)
{
  static const char *const scripts[] = {
    ("UPDATE messages SET deleted_ms = :now, expires_ms = 0, text = '', entities = NULL, data = NULL, forward = NULL,"
     " reactions = NULL, pinned_ms = 0, poll = NULL, quote = NULL, files = NULL WHERE chat_id = :chat AND id = :id"),
    "DELETE FROM message_reactions WHERE chat_id = :chat AND message_id = :id",
    "DELETE FROM poll_votes WHERE chat_id = :chat AND message_id = :id",
    "DELETE FROM message_edits WHERE chat_id = :chat AND message_id = :id",
    ("UPDATE chat_members SET mentions = mentions - 1 WHERE chat_id = :chat AND mentions > 0 AND read_id < :id"
     " AND user_id IN (SELECT user_id FROM message_mentions WHERE chat_id = :chat AND message_id = :id)"),
    "DELETE FROM message_mentions WHERE chat_id = :chat AND message_id = :id",
  };

  if ((!msg_chat_has_log (chat->kind) && !count_down (db, message, error)) || !msg_search_drop (db, message, error)
      || (message->reply_to != 0 && !msg_discussion_count (db, chat->id, message->reply_to, -1, error))
      || (message->files != NULL && !msg_files_detach (db, message->chat_id, message->id, error)))
    return false;
  for (unsigned i = 0; i < G_N_ELEMENTS (scripts); i++)
    {
      MsgStmt *stmt = msg_db_prepare (db, scripts[i]);

      msg_stmt_set_int (stmt, ":chat", message->chat_id);
      msg_stmt_set_int (stmt, ":id", message->id);
      if (i == 0)
        msg_stmt_set_int (stmt, ":now", now_ms);
      if (!msg_stmt_run (stmt, error))
        return false;
    }
  return true;
}

/* @update: gets the id of what was deleted */
static bool
delete_one (MsgDb *db, DeleteOp *op, const MsgChat *chat, int64_t id, MsgUpdate *update, GError **error)
{
  g_autoptr (MsgMessage) message = NULL;
  bool own;

  if (!msg_message_load (db, chat->id, op->log.user_id, id, &message, error))
    return false;
  if (message == NULL)
    return true;
  g_array_append_val (update->ids, id);
  if (!op->for_all)
    return hide_one (db, op, message, error);
  own = message->sender_id == op->log.user_id && message->kind != MSG_MESSAGE_SERVICE;
  return msg_chat_allow (chat->kind, chat->permissions, &chat->standing,
                         own ? MSG_ACT_DELETE_OWN : MSG_ACT_DELETE_OTHERS, NULL, error)
         && msg_message_wipe (db, chat, message, op->log.log.now_ms, error);
}

static bool
delete_run (MsgDb *db, gpointer ctx, GError **error)
{
  DeleteOp *op = ctx;
  MsgLog *log = &op->log.log;
  g_autoptr (MsgChat) chat = NULL;
  g_autoptr (MsgUpdate) update = msg_update_new (MSG_UPDATE_MESSAGE_DELETED, op->log.chat_id);

  msg_log_reset (log);
  chat = msg_chat_load_for (db, op->log.chat_id, op->log.user_id, MSG_ACT_MARK, log->now_ms, error);
  if (chat == NULL)
    return false;
  update->ids = g_array_new (FALSE, FALSE, sizeof (int64_t));
  for (unsigned i = 0; i < op->ids->len; i++)
    if (!delete_one (db, op, chat, g_array_index (op->ids, int64_t, i), update, error))
      return false;
  if (update->ids->len == 0)
    return msg_log_finish (db, log, error);
  if (op->for_all && !msg_discussion_delete (db, log, chat, update->ids, error))
    return false;
  return op->for_all ? msg_log_append (db, log, chat, g_steal_pointer (&update), 0, error)
                     : msg_log_append_one (db, log, g_steal_pointer (&update), op->log.user_id, error);
}

void
msg_message_delete (MsgCore *core, MsgId user_id, MsgId chat_id, const int64_t *ids, unsigned n, bool for_all,
                    MsgWrittenFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (DeleteOp), delete_reply, delete_clear };
  DeleteOp *op;

  g_return_if_fail (core != NULL && (ids != NULL || n == 0) && fn != NULL);
  op = msg_log_op_new (core, &class, user_id, chat_id);
  op->ids = g_array_append_vals (g_array_new (FALSE, FALSE, sizeof (int64_t)), ids, MIN (n, MSG_DELETE_MAX));
  op->for_all = for_all;
  op->fn = fn;
  op->data = data;
  if (n < 1 || n > MSG_DELETE_MAX)
    msg_op_fail (&op->log.op, msg_error_new (MSG_ERROR_INVALID, "limit", "1 to %d messages at once.", MSG_DELETE_MAX));
  else
    msg_op_write (op, delete_run, msg_op_end);
}
