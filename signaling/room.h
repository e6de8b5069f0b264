/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One room: who is inside, who waits in its lobby, and who may do what. No I/O, no clock: it is told what happens, says
 * whether that may be, and leaves actions behind for its owner to do. Main thread.
 *
 *                    no lobby, or past it by role
 *   sig_room_join -----------------------------------> inside <---> away (no connection: 30 s, then gone)
 *          |                                             ^  |
 *          |  the rules have a lobby                     |  +--> gone (leave, kick, ban, end)
 *          +--------------------------> waiting ---------+
 *                                          |   sig_room_admit
 *                                          +--> gone (leave, refused, 30 s away, end)
 *
 * Standings (role or ban of a user, messaging/room.h) belong to the room; roles to who is inside. The owner is a host,
 * always. When no host is left inside a room that is not permanent, the speaker with an account who has been inside
 * longest becomes host until leaving; in a permanent one nobody does: its owner and its hosts come back.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "messaging/room.h"
#include "sfu/control.h"

typedef struct SigRoom SigRoom;

#define SIG_ROOM_SECRET_BYTES 16
/** SIG_ROOM_AWAY_US: how long who has lost the connection is held, with its tracks and slots. */
#define SIG_ROOM_AWAY_US (30 * G_USEC_PER_SEC)
/** SIG_ROOM_LOBBY_MAX: so many wait. */
#define SIG_ROOM_LOBBY_MAX 200
#define SIG_ROOM_TRACKS_MAX SFU_SOURCE_N

/** SigRole: of who is inside; each may do what those before it may. */
typedef enum { SIG_ROLE_LISTENER, SIG_ROLE_SPEAKER, SIG_ROLE_HOST, SIG_ROLE_N } SigRole;

/** SigRoomLeft: why somebody is gone. */
typedef enum {
  SIG_ROOM_LEFT,
  SIG_ROOM_TIMEOUT,   /* away for too long */
  SIG_ROOM_KICKED,
  SIG_ROOM_BANNED,
  SIG_ROOM_REFUSED,   /* from the lobby */
  SIG_ROOM_REPLACED,  /* by another participant of the same device, or taken up by another device */
  SIG_ROOM_DISABLED,  /* the account */
  SIG_ROOM_OVER,      /* with the room; not told to each other */
  SIG_ROOM_LEFT_N
} SigRoomLeft;

typedef struct {
  uint64_t id;        /* sfu/control.h's */
  SfuKind kind;
  SfuSource source;
  char mid[SFU_MID_MAX + 1];
  bool muted;
  char *name;         /* (nullable): owned */
} SigRoomTrack;

/** SigRoomPerson: a participant, inside or waiting. To be read; only `peer` and `announced` are the owner's to write. */
typedef struct {
  unsigned refs;
  MsgId id;
  MsgId user_id;                 /* 0: a guest */
  MsgId device_id;
  char *name;
  SigRole role;
  bool waiting;                  /* in the lobby */
  bool gone;
  bool hand;
  int64_t away_since_us;         /* 0: connected */
  int64_t joined_ms;
  uint64_t order;                /* of coming in */
  uint8_t resume[SIG_ROOM_SECRET_BYTES];
  uint8_t turn_id[SIG_ROOM_SECRET_BYTES]; /* names this participant to the relay's credentials */
  GPtrArray *tracks;             /* (element-type SigRoomTrack) */
  uint64_t peer;                 /* of the media plane; 0: none */
  bool announced;                /* others know of it one by one */
} SigRoomPerson;

SigRoomPerson *sig_room_person_ref (SigRoomPerson *person);
void sig_room_person_unref (SigRoomPerson *person);
/** sig_room_person_find_track: Returns: (transfer none) (nullable) */
SigRoomTrack *sig_room_person_find_track (const SigRoomPerson *person, uint64_t id);

/** SigRoomWho: who asks. */
typedef struct {
  MsgId user_id;     /* 0: a guest */
  MsgId device_id;
} SigRoomWho;

/** SigRoomAnswer: why not; words and codes: room-words.c. */
typedef enum {
  SIG_ROOM_OK,
  SIG_ROOM_NOT_FOUND,       /* as if there were no room */
  SIG_ROOM_NO_PERSON,
  SIG_ROOM_NO_TRACK,
  SIG_ROOM_NOT_JOINED,
  SIG_ROOM_IN_LOBBY,
  SIG_ROOM_NOT_IN_LOBBY,
  SIG_ROOM_HOST_ONLY,
  SIG_ROOM_OWNER_ONLY,
  SIG_ROOM_IS_OWNER,
  SIG_ROOM_IS_LISTENER,
  SIG_ROOM_IS_SELF,
  SIG_ROOM_IS_GUEST,
  SIG_ROOM_IS_BANNED,
  SIG_ROOM_NOT_BANNED,
  SIG_ROOM_GUESTS_OFF,
  SIG_ROOM_LOCKED,
  SIG_ROOM_FULL,
  SIG_ROOM_SERVER_FULL,
  SIG_ROOM_LOBBY_FULL,
  SIG_ROOM_ANSWER_N
} SigRoomAnswer;

