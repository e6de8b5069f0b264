/* SPDX-License-Identifier: Apache-2.0 */
/* Asking for a secret chat, taking it, ending it. */
#include "messaging/secret.h"

#include <openssl/sha.h>
#include <string.h>

#include "messaging/privacy-rows.h"
#include "messaging/rows.h"
#include "messaging/secret-rows.h"

typedef struct {
  MsgSecretOp secret;
  MsgId user_id, device_id, to;
  uint8_t secret_id[MSG_SECRET_ID_BYTES];
  uint8_t *blob;         /* owned (nullable) */
  gsize blob_len;
  int64_t expires_ms;
  MsgSecretAskedFn asked_fn; /* one of the two */
  MsgDoneFn done_fn;
  gpointer data;
} AskOp;

static void
ask_reply (MsgOp *ctx, const GError *error)
{
  AskOp *op = (AskOp *) ctx;

  msg_secret_op_tell (&op->secret, error);
  if (op->asked_fn != NULL)
    op->asked_fn (error == NULL ? op->expires_ms : 0, error, op->data);
  else
    op->done_fn (error, op->data);
}

static void
ask_clear (MsgOp *ctx)
{
  msg_secret_op_clear (ctx);
  g_free (((AskOp *) ctx)->blob);
}

static AskOp *
ask_op_new (MsgCore *core, MsgId user_id, MsgId device_id, const uint8_t *secret_id, gpointer data)
{
  static const MsgOpClass class = { sizeof (AskOp), ask_reply, ask_clear };
  AskOp *op = msg_secret_op_new (core, &class);

  op->user_id = user_id;
  op->device_id = device_id;
  memcpy (op->secret_id, secret_id, sizeof op->secret_id);
  op->data = data;
  return op;
}

static bool
fail (MsgError code, const char *reason, const char *message, GError **error)
{
  g_propagate_error (error, msg_error_new (code, reason, "%s", message));
  return false;
}

/* Returns: false: @op is ended. */
static bool
take_blob (AskOp *op, const MsgSecretAsking *asking)
{
  if (asking->blob_len < 1 || asking->blob_len > MSG_SECRET_BLOB_MAX)
    {
      msg_op_fail (&op->secret.op, msg_error_new (MSG_ERROR_INVALID, "blob", "A handshake has 1 to %d bytes.",
                                                  MSG_SECRET_BLOB_MAX));
      return false;
    }
  op->blob = g_memdup2 (asking->blob, asking->blob_len);
  op->blob_len = asking->blob_len;
  return true;
}

/* --- Asking --- */

/* Returns: false with LIMIT when the device has as many as it may. */
static bool
check_room (MsgDb *db, const AskOp *op, GError **error)
{
  int64_t n = msg_secret_count (db, op->device_id, error);

  if (n < 0)
    return false;
  return n < op->secret.op.core->options.secrets_per_device
         || fail (MSG_ERROR_LIMIT, "too_many_secrets", "This device has too many secret chats.", error);
}

static bool
check_requests (MsgDb *db, const AskOp *op, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (
      db, "SELECT (SELECT COUNT (*) FROM secret_chats c WHERE c.callee_user = :to AND c.callee_device = 0 AND c.state = 0"
          " AND c.withheld = 0), (SELECT COUNT (*) FROM secret_chats d WHERE d.callee_user = :to AND d.callee_device = 0"
          " AND d.state = 0 AND d.caller_user = :user)");

  msg_stmt_set_int (stmt, ":to", op->to);
  msg_stmt_set_int (stmt, ":user", op->user_id);
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  return (msg_stmt_get_int (stmt, 0) < MSG_SECRET_REQUESTS_MAX && msg_stmt_get_int (stmt, 1) < MSG_SECRET_PAIR_MAX)
         || fail (MSG_ERROR_LIMIT, "too_many_requests", "Too many requests wait for this user's answer.", error);
}

/* What the same request has come to. @ret_known: it was made before. */
static bool
find_request (MsgDb *db, AskOp *op, bool *ret_known, GError **error)
{
  MsgSecretRow row;
  MsgStmt *stmt;
  MsgStep step;

  if (!msg_secret_load (db, op->secret_id, &row, ret_known, error))
    return false;
  if (*ret_known)
    {
      op->expires_ms = row.expires_ms;
      return (row.caller_device == op->device_id && row.callee_user == op->to && row.state != MSG_SECRET_OVER)
             || fail (MSG_ERROR_CONFLICT, "secret_exists", "There is such a secret chat already.", error);
    }
  /* it has ended, and this device was not there to hear of it */
  stmt = msg_db_prepare (db, "SELECT 1 FROM secret_queue WHERE device_id = :device AND kind = 3 AND secret_id = :id");
  msg_stmt_set_int (stmt, ":device", op->device_id);
  msg_stmt_set_bytes (stmt, ":id", op->secret_id, sizeof op->secret_id);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_ROW)
    return fail (MSG_ERROR_CONFLICT, "secret_exists", "This secret chat has ended.", error);
  return step == MSG_STEP_DONE;
}

