/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/session.h"

#include <string.h>

#include "messaging/account-private.h"

/* --- Starting by token --- */

typedef struct {
  MsgOp op;
  MsgLoginFn fn;
  gpointer data;
  uint8_t token_hash[MSG_TOKEN_HASH_BYTES];
  uint64_t epoch;
  MsgLogin login;
} StartOp;

static GError *
bad_token (void)
{
  return msg_error_new (MSG_ERROR_UNAUTHENTICATED, "bad_token", "This session is over. Log in again.");
}

static bool
start_run (MsgDb *db, gpointer ctx, GError **error)
{
  StartOp *op = ctx;
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " MSG_USER_COLUMNS ", " MSG_DEVICE_COLUMNS " FROM sessions s"
                                      " JOIN devices d ON d.id = s.device_id JOIN users u ON u.id = s.user_id"
                                      " WHERE s.token_hash = :hash AND u.disabled = 0 AND u.deleted_ms = 0");
  MsgStep step;

  msg_stmt_set_bytes (stmt, ":hash", op->token_hash, sizeof op->token_hash);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_DONE)
    g_propagate_error (error, bad_token ());
  if (step != MSG_STEP_ROW)
    return false;
  op->login.user = msg_user_from_row (stmt, 0);
  op->login.device = msg_device_from_row (stmt, MSG_USER_N_COLUMNS);
  return msg_notice_load (db, op->login.device->id, &op->login.notices, error);
}

static void
start_clear (MsgOp *ctx)
{
  StartOp *op = (StartOp *) ctx;

  g_clear_pointer (&op->login.user, msg_user_free);
  g_clear_pointer (&op->login.device, msg_device_free);
  g_clear_pointer (&op->login.notices, g_ptr_array_unref);
}

static void
start_read (MsgOp *ctx, const GError *error)
{
  StartOp *op = (StartOp *) ctx;

  if (error == NULL && op->epoch != ctx->core->epoch)
    {
      /* a session has ended while the reader looked: the listener has heard of it already, so a snapshot from before
       * must not bring it back */
      start_clear (ctx);
      op->epoch = ctx->core->epoch;
      msg_op_read (op, start_run, start_read);
      return;
    }
  if (error == NULL)
    msg_touches_add (ctx->core->touches, op->login.device->id);
  msg_op_end (ctx, error);
}

static void
start_reply (MsgOp *ctx, const GError *error)
{
  StartOp *op = (StartOp *) ctx;

  op->fn (error == NULL ? &op->login : NULL, error, op->data);
}

void
msg_session_start (MsgCore *core, const char *token, MsgLoginFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (StartOp), start_reply, start_clear };
  StartOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = msg_op_new (core, &class);
  op->fn = fn;
  op->data = data;
  op->epoch = core->epoch;
  if (msg_token_hash (token, op->token_hash))
    msg_op_read (op, start_run, start_read);
  else
    msg_op_fail (&op->op, bad_token ());
}

/* --- Listing --- */

MsgSession *
msg_session_copy (const MsgSession *session)
{
  MsgSession *copy;

  g_return_val_if_fail (session != NULL, NULL);
  copy = g_memdup2 (session, sizeof *session);
  copy->device = msg_device_copy (session->device);
  copy->username = g_strdup (session->username);
  return copy;
}

void
msg_session_free (MsgSession *session)
{
  if (session == NULL)
    return;
  msg_device_free (session->device);
  g_free (session->username);
  g_free (session);
}

typedef struct {
  MsgOp op;
  MsgId user_id;  /* 0: all users */
  MsgId after;
  unsigned limit;
  MsgSessionsFn fn;
  gpointer data;
  GPtrArray *sessions;
} ListOp;

#define SESSION_COLUMNS                                                                                                \
  MSG_DEVICE_COLUMNS ", u.username, s.created_ms, d.seen_ms, CASE WHEN s.token_hash IS NULL THEN 1 ELSE 0 END"
#define SESSION_TABLES "sessions s JOIN devices d ON d.id = s.device_id JOIN users u ON u.id = s.user_id"

static bool
list_run (MsgDb *db, gpointer ctx, GError **error)
{
  ListOp *op = ctx;
  MsgStmt *stmt;
  MsgStep step;

  if (op->user_id != 0)
    {
      stmt = msg_db_prepare (db, "SELECT " SESSION_COLUMNS " FROM " SESSION_TABLES " WHERE s.user_id = :user");
      msg_stmt_set_int (stmt, ":user", op->user_id);
    }
  else
    {
      stmt = msg_db_prepare (db, "SELECT " SESSION_COLUMNS " FROM " SESSION_TABLES " WHERE s.device_id > :after"
                                 " ORDER BY s.device_id LIMIT :limit");
      msg_stmt_set_int (stmt, ":after", op->after);
      msg_stmt_set_int (stmt, ":limit", op->limit);
    }
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      MsgSession *session = g_new0 (MsgSession, 1);

      session->device = msg_device_from_row (stmt, 0);
      session->username = g_strdup (msg_stmt_get_text (stmt, MSG_DEVICE_N_COLUMNS));
      session->created_at_ms = msg_stmt_get_int (stmt, MSG_DEVICE_N_COLUMNS + 1);
      session->last_seen_ms = msg_stmt_get_int (stmt, MSG_DEVICE_N_COLUMNS + 2);
      session->external = msg_stmt_get_int (stmt, MSG_DEVICE_N_COLUMNS + 3) != 0;
      g_ptr_array_add (op->sessions, session);
    }
  return step == MSG_STEP_DONE;
}

