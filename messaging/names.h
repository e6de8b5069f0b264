/* SPDX-License-Identifier: Apache-2.0 */
/* What people and devices may be called. Pure; any thread. */
#pragma once

#include "messaging/account.h"

/** MSG_NAME_KEY_SIZE: room for a folded username, or "jwt:SUB" with a SUB of 64 characters of 4 bytes, and the NUL. */
#define MSG_NAME_KEY_SIZE (4 + 64 * 4 + 1)
#define MSG_EXTERNAL_PREFIX "jwt:"

/** msg_name_to_key: @username: anything. Writes what uniqueness goes by: the lower-case form, or an external name as it
 *  is. Returns: false when no user can have that name. */
bool msg_name_to_key (const char *username, char ret_key[MSG_NAME_KEY_SIZE]);

/**
 * msg_text_tidy:
 * @text: (nullable): anything
 * @reason: reason word of the error, a literal
 * @what: names it in the message: "The device's name"
 *
 * Returns: (transfer full) (nullable): @text without white space around it, or NULL with INVALID when that is not 1 to
 * @max_chars characters of UTF-8, or holds control characters, line separators or direction overrides, by which one
 * name could be made to look like another.
 */
char *msg_text_tidy (const char *text, unsigned max_chars, const char *reason, const char *what, GError **error);

/** msg_password_check: the rules for a new password. Returns: false with INVALID ("password"). */
bool msg_password_check (const char *password, const char *username, GError **error);
