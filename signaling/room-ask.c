/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question about a room on its way: who asks, which room (read from the database, if need be), whether that may be,
 * then the verb, the answer, and what follows from it in the room.
 */
#include <string.h>

#include "signaling/profile.h"
#include "signaling/rooms-private.h"
#include "signaling/rpc-private.h"

/* A room that was read while rooms were written is read again; somebody who writes without end must not keep others
 * waiting for ever. */
#define MAX_LOOKUPS 8
#define BEHIND_RETRY_MS 1000

SigRoomAsk *
sig_room_ask_new (SigRooms *rooms, SigRpcCall *call, JsonObject *params, const SigRoomVerb *verb)
{
  SigRoomAsk *ask = g_new0 (SigRoomAsk, 1);

  ask->rooms = rooms;
  ask->call = call;
  ask->params = params;
  ask->verb = verb;
  ask->session = sig_rpc_call_get_session (call);
  if (ask->session != NULL)
    {
      bool guest = sig_session_get_guest_room (ask->session) != 0;

      ask->who.user_id = guest ? 0 : sig_session_get_user_id (ask->session);
      ask->who.device_id = sig_session_get_device_id (ask->session);
    }
  return ask;
}

/* --- answers --- */

static void
ask_free (SigRoomAsk *ask)
{
  SigRoomEntry *entry = ask->entry;

  if (entry != NULL)
    {
      entry->busy--;
      sig_room_entry_settle (entry);
      sig_room_entry_unref (entry);
    }
  msg_room_free (ask->row);
  if (ask->users != NULL)
    g_array_unref (ask->users);
  if (ask->willing != NULL)
    g_array_unref (ask->willing);
  g_free (ask);
}

void
sig_room_ask_end (SigRoomAsk *ask)
{
  ask_free (ask);
}

void
sig_room_ask_reply (SigRoomAsk *ask, JsonObject *result)
{
  sig_rpc_reply_object (ask->call, result != NULL ? result : json_object_new ());
  ask_free (ask);
}

void
sig_room_ask_fail (SigRoomAsk *ask, int code, const char *reason, const char *message, int64_t retry_after_ms)
{
  sig_rpc_fail (ask->call, code, reason, message, retry_after_ms);
  ask_free (ask);
}

void
sig_room_ask_fail_error (SigRoomAsk *ask, const GError *error)
{
  sig_rpc_fail_error (ask->call, error);
  ask_free (ask);
}

void
sig_room_ask_refuse (SigRoomAsk *ask, SigRoomAnswer answer)
{
  const char *message;
  int code;
  const char *reason = sig_room_answer_get (answer, &code, &message);

  sig_room_ask_fail (ask, code, reason, message, 0);
}

bool
sig_room_ask_is_live (SigRoomAsk *ask)
{
  const SigSession *live;

  if (ask->entry != NULL && ask->entry->rooms == NULL)
    {
      sig_room_ask_refuse (ask, SIG_ROOM_NOT_FOUND);
      return false;
    }
  live = ask->session == NULL ? NULL : sig_sessions_lookup (ask->rooms->config.sessions, ask->who.device_id);
  if (ask->session == NULL || live != NULL || !sig_rpc_call_is_websocket (ask->call))
    return true;
  sig_room_ask_fail (ask, SIG_RPC_UNAVAILABLE, "closing", "the session has ended", 0);
  return false;
}

bool
sig_room_ask_limit (SigRoomAsk *ask)
{
  SigRooms *rooms = ask->rooms;
  uint8_t key[AL_RATE_ADDR_KEY];
  size_t len = al_rate_addr_key (sig_rpc_call_get_address (ask->call), key);
  int64_t now_us = sig_rooms_now_us (rooms), wait_us;

  if (ask->who.user_id != 0)
    wait_us = al_rate_table_take (rooms->joins, &ask->who.user_id, sizeof ask->who.user_id, 1, now_us);
  else
    wait_us = al_rate_table_take (rooms->guest_joins, key, len, 1, now_us);
  if (wait_us == 0)
    return true;
  al_counter_add (rooms->metrics.refused_rate, 1);
  sig_room_ask_fail (ask, SIG_RPC_LIMIT, "room_rate", "too many rooms joined or made", (wait_us + 999) / 1000);
  return false;
}

/* --- which room --- */

void
sig_room_ask_take_entry (SigRoomAsk *ask, SigRoomEntry *entry)
{
  ask->entry = sig_room_entry_ref (entry);
  entry->busy++;
}

static MsgId
get_id (JsonObject *params, const char *name)
{
  return json_object_has_member (params, name) ? sig_json_get_id (params, name) : 0;
}

