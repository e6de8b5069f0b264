/* SPDX-License-Identifier: Apache-2.0 */
/* What authors do with their scheduled messages. */
#include "messaging/schedule.h"

#include <string.h>

#include "messaging/draft-rows.h"
#include "messaging/log-op.h"
#include "messaging/message-send.h"
#include "messaging/message-text.h"
#include "messaging/schedule-rows.h"

typedef struct {
  MsgLogOp log;
  uint8_t random_id[MSG_RANDOM_ID_BYTES];
  MsgId device_id, id;
  int64_t thread_id;       /* ADD */
  MsgScheduled *given;     /* owned: ADD: what is to be kept; EDIT: text (nullable), entities, send_ms */
  MsgScheduled *scheduled; /* owned (nullable): the answer */
  MsgMessage *found;       /* owned (nullable): the answer of a retry */
  const MsgMessage *message;
  MsgScheduledFn fn;       /* one of the two */
  MsgWrittenFn written_fn;
  gpointer data;
} ScheduleOp;

static void
schedule_reply (MsgOp *ctx, const GError *error)
{
  ScheduleOp *op = (ScheduleOp *) ctx;
  const MsgWritten *written = error == NULL ? &op->log.log.written : NULL;

  msg_log_op_tell (&op->log, error);
  if (op->written_fn != NULL)
    op->written_fn (written, error, op->data);
  else if (error != NULL)
    op->fn (NULL, NULL, NULL, error, op->data);
  else
    op->fn (op->message == NULL ? op->scheduled : NULL, op->message, written, NULL, op->data);
}

static void
schedule_clear (MsgOp *ctx)
{
  ScheduleOp *op = (ScheduleOp *) ctx;

  msg_log_op_clear (ctx);
  msg_scheduled_free (op->given);
  msg_scheduled_free (op->scheduled);
  msg_message_free (op->found);
}

static ScheduleOp *
schedule_op_new (MsgCore *core, MsgId user_id, MsgId chat_id, gpointer data)
{
  static const MsgOpClass class = { sizeof (ScheduleOp), schedule_reply, schedule_clear };
  ScheduleOp *op = msg_log_op_new (core, &class, user_id, chat_id);

  op->given = g_new0 (MsgScheduled, 1);
  op->given->user_id = user_id;
  op->given->chat_id = chat_id;
  op->given->at_ms = op->log.log.now_ms;
  op->data = data;
  return op;
}

/* Returns: (nullable): why it cannot be taken */
static GError *
take_text (ScheduleOp *op, const char *text, GArray *entities)
{
  const MsgCoreOptions *options = &op->log.op.core->options;
  GError *error = NULL;
  unsigned units;

  if (!msg_message_text_check (text, options->message_units, &units, &error)
      || (entities != NULL && !msg_entities_check (text, entities, options->message_entities, &error)))
    return error;
  op->given->text = g_strdup (text);
  op->given->entities = entities != NULL ? msg_entities_write (entities) : NULL;
  return NULL;
}

static bool
check_time (const ScheduleOp *op, GError **error)
{
  int64_t send_ms = op->given->send_ms, now_ms = op->log.log.now_ms;

  if (send_ms > now_ms && send_ms - now_ms <= MSG_SCHEDULED_AHEAD_MS)
    return true;
  g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "send_at", send_ms <= now_ms
                                               ? "That time is in the past."
                                               : "Messages are scheduled a year ahead at most."));
  return false;
}

static void
reset (ScheduleOp *op)
{
  msg_log_reset (&op->log.log);
  g_clear_pointer (&op->scheduled, msg_scheduled_free);
  g_clear_pointer (&op->found, msg_message_free);
  op->message = NULL;
}

/* --- Adding --- */

