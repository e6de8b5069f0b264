/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Topics: the threads of a supergroup that has them. A topic is opened by a service message, whose id is the thread's; each
 * message is in one thread, or in none: the general topic. Rules: messaging/core.h.
 */
#pragma once

#include "messaging/message.h"

/** MSG_TOPIC_LIST_MAX: topics in one page, beside those that are pinned. */
#define MSG_TOPIC_LIST_MAX 50
/** MSG_TOPIC_PINS_MAX: pinned topics of a chat. */
#define MSG_TOPIC_PINS_MAX 10
/** MSG_TOPIC_UNREAD_MAX: more are not counted. */
#define MSG_TOPIC_UNREAD_MAX 100

typedef struct {
  MsgId chat_id;
  int64_t id;       /* the thread's: of the message that opened it */
  char *title;
  bool closed;      /* admins alone write in it */
  bool pinned;
  int64_t last_id;  /* its newest message, which may be deleted since */
  unsigned unread;  /* of a list: of who asks, up to MSG_TOPIC_UNREAD_MAX */
} MsgTopic;

void msg_topic_free (MsgTopic *topic); /* NULL is allowed */

/** MsgTopicFn: @topic: (nullable): NULL with an error. */
typedef void (*MsgTopicFn) (const MsgTopic *topic, const MsgWritten *written, const GError *error, gpointer data);

/** msg_topic_create: by who may change the chat's title. Errors: INVALID ("title"), NOT_FOUND ("chat"), FORBIDDEN
 *  ("topics_off", those of msg_verdict_to_error()), LIMIT ("too_many_topics", "chat_rate"), UNAVAILABLE. */
void msg_topic_create (MsgCore *core, MsgId user_id, MsgId chat_id, const char *title, MsgTopicFn fn, gpointer data);

/** MsgTopicChange: what is not given stays. */
typedef struct {
  int64_t thread_id;
  const char *title;   /* (nullable) */
  bool has_closed, closed, has_pinned, pinned;
} MsgTopicChange;

/** msg_topic_update: likewise; a service message in the thread tells of it; what is no change writes nothing. Errors: as
 *  above, NOT_FOUND ("topic"), LIMIT ("too_many_pins"). */
void msg_topic_update (MsgCore *core, MsgId user_id, MsgId chat_id, const MsgTopicChange *change, MsgTopicFn fn,
                       gpointer data);

/** MsgTopicPage: @topics: (element-type MsgTopic): newest activity first, on the first page behind all that are pinned. */
typedef struct {
  GPtrArray *topics;
  int64_t next;      /* before what the next page is; 0: this was the last */
} MsgTopicPage;

/** MsgTopicsFn: @page: (nullable): NULL with an error. */
typedef void (*MsgTopicsFn) (const MsgTopicPage *page, const GError *error, gpointer data);

/** msg_topic_list: @before: next of the page before; 0: the first. @limit: 1 to MSG_TOPIC_LIST_MAX. Errors: INVALID
 *  ("limit"), NOT_FOUND ("chat"), FORBIDDEN, UNAVAILABLE. */
void msg_topic_list (MsgCore *core, MsgId user_id, MsgId chat_id, int64_t before, unsigned limit, MsgTopicsFn fn,
                     gpointer data);

/** MsgHistoryPlace: of a page: as for msg_message_history(). */
typedef struct {
  int64_t thread_id;
  MsgHistoryFrom from;
  int64_t id;
  unsigned limit;
} MsgHistoryPlace;

/** msg_topic_history: messages of one thread; none when there is no such thread; 0: of all. Errors: as of
 *  msg_message_history(). */
void msg_topic_history (MsgCore *core, MsgId user_id, MsgId chat_id, const MsgHistoryPlace *place, MsgHistoryFn fn,
                        gpointer data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgTopic, msg_topic_free)
