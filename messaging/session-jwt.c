/* SPDX-License-Identifier: Apache-2.0 */
/* Users of an outside application, by JWT: a reader's thread checks the signature, the writer makes what is new. */
#include <string.h>

#include "messaging/account-private.h"
#include "messaging/session.h"

typedef struct {
  MsgAccountOp account;
  GBytes *jwt;
  MsgJwtClaims *claims;
} JwtOp;

/* Reader's thread, though it reads nothing: an Ed25519 check takes 0.1 ms, which is too much for the main thread. */
static bool
jwt_verify (MsgDb *db, gpointer ctx, GError **error)
{
  JwtOp *op = ctx;
  MsgCore *core = op->account.op.core;
  const MsgJwtKey *keys[] = { core->jwt_hs256, core->jwt_ed25519 };
  const MsgJwtPolicy policy = { core->jwt_issuer, core->jwt_audience };
  g_autoptr (GError) cause = NULL;
  const char *text;
  gsize len;

  text = g_bytes_get_data (op->jwt, &len);
  for (unsigned i = 0; i < G_N_ELEMENTS (keys) && op->claims == NULL; i++)
    {
      /* each key stands for its own algorithm only; what a token holds is told by the key that verifies it */
      if (keys[i] == NULL || (cause != NULL && g_strcmp0 (msg_error_get_reason (cause), "jwt") != 0))
        continue;
      g_clear_error (&cause);
      op->claims = msg_jwt_verify (keys[i], &policy, text, len, op->account.now_ms / 1000, &cause);
    }
  if (op->claims == NULL)
    g_propagate_error (error, g_steal_pointer (&cause));
  return op->claims != NULL;
}

/* The user's row, made or brought up to date. */
static bool
jwt_user (MsgDb *db, JwtOp *op, GError **error)
{
  const MsgJwtClaims *claims = op->claims;
  MsgUser *user;
  MsgStmt *stmt;

  if (!msg_user_load_by_key (db, op->account.key, &op->account.login.user, NULL, error))
    return false;
  user = op->account.login.user;
  if (user == NULL)
    {
      user = op->account.login.user = g_new0 (MsgUser, 1);
      user->id = msg_id_new ();
      user->username = g_strdup (op->account.key);
      user->display_name = g_strdup (claims->name != NULL ? claims->name : claims->sub);
      user->external = true;
      user->created_at_ms = op->account.now_ms;
      return msg_user_insert (db, user, op->account.key, NULL, error);
    }
  if (user->disabled)
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_FORBIDDEN, "disabled", "This account is disabled."));
      return false;
    }
  if (claims->name == NULL || strcmp (claims->name, user->display_name) == 0)
    return true;
  g_free (user->display_name);
  user->display_name = g_strdup (claims->name);
  stmt = msg_db_prepare (db, "UPDATE users SET display_name = :name WHERE id = :id");
  msg_stmt_set_text (stmt, ":name", user->display_name);
  msg_stmt_set_int (stmt, ":id", user->id);
  return msg_stmt_run (stmt, error);
}

static bool
jwt_run (MsgDb *db, gpointer ctx, GError **error)
{
  JwtOp *op = ctx;

  if (!jwt_user (db, op, error) || !msg_account_op_attach (db, &op->account, NULL, error))
    return false;
  /* seconds against milliseconds: a token of the very second of the revocation counts as older */
  if (op->account.attached.revoked_ms == 0 || op->claims->iat_s > op->account.attached.revoked_ms / 1000)
    return msg_notice_load (db, op->account.login.device->id, &op->account.login.notices, error);
  g_propagate_error (error, msg_error_new (MSG_ERROR_UNAUTHENTICATED, "jwt_revoked",
                                           "This device was logged out after the token was issued."));
  return false;
}

static void
jwt_verified (MsgOp *ctx, const GError *error)
{
  JwtOp *op = (JwtOp *) ctx;

  if (error != NULL)
    {
      msg_op_end (ctx, error);
      return;
    }
  g_assert (strlen (op->claims->sub) + strlen (MSG_EXTERNAL_PREFIX) < sizeof op->account.key);
  (void) strcpy (op->account.key, MSG_EXTERNAL_PREFIX);
  (void) strcat (op->account.key, op->claims->sub);
  msg_op_write (op, jwt_run, msg_account_op_logged_in);
}

static void
jwt_clear (MsgOp *ctx)
{
  JwtOp *op = (JwtOp *) ctx;

  g_clear_pointer (&op->jwt, g_bytes_unref);
  msg_jwt_claims_free (op->claims);
  msg_account_op_clear (ctx);
}

void
msg_session_start_jwt (MsgCore *core, const char *jwt, gsize len, const MsgDeviceSpec *device, MsgLoginFn fn,
                       gpointer data)
{
  static const MsgOpClass class = { sizeof (JwtOp), msg_account_op_reply, jwt_clear };
  GError *error = NULL;
  JwtOp *op;

  g_return_if_fail (core != NULL && jwt != NULL && device != NULL && fn != NULL);
  op = msg_op_new (core, &class);
  op->account.login_fn = fn;
  op->account.data = data;
  op->account.now_ms = msg_core_now_ms (core);
  if (core->jwt_hs256 == NULL && core->jwt_ed25519 == NULL)
    error = msg_error_new (MSG_ERROR_FORBIDDEN, "jwt_off", "This server knows no users of other applications.");
  else if (len > MSG_JWT_MAX_BYTES)
    error = msg_error_new (MSG_ERROR_UNAUTHENTICATED, "jwt", "The token is longer than %d bytes.", MSG_JWT_MAX_BYTES);
  else
    op->account.login.device = msg_device_from_spec (device, &error);
  if (error != NULL)
    {
      msg_op_fail (&op->account.op, error);
      return;
    }
  op->jwt = g_bytes_new (jwt, len);
  msg_op_read (op, jwt_verify, jwt_verified);
}
