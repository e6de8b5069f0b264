/* SPDX-License-Identifier: Apache-2.0 */
/* call.* as JSON, over a real core: what goes in, what comes out; the dispatcher holds it against openrpc.json. */
#include "base/log.h"
#include "messaging/update-log.h"
#include "services-bench.h"
#include "signaling/call-methods.h"
#include "signaling/service-calls.h"

#define ID_1 "AAAAAAAAAAAAAAAAAAAAAQ"
#define ID_2 "AAAAAAAAAAAAAAAAAAAAAg"
#define ID_3 "AAAAAAAAAAAAAAAAAAAAAw"

typedef struct {
  Bench b;
  AlConfig *config;
  SigTurn *turn;
  SigCalls *calls;
  SigCallMethods *methods;
  Person alice, bob, bob2; /* on the connections 1, 2 and 3 */
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  const char *text = data != NULL ? data : "";
  g_autoptr (GError) error = NULL;

  bench_set_up (&f->b, NULL);
  msg_core_set_update_fn (f->b.core, NULL, NULL); /* what the end of a call says in the chat is not looked at here */
  f->config = al_config_parse (text, strlen (text), "test", al_config_keys (), &error);
  g_assert_no_error (error);
  f->turn = sig_turn_new (f->config, NULL);
  f->calls = sig_calls_new_for_sessions (f->b.context, f->config, f->b.core, f->b.sessions, f->b.metrics);
  f->methods = sig_call_methods_register (f->b.rpc, f->calls, f->b.core, f->turn);
  sig_service_calls_register (f->b.rpc, f->calls);
  g_assert_true (sig_calls_recover (f->calls, &error));
  f->alice = bench_person (&f->b, 1, "alice", 0);
  f->bob = bench_person (&f->b, 2, "bob", 1);
  f->bob2 = bench_device (&f->b, 3, "bob", 2);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  sig_calls_free (f->calls);
  bench_tear_down (&f->b, NULL);
  sig_call_methods_free (f->methods);
  sig_turn_free (f->turn);
  al_config_free (f->config);
  person_clear (&f->alice);
  person_clear (&f->bob);
  person_clear (&f->bob2);
}

/* takes the first message on @conn that has a member @name (with that value), whatever else is said before */
static JsonObject *
await (Fixture *f, SigConnId conn, const char *name, const char *value)
{
  g_autofree char *prefix = g_strdup_printf ("send %u ", (unsigned) conn);

  for (;;)
    {
      for (GList *i = f->b.fake.events.head; i != NULL; i = i->next)
        {
          g_autoptr (JsonNode) node = NULL;
          const char *text = i->data;
          JsonObject *object;

          if (!g_str_has_prefix (text, prefix))
            continue;
          text += strlen (prefix);
          node = al_json_parse (text, strlen (text), NULL);
          object = json_node_get_object (node);
          if (!json_object_has_member (object, name)
              || (value != NULL && strcmp (json_object_get_string_member (object, name), value) != 0))
            continue;
          g_free (i->data);
          g_queue_delete_link (&f->b.fake.events, i);
          return json_object_ref (object);
        }
      (void) g_main_context_iteration (f->b.context, TRUE);
    }
}

/* Returns: (transfer full): the params of the next such notification */
static JsonObject *
hear (Fixture *f, SigConnId conn, const char *method)
{
  g_autoptr (JsonObject) message = await (f, conn, "method", method);

  return json_object_ref (json_object_get_object_member (message, "params"));
}

static void
hear_end (Fixture *f, SigConnId conn, const char *reason)
{
  g_autoptr (JsonObject) params = hear (f, conn, "call.ended");

  g_assert_cmpstr (json_object_get_string_member (params, "reason"), ==, reason);
}

/* Returns: (transfer full): the answer to a request: {result} or {error} */
static G_GNUC_PRINTF (4, 0) JsonObject *
ask_va (Fixture *f, SigConnId conn, const char *method, const char *format, va_list args)
{
  g_autofree char *params = g_strdup_vprintf (format, args);

  bench_say (&f->b, conn, method, params);
  return await (f, conn, "id", NULL);
}

