/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/openrpc.h"

#include <gio/gio.h>

#include "base/json.h"
#include "signaling/json-text.h"
#include "openrpc-resource.h"

/* more than a message of a peer may have: the document is ours */
#define MAX_VALUES (1 << 16)

struct SigOpenrpc {
  JsonNode *root;            /* owned */
  GString *text;             /* owned */
  SigSchemaSet *schemas;     /* owned */
  GArray *methods;           /* owned: SigMethodDoc */
  GHashTable *by_name;       /* method name -> index + 1 */
  GHashTable *notifications; /* name -> SigSchema of schemas */
  GHashTable *webhooks;      /* likewise */
};

static bool
fail (GError **error, const char *what)
{
  g_set_error (error, SIG_SCHEMA_ERROR, SIG_SCHEMA_ERROR_INVALID, "openrpc.json: %s", what);
  return false;
}

static JsonNode *
load_document (GError **error)
{
  g_autoptr (GBytes) bytes = g_resource_lookup_data (sig_openrpc_get_resource (), "/aldis/openrpc.json",
                                                     G_RESOURCE_LOOKUP_FLAGS_NONE, error);
  gsize len;
  const char *text;

  if (bytes == NULL)
    return NULL;
  text = g_bytes_get_data (bytes, &len);
  return al_json_parse_values (text, len, MAX_VALUES, error);
}

static bool
read_access (JsonObject *text, SigRpcAccess *ret)
{
  static const char *const words[] = { "anyone", "session", "backend", "admin", "participant" };
  const char *word = json_object_get_string_member_with_default (text, "x-access", "");

  for (unsigned i = 0; i < G_N_ELEMENTS (words); i++)
    if (strcmp (word, words[i]) == 0)
      {
        *ret = (SigRpcAccess) i;
        return true;
      }
  return false;
}

static JsonArray *
get_array (JsonObject *object, const char *name)
{
  return json_object_has_member (object, name) ? json_object_get_array_member (object, name) : NULL;
}

static bool
add_method (SigOpenrpc *doc, JsonObject *text, GError **error)
{
  SigMethodDoc method = { .name = json_object_get_string_member_with_default (text, "name", ""),
                          .index = doc->methods->len,
                          .examples = get_array (text, "examples") };
  JsonArray *params = get_array (text, "params");
  JsonObject *result = json_object_get_object_member (text, "result");

  if (params == NULL || result == NULL || !json_object_has_member (result, "schema")
      || !read_access (text, &method.access) || g_hash_table_contains (doc->by_name, method.name))
    return fail (error, "a method needs a name of its own, x-access, params and result");
  method.params = sig_schema_set_compile_params (doc->schemas, params, get_array (text, "x-shapes"), error);
  if (method.params != NULL)
    method.result = sig_schema_set_compile (doc->schemas, json_object_get_member (result, "schema"), error);
  if (method.result == NULL)
    {
      g_prefix_error (error, "%s: ", method.name);
      return false;
    }
  g_array_append_val (doc->methods, method);
  g_hash_table_insert (doc->by_name, (gpointer) method.name, GUINT_TO_POINTER (method.index + 1));
  return true;
}

static bool
add_methods (SigOpenrpc *doc, GError **error)
{
  JsonArray *list = get_array (json_node_get_object (doc->root), "methods");

  if (list == NULL)
    return fail (error, "no methods");
  for (unsigned i = 0; i < json_array_get_length (list); i++)
    if (!add_method (doc, json_array_get_object_element (list, i), error))
      return false;
  return true;
}

/* x-notifications and x-webhooks: lists of {name, schema} */
static bool
add_schemas (SigOpenrpc *doc, const char *member, GHashTable *table, GError **error)
{
  JsonArray *list = get_array (json_node_get_object (doc->root), member);

  for (unsigned i = 0; list != NULL && i < json_array_get_length (list); i++)
    {
      JsonObject *entry = json_array_get_object_element (list, i);
      const char *name = json_object_get_string_member_with_default (entry, "name", "");
      const SigSchema *schema;

      if (!json_object_has_member (entry, "schema"))
        return fail (error, "a notification needs a schema");
      schema = sig_schema_set_compile (doc->schemas, json_object_get_member (entry, "schema"), error);
      if (schema == NULL)
        {
          g_prefix_error (error, "%s: ", name);
          return false;
        }
      g_hash_table_insert (table, (gpointer) name, (gpointer) schema);
    }
  return true;
}

