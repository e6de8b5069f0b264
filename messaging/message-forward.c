/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/message-forward.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "messaging/contact-rows.h"
#include "messaging/log-op.h"

typedef struct {
  MsgLogOp log;           /* of the chat that they go to */
  MsgForwarding asked;
  GPtrArray *messages;    /* owned: of MsgMessage */
  MsgForwardedFn fn;
  gpointer data;
} ForwardOp;

static void
forward_reply (MsgOp *ctx, const GError *error)
{
  ForwardOp *op = (ForwardOp *) ctx;

  msg_log_op_tell (&op->log, error);
  if (error != NULL)
    op->fn (NULL, NULL, error, op->data);
  else
    op->fn (op->messages, &op->log.log.written, NULL, op->data);
}

static void
forward_clear (MsgOp *ctx)
{
  msg_log_op_clear (ctx);
  g_ptr_array_unref (((ForwardOp *) ctx)->messages);
}

static bool
refuse (MsgError code, const char *reason, const char *message, GError **error)
{
  g_propagate_error (error, msg_error_new (code, reason, "%s", message));
  return false;
}

/* --- Where it comes from --- */

/* Returns: (transfer full) (nullable): what a user is called, who may be deleted meanwhile */
static char *
read_name (MsgDb *db, MsgId user_id, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT display_name FROM users WHERE id = :user");
  MsgStep step;

  msg_stmt_set_int (stmt, ":user", user_id);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_ERROR)
    return NULL;
  return g_strdup (step == MSG_STEP_ROW ? msg_stmt_get_text (stmt, 0) : "");
}

static void
set_id (JsonObject *object, const char *name, int64_t id)
{
  char text[MSG_ID_STRLEN];

  json_object_set_string_member (object, name, msg_id_format (id, text));
}

/* @chat_id, @message_id: 0: it is @user_id's */
static char *
write_json (MsgId chat_id, int64_t message_id, MsgId user_id, const char *name, int64_t at_ms)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), object);

  set_id (object, chat_id != 0 ? "chatId" : "userId", chat_id != 0 ? chat_id : user_id);
  if (chat_id != 0)
    set_id (object, "messageId", message_id);
  json_object_set_string_member (object, "name", name);
  json_object_set_int_member (object, "at", at_ms);
  return json_to_string (node, FALSE);
}

char *
msg_forward_write_post (const MsgChat *chat, const MsgMessage *post)
{
  return write_json (chat->id, post->id, 0, chat->title, post->at_ms);
}

/* What is a channel's is said by the channel; what people say to each other names the place neither to others nor later.
 * Returns: (transfer full) (nullable) */
static char *
write_origin (MsgDb *db, const MsgChat *chat, const MsgMessage *message, GError **error)
{
  g_autofree char *name = NULL;

  if (message->forward != NULL)
    return g_strdup (message->forward);
  if (chat->kind == MSG_CHAT_CHANNEL)
    return msg_forward_write_post (chat, message);
  name = read_name (db, message->sender_id, error);
  return name != NULL ? write_json (0, 0, message->sender_id, name, message->at_ms) : NULL;
}

/* --- Writing --- */

/* @ret_n: how many of the messages are there from an earlier try */
static bool
find_sent (MsgDb *db, ForwardOp *op, unsigned *ret_n, GError **error)
{
  MsgWritten first = { 0 }, written = { 0 };

  *ret_n = 0;
  for (unsigned i = 0; i < op->asked.n; i++)
    {
      const MsgNewMessage spec = { .sender_id = op->log.user_id, .random_id = op->asked.random_ids[i] };
      MsgMessage *message;

      if (!msg_message_find_sent (db, &spec, op->log.chat_id, &message, &written, error))
        return false;
      g_ptr_array_add (op->messages, message);
      if (message == NULL)
        continue;
      if ((*ret_n)++ == 0)
        first = written;
    }
  /* they were written together, so that their places stand side by side */
  written.count = (unsigned) (written.count * (written.pts - first.pts + 1));
  written.chat_count = (unsigned) (written.chat_count * (written.chat_pts - first.chat_pts + 1));
  if (*ret_n == op->asked.n)
    op->log.log.written = written;
  return true;
}

