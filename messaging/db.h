/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that messaging asks of a database. The engines behind it (db-driver.h, db-*.c) are chosen by URL; nothing here or
 * above knows them. The SQL is what SQLite 3 and PostgreSQL 15 share, with named parameters (":name"); the few words in
 * which they differ are placeholders in scripts (dialect.h). A MsgDb belongs to one thread at a time.
 *
 * What both ask of SQL: text and bytes that are compared with a column have the column's type; SUM and AVG are cast
 * (`CAST (SUM (x) AS BIGINT)`), as PostgreSQL makes NUMERIC of them; ids and sequence numbers are given by the program,
 * never by the engine; a job whose statement failed ends with that error, as PostgreSQL runs nothing more until its
 * savepoint is undone.
 *
 * Errors are of MSG_ERROR: UNAVAILABLE ("storage") for everything that goes wrong in the engine (disk full, I/O, busy,
 * damaged file, a server that is away), CONFLICT ("constraint") for a violated constraint. A connection to a server that
 * was lost is made anew by the next msg_db_begin().
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "messaging/dialect.h"

typedef struct MsgDb MsgDb;
typedef struct MsgStmt MsgStmt;

/**
 * MsgDbMode:
 * @MSG_DB_READ: sees committed rows only
 * @MSG_DB_WRITE: creates the database when there is none; one in the world (a second one, of any process, is refused)
 * @MSG_DB_UPKEEP: for msg_db_do_upkeep() alone
 */
typedef enum { MSG_DB_READ, MSG_DB_WRITE, MSG_DB_UPKEEP } MsgDbMode;

/** msg_db_url_is_postgres: Returns: true when @url is of PostgreSQL; else it is a file of SQLite. */
bool msg_db_url_is_postgres (const char *url);

/** msg_db_url_get_path: @url: of SQLite. Returns: (transfer none): the file. */
const char *msg_db_url_get_path (const char *url);

/**
 * msg_db_open:
 * @url: "sqlite:PATH" or a path, or "postgresql://..." as libpq knows it; the database must exist there
 *
 * Returns: (transfer full) (nullable): NULL with UNAVAILABLE ("storage").
 */
MsgDb *msg_db_open (const char *url, MsgDbMode mode, GError **error);
/** msg_db_close: rolls back what is open. NULL is allowed. */
void msg_db_close (MsgDb *db);

/** msg_db_get_dialect: for the few queries that have to differ (full-text search). */
MsgDialect msg_db_get_dialect (const MsgDb *db);

/** msg_db_exec: @script: one or more statements without parameters, with the placeholders of dialect.h; their rows are
 *  ignored. */
bool msg_db_exec (MsgDb *db, const char *script, GError **error);

/* Transactions; a reader's is one snapshot. A savepoint is inside a writer's transaction, one level deep. Ending either
 * rewinds all statements. */
bool msg_db_begin (MsgDb *db, GError **error);
/** msg_db_commit: durable when true is returned; rolled back when not (only when a server is lost in the very moment of
 *  its commit, it may have done it). */
bool msg_db_commit (MsgDb *db, GError **error);
void msg_db_rollback (MsgDb *db);
bool msg_db_save (MsgDb *db, GError **error);
/** msg_db_unsave: ends the savepoint: @keep what was done since, or undo it. Returns: false: the transaction is lost.
 *  */
bool msg_db_unsave (MsgDb *db, bool keep);

/**
 * msg_db_prepare:
 * @sql: one statement; the text must stay as it is for the life of @db (a literal): statements are cached by its
 * address
 *
 * Returns: (transfer none): the statement, rewound, all parameters NULL. Never NULL: a mistake in @sql comes out of the
 * first step. Valid until the same @sql is prepared again.
 */
MsgStmt *msg_db_prepare (MsgDb *db, const char *sql);

/* Parameters: @name with its colon. An unknown name is a programmer error. Text and bytes are copied. */
void msg_stmt_set_int (MsgStmt *stmt, const char *name, int64_t value);
void msg_stmt_set_text (MsgStmt *stmt, const char *name, const char *text);             /* NULL is NULL */
void msg_stmt_set_bytes (MsgStmt *stmt, const char *name, const void *data, gsize len); /* NULL is NULL */

typedef enum { MSG_STEP_ROW, MSG_STEP_DONE, MSG_STEP_ERROR } MsgStep;
/** msg_stmt_step: the next row. After DONE or ERROR the statement is rewound. */
MsgStep msg_stmt_step (MsgStmt *stmt, GError **error);
/** msg_stmt_run: steps to the end. */
bool msg_stmt_run (MsgStmt *stmt, GError **error);
/** msg_db_changes: Returns: rows that the last INSERT, UPDATE or DELETE changed. */
int64_t msg_db_changes (MsgDb *db);

/* Columns of the current row, from 0. NULL gives 0, NULL, and NULL with length 0. Valid until the next step. */
int64_t msg_stmt_get_int (MsgStmt *stmt, int column);
const char *msg_stmt_get_text (MsgStmt *stmt, int column);
const void *msg_stmt_get_bytes (MsgStmt *stmt, int column, gsize *ret_len);

/** msg_db_wants_upkeep: Returns: true when another connection should call msg_db_do_upkeep() soon. Writer's thread. */
bool msg_db_wants_upkeep (MsgDb *db);
/** msg_db_do_upkeep: housekeeping beside the writer, which goes on (SQLite: a passive checkpoint). Its failure is
 *  logged and harmless. @db: opened with MSG_DB_WRITE for this alone. */
void msg_db_do_upkeep (MsgDb *db);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgDb, msg_db_close)
