/* SPDX-License-Identifier: Apache-2.0 */
/* What the owner makes of a chat: a public one, a supergroup. */
#include "messaging/chat-join.h"
#include "messaging/log-op.h"
#include "messaging/names.h"
#include "messaging/open-words.h"
#include "messaging/service-data.h"

typedef struct {
  MsgLogOp log;
  char *username; /* owned (nullable) */
  char key[MSG_NAME_KEY_SIZE];
  MsgWrittenFn fn;
  gpointer data;
} SetupOp;

static void
setup_reply (MsgOp *ctx, const GError *error)
{
  SetupOp *op = (SetupOp *) ctx;

  msg_log_op_tell (&op->log, error);
  op->fn (error == NULL ? &op->log.log.written : NULL, error, op->data);
}

static void
setup_clear (MsgOp *ctx)
{
  msg_log_op_clear (ctx);
  g_free (((SetupOp *) ctx)->username);
}

static SetupOp *
setup_op_new (MsgCore *core, MsgId user_id, MsgId chat_id, MsgWrittenFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (SetupOp), setup_reply, setup_clear };
  SetupOp *op = msg_log_op_new (core, &class, user_id, chat_id);

  op->fn = fn;
  op->data = data;
  return op;
}

/* Returns: (nullable): the chat, which must have a log or must have none */
static MsgChat *
load_own (MsgDb *db, SetupOp *op, bool has_log, GError **error)
{
  g_autoptr (MsgChat) chat = NULL;

  msg_log_reset (&op->log.log);
  chat = msg_chat_load_for (db, op->log.chat_id, op->log.user_id, MSG_ACT_SET_UP, op->log.log.now_ms, error);
  if (chat == NULL || msg_chat_has_log (chat->kind) == has_log)
    return g_steal_pointer (&chat);
  g_propagate_error (error, msg_verdict_to_error (MSG_VERDICT_CHAT_KIND));
  return NULL;
}

/* --- A public name --- */

static bool
check_free (MsgDb *db, const SetupOp *op, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT (SELECT COUNT (*) FROM users WHERE name_key = :key)"
                                      " + (SELECT COUNT (*) FROM chats WHERE name_key = :key AND id <> :chat)"
                                      " + (SELECT COUNT (*) FROM held_names"
                                      " WHERE name_key = :key AND until_ms > :now)");

  msg_stmt_set_text (stmt, ":key", op->key);
  msg_stmt_set_int (stmt, ":chat", op->log.chat_id);
  msg_stmt_set_int (stmt, ":now", op->log.log.now_ms);
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  if (msg_stmt_get_int (stmt, 0) == 0)
    return true;
  g_propagate_error (error, msg_error_new (MSG_ERROR_CONFLICT, "username_taken", "This username is taken."));
  return false;
}

static bool
username_run (MsgDb *db, gpointer ctx, GError **error)
{
  SetupOp *op = ctx;
  g_autoptr (MsgChat) chat = load_own (db, op, true, error);
  MsgStmt *stmt;

  if (chat == NULL)
    return false;
  if (g_strcmp0 (chat->username, op->username) == 0)
    return msg_log_finish (db, &op->log.log, error);
  if (op->username != NULL && !check_free (db, op, error))
    return false;
  stmt = msg_db_prepare (db, "UPDATE chats SET name_key = :key, username = :username WHERE id = :chat");
  msg_stmt_set_text (stmt, ":key", op->username != NULL ? op->key : NULL);
  msg_stmt_set_text (stmt, ":username", op->username);
  msg_stmt_set_int (stmt, ":chat", chat->id);
  return msg_stmt_run (stmt, error) && msg_open_words_put (db, chat->id, op->username, chat->title, error)
         && msg_chat_tell_change (db, &op->log.log, chat, error);
}

void
msg_chat_set_username (MsgCore *core, MsgId user_id, MsgId chat_id, const char *username, MsgWrittenFn fn,
                       gpointer data)
{
  SetupOp *op;
  GError *error = NULL;

  g_return_if_fail (core != NULL && fn != NULL);
  op = setup_op_new (core, user_id, chat_id, fn, data);
  op->username = g_strdup (username);
  if (username != NULL && msg_username_check (username, &error))
    (void) msg_name_to_key (username, op->key);
  if (error != NULL)
    msg_op_fail (&op->log.op, error);
  else if (msg_log_op_take_chat (&op->log))
    msg_op_write (op, username_run, msg_op_end);
}

/* --- From a group to a supergroup --- */

/* What was kept for each member comes from the chat now; how far they have read stays. */
static bool
turn (MsgDb *db, MsgChat *chat, GError **error)
{
  static const char *const scripts[] = {
    "UPDATE chats SET kind = 4, pts = 0, group_top_id = top_id WHERE id = :chat",
    "UPDATE chat_members SET unread = 0, last_id = 0, last_ms = 0 WHERE chat_id = :chat",
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (scripts); i++)
    {
      MsgStmt *stmt = msg_db_prepare (db, scripts[i]);

      msg_stmt_set_int (stmt, ":chat", chat->id);
      if (!msg_stmt_run (stmt, error))
        return false;
    }
  chat->kind = MSG_CHAT_SUPERGROUP;
  chat->pts = 0;
  chat->group_top_id = chat->top_id;
  return true;
}

static bool
migrate_run (MsgDb *db, gpointer ctx, GError **error)
{
  SetupOp *op = ctx;
  MsgLog *log = &op->log.log;
  g_autoptr (MsgChat) chat = load_own (db, op, false, error);
  g_autoptr (GArray) users = NULL;

  if (chat == NULL || !turn (db, chat, error))
    return false;
  users = msg_chat_list_users (db, chat->id, 0, error);
  return users != NULL && msg_chat_tell_users (db, log, chat->id, users, error)
         && msg_message_append_service (db, log, chat, op->log.user_id, msg_service_migrated (), error);
}

void
msg_chat_migrate (MsgCore *core, MsgId user_id, MsgId chat_id, MsgWrittenFn fn, gpointer data)
{
  SetupOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = setup_op_new (core, user_id, chat_id, fn, data);
  if (msg_log_op_take_chat (&op->log))
    msg_op_write (op, migrate_run, msg_op_end);
}
