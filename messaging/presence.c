/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/presence.h"

#include "messaging/core-private.h"
#include "messaging/privacy-rows.h"

typedef struct {
  MsgOp op;
  MsgId viewer;
  GArray *users; /* owned: of MsgId */
  GArray *seen;  /* owned: of MsgSeen */
  MsgSeenFn fn;
  gpointer data;
} LookOp;

static bool
look_one (MsgDb *db, MsgId viewer, MsgId user_id, MsgSeen *ret_seen, GError **error)
{
  bool theirs, own;
  MsgStmt *stmt;

  *ret_seen = (MsgSeen){ .user_id = user_id };
  if (!msg_privacy_look (db, user_id, viewer, MSG_ADVANCE_SEE, &theirs, error)
      || !msg_privacy_look (db, viewer, user_id, MSG_ADVANCE_SEE, &own, error))
    return false;
  if (!theirs || !own || user_id == viewer)
    return true;
  stmt = msg_db_prepare (db, "SELECT (SELECT COUNT (*) FROM users u"
                             " WHERE u.id = :user AND u.deleted_ms = 0 AND u.disabled = 0),"
                             " COALESCE ((SELECT MAX (d.seen_ms) FROM devices d WHERE d.user_id = :user), 0)");
  msg_stmt_set_int (stmt, ":user", user_id);
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  ret_seen->visible = msg_stmt_get_int (stmt, 0) > 0;
  if (ret_seen->visible)
    ret_seen->seen_ms = msg_stmt_get_int (stmt, 1) / MSG_SEEN_GRAIN_MS * MSG_SEEN_GRAIN_MS;
  return true;
}

static bool
look_run (MsgDb *db, gpointer ctx, GError **error)
{
  LookOp *op = ctx;

  for (unsigned i = 0; i < op->users->len; i++)
    {
      MsgSeen seen;

      if (!look_one (db, op->viewer, g_array_index (op->users, MsgId, i), &seen, error))
        return false;
      g_array_append_val (op->seen, seen);
    }
  return true;
}

static void
look_reply (MsgOp *ctx, const GError *error)
{
  LookOp *op = (LookOp *) ctx;

  op->fn (error == NULL ? op->seen : NULL, error, op->data);
}

static void
look_clear (MsgOp *ctx)
{
  g_array_unref (((LookOp *) ctx)->users);
  g_array_unref (((LookOp *) ctx)->seen);
}

void
msg_presence_look (MsgCore *core, MsgId viewer, const MsgId *users, unsigned n, MsgSeenFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (LookOp), look_reply, look_clear };
  LookOp *op;

  g_return_if_fail (core != NULL && fn != NULL && (users != NULL || n == 0));
  op = msg_op_new (core, &class);
  op->viewer = viewer;
  op->users = g_array_new (FALSE, FALSE, sizeof (MsgId));
  op->seen = g_array_new (FALSE, FALSE, sizeof (MsgSeen));
  op->fn = fn;
  op->data = data;
  if (n > MSG_GET_MAX)
    {
      msg_op_fail (&op->op, msg_error_new (MSG_ERROR_INVALID, "limit", "At most %d users at once.", MSG_GET_MAX));
      return;
    }
  if (n > 0)
    (void) g_array_append_vals (op->users, users, n);
  msg_op_read (op, look_run, msg_op_end);
}
