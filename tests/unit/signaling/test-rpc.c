/* SPDX-License-Identifier: Apache-2.0 */
/* Single requests: results, errors, who may call what, draining. */
#include "rpc-fixture.h"

static void
test_result (Fixture *f, gconstpointer data)
{
  say (f, INFO ("7"));
  fake_expect (&f->fake, "send 1 " RESULT ("7"));
  fake_expect (&f->fake, "done 1");
  say (f, INFO ("\"a\""));
  fake_expect (&f->fake, "send 1 " RESULT ("\"a\""));
  fake_expect (&f->fake, "done 1");
  say (f, INFO ("null"));
  fake_expect (&f->fake, "send 1 " RESULT ("null"));
  fake_expect (&f->fake, "done 1");
  say (f, INFO ("1.5"));
  fake_expect (&f->fake, "send 1 " RESULT ("1.5"));
  fake_expect (&f->fake, "done 1");
  fake_expect_nothing (&f->fake);
}

static void
test_notification (Fixture *f, gconstpointer data)
{
  say (f, "{\"jsonrpc\":\"2.0\",\"method\":\"server.info\"}");
  g_assert_cmpuint (f->n_calls, ==, 1);
  fake_expect (&f->fake, "done 1");
  /* its errors go nowhere either */
  say (f, "{\"jsonrpc\":\"2.0\",\"method\":\"server.info\",\"params\":{\"a\":1}}");
  say (f, "{\"jsonrpc\":\"2.0\",\"method\":\"no.such\"}");
  fake_expect (&f->fake, "done 1");
  fake_expect (&f->fake, "done 1");
  fake_expect_nothing (&f->fake);
  g_assert_cmpuint (f->n_calls, ==, 1);
}

static void
test_later (Fixture *f, gconstpointer data)
{
  say (f, FIND ("1"));
  say (f, FIND ("2"));
  fake_expect_nothing (&f->fake);
  g_assert_cmpuint (sig_rpc_get_in_flight (f->rpc), ==, 2);
  sig_rpc_reply (g_queue_pop_tail (&f->held), NULL);
  fake_expect (&f->fake, "send 1 " RESULT ("2"));
  fake_expect (&f->fake, "done 1");
  sig_rpc_reply (g_queue_pop_tail (&f->held), NULL);
  fake_expect (&f->fake, "send 1 " RESULT ("1"));
  fake_expect (&f->fake, "done 1");
  g_assert_cmpuint (sig_rpc_get_in_flight (f->rpc), ==, 0);
}

static void
test_errors (Fixture *f, gconstpointer data)
{
  static const struct {
    const char *in, *out;
  } rows[] = {
    { "", ERROR ("null", "-32700", "not strict JSON", "\"reason\":\"parse_error\"") },
    { "{\"a\":1,\"a\":2}", ERROR ("null", "-32700", "not strict JSON", "\"reason\":\"parse_error\"") },
    { "[]", INVALID ("null") },
    { "7", INVALID ("null") },
    { "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":7}", INVALID ("3") },
    { "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"no.such\"}",
      ERROR ("3", "-32601", "no such method", "\"reason\":\"method_not_found\"") },
    /* in the document, but nobody has registered it */
    { "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"session.list\"}",
      ERROR ("3", "-32601", "no such method", "\"reason\":\"method_not_found\"") },
    { "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"server.info\",\"params\":[]}",
      ERROR ("3", "-32602", "params: expected an object", "\"reason\":\"invalid_params\"") },
    { "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"server.info\",\"params\":{\"x\":1}}",
      ERROR ("3", "-32602", "params.x: unknown member", "\"reason\":\"invalid_params\"") },
    { "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"user.find\"}",
      ERROR ("3", "-32602", "params.username: missing", "\"reason\":\"invalid_params\"") },
    { LOGIN ("3", "bob"), ERROR ("3", "-32001", "unknown user or wrong password", "\"reason\":\"bad_password\"") },
    { LOGIN ("3", "limited"),
      ERROR ("3", "-32005", "too many attempts", "\"reason\":\"login_rate\",\"retryAfterMs\":2500") },
    /* what is no error of ours is not told */
    { LOGIN ("3", "strange"), ERROR ("3", "-32603", "internal error", "\"reason\":\"internal\"") },
    { "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"call.ring\",\"params\":{\"callId\":\"AAECAwQFBgcICQoLDA0ODw\"}}",
      ERROR ("3", "-32004", "both called", "\"reason\":\"glare\",\"callId\":\"AAECAwQFBgcICQoLDA0ODw\"") },
  };

  sig_rpc_set_checking (f->rpc, true);
  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *expected = g_strconcat ("send 1 ", rows[i].out, NULL);

      say (f, rows[i].in);
      fake_expect (&f->fake, expected);
      fake_expect (&f->fake, "done 1");
    }
  fake_expect_nothing (&f->fake);
}

