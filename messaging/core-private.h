/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the core, for the files of messaging. */
#pragma once

#include "messaging/account-end.h"
#include "messaging/chat-join.h"
#include "messaging/core.h"
#include "messaging/due.h"
#include "messaging/jwt.h"
#include "messaging/log-trim.h"
#include "messaging/login-limits.h"
#include "messaging/mainbox.h"
#include "messaging/notice.h"
#include "messaging/password.h"
#include "messaging/pool.h"
#include "messaging/retention.h"
#include "messaging/secret.h"
#include "messaging/store.h"
#include "messaging/touch.h"
#include "messaging/update-log.h"

struct MsgCore {
  /* passed in, not owned */
  MsgSessionsEndedFn ended_fn;
  gpointer ended_data;
  MsgLoggedInFn logged_in_fn;
  gpointer logged_in_data;
  MsgUpdateFn update_fn;
  gpointer update_data;
  MsgSecretEventFn secret_fn;
  gpointer secret_data;
  MsgRequestsFn requests_fn;
  gpointer requests_data;
  /* owned; what the store's and the pool's threads see of it never changes */
  GMainContext *context;
  MsgCoreOptions options;   /* its strings are not kept */
  MsgMainbox *mainbox;
  MsgStore *store;
  MsgPool *pool;
  MsgLimits *limits;
  MsgTouches *touches;
  MsgEnds *ends;
  MsgDues *dues;
  MsgTrims *trims;
  MsgRetention *retention;
  MsgJwtKey *jwt_hs256, *jwt_ed25519;
  char *jwt_issuer, *jwt_audience;
  MsgPasswordCost cost;
  char *dummy_hash;         /* what an unknown user's password is compared with */
  /* main thread only */
  unsigned n_ops;
  uint64_t epoch;           /* counts the events of ended_fn and logged_in_fn */
  bool closing;
};

int64_t msg_core_now_ms (MsgCore *core);

/** msg_core_sessions_ended: tells the listener, and voids what readers found before. */
void msg_core_sessions_ended (MsgCore *core, MsgId user_id, MsgId device_id, MsgId except_device_id, MsgEndCause cause);

/** msg_core_logged_in: tells the listener, and voids what readers found before. */
void msg_core_logged_in (MsgCore *core, MsgId user_id, const MsgNotice *notice);

/* --- Operations: one public call on its way through the threads --- */

typedef struct MsgOp MsgOp;
/** MsgOpStep: what comes after a step. @error: (nullable): how the step went. Main thread. */
typedef void (*MsgOpStep) (MsgOp *op, const GError *error);
/** MsgOpRun: a step on a store's thread; see MsgJobFn. */
typedef bool (*MsgOpRun) (MsgDb *db, gpointer op, GError **error);

typedef struct {
  gsize size;                                      /* of the struct that begins with the MsgOp */
  void (*reply) (MsgOp *op, const GError *error);  /* calls the caller's callback */
  void (*clear) (MsgOp *op);                       /* (nullable): frees what the op holds */
} MsgOpClass;

struct MsgOp {
  MsgTask task;
  const MsgOpClass *class;
  MsgCore *core;
  MsgOpStep next;
  GError *refused;   /* owned */
  bool late;         /* was asked for while the core was closing */
};

/** msg_op_new: Returns: (transfer full): zeroed but for the MsgOp. */
gpointer msg_op_new (MsgCore *core, const MsgOpClass *class);
/** msg_op_end: replies and frees the op. The usual last step. */
void msg_op_end (MsgOp *op, const GError *error);
/** msg_op_fail: @error: (transfer full): ends the op in a later turn; for what is refused inside the public call. */
void msg_op_fail (MsgOp *op, GError *error);
/* The next step on a thread; @next follows on the main thread. */
void msg_op_write (gpointer op, MsgOpRun run, MsgOpStep next);
void msg_op_read (gpointer op, MsgOpRun run, MsgOpStep next);
/** msg_op_sum: @must: not subject to the queue's bound: for callers who bound themselves. */
void msg_op_sum (gpointer op, MsgSumFn run, bool must, MsgOpStep next);
