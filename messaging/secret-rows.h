/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of secret chats and of their queues, and the operations that write them. Store's threads, inside a job, but for what
 * says otherwise. */
#pragma once

#include "messaging/core-private.h"
#include "messaging/secret.h"

typedef enum { MSG_SECRET_WAITING, MSG_SECRET_OPEN, MSG_SECRET_OVER } MsgSecretState;

/** MsgSecretRow: @callee_device: 0 while it waits. OVER: the session of one of the two has ended; the other is to be told. */
typedef struct {
  uint8_t secret_id[MSG_SECRET_ID_BYTES];
  MsgSecretState state;
  MsgId caller_user, caller_device, callee_user, callee_device;
  bool withheld;      /* the callee was not told of it, and never is */
  int64_t created_ms, expires_ms;
} MsgSecretRow;

#define MSG_SECRET_COLUMNS                                                                                             \
  "c.secret_id, c.state, c.caller_user, c.caller_device, c.callee_user, c.callee_device, c.withheld, c.created_ms,"    \
  " c.expires_ms"
#define MSG_SECRET_N_COLUMNS 9

void msg_secret_from_row (MsgStmt *stmt, MsgSecretRow *ret_row);
/** msg_secret_load: @ret_known: whether there is such a row. Returns: false: the database failed. */
bool msg_secret_load (MsgDb *db, const uint8_t *secret_id, MsgSecretRow *ret_row, bool *ret_known, GError **error);
/** msg_secret_delete: forgets a chat; what is queued of it stays. */
bool msg_secret_delete (MsgDb *db, const uint8_t *secret_id, GError **error);

/** msg_secret_event_new: Returns: (transfer full). Any thread. */
MsgSecretEvent *msg_secret_event_new (MsgSecretKind kind, const uint8_t *secret_id, MsgId to_user, int64_t at_ms);

/** MsgSecretOp: an operation of secret chats begins with this. */
typedef struct {
  MsgOp op;
  int64_t now_ms;
  GPtrArray *events; /* owned (element-type MsgSecretEvent): to be told */
} MsgSecretOp;

/** msg_secret_op_new: @class: its clear calls msg_secret_op_clear(), its reply first msg_secret_op_tell(). Main thread. */
gpointer msg_secret_op_new (MsgCore *core, const MsgOpClass *class);
void msg_secret_op_clear (MsgOp *op);
void msg_secret_op_tell (MsgSecretOp *op, const GError *error);

/** msg_secret_queue_put: a row of a device's queue. @event: (transfer full): to_device is set; gets its qts, and is told. */
bool msg_secret_queue_put (MsgDb *db, MsgSecretOp *op, MsgSecretEvent *event, GError **error);
/** msg_secret_put_end: tells a device that there is no such chat any more. */
bool msg_secret_put_end (MsgDb *db, MsgSecretOp *op, const uint8_t *secret_id, MsgId user_id, MsgId device_id,
                         MsgSecretEnd reason, GError **error);
/** msg_secret_withdraw: tells the callee's devices, but for one, that it is not waiting any more; if they knew of it. */
void msg_secret_withdraw (MsgSecretOp *op, const MsgSecretRow *row, MsgId except_device, MsgSecretEnd reason);

/** msg_secret_count: Returns: how many a device has, waiting and open; -1: the database failed. */
int64_t msg_secret_count (MsgDb *db, MsgId device_id, GError **error);
/** msg_secret_check_session: Returns: false with NOT_FOUND ("session"). */
bool msg_secret_check_session (MsgDb *db, MsgId user_id, MsgId device_id, GError **error);

/** msg_secret_drop_device: its session has ended: its chats are over, its queue is gone. msg_secret_sweep() tells. */
bool msg_secret_drop_device (MsgDb *db, MsgId device_id, GError **error);
/** msg_secret_drop_user: the same for all devices of a user but one, or 0. */
bool msg_secret_drop_user (MsgDb *db, MsgId user_id, MsgId except_device_id, GError **error);
