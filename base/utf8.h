/* SPDX-License-Identifier: Apache-2.0 */
/* Well-formed UTF-8 (Unicode 15 table 3-7) in one go or piece by piece. NUL is a character like any other. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** AlUtf8: what is still expected of the character that the last piece ended in; zero it to begin. */
typedef struct {
  /*< private >*/
  uint8_t left;      /* continuation bytes missing */
  uint8_t low, high; /* range of the next one */
} AlUtf8;

/**
 * al_utf8_feed: checks the next @len bytes.
 *
 * Returns: false at the first byte that cannot continue a well-formed text (overlong forms, surrogates and values above
 * U+10FFFF included); @utf8 is then of no further use.
 */
bool al_utf8_feed (AlUtf8 *utf8, const void *data, size_t len);

/** al_utf8_is_complete: Returns: true when the text may end here: no character is half fed. */
bool al_utf8_is_complete (const AlUtf8 *utf8);

/** al_utf8_is_valid: Returns: true when the @len bytes are well-formed as a whole. */
bool al_utf8_is_valid (const void *data, size_t len);
