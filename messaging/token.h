/* SPDX-License-Identifier: Apache-2.0 */
/* Session tokens: "als_" and 32 random bytes in base64url. Any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "messaging/session.h"

#define MSG_TOKEN_HASH_BYTES 32

/** msg_token_new: @ret_hash: its SHA-256, to be stored. Returns: (transfer full): free with msg_secret_free(). */
char *msg_token_new (uint8_t ret_hash[MSG_TOKEN_HASH_BYTES]);

/** msg_token_hash: Returns: false when @token does not even look like one. */
bool msg_token_hash (const char *token, uint8_t ret_hash[MSG_TOKEN_HASH_BYTES]);
