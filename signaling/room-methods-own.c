/* SPDX-License-Identifier: Apache-2.0 */
/* The room itself: room.create, list, get, edit, lock, link, end, delete. What is answered is durable. */
#include <string.h>

#include "base/base64url.h"
#include "base/random.h"
#include "signaling/profile.h"
#include "signaling/rooms-private.h"

#define ACTIVE_SPEAKERS 3

static JsonObject *
with_room (const SigRoomAsk *ask)
{
  JsonObject *result = json_object_new ();

  json_object_set_object_member (result, "room",
                                 sig_room_json (ask->entry, sig_room_is_host (ask->entry->room, &ask->who), false));
  return result;
}

/* --- create --- */

static void
on_peer_invited (const GError *error, gpointer data)
{
  SigRoomAsk *ask = data;

  ask->rooms->revision++;
  if (!sig_room_ask_is_live (ask))
    return;
  /* the room is there in any case; who was not invited can be given the link */
  if (error == NULL)
    {
      sig_room_set_standing (ask->entry->room, ask->user_id, ask->standing);
      sig_room_entry_ring (ask->entry, ask->user_id, sig_session_get_user (ask->session), ask->who.device_id, ask->call_id,
                           false);
    }
  sig_room_ask_reply (ask, with_room (ask));
}

static void
on_created (const MsgRoom *room, const GError *error, gpointer data)
{
  SigRoomAsk *ask = data;
  SigRooms *rooms = ask->rooms;
  MsgId id = ask->row->id;

  rooms->revision++;
  if (error != NULL)
    {
      sig_room_ask_fail_error (ask, error);
      return;
    }
  sig_room_ask_take_entry (ask, sig_rooms_insert (rooms, msg_room_copy (room)));
  if (ask->user_id == 0)
    {
      sig_room_ask_reply (ask, with_room (ask));
      return;
    }
  ask->standing = sig_room_get_row (ask->entry->room)->policy.entry;
  msg_room_set_standing (rooms->config.core, id, &ask->user_id, 1, ask->standing, on_peer_invited, ask);
}

/* Returns: false: answered */
static bool
read_call (SigRoomAsk *ask)
{
  const char *text = sig_json_get_string (ask->params, "fromCallId");
  bool ok;

  if (text == NULL)
    return true;
  ok = al_base64url_decode_exact (text, strlen (text), ask->call_id, sizeof ask->call_id);
  g_assert (ok);
  if (ask->rooms->config.calls != NULL)
    ask->user_id = sig_calls_get_peer (ask->rooms->config.calls, ask->call_id, ask->who.user_id, ask->who.device_id);
  if (ask->user_id != 0)
    return true;
  sig_room_ask_fail (ask, SIG_RPC_NOT_FOUND, "call", "No such call", 0);
  return false;
}

static void
new_link (MsgRoom *row)
{
  row->has_link = true;
  al_random_bytes (row->link, sizeof row->link);
}

static void
clamp_policy (const SigRoomAsk *ask, MsgRoomPolicy *policy)
{
  policy->max_participants = MIN (policy->max_participants, ask->rooms->config.max_participants);
}

static void
create (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigRooms *rooms = user;
  SigRoomAsk *ask = sig_room_ask_new (rooms, call, params, NULL);
  MsgRoom *row = ask->row = msg_room_new ();
  g_autoptr (GError) error = NULL;

  if (!sig_room_ask_limit (ask) || !read_call (ask))
    return;
  row->id = msg_id_new ();
  row->owner_id = ask->who.user_id;
  if (json_object_has_member (params, "chatId"))
    row->chat_id = sig_json_get_id (params, "chatId");
  row->title = msg_room_tidy_title (json_object_get_string_member (params, "title"), &error);
  if (error != NULL)
    {
      sig_room_ask_fail_error (ask, error);
      return;
    }
  row->policy = (MsgRoomPolicy){ .entry = MSG_ROOM_SPEAKER,
                                 .max_participants = rooms->config.max_participants,
                                 .active_speakers = ACTIVE_SPEAKERS };
  if (json_object_has_member (params, "policy"))
    sig_room_policy_read (json_object_get_object_member (params, "policy"), &row->policy);
  clamp_policy (ask, &row->policy);
  new_link (row);
  row->created_ms = sig_rooms_now_ms (rooms);
  msg_room_create (rooms->config.core, row, rooms->config.max_rooms_per_user, on_created, ask);
}

