/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words by which strangers find a chat that has a public name: those of that name and of its title (table open_words).
 * Store's threads, inside a job.
 */
#pragma once

#include "messaging/db.h"
#include "messaging/search-text.h"
#include "messaging/types.h"

/** MSG_OPEN_WORDS_MAX: of one chat. */
#define MSG_OPEN_WORDS_MAX 64
/** MSG_OPEN_CANDIDATES: chats that have the longest word of a query; more are not looked at. */
#define MSG_OPEN_CANDIDATES 2048

/** msg_open_words_put: in place of those that it had. @username: (nullable): NULL: nobody finds it any more. */
bool msg_open_words_put (MsgDb *db, MsgId chat_id, const char *username, const char *title, GError **error);

/** msg_open_words_find: Returns: (transfer full) (nullable) (element-type MsgId): at most @limit chats whose words match, those
 *  with the most members first; NULL with @error. */
GArray *msg_open_words_find (MsgDb *db, const MsgQuery *query, unsigned limit, GError **error);

/** msg_open_words_fill: makes the table, or makes it anew when words are folded otherwise than they were. Writer's connection,
 *  before it serves anybody. */
bool msg_open_words_fill (MsgDb *db, GError **error);
