/* SPDX-License-Identifier: Apache-2.0 */
/* Title, about and permissions of a group; how often members of a supergroup may write; whether it may be forwarded. */
#include <string.h>

#include "messaging/discussion-rows.h"
#include "messaging/log-op.h"
#include "messaging/message-send.h"
#include "messaging/names.h"
#include "messaging/open-words.h"
#include "messaging/service-data.h"

typedef struct {
  MsgLogOp log;
  char *title, *about; /* owned (nullable) */
  bool has_permissions, has_slow, has_protected, is_protected, has_ttl, has_retention, has_linked, has_topics, topics;
  unsigned permissions;
  int64_t slow_ms, ttl_ms, retention_ms;
  MsgId linked_id;
  MsgWrittenFn fn;
  gpointer data;
} EditOp;

static void
edit_reply (MsgOp *ctx, const GError *error)
{
  EditOp *op = (EditOp *) ctx;

  msg_log_op_tell (&op->log, error);
  if (error == NULL && op->has_retention && op->retention_ms != 0)
    msg_retention_hint (ctx->core->retention);
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
  op->has_slow = op->has_slow && op->slow_ms != chat->slow_ms;
  op->has_protected = op->has_protected && op->is_protected != chat->is_protected;
  op->has_ttl = op->has_ttl && op->ttl_ms != chat->ttl_ms;
  op->has_retention = op->has_retention && op->retention_ms != chat->retention_ms;
  op->has_linked = op->has_linked && op->linked_id != chat->linked_id;
  op->has_topics = op->has_topics && op->topics != chat->has_topics;
  return op->title != NULL || op->about != NULL || op->has_permissions || op->has_slow || op->has_protected
         || op->has_ttl || op->has_retention || op->has_linked || op->has_topics;
}

static bool
put_chat (MsgDb *db, const EditOp *op, const MsgChat *chat, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE chats SET title = :title, about = :about, permissions = :permissions,"
                                      " slow_ms = :slow, is_protected = :protected, ttl_ms = :ttl,"
                                      " retention_ms = :retention, topics = :topics WHERE id = :chat");

  msg_stmt_set_text (stmt, ":title", op->title != NULL ? op->title : chat->title);
  msg_stmt_set_text (stmt, ":about", op->about != NULL ? op->about : chat->about);
  msg_stmt_set_int (stmt, ":permissions", op->has_permissions ? op->permissions : chat->permissions);
  msg_stmt_set_int (stmt, ":slow", op->has_slow ? op->slow_ms : chat->slow_ms);
  msg_stmt_set_int (stmt, ":protected", op->has_protected ? op->is_protected : chat->is_protected);
  msg_stmt_set_int (stmt, ":ttl", op->has_ttl ? op->ttl_ms : chat->ttl_ms);
  msg_stmt_set_int (stmt, ":retention", op->has_retention ? op->retention_ms : chat->retention_ms);
  msg_stmt_set_int (stmt, ":topics", op->has_topics ? op->topics : chat->has_topics);
  msg_stmt_set_int (stmt, ":chat", chat->id);
  return msg_stmt_run (stmt, error);
}

bool
msg_chat_tell_change (MsgDb *db, MsgLog *log, MsgChat *chat, GError **error)
{
  g_autoptr (GArray) users = NULL;
  MsgUpdate *update;

  if (!msg_chat_has_log (chat->kind))
    {
      users = msg_chat_list_users (db, chat->id, 0, error);
      return users != NULL && msg_chat_tell_users (db, log, chat->id, users, error);
    }
  update = msg_update_new (MSG_UPDATE_CHAT, chat->id);
  update->chat = msg_chat_load (db, chat->id, 0, log->now_ms, error);
  return msg_log_append (db, log, chat, update, 0, error) && update->chat != NULL;
}

