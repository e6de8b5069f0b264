/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite 3 behind the driver interface: WAL, synchronous=FULL (a commit is an fsync of the WAL), so readers never wait
 * for the writer. Automatic checkpoints are off: they would stall the writer by 30 to 320 ms. Another connection does
 * passive ones instead; only if it falls far behind does the writer help.
 */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/log.h"
#include "messaging/core.h"
#include "messaging/db-driver.h"

#define BUSY_TIMEOUT_MS 5000
#define UPKEEP_PAGES 1000   /* 4 MB of WAL: as often as SQLite itself would */
#define FORCED_PAGES 20000  /* 80 MB: the other connection does not keep up */

typedef struct {
  MsgStmt base;
  sqlite3_stmt *handle;  /* NULL when the SQL is wrong */
} LiteStmt;

typedef struct {
  MsgDb base;
  /* owned */
  sqlite3 *handle;
  int lock_fd;        /* the one writer's; -1 for others */
  int wal_pages;      /* after the last commit */
} LiteDb;

static bool
db_fail (LiteDb *db, const char *doing, GError **error)
{
  int code = sqlite3_errcode (db->handle);

  if (code == SQLITE_CONSTRAINT)
    g_propagate_error (error, msg_error_new (MSG_ERROR_CONFLICT, "constraint", "%s: %s", doing,
                                             sqlite3_errmsg (db->handle)));
  else
    g_propagate_error (error, msg_error_new (MSG_ERROR_UNAVAILABLE, "storage", "%s: %s (%d)", doing,
                                             sqlite3_errmsg (db->handle), sqlite3_extended_errcode (db->handle)));
  return false;
}

static int
on_wal_commit (void *user, sqlite3 *handle, const char *schema, int pages)
{
  LiteDb *db = user;

  db->wal_pages = pages;
  return SQLITE_OK;
}

/* Runs one of the engine's own statements. */
static bool
db_run (LiteDb *db, const char *sql, GError **error)
{
  return msg_stmt_run (msg_db_prepare (&db->base, sql), error);
}

/* A lock file of its own: SQLite's locks are POSIX ones, which are lost when any descriptor of the file is closed. */
static bool
db_lock (LiteDb *db, const char *path, GError **error)
{
  g_autofree char *file = g_strconcat (path, ".lock", NULL);

  db->lock_fd = open (file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (db->lock_fd < 0)
    {
      int saved = errno;

      g_propagate_error (error, msg_error_new (MSG_ERROR_UNAVAILABLE, "storage", "%s: %s", file, g_strerror (saved)));
      return false;
    }
  if (flock (db->lock_fd, LOCK_EX | LOCK_NB) == 0)
    return true;
  g_propagate_error (error, msg_error_new (MSG_ERROR_UNAVAILABLE, "storage", "%s is in use by another server", path));
  return false;
}

/* SQLite would create it readable for all, within the umask; the WAL takes its mode over. */
static bool
db_create (const char *path, GError **error)
{
  int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

  if (fd >= 0)
    return close (fd) == 0;
  int saved = errno;
  g_propagate_error (error, msg_error_new (MSG_ERROR_UNAVAILABLE, "storage", "%s: %s", path, g_strerror (saved)));
  return false;
}

static bool
lite_exec (MsgDb *base, const char *script, GError **error)
{
  LiteDb *db = (LiteDb *) base;

  if (sqlite3_exec (db->handle, script, NULL, NULL, NULL) != SQLITE_OK)
    return db_fail (db, "cannot run a script", error);
  return true;
}

static bool
db_configure (LiteDb *db, GError **error)
{
  static const char common[] = "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;";
  static const char writer[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                               "PRAGMA journal_size_limit = 67108864;";
  MsgStmt *stmt;

  (void) sqlite3_extended_result_codes (db->handle, 0);
  (void) sqlite3_busy_timeout (db->handle, BUSY_TIMEOUT_MS);
  (void) sqlite3_db_config (db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  if (!lite_exec (&db->base, common, error))
    return false;
  if (db->base.mode == MSG_DB_READ)
    return lite_exec (&db->base, "PRAGMA query_only = ON", error);
  if (!lite_exec (&db->base, writer, error))
    return false;
  (void) sqlite3_wal_hook (db->handle, on_wal_commit, db);

  /* a file system without shared memory leaves the journal in another mode, silently */
  stmt = msg_db_prepare (&db->base, "PRAGMA journal_mode");
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  if (g_strcmp0 (msg_stmt_get_text (stmt, 0), "wal") != 0)
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_UNAVAILABLE, "storage", "the file system allows no WAL"));
      return false;
    }
  return msg_stmt_run (stmt, error);
}

