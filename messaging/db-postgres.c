/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PostgreSQL behind the driver interface. The one writer is alone by a lock that the server holds (pg-link.c), so READ
 * COMMITTED is serial for it and takes no snapshot of a whole transaction; readers are REPEATABLE READ, one snapshot.
 * BEGIN, SAVEPOINT, RELEASE and ROLLBACK go out with the next statement in one packet, and a reader's end is not waited
 * for: a job is as many trips to the server as it has statements.
 *
 * Values travel in binary. A statement is prepared with the types that its parameters are given the first time.
 */
#include <string.h>

#include "messaging/core.h"
#include "messaging/db-driver.h"
#include "messaging/named-sql.h"
#include "messaging/pg-link.h"

/* from the catalogue of PostgreSQL, where they are fixed */
enum { OID_NONE = 0, OID_BOOL = 16, OID_BYTEA = 17, OID_INT8 = 20, OID_INT4 = 23, OID_TEXT = 25 };

typedef struct {
  MsgDb base;
  MsgPgLink *link;    /* owned; NULL for upkeep, of which there is none */
  unsigned n_names;   /* of prepared statements */
  int64_t changes;
  bool open;          /* a transaction is */
  bool save_due;      /* the savepoint is not sent yet: the job has run no statement */
} PgDb;

typedef struct {
  Oid type;
  bool is_null;
  gsize size;         /* of data, which grows as it must */
  char *data;         /* owned */
} Param;

typedef struct {
  MsgStmt base;
  MsgNamedSql named;
  Param *params;      /* owned, named.n of them; the same for the next four */
  Oid *types;         /* those it was prepared with */
  const char **values;
  int *lengths, *formats;
  unsigned generation; /* of the connection that has it prepared; 0: none */
  char name[16];
  PGresult *result;   /* owned; NULL: rewound */
  int row;
} PgStmt;

/* --- Opening --- */

static void
pg_close (MsgDb *base)
{
  PgDb *db = (PgDb *) base;

  msg_pg_link_free (db->link);
  g_free (db);
}

static MsgDb *
pg_open (const char *url, MsgDbMode mode, GError **error)
{
  PgDb *db = g_new0 (PgDb, 1);
  g_autoptr (MsgDb) base = &db->base;

  msg_db_init (base, &msg_driver_postgres, mode);
  if (mode == MSG_DB_UPKEEP)
    return g_steal_pointer (&base);
  db->link = msg_pg_link_new (url, mode, error);
  return db->link != NULL ? g_steal_pointer (&base) : NULL;
}

/* --- Transactions --- */

static bool
pg_begin (MsgDb *base, GError **error)
{
  PgDb *db = (PgDb *) base;

  g_return_val_if_fail (!db->open, false);
  if (!msg_pg_link_wake (db->link, error))
    return false;
  db->open = true;
  db->save_due = false;
  msg_pg_link_send (db->link, base->mode == MSG_DB_READ ? "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY" : "BEGIN");
  return true;
}

static bool
pg_fail_broken (GError **error)
{
  g_propagate_error (error, msg_error_new (MSG_ERROR_UNAVAILABLE, "storage", "the database has given up a transaction"));
  return false;
}

static bool
pg_commit (MsgDb *base, GError **error)
{
  PgDb *db = (PgDb *) base;
  PGresult *result;
  bool done;

  if (!db->open)
    return pg_fail_broken (error);
  msg_pg_link_send (db->link, "COMMIT");
  result = msg_pg_link_finish (db->link, "COMMIT", error);
  if (result == NULL)
    return false;
  db->open = false;
  /* the answer to the COMMIT of a transaction in which something failed is no error, but ROLLBACK */
  done = strcmp (PQcmdStatus (result), "COMMIT") == 0;
  PQclear (result);
  return done || pg_fail_broken (error);
}

static void
pg_rollback (MsgDb *base)
{
  PgDb *db = (PgDb *) base;

  if (!db->open)
    return;
  db->open = db->save_due = false;
  msg_pg_link_send (db->link, "ROLLBACK");
  msg_pg_link_leave (db->link);
}

static bool
pg_save (MsgDb *base, GError **error)
{
  PgDb *db = (PgDb *) base;

  if (!db->open || msg_pg_link_is_lost (db->link))
    return pg_fail_broken (error);
  db->save_due = true;
  return true;
}

static bool
pg_unsave (MsgDb *base, bool keep)
{
  PgDb *db = (PgDb *) base;

  if (!db->open || msg_pg_link_is_lost (db->link))
    return false;
  if (db->save_due)
    {
      db->save_due = false;
      return true;
    }
  if (!keep)
    msg_pg_link_send (db->link, "ROLLBACK TO job");
  msg_pg_link_send (db->link, "RELEASE job");
  return true;
}

static void
pg_send_due (PgDb *db)
{
  if (db->save_due)
    msg_pg_link_send (db->link, "SAVEPOINT job");
  db->save_due = false;
}

