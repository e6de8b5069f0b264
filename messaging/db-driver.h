/* SPDX-License-Identifier: Apache-2.0 */
/* What an engine implements behind db.h, and the parts of a connection and a statement that all of them share. For
 * db.c and db-*.c. */
#pragma once

#include "messaging/db.h"

/**
 * MsgDriver: the functions are those of db.h and keep its promises; db.c takes care of the cache of statements, of the
 * modes and of scripts, which come in the words of @dialect.
 */
typedef struct {
  MsgDialect dialect;

  MsgDb *(*open) (const char *url, MsgDbMode mode, GError **error);
  void (*close) (MsgDb *db); /* after all statements are free */
  bool (*exec) (MsgDb *db, const char *script, GError **error);

  bool (*begin) (MsgDb *db, GError **error);
  bool (*commit) (MsgDb *db, GError **error); /* all statements are rewound */
  void (*rollback) (MsgDb *db);               /* the same */
  bool (*save) (MsgDb *db, GError **error);
  bool (*unsave) (MsgDb *db, bool keep);      /* the same */

  MsgStmt *(*stmt_new) (MsgDb *db, const char *sql);
  void (*stmt_free) (MsgStmt *stmt);
  void (*stmt_rewind) (MsgStmt *stmt);
  void (*stmt_clear) (MsgStmt *stmt); /* rewinds, and makes all parameters NULL */
  void (*set_int) (MsgStmt *stmt, const char *name, int64_t value);
  void (*set_text) (MsgStmt *stmt, const char *name, const char *text);
  void (*set_bytes) (MsgStmt *stmt, const char *name, const void *data, gsize len);
  MsgStep (*step) (MsgStmt *stmt, GError **error);
  int64_t (*changes) (MsgDb *db);
  int64_t (*get_int) (MsgStmt *stmt, int column);
  const char *(*get_text) (MsgStmt *stmt, int column);
  const void *(*get_bytes) (MsgStmt *stmt, int column, gsize *ret_len);

  bool (*wants_upkeep) (MsgDb *db); /* (nullable): never */
  void (*do_upkeep) (MsgDb *db);    /* (nullable): there is nothing to do */
} MsgDriver;

/* An engine's own structs begin with these. */
struct MsgDb {
  const MsgDriver *driver;
  MsgDbMode mode;
  GHashTable *stmts; /* owned: SQL literal -> MsgStmt */
};

struct MsgStmt {
  MsgDb *db;
  const char *sql; /* not owned */
};

/** msg_db_init: for a driver's open. */
void msg_db_init (MsgDb *db, const MsgDriver *driver, MsgDbMode mode);

extern const MsgDriver msg_driver_sqlite;
extern const MsgDriver msg_driver_postgres;
