/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/expiry-rows.h"

#include "messaging/discussion-rows.h"
#include "messaging/log-op.h"

static void
free_message (gpointer message)
{
  msg_message_free (message);
}

bool
msg_expiry_find_next (MsgDb *db, int64_t *ret_ms, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT expires_ms FROM messages WHERE expires_ms > 0 ORDER BY expires_ms LIMIT 1");
  MsgStep step = msg_stmt_step (stmt, error);

  *ret_ms = step == MSG_STEP_ROW ? msg_stmt_get_int (stmt, 0) : G_MAXINT64;
  return step != MSG_STEP_ERROR;
}

/* nobody can read it: there is nobody to tell */
static bool
forget (MsgDb *db, const MsgMessage *message, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE messages SET expires_ms = 0 WHERE chat_id = :chat AND id = :id");

  msg_stmt_set_int (stmt, ":chat", message->chat_id);
  msg_stmt_set_int (stmt, ":id", message->id);
  return msg_stmt_run (stmt, error);
}

/* @messages: those of one chat, from @first on, are taken out: one row of the log tells of them. */
static bool
wipe_chat (MsgDb *db, MsgLog *log, const GPtrArray *messages, unsigned first, GError **error)
{
  MsgId chat_id = ((MsgMessage *) messages->pdata[first])->chat_id;
  g_autoptr (GError) missing = NULL;
  g_autoptr (MsgChat) chat = msg_chat_load (db, chat_id, 0, log->now_ms, &missing);
  g_autoptr (MsgUpdate) update = msg_update_new (MSG_UPDATE_MESSAGE_DELETED, chat_id);

  if (chat == NULL && missing->code == MSG_ERROR_UNAVAILABLE)
    {
      g_propagate_error (error, g_steal_pointer (&missing));
      return false;
    }
  update->ids = g_array_new (FALSE, FALSE, sizeof (int64_t));
  for (unsigned i = first; i < messages->len; i++)
    {
      const MsgMessage *message = messages->pdata[i];

      if (message->chat_id != chat_id)
        continue;
      g_array_append_val (update->ids, message->id);
      if (chat != NULL ? !msg_message_wipe (db, chat, message, log->now_ms, error) : !forget (db, message, error))
        return false;
    }
  return chat == NULL
         || (msg_discussion_delete (db, log, chat, update->ids, error)
             && msg_log_append (db, log, chat, g_steal_pointer (&update), 0, error));
}

static bool
is_first_of_chat (const GPtrArray *messages, unsigned at)
{
  for (unsigned i = 0; i < at; i++)
    if (((MsgMessage *) messages->pdata[i])->chat_id == ((MsgMessage *) messages->pdata[at])->chat_id)
      return false;
  return true;
}

bool
msg_expiry_run_due (MsgDb *db, MsgLog *log, unsigned max, GError **error)
{
  g_autoptr (GPtrArray) due = g_ptr_array_new_with_free_func (free_message);
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " MSG_MESSAGE_COLUMNS " FROM messages g"
                                      " WHERE g.expires_ms > 0 AND g.expires_ms <= :now"
                                      " ORDER BY g.expires_ms LIMIT :limit");
  MsgStep step;

  msg_stmt_set_int (stmt, ":user", 0);
  msg_stmt_set_int (stmt, ":now", log->now_ms);
  msg_stmt_set_int (stmt, ":limit", max);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    g_ptr_array_add (due, msg_message_from_row (stmt, 0));
  if (step == MSG_STEP_ERROR)
    return false;
  log->user_id = 0;
  for (unsigned i = 0; i < due->len; i++)
    if (is_first_of_chat (due, i) && !wipe_chat (db, log, due, i, error))
      return false;
  return true;
}