static G_GNUC_PRINTF (4, 5) JsonObject *
ask (Fixture *f, SigConnId conn, const char *method, const char *format, ...)
{
  JsonObject *answer;
  va_list args;

  va_start (args, format);
  answer = ask_va (f, conn, method, format, args);
  va_end (args);
  return answer;
}

static G_GNUC_PRINTF (6, 7) void
refuse (Fixture *f, SigConnId conn, const char *method, int code, const char *reason, const char *format, ...)
{
  g_autoptr (JsonObject) answer = NULL;
  g_autoptr (JsonNode) node = NULL;
  va_list args;

  va_start (args, format);
  answer = ask_va (f, conn, method, format, args);
  va_end (args);
  node = json_node_init_object (json_node_alloc (), answer);
  bench_assert_error (node, code, reason);
}

static G_GNUC_PRINTF (4, 5) JsonObject *
get (Fixture *f, SigConnId conn, const char *method, const char *format, ...)
{
  g_autoptr (JsonObject) answer = NULL;
  g_autoptr (JsonNode) node = NULL;
  va_list args;

  va_start (args, format);
  answer = ask_va (f, conn, method, format, args);
  va_end (args);
  node = json_node_init_object (json_node_alloc (), answer);
  return bench_member (node, "result");
}

static void
do_it (Fixture *f, SigConnId conn, const char *method, const char *id)
{
  json_object_unref (get (f, conn, method, "{'callId':'%s'}", id));
}

static void
send_blob (Fixture *f, SigConnId conn, const char *method, const char *id, const char *blob)
{
  json_object_unref (get (f, conn, method, "{'callId':'%s','blob':'%s'}", id, blob));
}

#define INVITE "{'callId':'%s','to':'%s','video':true,'blob':'TTE'}"

static JsonObject *
invite (Fixture *f, const Person *from, const char *id, const Person *to)
{
  return get (f, from->conn, "call.invite", INVITE, id, to->user_id);
}

static const char *
get_string (JsonObject *object, const char *name)
{
  return json_object_get_string_member (object, name);
}

static void
test_whole (Fixture *f, gconstpointer data)
{
  g_autoptr (JsonObject) invited = invite (f, &f->alice, ID_1, &f->bob);
  g_autoptr (JsonObject) incoming = hear (f, 2, "call.incoming");
  g_autoptr (JsonObject) ringing = NULL, accepted = NULL, note = NULL, state = NULL;

  json_object_unref (hear (f, 3, "call.incoming"));
  g_assert_cmpstr (get_string (invited, "state"), ==, "ringing");
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (invited, "devices")), ==, 2);
  g_assert_cmpstr (get_string (incoming, "callId"), ==, ID_1);
  g_assert_cmpstr (get_string (incoming, "blob"), ==, "TTE");
  g_assert_true (json_object_get_boolean_member (incoming, "video"));
  g_assert_cmpint (json_object_get_int_member (incoming, "expiresAt"), ==,
                   json_object_get_int_member (invited, "expiresAt"));
  g_assert_cmpstr (get_string (json_object_get_object_member (incoming, "from"), "username"), ==, "alice");
  g_assert_cmpstr (get_string (json_object_get_object_member (incoming, "device"), "identityKey"), ==, bench_keys[0]);
  do_it (f, 2, "call.ring", ID_1);
  ringing = hear (f, 1, "call.ringing");
  g_assert_cmpstr (get_string (ringing, "deviceId"), ==, f->bob.device_id);
  send_blob (f, 2, "call.accept", ID_1, "TTI");
  accepted = hear (f, 1, "call.accepted");
  g_assert_cmpstr (get_string (accepted, "blob"), ==, "TTI");
  g_assert_cmpstr (get_string (json_object_get_object_member (accepted, "device"), "id"), ==, f->bob.device_id);
  hear_end (f, 3, "answered_elsewhere");
  send_blob (f, 1, "call.confirm", ID_1, "TTM");
  note = hear (f, 2, "call.confirmed");
  g_assert_cmpstr (get_string (note, "blob"), ==, "TTM");
  send_blob (f, 2, "call.reveal", ID_1, "TTQ");
  send_blob (f, 2, "call.seal", ID_1, "TTU");
  json_object_unref (hear (f, 1, "call.revealed"));
  json_object_unref (hear (f, 1, "call.sealed"));
  do_it (f, 1, "call.connected", ID_1);
  state = get (f, 2, "call.connected", "{'callId':'%s'}", ID_1);
  g_assert_cmpstr (get_string (state, "state"), ==, "active");
  json_object_unref (hear (f, 1, "call.active"));
  json_object_unref (get (f, 1, "call.hangup", "{'callId':'%s','reason':'hangup','stats':{'rttMs':5,'relayed':%s}}", ID_1,
                          "false"));
  hear_end (f, 1, "hangup");
  hear_end (f, 2, "hangup");
}

