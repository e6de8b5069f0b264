/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/chat-rows.h"

#include <string.h>

#include "messaging/discussion-rows.h"
#include "messaging/file-rows.h"
#include "messaging/message-text.h"
#include "messaging/search-rows.h"
#include "messaging/topic-rows.h"

MsgMessage *
msg_message_copy (const MsgMessage *message)
{
  MsgMessage *copy;

  g_return_val_if_fail (message != NULL, NULL);
  copy = g_memdup2 (message, sizeof *message);
  copy->text = g_strdup (message->text);
  copy->entities = g_strdup (message->entities);
  copy->data = g_strdup (message->data);
  copy->forward = g_strdup (message->forward);
  copy->quote = g_strdup (message->quote);
  copy->files = g_strdup (message->files);
  copy->poll = message->poll != NULL ? msg_poll_copy (message->poll) : NULL;
  copy->reactions = message->reactions != NULL ? g_array_copy (message->reactions) : NULL;
  return copy;
}

void
msg_message_free (MsgMessage *message)
{
  if (message == NULL)
    return;
  g_free (message->text);
  g_free (message->entities);
  g_free (message->data);
  g_free (message->forward);
  g_free (message->quote);
  g_free (message->files);
  msg_poll_free (message->poll);
  g_clear_pointer (&message->reactions, g_array_unref);
  g_free (message);
}

MsgMessage *
msg_message_from_row (MsgStmt *stmt, int column)
{
  MsgMessage *message = g_new0 (MsgMessage, 1);

  message->chat_id = msg_stmt_get_int (stmt, column);
  message->id = msg_stmt_get_int (stmt, column + 1);
  message->sender_id = msg_stmt_get_int (stmt, column + 2);
  message->at_ms = msg_stmt_get_int (stmt, column + 3);
  message->kind = (MsgMessageKind) msg_stmt_get_int (stmt, column + 4);
  message->text = g_strdup (msg_stmt_get_text (stmt, column + 5));
  message->entities = g_strdup (msg_stmt_get_text (stmt, column + 6));
  message->data = g_strdup (msg_stmt_get_text (stmt, column + 7));
  message->reply_to = msg_stmt_get_int (stmt, column + 8);
  message->edited_ms = msg_stmt_get_int (stmt, column + 9);
  message->silent = msg_stmt_get_int (stmt, column + 10) != 0;
  message->reactions = msg_reactions_read (msg_stmt_get_text (stmt, column + 11), msg_stmt_get_text (stmt, column + 12));
  message->pinned = msg_stmt_get_int (stmt, column + 13) != 0;
  message->forward = g_strdup (msg_stmt_get_text (stmt, column + 14));
  message->poll = msg_poll_read (msg_stmt_get_text (stmt, column + 15), msg_stmt_get_int (stmt, column + 16));
  message->expires_ms = msg_stmt_get_int (stmt, column + 17);
  message->quote = g_strdup (msg_stmt_get_text (stmt, column + 18));
  if (msg_stmt_get_int (stmt, column + 21) >= 0)
    {
      message->discussion_chat = msg_stmt_get_int (stmt, column + 19);
      message->discussion_id = msg_stmt_get_int (stmt, column + 20);
      message->comments = msg_stmt_get_int (stmt, column + 21);
    }
  message->thread_id = msg_stmt_get_int (stmt, column + 22);
  message->files = g_strdup (msg_stmt_get_text (stmt, column + 23));
  return message;
}

void
msg_message_share (MsgMessage *message)
{
  g_clear_pointer (&message->reactions, g_array_unref);
  message->pinned = false;
}

/* in JSON a quote or a newline has two bytes */
gsize
msg_message_weigh (const MsgMessage *message)
{
  if (message == NULL)
    return 0;
  return MSG_ROW_WEIGHT + 2 * strlen (message->text) + (message->entities != NULL ? strlen (message->entities) : 0)
         + (message->data != NULL ? strlen (message->data) : 0)
         + (message->forward != NULL ? strlen (message->forward) : 0)
         + (message->quote != NULL ? strlen (message->quote) : 0)
         + (message->files != NULL ? strlen (message->files) : 0)
         + (message->poll != NULL ? MSG_POLL_OPTIONS_MAX * 8 * MSG_POLL_OPTION_CHARS : 0)
         + (message->reactions != NULL ? message->reactions->len * sizeof (MsgReaction) : 0);
}

