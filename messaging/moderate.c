/* SPDX-License-Identifier: Apache-2.0 */
/* What moderators do: the act and its row of the audit log are one transaction. */
#include "messaging/core-private.h"
#include "messaging/discussion-rows.h"
#include "messaging/log-op.h"
#include "messaging/names.h"
#include "messaging/report.h"
#include "messaging/rows.h"

typedef struct {
  MsgLogOp log;
  MsgModeration act; /* its strings are below */
  char *actor, *moderator, *note; /* owned */
  int64_t until_ms;
  MsgId user_id;     /* whom it is about; 0: not known */
  MsgDoneFn fn;
  gpointer data;
} ModerateOp;

static bool
fail (MsgError code, const char *reason, const char *message, GError **error)
{
  g_propagate_error (error, msg_error_new (code, reason, "%s", message));
  return false;
}

static bool
write_audit (MsgDb *db, const ModerateOp *op, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "INSERT INTO audit_log (id, at_ms, act, actor, moderator, note, report_id, user_id,"
                                      " chat_id, message_id, until_ms) VALUES"
                                      " ((SELECT COALESCE (MAX (id), 0) + 1 FROM audit_log), :now, :act, :actor, :moderator,"
                                      " :note, :report, :user, :chat, :message, :until)");

  msg_stmt_set_int (stmt, ":now", op->log.log.now_ms);
  msg_stmt_set_int (stmt, ":act", op->act.act);
  msg_stmt_set_text (stmt, ":actor", op->actor);
  msg_stmt_set_text (stmt, ":moderator", op->moderator);
  msg_stmt_set_text (stmt, ":note", op->note);
  msg_stmt_set_int (stmt, ":report", op->act.report_id);
  msg_stmt_set_int (stmt, ":user", op->user_id);
  msg_stmt_set_int (stmt, ":chat", op->act.chat_id);
  msg_stmt_set_int (stmt, ":message", op->act.message_id);
  msg_stmt_set_int (stmt, ":until", op->until_ms);
  return msg_stmt_run (stmt, error);
}

/* --- Reports --- */

static bool
limit_user (MsgDb *db, const ModerateOp *op, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "INSERT INTO limited_users (user_id, until_ms, at_ms) VALUES (:user, :until, :now)"
                                      " ON CONFLICT (user_id) DO UPDATE SET until_ms = :until, at_ms = :now");

  msg_stmt_set_int (stmt, ":user", op->user_id);
  msg_stmt_set_int (stmt, ":until", op->until_ms);
  msg_stmt_set_int (stmt, ":now", op->log.log.now_ms);
  return msg_stmt_run (stmt, error);
}

static bool
close_report (MsgDb *db, ModerateOp *op, GError **error)
{
  bool resolves = op->act.act == MSG_MODERATE_RESOLVE;
  MsgStmt *stmt = msg_db_prepare (db, "SELECT subject_id, state, chat_id, message_id FROM reports WHERE id = :id");
  MsgStep step;

  msg_stmt_set_int (stmt, ":id", op->act.report_id);
  step = msg_stmt_step (stmt, error);
  if (step != MSG_STEP_ROW)
    return step == MSG_STEP_DONE && fail (MSG_ERROR_NOT_FOUND, "report", "There is no such report.", error);
  if (msg_stmt_get_int (stmt, 1) != MSG_REPORT_OPEN)
    return fail (MSG_ERROR_CONFLICT, "report_closed", "Somebody has closed this report.", error);
  op->user_id = msg_stmt_get_int (stmt, 0);
  op->act.chat_id = msg_stmt_get_int (stmt, 2);
  op->act.message_id = msg_stmt_get_int (stmt, 3);
  stmt = msg_db_prepare (db, "UPDATE reports SET state = :state, closed_ms = :now WHERE id = :id");
  msg_stmt_set_int (stmt, ":state", resolves ? MSG_REPORT_RESOLVED : MSG_REPORT_DISMISSED);
  msg_stmt_set_int (stmt, ":now", op->log.log.now_ms);
  msg_stmt_set_int (stmt, ":id", op->act.report_id);
  return msg_stmt_run (stmt, error) && (op->until_ms == 0 || limit_user (db, op, error));
}

/* --- Users --- */

static bool
set_disabled (MsgDb *db, ModerateOp *op, GError **error)
{
  bool ban = op->act.act == MSG_MODERATE_BAN;
  g_autoptr (MsgUser) user = msg_user_load (db, op->act.user_id, error);
  MsgStmt *stmt;

  if (user == NULL)
    return false;
  op->user_id = user->id;
  stmt = msg_db_prepare (db, "UPDATE users SET disabled = :disabled WHERE id = :id");
  msg_stmt_set_int (stmt, ":disabled", ban);
  msg_stmt_set_int (stmt, ":id", user->id);
  return msg_stmt_run (stmt, error) && (!ban || msg_session_drop_all (db, user->id, 0, op->log.log.now_ms, error));
}

