/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By the programs of PostgreSQL itself: pg_dump writes an archive of one snapshot; pg_restore makes SQL of it, which psql
 * runs in a transaction that is ours to end. They find the server by the environment: a command line with a password in
 * it could be read by all.
 */
#include <gio/gio.h>
#include <libpq-fe.h>
#include <signal.h>
#include <string.h>

#include "messaging/backup-private.h"
#include "messaging/core.h"
#include "messaging/migrations.h"

/* Everything in the schema is ours (operations.md asks for a schema or database of our own), or there is nothing. */
static const char begin_script[] =
    "BEGIN;\n"
    "SET LOCAL client_min_messages = warning;\n"
    "SELECT set_config ('aldis.schema', current_schema (), true);\n"
    "DO $$ DECLARE r record; BEGIN\n"
    "  IF to_regclass (quote_ident (current_schema ()) || '.schema_steps') IS NULL THEN RETURN; END IF;\n"
    "  FOR r IN SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema () LOOP\n"
    "    EXECUTE format ('DROP TABLE %I CASCADE', r.name);\n"
    "  END LOOP;\n"
    "  FOR r IN SELECT p.oid::regprocedure AS name FROM pg_proc p WHERE p.pronamespace ="
    "      (SELECT oid FROM pg_namespace WHERE nspname = current_schema ())\n"
    "      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') LOOP\n"
    "    EXECUTE format ('DROP ROUTINE %s CASCADE', r.name);\n"
    "  END LOOP;\n"
    "END $$;\n";

/* what is expected of the schema that was restored, with the number of steps that we know */
static const char end_script[] =
    "DO $$ DECLARE v bigint; s text := current_setting ('aldis.schema'); BEGIN\n"
    "  IF to_regclass (quote_ident (s) || '.schema_steps') IS NULL THEN\n"
    "    RAISE EXCEPTION 'the backup holds nothing for the schema %%', s;\n"
    "  END IF;\n"
    "  EXECUTE format ('SELECT COALESCE (MAX (version), 0) FROM %%I.schema_steps', s) INTO v;\n"
    "  IF v > %d THEN\n"
    "    RAISE EXCEPTION 'the backup has schema step %%, this program knows only %d:"
    " it was made by a newer version of Aldis', v;\n"
    "  END IF;\n"
    "END $$;\n"
    "COMMIT;\n";

/* Returns: (transfer full) (nullable): for programs that connect as @url says. */
static GSubprocessLauncher *
launcher_new (const char *url, GSubprocessFlags flags, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (flags);
  PQconninfoOption *options = PQconninfoParse (url, NULL);

  if (options == NULL)
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_UNAVAILABLE, "storage", "the URL of the database is malformed"));
      return NULL;
    }
  for (const PQconninfoOption *option = options; option->keyword != NULL; option++)
    if (option->envvar != NULL && option->val != NULL)
      g_subprocess_launcher_setenv (launcher, option->envvar, option->val, TRUE);
  g_subprocess_launcher_setenv (launcher, "PGAPPNAME", "aldisctl", TRUE);
  PQconninfoFree (options);
  return g_steal_pointer (&launcher);
}

static bool
program_fail (GError **error, const char *program, const GError *cause)
{
  g_propagate_error (error, msg_error_new (MSG_ERROR_UNAVAILABLE, "storage", "%s: %s", program, cause->message));
  return false;
}

static char *
read_schema (MsgDb *db, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT CAST (current_schema () AS TEXT)");

  return msg_stmt_step (stmt, error) == MSG_STEP_ROW ? g_strdup (msg_stmt_get_text (stmt, 0)) : NULL;
}

bool
msg_backup_write_postgres (const char *url, const char *part, GError **error)
{
  g_autoptr (MsgDb) db = msg_db_open (url, MSG_DB_READ, error);
  g_autofree char *schema = db != NULL ? read_schema (db, error) : NULL;
  g_autofree char *only = NULL, *file = NULL;
  g_autoptr (GSubprocessLauncher) launcher = NULL;
  g_autoptr (GSubprocess) dump = NULL;
  g_autoptr (GError) cause = NULL;

  if (schema == NULL || (launcher = launcher_new (url, G_SUBPROCESS_FLAGS_NONE, error)) == NULL)
    return false;
  only = g_strdup_printf ("--schema=\"%s\"", schema); /* in quotes it is no pattern */
  file = g_strconcat ("--file=", part, NULL);
  dump = g_subprocess_launcher_spawn (launcher, &cause, "pg_dump", "--format=custom", "--no-owner", "--no-privileges",
                                      "--no-password", only, file, NULL);
  if (dump == NULL || !g_subprocess_wait_check (dump, NULL, &cause))
    return program_fail (error, "pg_dump", cause);
  return true;
}

static bool
feed (GOutputStream *to, const char *text, GError **error)
{
  return g_output_stream_write_all (to, text, strlen (text), NULL, NULL, error);
}

/* Without the COMMIT at its end psql changes nothing, whatever becomes of the two. */
static bool
pour (GSubprocess *restore, GSubprocess *psql, GError **error)
{
  GOutputStream *to = g_subprocess_get_stdin_pipe (psql);
  unsigned n_steps = 0;
  g_autofree char *end = NULL;

  while (msg_migrations ()[n_steps].version != 0)
    n_steps++;
  end = g_strdup_printf (end_script, (int) n_steps, (int) n_steps);
  return feed (to, begin_script, error)
         && g_output_stream_splice (to, g_subprocess_get_stdout_pipe (restore), G_OUTPUT_STREAM_SPLICE_NONE, NULL, error) >= 0
         && g_subprocess_wait_check (restore, NULL, error) && feed (to, end, error)
         && g_output_stream_close (to, NULL, error);
}

bool
msg_backup_restore_postgres (MsgDb *db, const char *url, const char *file, GError **error)
{
  g_autofree char *schema = read_schema (db, error), *only = NULL;
  g_autoptr (GSubprocessLauncher) launcher = NULL;
  g_autoptr (GSubprocess) restore = NULL, psql = NULL;
  g_autoptr (GError) cause = NULL, ignored = NULL;
  bool poured;

  if (schema == NULL
      || (launcher = launcher_new (url, G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE, error)) == NULL)
    return false;
  only = g_strconcat ("--schema=", schema, NULL);
  restore = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &cause, "pg_restore", "--no-owner", "--no-privileges", only,
                              "--file=-", file, NULL);
  if (restore == NULL)
    return program_fail (error, "pg_restore", cause);
  psql = g_subprocess_launcher_spawn (launcher, &cause, "psql", "--no-psqlrc", "--quiet", "--no-password",
                                      "--set=ON_ERROR_STOP=1", NULL);
  if (psql == NULL)
    {
      g_subprocess_force_exit (restore);
      return program_fail (error, "psql", cause);
    }
  (void) signal (SIGPIPE, SIG_IGN); /* psql stops at the first error */
  poured = pour (restore, psql, &cause);
  if (!poured)
    {
      g_subprocess_force_exit (psql);
      g_subprocess_force_exit (restore);
    }
  if (!g_subprocess_wait_check (psql, NULL, poured ? &cause : &ignored) || !poured)
    return program_fail (error, "the backup was not restored, and nothing was changed", cause);
  return true;
}
