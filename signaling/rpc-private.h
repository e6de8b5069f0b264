/* SPDX-License-Identifier: Apache-2.0 */
/* The dispatcher as those see it who feed it (gate.c) and compose it (server.c). */
#pragma once

#include "base/metrics.h"
#include "signaling/openrpc.h"
#include "signaling/rpc.h"
#include "signaling/transport.h"

/** SigCaller: who sent a message. Copied; the session is referenced while a call needs it. */
typedef struct {
  SigConnId conn;
  bool websocket;       /* false: a POST, answered by respond() */
  bool admin;
  AlAddr address;
  const char *backend;  /* (nullable): name of an API key; lives as long as the dispatcher */
  SigSession *session;  /* (nullable) */
} SigCaller;

typedef struct {
  const SigTransport *transport;
  gpointer transport_user;
  AlMetrics *metrics;
  int64_t (*now_us) (void);  /* al_clock_now_us() but for tests */
} SigRpcConfig;

/** sig_rpc_new: @config: copied. Returns: (transfer full) (nullable): NULL when docs/openrpc.json is wrong in itself. */
SigRpc *sig_rpc_new (const SigRpcConfig *config, GError **error);
/** sig_rpc_free: requests that are not answered yet are forgotten: nobody may answer them after this. */
void sig_rpc_free (SigRpc *rpc);

const SigOpenrpc *sig_rpc_get_openrpc (const SigRpc *rpc);
/** sig_rpc_find_unserved: Returns: (transfer none) (nullable): a method of the document that nobody registered. */
const char *sig_rpc_find_unserved (const SigRpc *rpc);

/** sig_rpc_dispatch: takes one message of @caller: a request or a batch. Answers it with one message when its last call
 *  is answered; for a WebSocket done() comes once, for a POST respond(). */
void sig_rpc_dispatch (SigRpc *rpc, const SigCaller *caller, const char *text, size_t len);

/** sig_rpc_refuse: answers a POST whose Bearer field is good for nothing, or that cannot be looked at now, like
 *  sig_rpc_fail_error() with a null id. */
void sig_rpc_refuse (SigRpc *rpc, SigConnId conn, const GError *error);

/** sig_rpc_drain: from now on requests are refused with `shutting_down`. @done: called when none is in flight, maybe
 *  at once. */
void sig_rpc_drain (SigRpc *rpc, GSourceOnceFunc done, gpointer user);
bool sig_rpc_is_draining (const SigRpc *rpc);
unsigned sig_rpc_get_in_flight (const SigRpc *rpc);

/** sig_rpc_call_get_conn: Returns: the connection (or POST) it came by. */
SigConnId sig_rpc_call_get_conn (SigRpcCall *call);
bool sig_rpc_call_is_websocket (SigRpcCall *call);
/** sig_rpc_call_is_batched: whether it came inside a list. */
bool sig_rpc_call_is_batched (SigRpcCall *call);
/** sig_rpc_reply_text: answers with a result that is JSON text already. Takes @call. */
void sig_rpc_reply_text (SigRpcCall *call, const char *text, size_t len);

/** sig_rpc_set_checking: tests: results and error reasons that docs/openrpc.json does not allow abort the program. */
void sig_rpc_set_checking (SigRpc *rpc, bool checking);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SigRpc, sig_rpc_free)
