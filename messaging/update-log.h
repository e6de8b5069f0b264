/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The update log. What a user can see change is a row with that user's next pts (1, 2, 3 ... without gaps), written in
 * the transaction that makes the change. A row says what has changed and where; what it says now is read from there. Of
 * chats with few members there is a row for each member; supergroups and channels have a log and a pts of their own, so
 * that a row is written once whoever reads it. Rules of what is asynchronous: messaging/core.h.
 */
#pragma once

#include "messaging/message.h"
#include "messaging/schedule.h"

/** MSG_DIFFERENCE_MAX: rows in one answer. */
#define MSG_DIFFERENCE_MAX 1000

/** MsgUpdateType: stored as these numbers. */
typedef enum {
  MSG_UPDATE_MESSAGE_NEW = 1,
  MSG_UPDATE_MESSAGE_EDITED,
  MSG_UPDATE_MESSAGE_DELETED,
  MSG_UPDATE_CHAT,      /* the chat is new to the user, or has changed; in its own log: the latter */
  MSG_UPDATE_MEMBER,    /* what somebody is in the chat */
  MSG_UPDATE_READ,
  MSG_UPDATE_DELIVERED,
  MSG_UPDATE_REACTIONS,
  MSG_UPDATE_PINNED,    /* or not any more */
  MSG_UPDATE_POLL,      /* a vote, or its end */
  MSG_UPDATE_DRAFT,     /* of one's own */
  MSG_UPDATE_SCHEDULED, /* likewise: one is there, has changed or has failed, or is gone: sent or dropped */
  MSG_UPDATE_N
} MsgUpdateType;

/** MsgUpdateTo: whom an update is for, and as which of theirs. */
typedef struct {
  MsgId user_id;
  int64_t pts;
} MsgUpdateTo;

typedef struct {
  MsgUpdateType type;
  MsgId chat_id;
  MsgMessage *message;  /* NEW, EDITED, REACTIONS, PINNED, POLL: as it is now */
  MsgChat *chat;        /* CHAT: as the one it is for sees it; in the chat's own log good for what all see of it */
  GArray *ids;          /* DELETED: of int64_t */
  MsgId user_id;        /* MEMBER, READ, DELIVERED, REACTIONS, POLL: whom it is about; 0: that is not told */
  MsgStanding standing; /* MEMBER */
  int64_t until_ms;     /* MEMBER */
  int64_t up_to;        /* READ, DELIVERED; SCHEDULED: its id */
  MsgScheduled *scheduled; /* SCHEDULED: (nullable): it is gone */
  MsgDraft *draft;      /* DRAFT: (nullable): it is gone */
  bool has_counts;      /* READ of one's own */
  bool has_own;         /* REACTIONS, POLL: by the user's own, which the message marks */
  bool own_alone;       /* likewise, and the counts are told in the chat's own log: two logs have no order between them */
  unsigned unread, mentions;
  int64_t chat_pts;     /* a row of the chat's own log, for all its members; 0: it is of the logs of those below */
  GArray *to;           /* of MsgUpdateTo */
} MsgUpdate;

/** msg_update_is_of_message: Returns: whether it is for those who see its message alone. */
static inline bool
msg_update_is_of_message (MsgUpdateType type)
{
  return type == MSG_UPDATE_MESSAGE_EDITED || type == MSG_UPDATE_REACTIONS || type == MSG_UPDATE_PINNED
         || type == MSG_UPDATE_POLL;
}

/** msg_update_new: Returns: (transfer full): for nobody yet. */
MsgUpdate *msg_update_new (MsgUpdateType type, MsgId chat_id);
void msg_update_free (MsgUpdate *update); /* NULL is allowed */

/**
 * MsgUpdateFn:
 * @update: for the users in update->to, who may be many, or for all members of the chat
 *
 * Called on the core's context when it is durable, before the callback of the function that caused it; of one user and
 * of one chat in the order of pts. Who comes into a chat with its own log is told of it (CHAT) before what is written
 * from then on is told; who is out (MEMBER) likewise: a listener can know from these who is in it.
 */
typedef void (*MsgUpdateFn) (const MsgUpdate *update, gpointer data);

/** msg_core_set_update_fn: @fn: (nullable). One listener; setting replaces it. Main thread. */
void msg_core_set_update_fn (MsgCore *core, MsgUpdateFn fn, gpointer data);

/** MsgChatPts: how far the log of a chat is. */
typedef struct {
  MsgId chat_id;
  int64_t pts;
} MsgChatPts;

/** MsgUpdateState: how far the logs are that concern a user. */
typedef struct {
  int64_t pts;   /* of the user's newest row, 0: there is none */
  GArray *chats; /* of MsgChatPts: of all chats with a log that the user is in */
} MsgUpdateState;

/** MsgStateFn: @state: (nullable): NULL with an error. */
typedef void (*MsgStateFn) (const MsgUpdateState *state, const GError *error, gpointer data);
/** msg_updates_state: Errors: UNAVAILABLE. */
void msg_updates_state (MsgCore *core, MsgId user_id, MsgStateFn fn, gpointer data);

/** MsgDifference: in order; each is for one user. */
typedef struct {
  GPtrArray *updates; /* (element-type MsgUpdate) */
  int64_t pts;        /* what the asker has reached with them */
  bool more;
} MsgDifference;

/** MsgDifferenceFn: @difference: (nullable): NULL with an error. */
typedef void (*MsgDifferenceFn) (const MsgDifference *difference, const GError *error, gpointer data);

/**
 * msg_updates_difference:
 * @pts: what the asker has reached
 * @limit: 1 to MSG_DIFFERENCE_MAX
 *
 * What has come since. A message that the user may not read any more (deleted, or of a chat that was left) is told of as
 * deleted.
 *
 * Errors: INVALID ("pts": of the future; "limit"), GONE ("pts_too_old": rows behind it are no longer kept),
 * UNAVAILABLE.
 */
void msg_updates_difference (MsgCore *core, MsgId user_id, int64_t pts, unsigned limit, MsgDifferenceFn fn,
                             gpointer data);

/** msg_updates_chat_difference: the same for the log of a chat that has one; the updates have chat_pts. Errors: as
 *  above, NOT_FOUND ("chat"), FORBIDDEN ("chat_kind": it has no log; "left", "banned"). */
void msg_updates_chat_difference (MsgCore *core, MsgId user_id, MsgId chat_id, int64_t pts, unsigned limit,
                                  MsgDifferenceFn fn, gpointer data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgUpdate, msg_update_free)
