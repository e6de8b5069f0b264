/* SPDX-License-Identifier: Apache-2.0 */
/* Sending and editing. */
#include "messaging/message.h"

#include <string.h>

#include "messaging/discussion-rows.h"
#include "messaging/draft-rows.h"
#include "messaging/file.h"
#include "messaging/log-op.h"
#include "messaging/message-send.h"
#include "messaging/message-text.h"
#include "messaging/search-rows.h"

typedef struct {
  MsgLogOp log;
  uint8_t random_id[MSG_RANDOM_ID_BYTES];
  MsgId device_id;
  int64_t message_id;  /* EDIT */
  char *text, *entities, *poll, *quote;
  bool public_poll;
  int64_t reply_to, thread_id, ttl_ms;
  bool silent;
  MsgId files[MSG_FILES_MAX];
  unsigned n_files;
  MsgMessage *found;   /* owned: a retry's */
  const MsgMessage *message;
  MsgMessageFn fn;
  gpointer data;
} TextOp;

static void
text_op_reply (MsgOp *ctx, const GError *error)
{
  TextOp *op = (TextOp *) ctx;

  msg_log_op_tell (&op->log, error);
  if (error != NULL)
    op->fn (NULL, NULL, error, op->data);
  else
    op->fn (op->message, &op->log.log.written, NULL, op->data);
}

static void
text_op_clear (MsgOp *ctx)
{
  TextOp *op = (TextOp *) ctx;

  msg_log_op_clear (ctx);
  msg_message_free (op->found);
  g_free (op->text);
  g_free (op->entities);
  g_free (op->poll);
  g_free (op->quote);
}

static TextOp *
text_op_new (MsgCore *core, MsgId user_id, MsgId chat_id, MsgMessageFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (TextOp), text_op_reply, text_op_clear };
  TextOp *op = msg_log_op_new (core, &class, user_id, chat_id);

  op->fn = fn;
  op->data = data;
  return op;
}

/* @may_be_empty: something else is said beside it. Returns: (nullable): why it cannot be taken */
static GError *
text_op_take (TextOp *op, const char *text, GArray *entities, bool may_be_empty)
{
  const MsgCoreOptions *options = &op->log.op.core->options;
  GError *error = NULL;
  unsigned units;

  if (may_be_empty && text != NULL && *text == '\0' && (entities == NULL || entities->len == 0))
    {
      op->text = g_strdup ("");
      return NULL;
    }
  if (!msg_message_text_check (text, options->message_units, &units, &error)
      || (entities != NULL && !msg_entities_check (text, entities, options->message_entities, &error)))
    return error;
  op->text = g_strdup (text);
  op->entities = entities != NULL ? msg_entities_write (entities) : NULL;
  return NULL;
}

/* Returns: (nullable): why it cannot be taken */
static GError *
text_op_take_poll (TextOp *op, const MsgPoll *asked, bool has_entities)
{
  g_autoptr (MsgPoll) poll = NULL;
  GError *error = NULL;

  if (asked == NULL)
    return NULL;
  if (has_entities)
    return msg_error_new (MSG_ERROR_INVALID, "poll", "A question has no entities.");
  poll = msg_poll_tidy (asked, op->log.log.now_ms, &error);
  if (poll == NULL)
    return error;
  op->poll = msg_poll_write (poll);
  op->public_poll = poll->is_public;
  return NULL;
}

/* Returns: (nullable): why they cannot be taken */
static GError *
text_op_take_files (TextOp *op, const MsgSending *sending)
{
  if (sending->n_files > MSG_FILES_MAX)
    return msg_error_new (MSG_ERROR_INVALID, "attachments", "A message carries up to %d files.", MSG_FILES_MAX);
  if (sending->n_files > 0 && sending->poll != NULL)
    return msg_error_new (MSG_ERROR_INVALID, "attachments", "A poll carries no files.");
  for (unsigned i = 0; i < sending->n_files; i++)
    {
      for (unsigned k = 0; k < i; k++)
        if (op->files[k] == sending->files[i])
          return msg_error_new (MSG_ERROR_INVALID, "attachments", "A file is there twice.");
      op->files[op->n_files++] = sending->files[i];
    }
  return NULL;
}

static bool
fail_no_message (GError **error)
{
  g_propagate_error (error, msg_error_new (MSG_ERROR_NOT_FOUND, "message", "There is no such message."));
  return false;
}

/* --- Sending --- */

bool
msg_chat_keep_pace (MsgDb *db, MsgChat *chat, const MsgLog *log, GError **error)
{
  int64_t wait_ms = chat->sent_ms + chat->slow_ms - log->now_ms;
  MsgStmt *stmt;

  if (chat->slow_ms == 0 || chat->standing.role >= MSG_ROLE_ADMIN)
    return true;
  if (chat->sent_ms != 0 && wait_ms > 0)
    {
      g_propagate_error (error, msg_error_new_retry (MSG_ERROR_LIMIT, "slow_mode", wait_ms,
                                                     "Members may not write that often here."));
      return false;
    }
  stmt = msg_db_prepare (db, "UPDATE chat_members SET sent_ms = :now WHERE chat_id = :chat AND user_id = :user");
  msg_stmt_set_int (stmt, ":now", log->now_ms);
  msg_stmt_set_int (stmt, ":chat", chat->id);
  msg_stmt_set_int (stmt, ":user", log->user_id);
  chat->sent_ms = log->now_ms;
  return msg_stmt_run (stmt, error);
}

