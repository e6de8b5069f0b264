/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of drafts. Store's threads, inside a job. */
#pragma once

#include "messaging/log-rows.h"

/** msg_draft_load: @ret_draft: (transfer full): NULL when there is none. */
bool msg_draft_load (MsgDb *db, MsgId user_id, MsgId chat_id, MsgDraft **ret_draft, GError **error);
/** msg_draft_put: @draft: (nullable): NULL: it is gone. Tells the user's devices of it. */
bool msg_draft_put (MsgDb *db, MsgLog *log, MsgId user_id, MsgId chat_id, const MsgDraft *draft, GError **error);
/** msg_draft_clear: the user has sent a message. Nothing is told where there was none. */
bool msg_draft_clear (MsgDb *db, MsgLog *log, MsgId user_id, MsgId chat_id, GError **error);
