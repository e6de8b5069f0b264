/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/json.h"
#include "signaling/json-text.h"

static const struct {
  const char *name, *in, *out; /* out NULL: the same text */
} vectors[] = {
  { "object", "{\"a\":1,\"b\":[true,false,null],\"c\":{\"d\":\"e\"}}", NULL },
  { "order", "{\"z\":1,\"a\":2,\"m\":3}", NULL },
  { "empty", "[{},[],\"\"]", NULL },
  { "numbers", "[0,-1,9007199254740991,-9007199254740991]", NULL },
  { "fractions", "[0.5,-2.25,1e300]", "[0.5,-2.25,1.0000000000000001e+300]" },
  { "white space", " { \"a\" : [ 1 , 2 ] } ", "{\"a\":[1,2]}" },
  { "escapes", "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\"", NULL },
  { "slash", "\"\\/\"", "\"/\"" },
  { "utf-8", "\"\\u00e4\\ud83d\\ude00 \xe2\x82\xac\"", "\"\xc3\xa4\xf0\x9f\x98\x80 \xe2\x82\xac\"" },
  { "delete", "\"\\u007f\"", "\"\x7f\"" },
};

static void
test_vector (gconstpointer data)
{
  unsigned i = GPOINTER_TO_UINT (data);
  const char *expected = vectors[i].out != NULL ? vectors[i].out : vectors[i].in;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = al_json_parse (vectors[i].in, strlen (vectors[i].in), &error);
  g_autoptr (JsonNode) again = NULL;
  g_autoptr (GString) out = g_string_new (NULL);

  g_assert_no_error (error);
  sig_json_append (out, node);
  g_assert_cmpstr (out->str, ==, expected);
  again = al_json_parse (out->str, out->len, &error);
  g_assert_no_error (error);
  g_assert_true (json_node_equal (node, again));
}

static void
test_not_finite (void)
{
  static const double bad[] = { NAN, INFINITY, -INFINITY };

  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (JsonNode) node = json_node_init_double (json_node_alloc (), bad[i]);
      g_autoptr (GString) out = g_string_new (NULL);

      sig_json_append (out, node);
      g_assert_cmpstr (out->str, ==, "null");
    }
}

/* What has the looks of an integer must be one that readers take. */
static void
test_doubles (void)
{
  static const struct {
    double in;
    const char *out;
  } cases[] = {
    { 0.0, "0" },
    { -0.0, "0" },
    { 5.0, "5" },
    { 0x1p53 - 1, "9007199254740991" },
    { 0x1p53, "9.0071992547409920e+15" },
    { -0x1p60, "-1.1529215046068470e+18" },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (JsonNode) node = json_node_init_double (json_node_alloc (), cases[i].in);
      g_autoptr (GString) out = g_string_new (NULL);

      sig_json_append (out, node);
      g_assert_cmpstr (out->str, ==, cases[i].out);
    }
}

static void
test_every_control (void)
{
  for (char c = 1; c < 0x20; c++)
    {
      char text[2] = { c, '\0' };
      g_autoptr (GString) out = g_string_new (NULL);
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) node = NULL;

      sig_json_append_string (out, text);
      node = al_json_parse (out->str, out->len, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (json_node_get_string (node), ==, text);
    }
}

static void
test_ints (void)
{
  static const int64_t values[] = { 0, 1, -1, 9, 10, -10, 1700000000000, 9007199254740991, -9007199254740991, INT64_MAX, INT64_MIN };

  for (unsigned i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_autoptr (GString) out = g_string_new ("x");
      g_autofree char *expected = g_strdup_printf ("x%" G_GINT64_FORMAT, values[i]);

      sig_json_append_int (out, values[i]);
      g_assert_cmpstr (out->str, ==, expected);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *name = g_strdup_printf ("/signaling/json-text/%s", vectors[i].name);

      g_test_add_data_func (name, GUINT_TO_POINTER (i), test_vector);
    }
  g_test_add_func ("/signaling/json-text/not-finite", test_not_finite);
  g_test_add_func ("/signaling/json-text/doubles", test_doubles);
  g_test_add_func ("/signaling/json-text/ints", test_ints);
  g_test_add_func ("/signaling/json-text/every-control", test_every_control);
  return g_test_run ();
}
