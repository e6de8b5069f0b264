/* SPDX-License-Identifier: Apache-2.0 */
#include "fake-transport.h"
#include "messaging/core.h"
#include "signaling/exchange.h"
#include "signaling/rpc-private.h"
#include "signaling/session-private.h"

static int64_t clock_us;

static int64_t
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
static void
answer_now (SigRpcCall *call, JsonObject *params, gpointer user)
{
  ((Fixture *) user)->n_calls++;
  sig_rpc_reply (call, NULL);
}

/* user.find: answers when the test says so */
static void
answer_later (SigRpcCall *call, JsonObject *params, gpointer user)
{
  Fixture *f = user;

  f->n_calls++;
  g_assert_nonnull (json_object_get_string_member (params, "username"));
  g_queue_push_tail (&f->held, call);
}

/* account.login: fails at once, as its username says */
static void
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

static void
fail_with_extra (SigRpcCall *call, JsonObject *params, gpointer user)
{
  JsonObject *extra = json_object_new ();

  json_object_set_string_member (extra, "callId", "AAECAwQFBgcICQoLDA0ODw");
  sig_rpc_fail_with (call, SIG_RPC_CONFLICT, "glare", "both called", 0, extra);
}

static SigSession *
make_session (void)
{
  char name[] = "alice";
  MsgUser user = { .id = 1, .username = name, .display_name = name };
  MsgDevice device = { .id = 11, .user_id = 1, .name = name, .platform = name };

  return sig_session_new_transient (&user, &device);
}

static void
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

static void
tear_down (Fixture *f, gconstpointer data)
{
  sig_rpc_free (f->rpc);
  sig_session_unref (f->session);
  al_metrics_free (f->metrics);
  fake_clear (&f->fake);
  g_queue_clear (&f->held);
}

static void
say (Fixture *f, const char *text)
{
  SigCaller caller = { .conn = 1, .websocket = true, .session = f->session };

  sig_rpc_dispatch (f->rpc, &caller, text, strlen (text));
}

static void
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
test_batch (Fixture *f, gconstpointer data)
{
  say (f, "[" INFO ("1") ",7," FIND ("2") ",{\"jsonrpc\":\"2.0\",\"method\":\"server.info\"}," INFO ("3") "]");
  fake_expect_nothing (&f->fake);
  g_assert_cmpuint (f->n_calls, ==, 4);
  sig_rpc_reply (g_queue_pop_head (&f->held), NULL);
  fake_expect (&f->fake, "send 1 [" RESULT ("1") "," INVALID ("null") "," RESULT ("3") "," RESULT ("2") "]");
  fake_expect (&f->fake, "done 1");
  fake_expect_nothing (&f->fake);
}

static void
test_batch_of_one (Fixture *f, gconstpointer data)
{
  say (f, "[" INFO ("1") "]");
  fake_expect (&f->fake, "send 1 [" RESULT ("1") "]");
  fake_expect (&f->fake, "done 1");
}

static void
test_batch_of_notifications (Fixture *f, gconstpointer data)
{
  say (f, "[{\"jsonrpc\":\"2.0\",\"method\":\"server.info\"},{\"jsonrpc\":\"2.0\",\"method\":\"server.info\"}]");
  g_assert_cmpuint (f->n_calls, ==, 2);
  fake_expect (&f->fake, "done 1");
  fake_expect_nothing (&f->fake);
}

/* nothing of a batch that is too large is done */
static void
test_batch_too_large (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) text = g_string_new ("[" INFO ("0"));

  for (unsigned i = 1; i < 51; i++)
    g_string_append (text, "," INFO ("1"));
  g_string_append_c (text, ']');
  say (f, text->str);
  g_assert_cmpuint (f->n_calls, ==, 0);
  fake_expect (&f->fake, "send 1 " ERROR ("null", "-32600", "more than 50 requests", "\"reason\":\"batch_too_large\""));
  fake_expect (&f->fake, "done 1");
}

/* 50 requests whose ids take as much room as ids can */
static void
say_largest_batch (Fixture *f)
{
  g_autoptr (GString) text = g_string_new (NULL), id = g_string_new (NULL);

  for (unsigned i = 0; i < SIG_ENVELOPE_MAX_ID - 2; i++)
    g_string_append (id, "\\u0001");
  for (unsigned i = 0; i < SIG_ENVELOPE_MAX_BATCH; i++)
    g_string_append_printf (text, "%c{\"jsonrpc\":\"2.0\",\"id\":\"%s%02u\",\"method\":\"user.find\","
                            "\"params\":{\"username\":\"bob\"}}", i == 0 ? '[' : ',', id->str, i);
  g_string_append_c (text, ']');
  say (f, text->str);
  g_assert_cmpuint (f->held.length, ==, SIG_ENVELOPE_MAX_BATCH);
}

