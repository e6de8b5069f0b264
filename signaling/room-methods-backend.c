/* SPDX-License-Identifier: Apache-2.0 */
/* backend.room*: rooms as application servers and the administrator see them. */
#include "signaling/profile.h"
#include "signaling/rooms-private.h"

#define LIST_MAX 1000

static void
room_list (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigRooms *rooms = user;
  JsonObject *result = json_object_new ();
  JsonArray *list = json_array_new ();
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, rooms->by_id);
  while (json_array_get_length (list) < LIST_MAX && g_hash_table_iter_next (&iter, NULL, &value))
    if (((const SigRoomEntry *) value)->live)
      json_array_add_object_element (list, sig_room_json (value, false, true));
  json_object_set_array_member (result, "rooms", list);
  sig_rpc_reply_object (call, result);
}

static void
run_get (SigRoomAsk *ask)
{
  const SigRoom *room = ask->entry->room;
  JsonObject *result = json_object_new ();

  json_object_set_object_member (result, "room", sig_room_json (ask->entry, true, true));
  json_object_set_array_member (result, "participants",
                                sig_room_people_json (sig_room_get_inside (room), 0, LIST_MAX, false, NULL, NULL));
  json_object_set_array_member (result, "lobby",
                                sig_room_people_json (sig_room_get_waiting (room), 0, LIST_MAX, false, NULL, NULL));
  sig_room_ask_reply (ask, result);
}

static void
on_deleted (const GError *error, gpointer data)
{
  SigRoomAsk *ask = data;

  ask->rooms->revision++;
  if (error != NULL)
    {
      sig_room_ask_fail_error (ask, error);
      return;
    }
  if (ask->entry->rooms != NULL)
    {
      /* whoever is inside hears who did it; the row is gone already */
      ask->entry->end = SIG_ROOMS_BY_ADMIN;
      sig_room_leave_all (ask->entry->room);
      sig_room_entry_do_actions (ask->entry);
      sig_room_entry_end (ask->entry, SIG_ROOMS_DELETED);
    }
  sig_room_ask_reply (ask, NULL);
}

static void
run_end (SigRoomAsk *ask)
{
  bool permanent = sig_room_get_row (ask->entry->room)->policy.permanent;

  if (!permanent || json_object_get_boolean_member_with_default (ask->params, "delete", FALSE))
    {
      msg_room_delete (ask->rooms->config.core, sig_room_get_id (ask->entry->room), on_deleted, ask);
      return;
    }
  sig_room_entry_end (ask->entry, SIG_ROOMS_BY_ADMIN);
  sig_room_ask_reply (ask, NULL);
}

static void
run_stats (SigRoomAsk *ask)
{
  sig_room_entry_stats (ask->entry, ask->call, NULL);
  sig_room_ask_end (ask);
}

static const SigRoomVerb verbs[] = {
  { "backend.roomGet", SIG_RPC_BACKEND, SIG_ROOM_OP_GET, run_get, true },
  { "backend.roomEnd", SIG_RPC_BACKEND, SIG_ROOM_OP_END, run_end, true },
  { "backend.roomStats", SIG_RPC_BACKEND, SIG_ROOM_OP_STATS, run_stats, true },
};

void
sig_room_methods_register_backend (SigRooms *rooms, SigRpc *rpc)
{
  sig_rpc_register (rpc, "backend.roomList", SIG_RPC_BACKEND, room_list, rooms);
  sig_rooms_register_verbs (rooms, rpc, verbs, G_N_ELEMENTS (verbs));
}
