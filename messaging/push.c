/* SPDX-License-Identifier: Apache-2.0 */
/* Subscriptions: made, ended, found. The server's key is in push-key.c. */
#include "messaging/push.h"

#include <openssl/sha.h>
#include <string.h>

#include "messaging/chat-rules.h"
#include "messaging/core-private.h"
#include "messaging/rows.h"

MsgPushSubscription *
msg_push_subscription_copy (const MsgPushSubscription *subscription)
{
  MsgPushSubscription *copy;

  g_return_val_if_fail (subscription != NULL, NULL);
  copy = g_memdup2 (subscription, sizeof *subscription);
  copy->endpoint = g_strdup (subscription->endpoint);
  return copy;
}

void
msg_push_subscription_free (MsgPushSubscription *subscription)
{
  if (subscription == NULL)
    return;
  g_free (subscription->endpoint);
  g_free (subscription);
}

/* --- Making and ending --- */

typedef struct {
  MsgOp op;
  MsgPushSubscription *subscription;
  uint8_t hash[SHA256_DIGEST_LENGTH]; /* of the endpoint: what it is found by */
  bool by_hash;
  MsgId device_id;
  int64_t now_ms;
  MsgDoneFn fn;
  gpointer data;
} ChangeOp;

static void
change_reply (MsgOp *ctx, const GError *error)
{
  ChangeOp *op = (ChangeOp *) ctx;

  op->fn (error, op->data);
}

static void
change_clear (MsgOp *ctx)
{
  msg_push_subscription_free (((ChangeOp *) ctx)->subscription);
}

static ChangeOp *
change_op_new (MsgCore *core, MsgId device_id, const char *endpoint, MsgDoneFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (ChangeOp), change_reply, change_clear };
  ChangeOp *op = msg_op_new (core, &class);

  op->device_id = device_id;
  op->by_hash = endpoint != NULL;
  if (endpoint != NULL)
    SHA256 ((const unsigned char *) endpoint, strlen (endpoint), op->hash);
  op->now_ms = msg_core_now_ms (core);
  op->fn = fn;
  op->data = data;
  return op;
}

/* The endpoint is the browser's, whoever is logged in there. */
static bool
take_endpoint (MsgDb *db, const ChangeOp *op, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "DELETE FROM push_subscriptions WHERE endpoint_hash = :hash"
                                      " AND device_id <> :device");

  msg_stmt_set_bytes (stmt, ":hash", op->hash, sizeof op->hash);
  msg_stmt_set_int (stmt, ":device", op->device_id);
  return msg_stmt_run (stmt, error);
}

static bool
check_session (MsgDb *db, const MsgPushSubscription *s, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT 1 FROM sessions WHERE device_id = :device AND user_id = :user");
  MsgStep step;

  msg_stmt_set_int (stmt, ":device", s->device_id);
  msg_stmt_set_int (stmt, ":user", s->user_id);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_DONE)
    g_propagate_error (error, msg_error_new (MSG_ERROR_NOT_FOUND, "session", "This device is not logged in."));
  return step == MSG_STEP_ROW;
}

static bool
subscribe_run (MsgDb *db, gpointer ctx, GError **error)
{
  const ChangeOp *op = ctx;
  const MsgPushSubscription *s = op->subscription;
  MsgStmt *stmt;

  if (!check_session (db, s, error) || !take_endpoint (db, op, error))
    return false;
  stmt = msg_db_prepare (db, "INSERT INTO push_subscriptions (device_id, user_id, endpoint_hash, endpoint, p256dh, auth,"
                             " preview, expires_ms, at_ms)"
                             " VALUES (:device, :user, :hash, :endpoint, :p256dh, :auth, :preview, :expires, :now)"
                             " ON CONFLICT (device_id) DO UPDATE SET endpoint_hash = :hash, endpoint = :endpoint,"
                             " p256dh = :p256dh, auth = :auth, preview = :preview, expires_ms = :expires, at_ms = :now");
  msg_stmt_set_int (stmt, ":device", s->device_id);
  msg_stmt_set_int (stmt, ":user", s->user_id);
  msg_stmt_set_bytes (stmt, ":hash", op->hash, sizeof op->hash);
  msg_stmt_set_text (stmt, ":endpoint", s->endpoint);
  msg_stmt_set_bytes (stmt, ":p256dh", s->p256dh, sizeof s->p256dh);
  msg_stmt_set_bytes (stmt, ":auth", s->auth, sizeof s->auth);
  msg_stmt_set_int (stmt, ":preview", s->preview);
  msg_stmt_set_int (stmt, ":expires", s->expires_ms);
  msg_stmt_set_int (stmt, ":now", op->now_ms);
  return msg_stmt_run (stmt, error);
}

