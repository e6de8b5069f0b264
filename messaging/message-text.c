/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/message-text.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "messaging/core.h"

static const char *const words[MSG_ENTITY_N] = {
  [MSG_ENTITY_BOLD] = "bold",       [MSG_ENTITY_ITALIC] = "italic",   [MSG_ENTITY_UNDERLINE] = "underline",
  [MSG_ENTITY_STRIKE] = "strike",   [MSG_ENTITY_SPOILER] = "spoiler", [MSG_ENTITY_CODE] = "code",
  [MSG_ENTITY_PRE] = "pre",         [MSG_ENTITY_LINK] = "link",       [MSG_ENTITY_MENTION] = "mention",
  [MSG_ENTITY_HASHTAG] = "hashtag", [MSG_ENTITY_URL] = "url",         [MSG_ENTITY_EMAIL] = "email",
  [MSG_ENTITY_PHONE] = "phone",     [MSG_ENTITY_QUOTE] = "quote",
};

const char *
msg_entity_type_to_string (MsgEntityType type)
{
  g_return_val_if_fail (type < MSG_ENTITY_N, NULL);
  return words[type];
}

MsgEntityType
msg_entity_type_parse (const char *word)
{
  unsigned i = 0;

  while (i < MSG_ENTITY_N && strcmp (word, words[i]) != 0)
    i++;
  return i;
}

static void
entity_clear (gpointer entity)
{
  g_free (((MsgEntity *) entity)->value);
}

GArray *
msg_entities_new (void)
{
  GArray *entities = g_array_new (FALSE, TRUE, sizeof (MsgEntity));

  g_array_set_clear_func (entities, entity_clear);
  return entities;
}

/* --- The text --- */

static bool
text_fail (GError **error, const char *what)
{
  g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "text", "The text %s.", what));
  return false;
}

bool
msg_message_text_check (const char *text, unsigned max_units, unsigned *ret_units, GError **error)
{
  size_t max_bytes = (size_t) max_units * 3; /* a unit has at most three bytes of UTF-8: pairs have four for two */
  unsigned units = 0;
  bool visible = false;

  g_return_val_if_fail (ret_units != NULL && max_units <= MSG_TEXT_UNITS_MAX, false);
  if (text == NULL || *text == '\0')
    return text_fail (error, "is empty");
  if (strnlen (text, max_bytes + 1) > max_bytes)
    return text_fail (error, "is too long");
  if (!g_utf8_validate (text, -1, NULL))
    return text_fail (error, "is not UTF-8");
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
        return text_fail (error, "has control characters");
      visible = visible || !g_unichar_isspace (c);
      units += c > 0xffff ? 2 : 1;
    }
  if (!visible)
    return text_fail (error, "is empty");
  if (units > max_units)
    return text_fail (error, "is too long");
  *ret_units = units;
  return true;
}

/* --- Entities --- */

static bool
entity_fail (GError **error, const char *what)
{
  g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "entities", "An entity %s.", what));
  return false;
}

static bool
is_url (const char *value)
{
  static const char *const schemes[] = { "https://", "http://", "mailto:", "tel:" };
  size_t len = strnlen (value, MSG_ENTITY_URL_BYTES + 1);

  if (len > MSG_ENTITY_URL_BYTES || !g_utf8_validate (value, (gssize) len, NULL))
    return false;
  for (const char *p = value; *p != '\0'; p++)
    if ((unsigned char) *p <= 0x20 || *p == 0x7f)
      return false;
  for (unsigned i = 0; i < G_N_ELEMENTS (schemes); i++)
    if (g_ascii_strncasecmp (value, schemes[i], strlen (schemes[i])) == 0)
      return value[strlen (schemes[i])] != '\0';
  return false;
}

static bool
is_language (const char *value)
{
  size_t len = strnlen (value, MSG_ENTITY_LANGUAGE_BYTES + 1);

  for (size_t i = 0; i < len; i++)
    if (!g_ascii_isalnum (value[i]) && strchr ("+-#._", value[i]) == NULL)
      return false;
  return len > 0 && len <= MSG_ENTITY_LANGUAGE_BYTES;
}

static bool
entity_has_its_own (const MsgEntity *entity)
{
  if ((entity->type == MSG_ENTITY_MENTION) != (entity->user_id > 0) || entity->user_id < 0
      || entity->user_id > MSG_ID_MAX)
    return false;
  if (entity->type == MSG_ENTITY_LINK)
    return entity->value != NULL && is_url (entity->value);
  if (entity->type == MSG_ENTITY_PRE)
    return entity->value == NULL || is_language (entity->value);
  return entity->value == NULL;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const MsgEntity *x = a, *y = b;

  if (x->offset != y->offset)
    return x->offset < y->offset ? -1 : 1;
  if (x->length != y->length)
    return x->length > y->length ? -1 : 1;
  return (int) x->type - (int) y->type;
}

