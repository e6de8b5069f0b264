/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of an account. Its first transaction makes it unusable and nameless, and leaves a row in account_ends; what else
 * has to go (chats, messages, the log, marks) may be very many rows, and goes in jobs of some milliseconds, one after the
 * other, so that nobody waits for them. A restart goes on where it was.
 */
#pragma once

#include "messaging/core.h"
#include "messaging/db.h"

/** MSG_NAME_HOLD_MS: for so long nobody gets the name of an account that its user has ended. */
#define MSG_NAME_HOLD_MS (INT64_C (30) * 24 * 3600 * 1000)

/** MsgEnding: how. */
typedef struct {
  bool erase;     /* what the user wrote is deleted for all; else it stays with those who got it */
  bool hold_name; /* nobody gets the name for MSG_NAME_HOLD_MS */
} MsgEnding;

/** msg_account_end: the first transaction. Inside a job. Returns: false with NOT_FOUND ("user") too. */
bool msg_account_end (MsgDb *db, MsgId user_id, const MsgEnding *ending, int64_t now_ms, GError **error);

/** MsgEnds: what goes on after it, one account at a time. Main thread. */
typedef struct MsgEnds MsgEnds;

MsgEnds *msg_ends_new (MsgCore *core);
/** msg_ends_free: nothing is under way any more. NULL is allowed. */
void msg_ends_free (MsgEnds *ends);
/** msg_ends_start: there may be something to do. */
void msg_ends_start (MsgEnds *ends);
/** msg_ends_is_idle: Returns: true when nothing is left to do, as far as is known. */
bool msg_ends_is_idle (const MsgEnds *ends);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgEnds, msg_ends_free)
