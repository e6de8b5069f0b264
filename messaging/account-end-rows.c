/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/account-end-rows.h"

#include <string.h>

#include "messaging/discussion-rows.h"
#include "messaging/file-rows.h"
#include "messaging/log-op.h"
#include "messaging/open-words.h"
#include "messaging/search-rows.h"
#include "messaging/service-data.h"

/* --- Which --- */

bool
msg_end_load (MsgDb *db, MsgEnd *ret_end, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT user_id, erase, chat_id FROM account_ends ORDER BY begun_ms, user_id LIMIT 1");
  MsgStep step = msg_stmt_step (stmt, error);

  *ret_end = (MsgEnd){ 0 };
  if (step == MSG_STEP_ROW)
    *ret_end = (MsgEnd){ .user_id = msg_stmt_get_int (stmt, 0),
                         .erase = msg_stmt_get_int (stmt, 1) != 0,
                         .chat_id = msg_stmt_get_int (stmt, 2) };
  return step != MSG_STEP_ERROR;
}

bool
msg_end_list_chats (MsgDb *db, const MsgEnd *end, GArray *chats, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT chat_id FROM chat_members WHERE user_id = :user AND chat_id > :after"
                                      " ORDER BY chat_id LIMIT :limit");
  MsgStep step;

  msg_stmt_set_int (stmt, ":user", end->user_id);
  msg_stmt_set_int (stmt, ":after", end->chat_id);
  msg_stmt_set_int (stmt, ":limit", MSG_END_CHATS);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      MsgId chat_id = msg_stmt_get_int (stmt, 0);

      g_array_append_val (chats, chat_id);
    }
  return step == MSG_STEP_DONE;
}

/* The oldest admin, else the oldest member, else who is restricted; of a channel an admin or nobody: who merely reads it was
 * never meant to speak there. */
bool
msg_end_find_heir (MsgDb *db, MsgEnd *end, MsgId chat_id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (
      db, "SELECT m.user_id FROM chats c JOIN chat_members m ON m.chat_id = c.id JOIN users u ON u.id = m.user_id"
          " WHERE c.id = :chat AND c.owner_id = :user AND c.deleted_ms = 0 AND u.deleted_ms = 0 AND m.user_id <> :user"
          " AND m.role >= CASE WHEN c.kind = 5 THEN 5 ELSE 3 END ORDER BY m.role DESC, m.joined_ms, m.user_id LIMIT 1");
  MsgStep step;

  msg_stmt_set_int (stmt, ":chat", chat_id);
  msg_stmt_set_int (stmt, ":user", end->user_id);
  step = msg_stmt_step (stmt, error);
  end->heir_id = step == MSG_STEP_ROW ? msg_stmt_get_int (stmt, 0) : 0;
  return step != MSG_STEP_ERROR;
}

/* --- Out of a chat --- */

static bool
run_for (MsgDb *db, const char *sql, MsgId chat_id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, sql);

  msg_stmt_set_int (stmt, ":chat", chat_id);
  return msg_stmt_run (stmt, error);
}

/* @ret_may: the heir is still one who can be */
static bool
check_heir (MsgDb *db, const MsgEnd *end, const MsgChat *chat, bool *ret_may, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT m.role FROM chat_members m JOIN users u ON u.id = m.user_id"
                                      " WHERE m.chat_id = :chat AND m.user_id = :user AND u.deleted_ms = 0");
  MsgStep step;

  *ret_may = true;
  if (end->heir_id == 0)
    return true;
  msg_stmt_set_int (stmt, ":chat", chat->id);
  msg_stmt_set_int (stmt, ":user", end->heir_id);
  step = msg_stmt_step (stmt, error);
  *ret_may = step == MSG_STEP_ROW
             && msg_stmt_get_int (stmt, 0) >= (chat->kind == MSG_CHAT_CHANNEL ? MSG_ROLE_ADMIN : MSG_ROLE_RESTRICTED);
  return step != MSG_STEP_ERROR;
}