/* Every statement comes through here: outside of transactions it may have to connect first. */
static bool
pg_make_ready (PgDb *db, GError **error)
{
  if (!db->open)
    return msg_pg_link_wake (db->link, error);
  if (msg_pg_link_is_lost (db->link))
    return pg_fail_broken (error);
  pg_send_due (db);
  return true;
}

static bool
pg_exec (MsgDb *base, const char *script, GError **error)
{
  PgDb *db = (PgDb *) base;
  PGresult *result;

  if (!pg_make_ready (db, error))
    return false;
  if (db->open)
    {
      msg_pg_link_send (db->link, ""); /* so that there is an answer in any case */
      result = msg_pg_link_finish (db->link, "cannot run a script", error);
      if (result == NULL)
        return false;
      PQclear (result);
    }
  return msg_pg_link_run_script (db->link, script, error);
}

/* --- Statements: parameters --- */

static MsgStmt *
pg_stmt_new (MsgDb *base, const char *sql)
{
  PgStmt *stmt = g_new0 (PgStmt, 1);

  msg_named_sql_init (&stmt->named, sql);
  stmt->params = g_new0 (Param, stmt->named.n);
  stmt->types = g_new0 (Oid, stmt->named.n);
  stmt->values = g_new0 (const char *, stmt->named.n);
  stmt->lengths = g_new0 (int, stmt->named.n);
  stmt->formats = g_new0 (int, stmt->named.n);
  for (unsigned i = 0; i < stmt->named.n; i++)
    {
      stmt->params[i].is_null = true;
      stmt->formats[i] = 1;
    }
  return &stmt->base;
}

static void
pg_stmt_rewind (MsgStmt *base)
{
  PgStmt *stmt = (PgStmt *) base;

  g_clear_pointer (&stmt->result, PQclear);
}

static void
pg_stmt_free (MsgStmt *base)
{
  PgStmt *stmt = (PgStmt *) base;

  pg_stmt_rewind (base);
  for (unsigned i = 0; i < stmt->named.n; i++)
    g_free (stmt->params[i].data);
  g_free (stmt->params);
  g_free (stmt->types);
  g_free (stmt->values);
  g_free (stmt->lengths);
  g_free (stmt->formats);
  msg_named_sql_clear (&stmt->named);
  g_free (stmt);
}

static void
pg_stmt_clear (MsgStmt *base)
{
  PgStmt *stmt = (PgStmt *) base;

  pg_stmt_rewind (base);
  for (unsigned i = 0; i < stmt->named.n; i++)
    stmt->params[i].is_null = true;
}

static void
pg_set (MsgStmt *base, const char *name, Oid type, const void *data, gsize len)
{
  PgStmt *stmt = (PgStmt *) base;
  int index = msg_named_sql_find (&stmt->named, name);
  Param *param;

  if (index < 0)
    g_error ("no parameter %s in: %s", name, base->sql);
  param = &stmt->params[index];
  param->type = type;
  param->is_null = data == NULL;
  if (data == NULL)
    return;
  if (param->data == NULL || len > param->size)
    {
      g_free (param->data);
      param->data = g_malloc (MAX (len, 8));
      param->size = MAX (len, 8);
    }
  memcpy (param->data, data, len);
  stmt->lengths[index] = (int) len;
}

static void
pg_set_int (MsgStmt *base, const char *name, int64_t value)
{
  int64_t value_be = GINT64_TO_BE (value);

  pg_set (base, name, OID_INT8, &value_be, sizeof value_be);
}

static void
pg_set_text (MsgStmt *base, const char *name, const char *text)
{
  pg_set (base, name, OID_TEXT, text, text != NULL ? strlen (text) : 0);
}

static void
pg_set_bytes (MsgStmt *base, const char *name, const void *data, gsize len)
{
  g_return_if_fail (len <= G_MAXINT);
  pg_set (base, name, OID_BYTEA, data, len);
}

/* --- Statements: running --- */

static bool
stmt_is_prepared (const PgStmt *stmt, const PgDb *db)
{
  if (stmt->generation != msg_pg_link_get_generation (db->link))
    return false;
  for (unsigned i = 0; i < stmt->named.n; i++)
    if (stmt->types[i] != stmt->params[i].type)
      return false;
  return true;
}

/* A trip of its own, so that it is known whether the server has it: once for each connection. */
static bool
stmt_prepare (PgStmt *stmt, PgDb *db, GError **error)
{
  PGresult *result;

  for (unsigned i = 0; i < stmt->named.n; i++)
    stmt->types[i] = stmt->params[i].type;
  (void) g_snprintf (stmt->name, sizeof stmt->name, "s%u", ++db->n_names);
  if (!msg_pg_link_is_lost (db->link))
    msg_pg_link_sent (db->link, PQsendPrepare (msg_pg_link_get_handle (db->link), stmt->name, stmt->named.text,
                                               (int) stmt->named.n, stmt->types));
  result = msg_pg_link_finish (db->link, stmt->base.sql, error);
  stmt->generation = result != NULL ? msg_pg_link_get_generation (db->link) : 0;
  PQclear (result);
  return result != NULL;
}

