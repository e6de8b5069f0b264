/* SPDX-License-Identifier: Apache-2.0 */
/* server.*, rpc.discover, account.*, user.*, device.list */
#include "messaging/totp.h"
#include "services-bench.h"

#define DEVICE(key) "'device':{'name':'n','platform':'p','identityKey':'" key "'}"
#define OTHER_KEY "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"
#define KEY "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"

static void
test_info (Bench *b, gconstpointer data)
{
  g_autoptr (JsonObject) info = NULL;
  g_autoptr (JsonObject) document = NULL;
  static const char batch[] = "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"rpc.discover\"}]";
  g_autofree char *event = NULL;

  bench_open (b, 1);
  info = bench_call (b, 1, "server.info", "{}");
  g_assert_cmpstr (json_object_get_string_member (info, "version"), ==, ALDIS_VERSION);
  g_assert_cmpint (json_object_get_int_member (info, "serverTime"), ==, BENCH_NOW_MS);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (info, "features")), ==, 2);
  document = bench_call (b, 1, "rpc.discover", "{}");
  g_assert_cmpstr (json_object_get_string_member (document, "openrpc"), ==, "1.2.6");
  g_assert_true (json_object_equal (document, sig_openrpc_get_root (sig_rpc_get_openrpc (b->rpc))));
  sig_gate_ops ()->on_message (1, batch, strlen (batch), &b->gate);
  event = bench_take (b);
  g_assert_nonnull (strstr (event, "not_in_batch"));
}

static void
test_register (Bench *b, gconstpointer data)
{
  g_autoptr (JsonObject) login = NULL;
  JsonObject *user, *device;

  bench_open (b, 1);
  login = bench_call (b, 1, "account.register",
                      "{'username':'Alice','password':'correct horse','displayName':'\\u00c4lice'," DEVICE (KEY) "}");
  user = json_object_get_object_member (login, "user");
  device = json_object_get_object_member (login, "device");
  g_assert_cmpstr (json_object_get_string_member (user, "username"), ==, "Alice");
  g_assert_cmpstr (json_object_get_string_member (user, "displayName"), ==, "\xc3\x84lice");
  g_assert_cmpstr (json_object_get_string_member (device, "identityKey"), ==, KEY);
  g_assert_cmpint (json_object_get_int_member (device, "addedAt"), ==, BENCH_NOW_MS);
  bench_refused (b, 1, "account.register", "{'username':'aLICE','password':'correct horse'," DEVICE (KEY) "}", -32004,
                 "username_taken");
}

static void
test_bad_register (Bench *b, gconstpointer data)
{
  static const struct {
    const char *params, *reason;
  } rows[] = {
    { "{}", "invalid_params" },
    { "{'username':'al','password':'correct horse'," DEVICE (KEY) "}", "invalid_params" },
    { "{'username':'1lice','password':'correct horse'," DEVICE (KEY) "}", "username" },
    { "{'username':'alice','password':'short'," DEVICE (KEY) "}", "password" },
    { "{'username':'alice','password':'correct horse','displayName':''," DEVICE (KEY) "}", "invalid_params" },
    { "{'username':'alice','password':'correct horse'," DEVICE ("AAAA") "}", "invalid_params" },
    { "{'username':'alice','password':'correct horse'," DEVICE ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA") "}",
      "identity_key" },
    { "{'username':'alice','password':'correct horse','admin':true," DEVICE (KEY) "}", "invalid_params" },
    { "{'username':'alice','password':'correct horse','device':{'name':'n','platform':'p','identityKey':'" KEY
      "','id':'x'}}", "invalid_params" },
  };

  bench_open (b, 1);
  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    bench_refused (b, 1, "account.register", rows[i].params, -32602, rows[i].reason);
}

static void
test_login (Bench *b, gconstpointer data)
{
  g_auto (Person) alice = bench_person (b, 1, "alice", 0);
  g_autofree char *known = g_strdup_printf ("{'username':'alice','password':'password of alice','device':"
                                            "{'id':'%s','name':'n','platform':'p','identityKey':'%s'}}",
                                            alice.device_id, bench_keys[1]);

  bench_open (b, 2);
  bench_refused (b, 2, "account.login", "{'username':'alice','password':'wrong wrong'," DEVICE (KEY) "}", -32001,
                 "bad_password");
  bench_refused (b, 2, "account.login", "{'username':'nobody','password':'wrong wrong'," DEVICE (KEY) "}", -32001,
                 "bad_password");
  bench_refused (b, 2, "account.login", known, -32004, "identity_key_changed");
}

