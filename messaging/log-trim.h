/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The update logs do not grow for ever: rows that are too old, or too many, are dropped, the oldest first, so that what is
 * left has no gaps. Who asks for what is gone is told so (`pts_too_old`). A walk over all logs, in small jobs of the writer
 * with pauses between; when it is done, the next one begins some hours later. Main thread.
 */
#pragma once

#include "messaging/core.h"

typedef struct MsgTrims MsgTrims;

/** msg_trims_new: begins the first walk soon, if there is anything to be dropped by the options. */
MsgTrims *msg_trims_new (MsgCore *core);
/** msg_trims_stop: begins nothing any more; the core is closing. */
void msg_trims_stop (MsgTrims *trims);
/** msg_trims_free: NULL is allowed. */
void msg_trims_free (MsgTrims *trims);

/** msg_trims_step: the next job now, unless one is under way. Else a timer does it. */
void msg_trims_step (MsgTrims *trims);
/** msg_trims_get_walks: Returns: walks that have ended. */
unsigned msg_trims_get_walks (const MsgTrims *trims);
