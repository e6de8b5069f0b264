/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/proof.h"

#include <string.h>

#include "messaging/account.h"
#include "messaging/login-code.h"
#include "messaging/rows.h"
#include "messaging/two-factor-rows.h"

static GError *
bad_password (void)
{
  return msg_error_new (MSG_ERROR_UNAUTHENTICATED, "bad_password", "The password is wrong.");
}

GError *
msg_proof_take_code (MsgCore *core, MsgId user_id, const char *text)
{
  MsgLoginCode code;
  int64_t wait_ms;

  /* 80 bits of a recovery code need no limit; so the owner gets in while somebody guesses digits */
  msg_login_code_read (text, &code);
  if (code.kind != MSG_LOGIN_CODE_TOTP)
    return NULL;
  wait_ms = msg_limits_take_code (core->limits, user_id, core->options.now_us (core->options.clock_data));
  return wait_ms == 0 ? NULL
                      : msg_error_new_retry (MSG_ERROR_LIMIT, "code_rate", wait_ms,
                                             "Too many codes were tried. Wait, or use a recovery code.");
}

static bool
proof_load (MsgDb *db, MsgProof *proof, char **ret_hash, GError **error)
{
  g_autoptr (MsgUser) user = msg_user_load (db, proof->user_id, error);
  MsgStmt *stmt;

  if (user == NULL)
    return false;
  if (user->external)
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_FORBIDDEN, "external", "This account has no password here."));
      return false;
    }
  g_free (proof->username);
  proof->username = g_strdup (user->username);
  stmt = msg_db_prepare (db, "SELECT password_hash FROM users WHERE id = :id");
  msg_stmt_set_int (stmt, ":id", proof->user_id);
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  *ret_hash = g_strdup (msg_stmt_get_text (stmt, 0));
  return true;
}

static bool
proof_look (MsgDb *db, gpointer ctx, GError **error)
{
  MsgProof *proof = ctx;

  return proof_load (db, proof, &proof->hash, error);
}

static void
proof_verify (gpointer ctx)
{
  MsgProof *proof = ctx;

  proof->verified = proof->hash != NULL && msg_password_verify (proof->hash, proof->password);
}

/* The password that was verified must still be the one that counts. */
static bool
proof_run (MsgDb *db, gpointer ctx, GError **error)
{
  MsgProof *proof = ctx;
  g_autofree char *hash = NULL;

  if (!proof_load (db, proof, &hash, error))
    return false;
  if (g_strcmp0 (hash, proof->hash) != 0)
    {
      g_propagate_error (error, bad_password ());
      return false;
    }
  return (proof->without_code || msg_two_factor_check (db, proof->user_id, proof->code, proof->now_ms, error))
         && proof->run (db, ctx, error);
}

static void
proof_verified (MsgOp *op, const GError *error)
{
  MsgProof *proof = (MsgProof *) op;
  g_autoptr (GError) cause = NULL;

  if (error == NULL && !proof->verified)
    error = cause = bad_password ();
  else if (error == NULL && !proof->without_code)
    error = cause = msg_proof_take_code (op->core, proof->user_id, proof->code);
  if (error != NULL)
    msg_op_end (op, error);
  else
    msg_op_write (op, proof_run, proof->next);
}

static void
proof_looked (MsgOp *op, const GError *error)
{
  if (error != NULL)
    msg_op_end (op, error);
  else
    msg_op_sum (op, proof_verify, false, proof_verified);
}

gpointer
msg_proof_new (MsgCore *core, const MsgProofSpec *spec, MsgId user_id)
{
  MsgProof *proof = msg_op_new (core, spec->class);

  proof->user_id = user_id;
  proof->run = spec->run;
  proof->next = spec->next;
  proof->without_code = spec->without_code;
  proof->now_ms = msg_core_now_ms (core);
  return proof;
}

void
msg_proof_start (gpointer ctx, const char *password, const char *code)
{
  MsgProof *proof = ctx;
  MsgCore *core = proof->op.core;
  char id[MSG_ID_STRLEN];
  int64_t wait_ms;

  /* as for a change of password: a stolen session must not be a way to guess */
  wait_ms = msg_limits_take_login (core->limits, NULL, msg_id_format (proof->user_id, id),
                                   core->options.now_us (core->options.clock_data));
  if (wait_ms > 0)
    msg_op_fail (&proof->op, msg_error_new_retry (MSG_ERROR_LIMIT, "login_rate", wait_ms,
                                                  "Too many attempts. Try again later."));
  else if (password == NULL || strnlen (password, MSG_PASSWORD_MAX_BYTES + 1) > MSG_PASSWORD_MAX_BYTES)
    msg_op_fail (&proof->op, bad_password ());
  else
    {
      proof->password = g_strdup (password);
      proof->code = g_strdup (code);
      msg_op_read (proof, proof_look, proof_looked);
    }
}

void
msg_proof_clear (MsgOp *op)
{
  MsgProof *proof = (MsgProof *) op;

  g_free (proof->username);
  g_free (proof->hash);
  msg_secret_free (proof->password);
  msg_secret_free (proof->code);
}
