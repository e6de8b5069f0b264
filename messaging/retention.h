/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long messages are kept: by the server's rules for kinds of chats (MsgCoreOptions), and by a chat's own; the shorter
 * one counts. A walk over the chats deletes for all what is older, those from before the rule too, in small jobs of the
 * writer; how far it has come in a chat stands in the chat's row. Closed reports go in the same jobs. Main thread.
 */
#pragma once

#include "messaging/core.h"

typedef struct MsgRetention MsgRetention;

/** msg_retention_new: the first walk is after some seconds. */
MsgRetention *msg_retention_new (MsgCore *core);
/** msg_retention_stop: begins nothing any more; the core is closing. */
void msg_retention_stop (MsgRetention *self);
/** msg_retention_free: NULL is allowed. */
void msg_retention_free (MsgRetention *self);

/** msg_retention_hint: a chat has a new rule: the next walk begins as soon as the one under way is over. */
void msg_retention_hint (MsgRetention *self);
/** msg_retention_step: the next job now, unless one is under way. Else the timer does it. */
void msg_retention_step (MsgRetention *self);
/** msg_retention_get_walks: Returns: how many times it has been through all. */
unsigned msg_retention_get_walks (const MsgRetention *self);
