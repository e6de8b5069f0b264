/* SPDX-License-Identifier: Apache-2.0 */
/* The second factor of an account, as jobs check it. Store's threads, inside a job. */
#pragma once

#include "messaging/db.h"
#include "messaging/types.h"

/**
 * msg_two_factor_check:
 * @code: (nullable): as typed
 *
 * To be called only once the password was right. An account without a second factor passes, whatever @code is. A code
 * that passes is spent when the job's transaction is committed.
 *
 * Returns: false with UNAUTHENTICATED ("code_required": there was none; "bad_code") or UNAVAILABLE. Writer's thread.
 */
bool msg_two_factor_check (MsgDb *db, MsgId user_id, const char *code, int64_t now_ms, GError **error);

/** msg_two_factor_drop: the account has none any more. Writer's thread. */
bool msg_two_factor_drop (MsgDb *db, MsgId user_id, GError **error);