static void
test_refusals (Fixture *f, gconstpointer data)
{
  static const char *const verbs[] = { "call.ring", "call.connected", "call.decline", "call.cancel", "call.hangup",
                                       "call.turn" };
  static const char *const blob_verbs[] = { "call.accept", "call.confirm", "call.reveal", "call.seal" };
  g_autofree char *large = g_strnfill (SIG_CALL_MAX_BLOB_TEXT + 4, 'A');

  for (unsigned i = 0; i < G_N_ELEMENTS (verbs); i++)
    refuse (f, 1, verbs[i], -32003, "call", "{'callId':'%s'}", ID_1);
  for (unsigned i = 0; i < G_N_ELEMENTS (blob_verbs); i++)
    refuse (f, 1, blob_verbs[i], -32003, "call", "{'callId':'%s','blob':'%s'}", ID_1, "AA");
  refuse (f, 1, "call.invite", -32602, "self", INVITE, ID_1, f->alice.user_id);
  refuse (f, 1, "call.invite", -32003, "user", INVITE, ID_1, "12345");
  refuse (f, 1, "call.invite", -32602, "invalid_params", INVITE, "AAAA", f->bob.user_id);
  json_object_unref (invite (f, &f->alice, ID_1, &f->bob));
  refuse (f, 2, "call.accept", -32602, "invalid_params", "{'callId':'%s','blob':'%s'}", ID_1, "A");
  refuse (f, 2, "call.accept", -32602, "invalid_params", "{'callId':'%s','blob':'%s'}", ID_1, "");
  refuse (f, 2, "call.accept", -32602, "invalid_params", "{'callId':'%s','blob':'%s'}", ID_1, large);
  refuse (f, 2, "call.hangup", -32602, "invalid_params", "{'callId':'%s','stats':%s}", ID_1, "{'deep':{}}");
  refuse (f, 1, "call.invite", -32004, "call_exists", INVITE, ID_1, f->bob.user_id);
  refuse (f, 1, "call.seal", -32004, "wrong_state", "{'callId':'%s','blob':'%s'}", ID_1, "AA");
  send_blob (f, 2, "call.accept", ID_1, "AA");
  refuse (f, 2, "call.accept", -32004, "already_accepted", "{'callId':'%s','blob':'%s'}", ID_1, "AA");
  refuse (f, 3, "call.accept", -32004, "answered_elsewhere", "{'callId':'%s','blob':'%s'}", ID_1, "AA");
  refuse (f, 2, "call.reveal", -32004, "out_of_order", "{'callId':'%s','blob':'%s'}", ID_1, "AA");
  refuse (f, 3, "call.invite", -32004, "in_call", INVITE, ID_2, f->alice.user_id);
  do_it (f, 2, "call.hangup", ID_1);
  refuse (f, 2, "call.hangup", -32006, "call_ended", "{'callId':'%s'}", ID_1);
}

