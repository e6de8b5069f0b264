/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Importing users: a few lines are on their way at a time, each an operation of its own, so that the writer groups them
 * and logins of others get their turn on the pool.
 */
#include <string.h>

#include "messaging/account-private.h"
#include "messaging/import-parse.h"

#define LINES_AT_ONCE 128
#define SUMS_AT_ONCE 2
#define PROBLEMS_MAX 100
#define LINES_PER_TURN 256 /* so that a long list of bad lines does not hold the main thread */

typedef struct {
  MsgOp op;
  MsgImportFn fn;
  gpointer data;
  MsgImportReader *reader;
  MsgImportReport report;
  GHashTable *names;         /* key -> line: lines end in any order, but the first of a name shall have it */
  unsigned n_lines, n_sums;  /* on their way */
  GError *error;             /* why it stops early */
} ImportOp;

typedef struct {
  MsgAccountOp account;
  ImportOp *import;
  unsigned line;
  bool has_sum;
} LineOp;

static void import_fill (ImportOp *import);
static void import_go_on (MsgOp *op, const GError *error);

static void
problem_free (gpointer data)
{
  g_free (((MsgImportProblem *) data)->message);
  g_free (data);
}

/* Sorted by line: an import's lines do not end in order. */
static void
import_add_problem (ImportOp *import, unsigned line, const char *message)
{
  GPtrArray *problems = import->report.problems;
  MsgImportProblem *problem = g_new (MsgImportProblem, 1);
  unsigned at = problems->len;

  import->report.failed++;
  problem->line = line;
  problem->message = g_strdup (message);
  while (at > 0 && ((MsgImportProblem *) problems->pdata[at - 1])->line > line)
    at--;
  g_ptr_array_insert (problems, (int) at, problem);
  if (problems->len > PROBLEMS_MAX)
    g_ptr_array_set_size (problems, PROBLEMS_MAX);
}

/* --- A line --- */

static bool
line_run (MsgDb *db, gpointer ctx, GError **error)
{
  LineOp *op = ctx;

  return msg_user_insert (db, op->account.login.user, op->account.key, op->account.new_hash, error);
}

static void
line_reply (MsgOp *ctx, const GError *error)
{
  LineOp *op = (LineOp *) ctx;
  ImportOp *import = op->import;

  import->n_lines--;
  import->n_sums -= op->has_sum;
  if (error == NULL)
    import->report.created++;
  else if (error->code != MSG_ERROR_UNAVAILABLE)
    import_add_problem (import, op->line, error->message);
  else if (import->error == NULL)
    import->error = g_error_copy (error);
  import_fill (import);
}

static void
line_hashed (MsgOp *op, const GError *error)
{
  if (msg_account_op_is_hashed (op, error))
    msg_op_write (op, line_run, msg_op_end);
}

/* Looks first, so that running an import again costs no sums. */
static void
line_looked (MsgOp *ctx, const GError *error)
{
  LineOp *op = (LineOp *) ctx;

  if (error != NULL)
    msg_op_end (ctx, error);
  else if (op->has_sum)
    msg_op_sum (op, msg_account_op_hash, true, line_hashed);
  else
    msg_op_write (op, line_run, msg_op_end);
}

static bool
line_check (LineOp *op, MsgImportRecord *record, GError **error)
{
  MsgAccountOp *account = &op->account;
  MsgPasswordCost cost;
  unsigned earlier;

  if (!msg_account_op_draft (account, record->username, record->display_name, error))
    return false;
  earlier = GPOINTER_TO_UINT (g_hash_table_lookup (op->import->names, account->key));
  if (earlier != 0)
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_CONFLICT, "username_taken", "This username is in line %u.",
                                               earlier));
      return false;
    }
  if ((record->password == NULL) == (record->password_hash == NULL))
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "password", "Either a password or a passwordHash."));
      return false;
    }
  if (record->password != NULL)
    return msg_password_check (record->password, record->username, error);
  if (msg_password_parse (record->password_hash, &cost))
    return true;
  g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "hash", "This is no encoded Argon2id hash, or its "
                                           "parameters are out of bounds."));
  return false;
}

static void
line_start (ImportOp *import, MsgImportRecord *record)
{
  static const MsgOpClass class = { sizeof (LineOp), line_reply, msg_account_op_clear };
  LineOp *op = msg_op_new (import->op.core, &class);
  GError *error = NULL;

  op->import = import;
  op->line = record->line;
  op->account.now_ms = msg_core_now_ms (import->op.core);
  import->n_lines++;
  if (!line_check (op, record, &error))
    {
      msg_op_fail (&op->account.op, error);
      return;
    }
  (void) g_hash_table_insert (import->names, g_strdup (op->account.key), GUINT_TO_POINTER (record->line));
  op->has_sum = record->password != NULL;
  import->n_sums += op->has_sum;
  op->account.new_password = g_steal_pointer (&record->password);
  op->account.new_hash = g_steal_pointer (&record->password_hash);
  msg_op_read (op, msg_account_op_look, line_looked);
}

/* --- The import --- */

static bool
nothing_run (MsgDb *db, gpointer ctx, GError **error)
{
  return true;
}

static void
import_fill (ImportOp *import)
{
  unsigned n = 0;

  while (import->error == NULL && import->reader != NULL && import->n_lines < LINES_AT_ONCE
         && import->n_sums < SUMS_AT_ONCE && n++ < LINES_PER_TURN)
    {
      g_auto (MsgImportRecord) record = { 0 };
      g_autofree char *problem = NULL;

      if (import->op.core->closing)
        import->error = msg_error_new (MSG_ERROR_UNAVAILABLE, "closing", "The server is shutting down.");
      else if (!msg_import_reader_next (import->reader, &record, &problem))
        g_clear_pointer (&import->reader, msg_import_reader_free);
      else if (problem != NULL)
        import_add_problem (import, record.line, problem);
      else
        line_start (import, &record);
    }
  if (import->n_lines > 0)
    return; /* the next one that ends comes back here */
  if (import->error != NULL || import->reader == NULL)
    msg_op_end (&import->op, import->error);
  else
    msg_op_read (import, nothing_run, import_go_on);
}

static void
import_go_on (MsgOp *ctx, const GError *error)
{
  if (error != NULL)
    msg_op_end (ctx, error);
  else
    import_fill ((ImportOp *) ctx);
}

static void
import_reply (MsgOp *ctx, const GError *error)
{
  ImportOp *op = (ImportOp *) ctx;

  op->fn (error == NULL ? &op->report : NULL, error, op->data);
}

static void
import_clear (MsgOp *ctx)
{
  ImportOp *op = (ImportOp *) ctx;

  msg_import_reader_free (op->reader);
  g_hash_table_unref (op->names);
  g_ptr_array_unref (op->report.problems);
  g_clear_error (&op->error);
}

void
msg_account_import (MsgCore *core, const char *text, gsize len, MsgImportFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (ImportOp), import_reply, import_clear };
  GError *error = NULL;
  ImportOp *op;

  g_return_if_fail (core != NULL && (text != NULL || len == 0) && fn != NULL);
  op = msg_op_new (core, &class);
  op->fn = fn;
  op->data = data;
  op->report.problems = g_ptr_array_new_with_free_func (problem_free);
  op->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  op->reader = msg_import_reader_new (text, len, &error);
  if (op->reader == NULL)
    msg_op_fail (&op->op, error);
  else
    msg_op_read (op, nothing_run, import_go_on); /* a list without a good line must not call back from in here */
}