static bool
add_run (MsgDb *db, gpointer ctx, GError **error)
{
  ScheduleOp *op = ctx;
  MsgLog *log = &op->log.log;
  const MsgNewMessage key = { .sender_id = op->log.user_id, .random_id = op->random_id };
  MsgNewMessage reply = { .sender_id = op->log.user_id,
                          .reply_to = op->given->reply_to,
                          .thread_id = op->thread_id,
                          .quote = op->given->quote };
  g_autoptr (MsgChat) chat = NULL;

  reset (op);
  if (!msg_message_find_sent (db, &key, op->log.chat_id, &op->found, &log->written, error)
      || !msg_scheduled_find (db, op->log.user_id, op->log.chat_id, op->random_id, &op->scheduled, error))
    return false;
  op->message = op->found;
  if (op->found != NULL || op->scheduled != NULL)
    return msg_log_finish (db, log, error);
  /* after the look for a retry, which may come after its time */
  if (!check_time (op, error))
    return false;
  chat = msg_chat_load_for (db, op->log.chat_id, op->log.user_id, MSG_ACT_SEND, log->now_ms, error);
  if (chat == NULL || !msg_send_check_reply (db, chat, &reply, error)
      || !msg_draft_clear (db, log, op->log.user_id, op->log.chat_id, error))
    return false;
  op->given->thread_id = reply.thread_id;
  op->scheduled = msg_scheduled_copy (op->given);
  return msg_scheduled_insert (db, log, op->scheduled, op->device_id, op->random_id, error);
}

void
msg_schedule_add (MsgCore *core, const MsgSending *sending, int64_t send_ms, MsgScheduledFn fn, gpointer data)
{
  ScheduleOp *op;
  GError *error;

  g_return_if_fail (core != NULL && sending != NULL && fn != NULL);
  op = schedule_op_new (core, sending->user_id, sending->chat_id, data);
  op->fn = fn;
  memcpy (op->random_id, sending->random_id, sizeof op->random_id);
  op->device_id = sending->device_id;
  op->given->reply_to = sending->reply_to;
  op->thread_id = sending->thread_id;
  op->given->silent = sending->silent;
  op->given->ttl_ms = sending->ttl_ms;
  error = sending->n_files > 0
              ? msg_error_new (MSG_ERROR_INVALID, "attachments", "A message with attachments cannot be scheduled.")
              : take_text (op, sending->text, sending->entities);
  op->given->send_ms = send_ms;
  if (error == NULL)
    error = msg_send_take_quote (sending, core->options.message_entities, &op->given->quote);
  if (error == NULL)
    (void) msg_ttl_check (sending->ttl_ms, &error);
  if (error == NULL && sending->poll != NULL)
    error = msg_error_new (MSG_ERROR_INVALID, "poll", "A poll cannot be scheduled.");
  if (error != NULL)
    msg_op_fail (&op->log.op, error);
  else if (msg_log_op_take_message (&op->log))
    msg_op_write (op, add_run, msg_op_end);
}

/* --- Changing --- */

/* @op->scheduled: the one that it is about */
static bool
load (MsgDb *db, ScheduleOp *op, GError **error)
{
  reset (op);
  if (!msg_scheduled_load (db, op->log.user_id, op->log.chat_id, op->id, &op->scheduled, error))
    return false;
  if (op->scheduled == NULL)
    g_propagate_error (error, msg_error_new (MSG_ERROR_NOT_FOUND, "scheduled", "There is no such scheduled message."));
  return op->scheduled != NULL;
}

static bool
edit_run (MsgDb *db, gpointer ctx, GError **error)
{
  ScheduleOp *op = ctx;
  const MsgScheduled *given = op->given;
  MsgScheduled *now;
  int64_t send_ms;
  bool same_text;

  if (!load (db, op, error))
    return false;
  now = op->scheduled;
  send_ms = given->send_ms != 0 ? given->send_ms : now->send_ms;
  same_text = given->text == NULL
              || (strcmp (given->text, now->text) == 0 && g_strcmp0 (given->entities, now->entities) == 0);
  if (same_text && send_ms == now->send_ms && now->failed == NULL)
    return msg_log_finish (db, &op->log.log, error);
  if (!same_text)
    {
      g_free (now->text);
      g_free (now->entities);
      now->text = g_strdup (given->text);
      now->entities = g_strdup (given->entities);
    }
  now->send_ms = send_ms;
  g_clear_pointer (&now->failed, g_free);
  return msg_scheduled_put (db, &op->log.log, now, error);
}

