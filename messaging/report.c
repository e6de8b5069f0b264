/* SPDX-License-Identifier: Apache-2.0 */
/* Reporting, and reading reports and the audit log. */
#include "messaging/report.h"

#include <string.h>

#include "messaging/contact-rows.h"
#include "messaging/core-private.h"
#include "messaging/chat-rows.h"
#include "messaging/names.h"
#include "messaging/report-rows.h"
#include "messaging/rows.h"

typedef struct {
  MsgOp op;
  MsgId user_id, subject_id, chat_id;
  GArray *ids;      /* owned: of int64_t */
  MsgReportReason reason;
  char *comment;    /* owned */
  int64_t now_ms;
  unsigned n;
  MsgCountFn fn;
  gpointer data;
} PutOp;

static bool
fail (MsgError code, const char *reason, const char *message, GError **error)
{
  g_propagate_error (error, msg_error_new (code, reason, "%s", message));
  return false;
}

/* --- Reporting --- */

static bool
count_open (MsgDb *db, const PutOp *op, unsigned *ret_n, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT COUNT (*) FROM reports WHERE reporter_id = :user AND state = 0");

  msg_stmt_set_int (stmt, ":user", op->user_id);
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  *ret_n = (unsigned) msg_stmt_get_int (stmt, 0);
  return true;
}

/* @ret_known: a message is reported once by somebody; a user, once at a time */
static bool
is_known (MsgDb *db, const PutOp *op, MsgId subject_id, int64_t message_id, bool *ret_known, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT 1 FROM reports WHERE reporter_id = :user AND subject_id = :subject"
                                      " AND chat_id = :chat AND message_id = :message AND (message_id > 0 OR state = 0)"
                                      " LIMIT 1");
  MsgStep step;

  msg_stmt_set_int (stmt, ":user", op->user_id);
  msg_stmt_set_int (stmt, ":subject", subject_id);
  msg_stmt_set_int (stmt, ":chat", op->chat_id);
  msg_stmt_set_int (stmt, ":message", message_id);
  step = msg_stmt_step (stmt, error);
  *ret_known = step == MSG_STEP_ROW;
  return step != MSG_STEP_ERROR;
}

/* @text: (nullable): what is kept of it: whole characters */
static char *
cut (const char *text)
{
  const char *end;

  if (text == NULL || strlen (text) <= MSG_REPORT_TEXT_BYTES)
    return g_strdup (text);
  end = g_utf8_find_prev_char (text, text + MSG_REPORT_TEXT_BYTES + 1);
  return g_strndup (text, (gsize) (end - text));
}

/* @message: (nullable): a user is reported */
static bool
put_one (MsgDb *db, PutOp *op, MsgId subject_id, const MsgMessage *message, GError **error)
{
  g_autofree char *text = message != NULL ? cut (message->text) : NULL;
  g_autofree char *data = message != NULL ? cut (message->data) : NULL;
  bool known;
  unsigned n;
  MsgStmt *stmt;

  if (!is_known (db, op, subject_id, message != NULL ? message->id : 0, &known, error))
    return false;
  if (known)
    return true;
  if (!count_open (db, op, &n, error))
    return false;
  if (n >= MSG_REPORTS_OPEN_MAX)
    return fail (MSG_ERROR_LIMIT, "too_many_reports", "Your earlier reports have to be looked at first.", error);
  stmt = msg_db_prepare (db, "INSERT INTO reports (id, reporter_id, subject_id, chat_id, message_id, reason, comment, text,"
                             " data, message_ms, at_ms, state, closed_ms) VALUES"
                             " ((SELECT COALESCE (MAX (id), 0) + 1 FROM reports),"
                             " :user, :subject, :chat, :message, :reason, :comment, :text, :data, :written, :now, 0, 0)");
  msg_stmt_set_int (stmt, ":user", op->user_id);
  msg_stmt_set_int (stmt, ":subject", subject_id);
  msg_stmt_set_int (stmt, ":chat", op->chat_id);
  msg_stmt_set_int (stmt, ":message", message != NULL ? message->id : 0);
  msg_stmt_set_int (stmt, ":reason", op->reason);
  msg_stmt_set_text (stmt, ":comment", op->comment);
  msg_stmt_set_text (stmt, ":text", text);
  msg_stmt_set_text (stmt, ":data", data);
  msg_stmt_set_int (stmt, ":written", message != NULL ? message->at_ms : 0);
  msg_stmt_set_int (stmt, ":now", op->now_ms);
  op->n++;
  return msg_stmt_run (stmt, error);
}

