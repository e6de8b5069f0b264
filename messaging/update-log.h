/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The update log. What a user can see change is a row with that user's next pts (1, 2, 3 ... without gaps), written in
 * the transaction that makes the change. A row says what has changed and where; what it says now is read from there. Of
 * chats with few members there is a row for each member. Rules of what is asynchronous: messaging/core.h.
 */
#pragma once

#include "messaging/message.h"

/** MSG_DIFFERENCE_MAX: rows in one answer. */
#define MSG_DIFFERENCE_MAX 1000

/** MsgUpdateType: stored as these numbers. */
typedef enum {
  MSG_UPDATE_MESSAGE_NEW = 1,
  MSG_UPDATE_MESSAGE_EDITED,
  MSG_UPDATE_MESSAGE_DELETED,
  MSG_UPDATE_CHAT,      /* the chat is new to the user, or has changed */
  MSG_UPDATE_MEMBER,    /* what somebody is in the chat */
  MSG_UPDATE_READ,
  MSG_UPDATE_DELIVERED,
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
  MsgMessage *message;  /* NEW, EDITED: as it is now */
  MsgChat *chat;        /* CHAT: as the one it is for sees it */
  GArray *ids;          /* DELETED: of int64_t */
  MsgId user_id;        /* MEMBER, READ, DELIVERED: whom it is about */
  MsgStanding standing; /* MEMBER */
  int64_t until_ms;     /* MEMBER */
  int64_t up_to;        /* READ, DELIVERED */
  bool has_counts;      /* READ of one's own */
  unsigned unread, mentions;
  GArray *to;           /* of MsgUpdateTo */
} MsgUpdate;

/** msg_update_new: Returns: (transfer full): for nobody yet. */
MsgUpdate *msg_update_new (MsgUpdateType type, MsgId chat_id);
void msg_update_free (MsgUpdate *update); /* NULL is allowed */

/**
 * MsgUpdateFn:
 * @update: for the users in update->to, who may be many
 *
 * Called on the core's context when it is durable, before the callback of the function that caused it; of one user in
 * the order of pts.
 */
typedef void (*MsgUpdateFn) (const MsgUpdate *update, gpointer data);

/** msg_core_set_update_fn: @fn: (nullable). One listener; setting replaces it. Main thread. */
void msg_core_set_update_fn (MsgCore *core, MsgUpdateFn fn, gpointer data);

/** MsgStateFn: @pts: of the user's newest row, 0: there is none. */
typedef void (*MsgStateFn) (int64_t pts, const GError *error, gpointer data);
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

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgUpdate, msg_update_free)
