/* SPDX-License-Identifier: Apache-2.0 */
/* Coming into a chat by a link or its public name, at once or when an admin has said so. */
#include "messaging/chat-join.h"

#include <string.h>

#include "messaging/log-op.h"
#include "messaging/names.h"
#include "messaging/rows.h"

typedef struct {
  MsgLogOp log;
  bool has_link;
  uint8_t link[MSG_CHAT_LINK_BYTES];
  char key[MSG_NAME_KEY_SIZE]; /* else; "": nothing can have this name */
  MsgId target_id;             /* ANSWER */
  bool approve;
  MsgId after;                 /* REQUESTS */
  unsigned limit;
  MsgChatFound found;          /* owned */
  GPtrArray *members;          /* owned (nullable): of MsgChatMember */
  GArray *keepers;             /* owned (nullable): of MsgId: who hears that other users wait than before */
  unsigned n_waiting;
  MsgChatFn chat_fn;           /* one of the four */
  MsgChatFoundFn found_fn;
  MsgWrittenFn written_fn;
  MsgChatMembersFn members_fn;
  gpointer data;
} JoinOp;

static void
join_reply (MsgOp *ctx, const GError *error)
{
  JoinOp *op = (JoinOp *) ctx;
  const MsgCore *core = op->log.op.core;

  msg_log_op_tell (&op->log, error);
  if (error == NULL && op->keepers != NULL && core->requests_fn != NULL)
    core->requests_fn (op->log.chat_id, op->n_waiting, op->keepers, core->requests_data);
  if (op->chat_fn != NULL)
    op->chat_fn (error == NULL ? op->found.chat : NULL, error == NULL ? &op->log.log.written : NULL, error, op->data);
  else if (op->found_fn != NULL)
    op->found_fn (error == NULL ? &op->found : NULL, error, op->data);
  else if (op->written_fn != NULL)
    op->written_fn (error == NULL ? &op->log.log.written : NULL, error, op->data);
  else
    op->members_fn (error == NULL ? op->members : NULL, error, op->data);
}

static void
clear_found (JoinOp *op)
{
  g_clear_pointer (&op->found.chat, msg_chat_free);
  g_clear_pointer (&op->found.user, msg_user_free);
  op->found.approval = false;
  g_clear_pointer (&op->keepers, g_array_unref);
}

static void
join_clear (MsgOp *ctx)
{
  JoinOp *op = (JoinOp *) ctx;

  msg_log_op_clear (ctx);
  clear_found (op);
  g_clear_pointer (&op->members, g_ptr_array_unref);
}

static JoinOp *
join_op_new (MsgCore *core, MsgId user_id, MsgId chat_id, gpointer data)
{
  static const MsgOpClass class = { sizeof (JoinOp), join_reply, join_clear };
  JoinOp *op = msg_log_op_new (core, &class, user_id, chat_id);

  op->data = data;
  return op;
}

static bool
fail (MsgError code, const char *reason, const char *message, GError **error)
{
  g_propagate_error (error, msg_error_new (code, reason, "%s", message));
  return false;
}

/* --- Ways --- */

static void
take_way (JoinOp *op, const MsgChatWay *way)
{
  op->has_link = way->link != NULL;
  if (way->link != NULL)
    memcpy (op->link, way->link, sizeof op->link);
  else if (way->username == NULL || !msg_username_check (way->username, NULL)
           || !msg_name_to_key (way->username, op->key))
    op->key[0] = '\0';
}

/* Sets chat_id. Returns: false with NOT_FOUND ("link"): it leads nowhere (any more). */
static bool
follow_link (MsgDb *db, JoinOp *op, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT l.chat_id, l.approval FROM chat_links l JOIN chats c ON c.id = l.chat_id"
                                      " WHERE l.link = :link AND c.deleted_ms = 0"
                                      " AND (l.expires_ms = 0 OR l.expires_ms > :now)"
                                      " AND (l.max_uses = 0 OR l.uses < l.max_uses)");
  MsgStep step;

  msg_stmt_set_bytes (stmt, ":link", op->link, sizeof op->link);
  msg_stmt_set_int (stmt, ":now", op->log.log.now_ms);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_ROW)
    {
      op->log.chat_id = msg_stmt_get_int (stmt, 0);
      op->found.approval = msg_stmt_get_int (stmt, 1) != 0;
      return true;
    }
  return step != MSG_STEP_ERROR && fail (MSG_ERROR_NOT_FOUND, "link", "This link leads nowhere.", error);
}