static GError *
find_fault (const MsgPushSubscription *s)
{
  size_t len = strlen (s->endpoint);

  if (len == 0 || len > MSG_PUSH_ENDPOINT_MAX || !g_utf8_validate (s->endpoint, -1, NULL))
    return msg_error_new (MSG_ERROR_INVALID, "endpoint", "An endpoint has 1 to %d bytes.", MSG_PUSH_ENDPOINT_MAX);
  if (s->p256dh[0] != 4)
    return msg_error_new (MSG_ERROR_INVALID, "p256dh", "p256dh is no uncompressed point of P-256.");
  return NULL;
}

void
msg_push_subscribe (MsgCore *core, const MsgPushSubscription *subscription, MsgDoneFn fn, gpointer data)
{
  ChangeOp *op;
  GError *fault;

  g_return_if_fail (core != NULL && fn != NULL && subscription->endpoint != NULL);
  op = change_op_new (core, subscription->device_id, subscription->endpoint, fn, data);
  op->subscription = msg_push_subscription_copy (subscription);
  fault = find_fault (subscription);
  if (fault != NULL)
    msg_op_fail (&op->op, fault);
  else
    msg_op_write (op, subscribe_run, msg_op_end);
}

static bool
unsubscribe_run (MsgDb *db, gpointer ctx, GError **error)
{
  const ChangeOp *op = ctx;
  MsgStmt *stmt;

  if (op->by_hash)
    {
      stmt = msg_db_prepare (db, "DELETE FROM push_subscriptions WHERE device_id = :device AND endpoint_hash = :hash");
      msg_stmt_set_bytes (stmt, ":hash", op->hash, sizeof op->hash);
    }
  else
    stmt = msg_db_prepare (db, "DELETE FROM push_subscriptions WHERE device_id = :device");
  msg_stmt_set_int (stmt, ":device", op->device_id);
  return msg_stmt_run (stmt, error);
}

void
msg_push_unsubscribe (MsgCore *core, MsgId device_id, const char *endpoint, MsgDoneFn fn, gpointer data)
{
  g_return_if_fail (core != NULL && fn != NULL);
  msg_op_write (change_op_new (core, device_id, endpoint, fn, data), unsubscribe_run, msg_op_end);
}

/* --- Finding --- */

typedef struct {
  MsgOp op;
  GArray *users; /* of MsgId */
  MsgPushUsersFn fn;
  gpointer data;
} UsersOp;

static bool
users_run (MsgDb *db, gpointer ctx, GError **error)
{
  UsersOp *op = ctx;
  MsgStmt *stmt = msg_db_prepare (db, "SELECT DISTINCT user_id FROM push_subscriptions");
  MsgStep step;

  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      MsgId user_id = msg_stmt_get_int (stmt, 0);

      g_array_append_val (op->users, user_id);
    }
  return step == MSG_STEP_DONE;
}

static void
users_reply (MsgOp *ctx, const GError *error)
{
  UsersOp *op = (UsersOp *) ctx;

  op->fn (error == NULL ? op->users : NULL, error, op->data);
}

static void
users_clear (MsgOp *ctx)
{
  g_array_unref (((UsersOp *) ctx)->users);
}

void
msg_push_list_users (MsgCore *core, MsgPushUsersFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (UsersOp), users_reply, users_clear };
  UsersOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = msg_op_new (core, &class);
  op->users = g_array_new (FALSE, FALSE, sizeof (MsgId));
  op->fn = fn;
  op->data = data;
  msg_op_read (op, users_run, msg_op_end);
}

typedef struct {
  MsgOp op;
  GArray *users; /* of MsgId */
  MsgId from, chat_id;
  int64_t now_ms;
  MsgPushLoaded loaded;
  MsgPushLoadedFn fn;
  gpointer data;
} LoadOp;

static bool
copy_bytes (MsgStmt *stmt, int column, uint8_t *ret, gsize size)
{
  gsize len;
  const void *data = msg_stmt_get_bytes (stmt, column, &len);

  if (len == size)
    memcpy (ret, data, size);
  return len == size;
}

