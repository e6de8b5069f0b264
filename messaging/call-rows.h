/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of calls. Store's threads, inside a job. */
#pragma once

#include "messaging/call-log.h"
#include "messaging/db.h"

/* Columns in the order in which msg_call_from_row() expects them; the table is called c. */
#define MSG_CALL_COLUMNS                                                                                               \
  "c.call_id, c.caller_user, c.caller_device, c.callee_user, c.callee_device, c.video, c.state, c.started_ms,"         \
  " c.accepted_ms, c.active_ms, c.ended_ms, c.reason, c.heartbeat_ms"
#define MSG_CALL_N_COLUMNS 13

void msg_call_from_row (MsgStmt *stmt, MsgCall *ret_call);
