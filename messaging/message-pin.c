/* SPDX-License-Identifier: Apache-2.0 */
/* Pinning. In a private chat whose other side has blocked the user, each side can have pins that the other has not. */
#include "messaging/message-pin.h"

#include "messaging/log-op.h"
#include "messaging/service-data.h"

/* Stored as these columns of a message: ms 0: not pinned; user 0: for all. */
typedef struct {
  int64_t ms;
  MsgId user_id;
} Pinned;

typedef struct {
  MsgLogOp log;
  MsgPin pin;
  MsgWrittenFn fn;
  gpointer data;
} PinOp;

static void
pin_reply (MsgOp *ctx, const GError *error)
{
  PinOp *op = (PinOp *) ctx;

  msg_log_op_tell (&op->log, error);
  op->fn (error == NULL ? &op->log.log.written : NULL, error, op->data);
}

static bool
load_message (MsgDb *db, const PinOp *op, MsgMessage **ret_message, GError **error)
{
  if (!msg_message_load (db, op->log.chat_id, op->log.user_id, op->pin.message_id, ret_message, error))
    return false;
  if (*ret_message == NULL)
    g_propagate_error (error, msg_error_new (MSG_ERROR_NOT_FOUND, "message", "There is no such message."));
  else if ((*ret_message)->kind == MSG_MESSAGE_SERVICE)
    g_propagate_error (error, msg_error_new (MSG_ERROR_FORBIDDEN, "service_message", "This is no message of a user."));
  else
    return true;
  return false;
}

static bool
check_room (MsgDb *db, MsgId chat_id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT COUNT (*) FROM messages WHERE chat_id = :chat AND pinned_ms > 0");

  msg_stmt_set_int (stmt, ":chat", chat_id);
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  if (msg_stmt_get_int (stmt, 0) < MSG_PINS_MAX)
    return true;
  g_propagate_error (error, msg_error_new (MSG_ERROR_LIMIT, "too_many_pins", "A chat has at most %d pinned messages.",
                                           MSG_PINS_MAX));
  return false;
}

static bool
read_pinned (MsgDb *db, const PinOp *op, Pinned *ret_pinned, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT pinned_ms, pinned_for FROM messages WHERE chat_id = :chat AND id = :id");

  msg_stmt_set_int (stmt, ":chat", op->log.chat_id);
  msg_stmt_set_int (stmt, ":id", op->pin.message_id);
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  *ret_pinned = (Pinned){ msg_stmt_get_int (stmt, 0), msg_stmt_get_int (stmt, 1) };
  return true;
}

static bool
put_pinned (MsgDb *db, const PinOp *op, const Pinned *pinned, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE messages SET pinned_ms = :ms, pinned_for = :for"
                                      " WHERE chat_id = :chat AND id = :id");

  msg_stmt_set_int (stmt, ":ms", pinned->ms);
  msg_stmt_set_int (stmt, ":for", pinned->user_id);
  msg_stmt_set_int (stmt, ":chat", op->log.chat_id);
  msg_stmt_set_int (stmt, ":id", op->pin.message_id);
  return msg_stmt_run (stmt, error);
}

/* @from_id: who must not notice; 0: nobody. Returns: false: it is so already */
static bool
change (const PinOp *op, MsgId from_id, Pinned *pinned)
{
  MsgId user_id = op->log.user_id;
  bool for_all = pinned->ms != 0 && pinned->user_id == 0, own = pinned->ms != 0 && pinned->user_id == user_id;
  bool foreign = pinned->ms != 0 && !for_all && !own;

  if (op->pin.pinned)
    {
      if (for_all || (own && from_id != 0))
        return false;
      *pinned = (Pinned){ op->log.log.now_ms, from_id == 0 || foreign ? 0 : user_id };
      return true;
    }
  if (!for_all && !own)
    return false;
  if (from_id != 0 && for_all)
    pinned->user_id = from_id;
  else
    *pinned = (Pinned){ 0, 0 };
  return true;
}

static bool
tell (MsgDb *db, PinOp *op, MsgChat *chat, MsgMessage *message, MsgId from_id, GError **error)
{
  MsgLog *log = &op->log.log;
  MsgUpdate *update = msg_update_new (MSG_UPDATE_PINNED, chat->id);

  update->message = message;
  message->pinned = op->pin.pinned;
  return (from_id != 0 ? msg_log_append_one (db, log, update, log->user_id, error)
                       : msg_log_append (db, log, chat, update, 0, error))
         && (!op->pin.pinned || op->pin.silent
             || msg_message_append_withheld (db, log, chat, log->user_id, from_id, msg_service_pinned (message->id),
                                             error));
}

