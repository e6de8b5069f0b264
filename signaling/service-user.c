/* SPDX-License-Identifier: Apache-2.0 */
/* user.find, user.get, device.list */
#include "signaling/services-private.h"

static void
on_found (const MsgUser *found, const GError *error, gpointer call)
{
  JsonObject *result;

  if (error != NULL)
    {
      sig_rpc_fail_error (call, error);
      return;
    }
  result = json_object_new ();
  json_object_set_object_member (result, "user", sig_profile_user (found));
  sig_rpc_reply_object (call, result);
}

static void
user_find (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;

  msg_account_find (self->config.core, json_object_get_string_member (params, "username"), on_found, call);
}

static void
on_users (GPtrArray *users, const GError *error, gpointer call)
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
  for (unsigned i = 0; i < users->len; i++)
    json_array_add_object_element (list, sig_profile_user (users->pdata[i]));
  json_object_set_array_member (result, "users", list);
  sig_rpc_reply_object (call, result);
}

static void
user_get (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;
  JsonArray *list = json_object_get_array_member (params, "ids");
  unsigned n = json_array_get_length (list);
  MsgId ids[MSG_GET_MAX];

  g_assert (n <= G_N_ELEMENTS (ids));
  for (unsigned i = 0; i < n; i++)
    {
      bool ok = msg_id_parse (json_array_get_string_element (list, i), &ids[i]);

      g_assert (ok);
    }
  msg_account_get (self->config.core, ids, n, on_users, call);
}

static void
on_devices (GPtrArray *devices, const GError *error, gpointer call)
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
  for (unsigned i = 0; i < devices->len; i++)
    json_array_add_object_element (list, sig_profile_device (devices->pdata[i]));
  json_object_set_array_member (result, "devices", list);
  sig_rpc_reply_object (call, result);
}

static void
device_list (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;

  msg_device_list (self->config.core, sig_json_get_id (params, "userId"), on_devices, call);
}

void
sig_service_user_register (SigServices *self)
{
  sig_rpc_register (self->config.rpc, "user.find", SIG_RPC_SESSION, user_find, self);
  sig_rpc_register (self->config.rpc, "user.get", SIG_RPC_SESSION, user_get, self);
  sig_rpc_register (self->config.rpc, "device.list", SIG_RPC_SESSION, device_list, self);
}
