/* SPDX-License-Identifier: Apache-2.0 */
/* How many have reacted to a message with what: as values, and as the text that is kept with it. Pure; any thread. */
#pragma once

#include "messaging/emoji.h"

/** MSG_REACTIONS_MAX: different emoji of one message. */
#define MSG_REACTIONS_MAX 20

/** MsgReaction: of one message, in the order in which they first came. */
typedef struct {
  char emoji[MSG_EMOJI_BYTES + 1];
  unsigned count;
  bool own;       /* the user is one of them */
} MsgReaction;

/** msg_reactions_find: Returns: (transfer none) (nullable). */
MsgReaction *msg_reactions_find (const GArray *reactions, const char *emoji);
/** msg_reactions_get_own: @reactions: (nullable). Returns: (transfer none) (nullable): the emoji that is marked. */
const char *msg_reactions_get_own (const GArray *reactions);
/** msg_reactions_count: one more, or one less when @less; what nobody has any more is not there. */
void msg_reactions_count (GArray *reactions, const char *emoji, bool less);
/** msg_reactions_write: Returns: (transfer full): "" when there are none. */
char *msg_reactions_write (const GArray *reactions);
/** msg_reactions_parse: @text: (nullable): what msg_reactions_write() wrote. Returns: (transfer full). */
GArray *msg_reactions_parse (const char *text);
/** msg_reactions_read: @text: (nullable): likewise. @own: (nullable): the user's; with a "!" before it one that @text does
 *  not count. Returns: (transfer full) (nullable): NULL when there are none. */
GArray *msg_reactions_read (const char *text, const char *own);
