/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the update log: what a device has missed, as it is now. */
#include <stdlib.h>

#include "messaging/chat-rows.h"
#include "messaging/core-private.h"
#include "messaging/draft-rows.h"
#include "messaging/schedule-rows.h"

typedef struct {
  MsgOp op;
  MsgId user_id, chat_id;    /* chat_id: whose log; 0: the user's */
  int64_t now_ms;
  int64_t pts;
  unsigned limit;
  MsgDifference difference;
  MsgUpdateState state;      /* chats: owned (nullable) */
  MsgStateFn state_fn;       /* one of the two */
  MsgDifferenceFn difference_fn;
  gpointer data;
} ReadOp;

static void
free_update (gpointer update)
{
  msg_update_free (update);
}

static void
read_reply (MsgOp *ctx, const GError *error)
{
  ReadOp *op = (ReadOp *) ctx;

  if (op->state_fn != NULL)
    op->state_fn (error == NULL ? &op->state : NULL, error, op->data);
  else
    op->difference_fn (error == NULL ? &op->difference : NULL, error, op->data);
}

static void
read_clear (MsgOp *ctx)
{
  g_ptr_array_unref (((ReadOp *) ctx)->difference.updates);
  g_clear_pointer (&((ReadOp *) ctx)->state.chats, g_array_unref);
}

static ReadOp *
read_op_new (MsgCore *core, MsgId user_id, gpointer data)
{
  static const MsgOpClass class = { sizeof (ReadOp), read_reply, read_clear };
  ReadOp *op = msg_op_new (core, &class);

  op->user_id = user_id;
  op->now_ms = msg_core_now_ms (core);
  op->difference.updates = g_ptr_array_new_with_free_func (free_update);
  op->data = data;
  return op;
}

static bool
state_run (MsgDb *db, gpointer ctx, GError **error)
{
  ReadOp *op = ctx;
  MsgStmt *stmt = msg_db_prepare (db, "SELECT c.id, c.pts FROM chat_members m JOIN chats c ON c.id = m.chat_id"
                                      " WHERE m.user_id = :user AND m.last_ms = 0 AND m.role >= 3 AND c.kind >= 4"
                                      " AND c.deleted_ms = 0");
  MsgStep step;

  msg_stmt_set_int (stmt, ":user", op->user_id);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      MsgChatPts chat = { msg_stmt_get_int (stmt, 0), msg_stmt_get_int (stmt, 1) };

      g_array_append_val (op->state.chats, chat);
    }
  return step == MSG_STEP_DONE && msg_log_get_pts (db, op->user_id, &op->state.pts, error);
}

void
msg_updates_state (MsgCore *core, MsgId user_id, MsgStateFn fn, gpointer data)
{
  ReadOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = read_op_new (core, user_id, data);
  op->state_fn = fn;
  op->state.chats = g_array_new (FALSE, FALSE, sizeof (MsgChatPts));
  msg_op_read (op, state_run, msg_op_end);
}

/* --- Difference --- */

/* NEW, and those of msg_update_is_of_message() */
#define HAS_MESSAGE "p.type IN (1, 2, 8, 9, 10)"

/* Of one's own reaction or vote: the kind of the chat */
#define OWN_KIND                                                                                                        \
  "CASE WHEN p.type IN (8, 10) AND p.subject_id = p.user_id THEN (SELECT c.kind FROM chats c WHERE c.id = p.chat_id)"   \
  " ELSE 0 END"

/* One statement for a page: the row, and the message if the user sees it now. */
static const char difference_sql[] =
    "SELECT p.pts, p.type, p.chat_id, p.message_id, p.subject_id, p.data, " OWN_KIND ", " MSG_MESSAGE_COLUMNS
    " FROM updates p LEFT JOIN chat_members m ON m.chat_id = p.chat_id AND m.user_id = p.user_id AND " MSG_MEMBER_IS_IN
    " LEFT JOIN messages g ON " HAS_MESSAGE " AND g.chat_id = m.chat_id AND g.id = p.message_id"
    " AND " MSG_MESSAGE_IS_VISIBLE
    " WHERE p.user_id = :user AND p.pts > :pts ORDER BY p.pts LIMIT :limit";

#define N_ROW_COLUMNS 7

static GArray *
read_ids (const char *text)
{
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (int64_t));

  while (text != NULL && *text != '\0')
    {
      char *end;
      int64_t id = g_ascii_strtoll (text, &end, 10);

      g_array_append_val (ids, id);
      text = *end == ',' ? end + 1 : NULL;
    }
  return ids;
}

