/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection to a PostgreSQL server that comes back by itself, in libpq's pipeline mode: commands are sent when they
 * are known and waited for when an answer is needed, so that a job's savepoint costs no trip of its own. For
 * db-postgres.c; one thread at a time.
 */
#pragma once

#include <libpq-fe.h>

#include "messaging/db.h"

typedef struct MsgPgLink MsgPgLink;

/** msg_pg_link_new: connects, and checks that the server will do. A writer gets the lock of the one writer. Returns:
 *  (transfer full) (nullable): NULL with UNAVAILABLE ("storage"). */
MsgPgLink *msg_pg_link_new (const char *url, MsgDbMode mode, GError **error);
void msg_pg_link_free (MsgPgLink *link);

/** msg_pg_link_wake: outside of transactions: sees to it that there is a connection, a new one when the last was lost.
 *  Returns: false with UNAVAILABLE ("storage"). */
bool msg_pg_link_wake (MsgPgLink *link, GError **error);
/** msg_pg_link_is_lost: Returns: true from a loss to the next msg_pg_link_wake(). */
bool msg_pg_link_is_lost (const MsgPgLink *link);
/** msg_pg_link_get_generation: Returns: counts connections: what was prepared in another one is gone. */
unsigned msg_pg_link_get_generation (const MsgPgLink *link);

/** msg_pg_link_get_handle: (transfer none): for PQsend*(); follow each by msg_pg_link_sent(). */
PGconn *msg_pg_link_get_handle (MsgPgLink *link);
/** msg_pg_link_sent: @ok: what PQsend*() returned. */
void msg_pg_link_sent (MsgPgLink *link, int ok);
/** msg_pg_link_send: @sql: one command without parameters. */
void msg_pg_link_send (MsgPgLink *link, const char *sql);

/** msg_pg_link_finish: waits for all that was sent. @doing: for the message of the error. Returns: (transfer full)
 *  (nullable): the answer to the last command; NULL with the first error: CONFLICT ("constraint"), UNAVAILABLE
 *  ("storage"). */
PGresult *msg_pg_link_finish (MsgPgLink *link, const char *doing, GError **error);
/** msg_pg_link_leave: sends what is left to send, and has the answers waited for by the next msg_pg_link_wake(). */
void msg_pg_link_leave (MsgPgLink *link);

/** msg_pg_link_run_script: any number of commands; nothing may be sent and not finished. */
bool msg_pg_link_run_script (MsgPgLink *link, const char *script, GError **error);
