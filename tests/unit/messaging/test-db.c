/* SPDX-License-Identifier: Apache-2.0 */
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
  g_assert_true (msg_db_exec (f->db, "CREATE TABLE t (id BIGINT PRIMARY KEY, word {text} UNIQUE, bytes {blob})",
                              &error));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  msg_db_close (f->db);
  bench_clear (&f->bench);
}

static bool
insert (MsgDb *db, int64_t id, const char *word, const void *bytes, gsize len, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "INSERT INTO t (id, word, bytes) VALUES (:id, :word, :bytes)");

  msg_stmt_set_int (stmt, ":id", id);
  msg_stmt_set_text (stmt, ":word", word);
  msg_stmt_set_bytes (stmt, ":bytes", bytes, len);
  return msg_stmt_run (stmt, error);
}

static int64_t
count (MsgDb *db)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT COUNT(*) FROM t");
  GError *error = NULL;
  int64_t n;

  g_assert_cmpint (msg_stmt_step (stmt, &error), ==, MSG_STEP_ROW);
  n = msg_stmt_get_int (stmt, 0);
  g_assert_cmpint (msg_stmt_step (stmt, &error), ==, MSG_STEP_DONE);
  g_assert_no_error (error);
  return n;
}

static void
test_values (Fixture *f, gconstpointer data)
{
  GError *error = NULL;
  MsgStmt *stmt;
  const void *bytes;
  gsize len;

  g_assert_true (insert (f->db, G_MININT64, "l\303\251on'; DROP TABLE t", "a\0b", 3, &error));
  g_assert_cmpint (msg_db_changes (f->db), ==, 1);
  g_assert_true (insert (f->db, 2, NULL, NULL, 0, &error));
  stmt = msg_db_prepare (f->db, "SELECT id, word, bytes FROM t ORDER BY id");
  g_assert_cmpint (msg_stmt_step (stmt, &error), ==, MSG_STEP_ROW);
  g_assert_cmpint (msg_stmt_get_int (stmt, 0), ==, G_MININT64);
  g_assert_cmpstr (msg_stmt_get_text (stmt, 1), ==, "l\303\251on'; DROP TABLE t");
  bytes = msg_stmt_get_bytes (stmt, 2, &len);
  g_assert_cmpmem (bytes, len, "a\0b", 3);
  g_assert_cmpint (msg_stmt_step (stmt, &error), ==, MSG_STEP_ROW);
  g_assert_null (msg_stmt_get_text (stmt, 1));
  g_assert_null (msg_stmt_get_bytes (stmt, 2, &len));
  g_assert_cmpuint (len, ==, 0);
  g_assert_cmpint (msg_stmt_step (stmt, &error), ==, MSG_STEP_DONE);
  /* the same literal again: rewound, and its parameters are NULL */
  g_assert_true (insert (f->db, 3, NULL, NULL, 0, &error));
}

static void
test_errors (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  MsgStmt *stmt;

  g_assert_true (insert (f->db, 1, "x", NULL, 0, NULL));
  g_assert_false (insert (f->db, 2, "x", NULL, 0, &error));
  g_assert_error (error, MSG_ERROR, MSG_ERROR_CONFLICT);
  g_clear_error (&error);
  g_assert_true (insert (f->db, 2, "y", NULL, 0, NULL));

  stmt = msg_db_prepare (f->db, "SELECT nothing FROM nowhere WHERE x = :x");
  msg_stmt_set_int (stmt, ":x", 1);
  g_assert_false (msg_stmt_run (stmt, &error));
  g_assert_error (error, MSG_ERROR, MSG_ERROR_UNAVAILABLE);
  g_assert_cmpstr (msg_error_get_reason (error), ==, "storage");
  g_clear_error (&error);
  g_assert_false (msg_db_exec (f->db, "CREATE TABLE t (x BIGINT)", &error));
  g_assert_error (error, MSG_ERROR, MSG_ERROR_UNAVAILABLE);
}

