/* SPDX-License-Identifier: Apache-2.0 */
/* Moderation: room.mute, kick, ban, unban, admit, role. */
#include "signaling/profile.h"
#include "signaling/rooms-private.h"

static void
run_mute (SigRoomAsk *ask)
{
  const char *kind = json_object_get_string_member (ask->params, "kind");
  MsgId by = ask->actor != NULL ? ask->actor->id : ask->target->id; /* a host who is not inside has no participant */

  sig_room_mute (ask->entry->room, ask->target, g_str_equal (kind, "audio") ? SFU_AUDIO : SFU_VIDEO, by);
  sig_room_ask_reply (ask, NULL);
}

static void
run_kick (SigRoomAsk *ask)
{
  sig_room_leave (ask->entry->room, ask->target, SIG_ROOM_KICKED);
  sig_room_ask_reply (ask, NULL);
}

static void
run_admit (SigRoomAsk *ask)
{
  SigRooms *rooms = ask->rooms;
  SigRoomAnswer answer = SIG_ROOM_OK;

  if (json_object_get_boolean_member_with_default (ask->params, "admit", TRUE))
    answer = sig_room_admit (ask->entry->room, ask->target, rooms->n_inside >= rooms->config.max_participants_total);
  else
    sig_room_leave (ask->entry->room, ask->target, SIG_ROOM_REFUSED);
  if (answer == SIG_ROOM_OK)
    sig_room_ask_reply (ask, NULL);
  else
    sig_room_ask_refuse (ask, answer);
}

/* --- what is kept of users: role and ban --- */

static void
on_written (const GError *error, gpointer data)
{
  SigRoomAsk *ask = data;

  ask->rooms->revision++;
  if (error != NULL)
    {
      sig_room_ask_fail_error (ask, error);
      return;
    }
  if (!sig_room_ask_is_live (ask))
    return;
  sig_room_set_standing (ask->entry->room, ask->user_id, ask->standing);
  sig_room_ask_reply (ask, NULL);
}

static void
write_standing (SigRoomAsk *ask, MsgId user_id, MsgRoomStanding standing)
{
  ask->user_id = user_id;
  ask->standing = standing;
  msg_room_set_standing (ask->rooms->config.core, sig_room_get_id (ask->entry->room), &user_id, 1, standing, on_written,
                         ask);
}

static void
run_ban (SigRoomAsk *ask)
{
  MsgId user_id = ask->target != NULL ? ask->target->user_id : sig_json_get_id (ask->params, "userId");

  if (user_id != 0)
    {
      write_standing (ask, user_id, MSG_ROOM_BANNED);
      return;
    }
  sig_room_leave (ask->entry->room, ask->target, SIG_ROOM_BANNED);
  sig_room_ask_reply (ask, NULL);
}

static void
run_unban (SigRoomAsk *ask)
{
  write_standing (ask, sig_json_get_id (ask->params, "userId"), MSG_ROOM_NOBODY);
}

static void
run_role (SigRoomAsk *ask)
{
  SigRole role = sig_role_parse (json_object_get_string_member (ask->params, "role"));

  if (ask->target->user_id != 0)
    write_standing (ask, ask->target->user_id, sig_role_to_standing (role));
  else if (role == SIG_ROLE_HOST)
    sig_room_ask_refuse (ask, SIG_ROOM_IS_GUEST);
  else
    {
      sig_room_set_role (ask->entry->room, ask->target, role);
      sig_room_ask_reply (ask, NULL);
    }
}

static const SigRoomVerb verbs[] = {
  { "room.mute", SIG_RPC_PARTICIPANT, SIG_ROOM_OP_MUTE, run_mute, false, true },
  { "room.kick", SIG_RPC_PARTICIPANT, SIG_ROOM_OP_KICK, run_kick, false },
  { "room.admit", SIG_RPC_PARTICIPANT, SIG_ROOM_OP_ADMIT, run_admit, false },
  { "room.ban", SIG_RPC_PARTICIPANT, SIG_ROOM_OP_BAN, run_ban, false },
  { "room.unban", SIG_RPC_PARTICIPANT, SIG_ROOM_OP_UNBAN, run_unban, false },
  { "room.role", SIG_RPC_PARTICIPANT, SIG_ROOM_OP_ROLE, run_role, false },
};

void
sig_room_methods_register_host (SigRooms *rooms, SigRpc *rpc)
{
  sig_rooms_register_verbs (rooms, rpc, verbs, G_N_ELEMENTS (verbs));
}
