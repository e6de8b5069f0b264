/* SPDX-License-Identifier: Apache-2.0 */
/* backend.* by API key and over the admin socket, admin.* over the admin socket */
#include "services-bench.h"

static void
test_access (Bench *b, gconstpointer data)
{
  g_auto (Person) alice = bench_person (b, 1, "alice", 0);
  SigPeer nobody = { 0 }, device = { .bearer = alice.token }, key = { .bearer = BENCH_API_KEY };
  g_autoptr (JsonNode) by_nobody = bench_post (b, &nobody, "backend.userList", "{'limit':1}", 401);
  g_autoptr (JsonNode) by_device = bench_post (b, &device, "backend.userList", "{'limit':1}", 200);
  g_autoptr (JsonNode) as_admin = bench_post (b, &key, "admin.status", "{}", 200);
  g_autoptr (JsonNode) as_device = bench_post (b, &key, "user.find", "{'username':'alice'}", 200);
  g_autoptr (JsonObject) by_key = bench_backend (b, "backend.userList", "{'limit':1}");
  g_autoptr (JsonObject) by_admin = bench_admin (b, "backend.userList", "{'limit':1}");

  bench_assert_error (by_nobody, -32001, "unauthenticated");
  bench_assert_error (by_device, -32002, "forbidden");
  bench_assert_error (as_admin, -32002, "forbidden");
  bench_assert_error (as_device, -32002, "forbidden");
  bench_refused (b, 1, "backend.userList", "{'limit':1}", -32002, "forbidden");
}

static char *
create (Bench *b, const char *username)
{
  g_autofree char *params = g_strdup_printf ("{'username':'%s','password':'password of %s'}", username, username);
  g_autoptr (JsonObject) result = bench_backend (b, "backend.userCreate", params);

  return g_strdup (json_object_get_string_member (json_object_get_object_member (result, "user"), "id"));
}

static void
test_users (Bench *b, gconstpointer data)
{
  g_autofree char *id = create (b, "alice");
  g_autofree char *by_id = g_strdup_printf ("{'userId':'%s'}", id);
  g_autoptr (JsonObject) one = bench_backend (b, "backend.userGet", by_id);
  g_autoptr (JsonObject) two = bench_backend (b, "backend.userGet", "{'username':'ALICE'}");
  SigPeer key = { .bearer = BENCH_API_KEY };
  g_autoptr (JsonNode) taken
    = bench_post (b, &key, "backend.userCreate", "{'username':'Alice','password':'correct horse'}", 200);
  g_autoptr (JsonNode) both = bench_post (b, &key, "backend.userGet", "{'username':'alice','userId':'1'}", 200);
  g_autoptr (JsonNode) none = bench_post (b, &key, "backend.userGet", "{'userId':'1'}", 200);
  g_autoptr (JsonObject) deleted = bench_backend (b, "backend.userDelete", by_id);
  g_autoptr (JsonNode) gone = bench_post (b, &key, "backend.userGet", by_id, 200);

  g_assert_true (json_object_equal (one, two));
  g_assert_false (json_object_get_boolean_member (json_object_get_object_member (one, "user"), "disabled"));
  bench_assert_error (taken, -32004, "username_taken");
  bench_assert_error (both, -32602, "invalid_params");
  bench_assert_error (none, -32003, "user");
  bench_assert_error (gone, -32003, "user");
}

static void
test_update (Bench *b, gconstpointer data)
{
  g_auto (Person) alice = bench_person (b, 1, "alice", 0);
  g_autofree char *params = g_strdup_printf ("{'userId':'%s','displayName':'Zo\xc3\xab'}", alice.user_id);
  g_autoptr (JsonObject) result = bench_backend (b, "backend.userUpdate", params);
  g_autoptr (JsonObject) found = bench_call (b, 1, "user.find", "{'username':'alice'}");
  SigPeer key = { .bearer = BENCH_API_KEY };
  g_autoptr (JsonNode) nobody = bench_post (b, &key, "backend.userUpdate", "{'userId':'7','displayName':'x'}", 200);
  g_autoptr (JsonNode) blank = NULL;
  MsgId device_id = 0;

  g_assert_cmpstr (json_object_get_string_member (json_object_get_object_member (found, "user"), "displayName"), ==,
                   "Zo\xc3\xab");
  g_assert_true (msg_id_parse (alice.device_id, &device_id));
  g_assert_cmpstr (sig_session_get_user (sig_sessions_lookup (b->sessions, device_id))->display_name, ==, "Zo\xc3\xab");
  bench_assert_error (nobody, -32003, "user");
  g_free (params);
  params = g_strdup_printf ("{'userId':'%s','displayName':'  '}", alice.user_id);
  blank = bench_post (b, &key, "backend.userUpdate", params, 200);
  bench_assert_error (blank, -32602, "display_name");
}

