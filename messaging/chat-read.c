/* SPDX-License-Identifier: Apache-2.0 */
/* Reading chats: some by id, the list, members, who hears of typing. */
#include <string.h>

#include "messaging/chat-rows.h"
#include "messaging/core-private.h"
#include "messaging/rows.h"

typedef struct {
  MsgOp op;
  MsgId user_id, chat_id;
  int64_t now_ms;
  GArray *ids;          /* owned (nullable): GET: of MsgId */
  MsgChatPlace after;
  unsigned limit;
  MsgChatRole pick;     /* MEMBERS */
  char *query;          /* owned (nullable): folded */
  MsgChatPage page;
  GPtrArray *members;   /* owned: of MsgChatMember */
  GArray *users;        /* owned (nullable): AUDIENCE */
  MsgChatsFn chats_fn;  /* one of the four */
  MsgChatPageFn page_fn;
  MsgChatMembersFn members_fn;
  MsgAudienceFn audience_fn;
  gpointer data;
} ReadOp;

static void
free_chat (gpointer chat)
{
  msg_chat_free (chat);
}

static void
free_message (gpointer message)
{
  msg_message_free (message);
}

static void
free_member (gpointer data)
{
  MsgChatMember *member = data;

  msg_user_free (member->user);
  g_free (member);
}

static void
read_reply (MsgOp *ctx, const GError *error)
{
  ReadOp *op = (ReadOp *) ctx;

  if (op->chats_fn != NULL)
    op->chats_fn (error == NULL ? op->page.chats : NULL, error, op->data);
  else if (op->page_fn != NULL)
    op->page_fn (error == NULL ? &op->page : NULL, error, op->data);
  else if (op->members_fn != NULL)
    op->members_fn (error == NULL ? op->members : NULL, error, op->data);
  else
    op->audience_fn (error == NULL ? op->users : NULL, error, op->data);
}

static void
read_clear (MsgOp *ctx)
{
  ReadOp *op = (ReadOp *) ctx;

  g_free (op->query);
  g_clear_pointer (&op->ids, g_array_unref);
  g_clear_pointer (&op->users, g_array_unref);
  g_ptr_array_unref (op->page.chats);
  g_ptr_array_unref (op->page.messages);
  g_ptr_array_unref (op->members);
}

static ReadOp *
read_op_new (MsgCore *core, MsgId user_id, gpointer data)
{
  static const MsgOpClass class = { sizeof (ReadOp), read_reply, read_clear };
  ReadOp *op = msg_op_new (core, &class);

  op->user_id = user_id;
  op->now_ms = msg_core_now_ms (core);
  op->page.chats = g_ptr_array_new_with_free_func (free_chat);
  op->page.messages = g_ptr_array_new_with_free_func (free_message);
  op->members = g_ptr_array_new_with_free_func (free_member);
  op->data = data;
  return op;
}

/* Returns: false: @op is ended */
static bool
check_limit (ReadOp *op, unsigned limit)
{
  op->limit = limit;
  if (limit >= 1 && limit <= MSG_CHAT_LIST_MAX)
    return true;
  msg_op_fail (&op->op, msg_error_new (MSG_ERROR_INVALID, "limit", "1 to %d at once.", MSG_CHAT_LIST_MAX));
  return false;
}

/* --- By id --- */

static bool
get_one (MsgDb *db, ReadOp *op, MsgId chat_id, GError **error)
{
  g_autoptr (GError) missing = NULL;
  g_autoptr (MsgChat) chat = msg_chat_load_for (db, chat_id, op->user_id, MSG_ACT_READ, op->now_ms, &missing);

  if (chat == NULL && missing->code == MSG_ERROR_UNAVAILABLE)
    {
      g_propagate_error (error, g_steal_pointer (&missing));
      return false;
    }
  if (chat == NULL)
    return true;
  if (!msg_chat_fill_in (db, chat, op->user_id, error))
    return false;
  g_ptr_array_add (op->page.chats, g_steal_pointer (&chat));
  return true;
}

