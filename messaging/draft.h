/* SPDX-License-Identifier: Apache-2.0 */
/* Drafts: what a user has begun to write in a chat, the same on all their devices, told to nobody else. Rules:
 * messaging/core.h. */
#pragma once

#include "messaging/chat.h"
#include "messaging/message-text.h"

/** MSG_DRAFTS_MAX: chats in which one user has a draft. */
#define MSG_DRAFTS_MAX 1000

/** MsgDrafting: everything is copied, but for @entities, which is referenced. */
typedef struct {
  MsgId user_id, chat_id;
  const char *text;  /* (nullable): NULL or "" without reply_to: there is no draft any more */
  GArray *entities;  /* (nullable) (element-type MsgEntity): is sorted */
  int64_t reply_to;  /* 0: none; whether there is such a message is not looked at */
} MsgDrafting;

/**
 * msg_chat_set_draft:
 *
 * Of several devices the last one counts. A message that the user sends in the chat clears it. What is no change writes
 * nothing.
 *
 * Errors: INVALID ("text", "entities"), NOT_FOUND ("chat"), FORBIDDEN (to set one: those of sending; to clear it: who is
 * not in the chat), LIMIT ("draft_rate", "too_many_drafts"), UNAVAILABLE.
 */
void msg_chat_set_draft (MsgCore *core, const MsgDrafting *drafting, MsgWrittenFn fn, gpointer data);
