/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/json.h"

/* @canon: what json-glib writes for the value; NULL: the text itself */
static const struct {
  const char *name, *text, *canon;
} good[] = {
  { "object-empty", "{}", NULL },
  { "array-empty", "[]", NULL },
  { "array-space", " [ ] ", "[]" },
  { "space-all", "\t\r\n {\t\r\n \"a\"\t\r\n :\t\r\n 1\t\r\n ,\"b\":[ 1 , 2 ]\t\r\n }\t\r\n ", "{\"a\":1,\"b\":[1,2]}" },
  { "lonely-true", "true", NULL },
  { "lonely-false", "false", NULL },
  { "lonely-null", "null", NULL },
  { "lonely-int", "42", NULL },
  { "lonely-negative", "-1", NULL },
  { "lonely-string", "\"lamp\"", NULL },
  { "lonely-string-empty", "\"\"", NULL },
  { "zero", "[0]", NULL },
  { "minus-zero", "[-0]", "[0]" },
  { "int-max", "[9007199254740991]", NULL },
  { "int-min", "[-9007199254740991]", NULL },
  { "real", "[1.5]", NULL },
  { "real-zero", "[0.0]", "[0.0]" },
  { "real-minus-zero", "[-0.0]", "[-0.0]" },
  { "real-exponent", "[1e2]", "[100.0]" },
  { "real-exponent-upper", "[1E+2]", "[100.0]" },
  { "real-exponent-minus", "[25e-1]", "[2.5]" },
  { "real-zero-exponent", "[0e1]", "[0.0]" },
  { "real-all", "[-12.5e+1]", "[-125.0]" },
  { "real-max", "[1.7976931348623157e308]", "[1.7976931348623157e+308]" },
  { "real-underflow", "[1e-400]", "[0.0]" },
  { "real-big-integer", "[9007199254740993.0]", "[9007199254740992.0]" },
  { "string-escapes", "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]", "[\"\\\"\\\\/\\b\\f\\n\\r\\t\"]" },
  { "string-u", "[\"\\u0061\\u00e9\\u20AC\"]", "[\"a\xc3\xa9\xe2\x82\xac\"]" },
  { "string-pair", "[\"\\ud83d\\ude00\\uD83D\\uDE00\"]", "[\"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\"]" },
  { "string-pair-first", "[\"\\ud800\\udc00\"]", "[\"\xf0\x90\x80\x80\"]" },
  { "string-pair-last", "[\"\\udbff\\udfff\"]", "[\"\xf4\x8f\xbf\xbf\"]" },
  { "string-utf8", "[\"\xe2\x82\xac\xf0\x9f\x98\x80\"]", NULL },
  { "string-2028", "[\"\xe2\x80\xa8\"]", NULL },
  { "string-nonchar", "[\"\xef\xbf\xbf\"]", NULL },
  { "string-del", "[\"\x7f\"]", "[\"\\u007f\"]" },
  { "string-brackets", "[\"[[[{{{,:]\"]", NULL },
  { "string-comment", "[\"a/*b*/c//d\"]", NULL },
  { "string-backslash-u", "[\"\\\\u0000\"]", NULL },
  { "nested", "{\"a\":{\"b\":[{\"c\":null}]}}", NULL },
  { "names-same-elsewhere", "{\"a\":{\"a\":{\"a\":1}},\"b\":[{\"a\":1},{\"a\":2}]}", NULL },
  { "names-case", "{\"a\":1,\"A\":2}", NULL },
  { "names-near", "{\"a\":1,\"a \":2,\"aa\":3}", NULL },
  { "name-escaped", "{\"\\u0061\\n\":1,\"b\":2}", "{\"a\\n\":1,\"b\":2}" },
  { "name-empty", "{\"\":1}", NULL },
  { "name-dots", "{\"a.b\":{\"c/d\":1}}", NULL },
};

static void
test_good (gconstpointer data)
{
  size_t i = GPOINTER_TO_SIZE (data);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = al_json_parse (good[i].text, strlen (good[i].text), &error);
  g_autofree char *written = NULL;

  g_assert_no_error (error);
  written = json_to_string (node, FALSE);
  g_assert_cmpstr (written, ==, good[i].canon != NULL ? good[i].canon : good[i].text);
}

#define SYNTAX AL_JSON_ERROR_SYNTAX
#define TEXT AL_JSON_ERROR_TEXT
#define RANGE AL_JSON_ERROR_RANGE
#define DUPLICATE AL_JSON_ERROR_DUPLICATE

