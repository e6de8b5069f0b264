/* SPDX-License-Identifier: Apache-2.0 */
/* The API over a real core and a fake front: what the server is made of, without sockets. Results are held against
 * openrpc.json by the dispatcher itself. */
#pragma once

#include <glib/gstdio.h>

#include "fake-transport.h"
#include "messaging/session.h"
#include "signaling/gate.h"
#include "signaling/services.h"

#define BENCH_API_KEY "0123456789abcdef0123456789abcdef"
#define BENCH_JWT_SECRET "a secret of at least 32 bytes ..."
#define BENCH_NOW_MS INT64_C (1800000000000)

/* 32 bytes each that are points of Ed25519 */
static const char *const bench_keys[] = { "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                                          "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw",
                                          "_FHNjmIYoaONpH7QAjDwWAgW7RO6MwOsXeuRFUiQgCU",
                                          "J4EX_BRMcjQPZ9DyMW6Dhs7_vyskKMnFH-98WX8dQm4" };

typedef struct {
  char *dir;
  GMainContext *context;
  AlMetrics *metrics;
  FakeTransport fake;
  MsgCore *core;
  MsgApiKeys *api_keys;
  SigRpc *rpc;
  SigSessions *sessions;
  SigConns *conns;
  SigGuests *guests;
  SigServices *services;
  SigGate gate;
  unsigned next_id;
} Bench;

static int64_t bench_clock_us;

static inline int64_t
bench_now_us (void)
{
  return bench_clock_us;
}

static inline int64_t
bench_wall_ms (void)
{
  return BENCH_NOW_MS;
}

static inline int64_t
bench_core_ms (gpointer data)
{
  return BENCH_NOW_MS;
}

static inline int64_t
bench_core_us (gpointer data)
{
  return bench_clock_us;
}

static inline void
bench_open_core (Bench *b)
{
  g_autofree char *database = g_strconcat ("sqlite:", b->dir, "/test.db", NULL);
  g_autoptr (GError) error = NULL;
  MsgCoreOptions options;

  msg_core_options_init (&options);
  options.database = database;
  options.context = b->context;
  options.jwt_secret = BENCH_JWT_SECRET;
  options.argon2_memory_kib = 64;
  options.argon2_passes = 1;
  options.now_ms = bench_core_ms;
  options.now_us = bench_core_us;
  b->core = msg_core_new (&options, &error);
  g_assert_no_error (error);
}

static inline void
bench_set_up (Bench *b, gconstpointer data)
{
  static const char *const features[] = { "calls", "registration", NULL };
  static const char *const keys[] = { "shop:" BENCH_API_KEY, NULL };
  SigRpcConfig rpc = { &fake_transport, &b->fake, NULL, bench_now_us };
  SigSessionsConfig sessions = { &fake_transport, &b->fake, NULL, bench_now_us };
  SigServicesConfig services = { .features = features, .wall_ms = bench_wall_ms, .now_us = bench_now_us };
  g_autoptr (GError) error = NULL;

  bench_clock_us = 1000 * G_USEC_PER_SEC;
  b->dir = g_dir_make_tmp ("aldis-services-XXXXXX", &error);
  b->context = g_main_context_new ();
  b->metrics = rpc.metrics = sessions.metrics = al_metrics_new ();
  g_queue_init (&b->fake.events);
  bench_open_core (b);
  b->api_keys = msg_api_keys_new (keys, &error);
  b->rpc = services.rpc = sig_rpc_new (&rpc, &error);
  g_assert_no_error (error);
  sig_rpc_set_checking (b->rpc, true);
  b->sessions = services.sessions = sig_sessions_new (&sessions);
  b->conns = services.conns = sig_conns_new ();
  b->guests = services.guests = sig_guests_new (b->context, b->sessions, bench_now_us);
  services.core = b->core;
  b->services = sig_services_new (&services);
  /* most tests have several devices and are about something else: who wants session.new sets it again */
  msg_core_set_logged_in_fn (b->core, NULL, NULL);
  b->gate = (SigGate){ b->rpc, b->sessions, b->conns, b->core, b->api_keys };
}

static inline void
bench_tear_down (Bench *b, gconstpointer data)
{
  static const char *const files[] = { "test.db", "test.db-wal", "test.db-shm", "test.db-lock", "test.db.lock" };

  g_clear_pointer (&b->core, msg_core_free);
  sig_rpc_free (b->rpc);
  sig_services_free (b->services);
  sig_conns_free (b->conns);
  sig_guests_free (b->guests);
  sig_sessions_free (b->sessions);
  msg_api_keys_free (b->api_keys);
  fake_clear (&b->fake);
  al_metrics_free (b->metrics);
  g_main_context_unref (b->context);
  for (unsigned i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = g_build_filename (b->dir, files[i], NULL);

      (void) g_unlink (path);
    }
  g_assert_cmpint (g_rmdir (b->dir), ==, 0);
  g_free (b->dir);
}

static inline void
bench_open (Bench *b, SigConnId conn)
{
  SigPeer peer = { .address.in4.sin_family = AF_INET };

  peer.address.in4.sin_addr.s_addr = 0x0100007f;
  sig_gate_ops ()->on_open (conn, &peer, &b->gate);
}

static inline void
bench_close (Bench *b, SigConnId conn)
{
  sig_gate_ops ()->on_closed (conn, 1006, &b->gate);
}

/* how the tests write JSON: ' for " */
static inline char *
bench_request (Bench *b, const char *method, const char *params)
{
  g_autofree char *text = g_strdelimit (g_strdup (params), "'", '"');

  return g_strdup_printf ("{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"%s\",\"params\":%s}", ++b->next_id, method, text);
}

