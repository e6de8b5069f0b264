/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/topic.h"

#include <string.h>

#include "messaging/log-op.h"
#include "messaging/names.h"
#include "messaging/service-data.h"
#include "messaging/topic-rows.h"

typedef struct {
  MsgLogOp log;
  MsgTopicChange asked; /* but for the title */
  char *title;          /* owned (nullable) */
  MsgTopic *topic;      /* owned (nullable): the answer */
  MsgTopicFn fn;
  gpointer data;
} TopicOp;

static void
topic_reply (MsgOp *ctx, const GError *error)
{
  TopicOp *op = (TopicOp *) ctx;

  msg_log_op_tell (&op->log, error);
  if (error != NULL)
    op->fn (NULL, NULL, error, op->data);
  else
    op->fn (op->topic, &op->log.log.written, NULL, op->data);
}

static void
topic_clear (MsgOp *ctx)
{
  TopicOp *op = (TopicOp *) ctx;

  msg_log_op_clear (ctx);
  msg_topic_free (op->topic);
  g_free (op->title);
}

/* Begins the operation, if what is said of the title is one. Returns: (nullable): NULL: it is ended */
static TopicOp *
topic_op_new (MsgCore *core, MsgId user_id, MsgId chat_id, const char *title, MsgTopicFn fn, gpointer data)
{
  static const MsgOpClass class = { sizeof (TopicOp), topic_reply, topic_clear };
  TopicOp *op = msg_log_op_new (core, &class, user_id, chat_id);
  GError *error = NULL;

  op->fn = fn;
  op->data = data;
  if (title != NULL)
    op->title = msg_text_tidy (title, MSG_CHAT_TITLE_CHARS, "title", "The title", &error);
  if (error != NULL)
    {
      msg_op_fail (&op->log.op, error);
      return NULL;
    }
  return msg_log_op_take_chat (&op->log) ? op : NULL;
}

/* Returns: (transfer full) (nullable): the chat, which has topics, and whose user may change them */
static MsgChat *
begin (MsgDb *db, TopicOp *op, GError **error)
{
  MsgLog *log = &op->log.log;
  g_autoptr (MsgChat) chat = NULL;

  msg_log_reset (log);
  g_clear_pointer (&op->topic, msg_topic_free);
  chat = msg_chat_load_for (db, op->log.chat_id, op->log.user_id, MSG_ACT_INFO, log->now_ms, error);
  if (chat == NULL || chat->has_topics)
    return g_steal_pointer (&chat);
  g_propagate_error (error, msg_error_new (MSG_ERROR_FORBIDDEN, "topics_off", "This chat has no topics."));
  return NULL;
}

/* @thread_id: 0: it opens one. @data: (transfer full) */
static const MsgMessage *
tell (MsgDb *db, TopicOp *op, MsgChat *chat, int64_t thread_id, char *data, GError **error)
{
  g_autofree char *owned = data;
  const MsgNewMessage spec = { .sender_id = op->log.user_id,
                               .kind = MSG_MESSAGE_SERVICE,
                               .text = "",
                               .data = owned,
                               .thread_id = thread_id,
                               .opens_thread = thread_id == 0 };

  return msg_message_append (db, &op->log.log, chat, &spec, error);
}

/* --- A new one --- */

static bool
create_run (MsgDb *db, gpointer ctx, GError **error)
{
  TopicOp *op = ctx;
  g_autoptr (MsgChat) chat = begin (db, op, error);
  const MsgMessage *message;

  if (chat == NULL)
    return false;
  if (!msg_chat_keep_pace (db, chat, &op->log.log, error))
    return false;
  message = tell (db, op, chat, 0, msg_service_topic (op->title, -1, -1), error);
  return message != NULL
         && msg_topic_insert (db, message, op->title, op->log.op.core->options.topics_per_chat, error)
         && msg_topic_load (db, chat->id, message->id, &op->topic, error);
}

void
msg_topic_create (MsgCore *core, MsgId user_id, MsgId chat_id, const char *title, MsgTopicFn fn, gpointer data)
{
  TopicOp *op;

  g_return_if_fail (core != NULL && title != NULL && fn != NULL);
  op = topic_op_new (core, user_id, chat_id, title, fn, data);
  if (op != NULL && msg_log_op_take_message (&op->log))
    msg_op_write (op, create_run, msg_op_end);
}

/* --- Changes --- */