bool
msg_message_find_sent (MsgDb *db, const MsgNewMessage *spec, MsgId chat_id, MsgMessage **ret_message,
                       MsgWritten *ret_written, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT " MSG_MESSAGE_COLUMNS ", g.pts, g.deleted_ms,"
                                      " CASE WHEN c.kind >= 4 AND g.id > c.group_top_id THEN 1 ELSE 0 END"
                                      " FROM messages g JOIN chats c ON c.id = g.chat_id"
                                      " WHERE g.chat_id = :chat AND g.sender_id = :user AND g.random_id = :random");
  MsgStep step;
  int64_t pts;

  msg_stmt_set_int (stmt, ":chat", chat_id);
  msg_stmt_set_int (stmt, ":user", spec->sender_id);
  msg_stmt_set_bytes (stmt, ":random", spec->random_id, MSG_RANDOM_ID_BYTES);
  step = msg_stmt_step (stmt, error);
  *ret_message = NULL;
  if (step != MSG_STEP_ROW)
    return step == MSG_STEP_DONE;
  if (msg_stmt_get_int (stmt, MSG_MESSAGE_N_COLUMNS + 1) != 0)
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_CONFLICT, "message_deleted", "It was sent and then deleted."));
      return false;
    }
  *ret_message = msg_message_from_row (stmt, 0);
  pts = msg_stmt_get_int (stmt, MSG_MESSAGE_N_COLUMNS);
  *ret_written = msg_stmt_get_int (stmt, MSG_MESSAGE_N_COLUMNS + 2) != 0
                     ? (MsgWritten){ .chat_pts = pts, .chat_count = 1 }
                     : (MsgWritten){ .pts = pts, .count = 1 };
  return true;
}

static bool
send_run (MsgDb *db, gpointer ctx, GError **error)
{
  TextOp *op = ctx;
  MsgLog *log = &op->log.log;
  MsgNewMessage spec = { .sender_id = op->log.user_id,
                         .device_id = op->device_id,
                         .random_id = op->random_id,
                         .kind = op->poll != NULL ? MSG_MESSAGE_POLL : MSG_MESSAGE_TEXT,
                         .poll = op->poll,
                         .text = op->text,
                         .entities = op->entities,
                         .reply_to = op->reply_to,
                         .thread_id = op->thread_id,
                         .quote = op->quote,
                         .ttl_ms = op->ttl_ms,
                         .silent = op->silent };

  msg_log_reset (log);
  g_clear_pointer (&op->found, msg_message_free);
  if (!msg_message_find_sent (db, &spec, op->log.chat_id, &op->found, &log->written, error))
    return false;
  op->message = op->found;
  if (op->found != NULL)
    return msg_log_finish (db, log, error);
  /* the draft before the message, so that the answer says where the message is */
  if (!msg_draft_clear (db, log, op->log.user_id, op->log.chat_id, error))
    return false;
  spec.public_poll = op->public_poll;
  spec.file_ids = op->files;
  spec.n_files = op->n_files;
  op->message = msg_send_write (db, log, op->log.chat_id, &spec, error);
  return op->message != NULL;
}

void
msg_message_send (MsgCore *core, const MsgSending *sending, MsgMessageFn fn, gpointer data)
{
  TextOp *op;
  GError *error;

  g_return_if_fail (core != NULL && sending != NULL && fn != NULL);
  op = text_op_new (core, sending->user_id, sending->chat_id, fn, data);
  memcpy (op->random_id, sending->random_id, sizeof op->random_id);
  op->device_id = sending->device_id;
  op->reply_to = sending->reply_to;
  op->thread_id = sending->thread_id;
  op->silent = sending->silent;
  op->ttl_ms = sending->ttl_ms;
  error = text_op_take (op, sending->text, sending->entities, sending->n_files > 0);
  if (error == NULL)
    error = text_op_take_files (op, sending);
  if (error == NULL)
    error = text_op_take_poll (op, sending->poll, op->entities != NULL);
  if (error == NULL)
    error = msg_send_take_quote (sending, core->options.message_entities, &op->quote);
  if (error == NULL)
    (void) msg_ttl_check (sending->ttl_ms, &error);
  if (error != NULL)
    msg_op_fail (&op->log.op, error);
  else if (msg_log_op_take_message (&op->log))
    msg_op_write (op, send_run, msg_op_end);
}

/* --- Editing --- */

