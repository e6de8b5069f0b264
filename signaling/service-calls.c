/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/service-calls.h"

#include "signaling/profile.h"

static void
call_list (SigRpcCall *call, JsonObject *params, gpointer user)
{
  JsonObject *result = json_object_new ();

  json_object_set_array_member (result, "calls", sig_calls_list (user));
  sig_rpc_reply_object (call, result);
}

static void
on_ended (const SigCallsError *error, const SigCallsReply *reply, gpointer call)
{
  if (error != NULL)
    sig_rpc_fail (call, error->code, error->reason, error->message, error->retry_after_ms);
  else
    sig_rpc_reply (call, NULL);
}

static void
call_end (SigRpcCall *call, JsonObject *params, gpointer user)
{
  size_t len;
  g_autofree uint8_t *id = sig_json_get_bytes (params, "callId", &len);

  g_assert (len == SIG_CALL_ID_BYTES);
  sig_calls_end (user, id, on_ended, call);
}

void
sig_service_calls_register (SigRpc *rpc, SigCalls *calls)
{
  sig_rpc_register (rpc, "backend.callList", SIG_RPC_BACKEND, call_list, calls);
  sig_rpc_register (rpc, "backend.callEnd", SIG_RPC_BACKEND, call_end, calls);
}
