/* SPDX-License-Identifier: Apache-2.0 */
/* Reacting, and who has. How many there are of each is kept with the message, so that its readers count nothing. */
#include "messaging/message-react.h"

#include <string.h>

#include "messaging/log-op.h"
#include "messaging/rows.h"

typedef struct {
  MsgLogOp log;
  int64_t message_id;
  char emoji[MSG_EMOJI_BYTES + 1]; /* "": none any more */
  MsgWrittenFn fn;
  gpointer data;
} ReactOp;

/* What there is, and what the user has given to it. */
typedef struct {
  GArray *reactions;               /* of MsgReaction: what all see */
  char emoji[MSG_EMOJI_BYTES + 1]; /* "": none */
  bool withheld;
} Before;

static void
before_clear (Before *before)
{
  g_clear_pointer (&before->reactions, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Before, before_clear)

static void
react_reply (MsgOp *ctx, const GError *error)
{
  ReactOp *op = (ReactOp *) ctx;

  msg_log_op_tell (&op->log, error);
  op->fn (error == NULL ? &op->log.log.written : NULL, error, op->data);
}

static bool
check_message (MsgDb *db, MsgId chat_id, MsgId user_id, int64_t id, GError **error)
{
  g_autoptr (MsgMessage) message = NULL;

  if (!msg_message_load (db, chat_id, user_id, id, &message, error))
    return false;
  if (message == NULL)
    g_propagate_error (error, msg_error_new (MSG_ERROR_NOT_FOUND, "message", "There is no such message."));
  return message != NULL;
}

static bool
read_before (MsgDb *db, const ReactOp *op, Before *before, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT g.reactions, r.emoji, r.withheld FROM messages g"
                                      " LEFT JOIN message_reactions r ON r.chat_id = g.chat_id AND r.message_id = g.id"
                                      " AND r.user_id = :user WHERE g.chat_id = :chat AND g.id = :id");

  msg_stmt_set_int (stmt, ":user", op->log.user_id);
  msg_stmt_set_int (stmt, ":chat", op->log.chat_id);
  msg_stmt_set_int (stmt, ":id", op->message_id);
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  before->reactions = msg_reactions_parse (msg_stmt_get_text (stmt, 0));
  if (msg_stmt_get_text (stmt, 1) != NULL)
    (void) g_strlcpy (before->emoji, msg_stmt_get_text (stmt, 1), sizeof before->emoji);
  before->withheld = msg_stmt_get_int (stmt, 2) != 0;
  return true;
}

static bool
put_reaction (MsgDb *db, const ReactOp *op, bool withheld, GError **error)
{
  static const char *const sql[] = {
    ("INSERT INTO message_reactions (chat_id, message_id, user_id, emoji, at_ms, withheld)"
     " VALUES (:chat, :id, :user, :emoji, :now, :withheld) ON CONFLICT (chat_id, message_id, user_id)"
     " DO UPDATE SET emoji = excluded.emoji, at_ms = excluded.at_ms, withheld = excluded.withheld"),
    "DELETE FROM message_reactions WHERE chat_id = :chat AND message_id = :id AND user_id = :user",
  };
  MsgStmt *stmt = msg_db_prepare (db, sql[op->emoji[0] == '\0']);

  msg_stmt_set_int (stmt, ":chat", op->log.chat_id);
  msg_stmt_set_int (stmt, ":id", op->message_id);
  msg_stmt_set_int (stmt, ":user", op->log.user_id);
  if (op->emoji[0] != '\0')
    {
      msg_stmt_set_text (stmt, ":emoji", op->emoji);
      msg_stmt_set_int (stmt, ":now", op->log.log.now_ms);
      msg_stmt_set_int (stmt, ":withheld", withheld);
    }
  return msg_stmt_run (stmt, error);
}

static bool
put_counts (MsgDb *db, const ReactOp *op, const GArray *reactions, GError **error)
{
  g_autofree char *text = msg_reactions_write (reactions);
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE messages SET reactions = :reactions WHERE chat_id = :chat AND id = :id");

  msg_stmt_set_text (stmt, ":reactions", text);
  msg_stmt_set_int (stmt, ":chat", op->log.chat_id);
  msg_stmt_set_int (stmt, ":id", op->message_id);
  return msg_stmt_run (stmt, error);
}

/* @ret_shown: others see a difference. Returns: false with LIMIT */
static bool
count (const ReactOp *op, Before *before, bool withheld, bool *ret_shown, GError **error)
{
  bool taken = before->emoji[0] != '\0' && !before->withheld, given = op->emoji[0] != '\0' && !withheld;

  if (taken)
    msg_reactions_count (before->reactions, before->emoji, true);
  if (op->emoji[0] != '\0' && before->reactions->len >= MSG_REACTIONS_MAX
      && msg_reactions_find (before->reactions, op->emoji) == NULL)
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_LIMIT, "too_many_reactions",
                                               "A message has at most %d different reactions.", MSG_REACTIONS_MAX));
      return false;
    }
  if (given)
    msg_reactions_count (before->reactions, op->emoji, false);
  *ret_shown = taken || given;
  return true;
}

/* Whose they are is said to the user alone, and so is what is withheld; who it was, where members see each other. */
static bool
tell (MsgDb *db, ReactOp *op, MsgChat *chat, const GArray *shown, GError **error)
{
  g_autoptr (MsgUpdate) own = msg_update_new (MSG_UPDATE_REACTIONS, chat->id);
  MsgUpdate *others;

  own->user_id = op->log.user_id;
  own->has_own = true;
  own->own_alone = msg_chat_has_log (chat->kind);
  if (!msg_message_load (db, chat->id, op->log.user_id, op->message_id, &own->message, error))
    return false;
  if (shown != NULL)
    {
      others = msg_update_new (MSG_UPDATE_REACTIONS, chat->id);
      others->user_id = msg_chat_has_log (chat->kind) ? 0 : op->log.user_id;
      others->message = msg_message_copy (own->message);
      g_clear_pointer (&others->message->reactions, g_array_unref);
      others->message->reactions = g_array_copy ((GArray *) shown);
      if (!msg_log_append (db, &op->log.log, chat, others, op->log.user_id, error))
        return false;
    }
  return msg_log_append_one (db, &op->log.log, g_steal_pointer (&own), op->log.user_id, error);
}

