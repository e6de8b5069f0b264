/* SPDX-License-Identifier: Apache-2.0 */
/* Links into a chat: making, listing, revoking. */
#include <string.h>

#include "base/random.h"
#include "messaging/chat-join.h"
#include "messaging/log-op.h"

typedef struct {
  MsgLogOp log;
  MsgChatLink link;
  GArray *links; /* owned: of MsgChatLink */
  MsgChatLinksFn fn;
  gpointer data;
} LinkOp;

static void
link_reply (MsgOp *ctx, const GError *error)
{
  LinkOp *op = (LinkOp *) ctx;

  op->fn (error == NULL ? op->links : NULL, error, op->data);
}

static void
link_clear (MsgOp *ctx)
{
  msg_log_op_clear (ctx);
  g_array_unref (((LinkOp *) ctx)->links);
}

static LinkOp *
link_op_new (MsgCore *core, MsgId user_id, MsgId chat_id, MsgChatLinksFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (LinkOp), link_reply, link_clear };
  LinkOp *op = msg_log_op_new (core, &class, user_id, chat_id);

  op->links = g_array_new (FALSE, FALSE, sizeof (MsgChatLink));
  op->fn = fn;
  op->data = data;
  return op;
}

static bool
check_rights (MsgDb *db, LinkOp *op, GError **error)
{
  g_autoptr (MsgChat) chat = NULL;

  g_array_set_size (op->links, 0);
  chat = msg_chat_load_for (db, op->log.chat_id, op->log.user_id, MSG_ACT_LINKS, op->log.log.now_ms, error);
  return chat != NULL;
}

static bool
read_links (MsgDb *db, LinkOp *op, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT link, creator_id, created_ms, expires_ms, max_uses, uses, approval"
                                      " FROM chat_links WHERE chat_id = :chat ORDER BY created_ms DESC, link");
  MsgStep step;

  msg_stmt_set_int (stmt, ":chat", op->log.chat_id);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      MsgChatLink link = { .creator_id = msg_stmt_get_int (stmt, 1),
                           .created_ms = msg_stmt_get_int (stmt, 2),
                           .expires_ms = msg_stmt_get_int (stmt, 3),
                           .max_uses = (unsigned) msg_stmt_get_int (stmt, 4),
                           .uses = (unsigned) msg_stmt_get_int (stmt, 5),
                           .approval = msg_stmt_get_int (stmt, 6) != 0 };
      gsize len;
      const void *bytes = msg_stmt_get_bytes (stmt, 0, &len);

      if (len == sizeof link.link)
        memcpy (link.link, bytes, sizeof link.link);
      g_array_append_val (op->links, link);
    }
  return step == MSG_STEP_DONE;
}

static bool
insert_link (MsgDb *db, const LinkOp *op, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "INSERT INTO chat_links (link, chat_id, creator_id, created_ms, expires_ms,"
                                      " max_uses, uses, approval) VALUES (:link, :chat, :creator, :now, :expires, :max,"
                                      " 0, :approval)");

  msg_stmt_set_bytes (stmt, ":link", op->link.link, sizeof op->link.link);
  msg_stmt_set_int (stmt, ":chat", op->log.chat_id);
  msg_stmt_set_int (stmt, ":creator", op->log.user_id);
  msg_stmt_set_int (stmt, ":now", op->log.log.now_ms);
  msg_stmt_set_int (stmt, ":expires", op->link.expires_ms);
  msg_stmt_set_int (stmt, ":max", op->link.max_uses);
  msg_stmt_set_int (stmt, ":approval", op->link.approval);
  return msg_stmt_run (stmt, error);
}

static bool
create_run (MsgDb *db, gpointer ctx, GError **error)
{
  LinkOp *op = ctx;

  if (!check_rights (db, op, error) || !read_links (db, op, error))
    return false;
  if (op->links->len >= MSG_CHAT_LINKS_MAX)
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_LIMIT, "too_many_links", "Revoke some of its links first."));
      return false;
    }
  g_array_set_size (op->links, 0);
  g_array_append_val (op->links, op->link);
  return insert_link (db, op, error);
}

void
msg_chat_create_link (MsgCore *core, MsgId user_id, MsgId chat_id, const MsgChatLink *spec, MsgChatLinksFn fn,
                      gpointer data)
{
  LinkOp *op;

  g_return_if_fail (core != NULL && spec != NULL && fn != NULL);
  op = link_op_new (core, user_id, chat_id, fn, data);
  op->link = *spec;
  op->link.creator_id = user_id;
  op->link.created_ms = op->log.log.now_ms;
  op->link.uses = 0;
  al_random_bytes (op->link.link, sizeof op->link.link);
  if (spec->expires_ms != 0 && (spec->expires_ms <= op->log.log.now_ms || spec->expires_ms > MSG_ID_MAX))
    msg_op_fail (&op->log.op, msg_error_new (MSG_ERROR_INVALID, "until", "A link ends at a time to come."));
  else if (msg_log_op_take_chat (&op->log))
    msg_op_write (op, create_run, msg_op_end);
}

static bool
list_run (MsgDb *db, gpointer op, GError **error)
{
  return check_rights (db, op, error) && read_links (db, op, error);
}

void
msg_chat_get_links (MsgCore *core, MsgId user_id, MsgId chat_id, MsgChatLinksFn fn, gpointer data)
{
  g_return_if_fail (core != NULL && fn != NULL);
  msg_op_read (link_op_new (core, user_id, chat_id, fn, data), list_run, msg_op_end);
}

static bool
revoke_run (MsgDb *db, gpointer ctx, GError **error)
{
  LinkOp *op = ctx;
  MsgStmt *stmt;

  if (!check_rights (db, op, error))
    return false;
  stmt = msg_db_prepare (db, "DELETE FROM chat_links WHERE link = :link AND chat_id = :chat");
  msg_stmt_set_bytes (stmt, ":link", op->link.link, sizeof op->link.link);
  msg_stmt_set_int (stmt, ":chat", op->log.chat_id);
  if (!msg_stmt_run (stmt, error))
    return false;
  if (msg_db_changes (db) == 1)
    return read_links (db, op, error);
  g_propagate_error (error, msg_error_new (MSG_ERROR_NOT_FOUND, "link", "There is no such link."));
  return false;
}

void
msg_chat_revoke_link (MsgCore *core, MsgId user_id, MsgId chat_id, const uint8_t link[MSG_CHAT_LINK_BYTES],
                      MsgChatLinksFn fn, gpointer data)
{
  LinkOp *op;

  g_return_if_fail (core != NULL && link != NULL && fn != NULL);
  op = link_op_new (core, user_id, chat_id, fn, data);
  memcpy (op->link.link, link, sizeof op->link.link);
  msg_op_write (op, revoke_run, msg_op_end);
}
