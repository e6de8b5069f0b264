/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages: sending, editing, deleting, reading, and the marks of who has got and read what. Rules: messaging/core.h. A
 * message is (chat, id); ids count 1, 2, 3 ... in each chat, given by the one writer: one order for all devices.
 */
#pragma once

#include "messaging/chat.h"
#include "messaging/poll-text.h"
#include "messaging/quote.h"
#include "messaging/reaction.h"

#define MSG_RANDOM_ID_BYTES 8
/** MSG_HISTORY_MAX: messages in one page. */
#define MSG_HISTORY_MAX 100
/** MSG_DELETE_MAX: messages deleted at once. */
#define MSG_DELETE_MAX 100

/** MsgMessageKind: stored as these numbers. */
typedef enum { MSG_MESSAGE_TEXT = 1, MSG_MESSAGE_SERVICE, MSG_MESSAGE_POLL, MSG_MESSAGE_KIND_N } MsgMessageKind;

typedef struct {
  MsgId chat_id;
  int64_t id;
  MsgId sender_id;
  int64_t at_ms;
  MsgMessageKind kind;
  char *text;        /* "" for a service message */
  char *entities;    /* (nullable): JSON, as msg_entities_write() makes it */
  char *data;        /* (nullable): JSON: what a service message tells of */
  int64_t reply_to;  /* 0: none */
  int64_t thread_id; /* of a chat with topics: which; 0: the general one */
  char *quote;       /* (nullable): JSON, as msg_quote_write() makes it: what of the other message it answers */
  int64_t edited_ms; /* 0: never */
  MsgId discussion_chat; /* where this post of a channel is talked about; 0: nowhere */
  int64_t discussion_id; /* the message there that comments reply to */
  int64_t comments;      /* replies to it */
  int64_t expires_ms; /* when it goes away for all; 0: it stays */
  bool silent;
  GArray *reactions; /* (nullable) (element-type MsgReaction): with the user's own marked */
  bool pinned;
  char *forward;     /* (nullable): JSON: where it comes from, as msg_message_forward() makes it */
  MsgPoll *poll;     /* POLL, whose text is the question: with the user's own vote */
  char *files;       /* (nullable): JSON: what it carries, as msg_files_write() makes it; @text may be "" then */
} MsgMessage;

MsgMessage *msg_message_copy (const MsgMessage *message);
void msg_message_free (MsgMessage *message); /* NULL is allowed */

/** MsgSending: everything is copied, but for @entities, which is referenced. */
typedef struct {
  MsgId user_id, device_id;
  MsgId chat_id;
  uint8_t random_id[MSG_RANDOM_ID_BYTES]; /* the client's: what makes a retry known */
  const char *text;
  GArray *entities;                       /* (nullable) (element-type MsgEntity): is sorted */
  int64_t reply_to;                       /* 0: none */
  int64_t thread_id;                      /* 0: that of what it answers, else the general topic */
  const MsgQuote *quote;                  /* (nullable): out of the message that it answers */
  const MsgPoll *poll;                    /* (nullable): then @text is the question, without entities */
  int64_t ttl_ms;                         /* it goes away for all so long after it was sent; 0: it stays */
  const MsgId *files;                     /* @n_files of msg_file_add(), in this order; @text may be "" then */
  unsigned n_files;                       /* at most MSG_FILES_MAX */
  bool silent;
} MsgSending;

/* Of a message, or of what is sent in a chat. */
#define MSG_TTL_MIN_MS 1000
#define MSG_TTL_MAX_MS (INT64_C (365) * 24 * 3600 * 1000)

/** MsgMessageFn: @message: (nullable): NULL with an error. @written: its place in the log of who asked. */
typedef void (*MsgMessageFn) (const MsgMessage *message, const MsgWritten *written, const GError *error, gpointer data);

