/* SPDX-License-Identifier: Apache-2.0 */
/* Voting. What there is of each option is kept with the message; a row for each vote says whose it is. */
#include "messaging/message-poll.h"

#include "messaging/log-op.h"
#include "messaging/rows.h"

typedef struct {
  MsgLogOp log;
  int64_t message_id;
  unsigned options;
  MsgWrittenFn fn;
  gpointer data;
} PollOp;

static void
poll_reply (MsgOp *ctx, const GError *error)
{
  PollOp *op = (PollOp *) ctx;

  msg_log_op_tell (&op->log, error);
  op->fn (error == NULL ? &op->log.log.written : NULL, error, op->data);
}

static PollOp *
poll_op_new (MsgCore *core, MsgId user_id, MsgId chat_id, int64_t message_id, MsgWrittenFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (PollOp), poll_reply, msg_log_op_clear };
  PollOp *op = msg_log_op_new (core, &class, user_id, chat_id);

  op->message_id = message_id;
  op->fn = fn;
  op->data = data;
  return op;
}

static bool
load_poll (MsgDb *db, MsgId chat_id, MsgId user_id, int64_t id, MsgMessage **ret_message, GError **error)
{
  if (!msg_message_load (db, chat_id, user_id, id, ret_message, error))
    return false;
  if (*ret_message == NULL)
    g_propagate_error (error, msg_error_new (MSG_ERROR_NOT_FOUND, "message", "There is no such message."));
  else if ((*ret_message)->poll == NULL)
    g_propagate_error (error, msg_error_new (MSG_ERROR_NOT_FOUND, "poll", "This message has no poll."));
  else
    return true;
  return false;
}

/* What all see, without what is withheld. */
static MsgPoll *
read_shared (MsgDb *db, const PollOp *op, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT poll FROM messages WHERE chat_id = :chat AND id = :id");

  msg_stmt_set_int (stmt, ":chat", op->log.chat_id);
  msg_stmt_set_int (stmt, ":id", op->message_id);
  return msg_stmt_step (stmt, error) == MSG_STEP_ROW ? msg_poll_parse (msg_stmt_get_text (stmt, 0)) : NULL;
}

static bool
put_shared (MsgDb *db, const PollOp *op, const MsgPoll *poll, GError **error)
{
  g_autofree char *text = msg_poll_write (poll);
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE messages SET poll = :poll WHERE chat_id = :chat AND id = :id");

  msg_stmt_set_text (stmt, ":poll", text);
  msg_stmt_set_int (stmt, ":chat", op->log.chat_id);
  msg_stmt_set_int (stmt, ":id", op->message_id);
  return msg_stmt_run (stmt, error);
}

static bool
read_withheld (MsgDb *db, const PollOp *op, bool *ret_withheld, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT withheld FROM poll_votes"
                                      " WHERE chat_id = :chat AND message_id = :id AND user_id = :user");
  MsgStep step;

  msg_stmt_set_int (stmt, ":chat", op->log.chat_id);
  msg_stmt_set_int (stmt, ":id", op->message_id);
  msg_stmt_set_int (stmt, ":user", op->log.user_id);
  step = msg_stmt_step (stmt, error);
  *ret_withheld = step == MSG_STEP_ROW && msg_stmt_get_int (stmt, 0) != 0;
  return step != MSG_STEP_ERROR;
}

static bool
put_vote (MsgDb *db, const PollOp *op, bool withheld, GError **error)
{
  static const char *const sql[] = {
    ("INSERT INTO poll_votes (chat_id, message_id, user_id, options, at_ms, withheld)"
     " VALUES (:chat, :id, :user, :options, :now, :withheld) ON CONFLICT (chat_id, message_id, user_id)"
     " DO UPDATE SET options = excluded.options, at_ms = excluded.at_ms, withheld = excluded.withheld"),
    "DELETE FROM poll_votes WHERE chat_id = :chat AND message_id = :id AND user_id = :user",
  };
  MsgStmt *stmt = msg_db_prepare (db, sql[op->options == 0]);

  msg_stmt_set_int (stmt, ":chat", op->log.chat_id);
  msg_stmt_set_int (stmt, ":id", op->message_id);
  msg_stmt_set_int (stmt, ":user", op->log.user_id);
  if (op->options != 0)
    {
      msg_stmt_set_int (stmt, ":options", op->options);
      msg_stmt_set_int (stmt, ":now", op->log.log.now_ms);
      msg_stmt_set_int (stmt, ":withheld", withheld);
    }
  return msg_stmt_run (stmt, error);
}