static void
test_access (Fixture *f, gconstpointer data)
{
  static const struct {
    const char *method;
    bool nobody, device, backend, admin;
  } rows[] = {
    { "server.info", true, true, true, true },
    { "user.find", false, true, false, false },
    { "backend.callList", false, false, true, true },
    { "admin.status", false, false, false, true },
  };
  const SigCaller callers[] = { { .conn = 1, .websocket = true },
                                { .conn = 1, .websocket = true, .session = f->session },
                                { .conn = 1, .websocket = true, .backend = "shop" },
                                { .conn = 1, .websocket = true, .admin = true } };

  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const bool allowed[] = { rows[i].nobody, rows[i].device, rows[i].backend, rows[i].admin };
      const char *params = g_str_equal (rows[i].method, "user.find") ? "{\"username\":\"x\"}" : "{}";
      g_autofree char *text = g_strdup_printf ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":%s}",
                                               rows[i].method, params);

      for (unsigned j = 0; j < G_N_ELEMENTS (callers); j++)
        {
          g_autofree char *event = NULL;

          sig_rpc_dispatch (f->rpc, &callers[j], text, strlen (text));
          if (!g_queue_is_empty (&f->held))
            sig_rpc_reply (g_queue_pop_head (&f->held), NULL);
          event = fake_take (&f->fake);
          fake_expect (&f->fake, "done 1");
          if (allowed[j])
            g_assert_cmpstr (event, ==, "send 1 " RESULT ("1"));
          else
            g_assert_nonnull (strstr (event, j == 0 ? "\"reason\":\"unauthenticated\"" : "\"reason\":\"forbidden\""));
        }
    }
}

static void
keep_caller (SigRpcCall *call, JsonObject *params, gpointer user)
{
  Fixture *f = user;

  g_assert_true (sig_rpc_call_get_session (call) == f->session);
  g_assert_false (sig_rpc_call_is_admin (call));
  g_assert_null (sig_rpc_call_get_backend (call));
  g_assert_cmpint (sig_rpc_call_get_address (call)->sa.sa_family, ==, AF_INET);
  g_assert_cmpuint (sig_rpc_call_get_conn (call), ==, 5);
  g_assert_false (sig_rpc_call_is_websocket (call));
  g_assert_true (sig_rpc_call_is_batched (call));
  f->n_calls++;
  sig_rpc_reply (call, NULL);
}

static void
test_caller (Fixture *f, gconstpointer data)
{
  static const char text[] = "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"session.list\"}]";
  SigCaller caller = { .conn = 5, .address.sa.sa_family = AF_INET, .session = f->session };

  sig_rpc_register (f->rpc, "session.list", SIG_RPC_SESSION, keep_caller, f);
  sig_rpc_dispatch (f->rpc, &caller, text, strlen (text));
  g_assert_cmpuint (f->n_calls, ==, 1);
}

static void
test_post (Fixture *f, gconstpointer data)
{
  post (f, INFO ("1"));
  fake_expect (&f->fake, "respond 9 200 0 " RESULT ("1"));
  post (f, "{\"jsonrpc\":\"2.0\",\"method\":\"server.info\"}");
  fake_expect (&f->fake, "respond 9 204 0 ");
  post (f, "{");
  fake_expect_prefix (&f->fake, "respond 9 400 0 {");
  post (f, "{}");
  fake_expect_prefix (&f->fake, "respond 9 400 0 {");
  post (f, FIND ("1"));
  fake_expect_prefix (&f->fake, "respond 9 401 0 {");
  post (f, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"no.such\"}");
  fake_expect_prefix (&f->fake, "respond 9 200 0 {");
  post (f, LOGIN ("1", "limited"));
  fake_expect_prefix (&f->fake, "respond 9 429 3 {");
  post (f, "[" LOGIN ("1", "limited") "," INFO ("2") "]");
  fake_expect_prefix (&f->fake, "respond 9 200 3 [");
  fake_expect_nothing (&f->fake);
}