static bool
get_run (MsgDb *db, gpointer ctx, GError **error)
{
  ReadOp *op = ctx;

  for (unsigned i = 0; i < op->ids->len; i++)
    if (!get_one (db, op, g_array_index (op->ids, MsgId, i), error))
      return false;
  return true;
}

void
msg_chat_get (MsgCore *core, MsgId user_id, const MsgId *ids, unsigned n, MsgChatsFn fn, gpointer data)
{
  ReadOp *op;

  g_return_if_fail (core != NULL && (ids != NULL || n == 0) && fn != NULL);
  op = read_op_new (core, user_id, data);
  op->chats_fn = fn;
  op->ids = g_array_append_vals (g_array_new (FALSE, FALSE, sizeof (MsgId)), ids, MIN (n, MSG_CHAT_LIST_MAX));
  if (check_limit (op, n))
    msg_op_read (op, get_run, msg_op_end);
}

/* --- The list --- */

/* the newest message that the user sees, of the chat that was read last */
static bool
read_newest (MsgDb *db, ReadOp *op, MsgId chat_id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " MSG_MESSAGE_COLUMNS " FROM messages g JOIN chat_members m"
                                      " ON m.chat_id = g.chat_id AND m.user_id = :user WHERE g.chat_id = :chat"
                                      " AND " MSG_MESSAGE_IS_VISIBLE " ORDER BY g.id DESC LIMIT 1");
  MsgStep step;

  msg_stmt_set_int (stmt, ":user", op->user_id);
  msg_stmt_set_int (stmt, ":chat", chat_id);
  step = msg_stmt_step (stmt, error);
  g_ptr_array_add (op->page.messages, step == MSG_STEP_ROW ? msg_message_from_row (stmt, 0) : NULL);
  return step != MSG_STEP_ERROR;
}

/* Chats that keep their time for each member; and those with a log of their own, whose time is the chat's: these are few,
 * and stand together in the index. */
static const char *const list_sqls[] = {
  ("SELECT " MSG_CHAT_COLUMNS " FROM chat_members m JOIN chats c ON c.id = m.chat_id"
   " WHERE m.user_id = :user AND m.role >= 3 AND m.last_ms > 0 AND c.deleted_ms = 0"
   " AND (m.last_ms < :ms OR (m.last_ms = :ms AND m.chat_id < :chat))"
   " ORDER BY m.last_ms DESC, m.chat_id DESC LIMIT :limit"),
  ("SELECT " MSG_CHAT_COLUMNS " FROM chat_members m JOIN chats c ON c.id = m.chat_id"
   " WHERE m.user_id = :user AND m.role >= 3 AND m.last_ms = 0 AND c.kind >= 4 AND c.deleted_ms = 0"
   " AND (c.top_ms < :ms OR (c.top_ms = :ms AND c.id < :chat))"
   " ORDER BY c.top_ms DESC, c.id DESC LIMIT :limit"),
};

static bool
read_chats (MsgDb *db, ReadOp *op, const char *sql, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, sql);
  MsgStep step;

  msg_stmt_set_int (stmt, ":user", op->user_id);
  msg_stmt_set_int (stmt, ":ms", op->after.last_ms);
  msg_stmt_set_int (stmt, ":chat", op->after.id);
  msg_stmt_set_int (stmt, ":limit", op->limit + 1);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    g_ptr_array_add (op->page.chats, msg_chat_from_row (stmt, op->now_ms));
  return step == MSG_STEP_DONE;
}

static int
compare_places (gconstpointer a, gconstpointer b)
{
  const MsgChat *x = *(MsgChat *const *) a, *y = *(MsgChat *const *) b;

  if (x->last_ms != y->last_ms)
    return x->last_ms > y->last_ms ? -1 : 1;
  return x->id > y->id ? -1 : 1;
}