/* @poll: (transfer full): as the others see it */
static MsgUpdate *
shared_update (const MsgMessage *message, MsgPoll *poll)
{
  MsgUpdate *update = msg_update_new (MSG_UPDATE_POLL, message->chat_id);

  update->message = msg_message_copy (message);
  msg_poll_free (update->message->poll);
  update->message->poll = poll;
  return update;
}

/* @shared: (nullable): what the others see now */
static bool
tell (MsgDb *db, PollOp *op, MsgChat *chat, const MsgPoll *shared, GError **error)
{
  g_autoptr (MsgUpdate) own = msg_update_new (MSG_UPDATE_POLL, chat->id);

  own->user_id = op->log.user_id;
  own->has_own = true;
  own->own_alone = msg_chat_has_log (chat->kind);
  if (!msg_message_load (db, chat->id, op->log.user_id, op->message_id, &own->message, error))
    return false;
  if (shared != NULL)
    {
      MsgUpdate *others = shared_update (own->message, msg_poll_copy (shared));

      others->user_id = shared->is_public && !msg_chat_has_log (chat->kind) ? op->log.user_id : 0;
      if (!msg_log_append (db, &op->log.log, chat, others, op->log.user_id, error))
        return false;
    }
  return msg_log_append_one (db, &op->log.log, g_steal_pointer (&own), op->log.user_id, error);
}

static bool
vote_run (MsgDb *db, gpointer ctx, GError **error)
{
  PollOp *op = ctx;
  MsgLog *log = &op->log.log;
  g_autoptr (MsgChat) chat = NULL;
  g_autoptr (MsgMessage) message = NULL;
  g_autoptr (MsgPoll) shared = NULL;
  MsgId withheld_from;
  bool was_withheld, taken, given;

  msg_log_reset (log);
  chat = msg_chat_load_for (db, op->log.chat_id, op->log.user_id, MSG_ACT_REACT, log->now_ms, error);
  if (chat == NULL || !load_poll (db, chat->id, op->log.user_id, op->message_id, &message, error)
      || !msg_poll_check_vote (message->poll, op->options, log->now_ms, error)
      || !msg_chat_find_withheld (db, chat, op->log.user_id, &withheld_from, error)
      || !read_withheld (db, op, &was_withheld, error))
    return false;
  if (message->poll->own == op->options && (!was_withheld || withheld_from != 0))
    return msg_log_finish (db, log, error);
  shared = read_shared (db, op, error);
  if (shared == NULL)
    return false;
  taken = message->poll->own != 0 && !was_withheld;
  given = op->options != 0 && withheld_from == 0;
  if (taken)
    msg_poll_count (shared, message->poll->own, true);
  if (given)
    msg_poll_count (shared, op->options, false);
  return put_vote (db, op, withheld_from != 0, error) && put_shared (db, op, shared, error)
         && tell (db, op, chat, taken || given ? shared : NULL, error);
}

void
msg_poll_vote (MsgCore *core, MsgId user_id, MsgId chat_id, int64_t message_id, unsigned options, MsgWrittenFn fn,
               gpointer data)
{
  PollOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = poll_op_new (core, user_id, chat_id, message_id, fn, data);
  op->options = options;
  if (msg_log_op_take_message (&op->log))
    msg_op_write (op, vote_run, msg_op_end);
}

/* --- Closing --- */

static bool
close_run (MsgDb *db, gpointer ctx, GError **error)
{
  PollOp *op = ctx;
  MsgLog *log = &op->log.log;
  g_autoptr (MsgChat) chat = NULL;
  g_autoptr (MsgMessage) message = NULL;
  g_autoptr (MsgPoll) shared = NULL;

  msg_log_reset (log);
  chat = msg_chat_load_for (db, op->log.chat_id, op->log.user_id, MSG_ACT_MARK, log->now_ms, error);
  if (chat == NULL || !load_poll (db, chat->id, op->log.user_id, op->message_id, &message, error)
      || (message->sender_id != op->log.user_id
          && !msg_chat_allow (chat->kind, chat->permissions, &chat->standing, MSG_ACT_DELETE_OTHERS, NULL, error)))
    return false;
  if (message->poll->closed)
    return msg_log_finish (db, log, error);
  shared = read_shared (db, op, error);
  if (shared == NULL)
    return false;
  shared->closed = true;
  return put_shared (db, op, shared, error)
         && msg_log_append (db, log, chat, shared_update (message, g_steal_pointer (&shared)), 0, error);
}

