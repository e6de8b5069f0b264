/* SPDX-License-Identifier: Apache-2.0 */
/* Making chats: of two, with oneself, of many. */
#include "messaging/chat.h"

#include <json-glib/json-glib.h>

#include "messaging/log-op.h"
#include "messaging/names.h"
#include "messaging/rows.h"
#include "messaging/service-data.h"

typedef struct {
  MsgLogOp log;
  MsgId peer_id;        /* OPEN */
  MsgChatKind kind;     /* CREATE */
  char *title, *about;  /* CREATE */
  GArray *members;      /* of MsgId: n_members besides the owner */
  unsigned n_members;
  MsgChat *chat;
  MsgChatFn fn;
  gpointer data;
} MakeOp;

static void
make_reply (MsgOp *ctx, const GError *error)
{
  MakeOp *op = (MakeOp *) ctx;

  msg_log_op_tell (&op->log, error);
  if (error != NULL)
    op->fn (NULL, NULL, error, op->data);
  else
    op->fn (op->chat, &op->log.log.written, NULL, op->data);
}

static void
make_clear (MsgOp *ctx)
{
  MakeOp *op = (MakeOp *) ctx;

  msg_log_op_clear (ctx);
  g_free (op->title);
  g_free (op->about);
  g_array_unref (op->members);
  msg_chat_free (op->chat);
}

static MakeOp *
make_op_new (MsgCore *core, MsgId user_id, MsgChatFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (MakeOp), make_reply, make_clear };
  MakeOp *op = msg_log_op_new (core, &class, user_id, 0);

  op->members = g_array_new (FALSE, FALSE, sizeof (MsgId));
  op->fn = fn;
  op->data = data;
  return op;
}

static void
make_reset (MakeOp *op)
{
  msg_log_reset (&op->log.log);
  g_clear_pointer (&op->chat, msg_chat_free);
}

/* --- Private chats and saved messages --- */

static bool
open_run (MsgDb *db, gpointer ctx, GError **error)
{
  MakeOp *op = ctx;

  make_reset (op);
  return msg_chat_find_private (db, op->log.user_id, op->peer_id, op->log.log.now_ms, &op->chat, error)
         && msg_chat_fill_in (db, op->chat, op->log.user_id, error) && msg_log_finish (db, &op->log.log, error);
}

void
msg_chat_open (MsgCore *core, MsgId user_id, MsgId peer_id, MsgChatFn fn, gpointer data)
{
  MakeOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = make_op_new (core, user_id, fn, data);
  op->peer_id = peer_id;
  if (msg_log_op_take_chat (&op->log))
    msg_op_write (op, open_run, msg_op_end);
}

/* --- Groups, supergroups, channels --- */

static bool
check_owned (MsgDb *db, const MakeOp *op, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT COUNT (*) FROM chats WHERE owner_id = :owner AND deleted_ms = 0");

  msg_stmt_set_int (stmt, ":owner", op->log.user_id);
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  if (msg_stmt_get_int (stmt, 0) < op->log.op.core->options.groups_per_user)
    return true;
  g_propagate_error (error, msg_error_new (MSG_ERROR_LIMIT, "too_many_chats", "The user owns too many groups."));
  return false;
}

static bool
insert_group (MsgDb *db, const MakeOp *op, const MsgChat *chat, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "INSERT INTO chats (id, kind, title, about, owner_id, top_id, pts, member_count,"
                                      " permissions, slow_ms, ttl_ms, linked_id, migrated_to, created_ms, deleted_ms)"
                                      " VALUES (:id, :kind, :title, :about, :owner, 0, 0, :members, :permissions,"
                                      " 0, 0, 0, 0, :now, 0)");

  msg_stmt_set_int (stmt, ":id", chat->id);
  msg_stmt_set_int (stmt, ":kind", chat->kind);
  msg_stmt_set_text (stmt, ":title", op->title);
  msg_stmt_set_text (stmt, ":about", op->about);
  msg_stmt_set_int (stmt, ":owner", op->log.user_id);
  msg_stmt_set_int (stmt, ":members", op->members->len + 1);
  msg_stmt_set_int (stmt, ":permissions", chat->permissions);
  msg_stmt_set_int (stmt, ":now", op->log.log.now_ms);
  return msg_stmt_run (stmt, error);
}