static const struct {
  const char *name, *text;
  AlJsonError code;
  int at; /* the offset that the message names */
} bad[] = {
  { "empty", "", SYNTAX, 0 },
  { "space", "   ", SYNTAX, 3 },
  { "bom", "\xef\xbb\xbf{}", SYNTAX, 0 },
  { "utf16", "[\xff\xfe]", TEXT, 1 },
  { "two-values", "1 2", SYNTAX, 2 },
  { "two-objects", "{}{}", SYNTAX, 2 },
  { "trailing-comma-top", "[1],", SYNTAX, 3 },
  { "trailing-bracket", "[1]]", SYNTAX, 3 },
  { "trailing-brace", "{\"a\":1}}", SYNTAX, 7 },
  { "trailing-word", "[1]x", SYNTAX, 3 },
  { "trailing-comment", "{\"a\":1}//", SYNTAX, 7 },
  { "comment-block", "/**/{}", SYNTAX, 0 },
  { "comment-line", "//\n{}", SYNTAX, 0 },
  { "comment-inside", "[1/**/]", SYNTAX, 2 },
  { "comment-hash", "#\n{}", SYNTAX, 0 },
  { "array-unclosed", "[1", SYNTAX, 2 },
  { "array-unclosed-empty", "[", SYNTAX, 1 },
  { "array-comma-end", "[1,]", SYNTAX, 3 },
  { "array-comma-first", "[,1]", SYNTAX, 1 },
  { "array-comma-only", "[,]", SYNTAX, 1 },
  { "array-comma-double", "[1,,2]", SYNTAX, 3 },
  { "array-no-comma", "[1 2]", SYNTAX, 3 },
  { "array-colon", "[\"a\":1]", SYNTAX, 4 },
  { "array-brace", "[1}", SYNTAX, 2 },
  { "array-semicolon", "[1;2]", SYNTAX, 2 },
  { "close-only", "]", SYNTAX, 0 },
  { "brace-only", "}", SYNTAX, 0 },
  { "colon-only", ":", SYNTAX, 0 },
  { "object-unclosed", "{\"a\":1", SYNTAX, 6 },
  { "object-unclosed-name", "{\"a\"", SYNTAX, 4 },
  { "object-unclosed-colon", "{\"a\":", SYNTAX, 5 },
  { "object-comma-end", "{\"a\":1,}", SYNTAX, 7 },
  { "object-comma-first", "{,\"a\":1}", SYNTAX, 1 },
  { "object-comma-double", "{\"a\":1,,\"b\":2}", SYNTAX, 7 },
  { "object-bracket", "{\"a\":1]", SYNTAX, 6 },
  { "object-no-value", "{\"a\":}", SYNTAX, 5 },
  { "object-no-colon", "{\"a\" 1}", SYNTAX, 5 },
  { "object-double-colon", "{\"a\"::1}", SYNTAX, 5 },
  { "object-comma-for-colon", "{\"a\",1}", SYNTAX, 4 },
  { "object-number-name", "{1:1}", SYNTAX, 1 },
  { "object-bare-name", "{a:1}", SYNTAX, 1 },
  { "object-quoted-once", "{'a':1}", SYNTAX, 1 },
  { "object-null-name", "{null:1}", SYNTAX, 1 },
  { "object-array-name", "{[1]:1}", SYNTAX, 1 },
  { "object-two-values", "{\"a\":1 2}", SYNTAX, 7 },
  { "object-value-only", "{\"a\"}", SYNTAX, 4 },
  { "word-cut", "[tru]", SYNTAX, 1 },
  { "word-cut-end", "nul", SYNTAX, 0 },
  { "word-case", "[True]", SYNTAX, 1 },
  { "word-longer", "[nullx]", SYNTAX, 5 },
  { "word-upper", "[NULL]", SYNTAX, 1 },
  { "nan", "[NaN]", SYNTAX, 1 },
  { "infinity", "[Infinity]", SYNTAX, 1 },
  { "minus-infinity", "[-Infinity]", SYNTAX, 2 },
  { "undefined", "undefined", SYNTAX, 0 },
  { "number-plus", "[+1]", SYNTAX, 1 },
  { "number-minus-only", "[-]", SYNTAX, 2 },
  { "number-minus-end", "-", SYNTAX, 1 },
  { "number-minus-space", "[- 1]", SYNTAX, 2 },
  { "number-minus-minus", "[--1]", SYNTAX, 2 },
  { "number-leading-zero", "[012]", SYNTAX, 2 },
  { "number-minus-leading-zero", "[-012]", SYNTAX, 3 },
  { "number-zeros", "[00]", SYNTAX, 2 },
  { "number-point-first", "[.5]", SYNTAX, 1 },
  { "number-point-last", "[5.]", SYNTAX, 3 },
  { "number-point-exponent", "[5.e1]", SYNTAX, 3 },
  { "number-two-points", "[1.2.3]", SYNTAX, 4 },
  { "number-exponent-empty", "[1e]", SYNTAX, 3 },
  { "number-exponent-sign", "[1e+]", SYNTAX, 4 },
  { "number-exponent-point", "[1e1.5]", SYNTAX, 4 },
  { "number-exponent-double", "[1ee1]", SYNTAX, 3 },
  { "number-hex", "[0x1]", SYNTAX, 2 },
  { "number-octal", "[0o7]", SYNTAX, 2 },
  { "number-suffix", "[1a]", SYNTAX, 2 },
  { "number-underscore", "[1_000]", SYNTAX, 2 },
  { "number-comma", "[1,000]", SYNTAX, 4 },
  { "number-arabic", "[\xd9\xa1]", SYNTAX, 1 },
  { "number-fullwidth", "[\xef\xbc\x91]", SYNTAX, 1 },
  { "int-high", "[9007199254740992]", RANGE, 1 },
  { "int-low", "[-9007199254740992]", RANGE, 1 },
  { "int-64", "[9223372036854775808]", RANGE, 1 },
  { "int-wraps", "[18446744073709551616]", RANGE, 1 },
  { "int-wraps-small", "[18446744073709551617]", RANGE, 1 },
  { "int-long", "[99999999999999999999]", RANGE, 1 },
  { "real-high", "[1e400]", RANGE, 1 },
  { "real-low", "[-1e400]", RANGE, 1 },
  { "real-exponent-huge", "[1e99999999999999999999]", RANGE, 1 },
  { "string-unclosed", "[\"abc", SYNTAX, 5 },
  { "string-unclosed-escape", "[\"abc\\", SYNTAX, 6 },
  { "string-unclosed-quote", "[\"abc\\\"]", SYNTAX, 8 },
  { "string-single", "['a']", SYNTAX, 1 },
  { "string-bare", "[a]", SYNTAX, 1 },
  { "string-newline", "[\"a\nb\"]", SYNTAX, 3 },
  { "string-tab", "[\"\t\"]", SYNTAX, 2 },
  { "string-return", "[\"\r\"]", SYNTAX, 2 },
  { "string-1f", "[\"\x1f\"]", SYNTAX, 2 },
  { "string-escape-x", "[\"\\x00\"]", SYNTAX, 3 },
  { "string-escape-a", "[\"\\a\"]", SYNTAX, 3 },
  { "string-escape-quote", "[\"\\'\"]", SYNTAX, 3 },
  { "string-escape-zero", "[\"\\0\"]", SYNTAX, 3 },
  { "string-escape-newline", "[\"\\\n\"]", SYNTAX, 3 },
  { "string-escape-upper-u", "[\"\\U0061\"]", SYNTAX, 3 },
  { "string-u-short", "[\"\\u00\"]", SYNTAX, 6 },
  { "string-u-end", "[\"\\u006", SYNTAX, 7 },
  { "string-u-not-hex", "[\"\\u00g1\"]", SYNTAX, 6 },
  { "string-u-sign", "[\"\\u+061\"]", SYNTAX, 4 },
  { "string-u-braces", "[\"\\u{61}\"]", SYNTAX, 4 },
  { "string-u-nul", "[\"a\\u0000b\"]", TEXT, 3 },
  { "string-lone-high", "[\"\\ud800\"]", TEXT, 2 },
  { "string-lone-low", "[\"\\udc00\"]", TEXT, 2 },
  { "string-high-high", "[\"\\ud800\\ud800\"]", TEXT, 2 },
  { "string-high-text", "[\"\\ud800abcdef\"]", TEXT, 2 },
  { "string-high-escape", "[\"\\ud800\\n     \"]", TEXT, 2 },
  { "string-high-bmp", "[\"\\ud800\\u0061\"]", TEXT, 2 },
  { "string-low-high", "[\"\\udc00\\ud800\"]", TEXT, 2 },
  { "string-high-cut", "[\"\\ud800\\u", TEXT, 2 },
  { "utf8-lone", "[\"\x80\"]", TEXT, 2 },
  { "utf8-cut", "[\"\xe2\x82\"]", TEXT, 4 },
  { "utf8-overlong", "[\"\xc0\xaf\"]", TEXT, 2 },
  { "utf8-surrogate", "[\"\xed\xa0\x80\"]", TEXT, 3 },
  { "utf8-latin1", "[\"\xe9\"]", TEXT, 3 },
  { "space-nbsp", "[\xc2\xa0]", SYNTAX, 1 },
  { "space-formfeed", "[\f]", SYNTAX, 1 },
  { "space-vertical-tab", "[\v1]", SYNTAX, 1 },
  { "space-2060", "[\xe2\x81\xa0]", SYNTAX, 1 },
  { "duplicate", "{\"a\":1,\"a\":2}", DUPLICATE, 8 },
  { "duplicate-same", "{\"a\":1,\"a\":1}", DUPLICATE, 8 },
  { "duplicate-escape", "{\"a\":1,\"\\u0061\":2}", DUPLICATE, 8 },
  { "duplicate-escape-first", "{\"\\u0061\":1,\"a\":2}", DUPLICATE, 13 },
  { "duplicate-escape-both", "{\"\\u006a\":1,\"\\u006A\":2}", DUPLICATE, 13 },
  { "duplicate-slash", "{\"/\":1,\"\\/\":2}", DUPLICATE, 8 },
  { "duplicate-newline", "{\"\\n\":1,\"\\u000a\":2}", DUPLICATE, 9 },
  { "duplicate-escapes", "{\"\\b\\f\\r\\t\\\\\":1,\"\\u0008\\u000c\\u000D\\u0009\\u005c\":2}", DUPLICATE, 17 },
  { "duplicate-pair", "{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}", DUPLICATE, 19 },
  { "duplicate-far", "{\"a\":[{\"b\":1},{\"b\":1}],\"c\":{\"a\":1},\"a\":2}", DUPLICATE, 36 },
  { "duplicate-nested", "[{\"x\":{\"a\":1,\"b\":2,\"a\":3}}]", DUPLICATE, 20 },
  { "duplicate-empty", "{\"\":1,\"\":1}", DUPLICATE, 7 },
  { "name-nul", "{\"\\u0000\":1}", TEXT, 2 },
};