static void
test_refuse (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) bad = msg_error_new (MSG_ERROR_UNAUTHENTICATED, "bad_token", "unknown token");
  g_autoptr (GError) busy = msg_error_new_retry (MSG_ERROR_UNAVAILABLE, "busy", 1, "busy");

  sig_rpc_refuse (f->rpc, 9, bad);
  fake_expect (&f->fake, "respond 9 401 0 " ERROR ("null", "-32001", "unknown token", "\"reason\":\"bad_token\""));
  sig_rpc_refuse (f->rpc, 9, busy);
  fake_expect_prefix (&f->fake, "respond 9 503 1 {");
}

static void
on_drained (gpointer user)
{
  (*(unsigned *) user)++;
}

static void
test_drain (Fixture *f, gconstpointer data)
{
  unsigned n = 0;

  say (f, FIND ("1"));
  sig_rpc_drain (f->rpc, on_drained, &n);
  g_assert_true (sig_rpc_is_draining (f->rpc));
  g_assert_cmpuint (n, ==, 0);
  say (f, INFO ("2"));
  fake_expect_prefix (&f->fake, "send 1 {\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":-32007");
  fake_expect (&f->fake, "done 1");
  g_assert_cmpuint (f->n_calls, ==, 1);
  g_assert_cmpuint (n, ==, 0);
  sig_rpc_reply (g_queue_pop_head (&f->held), NULL);
  fake_expect (&f->fake, "send 1 " RESULT ("1"));
  g_assert_cmpuint (n, ==, 1);
  say (f, INFO ("3"));
  g_assert_cmpuint (n, ==, 1);
}

static void
test_drain_idle (Fixture *f, gconstpointer data)
{
  unsigned n = 0;

  sig_rpc_drain (f->rpc, on_drained, &n);
  g_assert_cmpuint (n, ==, 1);
}

/* leaks are the sanitizer's to find */
static void
test_free_in_flight (Fixture *f, gconstpointer data)
{
  say (f, FIND ("1"));
  say (f, "[" FIND ("1") "," FIND ("2") "," INFO ("3") "]");
  post (f, FIND ("4"));
  g_assert_cmpuint (sig_rpc_get_in_flight (f->rpc), ==, 3);
}

static uint64_t
count (Fixture *f, const char *method, const char *outcome)
{
  g_autofree char *labels = g_strdup_printf ("method=\"%s\",outcome=\"%s\"", method, outcome);

  return al_counter_get (al_metrics_counter (f->metrics, "aldis_rpc_calls", "", labels));
}

static void
test_metrics (Fixture *f, gconstpointer data)
{
  say (f, INFO ("1"));
  say (f, INFO ("1"));
  say (f, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server.info\",\"params\":{\"x\":1}}");
  say (f, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"no.such\"}");
  say (f, "{");
  say (f, LOGIN ("1", "limited"));
  say (f, LOGIN ("1", "bob"));
  say (f, LOGIN ("1", "strange"));
  g_assert_cmpuint (count (f, "server.info", "ok"), ==, 2);
  g_assert_cmpuint (count (f, "server.info", "invalid"), ==, 1);
  g_assert_cmpuint (count (f, "none", "invalid"), ==, 2);
  g_assert_cmpuint (count (f, "account.login", "limited"), ==, 1);
  g_assert_cmpuint (count (f, "account.login", "denied"), ==, 1);
  g_assert_cmpuint (count (f, "account.login", "failed"), ==, 1);
}

static void
test_unserved (Fixture *f, gconstpointer data)
{
  g_assert_cmpstr (sig_rpc_find_unserved (f->rpc), ==, "rpc.discover");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("result", test_result);
  ADD ("notification", test_notification);
  ADD ("later", test_later);
  ADD ("errors", test_errors);
  ADD ("access", test_access);
  ADD ("caller", test_caller);
  ADD ("post", test_post);
  ADD ("refuse", test_refuse);
  ADD ("drain", test_drain);
  ADD ("drain-idle", test_drain_idle);
  ADD ("free-in-flight", test_free_in_flight);
  ADD ("metrics", test_metrics);
  ADD ("unserved", test_unserved);
  return g_test_run ();
}