static void
test_user_pages (Bench *b, gconstpointer data)
{
  static const char *const names[] = { "anna", "Bert", "carl", "Dora", "emil" };
  g_autoptr (GString) seen = g_string_new (NULL);
  g_autofree char *next = g_strdup ("");

  for (unsigned i = 0; i < G_N_ELEMENTS (names); i++)
    g_free (create (b, names[(i + 2) % G_N_ELEMENTS (names)]));
  while (next != NULL)
    {
      g_autofree char *params = *next != '\0' ? g_strdup_printf ("{'limit':2,'after':'%s'}", next) : g_strdup ("{'limit':2}");
      g_autoptr (JsonObject) page = bench_backend (b, "backend.userList", params);
      JsonArray *users = json_object_get_array_member (page, "users");

      for (unsigned i = 0; i < json_array_get_length (users); i++)
        g_string_append_printf (seen, "%s ", json_object_get_string_member (json_array_get_object_element (users, i), "username"));
      g_free (next);
      next = g_strdup (json_object_get_string_member_with_default (page, "next", NULL));
    }
  g_assert_cmpstr (seen->str, ==, "anna Bert carl Dora emil ");
}

static void
on_barred (MsgId user_id, gpointer user)
{
  (*(unsigned *) user)++;
}

static const SigSessionListener listener = { .on_barred = on_barred };

/* a POST whose answer comes behind what it causes */
static void
post_closing (Bench *b, const char *method, const char *params, const char *expected)
{
  g_autofree char *text = bench_request (b, method, params);
  SigPeer key = { .bearer = BENCH_API_KEY };
  g_autofree char *event = NULL;

  sig_gate_ops ()->on_request (77, &key, text, strlen (text), &b->gate);
  bench_expect (b, expected);
  event = bench_take (b);
  g_assert_true (g_str_has_prefix (event, "respond 77 200 0 "));
  g_assert_nonnull (strstr (event, "\"result\""));
}

static void
test_disable (Bench *b, gconstpointer data)
{
  g_auto (Person) alice = bench_person (b, 1, "alice", 0);
  g_autofree char *id = g_strdup_printf ("{'userId':'%s'}", alice.user_id);
  g_autofree char *token = g_strdup_printf ("{'token':'%s'}", alice.token);
  g_autoptr (JsonObject) enabled = NULL;
  g_auto (Person) again = { 0 };
  unsigned n_barred = 0;

  sig_sessions_listen (b->sessions, &listener, &n_barred);
  post_closing (b, "backend.userDisable", id, "close 1 4003");
  g_assert_cmpuint (n_barred, ==, 1);
  bench_close (b, 1);
  bench_open (b, 2);
  bench_refused (b, 2, "session.start", token, -32001, "bad_token");
  bench_refused (b, 2, "account.login", "{'username':'alice','password':'password of alice','device':{'name':'n',"
                 "'platform':'p','identityKey':'11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'}}", -32002, "disabled");
  enabled = bench_backend (b, "backend.userEnable", id);
  again = bench_login (b, 2, "account.login", "alice", 0);
}

static void
test_delete (Bench *b, gconstpointer data)
{
  g_auto (Person) alice = bench_person (b, 1, "alice", 0);
  g_autofree char *id = g_strdup_printf ("{'userId':'%s'}", alice.user_id);
  unsigned n_barred = 0;

  sig_sessions_listen (b->sessions, &listener, &n_barred);
  post_closing (b, "backend.userDelete", id, "close 1 4003");
  g_assert_cmpuint (n_barred, ==, 1);
  g_assert_cmpuint (sig_sessions_get_n (b->sessions), ==, 0);
}

static void
test_sessions (Bench *b, gconstpointer data)
{
  g_auto (Person) one = bench_person (b, 1, "alice", 0);
  g_auto (Person) two = bench_device (b, 2, "alice", 1);
  g_auto (Person) bob = bench_person (b, 3, "bob", 2);
  g_autofree char *of_alice = g_strdup_printf ("{'userId':'%s'}", one.user_id);
  g_autofree char *device = g_strdup_printf ("{'deviceId':'%s'}", two.device_id);
  g_autoptr (JsonObject) list = bench_backend (b, "backend.sessionList", of_alice);
  g_autoptr (JsonObject) after = NULL;
  g_autoptr (JsonObject) none = NULL;
  SigPeer key = { .bearer = BENCH_API_KEY };
  g_autoptr (JsonNode) again = NULL;
  JsonObject *entry = json_array_get_object_element (json_object_get_array_member (list, "sessions"), 0);

  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (list, "sessions")), ==, 2);
  g_assert_true (json_object_get_boolean_member (entry, "attached"));
  g_assert_cmpstr (json_object_get_string_member (entry, "username"), ==, "alice");
  post_closing (b, "backend.sessionRevoke", device, "close 2 4003");
  again = bench_post (b, &key, "backend.sessionRevoke", device, 200);
  bench_assert_error (again, -32003, "session");
  after = bench_backend (b, "backend.sessionList", of_alice);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (after, "sessions")), ==, 1);
  post_closing (b, "backend.sessionRevoke", of_alice, "close 1 4003");
  none = bench_backend (b, "backend.sessionRevoke", of_alice);
  g_assert_cmpint (json_object_get_int_member (none, "revoked"), ==, 0);
  g_assert_cmpuint (sig_sessions_get_n_attached (b->sessions), ==, 1);
}

