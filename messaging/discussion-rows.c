/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/discussion-rows.h"

#include "messaging/message-forward.h"

static bool
refuse (MsgError code, const char *reason, const char *message, GError **error)
{
  g_propagate_error (error, msg_error_new (code, reason, "%s", message));
  return false;
}

/* --- Linking --- */

static bool
refuse_protected (bool channel, bool group, GError **error)
{
  return !channel || group
         || refuse (MSG_ERROR_CONFLICT, "linked_protected",
                    "What is not forwarded from a channel is not forwarded from its group.", error);
}

bool
msg_discussion_check_protected (MsgDb *db, MsgLog *log, const MsgChat *chat, bool is_protected, GError **error)
{
  g_autoptr (MsgChat) other = NULL;

  if (chat->linked_id == 0)
    return true;
  other = msg_chat_load (db, chat->linked_id, 0, log->now_ms, error);
  if (other == NULL)
    return false;
  return chat->kind == MSG_CHAT_CHANNEL ? refuse_protected (is_protected, other->is_protected, error)
                                        : refuse_protected (other->is_protected, is_protected, error);
}

static bool
put_link (MsgDb *db, MsgChat *chat, MsgId linked_id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE chats SET linked_id = :linked WHERE id = :chat");

  chat->linked_id = linked_id;
  msg_stmt_set_int (stmt, ":linked", linked_id);
  msg_stmt_set_int (stmt, ":chat", chat->id);
  return msg_stmt_run (stmt, error);
}

/* @other: hears of it */
static bool
put_other (MsgDb *db, MsgLog *log, MsgChat *other, MsgId linked_id, GError **error)
{
  const MsgWritten written = log->written;
  bool ok = put_link (db, other, linked_id, error) && msg_chat_tell_change (db, log, other, error);

  log->written = written;
  return ok;
}

bool
msg_discussion_end (MsgDb *db, MsgLog *log, MsgChat *chat, GError **error)
{
  g_autoptr (MsgChat) other = NULL;

  if (chat->linked_id == 0)
    return true;
  other = msg_chat_load (db, chat->linked_id, 0, log->now_ms, error);
  return other != NULL && put_other (db, log, other, 0, error) && put_link (db, chat, 0, error);
}

bool
msg_discussion_link (MsgDb *db, MsgLog *log, MsgChat *chat, MsgId group_id, GError **error)
{
  g_autoptr (MsgChat) group = NULL;

  if (group_id == 0)
    return msg_discussion_end (db, log, chat, error);
  group = msg_chat_load_for (db, group_id, log->user_id, MSG_ACT_MARK, log->now_ms, error);
  if (group == NULL)
    return false;
  if (chat->kind != MSG_CHAT_CHANNEL || group->kind != MSG_CHAT_SUPERGROUP)
    return refuse (MSG_ERROR_INVALID, "linked_kind", "A channel is linked to a supergroup.", error);
  if (!msg_chat_allow (group->kind, group->permissions, &group->standing, MSG_ACT_INFO, NULL, error))
    return false;
  if (group->standing.role < MSG_ROLE_ADMIN) /* members may change its title, where it is so permitted, but not this */
    {
      g_propagate_error (error, msg_verdict_to_error (MSG_VERDICT_ADMIN_ONLY));
      return false;
    }
  if (chat->linked_id != 0 || group->linked_id != 0)
    return refuse (MSG_ERROR_CONFLICT, "linked_taken", "One of the two is linked to another chat.", error);
  return refuse_protected (chat->is_protected, group->is_protected, error)
         && put_link (db, chat, group_id, error) && put_other (db, log, group, chat->id, error);
}

/* --- Posts --- */

static bool
put_copy (MsgDb *db, const MsgMessage *post, const MsgMessage *copy, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE messages SET discussion_chat = :group, discussion_id = :copy"
                                      " WHERE chat_id = :chat AND id = :id");

  msg_stmt_set_int (stmt, ":group", copy->chat_id);
  msg_stmt_set_int (stmt, ":copy", copy->id);
  msg_stmt_set_int (stmt, ":chat", post->chat_id);
  msg_stmt_set_int (stmt, ":id", post->id);
  if (!msg_stmt_run (stmt, error))
    return false;
  stmt = msg_db_prepare (db, "UPDATE messages SET comments = 0 WHERE chat_id = :chat AND id = :id");
  msg_stmt_set_int (stmt, ":chat", copy->chat_id);
  msg_stmt_set_int (stmt, ":id", copy->id);
  return msg_stmt_run (stmt, error);
}

bool
msg_discussion_post (MsgDb *db, MsgLog *log, const MsgChat *chat, MsgMessage *post, GError **error)
{
  const MsgWritten written = log->written;
  g_autofree char *origin = NULL;
  g_autoptr (GError) problem = NULL;
  g_autoptr (MsgChat) group = NULL;
  const MsgMessage *copy;

  if (chat->kind != MSG_CHAT_CHANNEL || chat->linked_id == 0 || post->kind != MSG_MESSAGE_TEXT)
    return true;
  /* that it is gone unlinks it: it is there, or all of this fails; what is sent at its time is never half sent */
  group = msg_chat_load (db, chat->linked_id, 0, log->now_ms, &problem);
  if (group == NULL)
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_UNAVAILABLE, "storage", "discussion: %s", problem->message));
      return false;
    }
  origin = msg_forward_write_post (chat, post);
  copy = msg_message_append (db, log, group,
                             &(MsgNewMessage){ .sender_id = post->sender_id,
                                               .kind = post->kind,
                                               .text = post->text,
                                               .entities = post->entities,
                                               .forward = origin,
                                               .files = post->files,
                                               .silent = post->silent },
                             error);
  log->written = written;
  if (copy == NULL)
    return false;
  post->discussion_chat = copy->chat_id;
  post->discussion_id = copy->id;
  post->comments = 0;
  return put_copy (db, post, copy, error);
}

