/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions: a device that is logged in. A device has at most one, so a session is named by its device. The token is
 * "als_" and 32 random bytes in base64url; the database holds only its SHA-256. Rules common to all functions:
 * messaging/core.h.
 */
#pragma once

#include "messaging/account.h"

/** MSG_TOKEN_STRLEN: length of a token as text, without its NUL. */
#define MSG_TOKEN_STRLEN 47

/** MsgSession: one row of session.list. */
typedef struct {
  MsgDevice *device;
  char *username;        /* of the device's user */
  int64_t created_at_ms;
  int64_t last_seen_ms;  /* to the minute */
  bool external;         /* made by a JWT: there is no token */
} MsgSession;

MsgSession *msg_session_copy (const MsgSession *session);
void msg_session_free (MsgSession *session); /* NULL is allowed */

/** MsgSessionsFn: @sessions: (nullable) (element-type MsgSession): NULL with an error. */
typedef void (*MsgSessionsFn) (GPtrArray *sessions, const GError *error, gpointer data);

/**
 * msg_session_start:
 * @token: anything; only a token of a live session is accepted
 *
 * Finds who a token belongs to; also for `Authorization: Bearer`. The login's token is NULL, and its
 * notices are set. Counts as seen.
 *
 * Errors: UNAUTHENTICATED ("bad_token": malformed, unknown, revoked, or its user disabled), UNAVAILABLE.
 */
void msg_session_start (MsgCore *core, const char *token, MsgLoginFn fn, gpointer data);

/**
 * msg_session_start_jwt:
 * @jwt: @len bytes, anything
 *
 * Logs in a user of an outside application by its signed claims: `sub` (1 to 64 characters, without control
 * characters), `name` (optional, the display name) and `exp`. Makes the user ("jwt:SUB") and the device when they are
 * new and takes over a changed name. No token is made: the client shows a JWT again when it comes back. A JWT issued
 * (`iat`) no later than the device's last revocation is refused, and so is one without `iat` once the device was
 * revoked.
 *
 * Errors: UNAUTHENTICATED ("jwt", "jwt_expired", "jwt_not_yet", "jwt_claims", "jwt_revoked"), FORBIDDEN ("jwt_off": no
 * key is configured; "disabled"), CONFLICT ("identity_key_changed"), LIMIT ("too_many_devices"), INVALID (the
 * device's), UNAVAILABLE.
 */
void msg_session_start_jwt (MsgCore *core, const char *jwt, gsize len, const MsgDeviceSpec *device, MsgLoginFn fn,
                            gpointer data);

/** msg_session_list: the live sessions of a user, last seen first. An unknown user has none. Errors: UNAVAILABLE. */
void msg_session_list (MsgCore *core, MsgId user_id, MsgSessionsFn fn, gpointer data);

/** msg_session_list_all: every live session, for administration, by device id. @after: the device id that the page
 *  before ended with, or 0. @limit: 1 to MSG_GET_MAX; the list has ended when fewer come. Errors: INVALID ("limit"),
 *  UNAVAILABLE. */
void msg_session_list_all (MsgCore *core, MsgId after, unsigned limit, MsgSessionsFn fn, gpointer data);

/** msg_session_revoke: ends the session of one device (MSG_END_REVOKED); the device stays known. Errors: NOT_FOUND
 *  ("session": none, or another user's), UNAVAILABLE. */
void msg_session_revoke (MsgCore *core, MsgId user_id, MsgId device_id, MsgDoneFn fn, gpointer data);

/** msg_session_revoke_others: ends all sessions of the user but that of @device_id (MSG_END_REVOKED). Errors:
 *  UNAVAILABLE. */
void msg_session_revoke_others (MsgCore *core, MsgId user_id, MsgId device_id, MsgDoneFn fn, gpointer data);

/**
 * msg_session_touch: the device is here now.
 *
 * Cheap, no callback: remembered, and written at most once a minute per session, many in one transaction. What was not
 * yet written is written by msg_core_free(), and lost with kill -9.
 */
void msg_session_touch (MsgCore *core, MsgId device_id);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgSession, msg_session_free)
