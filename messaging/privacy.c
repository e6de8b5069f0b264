/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/privacy.h"

#include "messaging/core-private.h"
#include "messaging/privacy-rows.h"
#include "messaging/rows.h"

/* --- The decision --- */

static bool
audience_has (MsgAudience audience, bool known)
{
  return audience == MSG_AUDIENCE_EVERYBODY || (audience == MSG_AUDIENCE_KNOWN && known);
}

bool
msg_privacy_allows (const MsgRelation *relation, MsgAdvance advance)
{
  if (relation->blocked)
    return false;
  switch (advance)
    {
    case MSG_ADVANCE_CALL:
      return audience_has (relation->privacy.calls, relation->known);
    case MSG_ADVANCE_WRITE:
      return true;
    case MSG_ADVANCE_ADD:
      return audience_has (relation->privacy.groups, relation->known);
    case MSG_ADVANCE_SEE:
      return audience_has (relation->privacy.last_seen, relation->known);
    default:
      g_return_val_if_reached (false);
    }
}

/* --- Rows --- */

static MsgAudience
to_audience (int64_t value)
{
  return value >= 0 && value < MSG_AUDIENCE_N ? (MsgAudience) value : MSG_AUDIENCE_NOBODY;
}

bool
msg_privacy_load (MsgDb *db, MsgId owner, MsgId other, MsgRelation *ret_relation, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (
      db, "SELECT COALESCE ((SELECT p.calls FROM privacy p WHERE p.user_id = :owner), 0),"
          " COALESCE ((SELECT p.groups_from FROM privacy p WHERE p.user_id = :owner), 0),"
          " (SELECT COUNT (*) FROM blocks b WHERE b.user_id = :owner AND b.blocked_id = :other),"
          " (SELECT COUNT (*) FROM (SELECT 1 FROM calls c WHERE c.caller_user = :owner AND c.callee_user = :other LIMIT 1) m),"
          " (SELECT COUNT (*) FROM (SELECT 1 FROM calls c WHERE c.caller_user = :other AND c.callee_user = :owner"
          " AND c.accepted_ms > 0 LIMIT 1) t),"
          " (SELECT COUNT (*) FROM (SELECT 1 FROM chat_pairs p JOIN messages w ON w.chat_id = p.chat_id"
          " WHERE w.sender_id = :owner AND p.low_id = :low AND p.high_id = :high LIMIT 1) u),"
          " COALESCE ((SELECT p.seen_by FROM privacy p WHERE p.user_id = :owner), 1)");

  msg_stmt_set_int (stmt, ":owner", owner);
  msg_stmt_set_int (stmt, ":other", other);
  msg_stmt_set_int (stmt, ":low", MIN (owner, other));
  msg_stmt_set_int (stmt, ":high", MAX (owner, other));
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  *ret_relation = (MsgRelation){
    .privacy = { to_audience (msg_stmt_get_int (stmt, 0)), to_audience (msg_stmt_get_int (stmt, 1)),
                 to_audience (msg_stmt_get_int (stmt, 6)) },
    .blocked = msg_stmt_get_int (stmt, 2) > 0,
    .known = msg_stmt_get_int (stmt, 3) + msg_stmt_get_int (stmt, 4) + msg_stmt_get_int (stmt, 5) > 0,
  };
  return true;
}

bool
msg_privacy_look (MsgDb *db, MsgId owner, MsgId other, MsgAdvance advance, bool *ret_allowed, GError **error)
{
  MsgRelation relation;

  if (!msg_privacy_load (db, owner, other, &relation, error))
    return false;
  *ret_allowed = msg_privacy_allows (&relation, advance);
  return true;
}

bool
msg_privacy_drop (MsgDb *db, MsgId user_id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "DELETE FROM privacy WHERE user_id = :user");

  msg_stmt_set_int (stmt, ":user", user_id);
  return msg_stmt_run (stmt, error);
}

/* --- What the user has chosen --- */

typedef struct {
  MsgOp op;
  MsgId user_id;
  unsigned fields;
  MsgPrivacy privacy;
  MsgPrivacyFn fn;
  gpointer data;
} PrivacyOp;

static bool
get_run (MsgDb *db, gpointer ctx, GError **error)
{
  PrivacyOp *op = ctx;
  MsgRelation relation;

  if (!msg_privacy_load (db, op->user_id, 0, &relation, error))
    return false;
  op->privacy = relation.privacy;
  return true;
}

static bool
set_run (MsgDb *db, gpointer ctx, GError **error)
{
  PrivacyOp *op = ctx;
  g_autoptr (MsgUser) user = msg_user_load (db, op->user_id, error);
  MsgRelation was;
  MsgStmt *stmt;

  if (user == NULL || !msg_privacy_load (db, op->user_id, 0, &was, error))
    return false;
  if (!(op->fields & MSG_PRIVACY_CALLS))
    op->privacy.calls = was.privacy.calls;
  if (!(op->fields & MSG_PRIVACY_GROUPS))
    op->privacy.groups = was.privacy.groups;
  if (!(op->fields & MSG_PRIVACY_LAST_SEEN))
    op->privacy.last_seen = was.privacy.last_seen;
  stmt = msg_db_prepare (db, "INSERT INTO privacy (user_id, calls, groups_from, seen_by)"
                             " VALUES (:user, :calls, :groups, :seen)"
                             " ON CONFLICT (user_id) DO UPDATE SET calls = :calls, groups_from = :groups, seen_by = :seen");
  msg_stmt_set_int (stmt, ":user", op->user_id);
  msg_stmt_set_int (stmt, ":calls", op->privacy.calls);
  msg_stmt_set_int (stmt, ":groups", op->privacy.groups);
  msg_stmt_set_int (stmt, ":seen", op->privacy.last_seen);
  return msg_stmt_run (stmt, error);
}