/* The units at which a character begins, and the end. Returns: (transfer full): one byte a unit. */
static GByteArray *
find_edges (const char *text)
{
  static const uint8_t edge = 1, inside = 0;
  GByteArray *edges = g_byte_array_new ();

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      (void) g_byte_array_append (edges, &edge, 1);
      if (g_utf8_get_char (p) > 0xffff)
        (void) g_byte_array_append (edges, &inside, 1);
    }
  return g_byte_array_append (edges, &edge, 1);
}

static bool
entity_is_inside (const MsgEntity *entity, const GByteArray *edges)
{
  unsigned units = edges->len - 1;

  return entity->length > 0 && entity->offset < units && entity->length <= units - entity->offset
         && edges->data[entity->offset] != 0 && edges->data[entity->offset + entity->length] != 0;
}

bool
msg_entities_check (const char *text, GArray *entities, unsigned max_entities, GError **error)
{
  g_autoptr (GByteArray) edges = NULL;

  if (entities->len == 0)
    return true;
  if (entities->len > max_entities)
    return entity_fail (error, "is one too many");
  edges = find_edges (text);
  for (unsigned i = 0; i < entities->len; i++)
    {
      const MsgEntity *entity = &g_array_index (entities, MsgEntity, i);

      if ((unsigned) entity->type >= MSG_ENTITY_N || !entity_is_inside (entity, edges))
        return entity_fail (error, "is not inside the text");
      if (!entity_has_its_own (entity))
        return entity_fail (error, "lacks what its type needs, or has what it does not");
    }
  g_array_sort (entities, compare);
  for (unsigned i = 1; i < entities->len; i++)
    if (compare (&g_array_index (entities, MsgEntity, i - 1), &g_array_index (entities, MsgEntity, i)) == 0)
      return entity_fail (error, "is there twice");
  return true;
}

/* --- As JSON --- */

static const char *
value_name (MsgEntityType type)
{
  return type == MSG_ENTITY_PRE ? "language" : "url";
}

char *
msg_entities_write (const GArray *entities)
{
  g_autoptr (JsonArray) list = NULL;
  g_autoptr (JsonNode) node = NULL;

  if (entities->len == 0)
    return NULL;
  list = json_array_new ();
  for (unsigned i = 0; i < entities->len; i++)
    {
      const MsgEntity *entity = &g_array_index (entities, MsgEntity, i);
      JsonObject *object = json_object_new ();
      char id[MSG_ID_STRLEN];

      json_object_set_string_member (object, "type", words[entity->type]);
      json_object_set_int_member (object, "offset", entity->offset);
      json_object_set_int_member (object, "length", entity->length);
      if (entity->value != NULL)
        json_object_set_string_member (object, value_name (entity->type), entity->value);
      if (entity->user_id != 0)
        json_object_set_string_member (object, "userId", msg_id_format (entity->user_id, id));
      json_array_add_object_element (list, object);
    }
  node = json_node_init_array (json_node_alloc (), list);
  return json_to_string (node, FALSE);
}

static bool
entity_parse (JsonObject *object, MsgEntity *ret_entity)
{
  const char *word = json_object_get_string_member_with_default (object, "type", "");
  MsgEntity entity = { .type = msg_entity_type_parse (word) };
  const char *id = json_object_get_string_member_with_default (object, "userId", NULL);

  if (entity.type == MSG_ENTITY_N || (id != NULL && !msg_id_parse (id, &entity.user_id)))
    return false;
  entity.offset = (unsigned) json_object_get_int_member_with_default (object, "offset", 0);
  entity.length = (unsigned) json_object_get_int_member_with_default (object, "length", 0);
  entity.value = g_strdup (json_object_get_string_member_with_default (object, value_name (entity.type), NULL));
  *ret_entity = entity;
  return true;
}

GArray *
msg_entities_parse (const char *json)
{
  g_autoptr (GArray) entities = msg_entities_new ();
  g_autoptr (JsonNode) node = NULL;
  JsonArray *list;

  if (json == NULL)
    return g_steal_pointer (&entities);
  node = json_from_string (json, NULL);
  if (node == NULL || !JSON_NODE_HOLDS_ARRAY (node))
    return NULL;
  list = json_node_get_array (node);
  for (unsigned i = 0; i < json_array_get_length (list); i++)
    {
      JsonNode *element = json_array_get_element (list, i);
      MsgEntity entity;

      if (!JSON_NODE_HOLDS_OBJECT (element) || !entity_parse (json_node_get_object (element), &entity))
        return NULL;
      g_array_append_val (entities, entity);
    }
  return g_steal_pointer (&entities);
}
