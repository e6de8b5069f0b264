/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/topic-rows.h"

#include "messaging/core.h"

#define UNREAD_ROWS 1000 /* that are looked at, those of one's own with them */
#define COLUMNS "chat_id, id, title, closed, pinned, last_id"

void
msg_topic_free (MsgTopic *topic)
{
  if (topic == NULL)
    return;
  g_free (topic->title);
  g_free (topic);
}

static MsgTopic *
from_row (MsgStmt *stmt)
{
  MsgTopic *topic = g_new0 (MsgTopic, 1);

  topic->chat_id = msg_stmt_get_int (stmt, 0);
  topic->id = msg_stmt_get_int (stmt, 1);
  topic->title = g_strdup (msg_stmt_get_text (stmt, 2));
  topic->closed = msg_stmt_get_int (stmt, 3) != 0;
  topic->pinned = msg_stmt_get_int (stmt, 4) != 0;
  topic->last_id = msg_stmt_get_int (stmt, 5);
  return topic;
}

static bool
refuse (MsgError code, const char *reason, const char *message, GError **error)
{
  g_propagate_error (error, msg_error_new (code, reason, "%s", message));
  return false;
}

bool
msg_topic_load (MsgDb *db, MsgId chat_id, int64_t id, MsgTopic **ret_topic, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " COLUMNS " FROM topics WHERE chat_id = :chat AND id = :id");
  MsgStep step;

  msg_stmt_set_int (stmt, ":chat", chat_id);
  msg_stmt_set_int (stmt, ":id", id);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_ERROR)
    return false;
  *ret_topic = step == MSG_STEP_ROW ? from_row (stmt) : NULL;
  return true;
}

/* --- Writing --- */

bool
msg_topic_insert (MsgDb *db, const MsgMessage *message, const char *title, unsigned max, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT COUNT (*) FROM topics WHERE chat_id = :chat");

  msg_stmt_set_int (stmt, ":chat", message->chat_id);
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  if (msg_stmt_get_int (stmt, 0) >= max)
    return refuse (MSG_ERROR_LIMIT, "too_many_topics", "This chat has no room for one more topic.", error);
  stmt = msg_db_prepare (db, "INSERT INTO topics (" COLUMNS ") VALUES (:chat, :id, :title, 0, 0, :id)");
  msg_stmt_set_int (stmt, ":chat", message->chat_id);
  msg_stmt_set_int (stmt, ":id", message->id);
  msg_stmt_set_text (stmt, ":title", title);
  return msg_stmt_run (stmt, error);
}

/* Whether one more may be pinned, beside @topic. */
static bool
check_pins (MsgDb *db, const MsgTopic *topic, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT COUNT (*) FROM topics WHERE chat_id = :chat AND pinned > 0 AND id <> :id");

  msg_stmt_set_int (stmt, ":chat", topic->chat_id);
  msg_stmt_set_int (stmt, ":id", topic->id);
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  return msg_stmt_get_int (stmt, 0) < MSG_TOPIC_PINS_MAX
         || refuse (MSG_ERROR_LIMIT, "too_many_pins", "At most 10 topics are pinned in a chat.", error);
}

bool
msg_topic_put (MsgDb *db, const MsgTopic *topic, GError **error)
{
  MsgStmt *stmt;

  if (topic->pinned && !check_pins (db, topic, error))
    return false;
  stmt = msg_db_prepare (db, "UPDATE topics SET title = :title, closed = :closed, pinned = :pinned"
                             " WHERE chat_id = :chat AND id = :id");
  msg_stmt_set_text (stmt, ":title", topic->title);
  msg_stmt_set_int (stmt, ":closed", topic->closed);
  msg_stmt_set_int (stmt, ":pinned", topic->pinned);
  msg_stmt_set_int (stmt, ":chat", topic->chat_id);
  msg_stmt_set_int (stmt, ":id", topic->id);
  return msg_stmt_run (stmt, error);
}