static void
test_glare (Fixture *f, gconstpointer data)
{
  g_autoptr (JsonObject) answer = NULL, error = NULL, ended = NULL, history = NULL;
  JsonArray *calls;

  json_object_unref (invite (f, &f->alice, ID_2, &f->bob));
  answer = ask (f, 2, "call.invite", INVITE, ID_3, f->alice.user_id);
  error = json_object_ref (json_object_get_object_member (answer, "error"));
  g_assert_cmpstr (get_string (json_object_get_object_member (error, "data"), "callId"), ==, ID_2);
  json_object_unref (invite (f, &f->bob, ID_1, &f->alice));
  ended = hear (f, 1, "call.ended");
  g_assert_cmpstr (get_string (ended, "reason"), ==, "glare");
  g_assert_cmpstr (get_string (ended, "otherCallId"), ==, ID_1);
  do_it (f, 1, "call.decline", ID_1);
  history = get (f, 1, "call.history", "{'limit':1}");
  calls = json_object_get_array_member (history, "calls");
  g_assert_cmpuint (json_array_get_length (calls), ==, 1);
  g_assert_cmpstr (get_string (json_array_get_object_element (calls, 0), "callId"), ==, ID_1);
  while (json_object_has_member (history, "next"))
    {
      g_autofree char *next = g_strdup (get_string (history, "next"));

      json_object_unref (history);
      history = get (f, 1, "call.history", "{'limit':1,'before':'%s'}", next);
      /* the call that gave way is nobody's history */
      g_assert_cmpuint (json_array_get_length (json_object_get_array_member (history, "calls")), ==, 0);
    }
}

static void
test_history (Fixture *f, gconstpointer data)
{
  static const char *const ids[] = { ID_1, ID_2, ID_3 };
  g_autoptr (JsonObject) page = NULL, rest = NULL;
  JsonObject *call;

  for (unsigned i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      json_object_unref (invite (f, &f->alice, ids[i], &f->bob));
      json_object_unref (get (f, 2, "call.decline", "{'callId':'%s','reason':'%s'}", ids[i], i == 2 ? "busy" : "declined"));
    }
  page = get (f, 2, "call.history", "{'limit':2}");
  call = json_array_get_object_element (json_object_get_array_member (page, "calls"), 0);
  g_assert_cmpstr (get_string (call, "callId"), ==, ID_3);
  g_assert_cmpstr (get_string (call, "reason"), ==, "busy");
  g_assert_false (json_object_get_boolean_member (call, "outgoing"));
  g_assert_true (json_object_get_null_member (call, "acceptedAt"));
  g_assert_cmpstr (get_string (json_object_get_object_member (call, "peer"), "username"), ==, "alice");
  rest = get (f, 2, "call.history", "{'limit':2,'before':'%s'}", get_string (page, "next"));
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (rest, "calls")), ==, 1);
  g_assert_false (json_object_has_member (rest, "next"));
  refuse (f, 2, "call.history", -32602, "cursor", "{'limit':2,'before':'%s'}", "AAAAAAAAAAAAAAAAAAAACQ");
  refuse (f, 2, "call.history", -32602, "invalid_params", "{'limit':101}");
}

/* a device that comes while it rings finds the call in the answer and hears of it; so does one that comes back */
static void
test_sessions (Fixture *f, gconstpointer data)
{
  g_autoptr (JsonObject) started = NULL, back = NULL, incoming = NULL;
  JsonArray *calls;

  bench_close (&f->b, 3);
  json_object_unref (invite (f, &f->alice, ID_1, &f->bob));
  bench_open (&f->b, 4);
  started = get (f, 4, "session.start", "{'token':'%s'}", f->bob2.token);
  calls = json_object_get_array_member (started, "calls");
  g_assert_cmpuint (json_array_get_length (calls), ==, 1);
  g_assert_cmpstr (get_string (json_array_get_object_element (calls, 0), "state"), ==, "ringing");
  incoming = hear (f, 4, "call.incoming");
  send_blob (f, 4, "call.accept", ID_1, "AA");
  bench_close (&f->b, 4);
  send_blob (f, 1, "call.seal", ID_1, "TTU");
  bench_open (&f->b, 5);
  back = get (f, 5, "session.start", "{'token':'%s','lastSeq':%s}", f->bob2.token, "1");
  calls = json_object_get_array_member (back, "calls");
  g_assert_cmpstr (get_string (json_array_get_object_element (calls, 0), "state"), ==, "connecting");
  json_object_unref (hear (f, 5, "call.sealed"));
  do_it (f, 5, "call.hangup", ID_1);
  hear_end (f, 1, "hangup");
}

static void
test_turn_off (Fixture *f, gconstpointer data)
{
  g_autoptr (JsonObject) result = NULL;

  json_object_unref (invite (f, &f->alice, ID_1, &f->bob));
  result = get (f, 1, "call.turn", "{'callId':'%s'}", ID_1);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (result, "iceServers")), ==, 0);
}

