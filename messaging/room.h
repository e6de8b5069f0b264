/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rooms as they outlive a restart: title, rules, link, who has a role in them and who is banned. Who is inside is not
 * kept. Rules: messaging/core.h.
 */
#pragma once

#include "messaging/account.h"

#define MSG_ROOM_LINK_BYTES 16
#define MSG_ROOM_TITLE_CHARS 128
/** MSG_ROOM_MEMBERS_MAX: users with a standing in one room. */
#define MSG_ROOM_MEMBERS_MAX 5000
/** MSG_ROOM_LIST_MAX: rooms in one answer of msg_room_list(). */
#define MSG_ROOM_LIST_MAX 200
#define MSG_ROOM_PARTICIPANTS_MAX 100000
#define MSG_ROOM_SPEAKERS_MAX 16

/** MsgRoomStanding: what a user is in a room; stored as these numbers. */
typedef enum {
  MSG_ROOM_NOBODY,
  MSG_ROOM_LISTENER,
  MSG_ROOM_SPEAKER,
  MSG_ROOM_HOST,
  MSG_ROOM_BANNED,
  MSG_ROOM_STANDING_N
} MsgRoomStanding;

typedef struct {
  MsgId user_id;
  MsgRoomStanding standing; /* not NOBODY */
} MsgRoomMember;

/** MsgRoomPolicy: a plain value. */
typedef struct {
  bool lobby;                    /* who comes by the link waits */
  bool guests;                   /* the link works without an account */
  bool permanent;                /* stays when it is empty */
  MsgRoomStanding entry;         /* SPEAKER or LISTENER: of those who have no standing */
  unsigned max_participants;     /* 1 to MSG_ROOM_PARTICIPANTS_MAX */
  unsigned active_speakers;      /* 1 to MSG_ROOM_SPEAKERS_MAX */
} MsgRoomPolicy;

typedef struct {
  MsgId id, owner_id;
  MsgId chat_id;                 /* 0: none */
  char *title;
  MsgRoomPolicy policy;
  bool locked;
  bool has_link;
  uint8_t link[MSG_ROOM_LINK_BYTES];
  int64_t created_ms;
  GArray *members;               /* (element-type MsgRoomMember); empty in lists of rooms */
} MsgRoom;

/** msg_room_new: Returns: (transfer full): zeroed, without title, with empty members. */
MsgRoom *msg_room_new (void);
MsgRoom *msg_room_copy (const MsgRoom *room);
void msg_room_free (MsgRoom *room); /* NULL is allowed */

/** MsgRoomFn: @room: (nullable): NULL with an error. */
typedef void (*MsgRoomFn) (const MsgRoom *room, const GError *error, gpointer data);
/** MsgRoomsFn: @rooms: (nullable) (element-type MsgRoom): NULL with an error. */
typedef void (*MsgRoomsFn) (GPtrArray *rooms, const GError *error, gpointer data);

/** msg_room_tidy_title: Returns: (transfer full) (nullable): as it will be kept; NULL with INVALID ("title"). Any thread. */
char *msg_room_tidy_title (const char *title, GError **error);

/**
 * msg_room_create:
 * @room: id, owner and created_ms set; members are not looked at
 * @fn: gets it as it is now, with members
 * @max_owned: rooms that its owner may have, with this one
 *
 * With a chat_id it is a voice chat: its owner must be one who may start one there; the others who are in the chat become
 * members of the room with the standing policy.entry, and a service message tells of it.
 *
 * Errors: INVALID ("room", "title"), CONFLICT ("room_exists"), LIMIT ("too_many_rooms"), NOT_FOUND ("chat"), FORBIDDEN
 * (those of msg_verdict_to_error()), UNAVAILABLE.
 */
void msg_room_create (MsgCore *core, const MsgRoom *room, unsigned max_owned, MsgRoomFn fn, gpointer data);

/** msg_room_put: title, policy, lock and link as in @room. Errors: INVALID ("room", "title"), NOT_FOUND ("room"),
 *  UNAVAILABLE. */
void msg_room_put (MsgCore *core, const MsgRoom *room, MsgDoneFn fn, gpointer data);

/** msg_room_set_standing: of @n users, copied; NOBODY: none any more. Unknown users are passed over. Errors: NOT_FOUND
 *  ("room"), LIMIT ("too_many_members"), UNAVAILABLE. */
void msg_room_set_standing (MsgCore *core, MsgId room_id, const MsgId *users, unsigned n, MsgRoomStanding standing,
                            MsgDoneFn fn, gpointer data);

/** msg_room_delete: one that is not there is deleted already. Errors: UNAVAILABLE. */
void msg_room_delete (MsgCore *core, MsgId room_id, MsgDoneFn fn, gpointer data);

/** msg_room_load: Errors: NOT_FOUND ("room"), UNAVAILABLE. */
void msg_room_load (MsgCore *core, MsgId room_id, MsgRoomFn fn, gpointer data);
/** msg_room_load_by_link: @link: MSG_ROOM_LINK_BYTES bytes. Errors: NOT_FOUND ("room"), UNAVAILABLE. */
void msg_room_load_by_link (MsgCore *core, const uint8_t *link, MsgRoomFn fn, gpointer data);
/** msg_room_load_passing: all that are not permanent; for the start of the server. Errors: UNAVAILABLE. */
void msg_room_load_passing (MsgCore *core, MsgRoomsFn fn, gpointer data);
/** msg_room_list: those that the user owns or has a standing in, but for bans; newest first, at most
 *  MSG_ROOM_LIST_MAX. Of members only the user's own is there. Errors: UNAVAILABLE. */
void msg_room_list (MsgCore *core, MsgId user_id, MsgRoomsFn fn, gpointer data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgRoom, msg_room_free)
