/* SPDX-License-Identifier: Apache-2.0 */
/* server.info, rpc.discover */
#include "base/json.h"
#include "signaling/envelope.h"
#include "signaling/json-text.h"
#include "signaling/services-private.h"

/* what the front takes in one message (architecture: an offer with 49 video slots has 247 KB) */
#define MESSAGE_BYTES (512 * 1024)
#define STRANGER_BYTES (16 * 1024)
#define BLOB_BYTES (64 * 1024)

static JsonObject *
make_limits (void)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "messageBytes", MESSAGE_BYTES);
  json_object_set_int_member (object, "strangerBytes", STRANGER_BYTES);
  json_object_set_int_member (object, "messageValues", AL_JSON_MAX_VALUES);
  json_object_set_int_member (object, "blobBytes", BLOB_BYTES);
  json_object_set_int_member (object, "batch", SIG_ENVELOPE_MAX_BATCH);
  json_object_set_int_member (object, "replayNotifications", SIG_SESSION_RING_NOTIFICATIONS);
  json_object_set_int_member (object, "replayBytes", SIG_SESSION_RING_BYTES);
  json_object_set_int_member (object, "reattachMs", SIG_SESSION_REATTACH_US / 1000);
  return object;
}

/* Clients ask for it to measure the way there and back, and all but the time never changes: written once.
 * Returns: (transfer full): the result up to the value of serverTime, its last member */
static GString *
write_info (const SigServices *self)
{
  g_autoptr (JsonObject) result = json_object_new ();
  JsonArray *features = json_array_new ();
  GString *text = g_string_new (NULL);

  for (const char *const *word = self->config.features; *word != NULL; word++)
    json_array_add_string_element (features, *word);
  json_object_set_string_member (result, "name", "Aldis");
  json_object_set_string_member (result, "version", ALDIS_VERSION);
  json_object_set_array_member (result, "features", features);
  json_object_set_object_member (result, "limits", make_limits ());
  sig_json_append_object (text, result);
  g_string_truncate (text, text->len - 1);
  g_string_append (text, ",\"serverTime\":");
  return text;
}

static void
server_info (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;
  GString *text = self->info;
  gsize len = text->len;

  sig_json_append_int (text, self->config.wall_ms ());
  g_string_append_c (text, '}');
  sig_rpc_reply_text (call, text->str, text->len);
  g_string_truncate (text, len);
}

static void
rpc_discover (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigServices *self = user;
  size_t len;
  const char *text = sig_openrpc_get_text (sig_rpc_get_openrpc (self->config.rpc), &len);

  /* anybody may ask, and the answer is a thousand times the question */
  if (sig_rpc_call_is_batched (call))
    sig_rpc_fail (call, SIG_RPC_INVALID_REQUEST, "not_in_batch", "rpc.discover stands alone in its message", 0);
  else
    sig_rpc_reply_text (call, text, len);
}

void
sig_service_server_register (SigServices *self)
{
  self->info = write_info (self);
  sig_rpc_register (self->config.rpc, "server.info", SIG_RPC_ANYONE, server_info, self);
  sig_rpc_register (self->config.rpc, "rpc.discover", SIG_RPC_ANYONE, rpc_discover, self);
}
