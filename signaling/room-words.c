/* SPDX-License-Identifier: Apache-2.0 */
/* Words of docs/openrpc.json about rooms. */
#include "signaling/room.h"
#include "signaling/rpc.h"

static const char *const roles[SIG_ROLE_N] = { "listener", "speaker", "host" };
static const char *const sources[SFU_SOURCE_N] = { "mic", "camera", "screen", "screen_audio" };

const char *
sig_role_to_string (SigRole role)
{
  g_assert (role < SIG_ROLE_N);
  return roles[role];
}

SigRole
sig_role_parse (const char *word)
{
  SigRole role = SIG_ROLE_LISTENER;

  while (role < SIG_ROLE_N && !g_str_equal (word, roles[role]))
    role++;
  return role;
}

MsgRoomStanding
sig_role_to_standing (SigRole role)
{
  static const MsgRoomStanding standings[SIG_ROLE_N] = { MSG_ROOM_LISTENER, MSG_ROOM_SPEAKER, MSG_ROOM_HOST };

  g_assert (role < SIG_ROLE_N);
  return standings[role];
}

const char *
sig_room_left_to_string (SigRoomLeft left)
{
  static const char *const words[SIG_ROOM_LEFT_N] = { "left",    "timeout",  "kicked",   "banned",
                                                      "refused", "replaced", "disabled", "over" };

  g_assert (left < SIG_ROOM_LEFT_N);
  return words[left];
}

const char *
sig_room_kind_to_string (SfuKind kind)
{
  return kind == SFU_AUDIO ? "audio" : "video";
}

const char *
sig_room_source_to_string (SfuSource source)
{
  g_assert (source < SFU_SOURCE_N);
  return sources[source];
}

SfuSource
sig_room_source_parse (const char *word)
{
  SfuSource source = SFU_SOURCE_MIC;

  while (source < SFU_SOURCE_N && !g_str_equal (word, sources[source]))
    source++;
  return source;
}

const char *
sig_room_codec_to_string (SfuCodec codec)
{
  static const char *const words[SFU_CODEC_N] = { "none", "opus", "red", "VP8", "VP9", "H264", "AV1" };

  return codec < SFU_CODEC_N ? words[codec] : "unknown";
}

const char *
sig_room_answer_get (SigRoomAnswer answer, int *ret_code, const char **ret_message)
{
  static const struct {
    int code;
    const char *reason, *message;
  } table[SIG_ROOM_ANSWER_N] = {
    [SIG_ROOM_NOT_FOUND] = { SIG_RPC_NOT_FOUND, "room", "No such room" },
    [SIG_ROOM_NO_PERSON] = { SIG_RPC_NOT_FOUND, "participant", "Nobody with this id is in the room" },
    [SIG_ROOM_NO_TRACK] = { SIG_RPC_INVALID_PARAMS, "track", "No track of this participant" },
    [SIG_ROOM_NOT_JOINED] = { SIG_RPC_CONFLICT, "not_joined", "You are not in this room" },
    [SIG_ROOM_IN_LOBBY] = { SIG_RPC_CONFLICT, "in_lobby", "Not while waiting in the lobby" },
    [SIG_ROOM_NOT_IN_LOBBY] = { SIG_RPC_CONFLICT, "not_in_lobby", "The participant does not wait in the lobby" },
    [SIG_ROOM_HOST_ONLY] = { SIG_RPC_FORBIDDEN, "host_only", "Hosts of the room only" },
    [SIG_ROOM_OWNER_ONLY] = { SIG_RPC_FORBIDDEN, "owner_only", "The owner of the room only" },
    [SIG_ROOM_IS_OWNER] = { SIG_RPC_FORBIDDEN, "owner", "Not to the owner of the room" },
    [SIG_ROOM_IS_LISTENER] = { SIG_RPC_FORBIDDEN, "listener", "Listeners do not publish" },
    [SIG_ROOM_IS_SELF] = { SIG_RPC_INVALID_PARAMS, "self", "Not to yourself" },
    [SIG_ROOM_IS_GUEST] = { SIG_RPC_FORBIDDEN, "guest", "Not for guests" },
    [SIG_ROOM_IS_BANNED] = { SIG_RPC_FORBIDDEN, "banned", "You are banned from this room" },
    [SIG_ROOM_NOT_BANNED] = { SIG_RPC_NOT_FOUND, "ban", "The user is not banned" },
    [SIG_ROOM_GUESTS_OFF] = { SIG_RPC_FORBIDDEN, "guests_off", "The room takes no guests" },
    [SIG_ROOM_LOCKED] = { SIG_RPC_FORBIDDEN, "room_locked", "The room is locked" },
    [SIG_ROOM_FULL] = { SIG_RPC_LIMIT, "room_full", "The room is full" },
    [SIG_ROOM_SERVER_FULL] = { SIG_RPC_LIMIT, "server_full", "The server takes no more participants" },
    [SIG_ROOM_LOBBY_FULL] = { SIG_RPC_LIMIT, "lobby_full", "The lobby is full" },
  };

  g_assert (answer > SIG_ROOM_OK && answer < SIG_ROOM_ANSWER_N);
  *ret_code = table[answer].code;
  *ret_message = table[answer].message;
  return table[answer].reason;
}
