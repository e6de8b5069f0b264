/* SPDX-License-Identifier: Apache-2.0 */
/* Reading messages: pages of the history, and what a message said before. */
#include "messaging/chat-rows.h"
#include "messaging/core-private.h"
#include "messaging/topic.h"

#define EDITS_MAX 100

static void
free_message (gpointer message)
{
  msg_message_free (message);
}

static void
edit_free (gpointer data)
{
  MsgEdit *edit = data;

  g_free (edit->text);
  g_free (edit->entities);
  g_free (edit);
}

typedef struct {
  MsgOp op;
  MsgId user_id, chat_id;
  int64_t now_ms;
  MsgHistoryFrom from;
  int64_t id, thread_id;
  unsigned limit;
  int64_t first_id;       /* that the user sees */
  gsize bytes;            /* of the page */
  MsgHistory page;
  GPtrArray *edits;       /* owned (nullable): of MsgEdit */
  MsgHistoryFn history_fn; /* one of the two */
  MsgEditsFn edits_fn;
  gpointer data;
} ReadOp;

static void
read_reply (MsgOp *ctx, const GError *error)
{
  ReadOp *op = (ReadOp *) ctx;

  if (op->history_fn != NULL)
    op->history_fn (error == NULL ? &op->page : NULL, error, op->data);
  else
    op->edits_fn (error == NULL ? op->edits : NULL, error, op->data);
}

static void
read_clear (MsgOp *ctx)
{
  g_ptr_array_unref (((ReadOp *) ctx)->page.messages);
  g_ptr_array_unref (((ReadOp *) ctx)->edits);
}

static ReadOp *
read_op_new (MsgCore *core, MsgId user_id, MsgId chat_id, gpointer data)
{
  static const MsgOpClass class = { sizeof (ReadOp), read_reply, read_clear };
  ReadOp *op = msg_op_new (core, &class);

  op->user_id = user_id;
  op->chat_id = chat_id;
  op->now_ms = msg_core_now_ms (core);
  op->data = data;
  op->page.messages = g_ptr_array_new_with_free_func (free_message);
  op->edits = g_ptr_array_new_with_free_func (edit_free);
  return op;
}

/* --- History --- */

#define IN_THREAD " AND g.thread_id = :thread AND g.thread_id > 0" /* the second for the index that has these alone */
#define HISTORY_SQL(range, order, which)                                                                               \
  "SELECT " MSG_MESSAGE_COLUMNS " FROM messages g WHERE g.chat_id = :chat AND g.id " range " :id"                      \
  " AND " MSG_MESSAGE_IS_SHOWN which " ORDER BY g.id " order " LIMIT :limit"

/* @ret_more: there are more than @limit. The page stays in the order of the walk. */
static bool
walk (MsgDb *db, ReadOp *op, const char *sql, int64_t id, unsigned limit, bool *ret_more, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, sql);
  unsigned n = 0;
  MsgStep step;

  if (op->thread_id != 0)
    msg_stmt_set_int (stmt, ":thread", op->thread_id);
  msg_stmt_set_int (stmt, ":user", op->user_id);
  msg_stmt_set_int (stmt, ":chat", op->chat_id);
  msg_stmt_set_int (stmt, ":id", id);
  msg_stmt_set_int (stmt, ":first", op->first_id);
  msg_stmt_set_int (stmt, ":limit", limit + 1);
  *ret_more = false;
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      *ret_more = n++ == limit || op->bytes > MSG_PAGE_BYTES;
      if (*ret_more)
        break;
      g_ptr_array_add (op->page.messages, msg_message_from_row (stmt, 0));
      op->bytes += msg_message_weigh (op->page.messages->pdata[op->page.messages->len - 1]);
    }
  return step != MSG_STEP_ERROR;
}

static bool
walk_older (MsgDb *db, ReadOp *op, int64_t before, unsigned limit, bool *ret_more, GError **error)
{
  return walk (db, op, op->thread_id != 0 ? HISTORY_SQL ("<", "DESC", IN_THREAD) : HISTORY_SQL ("<", "DESC", ""), before,
               limit, ret_more, error);
}

static bool
walk_newer (MsgDb *db, ReadOp *op, int64_t after, unsigned limit, bool *ret_more, GError **error)
{
  return walk (db, op, op->thread_id != 0 ? HISTORY_SQL (">", "ASC", IN_THREAD) : HISTORY_SQL (">", "ASC", ""), after,
               limit, ret_more, error);
}