static void
test_login_limit (Bench *b, gconstpointer data)
{
  bool limited = false;

  bench_open (b, 1);
  for (unsigned i = 0; i < 50 && !limited; i++)
    {
      g_autoptr (JsonNode) answer = NULL;
      g_autoptr (JsonObject) error = NULL;
      JsonObject *why;

      bench_say (b, 1, "account.login", "{'username':'alice','password':'wrong wrong'," DEVICE (KEY) "}");
      answer = bench_answer (b, 1);
      error = bench_member (answer, "error");
      why = json_object_get_object_member (error, "data");
      limited = json_object_get_int_member (error, "code") == -32005;
      g_assert_true (limited == (json_object_get_int_member_with_default (why, "retryAfterMs", 0) > 0));
    }
  g_assert_true (limited);
}

static void
test_change_password (Bench *b, gconstpointer data)
{
  g_auto (Person) one = bench_person (b, 1, "alice", 0);
  g_auto (Person) two = bench_device (b, 2, "alice", 1);
  g_autoptr (JsonObject) result = NULL;
  g_autoptr (JsonNode) answer = NULL;

  bench_refused (b, 1, "account.changePassword", "{'oldPassword':'wrong wrong','newPassword':'another one'}", -32001,
                 "bad_password");
  bench_say (b, 1, "account.changePassword", "{'oldPassword':'password of alice','newPassword':'another one'}");
  bench_expect (b, "close 2 4003");
  answer = bench_answer (b, 1);
  result = bench_member (answer, "result");
  bench_close (b, 2);
  bench_open (b, 3);
  {
    g_autofree char *params = g_strdup_printf ("{'token':'%s'}", two.token);

    bench_refused (b, 3, "session.start", params, -32001, "bad_token");
  }
  g_assert_cmpuint (sig_sessions_get_n_attached (b->sessions), ==, 1);
}

static void
test_find (Bench *b, gconstpointer data)
{
  g_auto (Person) alice = bench_person (b, 1, "alice", 0);
  g_auto (Person) bob = bench_person (b, 2, "bob_1", 1);
  g_autoptr (JsonObject) found = bench_call (b, 1, "user.find", "{'username':'BOB_1'}");
  g_autofree char *ids = g_strdup_printf ("{'ids':['%s','7','%s']}", bob.user_id, alice.user_id);
  g_autoptr (JsonObject) users = bench_call (b, 1, "user.get", ids);
  JsonArray *list = json_object_get_array_member (users, "users");

  g_assert_cmpstr (json_object_get_string_member (json_object_get_object_member (found, "user"), "id"), ==, bob.user_id);
  g_assert_cmpuint (json_array_get_length (list), ==, 2);
  g_assert_cmpstr (json_object_get_string_member (json_array_get_object_element (list, 1), "username"), ==, "alice");
  bench_refused (b, 1, "user.find", "{'username':'nobody'}", -32003, "user");
  bench_refused (b, 1, "user.get", "{'ids':[]}", -32602, "invalid_params");
  bench_refused (b, 1, "user.get", "{'ids':['0']}", -32602, "invalid_params");
  bench_open (b, 3);
  bench_refused (b, 3, "user.find", "{'username':'alice'}", -32001, "unauthenticated");
}

static void
test_get_bound (Bench *b, gconstpointer data)
{
  g_auto (Person) alice = bench_person (b, 1, "alice", 0);

  for (unsigned n = 100; n <= 101; n++)
    {
      g_autoptr (GString) params = g_string_new ("{'ids':['1'");
      g_autoptr (JsonNode) answer = NULL;

      for (unsigned i = 1; i < n; i++)
        g_string_append_printf (params, ",'%u'", i + 1);
      g_string_append (params, "]}");
      bench_say (b, 1, "user.get", params->str);
      answer = bench_answer (b, 1);
      g_assert_true (json_object_has_member (json_node_get_object (answer), n <= 100 ? "result" : "error"));
    }
}

