/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/json.h"
#include "signaling/schema.h"

#define COMPONENTS                                                                                                     \
  "{\"Id\":{\"type\":\"string\",\"format\":\"id\"},"                                                                   \
  "\"Tree\":{\"type\":\"object\",\"properties\":{\"left\":{\"$ref\":\"#/components/schemas/Tree\"}},"                  \
  "\"additionalProperties\":false}}"

static JsonNode *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  JsonNode *node = al_json_parse (text, strlen (text), &error);

  g_assert_no_error (error);
  return node;
}

static SigSchemaSet *
new_set (void)
{
  g_autoptr (JsonNode) components = parse (COMPONENTS);

  return sig_schema_set_new (json_node_get_object (components));
}

static const struct {
  const char *schema, *value;
  const char *fault; /* NULL: fits */
} checks[] = {
  { "{}", "[1,{\"a\":null}]", NULL },
  { "{'type':'object'}", "{}", NULL },
  { "{'type':'object'}", "[]", "v: expected an object" },
  { "{'type':'array'}", "[]", NULL },
  { "{'type':'array'}", "{}", "v: expected a list" },
  { "{'type':'string'}", "'x'", NULL },
  { "{'type':'string'}", "1", "v: expected a string" },
  { "{'type':'boolean'}", "false", NULL },
  { "{'type':'boolean'}", "0", "v: expected true or false" },
  { "{'type':'null'}", "null", NULL },
  { "{'type':'null'}", "false", "v: expected null" },
  { "{'type':'integer'}", "-5", NULL },
  { "{'type':'integer'}", "2.0", NULL },
  { "{'type':'integer'}", "2.5", "v: expected an integer" },
  { "{'type':'integer'}", "1e300", "v: expected an integer" },
  { "{'type':'integer'}", "true", "v: expected an integer" },
  { "{'type':'integer'}", "'1'", "v: expected an integer" },
  { "{'type':'number'}", "2.5", NULL },
  { "{'type':'number'}", "2", NULL },
  { "{'type':'number'}", "null", "v: expected a number" },
  { "{'type':['string','null']}", "null", NULL },
  { "{'type':['string','null']}", "'x'", NULL },
  { "{'type':['string','null']}", "1", "v: expected a string" },

  { "{'minimum':1}", "1", NULL },
  { "{'minimum':1}", "0", "v: expected at least 1" },
  { "{'minimum':1}", "0.999", "v: expected at least 1" },
  { "{'maximum':3}", "3", NULL },
  { "{'maximum':3}", "3.5", "v: expected at most 3" },
  { "{'maximum':3}", "'no number'", NULL },

  { "{'minLength':2}", "'ab'", NULL },
  { "{'minLength':2}", "'a'", "v: expected at least 2 characters" },
  { "{'minLength':2}", "'\xc3\xa4'", "v: expected at least 2 characters" },
  { "{'maxLength':2}", "'\xf0\x9f\x98\x80\xf0\x9f\x98\x80'", NULL },
  { "{'maxLength':2}", "'abc'", "v: expected at most 2 characters" },
  { "{'maxLength':0}", "''", NULL },

  { "{'minItems':1}", "[]", "v: expected at least 1 elements" },
  { "{'maxItems':1}", "[1,2]", "v: expected at most 1 elements" },
  { "{'minItems':1,'maxItems':1}", "[1]", NULL },
  { "{'items':{'type':'integer'}}", "[1,2,3]", NULL },
  { "{'items':{'type':'integer'}}", "[1,2,'3']", "v[2]: expected an integer" },
  { "{'items':{'items':{'type':'null'}}}", "[[null],[null,1]]", "v[1][1]: expected null" },

  { "{'properties':{'a':{'type':'string'}}}", "{'a':'x','b':1}", NULL },
  { "{'properties':{'a':{'type':'string'}}}", "{'a':1}", "v.a: expected a string" },
  { "{'properties':{'a':{'type':'string'}},'additionalProperties':false}", "{'b':1}", "v.b: unknown member" },
  { "{'additionalProperties':{'type':'integer'}}", "{'b':1,'c':2}", NULL },
  { "{'additionalProperties':{'type':'integer'}}", "{'b':1,'c':'2'}", "v.c: expected an integer" },
  { "{'required':['a']}", "{'a':null}", NULL },
  { "{'required':['a']}", "{'b':null}", "v.a: missing" },
  { "{'required':['a'],'properties':{'a':{'type':'object','required':['b']}}}", "{'a':{}}", "v.a.b: missing" },
  { "{'maxProperties':1}", "{'a':1}", NULL },
  { "{'maxProperties':1}", "{'a':1,'b':2}", "v: expected at most 1 members" },

  { "{'enum':['a','b',3,null]}", "'b'", NULL },
  { "{'enum':['a','b',3,null]}", "3", NULL },
  { "{'enum':['a','b',3,null]}", "null", NULL },
  { "{'enum':['a','b',3,null]}", "'c'", "v: expected one of the documented values" },
  { "{'enum':['a']}", "'A'", "v: expected one of the documented values" },
  { "{'const':2}", "2", NULL },
  { "{'const':2}", "3", "v: expected one of the documented values" },

  { "{'oneOf':[{'type':'string'},{'type':'integer'}]}", "1", NULL },
  { "{'oneOf':[{'type':'string'},{'type':'integer'}]}", "null", "v: expected exactly one of the documented forms" },
  { "{'oneOf':[{'type':'number'},{'type':'integer'}]}", "1", "v: expected exactly one of the documented forms" },
  { "{'oneOf':[{'type':'number'},{'type':'integer'}]}", "1.5", NULL },

  { "{'format':'base64url','x-bytes':3}", "'AAAA'", NULL },
  { "{'format':'base64url','x-bytes':3}", "'AAA'", "v: expected at least 3 bytes" },
  { "{'format':'base64url','x-bytes':3}", "'AAAAAA'", "v: expected at most 3 bytes" },
  { "{'format':'base64url'}", "'AA=='", "v: expected base64url without padding" },
  { "{'format':'base64url'}", "'AB'", "v: expected base64url without padding" },
  { "{'format':'base64url'}", "'+/AA'", "v: expected base64url without padding" },
  { "{'format':'base64url'}", "''", NULL },
  { "{'format':'base64url','x-minBytes':1}", "''", "v: expected at least 1 bytes" },
  { "{'format':'base64url','x-maxBytes':1}", "'AAA'", "v: expected at most 1 bytes" },

  { "{'$ref':'#/components/schemas/Id'}", "'1'", NULL },
  { "{'$ref':'#/components/schemas/Id'}", "'9007199254740991'", NULL },
  { "{'$ref':'#/components/schemas/Id'}", "'9007199254740992'", "v: expected an id" },
  { "{'$ref':'#/components/schemas/Id'}", "'0'", "v: expected an id" },
  { "{'$ref':'#/components/schemas/Id'}", "'-1'", "v: expected an id" },
  { "{'$ref':'#/components/schemas/Id'}", "'01'", "v: expected an id" },
  { "{'$ref':'#/components/schemas/Id'}", "''", "v: expected an id" },
  { "{'$ref':'#/components/schemas/Id'}", "7", "v: expected a string" },
  { "{'$ref':'#/components/schemas/Tree'}", "{'left':{'left':{}}}", NULL },
  { "{'$ref':'#/components/schemas/Tree'}", "{'left':{'left':{'right':1}}}", "v.left.left.right: unknown member" },
};

