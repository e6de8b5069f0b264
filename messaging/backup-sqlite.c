/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages are copied as they are (not VACUUM INTO, which gives rows other rowids), in one read transaction of the source:
 * writers go on beside it in the WAL.
 */
#include <sqlite3.h>
#include <string.h>

#include "messaging/backup-private.h"
#include "messaging/core.h"
#include "messaging/db-driver.h"
#include "messaging/migrations.h"

#define BUSY_TRIES 100 /* of 100 ms */

static bool
copy_fail (sqlite3 *handle, const char *path, GError **error)
{
  g_propagate_error (error, msg_error_new (MSG_ERROR_UNAVAILABLE, "storage", "%s: %s (%d)", path,
                                           sqlite3_errmsg (handle), sqlite3_extended_errcode (handle)));
  return false;
}

static bool
copy_all (sqlite3 *from, sqlite3 *to, const char *path, GError **error)
{
  sqlite3_backup *backup = sqlite3_backup_init (to, "main", from, "main");
  int code = SQLITE_ERROR;

  if (backup == NULL)
    return copy_fail (to, path, error);
  for (unsigned tries = 0; tries < BUSY_TRIES; tries++)
    {
      code = sqlite3_backup_step (backup, -1);
      if (code != SQLITE_BUSY && code != SQLITE_LOCKED)
        break;
      (void) sqlite3_sleep (100);
    }
  code = code == SQLITE_DONE ? sqlite3_backup_finish (backup) : (sqlite3_backup_finish (backup), code);
  return code == SQLITE_OK || copy_fail (to, path, error);
}

/* @single: the copy is one file, without a WAL beside it. */
static bool
copy_database (const char *from_path, const char *to_path, bool single, GError **error)
{
  sqlite3 *from = NULL, *to = NULL;
  bool ok;

  if (sqlite3_open_v2 (from_path, &from, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
    ok = copy_fail (from, from_path, error);
  else if (sqlite3_open_v2 (to_path, &to, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
    ok = copy_fail (to, to_path, error);
  else
    {
      ok = copy_all (from, to, to_path, error);
      if (ok && single && sqlite3_exec (to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL) != SQLITE_OK)
        ok = copy_fail (to, to_path, error);
    }
  (void) sqlite3_close (from);
  (void) sqlite3_close (to);
  return ok;
}

bool
msg_backup_write_sqlite (const char *url, const char *part, GError **error)
{
  return copy_database (msg_db_url_get_path (url), part, true, error);
}

static bool
file_check (const char *file, GError **error)
{
  g_autoptr (MsgDb) db = msg_db_open (file, MSG_DB_READ, error);
  MsgStmt *stmt;

  if (db == NULL)
    return false;
  stmt = msg_db_prepare (db, "PRAGMA integrity_check (1)");
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  if (strcmp (msg_stmt_get_text (stmt, 0), "ok") != 0)
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_UNAVAILABLE, "storage", "%s is damaged: %s", file,
                                               msg_stmt_get_text (stmt, 0)));
      return false;
    }
  return msg_migrations_check (db, msg_migrations (), error);
}

bool
msg_backup_restore_sqlite (MsgDb *db, const char *url, const char *file, GError **error)
{
  /* one transaction of the target: after a crash it is as before, or restored */
  return file_check (file, error) && copy_database (file, msg_db_url_get_path (url), false, error);
}
