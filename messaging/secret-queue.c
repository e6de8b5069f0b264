/* SPDX-License-Identifier: Apache-2.0 */
/* What one device sends to the other, and how it is fetched and forgotten. */
#include <string.h>

#include "messaging/privacy-rows.h"
#include "messaging/secret-rows.h"

/* an answer of secret.queue ends behind this many bytes; the row that passes it is in it: base64url makes them a third more */
#define PAGE_BYTES (200 * 1024)

static bool
fail (MsgError code, const char *reason, const char *message, GError **error)
{
  g_propagate_error (error, msg_error_new (code, reason, "%s", message));
  return false;
}

/* --- Sending --- */

typedef struct {
  MsgSecretOp secret;
  MsgId user_id, device_id;
  uint8_t secret_id[MSG_SECRET_ID_BYTES], random_id[MSG_SECRET_RANDOM_BYTES];
  uint8_t *blob;  /* owned */
  gsize blob_len;
  bool silent;
  int64_t at_ms;
  MsgSecretSentFn fn;
  gpointer data;
} SendOp;

/* @ret_at_ms: 0: it was not sent before */
static bool
find_sent (MsgDb *db, const SendOp *op, int64_t *ret_at_ms, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT at_ms FROM secret_sent WHERE secret_id = :id AND device_id = :device"
                                      " AND random_id = :random");
  MsgStep step;

  msg_stmt_set_bytes (stmt, ":id", op->secret_id, sizeof op->secret_id);
  msg_stmt_set_int (stmt, ":device", op->device_id);
  msg_stmt_set_bytes (stmt, ":random", op->random_id, sizeof op->random_id);
  step = msg_stmt_step (stmt, error);
  *ret_at_ms = step == MSG_STEP_ROW ? msg_stmt_get_int (stmt, 0) : 0;
  return step != MSG_STEP_ERROR;
}

static bool
note_sent (MsgDb *db, const SendOp *op, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT COALESCE (MAX (n), 0) FROM secret_sent WHERE secret_id = :id"
                                      " AND device_id = :device");
  int64_t n;

  msg_stmt_set_bytes (stmt, ":id", op->secret_id, sizeof op->secret_id);
  msg_stmt_set_int (stmt, ":device", op->device_id);
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  n = msg_stmt_get_int (stmt, 0) + 1;
  stmt = msg_db_prepare (db, "INSERT INTO secret_sent (secret_id, device_id, n, random_id, at_ms)"
                             " VALUES (:id, :device, :n, :random, :now)");
  msg_stmt_set_bytes (stmt, ":id", op->secret_id, sizeof op->secret_id);
  msg_stmt_set_int (stmt, ":device", op->device_id);
  msg_stmt_set_int (stmt, ":n", n);
  msg_stmt_set_bytes (stmt, ":random", op->random_id, sizeof op->random_id);
  msg_stmt_set_int (stmt, ":now", op->secret.now_ms);
  if (!msg_stmt_run (stmt, error))
    return false;
  stmt = msg_db_prepare (db, "DELETE FROM secret_sent WHERE secret_id = :id AND device_id = :device AND n <= :old");
  msg_stmt_set_bytes (stmt, ":id", op->secret_id, sizeof op->secret_id);
  msg_stmt_set_int (stmt, ":device", op->device_id);
  msg_stmt_set_int (stmt, ":old", n - MSG_SECRET_SENT_MAX);
  return msg_stmt_run (stmt, error);
}

/* Nobody fills the queue of a device so that others cannot reach it: a chat has half of it. */
static bool
check_queue (MsgDb *db, const SendOp *op, MsgId device_id, GError **error)
{
  const MsgCoreOptions *options = &op->secret.op.core->options;
  MsgStmt *stmt = msg_db_prepare (
      db, "SELECT COUNT (*), CAST (COALESCE (SUM (size), 0) AS BIGINT),"
          " CAST (COALESCE (SUM (CASE WHEN secret_id = :id THEN 1 ELSE 0 END), 0) AS BIGINT),"
          " CAST (COALESCE (SUM (CASE WHEN secret_id = :id THEN size ELSE 0 END), 0) AS BIGINT)"
          " FROM secret_queue WHERE device_id = :device AND kind = 2");
  int64_t size = (int64_t) op->blob_len;

  msg_stmt_set_bytes (stmt, ":id", op->secret_id, sizeof op->secret_id);
  msg_stmt_set_int (stmt, ":device", device_id);
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  return (msg_stmt_get_int (stmt, 0) < options->secret_queue_messages
          && msg_stmt_get_int (stmt, 1) + size <= options->secret_queue_bytes
          && msg_stmt_get_int (stmt, 2) < options->secret_queue_messages / 2
          && msg_stmt_get_int (stmt, 3) + size <= options->secret_queue_bytes / 2)
         || fail (MSG_ERROR_LIMIT, "secret_queue", "Too much waits for the other device, which was not here for long.", error);
}

