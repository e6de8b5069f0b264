/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   account_ends has a row           chats left              rows left
 *   idle ------------------> chats -------------> rest ------------------+
 *    ^  ^                    |  ^ |               |  ^ |                  |
 *    |  |                    |  +-+ a slice       |  +-+ a slice          |
 *    |  +--- nothing left    v                    v                       |
 *    |                      waits (the database failed or is busy)        |
 *    +--------------------------------------------------------------------+
 */
#include "messaging/account-end.h"

#include <string.h>

#include "base/log.h"
#include "messaging/account-end-rows.h"
#include "messaging/account-private.h"
#include "messaging/log-op.h"
#include "messaging/privacy-rows.h"
#include "messaging/proof.h"
#include "messaging/room-rows.h"
#include "messaging/two-factor-rows.h"

#define RETRY_S 5

/* --- The first transaction --- */

static bool
hold_name (MsgDb *db, MsgId user_id, int64_t now_ms, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "DELETE FROM held_names WHERE until_ms <= :now");

  msg_stmt_set_int (stmt, ":now", now_ms);
  if (!msg_stmt_run (stmt, error))
    return false;
  stmt = msg_db_prepare (db, "INSERT INTO held_names (name_key, until_ms)"
                             " SELECT name_key, CAST (:until AS BIGINT) FROM users WHERE id = :user"
                             " ON CONFLICT (name_key) DO UPDATE SET until_ms = :until");
  msg_stmt_set_int (stmt, ":until", now_ms + MSG_NAME_HOLD_MS);
  msg_stmt_set_int (stmt, ":user", user_id);
  return msg_stmt_run (stmt, error);
}

static bool
put_end (MsgDb *db, MsgId user_id, bool erase, int64_t now_ms, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "INSERT INTO account_ends (user_id, begun_ms, erase, chat_id)"
                                      " VALUES (:user, :now, :erase, 0)");

  msg_stmt_set_int (stmt, ":user", user_id);
  msg_stmt_set_int (stmt, ":now", now_ms);
  msg_stmt_set_int (stmt, ":erase", erase);
  return msg_stmt_run (stmt, error);
}

static bool
drop_devices (MsgDb *db, MsgId user_id, GError **error)
{
  static const char *const scripts[] = {
    "DELETE FROM login_notices WHERE device_id IN (SELECT d.id FROM devices d WHERE d.user_id = :user)",
    "DELETE FROM devices WHERE user_id = :user",
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (scripts); i++)
    {
      MsgStmt *stmt = msg_db_prepare (db, scripts[i]);

      msg_stmt_set_int (stmt, ":user", user_id);
      if (!msg_stmt_run (stmt, error))
        return false;
    }
  return true;
}

bool
msg_account_end (MsgDb *db, MsgId user_id, const MsgEnding *ending, int64_t now_ms, GError **error)
{
  g_autoptr (MsgUser) user = msg_user_load (db, user_id, error);
  MsgStmt *stmt;

  if (user == NULL || !msg_session_drop_all (db, user_id, 0, now_ms, error)
      || !msg_room_forget_user (db, user_id, error) || !msg_two_factor_drop (db, user_id, error)
      || !msg_privacy_drop (db, user_id, error) || !drop_devices (db, user_id, error)
      || (ending->hold_name && !hold_name (db, user_id, now_ms, error))
      || !put_end (db, user_id, ending->erase, now_ms, error))
    return false;
  /* the row stays: the call logs and the messages of others point to it */
  stmt = msg_db_prepare (db, "UPDATE users SET name_key = NULL, username = '', display_name = 'Deleted account',"
                             " password_hash = NULL, disabled = 1, deleted_ms = :now WHERE id = :id");
  msg_stmt_set_int (stmt, ":now", now_ms);
  msg_stmt_set_int (stmt, ":id", user_id);
  return msg_stmt_run (stmt, error);
}

/* --- What goes on after it --- */

struct MsgEnds {
  /* passed in, not owned */
  MsgCore *core;
  /* owned */
  GSource *timer;
  bool running;
  bool asked;   /* again, while running */
};

typedef struct {
  MsgLogOp log;
  MsgEnds *ends;
  MsgEnd end;
  MsgEnd next;   /* the same after the slice: a job may be run again */
  GArray *chats; /* owned: of MsgId: those at hand */
  unsigned at;
  bool more;
} EndOp;

static void
end_reply (MsgOp *op, const GError *error)
{
}

static void
end_clear (MsgOp *ctx)
{
  EndOp *op = (EndOp *) ctx;

  msg_log_op_clear (ctx);
  g_array_unref (op->chats);
  op->ends->running = false;
}

static gboolean
on_timer (gpointer data)
{
  MsgEnds *ends = data;

  g_clear_pointer (&ends->timer, g_source_unref);
  msg_ends_start (ends);
  return G_SOURCE_REMOVE;
}

/* Returns: false: the op is ended, as the core closes or the database failed; a later one goes on where this was */
static bool
goes_on (EndOp *op, const GError *error)
{
  MsgEnds *ends = op->ends;

  if (error == NULL && !ends->core->closing)
    return true;
  msg_op_end (&op->log.op, NULL);
  if (ends->core->closing)
    return false;
  al_warning ("a deleted account is not all gone yet, trying again", "error", error->message);
  ends->timer = g_timeout_source_new_seconds (RETRY_S);
  g_source_set_callback (ends->timer, on_timer, ends, NULL);
  (void) g_source_attach (ends->timer, ends->core->context);
  return false;
}

static void on_looked (MsgOp *ctx, const GError *error);

