/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages to calls: a message becomes an exchange of one or more calls; each call gets a slot for its answer; when the
 * last one is answered the exchange is sent. Main thread.
 */
#include "signaling/rpc-private.h"

#include <string.h>

#include "base/log.h"
#include "messaging/core.h"
#include "signaling/envelope.h"
#include "signaling/exchange.h"
#include "signaling/json-text.h"
#include "signaling/rpc-metrics.h"
#include "signaling/session-private.h"

typedef struct {
  const SigMethodDoc *doc;
  SigRpcFn fn; /* NULL: not registered */
  gpointer user;
} Method;

struct SigRpcCall {
  GList link;          /* in rpc->calls */
  SigRpc *rpc;
  SigExchange *exchange; /* reference */
  const Method *method; /* NULL: not a request */
  JsonNode *node;      /* reference: id and params point into it */
  JsonNode *id;
  JsonObject *params;  /* reference */
  bool notification;
  int64_t start_us;
};

struct SigRpc {
  SigRpcConfig config;
  SigOpenrpc *openrpc;     /* owned */
  Method *methods;         /* owned, by SigMethodDoc.index */
  SigRpcMetrics *measured; /* owned */
  GQueue calls;            /* in flight */
  JsonObject *no_params;   /* owned */
  bool checking;
  bool draining;
  GSourceOnceFunc drained;
  gpointer drained_user;
};

static void
call_free (SigRpcCall *call)
{
  g_clear_pointer (&call->node, json_node_unref);
  g_clear_pointer (&call->params, json_object_unref);
  g_free (call);
}

static SigRpcCall *
call_new (SigRpc *rpc, SigExchange *exchange, JsonNode *node, const SigRequest *request, const Method *method)
{
  SigRpcCall *call = g_new0 (SigRpcCall, 1);

  call->link.data = call;
  g_queue_push_tail_link (&rpc->calls, &call->link);
  call->rpc = rpc;
  call->exchange = exchange;
  exchange->waiting++;
  call->method = method;
  call->node = json_node_ref (node);
  call->id = request->id;
  call->params = json_object_ref (request->params != NULL ? request->params : rpc->no_params);
  call->notification = request->notification;
  call->start_us = rpc->config.now_us ();
  return call;
}

/* the end of every call: counts it, lets its exchange go on */
static void
call_finish (SigRpcCall *call, int code)
{
  SigExchange *exchange = call->exchange;
  SigRpc *rpc = call->rpc;

  sig_rpc_metrics_count (rpc->measured, call->method != NULL ? (int) call->method->doc->index : -1, code,
                         rpc->config.now_us () - call->start_us);
  g_queue_unlink (&rpc->calls, &call->link);
  call_free (call);
  sig_exchange_unref (exchange);
  if (rpc->draining && g_queue_is_empty (&rpc->calls) && rpc->drained != NULL)
    {
      GSourceOnceFunc drained = g_steal_pointer (&rpc->drained);

      drained (rpc->drained_user);
    }
}

static void
check_result (SigRpcCall *call, const char *text, size_t len)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = json_from_string (text, &error);
  char fault[SIG_SCHEMA_FAULT_BYTES];

  g_assert_no_error (error);
  if (!sig_schema_check (call->method->doc->result, node, "result", fault))
    g_error ("%s: %s: %.*s", call->method->doc->name, fault, (int) len, text);
}

void
sig_rpc_reply_text (SigRpcCall *call, const char *text, size_t len)
{
  g_return_if_fail (call != NULL && call->method != NULL);
  if (call->rpc->checking)
    check_result (call, text, len);
  if (call->notification)
    sig_exchange_add_nothing (call->exchange);
  else if (sig_exchange_has_room (call->exchange, len))
    sig_exchange_add_result (call->exchange, call->id, text, len);
  else
    {
      sig_rpc_fail (call, SIG_RPC_LIMIT, "answers", "the answers of this batch are too large together", 0);
      return;
    }
  call_finish (call, 0);
}

