/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/two-factor-rows.h"

#include "messaging/core.h"
#include "messaging/login-code.h"
#include "messaging/totp.h"

static bool
refuse (const char *reason, const char *message, GError **error)
{
  g_propagate_error (error, msg_error_new (MSG_ERROR_UNAUTHENTICATED, reason, "%s", message));
  return false;
}

static bool
bad_code (GError **error)
{
  return refuse ("bad_code", "This code is wrong, or was used before.", error);
}

static bool
spend_step (MsgDb *db, MsgId user_id, int64_t step, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE two_factor SET last_step = :step WHERE user_id = :user");

  msg_stmt_set_int (stmt, ":step", step);
  msg_stmt_set_int (stmt, ":user", user_id);
  return msg_stmt_run (stmt, error);
}

static bool
spend_recovery (MsgDb *db, MsgId user_id, const MsgLoginCode *code, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "DELETE FROM recovery_codes WHERE user_id = :user AND hash = :hash");
  uint8_t hash[MSG_RECOVERY_HASH_BYTES];

  msg_recovery_code_hash (code, hash);
  msg_stmt_set_int (stmt, ":user", user_id);
  msg_stmt_set_bytes (stmt, ":hash", hash, sizeof hash);
  if (!msg_stmt_run (stmt, error))
    return false;
  return msg_db_changes (db) == 1 || bad_code (error);
}

bool
msg_two_factor_check (MsgDb *db, MsgId user_id, const char *text, int64_t now_ms, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT secret, last_step FROM two_factor"
                                      " WHERE user_id = :user AND enabled_ms > 0");
  MsgLoginCode code;
  const void *secret;
  int64_t step;
  gsize len;

  msg_stmt_set_int (stmt, ":user", user_id);
  switch (msg_stmt_step (stmt, error))
    {
    case MSG_STEP_ERROR:
      return false;
    case MSG_STEP_DONE:
      return true;
    default:
      break;
    }
  msg_login_code_read (text, &code);
  if (code.kind == MSG_LOGIN_CODE_NONE)
    return refuse ("code_required", "This account asks for a code of your authenticator app.", error);
  if (code.kind == MSG_LOGIN_CODE_RECOVERY)
    return spend_recovery (db, user_id, &code, error);
  secret = msg_stmt_get_bytes (stmt, 0, &len);
  if (code.kind != MSG_LOGIN_CODE_TOTP || len != MSG_TOTP_SECRET_BYTES
      || !msg_totp_find (secret, now_ms, code.text, msg_stmt_get_int (stmt, 1), &step))
    return bad_code (error);
  return spend_step (db, user_id, step, error);
}

bool
msg_two_factor_drop (MsgDb *db, MsgId user_id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "DELETE FROM recovery_codes WHERE user_id = :user");

  msg_stmt_set_int (stmt, ":user", user_id);
  if (!msg_stmt_run (stmt, error))
    return false;
  stmt = msg_db_prepare (db, "DELETE FROM two_factor WHERE user_id = :user");
  msg_stmt_set_int (stmt, ":user", user_id);
  return msg_stmt_run (stmt, error);
}
