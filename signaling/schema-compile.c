/* SPDX-License-Identifier: Apache-2.0 */
/* From JSON Schema's text to structs that are quick to check: one function per keyword. Runs once, at start. */
#include "signaling/schema.h"

#include <math.h>
#include <string.h>

#include "signaling/schema-private.h"

#define REF_PREFIX "#/components/schemas/"
/* the document is ours; the bound only turns a schema that holds itself without $ref into an error */
#define MAX_DEPTH 32

G_DEFINE_QUARK (sig-schema-error-quark, sig_schema_error)

struct SigSchemaSet {
  JsonObject *components; /* referenced (nullable) */
  GPtrArray *schemas;     /* owned: SigSchema */
  GHashTable *named;      /* component name (owned) -> SigSchema in schemas */
  unsigned depth;
};

typedef bool (*KeywordFn) (SigSchemaSet *set, SigSchema *schema, JsonNode *value, GError **error);

static void
schema_free (gpointer data)
{
  SigSchema *schema = data;

  for (unsigned i = 0; i < schema->n_properties; i++)
    g_free (schema->properties[i].name);
  g_free (schema->properties);
  for (unsigned i = 0; schema->shapes != NULL && schema->shapes[i] != NULL; i++)
    g_strfreev (schema->shapes[i]);
  g_free (schema->shapes);
  g_clear_pointer (&schema->choices, json_array_unref);
  g_clear_pointer (&schema->one_of, g_ptr_array_unref);
  g_free (schema);
}

static SigSchema *
schema_new (SigSchemaSet *set)
{
  SigSchema *schema = g_new0 (SigSchema, 1);

  schema->max_properties = schema->max_length = schema->max_items = schema->max_bytes = INT64_MAX;
  schema->min_length = schema->min_items = schema->min_bytes = INT64_MIN;
  schema->minimum = -INFINITY;
  schema->maximum = INFINITY;
  g_ptr_array_add (set->schemas, schema);
  return schema;
}

static bool
fail (GError **error, const char *keyword, const char *expected)
{
  g_set_error (error, SIG_SCHEMA_ERROR, SIG_SCHEMA_ERROR_INVALID, "%s: expected %s", keyword, expected);
  return false;
}

static bool
read_bound (JsonNode *value, const char *keyword, int64_t *ret, GError **error)
{
  if ((sig_type_of (value) & SIG_TYPE_INTEGER) == 0 || json_node_get_int (value) < 0)
    return fail (error, keyword, "an integer of at least 0");
  *ret = json_node_get_int (value);
  return true;
}

#define BOUND(function, keyword, member)                                                                               \
  static bool function (SigSchemaSet *set, SigSchema *schema, JsonNode *value, GError **error)                         \
  {                                                                                                                    \
    return read_bound (value, keyword, &schema->member, error);                                                        \
  }
BOUND (on_max_properties, "maxProperties", max_properties)
BOUND (on_min_length, "minLength", min_length)
BOUND (on_max_length, "maxLength", max_length)
BOUND (on_min_items, "minItems", min_items)
BOUND (on_max_items, "maxItems", max_items)
BOUND (on_min_bytes, "x-minBytes", min_bytes)
BOUND (on_max_bytes, "x-maxBytes", max_bytes)
#undef BOUND

static bool
on_bytes (SigSchemaSet *set, SigSchema *schema, JsonNode *value, GError **error)
{
  if (!read_bound (value, "x-bytes", &schema->min_bytes, error))
    return false;
  schema->max_bytes = schema->min_bytes;
  return true;
}

static bool
on_minimum (SigSchemaSet *set, SigSchema *schema, JsonNode *value, GError **error)
{
  if ((sig_type_of (value) & SIG_TYPE_NUMBER) == 0)
    return fail (error, "minimum", "a number");
  schema->minimum = json_node_get_double (value);
  return true;
}

static bool
on_maximum (SigSchemaSet *set, SigSchema *schema, JsonNode *value, GError **error)
{
  if ((sig_type_of (value) & SIG_TYPE_NUMBER) == 0)
    return fail (error, "maximum", "a number");
  schema->maximum = json_node_get_double (value);
  return true;
}

