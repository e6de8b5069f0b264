/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite 3 behind the driver interface: WAL, synchronous=FULL (a commit is an fsync of the WAL), so readers never wait
 * for the writer. Automatic checkpoints are off: they would stall the writer by 30 to 320 ms. Another connection does
 * passive ones instead; only if it falls far behind does the writer help.
 */
#include "messaging/db.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/log.h"
#include "messaging/core.h"

#define BUSY_TIMEOUT_MS 5000
#define UPKEEP_PAGES 1000   /* 4 MB of WAL: as often as SQLite itself would */
#define FORCED_PAGES 20000  /* 80 MB: the other connection does not keep up */

struct MsgStmt {
  MsgDb *db;
  sqlite3_stmt *handle;  /* NULL when the SQL is wrong */
  const char *sql;
};

struct MsgDb {
  /* owned */
  sqlite3 *handle;
  GHashTable *stmts;  /* SQL literal -> MsgStmt */
  int lock_fd;        /* the one writer's; -1 for others */
  MsgDbMode mode;
  int wal_pages;      /* after the last commit */
};

static bool
db_fail (MsgDb *db, const char *doing, GError **error)
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
  MsgDb *db = user;

  db->wal_pages = pages;
  return SQLITE_OK;
}

static void
stmt_free (gpointer data)
{
  MsgStmt *stmt = data;

  (void) sqlite3_finalize (stmt->handle);
  g_free (stmt);
}

/* A lock file of its own: SQLite's locks are POSIX ones, which are lost when any descriptor of the file is closed. */
static bool
db_lock (MsgDb *db, const char *path, GError **error)
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
db_configure (MsgDb *db, GError **error)
{
  static const char common[] = "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;";
  static const char writer[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                               "PRAGMA journal_size_limit = 67108864;";
  MsgStmt *stmt;

  (void) sqlite3_extended_result_codes (db->handle, 0);
  (void) sqlite3_busy_timeout (db->handle, BUSY_TIMEOUT_MS);
  (void) sqlite3_db_config (db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  if (!msg_db_exec (db, common, error))
    return false;
  if (db->mode == MSG_DB_READ)
    return msg_db_exec (db, "PRAGMA query_only = ON", error);
  if (!msg_db_exec (db, writer, error))
    return false;
  (void) sqlite3_wal_hook (db->handle, on_wal_commit, db);

  /* a file system without shared memory leaves the journal in another mode, silently */
  stmt = msg_db_prepare (db, "PRAGMA journal_mode");
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  if (g_strcmp0 (msg_stmt_get_text (stmt, 0), "wal") != 0)
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_UNAVAILABLE, "storage", "the file system allows no WAL"));
      return false;
    }
  return msg_stmt_run (stmt, error);
}

MsgDb *
msg_db_open (const char *url, MsgDbMode mode, GError **error)
{
  const char *path = g_str_has_prefix (url, "sqlite:") ? url + strlen ("sqlite:") : url;
  int flags = mode == MSG_DB_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  g_autoptr (MsgDb) db = g_new0 (MsgDb, 1);

  db->lock_fd = -1;
  db->mode = mode;
  db->stmts = g_hash_table_new_full (NULL, NULL, NULL, stmt_free);
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
  return g_steal_pointer (&db);
}

void
msg_db_close (MsgDb *db)
{
  if (db == NULL)
    return;
  g_hash_table_unref (db->stmts);
  if (sqlite3_close (db->handle) != SQLITE_OK)
    g_error ("a statement outlives its database");
  if (db->lock_fd >= 0)
    (void) close (db->lock_fd);
  g_free (db);
}

bool
msg_db_exec (MsgDb *db, const char *script, GError **error)
{
  if (sqlite3_exec (db->handle, script, NULL, NULL, NULL) != SQLITE_OK)
    return db_fail (db, "cannot run a script", error);
  return true;
}

/* --- Transactions --- */

static void
db_rewind_all (MsgDb *db)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, db->stmts);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((MsgStmt *) value)->handle != NULL)
      (void) sqlite3_reset (((MsgStmt *) value)->handle);
}

bool
msg_db_begin (MsgDb *db, GError **error)
{
  /* IMMEDIATE: waits for the lock here, so that no later statement of the transaction can find it taken */
  return msg_stmt_run (msg_db_prepare (db, db->mode == MSG_DB_READ ? "BEGIN" : "BEGIN IMMEDIATE"), error);
}

