/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the table of rooms, for the rooms-*.c and room-methods*.c files. Main thread. */
#pragma once

#include "base/rate.h"
#include "base/timer.h"
#include "signaling/room.h"
#include "signaling/room-metrics.h"
#include "signaling/rooms.h"

/** SigRoomsEnd: why a room is over. */
typedef enum { SIG_ROOMS_ENDED, SIG_ROOMS_EMPTY, SIG_ROOMS_DELETED, SIG_ROOMS_BY_ADMIN } SigRoomsEnd;

/** SigRoomInvite: a user who is rung. */
typedef struct {
  MsgId user_id;
  MsgId from_device;
  MsgUser *from;
  int64_t expires_us, expires_ms;
  bool withheld; /* the user does not let the one who invites ring: is not told, and it ends as missed */
  bool has_call_id;
  uint8_t call_id[SIG_CALL_ID_BYTES];
} SigRoomInvite;

/** SigRoomEntry: one room with what it needs around its machine. Counted: the table and what is under way hold it. */
typedef struct {
  unsigned refs;
  /* passed in, not owned */
  SigRooms *rooms;          /* NULL once the table has let go */
  /* owned */
  SigRoom *room;
  MsgRoom *draft;           /* (nullable): the row with what is being written */
  unsigned writing;         /* writes of the draft under way */
  GPtrArray *invites;       /* (element-type SigRoomInvite) */
  GArray *speakers, *speakers_told; /* of uint64_t, track ids */

  unsigned busy;            /* questions and writes under way: it stays in memory */
  uint64_t media;           /* the media plane's; 0: none */
  bool live;                /* somebody is inside or waits; counted */
  bool used;                /* somebody has been inside */
  SigRoomsEnd end;          /* while it is being ended */
  int64_t empty_since_us;
  AlTimer timer;            /* away, empty, ringing */
  AlTimer speakers_timer, count_timer;
  int64_t speakers_told_us, count_told_us;
  unsigned count_told;
} SigRoomEntry;

struct SigRooms {
  SigRoomsConfig config;
  /* owned */
  GHashTable *by_id;        /* MsgId in its heap copy -> SigRoomEntry (a reference) */
  GHashTable *by_link;      /* link in its heap copy -> SigRoomEntry */
  GHashTable *by_media;     /* media in its heap copy -> SigRoomEntry */
  GHashTable *by_device;    /* MsgId in its heap copy -> GPtrArray of SigRoomEntry, once per participant */
  GHashTable *by_ringing;   /* MsgId of users likewise, once per invitation */
  GHashTable *dying;        /* MsgId in its heap copy: ended, and still in the database */
  GPtrArray *verbs;         /* what is registered */
  AlRateTable *joins, *guest_joins, *invites;
  AlTimerWheel *wheel;
  GSource *source;          /* (nullable) */
  SigConns *conns;          /* not owned */
  SigRoomMetrics metrics;
  unsigned n_inside, n_live;
  unsigned revision;        /* grows with every write: what was read before must be read again */
};

/* --- rooms.c: the table --- */

int64_t sig_rooms_now_us (const SigRooms *rooms);
int64_t sig_rooms_now_ms (const SigRooms *rooms);
void sig_rooms_rearm (SigRooms *rooms);
/** sig_rooms_insert: @row: (transfer full). Returns: (transfer none). */
SigRoomEntry *sig_rooms_insert (SigRooms *rooms, MsgRoom *row);
SigRoomEntry *sig_rooms_find (SigRooms *rooms, MsgId id);
/** sig_rooms_is_dying: it is over, and a reader may still find it. */
bool sig_rooms_is_dying (const SigRooms *rooms, MsgId id);
SigRoomEntry *sig_rooms_find_link (SigRooms *rooms, const uint8_t *link);
SigRoomEntry *sig_room_entry_ref (SigRoomEntry *entry);
void sig_room_entry_unref (SigRoomEntry *entry);
/** sig_room_entry_settle: does what the machine has left to be done; ends or unloads the room if nobody needs it. The
 *  entry may be gone after it. */