static bool
send_run (MsgDb *db, gpointer ctx, GError **error)
{
  SendOp *op = ctx;
  MsgSecretEvent *event;
  MsgSecretRow row;
  bool known, allowed, by_caller;
  MsgId peer;

  g_ptr_array_set_size (op->secret.events, 0);
  if (!msg_secret_load (db, op->secret_id, &row, &known, error))
    return false;
  if (!known || row.state != MSG_SECRET_OPEN || (row.caller_device != op->device_id && row.callee_device != op->device_id))
    return fail (MSG_ERROR_NOT_FOUND, "secret", "There is no such secret chat any more.", error);
  if (!find_sent (db, op, &op->at_ms, error))
    return false;
  if (op->at_ms != 0)
    return true;
  by_caller = row.caller_device == op->device_id;
  peer = by_caller ? row.callee_user : row.caller_user;
  if (!msg_privacy_look (db, peer, op->user_id, MSG_ADVANCE_WRITE, &allowed, error) || !note_sent (db, op, error))
    return false;
  op->at_ms = op->secret.now_ms;
  if (!allowed)
    return true; /* it seems to be on its way */
  event = msg_secret_event_new (MSG_SECRET_MESSAGE, op->secret_id, peer, op->at_ms);
  event->to_device = by_caller ? row.callee_device : row.caller_device;
  event->device_id = op->device_id;
  event->silent = op->silent;
  event->blob = g_memdup2 (op->blob, op->blob_len);
  event->blob_len = op->blob_len;
  if (check_queue (db, op, event->to_device, error))
    return msg_secret_queue_put (db, &op->secret, event, error);
  msg_secret_event_free (event);
  return false;
}

static void
send_reply (MsgOp *ctx, const GError *error)
{
  SendOp *op = (SendOp *) ctx;

  msg_secret_op_tell (&op->secret, error);
  op->fn (error == NULL ? op->at_ms : 0, error, op->data);
}

static void
send_clear (MsgOp *ctx)
{
  msg_secret_op_clear (ctx);
  g_free (((SendOp *) ctx)->blob);
}

void
msg_secret_send (MsgCore *core, const MsgSecretAsking *asking, const uint8_t *random_id, bool silent, MsgSecretSentFn fn,
                 gpointer data)
{
  static const MsgOpClass class = { sizeof (SendOp), send_reply, send_clear };
  int64_t wait_ms;
  SendOp *op;

  g_return_if_fail (core != NULL && asking != NULL && random_id != NULL && fn != NULL);
  op = msg_secret_op_new (core, &class);
  op->fn = fn;
  op->data = data;
  if (asking->blob_len < 1 || asking->blob_len > MSG_SECRET_PAYLOAD_MAX)
    {
      msg_op_fail (&op->secret.op, msg_error_new (MSG_ERROR_INVALID, "payload", "A message has 1 to %d bytes.",
                                                  MSG_SECRET_PAYLOAD_MAX));
      return;
    }
  op->user_id = asking->user_id;
  op->device_id = asking->device_id;
  memcpy (op->secret_id, asking->secret_id, sizeof op->secret_id);
  memcpy (op->random_id, random_id, sizeof op->random_id);
  op->blob = g_memdup2 (asking->blob, asking->blob_len);
  op->blob_len = asking->blob_len;
  op->silent = silent;
  wait_ms = msg_limits_take_message (core->limits, op->user_id, core->options.now_us (core->options.clock_data));
  if (wait_ms > 0)
    msg_op_fail (&op->secret.op, msg_error_new_retry (MSG_ERROR_LIMIT, "message_rate", wait_ms,
                                                      "Too much at once; try again later."));
  else
    msg_op_write (op, send_run, msg_op_end);
}

/* --- Fetching --- */

typedef struct {
  MsgSecretOp secret;
  MsgId device_id;
  unsigned limit;
  MsgSecretQueue queue; /* events is the operation's */
  MsgSecretQueueFn fn;
  gpointer data;
} QueueOp;

/* Returns: false with INVALID when @qts is of the future. */
static bool
check_qts (MsgDb *db, MsgId device_id, int64_t qts, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT qts FROM secret_counts WHERE device_id = :device");
  MsgStep step;
  int64_t newest;

  msg_stmt_set_int (stmt, ":device", device_id);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_ERROR)
    return false;
  newest = step == MSG_STEP_ROW ? msg_stmt_get_int (stmt, 0) : 0;
  return (qts >= 0 && qts <= newest) || fail (MSG_ERROR_INVALID, "qts", "This device was not told that much.", error);
}