static void
test_admin_sessions (Bench *b, gconstpointer data)
{
  g_auto (Person) one = bench_person (b, 1, "alice", 0);
  g_auto (Person) two = bench_person (b, 2, "bob", 1);
  g_auto (Person) three = bench_person (b, 3, "carl", 2);
  g_autoptr (JsonObject) first = bench_admin (b, "admin.sessionList", "{'limit':2}");
  const char *next = json_object_get_string_member (first, "next");
  g_autofree char *params = g_strdup_printf ("{'limit':2,'after':'%s'}", next);
  g_autoptr (JsonObject) second = bench_admin (b, "admin.sessionList", params);

  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (first, "sessions")), ==, 2);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (second, "sessions")), ==, 1);
  g_assert_false (json_object_has_member (second, "next"));
}

static void
test_password (Bench *b, gconstpointer data)
{
  g_auto (Person) alice = bench_person (b, 1, "alice", 0);
  g_autofree char *text = NULL;
  g_autofree char *params = g_strdup_printf ("{'userId':'%s','password':'set by the admin'}", alice.user_id);
  SigPeer admin = { .admin = true };

  text = bench_request (b, "admin.userPassword", params);
  sig_gate_ops ()->on_request (77, &admin, text, strlen (text), &b->gate);
  bench_expect (b, "close 1 4003");
  {
    g_autofree char *event = bench_take (b);

    g_assert_nonnull (strstr (event, "\"result\":{}"));
  }
  bench_open (b, 2);
  bench_refused (b, 2, "account.login", "{'username':'alice','password':'password of alice','device':{'name':'n',"
                 "'platform':'p','identityKey':'11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'}}", -32001, "bad_password");
}

static void
test_import (Bench *b, gconstpointer data)
{
  g_autoptr (JsonObject) result
    = bench_admin (b, "admin.userImport", "{'text':'username,password\\nanna,correct horse\\nbert,short\\n'}");
  JsonArray *problems = json_object_get_array_member (result, "problems");
  SigPeer admin = { .admin = true };
  g_autoptr (JsonNode) bad = bench_post (b, &admin, "admin.userImport", "{'text':'name;word\\nx;y\\n'}", 200);
  g_autoptr (JsonObject) found = bench_backend (b, "backend.userGet", "{'username':'anna'}");

  g_assert_cmpint (json_object_get_int_member (result, "created"), ==, 1);
  g_assert_cmpint (json_object_get_int_member (result, "failed"), ==, 1);
  g_assert_cmpint (json_object_get_int_member (json_array_get_object_element (problems, 0), "line"), ==, 3);
  bench_assert_error (bad, -32602, "format");
}

static void
test_status (Bench *b, gconstpointer data)
{
  g_auto (Person) alice = bench_person (b, 1, "alice", 0);
  g_auto (Person) bob = bench_person (b, 2, "bob", 1);
  g_autoptr (JsonObject) status = NULL;

  bench_close (b, 2);
  bench_open (b, 3);
  bench_clock_us += 90 * G_USEC_PER_SEC;
  status = bench_admin (b, "admin.status", "{}");
  g_assert_cmpint (json_object_get_int_member (status, "uptimeMs"), ==, 90000);
  g_assert_cmpint (json_object_get_int_member (status, "connections"), ==, 2);
  g_assert_cmpint (json_object_get_int_member (status, "sessions"), ==, 2);
  g_assert_cmpint (json_object_get_int_member (status, "attached"), ==, 1);
  g_assert_false (json_object_get_boolean_member (status, "draining"));
}

#define ADD(name, fn) g_test_add ("/signaling/service-backend/" name, Bench, NULL, bench_set_up, fn, bench_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("access", test_access);
  ADD ("users", test_users);
  ADD ("update", test_update);
  ADD ("user-pages", test_user_pages);
  ADD ("disable", test_disable);
  ADD ("delete", test_delete);
  ADD ("sessions", test_sessions);
  ADD ("admin-sessions", test_admin_sessions);
  ADD ("password", test_password);
  ADD ("import", test_import);
  ADD ("status", test_status);
  return g_test_run ();
}
