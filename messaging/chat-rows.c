/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/chat-rows.h"

#include <string.h>

#include "messaging/draft-rows.h"
#include "messaging/privacy-rows.h"
#include "messaging/rows.h"

MsgChat *
msg_chat_copy (const MsgChat *chat)
{
  MsgChat *copy;

  g_return_val_if_fail (chat != NULL, NULL);
  copy = g_memdup2 (chat, sizeof *chat);
  copy->title = g_strdup (chat->title);
  copy->about = g_strdup (chat->about);
  copy->username = g_strdup (chat->username);
  copy->peer = chat->peer != NULL ? msg_user_copy (chat->peer) : NULL;
  copy->draft = chat->draft != NULL ? msg_draft_copy (chat->draft) : NULL;
  return copy;
}

void
msg_chat_free (MsgChat *chat)
{
  if (chat == NULL)
    return;
  g_free (chat->title);
  g_free (chat->about);
  g_free (chat->username);
  msg_user_free (chat->peer);
  msg_draft_free (chat->draft);
  g_free (chat);
}

/* What is not kept for each member of a chat with its own log. */
static void
take_from_chat (MsgChat *chat, int64_t top_ms)
{
  bool inside = chat->standing.role >= MSG_ROLE_RESTRICTED;
  int64_t seen = MAX (chat->read_id, chat->first_id - 1);

  chat->standing.of_public = chat->username != NULL;
  if (chat->standing.role == MSG_ROLE_STRANGER)
    chat->first_id = chat->group_top_id + 1;
  chat->last_id = inside ? chat->top_id : 0;
  chat->last_ms = inside ? top_ms : 0;
  chat->unread = inside && chat->top_id > seen ? (unsigned) MIN (chat->top_id - seen, G_MAXINT32) : 0;
}

MsgChat *
msg_chat_from_row (MsgStmt *stmt, int64_t now_ms)
{
  MsgChat *chat = g_new0 (MsgChat, 1);

  chat->id = msg_stmt_get_int (stmt, 0);
  chat->kind = (MsgChatKind) msg_stmt_get_int (stmt, 1);
  chat->title = g_strdup (msg_stmt_get_text (stmt, 2));
  chat->about = g_strdup (msg_stmt_get_text (stmt, 3));
  chat->owner_id = msg_stmt_get_int (stmt, 4);
  chat->top_id = msg_stmt_get_int (stmt, 5);
  chat->member_count = (unsigned) msg_stmt_get_int (stmt, 6);
  chat->permissions = (unsigned) msg_stmt_get_int (stmt, 7);
  chat->created_ms = msg_stmt_get_int (stmt, 8);
  chat->until_ms = msg_stmt_get_int (stmt, 11);
  chat->standing = msg_standing_at ((MsgChatRole) msg_stmt_get_int (stmt, 9), (unsigned) msg_stmt_get_int (stmt, 10),
                                    chat->until_ms, now_ms);
  if (chat->until_ms <= now_ms)
    chat->until_ms = 0;
  chat->first_id = msg_stmt_get_int (stmt, 12);
  chat->read_id = msg_stmt_get_int (stmt, 13);
  chat->delivered_id = msg_stmt_get_int (stmt, 14);
  chat->unread = (unsigned) msg_stmt_get_int (stmt, 15);
  chat->mentions = (unsigned) msg_stmt_get_int (stmt, 16);
  chat->last_id = msg_stmt_get_int (stmt, 17);
  chat->last_ms = msg_stmt_get_int (stmt, 18);
  chat->pts = msg_stmt_get_int (stmt, 19);
  chat->slow_ms = msg_stmt_get_int (stmt, 20);
  chat->username = g_strdup (msg_stmt_get_text (stmt, 21));
  chat->group_top_id = msg_stmt_get_int (stmt, 22);
  chat->sent_ms = msg_stmt_get_int (stmt, 24);
  chat->is_protected = msg_stmt_get_int (stmt, 25) != 0;
  chat->ttl_ms = msg_stmt_get_int (stmt, 26);
  chat->retention_ms = msg_stmt_get_int (stmt, 27);
  chat->linked_id = msg_stmt_get_int (stmt, 28);
  chat->has_topics = msg_stmt_get_int (stmt, 29) != 0;
  if (msg_chat_has_log (chat->kind))
    take_from_chat (chat, msg_stmt_get_int (stmt, 23));
  return chat;
}

