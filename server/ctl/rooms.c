/* SPDX-License-Identifier: Apache-2.0 */
/* aldisctl rooms ... */
#include "server/ctl/command.h"
#include "server/ctl/table.h"

static const char *
get (JsonObject *object, const char *name)
{
  return json_object_get_string_member_with_default (object, name, "-");
}

static char *
get_number (JsonObject *object, const char *name)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT, json_object_get_int_member_with_default (object, name, 0));
}

static bool
rooms_list (Ctl *ctl, char **args, GError **error)
{
  g_autoptr (JsonObject) result = ctl_call (ctl, "backend.roomList", json_object_new (), error);
  CtlTable *table;
  JsonArray *list;

  if (result == NULL)
    return false;
  if (ctl->json)
    return true;
  table = ctl_table_new ("ROOM", "INSIDE", "LOCKED", "SINCE", "TITLE", NULL);
  list = json_object_get_array_member (result, "rooms");
  for (guint i = 0; i < json_array_get_length (list); i++)
    {
      JsonObject *room = json_array_get_object_element (list, i);
      g_autofree char *count = get_number (room, "count");
      g_autofree char *since = ctl_format_time (json_object_get_int_member (room, "createdAt"));

      ctl_table_add (table, get (room, "id"), count, json_object_get_boolean_member (room, "locked") ? "yes" : "no", since,
                     get (room, "title"));
    }
  ctl_table_print (table);
  return true;
}

static char *
describe_tracks (JsonObject *person)
{
  JsonArray *tracks = json_object_get_array_member (person, "tracks");
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < json_array_get_length (tracks); i++)
    {
      JsonObject *track = json_array_get_object_element (tracks, i);

      g_string_append_printf (text, "%s%s%s", i > 0 ? " " : "", get (track, "source"),
                              json_object_get_boolean_member (track, "muted") ? " (muted)" : "");
    }
  return g_string_free (text, FALSE);
}

static void
add_people (CtlTable *table, JsonArray *list, bool waiting)
{
  for (guint i = 0; i < json_array_get_length (list); i++)
    {
      JsonObject *person = json_array_get_object_element (list, i);
      g_autofree char *tracks = describe_tracks (person);
      bool away = json_object_get_boolean_member (person, "away");

      ctl_table_add (table, get (person, "id"), get (person, "userId"), waiting ? "waits" : get (person, "role"),
                     away ? "away" : "here", tracks, get (person, "displayName"));
    }
}

static bool
rooms_show (Ctl *ctl, char **args, GError **error)
{
  g_autoptr (JsonObject) result = ctl_call (ctl, "backend.roomGet", ctl_params ("roomId", args[0], NULL), error);
  CtlTable *table;

  if (result == NULL)
    return false;
  if (ctl->json)
    return true;
  table = ctl_table_new ("PARTICIPANT", "USER", "ROLE", "STATE", "TRACKS", "NAME", NULL);
  add_people (table, json_object_get_array_member (result, "participants"), false);
  add_people (table, json_object_get_array_member (result, "lobby"), true);
  ctl_table_print (table);
  return true;
}

static bool
rooms_end (Ctl *ctl, char **args, GError **error)
{
  g_autoptr (JsonObject) result = ctl_call (ctl, "backend.roomEnd", ctl_params ("roomId", args[0], NULL), error);

  if (result == NULL)
    return false;
  if (!ctl->json)
    g_print ("ended\n");
  return true;
}

/* what everybody is sent, and why not more */
static bool
rooms_explain (Ctl *ctl, char **args, GError **error)
{
  g_autoptr (JsonObject) result = ctl_call (ctl, "backend.roomStats", ctl_params ("roomId", args[0], NULL), error);
  CtlTable *table;
  JsonArray *slots, *decisions;

  if (result == NULL)
    return false;
  if (ctl->json)
    return true;
  table = ctl_table_new ("PARTICIPANT", "SLOT", "TRACK", "LAYER", "BIT/S", "WHY", NULL);
  slots = json_object_get_array_member (result, "slots");
  decisions = json_object_get_array_member (result, "decisions");
  for (guint i = 0; i < json_array_get_length (slots) && i < json_array_get_length (decisions); i++)
    {
      JsonObject *slot = json_array_get_object_element (slots, i);
      g_autofree char *layer = get_number (slot, "layer");
      g_autofree char *bitrate = get_number (slot, "bitrateBps");

      ctl_table_add (table, get (slot, "participantId"), get (slot, "mid"), get (slot, "trackId"), layer, bitrate,
                     get (json_array_get_object_element (decisions, i), "why"));
    }
  ctl_table_print (table);
  return true;
}

const CtlCommand ctl_rooms_commands[] = {
  { "rooms list", "", "rooms with somebody in them", 0, 0, rooms_list },
  { "rooms show", "ROOM", "who is in a room, and who waits", 1, 1, rooms_show },
  { "rooms end", "ROOM", "send everybody out", 1, 1, rooms_end },
  { "rooms explain", "ROOM", "what each participant is sent, and why", 1, 1, rooms_explain },
  { NULL },
};
