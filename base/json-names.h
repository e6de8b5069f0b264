/* SPDX-License-Identifier: Apache-2.0 */
/* The member names of one JSON text, to find an object that says a name twice. Inside json.c's check only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/siphash.h"

/** AL_JSON_NAMES_INLINE: slots that need no allocation; enough for nearly every message. A power of two. */
#define AL_JSON_NAMES_INLINE 64

typedef struct {
  uint64_t hash;
  uint32_t object; /* 0: the slot is free */
  uint32_t offset; /* of the name behind its opening quote */
} AlJsonName;

/** AlJsonNames: an open-addressing table keyed by object and decoded name; grows with the names, never with nesting. */
typedef struct {
  /*< private >*/
  AlSipKey key;
  const char *text; /* passed in, not owned */
  AlJsonName *slots; /* owned unless it is inline_slots */
  uint32_t n_slots, n;
  AlJsonName inline_slots[AL_JSON_NAMES_INLINE];
} AlJsonNames;

/** al_json_names_init: @text: the checked text; must outlive @names. */
void al_json_names_init (AlJsonNames *names, const char *text);
void al_json_names_clear (AlJsonNames *names);

/**
 * al_json_names_add:
 * @object: number of the object inside the text, from 1
 * @offset: where the name begins; from there to its closing quote the text is a well-formed JSON string
 * @len: bytes to the closing quote
 * @escaped: whether a backslash is among them
 *
 * Names are compared as the characters they stand for: "a" and "\u0061" are one name. Expected time O(@len), whoever
 * chose the names.
 *
 * Returns: false when @object has this name already.
 */
bool al_json_names_add (AlJsonNames *names, uint32_t object, uint32_t offset, size_t len, bool escaped);
