/* SPDX-License-Identifier: Apache-2.0 */
/* Polls as values, and as the text that is kept with their message, whose own text is the question. Pure; any thread. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define MSG_POLL_OPTIONS_MIN 2
#define MSG_POLL_OPTIONS_MAX 10
#define MSG_POLL_OPTION_CHARS 100

typedef struct {
  unsigned n_options;
  char *options[MSG_POLL_OPTIONS_MAX];
  bool multiple;       /* more than one at a time */
  bool is_public;      /* who has chosen what can be asked */
  bool quiz;           /* one is right; a vote stays */
  unsigned correct;    /* of a quiz */
  int64_t closes_ms;   /* 0: it stays open */
  bool closed;
  unsigned voters;
  unsigned counts[MSG_POLL_OPTIONS_MAX];
  unsigned own;        /* the user's: a bit for each option; 0: no vote */
} MsgPoll;

MsgPoll *msg_poll_copy (const MsgPoll *poll);
void msg_poll_free (MsgPoll *poll); /* NULL is allowed */

/**
 * msg_poll_tidy:
 * @asked: as a peer has said it; the state is not looked at
 *
 * Returns: (transfer full) (nullable): a new poll, its options without white space around them; NULL with INVALID ("poll"):
 * too few or many options, one that is empty, too long or there twice; a quiz with several answers; an end that has passed.
 */
MsgPoll *msg_poll_tidy (const MsgPoll *asked, int64_t now_ms, GError **error);

/** msg_poll_check_vote: @options: a bit for each. Returns: false with INVALID ("options"), CONFLICT ("poll_closed", and of a
 *  quiz "already_voted"). */
bool msg_poll_check_vote (const MsgPoll *poll, unsigned options, int64_t now_ms, GError **error);
/** msg_poll_count: a vote for @options comes, or goes when @less. */
void msg_poll_count (MsgPoll *poll, unsigned options, bool less);

/** msg_poll_write: Returns: (transfer full): without own. */
char *msg_poll_write (const MsgPoll *poll);
/** msg_poll_parse: @text: (nullable): what msg_poll_write() wrote. Returns: (transfer full) (nullable). */
MsgPoll *msg_poll_parse (const char *text);
/** msg_poll_read: @text: (nullable): likewise. @own: the user's vote; below zero one that @text does not count. Returns:
 *  (transfer full) (nullable). */
MsgPoll *msg_poll_read (const char *text, int64_t own);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgPoll, msg_poll_free)
