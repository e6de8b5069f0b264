/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rooms over our JSON-RPC: each member is a user with a connection of its own, as a browser is; one more makes the room.
 * The id of a request is the step that it is.
 */
#include <json-glib/json-glib.h>
#include <string.h>

#include "base/json.h"
#include "server/load/conn.h"
#include "server/load/load.h"
#include "server/load/rooms.h"

#define AUDIO_SLOTS 3 /* how many are heard at once, unless the room says otherwise */
#define VIDEO_SLOTS_MAX 49

typedef struct {
  LoadRooms *rooms;
  LoadMember *member; /* NULL: who makes the room */
  LoadConn *conn;
} Caller;

typedef struct {
  char room[64], link[128];
  GPtrArray *callers; /* owned, as long as they are connected */
  bool explained;
} Rpc;

static void
call (Caller *caller, const char *step, const char *method, const char *params)
{
  g_autofree char *text = g_strdup_printf ("{\"jsonrpc\":\"2.0\",\"id\":\"%s\",\"method\":\"%s\",\"params\":{%s}}", step,
                                           method, params);

  load_conn_send (caller->conn, text, strlen (text));
}

static void
on_open (LoadConn *conn, void *user)
{
  /* the base point of Ed25519: a valid key that nobody needs the secret of here */
  static const char *identity_key = "WGZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmY";
  Caller *caller = user;
  const LoadMember *member = caller->member;
  const char *names = caller->rooms->options.names;
  g_autofree char *sub = member == NULL
                             ? g_strdup_printf ("%s-host", names)
                             : g_strdup_printf ("%s-%c%u", names, member->publisher != NULL ? 'p' : 's', member->index);
  g_autofree char *jwt = load_make_jwt (caller->rooms->options.jwt_secret, sub);
  g_autofree char *params = g_strdup_printf ("\"jwt\":\"%s\",\"device\":{\"name\":\"load\",\"platform\":\"load\","
                                             "\"identityKey\":\"%s\"}",
                                             jwt, identity_key);

  call (caller, "start", "session.start", params);
}

static const char *
string_in (JsonObject *result, const char *object, const char *name)
{
  JsonNode *node = object != NULL ? json_object_get_member (result, object) : NULL;

  if (object != NULL)
    result = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  return result != NULL ? json_object_get_string_member_with_default (result, name, "") : "";
}

static void
publish (Caller *caller)
{
  Rpc *rpc = caller->rooms->signaling_data;
  g_autofree char *offer = load_publisher_offer (caller->member->publisher);
  g_autofree char *escaped = g_strescape (offer, NULL);
  bool video = caller->rooms->options.video_path != NULL;
  g_autofree char *params = g_strdup_printf ("\"roomId\":\"%s\",\"sdp\":\"%s\","
                                             "\"tracks\":[{\"mid\":\"0\",\"source\":\"mic\"}%s]",
                                             rpc->room, escaped, video ? ",{\"mid\":\"1\",\"source\":\"camera\"}" : "");

  call (caller, "publish", "room.publish", params);
}

static void
subscribe (Caller *caller)
{
  Rpc *rpc = caller->rooms->signaling_data;
  const LoadRoomsOptions *options = &caller->rooms->options;
  unsigned n = (unsigned) options->publishers;
  g_autofree char *offer = load_subscriber_offer (caller->member->subscriber, MIN (n, AUDIO_SLOTS),
                                                  options->video_path != NULL ? MIN (n, VIDEO_SLOTS_MAX) : 0);
  g_autofree char *escaped = g_strescape (offer, NULL);
  g_autofree char *params = g_strdup_printf ("\"roomId\":\"%s\",\"sdp\":\"%s\"", rpc->room, escaped);

  load_subscriber_begin (caller->member->subscriber); /* from its offer on */
  call (caller, "subscribe", "room.subscribe", params);
}

