/* SPDX-License-Identifier: Apache-2.0 */
/* session.*: over WebSocket and POST, and what ends sessions */
#include <openssl/hmac.h>

#include "base/base64url.h"
#include "services-bench.h"
#include "signaling/services-private.h"

static void
notify (Bench *b, const Person *person)
{
  JsonObject *params = json_object_new ();
  MsgId device_id = 0;

  g_assert_true (msg_id_parse (person->device_id, &device_id));
  json_object_set_string_member (params, "callId", "AAECAwQFBgcICQoLDA0ODw");
  sig_sessions_notify (b->sessions, device_id, "call.active", params);
}

static void
expect_note (Bench *b, unsigned conn, unsigned seq)
{
  g_autofree char *event = g_strdup_printf ("send %u {\"jsonrpc\":\"2.0\",\"method\":\"call.active\",\"params\":{\"callId\":"
                                            "\"AAECAwQFBgcICQoLDA0ODw\",\"seq\":%u}}", conn, seq);

  bench_expect (b, event);
}

static void
refuse_token (Bench *b, SigConnId conn, const char *token)
{
  g_autofree char *params = g_strdup_printf ("{'token':'%s'}", token);

  bench_open (b, conn);
  bench_refused (b, conn, "session.start", params, -32001, "bad_token");
}

static void
test_start (Bench *b, gconstpointer data)
{
  g_auto (Person) alice = { 0 };
  g_autoptr (JsonObject) session = NULL;

  bench_open (b, 1);
  alice = bench_login (b, 1, "account.register", "alice", 0);
  bench_refused (b, 1, "session.list", "{}", -32001, "unauthenticated");
  session = bench_start (b, &alice, 1, NULL);
  g_assert_cmpstr (json_object_get_string_member (json_object_get_object_member (session, "user"), "username"), ==, "alice");
  g_assert_cmpstr (json_object_get_string_member (json_object_get_object_member (session, "device"), "id"), ==,
                   alice.device_id);
  g_assert_cmpint (json_object_get_int_member (session, "serverTime"), ==, BENCH_NOW_MS);
  g_assert_cmpint (json_object_get_int_member (session, "seq"), ==, 0);
  g_assert_false (json_object_get_boolean_member (session, "resumed"));
  g_assert_false (json_object_get_boolean_member (session, "resync"));
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (session, "calls")), ==, 0);
  notify (b, &alice);
  expect_note (b, 1, 1);
}

static void
test_start_refused (Bench *b, gconstpointer data)
{
  g_auto (Person) alice = bench_person (b, 1, "alice", 0);
  g_autofree char *again = g_strdup_printf ("{'token':'%s'}", alice.token);
  g_autofree char *batch = g_strdup_printf ("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"session.start\",\"params\":"
                                            "{\"token\":\"%s\"}}]", alice.token);
  SigPeer peer = { 0 };
  g_autoptr (JsonNode) posted = bench_post (b, &peer, "session.start", again, 400);
  g_autofree char *event = NULL;

  bench_assert_error (posted, -32600, "websocket_only");
  bench_refused (b, 1, "session.start", again, -32004, "session_started");
  refuse_token (b, 2, "als_nothing");
  bench_refused (b, 2, "session.start", "{}", -32602, "invalid_params");
  bench_refused (b, 2, "session.start", "{'token':'x','jwt':'y'}", -32602, "invalid_params");
  bench_refused (b, 2, "session.start", "{'token':'x','lastSeq':-1}", -32602, "invalid_params");
  bench_refused (b, 2, "session.start", "{'jwt':'x.y.z','device':{'name':'n','platform':'p','identityKey':"
                 "'11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'}}", -32001, "jwt");
  sig_gate_ops ()->on_message (2, batch, strlen (batch), &b->gate);
  event = bench_take (b);
  g_assert_nonnull (strstr (event, "not_in_batch"));
}