void sig_room_entry_settle (SigRoomEntry *entry);
/** sig_room_entry_end: sends everybody out; one that is not permanent, or with DELETED, is no more. */
void sig_room_entry_end (SigRoomEntry *entry, SigRoomsEnd end);
/** sig_room_entry_set_row: the draft is durable. */
void sig_room_entry_set_row (SigRoomEntry *entry, const MsgRoom *row);
/** sig_rooms_bind: in by_device or by_ringing, @entry concerns @id from now on, or no more; as often as it was bound. */
void sig_rooms_bind (GHashTable *table, MsgId id, SigRoomEntry *entry, bool bound);
void sig_rooms_listen (SigRooms *rooms);
void sig_rooms_unlisten (SigRooms *rooms);

/* --- rooms-tell.c: actions and notifications --- */

void sig_room_entry_do_actions (SigRoomEntry *entry);
/** sig_room_entry_tell: one device. @params: (transfer full): roomId is added. */
void sig_room_entry_tell (SigRoomEntry *entry, MsgId device_id, const char *method, JsonObject *params);
/** sig_room_entry_tell_changed: room.changed to everybody inside. */
void sig_room_entry_tell_changed (SigRoomEntry *entry);
void sig_room_entry_on_speakers_timer (AlTimer *timer, void *entry);
void sig_room_entry_on_count_timer (AlTimer *timer, void *entry);
void sig_room_entry_set_speakers (SigRoomEntry *entry, const uint64_t *tracks, unsigned n);

/* --- rooms-media.c: the media plane --- */

void sig_rooms_connect_media (SigRooms *rooms);
void sig_room_entry_add_peer (SigRoomEntry *entry, SigRoomPerson *person);
void sig_room_entry_remove_peer (SigRoomEntry *entry, SigRoomPerson *person);
/** sig_room_entry_set_away: the media plane is told that a device's connection is lost, or back. */
void sig_room_entry_set_away (SigRoomEntry *entry, MsgId device_id, bool away);
void sig_room_entry_remove_media (SigRoomEntry *entry);

/* --- rooms-invite.c: ringing --- */

/** sig_room_entry_ring: @call_id: (nullable). @withheld: for who invites alone; one that rings already goes on. */
void sig_room_entry_ring (SigRoomEntry *entry, MsgId user_id, const MsgUser *from, MsgId from_device,
                          const uint8_t *call_id, bool withheld);
SigRoomInvite *sig_room_entry_find_invite (SigRoomEntry *entry, MsgId user_id);
/** sig_room_entry_answer_invite: @told: (nullable): the word for who invited; @word: for the user's devices. */
void sig_room_entry_answer_invite (SigRoomEntry *entry, MsgId user_id, const char *told, const char *word);
/** sig_room_entry_tick_invites: Returns: when the next one expires; INT64_MAX: none. */
int64_t sig_room_entry_tick_invites (SigRoomEntry *entry, int64_t now_us);
/** sig_rooms_ring_device: a device has come, and knows nothing of what rings for its user. */
void sig_rooms_ring_device (SigRooms *rooms, MsgId user_id, MsgId device_id);
void sig_room_invite_free (gpointer invite);

/* --- rooms-json.c: shapes of docs/openrpc.json --- */

JsonObject *sig_room_json (const SigRoomEntry *entry, bool to_host, bool with_count);
/** sig_room_row_json: of one that may not be loaded. */
JsonObject *sig_room_row_json (const MsgRoom *row, bool to_host);
JsonObject *sig_room_person_json (const SigRoomPerson *person);
/** sig_room_people_json: at most @max of @people, behind the order @after. @announced_only: and @self.
 *  @ret_next: (optional): the last one's id when there are more, else 0. */
JsonArray *sig_room_people_json (const GPtrArray *people, uint64_t after, unsigned max, bool announced_only,
                                 const SigRoomPerson *self, MsgId *ret_next);
void sig_room_json_set_track (JsonObject *object, const char *name, uint64_t id);
/** sig_room_policy_read: sets those members of @policy that @spec has. */
void sig_room_policy_read (JsonObject *spec, MsgRoomPolicy *policy);

/* --- rooms-stats.c --- */

