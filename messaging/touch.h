/* SPDX-License-Identifier: Apache-2.0 */
/* When devices were last seen: gathered in memory, written at most once a minute each. Main thread. */
#pragma once

#include "messaging/core.h"

typedef struct MsgTouches MsgTouches;

MsgTouches *msg_touches_new (MsgCore *core);
/** msg_touches_free: what was not flushed is lost. NULL is allowed. */
void msg_touches_free (MsgTouches *touches);

void msg_touches_add (MsgTouches *touches, MsgId device_id);
/** msg_touches_get_ms: Returns: when @device_id was last seen as far as is known here; 0: not lately. */
int64_t msg_touches_get_ms (MsgTouches *touches, MsgId device_id);
/** msg_touches_flush: writes what is due now. Else a timer does it every 5 s. */
void msg_touches_flush (MsgTouches *touches);
