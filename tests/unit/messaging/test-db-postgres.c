/* SPDX-License-Identifier: Apache-2.0 */
/* What only a database behind a connection has: it can be lost, and comes back. */
#include <string.h>

#include "harness.h"
#include "messaging/db.h"

typedef struct {
  Bench bench;
  MsgDb *db;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  GError *error = NULL;

  bench_init (&f->bench);
  f->db = msg_db_open (f->bench.url, MSG_DB_WRITE, &error);
  g_assert_no_error (error);
  g_assert_true (msg_db_exec (f->db, "CREATE TABLE t (id BIGINT PRIMARY KEY)", &error));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  msg_db_close (f->db);
  bench_clear (&f->bench);
}

static bool
insert (MsgDb *db, int64_t id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "INSERT INTO t (id) VALUES (:id)");

  msg_stmt_set_int (stmt, ":id", id);
  return msg_stmt_run (stmt, error);
}

static int64_t
ask_int (MsgDb *db, const char *sql)
{
  MsgStmt *stmt = msg_db_prepare (db, sql);
  GError *error = NULL;
  int64_t value;

  g_assert_cmpint (msg_stmt_step (stmt, &error), ==, MSG_STEP_ROW);
  g_assert_no_error (error);
  value = msg_stmt_get_int (stmt, 0);
  g_assert_cmpint (msg_stmt_step (stmt, &error), ==, MSG_STEP_DONE);
  return value;
}

static int64_t
count (MsgDb *db)
{
  return ask_int (db, "SELECT COUNT (*) FROM t");
}

/* Ends the connection of @db from outside, and waits until the server has. */
static void
cut (MsgDb *db)
{
  g_autofree char *sql = g_strdup_printf ("DO $$ BEGIN PERFORM pg_terminate_backend (%d, 5000); END $$",
                                          (int) ask_int (db, "SELECT pg_backend_pid ()"));

  bench_ask_server (sql);
}

/* Between two transactions: nobody notices. */
static void
test_cut_idle (Fixture *f, gconstpointer data)
{
  GError *error = NULL;

  for (int i = 0; i < 3; i++)
    {
      cut (f->db);
      g_assert_true (msg_db_begin (f->db, &error));
      g_assert_true (insert (f->db, i, &error));
      g_assert_true (msg_db_commit (f->db, &error));
      cut (f->db);
      g_assert_cmpint (count (f->db), ==, i + 1);
    }
}

/* Inside of one: it fails as a whole, is told, and the next one works. */
static void
test_cut_inside (Fixture *f, gconstpointer data)
{
  for (int i = 0; i < 4; i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_true (msg_db_begin (f->db, &error));
      g_assert_true (msg_db_save (f->db, &error));
      g_assert_true (insert (f->db, 1, &error));
      if (i == 0)
        cut (f->db);
      g_assert_true (msg_db_unsave (f->db, true));
      if (i == 1)
        cut (f->db);
      if (i < 2)
        g_assert_false (msg_db_commit (f->db, &error));
      else
        {
          g_assert_true (msg_db_save (f->db, &error));
          cut (f->db);
          g_assert_false (insert (f->db, 2, &error));
          if (i == 2)
            g_assert_false (msg_db_unsave (f->db, false));
          else
            g_assert_false (msg_db_commit (f->db, NULL));
          msg_db_rollback (f->db);
        }
      g_assert_error (error, MSG_ERROR, MSG_ERROR_UNAVAILABLE);
      g_assert_cmpstr (msg_error_get_reason (error), ==, "storage");
      g_clear_error (&error);
      g_assert_true (msg_db_begin (f->db, &error));
      g_assert_cmpint (count (f->db), ==, 0);
      g_assert_true (msg_db_commit (f->db, &error));
    }
}

static void
test_cut_reader (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MsgDb) reader = msg_db_open (f->bench.url, MSG_DB_READ, &error);

  g_assert_true (insert (f->db, 1, &error));
  g_assert_true (msg_db_begin (reader, &error));
  g_assert_cmpint (count (reader), ==, 1);
  cut (reader);
  g_assert_false (msg_stmt_run (msg_db_prepare (reader, "SELECT id FROM t"), &error));
  g_assert_error (error, MSG_ERROR, MSG_ERROR_UNAVAILABLE);
  msg_db_rollback (reader);
  g_clear_error (&error);
  /* the end of a transaction, which is not waited for, is cut off */
  g_assert_true (msg_db_begin (reader, &error));
  g_assert_cmpint (count (reader), ==, 1);
  msg_db_rollback (reader);
  cut (f->db);
  g_assert_true (msg_db_begin (reader, &error));
  g_assert_cmpint (count (reader), ==, 1);
  msg_db_rollback (reader);
}

/* Who has lost the connection has lost the lock: when another one took it, that one is not disturbed. */
static void
test_usurper (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  MsgDb *other;

  cut (f->db);
  other = msg_db_open (f->bench.url, MSG_DB_WRITE, &error);
  g_assert_no_error (error);
  g_assert_false (msg_db_begin (f->db, &error));
  g_assert_error (error, MSG_ERROR, MSG_ERROR_UNAVAILABLE);
  g_assert_nonnull (strstr (error->message, "in use by another server"));
  g_clear_error (&error);
  g_assert_false (insert (f->db, 1, &error));
  g_clear_error (&error);
  g_assert_true (insert (other, 1, &error));
  msg_db_close (other);
  while (!msg_db_begin (f->db, NULL)) /* a server that was away is not asked at once again */
    g_usleep (10000);
  g_assert_true (insert (f->db, 2, &error));
  g_assert_true (msg_db_commit (f->db, &error));
  g_assert_cmpint (count (f->db), ==, 2);
}