static void
reverse (GPtrArray *list)
{
  for (unsigned i = 0; i < list->len / 2; i++)
    {
      gpointer kept = list->pdata[i];

      list->pdata[i] = list->pdata[list->len - 1 - i];
      list->pdata[list->len - 1 - i] = kept;
    }
}

static bool
history_run (MsgDb *db, gpointer ctx, GError **error)
{
  ReadOp *op = ctx;
  GPtrArray *messages = op->page.messages;
  g_autoptr (MsgChat) chat = msg_chat_load_for (db, op->chat_id, op->user_id, MSG_ACT_READ, op->now_ms, error);
  bool more = false, ok = false;

  if (chat == NULL)
    return false;
  op->first_id = chat->first_id;
  switch (op->from)
    {
    case MSG_HISTORY_BEFORE:
      ok = walk_older (db, op, op->id, op->limit, &more, error);
      break;
    case MSG_HISTORY_AFTER:
      ok = walk_newer (db, op, op->id, op->limit, &more, error);
      break;
    case MSG_HISTORY_AROUND: /* it and what is newer, then as much of what is older */
      ok = walk_newer (db, op, op->id - 1, (op->limit + 1) / 2, &more, error);
      reverse (messages);
      ok = ok && walk_older (db, op, op->id, op->limit / 2, &more, error);
      more = false;
      break;
    }
  if (ok && more)
    op->page.next = ((MsgMessage *) messages->pdata[messages->len - 1])->id;
  if (op->from == MSG_HISTORY_AFTER)
    reverse (messages);
  return ok;
}

void
msg_topic_history (MsgCore *core, MsgId user_id, MsgId chat_id, const MsgHistoryPlace *place, MsgHistoryFn fn,
                   gpointer data)
{
  ReadOp *op;

  g_return_if_fail (core != NULL && place != NULL && fn != NULL);
  op = read_op_new (core, user_id, chat_id, data);
  op->thread_id = place->thread_id;
  op->from = place->from;
  op->id = place->id;
  op->limit = place->limit;
  op->history_fn = fn;
  if (op->limit < 1 || op->limit > MSG_HISTORY_MAX)
    msg_op_fail (&op->op, msg_error_new (MSG_ERROR_INVALID, "limit", "1 to %d messages at once.", MSG_HISTORY_MAX));
  else
    msg_op_read (op, history_run, msg_op_end);
}

void
msg_message_history (MsgCore *core, MsgId user_id, MsgId chat_id, MsgHistoryFrom from, int64_t id, unsigned limit,
                     MsgHistoryFn fn, gpointer data)
{
  const MsgHistoryPlace place = { .from = from, .id = id, .limit = limit };

  msg_topic_history (core, user_id, chat_id, &place, fn, data);
}

/* --- Edits --- */

static bool
edits_run (MsgDb *db, gpointer ctx, GError **error)
{
  ReadOp *op = ctx;
  g_autoptr (MsgChat) chat = msg_chat_load_for (db, op->chat_id, op->user_id, MSG_ACT_READ, op->now_ms, error);
  g_autoptr (MsgMessage) message = NULL;
  MsgStmt *stmt;
  MsgStep step;

  if (chat == NULL || !msg_message_load (db, op->chat_id, op->user_id, op->id, &message, error))
    return false;
  if (message == NULL)
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_NOT_FOUND, "message", "There is no such message."));
      return false;
    }
  stmt = msg_db_prepare (db, "SELECT at_ms, text, entities FROM message_edits WHERE chat_id = :chat"
                             " AND message_id = :id ORDER BY n DESC LIMIT :limit");
  msg_stmt_set_int (stmt, ":chat", op->chat_id);
  msg_stmt_set_int (stmt, ":id", op->id);
  msg_stmt_set_int (stmt, ":limit", EDITS_MAX);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      MsgEdit *edit = g_new0 (MsgEdit, 1);

      edit->at_ms = msg_stmt_get_int (stmt, 0);
      edit->text = g_strdup (msg_stmt_get_text (stmt, 1));
      edit->entities = g_strdup (msg_stmt_get_text (stmt, 2));
      g_ptr_array_add (op->edits, edit);
    }
  reverse (op->edits);
  return step == MSG_STEP_DONE;
}

void
msg_message_get_edits (MsgCore *core, MsgId user_id, MsgId chat_id, int64_t message_id, MsgEditsFn fn, gpointer data)
{
  ReadOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = read_op_new (core, user_id, chat_id, data);
  op->id = message_id;
  op->edits_fn = fn;
  msg_op_read (op, edits_run, msg_op_end);
}