static bool
react_run (MsgDb *db, gpointer ctx, GError **error)
{
  ReactOp *op = ctx;
  MsgLog *log = &op->log.log;
  g_autoptr (MsgChat) chat = NULL;
  g_auto (Before) before = { 0 };
  MsgId withheld_from;
  bool shown;

  msg_log_reset (log);
  chat = msg_chat_load_for (db, op->log.chat_id, op->log.user_id, MSG_ACT_REACT, log->now_ms, error);
  if (chat == NULL || !check_message (db, chat->id, op->log.user_id, op->message_id, error)
      || !msg_chat_find_withheld (db, chat, op->log.user_id, &withheld_from, error)
      || !read_before (db, op, &before, error))
    return false;
  if (strcmp (before.emoji, op->emoji) == 0 && (!before.withheld || withheld_from != 0))
    return msg_log_finish (db, log, error);
  return count (op, &before, withheld_from != 0, &shown, error) && put_reaction (db, op, withheld_from != 0, error)
         && put_counts (db, op, before.reactions, error) && tell (db, op, chat, shown ? before.reactions : NULL, error);
}

void
msg_message_react (MsgCore *core, MsgId user_id, MsgId chat_id, int64_t message_id, const char *emoji, MsgWrittenFn fn,
                   gpointer data)
{
  static const MsgOpClass class = { sizeof (ReactOp), react_reply, msg_log_op_clear };
  GError *error = NULL;
  ReactOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = msg_log_op_new (core, &class, user_id, chat_id);
  op->message_id = message_id;
  op->fn = fn;
  op->data = data;
  if (emoji != NULL && !msg_emoji_normalise (emoji, op->emoji, &error))
    msg_op_fail (&op->log.op, error);
  else if (msg_log_op_take_message (&op->log))
    msg_op_write (op, react_run, msg_op_end);
}

/* --- Who has --- */

typedef struct {
  MsgOp op;
  MsgId user_id, chat_id, after;
  int64_t message_id, now_ms;
  unsigned limit;
  GPtrArray *reactors;
  MsgReactorsFn fn;
  gpointer data;
} ReactorsOp;

static void
reactor_free (gpointer data)
{
  MsgReactor *reactor = data;

  msg_user_free (reactor->user);
  g_free (reactor);
}

static void
reactors_reply (MsgOp *ctx, const GError *error)
{
  ReactorsOp *op = (ReactorsOp *) ctx;

  op->fn (error == NULL ? op->reactors : NULL, error, op->data);
}

static void
reactors_clear (MsgOp *ctx)
{
  g_ptr_array_unref (((ReactorsOp *) ctx)->reactors);
}

static bool
reactors_run (MsgDb *db, gpointer ctx, GError **error)
{
  ReactorsOp *op = ctx;
  g_autoptr (MsgChat) chat = msg_chat_load_for (db, op->chat_id, op->user_id, MSG_ACT_MEMBERS, op->now_ms, error);
  MsgStmt *stmt;
  MsgStep step;

  if (chat == NULL || !check_message (db, chat->id, op->user_id, op->message_id, error))
    return false;
  stmt = msg_db_prepare (db, "SELECT r.emoji, r.at_ms, " MSG_USER_COLUMNS " FROM message_reactions r"
                             " JOIN users u ON u.id = r.user_id WHERE r.chat_id = :chat AND r.message_id = :id"
                             " AND r.user_id > :after AND (r.withheld = 0 OR r.user_id = :user)"
                             " ORDER BY r.user_id LIMIT :limit");
  msg_stmt_set_int (stmt, ":chat", op->chat_id);
  msg_stmt_set_int (stmt, ":id", op->message_id);
  msg_stmt_set_int (stmt, ":after", op->after);
  msg_stmt_set_int (stmt, ":user", op->user_id);
  msg_stmt_set_int (stmt, ":limit", op->limit);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      MsgReactor *reactor = g_new0 (MsgReactor, 1);

      (void) g_strlcpy (reactor->emoji, msg_stmt_get_text (stmt, 0), sizeof reactor->emoji);
      reactor->at_ms = msg_stmt_get_int (stmt, 1);
      reactor->user = msg_user_from_row (stmt, 2);
      g_ptr_array_add (op->reactors, reactor);
    }
  return step == MSG_STEP_DONE;
}

void
msg_message_get_reactors (MsgCore *core, MsgId user_id, MsgId chat_id, int64_t message_id, MsgId after, unsigned limit,
                          MsgReactorsFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (ReactorsOp), reactors_reply, reactors_clear };
  ReactorsOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = msg_op_new (core, &class);
  op->user_id = user_id;
  op->chat_id = chat_id;
  op->message_id = message_id;
  op->after = after;
  op->limit = limit;
  op->now_ms = msg_core_now_ms (core);
  op->reactors = g_ptr_array_new_with_free_func (reactor_free);
  op->fn = fn;
  op->data = data;
  if (limit < 1 || limit > MSG_CHAT_LIST_MAX)
    msg_op_fail (&op->op, msg_error_new (MSG_ERROR_INVALID, "limit", "1 to %d at once.", MSG_CHAT_LIST_MAX));
  else
    msg_op_read (op, reactors_run, msg_op_end);
}
