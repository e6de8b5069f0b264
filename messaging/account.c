/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registration, login and change of password. Each goes: checks and rate limit here, a look by a reader, Argon2id on
 * the pool, then the writer, which checks again what may have changed meanwhile.
 */
#include "messaging/account.h"

#include <string.h>

#include "messaging/account-private.h"
#include "messaging/proof.h"
#include "messaging/two-factor-rows.h"

/* --- What the operations share --- */

void
msg_account_op_reply (MsgOp *ctx, const GError *error)
{
  MsgAccountOp *op = (MsgAccountOp *) ctx;

  if (op->login_fn != NULL)
    op->login_fn (error == NULL ? &op->login : NULL, error, op->data);
  else if (op->user_fn != NULL)
    op->user_fn (error == NULL ? op->login.user : NULL, error, op->data);
  else
    op->done_fn (error, op->data);
}

void
msg_account_op_clear (MsgOp *ctx)
{
  MsgAccountOp *op = (MsgAccountOp *) ctx;

  msg_secret_free (op->password);
  msg_secret_free (op->new_password);
  msg_secret_free (op->code);
  g_free (op->hash);
  g_free (op->new_hash);
  msg_user_free (op->login.user);
  msg_device_free (op->login.device);
  g_clear_pointer (&op->login.notices, g_ptr_array_unref);
  msg_secret_free (op->login.token);
}

void
msg_account_op_hash (gpointer ctx)
{
  MsgAccountOp *op = ctx;

  op->new_hash = msg_password_hash (&op->op.core->cost, op->new_password);
}

bool
msg_account_op_is_hashed (MsgOp *ctx, const GError *error)
{
  g_autoptr (GError) cause = NULL;

  if (error == NULL && ((MsgAccountOp *) ctx)->new_hash == NULL)
    error = cause = msg_error_new (MSG_ERROR_UNAVAILABLE, "busy", "There is not enough memory. Try again later.");
  if (error != NULL)
    msg_op_end (ctx, error);
  return error == NULL;
}

bool
msg_account_op_draft (MsgAccountOp *op, const char *username, const char *display_name, GError **error)
{
  MsgUser *user;

  if (!msg_username_check (username, error))
    return false;
  (void) msg_name_to_key (username, op->key);
  user = op->login.user = g_new0 (MsgUser, 1);
  user->id = msg_id_new ();
  user->username = g_strdup (username);
  user->created_at_ms = op->now_ms;
  if (display_name == NULL || *display_name == '\0')
    display_name = username;
  user->display_name = msg_text_tidy (display_name, MSG_DISPLAY_NAME_CHARS, "display_name", "A name", error);
  return user->display_name != NULL;
}

bool
msg_account_op_look (MsgDb *db, gpointer ctx, GError **error)
{
  MsgAccountOp *op = ctx;
  g_autoptr (MsgUser) user = NULL;

  if (!msg_user_load_by_key (db, op->key, &user, NULL, error))
    return false;
  if (user == NULL)
    return true;
  g_propagate_error (error, msg_error_new (MSG_ERROR_CONFLICT, "username_taken", "This username is taken."));
  return false;
}

bool
msg_account_op_attach (MsgDb *db, MsgAccountOp *op, const uint8_t *token_hash, GError **error)
{
  return msg_device_attach (db, op->login.device, op->login.user->id, op->op.core->options.max_devices_per_user,
                            op->now_ms, &op->attached, error)
         && msg_session_put (db, op->login.device, token_hash, op->now_ms, &op->replaced, error)
         /* a known device by its password: its identity key is public, so this may be somebody else; by JWT it is every
          * connection */
         && ((token_hash == NULL && !op->attached.added)
             || msg_notice_put (db, op->login.device, !op->attached.added, op->now_ms, &op->told, error));
}

void
msg_account_op_logged_in (MsgOp *ctx, const GError *error)
{
  MsgAccountOp *op = (MsgAccountOp *) ctx;
  MsgCore *core = ctx->core;

  if (error == NULL && op->told)
    msg_core_logged_in (core, op->login.user->id,
                        &(MsgNotice){ op->login.device, op->now_ms, !op->attached.added });
  if (error == NULL && op->attached.evicted != 0)
    msg_core_sessions_ended (core, op->login.user->id, op->attached.evicted, 0, MSG_END_REVOKED);
  if (error == NULL && op->replaced)
    msg_core_sessions_ended (core, op->login.user->id, op->login.device->id, 0, MSG_END_REPLACED);
  msg_op_end (ctx, error);
}

