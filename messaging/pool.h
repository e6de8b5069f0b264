/* SPDX-License-Identifier: Apache-2.0 */
/* Threads for slow sums (Argon2id): two at once, the rest wait in a bounded queue. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "messaging/mainbox.h"

typedef struct MsgPool MsgPool;

/** MsgSumFn: the sum; touches @ctx and nothing else. Pool's thread. */
typedef void (*MsgSumFn) (gpointer ctx);
/** MsgSumDoneFn: @ctx is the callee's now. @error: (nullable): UNAVAILABLE ("busy"): it was not done. Main thread. */
typedef void (*MsgSumDoneFn) (gpointer ctx, const GError *error);

/** msg_pool_new: @mainbox: (transfer none): outlives the pool; room for two tasks of it. @queue_length: sums that may
 *  wait. Returns: (transfer full) (nullable): NULL with MSG_ERROR_UNAVAILABLE ("storage"). Main thread. */
MsgPool *msg_pool_new (MsgMainbox *mainbox, unsigned queue_length, GError **error);

/** msg_pool_free: no sum may be under way. NULL is allowed. Main thread. */
void msg_pool_free (MsgPool *pool);

/** msg_pool_run: first come, first served. @must: taken even if the queue is full. Main thread. */
void msg_pool_run (MsgPool *pool, bool must, MsgSumFn run, MsgSumDoneFn done, gpointer ctx);

/** msg_pool_get_pending: Returns: sums whose end is not yet delivered. Main thread. */
unsigned msg_pool_get_pending (const MsgPool *pool);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgPool, msg_pool_free)
