/* SPDX-License-Identifier: Apache-2.0 */
/* What a user who is deleted leaves behind, in slices of a bounded number of rows. Store's threads, inside a job. */
#pragma once

#include "messaging/log-rows.h"

/** MSG_END_MESSAGES: messages that one job deletes: some 5 ms. */
#define MSG_END_MESSAGES 64
/** MSG_END_ROWS: other rows that one job deletes. */
#define MSG_END_ROWS 1000
/** MSG_END_CHATS: chats that are looked up at once. */
#define MSG_END_CHATS 256

/** MsgEnd: a row of account_ends, and where its work is. */
typedef struct {
  MsgId user_id;                         /* 0: there is none */
  bool erase;
  MsgId chat_id;                         /* done with the chats up to it */
  MsgId heir_id;                         /* of the chat at hand, if the user owns it; 0: nobody */
  uint8_t random_id[MSG_RANDOM_ID_BYTES]; /* own messages of the chat at hand: done with those before it */
} MsgEnd;

/** msg_end_load: the oldest one. */
bool msg_end_load (MsgDb *db, MsgEnd *ret_end, GError **error);
/** msg_end_list_chats: @chats: (element-type MsgId): gets the next ones that the user is or was in. */
bool msg_end_list_chats (MsgDb *db, const MsgEnd *end, GArray *chats, GError **error);
/** msg_end_find_heir: sets heir_id: who is to own @chat_id if the user does. May look at all members. */
bool msg_end_find_heir (MsgDb *db, MsgEnd *end, MsgId chat_id, GError **error);
/** msg_end_chat: a slice of what there is to do in @chat_id. @ret_more: not all is done. */
bool msg_end_chat (MsgDb *db, MsgLog *log, MsgEnd *end, MsgId chat_id, bool *ret_more, GError **error);
/** msg_end_rest: a slice of what is in no chat of the user. @ret_more: false: nothing is left of the user, nor the row. */
bool msg_end_rest (MsgDb *db, MsgLog *log, const MsgEnd *end, bool *ret_more, GError **error);