static void
test_bad (gconstpointer data)
{
  size_t i = GPOINTER_TO_SIZE (data);
  size_t len = strlen (bad[i].text);
  /* an exact block, so that a read past the end is seen */
  g_autofree char *exact = g_memdup2 (bad[i].text, len);
  g_autofree char *prefix = g_strdup_printf ("byte %d: ", bad[i].at);
  g_autoptr (GError) error = NULL;

  g_assert_false (al_json_check (exact, len, &error));
  g_test_message ("%s", error->message);
  g_assert_error (error, AL_JSON_ERROR, (int) bad[i].code);
  g_assert_true (g_str_has_prefix (error->message, prefix));
  g_assert_null (al_json_parse (exact, len, NULL));
}

static void
assert_check (const char *text, size_t len, int code)
{
  g_autoptr (GError) error = NULL;
  bool ok = al_json_check (text, len, &error);

  if (code < 0)
    g_assert_no_error (error);
  else
    g_assert_error (error, AL_JSON_ERROR, code);
  g_assert_cmpint (ok, ==, code < 0);
}

static void
test_nul (void)
{
  assert_check ("[1]\0", 4, SYNTAX);
  assert_check ("\0[1]", 4, SYNTAX);
  assert_check ("[\0]", 3, SYNTAX);
  assert_check ("[\"a\0b\"]", 7, TEXT);
  assert_check ("1\0", 2, SYNTAX);
  assert_check ("[\"\\\0\"]", 6, SYNTAX);
}