/* Takes the answers of that batch: one for each request. Returns: how many are errors of @reason. */
static unsigned
take_largest_batch (Fixture *f, const char *reason)
{
  g_autofree char *event = g_queue_pop_head (&f->fake.events);
  g_autoptr (JsonNode) root = NULL;
  unsigned n = 0;
  uint64_t ids = 0;
  JsonArray *list;

  g_assert_true (g_str_has_prefix (event, "send 1 ["));
  g_assert_cmpuint (strlen (event + strlen ("send 1 ")), <=, SIG_EXCHANGE_MAX_LIST);
  root = json_from_string (event + strlen ("send 1 "), NULL);
  list = json_node_get_array (root);
  g_assert_cmpuint (json_array_get_length (list), ==, SIG_ENVELOPE_MAX_BATCH);
  for (unsigned i = 0; i < SIG_ENVELOPE_MAX_BATCH; i++)
    {
      JsonObject *answer = json_array_get_object_element (list, i), *error;
      const char *id = json_object_get_string_member (answer, "id");

      ids |= UINT64_C (1) << g_ascii_strtoull (id + SIG_ENVELOPE_MAX_ID - 2, NULL, 10);
      if (!json_object_has_member (answer, "error"))
        continue;
      error = json_object_get_object_member (json_object_get_object_member (answer, "error"), "data");
      n += g_str_equal (json_object_get_string_member (error, "reason"), reason);
    }
  g_assert_cmphex (ids, ==, (UINT64_C (1) << SIG_ENVELOPE_MAX_BATCH) - 1);
  fake_expect (&f->fake, "done 1");
  return n;
}

static void
reply_bytes (Fixture *f, size_t len)
{
  g_autofree char *fill = g_strnfill (len, 'x'), *text = g_strdup_printf ("{\"x\":\"%s\"}", fill);

  sig_rpc_reply_text (g_queue_pop_head (&f->held), text, strlen (text));
}

/* What does not fit any more is told so, and for being told there is always room. */
static void
test_batch_results (Fixture *f, gconstpointer data)
{
  say_largest_batch (f);
  reply_bytes (f, 300000);
  for (unsigned i = 1; i < SIG_ENVELOPE_MAX_BATCH; i++)
    reply_bytes (f, 200000);
  g_assert_cmpuint (take_largest_batch (f, "answers"), ==, SIG_ENVELOPE_MAX_BATCH - 1);
  say_largest_batch (f);
  for (unsigned i = 0; i < SIG_ENVELOPE_MAX_BATCH; i++)
    reply_bytes (f, 1);
  g_assert_cmpuint (take_largest_batch (f, "answers"), ==, 0);

  /* the limit is the batch's */
  say (f, FIND ("7"));
  reply_bytes (f, 2 * SIG_EXCHANGE_MAX_LIST);
  g_assert_cmpuint (strlen (g_queue_peek_head (&f->fake.events)), >, 2 * SIG_EXCHANGE_MAX_LIST);
}

/* An error takes room like a result does. */
static void
test_batch_errors (Fixture *f, gconstpointer data)
{
  g_autofree char *message = g_strnfill (20000, 'y');
  SigRpcCall *call;
  unsigned n_short;

  say_largest_batch (f);
  reply_bytes (f, 200000);
  while ((call = g_queue_pop_head (&f->held)) != NULL)
    sig_rpc_fail (call, SIG_RPC_NOT_FOUND, "user_not_found", message, 0);
  /* 524,288 bytes have room for the result and 15 such errors at most */
  n_short = take_largest_batch (f, "answers");
  g_assert_cmpuint (n_short, >=, SIG_ENVELOPE_MAX_BATCH - 1 - 15);
  g_assert_cmpuint (n_short, <=, SIG_ENVELOPE_MAX_BATCH - 1 - 10);
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

#define ADD(name, fn) g_test_add ("/signaling/rpc/" name, Fixture, NULL, set_up, fn, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("result", test_result);
  ADD ("notification", test_notification);
  ADD ("later", test_later);
  ADD ("errors", test_errors);
  ADD ("batch", test_batch);
  ADD ("batch-of-one", test_batch_of_one);
  ADD ("batch-of-notifications", test_batch_of_notifications);
  ADD ("batch-too-large", test_batch_too_large);
  ADD ("batch-results", test_batch_results);
  ADD ("batch-errors", test_batch_errors);
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
