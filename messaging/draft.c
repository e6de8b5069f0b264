/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/draft.h"

#include <string.h>

#include "messaging/draft-rows.h"
#include "messaging/log-op.h"

typedef struct {
  MsgLogOp log;
  MsgDraft *draft;  /* owned (nullable): none */
  MsgWrittenFn fn;
  gpointer data;
} DraftOp;

static void
draft_reply (MsgOp *ctx, const GError *error)
{
  DraftOp *op = (DraftOp *) ctx;

  msg_log_op_tell (&op->log, error);
  op->fn (error == NULL ? &op->log.log.written : NULL, error, op->data);
}

static void
draft_clear (MsgOp *ctx)
{
  msg_log_op_clear (ctx);
  msg_draft_free (((DraftOp *) ctx)->draft);
}

static bool
is_same (const MsgDraft *a, const MsgDraft *b)
{
  if (a == NULL || b == NULL)
    return a == b;
  return strcmp (a->text, b->text) == 0 && g_strcmp0 (a->entities, b->entities) == 0 && a->reply_to == b->reply_to;
}

static bool
check_number (MsgDb *db, MsgId user_id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT COUNT (*) FROM drafts WHERE user_id = :user");

  msg_stmt_set_int (stmt, ":user", user_id);
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  if (msg_stmt_get_int (stmt, 0) < MSG_DRAFTS_MAX)
    return true;
  g_propagate_error (error, msg_error_new (MSG_ERROR_LIMIT, "too_many_drafts", "There are drafts in too many chats."));
  return false;
}

static bool
draft_run (MsgDb *db, gpointer ctx, GError **error)
{
  DraftOp *op = ctx;
  MsgLog *log = &op->log.log;
  MsgAct act = op->draft != NULL ? MSG_ACT_SEND : MSG_ACT_MARK;
  g_autoptr (MsgChat) chat = NULL;
  g_autoptr (MsgDraft) known = NULL;

  msg_log_reset (log);
  chat = msg_chat_load_for (db, op->log.chat_id, op->log.user_id, act, log->now_ms, error);
  if (chat == NULL || !msg_draft_load (db, op->log.user_id, chat->id, &known, error))
    return false;
  if (is_same (known, op->draft))
    return msg_log_finish (db, log, error);
  return (known != NULL || check_number (db, op->log.user_id, error))
         && msg_draft_put (db, log, op->log.user_id, chat->id, op->draft, error);
}

/* Returns: (nullable): why it cannot be taken */
static GError *
draft_take (DraftOp *op, const MsgDrafting *given)
{
  const MsgCoreOptions *options = &op->log.op.core->options;
  bool has_text = given->text != NULL && *given->text != '\0';
  GError *error = NULL;
  unsigned units;

  if (!has_text && given->reply_to == 0)
    return NULL;
  if (has_text && !msg_message_text_check (given->text, options->message_units, &units, &error))
    return error;
  if (given->entities != NULL
      && !msg_entities_check (has_text ? given->text : "", given->entities, options->message_entities, &error))
    return error;
  op->draft = g_new0 (MsgDraft, 1);
  op->draft->at_ms = op->log.log.now_ms;
  op->draft->text = g_strdup (has_text ? given->text : "");
  op->draft->entities = given->entities != NULL ? msg_entities_write (given->entities) : NULL;
  op->draft->reply_to = given->reply_to;
  return NULL;
}

void
msg_chat_set_draft (MsgCore *core, const MsgDrafting *drafting, MsgWrittenFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (DraftOp), draft_reply, draft_clear };
  DraftOp *op;
  GError *error;

  g_return_if_fail (core != NULL && drafting != NULL && fn != NULL);
  op = msg_log_op_new (core, &class, drafting->user_id, drafting->chat_id);
  op->fn = fn;
  op->data = data;
  error = draft_take (op, drafting);
  if (error != NULL)
    msg_op_fail (&op->log.op, error);
  else if (msg_log_op_take_draft (&op->log))
    msg_op_write (op, draft_run, msg_op_end);
}
