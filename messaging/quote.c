/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/quote.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "messaging/core.h"
#include "messaging/message-text.h"

static bool
fail (GError **error, const char *what)
{
  g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "quote", "%s", what));
  return false;
}

char *
msg_quote_write (const MsgQuote *quote, unsigned max_entities, GError **error)
{
  g_autofree char *entities = NULL;
  g_autoptr (JsonObject) object = NULL;
  g_autoptr (JsonNode) node = NULL;
  unsigned units;

  if (quote->offset > MSG_TEXT_UNITS_MAX || !msg_message_text_check (quote->text, MSG_QUOTE_UNITS_MAX, &units, NULL))
    {
      (void) fail (error, "A quote has some words, and at most 1024 UTF-16 units.");
      return NULL;
    }
  if (quote->entities != NULL && !msg_entities_check (quote->text, quote->entities, max_entities, error))
    return NULL;
  object = json_object_new ();
  json_object_set_string_member (object, "text", quote->text);
  entities = quote->entities != NULL ? msg_entities_write (quote->entities) : NULL;
  if (entities != NULL)
    json_object_set_member (object, "entities", json_from_string (entities, NULL));
  json_object_set_int_member (object, "offset", quote->offset);
  node = json_node_init_object (json_node_alloc (), object);
  return json_to_string (node, FALSE);
}

/* Returns: (transfer none) (nullable): where the character at @offset begins; NULL: none begins there */
static const char *
find_place (const char *text, unsigned offset)
{
  unsigned units = 0;

  while (units < offset && *text != '\0')
    {
      units += g_utf8_get_char (text) > 0xffff ? 2 : 1;
      text = g_utf8_next_char (text);
    }
  return units == offset ? text : NULL;
}

/* What is marked from @offset on is marked alike, and maybe more of it, in the message. */
static bool
is_marked (const MsgEntity *quoted, unsigned offset, const GArray *entities)
{
  for (unsigned i = 0; i < entities->len; i++)
    {
      const MsgEntity *entity = &g_array_index (entities, MsgEntity, i);

      if (entity->type == quoted->type && entity->user_id == quoted->user_id
          && g_strcmp0 (entity->value, quoted->value) == 0 && entity->offset <= offset + quoted->offset
          && entity->offset + entity->length >= offset + quoted->offset + quoted->length)
        return true;
    }
  return false;
}

static bool
check_entities (JsonObject *object, unsigned offset, const char *entities)
{
  g_autoptr (GArray) said = msg_entities_parse (entities), quoted = NULL;
  g_autofree char *json = NULL;

  if (!json_object_has_member (object, "entities"))
    return true;
  json = json_to_string (json_object_get_member (object, "entities"), FALSE);
  quoted = msg_entities_parse (json);
  if (said == NULL || quoted == NULL)
    return false;
  for (unsigned i = 0; i < quoted->len; i++)
    if (!is_marked (&g_array_index (quoted, MsgEntity, i), offset, said))
      return false;
  return true;
}

bool
msg_quote_check (const char *quote, const char *text, const char *entities, GError **error)
{
  g_autoptr (JsonNode) node = json_from_string (quote, NULL);
  JsonObject *object;
  const char *words, *place;
  unsigned offset;

  g_return_val_if_fail (node != NULL && JSON_NODE_HOLDS_OBJECT (node), false);
  object = json_node_get_object (node);
  words = json_object_get_string_member (object, "text");
  offset = (unsigned) json_object_get_int_member (object, "offset");
  place = find_place (text, offset);
  if (place == NULL || strncmp (place, words, strlen (words)) != 0)
    return fail (error, "The message does not say that there.");
  return check_entities (object, offset, entities) || fail (error, "That is not marked so in the message.");
}
