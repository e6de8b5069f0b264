/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/log-op.h"

gpointer
msg_log_op_new (MsgCore *core, const MsgOpClass *class, MsgId user_id, MsgId chat_id)
{
  MsgLogOp *op = msg_op_new (core, class);

  msg_log_init (&op->log, user_id, msg_core_now_ms (core));
  op->log.options = &core->options;
  op->user_id = user_id;
  op->chat_id = chat_id;
  return op;
}

void
msg_log_op_clear (MsgOp *op)
{
  msg_log_clear (&((MsgLogOp *) op)->log);
}

void
msg_log_tell (MsgCore *core, const MsgLog *log, const GError *error)
{
  if (error != NULL)
    return;
  msg_dues_hint (core->dues, log->due_ms);
  if (core->update_fn == NULL)
    return;
  for (unsigned i = 0; i < log->updates->len; i++)
    core->update_fn (log->updates->pdata[i], core->update_data);
}

void
msg_log_op_tell (MsgLogOp *op, const GError *error)
{
  msg_log_tell (op->op.core, &op->log, error);
}

bool
msg_chat_check_size (const MsgCore *core, MsgChatKind kind, unsigned n_members, GError **error)
{
  unsigned max = kind == MSG_CHAT_SUPERGROUP ? core->options.supergroup_members : core->options.group_members;

  if (kind == MSG_CHAT_CHANNEL || n_members <= max)
    return true;
  g_propagate_error (error, msg_error_new (MSG_ERROR_LIMIT, "too_many_members", "It has at most %u members.", max));
  return false;
}

static bool
take (MsgLogOp *op, int64_t wait_ms, const char *reason)
{
  if (wait_ms == 0)
    return true;
  msg_op_fail (&op->op, msg_error_new_retry (MSG_ERROR_LIMIT, reason, wait_ms, "Too much at once; try again later."));
  return false;
}

bool
msg_log_op_take_message (MsgLogOp *op)
{
  return msg_log_op_take_messages (op, 1);
}

bool
msg_log_op_take_messages (MsgLogOp *op, unsigned n)
{
  MsgCore *core = op->op.core;
  int64_t now_us = core->options.now_us (core->options.clock_data);

  return take (op, msg_limits_take_messages (core->limits, op->user_id, n, now_us), "message_rate");
}

bool
msg_log_op_take_chat (MsgLogOp *op)
{
  MsgCore *core = op->op.core;

  return take (op, msg_limits_take_chat (core->limits, op->user_id, core->options.now_us (core->options.clock_data)),
               "chat_rate");
}

bool
msg_log_op_take_draft (MsgLogOp *op)
{
  MsgCore *core = op->op.core;

  return take (op, msg_limits_take_draft (core->limits, op->user_id, core->options.now_us (core->options.clock_data)),
               "draft_rate");
}