/* Nobody can write in it any more: it stays to those who are in it, and nobody finds it. */
static bool
close_channel (MsgDb *db, MsgId chat_id, GError **error)
{
  return run_for (db, "UPDATE chats SET name_key = NULL, username = NULL WHERE id = :chat", chat_id, error)
         && msg_open_words_put (db, chat_id, NULL, NULL, error)
         && run_for (db, "DELETE FROM chat_links WHERE chat_id = :chat", chat_id, error)
         && run_for (db, "DELETE FROM chat_requests WHERE chat_id = :chat", chat_id, error);
}

static bool
bequeath (MsgDb *db, MsgLog *log, const MsgEnd *end, MsgChat *chat, bool *ret_more, GError **error)
{
  bool may;

  if (!check_heir (db, end, chat, &may, error))
    return false;
  *ret_more = !may; /* another one is looked for */
  if (!may || chat->member_count <= 1)
    return true;
  if (end->heir_id == 0 && chat->kind == MSG_CHAT_CHANNEL && !close_channel (db, chat->id, error))
    return false;
  return msg_chat_inherit (db, log, chat, end->heir_id, error);
}

/* The other one sees who it was no more. */
static bool
leave_pair (MsgDb *db, MsgLog *log, MsgId user_id, MsgId chat_id, GError **error)
{
  g_autoptr (GArray) users = g_array_new (FALSE, FALSE, sizeof (MsgId));
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE chat_members SET role = 1, unread = 0, mentions = 0, last_id = 0, last_ms = 0"
                                      " WHERE chat_id = :chat AND user_id = :user");
  MsgStep step;

  msg_stmt_set_int (stmt, ":chat", chat_id);
  msg_stmt_set_int (stmt, ":user", user_id);
  if (!msg_stmt_run (stmt, error))
    return false;
  stmt = msg_db_prepare (db, "SELECT user_id FROM chat_members"
                             " WHERE chat_id = :chat AND user_id <> :user AND role >= 3 AND last_id > 0");
  msg_stmt_set_int (stmt, ":chat", chat_id);
  msg_stmt_set_int (stmt, ":user", user_id);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      MsgId other = msg_stmt_get_int (stmt, 0);

      g_array_append_val (users, other);
    }
  return step == MSG_STEP_DONE && msg_chat_tell_users (db, log, chat_id, users, error);
}

static bool
leave (MsgDb *db, MsgLog *log, const MsgEnd *end, MsgChat *chat, bool *ret_more, GError **error)
{
  const MsgChatStanding left = { .user_id = end->user_id, .role = MSG_ROLE_LEFT };

  if (chat->standing.role < MSG_ROLE_RESTRICTED)
    return true;
  if (chat->kind == MSG_CHAT_PRIVATE || chat->kind == MSG_CHAT_SAVED)
    return leave_pair (db, log, end->user_id, chat->id, error);
  if (chat->standing.role == MSG_ROLE_OWNER && !bequeath (db, log, end, chat, ret_more, error))
    return false;
  return *ret_more || msg_chat_go_out (db, log, chat, &left, msg_service_left (), error);
}

/* --- Messages --- */

static void
free_message (gpointer message)
{
  msg_message_free (message);
}

