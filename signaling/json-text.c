/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/json-text.h"

#include <math.h>
#include <string.h>

static bool
needs_escape (unsigned char c)
{
  return c < 0x20 || c == '"' || c == '\\';
}

static void
append_escape (GString *out, unsigned char c)
{
  static const char short_forms[] = "b\bf\fn\nr\rt\t\"\"\\\\";

  for (const char *form = short_forms; *form != '\0'; form += 2)
    if ((unsigned char) form[1] == c)
      {
        g_string_append_c (out, '\\');
        g_string_append_c (out, form[0]);
        return;
      }
  g_string_append_printf (out, "\\u%04x", c);
}

void
sig_json_append_string (GString *out, const char *text)
{
  g_string_append_c (out, '"');
  while (*text != '\0')
    {
      /* blobs are 87 KB without anything to escape: copy whole spans */
      const char *end = text;

      while (*end != '\0' && !needs_escape ((unsigned char) *end))
        end++;
      g_string_append_len (out, text, end - text);
      if (*end != '\0')
        append_escape (out, (unsigned char) *end++);
      text = end;
    }
  g_string_append_c (out, '"');
}

/* Without a point and an exponent it is an integer to readers: -0 is none, and beyond 2^53 - 1 ours refuses one. */
static void
append_double (GString *out, double value)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  if (!isfinite (value))
    g_string_append (out, "null");
  else if (fabs (value) >= 0x1p53)
    g_string_append (out, g_ascii_formatd (number, sizeof number, "%.16e", value));
  else
    g_string_append (out, g_ascii_dtostr (number, sizeof number, value == 0 ? 0 : value));
}

void
sig_json_append_int (GString *out, int64_t value)
{
  char digits[20]; /* -2^63 has 19 and its sign */
  char *at = digits + sizeof digits;
  uint64_t rest = value < 0 ? -(uint64_t) value : (uint64_t) value;

  /* printf() costs ten times as much, and ids, times and sequence numbers are in every message */
  do
    *--at = (char) ('0' + rest % 10);
  while ((rest /= 10) > 0);
  if (value < 0)
    *--at = '-';
  g_string_append_len (out, at, digits + sizeof digits - at);
}

static void
append_value (GString *out, JsonNode *node)
{
  switch (json_node_get_value_type (node))
    {
    case G_TYPE_STRING:
      sig_json_append_string (out, json_node_get_string (node));
      break;
    case G_TYPE_BOOLEAN:
      g_string_append (out, json_node_get_boolean (node) ? "true" : "false");
      break;
    case G_TYPE_INT64:
      sig_json_append_int (out, json_node_get_int (node));
      break;
    default:
      append_double (out, json_node_get_double (node));
      break;
    }
}

static void
append_array (GString *out, JsonArray *array)
{
  unsigned n = json_array_get_length (array);

  g_string_append_c (out, '[');
  for (unsigned i = 0; i < n; i++)
    {
      if (i > 0)
        g_string_append_c (out, ',');
      sig_json_append (out, json_array_get_element (array, i));
    }
  g_string_append_c (out, ']');
}

void
sig_json_append_object (GString *out, JsonObject *object)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *member;
  bool first = true;

  g_string_append_c (out, '{');
  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &member))
    {
      if (!first)
        g_string_append_c (out, ',');
      first = false;
      sig_json_append_string (out, name);
      g_string_append_c (out, ':');
      sig_json_append (out, member);
    }
  g_string_append_c (out, '}');
}

void
sig_json_append (GString *out, JsonNode *node)
{
  switch (json_node_get_node_type (node))
    {
    case JSON_NODE_OBJECT:
      sig_json_append_object (out, json_node_get_object (node));
      break;
    case JSON_NODE_ARRAY:
      append_array (out, json_node_get_array (node));
      break;
    case JSON_NODE_VALUE:
      append_value (out, node);
      break;
    case JSON_NODE_NULL:
    default:
      g_string_append (out, "null");
      break;
    }
}