/* Returns: false with the first of the changes that is not allowed */
static bool
check_rights (const EditOp *op, const MsgChat *chat, GError **error)
{
  /* what others wrote goes by a rule of the chat: who sets it may delete that */
  static const MsgAct acts[] = { MSG_ACT_INFO, MSG_ACT_PERMISSIONS, MSG_ACT_SET_UP, MSG_ACT_TTL, MSG_ACT_DELETE_OTHERS };
  const bool wanted[] = { op->title != NULL || op->about != NULL || op->has_retention || op->has_linked || op->has_topics,
                          op->has_permissions || op->has_slow, op->has_protected, op->has_ttl, op->has_retention };

  for (unsigned i = 0; i < G_N_ELEMENTS (acts); i++)
    if (wanted[i] && !msg_chat_allow (chat->kind, chat->permissions, &chat->standing, acts[i], NULL, error))
      return false;
  if (op->has_linked && chat->standing.role < MSG_ROLE_ADMIN) /* of a supergroup whose members may change its title */
    {
      g_propagate_error (error, msg_verdict_to_error (MSG_VERDICT_ADMIN_ONLY));
      return false;
    }
  if ((!op->has_slow && !op->has_topics) || chat->kind == MSG_CHAT_SUPERGROUP)
    return true;
  g_propagate_error (error, msg_verdict_to_error (MSG_VERDICT_CHAT_KIND));
  return false;
}

/* Says so in the chat; what is written from this message on goes away. */
static bool
put_ttl (MsgDb *db, EditOp *op, MsgChat *chat, GError **error)
{
  if (!op->has_ttl)
    return true;
  chat->ttl_ms = op->ttl_ms;
  return msg_message_append_service (db, &op->log.log, chat, op->log.user_id, msg_service_ttl (op->ttl_ms), error);
}

/* Says so in the chat; what is too old goes after this (messaging/retention.h). */
static bool
put_retention (MsgDb *db, EditOp *op, MsgChat *chat, GError **error)
{
  return !op->has_retention
         || msg_message_append_service (db, &op->log.log, chat, op->log.user_id,
                                        msg_service_retention (op->retention_ms), error);
}

static bool
edit_run (MsgDb *db, gpointer ctx, GError **error)
{
  EditOp *op = ctx;
  MsgLog *log = &op->log.log;
  g_autoptr (MsgChat) chat = NULL;
  MsgId withheld_from;

  msg_log_reset (log);
  chat = msg_chat_load_for (db, op->log.chat_id, op->log.user_id, MSG_ACT_MARK, log->now_ms, error);
  if (chat == NULL || !check_rights (op, chat, error)
      || !msg_chat_find_withheld (db, chat, op->log.user_id, &withheld_from, error))
    return false;
  /* who is blocked changes nothing for the other one, and is not told so */
  if (!keep_changes (op, chat) || withheld_from != 0)
    return msg_log_finish (db, log, error);
  return put_chat (db, op, chat, error)
         && (op->title == NULL || msg_open_words_put (db, chat->id, chat->username, op->title, error))
         && (op->title == NULL
             || msg_message_append_service (db, log, chat, op->log.user_id, msg_service_titled (op->title), error))
         && put_ttl (db, op, chat, error)
         && put_retention (db, op, chat, error)
         && (!op->has_protected || msg_discussion_check_protected (db, log, chat, op->is_protected, error))
         && (!op->has_linked || msg_discussion_link (db, log, chat, op->linked_id, error))
         && msg_chat_tell_change (db, log, chat, error);
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
  if (error == NULL && given->has_slow && (given->slow_ms < 0 || given->slow_ms > MSG_CHAT_SLOW_MAX_MS))
    error = msg_error_new (MSG_ERROR_INVALID, "slow", "Slow mode has at most a day between messages.");
  op->has_permissions = given->has_permissions;
  op->permissions = given->permissions;
  op->has_slow = given->has_slow;
  op->slow_ms = given->slow_ms;
  op->has_protected = given->has_protected;
  op->is_protected = given->is_protected;
  op->has_ttl = given->has_ttl;
  op->ttl_ms = given->ttl_ms;
  op->has_topics = given->has_topics;
  op->topics = given->topics;
  if (error == NULL && given->has_ttl)
    (void) msg_ttl_check (given->ttl_ms, &error);
  op->has_retention = given->has_retention;
  op->retention_ms = given->retention_ms;
  op->has_linked = given->has_linked;
  op->linked_id = given->linked_id;
  if (error == NULL && given->has_retention && given->retention_ms != 0
      && (given->retention_ms < MSG_TTL_MIN_MS || given->retention_ms > MSG_RETENTION_MAX_MS))
    error = msg_error_new (MSG_ERROR_INVALID, "retention", "Messages are kept for a second to ten years.");
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