MsgChat *
msg_chat_load (MsgDb *db, MsgId chat_id, MsgId user_id, int64_t now_ms, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " MSG_CHAT_COLUMNS " FROM chats c LEFT JOIN chat_members m"
                                      " ON m.chat_id = c.id AND m.user_id = :user"
                                      " WHERE c.id = :chat AND c.deleted_ms = 0");

  msg_stmt_set_int (stmt, ":chat", chat_id);
  msg_stmt_set_int (stmt, ":user", user_id);
  switch (msg_stmt_step (stmt, error))
    {
    case MSG_STEP_ROW:
      return msg_chat_from_row (stmt, now_ms);
    case MSG_STEP_DONE:
      g_propagate_error (error, msg_verdict_to_error (MSG_VERDICT_NO_CHAT));
      return NULL;
    default:
      return NULL;
    }
}

MsgChat *
msg_chat_load_for (MsgDb *db, MsgId chat_id, MsgId user_id, MsgAct act, int64_t now_ms, GError **error)
{
  g_autoptr (MsgChat) chat = msg_chat_load (db, chat_id, user_id, now_ms, error);

  if (chat == NULL || !msg_chat_allow (chat->kind, chat->permissions, &chat->standing, act, NULL, error))
    return NULL;
  return g_steal_pointer (&chat);
}

bool
msg_chat_count_unread (MsgDb *db, const MsgChat *chat, MsgId user_id, int64_t read_id, unsigned *ret_unread,
                       GError **error)
{
  MsgStmt *stmt;

  *ret_unread = 0;
  if (read_id >= chat->top_id)
    return true;
  if (msg_chat_has_log (chat->kind) && chat->top_id - read_id > MSG_CHAT_UNREAD_EXACT)
    {
      *ret_unread = (unsigned) MIN (chat->top_id - read_id, G_MAXINT32);
      return true;
    }
  stmt = msg_db_prepare (db, "SELECT COUNT (*) FROM messages g WHERE g.chat_id = :chat AND g.id > :read"
                             " AND g.sender_id <> :user AND " MSG_MESSAGE_IS_SHOWN);
  msg_stmt_set_int (stmt, ":chat", chat->id);
  msg_stmt_set_int (stmt, ":read", read_id);
  msg_stmt_set_int (stmt, ":user", user_id);
  msg_stmt_set_int (stmt, ":first", chat->first_id);
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  *ret_unread = (unsigned) msg_stmt_get_int (stmt, 0);
  return true;
}

static bool
load_peer (MsgDb *db, MsgChat *chat, MsgId user_id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT m.read_id, m.delivered_id, " MSG_USER_COLUMNS " FROM chat_members m"
                                      " JOIN users u ON u.id = m.user_id"
                                      " WHERE m.chat_id = :chat AND m.user_id <> :user");
  MsgStep step;

  msg_stmt_set_int (stmt, ":chat", chat->id);
  msg_stmt_set_int (stmt, ":user", user_id);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_ROW)
    {
      chat->peer_read_id = msg_stmt_get_int (stmt, 0);
      chat->peer_delivered_id = msg_stmt_get_int (stmt, 1);
      msg_user_free (chat->peer);
      chat->peer = msg_user_from_row (stmt, 2);
    }
  return step != MSG_STEP_ERROR;
}

static bool
load_pinned (MsgDb *db, MsgChat *chat, MsgId user_id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT MAX (g.id) FROM messages g WHERE g.chat_id = :chat"
                                      " AND " MSG_MESSAGE_IS_PINNED " AND " MSG_MESSAGE_IS_FOR_USER);

  msg_stmt_set_int (stmt, ":chat", chat->id);
  msg_stmt_set_int (stmt, ":user", user_id);
  msg_stmt_set_int (stmt, ":first", chat->first_id);
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  chat->pinned_id = msg_stmt_get_int (stmt, 0);
  return true;
}