bool
msg_message_load (MsgDb *db, MsgId chat_id, MsgId user_id, int64_t id, MsgMessage **ret_message, GError **error)
{
  /* a public chat is read by those who are not in it, too */
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " MSG_MESSAGE_COLUMNS " FROM messages g JOIN chats c ON c.id = g.chat_id"
                                      " LEFT JOIN chat_members m ON m.chat_id = c.id AND m.user_id = :user"
                                      " WHERE g.chat_id = :chat AND g.id = :id AND g.deleted_ms = 0"
                                      " AND g.id >= COALESCE (m.first_id, c.group_top_id + 1) AND NOT EXISTS"
                                      " (SELECT 1 FROM message_hidden h WHERE h.user_id = :user"
                                      " AND h.chat_id = g.chat_id AND h.message_id = g.id)");
  MsgStep step;

  msg_stmt_set_int (stmt, ":chat", chat_id);
  msg_stmt_set_int (stmt, ":user", user_id);
  msg_stmt_set_int (stmt, ":id", id);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_ERROR)
    return false;
  *ret_message = step == MSG_STEP_ROW ? msg_message_from_row (stmt, 0) : NULL;
  return true;
}

/* --- Writing one --- */

static bool
message_insert (MsgDb *db, const MsgMessage *message, const MsgNewMessage *spec, int64_t pts, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (
      db, "INSERT INTO messages (chat_id, id, sender_id, device_id, random_id, pts, at_ms, kind, text, entities, data,"
          " forward, poll, quote, files, reply_to, thread_id, edited_ms, silent, expires_ms, deleted_ms, seq)"
          " VALUES (:chat, :id, :sender, :device, :random, :pts, :at, :kind, :text, :entities, :data, :forward, :poll,"
          " :quote, :files, :reply, :thread, 0, :silent, :expires, 0, (SELECT COALESCE (MAX (seq), 0) + 1 FROM messages))");

  msg_stmt_set_int (stmt, ":chat", message->chat_id);
  msg_stmt_set_int (stmt, ":id", message->id);
  msg_stmt_set_int (stmt, ":sender", message->sender_id);
  msg_stmt_set_int (stmt, ":device", spec->device_id);
  msg_stmt_set_bytes (stmt, ":random", spec->random_id, MSG_RANDOM_ID_BYTES);
  msg_stmt_set_int (stmt, ":pts", pts);
  msg_stmt_set_int (stmt, ":at", message->at_ms);
  msg_stmt_set_int (stmt, ":kind", message->kind);
  msg_stmt_set_text (stmt, ":text", message->text);
  msg_stmt_set_text (stmt, ":entities", message->entities);
  msg_stmt_set_text (stmt, ":data", message->data);
  msg_stmt_set_text (stmt, ":forward", message->forward);
  msg_stmt_set_text (stmt, ":poll", spec->poll);
  msg_stmt_set_text (stmt, ":quote", message->quote);
  msg_stmt_set_text (stmt, ":files", message->files);
  msg_stmt_set_int (stmt, ":reply", message->reply_to);
  msg_stmt_set_int (stmt, ":thread", message->thread_id);
  msg_stmt_set_int (stmt, ":silent", message->silent);
  msg_stmt_set_int (stmt, ":expires", message->expires_ms);
  return msg_stmt_run (stmt, error);
}

/* Returns: (nullable): those who have seen nothing of the chat yet. Who comes into a chat with its own log was told then. */
static GArray *
find_newcomers (MsgDb *db, const MsgChat *chat, MsgId except_id, GError **error)
{
  g_autoptr (GArray) users = g_array_new (FALSE, FALSE, sizeof (MsgId));
  MsgStmt *stmt;
  MsgStep step;

  if (msg_chat_has_log (chat->kind))
    return g_steal_pointer (&users);
  stmt = msg_db_prepare (db, "SELECT user_id FROM chat_members"
                             " WHERE chat_id = :chat AND role >= 3 AND last_id = 0 AND user_id <> :except");
  msg_stmt_set_int (stmt, ":chat", chat->id);
  msg_stmt_set_int (stmt, ":except", except_id);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      MsgId user_id = msg_stmt_get_int (stmt, 0);

      g_array_append_val (users, user_id);
    }
  return step == MSG_STEP_DONE ? g_steal_pointer (&users) : NULL;
}

