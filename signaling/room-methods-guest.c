/* SPDX-License-Identifier: Apache-2.0 */
/* session.guest: a session for somebody without an account. */
#include <string.h>

#include "base/base64url.h"
#include "messaging/names.h"
#include "signaling/profile.h"
#include "signaling/rooms-private.h"
#include "signaling/rpc-private.h"

static JsonObject *
make_result (const SigRoomAsk *ask, const SigGuest *guest, const char *token, const SigAttach *attached)
{
  const MsgRoom *row = sig_room_get_row (ask->entry->room);
  JsonObject *result = json_object_new (), *room = json_object_new ();

  sig_json_set_id (room, "id", row->id);
  json_object_set_string_member (room, "title", row->title);
  json_object_set_object_member (result, "user", sig_profile_user (guest->user));
  json_object_set_object_member (result, "device", sig_profile_device (guest->device));
  json_object_set_string_member (result, "token", token);
  json_object_set_object_member (result, "room", room);
  json_object_set_int_member (result, "serverTime", sig_rooms_now_ms (ask->rooms));
  json_object_set_int_member (result, "seq", (gint64) attached->seq);
  return result;
}

static void
start (SigRoomAsk *ask, SigConn *conn, const char *name)
{
  SigRooms *rooms = ask->rooms;
  SigSessions *sessions = rooms->config.sessions;
  MsgId room_id = sig_room_get_id (ask->entry->room);
  g_autofree char *token = NULL;
  const SigGuest *guest = sig_guests_add (rooms->config.guests, room_id, name, sig_rooms_now_ms (rooms), &token);
  SigAttach attached;
  SigSession *session = sig_sessions_attach (sessions, conn->id, guest->user, guest->device, SIG_SEQ_NONE, &attached);

  sig_session_set_guest_room (session, room_id);
  sig_conn_set_session (conn, session);
  sig_room_ask_reply (ask, make_result (ask, guest, token, &attached));
  sig_sessions_finish_attach (sessions, session, &attached);
}

static void
run_guest (SigRoomAsk *ask)
{
  SigConn *conn = sig_conns_lookup (ask->rooms->conns, sig_rpc_call_get_conn (ask->call));
  const MsgRoom *row = sig_room_get_row (ask->entry->room);
  g_autoptr (GError) error = NULL;
  g_autofree char *name = msg_text_tidy (json_object_get_string_member (ask->params, "displayName"),
                                         MSG_DISPLAY_NAME_CHARS, "display_name", "The display name", &error);

  if (error != NULL)
    sig_room_ask_fail_error (ask, error);
  else if (!row->policy.guests)
    sig_room_ask_refuse (ask, SIG_ROOM_GUESTS_OFF);
  else if (conn == NULL)
    sig_room_ask_fail (ask, SIG_RPC_UNAVAILABLE, "closing", "the connection is gone", 0);
  else if (conn->session != NULL)
    sig_room_ask_fail (ask, SIG_RPC_CONFLICT, "session_started", "this connection has its session already", 0);
  else
    start (ask, conn, name);
}

static void
session_guest (SigRpcCall *call, JsonObject *params, gpointer user)
{
  static const SigRoomVerb verb = { "session.guest", SIG_RPC_ANYONE, SIG_ROOM_OP_GET, run_guest, true };
  SigRooms *rooms = user;
  const SigConn *conn = sig_conns_lookup (rooms->conns, sig_rpc_call_get_conn (call));
  const char *link = json_object_get_string_member (params, "link");
  SigRoomAsk *ask;
  bool ok;

  if (!sig_rpc_call_is_websocket (call) || conn == NULL)
    sig_rpc_fail (call, SIG_RPC_INVALID_REQUEST, "websocket_only", "session.guest needs a WebSocket", 0);
  else if (sig_rpc_call_is_batched (call))
    sig_rpc_fail (call, SIG_RPC_INVALID_REQUEST, "not_in_batch", "session.guest stands alone in its message", 0);
  else if (conn->session != NULL)
    sig_rpc_fail (call, SIG_RPC_CONFLICT, "session_started", "this connection has its session already", 0);
  else
    {
      ask = sig_room_ask_new (rooms, call, params, &verb);
      ok = al_base64url_decode_exact (link, strlen (link), ask->link, sizeof ask->link);
      g_assert (ok); /* the schema has seen to it */
      if (sig_room_ask_limit (ask))
        sig_room_ask_start (ask);
    }
}

void
sig_room_methods_register_guest (SigRooms *rooms, SigRpc *rpc)
{
  sig_rpc_register (rpc, "session.guest", SIG_RPC_ANYONE, session_guest, rooms);
}
