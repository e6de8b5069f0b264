/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom a user lets come near: blocked people, and who may do what. What somebody may do to a user is decided by
 * msg_privacy_allows() alone. Rules common to all functions: messaging/core.h.
 */
#pragma once

#include "messaging/account.h"

/** MSG_BLOCKS_MAX: how many people one user may block. */
#define MSG_BLOCKS_MAX 10000

/** MsgAudience: KNOWN: whom the user has called or written to, or whose call was accepted: who merely rings or writes does
 *  not become known. */
typedef enum { MSG_AUDIENCE_EVERYBODY, MSG_AUDIENCE_KNOWN, MSG_AUDIENCE_NOBODY, MSG_AUDIENCE_N } MsgAudience;

/** MsgPrivacy: what a user has chosen. */
typedef struct {
  MsgAudience calls;
  MsgAudience groups; /* who may take the user into a group */
  MsgAudience last_seen; /* who sees whether the user is here, and when last; KNOWN until it is chosen */
} MsgPrivacy;

/** MsgPrivacyField: which of them; flags. */
typedef enum {
  MSG_PRIVACY_CALLS = 1 << 0,
  MSG_PRIVACY_GROUPS = 1 << 1,
  MSG_PRIVACY_LAST_SEEN = 1 << 2
} MsgPrivacyField;

/** MsgAdvance: what somebody wants of a user: to ring, to write in the private chat, to take into a group, to
 *  see whether they are here. */
typedef enum { MSG_ADVANCE_CALL, MSG_ADVANCE_WRITE, MSG_ADVANCE_ADD, MSG_ADVANCE_SEE, MSG_ADVANCE_N } MsgAdvance;

/** MsgRelation: what the one who decides (the owner) and the other one are to each other. */
typedef struct {
  MsgPrivacy privacy;  /* the owner's */
  bool blocked;        /* by the owner */
  bool known;          /* to the owner */
} MsgRelation;

/** msg_privacy_allows: the one place where it is decided. Any thread. */
bool msg_privacy_allows (const MsgRelation *relation, MsgAdvance advance);

/** MsgPrivacyFn: @privacy: (nullable): NULL with an error. */
typedef void (*MsgPrivacyFn) (const MsgPrivacy *privacy, const GError *error, gpointer data);

/** msg_privacy_get: Errors: UNAVAILABLE. */
void msg_privacy_get (MsgCore *core, MsgId user_id, MsgPrivacyFn fn, gpointer data);
/** msg_privacy_set: the @fields of @privacy; gives what is so afterwards. Errors: NOT_FOUND ("user"), UNAVAILABLE. */
void msg_privacy_set (MsgCore *core, MsgId user_id, const MsgPrivacy *privacy, unsigned fields, MsgPrivacyFn fn,
                      gpointer data);

/**
 * MsgCalleeFn:
 * @callee: (nullable): NULL with an error, and when there is no such user; deleted and disabled ones are given
 * @allowed: the caller may ring the callee
 */
typedef void (*MsgCalleeFn) (const MsgUser *callee, bool allowed, const GError *error, gpointer data);

/** msg_privacy_find_callee: one look for both, the same work whatever the answer. Errors: UNAVAILABLE. */
void msg_privacy_find_callee (MsgCore *core, MsgId callee, MsgId caller, MsgCalleeFn fn, gpointer data);

/** MsgWillingFn: @users: (nullable) (element-type MsgId): NULL with an error. */
typedef void (*MsgWillingFn) (GArray *users, const GError *error, gpointer data);

/** msg_privacy_find_willing: those of @n users, at most MSG_GET_MAX, who let @actor do that; whether they exist is not looked
 *  at. Errors: INVALID ("limit"), UNAVAILABLE. */
void msg_privacy_find_willing (MsgCore *core, MsgId actor, const MsgId *users, unsigned n, MsgAdvance advance,
                               MsgWillingFn fn, gpointer data);

/** msg_block_put, msg_block_drop: what is already so succeeds. Calls that ring or run go on. Errors: NOT_FOUND ("user"),
 *  INVALID ("self"), LIMIT ("too_many_blocks"), UNAVAILABLE. */
void msg_block_put (MsgCore *core, MsgId user_id, MsgId other, MsgDoneFn fn, gpointer data);
void msg_block_drop (MsgCore *core, MsgId user_id, MsgId other, MsgDoneFn fn, gpointer data);

/** msg_block_list: the blocked people who still exist, by id. @after: the id that the page before ended with, or 0. @limit:
 *  1 to MSG_GET_MAX; the list has ended when fewer come. Errors: INVALID ("limit"), UNAVAILABLE. */
void msg_block_list (MsgCore *core, MsgId user_id, MsgId after, unsigned limit, MsgUsersFn fn, gpointer data);