static bool
insert_request (MsgDb *db, const AskOp *op, bool withheld, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "INSERT INTO secret_chats (secret_id, state, caller_user, caller_device, callee_user,"
                                      " callee_device, withheld, created_ms, expires_ms, request)"
                                      " VALUES (:id, 0, :user, :device, :to, 0, :withheld, :now, :expires, :request)");

  msg_stmt_set_bytes (stmt, ":id", op->secret_id, sizeof op->secret_id);
  msg_stmt_set_int (stmt, ":user", op->user_id);
  msg_stmt_set_int (stmt, ":device", op->device_id);
  msg_stmt_set_int (stmt, ":to", op->to);
  msg_stmt_set_int (stmt, ":withheld", withheld);
  msg_stmt_set_int (stmt, ":now", op->secret.now_ms);
  msg_stmt_set_int (stmt, ":expires", op->expires_ms);
  msg_stmt_set_bytes (stmt, ":request", op->blob, op->blob_len);
  return msg_stmt_run (stmt, error);
}

static bool
tell_request (MsgDb *db, AskOp *op, GError **error)
{
  MsgSecretEvent *event = msg_secret_event_new (MSG_SECRET_REQUESTED, op->secret_id, op->to, op->secret.now_ms);
  MsgStmt *stmt;

  g_ptr_array_add (op->secret.events, event);
  event->blob = g_memdup2 (op->blob, op->blob_len);
  event->blob_len = op->blob_len;
  event->expires_ms = op->expires_ms;
  event->from = msg_user_load (db, op->user_id, error);
  if (event->from == NULL)
    return false;
  stmt = msg_db_prepare (db, "SELECT " MSG_DEVICE_COLUMNS " FROM devices d WHERE d.id = :id");
  msg_stmt_set_int (stmt, ":id", op->device_id);
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  event->device = msg_device_from_row (stmt, 0);
  return true;
}

static bool
request_run (MsgDb *db, gpointer ctx, GError **error)
{
  AskOp *op = ctx;
  g_autoptr (MsgUser) to = NULL;
  bool known, allowed;

  g_ptr_array_set_size (op->secret.events, 0);
  if (!msg_secret_check_session (db, op->user_id, op->device_id, error) || !find_request (db, op, &known, error))
    return false;
  if (known)
    return true;
  to = msg_user_load (db, op->to, error);
  if (to == NULL || !check_room (db, op, error) || !check_requests (db, op, error)
      || !msg_privacy_look (db, op->to, op->user_id, MSG_ADVANCE_WRITE, &allowed, error))
    return false;
  op->expires_ms = op->secret.now_ms + MSG_SECRET_REQUEST_MS;
  return insert_request (db, op, !allowed, error) && (!allowed || tell_request (db, op, error));
}

void
msg_secret_request (MsgCore *core, const MsgSecretAsking *asking, MsgId to, MsgSecretAskedFn fn, gpointer data)
{
  int64_t wait_ms;
  AskOp *op;

  g_return_if_fail (core != NULL && asking != NULL && fn != NULL);
  op = ask_op_new (core, asking->user_id, asking->device_id, asking->secret_id, data);
  op->asked_fn = fn;
  op->to = to;
  if (!take_blob (op, asking))
    return;
  wait_ms = msg_limits_take_secret (core->limits, op->user_id, core->options.now_us (core->options.clock_data));
  if (to == asking->user_id)
    msg_op_fail (&op->secret.op, msg_error_new (MSG_ERROR_INVALID, "self", "A secret chat is with somebody else."));
  else if (wait_ms > 0)
    msg_op_fail (&op->secret.op, msg_error_new_retry (MSG_ERROR_LIMIT, "secret_rate", wait_ms,
                                                      "Too many requests for secret chats; try again later."));
  else
    msg_op_write (op, request_run, msg_op_end);
}

/* --- Taking --- */

/* Whether the same accept was the one that has it. */
static bool
check_same (MsgDb *db, const AskOp *op, const MsgSecretRow *row, const uint8_t *hash, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT c.accept_hash FROM secret_chats c WHERE c.secret_id = :id");
  const void *had;
  gsize len;

  msg_stmt_set_bytes (stmt, ":id", op->secret_id, sizeof op->secret_id);
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  had = msg_stmt_get_bytes (stmt, 0, &len);
  return (row->callee_device == op->device_id && len == SHA256_DIGEST_LENGTH && memcmp (had, hash, len) == 0)
         || fail (MSG_ERROR_CONFLICT, "secret_taken", "Another device has accepted this secret chat.", error);
}