void
sig_rpc_reply_object (SigRpcCall *call, JsonObject *result)
{
  g_autoptr (GString) text = g_string_sized_new (256);

  sig_json_append_object (text, result);
  json_object_unref (result);
  sig_rpc_reply_text (call, text->str, text->len);
}

void
sig_rpc_reply (SigRpcCall *call, JsonNode *result)
{
  sig_rpc_reply_object (call, result != NULL ? json_node_dup_object (result) : json_object_new ());
  g_clear_pointer (&result, json_node_unref);
}

void
sig_rpc_fail_with (SigRpcCall *call, int code, const char *reason, const char *message, int64_t retry_after_ms,
                   JsonObject *extra)
{
  SigEnvelopeError error = { code, reason, message, retry_after_ms, extra };

  g_return_if_fail (call != NULL);
  if (call->rpc->checking && !sig_openrpc_has_reason (call->rpc->openrpc, code, reason))
    g_error ("%d %s is not in the table of errors", code, reason);
  if (call->notification)
    sig_exchange_add_nothing (call->exchange);
  else
    code = sig_exchange_add_error (call->exchange, call->id, &error);
  g_clear_pointer (&extra, json_object_unref);
  call_finish (call, code);
}

void
sig_rpc_fail (SigRpcCall *call, int code, const char *reason, const char *message, int64_t retry_after_ms)
{
  sig_rpc_fail_with (call, code, reason, message, retry_after_ms, NULL);
}

static SigEnvelopeError
error_from (const GError *error, const char *method)
{
  static const int codes[MSG_ERROR_N] = {
    [MSG_ERROR_INVALID] = SIG_RPC_INVALID_PARAMS,
    [MSG_ERROR_NOT_FOUND] = SIG_RPC_NOT_FOUND,
    [MSG_ERROR_CONFLICT] = SIG_RPC_CONFLICT,
    [MSG_ERROR_UNAUTHENTICATED] = SIG_RPC_UNAUTHENTICATED,
    [MSG_ERROR_FORBIDDEN] = SIG_RPC_FORBIDDEN,
    [MSG_ERROR_LIMIT] = SIG_RPC_LIMIT,
    [MSG_ERROR_GONE] = SIG_RPC_GONE,
    [MSG_ERROR_UNAVAILABLE] = SIG_RPC_UNAVAILABLE,
  };

  if (error->domain == MSG_ERROR && error->code >= 0 && error->code < MSG_ERROR_N)
    return (SigEnvelopeError){ codes[error->code], msg_error_get_reason (error), error->message,
                               msg_error_get_retry_after_ms (error), NULL };
  al_error ("a method failed", "method", method, "error", error->message);
  return (SigEnvelopeError){ SIG_RPC_INTERNAL, "internal", "internal error", 0, NULL };
}

void
sig_rpc_fail_error (SigRpcCall *call, const GError *error)
{
  SigEnvelopeError e;

  g_return_if_fail (error != NULL);
  e = error_from (error, call->method != NULL ? call->method->doc->name : "");
  sig_rpc_fail (call, e.code, e.reason, e.message, e.retry_after_ms);
}

/* Returns: whether @caller may; answers @call otherwise */
static bool
check_access (SigRpcCall *call, const SigCaller *caller)
{
  SigRpcAccess access = call->method->doc->access;
  bool known = caller->session != NULL || caller->backend != NULL || caller->admin;
  bool guest = caller->session != NULL && sig_session_get_guest_room (caller->session) != 0;

  if (access == SIG_RPC_ANYONE || (access == SIG_RPC_SESSION && caller->session != NULL && !guest)
      || (access == SIG_RPC_PARTICIPANT && caller->session != NULL)
      || (access == SIG_RPC_BACKEND && (caller->backend != NULL || caller->admin))
      || (access == SIG_RPC_ADMIN && caller->admin))
    return true;
  if (!known)
    sig_rpc_fail (call, SIG_RPC_UNAUTHENTICATED, "unauthenticated", "start a session or send a Bearer token first", 0);
  else if (guest)
    sig_rpc_fail (call, SIG_RPC_FORBIDDEN, "guest", "guests have the methods of their room alone", 0);
  else
    sig_rpc_fail (call, SIG_RPC_FORBIDDEN, "forbidden", "this method is not for this kind of caller", 0);
  return false;
}