/* Makes @op->topic what it is to be. Returns: (transfer full) (nullable): what is told of it; NULL: it is so already */
static char *
change (TopicOp *op)
{
  const MsgTopicChange *asked = &op->asked;
  MsgTopic *topic = op->topic;
  bool is_titled = op->title != NULL && strcmp (op->title, topic->title) != 0;
  bool is_closed = asked->has_closed && asked->closed != topic->closed;
  bool is_pinned = asked->has_pinned && asked->pinned != topic->pinned;

  if (!is_titled && !is_closed && !is_pinned)
    return NULL;
  if (is_titled)
    {
      g_free (topic->title);
      topic->title = g_strdup (op->title);
    }
  if (is_closed)
    topic->closed = asked->closed;
  if (is_pinned)
    topic->pinned = asked->pinned;
  return msg_service_topic (is_titled ? topic->title : NULL, is_closed ? topic->closed : -1,
                            is_pinned ? topic->pinned : -1);
}

static bool
update_run (MsgDb *db, gpointer ctx, GError **error)
{
  TopicOp *op = ctx;
  g_autoptr (MsgChat) chat = begin (db, op, error);
  g_autofree char *told = NULL;
  const MsgMessage *message;

  if (chat == NULL)
    return false;
  if ((op->asked.has_closed || op->asked.has_pinned) && chat->standing.role < MSG_ROLE_ADMIN)
    {
      g_propagate_error (error, msg_verdict_to_error (MSG_VERDICT_ADMIN_ONLY));
      return false;
    }
  if (!msg_topic_load (db, chat->id, op->asked.thread_id, &op->topic, error))
    return false;
  if (op->topic == NULL)
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_NOT_FOUND, "topic", "There is no such topic."));
      return false;
    }
  told = change (op);
  if (told == NULL)
    return msg_log_finish (db, &op->log.log, error);
  if (!msg_topic_put (db, op->topic, error))
    return false;
  message = tell (db, op, chat, op->topic->id, g_steal_pointer (&told), error);
  if (message != NULL)
    op->topic->last_id = message->id;
  return message != NULL;
}

void
msg_topic_update (MsgCore *core, MsgId user_id, MsgId chat_id, const MsgTopicChange *asked, MsgTopicFn fn,
                  gpointer data)
{
  TopicOp *op;

  g_return_if_fail (core != NULL && asked != NULL && fn != NULL);
  op = topic_op_new (core, user_id, chat_id, asked->title, fn, data);
  if (op == NULL)
    return;
  op->asked = *asked;
  op->asked.title = NULL;
  msg_op_write (op, update_run, msg_op_end);
}

/* --- The list --- */

typedef struct {
  MsgOp op;
  MsgId user_id, chat_id;
  int64_t before, now_ms;
  unsigned limit;
  MsgTopicPage page;
  MsgTopicsFn fn;
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
  g_ptr_array_unref (((ListOp *) ctx)->page.topics);
}

static bool
list_run (MsgDb *db, gpointer ctx, GError **error)
{
  ListOp *op = ctx;
  GPtrArray *topics = op->page.topics;
  g_autoptr (MsgChat) chat = msg_chat_load_for (db, op->chat_id, op->user_id, MSG_ACT_READ, op->now_ms, error);
  unsigned n_pinned;

  if (chat == NULL
      || (op->before == 0 && !msg_topic_list_rows (db, chat->id, 0, MSG_TOPIC_PINS_MAX, topics, error)))
    return false;
  n_pinned = topics->len;
  if (!msg_topic_list_rows (db, chat->id, op->before != 0 ? op->before : G_MAXINT64, op->limit + 1, topics, error))
    return false;
  if (topics->len - n_pinned > op->limit)
    {
      g_ptr_array_set_size (topics, (int) (n_pinned + op->limit));
      op->page.next = ((const MsgTopic *) topics->pdata[topics->len - 1])->last_id;
    }
  if (chat->standing.role < MSG_ROLE_RESTRICTED) /* who only looks on has nothing to read */
    return true;
  for (unsigned i = 0; i < topics->len; i++)
    if (!msg_topic_count_unread (db, topics->pdata[i], op->user_id, MAX (chat->read_id, chat->first_id - 1), error))
      return false;
  return true;
}

void
msg_topic_list (MsgCore *core, MsgId user_id, MsgId chat_id, int64_t before, unsigned limit, MsgTopicsFn fn,
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
  op->page.topics = g_ptr_array_new_with_free_func ((GDestroyNotify) msg_topic_free);
  op->fn = fn;
  op->data = data;
  if (limit < 1 || limit > MSG_TOPIC_LIST_MAX)
    msg_op_fail (&op->op, msg_error_new (MSG_ERROR_INVALID, "limit", "1 to %d at once.", MSG_TOPIC_LIST_MAX));
  else
    msg_op_read (op, list_run, msg_op_end);
}