bool
msg_chat_tell_users (MsgDb *db, MsgLog *log, MsgId chat_id, const GArray *users, GError **error)
{
  for (unsigned i = 0; i < users->len; i++)
    {
      MsgId user_id = g_array_index (users, MsgId, i);
      MsgChat *seen = msg_chat_load (db, chat_id, user_id, log->now_ms, error);
      MsgUpdate *update;

      if (seen == NULL)
        return false;
      update = msg_update_new (MSG_UPDATE_CHAT, chat_id);
      update->chat = seen;
      if (!msg_log_append_one (db, log, update, user_id, error) || !msg_chat_fill_in (db, seen, user_id, error))
        return false;
    }
  return true;
}

static bool
count_message (MsgDb *db, const MsgChat *chat, const MsgMessage *message, MsgId except_id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE chats SET top_id = :id, top_ms = :at WHERE id = :chat");

  msg_stmt_set_int (stmt, ":id", message->id);
  msg_stmt_set_int (stmt, ":at", message->at_ms);
  msg_stmt_set_int (stmt, ":chat", message->chat_id);
  if (!msg_stmt_run (stmt, error))
    return false;
  if (msg_chat_has_log (chat->kind))
    return true;
  stmt = msg_db_prepare (db, "UPDATE chat_members SET last_id = :id, last_ms = :at,"
                             " unread = unread + CASE WHEN user_id = :sender THEN 0 ELSE 1 END"
                             " WHERE chat_id = :chat AND role >= 3 AND user_id <> :except");
  msg_stmt_set_int (stmt, ":except", except_id);
  msg_stmt_set_int (stmt, ":id", message->id);
  msg_stmt_set_int (stmt, ":at", message->at_ms);
  msg_stmt_set_int (stmt, ":sender", message->sender_id);
  msg_stmt_set_int (stmt, ":chat", message->chat_id);
  return msg_stmt_run (stmt, error);
}

static bool
count_mention (MsgDb *db, const MsgMessage *message, MsgId user_id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "INSERT INTO message_mentions (chat_id, user_id, message_id)"
                                      " SELECT chat_id, user_id, CAST (:id AS BIGINT) FROM chat_members"
                                      " WHERE chat_id = :chat AND user_id = :user AND role >= 3"
                                      " ON CONFLICT DO NOTHING");

  msg_stmt_set_int (stmt, ":id", message->id);
  msg_stmt_set_int (stmt, ":chat", message->chat_id);
  msg_stmt_set_int (stmt, ":user", user_id);
  if (!msg_stmt_run (stmt, error))
    return false;
  if (msg_db_changes (db) == 0)
    return true;
  stmt = msg_db_prepare (db, "UPDATE chat_members SET mentions = mentions + 1"
                             " WHERE chat_id = :chat AND user_id = :user");
  msg_stmt_set_int (stmt, ":chat", message->chat_id);
  msg_stmt_set_int (stmt, ":user", user_id);
  return msg_stmt_run (stmt, error);
}

static bool
count_mentions (MsgDb *db, const MsgMessage *message, MsgId except_id, GError **error)
{
  g_autoptr (GArray) entities = NULL;

  if (message->entities == NULL)
    return true;
  entities = msg_entities_parse (message->entities);
  for (unsigned i = 0; entities != NULL && i < entities->len; i++)
    {
      MsgId user_id = g_array_index (entities, MsgEntity, i).user_id;

      if (user_id != 0 && user_id != message->sender_id && user_id != except_id
          && !count_mention (db, message, user_id, error))
        return false;
    }
  return true;
}