static char *
nest (const char *open, const char *inner, const char *close, unsigned depth)
{
  GString *text = g_string_new (NULL);

  for (unsigned i = 0; i < depth; i++)
    g_string_append (text, open);
  g_string_append (text, inner);
  for (unsigned i = 0; i < depth; i++)
    g_string_append (text, close);
  return g_string_free (text, FALSE);
}

static void
test_depth (void)
{
  g_autofree char *arrays = nest ("[", "", "]", AL_JSON_MAX_DEPTH);
  g_autofree char *arrays_over = nest ("[", "", "]", AL_JSON_MAX_DEPTH + 1);
  g_autofree char *objects = nest ("{\"a\":", "1", "}", AL_JSON_MAX_DEPTH);
  g_autofree char *objects_over = nest ("{\"a\":", "1", "}", AL_JSON_MAX_DEPTH + 1);
  g_autofree char *million = nest ("[", "", "", 1000000);
  g_autofree char *wide = nest ("[[],{}],", "1", "", 1000);
  g_autofree char *wide_array = g_strdup_printf ("[%s]", wide);
  g_autoptr (JsonNode) node = NULL;

  assert_check (arrays, strlen (arrays), -1);
  node = al_json_parse (arrays, strlen (arrays), NULL);
  g_assert_nonnull (node);
  assert_check (objects, strlen (objects), -1);
  assert_check (arrays_over, strlen (arrays_over), AL_JSON_ERROR_DEPTH);
  assert_check (objects_over, strlen (objects_over), AL_JSON_ERROR_DEPTH);
  assert_check (million, strlen (million), AL_JSON_ERROR_DEPTH);
  assert_check (wide_array, strlen (wide_array), -1);
}

