/* SPDX-License-Identifier: Apache-2.0 */
/* account.totpState, account.totpBegin, account.totpEnable, account.totpDisable */
#include "messaging/two-factor.h"

#include "signaling/services-private.h"

static void
on_state (const MsgTwoFactorState *state, const GError *error, gpointer call)
{
  JsonObject *result;

  if (error != NULL)
    {
      sig_rpc_fail_error (call, error);
      return;
    }
  result = json_object_new ();
  json_object_set_boolean_member (result, "enabled", state->enabled_at_ms > 0);
  if (state->enabled_at_ms > 0)
    json_object_set_int_member (result, "enabledAt", state->enabled_at_ms);
  json_object_set_int_member (result, "recoveryCodesLeft", state->recovery_codes);
  sig_rpc_reply_object (call, result);
}

static void
totp_state (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;

  msg_two_factor_get (self->config.core, sig_caller (call), on_state, call);
}

static void
on_draft (const MsgTwoFactorDraft *draft, const GError *error, gpointer call)
{
  JsonObject *result;

  if (error != NULL)
    {
      sig_rpc_fail_error (call, error);
      return;
    }
  result = json_object_new ();
  json_object_set_string_member (result, "secret", draft->secret);
  json_object_set_string_member (result, "uri", draft->uri);
  sig_rpc_reply_object (call, result);
}

static void
totp_begin (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;

  msg_two_factor_begin (self->config.core, sig_caller (call), json_object_get_string_member (params, "password"),
                        on_draft, call);
}

static void
on_codes (const char *const *codes, const GError *error, gpointer call)
{
  JsonObject *result;
  JsonArray *list;

  if (error != NULL)
    {
      sig_rpc_fail_error (call, error);
      return;
    }
  result = json_object_new ();
  list = json_array_new ();
  for (unsigned i = 0; codes[i] != NULL; i++)
    json_array_add_string_element (list, codes[i]);
  json_object_set_array_member (result, "recoveryCodes", list);
  sig_rpc_reply_object (call, result);
}

static void
totp_enable (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;

  msg_two_factor_enable (self->config.core, sig_caller (call), json_object_get_string_member (params, "code"), on_codes,
                         call);
}

static void
totp_disable (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;

  msg_two_factor_disable (self->config.core, sig_caller (call), json_object_get_string_member (params, "password"),
                          json_object_get_string_member (params, "code"), sig_service_on_done, call);
}

void
sig_service_two_factor_register (SigServices *self)
{
  SigRpc *rpc = self->config.rpc;

  sig_rpc_register (rpc, "account.totpState", SIG_RPC_SESSION, totp_state, self);
  sig_rpc_register (rpc, "account.totpBegin", SIG_RPC_SESSION, totp_begin, self);
  sig_rpc_register (rpc, "account.totpEnable", SIG_RPC_SESSION, totp_enable, self);
  sig_rpc_register (rpc, "account.totpDisable", SIG_RPC_SESSION, totp_disable, self);
}
