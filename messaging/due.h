/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done at its time: one timer for all of it, set to the earliest time that the database holds. A job of the
 * writer does what is due, a bounded batch of it; while more is due, the next job follows at once, behind those that wait
 * already. Main thread.
 */
#pragma once

#include "messaging/core.h"

typedef struct MsgDues MsgDues;

/** msg_dues_new: looks into the database what is due, at once. */
MsgDues *msg_dues_new (MsgCore *core);
/** msg_dues_stop: begins nothing any more; the core is closing. */
void msg_dues_stop (MsgDues *dues);
/** msg_dues_free: NULL is allowed. */
void msg_dues_free (MsgDues *dues);

/** msg_dues_hint: something is due at @due_ms (wall clock) that was not known; G_MAXINT64: nothing. */
void msg_dues_hint (MsgDues *dues, int64_t due_ms);
/** msg_dues_look: does what is due now. Else the timer does it. */
void msg_dues_look (MsgDues *dues);
/** msg_dues_is_busy: Returns: true while a job is under way. */
bool msg_dues_is_busy (const MsgDues *dues);