bool
msg_topic_touch (MsgDb *db, const MsgMessage *message, GError **error)
{
  MsgStmt *stmt;

  if (message->thread_id == 0)
    return true;
  stmt = msg_db_prepare (db, "UPDATE topics SET last_id = :id WHERE chat_id = :chat AND id = :thread");
  msg_stmt_set_int (stmt, ":id", message->id);
  msg_stmt_set_int (stmt, ":chat", message->chat_id);
  msg_stmt_set_int (stmt, ":thread", message->thread_id);
  return msg_stmt_run (stmt, error);
}

bool
msg_topic_admit (MsgDb *db, const MsgChat *chat, MsgNewMessage *spec, const MsgMessage *replied, GError **error)
{
  g_autoptr (MsgTopic) topic = NULL;

  if (!chat->has_topics)
    return spec->thread_id == 0 || refuse (MSG_ERROR_FORBIDDEN, "topics_off", "This chat has no topics.", error);
  if (replied != NULL && spec->thread_id == 0)
    spec->thread_id = replied->thread_id;
  if (replied != NULL && spec->thread_id != replied->thread_id)
    return refuse (MSG_ERROR_INVALID, "thread", "What it answers stands in another thread.", error);
  if (spec->thread_id == 0)
    return true;
  if (!msg_topic_load (db, chat->id, spec->thread_id, &topic, error))
    return false;
  if (topic == NULL)
    return refuse (MSG_ERROR_NOT_FOUND, "topic", "There is no such topic.", error);
  return !topic->closed || chat->standing.role >= MSG_ROLE_ADMIN
         || refuse (MSG_ERROR_FORBIDDEN, "topic_closed", "This topic is closed.", error);
}

/* --- Lists --- */

bool
msg_topic_list_rows (MsgDb *db, MsgId chat_id, int64_t before, unsigned limit, GPtrArray *topics, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, before == 0 ? "SELECT " COLUMNS " FROM topics WHERE chat_id = :chat AND pinned > 0"
                                                    " ORDER BY last_id DESC LIMIT :limit"
                                                  : "SELECT " COLUMNS " FROM topics WHERE chat_id = :chat AND pinned = 0"
                                                    " AND last_id < :before ORDER BY last_id DESC LIMIT :limit");
  MsgStep step;

  msg_stmt_set_int (stmt, ":chat", chat_id);
  if (before != 0)
    msg_stmt_set_int (stmt, ":before", before);
  msg_stmt_set_int (stmt, ":limit", limit);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    g_ptr_array_add (topics, from_row (stmt));
  return step == MSG_STEP_DONE;
}

bool
msg_topic_count_unread (MsgDb *db, MsgTopic *topic, MsgId user_id, int64_t seen, GError **error)
{
  MsgStmt *stmt;

  if (topic->last_id <= seen)
    return true;
  stmt = msg_db_prepare (db, "SELECT COUNT (*) FROM (SELECT g.sender_id FROM messages g WHERE g.chat_id = :chat"
                             " AND g.thread_id = :thread AND g.thread_id > 0 AND g.id > :seen AND g.deleted_ms = 0"
                             " AND g.id <= :last ORDER BY g.id LIMIT :rows) n WHERE n.sender_id <> :user");
  msg_stmt_set_int (stmt, ":chat", topic->chat_id);
  msg_stmt_set_int (stmt, ":thread", topic->id);
  msg_stmt_set_int (stmt, ":seen", seen);
  msg_stmt_set_int (stmt, ":user", user_id);
  msg_stmt_set_int (stmt, ":last", topic->last_id); /* with both ends SQLite takes the index of threads */
  msg_stmt_set_int (stmt, ":rows", UNREAD_ROWS);
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  topic->unread = (unsigned) MIN (msg_stmt_get_int (stmt, 0), MSG_TOPIC_UNREAD_MAX);
  return true;
}