/* Of a message that nobody can see any more, not even its place is kept. */
static bool
purge_one (MsgDb *db, const MsgMessage *message, bool wiped, GError **error)
{
  static const char *const scripts[] = {
    "DELETE FROM message_edits WHERE chat_id = :chat AND message_id = :id",
    "DELETE FROM message_reactions WHERE chat_id = :chat AND message_id = :id",
    "DELETE FROM poll_votes WHERE chat_id = :chat AND message_id = :id",
    "DELETE FROM message_reactions WHERE chat_id = :chat AND message_id = :id",
    ("DELETE FROM message_hidden WHERE chat_id = :chat AND message_id = :id"
     " AND user_id IN (SELECT user_id FROM chat_members WHERE chat_id = :chat)"),
    ("DELETE FROM message_mentions WHERE chat_id = :chat AND message_id = :id"
     " AND user_id IN (SELECT user_id FROM chat_members WHERE chat_id = :chat)"),
    "DELETE FROM messages WHERE chat_id = :chat AND id = :id",
  };

  if (!wiped && !msg_search_drop (db, message, error))
    return false;
  if (message->files != NULL && !msg_files_detach (db, message->chat_id, message->id, error))
    return false;
  for (unsigned i = 0; i < G_N_ELEMENTS (scripts); i++)
    {
      MsgStmt *stmt = msg_db_prepare (db, scripts[i]);

      msg_stmt_set_int (stmt, ":chat", message->chat_id);
      msg_stmt_set_int (stmt, ":id", message->id);
      if (!msg_stmt_run (stmt, error))
        return false;
    }
  return true;
}

static bool
purge (MsgDb *db, MsgId chat_id, bool *ret_more, GError **error)
{
  g_autoptr (GPtrArray) messages = g_ptr_array_new_with_free_func (free_message);
  g_autoptr (GArray) wiped = g_array_new (FALSE, FALSE, sizeof (bool));
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " MSG_MESSAGE_COLUMNS ", g.deleted_ms FROM messages g"
                                      " WHERE g.chat_id = :chat ORDER BY g.id LIMIT :limit");
  MsgStep step;

  msg_stmt_set_int (stmt, ":chat", chat_id);
  msg_stmt_set_int (stmt, ":limit", MSG_END_MESSAGES);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      bool is_wiped = msg_stmt_get_int (stmt, MSG_MESSAGE_N_COLUMNS) != 0;

      g_ptr_array_add (messages, msg_message_from_row (stmt, 0));
      g_array_append_val (wiped, is_wiped);
    }
  if (step == MSG_STEP_ERROR)
    return false;
  for (unsigned i = 0; i < messages->len; i++)
    if (!purge_one (db, messages->pdata[i], g_array_index (wiped, bool, i), error))
      return false;
  *ret_more = messages->len == MSG_END_MESSAGES;
  return true;
}

/* the next one in the order of the index; a random id is a number of 64 bits */
static void
count_up (uint8_t *id)
{
  for (unsigned i = MSG_RANDOM_ID_BYTES; i > 0 && ++id[i - 1] == 0; i--)
    ;
}

static bool
list_own (MsgDb *db, const MsgEnd *end, MsgId chat_id, GPtrArray *messages, uint8_t *ret_last, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " MSG_MESSAGE_COLUMNS ", g.random_id FROM messages g"
                                      " WHERE g.chat_id = :chat AND g.sender_id = :user AND g.random_id >= :from"
                                      " AND g.deleted_ms = 0 ORDER BY g.random_id LIMIT :limit");
  MsgStep step;

  msg_stmt_set_int (stmt, ":chat", chat_id);
  msg_stmt_set_int (stmt, ":user", end->user_id);
  msg_stmt_set_bytes (stmt, ":from", end->random_id, sizeof end->random_id);
  msg_stmt_set_int (stmt, ":limit", MSG_END_MESSAGES);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      gsize len;
      const void *id = msg_stmt_get_bytes (stmt, MSG_MESSAGE_N_COLUMNS, &len);

      if (len == MSG_RANDOM_ID_BYTES)
        memcpy (ret_last, id, len);
      g_ptr_array_add (messages, msg_message_from_row (stmt, 0));
    }
  return step == MSG_STEP_DONE;
}

