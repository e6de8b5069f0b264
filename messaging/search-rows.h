/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index of search: table message_words, of FTS5 in SQLite, with a GIN index in PostgreSQL. Its rows are numbered by
 * messages.seq, the order of writing over all chats. Each of its words begins with a mark of the chat: a query asks for the
 * words of its asker's chats, and what other chats hold costs nothing, however common the word is. Store's threads, inside
 * a job.
 */
#pragma once

#include "messaging/db.h"
#include "messaging/message.h"
#include "messaging/search-text.h"
#include "messaging/search.h"

/* Of a message that has a row already; one without words has no place in the index. */
bool msg_search_put (MsgDb *db, const MsgMessage *message, GError **error);
/** msg_search_drop: @message: as it was put, and still a row. */
bool msg_search_drop (MsgDb *db, const MsgMessage *message, GError **error);

/** msg_search_get_text: Returns: (transfer full): all that a message is found by: its text, whose words count first, and the
 *  names of its files, a line each. @ret_units: (out): where the text ends, in UTF-16 units. */
char *msg_search_get_text (const MsgMessage *message, unsigned *ret_units);
/** msg_search_get_media: Returns: a bit, 1 << MsgMedia, for each that the message has. */
unsigned msg_search_get_media (const MsgMessage *message);

/**
 * msg_search_write_match:
 * @chats: (element-type MsgId): where, at least one
 * @sender_id: 0: whoever has sent it
 * @media: ANY: whatever it has; else @query may be without words
 *
 * Returns: (transfer full): @query in the words of the engine: for FTS5 one expression; for PostgreSQL a tsquery a line, one
 * a chat. Rows that it finds need not match: marks of chats can be alike, joined words may stand apart.
 */
char *msg_search_write_match (MsgDialect dialect, const MsgQuery *query, const GArray *chats, MsgId sender_id,
                              MsgMedia media);

/**
 * msg_search_fill:
 *
 * Makes the index of messages that are there already, or makes it anew when words are folded otherwise than they were. In
 * transactions of some thousand messages: who is interrupted goes on there. Writer's connection, before it serves anybody.
 */
bool msg_search_fill (MsgDb *db, GError **error);