/* --- list, get --- */

static bool
row_has_host (const MsgRoom *row, MsgId user_id)
{
  return row->owner_id == user_id
         || (row->members->len > 0 && g_array_index (row->members, MsgRoomMember, 0).standing == MSG_ROOM_HOST);
}

static void
on_list (GPtrArray *rows, const GError *error, gpointer data)
{
  SigRoomAsk *ask = data;
  JsonArray *list;
  JsonObject *result;

  if (error != NULL)
    {
      sig_room_ask_fail_error (ask, error);
      return;
    }
  list = json_array_new ();
  for (unsigned i = 0; i < rows->len; i++)
    {
      const MsgRoom *row = rows->pdata[i];
      const SigRoomEntry *entry = sig_rooms_find (ask->rooms, row->id);
      JsonObject *object;

      if (sig_rooms_is_dying (ask->rooms, row->id))
        continue;
      object = sig_room_row_json (row, row_has_host (row, ask->who.user_id));
      json_object_set_int_member (object, "count", entry != NULL ? sig_room_count_inside (entry->room) : 0);
      json_array_add_object_element (list, object);
    }
  result = json_object_new ();
  json_object_set_array_member (result, "rooms", list);
  sig_room_ask_reply (ask, result);
}

static void
list_rooms (SigRpcCall *call, JsonObject *params, gpointer user)
{
  SigRooms *rooms = user;
  SigRoomAsk *ask = sig_room_ask_new (rooms, call, params, NULL);

  msg_room_list (rooms->config.core, ask->who.user_id, on_list, ask);
}

static void
run_get (SigRoomAsk *ask)
{
  bool host = sig_room_is_host (ask->entry->room, &ask->who);
  JsonObject *result = json_object_new ();

  json_object_set_object_member (result, "room", sig_room_json (ask->entry, host, true));
  if (host)
    {
      g_autoptr (GArray) standings = sig_room_list_standings (ask->entry->room);
      JsonArray *members = json_array_new (), *bans = json_array_new ();

      for (unsigned i = 0; i < standings->len; i++)
        {
          const MsgRoomMember *member = &g_array_index (standings, MsgRoomMember, i);
          char id[MSG_ID_STRLEN];
          JsonObject *object;

          if (member->standing == MSG_ROOM_BANNED)
            {
              json_array_add_string_element (bans, msg_id_format (member->user_id, id));
              continue;
            }
          object = json_object_new ();
          sig_json_set_id (object, "userId", member->user_id);
          json_object_set_string_member (object, "role",
                                         sig_role_to_string ((SigRole) (member->standing - MSG_ROOM_LISTENER)));
          json_array_add_object_element (members, object);
        }
      json_object_set_array_member (result, "members", members);
      json_object_set_array_member (result, "bans", bans);
    }
  sig_room_ask_reply (ask, result);
}

/* --- edit, lock, link: the row is written whole, from a draft that holds what is being written already --- */

static MsgRoom *
take_draft (SigRoomAsk *ask)
{
  SigRoomEntry *entry = ask->entry;

  if (entry->draft == NULL)
    entry->draft = msg_room_copy (sig_room_get_row (entry->room));
  return entry->draft;
}

static JsonObject *
make_put_result (const SigRoomAsk *ask)
{
  const MsgRoom *row = sig_room_get_row (ask->entry->room);
  JsonObject *result;

  if (ask->verb->op == SIG_ROOM_OP_EDIT)
    return with_room (ask);
  result = json_object_new ();
  if (ask->verb->op == SIG_ROOM_OP_LINK && row->has_link)
    sig_json_set_bytes (result, "link", row->link, sizeof row->link);
  else if (ask->verb->op == SIG_ROOM_OP_LINK)
    json_object_set_null_member (result, "link");
  return result;
}

