/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/call-log.h"

#include <string.h>

#include "messaging/call-rows.h"
#include "messaging/log-op.h"
#include "messaging/rows.h"
#include "messaging/service-data.h"

MsgCall *
msg_call_copy (const MsgCall *call)
{
  g_return_val_if_fail (call != NULL, NULL);
  return g_memdup2 (call, sizeof *call);
}

void
msg_call_free (MsgCall *call)
{
  g_free (call);
}

/* --- Put --- */

typedef struct {
  MsgOp op;
  MsgCall call;
  MsgLog log;
  bool withheld;  /* the callee is not to know of it */
  MsgDoneFn fn;
  gpointer data;
} PutOp;

static bool
word_is_reason (const char *reason)
{
  size_t len = strnlen (reason, MSG_CALL_REASON_SIZE);

  return len > 0 && len < MSG_CALL_REASON_SIZE && strspn (reason, "abcdefghijklmnopqrstuvwxyz_") == len;
}

static bool
call_is_sane (const MsgCall *call)
{
  return call->caller_user > 0 && call->caller_device > 0 && call->callee_user > 0 && call->callee_device >= 0
         && (unsigned) call->state < MSG_CALL_N
         && (call->state == MSG_CALL_ENDED ? word_is_reason (call->reason) : call->reason[0] == '\0');
}

static void
call_bind (MsgStmt *stmt, const MsgCall *call)
{
  msg_stmt_set_bytes (stmt, ":call", call->call_id, MSG_CALL_ID_BYTES);
  msg_stmt_set_int (stmt, ":caller_user", call->caller_user);
  msg_stmt_set_int (stmt, ":caller_device", call->caller_device);
  msg_stmt_set_int (stmt, ":callee_user", call->callee_user);
  msg_stmt_set_int (stmt, ":callee_device", call->callee_device);
  msg_stmt_set_int (stmt, ":video", call->video);
  msg_stmt_set_int (stmt, ":state", call->state);
  msg_stmt_set_int (stmt, ":started", call->started_ms);
  msg_stmt_set_int (stmt, ":accepted", call->accepted_ms);
  msg_stmt_set_int (stmt, ":active", call->active_ms);
  msg_stmt_set_int (stmt, ":ended", call->ended_ms);
  msg_stmt_set_text (stmt, ":reason", call->reason);
  msg_stmt_set_int (stmt, ":heartbeat", call->heartbeat_ms);
}

static bool
call_insert (MsgDb *db, const MsgCall *call, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (
      db, "INSERT INTO calls (seq, call_id, caller_user, caller_device, callee_user, callee_device, video, state,"
          " started_ms, accepted_ms, active_ms, ended_ms, reason, heartbeat_ms, withheld)"
          " SELECT COALESCE (MAX (seq), 0) + 1, :call, :caller_user, :caller_device, :callee_user, :callee_device,"
          " :video, :state, :started, :accepted, :active, :ended, :reason, :heartbeat, :withheld FROM calls");

  call_bind (stmt, call);
  msg_stmt_set_int (stmt, ":withheld", call->withheld);
  return msg_stmt_run (stmt, error);
}

static bool
call_update (MsgDb *db, const MsgCall *call, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (
      db, "UPDATE calls SET callee_device = :callee_device, video = :video, state = :state, started_ms = :started,"
          " accepted_ms = :accepted, active_ms = :active, ended_ms = :ended, reason = :reason,"
          " heartbeat_ms = CASE WHEN heartbeat_ms > :heartbeat THEN heartbeat_ms ELSE :heartbeat END"
          " WHERE call_id = :call AND caller_user = :caller_user AND caller_device = :caller_device"
          " AND callee_user = :callee_user");

  call_bind (stmt, call);
  if (!msg_stmt_run (stmt, error))
    return false;
  if (msg_db_changes (db) == 1)
    return true;
  g_propagate_error (error, msg_error_new (MSG_ERROR_CONFLICT, "call_exists", "This call id was used before."));
  return false;
}

/* @ret_chat: NULL when there can be none: a call to oneself, or one of the two is no more */
static bool
find_chat (MsgDb *db, const MsgCall *call, int64_t now_ms, MsgChat **ret_chat, GError **error)
{
  g_autoptr (GError) missing = NULL;
  g_autoptr (MsgUser) caller = NULL;

  *ret_chat = NULL;
  if (call->caller_user == call->callee_user)
    return true;
  caller = msg_user_load (db, call->caller_user, &missing);
  if (caller != NULL
      && msg_chat_find_private (db, call->caller_user, call->callee_user, now_ms, ret_chat, &missing))
    return true;
  if (missing->code == MSG_ERROR_NOT_FOUND)
    return true;
  g_propagate_error (error, g_steal_pointer (&missing));
  return false;
}

/* The end of a call is told in the chat of the two, in the transaction that ends it: once, whatever comes between. Of a
 * glare the other call is told; of one that the callee is not to know of, the caller alone is, as of any that was missed. */