/* Sets chat_id; 0: no chat has this name. */
static bool
follow_name (MsgDb *db, JoinOp *op, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT id FROM chats WHERE name_key = :key AND deleted_ms = 0");
  MsgStep step;

  msg_stmt_set_text (stmt, ":key", op->key);
  step = msg_stmt_step (stmt, error);
  op->log.chat_id = step == MSG_STEP_ROW ? msg_stmt_get_int (stmt, 0) : 0;
  return step != MSG_STEP_ERROR;
}

/* the chat that the way leads to, from where it may be entered */
static bool
load_chat (MsgDb *db, JoinOp *op, GError **error)
{
  op->found.chat = msg_chat_load (db, op->log.chat_id, op->log.user_id, op->log.log.now_ms, error);
  if (op->found.chat == NULL || op->found.chat->standing.role != MSG_ROLE_BANNED)
    return op->found.chat != NULL;
  g_propagate_error (error, msg_verdict_to_error (MSG_VERDICT_BANNED));
  return false;
}

static bool
resolve_run (MsgDb *db, gpointer ctx, GError **error)
{
  JoinOp *op = ctx;

  clear_found (op);
  if (op->has_link)
    return follow_link (db, op, error) && load_chat (db, op, error);
  if (!msg_user_load_by_key (db, op->key, &op->found.user, NULL, error))
    return false;
  if (op->found.user != NULL)
    return true;
  if (!follow_name (db, op, error))
    return false;
  if (op->log.chat_id == 0)
    return fail (MSG_ERROR_NOT_FOUND, "username", "Nobody has this name.", error);
  return load_chat (db, op, error) && msg_chat_fill_in (db, op->found.chat, op->log.user_id, error);
}

void
msg_chat_resolve (MsgCore *core, MsgId user_id, const MsgChatWay *way, MsgChatFoundFn fn, gpointer data)
{
  JoinOp *op;

  g_return_if_fail (core != NULL && way != NULL && fn != NULL);
  op = join_op_new (core, user_id, 0, data);
  op->found_fn = fn;
  take_way (op, way);
  if (msg_log_op_take_chat (&op->log))
    msg_op_read (op, resolve_run, msg_op_end);
}

/* --- Joining --- */

static bool
count_use (MsgDb *db, const JoinOp *op, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE chat_links SET uses = uses + 1 WHERE link = :link");

  msg_stmt_set_bytes (stmt, ":link", op->link, sizeof op->link);
  return msg_stmt_run (stmt, error);
}

static bool
count_requests (MsgDb *db, MsgId chat_id, unsigned *ret_n, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT COUNT (*) FROM chat_requests WHERE chat_id = :chat");

  msg_stmt_set_int (stmt, ":chat", chat_id);
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  *ret_n = (unsigned) msg_stmt_get_int (stmt, 0);
  return true;
}

/* Who may answer requests to join @chat, of which there is one more or one less: they are told when it is written. */
static bool
load_keepers (MsgDb *db, JoinOp *op, const MsgChat *chat, GError **error)
{
  g_autoptr (GArray) keepers = g_array_new (FALSE, FALSE, sizeof (MsgId));
  MsgStmt *stmt;
  MsgStep step;

  if (!count_requests (db, chat->id, &op->n_waiting, error))
    return false;
  stmt = msg_db_prepare (db, "SELECT user_id, role, rights, until_ms FROM chat_members"
                             " WHERE chat_id = :chat AND role > 4 ORDER BY user_id");
  msg_stmt_set_int (stmt, ":chat", chat->id);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW && keepers->len < MSG_CHAT_KEEPERS_MAX)
    {
      MsgId user_id = msg_stmt_get_int (stmt, 0);
      MsgStanding standing = msg_standing_at ((MsgChatRole) msg_stmt_get_int (stmt, 1), (unsigned) msg_stmt_get_int (stmt, 2),
                                              msg_stmt_get_int (stmt, 3), op->log.log.now_ms);

      if (msg_chat_judge (chat->kind, chat->permissions, &standing, MSG_ACT_LINKS, NULL) == MSG_VERDICT_ALLOWED)
        g_array_append_val (keepers, user_id);
    }
  g_clear_pointer (&op->keepers, g_array_unref);
  op->keepers = g_steal_pointer (&keepers);
  return step != MSG_STEP_ERROR;
}