static void
test_resume (Bench *b, gconstpointer data)
{
  g_auto (Person) alice = bench_person (b, 1, "alice", 0);
  g_autoptr (JsonObject) session = NULL;

  notify (b, &alice);
  notify (b, &alice);
  bench_close (b, 1);
  notify (b, &alice);
  expect_note (b, 1, 1);
  expect_note (b, 1, 2);
  bench_open (b, 2);
  session = bench_start (b, &alice, 2, "1");
  g_assert_true (json_object_get_boolean_member (session, "resumed"));
  g_assert_cmpint (json_object_get_int_member (session, "seq"), ==, 3);
  expect_note (b, 2, 2);
  expect_note (b, 2, 3);
  fake_expect_nothing (&b->fake);
}

static void
test_resync (Bench *b, gconstpointer data)
{
  g_auto (Person) alice = { 0 };
  g_autoptr (JsonObject) session = NULL;

  bench_open (b, 1);
  alice = bench_login (b, 1, "account.register", "alice", 0);
  session = bench_start (b, &alice, 1, "57");
  g_assert_false (json_object_get_boolean_member (session, "resumed"));
  g_assert_true (json_object_get_boolean_member (session, "resync"));
  g_assert_cmpint (json_object_get_int_member (session, "seq"), ==, 58);
}

static void
test_take_over (Bench *b, gconstpointer data)
{
  g_auto (Person) alice = bench_person (b, 1, "alice", 0);
  g_autofree char *params = g_strdup_printf ("{'token':'%s'}", alice.token);
  g_autoptr (JsonNode) answer = NULL;

  bench_open (b, 2);
  bench_say (b, 2, "session.start", params);
  bench_expect (b, "close 1 4001");
  answer = bench_answer (b, 2);
  /* what the older connection still says comes from nobody, and its end changes nothing */
  bench_refused (b, 1, "session.list", "{}", -32001, "unauthenticated");
  bench_close (b, 1);
  notify (b, &alice);
  expect_note (b, 2, 1);
}

/* the connection goes while its token is being looked up */
static void
test_gone_while_starting (Bench *b, gconstpointer data)
{
  g_auto (Person) alice = { 0 };
  g_autofree char *params = NULL;

  bench_open (b, 1);
  alice = bench_login (b, 1, "account.register", "alice", 0);
  params = g_strdup_printf ("{'token':'%s'}", alice.token);
  bench_say (b, 1, "session.start", params);
  bench_close (b, 1);
  {
    g_autofree char *event = bench_take (b);

    g_assert_nonnull (strstr (event, "\"closing\""));
  }
  g_assert_cmpuint (sig_sessions_get_n (b->sessions), ==, 0);
}

/* two session.start at once on one connection: one of them wins */
static void
test_start_twice (Bench *b, gconstpointer data)
{
  g_auto (Person) alice = { 0 };
  g_autofree char *params = NULL;
  g_autoptr (JsonNode) first = NULL;
  g_autoptr (JsonNode) second = NULL;

  bench_open (b, 1);
  alice = bench_login (b, 1, "account.register", "alice", 0);
  params = g_strdup_printf ("{'token':'%s'}", alice.token);
  bench_say (b, 1, "session.start", params);
  bench_say (b, 1, "session.start", params);
  first = bench_answer (b, 1);
  second = bench_answer (b, 1);
  g_assert_true (json_object_has_member (json_node_get_object (first), "result"));
  bench_assert_error (second, -32004, "session_started");
}

static void
test_list (Bench *b, gconstpointer data)
{
  g_auto (Person) one = bench_person (b, 1, "alice", 0);
  g_auto (Person) two = bench_device (b, 2, "alice", 1);
  g_autoptr (JsonObject) result = bench_call (b, 2, "session.list", "{}");
  JsonArray *list = json_object_get_array_member (result, "sessions");
  unsigned n_current = 0;

  g_assert_cmpuint (json_array_get_length (list), ==, 2);
  for (unsigned i = 0; i < 2; i++)
    {
      JsonObject *entry = json_array_get_object_element (list, i);
      const char *id = json_object_get_string_member (json_object_get_object_member (entry, "device"), "id");

      n_current += json_object_get_boolean_member (entry, "current");
      g_assert_true (json_object_get_boolean_member (entry, "current") == g_str_equal (id, two.device_id));
    }
  g_assert_cmpuint (n_current, ==, 1);
}