bool
msg_chat_fill_in (MsgDb *db, MsgChat *chat, MsgId user_id, GError **error)
{
  g_clear_pointer (&chat->draft, msg_draft_free);
  if (!load_pinned (db, chat, user_id, error) || !msg_draft_load (db, user_id, chat->id, &chat->draft, error))
    return false;
  if (chat->kind == MSG_CHAT_PRIVATE)
    return load_peer (db, chat, user_id, error);
  if (!msg_chat_has_log (chat->kind) || chat->unread == 0)
    return true;
  return msg_chat_count_unread (db, chat, user_id, MAX (chat->read_id, chat->first_id - 1), &chat->unread, error);
}

bool
msg_chat_load_standing (MsgDb *db, MsgId chat_id, MsgId user_id, int64_t now_ms, MsgStanding *ret_standing,
                        GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT role, rights, until_ms FROM chat_members"
                                      " WHERE chat_id = :chat AND user_id = :user");
  MsgStep step;

  msg_stmt_set_int (stmt, ":chat", chat_id);
  msg_stmt_set_int (stmt, ":user", user_id);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_ERROR)
    return false;
  *ret_standing = step == MSG_STEP_DONE
                      ? (MsgStanding){ MSG_ROLE_STRANGER, 0 }
                      : msg_standing_at ((MsgChatRole) msg_stmt_get_int (stmt, 0),
                                         (unsigned) msg_stmt_get_int (stmt, 1), msg_stmt_get_int (stmt, 2), now_ms);
  return true;
}

bool
msg_chat_put_member (MsgDb *db, const MsgChat *chat, MsgId user_id, MsgChatRole role, int64_t now_ms, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (
      db, "INSERT INTO chat_members (chat_id, user_id, role, rights, until_ms, joined_ms, first_id, read_id,"
          " delivered_id, unread, mentions, last_id, last_ms)"
          " VALUES (:chat, :user, :role, 0, 0, :now, :first, :top, :top, 0, 0, 0, 0)"
          " ON CONFLICT (chat_id, user_id) DO UPDATE SET role = :role, rights = 0, until_ms = 0, joined_ms = :now,"
          " first_id = :first, read_id = :top, delivered_id = :top, unread = 0, mentions = 0, last_id = 0,"
          " last_ms = 0");

  msg_stmt_set_int (stmt, ":chat", chat->id);
  msg_stmt_set_int (stmt, ":user", user_id);
  msg_stmt_set_int (stmt, ":role", role);
  msg_stmt_set_int (stmt, ":now", now_ms);
  msg_stmt_set_int (stmt, ":first", (msg_chat_has_log (chat->kind) ? chat->group_top_id : chat->top_id) + 1);
  msg_stmt_set_int (stmt, ":top", chat->top_id);
  return msg_stmt_run (stmt, error) && msg_log_enter (db, user_id, error);
}

/* A user's rows of chats with a log have no time: they are together in the index of lists. */
bool
msg_chat_check_joined (MsgDb *db, const MsgChat *chat, MsgId user_id, GError **error)
{
  MsgStmt *stmt;

  if (!msg_chat_has_log (chat->kind))
    return true;
  stmt = msg_db_prepare (db, "SELECT COUNT (*) FROM chat_members m JOIN chats c ON c.id = m.chat_id"
                             " WHERE m.user_id = :user AND m.last_ms = 0 AND m.role >= 3 AND c.kind >= 4");
  msg_stmt_set_int (stmt, ":user", user_id);
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  if (msg_stmt_get_int (stmt, 0) < MSG_CHAT_JOINED_MAX)
    return true;
  g_propagate_error (error, msg_error_new (MSG_ERROR_LIMIT, "too_many_chats",
                                           "The user is in too many supergroups and channels."));
  return false;
}

bool
msg_chat_count (MsgDb *db, MsgChat *chat, int n, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE chats SET member_count = :n WHERE id = :chat");

  chat->member_count = (unsigned) ((int) chat->member_count + n);
  msg_stmt_set_int (stmt, ":n", chat->member_count);
  msg_stmt_set_int (stmt, ":chat", chat->id);
  return msg_stmt_run (stmt, error);
}