bool
msg_db_commit (MsgDb *db, GError **error)
{
  db_rewind_all (db);
  if (!msg_stmt_run (msg_db_prepare (db, "COMMIT"), error))
    {
      msg_db_rollback (db);
      return false;
    }
  if (db->mode == MSG_DB_WRITE && db->wal_pages >= FORCED_PAGES)
    msg_db_do_upkeep (db);
  return true;
}

void
msg_db_rollback (MsgDb *db)
{
  db_rewind_all (db);
  if (sqlite3_get_autocommit (db->handle) == 0)
    (void) msg_stmt_run (msg_db_prepare (db, "ROLLBACK"), NULL);
}

bool
msg_db_save (MsgDb *db, GError **error)
{
  return msg_stmt_run (msg_db_prepare (db, "SAVEPOINT job"), error);
}

bool
msg_db_unsave (MsgDb *db, bool keep)
{
  db_rewind_all (db);
  /* after a full disk or an I/O error SQLite may have rolled back the whole transaction by itself */
  if (sqlite3_get_autocommit (db->handle) != 0)
    return false;
  if (!keep && !msg_stmt_run (msg_db_prepare (db, "ROLLBACK TO job"), NULL))
    return false;
  return msg_stmt_run (msg_db_prepare (db, "RELEASE job"), NULL);
}

/* --- Statements --- */

MsgStmt *
msg_db_prepare (MsgDb *db, const char *sql)
{
  MsgStmt *stmt = g_hash_table_lookup (db->stmts, sql);

  if (stmt == NULL)
    {
      stmt = g_new0 (MsgStmt, 1);
      stmt->db = db;
      stmt->sql = sql;
      g_hash_table_insert (db->stmts, (gpointer) sql, stmt);
    }
  if (stmt->handle == NULL)
    (void) sqlite3_prepare_v3 (db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt->handle, NULL);
  else
    {
      (void) sqlite3_reset (stmt->handle);
      (void) sqlite3_clear_bindings (stmt->handle);
    }
  return stmt;
}

static int
stmt_index (MsgStmt *stmt, const char *name)
{
  int index;

  if (stmt->handle == NULL)
    return 0; /* the first step says why */
  index = sqlite3_bind_parameter_index (stmt->handle, name);
  if (index == 0)
    g_error ("no parameter %s in: %s", name, stmt->sql);
  return index;
}

void
msg_stmt_set_int (MsgStmt *stmt, const char *name, int64_t value)
{
  (void) sqlite3_bind_int64 (stmt->handle, stmt_index (stmt, name), value);
}

void
msg_stmt_set_text (MsgStmt *stmt, const char *name, const char *text)
{
  (void) sqlite3_bind_text (stmt->handle, stmt_index (stmt, name), text, -1, SQLITE_TRANSIENT);
}

void
msg_stmt_set_bytes (MsgStmt *stmt, const char *name, const void *data, gsize len)
{
  (void) sqlite3_bind_blob64 (stmt->handle, stmt_index (stmt, name), data, len, SQLITE_TRANSIENT);
}

MsgStep
msg_stmt_step (MsgStmt *stmt, GError **error)
{
  int code = stmt->handle == NULL ? SQLITE_ERROR : sqlite3_step (stmt->handle);

  if (code == SQLITE_ROW)
    return MSG_STEP_ROW;
  if (code != SQLITE_DONE)
    (void) db_fail (stmt->db, stmt->sql, error);
  if (stmt->handle != NULL)
    (void) sqlite3_reset (stmt->handle);
  return code == SQLITE_DONE ? MSG_STEP_DONE : MSG_STEP_ERROR;
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
  return sqlite3_changes64 (db->handle);
}

int64_t
msg_stmt_get_int (MsgStmt *stmt, int column)
{
  return sqlite3_column_int64 (stmt->handle, column);
}

const char *
msg_stmt_get_text (MsgStmt *stmt, int column)
{
  return (const char *) sqlite3_column_text (stmt->handle, column);
}

const void *
msg_stmt_get_bytes (MsgStmt *stmt, int column, gsize *ret_len)
{
  const void *data = sqlite3_column_blob (stmt->handle, column);

  *ret_len = (gsize) sqlite3_column_bytes (stmt->handle, column);
  return data;
}

/* --- Upkeep --- */

bool
msg_db_wants_upkeep (MsgDb *db)
{
  return db->wal_pages >= UPKEEP_PAGES;
}

void
msg_db_do_upkeep (MsgDb *db)
{
  int code = sqlite3_wal_checkpoint_v2 (db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);

  /* BUSY: a checkpoint is running already */
  if (code != SQLITE_OK && code != SQLITE_BUSY && code != SQLITE_LOCKED)
    al_warning ("checkpoint failed, ignoring", "error", sqlite3_errmsg (db->handle));
}