bool
msg_discussion_load_copy (MsgDb *db, MsgLog *log, const MsgMessage *post, MsgMessage **ret_copy, MsgChat **ret_group,
                          GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " MSG_MESSAGE_COLUMNS " FROM messages p JOIN messages g"
                                      " ON g.chat_id = p.discussion_chat AND g.id = p.discussion_id"
                                      " JOIN chats c ON c.id = g.chat_id WHERE p.chat_id = :chat AND p.id = :id"
                                      " AND p.discussion_id > 0 AND g.deleted_ms = 0 AND c.deleted_ms = 0");
  g_autoptr (MsgMessage) copy = NULL;
  MsgStep step;

  *ret_copy = NULL;
  *ret_group = NULL;
  msg_stmt_set_int (stmt, ":user", 0);
  msg_stmt_set_int (stmt, ":chat", post->chat_id);
  msg_stmt_set_int (stmt, ":id", post->id);
  step = msg_stmt_step (stmt, error);
  if (step != MSG_STEP_ROW)
    return step == MSG_STEP_DONE;
  copy = msg_message_from_row (stmt, 0);
  *ret_group = msg_chat_load (db, copy->chat_id, 0, log->now_ms, error);
  if (*ret_group == NULL)
    return false;
  *ret_copy = g_steal_pointer (&copy);
  return true;
}

static void
free_message (gpointer message)
{
  msg_message_free (message);
}

static bool
wipe_copy (MsgDb *db, MsgLog *log, MsgChat *group, const MsgMessage *copy, GError **error)
{
  MsgUpdate *update;

  if (!msg_message_wipe (db, group, copy, log->now_ms, error))
    return false;
  update = msg_update_new (MSG_UPDATE_MESSAGE_DELETED, group->id);
  update->ids = g_array_append_val (g_array_new (FALSE, FALSE, sizeof (int64_t)), copy->id);
  return msg_log_append (db, log, group, update, 0, error);
}

/* The post is wiped already; that it had a copy stays in its row. */
static bool
delete_copy (MsgDb *db, MsgLog *log, const MsgMessage *post, GError **error)
{
  g_autoptr (MsgMessage) copy = NULL;
  g_autoptr (MsgChat) group = NULL;

  return msg_discussion_load_copy (db, log, post, &copy, &group, error)
         && (copy == NULL || wipe_copy (db, log, group, copy, error));
}

bool
msg_discussion_delete (MsgDb *db, MsgLog *log, const MsgChat *chat, const GArray *ids, GError **error)
{
  const MsgWritten written = log->written;
  bool ok = true;

  for (unsigned i = 0; ok && chat->kind == MSG_CHAT_CHANNEL && i < ids->len; i++)
    {
      const MsgMessage post = { .chat_id = chat->id, .id = g_array_index (ids, int64_t, i) };

      ok = delete_copy (db, log, &post, error);
    }
  log->written = written;
  return ok;
}

bool
msg_discussion_erase (MsgDb *db, MsgLog *log, MsgId user_id, int64_t limit, bool *ret_more, GError **error)
{
  g_autoptr (GPtrArray) copies = g_ptr_array_new_with_free_func (free_message);
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " MSG_MESSAGE_COLUMNS " FROM messages g JOIN chats c ON c.id = g.chat_id"
                                      " WHERE g.sender_id = :sender AND g.comments >= 0 AND g.deleted_ms = 0"
                                      " AND c.deleted_ms = 0 ORDER BY g.chat_id, g.id LIMIT :limit");
  MsgStep step;

  msg_stmt_set_int (stmt, ":user", 0);
  msg_stmt_set_int (stmt, ":sender", user_id);
  msg_stmt_set_int (stmt, ":limit", limit);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    g_ptr_array_add (copies, msg_message_from_row (stmt, 0));
  *ret_more = step == MSG_STEP_DONE && copies->len == limit;
  for (unsigned i = 0; step == MSG_STEP_DONE && i < copies->len; i++)
    {
      const MsgMessage *copy = copies->pdata[i];
      g_autoptr (MsgChat) group = msg_chat_load (db, copy->chat_id, 0, log->now_ms, error);

      if (group == NULL || !wipe_copy (db, log, group, copy, error))
        return false;
    }
  return step == MSG_STEP_DONE;
}

bool
msg_discussion_count (MsgDb *db, MsgId chat_id, int64_t id, int n, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE messages SET comments = comments + :n"
                                      " WHERE chat_id = :chat AND id = :id AND comments >= 0");

  msg_stmt_set_int (stmt, ":n", n);
  msg_stmt_set_int (stmt, ":chat", chat_id);
  msg_stmt_set_int (stmt, ":id", id);
  return msg_stmt_run (stmt, error);
}