static void
test_revoke_other (Bench *b, gconstpointer data)
{
  g_auto (Person) one = bench_person (b, 1, "alice", 0);
  g_auto (Person) two = bench_device (b, 2, "alice", 1);
  g_auto (Person) bob = bench_person (b, 3, "bob", 2);
  g_autofree char *params = g_strdup_printf ("{'deviceId':'%s'}", two.device_id);
  g_autofree char *foreign = g_strdup_printf ("{'deviceId':'%s'}", bob.device_id);
  g_autoptr (JsonNode) answer = NULL;
  g_autoptr (JsonObject) result = NULL;

  bench_refused (b, 1, "session.revoke", foreign, -32003, "session");
  bench_say (b, 1, "session.revoke", params);
  bench_expect (b, "close 2 4003");
  answer = bench_answer (b, 1);
  result = bench_member (answer, "result");
  refuse_token (b, 4, two.token);
}

/* who logs out hears so before the connection closes */
static void
test_log_out (Bench *b, gconstpointer data)
{
  g_auto (Person) alice = bench_person (b, 1, "alice", 0);
  g_autofree char *params = g_strdup_printf ("{'deviceId':'%s'}", alice.device_id);
  g_autoptr (JsonObject) result = bench_call (b, 1, "session.revoke", params);

  bench_expect (b, "close 1 4003");
  bench_close (b, 1);
  refuse_token (b, 2, alice.token);
  g_assert_cmpuint (sig_sessions_get_n (b->sessions), ==, 0);
}

static void
test_log_out_twice (Bench *b, gconstpointer data)
{
  g_auto (Person) alice = bench_person (b, 1, "alice", 0);
  g_autofree char *params = g_strdup_printf ("{'deviceId':'%s'}", alice.device_id);
  unsigned n_answers = 0;

  bench_say (b, 1, "session.revoke", params);
  bench_say (b, 1, "session.revoke", params);
  while (n_answers < 2)
    {
      g_autofree char *event = bench_take (b);

      n_answers += g_str_has_prefix (event, "send 1 ");
    }
}

/* the same device logs in anew: the older token is dead */
static void
test_replaced (Bench *b, gconstpointer data)
{
  g_auto (Person) alice = bench_person (b, 1, "alice", 0);
  g_autofree char *params = g_strdup_printf ("{'username':'alice','password':'password of alice','device':{'id':'%s',"
                                             "'name':'n','platform':'p','identityKey':'%s'}}",
                                             alice.device_id, bench_keys[0]);
  g_autoptr (JsonNode) answer = NULL;
  g_autoptr (JsonObject) login = NULL;

  bench_open (b, 2);
  bench_say (b, 2, "account.login", params);
  bench_expect (b, "close 1 4003");
  answer = bench_answer (b, 2);
  login = bench_member (answer, "result");
  g_assert_cmpstr (json_object_get_string_member (json_object_get_object_member (login, "device"), "id"), ==,
                   alice.device_id);
  refuse_token (b, 3, alice.token);
}

