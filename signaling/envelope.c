/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/envelope.h"

#include <string.h>

#include "base/json.h"
#include "signaling/json-text.h"

SigEnvelopeFault
sig_envelope_parse (const char *text, size_t len, JsonNode **ret_root)
{
  unsigned n;

  *ret_root = al_json_parse (text, len, NULL);
  if (*ret_root == NULL)
    return SIG_ENVELOPE_PARSE;
  if (JSON_NODE_HOLDS_OBJECT (*ret_root))
    return SIG_ENVELOPE_OK;
  if (!JSON_NODE_HOLDS_ARRAY (*ret_root))
    return SIG_ENVELOPE_INVALID;
  n = json_array_get_length (json_node_get_array (*ret_root));
  if (n == 0)
    return SIG_ENVELOPE_INVALID;
  return n <= SIG_ENVELOPE_MAX_BATCH ? SIG_ENVELOPE_OK : SIG_ENVELOPE_BATCH;
}

static bool
is_string (JsonNode *node)
{
  return JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING;
}

static bool
is_id (JsonNode *node)
{
  if (is_string (node))
    return g_utf8_strlen (json_node_get_string (node), -1) <= SIG_ENVELOPE_MAX_ID;
  return JSON_NODE_HOLDS_NULL (node)
         || (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) != G_TYPE_BOOLEAN);
}

static bool
has_only_known_members (JsonObject *object)
{
  static const char *const known[] = { "jsonrpc", "id", "method", "params" };
  unsigned n = 0;

  for (unsigned i = 0; i < G_N_ELEMENTS (known); i++)
    n += json_object_has_member (object, known[i]);
  return json_object_get_size (object) == n;
}

SigEnvelopeFault
sig_request_read (JsonNode *node, SigRequest *ret)
{
  JsonObject *object;
  JsonNode *version, *id, *method, *params;

  *ret = (SigRequest){ .notification = false };
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return SIG_ENVELOPE_INVALID;
  object = json_node_get_object (node);
  version = json_object_get_member (object, "jsonrpc");
  id = json_object_get_member (object, "id");
  method = json_object_get_member (object, "method");
  params = json_object_get_member (object, "params");
  if (id != NULL && !is_id (id))
    return SIG_ENVELOPE_INVALID;
  ret->id = id;
  if (version == NULL || !is_string (version) || strcmp (json_node_get_string (version), "2.0") != 0 || method == NULL
      || !is_string (method) || !has_only_known_members (object))
    return SIG_ENVELOPE_INVALID;
  if (params != NULL && !JSON_NODE_HOLDS_OBJECT (params) && !JSON_NODE_HOLDS_ARRAY (params))
    return SIG_ENVELOPE_INVALID;
  ret->notification = id == NULL;
  ret->method = json_node_get_string (method);
  if (params != NULL && JSON_NODE_HOLDS_ARRAY (params))
    return SIG_ENVELOPE_POSITIONAL;
  ret->params = params != NULL ? json_node_get_object (params) : NULL;
  return SIG_ENVELOPE_OK;
}

static void
append_head (GString *out, JsonNode *id)
{
  g_string_append (out, "{\"jsonrpc\":\"2.0\",\"id\":");
  if (id != NULL)
    sig_json_append (out, id);
  else
    g_string_append (out, "null");
}

void
sig_envelope_append_result (GString *out, JsonNode *id, const char *result, size_t len)
{
  append_head (out, id);
  g_string_append (out, ",\"result\":");
  g_string_append_len (out, result, (gssize) len);
  g_string_append_c (out, '}');
}

static void
append_extra (GString *out, JsonObject *extra)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *member;

  json_object_iter_init_ordered (&iter, extra);
  while (json_object_iter_next_ordered (&iter, &name, &member))
    {
      g_string_append_c (out, ',');
      sig_json_append_string (out, name);
      g_string_append_c (out, ':');
      sig_json_append (out, member);
    }
}

void
sig_envelope_append_error (GString *out, JsonNode *id, const SigEnvelopeError *error)
{
  append_head (out, id);
  g_string_append_printf (out, ",\"error\":{\"code\":%d,\"message\":", error->code);
  sig_json_append_string (out, error->message);
  g_string_append (out, ",\"data\":{\"reason\":");
  sig_json_append_string (out, error->reason);
  if (error->retry_after_ms > 0)
    g_string_append_printf (out, ",\"retryAfterMs\":%" G_GINT64_FORMAT, error->retry_after_ms);
  if (error->extra != NULL)
    append_extra (out, error->extra);
  g_string_append (out, "}}}");
}

AlBuf *
sig_envelope_notification (const char *method, JsonObject *params)
{
  g_autoptr (GString) out = g_string_sized_new (256);

  g_string_append (out, "{\"jsonrpc\":\"2.0\",\"method\":");
  sig_json_append_string (out, method);
  g_string_append (out, ",\"params\":");
  sig_json_append_object (out, params);
  g_string_append_c (out, '}');
  return al_buf_new_copy (out->str, out->len);
}

AlBuf *
sig_envelope_notification_members (const char *method, const char *members, size_t len, uint64_t seq)
{
  g_autoptr (GString) out = g_string_sized_new (len + 96);

  g_string_append (out, "{\"jsonrpc\":\"2.0\",\"method\":");
  sig_json_append_string (out, method);
  g_string_append (out, ",\"params\":{");
  g_string_append_len (out, members, (gssize) len);
  g_string_append (out, ",\"seq\":");
  sig_json_append_int (out, (int64_t) seq);
  g_string_append (out, "}}");
  return al_buf_new_copy (out->str, out->len);
}
