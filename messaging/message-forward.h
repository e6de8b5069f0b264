/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of one chat, sent on to another. Rules of what is asynchronous: messaging/core.h. */
#pragma once

#include "messaging/message.h"

/** MSG_FORWARD_MAX: messages at once. */
#define MSG_FORWARD_MAX 100

/** MsgForwarding: is copied. */
typedef struct {
  MsgId user_id, device_id;
  MsgId from_id, to_id;                                     /* chats */
  int64_t ids[MSG_FORWARD_MAX];                             /* @n of them: written in this order */
  uint8_t random_ids[MSG_FORWARD_MAX][MSG_RANDOM_ID_BYTES]; /* one for each, as of MsgSending */
  unsigned n;
  bool silent;
} MsgForwarding;

/** MsgForwardedFn: @messages: (nullable) (element-type MsgMessage): one for each of the ids. */
typedef void (*MsgForwardedFn) (GPtrArray *messages, const MsgWritten *written, const GError *error, gpointer data);

/**
 * msg_message_forward: all or none. Text and entities are copied; not what it replied to, nor what others have added.
 *
 * A forwarded message says where it comes from first (MsgMessage.forward): of a channel's message {chatId, messageId, name,
 * at}, of all others {userId, name, at}: who wrote it and when, not in which chat. name is what the channel or the user was
 * called when it was forwarded.
 *
 * A random_id that this user has used in the other chat before gives the message of the first time.
 *
 * Errors: INVALID ("limit", "random_id": one is there twice), NOT_FOUND ("chat", "message": one of them), FORBIDDEN
 * ("protected", "service_message", "poll", those of msg_verdict_to_error(), for either chat), CONFLICT ("message_deleted": of a
 * retry), LIMIT ("message_rate", "slow_mode"), UNAVAILABLE.
 */
void msg_message_forward (MsgCore *core, const MsgForwarding *forwarding, MsgForwardedFn fn, gpointer data);

/** msg_forward_write_post: @chat: a channel. Returns: (transfer full): MsgMessage.forward of a copy of its @post, wherever that
 *  came from itself. Any thread. */
char *msg_forward_write_post (const MsgChat *chat, const MsgMessage *post);
