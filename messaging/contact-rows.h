/* SPDX-License-Identifier: Apache-2.0 */
/* How many people who do not know them somebody begins to write to. Writer's thread, inside a job. */
#pragma once

#include "messaging/chat.h"
#include "messaging/db.h"
#include "messaging/report.h"

/** msg_contact_take: @user_id is about to write in @chat, private and with its peer filled in: when it is the first time, and
 *  the other does not know them, it counts. Returns: false with LIMIT ("contact_rate") too. */
bool msg_contact_take (MsgDb *db, const MsgCoreOptions *options, const MsgChat *chat, MsgId user_id, int64_t now_ms,
                       GError **error);
/** msg_contact_load: what there is of it. */
bool msg_contact_load (MsgDb *db, const MsgCoreOptions *options, MsgId user_id, int64_t now_ms, MsgLimited *ret_limited,
                       GError **error);
