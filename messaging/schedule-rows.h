/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of scheduled messages. Store's threads, inside a job. */
#pragma once

#include "messaging/log-rows.h"
#include "messaging/schedule.h"

/** msg_scheduled_load: @ret_scheduled: (transfer full): NULL when this user has none of that id in that chat. */
bool msg_scheduled_load (MsgDb *db, MsgId user_id, MsgId chat_id, MsgId id, MsgScheduled **ret_scheduled,
                         GError **error);
/** msg_scheduled_find: by its random_id; likewise. One that was dropped gives CONFLICT ("message_deleted"). */
bool msg_scheduled_find (MsgDb *db, MsgId user_id, MsgId chat_id, const uint8_t *random_id,
                         MsgScheduled **ret_scheduled, GError **error);
/** msg_scheduled_list: Returns: (transfer full) (nullable) (element-type MsgScheduled): in the order of their times. */
GPtrArray *msg_scheduled_list (MsgDb *db, MsgId user_id, MsgId chat_id, GError **error);
/** msg_scheduled_list_all: of all chats, in the order of their ids: up to @limit behind @after. Returns: likewise. */
GPtrArray *msg_scheduled_list_all (MsgDb *db, MsgId user_id, MsgId after, int64_t limit, GError **error);
/** msg_scheduled_insert: gives @scheduled its id. Errors: LIMIT ("too_many_scheduled"). */
bool msg_scheduled_insert (MsgDb *db, MsgLog *log, MsgScheduled *scheduled, MsgId device_id, const uint8_t *random_id,
                           GError **error);
/** msg_scheduled_put: @scheduled has changed; its author is told. */
bool msg_scheduled_put (MsgDb *db, MsgLog *log, const MsgScheduled *scheduled, GError **error);
/** msg_scheduled_drop: it is not sent; a retry of it is known for a day. */
bool msg_scheduled_drop (MsgDb *db, MsgLog *log, const MsgScheduled *scheduled, GError **error);
/** msg_scheduled_send: sends it now. Returns: (transfer none) (nullable): as msg_send_write(). */
const MsgMessage *msg_scheduled_send (MsgDb *db, MsgLog *log, const MsgScheduled *scheduled, GError **error);

/** msg_scheduled_run_due: sends up to @max of those whose time has come. @log: its user changes. */
bool msg_scheduled_run_due (MsgDb *db, MsgLog *log, unsigned max, GError **error);
/** msg_scheduled_find_next: @ret_ms: the earliest time of all; G_MAXINT64: there is none. */
bool msg_scheduled_find_next (MsgDb *db, int64_t *ret_ms, GError **error);