static bool
put_members (MsgDb *db, const MakeOp *op, const MsgChat *chat, GError **error)
{
  if (!msg_chat_put_member (db, chat, op->log.user_id, MSG_ROLE_OWNER, op->log.log.now_ms, error))
    return false;
  for (unsigned i = 0; i < op->members->len; i++)
    {
      MsgId user_id = g_array_index (op->members, MsgId, i);
      g_autoptr (MsgUser) user = msg_user_load (db, user_id, error);

      if (user == NULL || !msg_chat_may_add (db, op->log.user_id, user_id, error)
          || !msg_chat_check_joined (db, chat, user_id, error)
          || !msg_chat_put_member (db, chat, user_id, MSG_ROLE_MEMBER, op->log.log.now_ms, error))
        return false;
    }
  return true;
}

/* Those in a chat with its own log are told at once that they are in it; in others, by the first message. */
static bool
tell_members (MsgDb *db, MakeOp *op, const MsgChat *chat, GError **error)
{
  if (!msg_chat_has_log (chat->kind))
    return true;
  g_array_append_val (op->members, op->log.user_id);
  return msg_chat_tell_users (db, &op->log.log, chat->id, op->members, error);
}

static bool
create_run (MsgDb *db, gpointer ctx, GError **error)
{
  MakeOp *op = ctx;
  MsgChat chat = { .id = msg_id_new (), .kind = op->kind,
                   .permissions = op->kind == MSG_CHAT_CHANNEL ? 0 : MSG_RIGHTS_DEFAULT };

  make_reset (op);
  g_array_set_size (op->members, op->n_members);
  if (!check_owned (db, op, error) || !msg_chat_check_joined (db, &chat, op->log.user_id, error)
      || !insert_group (db, op, &chat, error) || !put_members (db, op, &chat, error)
      || !tell_members (db, op, &chat, error)
      || !msg_message_append_service (db, &op->log.log, &chat, op->log.user_id, msg_service_created (op->title), error))
    return false;
  op->chat = msg_chat_load (db, chat.id, op->log.user_id, op->log.log.now_ms, error);
  return op->chat != NULL;
}

/* each once, without the owner */
static void
take_members (MakeOp *op, const MsgChatSpec *spec)
{
  for (unsigned i = 0; i < spec->n_members && op->members->len < MSG_CHAT_GROUP_MAX; i++)
    {
      bool known = spec->members[i] == op->log.user_id;

      for (unsigned k = 0; k < op->members->len && !known; k++)
        known = g_array_index (op->members, MsgId, k) == spec->members[i];
      if (!known)
        g_array_append_val (op->members, spec->members[i]);
    }
}

void
msg_chat_create (MsgCore *core, MsgId user_id, const MsgChatSpec *spec, MsgChatFn fn, gpointer data)
{
  MakeOp *op;
  GError *error = NULL;

  g_return_if_fail (core != NULL && spec != NULL && spec->kind >= MSG_CHAT_GROUP && spec->kind < MSG_CHAT_KIND_N
                    && fn != NULL);
  op = make_op_new (core, user_id, fn, data);
  op->kind = spec->kind;
  op->title = msg_text_tidy (spec->title, MSG_CHAT_TITLE_CHARS, "title", "The title", &error);
  if (error == NULL)
    op->about = msg_chat_tidy_about (spec->about, &error);
  take_members (op, spec);
  op->n_members = op->members->len;
  if (error == NULL)
    (void) msg_chat_check_size (core, op->kind, op->members->len + 1, &error);
  if (error != NULL)
    msg_op_fail (&op->log.op, error);
  else if (msg_log_op_take_chat (&op->log))
    msg_op_write (op, create_run, msg_op_end);
}