static void
on_result (Caller *caller, const char *step, JsonObject *result)
{
  Rpc *rpc = caller->rooms->signaling_data;
  g_autofree char *params = NULL;

  if (strcmp (step, "start") == 0 && caller->member == NULL && caller->rooms->options.room != NULL)
    {
      g_strlcpy (rpc->link, caller->rooms->options.room, sizeof rpc->link);
      params = g_strdup_printf ("\"link\":\"%s\"", rpc->link);
      call (caller, "enter", "room.join", params);
    }
  else if (strcmp (step, "start") == 0 && caller->member == NULL)
    call (caller, "create", "room.create", "\"title\":\"load\",\"policy\":{\"maxParticipants\":1000}");
  else if (strcmp (step, "create") == 0)
    {
      g_strlcpy (rpc->room, string_in (result, "room", "id"), sizeof rpc->room);
      g_strlcpy (rpc->link, string_in (result, "room", "link"), sizeof rpc->link);
      params = g_strdup_printf ("\"roomId\":\"%s\"", rpc->room);
      call (caller, "enter", "room.join", params); /* who is outside is not told of statistics */
    }
  else if (strcmp (step, "enter") == 0)
    {
      g_strlcpy (rpc->room, string_in (result, "room", "id"), sizeof rpc->room);
      caller->rooms->ready = true;
    }
  else if (strcmp (step, "start") == 0)
    {
      params = g_strdup_printf ("\"link\":\"%s\"", rpc->link);
      call (caller, "join", "room.join", params);
    }
  else if (strcmp (step, "join") == 0 && caller->member->publisher != NULL)
    publish (caller);
  else if (strcmp (step, "join") == 0)
    subscribe (caller);
  else if (strcmp (step, "stats") == 0)
    {
      g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), result);
      g_autofree char *text = json_to_string (node, TRUE);

      g_print ("explained %s\n", text);
      rpc->explained = true;
    }
  else if (caller->member != NULL)
    load_rooms_take_answer (caller->member, string_in (result, NULL, "sdp"));
}

static void
on_message (LoadConn *conn, char *text, size_t len, void *user)
{
  Caller *caller = user;
  g_autoptr (JsonNode) node = NULL;
  JsonObject *object;
  JsonNode *result;

  if (strstr (text, "\"id\"") == NULL || strncmp (text, "{\"jsonrpc\":\"2.0\",\"method\"", 25) == 0)
    return; /* a notification */
  node = al_json_parse (text, len, NULL);
  object = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  if (object == NULL || !json_object_has_member (object, "id"))
    return;
  result = json_object_get_member (object, "result");
  if (result == NULL || !JSON_NODE_HOLDS_OBJECT (result))
    load_rooms_fail (caller->rooms, "the server refuses", text);
  else
    on_result (caller, json_object_get_string_member_with_default (object, "id", ""), json_node_get_object (result));
}

static void
on_closed (LoadConn *conn, void *user)
{
  Caller *caller = user;
  Rpc *rpc = caller->rooms->signaling_data;

  if (!caller->rooms->over)
    load_rooms_fail (caller->rooms, "the server has closed a connection", "");
  (void) g_ptr_array_remove_fast (rpc->callers, caller);
}

static bool
connect_caller (LoadRooms *rooms, LoadMember *member, GError **error)
{
  static const LoadConnOps ops = { on_open, on_message, on_closed };
  Rpc *rpc = rooms->signaling_data;
  Caller *caller = g_new0 (Caller, 1);

  caller->rooms = rooms;
  caller->member = member;
  g_ptr_array_add (rpc->callers, caller);
  caller->conn = load_conn_new (rooms->loop, &rooms->server, false, NULL, &ops, caller, error);
  if (caller->conn != NULL)
    return true;
  (void) g_ptr_array_remove_fast (rpc->callers, caller);
  return false;
}

static bool
open_rpc (LoadRooms *rooms, GError **error)
{
  Rpc *rpc = g_new0 (Rpc, 1);

  rpc->callers = g_ptr_array_new_with_free_func (g_free);
  rooms->signaling_data = rpc;
  return connect_caller (rooms, NULL, error);
}

static void
join (LoadMember *member)
{
  g_autoptr (GError) error = NULL;

  if (!connect_caller (member->rooms, member, &error))
    load_rooms_fail (member->rooms, "cannot connect", error->message);
}

/* what the server says of its transports, tracks and slots, and why they are as they are */
static void
explain (LoadRooms *rooms)
{
  Rpc *rpc = rooms->signaling_data;
  g_autofree char *params = g_strdup_printf ("\"roomId\":\"%s\"", rpc->room);
  int64_t end_us = al_loop_now_us (rooms->loop) + 5 * G_USEC_PER_SEC;

  if (rpc->callers->len > 0)
    call (g_ptr_array_index (rpc->callers, 0), "stats", "room.stats", params); /* who made the room */
  while (!rpc->explained && rooms->fault == NULL && al_loop_now_us (rooms->loop) < end_us)
    al_loop_iterate (rooms->loop, 100);
}

static void
close_rpc (LoadRooms *rooms)
{
  Rpc *rpc = rooms->signaling_data;

  if (rooms->options.explain)
    explain (rooms);
  for (unsigned i = 0; i < rpc->callers->len; i++)
    load_conn_abort (((Caller *) g_ptr_array_index (rpc->callers, i))->conn);
  while (rpc->callers->len > 0)
    al_loop_iterate (rooms->loop, 10);
  g_ptr_array_unref (rpc->callers);
  g_free (rpc);
}

const LoadSignaling load_signaling_rpc = { "rpc", open_rpc, join, join, close_rpc };
