/* SPDX-License-Identifier: Apache-2.0 */
/* Users and devices as the API shows them, and the ids and bytes inside. Any thread. */
#pragma once

#include <json-glib/json-glib.h>

#include "messaging/account.h"

/** sig_profile_user: Returns: (transfer full): {id, username, displayName}. */
JsonObject *sig_profile_user (const MsgUser *user);
/** sig_profile_device: Returns: (transfer full): {id, name, platform, identityKey, addedAt}. */
JsonObject *sig_profile_device (const MsgDevice *device);

/** sig_json_set_id: sets a member to a user's or device's id (a decimal string). */
void sig_json_set_id (JsonObject *object, const char *name, MsgId id);
/** sig_json_get_id: @name: a member whose schema has the format "id" (asserted: the dispatcher has checked it). */
MsgId sig_json_get_id (JsonObject *object, const char *name);
/** sig_json_get_optional_id: 0 when there is none. */
MsgId sig_json_get_optional_id (JsonObject *object, const char *name);
/** sig_json_get_list: Returns: (transfer none) (nullable): NULL when there is none. */
JsonArray *sig_json_get_list (JsonObject *object, const char *name);
/** sig_json_get_string: Returns: (transfer none) (nullable): an optional member; NULL when it is not there. */
const char *sig_json_get_string (JsonObject *object, const char *name);
/** sig_json_set_bytes: sets a member to base64url without padding. */
void sig_json_set_bytes (JsonObject *object, const char *name, const uint8_t *bytes, size_t len);
/** sig_json_get_bytes: @name: a member whose schema has the format "base64url". Returns: (transfer full): the bytes. */
uint8_t *sig_json_get_bytes (JsonObject *object, const char *name, size_t *ret_len);
