/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "messaging/backup-private.h"
#include "messaging/core.h"

static bool
backup_fail_errno (GError **error, const char *path)
{
  int saved = errno;

  g_propagate_error (error, msg_error_new (MSG_ERROR_UNAVAILABLE, "storage", "%s: %s", path, g_strerror (saved)));
  return false;
}

/* @ret_there: whether the database is one of ours. */
static bool
backup_look (MsgDb *db, bool *ret_there, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, msg_db_get_dialect (db) == MSG_DIALECT_SQLITE
                                          ? "SELECT COUNT (*) FROM sqlite_master WHERE name = 'schema_steps'"
                                          : "SELECT COUNT (*) FROM pg_tables WHERE tablename = 'schema_steps'"
                                            " AND schemaname = current_schema ()");

  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  *ret_there = msg_stmt_get_int (stmt, 0) > 0;
  return msg_stmt_run (stmt, error);
}

/* Beside @file, so that the finished one can be renamed. Returns: (transfer full) (nullable). */
static char *
backup_make_part (const char *file, GError **error)
{
  g_autofree char *part = g_strconcat (file, ".XXXXXX", NULL);
  int fd = g_mkstemp_full (part, O_RDWR | O_CLOEXEC, 0600);

  if (fd < 0)
    {
      (void) backup_fail_errno (error, file);
      return NULL;
    }
  (void) close (fd);
  return g_steal_pointer (&part);
}

static bool
sync_path (const char *path, int flags, GError **error)
{
  int fd = open (path, flags | O_RDONLY | O_CLOEXEC);
  bool ok = fd >= 0 && fsync (fd) == 0;

  if (!ok)
    (void) backup_fail_errno (error, path);
  if (fd >= 0)
    (void) close (fd);
  return ok;
}

static bool
backup_finish (const char *part, const char *file, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (file);

  if (!sync_path (part, 0, error))
    return false;
  if (renameat2 (AT_FDCWD, part, AT_FDCWD, file, RENAME_NOREPLACE) != 0)
    return backup_fail_errno (error, file);
  return sync_path (folder, O_DIRECTORY, error);
}

bool
msg_backup_write (const char *url, const char *file, GError **error)
{
  g_autoptr (MsgDb) db = NULL;
  g_autofree char *part = NULL;
  bool there, ok;

  if (g_file_test (file, G_FILE_TEST_EXISTS))
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_CONFLICT, "exists", "%s exists", file));
      return false;
    }
  db = msg_db_open (url, MSG_DB_READ, error);
  if (db == NULL || !backup_look (db, &there, error))
    return false;
  if (!there)
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_UNAVAILABLE, "schema", "there is no database of Aldis there"));
      return false;
    }
  g_clear_pointer (&db, msg_db_close);
  part = backup_make_part (file, error);
  if (part == NULL)
    return false;
  ok = (msg_db_url_is_postgres (url) ? msg_backup_write_postgres (url, part, error)
                                     : msg_backup_write_sqlite (url, part, error))
       && backup_finish (part, file, error);
  if (!ok)
    (void) g_unlink (part);
  return ok;
}

/* By the first bytes: a file of SQLite, an archive of pg_dump. */
static bool
backup_check_kind (const char *url, const char *file, GError **error)
{
  char head[16] = "";
  FILE *in = fopen (file, "rbe");
  bool is_sqlite, is_postgres;

  if (in == NULL)
    return backup_fail_errno (error, file);
  (void) !fread (head, 1, sizeof head, in);
  (void) fclose (in);
  is_sqlite = memcmp (head, "SQLite format 3", sizeof head) == 0;
  is_postgres = memcmp (head, "PGDMP", 5) == 0;
  if (msg_db_url_is_postgres (url) ? is_postgres : is_sqlite)
    return true;
  g_propagate_error (error, msg_error_new (MSG_ERROR_UNAVAILABLE, "storage", "%s is %s", file,
                                           is_sqlite     ? "a backup of SQLite, but the database is of PostgreSQL"
                                           : is_postgres ? "a backup of PostgreSQL, but the database is of SQLite"
                                                         : "no backup"));
  return false;
}

bool
msg_backup_restore (const char *url, const char *file, bool overwrite, GError **error)
{
  g_autoptr (MsgDb) db = NULL;
  bool there;

  if (!backup_check_kind (url, file, error))
    return false;
  db = msg_db_open (url, MSG_DB_WRITE, error);
  if (db == NULL || !backup_look (db, &there, error))
    return false;
  if (there && !overwrite)
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_CONFLICT, "occupied", "there is a database already"));
      return false;
    }
  return msg_db_url_is_postgres (url) ? msg_backup_restore_postgres (db, url, file, error)
                                      : msg_backup_restore_sqlite (db, url, file, error);
}
