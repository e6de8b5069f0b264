/* SPDX-License-Identifier: Apache-2.0 */
/* What the operations of search share. */
#pragma once

#include "messaging/core-private.h"
#include "messaging/search.h"

/** MsgSearchOp: begins with the MsgOp; both operations begin with this. */
typedef struct {
  MsgOp op;
  MsgId user_id;
  int64_t now_ms;
  unsigned limit;
  MsgQuery *query; /* owned */
} MsgSearchOp;

/** msg_search_op_start: takes what was asked for, if the user may ask now, and has @run done. @op: its first members but
 *  the query are set; a query that is there already stays. */
void msg_search_op_start (MsgSearchOp *op, const char *query, MsgOpRun run);
