/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of messages and what is marked in it. Offsets and lengths count UTF-16 units, as browsers do. Pure; any
 * thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "messaging/types.h"

#define MSG_TEXT_UNITS_MAX 65536
#define MSG_ENTITIES_MAX 1000
#define MSG_ENTITY_URL_BYTES 2048
#define MSG_ENTITY_LANGUAGE_BYTES 32

typedef enum {
  MSG_ENTITY_BOLD,
  MSG_ENTITY_ITALIC,
  MSG_ENTITY_UNDERLINE,
  MSG_ENTITY_STRIKE,
  MSG_ENTITY_SPOILER,
  MSG_ENTITY_CODE,
  MSG_ENTITY_PRE,     /* value: language, may be NULL */
  MSG_ENTITY_LINK,    /* value: https, http, mailto or tel */
  MSG_ENTITY_MENTION, /* user_id */
  MSG_ENTITY_HASHTAG,
  MSG_ENTITY_URL,
  MSG_ENTITY_EMAIL,
  MSG_ENTITY_PHONE,
  MSG_ENTITY_QUOTE,
  MSG_ENTITY_N
} MsgEntityType;

typedef struct {
  MsgEntityType type;
  unsigned offset, length; /* UTF-16 units */
  char *value;             /* (nullable); owned by the array that msg_entities_new() made */
  MsgId user_id;           /* 0: none */
} MsgEntity;

/** msg_entity_type_to_string: Returns: (transfer none): the word of the API. */
const char *msg_entity_type_to_string (MsgEntityType type);
/** msg_entity_type_parse: Returns: MSG_ENTITY_N when @word is none. */
MsgEntityType msg_entity_type_parse (const char *word);

/** msg_entities_new: Returns: (transfer full) (element-type MsgEntity): empty; frees the values. */
GArray *msg_entities_new (void);

/**
 * msg_message_text_check:
 * @text: (nullable): NUL-terminated
 * @max_units: at most MSG_TEXT_UNITS_MAX
 * @ret_units: (out): its length in UTF-16 units
 *
 * Well-formed UTF-8, no control characters but newline and tab, something that is not white space.
 *
 * Returns: false with INVALID ("text").
 */
bool msg_message_text_check (const char *text, unsigned max_units, unsigned *ret_units, GError **error);

/**
 * msg_entities_check:
 * @text: as accepted by msg_message_text_check()
 * @entities: (inout): sorted by offset, longest first
 *
 * Every entity is inside the text, not empty, cuts no surrogate pair, has what its type needs and nothing else; none is
 * there twice.
 *
 * Returns: false with INVALID ("entities").
 */
bool msg_entities_check (const char *text, GArray *entities, unsigned max_entities, GError **error);

/** msg_entities_write: Returns: (transfer full) (nullable): JSON as in the API; NULL when there are none. */
char *msg_entities_write (const GArray *entities);
/** msg_entities_parse: @json: (nullable): what msg_entities_write() wrote; NULL gives none. Returns: (transfer full)
 *  (nullable): NULL when it is something else. */
GArray *msg_entities_parse (const char *json);
