/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of topics. Store's threads, inside a job. */
#pragma once

#include "messaging/chat-rows.h"
#include "messaging/topic.h"

/** msg_topic_load: @ret_topic: (out) (transfer full) (nullable): NULL: there is none. */
bool msg_topic_load (MsgDb *db, MsgId chat_id, int64_t id, MsgTopic **ret_topic, GError **error);
/** msg_topic_insert: @message: that opened it. @max: topics of a chat. Returns: false with LIMIT ("too_many_topics") too. */
bool msg_topic_insert (MsgDb *db, const MsgMessage *message, const char *title, unsigned max, GError **error);
/** msg_topic_put: title, closed, pinned. Returns: false with LIMIT ("too_many_pins") too. */
bool msg_topic_put (MsgDb *db, const MsgTopic *topic, GError **error);
/** msg_topic_touch: @message was written: it is the newest of its thread. */
bool msg_topic_touch (MsgDb *db, const MsgMessage *message, GError **error);

/**
 * msg_topic_admit: finds out in which thread @spec goes, and whether its sender may write there.
 * @replied: (nullable): what it answers
 *
 * Returns: false with INVALID ("thread"), NOT_FOUND ("topic"), FORBIDDEN ("topics_off", "topic_closed").
 */
bool msg_topic_admit (MsgDb *db, const MsgChat *chat, MsgNewMessage *spec, const MsgMessage *replied, GError **error);

/** msg_topic_list_rows: @before: 0: those that are pinned; else the others whose newest message is older. @topics: gets them,
 *  up to @limit. */
bool msg_topic_list_rows (MsgDb *db, MsgId chat_id, int64_t before, unsigned limit, GPtrArray *topics, GError **error);
/** msg_topic_count_unread: @topic gets what @user_id has not read of it, behind @seen. */
bool msg_topic_count_unread (MsgDb *db, MsgTopic *topic, MsgId user_id, int64_t seen, GError **error);
