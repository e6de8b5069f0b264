/* SPDX-License-Identifier: Apache-2.0 */
/* Votes in polls, one of each user. Rules of what is asynchronous: messaging/core.h. */
#pragma once

#include "messaging/message.h"

/**
 * msg_poll_vote: for who may react.
 * @options: a bit for each; 0: takes the vote back. A new vote takes the place of one before; in a quiz it stays.
 *
 * The rows of the log are as those of a reaction; who has voted is told to nobody but the user, unless the poll is public.
 *
 * Errors: INVALID ("options"), NOT_FOUND ("chat", "message", "poll": the message has none), FORBIDDEN, CONFLICT
 * ("poll_closed", "already_voted"), LIMIT ("message_rate"), UNAVAILABLE.
 */
void msg_poll_vote (MsgCore *core, MsgId user_id, MsgId chat_id, int64_t message_id, unsigned options, MsgWrittenFn fn,
                    gpointer data);

/** msg_poll_close: by its author, and who may delete messages of others. Errors: NOT_FOUND ("chat", "message", "poll"),
 *  FORBIDDEN, LIMIT ("message_rate"), UNAVAILABLE. */
void msg_poll_close (MsgCore *core, MsgId user_id, MsgId chat_id, int64_t message_id, MsgWrittenFn fn, gpointer data);

typedef struct {
  MsgUser *user;
  int64_t at_ms;
} MsgVoter;

/** MsgVotersFn: @voters: (nullable) (element-type MsgVoter): in order of their ids. */
typedef void (*MsgVotersFn) (GPtrArray *voters, const GError *error, gpointer data);

/** MsgVotersAsked: of whom. */
typedef struct {
  int64_t message_id;
  unsigned option;  /* its place */
  MsgId after;      /* the last user of the page before; 0: from the beginning */
  unsigned limit;   /* 1 to MSG_CHAT_LIST_MAX */
} MsgVotersAsked;

/** msg_poll_get_voters: of a public poll, for who sees the members. Errors: INVALID ("limit", "options"), NOT_FOUND ("chat",
 *  "message", "poll"), FORBIDDEN ("anonymous" too), UNAVAILABLE. */
void msg_poll_get_voters (MsgCore *core, MsgId user_id, MsgId chat_id, const MsgVotersAsked *asked, MsgVotersFn fn,
                          gpointer data);
