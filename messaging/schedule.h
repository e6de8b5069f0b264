/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scheduled messages: kept aside until their time, then sent by the server: each once, in the order of their times. Only
 * their author knows of them. What may not be sent any more by then stays, with the reason, until its author changes,
 * sends or drops it. In saved messages they are reminders. Rules: messaging/core.h.
 */
#pragma once

#include "messaging/message.h"

/** MSG_SCHEDULED_MAX: of one user in one chat; MSG_SCHEDULED_TOTAL_MAX: in all chats. */
#define MSG_SCHEDULED_MAX 100
#define MSG_SCHEDULED_TOTAL_MAX 1000
/** MSG_SCHEDULED_AHEAD_MS: no later than this from now. */
#define MSG_SCHEDULED_AHEAD_MS (INT64_C (365) * 24 * 3600 * 1000)

typedef struct {
  MsgId id;
  MsgId user_id, chat_id;
  int64_t send_ms;    /* when it is to be sent */
  int64_t at_ms;      /* when it was written */
  char *text;
  char *entities;     /* (nullable): JSON, as msg_entities_write() makes it */
  int64_t reply_to;   /* 0: none; one that is gone by then is left out */
  int64_t thread_id;  /* 0: none, or the general topic */
  char *quote;        /* (nullable): out of what it answers: goes with it */
  int64_t ttl_ms;     /* counts from its sending */
  bool silent;
  char *failed;       /* (nullable): why it was not sent: a reason of MSG_ERROR */
} MsgScheduled;

MsgScheduled *msg_scheduled_copy (const MsgScheduled *scheduled);
void msg_scheduled_free (MsgScheduled *scheduled); /* NULL is allowed */

/** MsgScheduledFn: one of @scheduled and @message (nullable), both NULL with an error: what is kept, or what was sent
 *  already under this random_id. @written: what was written in the log of who asked. */
typedef void (*MsgScheduledFn) (const MsgScheduled *scheduled, const MsgMessage *message, const MsgWritten *written,
                                const GError *error, gpointer data);

/**
 * msg_schedule_add:
 * @sending: as for msg_message_send(): the same random_id gives what there is, scheduled or sent
 * @send_ms: when
 *
 * Errors: INVALID ("text", "entities", "quote", "ttl", "poll": none is scheduled,
 * "send_at": in the past, or more than a year ahead), NOT_FOUND ("chat",
 * "message"), FORBIDDEN, CONFLICT ("message_deleted"), LIMIT ("message_rate", "too_many_scheduled"), UNAVAILABLE.
 */
void msg_schedule_add (MsgCore *core, const MsgSending *sending, int64_t send_ms, MsgScheduledFn fn, gpointer data);

/** MsgScheduleChange: what is not given stays. One that has failed is tried again. */
typedef struct {
  const char *text;  /* (nullable) */
  GArray *entities;  /* (nullable) (element-type MsgEntity): goes with @text */
  int64_t send_ms;   /* 0: stays */
} MsgScheduleChange;

/** msg_schedule_edit: Errors: INVALID ("text", "entities", "send_at"), NOT_FOUND ("scheduled"), LIMIT ("message_rate"),
 *  UNAVAILABLE. */
void msg_schedule_edit (MsgCore *core, MsgId user_id, MsgId chat_id, MsgId id, const MsgScheduleChange *change,
                        MsgScheduledFn fn, gpointer data);
/** msg_schedule_drop: one that is not there is no error. Errors: UNAVAILABLE. */
void msg_schedule_drop (MsgCore *core, MsgId user_id, MsgId chat_id, MsgId id, MsgWrittenFn fn, gpointer data);
/** msg_schedule_send: now. Errors: those of sending, NOT_FOUND ("scheduled"): then it stays as it was. */
void msg_schedule_send (MsgCore *core, MsgId user_id, MsgId chat_id, MsgId id, MsgScheduledFn fn, gpointer data);

/** MsgScheduledListFn: @list: (nullable) (element-type MsgScheduled): in the order of their times. */
typedef void (*MsgScheduledListFn) (GPtrArray *list, const GError *error, gpointer data);
/** msg_schedule_list: one's own in a chat; also of one that was left, if there are any. Errors: NOT_FOUND ("chat"),
 *  FORBIDDEN, UNAVAILABLE. */
void msg_schedule_list (MsgCore *core, MsgId user_id, MsgId chat_id, MsgScheduledListFn fn, gpointer data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgScheduled, msg_scheduled_free)
