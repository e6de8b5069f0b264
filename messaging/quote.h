/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quotes: the part of a message that a reply answers. What is quoted was really said: the words stand in that message at
 * that place, and nothing is marked in them that is not marked there. Pure; any thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/** MSG_QUOTE_UNITS_MAX: of UTF-16. */
#define MSG_QUOTE_UNITS_MAX 1024

typedef struct {
  const char *text;
  GArray *entities; /* (nullable) (element-type MsgEntity): offsets from the beginning of the quote; is sorted */
  unsigned offset;  /* of the quote in the message, in UTF-16 units */
} MsgQuote;

/** msg_quote_write: Returns: (transfer full) (nullable): JSON as in the API; NULL with INVALID ("quote", "entities"). */
char *msg_quote_write (const MsgQuote *quote, unsigned max_entities, GError **error);

/**
 * msg_quote_check:
 * @quote: what msg_quote_write() wrote
 * @text: of the message that it is taken from
 * @entities: (nullable): its, as msg_entities_write() makes them
 *
 * Returns: false with INVALID ("quote") when @text does not say so there, or marks it otherwise.
 */
bool msg_quote_check (const char *quote, const char *text, const char *entities, GError **error);