static bool
keep_edit (MsgDb *db, const MsgMessage *message, int64_t now_ms, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "INSERT INTO message_edits (chat_id, message_id, n, at_ms, text, entities)"
                                      " SELECT :chat, :message, COALESCE (MAX (n), 0) + 1, :now, :text, :entities"
                                      " FROM message_edits WHERE chat_id = :chat AND message_id = :message");

  msg_stmt_set_int (stmt, ":chat", message->chat_id);
  msg_stmt_set_int (stmt, ":message", message->id);
  msg_stmt_set_int (stmt, ":now", now_ms);
  msg_stmt_set_text (stmt, ":text", message->text);
  msg_stmt_set_text (stmt, ":entities", message->entities);
  return msg_stmt_run (stmt, error);
}

static bool
edit_put (MsgDb *db, const TextOp *op, const MsgMessage *message, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE messages SET text = :text, entities = :entities, edited_ms = :now"
                                      " WHERE chat_id = :chat AND id = :id");

  msg_stmt_set_text (stmt, ":text", op->text);
  msg_stmt_set_text (stmt, ":entities", op->entities);
  msg_stmt_set_int (stmt, ":now", op->log.log.now_ms);
  msg_stmt_set_int (stmt, ":chat", message->chat_id);
  msg_stmt_set_int (stmt, ":id", message->id);
  return msg_stmt_run (stmt, error);
}

/* @message: says what @op says from now on */
static bool
rewrite (MsgDb *db, TextOp *op, MsgChat *chat, MsgMessage *message, GError **error)
{
  MsgLog *log = &op->log.log;
  MsgUpdate *update;

  if (!keep_edit (db, message, log->now_ms, error) || !edit_put (db, op, message, error)
      || !msg_search_drop (db, message, error))
    return false;
  g_free (message->text);
  g_free (message->entities);
  message->text = g_strdup (op->text);
  message->entities = g_strdup (op->entities);
  message->edited_ms = log->now_ms;
  if (!msg_search_put (db, message, error))
    return false;
  update = msg_update_new (MSG_UPDATE_MESSAGE_EDITED, chat->id);
  update->message = msg_message_copy (message);
  msg_message_share (update->message);
  return msg_log_append (db, log, chat, update, 0, error);
}

/* The answer is about the post alone. In a group that is no longer linked the channel has no more to say. */
static bool
rewrite_copy (MsgDb *db, TextOp *op, const MsgMessage *post, GError **error)
{
  const MsgWritten written = op->log.log.written;
  g_autoptr (MsgMessage) copy = NULL;
  g_autoptr (MsgChat) group = NULL;
  bool ok = msg_discussion_load_copy (db, &op->log.log, post, &copy, &group, error)
            && (copy == NULL || group->linked_id != post->chat_id || rewrite (db, op, group, copy, error));

  op->log.log.written = written;
  return ok;
}

/* Returns: false with why @found is not this user's to edit */
static bool
check_author (const MsgMessage *found, MsgId user_id, GError **error)
{
  if (found == NULL)
    return fail_no_message (error);
  if (found->sender_id == user_id && found->kind == MSG_MESSAGE_TEXT && found->forward == NULL)
    return true;
  g_propagate_error (error, msg_error_new (MSG_ERROR_FORBIDDEN, "not_author", "Only its author may edit a message."));
  return false;
}

static bool
edit_run (MsgDb *db, gpointer ctx, GError **error)
{
  TextOp *op = ctx;
  MsgLog *log = &op->log.log;
  g_autoptr (MsgChat) chat = NULL;

  msg_log_reset (log);
  g_clear_pointer (&op->found, msg_message_free);
  chat = msg_chat_load_for (db, op->log.chat_id, op->log.user_id, MSG_ACT_SEND, log->now_ms, error);
  if (chat == NULL || !msg_message_load (db, chat->id, op->log.user_id, op->message_id, &op->found, error)
      || !check_author (op->found, op->log.user_id, error))
    return false;
  op->message = op->found;
  if (op->text[0] == '\0' && op->found->files == NULL)
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "text", "The text is empty."));
      return false;
    }
  if (strcmp (op->found->text, op->text) == 0 && g_strcmp0 (op->found->entities, op->entities) == 0)
    return msg_log_finish (db, log, error);
  return rewrite (db, op, chat, op->found, error) && rewrite_copy (db, op, op->found, error);
}

void
msg_message_edit (MsgCore *core, MsgId user_id, MsgId chat_id, int64_t message_id, const char *text, GArray *entities,
                  MsgMessageFn fn, gpointer data)
{
  TextOp *op;
  GError *error;

  g_return_if_fail (core != NULL && fn != NULL);
  op = text_op_new (core, user_id, chat_id, fn, data);
  op->message_id = message_id;
  error = text_op_take (op, text, entities, true); /* the writer knows whether there are files */
  if (error != NULL)
    msg_op_fail (&op->log.op, error);
  else if (msg_log_op_take_message (&op->log))
    msg_op_write (op, edit_run, msg_op_end);
}
