/* SPDX-License-Identifier: Apache-2.0 */
/* The key by which push services know this server (RFC 8292): made once, kept with everything else. */
#include <string.h>

#include "messaging/core-private.h"
#include "messaging/push.h"

typedef struct {
  MsgOp op;
  uint8_t key[MSG_PUSH_KEY_BYTES];
  int64_t now_ms;
  MsgPushKeyFn fn;
  gpointer data;
} KeyOp;

static bool
key_run (MsgDb *db, gpointer ctx, GError **error)
{
  KeyOp *op = ctx;
  MsgStmt *stmt = msg_db_prepare (db, "INSERT INTO push_keys (id, private_key, made_ms) VALUES (1, :key, :now)"
                                      " ON CONFLICT (id) DO NOTHING");
  const void *key;
  gsize len;

  msg_stmt_set_bytes (stmt, ":key", op->key, sizeof op->key);
  msg_stmt_set_int (stmt, ":now", op->now_ms);
  if (!msg_stmt_run (stmt, error))
    return false;
  stmt = msg_db_prepare (db, "SELECT private_key FROM push_keys WHERE id = 1");
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  key = msg_stmt_get_bytes (stmt, 0, &len);
  if (len == sizeof op->key)
    {
      memcpy (op->key, key, len);
      return true;
    }
  g_propagate_error (error, msg_error_new (MSG_ERROR_UNAVAILABLE, "storage", "The key of push services is damaged."));
  return false;
}

static void
key_reply (MsgOp *ctx, const GError *error)
{
  KeyOp *op = (KeyOp *) ctx;

  op->fn (error == NULL ? op->key : NULL, error, op->data);
}

static void
key_clear (MsgOp *ctx)
{
  explicit_bzero (((KeyOp *) ctx)->key, MSG_PUSH_KEY_BYTES);
}

void
msg_push_get_key (MsgCore *core, const uint8_t *candidate, MsgPushKeyFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (KeyOp), key_reply, key_clear };
  KeyOp *op;

  g_return_if_fail (core != NULL && fn != NULL && candidate != NULL);
  op = msg_op_new (core, &class);
  memcpy (op->key, candidate, sizeof op->key);
  op->now_ms = msg_core_now_ms (core);
  op->fn = fn;
  op->data = data;
  msg_op_write (op, key_run, msg_op_end);
}