static void
test_devices (Bench *b, gconstpointer data)
{
  g_auto (Person) one = bench_person (b, 1, "alice", 0);
  g_auto (Person) two = bench_device (b, 2, "alice", 1);
  g_auto (Person) bob = bench_person (b, 3, "bob", 2);
  g_autofree char *params = g_strdup_printf ("{'userId':'%s'}", one.user_id);
  g_autoptr (JsonObject) result = bench_call (b, 3, "device.list", params);
  JsonArray *list = json_object_get_array_member (result, "devices");

  g_assert_cmpuint (json_array_get_length (list), ==, 2);
  for (unsigned i = 0; i < 2; i++)
    {
      /* added in the same millisecond, so in either order */
      JsonObject *device = json_array_get_object_element (list, i);
      bool first = g_str_equal (json_object_get_string_member (device, "id"), one.device_id);

      g_assert_true (first || g_str_equal (json_object_get_string_member (device, "id"), two.device_id));
      g_assert_cmpstr (json_object_get_string_member (device, "identityKey"), ==, bench_keys[first ? 0 : 1]);
    }
  bench_refused (b, 3, "device.list", "{'userId':'7'}", -32003, "user");
}

static char *
totp_code (const char *secret)
{
  uint8_t bytes[MSG_TOTP_SECRET_BYTES + 1];
  unsigned len = 0, bits = 0, n = 0;

  for (; *secret != '\0'; secret++)
    {
      bits = (bits << 5 | (unsigned) (strchr ("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", *secret) - "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
             & 0xfff;
      if ((n += 5) >= 8)
        bytes[len++] = (uint8_t) (bits >> (n -= 8));
    }
  return g_strdup_printf ("%06u", msg_hotp (bytes, len, BENCH_NOW_MS / MSG_TOTP_STEP_MS, MSG_TOTP_DIGITS));
}

static void
test_second_factor (Bench *b, gconstpointer data)
{
  g_auto (Person) alice = bench_person (b, 1, "alice", 0);
  g_autoptr (JsonObject) draft = NULL, enabled = NULL, state = NULL, back = NULL, reset = NULL;
  g_autofree char *code = NULL, *params = NULL, *with_code = NULL, *user = NULL;
  const char *recovery;

  bench_refused (b, 1, "account.totpBegin", "{}", -32602, "invalid_params");
  bench_refused (b, 1, "account.totpEnable", "{'code':'123456'}", -32004, "two_factor_off");
  draft = bench_call (b, 1, "account.totpBegin", "{'password':'password of alice'}");
  code = totp_code (json_object_get_string_member (draft, "secret"));
  params = g_strdup_printf ("{'code':'%s'}", code);
  enabled = bench_call (b, 1, "account.totpEnable", params);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (enabled, "recoveryCodes")), ==, 10);
  recovery = json_array_get_string_element (json_object_get_array_member (enabled, "recoveryCodes"), 4);
  bench_open (b, 2);
  bench_refused (b, 2, "account.login", "{'username':'alice','password':'password of alice'," DEVICE (OTHER_KEY) "}", -32001,
                 "code_required");
  bench_refused (b, 2, "account.login", "{'username':'alice','password':'wrong wrong'," DEVICE (OTHER_KEY) "}", -32001,
                 "bad_password");
  with_code = g_strdup_printf ("{'username':'alice','password':'password of alice','code':'%s'," DEVICE (OTHER_KEY) "}", recovery);
  back = bench_call (b, 2, "account.login", with_code);
  bench_refused (b, 2, "account.login", with_code, -32001, "bad_code");
  bench_refused (b, 2, "account.totpState", "{}", -32001, "unauthenticated");
  state = bench_call (b, 1, "account.totpState", "{}");
  g_assert_cmpint (json_object_get_int_member (state, "recoveryCodesLeft"), ==, 9);
  g_assert_cmpint (json_object_get_int_member (state, "enabledAt"), ==, BENCH_NOW_MS);
  user = g_strdup_printf ("{'userId':'%s'}", alice.user_id);
  reset = bench_admin (b, "admin.userTotpReset", user);
}

#define ADD(name, fn) g_test_add ("/signaling/service-account/" name, Bench, NULL, bench_set_up, fn, bench_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("info", test_info);
  ADD ("register", test_register);
  ADD ("bad-register", test_bad_register);
  ADD ("login", test_login);
  ADD ("login-limit", test_login_limit);
  ADD ("change-password", test_change_password);
  ADD ("second-factor", test_second_factor);
  ADD ("find", test_find);
  ADD ("get-bound", test_get_bound);
  ADD ("devices", test_devices);
  return g_test_run ();
}
