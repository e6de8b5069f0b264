/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supergroup in which the posts of a channel are talked about: each post is written there too, in the same
 * transaction, as a forwarded message, and what is said of it replies to that. What happens to a post happens to its copy.
 * Writer's thread, inside a job. What all of these leave as it was is @log's written: that is about the chat that was asked
 * for.
 */
#pragma once

#include "messaging/chat-rows.h"

/**
 * msg_discussion_link: from now on posts of the channel go into the group.
 * @chat: a channel, as @log's user sees it, and may do MSG_ACT_INFO in
 * @group_id: 0: no more; then @chat may be the supergroup, too
 *
 * Tells those in the other chat; those in @chat are told by the caller. Errors: INVALID ("linked_kind"), NOT_FOUND ("chat"),
 * FORBIDDEN, CONFLICT ("linked_taken": one of them is linked to another; "linked_protected").
 */
bool msg_discussion_link (MsgDb *db, MsgLog *log, MsgChat *chat, MsgId group_id, GError **error);
/** msg_discussion_end: @chat is gone: its other one is not linked any more. */
bool msg_discussion_end (MsgDb *db, MsgLog *log, MsgChat *chat, GError **error);

/** msg_discussion_post: @post: was written in @chat; gets its comments. Nothing happens where no group is linked, and to what
 *  is no text. */
bool msg_discussion_post (MsgDb *db, MsgLog *log, const MsgChat *chat, MsgMessage *post, GError **error);
/** msg_discussion_load_copy: @ret_copy: (transfer full) (nullable), @ret_group: (transfer full) (nullable): where @post is
 *  talked about, linked still or not; NULL: nowhere. */
bool msg_discussion_load_copy (MsgDb *db, MsgLog *log, const MsgMessage *post, MsgMessage **ret_copy, MsgChat **ret_group,
                               GError **error);
/** msg_discussion_delete: @ids: (element-type int64_t): posts of @chat that are deleted for all: their copies go too. */
bool msg_discussion_delete (MsgDb *db, MsgLog *log, const MsgChat *chat, const GArray *ids, GError **error);
/** msg_discussion_erase: deletes for all up to @limit copies of posts of @user_id, whether their posts and the links are there
 *  still or not. @ret_more: there may be others. */
bool msg_discussion_erase (MsgDb *db, MsgLog *log, MsgId user_id, int64_t limit, bool *ret_more, GError **error);
/** msg_discussion_check_protected: whether @chat may be @is_protected as it is linked: what is not forwarded from a channel is
 *  not forwarded from its group. Errors: CONFLICT ("linked_protected"). */
bool msg_discussion_check_protected (MsgDb *db, MsgLog *log, const MsgChat *chat, bool is_protected, GError **error);
/** msg_discussion_count: @n more replies, or fewer, to a message, if it is such a copy. */
bool msg_discussion_count (MsgDb *db, MsgId chat_id, int64_t id, int n, GError **error);
