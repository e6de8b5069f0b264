/* SPDX-License-Identifier: Apache-2.0 */
/* API keys of the backend API: a fixed set from the configuration. Immutable once made: any thread, never blocks. */
#pragma once

#include <glib.h>

#define MSG_API_KEY_MIN_BYTES 32

typedef struct MsgApiKeys MsgApiKeys;

/**
 * msg_api_keys_new:
 * @entries: (nullable) (array zero-terminated=1): "NAME:KEY" each; names of [A-Za-z0-9_.-], 1 to 64, unique; keys of at
 *   least 32 printable ASCII characters without spaces
 *
 * Returns: (transfer full) (nullable): the set, maybe empty, or NULL with MSG_ERROR_INVALID ("format"); the message
 * names the entry, never the key.
 */
MsgApiKeys *msg_api_keys_new (const char *const *entries, GError **error);

/** msg_api_keys_free: NULL is allowed. */
void msg_api_keys_free (MsgApiKeys *keys);

/**
 * msg_api_keys_find:
 * @key: (nullable): what a client presented
 *
 * Takes the same time whichever entry matches, and whether one does.
 *
 * Returns: (transfer none) (nullable): the name of the entry with that key, or NULL.
 */
const char *msg_api_keys_find (const MsgApiKeys *keys, const char *key);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgApiKeys, msg_api_keys_free)
