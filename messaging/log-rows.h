/* SPDX-License-Identifier: Apache-2.0 */
/* Writing the update log. Writer's thread, inside a job; what is gathered is told on the main thread after the commit. */
#pragma once

#include "messaging/core.h"
#include "messaging/db.h"
#include "messaging/update-log.h"

/** MsgLog: what one job has written: embed it in the operation, zeroed. */
typedef struct {
  MsgId user_id;      /* who asked: written is theirs */
  MsgWritten written;
  GPtrArray *updates; /* owned (nullable): of MsgUpdate */
  int64_t now_ms;
  const MsgCoreOptions *options; /* passed in, not owned (nullable): of operations of users */
  int64_t due_ms;     /* when something that was written is due (messaging/due.h); G_MAXINT64: nothing is */
} MsgLog;

void msg_log_init (MsgLog *log, MsgId user_id, int64_t now_ms);
void msg_log_clear (MsgLog *log);
/** msg_log_reset: before a job, which may be run on what an earlier one has left. */
void msg_log_reset (MsgLog *log);

/** msg_log_enter: gives @user_id a log; what is there stays. Needed once before anything is appended for them. */
bool msg_log_enter (MsgDb *db, MsgId user_id, GError **error);
/**
 * msg_log_append:
 * @chat: the update's; if it has a log of its own, that gets the one row, and pts goes on
 * @update: (transfer full): else there is a row for everybody who is in the chat
 * @except_id: but for this one; 0: nobody. All hear of what is in a chat's log
 */
bool msg_log_append (MsgDb *db, MsgLog *log, MsgChat *chat, MsgUpdate *update, MsgId except_id, GError **error);
/** msg_log_append_one: @update: (transfer full): a row for @user_id alone, who need not be in the chat any more. */
bool msg_log_append_one (MsgDb *db, MsgLog *log, MsgUpdate *update, MsgId user_id, GError **error);
/** msg_log_get_pts: Returns: false when the engine fails. */
bool msg_log_get_pts (MsgDb *db, MsgId user_id, int64_t *ret_pts, GError **error);
/** msg_log_finish: at the end of a job that wrote nothing for who asked: sets written.pts. */
bool msg_log_finish (MsgDb *db, MsgLog *log, GError **error);
