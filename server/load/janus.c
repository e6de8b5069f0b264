/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Janus's videoroom over its WebSocket API: one session for all, one handle for each transport; a subscriber gets all feeds
 * by one multistream handle, which is the cheapest that Janus has. Transactions say what is answered: a letter for the step,
 * p or s for who, and the member's number.
 */
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "server/load/conn.h"
#include "server/load/rooms.h"

#define ROOM 4711
#define KEEPALIVE_US 20000000

typedef struct {
  LoadRooms *rooms;
  LoadConn *conn;
  int64_t session, handle; /* handle: that makes the room */
  AlTimer keepalive;
} Janus;

static void send_text (Janus *janus, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
send_text (Janus *janus, const char *format, ...)
{
  va_list args;
  g_autofree char *text = NULL;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  if (janus->conn != NULL)
    load_conn_send (janus->conn, text, strlen (text));
}

static void
request (Janus *janus, int64_t handle, const char *transaction, const char *body, const char *type, const char *sdp)
{
  g_autofree char *escaped = sdp != NULL ? g_strescape (sdp, NULL) : NULL;
  g_autofree char *jsep = sdp != NULL ? g_strdup_printf (",\"jsep\":{\"type\":\"%s\",\"sdp\":\"%s\"}", type, escaped) : NULL;

  send_text (janus,
             "{\"janus\":\"message\",\"session_id\":%" G_GINT64_FORMAT ",\"handle_id\":%" G_GINT64_FORMAT
             ",\"transaction\":\"%s\",\"body\":{%s}%s}",
             janus->session, handle, transaction, body, jsep != NULL ? jsep : "");
}

static void
attach (Janus *janus, const char *transaction)
{
  send_text (janus,
             "{\"janus\":\"attach\",\"session_id\":%" G_GINT64_FORMAT ",\"plugin\":\"janus.plugin.videoroom\","
             "\"transaction\":\"%s\"}",
             janus->session, transaction);
}

static JsonObject *
object_of (JsonObject *object, const char *name)
{
  JsonNode *node = object != NULL ? json_object_get_member (object, name) : NULL;

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static int64_t
int_of (JsonObject *object, const char *name)
{
  return object != NULL ? json_object_get_int_member_with_default (object, name, 0) : 0;
}

static const char *
string_of (JsonObject *object, const char *name)
{
  return object != NULL ? json_object_get_string_member_with_default (object, name, "") : "";
}

static void
join_publisher (Janus *janus, LoadMember *member, const char *transaction)
{
  g_autofree char *offer = load_publisher_offer (member->publisher);
  g_autofree char *body = g_strdup_printf ("\"request\":\"joinandconfigure\",\"ptype\":\"publisher\",\"room\":%d", ROOM);

  request (janus, member->handle, transaction, body, "offer", offer);
}

static void
join_subscriber (Janus *janus, LoadMember *member, const char *transaction)
{
  GString *body = g_string_new (NULL);

  g_string_printf (body, "\"request\":\"join\",\"ptype\":\"subscriber\",\"room\":%d,\"streams\":[", ROOM);
  for (int i = 0; i < janus->rooms->options.publishers; i++)
    g_string_append_printf (body, "%s{\"feed\":%s}", i > 0 ? "," : "", janus->rooms->publishers[i].id);
  g_string_append (body, "]");
  request (janus, member->handle, transaction, body->str, NULL, NULL);
  (void) g_string_free (body, TRUE);
}

static void
answer_subscriber (Janus *janus, LoadMember *member, const char *offer)
{
  g_autofree char *transaction = g_strdup_printf ("ts%u", member->index);
  g_autofree char *answer = load_subscriber_answer (member->subscriber, offer);

  if (answer == NULL)
    {
      load_rooms_fail (janus->rooms, "Janus's offer cannot be used", offer);
      return;
    }
  member->answered = true;
  request (janus, member->handle, transaction, "\"request\":\"start\"", "answer", answer);
}

static void
on_member (Janus *janus, LoadMember *member, char step, const char *transaction, JsonObject *object)
{
  JsonObject *data = object_of (object_of (object, "plugindata"), "data");
  const char *sdp = string_of (object_of (object, "jsep"), "sdp");
  g_autofree char *next = g_strdup_printf ("j%s", transaction + 1);

  if (step == 'a')
    {
      member->handle = int_of (object_of (object, "data"), "id");
      if (member->publisher != NULL)
        join_publisher (janus, member, next);
      else
        join_subscriber (janus, member, next);
    }
  else if (step == 'j' && sdp[0] != '\0' && member->publisher != NULL)
    {
      (void) g_snprintf (member->id, sizeof member->id, "%" G_GINT64_FORMAT, int_of (data, "id"));
      load_rooms_take_answer (member, sdp);
    }
  else if (step == 'j' && sdp[0] != '\0')
    answer_subscriber (janus, member, sdp);
}

static void
on_room (Janus *janus, char step, JsonObject *object)
{
  g_autofree char *body = NULL;

  if (step == 'c') /* the session */
    {
      janus->session = int_of (object_of (object, "data"), "id");
      attach (janus, "r");
    }
  else if (step == 'r')
    {
      janus->handle = int_of (object_of (object, "data"), "id");
      body = g_strdup_printf ("\"request\":\"create\",\"room\":%d,\"publishers\":%d,\"bitrate\":0,\"audiocodec\":\"opus\","
                              "\"videocodec\":\"vp8\"",
                              ROOM, janus->rooms->options.publishers);
      request (janus, janus->handle, "m", body, NULL, NULL);
    }
  else if (step == 'm')
    janus->rooms->ready = true;
}

static void
on_message (LoadConn *conn, char *text, size_t len, void *user)
{
  Janus *janus = user;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = al_json_parse (text, len, &error);
  JsonObject *object = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  const char *transaction = string_of (object, "transaction"), *kind = string_of (object, "janus");
  JsonObject *data = object_of (object_of (object, "plugindata"), "data");
  unsigned index;

  if (node == NULL)
    load_rooms_fail (janus->rooms, "Janus's message cannot be read", error->message);
  if (strcmp (kind, "error") == 0 || int_of (data, "error_code") != 0)
    {
      load_rooms_fail (janus->rooms, "Janus refuses", text);
      return;
    }
  if (strcmp (kind, "success") != 0 && strcmp (kind, "event") != 0)
    return; /* ack, webrtcup, media, ... */
  if (strlen (transaction) == 1)
    on_room (janus, transaction[0], object);
  else if (sscanf (transaction, "%*c%*c%u", &index) == 1)
    on_member (janus, transaction[1] == 'p' ? &janus->rooms->publishers[index] : &janus->rooms->subscribers[index],
               transaction[0], transaction, object);
}

static void
on_open (LoadConn *conn, void *user)
{
  Janus *janus = user;

  janus->conn = conn;
  send_text (janus, "{\"janus\":\"create\",\"transaction\":\"c\"}");
}

static void
on_closed (LoadConn *conn, void *user)
{
  Janus *janus = user;

  janus->conn = NULL;
  if (!janus->rooms->over)
    load_rooms_fail (janus->rooms, "Janus has closed the connection", "");
}

static void
on_keepalive (AlTimer *timer, void *user)
{
  Janus *janus = user;

  send_text (janus, "{\"janus\":\"keepalive\",\"session_id\":%" G_GINT64_FORMAT ",\"transaction\":\"k\"}", janus->session);
  al_timer_set (al_loop_get_timers (janus->rooms->loop), timer, al_loop_now_us (janus->rooms->loop) + KEEPALIVE_US);
}

static bool
open_janus (LoadRooms *rooms, GError **error)
{
  static const LoadConnOps ops = { on_open, on_message, on_closed };
  Janus *janus = g_new0 (Janus, 1);

  janus->rooms = rooms;
  rooms->signaling_data = janus;
  al_timer_init (&janus->keepalive, on_keepalive, janus);
  al_timer_set (al_loop_get_timers (rooms->loop), &janus->keepalive, al_loop_now_us (rooms->loop) + KEEPALIVE_US);
  return load_conn_new_path (rooms->loop, &rooms->server, "/", "janus-protocol", &ops, janus, error) != NULL;
}

static void
join (LoadMember *member)
{
  g_autofree char *transaction = g_strdup_printf ("a%c%u", member->publisher != NULL ? 'p' : 's', member->index);

  attach (member->rooms->signaling_data, transaction);
}

static void
close_janus (LoadRooms *rooms)
{
  Janus *janus = rooms->signaling_data;

  al_timer_cancel (&janus->keepalive);
  send_text (janus, "{\"janus\":\"destroy\",\"session_id\":%" G_GINT64_FORMAT ",\"transaction\":\"d\"}", janus->session);
  al_loop_iterate (rooms->loop, 10);
  if (janus->conn != NULL)
    load_conn_abort (janus->conn);
  al_loop_iterate (rooms->loop, 0);
  g_free (janus);
}

const LoadSignaling load_signaling_janus = { "janus", open_janus, join, join, close_janus };