static bool
put_message (MsgDb *db, PutOp *op, int64_t id, GError **error)
{
  g_autoptr (MsgMessage) message = NULL;

  if (!msg_message_load (db, op->chat_id, op->user_id, id, &message, error))
    return false;
  if (message == NULL || message->sender_id == 0)
    return fail (MSG_ERROR_NOT_FOUND, "message", "There is no such message.", error);
  if (message->sender_id == op->user_id)
    return fail (MSG_ERROR_INVALID, "self", "This is a message of your own.", error);
  return put_one (db, op, message->sender_id, message, error);
}

static bool
put_user (MsgDb *db, PutOp *op, GError **error)
{
  g_autoptr (MsgUser) user = msg_user_load (db, op->subject_id, error);

  return user != NULL && put_one (db, op, user->id, NULL, error);
}

static bool
put_run (MsgDb *db, gpointer ctx, GError **error)
{
  PutOp *op = ctx;
  g_autoptr (MsgChat) chat = NULL;

  op->n = 0;
  if (op->ids->len == 0)
    return put_user (db, op, error);
  chat = msg_chat_load_for (db, op->chat_id, op->user_id, MSG_ACT_READ, op->now_ms, error);
  if (chat == NULL)
    return false;
  for (unsigned i = 0; i < op->ids->len; i++)
    if (!put_message (db, op, g_array_index (op->ids, int64_t, i), error))
      return false;
  return true;
}

static void
put_reply (MsgOp *ctx, const GError *error)
{
  PutOp *op = (PutOp *) ctx;

  op->fn (error == NULL ? op->n : 0, error, op->data);
}

static void
put_clear (MsgOp *ctx)
{
  PutOp *op = (PutOp *) ctx;

  g_array_unref (op->ids);
  g_free (op->comment);
}

static GError *
put_take (PutOp *op, const MsgReporting *reporting)
{
  MsgCore *core = op->op.core;
  GError *error = NULL;
  int64_t wait_ms;

  if (reporting->n > MSG_REPORT_MESSAGES_MAX)
    return msg_error_new (MSG_ERROR_INVALID, "limit", "1 to %d messages at once.", MSG_REPORT_MESSAGES_MAX);
  if (reporting->n == 0 && reporting->subject_id == reporting->user_id)
    return msg_error_new (MSG_ERROR_INVALID, "self", "This is you.");
  op->comment = reporting->comment != NULL && *reporting->comment != '\0'
                    ? msg_text_tidy (reporting->comment, MSG_REPORT_COMMENT_CHARS, "comment", "The comment", &error)
                    : g_strdup ("");
  if (error != NULL)
    return error;
  wait_ms = msg_limits_take_report (core->limits, op->user_id, core->options.now_us (core->options.clock_data));
  return wait_ms == 0 ? NULL : msg_error_new_retry (MSG_ERROR_LIMIT, "report_rate", wait_ms, "Too many reports at once.");
}

void
msg_report_put (MsgCore *core, const MsgReporting *reporting, MsgCountFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (PutOp), put_reply, put_clear };
  PutOp *op;
  GError *error;

  g_return_if_fail (core != NULL && reporting != NULL && (unsigned) reporting->reason < MSG_REASON_N && fn != NULL);
  op = msg_op_new (core, &class);
  op->user_id = reporting->user_id;
  op->subject_id = reporting->subject_id;
  op->chat_id = reporting->n > 0 ? reporting->chat_id : 0;
  op->reason = reporting->reason;
  op->now_ms = msg_core_now_ms (core);
  op->ids = g_array_new (FALSE, FALSE, sizeof (int64_t));
  if (reporting->n > 0)
    g_array_append_vals (op->ids, reporting->ids, MIN (reporting->n, MSG_REPORT_MESSAGES_MAX));
  op->fn = fn;
  op->data = data;
  error = put_take (op, reporting);
  if (error != NULL)
    msg_op_fail (&op->op, error);
  else
    msg_op_write (op, put_run, msg_op_end);
}