static bool
list_run (MsgDb *db, gpointer ctx, GError **error)
{
  ReadOp *op = ctx;
  gsize bytes = 0;

  for (unsigned i = 0; i < G_N_ELEMENTS (list_sqls); i++)
    if (!read_chats (db, op, list_sqls[i], error))
      return false;
  g_ptr_array_sort (op->page.chats, compare_places);
  op->page.has_next = op->page.chats->len > op->limit;
  if (op->page.has_next)
    g_ptr_array_set_size (op->page.chats, (int) op->limit);
  for (unsigned i = 0; i < op->page.chats->len; i++)
    {
      MsgChat *chat = op->page.chats->pdata[i];

      if (!msg_chat_fill_in (db, chat, op->user_id, error) || !read_newest (db, op, chat->id, error))
        return false;
      bytes += MSG_ROW_WEIGHT + strlen (chat->about) * 2 + msg_message_weigh (op->page.messages->pdata[i]);
      if (bytes <= MSG_PAGE_BYTES || i + 1 == op->page.chats->len)
        continue;
      op->page.has_next = true;
      g_ptr_array_set_size (op->page.chats, (int) i + 1);
    }
  return true;
}

void
msg_chat_list (MsgCore *core, MsgId user_id, const MsgChatPlace *after, unsigned limit, MsgChatPageFn fn, gpointer data)
{
  ReadOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = read_op_new (core, user_id, data);
  op->page_fn = fn;
  op->after = after != NULL ? *after : (MsgChatPlace){ G_MAXINT64, 0 };
  if (check_limit (op, limit))
    msg_op_read (op, list_run, msg_op_end);
}

/* --- Members --- */

static MsgChatMember *
member_from_row (MsgStmt *stmt, int64_t now_ms)
{
  MsgChatMember *member = g_new0 (MsgChatMember, 1);

  member->until_ms = msg_stmt_get_int (stmt, 2);
  member->standing = msg_standing_at ((MsgChatRole) msg_stmt_get_int (stmt, 0), (unsigned) msg_stmt_get_int (stmt, 1),
                                      member->until_ms, now_ms);
  if (member->until_ms <= now_ms)
    member->until_ms = 0;
  member->joined_ms = msg_stmt_get_int (stmt, 3);
  member->read_id = msg_stmt_get_int (stmt, 4);
  member->delivered_id = msg_stmt_get_int (stmt, 5);
  member->user = msg_user_from_row (stmt, 6);
  return member;
}

#define MEMBER_COLUMNS                                                                                                 \
  "SELECT m.role, m.rights, m.until_ms, m.joined_ms, m.read_id, m.delivered_id, " MSG_USER_COLUMNS
#define MEMBERS_SQL(which)                                                                                             \
  MEMBER_COLUMNS " FROM chat_members m JOIN users u ON u.id = m.user_id"                                               \
                 " WHERE m.chat_id = :chat AND m.user_id > :after AND m.role >= :role AND " which                      \
                 " AND (m.role >= 3 OR m.until_ms = 0 OR m.until_ms > :now) ORDER BY m.user_id LIMIT :limit"

/* The few who are not simply members have indices of their own, which these conditions name. */
static const char *const members_sqls[MSG_ROLE_N] = {
  [MSG_ROLE_STRANGER] = MEMBERS_SQL ("1 = 1"),
  [MSG_ROLE_ADMIN] = MEMBERS_SQL ("m.role > 4"),
  [MSG_ROLE_RESTRICTED] = MEMBERS_SQL ("m.role < 4 AND m.role = 3"),
  [MSG_ROLE_BANNED] = MEMBERS_SQL ("m.role < 4 AND m.role = 2"),
};

/* usernames are ASCII: what begins with the query is before the query and DEL */
static const char members_by_name_sql[] =
    MEMBER_COLUMNS " FROM users u JOIN chat_members m ON m.user_id = u.id AND m.chat_id = :chat"
                   " WHERE u.name_key >= :query AND u.name_key < :end AND m.role >= :role"
                   " AND (m.role >= 3 OR m.until_ms = 0 OR m.until_ms > :now)"
                   " AND u.name_key > COALESCE ((SELECT a.name_key FROM users a WHERE a.id = :after), '')"
                   " ORDER BY u.name_key LIMIT :limit";

static MsgStmt *
prepare_members (MsgDb *db, const ReadOp *op)
{
  MsgStmt *stmt;
  g_autofree char *end = NULL;

  if (op->query == NULL)
    return msg_db_prepare (db, members_sqls[op->pick]);
  stmt = msg_db_prepare (db, members_by_name_sql);
  end = g_strconcat (op->query, "\x7f", NULL);
  msg_stmt_set_text (stmt, ":query", op->query);
  msg_stmt_set_text (stmt, ":end", end);
  return stmt;
}

