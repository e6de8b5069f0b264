/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/two-factor.h"

#include "base/random.h"
#include "messaging/core-private.h"
#include "messaging/login-code.h"
#include "messaging/proof.h"
#include "messaging/rows.h"
#include "messaging/totp.h"
#include "messaging/two-factor-rows.h"

static bool
conflict (bool on, GError **error)
{
  g_propagate_error (error, on ? msg_error_new (MSG_ERROR_CONFLICT, "two_factor_on",
                                                "The account has a second factor already.")
                               : msg_error_new (MSG_ERROR_CONFLICT, "two_factor_off",
                                                "The account has no second factor yet."));
  return false;
}

/* --- Looking --- */

typedef struct {
  MsgOp op;
  MsgId user_id;
  MsgTwoFactorState state;
  MsgTwoFactorStateFn fn;
  gpointer data;
} GetOp;

static bool
get_run (MsgDb *db, gpointer ctx, GError **error)
{
  GetOp *op = ctx;
  MsgStmt *stmt = msg_db_prepare (db, "SELECT enabled_ms, (SELECT COUNT (*) FROM recovery_codes r"
                                      " WHERE r.user_id = :user) FROM two_factor WHERE user_id = :user");
  MsgStep step;

  msg_stmt_set_int (stmt, ":user", op->user_id);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_ROW)
    op->state = (MsgTwoFactorState){ msg_stmt_get_int (stmt, 0), (unsigned) msg_stmt_get_int (stmt, 1) };
  return step != MSG_STEP_ERROR;
}

static void
get_reply (MsgOp *ctx, const GError *error)
{
  GetOp *op = (GetOp *) ctx;

  op->fn (error == NULL ? &op->state : NULL, error, op->data);
}

void
msg_two_factor_get (MsgCore *core, MsgId user_id, MsgTwoFactorStateFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (GetOp), get_reply, NULL };
  GetOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = msg_op_new (core, &class);
  op->user_id = user_id;
  op->fn = fn;
  op->data = data;
  msg_op_read (op, get_run, msg_op_end);
}

/* --- Beginning --- */

typedef struct {
  MsgProof proof;
  uint8_t secret[MSG_TOTP_SECRET_BYTES];
  MsgTwoFactorDraftFn fn;
  gpointer data;
} BeginOp;

static bool
begin_run (MsgDb *db, gpointer ctx, GError **error)
{
  BeginOp *op = ctx;
  MsgStmt *stmt = msg_db_prepare (db, "INSERT INTO two_factor (user_id, secret, enabled_ms, last_step)"
                                      " VALUES (:user, :secret, 0, 0) ON CONFLICT (user_id) DO UPDATE"
                                      " SET secret = :secret WHERE two_factor.enabled_ms = 0");

  msg_stmt_set_int (stmt, ":user", op->proof.user_id);
  msg_stmt_set_bytes (stmt, ":secret", op->secret, sizeof op->secret);
  if (!msg_stmt_run (stmt, error))
    return false;
  return msg_db_changes (db) == 1 || conflict (true, error);
}

static void
begin_reply (MsgOp *ctx, const GError *error)
{
  BeginOp *op = (BeginOp *) ctx;
  char *secret, *uri;

  if (error != NULL)
    {
      op->fn (NULL, error, op->data);
      return;
    }
  secret = msg_base32_encode (op->secret, sizeof op->secret);
  uri = msg_totp_make_uri (op->proof.username, op->secret);
  op->fn (&(MsgTwoFactorDraft){ secret, uri }, NULL, op->data);
  msg_secret_free (secret);
  msg_secret_free (uri);
}

void
msg_two_factor_begin (MsgCore *core, MsgId user_id, const char *password, MsgTwoFactorDraftFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (BeginOp), begin_reply, msg_proof_clear };
  static const MsgProofSpec spec = { &class, begin_run, msg_op_end, true };
  BeginOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = msg_proof_new (core, &spec, user_id);
  op->fn = fn;
  op->data = data;
  al_random_bytes (op->secret, sizeof op->secret);
  msg_proof_start (op, password, NULL);
}

/* --- Enabling --- */

typedef struct {
  MsgOp op;
  MsgId user_id;
  MsgLoginCode code;
  int64_t now_ms;
  char *codes[MSG_RECOVERY_CODES + 1];
  uint8_t hashes[MSG_RECOVERY_CODES][MSG_RECOVERY_HASH_BYTES];
  MsgTwoFactorCodesFn fn;
  gpointer data;
} EnableOp;

static bool
store_recovery_codes (MsgDb *db, const EnableOp *op, GError **error)
{
  for (unsigned i = 0; i < MSG_RECOVERY_CODES; i++)
    {
      MsgStmt *stmt = msg_db_prepare (db, "INSERT INTO recovery_codes (user_id, hash) VALUES (:user, :hash)");

      msg_stmt_set_int (stmt, ":user", op->user_id);
      msg_stmt_set_bytes (stmt, ":hash", op->hashes[i], sizeof op->hashes[i]);
      if (!msg_stmt_run (stmt, error))
        return false;
    }
  return true;
}