static void
become_deleted (MsgUpdate *update, int64_t id)
{
  update->type = MSG_UPDATE_MESSAGE_DELETED;
  update->ids = g_array_new (FALSE, FALSE, sizeof (int64_t));
  g_array_append_val (update->ids, id);
}

static MsgUpdate *
update_from_row (MsgStmt *stmt, const ReadOp *op)
{
  MsgUpdate *update = msg_update_new ((MsgUpdateType) msg_stmt_get_int (stmt, 1), msg_stmt_get_int (stmt, 2));
  MsgUpdateTo to = { op->user_id, msg_stmt_get_int (stmt, 0) };

  if (op->chat_id != 0)
    update->chat_pts = to.pts;
  else
    g_array_append_val (update->to, to);
  update->up_to = msg_stmt_get_int (stmt, 3);
  update->user_id = msg_stmt_get_int (stmt, 4);
  if (update->type == MSG_UPDATE_MESSAGE_DELETED)
    update->ids = read_ids (msg_stmt_get_text (stmt, 5));
  else if (update->type != MSG_UPDATE_MESSAGE_NEW && !msg_update_is_of_message (update->type))
    return update;
  else if (msg_stmt_get_int (stmt, N_ROW_COLUMNS + 1) != 0)
    update->message = msg_message_from_row (stmt, N_ROW_COLUMNS);
  else
    become_deleted (update, update->up_to);
  update->has_own = update->user_id == op->user_id && update->user_id != 0;
  update->own_alone = update->has_own && msg_chat_has_log ((MsgChatKind) msg_stmt_get_int (stmt, 6));
  return update;
}

/* What the user is now, instead of a chat that they do not see any more. */
static bool
become_member (MsgDb *db, const ReadOp *op, MsgUpdate *update, MsgId subject_id, GError **error)
{
  update->type = MSG_UPDATE_MEMBER;
  update->user_id = subject_id;
  return msg_chat_load_standing (db, update->chat_id, subject_id, op->now_ms, &update->standing, error);
}

/* The rest of an update, from where it stands. */
static bool
fill_in (MsgDb *db, const ReadOp *op, MsgUpdate *update, GError **error)
{
  g_autoptr (GError) missing = NULL;

  switch (update->type)
    {
    case MSG_UPDATE_CHAT:
    case MSG_UPDATE_READ:
      update->chat = msg_chat_load_for (db, update->chat_id, op->user_id, MSG_ACT_READ, op->now_ms, &missing);
      if (missing != NULL && missing->code != MSG_ERROR_UNAVAILABLE)
        return update->type == MSG_UPDATE_READ || become_member (db, op, update, op->user_id, error);
      if (missing != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&missing));
          return false;
        }
      if (!msg_chat_fill_in (db, update->chat, op->user_id, error))
        return false;
      if (update->type == MSG_UPDATE_CHAT)
        return true;
      update->has_counts = update->user_id == op->user_id;
      update->unread = update->chat->unread;
      update->mentions = update->chat->mentions;
      g_clear_pointer (&update->chat, msg_chat_free);
      return true;
    case MSG_UPDATE_MEMBER:
      return become_member (db, op, update, update->user_id, error);
    case MSG_UPDATE_SCHEDULED:
      return msg_scheduled_load (db, op->user_id, update->chat_id, update->up_to, &update->scheduled, error);
    case MSG_UPDATE_DRAFT:
      return msg_draft_load (db, op->user_id, update->chat_id, &update->draft, error);
    default:
      return true;
    }
}

static bool
check_pts (MsgDb *db, const ReadOp *op, int64_t newest, GError **error)
{
  static const char of_user[] = "SELECT COUNT (*) FROM updates WHERE user_id = :log AND pts = :next";
  static const char of_chat[] = "SELECT COUNT (*) FROM chat_updates WHERE chat_id = :log AND pts = :next";
  MsgStmt *stmt;

  if (op->pts < 0 || op->pts > newest)
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "pts", "The log is not that far."));
      return false;
    }
  if (op->pts == newest)
    return true;
  stmt = msg_db_prepare (db, op->chat_id != 0 ? of_chat : of_user);
  msg_stmt_set_int (stmt, ":log", op->chat_id != 0 ? op->chat_id : op->user_id);
  msg_stmt_set_int (stmt, ":next", op->pts + 1);
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  if (msg_stmt_get_int (stmt, 0) == 1)
    return true;
  g_propagate_error (error, msg_error_new (MSG_ERROR_GONE, "pts_too_old",
                                           "These updates are no longer kept: take chat.list and message.history."));
  return false;
}