static void
start_call (SigRpcCall *call)
{
  SigExchange *exchange = call->exchange;
  char fault[SIG_SCHEMA_FAULT_BYTES];
  g_autoptr (JsonNode) params = NULL;

  if (!check_access (call, &exchange->caller))
    return;
  params = json_node_alloc ();
  json_node_init_object (params, call->params);
  if (!sig_schema_check (call->method->doc->params, params, "params", fault))
    sig_rpc_fail (call, SIG_RPC_INVALID_PARAMS, "invalid_params", fault, 0);
  else
    call->method->fn (call, call->params, call->method->user);
}

static const Method *
find_method (SigRpc *rpc, const char *name)
{
  const SigMethodDoc *doc = name != NULL ? sig_openrpc_find_method (rpc->openrpc, name) : NULL;

  return doc != NULL && rpc->methods[doc->index].fn != NULL ? &rpc->methods[doc->index] : NULL;
}

static void
start_request (SigRpc *rpc, SigExchange *exchange, JsonNode *node)
{
  SigRequest request;
  SigEnvelopeFault fault = sig_request_read (node, &request);
  SigRpcCall *call = call_new (rpc, exchange, node, &request, find_method (rpc, request.method));

  if (fault == SIG_ENVELOPE_INVALID)
    sig_rpc_fail (call, SIG_RPC_INVALID_REQUEST, "invalid_request", "not a JSON-RPC 2.0 request", 0);
  else if (rpc->draining)
    sig_rpc_fail (call, SIG_RPC_UNAVAILABLE, "shutting_down", "the server is shutting down; connect again", 1000);
  else if (call->method == NULL)
    sig_rpc_fail (call, SIG_RPC_METHOD_NOT_FOUND, "method_not_found", "no such method", 0);
  else if (fault == SIG_ENVELOPE_POSITIONAL)
    sig_rpc_fail (call, SIG_RPC_INVALID_PARAMS, "invalid_params", "params: expected an object", 0);
  else
    start_call (call);
}

static void
refuse_message (SigRpc *rpc, SigExchange *exchange, SigEnvelopeFault fault)
{
  SigEnvelopeError error = { SIG_RPC_INVALID_REQUEST, "invalid_request", "not a JSON-RPC 2.0 request", 0, NULL };

  if (fault == SIG_ENVELOPE_PARSE)
    error = (SigEnvelopeError){ SIG_RPC_PARSE_ERROR, "parse_error", "not strict JSON", 0, NULL };
  else if (fault == SIG_ENVELOPE_BATCH)
    error = (SigEnvelopeError){ SIG_RPC_INVALID_REQUEST, "batch_too_large", "more than 50 requests", 0, NULL };
  (void) sig_exchange_add_error (exchange, NULL, &error);
  sig_rpc_metrics_count (rpc->measured, -1, error.code, 0);
}

void
sig_rpc_dispatch (SigRpc *rpc, const SigCaller *caller, const char *text, size_t len)
{
  g_autoptr (JsonNode) root = NULL;
  SigEnvelopeFault fault = sig_envelope_parse (text, len, &root);
  JsonArray *list = fault == SIG_ENVELOPE_OK && JSON_NODE_HOLDS_ARRAY (root) ? json_node_get_array (root) : NULL;
  unsigned n = list != NULL ? json_array_get_length (list) : 0;
  SigExchange *exchange = sig_exchange_new (&rpc->config, caller, n);

  if (fault != SIG_ENVELOPE_OK)
    refuse_message (rpc, exchange, fault);
  else if (list == NULL)
    start_request (rpc, exchange, root);
  for (unsigned i = 0; i < n; i++)
    start_request (rpc, exchange, json_array_get_element (list, i));
  sig_exchange_unref (exchange);
}

void
sig_rpc_refuse (SigRpc *rpc, SigConnId conn, const GError *error)
{
  SigCaller caller = { .conn = conn };
  SigEnvelopeError e = error_from (error, "");
  SigExchange *exchange = sig_exchange_new (&rpc->config, &caller, 0);

  (void) sig_exchange_add_error (exchange, NULL, &e);
  sig_rpc_metrics_count (rpc->measured, -1, e.code, 0);
  sig_exchange_unref (exchange);
}