/* A token is revoked while session.start looks it up: whichever was first, no connection keeps the session. */
static void
test_race (Bench *b, gconstpointer data)
{
  g_auto (Person) alice = bench_person (b, 1, "alice", 0);
  g_autofree char *revoke = NULL;

  for (unsigned i = 0; i < 30; i++)
    {
      SigConnId conn = 100 + 2 * i;
      g_auto (Person) two = { 0 };
      g_autofree char *start = NULL;
      unsigned n_answers = 0;

      bench_clock_us += 60 * G_USEC_PER_SEC; /* for the limit of logins */
      bench_open (b, conn);
      two = bench_login (b, conn, "account.login", "alice", 1);
      start = g_strdup_printf ("{'token':'%s'}", two.token);
      revoke = g_strdup_printf ("{'deviceId':'%s'}", two.device_id);
      if (i % 2 == 0)
        bench_say (b, conn, "session.start", start);
      bench_say (b, 1, "session.revoke", revoke);
      if (i % 2 == 1)
        bench_say (b, conn, "session.start", start);
      while (n_answers < 2)
        {
          g_autofree char *event = bench_take (b);

          n_answers += g_str_has_prefix (event, "send ");
        }
      fake_clear (&b->fake);
      g_assert_cmpuint (sig_sessions_get_n (b->sessions), ==, 1);
      g_clear_pointer (&revoke, g_free);
    }
}

static void
test_post (Bench *b, gconstpointer data)
{
  g_auto (Person) alice = bench_person (b, 1, "alice", 0);
  g_autoptr (JsonObject) live = bench_post_as (b, false, alice.token, "session.list", "{}");
  g_autoptr (JsonObject) away = NULL;
  SigPeer stranger = { .bearer = "als_unknown" }, nobody = { 0 };
  g_autoptr (JsonNode) refused = bench_post (b, &stranger, "server.info", "{}", 401);
  g_autoptr (JsonNode) unauthenticated = bench_post (b, &nobody, "session.list", "{}", 401);
  g_autoptr (JsonObject) info = bench_post_as (b, false, NULL, "server.info", "{}");

  bench_assert_error (refused, -32001, "bad_token");
  bench_assert_error (unauthenticated, -32001, "unauthenticated");
  bench_close (b, 1);
  for (unsigned i = 0; i < 2; i++)
    {
      /* first while the session waits for its device, then long after */
      away = bench_post_as (b, false, alice.token, "session.list", "{}");
      g_assert_true (json_object_get_boolean_member (
          json_array_get_object_element (json_object_get_array_member (away, "sessions"), 0), "current"));
      g_clear_pointer (&away, json_object_unref);
      bench_clock_us += SIG_SESSION_REATTACH_US;
      sig_sessions_tick (b->sessions);
      g_assert_cmpuint (sig_sessions_get_n (b->sessions), ==, 0);
    }
}