/* What others can see of the user's is deleted as the user would have done it. */
static bool
wipe_own (MsgDb *db, MsgLog *log, MsgEnd *end, MsgChat *chat, bool *ret_more, GError **error)
{
  g_autoptr (GPtrArray) messages = g_ptr_array_new_with_free_func (free_message);
  g_autoptr (MsgUpdate) update = NULL;
  uint8_t last[MSG_RANDOM_ID_BYTES] = { 0 };

  if (!list_own (db, end, chat->id, messages, last, error))
    return false;
  *ret_more = messages->len == MSG_END_MESSAGES;
  if (messages->len == 0)
    return true;
  update = msg_update_new (MSG_UPDATE_MESSAGE_DELETED, chat->id);
  update->ids = g_array_new (FALSE, FALSE, sizeof (int64_t));
  for (unsigned i = 0; i < messages->len; i++)
    {
      const MsgMessage *message = messages->pdata[i];

      g_array_append_val (update->ids, message->id);
      if (!msg_message_wipe (db, chat, message, log->now_ms, error))
        return false;
    }
  memcpy (end->random_id, last, sizeof last);
  count_up (end->random_id);
  return msg_discussion_delete (db, log, chat, update->ids, error)
         && msg_log_append (db, log, chat, g_steal_pointer (&update), 0, error);
}

/* --- A chat --- */

/* @ret_unseen: nobody is left who could read it */
static bool
is_unseen (MsgDb *db, const MsgEnd *end, MsgId chat_id, bool *ret_unseen, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT CASE WHEN c.deleted_ms > 0 OR c.kind = 2 THEN 1 WHEN c.kind > 2 THEN 0"
                                      " WHEN EXISTS (SELECT 1 FROM chat_members m JOIN users u ON u.id = m.user_id"
                                      " WHERE m.chat_id = c.id AND m.user_id <> :user AND u.deleted_ms = 0) THEN 0"
                                      " ELSE 1 END FROM chats c WHERE c.id = :chat");
  MsgStep step;

  msg_stmt_set_int (stmt, ":chat", chat_id);
  msg_stmt_set_int (stmt, ":user", end->user_id);
  step = msg_stmt_step (stmt, error);
  *ret_unseen = step == MSG_STEP_ROW && msg_stmt_get_int (stmt, 0) != 0;
  return step != MSG_STEP_ERROR;
}

static bool
end_unseen (MsgDb *db, MsgId chat_id, int64_t now_ms, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE chats SET deleted_ms = :now WHERE id = :chat AND deleted_ms = 0");

  msg_stmt_set_int (stmt, ":now", now_ms);
  msg_stmt_set_int (stmt, ":chat", chat_id);
  return msg_stmt_run (stmt, error)
         && run_for (db, "UPDATE chat_members SET role = 1, unread = 0, mentions = 0, last_id = 0, last_ms = 0"
                         " WHERE role >= 3 AND chat_id = :chat",
                     chat_id, error)
         && run_for (db, "DELETE FROM chat_pairs WHERE chat_id = :chat"
                         " AND low_id IN (SELECT user_id FROM chat_members WHERE chat_id = :chat)",
                     chat_id, error);
}

static bool
drop_mentions (MsgDb *db, const MsgEnd *end, MsgId chat_id, bool *ret_more, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "DELETE FROM message_mentions WHERE chat_id = :chat AND user_id = :user"
                                      " AND message_id IN (SELECT message_id FROM message_mentions"
                                      " WHERE chat_id = :chat AND user_id = :user LIMIT :limit)");

  msg_stmt_set_int (stmt, ":chat", chat_id);
  msg_stmt_set_int (stmt, ":user", end->user_id);
  msg_stmt_set_int (stmt, ":limit", MSG_END_ROWS);
  if (!msg_stmt_run (stmt, error))
    return false;
  *ret_more = msg_db_changes (db) == MSG_END_ROWS;
  return true;
}