SigRpc *
sig_rpc_new (const SigRpcConfig *config, GError **error)
{
  SigOpenrpc *openrpc = sig_openrpc_new (error);
  SigRpc *rpc;
  unsigned n;

  if (openrpc == NULL)
    return NULL;
  rpc = g_new0 (SigRpc, 1);
  rpc->config = *config;
  rpc->openrpc = openrpc;
  n = sig_openrpc_get_n_methods (openrpc);
  rpc->methods = g_new0 (Method, n);
  for (unsigned i = 0; i < n; i++)
    rpc->methods[i].doc = sig_openrpc_get_method (openrpc, i);
  rpc->measured = sig_rpc_metrics_new (config->metrics, openrpc);
  rpc->no_params = json_object_new ();
  g_queue_init (&rpc->calls);
  return rpc;
}

void
sig_rpc_free (SigRpc *rpc)
{
  GList *link;

  if (rpc == NULL)
    return;
  while ((link = g_queue_pop_head_link (&rpc->calls)) != NULL)
    {
      SigRpcCall *call = link->data;
      SigExchange *exchange = call->exchange;

      call_free (call);
      sig_exchange_drop (exchange);
    }
  g_free (rpc->methods);
  sig_rpc_metrics_free (rpc->measured);
  json_object_unref (rpc->no_params);
  sig_openrpc_free (rpc->openrpc);
  g_free (rpc);
}

void
sig_rpc_register (SigRpc *rpc, const char *name, SigRpcAccess access, SigRpcFn fn, gpointer user)
{
  const SigMethodDoc *doc = sig_openrpc_find_method (rpc->openrpc, name);

  if (doc == NULL || doc->access != access)
    g_error ("%s is not in openrpc.json with that access", name);
  g_assert (rpc->methods[doc->index].fn == NULL && fn != NULL);
  rpc->methods[doc->index].fn = fn;
  rpc->methods[doc->index].user = user;
}

const SigOpenrpc *
sig_rpc_get_openrpc (const SigRpc *rpc)
{
  return rpc->openrpc;
}

const char *
sig_rpc_find_unserved (const SigRpc *rpc)
{
  for (unsigned i = 0; i < sig_openrpc_get_n_methods (rpc->openrpc); i++)
    if (rpc->methods[i].fn == NULL)
      return rpc->methods[i].doc->name;
  return NULL;
}

void
sig_rpc_set_checking (SigRpc *rpc, bool checking)
{
  rpc->checking = checking;
}

void
sig_rpc_drain (SigRpc *rpc, GSourceOnceFunc done, gpointer user)
{
  rpc->draining = true;
  rpc->drained = done;
  rpc->drained_user = user;
  if (g_queue_is_empty (&rpc->calls))
    {
      rpc->drained = NULL;
      done (user);
    }
}

bool
sig_rpc_is_draining (const SigRpc *rpc)
{
  return rpc->draining;
}

unsigned
sig_rpc_get_in_flight (const SigRpc *rpc)
{
  return rpc->calls.length;
}

SigSession *
sig_rpc_call_get_session (SigRpcCall *call)
{
  return call->exchange->caller.session;
}

bool
sig_rpc_call_is_admin (SigRpcCall *call)
{
  return call->exchange->caller.admin;
}

const char *
sig_rpc_call_get_backend (SigRpcCall *call)
{
  return call->exchange->caller.backend;
}

const AlAddr *
sig_rpc_call_get_address (SigRpcCall *call)
{
  return &call->exchange->caller.address;
}

SigConnId
sig_rpc_call_get_conn (SigRpcCall *call)
{
  return call->exchange->caller.conn;
}

bool
sig_rpc_call_is_websocket (SigRpcCall *call)
{
  return call->exchange->caller.websocket;
}

bool
sig_rpc_call_is_batched (SigRpcCall *call)
{
  return call->exchange->list;
}
