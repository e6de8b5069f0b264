/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of users, devices and sessions: what several jobs do with them. Store's threads, inside a job. */
#pragma once

#include "messaging/db.h"
#include "messaging/device.h"

/* Columns in the order in which the readers below expect them; the tables are called u and d. */
#define MSG_USER_COLUMNS "u.id, u.username, u.display_name, u.disabled, u.deleted_ms, u.external, u.created_ms"
#define MSG_USER_N_COLUMNS 7
#define MSG_DEVICE_COLUMNS "d.id, d.user_id, d.name, d.platform, d.identity_key, d.added_ms"
#define MSG_DEVICE_N_COLUMNS 6

/** msg_user_from_row: @column: where MSG_USER_COLUMNS begin. Returns: (transfer full). */
MsgUser *msg_user_from_row (MsgStmt *stmt, int column);
/** msg_device_from_row: @column: where MSG_DEVICE_COLUMNS begin. Returns: (transfer full). */
MsgDevice *msg_device_from_row (MsgStmt *stmt, int column);

/** msg_user_load: Returns: (transfer full) (nullable): NULL with NOT_FOUND ("user") when there is none or it is
 *  deleted. */
MsgUser *msg_user_load (MsgDb *db, MsgId user_id, GError **error);
/** msg_user_load_by_key: @ret_user: (out) (transfer full) (nullable): NULL when there is none. @ret_hash: (out)
 *  (optional) (nullable): its password hash. Returns: false when the engine fails. */
bool msg_user_load_by_key (MsgDb *db, const char *key, MsgUser **ret_user, char **ret_hash, GError **error);
/** msg_user_insert: @user: all set. @hash: (nullable). Returns: false with CONFLICT ("username_taken") or UNAVAILABLE.
 *  */
bool msg_user_insert (MsgDb *db, const MsgUser *user, const char *key, const char *hash, GError **error);

/** msg_device_from_spec: Returns: (transfer full) (nullable): the spec checked and tidied, not yet a row; or NULL with
 *  INVALID. Any thread. */
MsgDevice *msg_device_from_spec (const MsgDeviceSpec *spec, GError **error);

/** MsgAttached: what else has come of attaching a device. */
typedef struct {
  int64_t revoked_ms;  /* the device's last revocation, 0: never */
  bool added;          /* it was not known before */
  MsgId evicted;       /* a device that had to give way together with its session, or 0 */
} MsgAttached;

/** msg_device_attach: finds or makes the row of @device by the rules of MsgDeviceSpec; fills in id, user_id,
 *  added_at_ms. Returns: false with CONFLICT ("identity_key_changed"), LIMIT ("too_many_devices") or UNAVAILABLE. */
bool msg_device_attach (MsgDb *db, MsgDevice *device, MsgId user_id, unsigned max_devices, int64_t now_ms,
                        MsgAttached *ret_attached, GError **error);

/** msg_session_put: gives the device a session, in place of an earlier one. @token_hash: (nullable): 32 bytes; NULL: by
 *  JWT. @ret_replaced: there was a session with another token. */
bool msg_session_put (MsgDb *db, const MsgDevice *device, const uint8_t *token_hash, int64_t now_ms, bool *ret_replaced,
                      GError **error);
/** msg_session_drop: ends a device's session, if it has one. @ret_dropped: whether it had. */
bool msg_session_drop (MsgDb *db, MsgId user_id, MsgId device_id, int64_t now_ms, bool *ret_dropped, GError **error);
/** msg_session_drop_all: ends the sessions of a user but that of @except_device_id (0: none). */
bool msg_session_drop_all (MsgDb *db, MsgId user_id, MsgId except_device_id, int64_t now_ms, GError **error);