/** bench_say: sends a request without waiting. */
static inline void
bench_say (Bench *b, SigConnId conn, const char *method, const char *params)
{
  g_autofree char *text = bench_request (b, method, params);

  sig_gate_ops ()->on_message (conn, text, strlen (text), &b->gate);
}

static inline void
bench_wait (Bench *b)
{
  while (g_queue_is_empty (&b->fake.events))
    g_main_context_iteration (b->context, TRUE);
}

/** bench_take: the next event; waits for it. */
static inline char *
bench_take (Bench *b)
{
  bench_wait (b);
  return fake_take (&b->fake);
}

static inline void
bench_expect (Bench *b, const char *event)
{
  bench_wait (b);
  fake_expect (&b->fake, event);
}

static inline JsonObject *
bench_member (JsonNode *answer, const char *name)
{
  JsonObject *object = json_node_get_object (answer);

  if (!json_object_has_member (object, name))
    {
      g_autofree char *text = json_to_string (answer, FALSE);

      g_error ("no %s in %s", name, text);
    }
  return json_object_ref (json_object_get_object_member (object, name));
}

static inline JsonNode *
bench_answer (Bench *b, SigConnId conn)
{
  g_autofree char *done = g_strdup_printf ("done %u", (unsigned) conn);
  JsonNode *answer;

  bench_wait (b);
  answer = fake_take_json (&b->fake, conn);
  fake_expect (&b->fake, done);
  return answer;
}

/** bench_call: Returns: (transfer full): the result. The answer must be the next event. */
static inline JsonObject *
bench_call (Bench *b, SigConnId conn, const char *method, const char *params)
{
  g_autoptr (JsonNode) answer = NULL;

  bench_say (b, conn, method, params);
  answer = bench_answer (b, conn);
  return bench_member (answer, "result");
}

static inline void
bench_assert_error (JsonNode *answer, int code, const char *reason)
{
  g_autoptr (JsonObject) error = bench_member (answer, "error");

  g_assert_cmpstr (json_object_get_string_member (json_object_get_object_member (error, "data"), "reason"), ==, reason);
  g_assert_cmpint (json_object_get_int_member (error, "code"), ==, code);
}

/** bench_refused: the call fails like that. */
static inline void
bench_refused (Bench *b, SigConnId conn, const char *method, const char *params, int code, const char *reason)
{
  g_autoptr (JsonNode) answer = NULL;

  bench_say (b, conn, method, params);
  answer = bench_answer (b, conn);
  bench_assert_error (answer, code, reason);
}

/** bench_post: Returns: (transfer full): the whole answer. */
static inline JsonNode *
bench_post (Bench *b, const SigPeer *peer, const char *method, const char *params, unsigned status)
{
  g_autofree char *text = bench_request (b, method, params);
  g_autofree char *event = NULL;
  g_autofree char *prefix = g_strdup_printf ("respond 77 %u ", status);
  const char *json;

  sig_gate_ops ()->on_request (77, peer, text, strlen (text), &b->gate);
  event = bench_take (b);
  if (!g_str_has_prefix (event, prefix))
    g_error ("expected %s, got %s", prefix, event);
  json = strchr (event, '{');
  return al_json_parse (json, strlen (json), NULL);
}

static inline JsonObject *
bench_post_as (Bench *b, bool admin, const char *bearer, const char *method, const char *params)
{
  SigPeer peer = { .admin = admin, .bearer = bearer };
  g_autoptr (JsonNode) answer = bench_post (b, &peer, method, params, 200);

  return bench_member (answer, "result");
}

#define bench_backend(b, method, params) bench_post_as (b, false, BENCH_API_KEY, method, params)
#define bench_admin(b, method, params) bench_post_as (b, true, NULL, method, params)

/** Person: who has logged in on a connection. */
typedef struct {
  SigConnId conn;
  char *token, *user_id, *device_id;
} Person;

static inline void
person_clear (Person *person)
{
  g_free (person->token);
  g_free (person->user_id);
  g_free (person->device_id);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Person, person_clear)

static inline Person
bench_login (Bench *b, SigConnId conn, const char *method, const char *username, unsigned key)
{
  g_autofree char *params = g_strdup_printf ("{'username':'%s','password':'password of %s','device':"
                                             "{'name':'n','platform':'p','identityKey':'%s'}}",
                                             username, username, bench_keys[key]);
  g_autoptr (JsonObject) login = bench_call (b, conn, method, params);

  return (Person){ conn, g_strdup (json_object_get_string_member (login, "token")),
                   g_strdup (json_object_get_string_member (json_object_get_object_member (login, "user"), "id")),
                   g_strdup (json_object_get_string_member (json_object_get_object_member (login, "device"), "id")) };
}

static inline JsonObject *
bench_start (Bench *b, const Person *person, SigConnId conn, const char *last_seq)
{
  g_autofree char *params = g_strdup_printf ("{'token':'%s'%s%s}", person->token, last_seq != NULL ? ",'lastSeq':" : "",
                                             last_seq != NULL ? last_seq : "");

  return bench_call (b, conn, "session.start", params);
}

/** bench_person: a user with a session on an open connection. */
static inline Person
bench_person (Bench *b, SigConnId conn, const char *username, unsigned key)
{
  Person person;

  bench_open (b, conn);
  person = bench_login (b, conn, "account.register", username, key);
  json_object_unref (bench_start (b, &person, conn, NULL));
  return person;
}

/** bench_device: another device of a user that exists. */
static inline Person
bench_device (Bench *b, SigConnId conn, const char *username, unsigned key)
{
  Person person;

  bench_open (b, conn);
  person = bench_login (b, conn, "account.login", username, key);
  json_object_unref (bench_start (b, &person, conn, NULL));
  return person;
}