/* the tables above are easier to read with ' for " */
static char *
unquote (const char *text)
{
  return g_strdelimit (g_strdup (text), "'", '"');
}

static void
test_check (gconstpointer data)
{
  unsigned i = GPOINTER_TO_UINT (data);
  g_autofree char *schema_text = unquote (checks[i].schema);
  g_autofree char *value_text = unquote (checks[i].value);
  g_autoptr (SigSchemaSet) set = new_set ();
  g_autoptr (JsonNode) schema_node = parse (schema_text);
  g_autoptr (JsonNode) value = parse (value_text);
  g_autoptr (GError) error = NULL;
  const SigSchema *schema = sig_schema_set_compile (set, schema_node, &error);
  char fault[SIG_SCHEMA_FAULT_BYTES] = "";

  g_test_message ("%s against %s", checks[i].value, checks[i].schema);
  g_assert_no_error (error);
  g_assert_true (sig_schema_check (schema, value, "v", fault) == (checks[i].fault == NULL));
  g_assert_cmpstr (fault, ==, checks[i].fault != NULL ? checks[i].fault : "");
  g_assert_true (sig_schema_check (schema, value, "v", NULL) == (checks[i].fault == NULL));
}

static void
test_bad_schemas (void)
{
  static const char *const bad[] = {
    "[]", "1", "null", "{'type':'text'}", "{'type':[]}", "{'type':['string',1]}", "{'type':1}",
    "{'minLength':-1}", "{'minLength':'1'}", "{'maxLength':1.5}", "{'maxItems':null}", "{'minimum':'1'}", "{'maximum':{}}",
    "{'properties':[]}", "{'properties':{'a':1}}", "{'properties':{'a':{'type':'x'}}}", "{'required':'a'}",
    "{'required':[1]}", "{'additionalProperties':1}", "{'items':[]}", "{'enum':[]}", "{'enum':'a'}", "{'oneOf':{}}",
    "{'oneOf':[1]}", "{'format':'date'}", "{'format':1}", "{'$ref':'#/elsewhere'}", "{'$ref':1}",
    "{'$ref':'#/components/schemas/None'}", "{'pattern':'^a'}", "{'anyOf':[]}", "{'x-bytes':'3'}", "{'minlength':1}",
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *text = unquote (bad[i]);
      g_autoptr (SigSchemaSet) set = new_set ();
      g_autoptr (JsonNode) node = parse (text);
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", bad[i]);
      g_assert_null (sig_schema_set_compile (set, node, &error));
      g_assert_error (error, SIG_SCHEMA_ERROR, SIG_SCHEMA_ERROR_INVALID);
    }
}