static void
stmt_send (PgStmt *stmt, PgDb *db)
{
  for (unsigned i = 0; i < stmt->named.n; i++)
    stmt->values[i] = stmt->params[i].is_null ? NULL : stmt->params[i].data;
  msg_pg_link_sent (db->link, PQsendQueryPrepared (msg_pg_link_get_handle (db->link), stmt->name, (int) stmt->named.n,
                                                   stmt->values, stmt->lengths, stmt->formats, 1));
}

static bool
stmt_execute (PgStmt *stmt, GError **error)
{
  PgDb *db = (PgDb *) stmt->base.db;

  if (!pg_make_ready (db, error))
    return false;
  if (!stmt_is_prepared (stmt, db) && !stmt_prepare (stmt, db, error))
    return false;
  if (!msg_pg_link_is_lost (db->link))
    stmt_send (stmt, db);
  stmt->result = msg_pg_link_finish (db->link, stmt->base.sql, error);
  stmt->row = -1;
  if (stmt->result == NULL)
    return false;
  if (strncmp (PQcmdStatus (stmt->result), "SELECT", 6) != 0)
    db->changes = g_ascii_strtoll (PQcmdTuples (stmt->result), NULL, 10);
  return true;
}

static MsgStep
pg_step (MsgStmt *base, GError **error)
{
  PgStmt *stmt = (PgStmt *) base;

  if (stmt->result == NULL && !stmt_execute (stmt, error))
    return MSG_STEP_ERROR;
  if (++stmt->row < PQntuples (stmt->result))
    return MSG_STEP_ROW;
  pg_stmt_rewind (base);
  return MSG_STEP_DONE;
}

static int64_t
pg_changes (MsgDb *base)
{
  return ((PgDb *) base)->changes;
}

/* --- Columns --- */

static const char *
stmt_get (const PgStmt *stmt, int column, Oid *ret_type, gsize *ret_len)
{
  g_assert (stmt->result != NULL && column < PQnfields (stmt->result));
  if (PQgetisnull (stmt->result, stmt->row, column))
    return NULL;
  *ret_type = PQftype (stmt->result, column);
  *ret_len = (gsize) PQgetlength (stmt->result, stmt->row, column);
  return PQgetvalue (stmt->result, stmt->row, column);
}

static int64_t
pg_get_int (MsgStmt *base, int column)
{
  Oid type;
  gsize len;
  const char *data = stmt_get ((PgStmt *) base, column, &type, &len);
  int64_t wide_be;
  int32_t half_be;

  if (data == NULL)
    return 0;
  switch (type)
    {
    case OID_BOOL:
      return *data != 0;
    case OID_INT8:
      memcpy (&wide_be, data, sizeof wide_be);
      return GINT64_FROM_BE (wide_be);
    case OID_INT4:
      memcpy (&half_be, data, sizeof half_be);
      return GINT32_FROM_BE (half_be);
    default: /* SUM of BIGINT is NUMERIC, for one: the query needs a CAST */
      g_error ("column %d is no integer but has type %u in: %s", column, type, base->sql);
    }
}

static const char *
pg_get_text (MsgStmt *base, int column)
{
  Oid type;
  gsize len;
  const char *data = stmt_get ((PgStmt *) base, column, &type, &len);

  if (data != NULL && type != OID_TEXT)
    g_error ("column %d is no text but has type %u in: %s", column, type, base->sql);
  return data;
}

static const void *
pg_get_bytes (MsgStmt *base, int column, gsize *ret_len)
{
  Oid type;
  const char *data = stmt_get ((PgStmt *) base, column, &type, ret_len);

  if (data == NULL)
    *ret_len = 0;
  else if (type != OID_BYTEA && type != OID_TEXT)
    g_error ("column %d is no bytes but has type %u in: %s", column, type, base->sql);
  return *ret_len > 0 ? data : NULL;
}

const MsgDriver msg_driver_postgres = {
  .dialect = MSG_DIALECT_POSTGRES,
  .open = pg_open,
  .close = pg_close,
  .exec = pg_exec,
  .begin = pg_begin,
  .commit = pg_commit,
  .rollback = pg_rollback,
  .save = pg_save,
  .unsave = pg_unsave,
  .stmt_new = pg_stmt_new,
  .stmt_free = pg_stmt_free,
  .stmt_rewind = pg_stmt_rewind,
  .stmt_clear = pg_stmt_clear,
  .set_int = pg_set_int,
  .set_text = pg_set_text,
  .set_bytes = pg_set_bytes,
  .step = pg_step,
  .changes = pg_changes,
  .get_int = pg_get_int,
  .get_text = pg_get_text,
  .get_bytes = pg_get_bytes,
};