static bool
members_run (MsgDb *db, gpointer ctx, GError **error)
{
  ReadOp *op = ctx;
  g_autoptr (MsgChat) chat = msg_chat_load_for (db, op->chat_id, op->user_id, MSG_ACT_MEMBERS, op->now_ms, error);
  MsgStmt *stmt;
  MsgStep step;
  bool banned_too;

  if (chat == NULL)
    return false;
  banned_too = msg_chat_judge (chat->kind, chat->permissions, &chat->standing, MSG_ACT_RESTRICT, NULL)
               == MSG_VERDICT_ALLOWED;
  stmt = prepare_members (db, op);
  msg_stmt_set_int (stmt, ":chat", op->chat_id);
  msg_stmt_set_int (stmt, ":after", op->after.id);
  msg_stmt_set_int (stmt, ":role", banned_too ? MSG_ROLE_BANNED : MSG_ROLE_RESTRICTED);
  msg_stmt_set_int (stmt, ":now", op->now_ms);
  msg_stmt_set_int (stmt, ":limit", op->limit);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    g_ptr_array_add (op->members, member_from_row (stmt, op->now_ms));
  return step == MSG_STEP_DONE;
}

void
msg_chat_members (MsgCore *core, MsgId user_id, MsgId chat_id, const MsgChatPick *pick, MsgId after, unsigned limit,
                  MsgChatMembersFn fn, gpointer data)
{
  ReadOp *op;

  g_return_if_fail (core != NULL && fn != NULL
                    && (pick == NULL || (pick->role < MSG_ROLE_N && members_sqls[pick->role] != NULL)));
  op = read_op_new (core, user_id, data);
  op->members_fn = fn;
  op->chat_id = chat_id;
  op->pick = pick != NULL ? pick->role : MSG_ROLE_STRANGER;
  op->query = pick != NULL && pick->query != NULL ? g_ascii_strdown (pick->query, -1) : NULL;
  op->after.id = after;
  if (check_limit (op, limit))
    msg_op_read (op, members_run, msg_op_end);
}

/* --- Who hears --- */

GArray *
msg_chat_list_users (MsgDb *db, MsgId chat_id, MsgId except_id, GError **error)
{
  g_autoptr (GArray) users = g_array_new (FALSE, FALSE, sizeof (MsgId));
  MsgStmt *stmt = msg_db_prepare (db, "SELECT user_id FROM chat_members"
                                      " WHERE chat_id = :chat AND role >= 3 AND user_id <> :except ORDER BY user_id");
  MsgStep step;

  msg_stmt_set_int (stmt, ":chat", chat_id);
  msg_stmt_set_int (stmt, ":except", except_id);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      MsgId user_id = msg_stmt_get_int (stmt, 0);

      g_array_append_val (users, user_id);
    }
  return step == MSG_STEP_DONE ? g_steal_pointer (&users) : NULL;
}

static bool
audience_run (MsgDb *db, gpointer ctx, GError **error)
{
  ReadOp *op = ctx;
  g_autoptr (MsgChat) chat = msg_chat_load_for (db, op->chat_id, op->user_id, MSG_ACT_SEND, op->now_ms, error);
  MsgId withheld_from;

  if (chat == NULL || msg_chat_has_log (chat->kind))
    return chat != NULL;
  if (!msg_chat_find_withheld (db, chat, op->user_id, &withheld_from, error))
    return false;
  op->users = withheld_from == 0 ? msg_chat_list_users (db, chat->id, op->user_id, error)
                                 : g_array_new (FALSE, FALSE, sizeof (MsgId));
  return op->users != NULL;
}

void
msg_chat_audience (MsgCore *core, MsgId user_id, MsgId chat_id, MsgAudienceFn fn, gpointer data)
{
  ReadOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = read_op_new (core, user_id, data);
  op->audience_fn = fn;
  op->chat_id = chat_id;
  msg_op_read (op, audience_run, msg_op_end);
}
