/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of chats, members and messages: what several jobs do with them. Store's threads, inside a job. */
#pragma once

#include "messaging/db.h"
#include "messaging/log-rows.h"
#include "messaging/message.h"

/* Columns in the order in which the readers below expect them; the tables are called c, m (a member) and g. Those of a
 * message are as :user sees it. */
#define MSG_CHAT_COLUMNS                                                                                               \
  "c.id, c.kind, c.title, c.about, c.owner_id, c.top_id, c.member_count, c.permissions, c.created_ms,"                 \
  " m.role, m.rights, m.until_ms, m.first_id, m.read_id, m.delivered_id, m.unread, m.mentions, m.last_id, m.last_ms,"  \
  " c.pts, c.slow_ms, c.username, c.group_top_id, c.top_ms, m.sent_ms, c.is_protected, c.ttl_ms, c.retention_ms,"      \
  " c.linked_id, c.topics"
#define MSG_MESSAGE_COLUMNS                                                                                            \
  "g.chat_id, g.id, g.sender_id, g.at_ms, g.kind, g.text, g.entities, g.data, g.reply_to, g.edited_ms, g.silent,"      \
  " g.reactions, " MSG_OWN_REACTION ", CASE WHEN " MSG_MESSAGE_IS_PINNED " THEN 1 ELSE 0 END, g.forward"      \
  ", g.poll, " MSG_OWN_VOTE ", g.expires_ms, g.quote, g.discussion_chat, g.discussion_id, " MSG_COMMENTS               \
  ", g.thread_id, g.files"
#define MSG_MESSAGE_N_COLUMNS 24
/* What :user has voted for, below zero where nobody else sees it. */
#define MSG_OWN_VOTE                                                                                                   \
  "CASE WHEN g.poll IS NOT NULL THEN"                                                                                  \
  " (SELECT CASE WHEN v.withheld = 0 THEN v.options ELSE 0 - v.options END FROM poll_votes v"                          \
  " WHERE v.chat_id = g.chat_id AND v.message_id = g.id AND v.user_id = :user) END"
/* What :user has reacted with; reactions are NULL where nobody ever has. Those that nobody else sees have a "!". */
#define MSG_OWN_REACTION                                                                                               \
  "CASE WHEN g.reactions IS NOT NULL THEN"                                                                             \
  " (SELECT CASE WHEN r.withheld = 0 THEN r.emoji ELSE '!' || r.emoji END FROM message_reactions r"                    \
  " WHERE r.chat_id = g.chat_id AND r.message_id = g.id AND r.user_id = :user) END"
/* How often a post was commented; -1 where it is talked about nowhere (any more). */
#define MSG_COMMENTS                                                                                                   \
  "CASE WHEN g.discussion_id > 0 THEN COALESCE ((SELECT d.comments FROM messages d JOIN chats dc ON dc.id = d.chat_id" \
  " WHERE d.chat_id = g.discussion_chat AND d.id = g.discussion_id AND d.deleted_ms = 0"                               \
  " AND dc.linked_id = g.chat_id AND dc.deleted_ms = 0), -1) ELSE -1 END"
/* For :user: for all, or for them alone. */
#define MSG_MESSAGE_IS_PINNED "g.pinned_ms > 0 AND g.pinned_for IN (0, :user)"
/* What a member (m, by chat and user) sees of a message (g). The other: what :user sees, from :first on, member or not. */
#define MSG_MESSAGE_IS_VISIBLE                                                                                         \
  "g.deleted_ms = 0 AND g.id >= m.first_id AND NOT EXISTS (SELECT 1 FROM message_hidden h"                             \
  " WHERE h.user_id = m.user_id AND h.chat_id = g.chat_id AND h.message_id = g.id)"
#define MSG_MESSAGE_IS_SHOWN "g.deleted_ms = 0 AND " MSG_MESSAGE_IS_FOR_USER
/* Of those that are pinned, which none is that was deleted: to ask for that too leads SQLite away from their index. */
#define MSG_MESSAGE_IS_FOR_USER                                                                                        \
  "g.id >= :first AND NOT EXISTS (SELECT 1 FROM message_hidden h"                                                      \
  " WHERE h.user_id = :user AND h.chat_id = g.chat_id AND h.message_id = g.id)"
