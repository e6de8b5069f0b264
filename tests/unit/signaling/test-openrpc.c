/* SPDX-License-Identifier: Apache-2.0 */
/* The document holds itself to what it says: its examples fit its schemas, its references lead somewhere. */
#include <string.h>

#include "base/json.h"
#include "signaling/openrpc.h"

static SigOpenrpc *
new_doc (void)
{
  g_autoptr (GError) error = NULL;
  SigOpenrpc *doc = sig_openrpc_new (&error);

  g_assert_no_error (error);
  return doc;
}

static void
assert_fits (const SigSchema *schema, JsonNode *value, const char *name)
{
  char fault[SIG_SCHEMA_FAULT_BYTES];

  if (!sig_schema_check (schema, value, name, fault))
    g_error ("%s: %s", name, fault);
}

/* OpenRPC gives the params of an example as a list of {name, value} */
static JsonNode *
example_params (JsonArray *list)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  for (unsigned i = 0; i < json_array_get_length (list); i++)
    {
      JsonObject *param = json_array_get_object_element (list, i);

      json_object_set_member (object, json_object_get_string_member (param, "name"),
                              json_node_copy (json_object_get_member (param, "value")));
    }
  json_node_take_object (node, object);
  return node;
}

static void
test_method_examples (void)
{
  g_autoptr (SigOpenrpc) doc = new_doc ();

  g_assert_cmpuint (sig_openrpc_get_n_methods (doc), >=, 30);
  for (unsigned i = 0; i < sig_openrpc_get_n_methods (doc); i++)
    {
      const SigMethodDoc *method = sig_openrpc_get_method (doc, i);

      g_assert_nonnull (method->examples);
      g_assert_cmpuint (json_array_get_length (method->examples), >, 0);
      for (unsigned j = 0; j < json_array_get_length (method->examples); j++)
        {
          JsonObject *example = json_array_get_object_element (method->examples, j);
          g_autoptr (JsonNode) params = example_params (json_object_get_array_member (example, "params"));

          assert_fits (method->params, params, method->name);
          assert_fits (method->result, json_object_get_member (json_object_get_object_member (example, "result"), "value"),
                       method->name);
        }
    }
}

static void
check_list (SigOpenrpc *doc, const char *member, const SigSchema *(*find) (const SigOpenrpc *, const char *))
{
  JsonArray *list = json_object_get_array_member (sig_openrpc_get_root (doc), member);

  g_assert_cmpuint (json_array_get_length (list), >, 0);
  for (unsigned i = 0; i < json_array_get_length (list); i++)
    {
      JsonObject *entry = json_array_get_object_element (list, i);
      const char *name = json_object_get_string_member (entry, "name");
      JsonArray *examples = json_object_get_array_member (entry, "examples");

      g_assert_nonnull (find (doc, name));
      g_assert_cmpuint (json_array_get_length (examples), >, 0);
      for (unsigned j = 0; j < json_array_get_length (examples); j++)
        assert_fits (find (doc, name), json_array_get_element (examples, j), name);
    }
}

static void
test_other_examples (void)
{
  g_autoptr (SigOpenrpc) doc = new_doc ();

  check_list (doc, "x-notifications", sig_openrpc_find_notification);
  check_list (doc, "x-webhooks", sig_openrpc_find_webhook);
  g_assert_null (sig_openrpc_find_notification (doc, "call.nothing"));
  g_assert_null (sig_openrpc_find_webhook (doc, "call.nothing"));
}

static void
test_errors (void)
{
  g_autoptr (SigOpenrpc) doc = new_doc ();
  JsonObject *components = json_object_get_object_member (sig_openrpc_get_root (doc), "components");
  JsonObject *errors = json_object_get_object_member (components, "errors");
  JsonArray *methods = json_object_get_array_member (sig_openrpc_get_root (doc), "methods");

  for (unsigned i = 0; i < json_array_get_length (methods); i++)
    {
      JsonArray *list = json_object_get_array_member (json_array_get_object_element (methods, i), "errors");

      for (unsigned j = 0; j < json_array_get_length (list); j++)
        {
          const char *ref = json_object_get_string_member (json_array_get_object_element (list, j), "$ref");

          g_assert_true (g_str_has_prefix (ref, "#/components/errors/"));
          g_assert_true (json_object_has_member (errors, ref + strlen ("#/components/errors/")));
        }
    }
  g_assert_true (sig_openrpc_has_reason (doc, SIG_RPC_CONFLICT, "glare"));
  g_assert_false (sig_openrpc_has_reason (doc, SIG_RPC_GONE, "glare"));
  g_assert_false (sig_openrpc_has_reason (doc, -32000, "glare"));
}

static void
test_text (void)
{
  g_autoptr (SigOpenrpc) doc = new_doc ();
  size_t len;
  const char *text = sig_openrpc_get_text (doc, &len);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = al_json_parse_values (text, len, 1 << 16, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (json_object_get_string_member (json_node_get_object (node), "openrpc"), ==, "1.2.6");
  g_assert_null (strchr (text, '\n'));
}

static void
test_access (void)
{
  static const struct {
    const char *prefix;
    SigRpcAccess access;
  } rows[] = {
    { "call.", SIG_RPC_SESSION },  { "user.", SIG_RPC_SESSION },        { "device.", SIG_RPC_SESSION },
    { "admin.", SIG_RPC_ADMIN },   { "backend.", SIG_RPC_BACKEND },
  };
  g_autoptr (SigOpenrpc) doc = new_doc ();

  for (unsigned i = 0; i < sig_openrpc_get_n_methods (doc); i++)
    for (unsigned j = 0; j < G_N_ELEMENTS (rows); j++)
      if (g_str_has_prefix (sig_openrpc_get_method (doc, i)->name, rows[j].prefix))
        g_assert_cmpint (sig_openrpc_get_method (doc, i)->access, ==, rows[j].access);
  g_assert_null (sig_openrpc_find_method (doc, "nothing"));
  g_assert_cmpint (sig_openrpc_find_method (doc, "session.start")->access, ==, SIG_RPC_ANYONE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/signaling/openrpc/method-examples", test_method_examples);
  g_test_add_func ("/signaling/openrpc/other-examples", test_other_examples);
  g_test_add_func ("/signaling/openrpc/errors", test_errors);
  g_test_add_func ("/signaling/openrpc/text", test_text);
  g_test_add_func ("/signaling/openrpc/access", test_access);
  return g_test_run ();
}