static GError *
bad_password (void)
{
  return msg_error_new (MSG_ERROR_UNAUTHENTICATED, "bad_password", "The username or the password is wrong.");
}

static GError *
too_often (const char *reason, int64_t retry_after_ms)
{
  return msg_error_new_retry (MSG_ERROR_LIMIT, reason, retry_after_ms, "Too many attempts. Try again later.");
}

static MsgAccountOp *
account_op_new (MsgCore *core, gpointer data)
{
  static const MsgOpClass class = { sizeof (MsgAccountOp), msg_account_op_reply, msg_account_op_clear };
  MsgAccountOp *op = msg_op_new (core, &class);

  op->now_ms = msg_core_now_ms (core);
  op->data = data;
  return op;
}

/* --- Registration --- */

static bool
register_run (MsgDb *db, gpointer ctx, GError **error)
{
  MsgAccountOp *op = ctx;

  return msg_user_insert (db, op->login.user, op->key, op->new_hash, error)
         && (op->login.device == NULL || msg_account_op_attach (db, op, op->token_hash, error));
}

static void
register_hashed (MsgOp *op, const GError *error)
{
  if (msg_account_op_is_hashed (op, error))
    msg_op_write (op, register_run, msg_op_end);
}

static void
register_looked (MsgOp *op, const GError *error)
{
  if (error != NULL)
    msg_op_end (op, error);
  else
    msg_op_sum (op, msg_account_op_hash, false, register_hashed);
}

static bool
register_check (MsgAccountOp *op, const MsgCredentials *credentials, GError **error)
{
  MsgCore *core = op->op.core;
  int64_t wait_ms;

  if (!core->options.allow_registration)
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_FORBIDDEN, "registration_closed",
                                               "This server makes accounts by invitation only."));
      return false;
    }
  if (!msg_account_op_draft (op, credentials->username, credentials->display_name, error)
      || !msg_password_check (credentials->password, credentials->username, error))
    return false;
  op->login.device = msg_device_from_spec (&credentials->device, error);
  if (op->login.device == NULL)
    return false;
  wait_ms = msg_limits_take_registration (core->limits, credentials->address,
                                          core->options.now_us (core->options.clock_data));
  if (wait_ms > 0)
    g_propagate_error (error, too_often ("registration_rate", wait_ms));
  return wait_ms == 0;
}

void
msg_account_register (MsgCore *core, const MsgCredentials *credentials, MsgLoginFn fn, gpointer data)
{
  MsgAccountOp *op;
  GError *error = NULL;

  g_return_if_fail (core != NULL && credentials != NULL && fn != NULL);
  op = account_op_new (core, data);
  op->login_fn = fn;
  if (!register_check (op, credentials, &error))
    {
      msg_op_fail (&op->op, error);
      return;
    }
  op->new_password = g_strdup (credentials->password);
  op->login.token = msg_token_new (op->token_hash);
  msg_op_read (op, msg_account_op_look, register_looked);
}

void
msg_account_create (MsgCore *core, const char *username, const char *password, const char *display_name, MsgUserFn fn,
                    gpointer data)
{
  MsgAccountOp *op;
  GError *error = NULL;

  g_return_if_fail (core != NULL && fn != NULL);
  op = account_op_new (core, data);
  op->user_fn = fn;
  if (!msg_account_op_draft (op, username, display_name, &error) || !msg_password_check (password, username, &error))
    {
      msg_op_fail (&op->op, error);
      return;
    }
  op->new_password = g_strdup (password);
  msg_op_read (op, msg_account_op_look, register_looked);
}

/* --- Login --- */

static bool
login_look (MsgDb *db, gpointer ctx, GError **error)
{
  MsgAccountOp *op = ctx;

  return msg_user_load_by_key (db, op->key, &op->login.user, &op->hash, error);
}