static int
compare_seen (gconstpointer a, gconstpointer b)
{
  const MsgSession *x = *(MsgSession *const *) a, *y = *(MsgSession *const *) b;

  if (x->last_seen_ms != y->last_seen_ms)
    return x->last_seen_ms > y->last_seen_ms ? -1 : 1;
  return x->device->id < y->device->id ? -1 : x->device->id > y->device->id;
}

static void
list_reply (MsgOp *ctx, const GError *error)
{
  ListOp *op = (ListOp *) ctx;

  for (unsigned i = 0; i < op->sessions->len; i++)
    {
      MsgSession *session = op->sessions->pdata[i];
      int64_t seen_ms = msg_touches_get_ms (ctx->core->touches, session->device->id);

      session->last_seen_ms = MAX (session->last_seen_ms, seen_ms);
    }
  if (op->user_id != 0)
    g_ptr_array_sort (op->sessions, compare_seen);
  op->fn (error == NULL ? op->sessions : NULL, error, op->data);
}

static void
list_clear (MsgOp *ctx)
{
  g_ptr_array_unref (((ListOp *) ctx)->sessions);
}

static ListOp *
list_op_new (MsgCore *core, MsgSessionsFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (ListOp), list_reply, list_clear };
  ListOp *op = msg_op_new (core, &class);

  op->fn = fn;
  op->data = data;
  op->sessions = g_ptr_array_new_with_free_func ((GDestroyNotify) msg_session_free);
  return op;
}

void
msg_session_list (MsgCore *core, MsgId user_id, MsgSessionsFn fn, gpointer data)
{
  ListOp *op;

  g_return_if_fail (core != NULL && fn != NULL && user_id != 0);
  op = list_op_new (core, fn, data);
  op->user_id = user_id;
  msg_op_read (op, list_run, msg_op_end);
}

void
msg_session_list_all (MsgCore *core, MsgId after, unsigned limit, MsgSessionsFn fn, gpointer data)
{
  ListOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = list_op_new (core, fn, data);
  op->after = after;
  op->limit = limit;
  if (limit < 1 || limit > MSG_GET_MAX)
    msg_op_fail (&op->op, msg_error_new (MSG_ERROR_INVALID, "limit", "At most %d sessions at once.", MSG_GET_MAX));
  else
    msg_op_read (op, list_run, msg_op_end);
}

/* --- Revoking --- */

typedef struct {
  MsgOp op;
  MsgId user_id, device_id;
  bool others;   /* all but @device_id */
  int64_t now_ms;
  MsgDoneFn fn;
  gpointer data;
} RevokeOp;

static bool
revoke_run (MsgDb *db, gpointer ctx, GError **error)
{
  RevokeOp *op = ctx;
  bool dropped;

  if (op->others)
    return msg_session_drop_all (db, op->user_id, op->device_id, op->now_ms, error);
  if (!msg_session_drop (db, op->user_id, op->device_id, op->now_ms, &dropped, error))
    return false;
  if (!dropped)
    g_propagate_error (error, msg_error_new (MSG_ERROR_NOT_FOUND, "session", "There is no such session."));
  return dropped;
}

static void
revoke_reply (MsgOp *ctx, const GError *error)
{
  RevokeOp *op = (RevokeOp *) ctx;

  if (error == NULL && op->others)
    msg_core_sessions_ended (ctx->core, op->user_id, 0, op->device_id, MSG_END_REVOKED);
  else if (error == NULL)
    msg_core_sessions_ended (ctx->core, op->user_id, op->device_id, 0, MSG_END_REVOKED);
  op->fn (error, op->data);
}

static void
session_revoke (MsgCore *core, MsgId user_id, MsgId device_id, bool others, MsgDoneFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (RevokeOp), revoke_reply, NULL };
  RevokeOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = msg_op_new (core, &class);
  op->user_id = user_id;
  op->device_id = device_id;
  op->others = others;
  op->now_ms = msg_core_now_ms (core);
  op->fn = fn;
  op->data = data;
  msg_op_write (op, revoke_run, msg_op_end);
}

void
msg_session_revoke (MsgCore *core, MsgId user_id, MsgId device_id, MsgDoneFn fn, gpointer data)
{
  session_revoke (core, user_id, device_id, false, fn, data);
}

void
msg_session_revoke_others (MsgCore *core, MsgId user_id, MsgId device_id, MsgDoneFn fn, gpointer data)
{
  session_revoke (core, user_id, device_id, true, fn, data);
}
