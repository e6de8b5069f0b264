/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that go away at their time. Writer's thread, inside a job. */
#pragma once

#include "messaging/log-rows.h"

/** msg_expiry_run_due: wipes up to @max of those whose time has come, and tells all who are in their chats. */
bool msg_expiry_run_due (MsgDb *db, MsgLog *log, unsigned max, GError **error);
/** msg_expiry_find_next: @ret_ms: the earliest time of all; G_MAXINT64: there is none. */
bool msg_expiry_find_next (MsgDb *db, int64_t *ret_ms, GError **error);