/* --- Reading --- */

void
msg_report_free (MsgReport *report)
{
  if (report == NULL)
    return;
  msg_user_free (report->reporter);
  msg_user_free (report->subject);
  g_free (report->comment);
  g_free (report->text);
  g_free (report->data);
  g_free (report);
}

MsgReport *
msg_report_from_row (MsgStmt *stmt)
{
  MsgReport *report = g_new0 (MsgReport, 1);

  report->id = msg_stmt_get_int (stmt, 0);
  report->chat_id = msg_stmt_get_int (stmt, 1);
  report->message_id = msg_stmt_get_int (stmt, 2);
  report->reason = (MsgReportReason) msg_stmt_get_int (stmt, 3);
  report->comment = g_strdup (msg_stmt_get_text (stmt, 4));
  report->text = g_strdup (msg_stmt_get_text (stmt, 5));
  report->data = g_strdup (msg_stmt_get_text (stmt, 6));
  report->message_ms = msg_stmt_get_int (stmt, 7);
  report->at_ms = msg_stmt_get_int (stmt, 8);
  report->state = (MsgReportState) msg_stmt_get_int (stmt, 9);
  report->closed_ms = msg_stmt_get_int (stmt, 10);
  report->n_of_subject = (unsigned) msg_stmt_get_int (stmt, 11);
  report->subject = msg_user_from_row (stmt, MSG_REPORT_N_COLUMNS);
  report->reporter = msg_user_from_row (stmt, MSG_REPORT_N_COLUMNS + MSG_USER_N_COLUMNS);
  return report;
}

typedef struct {
  MsgOp op;
  MsgId user_id;
  int64_t id, now_ms;
  MsgReportState state;
  unsigned limit;
  GPtrArray *rows;     /* owned */
  MsgLimited limited;
  MsgReportsFn reports_fn; /* one of the three */
  MsgAuditFn audit_fn;
  MsgLimitedFn limited_fn;
  gpointer data;
} ReadOp;

static void
read_reply (MsgOp *ctx, const GError *error)
{
  ReadOp *op = (ReadOp *) ctx;

  if (op->reports_fn != NULL)
    op->reports_fn (error == NULL ? op->rows : NULL, error, op->data);
  else if (op->audit_fn != NULL)
    op->audit_fn (error == NULL ? op->rows : NULL, error, op->data);
  else
    op->limited_fn (error == NULL ? &op->limited : NULL, error, op->data);
}

static void
read_clear (MsgOp *ctx)
{
  g_ptr_array_unref (((ReadOp *) ctx)->rows);
}

static void
free_report (gpointer report)
{
  msg_report_free (report);
}

static void
free_audit (gpointer data)
{
  MsgAudit *audit = data;

  g_free (audit->actor);
  g_free (audit->moderator);
  g_free (audit->note);
  g_free (audit);
}

static ReadOp *
read_op_new (MsgCore *core, GDestroyNotify free_row, gpointer data)
{
  static const MsgOpClass class = { sizeof (ReadOp), read_reply, read_clear };
  ReadOp *op = msg_op_new (core, &class);

  op->rows = g_ptr_array_new_with_free_func (free_row);
  op->now_ms = msg_core_now_ms (core);
  op->data = data;
  return op;
}

/* ends @op when its limit is wrong */
static void
read_page (ReadOp *op, MsgOpRun run)
{
  if (op->limit < 1 || op->limit > MSG_GET_MAX)
    msg_op_fail (&op->op, msg_error_new (MSG_ERROR_INVALID, "limit", "1 to %d at once.", MSG_GET_MAX));
  else
    msg_op_read (op, run, msg_op_end);
}

#define REPORTS_SQL(where)                                                                                             \
  "SELECT " MSG_REPORT_COLUMNS ", " MSG_USER_COLUMNS ", " MSG_REPORTER_COLUMNS " FROM " MSG_REPORT_TABLES " WHERE " where