static void
login_verify (gpointer ctx)
{
  MsgAccountOp *op = ctx;
  MsgCore *core = op->op.core;
  const char *hash = op->hash != NULL ? op->hash : core->dummy_hash;
  bool right = msg_password_verify (hash, op->password);

  op->verified = right && op->hash != NULL;
  /* the one moment at which the password is at hand to be hashed by today's parameters */
  if (op->verified && msg_password_is_outdated (op->hash, &core->cost))
    op->new_hash = msg_password_hash (&core->cost, op->password);
}

/* The user as of now; the password that was verified must still be the one that counts. */
static bool
account_reload (MsgDb *db, MsgAccountOp *op, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " MSG_USER_COLUMNS ", u.password_hash FROM users u WHERE u.id = :id");
  MsgStep step;

  msg_stmt_set_int (stmt, ":id", op->login.user->id);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_ERROR)
    return false;
  if (step == MSG_STEP_DONE || g_strcmp0 (msg_stmt_get_text (stmt, MSG_USER_N_COLUMNS), op->hash) != 0)
    {
      g_propagate_error (error, bad_password ());
      return false;
    }
  msg_user_free (op->login.user);
  op->login.user = msg_user_from_row (stmt, 0);
  return true;
}

static bool
account_store_hash (MsgDb *db, MsgAccountOp *op, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE users SET password_hash = :hash WHERE id = :id");

  msg_stmt_set_text (stmt, ":hash", op->new_hash);
  msg_stmt_set_int (stmt, ":id", op->login.user->id);
  return msg_stmt_run (stmt, error);
}

static bool
login_run (MsgDb *db, gpointer ctx, GError **error)
{
  MsgAccountOp *op = ctx;

  if (!account_reload (db, op, error))
    return false;
  if (op->login.user->disabled)
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_FORBIDDEN, "disabled", "This account is disabled."));
      return false;
    }
  return msg_two_factor_check (db, op->login.user->id, op->code, op->now_ms, error)
         && (op->new_hash == NULL || account_store_hash (db, op, error))
         && msg_account_op_attach (db, op, op->token_hash, error);
}

static void
login_verified (MsgOp *ctx, const GError *error)
{
  MsgAccountOp *op = (MsgAccountOp *) ctx;
  g_autoptr (GError) cause = NULL;

  if (error == NULL)
    error = cause = op->verified ? msg_proof_take_code (ctx->core, op->login.user->id, op->code) : bad_password ();
  if (error != NULL)
    msg_op_end (ctx, error);
  else
    msg_op_write (ctx, login_run, msg_account_op_logged_in);
}

static void
login_looked (MsgOp *op, const GError *error)
{
  if (error != NULL)
    msg_op_end (op, error);
  else
    msg_op_sum (op, login_verify, false, login_verified);
}

static bool
login_check (MsgAccountOp *op, const MsgCredentials *credentials, GError **error)
{
  MsgCore *core = op->op.core;
  int64_t wait_ms;

  op->login.device = msg_device_from_spec (&credentials->device, error);
  if (op->login.device == NULL)
    return false;
  /* a name that nobody can have goes the same way as one that nobody has */
  if (!msg_name_to_key (credentials->username, op->key))
    (void) strcpy (op->key, "?");
  wait_ms = msg_limits_take_login (core->limits, credentials->address, op->key,
                                   core->options.now_us (core->options.clock_data));
  if (wait_ms > 0)
    g_propagate_error (error, too_often ("login_rate", wait_ms));
  else if (credentials->password == NULL
           || strnlen (credentials->password, MSG_PASSWORD_MAX_BYTES + 1) > MSG_PASSWORD_MAX_BYTES)
    g_propagate_error (error, bad_password ()); /* nobody's password: says nothing about the name */
  else
    return true;
  return false;
}

void
msg_account_login (MsgCore *core, const MsgCredentials *credentials, MsgLoginFn fn, gpointer data)
{
  MsgAccountOp *op;
  GError *error = NULL;

  g_return_if_fail (core != NULL && credentials != NULL && fn != NULL);
  op = account_op_new (core, data);
  op->login_fn = fn;
  if (!login_check (op, credentials, &error))
    {
      msg_op_fail (&op->op, error);
      return;
    }
  op->password = g_strdup (credentials->password);
  op->code = g_strdup (credentials->code);
  op->login.token = msg_token_new (op->token_hash);
  msg_op_read (op, login_look, login_looked);
}

