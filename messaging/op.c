/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/core-private.h"

gpointer
msg_op_new (MsgCore *core, const MsgOpClass *class)
{
  MsgOp *op = g_malloc0 (class->size);

  op->class = class;
  op->core = core;
  op->late = core->closing;
  core->n_ops++;
  return op;
}

void
msg_op_end (MsgOp *op, const GError *error)
{
  op->class->reply (op, error);
  if (op->class->clear != NULL)
    op->class->clear (op);
  op->core->n_ops--;
  g_clear_error (&op->refused);
  g_free (op);
}

static void
op_deliver (MsgTask *task)
{
  MsgOp *op = (MsgOp *) task;

  msg_op_end (op, op->refused);
}

void
msg_op_fail (MsgOp *op, GError *error)
{
  op->refused = error;
  op->task.deliver = op_deliver;
  msg_mainbox_later (op->core->mainbox, &op->task);
}

/* Returns: true when @op came too late and is ended. */
static bool
op_is_late (MsgOp *op)
{
  if (op->late)
    msg_op_fail (op, msg_error_new (MSG_ERROR_UNAVAILABLE, "closing", "The server is shutting down."));
  return op->late;
}

static void
on_step_done (gpointer ctx, const GError *error)
{
  MsgOp *op = ctx;

  op->next (op, error);
}

void
msg_op_write (gpointer ctx, MsgOpRun run, MsgOpStep next)
{
  MsgOp *op = ctx;

  if (op_is_late (op))
    return;
  op->next = next;
  msg_store_write (op->core->store, run, on_step_done, op);
}

void
msg_op_read (gpointer ctx, MsgOpRun run, MsgOpStep next)
{
  MsgOp *op = ctx;

  if (op_is_late (op))
    return;
  op->next = next;
  msg_store_read (op->core->store, run, on_step_done, op);
}

void
msg_op_sum (gpointer ctx, MsgSumFn run, bool must, MsgOpStep next)
{
  MsgOp *op = ctx;

  if (op_is_late (op))
    return;
  op->next = next;
  msg_pool_run (op->core->pool, must, run, on_step_done, op);
}
