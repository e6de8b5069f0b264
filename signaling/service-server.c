/* SPDX-License-Identifier: Apache-2.0 */
/* server.info, rpc.discover */
#include "signaling/envelope.h"
#include "signaling/services-private.h"

/* what the front takes in one message (architecture: an offer with 49 video slots has 247 KB) */
#define MESSAGE_BYTES (512 * 1024)
#define BLOB_BYTES (64 * 1024)

static JsonObject *
limits (void)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "messageBytes", MESSAGE_BYTES);
  json_object_set_int_member (object, "blobBytes", BLOB_BYTES);
  json_object_set_int_member (object, "batch", SIG_ENVELOPE_MAX_BATCH);
  json_object_set_int_member (object, "replayNotifications", SIG_SESSION_RING_NOTIFICATIONS);
  json_object_set_int_member (object, "replayBytes", SIG_SESSION_RING_BYTES);
  json_object_set_int_member (object, "reattachMs", SIG_SESSION_REATTACH_US / 1000);
  return object;
}

static void
server_info (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;
  JsonObject *result = json_object_new ();
  JsonArray *features = json_array_new ();

  for (const char *const *word = self->config.features; *word != NULL; word++)
    json_array_add_string_element (features, *word);
  json_object_set_string_member (result, "name", "Aldis");
  json_object_set_string_member (result, "version", ALDIS_VERSION);
  json_object_set_array_member (result, "features", features);
  json_object_set_object_member (result, "limits", limits ());
  json_object_set_int_member (result, "serverTime", self->config.wall_ms ());
  sig_rpc_reply_object (call, result);
}

static void
rpc_discover (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;
  size_t len;
  const char *text = sig_openrpc_get_text (sig_rpc_get_openrpc (self->config.rpc), &len);

  sig_rpc_reply_text (call, text, len);
}

void
sig_service_server_register (SigServices *self)
{
  sig_rpc_register (self->config.rpc, "server.info", SIG_RPC_ANYONE, server_info, self);
  sig_rpc_register (self->config.rpc, "rpc.discover", SIG_RPC_ANYONE, rpc_discover, self);
}
