/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/db.h"

#include <string.h>

#include "messaging/core.h"
#include "messaging/db-driver.h"

static void
stmt_free (gpointer data)
{
  MsgStmt *stmt = data;

  stmt->db->driver->stmt_free (stmt);
}

void
msg_db_init (MsgDb *db, const MsgDriver *driver, MsgDbMode mode)
{
  db->driver = driver;
  db->mode = mode;
  db->stmts = g_hash_table_new_full (NULL, NULL, NULL, stmt_free);
}

bool
msg_db_url_is_postgres (const char *url)
{
  return g_str_has_prefix (url, "postgresql://") || g_str_has_prefix (url, "postgres://");
}

const char *
msg_db_url_get_path (const char *url)
{
  return g_str_has_prefix (url, "sqlite:") ? url + strlen ("sqlite:") : url;
}

MsgDb *
msg_db_open (const char *url, MsgDbMode mode, GError **error)
{
  if (msg_db_url_is_postgres (url))
    return msg_driver_postgres.open (url, mode, error);
  return msg_driver_sqlite.open (url, mode, error);
}

void
msg_db_close (MsgDb *db)
{
  if (db == NULL)
    return;
  g_hash_table_unref (db->stmts);
  db->driver->close (db);
}

MsgDialect
msg_db_get_dialect (const MsgDb *db)
{
  return db->driver->dialect;
}

bool
msg_db_exec (MsgDb *db, const char *script, GError **error)
{
  g_autofree char *expanded = msg_dialect_expand (db->driver->dialect, script);

  return db->driver->exec (db, expanded, error);
}

/* --- Transactions --- */

static void
db_rewind_all (MsgDb *db)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, db->stmts);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    db->driver->stmt_rewind (value);
}

bool
msg_db_begin (MsgDb *db, GError **error)
{
  return db->driver->begin (db, error);
}

bool
msg_db_commit (MsgDb *db, GError **error)
{
  db_rewind_all (db);
  if (db->driver->commit (db, error))
    return true;
  db->driver->rollback (db);
  return false;
}

void
msg_db_rollback (MsgDb *db)
{
  db_rewind_all (db);
  db->driver->rollback (db);
}

bool
msg_db_save (MsgDb *db, GError **error)
{
  return db->driver->save (db, error);
}

bool
msg_db_unsave (MsgDb *db, bool keep)
{
  db_rewind_all (db);
  return db->driver->unsave (db, keep);
}

/* --- Statements --- */

MsgStmt *
msg_db_prepare (MsgDb *db, const char *sql)
{
  MsgStmt *stmt = g_hash_table_lookup (db->stmts, sql);

  if (stmt != NULL)
    {
      db->driver->stmt_clear (stmt);
      return stmt;
    }
  stmt = db->driver->stmt_new (db, sql);
  stmt->db = db;
  stmt->sql = sql;
  (void) g_hash_table_insert (db->stmts, (gpointer) sql, stmt);
  return stmt;
}

void
msg_stmt_set_int (MsgStmt *stmt, const char *name, int64_t value)
{
  stmt->db->driver->set_int (stmt, name, value);
}

void
msg_stmt_set_text (MsgStmt *stmt, const char *name, const char *text)
{
  stmt->db->driver->set_text (stmt, name, text);
}

void
msg_stmt_set_bytes (MsgStmt *stmt, const char *name, const void *data, gsize len)
{
  stmt->db->driver->set_bytes (stmt, name, data, len);
}

MsgStep
msg_stmt_step (MsgStmt *stmt, GError **error)
{
  return stmt->db->driver->step (stmt, error);
}

bool
msg_stmt_run (MsgStmt *stmt, GError **error)
{
  MsgStep step;

  do
    step = msg_stmt_step (stmt, error);
  while (step == MSG_STEP_ROW);
  return step == MSG_STEP_DONE;
}

int64_t
msg_db_changes (MsgDb *db)
{
  return db->driver->changes (db);
}

int64_t
msg_stmt_get_int (MsgStmt *stmt, int column)
{
  return stmt->db->driver->get_int (stmt, column);
}

const char *
msg_stmt_get_text (MsgStmt *stmt, int column)
{
  return stmt->db->driver->get_text (stmt, column);
}

const void *
msg_stmt_get_bytes (MsgStmt *stmt, int column, gsize *ret_len)
{
  return stmt->db->driver->get_bytes (stmt, column, ret_len);
}

/* --- Upkeep --- */

bool
msg_db_wants_upkeep (MsgDb *db)
{
  return db->driver->wants_upkeep != NULL && db->driver->wants_upkeep (db);
}

void
msg_db_do_upkeep (MsgDb *db)
{
  if (db->driver->do_upkeep != NULL)
    db->driver->do_upkeep (db);
}
