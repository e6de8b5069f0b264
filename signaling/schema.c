/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/schema.h"

#include <math.h>
#include <string.h>

#include "base/base64url.h"
#include "messaging/types.h"
#include "signaling/schema-private.h"

/* the longest member name of a peer that a fault repeats */
#define NAME_CHARS 32

/* where the check is: a chain on the stack, written out only when there is a fault */
typedef struct Place Place;
struct Place {
  const Place *up;
  const char *name; /* NULL: an index */
  unsigned index;
};

/* a string that is cut at its end, never inside a character */
typedef struct {
  char *text; /* SIG_SCHEMA_FAULT_BYTES, NULL: not wanted */
  size_t len;
} Fault;

unsigned
sig_type_of (JsonNode *value)
{
  double number;

  switch (json_node_get_node_type (value))
    {
    case JSON_NODE_OBJECT:
      return SIG_TYPE_OBJECT;
    case JSON_NODE_ARRAY:
      return SIG_TYPE_ARRAY;
    case JSON_NODE_NULL:
      return SIG_TYPE_NULL;
    case JSON_NODE_VALUE:
    default:
      break;
    }
  switch (json_node_get_value_type (value))
    {
    case G_TYPE_STRING:
      return SIG_TYPE_STRING;
    case G_TYPE_BOOLEAN:
      return SIG_TYPE_BOOLEAN;
    case G_TYPE_INT64:
      return SIG_TYPE_INTEGER | SIG_TYPE_NUMBER;
    default:
      /* JSON Schema 2020-12 §6.1.1 of validation: 1.0 is an integer; 2^53 keeps the conversion exact */
      number = json_node_get_double (value);
      return SIG_TYPE_NUMBER | (floor (number) == number && fabs (number) <= 9007199254740992.0 ? SIG_TYPE_INTEGER : 0);
    }
}

static void
fault_append (Fault *fault, const char *text, size_t max_chars)
{
  while (*text != '\0' && max_chars-- > 0)
    {
      const char *next = g_utf8_next_char (text);
      size_t n = (size_t) (next - text);

      if (fault->len + n >= SIG_SCHEMA_FAULT_BYTES)
        break;
      memcpy (fault->text + fault->len, text, n);
      fault->len += n;
      text = next;
    }
  fault->text[fault->len] = '\0';
}

static void
fault_append_place (Fault *fault, const Place *place)
{
  char index[16];

  if (place->up != NULL)
    fault_append_place (fault, place->up);
  if (place->name != NULL)
    {
      if (place->up != NULL)
        fault_append (fault, ".", SIZE_MAX);
      fault_append (fault, place->name, NAME_CHARS);
      return;
    }
  g_snprintf (index, sizeof index, "[%u]", place->index);
  fault_append (fault, index, SIZE_MAX);
}

static bool G_GNUC_PRINTF (3, 4)
fail (Fault *fault, const Place *place, const char *format, ...)
{
  char expected[96];
  va_list args;

  if (fault->text == NULL)
    return false;
  va_start (args, format);
  g_vsnprintf (expected, sizeof expected, format, args);
  va_end (args);
  fault->len = 0;
  fault_append_place (fault, place);
  fault_append (fault, ": ", SIZE_MAX);
  fault_append (fault, expected, SIZE_MAX);
  return false;
}

static const char *
type_name (unsigned types)
{
  static const char *const names[] = { "an object", "a list", "a string", "an integer", "a number", "true or false", "null" };

  for (unsigned i = 0; i < G_N_ELEMENTS (names); i++)
    if ((types & 1u << i) != 0)
      return names[i];
  return "a value";
}

static bool check (const SigSchema *schema, JsonNode *value, const Place *place, Fault *fault);

static bool
check_string (const SigSchema *schema, const char *text, const Place *place, Fault *fault)
{
  size_t bytes = strlen (text);
  MsgId id;

  if (schema->min_length > 0 || schema->max_length < (int64_t) bytes)
    {
      int64_t chars = g_utf8_strlen (text, -1);

      if (chars < schema->min_length)
        return fail (fault, place, "expected at least %" G_GINT64_FORMAT " characters", schema->min_length);
      if (chars > schema->max_length)
        return fail (fault, place, "expected at most %" G_GINT64_FORMAT " characters", schema->max_length);
    }
  if (schema->format == SIG_FORMAT_ID && !msg_id_parse (text, &id))
    return fail (fault, place, "expected an id");
  if (schema->format == SIG_FORMAT_BASE64URL)
    {
      ssize_t len = al_base64url_decode (text, bytes, NULL);

      if (len < 0)
        return fail (fault, place, "expected base64url without padding");
      if (len < schema->min_bytes)
        return fail (fault, place, "expected at least %" G_GINT64_FORMAT " bytes", schema->min_bytes);
      if (len > schema->max_bytes)
        return fail (fault, place, "expected at most %" G_GINT64_FORMAT " bytes", schema->max_bytes);
    }
  return true;
}

static bool
check_number (const SigSchema *schema, JsonNode *value, const Place *place, Fault *fault)
{
  double number = json_node_get_double (value);

  if (number < schema->minimum)
    return fail (fault, place, "expected at least %.17g", schema->minimum);
  if (number > schema->maximum)
    return fail (fault, place, "expected at most %.17g", schema->maximum);
  return true;
}

