/* SPDX-License-Identifier: Apache-2.0 */
/* Chats, messages and updates as the API shows them: the shapes of docs/openrpc.json. Any thread. */
#pragma once

#include <json-glib/json-glib.h>

#include "messaging/message-react.h"
#include "messaging/update-log.h"

/* All: Returns: (transfer full). */
JsonObject *sig_chat_json (const MsgChat *chat);
/** sig_chat_info_json: what is the same for all who see the chat. */
JsonObject *sig_chat_info_json (const MsgChat *chat);
JsonObject *sig_chat_member_json (const MsgChatMember *member);
JsonObject *sig_message_json (const MsgMessage *message);
JsonObject *sig_scheduled_json (const MsgScheduled *scheduled);
JsonObject *sig_message_edit_json (const MsgEdit *edit);
JsonObject *sig_reactor_json (const MsgReactor *reactor);
/** sig_poll_json: @with_own: what the user has voted for, too. What is right in a quiz is in it when that has been seen by
 *  who has voted, or it is over. */
JsonObject *sig_poll_json (const MsgPoll *poll, bool with_own);
/** sig_poll_set_own: that alone: `own`, and `correct` when it may be seen. */
void sig_poll_set_own (JsonObject *object, const MsgPoll *poll);
/** sig_update_json: without pts. */
JsonObject *sig_update_json (const MsgUpdate *update);
/** sig_written_json: {pts, ptsCount}, and chatPts, chatPtsCount if the chat has a log of its own. */
JsonObject *sig_written_json (const MsgWritten *written);

/** sig_rights_read: @words: (nullable): a list of words that the schema has checked. Returns: MSG_RIGHT_* bits. */
unsigned sig_rights_read (JsonArray *words);
/** sig_poll_read: @object: (nullable): checked by the schema. Returns: (transfer full) (nullable): as it was said. */
MsgPoll *sig_poll_read (JsonObject *object);
/** sig_entities_read: @list: (nullable): checked by the schema. Returns: (transfer full). */
GArray *sig_entities_read (JsonArray *list);
/** sig_chat_kind_read: a word of Chat's kind. */
MsgChatKind sig_chat_kind_read (const char *word);
/** sig_message_kind_read: a word of Message.kind. */
MsgMessageKind sig_message_kind_read (const char *word);
/** sig_chat_role_read: a word of MemberRole. */
MsgChatRole sig_chat_role_read (const char *word);