static bool
lift_limit (MsgDb *db, ModerateOp *op, GError **error)
{
  g_autoptr (MsgUser) user = msg_user_load (db, op->act.user_id, error);
  MsgStmt *stmt;

  if (user == NULL)
    return false;
  op->user_id = user->id;
  stmt = msg_db_prepare (db, "DELETE FROM limited_users WHERE user_id = :user");
  msg_stmt_set_int (stmt, ":user", user->id);
  return msg_stmt_run (stmt, error);
}

/* --- Messages --- */

static bool
load_message (MsgDb *db, const ModerateOp *op, MsgMessage **ret_message, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " MSG_MESSAGE_COLUMNS " FROM messages g WHERE g.chat_id = :chat AND g.id = :id"
                                      " AND g.deleted_ms = 0");
  MsgStep step;

  msg_stmt_set_int (stmt, ":chat", op->act.chat_id);
  msg_stmt_set_int (stmt, ":id", op->act.message_id);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_ROW)
    *ret_message = msg_message_from_row (stmt, 0);
  return step == MSG_STEP_ROW
         || (step == MSG_STEP_DONE && fail (MSG_ERROR_NOT_FOUND, "message", "There is no such message.", error));
}

static bool
delete_message (MsgDb *db, ModerateOp *op, GError **error)
{
  MsgLog *log = &op->log.log;
  g_autoptr (MsgChat) chat = msg_chat_load (db, op->act.chat_id, 0, log->now_ms, error);
  g_autoptr (MsgMessage) message = NULL;
  MsgUpdate *update;

  if (chat == NULL || !load_message (db, op, &message, error)
      || !msg_message_wipe (db, chat, message, log->now_ms, error))
    return false;
  op->user_id = message->sender_id;
  update = msg_update_new (MSG_UPDATE_MESSAGE_DELETED, chat->id);
  update->ids = g_array_append_val (g_array_new (FALSE, FALSE, sizeof (int64_t)), message->id);
  return msg_discussion_delete (db, log, chat, update->ids, error) && msg_log_append (db, log, chat, update, 0, error);
}

/* --- All --- */

static bool
moderate_run (MsgDb *db, gpointer ctx, GError **error)
{
  static bool (*const acts[MSG_MODERATE_N]) (MsgDb *, ModerateOp *, GError **) = {
    close_report, close_report, set_disabled, set_disabled, delete_message, lift_limit,
  };
  ModerateOp *op = ctx;

  msg_log_reset (&op->log.log);
  return acts[op->act.act](db, op, error) && write_audit (db, op, error);
}

static void
moderate_reply (MsgOp *ctx, const GError *error)
{
  ModerateOp *op = (ModerateOp *) ctx;

  msg_log_op_tell (&op->log, error);
  if (error == NULL && op->act.act == MSG_MODERATE_BAN)
    msg_core_sessions_ended (ctx->core, op->user_id, 0, 0, MSG_END_DISABLED);
  op->fn (error, op->data);
}

static void
moderate_clear (MsgOp *ctx)
{
  ModerateOp *op = (ModerateOp *) ctx;

  msg_log_op_clear (ctx);
  g_free (op->actor);
  g_free (op->moderator);
  g_free (op->note);
}

/* @text: (nullable). Returns: (transfer full): "" where there is none */
static char *
take_text (const char *text, unsigned chars, const char *what, GError **error)
{
  return text != NULL && *text != '\0' && *error == NULL ? msg_text_tidy (text, chars, "note", what, error) : g_strdup ("");
}

void
msg_moderate (MsgCore *core, const MsgModeration *moderation, MsgDoneFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (ModerateOp), moderate_reply, moderate_clear };
  ModerateOp *op;
  GError *error = NULL;

  g_return_if_fail (core != NULL && moderation != NULL && (unsigned) moderation->act < MSG_MODERATE_N && fn != NULL);
  op = msg_log_op_new (core, &class, 0, moderation->chat_id);
  op->act = *moderation;
  op->fn = fn;
  op->data = data;
  op->actor = g_strdup (moderation->actor);
  op->moderator = take_text (moderation->moderator, MSG_MODERATOR_CHARS, "The moderator", &error);
  op->note = take_text (moderation->note, MSG_NOTE_CHARS, "The note", &error);
  op->act.actor = op->act.moderator = op->act.note = NULL;
  if (moderation->limit_ms > 0 && moderation->act == MSG_MODERATE_RESOLVE)
    op->until_ms = op->log.log.now_ms + MIN (moderation->limit_ms, MSG_LIMITED_MAX_MS);
  if (error != NULL)
    msg_op_fail (&op->log.op, error);
  else
    msg_op_write (op, moderate_run, msg_op_end);
}
