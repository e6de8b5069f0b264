/* SPDX-License-Identifier: Apache-2.0 */
/* Blocking people, and the list of them. */
#include "messaging/core-private.h"
#include "messaging/privacy.h"
#include "messaging/rows.h"

typedef struct {
  MsgOp op;
  MsgId user_id, other;
  int64_t now_ms;
  MsgDoneFn fn;
  gpointer data;
} BlockOp;

static bool
count_blocks (MsgDb *db, MsgId user_id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT COUNT (*) FROM blocks WHERE user_id = :user");

  msg_stmt_set_int (stmt, ":user", user_id);
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  if (msg_stmt_get_int (stmt, 0) <= MSG_BLOCKS_MAX)
    return true;
  g_propagate_error (error, msg_error_new (MSG_ERROR_LIMIT, "too_many_blocks", "At most %d people can be blocked.",
                                           MSG_BLOCKS_MAX));
  return false;
}

static bool
put_run (MsgDb *db, gpointer ctx, GError **error)
{
  BlockOp *op = ctx;
  g_autoptr (MsgUser) other = msg_user_load (db, op->other, error);
  MsgStmt *stmt;

  if (other == NULL)
    return false;
  stmt = msg_db_prepare (db, "INSERT INTO blocks (user_id, blocked_id, at_ms) VALUES (:user, :other, :now)"
                             " ON CONFLICT (user_id, blocked_id) DO NOTHING");
  msg_stmt_set_int (stmt, ":user", op->user_id);
  msg_stmt_set_int (stmt, ":other", op->other);
  msg_stmt_set_int (stmt, ":now", op->now_ms);
  return msg_stmt_run (stmt, error) && count_blocks (db, op->user_id, error);
}

static bool
drop_run (MsgDb *db, gpointer ctx, GError **error)
{
  BlockOp *op = ctx;
  MsgStmt *stmt = msg_db_prepare (db, "DELETE FROM blocks WHERE user_id = :user AND blocked_id = :other");

  msg_stmt_set_int (stmt, ":user", op->user_id);
  msg_stmt_set_int (stmt, ":other", op->other);
  return msg_stmt_run (stmt, error);
}

static void
block_reply (MsgOp *ctx, const GError *error)
{
  BlockOp *op = (BlockOp *) ctx;

  op->fn (error, op->data);
}

static BlockOp *
block_op_new (MsgCore *core, MsgId user_id, MsgId other, MsgDoneFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (BlockOp), block_reply, NULL };
  BlockOp *op = msg_op_new (core, &class);

  op->user_id = user_id;
  op->other = other;
  op->now_ms = msg_core_now_ms (core);
  op->fn = fn;
  op->data = data;
  return op;
}

void
msg_block_put (MsgCore *core, MsgId user_id, MsgId other, MsgDoneFn fn, gpointer data)
{
  BlockOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = block_op_new (core, user_id, other, fn, data);
  if (user_id == other)
    msg_op_fail (&op->op, msg_error_new (MSG_ERROR_INVALID, "self", "Nobody can block themselves."));
  else
    msg_op_write (op, put_run, msg_op_end);
}

void
msg_block_drop (MsgCore *core, MsgId user_id, MsgId other, MsgDoneFn fn, gpointer data)
{
  g_return_if_fail (core != NULL && fn != NULL);
  msg_op_write (block_op_new (core, user_id, other, fn, data), drop_run, msg_op_end);
}

/* --- The list --- */

typedef struct {
  MsgOp op;
  MsgId user_id, after;
  unsigned limit;
  GPtrArray *users;
  MsgUsersFn fn;
  gpointer data;
} ListOp;

static bool
list_run (MsgDb *db, gpointer ctx, GError **error)
{
  ListOp *op = ctx;
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " MSG_USER_COLUMNS " FROM blocks b JOIN users u ON u.id = b.blocked_id"
                                      " WHERE b.user_id = :user AND b.blocked_id > :after AND u.deleted_ms = 0"
                                      " ORDER BY b.blocked_id LIMIT :limit");
  MsgStep step;

  msg_stmt_set_int (stmt, ":user", op->user_id);
  msg_stmt_set_int (stmt, ":after", op->after);
  msg_stmt_set_int (stmt, ":limit", op->limit);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    g_ptr_array_add (op->users, msg_user_from_row (stmt, 0));
  return step == MSG_STEP_DONE;
}

static void
list_reply (MsgOp *ctx, const GError *error)
{
  ListOp *op = (ListOp *) ctx;

  op->fn (error == NULL ? op->users : NULL, error, op->data);
}

static void
list_clear (MsgOp *ctx)
{
  g_ptr_array_unref (((ListOp *) ctx)->users);
}

void
msg_block_list (MsgCore *core, MsgId user_id, MsgId after, unsigned limit, MsgUsersFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (ListOp), list_reply, list_clear };
  ListOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = msg_op_new (core, &class);
  op->user_id = user_id;
  op->after = after;
  op->limit = limit;
  op->users = g_ptr_array_new_with_free_func ((GDestroyNotify) msg_user_free);
  op->fn = fn;
  op->data = data;
  if (limit < 1 || limit > MSG_GET_MAX)
    msg_op_fail (&op->op, msg_error_new (MSG_ERROR_INVALID, "limit", "At most %d users at once.", MSG_GET_MAX));
  else
    msg_op_read (op, list_run, msg_op_end);
}
