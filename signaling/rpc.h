/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The method table and dispatcher of the native API: JSON-RPC 2.0 in, handlers called, each request answered exactly
 * once. Params reach a handler only after the schema of docs/openrpc.json accepted them. Main thread, all of it.
 */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "signaling/front.h"

typedef struct SigRpc SigRpc;         /* the method table and dispatcher */
typedef struct SigRpcCall SigRpcCall; /* one request in flight; answered exactly once, maybe later */
typedef struct SigSession SigSession;

/**
 * SigRpcFn: a method.
 * @call: (transfer full): to be given to one of sig_rpc_reply(), sig_rpc_fail() or sig_rpc_fail_error(), now or later
 * @params: (transfer none): valid by the method's schema: required members are there and everything has its type and
 *   range. An absent params is an empty object. Lives as long as @call
 *
 * Handlers of one connection are called in the order in which its messages arrived. A notification (a request without
 * id) is handled alike; its answer goes nowhere.
 */
typedef void (*SigRpcFn) (SigRpcCall *call, JsonObject *params, gpointer user);

/** SigRpcAccess: who may call a method. */
typedef enum {
  SIG_RPC_ANYONE,   /* also before session.start and without a Bearer token */
  SIG_RPC_SESSION,  /* a device: after session.start, or a POST with its token; sig_rpc_call_get_session() is not NULL */
  SIG_RPC_BACKEND,  /* an application server with an API key (POST), or the local admin socket */
  SIG_RPC_ADMIN,    /* the local admin socket alone */
  SIG_RPC_PARTICIPANT /* SIG_RPC_SESSION, and guests of a room */
} SigRpcAccess;

/** The codes of api.md; the standard ones (-32700, -32600..-32603) are the dispatcher's own. */
#define SIG_RPC_PARSE_ERROR (-32700)
#define SIG_RPC_INVALID_REQUEST (-32600)
#define SIG_RPC_METHOD_NOT_FOUND (-32601)
#define SIG_RPC_INVALID_PARAMS (-32602)
#define SIG_RPC_INTERNAL (-32603)
#define SIG_RPC_UNAUTHENTICATED (-32001)
#define SIG_RPC_FORBIDDEN (-32002)
#define SIG_RPC_NOT_FOUND (-32003)
#define SIG_RPC_CONFLICT (-32004)
#define SIG_RPC_LIMIT (-32005)
#define SIG_RPC_GONE (-32006)
#define SIG_RPC_UNAVAILABLE (-32007)

/**
 * sig_rpc_register:
 * @method: its name in docs/openrpc.json, static; a name that is not there, or twice, is a programmer error
 * @fn: called for each request whose access and params are right
 */
void sig_rpc_register (SigRpc *rpc, const char *method, SigRpcAccess access, SigRpcFn fn, gpointer user);

/**
 * sig_rpc_call_get_session:
 *
 * Returns: (transfer none) (nullable): the device that asks; never NULL in a SIG_RPC_SESSION method. It lives at least
 * as long as @call. For a POST by a device that is not connected this is a session of that request alone: it has user
 * and device, is not attached and is not found by sig_sessions_lookup().
 */
SigSession *sig_rpc_call_get_session (SigRpcCall *call);

/** sig_rpc_call_is_admin: Returns: true when it came in by the local admin socket. */
bool sig_rpc_call_is_admin (SigRpcCall *call);
/** sig_rpc_call_get_backend: Returns: (transfer none) (nullable): the name of the API key that was used. */
const char *sig_rpc_call_get_backend (SigRpcCall *call);
/** sig_rpc_call_get_address: Returns: (transfer none): the client's address, for rate limits; AF_UNSPEC: local. */
const AlAddr *sig_rpc_call_get_address (SigRpcCall *call);

/** sig_rpc_reply: answers with a result. @result: (transfer full) (nullable): an object; NULL stands for {}. Takes @call. */
void sig_rpc_reply (SigRpcCall *call, JsonNode *result);
/** sig_rpc_reply_object: the same with @result: (transfer full). Takes @call. */
void sig_rpc_reply_object (SigRpcCall *call, JsonObject *result);

/**
 * sig_rpc_fail: answers with an error. Takes @call.
 * @code: one of SIG_RPC_*
 * @reason: a stable word of the table x-errors in docs/openrpc.json (asserted); copied
 * @message: one sentence for a developer; no secrets, no echo of what the peer sent
 * @retry_after_ms: 0 for none
 */
void sig_rpc_fail (SigRpcCall *call, int code, const char *reason, const char *message, int64_t retry_after_ms);
/** sig_rpc_fail_with: the same, with members of its own in data. @extra: (transfer full) (nullable): {callId: ...}. */
void sig_rpc_fail_with (SigRpcCall *call, int code, const char *reason, const char *message, int64_t retry_after_ms,
                        JsonObject *extra);

/** sig_rpc_fail_error: a MSG_ERROR one to one; every other domain is logged and becomes -32603 `internal`. Takes @call. */
void sig_rpc_fail_error (SigRpcCall *call, const GError *error);