/* every cut of a text that holds everything is an error, and never reads past its end */
static void
test_prefixes (void)
{
  static const char text[] = "{\"a\\ud83d\\ude00\\n\":[1,-2.5e+3,true,false,null,\"\xf0\x9f\x98\x80\"],\"b\":{\"c\":{}}}";

  for (size_t len = 0; len < sizeof text - 1; len++)
    {
      g_autofree char *exact = g_memdup2 (text, len);

      g_assert_false (al_json_check (exact, len, NULL));
    }
  assert_check (text, sizeof text - 1, -1);
}

static void
test_members (void)
{
  g_autoptr (GString) text = g_string_new ("{");
  size_t full;

  for (unsigned i = 1; i < AL_JSON_MAX_VALUES; i++)
    g_string_append_printf (text, "%s\"n%u\":%u", i > 1 ? "," : "", i, i);
  full = text->len;
  g_string_append_c (text, '}');
  assert_check (text->str, text->len, -1);

  g_string_truncate (text, full);
  g_string_append (text, ",\"x\":1}");
  assert_check (text->str, text->len, RANGE);

  /* the last of many is a duplicate of the first */
  g_string_assign (text, "{\"first\":1");
  for (unsigned i = 0; i < 4000; i++)
    g_string_append_printf (text, ",\"%u\":1", i);
  g_string_append (text, ",\"fir\\u0073t\":1}");
  assert_check (text->str, text->len, DUPLICATE);
}

/* What json-glib makes of a text costs by its values, not by its bytes: they are counted wherever they stand. */
static void
test_values (void)
{
  static const struct {
    const char *text;
    uint32_t n_values;
  } counted[] = { { "1", 1 }, { "[]", 1 }, { "[{},{},[]]", 4 }, { "{\"a\":[1,\"b\",null],\"c\":{}}", 6 } };
  static const char *const pieces[] = { "{}", "[]", "0", "\"\"", "null", "{\"a\":1}" };

  for (size_t i = 0; i < G_N_ELEMENTS (counted); i++)
    {
      const char *text = counted[i].text;
      uint32_t n_values = 0;

      g_assert_true (al_json_check_values (text, strlen (text), counted[i].n_values, &n_values, NULL));
      g_assert_cmpuint (n_values, ==, counted[i].n_values);
      g_assert_false (al_json_check_values (text, strlen (text), counted[i].n_values - 1, NULL, NULL));
    }
  for (size_t i = 0; i < G_N_ELEMENTS (pieces); i++)
    {
      g_autoptr (GString) text = g_string_new ("[");
      unsigned each = i == G_N_ELEMENTS (pieces) - 1 ? 2 : 1, n = (AL_JSON_MAX_VALUES - 1) / each;

      for (unsigned k = 0; k < n; k++)
        g_string_append_printf (text, "%s%s", k > 0 ? "," : "", pieces[i]);
      g_string_append_c (text, ']');
      assert_check (text->str, text->len, -1);
      g_string_truncate (text, text->len - 1);
      g_string_append_printf (text, ",%s]", pieces[i]);
      assert_check (text->str, text->len, RANGE);
    }
}

static void
test_number_length (void)
{
  g_autofree char *digits = g_strnfill (AL_JSON_MAX_NUMBER - 1, '3');
  g_autofree char *fits = g_strconcat ("0.", digits + 1, NULL);
  g_autofree char *over = g_strconcat ("0.", digits, NULL);

  assert_check (fits, strlen (fits), -1);
  assert_check (over, strlen (over), RANGE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *path = g_strconcat ("/base/json/good/", good[i].name, NULL);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_good);
    }
  for (size_t i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *path = g_strconcat ("/base/json/bad/", bad[i].name, NULL);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_bad);
    }
  g_test_add_func ("/base/json/nul", test_nul);
  g_test_add_func ("/base/json/depth", test_depth);
  g_test_add_func ("/base/json/prefixes", test_prefixes);
  g_test_add_func ("/base/json/members", test_members);
  g_test_add_func ("/base/json/values", test_values);
  g_test_add_func ("/base/json/number-length", test_number_length);
  return g_test_run ();
}
