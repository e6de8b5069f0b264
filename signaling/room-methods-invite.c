/* SPDX-License-Identifier: Apache-2.0 */
/* room.invite, ring, decline. */
#include "messaging/privacy.h"
#include "signaling/profile.h"
#include "signaling/rooms-private.h"

static bool
is_inside (const SigRoom *room, MsgId user_id)
{
  const GPtrArray *inside = sig_room_get_inside (room);

  for (unsigned i = 0; i < inside->len; i++)
    if (((const SigRoomPerson *) inside->pdata[i])->user_id == user_id)
      return true;
  return false;
}

static bool
is_willing (const SigRoomAsk *ask, MsgId user_id)
{
  for (unsigned i = 0; i < ask->willing->len; i++)
    if (g_array_index (ask->willing, MsgId, i) == user_id)
      return true;
  return false;
}

static JsonObject *
make_invited (const SigRoomAsk *ask)
{
  JsonObject *result = json_object_new ();
  JsonArray *list = json_array_new ();

  for (unsigned i = 0; i < ask->users->len; i++)
    {
      char id[MSG_ID_STRLEN];

      json_array_add_string_element (list, msg_id_format (g_array_index (ask->users, MsgId, i), id));
    }
  json_object_set_array_member (result, "invited", list);
  json_object_set_int_member (result, "expiresAt",
                              sig_rooms_now_ms (ask->rooms) + ask->rooms->config.ring_us / 1000);
  return result;
}

static void
on_invited (const GError *error, gpointer data)
{
  SigRoomAsk *ask = data;
  bool ring = json_object_get_boolean_member_with_default (ask->params, "ring", TRUE);

  ask->rooms->revision++;
  if (error != NULL)
    {
      sig_room_ask_fail_error (ask, error);
      return;
    }
  if (!sig_room_ask_is_live (ask))
    return;
  for (unsigned i = 0; i < ask->users->len; i++)
    {
      MsgId user_id = g_array_index (ask->users, MsgId, i);
      bool willing = is_willing (ask, user_id);

      if (willing && sig_room_get_standing (ask->entry->room, user_id) == MSG_ROOM_NOBODY)
        sig_room_set_standing (ask->entry->room, user_id, ask->standing);
      if (ring)
        sig_room_entry_ring (ask->entry, user_id, sig_session_get_user (ask->session), ask->who.device_id, NULL, !willing);
    }
  sig_room_ask_reply (ask, make_invited (ask));
}

/* Returns: (transfer full) */
static MsgId *
get_user_ids (const SigRoomAsk *ask, unsigned *ret_n)
{
  JsonArray *list = json_object_get_array_member (ask->params, "userIds");
  unsigned n = json_array_get_length (list);
  MsgId *ids = g_new (MsgId, n);

  for (unsigned i = 0; i < n; i++)
    {
      bool ok = msg_id_parse (json_array_get_string_element (list, i), &ids[i]);

      g_assert (ok); /* the schema has seen to it */
    }
  *ret_n = n;
  return ids;
}

/* those who exist, are not banned, are not inside already */
static void
on_users (GPtrArray *users, const GError *error, gpointer data)
{
  SigRoomAsk *ask = data;
  const SigRoom *room = ask->entry->room;
  g_autoptr (GArray) fresh = g_array_new (FALSE, FALSE, sizeof (MsgId));

  if (error != NULL)
    {
      sig_room_ask_fail_error (ask, error);
      return;
    }
  if (!sig_room_ask_is_live (ask))
    return;
  ask->users = g_array_new (FALSE, FALSE, sizeof (MsgId));
  for (unsigned i = 0; i < users->len; i++)
    {
      const MsgUser *user = users->pdata[i];
      MsgRoomStanding standing = sig_room_get_standing (room, user->id);

      if (user->deleted || user->disabled || standing == MSG_ROOM_BANNED || is_inside (room, user->id))
        continue;
      g_array_append_val (ask->users, user->id);
      if (standing == MSG_ROOM_NOBODY && is_willing (ask, user->id))
        g_array_append_val (fresh, user->id);
    }
  ask->standing = sig_room_get_row (room)->policy.entry;
  msg_room_set_standing (ask->rooms->config.core, sig_room_get_id (room), (const MsgId *) (gpointer) fresh->data,
                         fresh->len, ask->standing, on_invited, ask);
}

/* an invitation is a call by other means: who may not ring rings for nobody, and is not told so */
static void
on_willing (GArray *users, const GError *error, gpointer data)
{
  SigRoomAsk *ask = data;
  g_autofree MsgId *ids = NULL;
  unsigned n;

  if (error != NULL)
    {
      sig_room_ask_fail_error (ask, error);
      return;
    }
  if (!sig_room_ask_is_live (ask))
    return;
  ask->willing = g_array_ref (users);
  ids = get_user_ids (ask, &n);
  msg_account_get (ask->rooms->config.core, ids, n, on_users, ask);
}

static void
run_invite (SigRoomAsk *ask)
{
  unsigned n;
  g_autofree MsgId *ids = get_user_ids (ask, &n);
  int64_t wait_us = al_rate_table_take (ask->rooms->invites, &ask->who.user_id, sizeof ask->who.user_id, n,
                                        sig_rooms_now_us (ask->rooms));

  if (wait_us != 0)
    {
      sig_room_ask_fail (ask, SIG_RPC_LIMIT, "invite_rate", "too many invitations", (wait_us + 999) / 1000);
      return;
    }
  msg_privacy_find_willing (ask->rooms->config.core, ask->who.user_id, ids, n, MSG_ADVANCE_CALL, on_willing, ask);
}

/* what only who is rung may say; to all others there is no such invitation */
static SigRoomInvite *
find_invite (SigRoomAsk *ask)
{
  SigRoomInvite *invite = sig_room_entry_find_invite (ask->entry, ask->who.user_id);

  if (invite != NULL && !invite->withheld)
    return invite;
  sig_room_ask_fail (ask, SIG_RPC_NOT_FOUND, "invitation", "nobody rings you into this room", 0);
  return NULL;
}

static void
run_ring (SigRoomAsk *ask)
{
  const SigRoomInvite *invite = find_invite (ask);
  JsonObject *params;

  if (invite == NULL)
    return;
  params = json_object_new ();
  sig_json_set_id (params, "userId", ask->who.user_id);
  sig_json_set_id (params, "deviceId", ask->who.device_id);
  sig_room_entry_tell (ask->entry, invite->from_device, "room.ringing", params);
  sig_room_ask_reply (ask, NULL);
}

static void
run_decline (SigRoomAsk *ask)
{
  const char *reason = sig_json_get_string (ask->params, "reason");

  if (find_invite (ask) == NULL)
    return;
  sig_room_entry_answer_invite (ask->entry, ask->who.user_id, reason != NULL ? reason : "declined", "declined");
  sig_room_ask_reply (ask, NULL);
}

static const SigRoomVerb verbs[] = {
  { "room.invite", SIG_RPC_SESSION, SIG_ROOM_OP_INVITE, run_invite, false },
  { "room.ring", SIG_RPC_SESSION, SIG_ROOM_OP_GET, run_ring, true },
  { "room.decline", SIG_RPC_SESSION, SIG_ROOM_OP_GET, run_decline, true },
};

void
sig_room_methods_register_invite (SigRooms *rooms, SigRpc *rpc)
{
  sig_rooms_register_verbs (rooms, rpc, verbs, G_N_ELEMENTS (verbs));
}