static MsgSecretEvent *
event_from_row (MsgStmt *stmt, MsgId device_id)
{
  uint8_t secret_id[MSG_SECRET_ID_BYTES] = { 0 };
  MsgSecretEvent *event;
  const void *bytes;
  gsize len;

  bytes = msg_stmt_get_bytes (stmt, 1, &len);
  if (len == sizeof secret_id)
    memcpy (secret_id, bytes, len);
  event = msg_secret_event_new ((MsgSecretKind) msg_stmt_get_int (stmt, 2), secret_id, 0, msg_stmt_get_int (stmt, 3));
  event->to_device = device_id;
  event->qts = msg_stmt_get_int (stmt, 0);
  event->device_id = msg_stmt_get_int (stmt, 4);
  event->reason = (MsgSecretEnd) msg_stmt_get_int (stmt, 5);
  event->silent = msg_stmt_get_int (stmt, 6) != 0;
  bytes = msg_stmt_get_bytes (stmt, 7, &event->blob_len);
  event->blob = g_memdup2 (bytes, event->blob_len);
  return event;
}

static bool
queue_run (MsgDb *db, gpointer ctx, GError **error)
{
  QueueOp *op = ctx;
  MsgStmt *stmt;
  MsgStep step = MSG_STEP_ROW;
  gsize bytes = 0;

  if (!check_qts (db, op->device_id, op->queue.qts, error))
    return false;
  stmt = msg_db_prepare (db, "SELECT qts, secret_id, kind, at_ms, from_device, reason, silent, blob FROM secret_queue"
                             " WHERE device_id = :device AND qts > :qts ORDER BY qts LIMIT :limit");
  msg_stmt_set_int (stmt, ":device", op->device_id);
  msg_stmt_set_int (stmt, ":qts", op->queue.qts);
  msg_stmt_set_int (stmt, ":limit", op->limit + 1);
  while (bytes < PAGE_BYTES && op->secret.events->len < op->limit && (step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      MsgSecretEvent *event = event_from_row (stmt, op->device_id);

      g_ptr_array_add (op->secret.events, event);
      op->queue.qts = event->qts;
      bytes += event->blob_len;
    }
  if (step == MSG_STEP_ROW)
    step = msg_stmt_step (stmt, error);
  op->queue.more = step == MSG_STEP_ROW;
  op->queue.events = op->secret.events;
  return step != MSG_STEP_ERROR;
}

static void
queue_reply (MsgOp *ctx, const GError *error)
{
  QueueOp *op = (QueueOp *) ctx;

  op->fn (error == NULL ? &op->queue : NULL, error, op->data);
}

void
msg_secret_queue (MsgCore *core, MsgId device_id, int64_t qts, unsigned limit, MsgSecretQueueFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (QueueOp), queue_reply, msg_secret_op_clear };
  QueueOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = msg_secret_op_new (core, &class);
  op->device_id = device_id;
  op->queue.qts = qts;
  op->limit = limit;
  op->fn = fn;
  op->data = data;
  if (limit < 1 || limit > MSG_SECRET_QUEUE_PAGE)
    msg_op_fail (&op->secret.op, msg_error_new (MSG_ERROR_INVALID, "limit", "1 to %d at once.", MSG_SECRET_QUEUE_PAGE));
  else
    msg_op_read (op, queue_run, msg_op_end);
}

/* --- Forgetting --- */

typedef struct {
  MsgOp op;
  MsgId device_id;
  int64_t qts;
  MsgDoneFn fn;
  gpointer data;
} AckOp;

static bool
ack_run (MsgDb *db, gpointer ctx, GError **error)
{
  const AckOp *op = ctx;
  MsgStmt *stmt;

  if (!check_qts (db, op->device_id, op->qts, error))
    return false;
  stmt = msg_db_prepare (db, "DELETE FROM secret_queue WHERE device_id = :device AND qts <= :qts");
  msg_stmt_set_int (stmt, ":device", op->device_id);
  msg_stmt_set_int (stmt, ":qts", op->qts);
  return msg_stmt_run (stmt, error);
}

static void
ack_reply (MsgOp *ctx, const GError *error)
{
  AckOp *op = (AckOp *) ctx;

  op->fn (error, op->data);
}

void
msg_secret_ack (MsgCore *core, MsgId device_id, int64_t qts, MsgDoneFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (AckOp), ack_reply, NULL };
  AckOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = msg_op_new (core, &class);
  op->device_id = device_id;
  op->qts = qts;
  op->fn = fn;
  op->data = data;
  msg_op_write (op, ack_run, msg_op_end);
}