static bool
drop_request (MsgDb *db, MsgId chat_id, MsgId user_id, bool *ret_known, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "DELETE FROM chat_requests WHERE chat_id = :chat AND user_id = :user");

  msg_stmt_set_int (stmt, ":chat", chat_id);
  msg_stmt_set_int (stmt, ":user", user_id);
  if (!msg_stmt_run (stmt, error))
    return false;
  *ret_known = msg_db_changes (db) == 1;
  return true;
}

static bool
put_request (MsgDb *db, JoinOp *op, GError **error)
{
  g_autoptr (MsgChat) chat = g_steal_pointer (&op->found.chat);
  MsgStmt *stmt;
  unsigned n;

  if (!count_requests (db, op->log.chat_id, &n, error))
    return false;
  if (n >= MSG_CHAT_REQUESTS_MAX)
    return fail (MSG_ERROR_LIMIT, "too_many_requests", "Too many users wait to be let in.", error);
  stmt = msg_db_prepare (db, "INSERT INTO chat_requests (chat_id, user_id, at_ms) VALUES (:chat, :user, :now)"
                             " ON CONFLICT DO NOTHING");
  msg_stmt_set_int (stmt, ":chat", op->log.chat_id);
  msg_stmt_set_int (stmt, ":user", op->log.user_id);
  msg_stmt_set_int (stmt, ":now", op->log.log.now_ms);
  if (!msg_stmt_run (stmt, error))
    return false;
  if (msg_db_changes (db) == 1 && (!count_use (db, op, error) || !load_keepers (db, op, chat, error)))
    return false;
  return msg_log_finish (db, &op->log.log, error);
}

static bool
bring_in (MsgDb *db, JoinOp *op, MsgId user_id, GError **error)
{
  g_autoptr (GArray) added = g_array_new (FALSE, FALSE, sizeof (MsgId));
  bool known;

  g_array_append_val (added, user_id);
  return drop_request (db, op->log.chat_id, user_id, &known, error)
         && (!known || load_keepers (db, op, op->found.chat, error))
         && msg_chat_bring_in (db, op->log.op.core, &op->log.log, op->found.chat, added, error);
}

static bool
join_run (MsgDb *db, gpointer ctx, GError **error)
{
  JoinOp *op = ctx;

  msg_log_reset (&op->log.log);
  clear_found (op);
  if (!(op->has_link ? follow_link (db, op, error) : follow_name (db, op, error)))
    return false;
  if (op->log.chat_id == 0)
    return fail (MSG_ERROR_NOT_FOUND, "chat", "No public chat has this name.", error);
  if (!load_chat (db, op, error))
    return false;
  if (op->found.chat->standing.role >= MSG_ROLE_RESTRICTED)
    return msg_chat_fill_in (db, op->found.chat, op->log.user_id, error) && msg_log_finish (db, &op->log.log, error);
  if (op->found.approval)
    return put_request (db, op, error);
  if ((op->has_link && !count_use (db, op, error)) || !bring_in (db, op, op->log.user_id, error))
    return false;
  msg_chat_free (op->found.chat);
  op->found.chat = msg_chat_load (db, op->log.chat_id, op->log.user_id, op->log.log.now_ms, error);
  return op->found.chat != NULL && msg_chat_fill_in (db, op->found.chat, op->log.user_id, error);
}