static void
test_turn_on (Fixture *f, gconstpointer data)
{
  g_autoptr (JsonObject) caller = NULL, callee = NULL;
  JsonObject *server;

  json_object_unref (invite (f, &f->alice, ID_1, &f->bob));
  caller = get (f, 1, "call.turn", "{'callId':'%s'}", ID_1);
  callee = get (f, 3, "call.turn", "{'callId':'%s'}", ID_1);
  server = json_array_get_object_element (json_object_get_array_member (caller, "iceServers"), 0);
  g_assert_cmpstr (json_array_get_string_element (json_object_get_array_member (server, "urls"), 0), ==,
                   "turn:192.0.2.1:3478?transport=udp");
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (callee, "iceServers")), ==, 1);
  send_blob (f, 2, "call.accept", ID_1, "AA");
  refuse (f, 3, "call.turn", -32003, "call", "{'callId':'%s'}", ID_1);
  do_it (f, 1, "call.hangup", ID_1);
  hear_end (f, 1, "hangup");
  refuse (f, 1, "call.turn", -32006, "call_ended", "{'callId':'%s'}", ID_1);
}

static void
test_rate (Fixture *f, gconstpointer data)
{
  g_autoptr (JsonObject) answer = NULL;
  JsonObject *error;

  json_object_unref (invite (f, &f->alice, ID_1, &f->bob));
  do_it (f, 1, "call.cancel", ID_1);
  answer = ask (f, 1, "call.invite", INVITE, ID_2, f->bob.user_id);
  error = json_object_get_object_member (answer, "error");
  g_assert_cmpint (json_object_get_int_member (error, "code"), ==, -32005);
  g_assert_cmpint (json_object_get_int_member (json_object_get_object_member (error, "data"), "retryAfterMs"), >, 50000);
}

static void
test_backend (Fixture *f, gconstpointer data)
{
  g_autoptr (JsonObject) list = NULL;

  json_object_unref (invite (f, &f->alice, ID_1, &f->bob));
  json_object_unref (hear (f, 2, "call.incoming"));
  json_object_unref (hear (f, 3, "call.incoming"));
  g_queue_clear_full (&f->b.fake.events, g_free);
  list = bench_backend (&f->b, "backend.callList", "{}");
  g_assert_cmpstr (get_string (json_array_get_object_element (json_object_get_array_member (list, "calls"), 0), "from"),
                   ==, f->alice.user_id);
  json_object_unref (bench_admin (&f->b, "backend.callEnd", "{'callId':'" ID_1 "'}"));
  hear_end (f, 1, "ended_by_admin");
}

/* who is disabled is out of the call */
static void
test_barred (Fixture *f, gconstpointer data)
{
  g_autofree char *params = g_strdup_printf ("{'userId':'%s'}", f->bob.user_id);
  g_autofree char *request = bench_request (&f->b, "backend.userDisable", params);
  SigPeer key = { .bearer = BENCH_API_KEY };

  json_object_unref (invite (f, &f->alice, ID_1, &f->bob));
  send_blob (f, 2, "call.accept", ID_1, "AA");
  sig_gate_ops ()->on_request (77, &key, request, strlen (request), &f->b.gate);
  hear_end (f, 1, "disabled");
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*test) (Fixture *f, gconstpointer data);
    const char *config;
  } tests[] = {
    { "whole", test_whole },
    { "refusals", test_refusals },
    { "glare", test_glare },
    { "history", test_history },
    { "sessions", test_sessions },
    { "turn-off", test_turn_off },
    { "turn-on", test_turn_on, "[relay]\nlisten_udp=192.0.2.1:3478\nshared_secrets=0123456789abcdef\n" },
    { "rate", test_rate, "[signaling]\ncall_rate_pair=1\n" },
    { "backend", test_backend },
    { "barred", test_barred },
  };

  g_test_init (&argc, &argv, NULL);
  al_log_set_level (AL_LOG_ERROR);
  for (unsigned i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *name = g_strconcat ("/signaling/call-methods/", tests[i].name, NULL);

      g_test_add (name, Fixture, tests[i].config, set_up, tests[i].test, tear_down);
    }
  return g_test_run ();
}