/**
 * msg_message_send:
 *
 * A random_id that this user has used in this chat before gives the message and the place of the first time, as they are
 * now, and writes nothing.
 *
 * Errors: INVALID ("text", "entities", "quote", "ttl", "attachments", "poll": also one that is public in a channel, "thread":
 * what it answers stands in another), NOT_FOUND ("chat", "topic", "file": none that this user may attach, "message": there is
 * none to reply to), FORBIDDEN ("topics_off", "topic_closed", those of msg_verdict_to_error()), CONFLICT ("message_deleted":
 * of a retry), LIMIT ("message_rate"), UNAVAILABLE.
 */
void msg_message_send (MsgCore *core, const MsgSending *sending, MsgMessageFn fn, gpointer data);

/** msg_message_edit: one's own text; "" only where it carries files, which stay. What is no change writes nothing. Errors: as
 *  above, FORBIDDEN ("not_author"). */
void msg_message_edit (MsgCore *core, MsgId user_id, MsgId chat_id, int64_t message_id, const char *text,
                       GArray *entities, MsgMessageFn fn, gpointer data);

/** MsgEdit: what a message said before. */
typedef struct {
  int64_t at_ms; /* when it was replaced */
  char *text, *entities;
} MsgEdit;

/** MsgEditsFn: @edits: (nullable) (element-type MsgEdit): oldest first. */
typedef void (*MsgEditsFn) (GPtrArray *edits, const GError *error, gpointer data);

/** msg_message_get_edits: the newest 100. Errors: NOT_FOUND ("chat", "message"), FORBIDDEN, UNAVAILABLE. */
void msg_message_get_edits (MsgCore *core, MsgId user_id, MsgId chat_id, int64_t message_id, MsgEditsFn fn,
                            gpointer data);

/**
 * msg_message_delete:
 * @ids: @n of them, 1 to MSG_DELETE_MAX
 * @for_all: else for this user alone
 *
 * Those that are not there (any more) are passed over; one that may not be deleted for all refuses all of it.
 *
 * Errors: INVALID ("limit"), NOT_FOUND ("chat"), FORBIDDEN, UNAVAILABLE.
 */
void msg_message_delete (MsgCore *core, MsgId user_id, MsgId chat_id, const int64_t *ids, unsigned n, bool for_all,
                         MsgWrittenFn fn, gpointer data);

/** MsgHistoryFrom: where a page of the history is. */
typedef enum { MSG_HISTORY_BEFORE, MSG_HISTORY_AFTER, MSG_HISTORY_AROUND } MsgHistoryFrom;

/** MsgHistory: newest first. */
typedef struct {
  GPtrArray *messages; /* (element-type MsgMessage) */
  int64_t next;        /* the id with which the walk goes on; 0: this was the last page */
} MsgHistory;

/** MsgHistoryFn: @history: (nullable): NULL with an error. */
typedef void (*MsgHistoryFn) (const MsgHistory *history, const GError *error, gpointer data);

/**
 * msg_message_history:
 * @id: older than it, newer than it, or it and those on both sides; BEFORE G_MAXINT64: the newest
 * @limit: 1 to MSG_HISTORY_MAX
 *
 * Errors: INVALID ("limit"), NOT_FOUND ("chat"), FORBIDDEN, UNAVAILABLE.
 */
void msg_message_history (MsgCore *core, MsgId user_id, MsgId chat_id, MsgHistoryFrom from, int64_t id, unsigned limit,
                          MsgHistoryFn fn, gpointer data);

/** MsgMark: @MSG_MARK_DELIVERED: a device of the user has it. @MSG_MARK_READ: the user has seen it. */
typedef enum { MSG_MARK_DELIVERED, MSG_MARK_READ } MsgMark;

/** msg_message_mark: all up to @up_to; goes forward only. Errors: INVALID ("message": no such message yet), NOT_FOUND
 *  ("chat"), FORBIDDEN, UNAVAILABLE. */
void msg_message_mark (MsgCore *core, MsgId user_id, MsgId chat_id, MsgMark mark, int64_t up_to, MsgWrittenFn fn,
                       gpointer data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgMessage, msg_message_free)