static const SigSchema *
compile_params (SigSchemaSet *set, const char *params, const char *shapes, GError **error)
{
  g_autofree char *params_text = unquote (params);
  g_autofree char *shapes_text = unquote (shapes);
  g_autoptr (JsonNode) params_node = parse (params_text);
  g_autoptr (JsonNode) shapes_node = parse (shapes_text);

  return sig_schema_set_compile_params (set, json_node_get_array (params_node), json_node_get_array (shapes_node), error);
}

static void
test_params (void)
{
  static const struct {
    const char *value, *fault;
  } rows[] = {
    { "{'token':'x'}", NULL },
    { "{'token':'x','lastSeq':1}", NULL },
    { "{'jwt':'x','device':{}}", NULL },
    { "{}", "params: expected one of the documented sets of members" },
    { "{'jwt':'x'}", "params: expected one of the documented sets of members" },
    { "{'token':'x','jwt':'y'}", "params: expected one of the documented sets of members" },
    { "{'token':'x','device':{}}", "params: expected one of the documented sets of members" },
    { "{'token':'x','more':1}", "params.more: unknown member" },
    { "{'token':7}", "params.token: expected a string" },
  };
  g_autoptr (SigSchemaSet) set = new_set ();
  g_autoptr (GError) error = NULL;
  const SigSchema *schema
      = compile_params (set,
                        "[{'name':'token','schema':{'type':'string'}},{'name':'jwt','schema':{'type':'string'}},"
                        "{'name':'device','schema':{'type':'object'}},{'name':'lastSeq','schema':{'type':'integer'}}]",
                        "[['token'],['jwt','device']]", &error);

  g_assert_no_error (error);
  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *text = unquote (rows[i].value);
      g_autoptr (JsonNode) value = parse (text);
      char fault[SIG_SCHEMA_FAULT_BYTES] = "";

      g_assert_true (sig_schema_check (schema, value, "params", fault) == (rows[i].fault == NULL));
      g_assert_cmpstr (fault, ==, rows[i].fault != NULL ? rows[i].fault : "");
    }
}

static void
test_bad_params (void)
{
  static const struct {
    const char *params, *shapes;
  } rows[] = {
    { "[{'schema':{}}]", "[]" },
    { "[{'name':'a'}]", "[]" },
    { "[{'name':'a','schema':{'type':'x'}}]", "[]" },
    { "[{'name':'a','schema':{}}]", "[['b']]" },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (SigSchemaSet) set = new_set ();
      g_autoptr (GError) error = NULL;

      g_assert_null (compile_params (set, rows[i].params, rows[i].shapes, &error));
      g_assert_error (error, SIG_SCHEMA_ERROR, SIG_SCHEMA_ERROR_INVALID);
    }
}

/* names are the peer's: a fault stays within its buffer, and is UTF-8 */
static void
test_long_names (void)
{
  g_autoptr (SigSchemaSet) set = new_set ();
  g_autoptr (JsonNode) tree = parse ("{\"$ref\":\"#/components/schemas/Tree\"}");
  const SigSchema *schema = sig_schema_set_compile (set, tree, NULL);

  for (unsigned depth = 0; depth < 30; depth++)
    {
      g_autoptr (GString) text = g_string_new (NULL);
      g_autoptr (JsonNode) value = NULL;
      char fault[SIG_SCHEMA_FAULT_BYTES + 1];

      for (unsigned i = 0; i < depth; i++)
        g_string_append (text, "{\"left\":");
      g_string_append (text, "{\"");
      for (unsigned i = 0; i < 500; i++)
        g_string_append (text, "\xe2\x82\xac");
      g_string_append (text, "\":1}");
      for (unsigned i = 0; i < depth; i++)
        g_string_append_c (text, '}');
      value = parse (text->str);
      memset (fault, '#', sizeof fault);
      g_assert_false (sig_schema_check (schema, value, "params", fault));
      g_assert_cmpint (fault[SIG_SCHEMA_FAULT_BYTES], ==, '#');
      g_assert_true (g_utf8_validate (fault, -1, NULL));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (checks); i++)
    {
      g_autofree char *name = g_strdup_printf ("/signaling/schema/check/%u", i);

      g_test_add_data_func (name, GUINT_TO_POINTER (i), test_check);
    }
  g_test_add_func ("/signaling/schema/bad-schemas", test_bad_schemas);
  g_test_add_func ("/signaling/schema/params", test_params);
  g_test_add_func ("/signaling/schema/bad-params", test_bad_params);
  g_test_add_func ("/signaling/schema/long-names", test_long_names);
  return g_test_run ();
}
