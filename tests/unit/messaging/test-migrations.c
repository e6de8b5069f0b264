/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "harness.h"
#include "messaging/migrations.h"

static unsigned
n_steps (void)
{
  unsigned n = 0;

  while (msg_migrations ()[n].version != 0)
    n++;
  return n;
}

static MsgDb *
open_db (Bench *bench)
{
  GError *error = NULL;
  MsgDb *db = msg_db_open (bench->url, MSG_DB_WRITE, &error);

  g_assert_no_error (error);
  return db;
}

#define LITE_SCHEMA "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
#define PG_SCHEMA                                                                                                      \
  "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' '"                           \
  " || COALESCE (collation_name, '') FROM information_schema.columns WHERE table_schema = current_schema ()"           \
  " UNION ALL SELECT replace (indexdef, current_schema () || '.', '') FROM pg_indexes"                                       \
  " WHERE schemaname = current_schema ()"                                                                               \
  " UNION ALL SELECT conname || ' ' || pg_get_constraintdef (oid) FROM pg_constraint"                                   \
  " WHERE connamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema ()) ORDER BY 1"

/* Everything that the engine knows of the schema, as text. */
static char *
schema (MsgDb *db)
{
  GString *text = g_string_new (NULL);
  MsgStmt *stmt = msg_db_prepare (db, msg_db_get_dialect (db) == MSG_DIALECT_SQLITE ? LITE_SCHEMA : PG_SCHEMA);

  while (msg_stmt_step (stmt, NULL) == MSG_STEP_ROW)
    g_string_append_printf (text, "%s\n", msg_stmt_get_text (stmt, 0));
  return g_string_free (text, FALSE);
}

static void
test_list (void)
{
  g_assert_cmpuint (n_steps (), >=, 3);
  for (unsigned i = 0; i < n_steps (); i++)
    {
      g_assert_cmpint (msg_migrations ()[i].version, ==, (int) i + 1);
      g_assert_nonnull (msg_migrations ()[i].name);
    }
}

/* From every earlier version, the empty database included, the same schema comes out. */
static void
test_upgrade (void)
{
  g_autofree char *expected = NULL;

  for (unsigned from = 0; from <= n_steps (); from++)
    {
      g_autofree MsgMigration *steps = g_memdup2 (msg_migrations (), (n_steps () + 1) * sizeof *steps);
      g_autofree char *result = NULL;
      GError *error = NULL;
      Bench bench;
      MsgDb *db;

      bench_init (&bench);
      db = open_db (&bench);
      memset (&steps[from], 0, sizeof steps[from]);
      g_assert_true (msg_migrations_apply (db, steps, 1, &error));
      if (from >= 1)
        g_assert_true (msg_db_exec (db, "INSERT INTO users VALUES (1, 'ann', 'ann', 'Ann', NULL, 0, 0, 5, 0)", &error));
      msg_db_close (db);
      db = open_db (&bench);
      g_assert_true (msg_migrations_apply (db, msg_migrations (), 2, &error));
      g_assert_true (msg_migrations_apply (db, msg_migrations (), 3, &error)); /* does nothing */
      g_assert_no_error (error);
      result = schema (db);
      if (expected == NULL)
        expected = g_steal_pointer (&result);
      else
        {
          MsgStmt *stmt = msg_db_prepare (db, "SELECT display_name FROM users WHERE id = 1");

          g_assert_cmpstr (result, ==, expected);
          g_assert_cmpint (msg_stmt_step (stmt, &error), ==, MSG_STEP_ROW);
          g_assert_cmpstr (msg_stmt_get_text (stmt, 0), ==, "Ann");
        }
      msg_db_close (db);
      bench_clear (&bench);
    }
}

static void
assert_refused (Bench *bench, const char *script)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  MsgDb *db = open_db (bench);

  g_assert_true (msg_migrations_apply (db, msg_migrations (), 1, &error));
  g_assert_true (msg_db_exec (db, script, &error));
  before = schema (db);
  g_assert_false (msg_migrations_apply (db, msg_migrations (), 2, &error));
  g_assert_error (error, MSG_ERROR, MSG_ERROR_UNAVAILABLE);
  g_assert_cmpstr (msg_error_get_reason (error), ==, "schema");
  after = schema (db);
  g_assert_cmpstr (before, ==, after);
  msg_db_close (db);
}

static void
test_newer (void)
{
  g_autoptr (GError) error = NULL;
  Bench bench;

  bench_init (&bench);
  assert_refused (&bench, "INSERT INTO schema_steps VALUES (1000, 'holograms', 1)");
  g_assert_null (msg_core_new (&bench.options, &error));
  g_assert_error (error, MSG_ERROR, MSG_ERROR_UNAVAILABLE);
  g_assert_nonnull (strstr (error->message, "newer version of Aldis"));
  bench_clear (&bench);
}