static unsigned
type_by_name (const char *name)
{
  static const struct {
    const char *name;
    unsigned bits;
  } types[] = { { "object", SIG_TYPE_OBJECT }, { "array", SIG_TYPE_ARRAY },   { "string", SIG_TYPE_STRING },
                { "integer", SIG_TYPE_INTEGER }, { "number", SIG_TYPE_NUMBER }, { "boolean", SIG_TYPE_BOOLEAN },
                { "null", SIG_TYPE_NULL } };

  for (unsigned i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_strcmp0 (name, types[i].name) == 0)
      return types[i].bits;
  return 0;
}

static bool
on_type (SigSchemaSet *set, SigSchema *schema, JsonNode *value, GError **error)
{
  unsigned kind = sig_type_of (value);

  if (kind == SIG_TYPE_STRING)
    schema->types = type_by_name (json_node_get_string (value));
  else if (kind == SIG_TYPE_ARRAY)
    {
      JsonArray *list = json_node_get_array (value);

      for (unsigned i = 0; i < json_array_get_length (list); i++)
        {
          JsonNode *word = json_array_get_element (list, i);
          unsigned bits = sig_type_of (word) == SIG_TYPE_STRING ? type_by_name (json_node_get_string (word)) : 0;

          if (bits == 0)
            return fail (error, "type", "names of types");
          schema->types |= bits;
        }
    }
  return schema->types != 0 || fail (error, "type", "a name of a type, or a list of them");
}

static SigProperty *
property_find (const SigSchema *schema, const char *name)
{
  for (unsigned i = 0; i < schema->n_properties; i++)
    if (strcmp (schema->properties[i].name, name) == 0)
      return &schema->properties[i];
  return NULL;
}

/* finds or makes it: `required` may stand before `properties` */
static SigProperty *
property_get (SigSchema *schema, const char *name)
{
  SigProperty *property = property_find (schema, name);

  if (property != NULL)
    return property;
  schema->properties = g_renew (SigProperty, schema->properties, schema->n_properties + 1);
  property = &schema->properties[schema->n_properties++];
  *property = (SigProperty){ .name = g_strdup (name) };
  return property;
}

static bool
on_properties (SigSchemaSet *set, SigSchema *schema, JsonNode *value, GError **error)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *member;

  if (sig_type_of (value) != SIG_TYPE_OBJECT)
    return fail (error, "properties", "an object");
  json_object_iter_init_ordered (&iter, json_node_get_object (value));
  while (json_object_iter_next_ordered (&iter, &name, &member))
    {
      const SigSchema *compiled = sig_schema_set_compile (set, member, error);

      if (compiled == NULL)
        {
          g_prefix_error (error, "%s: ", name);
          return false;
        }
      property_get (schema, name)->schema = compiled;
    }
  return true;
}

static bool
on_required (SigSchemaSet *set, SigSchema *schema, JsonNode *value, GError **error)
{
  JsonArray *list;

  if (sig_type_of (value) != SIG_TYPE_ARRAY)
    return fail (error, "required", "a list of names");
  list = json_node_get_array (value);
  for (unsigned i = 0; i < json_array_get_length (list); i++)
    {
      JsonNode *name = json_array_get_element (list, i);

      if (sig_type_of (name) != SIG_TYPE_STRING)
        return fail (error, "required", "a list of names");
      property_get (schema, json_node_get_string (name))->required = true;
    }
  return true;
}

static bool
on_additional (SigSchemaSet *set, SigSchema *schema, JsonNode *value, GError **error)
{
  if (sig_type_of (value) == SIG_TYPE_BOOLEAN)
    {
      schema->closed = !json_node_get_boolean (value);
      return true;
    }
  schema->additional = sig_schema_set_compile (set, value, error);
  return schema->additional != NULL;
}

static bool
on_items (SigSchemaSet *set, SigSchema *schema, JsonNode *value, GError **error)
{
  schema->items = sig_schema_set_compile (set, value, error);
  return schema->items != NULL;
}