static void
lite_close (MsgDb *base)
{
  LiteDb *db = (LiteDb *) base;

  if (sqlite3_close (db->handle) != SQLITE_OK)
    g_error ("a statement outlives its database");
  if (db->lock_fd >= 0)
    (void) close (db->lock_fd);
  g_free (db);
}

static MsgDb *
lite_open (const char *url, MsgDbMode mode, GError **error)
{
  const char *path = msg_db_url_get_path (url);
  int flags = mode == MSG_DB_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  LiteDb *db = g_new0 (LiteDb, 1);
  g_autoptr (MsgDb) base = &db->base;

  msg_db_init (base, &msg_driver_sqlite, mode);
  db->lock_fd = -1;
  if (*path == '\0' || *path == ':')
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_UNAVAILABLE, "storage", "\"%s\" names no file", url));
      return NULL;
    }
  if (mode == MSG_DB_WRITE && (!db_lock (db, path, error) || !db_create (path, error)))
    return NULL;
  /* NOMUTEX: a connection belongs to one thread at a time */
  if (sqlite3_open_v2 (path, &db->handle, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
    {
      (void) db_fail (db, path, error);
      return NULL;
    }
  if (!db_configure (db, error))
    return NULL;
  return g_steal_pointer (&base);
}

/* --- Transactions --- */

static bool
lite_begin (MsgDb *base, GError **error)
{
  /* IMMEDIATE: waits for the lock here, so that no later statement of the transaction can find it taken */
  return db_run ((LiteDb *) base, base->mode == MSG_DB_READ ? "BEGIN" : "BEGIN IMMEDIATE", error);
}

static void
lite_do_upkeep (MsgDb *base)
{
  LiteDb *db = (LiteDb *) base;
  int code = sqlite3_wal_checkpoint_v2 (db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);

  /* BUSY: a checkpoint is running already */
  if (code != SQLITE_OK && code != SQLITE_BUSY && code != SQLITE_LOCKED)
    al_warning ("checkpoint failed, ignoring", "error", sqlite3_errmsg (db->handle));
}

static bool
lite_wants_upkeep (MsgDb *base)
{
  return ((LiteDb *) base)->wal_pages >= UPKEEP_PAGES;
}

static bool
lite_commit (MsgDb *base, GError **error)
{
  LiteDb *db = (LiteDb *) base;

  if (!db_run (db, "COMMIT", error))
    return false;
  if (base->mode == MSG_DB_WRITE && db->wal_pages >= FORCED_PAGES)
    lite_do_upkeep (base);
  return true;
}

static void
lite_rollback (MsgDb *base)
{
  LiteDb *db = (LiteDb *) base;

  if (sqlite3_get_autocommit (db->handle) == 0)
    (void) db_run (db, "ROLLBACK", NULL);
}

static bool
lite_save (MsgDb *base, GError **error)
{
  return db_run ((LiteDb *) base, "SAVEPOINT job", error);
}

static bool
lite_unsave (MsgDb *base, bool keep)
{
  LiteDb *db = (LiteDb *) base;

  /* after a full disk or an I/O error SQLite may have rolled back the whole transaction by itself */
  if (sqlite3_get_autocommit (db->handle) != 0)
    return false;
  if (!keep && !db_run (db, "ROLLBACK TO job", NULL))
    return false;
  return db_run (db, "RELEASE job", NULL);
}

/* --- Statements --- */

static MsgStmt *
lite_stmt_new (MsgDb *base, const char *sql)
{
  LiteStmt *stmt = g_new0 (LiteStmt, 1);

  (void) sqlite3_prepare_v3 (((LiteDb *) base)->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt->handle, NULL);
  return &stmt->base;
}

static void
lite_stmt_free (MsgStmt *base)
{
  (void) sqlite3_finalize (((LiteStmt *) base)->handle);
  g_free (base);
}

static void
lite_stmt_rewind (MsgStmt *base)
{
  (void) sqlite3_reset (((LiteStmt *) base)->handle); /* NULL is harmless */
}

static void
lite_stmt_clear (MsgStmt *base)
{
  LiteStmt *stmt = (LiteStmt *) base;

  if (stmt->handle == NULL) /* it may be right by now: the table was missing, or memory */
    (void) sqlite3_prepare_v3 (((LiteDb *) base->db)->handle, base->sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt->handle,
                               NULL);
  else
    {
      (void) sqlite3_reset (stmt->handle);
      (void) sqlite3_clear_bindings (stmt->handle);
    }
}

static int
stmt_index (LiteStmt *stmt, const char *name)
{
  int index;

  if (stmt->handle == NULL)
    return 0; /* the first step says why */
  index = sqlite3_bind_parameter_index (stmt->handle, name);
  if (index == 0)
    g_error ("no parameter %s in: %s", name, stmt->base.sql);
  return index;
}

static void
lite_set_int (MsgStmt *base, const char *name, int64_t value)
{
  LiteStmt *stmt = (LiteStmt *) base;

  (void) sqlite3_bind_int64 (stmt->handle, stmt_index (stmt, name), value);
}

static void
lite_set_text (MsgStmt *base, const char *name, const char *text)
{
  LiteStmt *stmt = (LiteStmt *) base;

  (void) sqlite3_bind_text (stmt->handle, stmt_index (stmt, name), text, -1, SQLITE_TRANSIENT);
}

static void
lite_set_bytes (MsgStmt *base, const char *name, const void *data, gsize len)
{
  LiteStmt *stmt = (LiteStmt *) base;

  (void) sqlite3_bind_blob64 (stmt->handle, stmt_index (stmt, name), data, len, SQLITE_TRANSIENT);
}

static MsgStep
lite_step (MsgStmt *base, GError **error)
{
  LiteStmt *stmt = (LiteStmt *) base;
  int code = stmt->handle == NULL ? SQLITE_ERROR : sqlite3_step (stmt->handle);

  if (code == SQLITE_ROW)
    return MSG_STEP_ROW;
  if (code != SQLITE_DONE)
    (void) db_fail ((LiteDb *) base->db, base->sql, error);
  (void) sqlite3_reset (stmt->handle);
  return code == SQLITE_DONE ? MSG_STEP_DONE : MSG_STEP_ERROR;
}

static int64_t
lite_changes (MsgDb *base)
{
  return sqlite3_changes64 (((LiteDb *) base)->handle);
}

static int64_t
lite_get_int (MsgStmt *base, int column)
{
  return sqlite3_column_int64 (((LiteStmt *) base)->handle, column);
}

static const char *
lite_get_text (MsgStmt *base, int column)
{
  return (const char *) sqlite3_column_text (((LiteStmt *) base)->handle, column);
}

static const void *
lite_get_bytes (MsgStmt *base, int column, gsize *ret_len)
{
  sqlite3_stmt *handle = ((LiteStmt *) base)->handle;
  const void *data = sqlite3_column_blob (handle, column);

  *ret_len = (gsize) sqlite3_column_bytes (handle, column);
  return data;
}

const MsgDriver msg_driver_sqlite = {
  .dialect = MSG_DIALECT_SQLITE,
  .open = lite_open,
  .close = lite_close,
  .exec = lite_exec,
  .begin = lite_begin,
  .commit = lite_commit,
  .rollback = lite_rollback,
  .save = lite_save,
  .unsave = lite_unsave,
  .stmt_new = lite_stmt_new,
  .stmt_free = lite_stmt_free,
  .stmt_rewind = lite_stmt_rewind,
  .stmt_clear = lite_stmt_clear,
  .set_int = lite_set_int,
  .set_text = lite_set_text,
  .set_bytes = lite_set_bytes,
  .step = lite_step,
  .changes = lite_changes,
  .get_int = lite_get_int,
  .get_text = lite_get_text,
  .get_bytes = lite_get_bytes,
  .wants_upkeep = lite_wants_upkeep,
  .do_upkeep = lite_do_upkeep,
};