static bool
open_chat (MsgDb *db, const AskOp *op, const uint8_t *hash, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE secret_chats SET state = 1, callee_device = :device, accept_hash = :hash,"
                                      " request = NULL WHERE secret_id = :id");

  msg_stmt_set_int (stmt, ":device", op->device_id);
  msg_stmt_set_bytes (stmt, ":hash", hash, SHA256_DIGEST_LENGTH);
  msg_stmt_set_bytes (stmt, ":id", op->secret_id, sizeof op->secret_id);
  return msg_stmt_run (stmt, error);
}

static bool
accept_run (MsgDb *db, gpointer ctx, GError **error)
{
  AskOp *op = ctx;
  uint8_t hash[SHA256_DIGEST_LENGTH];
  MsgSecretEvent *event;
  MsgSecretRow row;
  bool known;

  g_ptr_array_set_size (op->secret.events, 0);
  SHA256 (op->blob, op->blob_len, hash);
  if (!msg_secret_check_session (db, op->user_id, op->device_id, error)
      || !msg_secret_load (db, op->secret_id, &row, &known, error))
    return false;
  if (!known || row.callee_user != op->user_id || row.withheld || row.state == MSG_SECRET_OVER
      || (row.state == MSG_SECRET_WAITING && row.expires_ms <= op->secret.now_ms))
    return fail (MSG_ERROR_NOT_FOUND, "secret", "No such secret chat waits for an answer.", error);
  if (row.state == MSG_SECRET_OPEN)
    return check_same (db, op, &row, hash, error);
  if (!check_room (db, op, error) || !open_chat (db, op, hash, error))
    return false;
  event = msg_secret_event_new (MSG_SECRET_ACCEPTED, op->secret_id, row.caller_user, op->secret.now_ms);
  event->to_device = row.caller_device;
  event->device_id = op->device_id;
  event->blob = g_memdup2 (op->blob, op->blob_len);
  event->blob_len = op->blob_len;
  msg_secret_withdraw (&op->secret, &row, op->device_id, MSG_SECRET_TAKEN);
  return msg_secret_queue_put (db, &op->secret, event, error);
}

void
msg_secret_accept (MsgCore *core, const MsgSecretAsking *asking, MsgDoneFn fn, gpointer data)
{
  AskOp *op;

  g_return_if_fail (core != NULL && asking != NULL && fn != NULL);
  op = ask_op_new (core, asking->user_id, asking->device_id, asking->secret_id, data);
  op->done_fn = fn;
  if (take_blob (op, asking))
    msg_op_write (op, accept_run, msg_op_end);
}

/* --- Ending --- */

static bool
end_waiting (MsgDb *db, AskOp *op, const MsgSecretRow *row, GError **error)
{
  if (op->device_id == row->caller_device)
    {
      msg_secret_withdraw (&op->secret, row, 0, MSG_SECRET_CANCELLED);
      return msg_secret_delete (db, row->secret_id, error);
    }
  msg_secret_withdraw (&op->secret, row, op->device_id, MSG_SECRET_DECLINED);
  return msg_secret_put_end (db, &op->secret, row->secret_id, row->caller_user, row->caller_device, MSG_SECRET_DECLINED,
                             error)
         && msg_secret_delete (db, row->secret_id, error);
}

static bool
end_open (MsgDb *db, AskOp *op, const MsgSecretRow *row, GError **error)
{
  bool by_caller = op->device_id == row->caller_device;

  return msg_secret_put_end (db, &op->secret, row->secret_id, by_caller ? row->callee_user : row->caller_user,
                             by_caller ? row->callee_device : row->caller_device, MSG_SECRET_DISCARDED, error)
         && msg_secret_delete (db, row->secret_id, error);
}

static bool
discard_run (MsgDb *db, gpointer ctx, GError **error)
{
  AskOp *op = ctx;
  MsgSecretRow row;
  bool known, waits;

  g_ptr_array_set_size (op->secret.events, 0);
  if (!msg_secret_load (db, op->secret_id, &row, &known, error))
    return false;
  if (!known || row.state == MSG_SECRET_OVER)
    return true;
  waits = row.state == MSG_SECRET_WAITING;
  if (op->device_id != row.caller_device && op->device_id != row.callee_device
      && !(waits && !row.withheld && op->user_id == row.callee_user))
    return true;
  return waits ? end_waiting (db, op, &row, error) : end_open (db, op, &row, error);
}

void
msg_secret_discard (MsgCore *core, MsgId user_id, MsgId device_id, const uint8_t *secret_id, MsgDoneFn fn, gpointer data)
{
  AskOp *op;

  g_return_if_fail (core != NULL && secret_id != NULL && fn != NULL);
  op = ask_op_new (core, user_id, device_id, secret_id, data);
  op->done_fn = fn;
  msg_op_write (op, discard_run, msg_op_end);
}
