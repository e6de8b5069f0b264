/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "signaling/envelope.h"

static const struct {
  const char *name, *text;
  SigEnvelopeFault message, request; /* request: of a message that is an object and OK */
} vectors[] = {
  { "request", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\",\"params\":{}}", SIG_ENVELOPE_OK, SIG_ENVELOPE_OK },
  { "no params", "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"a\"}", SIG_ENVELOPE_OK, SIG_ENVELOPE_OK },
  { "notification", "{\"jsonrpc\":\"2.0\",\"method\":\"a\"}", SIG_ENVELOPE_OK, SIG_ENVELOPE_OK },
  { "null id", "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"a\"}", SIG_ENVELOPE_OK, SIG_ENVELOPE_OK },
  { "fraction id", "{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"a\"}", SIG_ENVELOPE_OK, SIG_ENVELOPE_OK },
  { "positional", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\",\"params\":[]}", SIG_ENVELOPE_OK, SIG_ENVELOPE_POSITIONAL },
  { "empty", "", SIG_ENVELOPE_PARSE, 0 },
  { "cut", "{\"jsonrpc\":\"2.0\"", SIG_ENVELOPE_PARSE, 0 },
  { "two values", "{} {}", SIG_ENVELOPE_PARSE, 0 },
  { "duplicate", "{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"a\"}", SIG_ENVELOPE_PARSE, 0 },
  { "number", "7", SIG_ENVELOPE_INVALID, 0 },
  { "null", "null", SIG_ENVELOPE_INVALID, 0 },
  { "string", "\"a\"", SIG_ENVELOPE_INVALID, 0 },
  { "empty batch", "[]", SIG_ENVELOPE_INVALID, 0 },
  { "batch", "[1]", SIG_ENVELOPE_OK, 0 },
  { "empty object", "{}", SIG_ENVELOPE_OK, SIG_ENVELOPE_INVALID },
  { "no version", "{\"id\":1,\"method\":\"a\"}", SIG_ENVELOPE_OK, SIG_ENVELOPE_INVALID },
  { "version 1", "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"a\"}", SIG_ENVELOPE_OK, SIG_ENVELOPE_INVALID },
  { "version number", "{\"jsonrpc\":2.0,\"id\":1,\"method\":\"a\"}", SIG_ENVELOPE_OK, SIG_ENVELOPE_INVALID },
  { "no method", "{\"jsonrpc\":\"2.0\",\"id\":1}", SIG_ENVELOPE_OK, SIG_ENVELOPE_INVALID },
  { "method number", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":1}", SIG_ENVELOPE_OK, SIG_ENVELOPE_INVALID },
  { "params string", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\",\"params\":\"b\"}", SIG_ENVELOPE_OK, SIG_ENVELOPE_INVALID },
  { "params null", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\",\"params\":null}", SIG_ENVELOPE_OK, SIG_ENVELOPE_INVALID },
  { "id bool", "{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"a\"}", SIG_ENVELOPE_OK, SIG_ENVELOPE_INVALID },
  { "id object", "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"a\"}", SIG_ENVELOPE_OK, SIG_ENVELOPE_INVALID },
  { "unknown member", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\",\"param\":{}}", SIG_ENVELOPE_OK, SIG_ENVELOPE_INVALID },
  { "an answer", "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}", SIG_ENVELOPE_OK, SIG_ENVELOPE_INVALID },
};

static void
test_vector (gconstpointer data)
{
  unsigned i = GPOINTER_TO_UINT (data);
  g_autoptr (JsonNode) root = NULL;
  SigRequest request;

  g_assert_cmpint (sig_envelope_parse (vectors[i].text, strlen (vectors[i].text), &root), ==, vectors[i].message);
  g_assert_true ((root == NULL) == (vectors[i].message == SIG_ENVELOPE_PARSE));
  if (vectors[i].message == SIG_ENVELOPE_OK && JSON_NODE_HOLDS_OBJECT (root))
    g_assert_cmpint (sig_request_read (root, &request), ==, vectors[i].request);
}

static void
test_request (void)
{
  static const char text[] = "{\"jsonrpc\":\"2.0\",\"id\":\"seven\",\"method\":\"user.find\",\"params\":{\"username\":\"bob\"}}";
  g_autoptr (JsonNode) root = NULL;
  SigRequest request;

  g_assert_cmpint (sig_envelope_parse (text, strlen (text), &root), ==, SIG_ENVELOPE_OK);
  g_assert_cmpint (sig_request_read (root, &request), ==, SIG_ENVELOPE_OK);
  g_assert_false (request.notification);
  g_assert_cmpstr (json_node_get_string (request.id), ==, "seven");
  g_assert_cmpstr (request.method, ==, "user.find");
  g_assert_cmpstr (json_object_get_string_member (request.params, "username"), ==, "bob");
}

