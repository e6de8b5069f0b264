/* SPDX-License-Identifier: Apache-2.0 */
/* Title, about and permissions of a group. */
#include <string.h>

#include "messaging/log-op.h"
#include "messaging/names.h"
#include "messaging/service-data.h"

typedef struct {
  MsgLogOp log;
  char *title, *about; /* owned (nullable) */
  bool has_permissions;
  unsigned permissions;
  MsgWrittenFn fn;
  gpointer data;
} EditOp;

static void
edit_reply (MsgOp *ctx, const GError *error)
{
  EditOp *op = (EditOp *) ctx;

  msg_log_op_tell (&op->log, error);
  op->fn (error == NULL ? &op->log.log.written : NULL, error, op->data);
}

static void
edit_clear (MsgOp *ctx)
{
  EditOp *op = (EditOp *) ctx;

  msg_log_op_clear (ctx);
  g_free (op->title);
  g_free (op->about);
}

char *
msg_chat_tidy_about (const char *about, GError **error)
{
  g_autofree char *tidy = NULL;
  bool ok = about == NULL || g_utf8_validate (about, -1, NULL);

  if (ok)
    {
      tidy = about != NULL ? g_strstrip (g_strdup (about)) : g_strdup ("");
      ok = g_utf8_strlen (tidy, -1) <= MSG_CHAT_ABOUT_CHARS;
      for (const char *p = tidy; ok && *p != '\0'; p++)
        ok = (unsigned char) *p >= 0x20 || *p == '\n';
    }
  if (ok)
    return g_steal_pointer (&tidy);
  g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "about",
                                           "What a group is about has at most %d characters, no control characters.",
                                           MSG_CHAT_ABOUT_CHARS));
  return NULL;
}

/* Leaves in @op what is new alone. */
static bool
keep_changes (EditOp *op, const MsgChat *chat)
{
  if (op->title != NULL && strcmp (op->title, chat->title) == 0)
    g_clear_pointer (&op->title, g_free);
  if (op->about != NULL && strcmp (op->about, chat->about) == 0)
    g_clear_pointer (&op->about, g_free);
  op->has_permissions = op->has_permissions && op->permissions != chat->permissions;
  return op->title != NULL || op->about != NULL || op->has_permissions;
}

static bool
put_chat (MsgDb *db, const EditOp *op, const MsgChat *chat, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE chats SET title = :title, about = :about, permissions = :permissions"
                                      " WHERE id = :chat");

  msg_stmt_set_text (stmt, ":title", op->title != NULL ? op->title : chat->title);
  msg_stmt_set_text (stmt, ":about", op->about != NULL ? op->about : chat->about);
  msg_stmt_set_int (stmt, ":permissions", op->has_permissions ? op->permissions : chat->permissions);
  msg_stmt_set_int (stmt, ":chat", chat->id);
  return msg_stmt_run (stmt, error);
}

/* Each as they see it. */
static bool
tell_members (MsgDb *db, EditOp *op, GError **error)
{
  g_autoptr (GArray) users = msg_chat_list_users (db, op->log.chat_id, 0, error);

  for (unsigned i = 0; users != NULL && i < users->len; i++)
    {
      MsgId user_id = g_array_index (users, MsgId, i);
      MsgUpdate *update = msg_update_new (MSG_UPDATE_CHAT, op->log.chat_id);

      if (!msg_log_append_one (db, &op->log.log, update, user_id, error))
        return false;
      update->chat = msg_chat_load (db, op->log.chat_id, user_id, op->log.log.now_ms, error);
      if (update->chat == NULL)
        return false;
    }
  return users != NULL;
}

static bool
edit_run (MsgDb *db, gpointer ctx, GError **error)
{
  EditOp *op = ctx;
  MsgLog *log = &op->log.log;
  g_autoptr (MsgChat) chat = NULL;
  bool of_info = op->title != NULL || op->about != NULL;

  msg_log_reset (log);
  chat = msg_chat_load_for (db, op->log.chat_id, op->log.user_id, of_info ? MSG_ACT_INFO : MSG_ACT_PERMISSIONS,
                            log->now_ms, error);
  if (chat == NULL
      || (op->has_permissions
          && !msg_chat_allow (chat->kind, chat->permissions, &chat->standing, MSG_ACT_PERMISSIONS, NULL, error)))
    return false;
  if (!keep_changes (op, chat))
    return msg_log_finish (db, log, error);
  return put_chat (db, op, chat, error)
         && (op->title == NULL
             || msg_message_append_service (db, log, chat, op->log.user_id, msg_service_titled (op->title), error))
         && tell_members (db, op, error);
}

/* Returns: (nullable): why not */
static GError *
edit_take (EditOp *op, const MsgChatChange *given)
{
  GError *error = NULL;

  if (given->title != NULL)
    op->title = msg_text_tidy (given->title, MSG_CHAT_TITLE_CHARS, "title", "The title", &error);
  if (error == NULL && given->about != NULL)
    op->about = msg_chat_tidy_about (given->about, &error);
  if (error == NULL && given->has_permissions && (given->permissions & ~(unsigned) MSG_RIGHTS_MEMBER) != 0)
    error = msg_error_new (MSG_ERROR_INVALID, "rights", "Members do not have these rights.");
  op->has_permissions = given->has_permissions;
  op->permissions = given->permissions;
  return error;
}

void
msg_chat_update (MsgCore *core, MsgId user_id, MsgId chat_id, const MsgChatChange *given, MsgWrittenFn fn,
                 gpointer data)
{
  static const MsgOpClass class = { sizeof (EditOp), edit_reply, edit_clear };
  EditOp *op;
  GError *error;

  g_return_if_fail (core != NULL && given != NULL && fn != NULL);
  op = msg_log_op_new (core, &class, user_id, chat_id);
  op->fn = fn;
  op->data = data;
  error = edit_take (op, given);
  if (error != NULL)
    msg_op_fail (&op->log.op, error);
  else if (msg_log_op_take_chat (&op->log))
    msg_op_write (op, edit_run, msg_op_end);
}