static bool
on_enum (SigSchemaSet *set, SigSchema *schema, JsonNode *value, GError **error)
{
  if (sig_type_of (value) != SIG_TYPE_ARRAY || json_array_get_length (json_node_get_array (value)) == 0)
    return fail (error, "enum", "a list of values");
  schema->choices = json_array_ref (json_node_get_array (value));
  return true;
}

static bool
on_const (SigSchemaSet *set, SigSchema *schema, JsonNode *value, GError **error)
{
  schema->choices = json_array_new ();
  json_array_add_element (schema->choices, json_node_copy (value));
  return true;
}

static bool
on_one_of (SigSchemaSet *set, SigSchema *schema, JsonNode *value, GError **error)
{
  JsonArray *list;

  if (sig_type_of (value) != SIG_TYPE_ARRAY)
    return fail (error, "oneOf", "a list of schemas");
  list = json_node_get_array (value);
  schema->one_of = g_ptr_array_new ();
  for (unsigned i = 0; i < json_array_get_length (list); i++)
    {
      const SigSchema *compiled = sig_schema_set_compile (set, json_array_get_element (list, i), error);

      if (compiled == NULL)
        return false;
      g_ptr_array_add (schema->one_of, (gpointer) compiled);
    }
  return true;
}

static bool
on_format (SigSchemaSet *set, SigSchema *schema, JsonNode *value, GError **error)
{
  const char *name = sig_type_of (value) == SIG_TYPE_STRING ? json_node_get_string (value) : "";

  if (strcmp (name, "base64url") == 0)
    schema->format = SIG_FORMAT_BASE64URL;
  else if (strcmp (name, "id") == 0)
    schema->format = SIG_FORMAT_ID;
  else
    return fail (error, "format", "base64url or id");
  return true;
}

static const SigSchema *
compile_named (SigSchemaSet *set, const char *name, GError **error)
{
  SigSchema *schema = g_hash_table_lookup (set->named, name);
  JsonNode *text;
  const SigSchema *compiled;

  if (schema != NULL)
    return schema;
  text = set->components != NULL ? json_object_get_member (set->components, name) : NULL;
  if (text == NULL)
    {
      g_set_error (error, SIG_SCHEMA_ERROR, SIG_SCHEMA_ERROR_INVALID, "$ref: no schema is called %s", name);
      return NULL;
    }
  /* a forward that is known before its text is compiled, so that a schema may refer to itself */
  schema = schema_new (set);
  g_hash_table_insert (set->named, g_strdup (name), schema);
  compiled = sig_schema_set_compile (set, text, error);
  if (compiled == NULL)
    {
      g_prefix_error (error, "%s: ", name);
      return NULL;
    }
  schema->target = compiled;
  return schema;
}

static bool
on_ref (SigSchemaSet *set, SigSchema *schema, JsonNode *value, GError **error)
{
  const char *ref = sig_type_of (value) == SIG_TYPE_STRING ? json_node_get_string (value) : "";

  if (!g_str_has_prefix (ref, REF_PREFIX))
    return fail (error, "$ref", REF_PREFIX "NAME");
  schema->target = compile_named (set, ref + strlen (REF_PREFIX), error);
  return schema->target != NULL;
}

static bool
on_annotation (SigSchemaSet *set, SigSchema *schema, JsonNode *value, GError **error)
{
  return true;
}

static const struct {
  const char *name;
  KeywordFn fn;
} keywords[] = {
  { "$ref", on_ref },
  { "additionalProperties", on_additional },
  { "const", on_const },
  { "default", on_annotation },
  { "deprecated", on_annotation },
  { "description", on_annotation },
  { "enum", on_enum },
  { "examples", on_annotation },
  { "format", on_format },
  { "items", on_items },
  { "maxItems", on_max_items },
  { "maxLength", on_max_length },
  { "maxProperties", on_max_properties },
  { "maximum", on_maximum },
  { "minItems", on_min_items },
  { "minLength", on_min_length },
  { "minimum", on_minimum },
  { "oneOf", on_one_of },
  { "properties", on_properties },
  { "required", on_required },
  { "title", on_annotation },
  { "type", on_type },
  { "x-bytes", on_bytes },
  { "x-maxBytes", on_max_bytes },
  { "x-minBytes", on_min_bytes },
};