/* Of the message's own time and the chat's the shorter one counts, from its sending on. */
static int64_t
find_expiry (const MsgChat *chat, const MsgNewMessage *spec, int64_t now_ms)
{
  int64_t ttl_ms = spec->ttl_ms;

  if (chat->ttl_ms != 0 && (ttl_ms == 0 || chat->ttl_ms < ttl_ms))
    ttl_ms = chat->ttl_ms;
  return ttl_ms != 0 ? now_ms + ttl_ms : 0;
}

static MsgMessage *
message_from_spec (const MsgChat *chat, const MsgNewMessage *spec, int64_t now_ms)
{
  MsgMessage *message = g_new0 (MsgMessage, 1);

  message->chat_id = chat->id;
  message->id = chat->top_id + 1;
  message->sender_id = spec->sender_id;
  message->at_ms = now_ms;
  message->kind = spec->kind;
  message->text = g_strdup (spec->text);
  message->entities = g_strdup (spec->entities);
  message->data = g_strdup (spec->data);
  message->forward = g_strdup (spec->forward);
  message->quote = g_strdup (spec->quote);
  message->poll = msg_poll_parse (spec->poll);
  message->files = g_strdup (spec->files);
  message->reply_to = spec->reply_to;
  message->thread_id = spec->opens_thread ? message->id : spec->thread_id;
  message->silent = spec->silent;
  message->expires_ms = find_expiry (chat, spec, now_ms);
  return message;
}

bool
msg_message_hide (MsgDb *db, MsgId user_id, MsgId chat_id, int64_t id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "INSERT INTO message_hidden (user_id, chat_id, message_id)"
                                      " VALUES (:user, :chat, :id) ON CONFLICT DO NOTHING");

  msg_stmt_set_int (stmt, ":user", user_id);
  msg_stmt_set_int (stmt, ":chat", chat_id);
  msg_stmt_set_int (stmt, ":id", id);
  return msg_stmt_run (stmt, error);
}

const MsgMessage *
msg_message_append (MsgDb *db, MsgLog *log, MsgChat *chat, const MsgNewMessage *spec, GError **error)
{
  g_autoptr (GArray) newcomers = find_newcomers (db, chat, spec->withheld_from, error);
  bool has_log = msg_chat_has_log (chat->kind);
  g_autoptr (MsgUpdate) update = msg_update_new (MSG_UPDATE_MESSAGE_NEW, chat->id);
  MsgMessage *message = update->message = message_from_spec (chat, spec, log->now_ms);

  if (newcomers == NULL || !count_message (db, chat, message, spec->withheld_from, error)
      || !count_mentions (db, message, spec->withheld_from, error)
      || !msg_chat_tell_users (db, log, chat->id, newcomers, error)
      || !msg_log_append (db, log, chat, g_steal_pointer (&update), spec->withheld_from, error)
      || (spec->withheld_from != 0 && !msg_message_hide (db, spec->withheld_from, chat->id, message->id, error)))
    return NULL;
  chat->top_id = message->id;
  if (message->expires_ms != 0)
    log->due_ms = MIN (log->due_ms, message->expires_ms);
  /* last, because it keeps its place in the sender's log or the chat's, which a retry is answered with */
  return message_insert (db, message, spec, has_log ? log->written.chat_pts : log->written.pts, error)
                 && msg_files_attach (db, message, error) && msg_search_put (db, message, error)
                 && msg_topic_touch (db, message, error)
                 && (message->reply_to == 0 || msg_discussion_count (db, chat->id, message->reply_to, 1, error))
                 && msg_discussion_post (db, log, chat, message, error)
             ? message
             : NULL;
}

bool
msg_message_append_withheld (MsgDb *db, MsgLog *log, MsgChat *chat, MsgId sender_id, MsgId from_id, char *data,
                             GError **error)
{
  g_autofree char *owned = data;
  const MsgNewMessage spec = { .sender_id = sender_id, .kind = MSG_MESSAGE_SERVICE, .text = "", .data = owned,
                               .withheld_from = from_id };

  return msg_message_append (db, log, chat, &spec, error) != NULL;
}

bool
msg_message_append_service (MsgDb *db, MsgLog *log, MsgChat *chat, MsgId sender_id, char *data, GError **error)
{
  return msg_message_append_withheld (db, log, chat, sender_id, 0, data, error);
}