void
msg_chat_join (MsgCore *core, MsgId user_id, const MsgChatWay *way, MsgChatFn fn, gpointer data)
{
  JoinOp *op;

  g_return_if_fail (core != NULL && way != NULL && fn != NULL);
  op = join_op_new (core, user_id, 0, data);
  op->chat_fn = fn;
  take_way (op, way);
  if (msg_log_op_take_chat (&op->log))
    msg_op_write (op, join_run, msg_op_end);
}

/* --- Who waits --- */

static void
free_member (gpointer data)
{
  MsgChatMember *member = data;

  msg_user_free (member->user);
  g_free (member);
}

static bool
requests_run (MsgDb *db, gpointer ctx, GError **error)
{
  JoinOp *op = ctx;
  g_autoptr (MsgChat) chat = msg_chat_load_for (db, op->log.chat_id, op->log.user_id, MSG_ACT_LINKS,
                                                op->log.log.now_ms, error);
  MsgStmt *stmt;
  MsgStep step;

  if (chat == NULL)
    return false;
  stmt = msg_db_prepare (db, "SELECT r.at_ms, " MSG_USER_COLUMNS " FROM chat_requests r JOIN users u ON u.id = r.user_id"
                             " WHERE r.chat_id = :chat AND r.user_id > :after ORDER BY r.user_id LIMIT :limit");
  msg_stmt_set_int (stmt, ":chat", chat->id);
  msg_stmt_set_int (stmt, ":after", op->after);
  msg_stmt_set_int (stmt, ":limit", op->limit);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      MsgChatMember *member = g_new0 (MsgChatMember, 1);

      member->joined_ms = msg_stmt_get_int (stmt, 0);
      member->user = msg_user_from_row (stmt, 1);
      g_ptr_array_add (op->members, member);
    }
  return step == MSG_STEP_DONE;
}

void
msg_chat_get_requests (MsgCore *core, MsgId user_id, MsgId chat_id, MsgId after, unsigned limit, MsgChatMembersFn fn,
                       gpointer data)
{
  JoinOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = join_op_new (core, user_id, chat_id, data);
  op->members_fn = fn;
  op->members = g_ptr_array_new_with_free_func (free_member);
  op->after = after;
  op->limit = limit;
  if (limit < 1 || limit > MSG_CHAT_LIST_MAX)
    msg_op_fail (&op->log.op, msg_error_new (MSG_ERROR_INVALID, "limit", "1 to %d at once.", MSG_CHAT_LIST_MAX));
  else
    msg_op_read (op, requests_run, msg_op_end);
}

static bool
answer_run (MsgDb *db, gpointer ctx, GError **error)
{
  JoinOp *op = ctx;
  MsgStanding target;
  bool known;

  msg_log_reset (&op->log.log);
  clear_found (op);
  op->found.chat = msg_chat_load_for (db, op->log.chat_id, op->log.user_id, MSG_ACT_LINKS, op->log.log.now_ms, error);
  if (op->found.chat == NULL || !drop_request (db, op->log.chat_id, op->target_id, &known, error)
      || !msg_chat_load_standing (db, op->log.chat_id, op->target_id, op->log.log.now_ms, &target, error))
    return false;
  if (!known)
    return fail (MSG_ERROR_NOT_FOUND, "request", "This user does not wait to be let in.", error);
  if (!load_keepers (db, op, op->found.chat, error))
    return false;
  /* who came in, or was banned, meanwhile */
  if (!op->approve || target.role >= MSG_ROLE_RESTRICTED || target.role == MSG_ROLE_BANNED)
    return msg_log_finish (db, &op->log.log, error);
  return bring_in (db, op, op->target_id, error);
}

void
msg_chat_answer (MsgCore *core, MsgId user_id, MsgId chat_id, MsgId target_id, bool approve, MsgWrittenFn fn,
                 gpointer data)
{
  JoinOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = join_op_new (core, user_id, chat_id, data);
  op->written_fn = fn;
  op->target_id = target_id;
  op->approve = approve;
  msg_op_write (op, answer_run, msg_op_end);
}

void
msg_core_set_requests_fn (MsgCore *core, MsgRequestsFn fn, gpointer data)
{
  g_return_if_fail (core != NULL);
  core->requests_fn = fn;
  core->requests_data = data;
}
