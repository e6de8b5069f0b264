/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/service-data.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "base/base64url.h"

/* @inner: (transfer full) */
static char *
write_one (const char *name, JsonObject *inner)
{
  g_autoptr (JsonObject) outer = json_object_new ();
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), outer);

  json_object_set_object_member (outer, name, inner);
  return json_to_string (node, FALSE);
}

static char *
write_title (const char *name, const char *title)
{
  JsonObject *inner = json_object_new ();

  json_object_set_string_member (inner, "title", title);
  return write_one (name, inner);
}

char *
msg_service_created (const char *title)
{
  return write_title ("created", title);
}

char *
msg_service_titled (const char *title)
{
  return write_title ("titled", title);
}

static char *
write_users (const char *name, const MsgId *users, unsigned n)
{
  JsonObject *inner = json_object_new ();
  JsonArray *list = json_array_new ();
  char id[MSG_ID_STRLEN];

  for (unsigned i = 0; i < n; i++)
    json_array_add_string_element (list, msg_id_format (users[i], id));
  json_object_set_array_member (inner, "userIds", list);
  return write_one (name, inner);
}

char *
msg_service_added (const GArray *users)
{
  return write_users ("added", (const MsgId *) (const void *) users->data, users->len);
}

char *
msg_service_removed (MsgId user_id)
{
  return write_users ("removed", &user_id, 1);
}

char *
msg_service_left (void)
{
  return write_one ("left", json_object_new ());
}

static char *
write_ms (const char *name, int64_t ms)
{
  JsonObject *inner = json_object_new ();

  json_object_set_int_member (inner, "ms", ms);
  return write_one (name, inner);
}

char *
msg_service_ttl (int64_t ttl_ms)
{
  return write_ms ("ttl", ttl_ms);
}

char *
msg_service_retention (int64_t retention_ms)
{
  return write_ms ("retention", retention_ms);
}

char *
msg_service_migrated (void)
{
  return write_one ("migrated", json_object_new ());
}

char *
msg_service_pinned (int64_t message_id)
{
  JsonObject *inner = json_object_new ();
  char id[MSG_ID_STRLEN];

  json_object_set_string_member (inner, "messageId", msg_id_format (message_id, id));
  return write_one ("pinned", inner);
}

char *
msg_service_topic (const char *title, int closed, int pinned)
{
  JsonObject *inner = json_object_new ();

  if (title != NULL)
    json_object_set_string_member (inner, "title", title);
  if (closed >= 0)
    json_object_set_boolean_member (inner, "closed", closed != 0);
  if (pinned >= 0)
    json_object_set_boolean_member (inner, "pinned", pinned != 0);
  return write_one ("topic", inner);
}

static void
set_bytes (JsonObject *object, const char *name, const uint8_t *bytes, size_t len)
{
  g_autofree char *text = al_base64url_encode (bytes, len);

  json_object_set_string_member (object, name, text);
}

char *
msg_service_call (const MsgCall *call)
{
  JsonObject *inner = json_object_new ();
  bool spoke = call->active_ms > 0 && call->ended_ms > call->active_ms;

  set_bytes (inner, "callId", call->call_id, MSG_CALL_ID_BYTES);
  json_object_set_string_member (inner, "reason", call->reason);
  json_object_set_int_member (inner, "durationMs", spoke ? call->ended_ms - call->active_ms : 0);
  json_object_set_boolean_member (inner, "video", call->video);
  return write_one ("call", inner);
}

char *
msg_service_room (const MsgRoom *room)
{
  JsonObject *inner = json_object_new ();
  char id[MSG_ID_STRLEN];

  json_object_set_string_member (inner, "roomId", msg_id_format (room->id, id));
  json_object_set_string_member (inner, "title", room->title);
  if (room->has_link)
    set_bytes (inner, "link", room->link, MSG_ROOM_LINK_BYTES);
  return write_one ("room", inner);
}
