/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever the check lets pass must parse in json-glib, to the value that the text says: a small reader of its own walks
 * the text beside json-glib's tree. (Not what json-glib writes: it makes "1e+22.0" of 1e22.)
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static const char *walk (const char *p, JsonNode *node);

static const char *
skip (const char *p)
{
  return p + strspn (p, " \t\r\n");
}

static unsigned
hex (const char *p)
{
  char digits[5] = { p[0], p[1], p[2], p[3], 0 };

  return (unsigned) strtoul (digits, NULL, 16);
}

/* @p: on a quote. Returns: the decoded string; @end: behind the closing quote. */
static char *
read_string (const char *p, const char **end)
{
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  GString *out = g_string_new (NULL);

  for (p++; *p != '"'; p++)
    {
      unsigned c;

      if (*p != '\\')
        {
          g_string_append_c (out, *p);
          continue;
        }
      p++;
      if (*p != 'u')
        {
          g_string_append_c (out, to[strchr (from, *p) - from]);
          continue;
        }
      c = hex (p + 1);
      p += 4;
      if (c >= 0xd800 && c < 0xdc00)
        {
          c = 0x10000 + (c - 0xd800) * 0x400 + (hex (p + 3) - 0xdc00);
          p += 6;
        }
      g_string_append_unichar (out, c);
    }
  *end = p + 1;
  return g_string_free (out, FALSE);
}

static const char *
walk_object (const char *p, JsonObject *object)
{
  unsigned n = 0;

  for (p = skip (p + 1); *p != '}'; n++)
    {
      g_autofree char *name = NULL;

      p = skip (*p == ',' ? p + 1 : p);
      name = read_string (p, &p);
      g_assert_true (json_object_has_member (object, name));
      p = skip (walk (skip (skip (p) + 1), json_object_get_member (object, name)));
    }
  g_assert_cmpuint (n, ==, json_object_get_size (object));
  return p + 1;
}

static const char *
walk_array (const char *p, JsonArray *array)
{
  unsigned n = 0;

  for (p = skip (p + 1); *p != ']'; n++)
    {
      g_assert_cmpuint (n, <, json_array_get_length (array));
      p = skip (walk (skip (*p == ',' ? p + 1 : p), json_array_get_element (array, n)));
    }
  g_assert_cmpuint (n, ==, json_array_get_length (array));
  return p + 1;
}

static const char *
walk_number (const char *p, JsonNode *node)
{
  size_t len = strspn (p, "+-0123456789.eE");

  if (strspn (p, "-0123456789") == len)
    {
      g_assert_true (json_node_get_value_type (node) == G_TYPE_INT64);
      g_assert_cmpint (json_node_get_int (node), ==, g_ascii_strtoll (p, NULL, 10));
    }
  else
    {
      double a = json_node_get_double (node), b = g_ascii_strtod (p, NULL);

      g_assert_true (json_node_get_value_type (node) == G_TYPE_DOUBLE);
      g_assert_cmpmem (&a, sizeof a, &b, sizeof b);
    }
  return p + len;
}

static const char *
walk (const char *p, JsonNode *node)
{
  g_autofree char *string = NULL;

  g_assert_nonnull (node);
  switch (*p)
    {
    case '{':
      g_assert_true (JSON_NODE_HOLDS_OBJECT (node));
      return walk_object (p, json_node_get_object (node));
    case '[':
      g_assert_true (JSON_NODE_HOLDS_ARRAY (node));
      return walk_array (p, json_node_get_array (node));
    case '"':
      string = read_string (p, &p);
      g_assert_cmpstr (json_node_get_string (node), ==, string);
      return p;
    case 't':
    case 'f':
      g_assert_true (json_node_get_value_type (node) == G_TYPE_BOOLEAN);
      g_assert_cmpint (json_node_get_boolean (node), ==, *p == 't');
      return p + (*p == 't' ? 4 : 5);
    case 'n':
      g_assert_true (JSON_NODE_HOLDS_NULL (node));
      return p + 4;
    default:
      return walk_number (p, node);
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_autoptr (JsonNode) node = NULL;

  if (!al_json_check ((const char *) data, size, &error))
    {
      g_assert_true (error != NULL && error->domain == AL_JSON_ERROR);
      return 0;
    }
  node = al_json_parse ((const char *) data, size, &error);
  g_assert_no_error (error);
  text = g_strndup ((const char *) data, size);
  g_assert_cmpstr (skip (walk (skip (text), node)), ==, "");
  return 0;
}
