/* SPDX-License-Identifier: Apache-2.0 */
/* push.key, push.subscribe, push.unsubscribe */
#include <string.h>

#include "signaling/p256.h"
#include "signaling/push.h"
#include "signaling/services-private.h"

static bool
is_on (SigServices *self, SigRpcCall *call)
{
  if (self->config.push != NULL)
    return true;
  sig_rpc_fail (call, SIG_RPC_FORBIDDEN, "push_off", "This server wakes no browsers.", 0);
  return false;
}

static void
push_key (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;
  JsonObject *result;

  if (!is_on (self, call))
    return;
  result = json_object_new ();
  json_object_set_string_member (result, "key", sig_push_get_key (self->config.push));
  sig_rpc_reply_object (call, result);
}

typedef struct {
  SigServices *services;
  SigRpcCall *call;
  MsgId user_id;
} Subscribing;

static void
on_subscribed (const GError *error, gpointer data)
{
  g_autofree Subscribing *ask = data;

  if (error == NULL)
    sig_push_note_user (ask->services->config.push, ask->user_id);
  sig_service_on_done (error, ask->call);
}

static void
take_bytes (JsonObject *object, const char *name, uint8_t *ret, size_t size)
{
  size_t len;
  g_autofree uint8_t *bytes = sig_json_get_bytes (object, name, &len);

  g_assert (len == size); /* the schema allows nothing else */
  memcpy (ret, bytes, size);
}

static bool
read_subscription (SigServices *self, SigRpcCall *call, JsonObject *params, MsgPushSubscription *ret)
{
  JsonObject *keys = json_object_get_object_member (params, "keys");
  g_auto (SigPushEndpoint) endpoint = { 0 };
  g_autoptr (EVP_PKEY) point = NULL;

  take_bytes (keys, "p256dh", ret->p256dh, sizeof ret->p256dh);
  take_bytes (keys, "auth", ret->auth, sizeof ret->auth);
  point = sig_p256_from_public (ret->p256dh);
  if (point == NULL)
    {
      sig_rpc_fail (call, SIG_RPC_INVALID_PARAMS, "p256dh", "keys.p256dh is no uncompressed point of P-256.", 0);
      return false;
    }
  if (!sig_push_door_take (sig_push_get_door (self->config.push), json_object_get_string_member (params, "endpoint"),
                           &endpoint))
    {
      sig_rpc_fail (call, SIG_RPC_INVALID_PARAMS, "endpoint", "The endpoint is no https: address of a push service.", 0);
      return false;
    }
  ret->endpoint = g_steal_pointer (&endpoint.url);
  if (json_object_has_member (params, "expirationTime") && !json_object_get_null_member (params, "expirationTime"))
    ret->expires_ms = json_object_get_int_member (params, "expirationTime");
  ret->preview = json_object_get_boolean_member_with_default (params, "preview", FALSE);
  return true;
}

static void
push_subscribe (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;
  SigSession *session = sig_rpc_call_get_session (call);
  MsgPushSubscription subscription = { .user_id = sig_session_get_user_id (session),
                                       .device_id = sig_session_get_device_id (session) };
  Subscribing *ask;

  if (!is_on (self, call) || !read_subscription (self, call, params, &subscription))
    return;
  ask = g_new0 (Subscribing, 1);
  *ask = (Subscribing){ self, call, subscription.user_id };
  msg_push_subscribe (self->config.core, &subscription, on_subscribed, ask);
  g_free (subscription.endpoint);
}

static void
push_unsubscribe (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;

  msg_push_unsubscribe (self->config.core, sig_session_get_device_id (sig_rpc_call_get_session (call)), NULL,
                        sig_service_on_done, call);
}

void
sig_service_push_register (SigServices *self)
{
  SigRpc *rpc = self->config.rpc;

  sig_rpc_register (rpc, "push.key", SIG_RPC_SESSION, push_key, self);
  sig_rpc_register (rpc, "push.subscribe", SIG_RPC_SESSION, push_subscribe, self);
  sig_rpc_register (rpc, "push.unsubscribe", SIG_RPC_SESSION, push_unsubscribe, self);
}
