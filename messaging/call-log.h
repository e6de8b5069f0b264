/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The call log: one durable row per 1:1 call, from ringing to its end. It is how calls outlive a restart of the server,
 * and the history that users see. No blobs: keys, SDP and candidates never come here. Rules: messaging/core.h.
 */
#pragma once

#include "messaging/account.h"

#define MSG_CALL_ID_BYTES 16
#define MSG_CALL_REASON_SIZE 32
#define MSG_CALL_HISTORY_MAX 100

/** MsgCallState: in this order only; steps may be left out. */
typedef enum { MSG_CALL_RINGING, MSG_CALL_CONNECTING, MSG_CALL_ACTIVE, MSG_CALL_ENDED, MSG_CALL_N } MsgCallState;

/** MsgCall: a row. A plain value: copy it by assignment. Times are milliseconds since the epoch, 0 for "not yet". */
typedef struct {
  uint8_t call_id[MSG_CALL_ID_BYTES];
  MsgId caller_user, caller_device;
  MsgId callee_user;
  MsgId callee_device;                /* 0 until accepted */
  bool video;
  MsgCallState state;
  int64_t started_ms, accepted_ms, active_ms, ended_ms;
  char reason[MSG_CALL_REASON_SIZE];  /* "" until ended; then a word of [a-z_] */
  bool withheld;                      /* the callee is not to know of it: not in the callee's history. Written, never read */
  int64_t heartbeat_ms;               /* last durable sign that the call was alive */
} MsgCall;

MsgCall *msg_call_copy (const MsgCall *call);
void msg_call_free (MsgCall *call); /* NULL is allowed */

/** MsgCallsFn: @calls: (nullable) (element-type MsgCall): NULL with an error. */
typedef void (*MsgCallsFn) (GPtrArray *calls, const GError *error, gpointer data);

/**
 * msg_call_put:
 *
 * Writes the row as it is now. State MSG_CALL_RINGING makes a new call: an id that was ever used is CONFLICT,
 * "call_exists". Any other state updates the row, or makes it when there is none (a call that was refused at once). A
 * row changes only for the same caller user and device and callee user (else CONFLICT, "call_exists"), and not any more
 * once it has ended, nor to an earlier state (CONFLICT, "call_ended"). heartbeat_ms never goes back. Puts of one call
 * may be sent without waiting for each other; they are done in order. With its end, unless that is `glare`, a service
 * message about the call is written into the private chat of the two, for the caller alone if it is withheld.
 *
 * Errors: INVALID ("call": a required id is 0, an unknown state, an ended call without reason, a reason that is no
 * word), CONFLICT, UNAVAILABLE (nothing written: try again).
 */
void msg_call_put (MsgCore *core, const MsgCall *call, MsgDoneFn fn, gpointer data);

/** msg_call_heartbeat: @ids: @n of any number, copied. Sets heartbeat_ms of those that have not ended to @at_ms;
 *  unknown ids are passed over. One transaction. @fn: (nullable). Errors: UNAVAILABLE. */
void msg_call_heartbeat (MsgCore *core, const uint8_t (*ids)[MSG_CALL_ID_BYTES], unsigned n, int64_t at_ms,
                         MsgDoneFn fn, gpointer data);

/** msg_call_load_open: all calls that have not ended, oldest first; for the start of the server. Errors: UNAVAILABLE.
 *  */
void msg_call_load_open (MsgCore *core, MsgCallsFn fn, gpointer data);

/** MsgCallEntry: a row of a user's history. */
typedef struct {
  MsgCall call;
  bool outgoing;
  MsgUser *peer;  /* the other party; a deleted one has the flag and the id */
} MsgCallEntry;

/** MsgCallPage: newest first. */
typedef struct {
  GPtrArray *entries;               /* (element-type MsgCallEntry) */
  bool has_next;
  uint8_t next[MSG_CALL_ID_BYTES];  /* with has_next: the @before of the page that follows */
} MsgCallPage;

/** MsgCallPageFn: @page: (nullable): NULL with an error. */
typedef void (*MsgCallPageFn) (const MsgCallPage *page, const GError *error, gpointer data);

/**
 * msg_call_history:
 * @before: (nullable): MSG_CALL_ID_BYTES; a call of this user: what follows is older than it. NULL for the newest.
 * @limit: 1 to MSG_CALL_HISTORY_MAX
 *
 * Calls that have ended, in which the user was caller or callee. New calls do not shift the pages.
 *
 * Errors: INVALID ("limit", "cursor": no call of this user), UNAVAILABLE.
 */
void msg_call_history (MsgCore *core, MsgId user_id, const uint8_t *before, unsigned limit, MsgCallPageFn fn,
                       gpointer data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgCall, msg_call_free)