static bool
end_seen (MsgDb *db, MsgLog *log, MsgEnd *end, MsgId chat_id, bool *ret_more, GError **error)
{
  g_autoptr (MsgChat) chat = msg_chat_load (db, chat_id, end->user_id, log->now_ms, error);

  if (chat == NULL || !leave (db, log, end, chat, ret_more, error))
    return false;
  if (chat->kind >= MSG_CHAT_GROUP && chat->member_count == 0)
    *ret_more = true; /* it is gone with its last member, and its messages go next */
  return *ret_more || !end->erase || wipe_own (db, log, end, chat, ret_more, error);
}

bool
msg_end_chat (MsgDb *db, MsgLog *log, MsgEnd *end, MsgId chat_id, bool *ret_more, GError **error)
{
  MsgStmt *stmt;
  bool unseen;

  *ret_more = false;
  if (!is_unseen (db, end, chat_id, &unseen, error))
    return false;
  if (unseen ? !purge (db, chat_id, ret_more, error) || (!*ret_more && !end_unseen (db, chat_id, log->now_ms, error))
             : !end_seen (db, log, end, chat_id, ret_more, error))
    return false;
  if (!*ret_more && !drop_mentions (db, end, chat_id, ret_more, error))
    return false;
  if (*ret_more)
    return true;
  stmt = msg_db_prepare (db, "UPDATE account_ends SET chat_id = :chat WHERE user_id = :user");
  msg_stmt_set_int (stmt, ":chat", chat_id);
  msg_stmt_set_int (stmt, ":user", end->user_id);
  return msg_stmt_run (stmt, error);
}

/* --- The rest --- */

bool
msg_end_rest (MsgDb *db, MsgLog *log, const MsgEnd *end, bool *ret_more, GError **error)
{
  static const char *const scripts[] = {
    ("DELETE FROM updates WHERE user_id = :user AND pts < (SELECT MIN (pts) FROM updates WHERE user_id = :user) + :limit"),
    ("DELETE FROM message_hidden WHERE user_id = :user AND (chat_id, message_id) IN"
     " (SELECT chat_id, message_id FROM message_hidden WHERE user_id = :user LIMIT :limit)"),
    ("DELETE FROM chat_requests WHERE user_id = :user AND chat_id IN"
     " (SELECT chat_id FROM chat_requests WHERE user_id = :user LIMIT :limit)"),
    ("DELETE FROM scheduled WHERE user_id = :user AND id IN"
     " (SELECT id FROM scheduled WHERE user_id = :user LIMIT :limit)"),
    ("DELETE FROM drafts WHERE user_id = :user AND chat_id IN"
     " (SELECT chat_id FROM drafts WHERE user_id = :user LIMIT :limit)"),
    ("DELETE FROM blocks WHERE user_id = :user AND blocked_id IN"
     " (SELECT blocked_id FROM blocks WHERE user_id = :user LIMIT :limit)"),
    ("DELETE FROM blocks WHERE blocked_id = :user AND user_id IN"
     " (SELECT user_id FROM blocks WHERE blocked_id = :user LIMIT :limit)"),
  };
  MsgStmt *stmt;

  *ret_more = false;
  /* in groups that the user need not have been in */
  if (end->erase && !msg_discussion_erase (db, log, end->user_id, MSG_END_MESSAGES, ret_more, error))
    return false;
  if (*ret_more)
    return true;
  for (unsigned i = 0; i < G_N_ELEMENTS (scripts); i++)
    {
      stmt = msg_db_prepare (db, scripts[i]);
      msg_stmt_set_int (stmt, ":user", end->user_id);
      msg_stmt_set_int (stmt, ":limit", MSG_END_ROWS);
      if (!msg_stmt_run (stmt, error))
        return false;
      *ret_more = msg_db_changes (db) > 0;
      if (*ret_more)
        return true;
    }
  if (!msg_files_disown (db, end->user_id, MSG_END_ROWS, ret_more, error))
    return false;
  if (*ret_more)
    return true;
  stmt = msg_db_prepare (db, "DELETE FROM account_ends WHERE user_id = :user");
  msg_stmt_set_int (stmt, ":user", end->user_id);
  return msg_stmt_run (stmt, error);
}