/** sig_room_entry_stats: answers @call, maybe later. @only: (nullable): of this participant alone. */
void sig_room_entry_stats (SigRoomEntry *entry, SigRpcCall *call, const SigRoomPerson *only);

/* --- room-ask.c: one question on its way --- */

typedef struct SigRoomAsk SigRoomAsk;
/** SigRoomVerb: a method that is about a room which it names by roomId. */
typedef struct {
  const char *method;
  SigRpcAccess access;
  SigRoomOp op;                        /* checked before @run */
  void (*run) (SigRoomAsk *ask);       /* ends with one of the sig_room_ask_*() that answer */
  bool unchecked;                      /* @op is not: @run checks by itself */
  bool orders;                         /* the media plane is told something: not while it is behind */
} SigRoomVerb;

struct SigRoomAsk {
  SigRooms *rooms;
  SigRpcCall *call;
  JsonObject *params;                  /* lives as long as call */
  SigSession *session;                 /* (nullable): likewise */
  SigRoomWho who;
  const SigRoomVerb *verb;
  SigRoomEntry *entry;                 /* a reference, busy */
  SigRoomPerson *actor, *target;       /* (nullable): valid in run alone */
  /* while looked for */
  MsgId room_id;                       /* 0: by link */
  uint8_t link[MSG_ROOM_LINK_BYTES];
  unsigned revision, n_lookups;
  /* of the verbs that write */
  MsgRoom *row;                        /* owned (nullable) */
  MsgId user_id;
  MsgRoomStanding standing;
  GArray *users;                       /* owned (nullable): of MsgId */
  GArray *willing;                     /* owned (nullable): of MsgId: who lets the asker ring */
  uint8_t call_id[SIG_CALL_ID_BYTES];
  bool has_call_id;
};

/** sig_room_ask_new: by the session, or the backend, of @call. */
SigRoomAsk *sig_room_ask_new (SigRooms *rooms, SigRpcCall *call, JsonObject *params, const SigRoomVerb *verb);
/** sig_room_ask_start: finds the room by room_id or link, then runs the verb. */
void sig_room_ask_start (SigRoomAsk *ask);
void sig_room_ask_take_entry (SigRoomAsk *ask, SigRoomEntry *entry);
/* answers; all of them free @ask and settle its room */
void sig_room_ask_reply (SigRoomAsk *ask, JsonObject *result); /* (transfer full) (nullable) */
void sig_room_ask_refuse (SigRoomAsk *ask, SigRoomAnswer answer);
void sig_room_ask_fail (SigRoomAsk *ask, int code, const char *reason, const char *message, int64_t retry_after_ms);
void sig_room_ask_fail_error (SigRoomAsk *ask, const GError *error);
/** sig_room_ask_end: somebody else answers. */
void sig_room_ask_end (SigRoomAsk *ask);
/** sig_room_ask_is_live: after waiting: whether room and caller are still there; answers otherwise. */
bool sig_room_ask_is_live (SigRoomAsk *ask);
/** sig_room_ask_limit: takes one from the caller's joins. Returns: false: answered. */
bool sig_room_ask_limit (SigRoomAsk *ask);
void sig_rooms_register_verbs (SigRooms *rooms, SigRpc *rpc, const SigRoomVerb *verbs, unsigned n);

/* --- room-methods-*.c --- */

void sig_room_methods_register_own (SigRooms *rooms, SigRpc *rpc);    /* create, list, get, edit, delete, link, end, lock */
void sig_room_methods_register_self (SigRooms *rooms, SigRpc *rpc);   /* join, leave, participants, update, turn */
void sig_room_methods_register_media (SigRooms *rooms, SigRpc *rpc);  /* publish, subscribe, view, stats */
void sig_room_methods_register_host (SigRooms *rooms, SigRpc *rpc);   /* mute, kick, ban, unban, admit, role */
void sig_room_methods_register_invite (SigRooms *rooms, SigRpc *rpc); /* invite, ring, decline */
void sig_room_methods_register_guest (SigRooms *rooms, SigRpc *rpc);  /* session.guest */
void sig_room_methods_register_backend (SigRooms *rooms, SigRpc *rpc); /* backend.room* */
