/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of texts, as search sees them, and what a query asks of them. One way to fold for both databases: case, marks
 * above and below letters, and compatible forms (full width, ligatures) make no difference. Pure; any thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/** MSG_WORDS_MAX: of one text; what comes behind them is not found. */
#define MSG_WORDS_MAX 4096
/** MSG_WORD_BYTES: longer words are cut there, in texts and in queries alike. */
#define MSG_WORD_BYTES 64
#define MSG_QUERY_BYTES 1024
#define MSG_QUERY_WORDS 16
/** MSG_QUERY_PREFIX_CHARS: the last word stands for all that begin with it only if it has as many folded characters. */
#define MSG_QUERY_PREFIX_CHARS 2
/** MSG_HIGHLIGHTS_MAX: of one text. */
#define MSG_HIGHLIGHTS_MAX 32
/** MSG_FOLD_VERSION: goes up when a message has other words in the index than before, by msg_words_split() or
 *  messaging/search-rows.c: the index is then made anew. */
#define MSG_FOLD_VERSION 3

/** MsgWord: @text: letters, digits and marks only; of ASCII a-z and 0-9. */
typedef struct {
  char text[MSG_WORD_BYTES + 4];
  unsigned offset, length; /* of what it was in the text, in UTF-16 units */
  bool joined;             /* nothing is between it and the word before: scripts that leave no space between words */
} MsgWord;

/** msg_words_split: @text: UTF-8. Returns: (transfer full) (element-type MsgWord): at most @max. */
GArray *msg_words_split (const char *text, unsigned max);

/** MsgRange: in UTF-16 units. */
typedef struct {
  unsigned offset, length;
} MsgRange;

typedef struct {
  GArray *words; /* of MsgWord: 1 to MSG_QUERY_WORDS */
  bool prefix;   /* the last one may go on */
} MsgQuery;

/**
 * msg_query_parse:
 * @text: (nullable): what somebody has typed: words, all of which are wanted. Nothing in it has a meaning beside that. The
 * last word may go on, unless something stands behind it
 *
 * Returns: (transfer full) (nullable): NULL with INVALID ("query"): not UTF-8, no word in it, too many, or too long.
 */
MsgQuery *msg_query_parse (const char *text, GError **error);
/** msg_query_new: Returns: (transfer full): one without words, which everything matches. */
MsgQuery *msg_query_new (void);
void msg_query_free (MsgQuery *query); /* NULL is allowed */

/**
 * msg_query_match:
 * @ret_ranges: (out callee-allocates) (optional) (element-type MsgRange): where, in order, without overlap; the first
 * MSG_HIGHLIGHTS_MAX
 *
 * Returns: whether @text has all words of the query, joined ones as they are joined there.
 */
bool msg_query_match (const MsgQuery *query, const char *text, GArray **ret_ranges);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgQuery, msg_query_free)
