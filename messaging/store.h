/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's threads: one that writes, two that read, one for upkeep. A job is a function with a context that runs
 * there with a connection; its end comes back to the main thread.
 */
#pragma once

#include "messaging/db.h"
#include "messaging/mainbox.h"

typedef struct MsgStore MsgStore;

/**
 * MsgJobFn: what a job does, on a store's thread, inside a transaction. It touches @db and @ctx and nothing else.
 *
 * Returns: false with an error of MSG_ERROR: what it wrote is undone. Jobs beside it are not harmed.
 */
typedef bool (*MsgJobFn) (MsgDb *db, gpointer ctx, GError **error);

/** MsgJobDoneFn: @ctx is the callee's now. @error: (nullable): NULL: what the job wrote is durable. Main thread. */
typedef void (*MsgJobDoneFn) (gpointer ctx, const GError *error);

/**
 * msg_store_new:
 * @mainbox: (transfer none): outlives the store; room for twice @queue_length
 * @queue_length: jobs that may be under way to the writer, and to the readers; at least 2
 *
 * Opens the database, brings its schema up to date, starts the threads. Blocks. Returns: (transfer full) (nullable):
 * NULL with UNAVAILABLE ("storage", "schema").
 */
MsgStore *msg_store_new (const char *url, MsgMainbox *mainbox, unsigned queue_length, int64_t now_ms, GError **error);

/** msg_store_free: no job may be under way (msg_store_get_pending()). NULL is allowed. Main thread. */
void msg_store_free (MsgStore *store);

/** msg_store_write: runs @run on the writer, in order. A full queue ends as UNAVAILABLE ("busy"). Main thread. */
void msg_store_write (MsgStore *store, MsgJobFn run, MsgJobDoneFn done, gpointer ctx);

/** msg_store_read: runs @run on a reader, on one snapshot, in no order. Full as above. Main thread. */
void msg_store_read (MsgStore *store, MsgJobFn run, MsgJobDoneFn done, gpointer ctx);

/** msg_store_get_pending: Returns: jobs whose end is not yet delivered. Main thread. */
unsigned msg_store_get_pending (const MsgStore *store);
/** msg_store_get_commits: Returns: transactions that the writer has committed. Any thread. */
uint64_t msg_store_get_commits (const MsgStore *store);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgStore, msg_store_free)
