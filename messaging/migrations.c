/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/migrations.h"

#include "messaging/core.h"

static bool
migration_run (MsgDb *db, const MsgMigration *step, int64_t now_ms, GError **error)
{
  MsgStmt *stmt;

  if (!msg_db_begin (db, error))
    return false;
  if (!msg_db_exec (db, step->script, error))
    {
      g_prefix_error (error, "schema step %d (%s): ", step->version, step->name);
      msg_db_rollback (db);
      return false;
    }
  stmt = msg_db_prepare (db, "INSERT INTO schema_steps (version, name, applied_ms) VALUES (:version, :name, :now)");
  msg_stmt_set_int (stmt, ":version", step->version);
  msg_stmt_set_text (stmt, ":name", step->name);
  msg_stmt_set_int (stmt, ":now", now_ms);
  if (!msg_stmt_run (stmt, error))
    {
      msg_db_rollback (db);
      return false;
    }
  return msg_db_commit (db, error);
}

/* @ret_version: the last step that the database has */
static bool
migrations_read (MsgDb *db, const MsgMigration *steps, int *ret_version, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT version, name FROM schema_steps ORDER BY version");
  int version = 0;
  MsgStep step;

  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      const MsgMigration *known = &steps[version];
      int64_t found = msg_stmt_get_int (stmt, 0);

      if (known->version == 0)
        {
          g_propagate_error (error, msg_error_new (MSG_ERROR_UNAVAILABLE, "schema",
                                                   "the database has schema step %d (%s), this program knows only %d: "
                                                   "it was used by a newer version of Aldis",
                                                   (int) found, msg_stmt_get_text (stmt, 1), version));
          return false;
        }
      if (found != known->version || g_strcmp0 (msg_stmt_get_text (stmt, 1), known->name) != 0)
        {
          g_propagate_error (error, msg_error_new (MSG_ERROR_UNAVAILABLE, "schema",
                                                   "the database has schema step %d (%s) where %d (%s) was expected",
                                                   (int) found, msg_stmt_get_text (stmt, 1), known->version,
                                                   known->name));
          return false;
        }
      version++;
    }
  if (step == MSG_STEP_ERROR)
    return false;
  *ret_version = version;
  return true;
}

bool
msg_migrations_check (MsgDb *db, const MsgMigration *steps, GError **error)
{
  int version;

  return migrations_read (db, steps, &version, error);
}

bool
msg_migrations_apply (MsgDb *db, const MsgMigration *steps, int64_t now_ms, GError **error)
{
  int version;

  if (!msg_db_exec (db,
                    "CREATE TABLE IF NOT EXISTS schema_steps ("
                    "  version BIGINT NOT NULL PRIMARY KEY,"
                    "  name {text} NOT NULL,"
                    "  applied_ms BIGINT NOT NULL)",
                    error))
    return false;
  if (!migrations_read (db, steps, &version, error))
    {
      msg_db_rollback (db);
      return false;
    }
  for (const MsgMigration *step = &steps[version]; step->version != 0; step++)
    if (!migration_run (db, step, now_ms, error))
      return false;
  return true;
}