/* Returns: true: answered. What waits for a worker that hangs is bounded by not asking for more. */
static bool
is_behind (SigRoomAsk *ask)
{
  const SfuControl *control = ask->rooms->config.control;

  if (!ask->verb->orders || control == NULL || !sfu_control_is_behind (control))
    return false;
  sig_room_ask_fail (ask, SIG_RPC_LIMIT, "media_full", "the media plane is behind: try again", BEHIND_RETRY_MS);
  return true;
}

static void
run (SigRoomAsk *ask)
{
  MsgId target = get_id (ask->params, "participantId"), user_id = get_id (ask->params, "userId");
  SigRoomAnswer answer = SIG_ROOM_OK;

  if (!ask->verb->unchecked)
    answer = sig_room_check (ask->entry->room, &ask->who, ask->verb->op, target, user_id, &ask->actor, &ask->target);
  if (answer != SIG_ROOM_OK)
    sig_room_ask_refuse (ask, answer);
  else if (!is_behind (ask))
    ask->verb->run (ask);
}

static void look_up (SigRoomAsk *ask);

static void
fail_look_up (SigRoomAsk *ask, const GError *error)
{
  if (ask->room_id == 0 && g_error_matches (error, MSG_ERROR, MSG_ERROR_NOT_FOUND))
    sig_room_ask_fail (ask, SIG_RPC_NOT_FOUND, "link", "No room has this link", 0);
  else
    sig_room_ask_fail_error (ask, error);
}

static void
on_loaded (const MsgRoom *row, const GError *error, gpointer data)
{
  SigRoomAsk *ask = data;
  SigRoomEntry *entry;

  if (error != NULL)
    {
      fail_look_up (ask, error);
      return;
    }
  entry = sig_rooms_find (ask->rooms, row->id);
  if (entry == NULL && sig_rooms_is_dying (ask->rooms, row->id))
    {
      sig_room_ask_refuse (ask, SIG_ROOM_NOT_FOUND);
      return;
    }
  if (entry == NULL && ask->revision != ask->rooms->revision && ask->n_lookups < MAX_LOOKUPS)
    {
      look_up (ask);
      return;
    }
  if (entry == NULL)
    entry = sig_rooms_insert (ask->rooms, msg_room_copy (row));
  else if (ask->room_id == 0 && sig_rooms_find_link (ask->rooms, ask->link) != entry)
    {
      sig_room_ask_fail (ask, SIG_RPC_NOT_FOUND, "link", "No room has this link", 0);
      return;
    }
  sig_room_ask_take_entry (ask, entry);
  if (sig_room_ask_is_live (ask))
    run (ask);
}

static void
look_up (SigRoomAsk *ask)
{
  ask->n_lookups++;
  ask->revision = ask->rooms->revision;
  if (ask->room_id != 0)
    msg_room_load (ask->rooms->config.core, ask->room_id, on_loaded, ask);
  else
    msg_room_load_by_link (ask->rooms->config.core, ask->link, on_loaded, ask);
}

void
sig_room_ask_start (SigRoomAsk *ask)
{
  MsgId guest_room = ask->session != NULL ? sig_session_get_guest_room (ask->session) : 0;
  SigRoomEntry *entry;

  /* a guest has shown the link before */
  if (guest_room != 0 && ask->room_id == 0)
    ask->room_id = guest_room;
  entry = ask->room_id != 0 ? sig_rooms_find (ask->rooms, ask->room_id) : sig_rooms_find_link (ask->rooms, ask->link);
  if (guest_room != 0 && ask->room_id != guest_room)
    {
      sig_room_ask_refuse (ask, SIG_ROOM_IS_GUEST);
      return;
    }
  if (entry == NULL)
    {
      look_up (ask);
      return;
    }
  sig_room_ask_take_entry (ask, entry);
  run (ask);
}

/* --- methods --- */

typedef struct {
  SigRooms *rooms;
  const SigRoomVerb *verb;
} Binding;

static void
on_verb (SigRpcCall *call, JsonObject *params, gpointer user)
{
  const Binding *binding = user;
  SigRoomAsk *ask = sig_room_ask_new (binding->rooms, call, params, binding->verb);

  ask->room_id = sig_json_get_id (params, "roomId");
  sig_room_ask_start (ask);
}

void
sig_rooms_register_verbs (SigRooms *rooms, SigRpc *rpc, const SigRoomVerb *verbs, unsigned n)
{
  for (unsigned i = 0; i < n; i++)
    {
      Binding *binding = g_new (Binding, 1);

      *binding = (Binding){ rooms, &verbs[i] };
      g_ptr_array_add (rooms->verbs, binding);
      sig_rpc_register (rpc, verbs[i].method, verbs[i].access, on_verb, binding);
    }
}