/* The join by which they are those of somebody who is in the chat: what may be read is both. */
#define MSG_MEMBER_IS_IN "m.role >= 3"

/** msg_chat_from_row: Returns: (transfer full): without what msg_chat_fill_in() knows. */
MsgChat *msg_chat_from_row (MsgStmt *stmt, int64_t now_ms);
/** msg_message_from_row: @column: where MSG_MESSAGE_COLUMNS begin. Returns: (transfer full). */
MsgMessage *msg_message_from_row (MsgStmt *stmt, int column);

/** msg_chat_load: as @user_id sees it, not filled in; a stranger's standing is STRANGER. Returns: (transfer full)
 *  (nullable): NULL with NOT_FOUND ("chat") when there is none. */
MsgChat *msg_chat_load (MsgDb *db, MsgId chat_id, MsgId user_id, int64_t now_ms, GError **error);
/** msg_chat_load_for: likewise, and @user_id may do @act in it; else NULL with the error of msg_chat_allow(). */
MsgChat *msg_chat_load_for (MsgDb *db, MsgId chat_id, MsgId user_id, MsgAct act, int64_t now_ms, GError **error);
/** msg_chat_fill_in: what only a reader wants to know: what is pinned, the peer of a private chat, unread of one with its
 *  own log, the user's draft. */
bool msg_chat_fill_in (MsgDb *db, MsgChat *chat, MsgId user_id, GError **error);
/** msg_chat_count_unread: what @user_id has not read of what is behind @read_id. */
bool msg_chat_count_unread (MsgDb *db, const MsgChat *chat, MsgId user_id, int64_t read_id, unsigned *ret_unread,
                            GError **error);
/** msg_chat_load_standing: of a user who may be a stranger. */
bool msg_chat_load_standing (MsgDb *db, MsgId chat_id, MsgId user_id, int64_t now_ms, MsgStanding *ret_standing,
                             GError **error);
/**
 * msg_chat_find_withheld: who is blocked writes, in a private chat, for their own eyes, and is not told so: as a call of
 * theirs rings for nobody.
 * @ret_from: (out): who is not to hear of what @user_id does in @chat; 0: nobody
 */
bool msg_chat_find_withheld (MsgDb *db, MsgChat *chat, MsgId user_id, MsgId *ret_from, GError **error);
/** msg_chat_may_add: what @user_id lets @actor do. Returns: false with FORBIDDEN ("privacy") too. */
bool msg_chat_may_add (MsgDb *db, MsgId actor, MsgId user_id, GError **error);
/** msg_chat_list_users: Returns: (transfer full) (nullable) (element-type MsgId): who is in it, but for @except_id. */
GArray *msg_chat_list_users (MsgDb *db, MsgId chat_id, MsgId except_id, GError **error);
/** msg_chat_put_member: makes or changes the row of a member, who comes in anew: sees what is written from now on, of a
 *  chat with its own log all that was. */
bool msg_chat_put_member (MsgDb *db, const MsgChat *chat, MsgId user_id, MsgChatRole role, int64_t now_ms,
                          GError **error);
/** msg_chat_check_joined: Returns: false with LIMIT ("too_many_chats") when a user cannot come into one more chat with its
 *  own log. */
bool msg_chat_check_joined (MsgDb *db, const MsgChat *chat, MsgId user_id, GError **error);
/** msg_chat_count: @n more, or fewer, are in it: @chat and its row. */
bool msg_chat_count (MsgDb *db, MsgChat *chat, int n, GError **error);
/** msg_chat_tidy_about: @about: (nullable). Returns: (transfer full) (nullable): as it is kept; NULL with INVALID
 *  ("about"). Any thread. */
char *msg_chat_tidy_about (const char *about, GError **error);
/** msg_chat_find_private: finds or makes the chat of two, or of one with themselves. @ret_chat: as @user_id sees it. */
bool msg_chat_find_private (MsgDb *db, MsgId user_id, MsgId peer_id, int64_t now_ms, MsgChat **ret_chat,
                            GError **error);

/** msg_chat_tell_users: a row for each of @users (of MsgId) alone: the chat as they see it. */
bool msg_chat_tell_users (MsgDb *db, MsgLog *log, MsgId chat_id, const GArray *users, GError **error);