/* --- Chats of two --- */

static bool
find_pair (MsgDb *db, MsgId user_id, MsgId peer_id, MsgId *ret_chat_id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT chat_id FROM chat_pairs WHERE low_id = :low AND high_id = :high");
  MsgStep step;

  msg_stmt_set_int (stmt, ":low", MIN (user_id, peer_id));
  msg_stmt_set_int (stmt, ":high", MAX (user_id, peer_id));
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_ERROR)
    return false;
  *ret_chat_id = step == MSG_STEP_ROW ? msg_stmt_get_int (stmt, 0) : 0;
  return true;
}

static bool
make_pair (MsgDb *db, MsgId user_id, MsgId peer_id, int64_t now_ms, MsgId *ret_chat_id, GError **error)
{
  MsgChat chat = { .id = msg_id_new (), .kind = user_id == peer_id ? MSG_CHAT_SAVED : MSG_CHAT_PRIVATE };
  MsgStmt *stmt = msg_db_prepare (db, "INSERT INTO chats (id, kind, title, about, owner_id, top_id, pts, member_count,"
                                      " permissions, slow_ms, ttl_ms, linked_id, migrated_to, created_ms, deleted_ms)"
                                      " VALUES (:id, :kind, '', '', 0, 0, 0, :members, 0, 0, 0, 0, 0, :now, 0)");

  msg_stmt_set_int (stmt, ":id", chat.id);
  msg_stmt_set_int (stmt, ":kind", chat.kind);
  msg_stmt_set_int (stmt, ":members", user_id == peer_id ? 1 : 2);
  msg_stmt_set_int (stmt, ":now", now_ms);
  if (!msg_stmt_run (stmt, error))
    return false;
  stmt = msg_db_prepare (db, "INSERT INTO chat_pairs (low_id, high_id, chat_id) VALUES (:low, :high, :chat)");
  msg_stmt_set_int (stmt, ":low", MIN (user_id, peer_id));
  msg_stmt_set_int (stmt, ":high", MAX (user_id, peer_id));
  msg_stmt_set_int (stmt, ":chat", chat.id);
  *ret_chat_id = chat.id;
  return msg_stmt_run (stmt, error) && msg_chat_put_member (db, &chat, user_id, MSG_ROLE_MEMBER, now_ms, error)
         && (user_id == peer_id || msg_chat_put_member (db, &chat, peer_id, MSG_ROLE_MEMBER, now_ms, error));
}

bool
msg_chat_find_withheld (MsgDb *db, MsgChat *chat, MsgId user_id, MsgId *ret_from, GError **error)
{
  bool allowed = true;

  if ((chat->kind == MSG_CHAT_PRIVATE && !load_peer (db, chat, user_id, error))
      || (chat->peer != NULL && !msg_privacy_look (db, chat->peer->id, user_id, MSG_ADVANCE_WRITE, &allowed, error)))
    return false;
  *ret_from = allowed ? 0 : chat->peer->id;
  return true;
}

bool
msg_chat_may_add (MsgDb *db, MsgId actor, MsgId user_id, GError **error)
{
  bool allowed;

  if (!msg_privacy_look (db, user_id, actor, MSG_ADVANCE_ADD, &allowed, error))
    return false;
  if (!allowed)
    g_propagate_error (error, msg_error_new (MSG_ERROR_FORBIDDEN, "privacy", "This user may not be added by you."));
  return allowed;
}

bool
msg_chat_find_private (MsgDb *db, MsgId user_id, MsgId peer_id, int64_t now_ms, MsgChat **ret_chat, GError **error)
{
  MsgId chat_id;

  if (!find_pair (db, user_id, peer_id, &chat_id, error))
    return false;
  if (chat_id == 0)
    {
      g_autoptr (MsgUser) peer = msg_user_load (db, peer_id, error);

      if (peer == NULL || !make_pair (db, user_id, peer_id, now_ms, &chat_id, error))
        return false;
    }
  *ret_chat = msg_chat_load (db, chat_id, user_id, now_ms, error);
  return *ret_chat != NULL;
}
