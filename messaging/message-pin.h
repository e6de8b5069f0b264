/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that are pinned to their chat. Rules of what is asynchronous: messaging/core.h. */
#pragma once

#include "messaging/message.h"

/** MSG_PINS_MAX: pinned messages of a chat. */
#define MSG_PINS_MAX 100

/** MsgPin: what is asked for. */
typedef struct {
  int64_t message_id;
  bool pinned;        /* or not any more */
  bool silent;        /* no service message tells of it */
} MsgPin;

/**
 * msg_message_pin: not of a service message. What is so already writes nothing. Who is blocked pins for their own eyes.
 *
 * Errors: NOT_FOUND ("chat", "message"), FORBIDDEN ("service_message", those of msg_verdict_to_error()), LIMIT
 * ("too_many_pins", "chat_rate"), UNAVAILABLE.
 */
void msg_message_pin (MsgCore *core, MsgId user_id, MsgId chat_id, const MsgPin *pin, MsgWrittenFn fn, gpointer data);

/** msg_message_get_pinned: those pinned, newest message first. @before: older than it; G_MAXINT64: from the newest on.
 *  @limit: 1 to MSG_HISTORY_MAX. Errors: INVALID ("limit"), NOT_FOUND ("chat"), FORBIDDEN, UNAVAILABLE. */
void msg_message_get_pinned (MsgCore *core, MsgId user_id, MsgId chat_id, int64_t before, unsigned limit,
                             MsgHistoryFn fn, gpointer data);
