/* SPDX-License-Identifier: Apache-2.0 */
/* What people are to each other, for jobs that decide. Store's threads, inside a job. */
#pragma once

#include "messaging/db.h"
#include "messaging/privacy.h"

/** msg_privacy_load: the relation of @other to @owner; users that do not exist have none. One statement, whatever is so. */
bool msg_privacy_load (MsgDb *db, MsgId owner, MsgId other, MsgRelation *ret_relation, GError **error);
/** msg_privacy_look: the same, and whether @owner lets @other do that. Returns: false: the database failed. */
bool msg_privacy_look (MsgDb *db, MsgId owner, MsgId other, MsgAdvance advance, bool *ret_allowed, GError **error);
/** msg_privacy_drop: forgets what the user has chosen. */
bool msg_privacy_drop (MsgDb *db, MsgId user_id, GError **error);