/* A job that hides the error of a statement brings nothing half-done into the database. */
static void
test_hidden_error (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (msg_db_begin (f->db, &error));
  g_assert_true (insert (f->db, 1, &error));
  g_assert_true (msg_db_save (f->db, &error));
  g_assert_false (insert (f->db, 1, NULL));
  (void) msg_db_unsave (f->db, true);
  g_assert_false (msg_db_commit (f->db, &error));
  g_assert_error (error, MSG_ERROR, MSG_ERROR_UNAVAILABLE);
  g_assert_cmpint (count (f->db), ==, 0);
}

/* Parameters that are given a type only later, and columns of all types that queries make. */
static void
test_types (Fixture *f, gconstpointer data)
{
  GError *error = NULL;
  MsgStmt *stmt;
  gsize len;

  for (int i = 0; i < 3; i++)
    {
      stmt = msg_db_prepare (f->db, "SELECT id FROM t WHERE id > COALESCE (:after, -1)");
      if (i == 1)
        msg_stmt_set_int (stmt, ":after", 5);
      g_assert_true (msg_stmt_run (stmt, &error));
    }
  stmt = msg_db_prepare (f->db, "SELECT 1, 2 > 1, COUNT (*), MAX (id), :int, :text, :bytes, :empty FROM t");
  msg_stmt_set_int (stmt, ":int", INT64_MIN);
  msg_stmt_set_text (stmt, ":text", "x");
  msg_stmt_set_bytes (stmt, ":bytes", "\0y", 2);
  msg_stmt_set_bytes (stmt, ":empty", "", 0);
  g_assert_cmpint (msg_stmt_step (stmt, &error), ==, MSG_STEP_ROW);
  g_assert_cmpint (msg_stmt_get_int (stmt, 0), ==, 1);
  g_assert_cmpint (msg_stmt_get_int (stmt, 1), ==, 1);
  g_assert_cmpint (msg_stmt_get_int (stmt, 2), ==, 0);
  g_assert_cmpint (msg_stmt_get_int (stmt, 3), ==, 0);
  g_assert_cmpint (msg_stmt_get_int (stmt, 4), ==, INT64_MIN);
  g_assert_cmpstr (msg_stmt_get_text (stmt, 5), ==, "x");
  g_assert_cmpint (memcmp (msg_stmt_get_bytes (stmt, 6, &len), "\0y", 2), ==, 0);
  g_assert_cmpuint (len, ==, 2);
  g_assert_null (msg_stmt_get_bytes (stmt, 7, &len));
  g_assert_cmpuint (len, ==, 0);
}

/* Many rows and much text in one transaction: no limit of the pipeline is met. */
static void
test_large (Fixture *f, gconstpointer data)
{
  g_autofree char *big = g_strnfill (1000000, 'x');
  GError *error = NULL;
  MsgStmt *stmt;

  g_assert_true (msg_db_begin (f->db, &error));
  for (int i = 0; i < 2000; i++)
    {
      g_assert_true (msg_db_save (f->db, &error));
      g_assert_true (insert (f->db, i, &error));
      g_assert_true (msg_db_unsave (f->db, i % 2 == 0));
    }
  stmt = msg_db_prepare (f->db, "SELECT id, :big FROM t ORDER BY id LIMIT 20");
  msg_stmt_set_text (stmt, ":big", big);
  for (int i = 0; i < 20; i++)
    {
      g_assert_cmpint (msg_stmt_step (stmt, &error), ==, MSG_STEP_ROW);
      g_assert_cmpint (msg_stmt_get_int (stmt, 0), ==, 2 * i);
      g_assert_cmpstr (msg_stmt_get_text (stmt, 1), ==, big);
    }
  g_assert_true (msg_db_commit (f->db, &error));
  g_assert_cmpint (count (f->db), ==, 1000);
}

static void
test_bad_urls (Fixture *f, gconstpointer data)
{
  static const char *const ends[] = { "&options=-csearch_path%3Dnowhere", "&dbname=nobody", "&user=nobody", "&port=1",
                                      "&nonsense=1", "&client_encoding=LATIN1&dbname=nobody" };

  for (unsigned i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *url = g_strconcat (g_getenv ("ALDIS_TEST_POSTGRES"), ends[i], NULL);

      g_assert_null (msg_db_open (url, MSG_DB_WRITE, &error));
      g_assert_error (error, MSG_ERROR, MSG_ERROR_UNAVAILABLE);
      g_assert_cmpstr (msg_error_get_reason (error), ==, "storage");
    }
}

/* A server whose default is to acknowledge first and write later does not do so for us. */
static void
test_durable (Fixture *f, gconstpointer data)
{
  g_autofree char *url = g_strconcat (f->bench.url, "%20-csynchronous_commit%3Doff%20-cstatement_timeout%3D60000", NULL);
  GError *error = NULL;

  g_clear_pointer (&f->db, msg_db_close);
  f->db = msg_db_open (url, MSG_DB_WRITE, &error);
  g_assert_no_error (error);
  g_assert_cmpint (ask_int (f->db, "SELECT current_setting ('synchronous_commit') = 'on'"), ==, 1);
  g_assert_cmpint (ask_int (f->db, "SELECT current_setting ('statement_timeout') = '0'"), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, fn) g_test_add ("/messaging/db-postgres/" name, Fixture, NULL, set_up, fn, tear_down)
  ADD ("cut-idle", test_cut_idle);
  ADD ("cut-inside", test_cut_inside);
  ADD ("cut-reader", test_cut_reader);
  ADD ("usurper", test_usurper);
  ADD ("hidden-error", test_hidden_error);
  ADD ("types", test_types);
  ADD ("large", test_large);
  ADD ("bad-urls", test_bad_urls);
  ADD ("durable", test_durable);
  return g_test_run ();
}
