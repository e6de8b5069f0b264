/* SPDX-License-Identifier: Apache-2.0 */
/* One's own participant: room.join, leave, participants, update, turn. */
#include <string.h>

#include "base/base64url.h"
#include "base/random.h"
#include "messaging/names.h"
#include "signaling/profile.h"
#include "signaling/rooms-private.h"
#include "signaling/rpc-private.h"

static char *
tidy_name (const char *name, GError **error)
{
  return msg_text_tidy (name, MSG_DISPLAY_NAME_CHARS, "display_name", "The display name", error);
}

static void
get_secret (JsonObject *params, const char *name, uint8_t ret[SIG_ROOM_SECRET_BYTES])
{
  const char *text = json_object_get_string_member (params, name);
  bool ok = al_base64url_decode_exact (text, strlen (text), ret, SIG_ROOM_SECRET_BYTES);

  g_assert (ok); /* the schema has seen to it */
}

/* --- join --- */

static void
add_people (JsonObject *result, const SigRoomEntry *entry, const SigRoomPerson *person)
{
  MsgId next = 0;
  JsonArray *people = json_array_new ();

  if (!person->waiting)
    {
      json_array_unref (people);
      people = sig_room_people_json (sig_room_get_inside (entry->room), 0, SIG_ROOMS_PAGE, true, person, &next);
    }
  json_object_set_array_member (result, "participants", people);
  if (next != 0)
    sig_json_set_id (result, "next", next);
  json_object_set_int_member (result, "count", sig_room_count_inside (entry->room));
  if (!person->waiting && person->role == SIG_ROLE_HOST)
    json_object_set_array_member (result, "lobby", sig_room_people_json (sig_room_get_waiting (entry->room), 0,
                                                                         SIG_ROOM_LOBBY_MAX, false, NULL, NULL));
}

static JsonObject *
make_joined (const SigRoomAsk *ask, const SigRoomPerson *person, bool resumed)
{
  const SigRoomEntry *entry = ask->entry;
  SigRooms *rooms = ask->rooms;
  /* who waits has nothing to connect to yet */
  JsonObject *result = sig_turn_issue (person->waiting ? NULL : rooms->config.turn, person->turn_id,
                                       (uint64_t) person->id, sig_rooms_now_ms (rooms));

  json_object_set_string_member (result, "state", person->waiting ? "lobby" : "joined");
  json_object_set_boolean_member (result, "resumed", resumed);
  json_object_set_object_member (result, "participant", sig_room_person_json (person));
  add_people (result, entry, person);
  json_object_set_object_member (result, "room",
                                 sig_room_json (entry, !person->waiting && person->role == SIG_ROLE_HOST, false));
  sig_json_set_bytes (result, "resume", person->resume, sizeof person->resume);
  return result;
}

static void
run_join (SigRoomAsk *ask)
{
  SigRooms *rooms = ask->rooms;
  SigRoomEntry *entry = ask->entry;
  const char *text = sig_json_get_string (ask->params, "displayName");
  uint8_t resume[SIG_ROOM_SECRET_BYTES], secrets[2 * SIG_ROOM_SECRET_BYTES];
  g_autoptr (GError) error = NULL;
  g_autofree char *name =
      tidy_name (text != NULL ? text : sig_session_get_user (ask->session)->display_name, &error);
  SigRoomJoin join = { .who = ask->who,
                       .name = name,
                       .by_link = ask->who.user_id == 0 || json_object_has_member (ask->params, "link"),
                       .server_full = rooms->n_inside >= rooms->config.max_participants_total,
                       .now_us = sig_rooms_now_us (rooms),
                       .now_ms = sig_rooms_now_ms (rooms),
                       .new_id = msg_id_new (),
                       .secrets = secrets };
  SigRoomPerson *person = NULL;
  bool resumed = false;
  SigRoomAnswer answer;

  if (error != NULL)
    {
      sig_room_ask_fail_error (ask, error);
      return;
    }
  if (!sig_session_is_attached (ask->session))
    {
      sig_room_ask_fail (ask, SIG_RPC_UNAVAILABLE, "closing", "the connection is gone", 0);
      return;
    }
  if (json_object_has_member (ask->params, "resume"))
    {
      get_secret (ask->params, "resume", resume);
      join.resume = resume;
    }
  al_random_bytes (secrets, sizeof secrets);
  answer = sig_room_join (entry->room, &join, &person, &resumed);
  if (answer != SIG_ROOM_OK)
    {
      sig_room_metrics_refuse (&rooms->metrics, answer);
      sig_room_ask_refuse (ask, answer);
      return;
    }
  al_counter_add (resumed ? rooms->metrics.resumed : rooms->metrics.joined, 1);
  if (resumed)
    sig_room_entry_set_away (entry, person->device_id, false);
  if (ask->who.user_id != 0)
    sig_room_entry_answer_invite (entry, ask->who.user_id, NULL, "joined");
  sig_room_entry_do_actions (entry);
  sig_room_ask_reply (ask, make_joined (ask, person, resumed));
}

static void
join (SigRpcCall *call, JsonObject *params, gpointer user)
{
  static const SigRoomVerb verb = { "room.join", SIG_RPC_PARTICIPANT, SIG_ROOM_OP_GET, run_join, true };
  SigRoomAsk *ask = sig_room_ask_new (user, call, params, &verb);

  if (!sig_rpc_call_is_websocket (call))
    {
      sig_room_ask_fail (ask, SIG_RPC_INVALID_REQUEST, "websocket_only", "room.join needs a WebSocket", 0);
      return;
    }
  if (!sig_room_ask_limit (ask))
    return;
  if (json_object_has_member (params, "roomId"))
    ask->room_id = sig_json_get_id (params, "roomId");
  else
    get_secret (params, "link", ask->link);
  sig_room_ask_start (ask);
}