static void
test_foreign (void)
{
  Bench bench;

  bench_init (&bench);
  assert_refused (&bench, "UPDATE schema_steps SET name = 'another' WHERE version = 2");
  bench_clear (&bench);
  bench_init (&bench);
  assert_refused (&bench, "DELETE FROM schema_steps WHERE version = 1");
  bench_clear (&bench);
}

/* A step that fails leaves nothing of itself, and what came before it. */
static void
test_failing_step (void)
{
  static const MsgMigration steps[] = {
    { 1, "good", "CREATE TABLE a (x BIGINT)" },
    { 2, "bad", "CREATE TABLE b (x BIGINT); INSERT INTO a VALUES (1); CREATE TABLE a (y BIGINT)" },
    { 0 },
  };
  static const MsgMigration mended[] = {
    { 1, "good", "CREATE TABLE a (x BIGINT)" },
    { 2, "bad", "CREATE TABLE b (x BIGINT)" },
    { 0 },
  };
  g_autoptr (GError) error = NULL;
  Bench bench;
  MsgDb *db;

  bench_init (&bench);
  db = open_db (&bench);
  g_assert_false (msg_migrations_apply (db, steps, 1, &error));
  g_assert_error (error, MSG_ERROR, MSG_ERROR_UNAVAILABLE);
  g_clear_error (&error);
  g_assert_true (msg_migrations_apply (db, mended, 1, &error));
  g_assert_no_error (error);
  msg_db_close (db);
  bench_clear (&bench);
}

/* --- Killed in the middle --- */

static const MsgMigration long_steps[] = {
  { 1, "one", "CREATE TABLE a (x BIGINT)" },
  { 2, "two",
    "CREATE TABLE b (x BIGINT);"
    "INSERT INTO b WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 20000) SELECT x FROM n;"
    "INSERT INTO a SELECT x FROM b;"
    "DROP TABLE b;"
    "CREATE TABLE c (x BIGINT)" },
  { 0 },
};

static void
kill_after_us (long us)
{
  struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL };
  struct itimerspec when = { .it_value = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 } };
  timer_t timer;

  if (timer_create (CLOCK_MONOTONIC, &event, &timer) != 0 || timer_settime (timer, 0, &when, NULL) != 0)
    abort ();
}

static int64_t
scalar (MsgDb *db, const char *sql)
{
  MsgStmt *stmt = msg_db_prepare (db, sql);

  g_assert_cmpint (msg_stmt_step (stmt, NULL), ==, MSG_STEP_ROW);
  return msg_stmt_get_int (stmt, 0);
}

/* @kill_us: when it is killed; -1: not at all. Returns: the wait status. */
static int
migrate_in_child (const char *path, long kill_us)
{
  int status = 0;
  pid_t pid = fork ();

  if (pid == 0)
    {
      MsgDb *db;

      if (kill_us >= 0)
        kill_after_us (kill_us);
      db = msg_db_open (path, MSG_DB_WRITE, NULL);
      _exit (db != NULL && msg_migrations_apply (db, long_steps, 1, NULL) ? 0 : 1);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  return status;
}

static void
test_killed (void)
{
  unsigned killed = 0;
  gint64 whole_us = 0;

  /* round 0 says how long it takes */
  for (int round = 0; round < 25; round++)
    {
      GError *error = NULL;
      Bench bench;
      MsgDb *db;
      gint64 begin_us = g_get_monotonic_time ();
      int status;

      bench_init (&bench);
      status = migrate_in_child (bench.url, round == 0 ? -1 : g_test_rand_int_range (200, (int) whole_us));
      if (round == 0)
        whole_us = MAX (g_get_monotonic_time () - begin_us, 1000);
      killed += WIFSIGNALED (status);
      g_assert_true (WIFSIGNALED (status) || WEXITSTATUS (status) == 0);

      db = open_db (&bench);
      g_assert_true (msg_migrations_apply (db, long_steps, 2, &error));
      g_assert_no_error (error);
      g_assert_cmpint (scalar (db, "SELECT COUNT(*) FROM a"), ==, 20000);
      g_assert_cmpint (scalar (db, msg_db_get_dialect (db) == MSG_DIALECT_SQLITE
                                       ? "SELECT COUNT(*) FROM sqlite_master WHERE name = 'b'"
                                       : "SELECT COUNT(*) FROM pg_tables WHERE tablename = 'b'"
                                         " AND schemaname = current_schema ()"), ==, 0);
      g_assert_cmpint (scalar (db, "SELECT COUNT(*) FROM schema_steps"), ==, 2);
      msg_db_close (db);
      bench_clear (&bench);
    }
  g_test_message ("%u of 25 were killed before the end", killed);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/messaging/migrations/list", test_list);
  g_test_add_func ("/messaging/migrations/upgrade", test_upgrade);
  g_test_add_func ("/messaging/migrations/newer", test_newer);
  g_test_add_func ("/messaging/migrations/foreign", test_foreign);
  g_test_add_func ("/messaging/migrations/failing-step", test_failing_step);
  g_test_add_func ("/messaging/migrations/killed", test_killed);
  return g_test_run ();
}