static bool
check_array (const SigSchema *schema, JsonArray *array, const Place *up, Fault *fault)
{
  unsigned n = json_array_get_length (array);

  if (n < schema->min_items)
    return fail (fault, up, "expected at least %" G_GINT64_FORMAT " elements", schema->min_items);
  if (n > schema->max_items)
    return fail (fault, up, "expected at most %" G_GINT64_FORMAT " elements", schema->max_items);
  for (unsigned i = 0; schema->items != NULL && i < n; i++)
    {
      Place place = { .up = up, .index = i };

      if (!check (schema->items, json_array_get_element (array, i), &place, fault))
        return false;
    }
  return true;
}

static const SigProperty *
find_property (const SigSchema *schema, const char *name)
{
  for (unsigned i = 0; i < schema->n_properties; i++)
    if (strcmp (schema->properties[i].name, name) == 0)
      return &schema->properties[i];
  return NULL;
}

static bool
check_member (const SigSchema *schema, const char *name, JsonNode *value, const Place *up, Fault *fault)
{
  Place place = { .up = up, .name = name };
  const SigProperty *property = find_property (schema, name);

  if (property != NULL)
    return property->schema == NULL || check (property->schema, value, &place, fault);
  if (schema->closed)
    return fail (fault, &place, "unknown member");
  return schema->additional == NULL || check (schema->additional, value, &place, fault);
}

static bool
in_shape (char **shape, const char *name)
{
  return g_strv_contains ((const char *const *) shape, name);
}

static bool
fits_shape (const SigSchema *schema, unsigned chosen, JsonObject *object)
{
  for (char **name = schema->shapes[chosen]; *name != NULL; name++)
    if (!json_object_has_member (object, *name))
      return false;
  for (unsigned i = 0; schema->shapes[i] != NULL; i++)
    for (char **name = schema->shapes[i]; *name != NULL; name++)
      if (json_object_has_member (object, *name) && !in_shape (schema->shapes[chosen], *name))
        return false;
  return true;
}

static bool
check_shapes (const SigSchema *schema, JsonObject *object, const Place *place, Fault *fault)
{
  for (unsigned i = 0; schema->shapes[i] != NULL; i++)
    if (fits_shape (schema, i, object))
      return true;
  return fail (fault, place, "expected one of the documented sets of members");
}

static bool
check_object (const SigSchema *schema, JsonObject *object, const Place *up, Fault *fault)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *member;

  if (json_object_get_size (object) > schema->max_properties)
    return fail (fault, up, "expected at most %" G_GINT64_FORMAT " members", schema->max_properties);
  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &member))
    if (!check_member (schema, name, member, up, fault))
      return false;
  for (unsigned i = 0; i < schema->n_properties; i++)
    if (schema->properties[i].required && !json_object_has_member (object, schema->properties[i].name))
      {
        Place place = { .up = up, .name = schema->properties[i].name };

        return fail (fault, &place, "missing");
      }
  return schema->shapes == NULL || check_shapes (schema, object, up, fault);
}

static bool
check_choices (const SigSchema *schema, JsonNode *value, const Place *place, Fault *fault)
{
  for (unsigned i = 0; i < json_array_get_length (schema->choices); i++)
    if (json_node_equal (json_array_get_element (schema->choices, i), value))
      return true;
  return fail (fault, place, "expected one of the documented values");
}

static bool
check_one_of (const SigSchema *schema, JsonNode *value, const Place *place, Fault *fault)
{
  Fault quiet = { NULL, 0 };
  unsigned fitting = 0;

  for (unsigned i = 0; i < schema->one_of->len; i++)
    fitting += check (schema->one_of->pdata[i], value, place, &quiet);
  return fitting == 1 || fail (fault, place, "expected exactly one of the documented forms");
}

static bool
check_type (const SigSchema *schema, JsonNode *value, unsigned kind, const Place *place, Fault *fault)
{
  if ((kind & SIG_TYPE_OBJECT) != 0)
    return check_object (schema, json_node_get_object (value), place, fault);
  if ((kind & SIG_TYPE_ARRAY) != 0)
    return check_array (schema, json_node_get_array (value), place, fault);
  if ((kind & SIG_TYPE_STRING) != 0)
    return check_string (schema, json_node_get_string (value), place, fault);
  if ((kind & SIG_TYPE_NUMBER) != 0)
    return check_number (schema, value, place, fault);
  return true;
}

/* recursion is bounded by the depth of @value, and by the document for $ref and oneOf */
static bool
check (const SigSchema *schema, JsonNode *value, const Place *place, Fault *fault)
{
  unsigned kind;

  while (schema->target != NULL)
    schema = schema->target;
  kind = sig_type_of (value);
  if (schema->types != 0 && (schema->types & kind) == 0)
    return fail (fault, place, "expected %s", type_name (schema->types));
  return check_type (schema, value, kind, place, fault)
         && (schema->choices == NULL || check_choices (schema, value, place, fault))
         && (schema->one_of == NULL || check_one_of (schema, value, place, fault));
}

bool
sig_schema_check (const SigSchema *schema, JsonNode *value, const char *root, char *ret_fault)
{
  Place place = { .name = root };
  Fault fault = { ret_fault, 0 };

  return check (schema, value, &place, &fault);
}
