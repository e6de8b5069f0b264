/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the update log: a handful of statements whatever the number of members. The writer is alone, so that numbers
 * which were read are still true when they are written. */
#include "messaging/log-rows.h"

#include <string.h>

static void
update_free (gpointer update)
{
  msg_update_free (update);
}

void
msg_log_init (MsgLog *log, MsgId user_id, int64_t now_ms)
{
  log->user_id = user_id;
  log->now_ms = now_ms;
  log->due_ms = G_MAXINT64;
  log->updates = g_ptr_array_new_with_free_func (update_free);
}

void
msg_log_clear (MsgLog *log)
{
  g_clear_pointer (&log->updates, g_ptr_array_unref);
}

void
msg_log_reset (MsgLog *log)
{
  log->written = (MsgWritten){ 0 };
  log->due_ms = G_MAXINT64;
  g_ptr_array_set_size (log->updates, 0);
}

MsgUpdate *
msg_update_new (MsgUpdateType type, MsgId chat_id)
{
  MsgUpdate *update = g_new0 (MsgUpdate, 1);

  update->type = type;
  update->chat_id = chat_id;
  update->to = g_array_new (FALSE, FALSE, sizeof (MsgUpdateTo));
  return update;
}

void
msg_update_free (MsgUpdate *update)
{
  if (update == NULL)
    return;
  msg_message_free (update->message);
  msg_chat_free (update->chat);
  msg_draft_free (update->draft);
  msg_scheduled_free (update->scheduled);
  g_clear_pointer (&update->ids, g_array_unref);
  g_array_unref (update->to);
  g_free (update);
}

bool
msg_log_enter (MsgDb *db, MsgId user_id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "INSERT INTO user_pts (user_id, pts) VALUES (:user, 0)"
                                      " ON CONFLICT (user_id) DO NOTHING");

  msg_stmt_set_int (stmt, ":user", user_id);
  return msg_stmt_run (stmt, error);
}

static char *
write_ids (const GArray *ids)
{
  GString *text;

  if (ids == NULL)
    return NULL;
  text = g_string_new (NULL);
  for (unsigned i = 0; i < ids->len; i++)
    g_string_append_printf (text, i > 0 ? ",%" G_GINT64_FORMAT : "%" G_GINT64_FORMAT, g_array_index (ids, int64_t, i));
  return g_string_free (text, FALSE);
}

static void
row_bind (MsgStmt *stmt, const MsgLog *log, const MsgUpdate *update)
{
  g_autofree char *data = write_ids (update->ids);

  msg_stmt_set_int (stmt, ":type", update->type);
  msg_stmt_set_int (stmt, ":chat", update->chat_id);
  msg_stmt_set_int (stmt, ":message", update->message != NULL ? update->message->id : update->up_to);
  msg_stmt_set_int (stmt, ":subject", update->user_id);
  msg_stmt_set_text (stmt, ":data", data);
  msg_stmt_set_int (stmt, ":now", log->now_ms);
}

static void
add_to (MsgLog *log, MsgUpdate *update, MsgId user_id, int64_t pts)
{
  MsgUpdateTo to = { user_id, pts };

  g_array_append_val (update->to, to);
  if (user_id == log->user_id)
    {
      log->written.pts = pts;
      log->written.count++;
    }
}

/* Whom an update is for. Of an edit, a reaction, a pin only those hear who see the message: not who came later, nor who has
 * deleted it. */
#define EVERYBODY "m.chat_id = :chat AND m.role >= 3 AND m.user_id <> :except"
#define WHO_SEES_IT                                                                                                    \
  EVERYBODY " AND m.first_id <= :message AND NOT EXISTS (SELECT 1 FROM message_hidden h"                               \
            " WHERE h.user_id = m.user_id AND h.chat_id = m.chat_id AND h.message_id = :message)"

#define SELECT_FOR(who)                                                                                                \
  "SELECT m.user_id, p.pts FROM chat_members m JOIN user_pts p ON p.user_id = m.user_id WHERE " who
#define COUNT_FOR(who)                                                                                                 \
  "UPDATE user_pts SET pts = pts + 1 WHERE user_id IN (SELECT m.user_id FROM chat_members m WHERE " who ")"
#define INSERT_FOR(who)                                                                                                \
  "INSERT INTO updates (user_id, pts, type, chat_id, message_id, subject_id, data, at_ms)"                             \
  " SELECT p.user_id, p.pts, :type, :chat, :message, :subject, :data, :now"                                            \
  " FROM chat_members m JOIN user_pts p ON p.user_id = m.user_id WHERE " who

