/* SPDX-License-Identifier: Apache-2.0 */
/* Finding and listing users; the values that logins give. */
#include <string.h>

#include "messaging/account-private.h"

static gpointer
copy_notice (gconstpointer notice, gpointer data)
{
  return msg_notice_copy (notice);
}

MsgLogin *
msg_login_copy (const MsgLogin *login)
{
  MsgLogin *copy;

  g_return_val_if_fail (login != NULL, NULL);
  copy = g_new0 (MsgLogin, 1);
  copy->user = msg_user_copy (login->user);
  copy->device = msg_device_copy (login->device);
  copy->notices = login->notices != NULL ? g_ptr_array_copy (login->notices, copy_notice, NULL) : NULL;
  if (copy->notices != NULL)
    g_ptr_array_set_free_func (copy->notices, (GDestroyNotify) msg_notice_free);
  copy->token = g_strdup (login->token);
  return copy;
}

void
msg_login_free (MsgLogin *login)
{
  if (login == NULL)
    return;
  msg_user_free (login->user);
  msg_device_free (login->device);
  g_clear_pointer (&login->notices, g_ptr_array_unref);
  msg_secret_free (login->token);
  g_free (login);
}

typedef struct {
  MsgOp op;
  MsgUserFn user_fn;    /* either */
  MsgUsersFn users_fn;  /* or */
  gpointer data;
  char key[MSG_NAME_KEY_SIZE];
  unsigned limit;
  GArray *ids;          /* MsgId */
  GPtrArray *users;
} ReadOp;

static void
read_reply (MsgOp *ctx, const GError *error)
{
  ReadOp *op = (ReadOp *) ctx;

  if (op->user_fn != NULL)
    op->user_fn (error == NULL ? op->users->pdata[0] : NULL, error, op->data);
  else
    op->users_fn (error == NULL ? op->users : NULL, error, op->data);
}

static void
read_clear (MsgOp *ctx)
{
  ReadOp *op = (ReadOp *) ctx;

  g_clear_pointer (&op->ids, g_array_unref);
  g_ptr_array_unref (op->users);
}

static ReadOp *
read_op_new (MsgCore *core, gpointer data)
{
  static const MsgOpClass class = { sizeof (ReadOp), read_reply, read_clear };
  ReadOp *op = msg_op_new (core, &class);

  op->data = data;
  op->users = g_ptr_array_new_with_free_func ((GDestroyNotify) msg_user_free);
  return op;
}

/* --- By name --- */

static bool
find_run (MsgDb *db, gpointer ctx, GError **error)
{
  ReadOp *op = ctx;
  MsgUser *user;

  if (!msg_user_load_by_key (db, op->key, &user, NULL, error))
    return false;
  if (user != NULL)
    {
      g_ptr_array_add (op->users, user);
      return true;
    }
  g_propagate_error (error, msg_error_new (MSG_ERROR_NOT_FOUND, "user", "There is no such user."));
  return false;
}

void
msg_account_find (MsgCore *core, const char *username, MsgUserFn fn, gpointer data)
{
  ReadOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = read_op_new (core, data);
  op->user_fn = fn;
  if (msg_name_to_key (username, op->key))
    msg_op_read (op, find_run, msg_op_end);
  else
    msg_op_fail (&op->op, msg_error_new (MSG_ERROR_NOT_FOUND, "user", "There is no such user."));
}

/* --- By id --- */

static bool
get_run (MsgDb *db, gpointer ctx, GError **error)
{
  ReadOp *op = ctx;
  g_autoptr (GHashTable) seen = g_hash_table_new (g_int64_hash, g_int64_equal);

  for (unsigned i = 0; i < op->ids->len; i++)
    {
      MsgId *id = &g_array_index (op->ids, MsgId, i);
      MsgStmt *stmt;
      MsgStep step;

      if (!g_hash_table_add (seen, id))
        continue;
      stmt = msg_db_prepare (db, "SELECT " MSG_USER_COLUMNS " FROM users u WHERE u.id = :id");
      msg_stmt_set_int (stmt, ":id", *id);
      step = msg_stmt_step (stmt, error);
      if (step == MSG_STEP_ERROR)
        return false;
      if (step == MSG_STEP_ROW)
        g_ptr_array_add (op->users, msg_user_from_row (stmt, 0));
    }
  return true;
}

static GError *
bad_limit (void)
{
  return msg_error_new (MSG_ERROR_INVALID, "limit", "At most %d users at once.", MSG_GET_MAX);
}

void
msg_account_get (MsgCore *core, const MsgId *ids, unsigned n, MsgUsersFn fn, gpointer data)
{
  ReadOp *op;

  g_return_if_fail (core != NULL && fn != NULL && (ids != NULL || n == 0));
  op = read_op_new (core, data);
  op->users_fn = fn;
  if (n > MSG_GET_MAX)
    {
      msg_op_fail (&op->op, bad_limit ());
      return;
    }
  op->ids = g_array_new (FALSE, FALSE, sizeof (MsgId));
  if (n > 0)
    (void) g_array_append_vals (op->ids, ids, n);
  msg_op_read (op, get_run, msg_op_end);
}

/* --- All --- */

static bool
list_run (MsgDb *db, gpointer ctx, GError **error)
{
  ReadOp *op = ctx;
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " MSG_USER_COLUMNS " FROM users u WHERE u.name_key > :after"
                                      " ORDER BY u.name_key LIMIT :limit");
  MsgStep step;

  msg_stmt_set_text (stmt, ":after", op->key);
  msg_stmt_set_int (stmt, ":limit", op->limit);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    g_ptr_array_add (op->users, msg_user_from_row (stmt, 0));
  return step == MSG_STEP_DONE;
}

void
msg_account_list (MsgCore *core, const char *after, unsigned limit, MsgUsersFn fn, gpointer data)
{
  ReadOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = read_op_new (core, data);
  op->users_fn = fn;
  op->limit = limit;
  if (limit < 1 || limit > MSG_GET_MAX)
    msg_op_fail (&op->op, bad_limit ());
  else if (after != NULL && !msg_name_to_key (after, op->key))
    msg_op_fail (&op->op, msg_error_new (MSG_ERROR_INVALID, "cursor", "This is no username."));
  else
    msg_op_read (op, list_run, msg_op_end);
}
