/* SPDX-License-Identifier: Apache-2.0 */
/* Emoji as reactions: which texts are one, and how it is written so that the same is the same. Pure; any thread. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/** MSG_EMOJI_BYTES: the longest that is taken; families with skin tones have some 40. */
#define MSG_EMOJI_BYTES 64

/**
 * msg_emoji_normalise:
 * @text: NUL-terminated
 * @ret_emoji: (out): as it is kept, with a NUL: each character that is a text by itself asks to be a picture (U+FE0F), others
 *   do not; untouched on failure
 *
 * One emoji of Unicode TS 51, which is one character for who reads it: a picture with or without a skin tone, some joined by
 * U+200D, a flag, a keycap. What is reserved for pictures to come is taken, too.
 *
 * Returns: false with INVALID ("emoji").
 */
bool msg_emoji_normalise (const char *text, char ret_emoji[MSG_EMOJI_BYTES + 1], GError **error);
