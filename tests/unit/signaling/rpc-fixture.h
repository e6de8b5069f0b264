/* SPDX-License-Identifier: Apache-2.0 */
/* The dispatcher over a fake front, with methods that answer at once, later, or fail. Included once in a program. */
#pragma once

#include "fake-transport.h"
#include "messaging/core.h"
#include "signaling/exchange.h"
#include "signaling/rpc-private.h"
#include "signaling/session-private.h"

static int64_t clock_us;

static inline int64_t
read_clock (void)
{
  return clock_us;
}

typedef struct {
  FakeTransport fake;
  AlMetrics *metrics;
  SigRpc *rpc;
  SigSession *session;
  GQueue held;      /* SigRpcCall of methods that answer later */
  unsigned n_calls; /* handlers called */
} Fixture;

/* server.info: answers at once */
static inline void
answer_now (SigRpcCall *call, JsonObject *params, gpointer user)
{
  ((Fixture *) user)->n_calls++;
  sig_rpc_reply (call, NULL);
}

/* user.find: answers when the test says so */
static inline void
answer_later (SigRpcCall *call, JsonObject *params, gpointer user)
{
  Fixture *f = user;

  f->n_calls++;
  g_assert_nonnull (json_object_get_string_member (params, "username"));
  g_queue_push_tail (&f->held, call);
}

/* account.login: fails at once, as its username says */
static inline void
fail_now (SigRpcCall *call, JsonObject *params, gpointer user)
{
  const char *what = json_object_get_string_member (params, "username");
  g_autoptr (GError) error = NULL;

  ((Fixture *) user)->n_calls++;
  if (g_str_equal (what, "limited"))
    error = msg_error_new_retry (MSG_ERROR_LIMIT, "login_rate", 2500, "too many attempts");
  else if (g_str_equal (what, "strange"))
    g_set_error (&error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "/etc/secret is not there");
  else
    error = msg_error_new (MSG_ERROR_UNAUTHENTICATED, "bad_password", "unknown user or wrong password");
  sig_rpc_fail_error (call, error);
}

static inline void
fail_with_extra (SigRpcCall *call, JsonObject *params, gpointer user)
{
  JsonObject *extra = json_object_new ();

  json_object_set_string_member (extra, "callId", "AAECAwQFBgcICQoLDA0ODw");
  sig_rpc_fail_with (call, SIG_RPC_CONFLICT, "glare", "both called", 0, extra);
}

static inline SigSession *
make_session (void)
{
  char name[] = "alice";
  MsgUser user = { .id = 1, .username = name, .display_name = name };
  MsgDevice device = { .id = 11, .user_id = 1, .name = name, .platform = name };

  return sig_session_new_transient (&user, &device);
}

static inline void
set_up (Fixture *f, gconstpointer data)
{
  SigRpcConfig config = { &fake_transport, &f->fake, NULL, read_clock };
  g_autoptr (GError) error = NULL;

  g_queue_init (&f->fake.events);
  g_queue_init (&f->held);
  f->metrics = config.metrics = al_metrics_new ();
  f->rpc = sig_rpc_new (&config, &error);
  g_assert_no_error (error);
  f->session = make_session ();
  sig_rpc_register (f->rpc, "server.info", SIG_RPC_ANYONE, answer_now, f);
  sig_rpc_register (f->rpc, "user.find", SIG_RPC_SESSION, answer_later, f);
  sig_rpc_register (f->rpc, "account.login", SIG_RPC_ANYONE, fail_now, f);
  sig_rpc_register (f->rpc, "call.ring", SIG_RPC_SESSION, fail_with_extra, f);
  sig_rpc_register (f->rpc, "backend.callList", SIG_RPC_BACKEND, answer_now, f);
  sig_rpc_register (f->rpc, "admin.status", SIG_RPC_ADMIN, answer_now, f);
}

static inline void
tear_down (Fixture *f, gconstpointer data)
{
  sig_rpc_free (f->rpc);
  sig_session_unref (f->session);
  al_metrics_free (f->metrics);
  fake_clear (&f->fake);
  g_queue_clear (&f->held);
}

static inline void
say (Fixture *f, const char *text)
{
  SigCaller caller = { .conn = 1, .websocket = true, .session = f->session };

  sig_rpc_dispatch (f->rpc, &caller, text, strlen (text));
}

static inline void
post (Fixture *f, const char *text)
{
  SigCaller caller = { .conn = 9 };

  sig_rpc_dispatch (f->rpc, &caller, text, strlen (text));
}

#define INFO(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"server.info\"}"
#define FIND(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"user.find\",\"params\":{\"username\":\"bob\"}}"
#define LOGIN(id, name)                                                                                                \
  "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"account.login\",\"params\":{\"username\":\"" name                   \
  "\",\"password\":\"x\",\"device\":{\"name\":\"n\",\"platform\":\"p\","                                               \
  "\"identityKey\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}}}"
#define RESULT(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":{}}"
#define ERROR(id, code, message, data) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"error\":{\"code\":" code ",\"message\":\"" message "\",\"data\":{" data "}}}"
#define INVALID(id) ERROR (id, "-32600", "not a JSON-RPC 2.0 request", "\"reason\":\"invalid_request\"")

#define ADD(name, fn) g_test_add ("/signaling/rpc/" name, Fixture, NULL, set_up, fn, tear_down)