static void
on_put (const GError *error, gpointer data)
{
  SigRoomAsk *ask = data;
  SigRoomEntry *entry = ask->entry;

  ask->rooms->revision++;
  if (--entry->writing == 0)
    g_clear_pointer (&entry->draft, msg_room_free);
  if (error != NULL)
    {
      sig_room_ask_fail_error (ask, error);
      return;
    }
  if (!sig_room_ask_is_live (ask))
    return;
  sig_room_entry_set_row (entry, ask->row);
  sig_room_entry_tell_changed (entry);
  sig_room_ask_reply (ask, make_put_result (ask));
}

static void
put_draft (SigRoomAsk *ask)
{
  ask->entry->writing++;
  ask->row = msg_room_copy (ask->entry->draft);
  msg_room_put (ask->rooms->config.core, ask->row, on_put, ask);
}

static void
run_edit (SigRoomAsk *ask)
{
  const char *text = sig_json_get_string (ask->params, "title");
  g_autoptr (GError) error = NULL;
  char *title = text != NULL ? msg_room_tidy_title (text, &error) : NULL;
  MsgRoom *draft;

  if (error != NULL)
    {
      sig_room_ask_fail_error (ask, error);
      return;
    }
  draft = take_draft (ask);
  if (title != NULL)
    {
      g_free (draft->title);
      draft->title = title;
    }
  if (json_object_has_member (ask->params, "policy"))
    sig_room_policy_read (json_object_get_object_member (ask->params, "policy"), &draft->policy);
  clamp_policy (ask, &draft->policy);
  put_draft (ask);
}

static void
run_lock (SigRoomAsk *ask)
{
  take_draft (ask)->locked = json_object_get_boolean_member (ask->params, "locked");
  put_draft (ask);
}

static void
run_link (SigRoomAsk *ask)
{
  MsgRoom *draft = take_draft (ask);

  if (json_object_get_boolean_member_with_default (ask->params, "revoke", FALSE))
    draft->has_link = false;
  else
    new_link (draft);
  put_draft (ask);
}

/* --- end, delete --- */

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
    sig_room_entry_end (ask->entry, ask->verb->op == SIG_ROOM_OP_DELETE ? SIG_ROOMS_DELETED : SIG_ROOMS_ENDED);
  sig_room_ask_reply (ask, NULL);
}

static void
run_delete (SigRoomAsk *ask)
{
  msg_room_delete (ask->rooms->config.core, sig_room_get_id (ask->entry->room), on_deleted, ask);
}

static void
run_end (SigRoomAsk *ask)
{
  if (!sig_room_get_row (ask->entry->room)->policy.permanent)
    {
      run_delete (ask);
      return;
    }
  sig_room_entry_end (ask->entry, SIG_ROOMS_ENDED);
  sig_room_ask_reply (ask, NULL);
}

static const SigRoomVerb verbs[] = {
  { "room.get", SIG_RPC_PARTICIPANT, SIG_ROOM_OP_GET, run_get, false },
  { "room.edit", SIG_RPC_PARTICIPANT, SIG_ROOM_OP_EDIT, run_edit, false },
  { "room.lock", SIG_RPC_PARTICIPANT, SIG_ROOM_OP_LOCK, run_lock, false },
  { "room.link", SIG_RPC_PARTICIPANT, SIG_ROOM_OP_LINK, run_link, false },
  { "room.end", SIG_RPC_PARTICIPANT, SIG_ROOM_OP_END, run_end, false },
  { "room.delete", SIG_RPC_PARTICIPANT, SIG_ROOM_OP_DELETE, run_delete, false },
};

void
sig_room_methods_register_own (SigRooms *rooms, SigRpc *rpc)
{
  sig_rpc_register (rpc, "room.create", SIG_RPC_SESSION, create, rooms);
  sig_rpc_register (rpc, "room.list", SIG_RPC_SESSION, list_rooms, rooms);
  sig_rooms_register_verbs (rooms, rpc, verbs, G_N_ELEMENTS (verbs));
}