static bool
look_run (MsgDb *db, gpointer ctx, GError **error)
{
  EndOp *op = ctx;

  if (op->end.user_id == 0 && !msg_end_load (db, &op->end, error))
    return false;
  if (op->end.user_id == 0)
    return true;
  if (op->at == op->chats->len)
    {
      op->at = 0;
      g_array_set_size (op->chats, 0);
      if (!msg_end_list_chats (db, &op->end, op->chats, error))
        return false;
    }
  return op->at == op->chats->len
         || msg_end_find_heir (db, &op->end, g_array_index (op->chats, MsgId, op->at), error);
}

static bool
chat_run (MsgDb *db, gpointer ctx, GError **error)
{
  EndOp *op = ctx;

  msg_log_reset (&op->log.log);
  op->next = op->end;
  return msg_end_chat (db, &op->log.log, &op->next, g_array_index (op->chats, MsgId, op->at), &op->more, error);
}

static bool
rest_run (MsgDb *db, gpointer ctx, GError **error)
{
  EndOp *op = ctx;

  msg_log_reset (&op->log.log);
  return msg_end_rest (db, &op->log.log, &op->end, &op->more, error);
}

static void
on_chat (MsgOp *ctx, const GError *error)
{
  EndOp *op = (EndOp *) ctx;

  msg_log_op_tell (&op->log, error);
  if (!goes_on (op, error))
    return;
  op->end = op->next;
  if (!op->more)
    {
      op->end.chat_id = g_array_index (op->chats, MsgId, op->at++);
      memset (op->end.random_id, 0, sizeof op->end.random_id);
    }
  msg_op_read (op, look_run, on_looked);
}

static void
on_rest (MsgOp *ctx, const GError *error)
{
  EndOp *op = (EndOp *) ctx;

  msg_log_op_tell (&op->log, error);
  if (!goes_on (op, error))
    return;
  if (op->more)
    {
      msg_op_write (op, rest_run, on_rest);
      return;
    }
  op->end = (MsgEnd){ 0 };
  msg_op_read (op, look_run, on_looked);
}

static void
on_looked (MsgOp *ctx, const GError *error)
{
  EndOp *op = (EndOp *) ctx;
  MsgEnds *ends = op->ends;
  bool again = ends->asked;

  if (!goes_on (op, error))
    return;
  op->log.log.user_id = op->end.user_id;
  op->log.log.now_ms = msg_core_now_ms (ends->core);
  if (op->at < op->chats->len)
    msg_op_write (op, chat_run, on_chat);
  else if (op->end.user_id != 0)
    msg_op_write (op, rest_run, on_rest);
  else
    {
      msg_op_end (ctx, NULL);
      if (again)
        msg_ends_start (ends);
    }
}

MsgEnds *
msg_ends_new (MsgCore *core)
{
  MsgEnds *ends = g_new0 (MsgEnds, 1);

  ends->core = core;
  return ends;
}

static void
stop_timer (MsgEnds *ends)
{
  if (ends->timer != NULL)
    g_source_destroy (ends->timer);
  g_clear_pointer (&ends->timer, g_source_unref);
}

void
msg_ends_free (MsgEnds *ends)
{
  if (ends == NULL)
    return;
  stop_timer (ends);
  g_free (ends);
}

void
msg_ends_start (MsgEnds *ends)
{
  static const MsgOpClass class = { sizeof (EndOp), end_reply, end_clear };
  EndOp *op;

  ends->asked = ends->running;
  if (ends->running || ends->core->closing)
    return;
  stop_timer (ends);
  ends->running = true;
  op = msg_log_op_new (ends->core, &class, 0, 0);
  op->ends = ends;
  op->chats = g_array_new (FALSE, FALSE, sizeof (MsgId));
  msg_op_read (op, look_run, on_looked);
}

bool
msg_ends_is_idle (const MsgEnds *ends)
{
  return !ends->running && ends->timer == NULL;
}

/* --- Asked for --- */

typedef struct {
  MsgProof proof;
  MsgEnding ending;
  MsgDoneFn fn;
  gpointer data;
} DeleteOp;

static bool
delete_run (MsgDb *db, gpointer ctx, GError **error)
{
  DeleteOp *op = ctx;

  return msg_account_end (db, op->proof.user_id, &op->ending, op->proof.now_ms, error);
}

static void
delete_reply (MsgOp *ctx, const GError *error)
{
  DeleteOp *op = (DeleteOp *) ctx;

  if (error == NULL)
    {
      msg_core_sessions_ended (ctx->core, op->proof.user_id, 0, 0, MSG_END_DELETED);
      msg_ends_start (ctx->core->ends);
    }
  op->fn (error, op->data);
}

void
msg_account_delete (MsgCore *core, MsgId user_id, bool erase, MsgDoneFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (DeleteOp), delete_reply, msg_proof_clear };
  DeleteOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = msg_op_new (core, &class);
  op->proof.user_id = user_id;
  op->proof.now_ms = msg_core_now_ms (core);
  op->ending = (MsgEnding){ .erase = erase };
  op->fn = fn;
  op->data = data;
  msg_op_write (op, delete_run, msg_op_end);
}

void
msg_account_delete_own (MsgCore *core, MsgId user_id, const char *password, const char *code, bool erase, MsgDoneFn fn,
                        gpointer data)
{
  static const MsgOpClass class = { sizeof (DeleteOp), delete_reply, msg_proof_clear };
  static const MsgProofSpec spec = { &class, delete_run, msg_op_end, false };
  DeleteOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = msg_proof_new (core, &spec, user_id);
  op->ending = (MsgEnding){ .erase = erase, .hold_name = true };
  op->fn = fn;
  op->data = data;
  msg_proof_start (op, password, code);
}

bool
msg_account_is_ending (MsgCore *core)
{
  return !msg_ends_is_idle (core->ends);
}