static bool
load_of_user (MsgDb *db, LoadOp *op, MsgId user_id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT device_id, endpoint, preview, expires_ms, p256dh, auth"
                                      " FROM push_subscriptions WHERE user_id = :user"
                                      " AND (expires_ms = 0 OR expires_ms > :now) ORDER BY device_id");
  MsgStep step;

  msg_stmt_set_int (stmt, ":user", user_id);
  msg_stmt_set_int (stmt, ":now", op->now_ms);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      g_autoptr (MsgPushSubscription) s = g_new0 (MsgPushSubscription, 1);

      s->user_id = user_id;
      s->device_id = msg_stmt_get_int (stmt, 0);
      s->endpoint = g_strdup (msg_stmt_get_text (stmt, 1));
      s->preview = msg_stmt_get_int (stmt, 2) != 0;
      s->expires_ms = msg_stmt_get_int (stmt, 3);
      if (copy_bytes (stmt, 4, s->p256dh, sizeof s->p256dh) && copy_bytes (stmt, 5, s->auth, sizeof s->auth))
        g_ptr_array_add (op->loaded.subscriptions, g_steal_pointer (&s));
    }
  return step == MSG_STEP_DONE;
}

/* Whether what @op->from writes into the chat is for the user: who is in it, and has not blocked the author. */
static bool
hears_of_chat (MsgDb *db, const LoadOp *op, MsgId user_id, bool *ret_hears, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT 1 FROM chat_members WHERE chat_id = :chat AND user_id = :user"
                                      " AND role >= :inside AND NOT EXISTS (SELECT 1 FROM blocks b"
                                      " WHERE b.user_id = :user AND b.blocked_id = :from)");
  MsgStep step;

  msg_stmt_set_int (stmt, ":chat", op->chat_id);
  msg_stmt_set_int (stmt, ":user", user_id);
  msg_stmt_set_int (stmt, ":inside", MSG_ROLE_RESTRICTED);
  msg_stmt_set_int (stmt, ":from", op->from);
  step = msg_stmt_step (stmt, error);
  *ret_hears = step == MSG_STEP_ROW;
  return step != MSG_STEP_ERROR;
}

static bool
load_names (MsgDb *db, LoadOp *op, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " MSG_USER_COLUMNS " FROM users u WHERE u.id = :id");
  MsgStep step;

  msg_stmt_set_int (stmt, ":id", op->from);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_ROW)
    op->loaded.from = msg_user_from_row (stmt, 0);
  if (step == MSG_STEP_ERROR || op->chat_id == 0)
    return step != MSG_STEP_ERROR;
  stmt = msg_db_prepare (db, "SELECT title FROM chats WHERE id = :id AND title <> ''");
  msg_stmt_set_int (stmt, ":id", op->chat_id);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_ROW)
    op->loaded.title = g_strdup (msg_stmt_get_text (stmt, 0));
  return step != MSG_STEP_ERROR;
}

static bool
load_run (MsgDb *db, gpointer ctx, GError **error)
{
  LoadOp *op = ctx;

  for (unsigned i = 0; i < op->users->len; i++)
    {
      MsgId user_id = g_array_index (op->users, MsgId, i);
      bool hears = true;

      if ((op->chat_id != 0 && !hears_of_chat (db, op, user_id, &hears, error))
          || (hears && !load_of_user (db, op, user_id, error)))
        return false;
      op->loaded.n_deaf += !hears;
    }
  return op->loaded.subscriptions->len == 0 || load_names (db, op, error);
}

static void
load_reply (MsgOp *ctx, const GError *error)
{
  LoadOp *op = (LoadOp *) ctx;

  op->fn (error == NULL ? &op->loaded : NULL, error, op->data);
}

static void
load_clear (MsgOp *ctx)
{
  LoadOp *op = (LoadOp *) ctx;

  g_array_unref (op->users);
  g_ptr_array_unref (op->loaded.subscriptions);
  msg_user_free (op->loaded.from);
  g_free (op->loaded.title);
}

void
msg_push_load (MsgCore *core, const MsgId *users, unsigned n, MsgId from, MsgId chat_id, MsgPushLoadedFn fn,
               gpointer data)
{
  static const MsgOpClass class = { sizeof (LoadOp), load_reply, load_clear };
  LoadOp *op;

  g_return_if_fail (core != NULL && fn != NULL && n >= 1 && n <= MSG_PUSH_USERS_MAX);
  op = msg_op_new (core, &class);
  op->users = g_array_append_vals (g_array_new (FALSE, FALSE, sizeof (MsgId)), users, n);
  op->from = from;
  op->chat_id = chat_id;
  op->now_ms = msg_core_now_ms (core);
  op->loaded.subscriptions = g_ptr_array_new_with_free_func ((GDestroyNotify) msg_push_subscription_free);
  op->fn = fn;
  op->data = data;
  msg_op_read (op, load_run, msg_op_end);
}