void
msg_schedule_edit (MsgCore *core, MsgId user_id, MsgId chat_id, MsgId id, const MsgScheduleChange *change,
                   MsgScheduledFn fn, gpointer data)
{
  ScheduleOp *op;
  GError *error = NULL;

  g_return_if_fail (core != NULL && change != NULL && fn != NULL);
  op = schedule_op_new (core, user_id, chat_id, data);
  op->fn = fn;
  op->id = id;
  if (change->text != NULL)
    error = take_text (op, change->text, change->entities);
  op->given->send_ms = change->send_ms;
  if (error == NULL && change->send_ms != 0)
    (void) check_time (op, &error);
  if (error != NULL)
    msg_op_fail (&op->log.op, error);
  else if (msg_log_op_take_message (&op->log))
    msg_op_write (op, edit_run, msg_op_end);
}

static bool
drop_run (MsgDb *db, gpointer ctx, GError **error)
{
  ScheduleOp *op = ctx;

  reset (op);
  if (!msg_scheduled_load (db, op->log.user_id, op->log.chat_id, op->id, &op->scheduled, error))
    return false;
  return op->scheduled != NULL ? msg_scheduled_drop (db, &op->log.log, op->scheduled, error)
                               : msg_log_finish (db, &op->log.log, error);
}

void
msg_schedule_drop (MsgCore *core, MsgId user_id, MsgId chat_id, MsgId id, MsgWrittenFn fn, gpointer data)
{
  ScheduleOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = schedule_op_new (core, user_id, chat_id, data);
  op->written_fn = fn;
  op->id = id;
  msg_op_write (op, drop_run, msg_op_end);
}

static bool
send_run (MsgDb *db, gpointer ctx, GError **error)
{
  ScheduleOp *op = ctx;

  if (!load (db, op, error))
    return false;
  op->message = msg_scheduled_send (db, &op->log.log, op->scheduled, error);
  return op->message != NULL;
}

void
msg_schedule_send (MsgCore *core, MsgId user_id, MsgId chat_id, MsgId id, MsgScheduledFn fn, gpointer data)
{
  ScheduleOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = schedule_op_new (core, user_id, chat_id, data);
  op->fn = fn;
  op->id = id;
  if (msg_log_op_take_message (&op->log))
    msg_op_write (op, send_run, msg_op_end);
}

/* --- Listing --- */

typedef struct {
  MsgOp op;
  MsgId user_id, chat_id;
  int64_t now_ms;
  GPtrArray *list;  /* owned (nullable): of MsgScheduled */
  MsgScheduledListFn fn;
  gpointer data;
} ListOp;

static void
list_reply (MsgOp *ctx, const GError *error)
{
  ListOp *op = (ListOp *) ctx;

  op->fn (error == NULL ? op->list : NULL, error, op->data);
}

static void
list_clear (MsgOp *ctx)
{
  g_clear_pointer (&((ListOp *) ctx)->list, g_ptr_array_unref);
}

/* Who has none is told as much as by the history: nothing, of a chat of others. */
static bool
list_run (MsgDb *db, gpointer ctx, GError **error)
{
  ListOp *op = ctx;
  g_autoptr (MsgChat) chat = NULL;

  g_clear_pointer (&op->list, g_ptr_array_unref);
  op->list = msg_scheduled_list (db, op->user_id, op->chat_id, error);
  if (op->list == NULL || op->list->len > 0)
    return op->list != NULL;
  chat = msg_chat_load_for (db, op->chat_id, op->user_id, MSG_ACT_READ, op->now_ms, error);
  return chat != NULL;
}

void
msg_schedule_list (MsgCore *core, MsgId user_id, MsgId chat_id, MsgScheduledListFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (ListOp), list_reply, list_clear };
  ListOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = msg_op_new (core, &class);
  op->user_id = user_id;
  op->chat_id = chat_id;
  op->now_ms = msg_core_now_ms (core);
  op->fn = fn;
  op->data = data;
  msg_op_read (op, list_run, msg_op_end);
}
