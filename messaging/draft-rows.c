/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/draft-rows.h"

MsgDraft *
msg_draft_copy (const MsgDraft *draft)
{
  MsgDraft *copy;

  g_return_val_if_fail (draft != NULL, NULL);
  copy = g_memdup2 (draft, sizeof *draft);
  copy->text = g_strdup (draft->text);
  copy->entities = g_strdup (draft->entities);
  return copy;
}

void
msg_draft_free (MsgDraft *draft)
{
  if (draft == NULL)
    return;
  g_free (draft->text);
  g_free (draft->entities);
  g_free (draft);
}

bool
msg_draft_load (MsgDb *db, MsgId user_id, MsgId chat_id, MsgDraft **ret_draft, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT at_ms, text, entities, reply_to FROM drafts"
                                      " WHERE user_id = :user AND chat_id = :chat");
  MsgDraft *draft = NULL;
  MsgStep step;

  msg_stmt_set_int (stmt, ":user", user_id);
  msg_stmt_set_int (stmt, ":chat", chat_id);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_ERROR)
    return false;
  if (step == MSG_STEP_ROW)
    {
      draft = g_new0 (MsgDraft, 1);
      draft->at_ms = msg_stmt_get_int (stmt, 0);
      draft->text = g_strdup (msg_stmt_get_text (stmt, 1));
      draft->entities = g_strdup (msg_stmt_get_text (stmt, 2));
      draft->reply_to = msg_stmt_get_int (stmt, 3);
    }
  *ret_draft = draft;
  return true;
}

static bool
tell (MsgDb *db, MsgLog *log, MsgId user_id, MsgId chat_id, const MsgDraft *draft, GError **error)
{
  MsgUpdate *update = msg_update_new (MSG_UPDATE_DRAFT, chat_id);

  update->draft = draft != NULL ? msg_draft_copy (draft) : NULL;
  return msg_log_append_one (db, log, update, user_id, error);
}

static bool
drop (MsgDb *db, MsgId user_id, MsgId chat_id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "DELETE FROM drafts WHERE user_id = :user AND chat_id = :chat");

  msg_stmt_set_int (stmt, ":user", user_id);
  msg_stmt_set_int (stmt, ":chat", chat_id);
  return msg_stmt_run (stmt, error);
}

bool
msg_draft_put (MsgDb *db, MsgLog *log, MsgId user_id, MsgId chat_id, const MsgDraft *draft, GError **error)
{
  MsgStmt *stmt;

  if (draft == NULL)
    return drop (db, user_id, chat_id, error) && tell (db, log, user_id, chat_id, NULL, error);
  stmt = msg_db_prepare (db, "INSERT INTO drafts (user_id, chat_id, at_ms, text, entities, reply_to)"
                             " VALUES (:user, :chat, :at, :text, :entities, :reply)"
                             " ON CONFLICT (user_id, chat_id) DO UPDATE SET at_ms = :at, text = :text,"
                             " entities = :entities, reply_to = :reply");
  msg_stmt_set_int (stmt, ":user", user_id);
  msg_stmt_set_int (stmt, ":chat", chat_id);
  msg_stmt_set_int (stmt, ":at", draft->at_ms);
  msg_stmt_set_text (stmt, ":text", draft->text);
  msg_stmt_set_text (stmt, ":entities", draft->entities);
  msg_stmt_set_int (stmt, ":reply", draft->reply_to);
  return msg_stmt_run (stmt, error) && tell (db, log, user_id, chat_id, draft, error);
}

bool
msg_draft_clear (MsgDb *db, MsgLog *log, MsgId user_id, MsgId chat_id, GError **error)
{
  if (!drop (db, user_id, chat_id, error))
    return false;
  return msg_db_changes (db) == 0 || tell (db, log, user_id, chat_id, NULL, error);
}
