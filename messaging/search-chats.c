/* SPDX-License-Identifier: Apache-2.0 */
/* Searching by name: one's own chats, which are so few that each is looked at; public ones; and who is called just so. */
#include "messaging/chat-rows.h"
#include "messaging/names.h"
#include "messaging/open-words.h"
#include "messaging/rows.h"
#include "messaging/search-op.h"

typedef struct {
  MsgSearchOp base;
  char key[MSG_NAME_KEY_SIZE]; /* empty: the query cannot be a username */
  MsgNames names;
  MsgNamesFn fn;
  gpointer data;
} NamesOp;

static void
free_chat (gpointer chat)
{
  msg_chat_free (chat);
}

static void
free_user (gpointer user)
{
  msg_user_free (user);
}

static void
names_reply (MsgOp *ctx, const GError *error)
{
  NamesOp *op = (NamesOp *) ctx;

  op->fn (error == NULL ? &op->names : NULL, error, op->data);
}

static void
names_clear (MsgOp *ctx)
{
  NamesOp *op = (NamesOp *) ctx;

  msg_query_free (op->base.query);
  g_ptr_array_unref (op->names.chats);
  g_ptr_array_unref (op->names.open);
  g_ptr_array_unref (op->names.users);
}

/* The title, or the names of the other one. */
static bool
row_matches (const NamesOp *op, MsgStmt *stmt)
{
  const char *username = msg_stmt_get_text (stmt, 2), *shown = msg_stmt_get_text (stmt, 3);
  g_autofree char *names = username != NULL ? g_strjoin (" ", username, shown, NULL) : NULL;

  return msg_query_match (op->base.query, names != NULL ? names : msg_stmt_get_text (stmt, 1), NULL);
}

/* Returns: (transfer full) (nullable) (element-type MsgId): those whose names match, at most the limit */
static GArray *
find_chats (MsgDb *db, const NamesOp *op, GError **error)
{
  g_autoptr (GArray) found = g_array_new (FALSE, FALSE, sizeof (MsgId));
  MsgStmt *stmt = msg_db_prepare (db, "SELECT c.id, c.title, u.username, u.display_name"
                                      " FROM chat_members m JOIN chats c ON c.id = m.chat_id"
                                      " LEFT JOIN chat_members p ON c.kind = 1 AND p.chat_id = c.id AND p.user_id <> :user"
                                      " LEFT JOIN users u ON u.id = p.user_id"
                                      " WHERE m.user_id = :user AND " MSG_MEMBER_IS_IN " AND c.deleted_ms = 0"
                                      " ORDER BY CASE WHEN c.top_ms > m.last_ms THEN c.top_ms ELSE m.last_ms END DESC"
                                      " LIMIT :limit");
  MsgStep step = MSG_STEP_DONE;

  msg_stmt_set_int (stmt, ":user", op->base.user_id);
  msg_stmt_set_int (stmt, ":limit", MSG_SEARCH_CHATS);
  while (found->len < op->base.limit && (step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      MsgId chat_id = msg_stmt_get_int (stmt, 0);

      if (row_matches (op, stmt))
        g_array_append_val (found, chat_id);
    }
  return step != MSG_STEP_ERROR ? g_steal_pointer (&found) : NULL;
}

static bool
has_chat (const GPtrArray *chats, MsgId chat_id)
{
  for (unsigned i = 0; i < chats->len; i++)
    if (((const MsgChat *) chats->pdata[i])->id == chat_id)
      return true;
  return false;
}

/* Of one that the user may not enter nothing is said. */
static bool
add_open (MsgDb *db, NamesOp *op, MsgId chat_id, GError **error)
{
  g_autoptr (MsgChat) chat = NULL;

  if (has_chat (op->names.chats, chat_id) || has_chat (op->names.open, chat_id))
    return true;
  chat = msg_chat_load (db, chat_id, op->base.user_id, op->base.now_ms, error);
  if (chat == NULL || !msg_chat_fill_in (db, chat, op->base.user_id, error))
    return false;
  if (chat->standing.role != MSG_ROLE_BANNED)
    g_ptr_array_add (op->names.open, g_steal_pointer (&chat));
  return true;
}

/* A range of the index of public names. */
static bool
find_open_names (MsgDb *db, NamesOp *op, GError **error)
{
  g_autofree char *end = g_strconcat (op->key, "\x7f", NULL); /* behind all that a name is made of */
  g_autoptr (GArray) found = g_array_new (FALSE, FALSE, sizeof (MsgId));
  MsgStmt *stmt;
  MsgStep step;

  if (op->key[0] == '\0')
    return true;
  stmt = msg_db_prepare (db, "SELECT id FROM chats WHERE name_key >= :key AND name_key < :end AND deleted_ms = 0"
                             " ORDER BY name_key LIMIT :limit");
  msg_stmt_set_text (stmt, ":key", op->key);
  msg_stmt_set_text (stmt, ":end", end);
  msg_stmt_set_int (stmt, ":limit", op->base.limit);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      MsgId chat_id = msg_stmt_get_int (stmt, 0);

      g_array_append_val (found, chat_id);
    }
  if (step == MSG_STEP_ERROR)
    return false;
  for (unsigned i = 0; i < found->len; i++)
    if (!add_open (db, op, g_array_index (found, MsgId, i), error))
      return false;
  return true;
}

/* By the words of their names and titles. */
static bool
find_open_words (MsgDb *db, NamesOp *op, GError **error)
{
  g_autoptr (GArray) found = msg_open_words_find (db, op->base.query, op->base.limit, error);

  for (unsigned i = 0; found != NULL && i < found->len && op->names.open->len < op->base.limit; i++)
    if (!add_open (db, op, g_array_index (found, MsgId, i), error))
      return false;
  return found != NULL;
}

static bool
find_user (MsgDb *db, NamesOp *op, GError **error)
{
  MsgUser *user;

  if (op->key[0] == '\0')
    return true;
  if (!msg_user_load_by_key (db, op->key, &user, NULL, error))
    return false;
  if (user != NULL)
    g_ptr_array_add (op->names.users, user);
  return true;
}

static bool
names_run (MsgDb *db, gpointer ctx, GError **error)
{
  NamesOp *op = ctx;
  g_autoptr (GArray) found = find_chats (db, op, error);

  if (found == NULL)
    return false;
  for (unsigned i = 0; i < found->len; i++)
    {
      MsgChat *chat = msg_chat_load (db, g_array_index (found, MsgId, i), op->base.user_id, op->base.now_ms, error);

      if (chat == NULL)
        return false;
      g_ptr_array_add (op->names.chats, chat);
      if (!msg_chat_fill_in (db, chat, op->base.user_id, error))
        return false;
    }
  return find_open_names (db, op, error) && find_open_words (db, op, error) && find_user (db, op, error);
}

void
msg_search_names (MsgCore *core, MsgId user_id, const char *query, unsigned limit, MsgNamesFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (NamesOp), names_reply, names_clear };
  NamesOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = msg_op_new (core, &class);
  op->base.user_id = user_id;
  op->base.limit = limit;
  op->names.chats = g_ptr_array_new_with_free_func (free_chat);
  op->names.open = g_ptr_array_new_with_free_func (free_chat);
  op->names.users = g_ptr_array_new_with_free_func (free_user);
  if (!msg_name_to_key (query, op->key))
    op->key[0] = '\0';
  op->fn = fn;
  op->data = data;
  msg_search_op_start (&op->base, query, names_run);
}