static void
test_transactions (Fixture *f, gconstpointer data)
{
  GError *error = NULL;

  g_assert_true (msg_db_begin (f->db, &error));
  g_assert_true (msg_db_save (f->db, &error));
  g_assert_true (insert (f->db, 1, "a", NULL, 0, &error));
  g_assert_true (msg_db_unsave (f->db, true));
  g_assert_true (msg_db_save (f->db, &error));
  g_assert_true (insert (f->db, 2, "b", NULL, 0, &error));
  g_assert_true (msg_db_unsave (f->db, false));
  g_assert_true (msg_db_save (f->db, &error));
  g_assert_true (insert (f->db, 3, "c", NULL, 0, &error));
  g_assert_true (msg_db_unsave (f->db, true));
  g_assert_true (msg_db_commit (f->db, &error));
  g_assert_cmpint (count (f->db), ==, 2);

  g_assert_true (msg_db_begin (f->db, &error));
  g_assert_true (insert (f->db, 4, "d", NULL, 0, &error));
  msg_db_rollback (f->db);
  msg_db_rollback (f->db); /* harmless without a transaction */
  g_assert_cmpint (count (f->db), ==, 2);
  /* a transaction that is gone is told, not glossed over */
  g_assert_false (msg_db_unsave (f->db, true));
}

static void
test_reader (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MsgDb) reader = msg_db_open (f->bench.url, MSG_DB_READ, &error);

  g_assert_no_error (error);
  g_assert_true (msg_db_begin (reader, &error));
  g_assert_cmpint (count (reader), ==, 0);
  g_assert_true (insert (f->db, 1, "a", NULL, 0, &error));
  g_assert_cmpint (count (reader), ==, 0); /* one snapshot */
  msg_db_rollback (reader);
  g_assert_cmpint (count (reader), ==, 1);
  g_assert_false (insert (reader, 2, "b", NULL, 0, &error));
  g_assert_error (error, MSG_ERROR, MSG_ERROR_UNAVAILABLE);
}

static void
test_one_writer (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (msg_db_open (f->bench.url, MSG_DB_WRITE, &error));
  g_assert_error (error, MSG_ERROR, MSG_ERROR_UNAVAILABLE);
  g_assert_nonnull (strstr (error->message, "in use"));
  g_clear_pointer (&f->db, msg_db_close);
  g_clear_error (&error);
  f->db = msg_db_open (f->bench.url, MSG_DB_WRITE, &error);
  g_assert_no_error (error);
}

static void
test_bad_paths (Fixture *f, gconstpointer data)
{
  g_autofree char *folder = g_build_filename (f->bench.dir, "none", "x.db", NULL);
  g_autofree char *text = g_build_filename (f->bench.dir, "text.db", NULL);
  const char *const bad[] = { "sqlite:", ":memory:", "", folder, text };

  g_assert_true (g_file_set_contents (text, "this is a shopping list, not a database, and it is long enough to "
                                            "have a header of one hundred bytes, which SQLite will look at", -1, NULL));
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (msg_db_open (bad[i], MSG_DB_WRITE, &error));
      g_assert_error (error, MSG_ERROR, MSG_ERROR_UNAVAILABLE);
    }
}

static void
test_upkeep (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MsgDb) upkeep = msg_db_open (f->bench.url, MSG_DB_UPKEEP, &error);
  g_autofree char *big = g_strnfill (4000, 'x');
  int64_t id = 0;

  g_assert_no_error (error);
  g_assert_false (msg_db_wants_upkeep (f->db));
  while (!msg_db_wants_upkeep (f->db))
    {
      g_assert_true (insert (f->db, ++id, NULL, big, 4000, &error));
      g_assert_cmpint (id, <, 5000);
    }
  msg_db_do_upkeep (upkeep);
  /* everything is in the file now, so the next commit begins the WAL anew */
  g_assert_true (insert (f->db, ++id, NULL, big, 4000, &error));
  g_assert_false (msg_db_wants_upkeep (f->db));
  g_assert_cmpint (count (f->db), ==, id);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, fn) g_test_add ("/messaging/db/" name, Fixture, NULL, set_up, fn, tear_down)
  ADD ("values", test_values);
  ADD ("errors", test_errors);
  ADD ("transactions", test_transactions);
  ADD ("reader", test_reader);
  ADD ("one-writer", test_one_writer);
  if (g_getenv ("ALDIS_TEST_POSTGRES") == NULL) /* what only files have */
    {
      ADD ("bad-paths", test_bad_paths);
      ADD ("upkeep", test_upkeep);
    }
  return g_test_run ();
}