/* --- Passwords --- */

static bool
password_look (MsgDb *db, gpointer ctx, GError **error)
{
  MsgAccountOp *op = ctx;
  MsgStmt *stmt;

  op->login.user = msg_user_load (db, op->user_id, error);
  if (op->login.user == NULL)
    return false;
  if (op->login.user->external)
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_FORBIDDEN, "external", "This account has no password here."));
      return false;
    }
  if (!msg_password_check (op->new_password, op->login.user->username, error))
    return false;
  stmt = msg_db_prepare (db, "SELECT password_hash FROM users WHERE id = :id");
  msg_stmt_set_int (stmt, ":id", op->user_id);
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  op->hash = g_strdup (msg_stmt_get_text (stmt, 0));
  return true;
}

/* @password: NULL: an administrator sets the new one, whatever the old one is */
static void
password_sums (gpointer ctx)
{
  MsgAccountOp *op = ctx;

  op->verified = op->password == NULL || (op->hash != NULL && msg_password_verify (op->hash, op->password));
  if (op->verified)
    msg_account_op_hash (op);
}

static bool
password_run (MsgDb *db, gpointer ctx, GError **error)
{
  MsgAccountOp *op = ctx;
  g_autoptr (MsgUser) user = msg_user_load (db, op->user_id, error); /* it may have been deleted since */

  if (user == NULL)
    return false;
  return (op->password == NULL || account_reload (db, op, error)) && account_store_hash (db, op, error)
         && msg_session_drop_all (db, op->user_id, op->device_id, op->now_ms, error);
}

static void
password_changed (MsgOp *ctx, const GError *error)
{
  MsgAccountOp *op = (MsgAccountOp *) ctx;

  if (error == NULL)
    msg_core_sessions_ended (ctx->core, op->user_id, 0, op->device_id, MSG_END_PASSWORD);
  msg_op_end (ctx, error);
}

static void
password_summed (MsgOp *ctx, const GError *error)
{
  g_autoptr (GError) cause = NULL;

  if (error == NULL && !((MsgAccountOp *) ctx)->verified)
    {
      cause = msg_error_new (MSG_ERROR_UNAUTHENTICATED, "bad_password", "The old password is wrong.");
      msg_op_end (ctx, cause);
    }
  else if (msg_account_op_is_hashed (ctx, error))
    msg_op_write (ctx, password_run, password_changed);
}

static void
password_looked (MsgOp *op, const GError *error)
{
  if (error != NULL)
    msg_op_end (op, error);
  else
    msg_op_sum (op, password_sums, false, password_summed);
}

void
msg_account_change_password (MsgCore *core, MsgId user_id, MsgId device_id, const char *old_password,
                             const char *new_password, MsgDoneFn fn, gpointer data)
{
  char id[MSG_ID_STRLEN];
  MsgAccountOp *op;
  int64_t wait_ms;

  g_return_if_fail (core != NULL && fn != NULL && user_id > 0 && user_id <= MSG_ID_MAX);
  op = account_op_new (core, data);
  op->done_fn = fn;
  /* a stolen session must not be a way to guess the password: counted by the id, which is no username */
  wait_ms = msg_limits_take_login (core->limits, NULL, msg_id_format (user_id, id),
                                   core->options.now_us (core->options.clock_data));
  if (wait_ms > 0)
    {
      msg_op_fail (&op->op, too_often ("login_rate", wait_ms));
      return;
    }
  op->user_id = user_id;
  op->device_id = device_id;
  op->password = g_strdup (old_password != NULL ? old_password : "");
  op->new_password = g_strdup (new_password);
  msg_op_read (op, password_look, password_looked);
}

void
msg_account_set_password (MsgCore *core, MsgId user_id, const char *password, MsgDoneFn fn, gpointer data)
{
  MsgAccountOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = account_op_new (core, data);
  op->done_fn = fn;
  op->user_id = user_id;
  op->new_password = g_strdup (password);
  msg_op_read (op, password_look, password_looked);
}
