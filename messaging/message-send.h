/* SPDX-License-Identifier: Apache-2.0 */
/* Sending, as several jobs do it. Writer's thread, inside a job. */
#pragma once

#include "messaging/chat-rows.h"

/** msg_ttl_check: Returns: false with INVALID ("ttl"). Any thread. */
bool msg_ttl_check (int64_t ttl_ms, GError **error);

/** msg_send_take_quote: @ret_json: (out) (transfer full) (nullable): as it is kept. Returns: (nullable):
 *  why it cannot be taken. Any thread. */
GError *msg_send_take_quote (const MsgSending *sending, unsigned max_entities, char **ret_json);

/** msg_send_check_reply: what @spec answers is there, for its sender, and says what is quoted; in which
 *  thread it goes is found out, and that its sender may write there. Returns: false with NOT_FOUND ("message", "topic"),
 *  INVALID ("quote", "thread"), FORBIDDEN ("topics_off", "topic_closed"). */
bool msg_send_check_reply (MsgDb *db, const MsgChat *chat, MsgNewMessage *spec, GError **error);

/**
 * msg_send_write: sends as @spec->sender_id, who may do it now.
 * @log: its user_id is the sender
 * @spec: withheld_from is found out here, and files from file_ids
 *
 * Returns: (transfer none) (nullable): the message, which belongs to @log. Errors: NOT_FOUND ("chat", "file", "message": there
 * is none to reply to), INVALID ("quote"), FORBIDDEN, LIMIT ("slow_mode"): nothing was written; UNAVAILABLE.
 */
const MsgMessage *msg_send_write (MsgDb *db, MsgLog *log, MsgId chat_id, MsgNewMessage *spec, GError **error);
