/* SPDX-License-Identifier: Apache-2.0 */
/* Reactions to messages, one of each user. Rules of what is asynchronous: messaging/core.h. */
#pragma once

#include "messaging/message.h"

/**
 * msg_message_react:
 * @emoji: (nullable): in place of what the user has reacted with; NULL: nothing any more
 *
 * In a chat with a log of its own that gets a row, and so does the log of the user, where alone it is said whose it is.
 * Who is blocked sees their own reaction, and nobody else does.
 *
 * Errors: INVALID ("emoji"), NOT_FOUND ("chat", "message"), FORBIDDEN (those of msg_verdict_to_error()), LIMIT
 * ("too_many_reactions": different ones, "message_rate"), UNAVAILABLE.
 */
void msg_message_react (MsgCore *core, MsgId user_id, MsgId chat_id, int64_t message_id, const char *emoji,
                        MsgWrittenFn fn, gpointer data);

/** MsgReactor: who has reacted with what. */
typedef struct {
  MsgUser *user;
  char emoji[MSG_EMOJI_BYTES + 1];
  int64_t at_ms;
} MsgReactor;

/** MsgReactorsFn: @reactors: (nullable) (element-type MsgReactor): in order of their users' ids. */
typedef void (*MsgReactorsFn) (GPtrArray *reactors, const GError *error, gpointer data);

/** msg_message_get_reactors: for who sees the members of the chat. @after: the last user of the page before, 0: from the
 *  beginning. @limit: 1 to MSG_CHAT_LIST_MAX. Errors: INVALID ("limit"), NOT_FOUND ("chat", "message"), FORBIDDEN,
 *  UNAVAILABLE. */
void msg_message_get_reactors (MsgCore *core, MsgId user_id, MsgId chat_id, int64_t message_id, MsgId after,
                               unsigned limit, MsgReactorsFn fn, gpointer data);