static char *
make_jwt (const char *claims)
{
  static const char header[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
  g_autofree char *head = al_base64url_encode (header, strlen (header));
  g_autofree char *body = al_base64url_encode (claims, strlen (claims));
  g_autofree char *text = g_strconcat (head, ".", body, NULL);
  g_autofree char *signature = NULL;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned n = 0;

  HMAC (EVP_sha256 (), BENCH_JWT_SECRET, strlen (BENCH_JWT_SECRET), (unsigned char *) text, strlen (text), digest, &n);
  signature = al_base64url_encode (digest, n);
  return g_strconcat (text, ".", signature, NULL);
}

static void
test_jwt (Bench *b, gconstpointer data)
{
  g_autofree char *jwt = make_jwt ("{\"sub\":\"42\",\"name\":\"Zo\xc3\xab\",\"exp\":1800000600,\"iat\":1800000000}");
  g_autofree char *params = g_strdup_printf ("{'jwt':'%s','device':{'name':'n','platform':'p','identityKey':'%s'}}", jwt,
                                             bench_keys[0]);
  g_autoptr (JsonObject) first = NULL;
  g_autoptr (JsonObject) again = NULL;
  JsonObject *user;

  bench_open (b, 1);
  first = bench_call (b, 1, "session.start", params);
  user = json_object_get_object_member (first, "user");
  g_assert_cmpstr (json_object_get_string_member (user, "username"), ==, "jwt:42");
  g_assert_cmpstr (json_object_get_string_member (user, "displayName"), ==, "Zo\xc3\xab");
  bench_close (b, 1);
  bench_open (b, 2);
  again = bench_call (b, 2, "session.start", params);
  g_assert_true (json_object_equal (json_object_get_object_member (first, "device"),
                                    json_object_get_object_member (again, "device")));
}

static void
test_unknown_conn (Bench *b, gconstpointer data)
{
  bench_say (b, 5, "server.info", "{}");
  bench_close (b, 5);
  fake_expect_nothing (&b->fake);
}

/* The other devices hear of a log-in at once, or when they start again, until they say that they have noticed. */
static void
test_new (Bench *b, gconstpointer data)
{
  g_auto (Person) one = bench_person (b, 1, "alice", 0);
  g_auto (Person) bob = bench_person (b, 2, "bob", 2);
  g_auto (Person) two = { 0 };
  g_autoptr (JsonNode) told = NULL;
  g_autoptr (JsonObject) params = NULL, started = NULL, noticed = NULL, again = NULL;
  g_autofree char *about = NULL;

  msg_core_set_logged_in_fn (b->core, sig_service_session_on_logged_in, b->services);
  bench_open (b, 3);
  bench_say (b, 3, "account.login",
             "{'username':'alice','password':'password of alice','device':{'name':'new','platform':'p',"
             "'identityKey':'PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw'}}");
  bench_wait (b);
  told = fake_take_json (&b->fake, 1); /* and nobody else: the answer is next */
  params = bench_member (told, "params");
  g_assert_cmpstr (json_object_get_string_member (json_object_get_object_member (params, "device"), "name"), ==, "new");
  g_assert_false (json_object_get_boolean_member (params, "known"));
  json_node_unref (bench_answer (b, 3));

  bench_close (b, 1);
  bench_open (b, 4);
  started = bench_start (b, &one, 4, NULL);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (started, "newSessions")), ==, 1);
  about = g_strdup_printf ("{'deviceId':'%s'}",
                           json_object_get_string_member (json_object_get_object_member (params, "device"), "id"));
  noticed = bench_call (b, 4, "session.noticed", about);
  bench_close (b, 4);
  bench_open (b, 5);
  again = bench_start (b, &one, 5, NULL);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (again, "newSessions")), ==, 0);
}

static void
test_revoke_others (Bench *b, gconstpointer data)
{
  g_auto (Person) one = bench_person (b, 1, "alice", 0);
  g_auto (Person) two = bench_device (b, 2, "alice", 1);
  g_auto (Person) bob = bench_person (b, 3, "bob", 2);
  g_autoptr (JsonNode) answer = NULL;
  g_autoptr (JsonObject) result = NULL, still = NULL;

  bench_say (b, 1, "session.revokeOthers", "{}");
  bench_expect (b, "close 2 4003");
  answer = bench_answer (b, 1);
  result = bench_member (answer, "result");
  refuse_token (b, 4, two.token);
  still = bench_call (b, 1, "session.list", "{}");
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (still, "sessions")), ==, 1);
  json_object_unref (bench_call (b, 3, "session.list", "{}"));
}

#define ADD(name, fn) g_test_add ("/signaling/service-session/" name, Bench, NULL, bench_set_up, fn, bench_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("start", test_start);
  ADD ("start-refused", test_start_refused);
  ADD ("resume", test_resume);
  ADD ("resync", test_resync);
  ADD ("take-over", test_take_over);
  ADD ("gone-while-starting", test_gone_while_starting);
  ADD ("start-twice", test_start_twice);
  ADD ("list", test_list);
  ADD ("revoke-other", test_revoke_other);
  ADD ("revoke-others", test_revoke_others);
  ADD ("new", test_new);
  ADD ("log-out", test_log_out);
  ADD ("log-out-twice", test_log_out_twice);
  ADD ("replaced", test_replaced);
  ADD ("race", test_race);
  ADD ("post", test_post);
  ADD ("jwt", test_jwt);
  ADD ("unknown-conn", test_unknown_conn);
  return g_test_run ();
}