/* @stmt: but for where it begins and how much it gives */
static bool
read_rows (MsgStmt *stmt, ReadOp *op, GError **error)
{
  MsgDifference *difference = &op->difference;
  gsize bytes = 0;
  MsgStep step;

  msg_stmt_set_int (stmt, ":user", op->user_id);
  msg_stmt_set_int (stmt, ":pts", op->pts);
  msg_stmt_set_int (stmt, ":limit", op->limit);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      MsgUpdate *update = update_from_row (stmt, op);

      g_ptr_array_add (difference->updates, update);
      bytes += MSG_ROW_WEIGHT + msg_message_weigh (update->message);
      if (bytes > MSG_PAGE_BYTES)
        break;
    }
  difference->more = op->pts + difference->updates->len < difference->pts;
  difference->pts = op->pts + difference->updates->len;
  return step != MSG_STEP_ERROR;
}

static bool
difference_run (MsgDb *db, gpointer ctx, GError **error)
{
  ReadOp *op = ctx;
  MsgDifference *difference = &op->difference;

  if (!msg_log_get_pts (db, op->user_id, &difference->pts, error) || !check_pts (db, op, difference->pts, error)
      || !read_rows (msg_db_prepare (db, difference_sql), op, error))
    return false;
  for (unsigned i = 0; i < difference->updates->len; i++)
    if (!fill_in (db, op, difference->updates->pdata[i], error))
      return false;
  return true;
}

static void
ask (ReadOp *op, MsgOpRun run)
{
  if (op->limit < 1 || op->limit > MSG_DIFFERENCE_MAX)
    msg_op_fail (&op->op, msg_error_new (MSG_ERROR_INVALID, "limit", "1 to %d updates at once.", MSG_DIFFERENCE_MAX));
  else
    msg_op_read (op, run, msg_op_end);
}

void
msg_updates_difference (MsgCore *core, MsgId user_id, int64_t pts, unsigned limit, MsgDifferenceFn fn, gpointer data)
{
  ReadOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = read_op_new (core, user_id, data);
  op->pts = pts;
  op->limit = limit;
  op->difference_fn = fn;
  ask (op, difference_run);
}

/* --- Of a chat --- */

static const char chat_difference_sql[] =
    "SELECT p.pts, p.type, p.chat_id, p.message_id, p.subject_id, p.data, 0, " MSG_MESSAGE_COLUMNS
    " FROM chat_updates p LEFT JOIN messages g ON " HAS_MESSAGE " AND g.chat_id = p.chat_id AND g.id = p.message_id"
    " AND " MSG_MESSAGE_IS_SHOWN
    " WHERE p.chat_id = :chat AND p.pts > :pts ORDER BY p.pts LIMIT :limit";

static bool
chat_difference_run (MsgDb *db, gpointer ctx, GError **error)
{
  ReadOp *op = ctx;
  MsgDifference *difference = &op->difference;
  g_autoptr (MsgChat) chat = msg_chat_load_for (db, op->chat_id, op->user_id, MSG_ACT_READ, op->now_ms, error);
  MsgStmt *stmt;

  if (chat == NULL)
    return false;
  if (!msg_chat_has_log (chat->kind))
    {
      g_propagate_error (error, msg_verdict_to_error (MSG_VERDICT_CHAT_KIND));
      return false;
    }
  difference->pts = chat->pts;
  if (!check_pts (db, op, chat->pts, error))
    return false;
  stmt = msg_db_prepare (db, chat_difference_sql);
  msg_stmt_set_int (stmt, ":chat", chat->id);
  msg_stmt_set_int (stmt, ":first", chat->first_id);
  if (!read_rows (stmt, op, error))
    return false;
  for (unsigned i = 0; i < difference->updates->len; i++)
    {
      MsgUpdate *update = difference->updates->pdata[i];

      if (update->type == MSG_UPDATE_CHAT)
        update->chat = msg_chat_copy (chat);
    }
  return true;
}

void
msg_updates_chat_difference (MsgCore *core, MsgId user_id, MsgId chat_id, int64_t pts, unsigned limit,
                             MsgDifferenceFn fn, gpointer data)
{
  ReadOp *op;

  g_return_if_fail (core != NULL && chat_id != 0 && fn != NULL);
  op = read_op_new (core, user_id, data);
  op->chat_id = chat_id;
  op->pts = pts;
  op->limit = limit;
  op->difference_fn = fn;
  ask (op, chat_difference_run);
}