void
msg_poll_close (MsgCore *core, MsgId user_id, MsgId chat_id, int64_t message_id, MsgWrittenFn fn, gpointer data)
{
  PollOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = poll_op_new (core, user_id, chat_id, message_id, fn, data);
  if (msg_log_op_take_message (&op->log))
    msg_op_write (op, close_run, msg_op_end);
}

/* --- Who has --- */

typedef struct {
  MsgOp op;
  MsgId user_id, chat_id;
  MsgVotersAsked asked;
  int64_t now_ms;
  GPtrArray *voters;
  MsgVotersFn fn;
  gpointer data;
} VotersOp;

static void
voter_free (gpointer data)
{
  MsgVoter *voter = data;

  msg_user_free (voter->user);
  g_free (voter);
}

static void
voters_reply (MsgOp *ctx, const GError *error)
{
  VotersOp *op = (VotersOp *) ctx;

  op->fn (error == NULL ? op->voters : NULL, error, op->data);
}

static void
voters_clear (MsgOp *ctx)
{
  g_ptr_array_unref (((VotersOp *) ctx)->voters);
}

static bool
voters_run (MsgDb *db, gpointer ctx, GError **error)
{
  VotersOp *op = ctx;
  g_autoptr (MsgChat) chat = msg_chat_load_for (db, op->chat_id, op->user_id, MSG_ACT_MEMBERS, op->now_ms, error);
  g_autoptr (MsgMessage) message = NULL;
  MsgStmt *stmt;
  MsgStep step;

  if (chat == NULL || !load_poll (db, chat->id, op->user_id, op->asked.message_id, &message, error))
    return false;
  if (!message->poll->is_public)
    g_propagate_error (error, msg_error_new (MSG_ERROR_FORBIDDEN, "anonymous", "Who votes in this poll is not told."));
  else if (op->asked.option >= message->poll->n_options)
    g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "options", "There is no such option."));
  if (!message->poll->is_public || op->asked.option >= message->poll->n_options)
    return false;
  stmt = msg_db_prepare (db, "SELECT v.at_ms, " MSG_USER_COLUMNS " FROM poll_votes v JOIN users u ON u.id = v.user_id"
                             " WHERE v.chat_id = :chat AND v.message_id = :id AND v.user_id > :after"
                             " AND (v.options & :mask) <> 0 AND (v.withheld = 0 OR v.user_id = :user)"
                             " ORDER BY v.user_id LIMIT :limit");
  msg_stmt_set_int (stmt, ":chat", op->chat_id);
  msg_stmt_set_int (stmt, ":id", op->asked.message_id);
  msg_stmt_set_int (stmt, ":after", op->asked.after);
  msg_stmt_set_int (stmt, ":mask", INT64_C (1) << op->asked.option);
  msg_stmt_set_int (stmt, ":user", op->user_id);
  msg_stmt_set_int (stmt, ":limit", op->asked.limit);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      MsgVoter *voter = g_new0 (MsgVoter, 1);

      voter->at_ms = msg_stmt_get_int (stmt, 0);
      voter->user = msg_user_from_row (stmt, 1);
      g_ptr_array_add (op->voters, voter);
    }
  return step == MSG_STEP_DONE;
}

void
msg_poll_get_voters (MsgCore *core, MsgId user_id, MsgId chat_id, const MsgVotersAsked *asked, MsgVotersFn fn,
                     gpointer data)
{
  static const MsgOpClass class = { sizeof (VotersOp), voters_reply, voters_clear };
  VotersOp *op;

  g_return_if_fail (core != NULL && asked != NULL && fn != NULL);
  op = msg_op_new (core, &class);
  op->user_id = user_id;
  op->chat_id = chat_id;
  op->asked = *asked;
  op->now_ms = msg_core_now_ms (core);
  op->voters = g_ptr_array_new_with_free_func (voter_free);
  op->fn = fn;
  op->data = data;
  if (asked->limit < 1 || asked->limit > MSG_CHAT_LIST_MAX)
    msg_op_fail (&op->op, msg_error_new (MSG_ERROR_INVALID, "limit", "1 to %d at once.", MSG_CHAT_LIST_MAX));
  else
    msg_op_read (op, voters_run, msg_op_end);
}