/** SigRoomOp: what somebody wants to do; joining stands apart. */
typedef enum {
  SIG_ROOM_OP_GET,
  SIG_ROOM_OP_PARTICIPANTS,
  SIG_ROOM_OP_LEAVE,
  SIG_ROOM_OP_TURN,
  SIG_ROOM_OP_PUBLISH,
  SIG_ROOM_OP_SUBSCRIBE,
  SIG_ROOM_OP_VIEW,
  SIG_ROOM_OP_UPDATE,
  SIG_ROOM_OP_STATS,
  SIG_ROOM_OP_MUTE,
  SIG_ROOM_OP_KICK,
  SIG_ROOM_OP_BAN,
  SIG_ROOM_OP_UNBAN,
  SIG_ROOM_OP_ADMIT,
  SIG_ROOM_OP_ROLE,
  SIG_ROOM_OP_LOCK,
  SIG_ROOM_OP_EDIT,
  SIG_ROOM_OP_LINK,
  SIG_ROOM_OP_INVITE,
  SIG_ROOM_OP_END,
  SIG_ROOM_OP_DELETE,
  SIG_ROOM_OP_N
} SigRoomOp;

/* --- What is left to be done --- */

typedef enum {
  SIG_ROOM_DO_ENTER,      /* person is inside from now on */
  SIG_ROOM_DO_LEAVE,      /* person is gone; left says why; was_waiting: from the lobby */
  SIG_ROOM_DO_UPDATE,     /* person has changed */
  SIG_ROOM_DO_WAIT,       /* person waits in the lobby */
  SIG_ROOM_DO_ADMIT,      /* person is told that it may come in; behind its ENTER */
  SIG_ROOM_DO_HOST,       /* person is a host from now on, and is to be told who waits */
  SIG_ROOM_DO_MUTED,      /* person is told that `by` has muted `track` */
  SIG_ROOM_DO_SET_MUTED,  /* the media plane: `track`, `muted` */
  SIG_ROOM_DO_END_TRACK,  /* the media plane: `track` */
  SIG_ROOM_DO_MOVE        /* person is another device's now; `device` was it before */
} SigRoomActionType;

typedef struct {
  SigRoomActionType type;
  SigRoomPerson *person;  /* a reference */
  SigRoomLeft left;
  bool was_waiting, muted;
  MsgId by, device;
  uint64_t track;
} SigRoomAction;

/** sig_room_take_action: Returns: false when there is none; the caller owns @ret_action's reference. */
bool sig_room_take_action (SigRoom *room, SigRoomAction *ret_action);

/* --- The room --- */

/** sig_room_new: @row: (transfer full). @max: participants that no room may exceed. */
SigRoom *sig_room_new (MsgRoom *row, unsigned max);
/** sig_room_free: without a word to anybody. */
void sig_room_free (SigRoom *room);
const MsgRoom *sig_room_get_row (const SigRoom *room);
MsgId sig_room_get_id (const SigRoom *room);
unsigned sig_room_count_inside (const SigRoom *room);
unsigned sig_room_count_waiting (const SigRoom *room);
/** sig_room_get_inside, _waiting: Returns: (transfer none) (element-type SigRoomPerson): in the order of coming. */
const GPtrArray *sig_room_get_inside (const SigRoom *room);
const GPtrArray *sig_room_get_waiting (const SigRoom *room);
/** sig_room_find: by id, device or media peer, inside or waiting. Returns: (transfer none) (nullable). */
SigRoomPerson *sig_room_find (const SigRoom *room, MsgId person_id);
SigRoomPerson *sig_room_find_device (const SigRoom *room, MsgId device_id);
SigRoomPerson *sig_room_find_peer (const SigRoom *room, uint64_t peer);
/** sig_room_get_standing: Returns: HOST for the owner. @user_id: 0: NOBODY. */
MsgRoomStanding sig_room_get_standing (const SigRoom *room, MsgId user_id);
/** sig_room_list_standings: Returns: (transfer full) (element-type MsgRoomMember): without the owner. */
GArray *sig_room_list_standings (const SigRoom *room);
/** sig_room_is_host: inside with that role, or a user of that standing, inside or not. */
bool sig_room_is_host (const SigRoom *room, const SigRoomWho *who);