static bool
enable_run (MsgDb *db, gpointer ctx, GError **error)
{
  EnableOp *op = ctx;
  MsgStmt *stmt = msg_db_prepare (db, "SELECT secret, enabled_ms FROM two_factor WHERE user_id = :user");
  const void *secret;
  int64_t step;
  MsgStep found;
  gsize len;

  msg_stmt_set_int (stmt, ":user", op->user_id);
  found = msg_stmt_step (stmt, error);
  if (found == MSG_STEP_ERROR)
    return false;
  if (found == MSG_STEP_DONE || msg_stmt_get_int (stmt, 1) > 0)
    return conflict (found == MSG_STEP_ROW, error);
  secret = msg_stmt_get_bytes (stmt, 0, &len);
  if (op->code.kind != MSG_LOGIN_CODE_TOTP || len != MSG_TOTP_SECRET_BYTES
      || !msg_totp_find (secret, op->now_ms, op->code.text, -1, &step))
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_UNAUTHENTICATED, "bad_code",
                                               "This code is wrong. Is the clock of your device right?"));
      return false;
    }
  stmt = msg_db_prepare (db, "UPDATE two_factor SET enabled_ms = :now, last_step = :step WHERE user_id = :user");
  msg_stmt_set_int (stmt, ":now", op->now_ms);
  msg_stmt_set_int (stmt, ":step", step);
  msg_stmt_set_int (stmt, ":user", op->user_id);
  return msg_stmt_run (stmt, error) && store_recovery_codes (db, op, error);
}

static void
enable_reply (MsgOp *ctx, const GError *error)
{
  EnableOp *op = (EnableOp *) ctx;

  op->fn (error == NULL ? (const char *const *) op->codes : NULL, error, op->data);
}

static void
enable_clear (MsgOp *ctx)
{
  EnableOp *op = (EnableOp *) ctx;

  for (unsigned i = 0; i < MSG_RECOVERY_CODES; i++)
    msg_secret_free (op->codes[i]);
}

void
msg_two_factor_enable (MsgCore *core, MsgId user_id, const char *code, MsgTwoFactorCodesFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (EnableOp), enable_reply, enable_clear };
  EnableOp *op;
  GError *refused;

  g_return_if_fail (core != NULL && fn != NULL);
  op = msg_op_new (core, &class);
  op->user_id = user_id;
  op->now_ms = msg_core_now_ms (core);
  op->fn = fn;
  op->data = data;
  msg_login_code_read (code, &op->code);
  for (unsigned i = 0; i < MSG_RECOVERY_CODES; i++)
    op->codes[i] = msg_recovery_code_new (op->hashes[i]);
  refused = msg_proof_take_code (core, user_id, code);
  if (refused != NULL)
    msg_op_fail (&op->op, refused);
  else
    msg_op_write (op, enable_run, msg_op_end);
}

/* --- Disabling --- */

typedef struct {
  MsgProof proof;
  MsgDoneFn fn;
  gpointer data;
} DisableOp;

static bool
disable_run (MsgDb *db, gpointer ctx, GError **error)
{
  DisableOp *op = ctx;
  MsgStmt *stmt = msg_db_prepare (db, "SELECT 1 FROM two_factor WHERE user_id = :user AND enabled_ms > 0");
  MsgStep step;

  msg_stmt_set_int (stmt, ":user", op->proof.user_id);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_ERROR)
    return false;
  if (step == MSG_STEP_DONE)
    return conflict (false, error);
  return msg_two_factor_drop (db, op->proof.user_id, error);
}

static void
disable_reply (MsgOp *ctx, const GError *error)
{
  DisableOp *op = (DisableOp *) ctx;

  op->fn (error, op->data);
}

void
msg_two_factor_disable (MsgCore *core, MsgId user_id, const char *password, const char *code, MsgDoneFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (DisableOp), disable_reply, msg_proof_clear };
  static const MsgProofSpec spec = { &class, disable_run, msg_op_end, false };
  DisableOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = msg_proof_new (core, &spec, user_id);
  op->fn = fn;
  op->data = data;
  msg_proof_start (op, password, code);
}

/* --- Resetting --- */

static bool
reset_run (MsgDb *db, gpointer ctx, GError **error)
{
  DisableOp *op = ctx;
  g_autoptr (MsgUser) user = msg_user_load (db, op->proof.user_id, error);

  return user != NULL && msg_two_factor_drop (db, op->proof.user_id, error);
}

void
msg_two_factor_reset (MsgCore *core, MsgId user_id, MsgDoneFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (DisableOp), disable_reply, msg_proof_clear };
  DisableOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = msg_op_new (core, &class);
  op->proof.user_id = user_id;
  op->fn = fn;
  op->data = data;
  msg_op_write (op, reset_run, msg_op_end);
}