static void
test_notification (void)
{
  static const char text[] = "{\"jsonrpc\":\"2.0\",\"method\":\"a\"}";
  g_autoptr (JsonNode) root = al_json_parse (text, strlen (text), NULL);
  SigRequest request;

  g_assert_cmpint (sig_request_read (root, &request), ==, SIG_ENVELOPE_OK);
  g_assert_true (request.notification);
  g_assert_null (request.params);
}

/* the id of a bad request is echoed where it can be known */
static void
test_id_of_bad (void)
{
  static const char text[] = "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":7}";
  g_autoptr (JsonNode) root = al_json_parse (text, strlen (text), NULL);
  SigRequest request;

  g_assert_cmpint (sig_request_read (root, &request), ==, SIG_ENVELOPE_INVALID);
  g_assert_false (request.notification);
  g_assert_cmpint (json_node_get_int (request.id), ==, 7);
}

static void
test_id_length (void)
{
  for (unsigned n = SIG_ENVELOPE_MAX_ID; n <= SIG_ENVELOPE_MAX_ID + 1; n++)
    {
      g_autoptr (GString) text = g_string_new ("{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"id\":\"");
      g_autoptr (JsonNode) root = NULL;
      SigRequest request;

      for (unsigned i = 0; i < n; i++)
        g_string_append (text, "\xc3\xa4");
      g_string_append (text, "\"}");
      root = al_json_parse (text->str, text->len, NULL);
      g_assert_cmpint (sig_request_read (root, &request), ==,
                       n <= SIG_ENVELOPE_MAX_ID ? SIG_ENVELOPE_OK : SIG_ENVELOPE_INVALID);
    }
}

static void
test_batch_size (void)
{
  for (unsigned n = SIG_ENVELOPE_MAX_BATCH; n <= SIG_ENVELOPE_MAX_BATCH + 1; n++)
    {
      g_autoptr (GString) text = g_string_new ("[0");
      g_autoptr (JsonNode) root = NULL;

      for (unsigned i = 1; i < n; i++)
        g_string_append (text, ",0");
      g_string_append_c (text, ']');
      g_assert_cmpint (sig_envelope_parse (text->str, text->len, &root), ==,
                       n <= SIG_ENVELOPE_MAX_BATCH ? SIG_ENVELOPE_OK : SIG_ENVELOPE_BATCH);
    }
}

static void
test_answers (void)
{
  g_autoptr (JsonNode) id = json_node_init_string (json_node_alloc (), "a\"b");
  g_autoptr (JsonObject) extra = json_object_new ();
  g_autoptr (GString) out = g_string_new (NULL);
  SigEnvelopeError error = { -32004, "glare", "both called", 0, extra };

  sig_envelope_append_result (out, id, "{}", 2);
  g_assert_cmpstr (out->str, ==, "{\"jsonrpc\":\"2.0\",\"id\":\"a\\\"b\",\"result\":{}}");
  g_string_truncate (out, 0);
  json_object_set_string_member (extra, "callId", "x");
  sig_envelope_append_error (out, NULL, &error);
  g_assert_cmpstr (out->str, ==,
                   "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32004,\"message\":\"both called\","
                   "\"data\":{\"reason\":\"glare\",\"callId\":\"x\"}}}");
  g_string_truncate (out, 0);
  error = (SigEnvelopeError){ -32005, "rate", "slow \"down\"", 1500, NULL };
  sig_envelope_append_error (out, id, &error);
  g_assert_nonnull (strstr (out->str, "\"message\":\"slow \\\"down\\\"\",\"data\":{\"reason\":\"rate\",\"retryAfterMs\":1500}"));
}

static void
test_notify (void)
{
  static const char text[] = "{\"jsonrpc\":\"2.0\",\"method\":\"call.active\",\"params\":{\"seq\":3}}";
  g_autoptr (JsonObject) params = json_object_new ();
  g_autoptr (AlBuf) buf = NULL;

  json_object_set_int_member (params, "seq", 3);
  buf = sig_envelope_notification ("call.active", params);
  g_assert_cmpmem (buf->data, buf->len, text, strlen (text));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *name = g_strdup_printf ("/signaling/envelope/read/%s", vectors[i].name);

      g_test_add_data_func (name, GUINT_TO_POINTER (i), test_vector);
    }
  g_test_add_func ("/signaling/envelope/request", test_request);
  g_test_add_func ("/signaling/envelope/notification", test_notification);
  g_test_add_func ("/signaling/envelope/id-of-bad", test_id_of_bad);
  g_test_add_func ("/signaling/envelope/id-length", test_id_length);
  g_test_add_func ("/signaling/envelope/batch-size", test_batch_size);
  g_test_add_func ("/signaling/envelope/answers", test_answers);
  g_test_add_func ("/signaling/envelope/notify", test_notify);
  return g_test_run ();
}