/** SigRoomJoin: how somebody comes. */
typedef struct {
  SigRoomWho who;
  const char *name;
  bool by_link;             /* shown the link, or a guest of this room; else by id */
  const uint8_t *resume;    /* (nullable): SIG_ROOM_SECRET_BYTES */
  bool server_full;
  int64_t now_us, now_ms;
  MsgId new_id;             /* of the participant, if a new one is made, */
  const uint8_t *secrets;   /* and 2 * SIG_ROOM_SECRET_BYTES random bytes for it */
} SigRoomJoin;

/** sig_room_join: @ret_person: (transfer none). @ret_resumed: it was there before. */
SigRoomAnswer sig_room_join (SigRoom *room, const SigRoomJoin *join, SigRoomPerson **ret_person, bool *ret_resumed);

/**
 * sig_room_check: whether @who may do @op.
 * @target: a participant's id: MUTE, KICK, BAN, ADMIT, ROLE; else 0
 * @target_user: BAN and UNBAN of a user who may not be there; else 0
 * @ret_actor, @ret_target: (out) (optional) (nullable) (transfer none)
 */
SigRoomAnswer sig_room_check (const SigRoom *room, const SigRoomWho *who, SigRoomOp op, MsgId target, MsgId target_user,
                              SigRoomPerson **ret_actor, SigRoomPerson **ret_target);

/* --- What happens once it was allowed --- */

void sig_room_leave (SigRoom *room, SigRoomPerson *person, SigRoomLeft why);
void sig_room_leave_all (SigRoom *room);
/** sig_room_admit: Returns: FULL or OK. */
SigRoomAnswer sig_room_admit (SigRoom *room, SigRoomPerson *person, bool server_full);
/** sig_room_set_standing: durable by now: what users are from now on; those inside get the role, or go. */
void sig_room_set_standing (SigRoom *room, MsgId user_id, MsgRoomStanding standing);
/** sig_room_set_role: of a guest, whose role is nowhere else. */
void sig_room_set_role (SigRoom *room, SigRoomPerson *person, SigRole role);
/** sig_room_set_row: title, rules, lock and link as in @row, durable by now. */
void sig_room_set_row (SigRoom *room, const MsgRoom *row);
void sig_room_set_hand (SigRoom *room, SigRoomPerson *person, bool hand);
/** sig_room_set_name: @name: tidied. */
void sig_room_set_name (SigRoom *room, SigRoomPerson *person, const char *name);
/** sig_room_set_muted: by the participant itself. */
void sig_room_set_muted (SigRoom *room, SigRoomPerson *person, SigRoomTrack *track, bool muted);
/** sig_room_set_track_name: @name: tidied; NULL: none. */
void sig_room_set_track_name (SigRoom *room, SigRoomPerson *person, SigRoomTrack *track, const char *name);
/** sig_room_mute: by the host @by. */
void sig_room_mute (SigRoom *room, SigRoomPerson *person, SfuKind kind, MsgId by);
/** sig_room_set_tracks: what the participant publishes now, (element-type SfuTrackInfo); what stays keeps its state. */
void sig_room_set_tracks (SigRoom *room, SigRoomPerson *person, const GArray *tracks);

/** sig_room_detached: the device's connection is lost. */
void sig_room_detached (SigRoom *room, MsgId device_id, int64_t now_us);
/** sig_room_attached: it is back, and has lost nothing of what was sent to it. */
void sig_room_attached (SigRoom *room, MsgId device_id);
/** sig_room_tick: who was away too long leaves. Returns: when to call it again; INT64_MAX: never. */
int64_t sig_room_tick (SigRoom *room, int64_t now_us);

/* --- room-words.c: stable words of the API --- */

const char *sig_role_to_string (SigRole role);
/** sig_role_parse: Returns: SIG_ROLE_N for an unknown word. */
SigRole sig_role_parse (const char *word);
const char *sig_room_left_to_string (SigRoomLeft left);
const char *sig_room_kind_to_string (SfuKind kind);
const char *sig_room_source_to_string (SfuSource source);
/** sig_room_source_parse: Returns: SFU_SOURCE_N for an unknown word. */
SfuSource sig_room_source_parse (const char *word);
const char *sig_room_codec_to_string (SfuCodec codec);
/** sig_room_answer_get: @answer: not OK. @ret_code: SIG_RPC_*. @ret_message: static. Returns: the reason, static. */
const char *sig_room_answer_get (SigRoomAnswer answer, int *ret_code, const char **ret_message);
MsgRoomStanding sig_role_to_standing (SigRole role);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SigRoom, sig_room_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SigRoomPerson, sig_room_person_unref)