typedef struct {
  const char *select, *count, *insert;
} AppendSql;

static const AppendSql for_everybody = { SELECT_FOR (EVERYBODY), COUNT_FOR (EVERYBODY), INSERT_FOR (EVERYBODY) };
static const AppendSql for_who_sees_it = { SELECT_FOR (WHO_SEES_IT), COUNT_FOR (WHO_SEES_IT), INSERT_FOR (WHO_SEES_IT) };

static MsgStmt *
prepare_for (MsgDb *db, const char *sql, const MsgUpdate *update, MsgId except_id)
{
  MsgStmt *stmt = msg_db_prepare (db, sql);

  msg_stmt_set_int (stmt, ":chat", update->chat_id);
  msg_stmt_set_int (stmt, ":except", except_id);
  if (msg_update_is_of_message (update->type))
    msg_stmt_set_int (stmt, ":message", update->message->id);
  return stmt;
}

/* One row and one number, however many members there are. */
static bool
append_to_chat (MsgDb *db, MsgLog *log, MsgChat *chat, MsgUpdate *update, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE chats SET pts = :pts WHERE id = :chat");

  update->chat_pts = ++chat->pts;
  log->written.chat_pts = chat->pts;
  log->written.chat_count++;
  msg_stmt_set_int (stmt, ":pts", chat->pts);
  msg_stmt_set_int (stmt, ":chat", chat->id);
  if (!msg_stmt_run (stmt, error))
    return false;
  stmt = msg_db_prepare (db, "INSERT INTO chat_updates (chat_id, pts, type, message_id, subject_id, data, at_ms)"
                             " VALUES (:chat, :pts, :type, :message, :subject, :data, :now)");
  row_bind (stmt, log, update);
  msg_stmt_set_int (stmt, ":pts", chat->pts);
  return msg_stmt_run (stmt, error) && msg_log_finish (db, log, error);
}

bool
msg_log_append (MsgDb *db, MsgLog *log, MsgChat *chat, MsgUpdate *update, MsgId except_id, GError **error)
{
  const AppendSql *sql = msg_update_is_of_message (update->type) ? &for_who_sees_it : &for_everybody;
  MsgStmt *stmt;
  MsgStep step;

  g_ptr_array_add (log->updates, update);
  if (msg_chat_has_log (chat->kind))
    return append_to_chat (db, log, chat, update, error);
  stmt = prepare_for (db, sql->select, update, except_id);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    add_to (log, update, msg_stmt_get_int (stmt, 0), msg_stmt_get_int (stmt, 1) + 1);
  if (step == MSG_STEP_ERROR || !msg_stmt_run (prepare_for (db, sql->count, update, except_id), error))
    return false;
  stmt = prepare_for (db, sql->insert, update, except_id);
  row_bind (stmt, log, update);
  return msg_stmt_run (stmt, error);
}

bool
msg_log_get_pts (MsgDb *db, MsgId user_id, int64_t *ret_pts, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT pts FROM user_pts WHERE user_id = :user");
  MsgStep step;

  msg_stmt_set_int (stmt, ":user", user_id);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_ERROR)
    return false;
  *ret_pts = step == MSG_STEP_ROW ? msg_stmt_get_int (stmt, 0) : 0;
  return true;
}

bool
msg_log_append_one (MsgDb *db, MsgLog *log, MsgUpdate *update, MsgId user_id, GError **error)
{
  MsgStmt *stmt;
  int64_t pts;

  g_ptr_array_add (log->updates, update);
  if (!msg_log_get_pts (db, user_id, &pts, error))
    return false;
  add_to (log, update, user_id, ++pts);
  stmt = msg_db_prepare (db, "UPDATE user_pts SET pts = :pts WHERE user_id = :user");
  msg_stmt_set_int (stmt, ":pts", pts);
  msg_stmt_set_int (stmt, ":user", user_id);
  if (!msg_stmt_run (stmt, error))
    return false;
  stmt = msg_db_prepare (db, "INSERT INTO updates (user_id, pts, type, chat_id, message_id, subject_id, data, at_ms)"
                             " VALUES (:user, :pts, :type, :chat, :message, :subject, :data, :now)");
  row_bind (stmt, log, update);
  msg_stmt_set_int (stmt, ":user", user_id);
  msg_stmt_set_int (stmt, ":pts", pts);
  return msg_stmt_run (stmt, error);
}

bool
msg_log_finish (MsgDb *db, MsgLog *log, GError **error)
{
  return log->written.count > 0 || msg_log_get_pts (db, log->user_id, &log->written.pts, error);
}
