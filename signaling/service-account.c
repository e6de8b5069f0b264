/* SPDX-License-Identifier: Apache-2.0 */
/* account.register, account.login, account.changePassword, account.delete */
#include "signaling/services-private.h"

static void
on_login (const MsgLogin *login, const GError *error, gpointer call)
{
  JsonObject *result;

  if (error != NULL)
    {
      sig_rpc_fail_error (call, error);
      return;
    }
  result = json_object_new ();
  json_object_set_object_member (result, "user", sig_profile_user (login->user));
  json_object_set_object_member (result, "device", sig_profile_device (login->device));
  json_object_set_string_member (result, "token", login->token);
  sig_rpc_reply_object (call, result);
}

static void
read_credentials (SigRpcCall *call, JsonObject *params, MsgCredentials *credentials, uint8_t *key)
{
  *credentials = (MsgCredentials){ .username = json_object_get_string_member (params, "username"),
                                   .password = json_object_get_string_member (params, "password"),
                                   .display_name = sig_json_get_string (params, "displayName"),
                                   .code = sig_json_get_string (params, "code"),
                                   .address = sig_rpc_call_get_address (call) };
  /* the admin socket has no address, and needs no limit by it */
  if (credentials->address->sa.sa_family == AF_UNSPEC)
    credentials->address = NULL;
  sig_service_device_spec (params, &credentials->device, key);
}

static void
account_register (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;
  MsgCredentials credentials;
  uint8_t key[MSG_IDENTITY_KEY_BYTES];

  read_credentials (call, params, &credentials, key);
  msg_account_register (self->config.core, &credentials, on_login, call);
}

static void
account_login (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;
  MsgCredentials credentials;
  uint8_t key[MSG_IDENTITY_KEY_BYTES];

  read_credentials (call, params, &credentials, key);
  msg_account_login (self->config.core, &credentials, on_login, call);
}

static void
account_change_password (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;
  SigSession *session = sig_rpc_call_get_session (call);

  msg_account_change_password (self->config.core, sig_session_get_user_id (session), sig_session_get_device_id (session),
                               json_object_get_string_member (params, "oldPassword"),
                               json_object_get_string_member (params, "newPassword"), sig_service_on_done, call);
}

static void
account_delete (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;

  g_queue_push_tail (&self->logouts, call);
  msg_account_delete_own (self->config.core, sig_caller (call), json_object_get_string_member (params, "password"),
                          sig_json_get_string (params, "code"),
                          json_object_get_boolean_member_with_default (params, "eraseMessages", FALSE),
                          sig_service_on_logged_out, sig_service_page_new (self, call, 0));
}

void
sig_service_account_register (SigServices *self)
{
  sig_rpc_register (self->config.rpc, "account.register", SIG_RPC_ANYONE, account_register, self);
  sig_rpc_register (self->config.rpc, "account.login", SIG_RPC_ANYONE, account_login, self);
  sig_rpc_register (self->config.rpc, "account.changePassword", SIG_RPC_SESSION, account_change_password, self);
  sig_rpc_register (self->config.rpc, "account.delete", SIG_RPC_SESSION, account_delete, self);
}