static bool
list_run (MsgDb *db, gpointer ctx, GError **error)
{
  ReadOp *op = ctx;
  bool open = op->state == MSG_REPORT_OPEN;
  MsgStmt *stmt = msg_db_prepare (db, open ? REPORTS_SQL ("r.state = :state AND r.id > :id ORDER BY r.id LIMIT :limit")
                                           : REPORTS_SQL ("r.state = :state AND r.id < :id ORDER BY r.id DESC LIMIT :limit"));
  MsgStep step;

  msg_stmt_set_int (stmt, ":state", op->state);
  msg_stmt_set_int (stmt, ":id", open || op->id != 0 ? op->id : G_MAXINT64);
  msg_stmt_set_int (stmt, ":limit", op->limit);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    g_ptr_array_add (op->rows, msg_report_from_row (stmt));
  return step == MSG_STEP_DONE;
}

void
msg_report_list (MsgCore *core, MsgReportState state, int64_t after, unsigned limit, MsgReportsFn fn, gpointer data)
{
  ReadOp *op;

  g_return_if_fail (core != NULL && (unsigned) state < MSG_REPORT_STATE_N && fn != NULL);
  op = read_op_new (core, free_report, data);
  op->state = state;
  op->id = after;
  op->limit = limit;
  op->reports_fn = fn;
  read_page (op, list_run);
}

static bool
get_run (MsgDb *db, gpointer ctx, GError **error)
{
  ReadOp *op = ctx;
  MsgStmt *stmt = msg_db_prepare (db, REPORTS_SQL ("r.id = :id"));
  MsgStep step;

  msg_stmt_set_int (stmt, ":id", op->id);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_ROW)
    g_ptr_array_add (op->rows, msg_report_from_row (stmt));
  return step == MSG_STEP_ROW
         || (step == MSG_STEP_DONE && fail (MSG_ERROR_NOT_FOUND, "report", "There is no such report.", error));
}

void
msg_report_get (MsgCore *core, int64_t id, MsgReportsFn fn, gpointer data)
{
  ReadOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = read_op_new (core, free_report, data);
  op->id = id;
  op->reports_fn = fn;
  msg_op_read (op, get_run, msg_op_end);
}

static bool
audit_run (MsgDb *db, gpointer ctx, GError **error)
{
  ReadOp *op = ctx;
  MsgStmt *stmt = msg_db_prepare (db, "SELECT id, at_ms, act, actor, moderator, note, report_id, user_id, chat_id, message_id,"
                                      " until_ms FROM audit_log WHERE id < :before ORDER BY id DESC LIMIT :limit");
  MsgStep step;

  msg_stmt_set_int (stmt, ":before", op->id != 0 ? op->id : G_MAXINT64);
  msg_stmt_set_int (stmt, ":limit", op->limit);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      MsgAudit *audit = g_new0 (MsgAudit, 1);

      audit->id = msg_stmt_get_int (stmt, 0);
      audit->at_ms = msg_stmt_get_int (stmt, 1);
      audit->act = (MsgModerateAct) msg_stmt_get_int (stmt, 2);
      audit->actor = g_strdup (msg_stmt_get_text (stmt, 3));
      audit->moderator = g_strdup (msg_stmt_get_text (stmt, 4));
      audit->note = g_strdup (msg_stmt_get_text (stmt, 5));
      audit->report_id = msg_stmt_get_int (stmt, 6);
      audit->user_id = msg_stmt_get_int (stmt, 7);
      audit->chat_id = msg_stmt_get_int (stmt, 8);
      audit->message_id = msg_stmt_get_int (stmt, 9);
      audit->until_ms = msg_stmt_get_int (stmt, 10);
      g_ptr_array_add (op->rows, audit);
    }
  return step == MSG_STEP_DONE;
}

void
msg_audit_list (MsgCore *core, int64_t before, unsigned limit, MsgAuditFn fn, gpointer data)
{
  ReadOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = read_op_new (core, free_audit, data);
  op->id = before;
  op->limit = limit;
  op->audit_fn = fn;
  read_page (op, audit_run);
}

static bool
limits_run (MsgDb *db, gpointer ctx, GError **error)
{
  ReadOp *op = ctx;

  return msg_contact_load (db, &op->op.core->options, op->user_id, op->now_ms, &op->limited, error);
}

void
msg_account_limits (MsgCore *core, MsgId user_id, MsgLimitedFn fn, gpointer data)
{
  ReadOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = read_op_new (core, NULL, data);
  op->user_id = user_id;
  op->limited_fn = fn;
  msg_op_read (op, limits_run, msg_op_end);
}