SigOpenrpc *
sig_openrpc_new (GError **error)
{
  JsonNode *root = load_document (error);
  JsonObject *components;
  g_autoptr (SigOpenrpc) doc = NULL;

  if (root == NULL)
    return NULL;
  doc = g_new0 (SigOpenrpc, 1);
  doc->root = root;
  doc->text = g_string_new (NULL);
  sig_json_append (doc->text, root);
  components = json_object_get_object_member (json_node_get_object (root), "components");
  doc->schemas = sig_schema_set_new (json_object_get_object_member (components, "schemas"));
  doc->methods = g_array_new (FALSE, FALSE, sizeof (SigMethodDoc));
  doc->by_name = g_hash_table_new (g_str_hash, g_str_equal);
  doc->notifications = g_hash_table_new (g_str_hash, g_str_equal);
  doc->webhooks = g_hash_table_new (g_str_hash, g_str_equal);
  if (!add_methods (doc, error) || !add_schemas (doc, "x-notifications", doc->notifications, error)
      || !add_schemas (doc, "x-webhooks", doc->webhooks, error))
    return NULL;
  return g_steal_pointer (&doc);
}

void
sig_openrpc_free (SigOpenrpc *doc)
{
  if (doc == NULL)
    return;
  json_node_unref (doc->root);
  g_string_free (doc->text, TRUE);
  sig_schema_set_free (doc->schemas);
  g_array_unref (doc->methods);
  g_hash_table_unref (doc->by_name);
  g_hash_table_unref (doc->notifications);
  g_hash_table_unref (doc->webhooks);
  g_free (doc);
}

const char *
sig_openrpc_get_text (const SigOpenrpc *doc, size_t *ret_len)
{
  *ret_len = doc->text->len;
  return doc->text->str;
}

JsonObject *
sig_openrpc_get_root (const SigOpenrpc *doc)
{
  return json_node_get_object (doc->root);
}

unsigned
sig_openrpc_get_n_methods (const SigOpenrpc *doc)
{
  return doc->methods->len;
}

const SigMethodDoc *
sig_openrpc_get_method (const SigOpenrpc *doc, unsigned index)
{
  g_assert (index < doc->methods->len);
  return &g_array_index (doc->methods, SigMethodDoc, index);
}

const SigMethodDoc *
sig_openrpc_find_method (const SigOpenrpc *doc, const char *name)
{
  unsigned place = GPOINTER_TO_UINT (g_hash_table_lookup (doc->by_name, name));

  return place > 0 ? sig_openrpc_get_method (doc, place - 1) : NULL;
}

const SigSchema *
sig_openrpc_find_notification (const SigOpenrpc *doc, const char *name)
{
  return g_hash_table_lookup (doc->notifications, name);
}

const SigSchema *
sig_openrpc_find_webhook (const SigOpenrpc *doc, const char *name)
{
  return g_hash_table_lookup (doc->webhooks, name);
}

bool
sig_openrpc_has_reason (const SigOpenrpc *doc, int code, const char *reason)
{
  JsonObject *components = json_object_get_object_member (json_node_get_object (doc->root), "components");
  JsonObjectIter iter;
  JsonNode *node;

  json_object_iter_init (&iter, json_object_get_object_member (components, "errors"));
  while (json_object_iter_next (&iter, NULL, &node))
    {
      JsonObject *entry = json_node_get_object (node);

      if (json_object_get_int_member (entry, "code") == code)
        return json_object_has_member (json_object_get_object_member (entry, "x-reasons"), reason);
    }
  return false;
}