/* --- leave, participants, turn --- */

static void
run_leave (SigRoomAsk *ask)
{
  sig_room_leave (ask->entry->room, ask->actor, SIG_ROOM_LEFT);
  sig_room_ask_reply (ask, NULL);
}

static void
run_participants (SigRoomAsk *ask)
{
  const SigRoom *room = ask->entry->room;
  const SigRoomPerson *after = NULL;
  JsonObject *result;
  JsonArray *people;
  MsgId next;

  if (json_object_has_member (ask->params, "after"))
    {
      after = sig_room_find (room, sig_json_get_id (ask->params, "after"));
      if (after == NULL)
        {
          /* it has left since: whoever pages begins anew */
          sig_room_ask_refuse (ask, SIG_ROOM_NO_PERSON);
          return;
        }
    }
  people = sig_room_people_json (sig_room_get_inside (room), after != NULL ? after->order : 0,
                                 (unsigned) json_object_get_int_member (ask->params, "limit"), false, NULL, &next);
  result = json_object_new ();
  json_object_set_array_member (result, "participants", people);
  if (next != 0)
    sig_json_set_id (result, "next", next);
  json_object_set_int_member (result, "count", sig_room_count_inside (room));
  sig_room_ask_reply (ask, result);
}

static void
run_turn (SigRoomAsk *ask)
{
  sig_room_ask_reply (ask, sig_turn_issue (ask->rooms->config.turn, ask->actor->turn_id, (uint64_t) ask->actor->id,
                                           sig_rooms_now_ms (ask->rooms)));
}

/* --- update --- */

/* Returns: (transfer none) (nullable): the track of the actor that a member's name stands for */
static SigRoomTrack *
get_track (const SigRoomAsk *ask, const char *name)
{
  MsgId id;

  return msg_id_parse (name, &id) ? sig_room_person_find_track (ask->actor, (uint64_t) id) : NULL;
}

/* all or nothing: whether every member of params.@member is a track of the actor's. */
static bool
has_tracks (const SigRoomAsk *ask, const char *member)
{
  JsonObjectIter iter;
  const char *name;

  if (!json_object_has_member (ask->params, member))
    return true;
  json_object_iter_init (&iter, json_object_get_object_member (ask->params, member));
  while (json_object_iter_next (&iter, &name, NULL))
    if (get_track (ask, name) == NULL)
      return false;
  return true;
}

static void
set_muted (SigRoomAsk *ask)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  json_object_iter_init (&iter, json_object_get_object_member (ask->params, "muted"));
  while (json_object_iter_next (&iter, &name, &node))
    sig_room_set_muted (ask->entry->room, ask->actor, get_track (ask, name), json_node_get_boolean (node));
}

static char *
tidy_track_name (const char *name, GError **error)
{
  return *name != '\0' ? msg_text_tidy (name, 64, "track", "The name of a track", error) : NULL;
}

static bool
check_track_names (const SigRoomAsk *ask, GError **error)
{
  JsonObjectIter iter;
  JsonNode *node;

  if (!json_object_has_member (ask->params, "names"))
    return true;
  json_object_iter_init (&iter, json_object_get_object_member (ask->params, "names"));
  while (json_object_iter_next (&iter, NULL, &node))
    {
      g_autofree char *tidy = tidy_track_name (json_node_get_string (node), error);

      if (tidy == NULL && *error != NULL)
        return false;
    }
  return true;
}

static void
set_names (SigRoomAsk *ask)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  json_object_iter_init (&iter, json_object_get_object_member (ask->params, "names"));
  while (json_object_iter_next (&iter, &name, &node))
    {
      g_autofree char *tidy = tidy_track_name (json_node_get_string (node), NULL);

      sig_room_set_track_name (ask->entry->room, ask->actor, get_track (ask, name), tidy);
    }
}

static void
run_update (SigRoomAsk *ask)
{
  SigRoom *room = ask->entry->room;
  const char *text = sig_json_get_string (ask->params, "displayName");
  g_autoptr (GError) error = NULL;
  g_autofree char *name = text != NULL ? tidy_name (text, &error) : NULL;

  if (error != NULL || !check_track_names (ask, &error))
    {
      sig_room_ask_fail_error (ask, error);
      return;
    }
  if (!has_tracks (ask, "muted") || !has_tracks (ask, "names"))
    {
      sig_room_ask_refuse (ask, SIG_ROOM_NO_TRACK);
      return;
    }
  if (name != NULL)
    sig_room_set_name (room, ask->actor, name);
  if (json_object_has_member (ask->params, "hand"))
    sig_room_set_hand (room, ask->actor, json_object_get_boolean_member (ask->params, "hand"));
  if (json_object_has_member (ask->params, "muted"))
    set_muted (ask);
  if (json_object_has_member (ask->params, "names"))
    set_names (ask);
  sig_room_ask_reply (ask, NULL);
}

static const SigRoomVerb verbs[] = {
  { "room.leave", SIG_RPC_PARTICIPANT, SIG_ROOM_OP_LEAVE, run_leave, false },
  { "room.participants", SIG_RPC_PARTICIPANT, SIG_ROOM_OP_PARTICIPANTS, run_participants, false },
  { "room.turn", SIG_RPC_PARTICIPANT, SIG_ROOM_OP_TURN, run_turn, false },
  { "room.update", SIG_RPC_PARTICIPANT, SIG_ROOM_OP_UPDATE, run_update, false, true },
};

void
sig_room_methods_register_self (SigRooms *rooms, SigRpc *rpc)
{
  sig_rpc_register (rpc, "room.join", SIG_RPC_PARTICIPANT, join, rooms);
  sig_rooms_register_verbs (rooms, rpc, verbs, G_N_ELEMENTS (verbs));
}