static bool
pin_run (MsgDb *db, gpointer ctx, GError **error)
{
  PinOp *op = ctx;
  MsgLog *log = &op->log.log;
  g_autoptr (MsgChat) chat = NULL;
  g_autoptr (MsgMessage) message = NULL;
  MsgId from_id;
  Pinned pinned;

  msg_log_reset (log);
  chat = msg_chat_load_for (db, op->log.chat_id, op->log.user_id, MSG_ACT_PIN, log->now_ms, error);
  if (chat == NULL || !load_message (db, op, &message, error) || !read_pinned (db, op, &pinned, error)
      || !msg_chat_find_withheld (db, chat, op->log.user_id, &from_id, error))
    return false;
  if (pinned.ms == 0 && op->pin.pinned && !check_room (db, chat->id, error))
    return false;
  if (!change (op, from_id, &pinned))
    return msg_log_finish (db, log, error);
  return put_pinned (db, op, &pinned, error) && tell (db, op, chat, g_steal_pointer (&message), from_id, error);
}

void
msg_message_pin (MsgCore *core, MsgId user_id, MsgId chat_id, const MsgPin *pin, MsgWrittenFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (PinOp), pin_reply, msg_log_op_clear };
  PinOp *op;

  g_return_if_fail (core != NULL && pin != NULL && fn != NULL);
  op = msg_log_op_new (core, &class, user_id, chat_id);
  op->pin = *pin;
  op->fn = fn;
  op->data = data;
  if (msg_log_op_take_chat (&op->log))
    msg_op_write (op, pin_run, msg_op_end);
}

/* --- The list --- */

typedef struct {
  MsgOp op;
  MsgId user_id, chat_id;
  int64_t before, now_ms;
  unsigned limit;
  MsgHistory page;
  MsgHistoryFn fn;
  gpointer data;
} ListOp;

static void
list_reply (MsgOp *ctx, const GError *error)
{
  ListOp *op = (ListOp *) ctx;

  op->fn (error == NULL ? &op->page : NULL, error, op->data);
}

static void
list_clear (MsgOp *ctx)
{
  g_ptr_array_unref (((ListOp *) ctx)->page.messages);
}

static bool
list_run (MsgDb *db, gpointer ctx, GError **error)
{
  ListOp *op = ctx;
  g_autoptr (MsgChat) chat = msg_chat_load_for (db, op->chat_id, op->user_id, MSG_ACT_READ, op->now_ms, error);
  gsize bytes = 0;
  MsgStmt *stmt;
  MsgStep step;

  if (chat == NULL)
    return false;
  stmt = msg_db_prepare (db, "SELECT " MSG_MESSAGE_COLUMNS " FROM messages g WHERE g.chat_id = :chat AND g.id < :before"
                             " AND " MSG_MESSAGE_IS_PINNED " AND " MSG_MESSAGE_IS_FOR_USER
                             " ORDER BY g.id DESC LIMIT :limit");
  msg_stmt_set_int (stmt, ":user", op->user_id);
  msg_stmt_set_int (stmt, ":chat", chat->id);
  msg_stmt_set_int (stmt, ":first", chat->first_id);
  msg_stmt_set_int (stmt, ":before", op->before);
  msg_stmt_set_int (stmt, ":limit", op->limit + 1);
  while ((step = msg_stmt_step (stmt, error)) == MSG_STEP_ROW)
    {
      MsgMessage *message;

      if (op->page.messages->len == op->limit || bytes > MSG_PAGE_BYTES)
        {
          op->page.next = ((MsgMessage *) op->page.messages->pdata[op->page.messages->len - 1])->id;
          return true;
        }
      message = msg_message_from_row (stmt, 0);
      g_ptr_array_add (op->page.messages, message);
      bytes += msg_message_weigh (message);
    }
  return step == MSG_STEP_DONE;
}

void
msg_message_get_pinned (MsgCore *core, MsgId user_id, MsgId chat_id, int64_t before, unsigned limit, MsgHistoryFn fn,
                        gpointer data)
{
  static const MsgOpClass class = { sizeof (ListOp), list_reply, list_clear };
  ListOp *op;

  g_return_if_fail (core != NULL && fn != NULL);
  op = msg_op_new (core, &class);
  op->user_id = user_id;
  op->chat_id = chat_id;
  op->before = before;
  op->limit = limit;
  op->now_ms = msg_core_now_ms (core);
  op->page.messages = g_ptr_array_new_with_free_func ((GDestroyNotify) msg_message_free);
  op->fn = fn;
  op->data = data;
  if (limit < 1 || limit > MSG_HISTORY_MAX)
    msg_op_fail (&op->op, msg_error_new (MSG_ERROR_INVALID, "limit", "1 to %d at once.", MSG_HISTORY_MAX));
  else
    msg_op_read (op, list_run, msg_op_end);
}