/** msg_chat_tell_change: the chat is not what it was: tells all who are in it. */
bool msg_chat_tell_change (MsgDb *db, MsgLog *log, MsgChat *chat, GError **error);

/** MsgNewMessage: a message that is to be written; all borrowed. */
typedef struct {
  MsgId sender_id, device_id;
  const uint8_t *random_id; /* (nullable): a service message */
  MsgMessageKind kind;
  const char *text;
  const char *entities, *data; /* (nullable) */
  const char *forward;      /* (nullable): as in MsgMessage */
  const char *poll;         /* (nullable): of msg_poll_write() */
  bool public_poll;         /* one that shows who votes: not in a channel */
  const char *files;        /* (nullable): as in MsgMessage */
  const MsgId *file_ids;    /* of a send: @n_files that it attaches */
  unsigned n_files;
  int64_t reply_to;
  int64_t thread_id;        /* 0: the general topic, or that of what it answers */
  bool opens_thread;        /* a service message: its id is the new thread's */
  const char *quote;        /* (nullable): of msg_quote_write(), out of what it answers */
  bool quote_is_old;        /* it was looked at when it was written; the message may say something else by now */
  int64_t ttl_ms;           /* of its own; the chat's may be shorter */
  bool silent;
  MsgId withheld_from;      /* who is not to know of it; 0: nobody */
} MsgNewMessage;

/** msg_chat_keep_pace: slow mode, which holds for who is no admin: @chat's sender writes now. Returns: false with LIMIT
 *  ("slow_mode") too. */
bool msg_chat_keep_pace (MsgDb *db, MsgChat *chat, const MsgLog *log, GError **error);
/** msg_message_find_sent: what the same send has given before, by sender and random_id. @ret_message: (transfer full)
 *  (nullable): NULL: nothing. Returns: false with CONFLICT ("message_deleted") too. */
bool msg_message_find_sent (MsgDb *db, const MsgNewMessage *spec, MsgId chat_id, MsgMessage **ret_message,
                            MsgWritten *ret_written, GError **error);

/**
 * msg_message_append: writes a message and its rows of the log; who sees their first one of this chat is told of the
 * chat before.
 * @chat: top_id goes on
 *
 * Returns: (transfer none) (nullable): the message, which belongs to @log.
 */
const MsgMessage *msg_message_append (MsgDb *db, MsgLog *log, MsgChat *chat, const MsgNewMessage *spec, GError **error);
/** msg_message_append_service: @data: (transfer full): JSON. */
bool msg_message_append_service (MsgDb *db, MsgLog *log, MsgChat *chat, MsgId sender_id, char *data, GError **error);
/** msg_message_append_withheld: the same, but that @from_id is not told, never sees it, and has nothing to read. */
bool msg_message_append_withheld (MsgDb *db, MsgLog *log, MsgChat *chat, MsgId sender_id, MsgId from_id, char *data,
                                  GError **error);
/** msg_message_share: takes off what one user sees otherwise than another: reactions, pinned. */
void msg_message_share (MsgMessage *message);
/** msg_message_hide: from one user. */
bool msg_message_hide (MsgDb *db, MsgId user_id, MsgId chat_id, int64_t id, GError **error);
/** msg_message_wipe: for all: what it said is gone, from the index of search too; whom it concerns is told by the caller. */
bool msg_message_wipe (MsgDb *db, const MsgChat *chat, const MsgMessage *message, int64_t now_ms, GError **error);
/* An answer has at most so many bytes of JSON, as msg_message_weigh() and MSG_ROW_WEIGHT estimate them: pages end there. */
#define MSG_PAGE_BYTES (448 * 1024)
/** MSG_ROW_WEIGHT: of an update, or a chat, beside its texts. */
#define MSG_ROW_WEIGHT 512
/** msg_message_weigh: @message: (nullable). */
gsize msg_message_weigh (const MsgMessage *message);
/** msg_message_load: one that the member sees. @ret_message: NULL when there is none. */
bool msg_message_load (MsgDb *db, MsgId chat_id, MsgId user_id, int64_t id, MsgMessage **ret_message, GError **error);