static bool
compile_keyword (SigSchemaSet *set, SigSchema *schema, const char *name, JsonNode *value, GError **error)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (keywords); i++)
    if (strcmp (name, keywords[i].name) == 0)
      return keywords[i].fn (set, schema, value, error);
  g_set_error (error, SIG_SCHEMA_ERROR, SIG_SCHEMA_ERROR_INVALID, "%s: unknown keyword", name);
  return false;
}

SigSchemaSet *
sig_schema_set_new (JsonObject *components)
{
  SigSchemaSet *set = g_new0 (SigSchemaSet, 1);

  set->components = components != NULL ? json_object_ref (components) : NULL;
  set->schemas = g_ptr_array_new_with_free_func (schema_free);
  set->named = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return set;
}

void
sig_schema_set_free (SigSchemaSet *set)
{
  if (set == NULL)
    return;
  g_clear_pointer (&set->components, json_object_unref);
  g_ptr_array_unref (set->schemas);
  g_hash_table_unref (set->named);
  g_free (set);
}

const SigSchema *
sig_schema_set_compile (SigSchemaSet *set, JsonNode *node, GError **error)
{
  SigSchema *schema;
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;
  bool ok = true;

  if (sig_type_of (node) != SIG_TYPE_OBJECT || set->depth >= MAX_DEPTH)
    {
      g_set_error (error, SIG_SCHEMA_ERROR, SIG_SCHEMA_ERROR_INVALID, "expected a schema object, at most %d deep",
                   MAX_DEPTH);
      return NULL;
    }
  schema = schema_new (set);
  set->depth++;
  json_object_iter_init_ordered (&iter, json_node_get_object (node));
  while (ok && json_object_iter_next_ordered (&iter, &name, &value))
    ok = compile_keyword (set, schema, name, value, error);
  set->depth--;
  return ok ? schema : NULL;
}

static bool
compile_shapes (SigSchema *schema, JsonArray *shapes, GError **error)
{
  unsigned n = json_array_get_length (shapes);

  schema->shapes = g_new0 (char **, n + 1);
  for (unsigned i = 0; i < n; i++)
    {
      JsonArray *names = json_array_get_array_element (shapes, i);
      unsigned n_names = json_array_get_length (names);

      schema->shapes[i] = g_new0 (char *, n_names + 1);
      for (unsigned j = 0; j < n_names; j++)
        {
          schema->shapes[i][j] = g_strdup (json_array_get_string_element (names, j));
          if (property_find (schema, schema->shapes[i][j]) == NULL)
            return fail (error, "x-shapes", "names of params");
        }
    }
  return true;
}

const SigSchema *
sig_schema_set_compile_params (SigSchemaSet *set, JsonArray *params, JsonArray *shapes, GError **error)
{
  SigSchema *schema = schema_new (set);

  schema->types = SIG_TYPE_OBJECT;
  schema->closed = true;
  for (unsigned i = 0; i < json_array_get_length (params); i++)
    {
      JsonObject *descriptor = json_array_get_object_element (params, i);
      const char *name = json_object_get_string_member_with_default (descriptor, "name", "");
      JsonNode *text = json_object_get_member (descriptor, "schema");
      const SigSchema *compiled;
      SigProperty *property;

      if (text == NULL || *name == '\0')
        {
          (void) fail (error, "params", "descriptors with name and schema");
          return NULL;
        }
      compiled = sig_schema_set_compile (set, text, error);
      if (compiled == NULL)
        {
          g_prefix_error (error, "%s: ", name);
          return NULL;
        }
      property = property_get (schema, name);
      property->schema = compiled;
      property->required = json_object_get_boolean_member_with_default (descriptor, "required", FALSE);
    }
  if (shapes != NULL && !compile_shapes (schema, shapes, error))
    return NULL;
  return schema;
}