static bool
call_tell_end (MsgDb *db, PutOp *op, GError **error)
{
  const MsgCall *call = &op->call;
  g_autoptr (MsgChat) chat = NULL;

  if (call->state != MSG_CALL_ENDED || strcmp (call->reason, "glare") == 0)
    return true;
  if (!find_chat (db, call, op->log.now_ms, &chat, error))
    return false;
  return chat == NULL
         || msg_message_append_withheld (db, &op->log, chat, call->caller_user, op->withheld ? call->callee_user : 0,
                                         msg_service_call (call), error);
}

static bool
put_run (MsgDb *db, gpointer ctx, GError **error)
{
  PutOp *op = ctx;
  MsgStmt *stmt = msg_db_prepare (db, "SELECT state, withheld FROM calls WHERE call_id = :call");
  MsgStep step;
  int64_t state;

  msg_log_reset (&op->log);
  op->withheld = op->call.withheld;
  msg_stmt_set_bytes (stmt, ":call", op->call.call_id, MSG_CALL_ID_BYTES);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_ERROR)
    return false;
  if (step == MSG_STEP_DONE)
    return call_insert (db, &op->call, error) && call_tell_end (db, op, error);
  state = msg_stmt_get_int (stmt, 0);
  op->withheld = msg_stmt_get_int (stmt, 1) != 0;
  if (op->call.state == MSG_CALL_RINGING)
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_CONFLICT, "call_exists", "This call id was used before."));
      return false;
    }
  if (state == MSG_CALL_ENDED || state > (int64_t) op->call.state)
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_CONFLICT, "call_ended", "This call is further on already."));
      return false;
    }
  return call_update (db, &op->call, error) && call_tell_end (db, op, error);
}

static void
put_reply (MsgOp *ctx, const GError *error)
{
  PutOp *op = (PutOp *) ctx;

  msg_log_tell (ctx->core, &op->log, error);
  op->fn (error, op->data);
}

static void
put_clear (MsgOp *ctx)
{
  msg_log_clear (&((PutOp *) ctx)->log);
}

void
msg_call_put (MsgCore *core, const MsgCall *call, MsgDoneFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (PutOp), put_reply, put_clear };
  PutOp *op;

  g_return_if_fail (core != NULL && call != NULL && fn != NULL);
  op = msg_op_new (core, &class);
  op->call = *call;
  msg_log_init (&op->log, call->caller_user, msg_core_now_ms (core));
  op->fn = fn;
  op->data = data;
  if (call_is_sane (call))
    msg_op_write (op, put_run, msg_op_end);
  else
    msg_op_fail (&op->op, msg_error_new (MSG_ERROR_INVALID, "call", "This is no call."));
}

/* --- Heartbeat --- */

typedef struct {
  MsgOp op;
  GByteArray *ids;
  int64_t at_ms;
  MsgDoneFn fn;
  gpointer data;
} HeartbeatOp;

static bool
heartbeat_run (MsgDb *db, gpointer ctx, GError **error)
{
  HeartbeatOp *op = ctx;

  for (unsigned i = 0; i < op->ids->len; i += MSG_CALL_ID_BYTES)
    {
      MsgStmt *stmt = msg_db_prepare (db, "UPDATE calls SET heartbeat_ms = :at"
                                          " WHERE call_id = :call AND state < 3 AND heartbeat_ms < :at");

      msg_stmt_set_int (stmt, ":at", op->at_ms);
      msg_stmt_set_bytes (stmt, ":call", op->ids->data + i, MSG_CALL_ID_BYTES);
      if (!msg_stmt_run (stmt, error))
        return false;
    }
  return true;
}

static void
heartbeat_reply (MsgOp *ctx, const GError *error)
{
  HeartbeatOp *op = (HeartbeatOp *) ctx;

  if (op->fn != NULL)
    op->fn (error, op->data);
}

static void
heartbeat_clear (MsgOp *ctx)
{
  g_byte_array_unref (((HeartbeatOp *) ctx)->ids);
}

void
msg_call_heartbeat (MsgCore *core, const uint8_t (*ids)[MSG_CALL_ID_BYTES], unsigned n, int64_t at_ms, MsgDoneFn fn,
                    gpointer data)
{
  static const MsgOpClass class = { sizeof (HeartbeatOp), heartbeat_reply, heartbeat_clear };
  HeartbeatOp *op;

  g_return_if_fail (core != NULL && (ids != NULL || n == 0) && n <= G_MAXUINT / MSG_CALL_ID_BYTES);
  op = msg_op_new (core, &class);
  op->ids = g_byte_array_sized_new (n * MSG_CALL_ID_BYTES);
  if (n > 0)
    (void) g_byte_array_append (op->ids, ids[0], n * MSG_CALL_ID_BYTES);
  op->at_ms = at_ms;
  op->fn = fn;
  op->data = data;
  msg_op_write (op, heartbeat_run, msg_op_end);
}