static bool
load_source (MsgDb *db, const ForwardOp *op, const MsgChat *chat, int64_t id, MsgMessage **ret_message, GError **error)
{
  if (!msg_message_load (db, chat->id, op->log.user_id, id, ret_message, error))
    return false;
  if (*ret_message == NULL)
    return refuse (MSG_ERROR_NOT_FOUND, "message", "There is no such message.", error);
  if ((*ret_message)->kind == MSG_MESSAGE_POLL)
    return refuse (MSG_ERROR_FORBIDDEN, "poll", "A poll stays where its voters are.", error);
  return (*ret_message)->kind != MSG_MESSAGE_SERVICE
         || refuse (MSG_ERROR_FORBIDDEN, "service_message", "This is no message of a user.", error);
}

static bool
forward_one (MsgDb *db, ForwardOp *op, const MsgChat *from, MsgChat *to, unsigned i, GError **error)
{
  g_autoptr (MsgMessage) source = NULL;
  g_autofree char *origin = NULL;
  const MsgMessage *message;
  MsgNewMessage spec = { .sender_id = op->log.user_id,
                         .device_id = op->asked.device_id,
                         .random_id = op->asked.random_ids[i],
                         .silent = op->asked.silent };

  if (!load_source (db, op, from, op->asked.ids[i], &source, error)
      || !msg_chat_keep_pace (db, to, &op->log.log, error)
      || !msg_chat_find_withheld (db, to, op->log.user_id, &spec.withheld_from, error)
      || !msg_contact_take (db, &op->log.op.core->options, to, op->log.user_id, op->log.log.now_ms, error))
    return false;
  origin = write_origin (db, from, source, error);
  if (origin == NULL)
    return false;
  spec.kind = source->kind;
  spec.text = source->text;
  spec.entities = source->entities;
  spec.forward = origin;
  spec.files = source->files;
  message = msg_message_append (db, &op->log.log, to, &spec, error);
  if (message == NULL)
    return false;
  op->messages->pdata[i] = msg_message_copy (message);
  return true;
}

static bool
forward_run (MsgDb *db, gpointer ctx, GError **error)
{
  ForwardOp *op = ctx;
  MsgLog *log = &op->log.log;
  g_autoptr (MsgChat) from = NULL, to = NULL;
  unsigned n_sent;

  msg_log_reset (log);
  g_ptr_array_set_size (op->messages, 0);
  if (!find_sent (db, op, &n_sent, error))
    return false;
  if (n_sent == op->asked.n)
    return msg_log_finish (db, log, error);
  from = msg_chat_load_for (db, op->asked.from_id, op->log.user_id, MSG_ACT_READ, log->now_ms, error);
  if (from == NULL)
    return false;
  if (from->is_protected)
    return refuse (MSG_ERROR_FORBIDDEN, "protected", "What is in this chat may not be forwarded.", error);
  to = msg_chat_load_for (db, op->log.chat_id, op->log.user_id, MSG_ACT_SEND, log->now_ms, error);
  if (to == NULL)
    return false;
  for (unsigned i = 0; i < op->asked.n; i++)
    if (op->messages->pdata[i] == NULL && !forward_one (db, op, from, to, i, error))
      return false;
  if (!msg_chat_has_log (to->kind))
    log->written.count = op->asked.n - n_sent; /* what comes before them in the log has been told: as a send says it */
  return true;
}

static bool
has_twins (const MsgForwarding *asked)
{
  for (unsigned i = 0; i < asked->n; i++)
    for (unsigned k = 0; k < i; k++)
      if (memcmp (asked->random_ids[i], asked->random_ids[k], MSG_RANDOM_ID_BYTES) == 0)
        return true;
  return false;
}

static void
free_message (gpointer message)
{
  msg_message_free (message);
}

void
msg_message_forward (MsgCore *core, const MsgForwarding *forwarding, MsgForwardedFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (ForwardOp), forward_reply, forward_clear };
  ForwardOp *op;

  g_return_if_fail (core != NULL && forwarding != NULL && fn != NULL);
  op = msg_log_op_new (core, &class, forwarding->user_id, forwarding->to_id);
  op->asked = *forwarding;
  op->messages = g_ptr_array_new_with_free_func (free_message);
  op->fn = fn;
  op->data = data;
  if (forwarding->n < 1 || forwarding->n > MSG_FORWARD_MAX)
    msg_op_fail (&op->log.op, msg_error_new (MSG_ERROR_INVALID, "limit", "1 to %d messages at once.", MSG_FORWARD_MAX));
  else if (has_twins (forwarding))
    msg_op_fail (&op->log.op, msg_error_new (MSG_ERROR_INVALID, "random_id", "Each message has one of its own."));
  else if (msg_log_op_take_messages (&op->log, forwarding->n))
    msg_op_write (op, forward_run, msg_op_end);
}
