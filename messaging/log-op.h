/* SPDX-License-Identifier: Apache-2.0 */
/* Operations that write the update log. */
#pragma once

#include "messaging/chat-rows.h"
#include "messaging/core-private.h"

/** MsgLogOp: begins with the MsgOp; an operation of its own kind begins with this. */
typedef struct {
  MsgOp op;
  MsgLog log;
  MsgId user_id, chat_id;
} MsgLogOp;

/** msg_log_op_new: @class: its clear calls msg_log_op_clear(). */
gpointer msg_log_op_new (MsgCore *core, const MsgOpClass *class, MsgId user_id, MsgId chat_id);
void msg_log_op_clear (MsgOp *op);
/** msg_log_op_tell: first thing of a reply: tells the listener what was written. Main thread. */
void msg_log_op_tell (MsgLogOp *op, const GError *error);
/** msg_log_tell: the same for operations that are made otherwise. Main thread. */
void msg_log_tell (MsgCore *core, const MsgLog *log, const GError *error);

/** msg_chat_bring_in: @added: (element-type MsgId): who are not in it and may be: makes them members and tells who is to
 *  know. Inside a job. */
bool msg_chat_bring_in (MsgDb *db, const MsgCore *core, MsgLog *log, MsgChat *chat, const GArray *added, GError **error);
/**
 * msg_chat_go_out: somebody who is in it is not any more: they are the last to hear, and those who stay. A group without
 * members is gone. Inside a job.
 * @standing: LEFT or BANNED
 * @service: (transfer full): not said of who leaves a chat of many
 */
bool msg_chat_go_out (MsgDb *db, MsgLog *log, MsgChat *chat, const MsgChatStanding *standing, char *service,
                      GError **error);
/** msg_chat_inherit: the owner is no more: @heir_id, a member, is the owner now; 0: nobody. Inside a job. */
bool msg_chat_inherit (MsgDb *db, MsgLog *log, MsgChat *chat, MsgId heir_id, GError **error);
/** msg_chat_check_size: Returns: false with LIMIT ("too_many_members"). Any thread. */
bool msg_chat_check_size (const MsgCore *core, MsgChatKind kind, unsigned n_members, GError **error);

/* Whether the user may now, by the rate of messages, of chats or of drafts. Returns: false: @op is ended. */
bool msg_log_op_take_message (MsgLogOp *op);
bool msg_log_op_take_messages (MsgLogOp *op, unsigned n);
bool msg_log_op_take_chat (MsgLogOp *op);
bool msg_log_op_take_draft (MsgLogOp *op);
