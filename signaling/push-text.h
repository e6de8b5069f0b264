/* SPDX-License-Identifier: Apache-2.0 */
/* What a browser is told by a push: one JSON object, which only the browser can read (docs/push.md). Any thread. */
#pragma once

#include <stdbool.h>

#include "messaging/update-log.h"

/** SIG_PUSH_PREVIEW_CHARS: of a message's text. */
#define SIG_PUSH_PREVIEW_CHARS 200

typedef enum {
  SIG_PUSH_CALL,
  SIG_PUSH_CALL_ENDED,
  SIG_PUSH_ROOM, /* an invitation that rings */
  SIG_PUSH_ROOM_ENDED,
  SIG_PUSH_MESSAGE,
  SIG_PUSH_SECRET
} SigPushKind;

/** SigPushNews: what happened. Strings are borrowed or owned, as the owner of the struct says. */
typedef struct {
  SigPushKind kind;
  MsgId from;          /* the caller, the sender */
  char *call_id;       /* CALL, CALL_ENDED */
  bool video;
  char *reason;        /* CALL_ENDED, ROOM_ENDED */
  int64_t expires_ms;  /* CALL, ROOM: when it stops ringing */
  MsgId room_id;       /* ROOM, ROOM_ENDED */
  MsgId chat_id;       /* MESSAGE */
  int64_t message_id;
  int64_t at_ms;       /* SECRET too */
  char *text;          /* ROOM, ROOM_ENDED: its title */
  bool silent;
} SigPushNews;

/** sig_push_news_rings: Returns: whether it is over when it does not ring any more. */
static inline bool
sig_push_news_rings (const SigPushNews *news)
{
  return news->kind == SIG_PUSH_CALL || news->kind == SIG_PUSH_ROOM;
}

/**
 * sig_push_text:
 * @from: (nullable): as it is now
 * @title: (nullable): the chat's
 * @preview: what the message says may be told
 * @ret_padded: how long it should seem to be: one of three lengths
 *
 * Returns: (transfer full)
 */
char *sig_push_text (const SigPushNews *news, MsgId to, const MsgUser *from, const char *title, bool preview,
                     size_t *ret_padded);

/** sig_push_topic: what takes the place of what: all of one call, of one room, of one chat. @key: secret, so that a push
 *  service cannot tell which. @ret: room for SIG_PUSH_TOPIC_BYTES + 1 characters. */
void sig_push_topic (const SigPushNews *news, MsgId device, const uint8_t *key, size_t key_len, char *ret);