static void
privacy_reply (MsgOp *ctx, const GError *error)
{
  PrivacyOp *op = (PrivacyOp *) ctx;

  op->fn (error == NULL ? &op->privacy : NULL, error, op->data);
}

static PrivacyOp *
privacy_op_new (MsgCore *core, MsgId user_id, MsgPrivacyFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (PrivacyOp), privacy_reply, NULL };
  PrivacyOp *op = msg_op_new (core, &class);

  op->user_id = user_id;
  op->fn = fn;
  op->data = data;
  return op;
}

void
msg_privacy_get (MsgCore *core, MsgId user_id, MsgPrivacyFn fn, gpointer data)
{
  g_return_if_fail (core != NULL && fn != NULL);
  msg_op_read (privacy_op_new (core, user_id, fn, data), get_run, msg_op_end);
}

void
msg_privacy_set (MsgCore *core, MsgId user_id, const MsgPrivacy *privacy, unsigned fields, MsgPrivacyFn fn, gpointer data)
{
  PrivacyOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  g_return_if_fail ((unsigned) privacy->calls < MSG_AUDIENCE_N && (unsigned) privacy->groups < MSG_AUDIENCE_N
                    && (unsigned) privacy->last_seen < MSG_AUDIENCE_N);
  op = privacy_op_new (core, user_id, fn, data);
  op->fields = fields;
  op->privacy = *privacy;
  msg_op_write (op, set_run, msg_op_end);
}

/* --- Who is called --- */

typedef struct {
  MsgOp op;
  MsgId callee, caller;
  MsgUser *user;   /* owned */
  bool allowed;
  MsgCalleeFn fn;
  gpointer data;
} CalleeOp;

static bool
callee_run (MsgDb *db, gpointer ctx, GError **error)
{
  CalleeOp *op = ctx;
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " MSG_USER_COLUMNS " FROM users u WHERE u.id = :id");
  MsgStep step;

  msg_stmt_set_int (stmt, ":id", op->callee);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_ERROR)
    return false;
  if (step == MSG_STEP_ROW)
    op->user = msg_user_from_row (stmt, 0);
  return msg_privacy_look (db, op->callee, op->caller, MSG_ADVANCE_CALL, &op->allowed, error);
}

static void
callee_reply (MsgOp *ctx, const GError *error)
{
  CalleeOp *op = (CalleeOp *) ctx;

  op->fn (error == NULL ? op->user : NULL, op->allowed, error, op->data);
}

static void
callee_clear (MsgOp *ctx)
{
  msg_user_free (((CalleeOp *) ctx)->user);
}

void
msg_privacy_find_callee (MsgCore *core, MsgId callee, MsgId caller, MsgCalleeFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (CalleeOp), callee_reply, callee_clear };
  CalleeOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = msg_op_new (core, &class);
  op->callee = callee;
  op->caller = caller;
  op->fn = fn;
  op->data = data;
  msg_op_read (op, callee_run, msg_op_end);
}

/* --- Who of many --- */

typedef struct {
  MsgOp op;
  MsgId actor;
  MsgAdvance advance;
  GArray *asked, *willing; /* owned, of MsgId */
  MsgWillingFn fn;
  gpointer data;
} WillingOp;

static bool
willing_run (MsgDb *db, gpointer ctx, GError **error)
{
  WillingOp *op = ctx;

  for (unsigned i = 0; i < op->asked->len; i++)
    {
      MsgId user_id = g_array_index (op->asked, MsgId, i);
      bool allowed;

      if (!msg_privacy_look (db, user_id, op->actor, op->advance, &allowed, error))
        return false;
      if (allowed)
        g_array_append_val (op->willing, user_id);
    }
  return true;
}

static void
willing_reply (MsgOp *ctx, const GError *error)
{
  WillingOp *op = (WillingOp *) ctx;

  op->fn (error == NULL ? op->willing : NULL, error, op->data);
}

static void
willing_clear (MsgOp *ctx)
{
  WillingOp *op = (WillingOp *) ctx;

  g_array_unref (op->asked);
  g_array_unref (op->willing);
}

void
msg_privacy_find_willing (MsgCore *core, MsgId actor, const MsgId *users, unsigned n, MsgAdvance advance, MsgWillingFn fn,
                          gpointer data)
{
  static const MsgOpClass class = { sizeof (WillingOp), willing_reply, willing_clear };
  WillingOp *op;

  g_return_if_fail (core != NULL && fn != NULL && (users != NULL || n == 0));
  op = msg_op_new (core, &class);
  op->actor = actor;
  op->advance = advance;
  op->asked = g_array_new (FALSE, FALSE, sizeof (MsgId));
  op->willing = g_array_new (FALSE, FALSE, sizeof (MsgId));
  op->fn = fn;
  op->data = data;
  if (n > MSG_GET_MAX)
    {
      msg_op_fail (&op->op, msg_error_new (MSG_ERROR_INVALID, "limit", "At most %d users at once.", MSG_GET_MAX));
      return;
    }
  if (n > 0)
    (void) g_array_append_vals (op->asked, users, n);
  msg_op_read (op, willing_run, msg_op_end);
}
