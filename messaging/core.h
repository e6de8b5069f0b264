/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messaging core: owner of the database. Everything in messaging's public headers (core, account, device, session,
 * api-key, jwt, call-log) follows four rules:
 *
 * - Call on the main thread only (the thread that runs the core's GMainContext). No call blocks on disk or on Argon2id.
 * - A function that takes a callback calls it exactly once, later, on that context; never before it has returned.
 *   What was written is durable (survives kill -9 and power loss) when the callback comes without an error.
 * - A callback gets either a result or an error. Both are the core's and are gone when the callback returns: copy what
 *   must stay (msg_user_copy() and so on). Strings and structs passed in are copied before the function returns.
 * - Writes take effect in the order in which they were asked for. Reads may run beside writes that are not yet
 *   acknowledged and see either state; they always see acknowledged ones.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "messaging/types.h"

typedef struct MsgCore MsgCore;

/* --- Errors --- */

#define MSG_ERROR (msg_error_quark ())
GQuark msg_error_quark (void);

/**
 * MsgError:
 * @MSG_ERROR_INVALID: an argument from outside breaks a rule (JSON-RPC -32602)
 * @MSG_ERROR_NOT_FOUND: no such user, device, session or call (-32003)
 * @MSG_ERROR_CONFLICT: it clashes with what is there (-32004)
 * @MSG_ERROR_UNAUTHENTICATED: wrong password, token or JWT (-32001)
 * @MSG_ERROR_FORBIDDEN: known, but not allowed (-32002)
 * @MSG_ERROR_LIMIT: too many attempts or too many things; see msg_error_get_retry_after_ms() (-32005)
 * @MSG_ERROR_GONE: it was there and is no longer kept (-32006)
 * @MSG_ERROR_UNAVAILABLE: a queue is full, the disk fails or the core is closing; nothing was changed (-32007)
 *
 * The only domain and the only codes that callbacks of this folder deliver. The finer reason is a stable word of
 * [a-z_] for programs (msg_error_get_reason()); the message is English for people and may be shown to the user.
 *
 * Reasons of INVALID: "username", "password", "display_name", "device_name", "platform", "identity_key", "id",
 * "cursor", "limit", "hash", "format", "call", "room", "title", "about", "text", "entities", "message", "rights",
 * "until", "pts", "query", "self", "comment", "note", "slow", "emoji", "poll", "options", "random_id", "quote", "endpoint",
 * "p256dh". Of NOT_FOUND: "user", "device", "session", "call", "room", "chat", "member", "message", "poll", "link",
 * "request", "report". Of
 * CONFLICT: "username_taken", "identity_key_changed", "call_exists", "call_ended", "room_exists", "two_factor_on",
 * "two_factor_off", "message_deleted", "poll_closed", "already_voted", "report_closed". Of UNAUTHENTICATED: "bad_password"
 * (unknown users too), "code_required", "bad_code" (both only after the right password), "bad_token", "jwt" (malformed or bad
 * signature), "jwt_expired", "jwt_not_yet", "jwt_claims", "jwt_revoked". Of FORBIDDEN: "registration_closed",
 * "disabled", "jwt_off", "external" (a user of an outside application has no password here), "not_author",
 * "service_message", "protected", "poll", "anonymous", "target_banned" and those of messaging/chat-rules.h. Of GONE:
 * "pts_too_old". Of LIMIT: "login_rate", "code_rate", "registration_rate", "too_many_devices", "too_many_rooms",
 * "too_many_members", "too_many_chats", "too_many_links", "too_many_requests", "too_many_reactions", "too_many_pins",
 * "slow_mode", "message_rate", "chat_rate", "search_rate", "export_rate", "report_rate", "contact_rate",
 * "too_many_reports", "too_many_blocks". Of UNAVAILABLE: "busy" (with a retry_after), "storage", "closing", "schema".
 * Those of secret chats stand in messaging/secret.h.
 * Of how long messages stay in a chat: INVALID "retention". Of linked chats: INVALID "linked_kind", CONFLICT "linked_taken",
 * "linked_protected".
 * Of drafts and scheduled messages: INVALID "send_at", "ttl", NOT_FOUND "scheduled", LIMIT "draft_rate",
 * "too_many_drafts", "too_many_scheduled".
 * Of topics: INVALID "thread", NOT_FOUND "topic", FORBIDDEN "topics_off", "topic_closed", LIMIT "too_many_topics".
 * Of files: INVALID "file", "attachments", NOT_FOUND "file".
 */
typedef enum {
  MSG_ERROR_INVALID,
  MSG_ERROR_NOT_FOUND,
  MSG_ERROR_CONFLICT,
  MSG_ERROR_UNAUTHENTICATED,
  MSG_ERROR_FORBIDDEN,
  MSG_ERROR_LIMIT,
  MSG_ERROR_GONE,
  MSG_ERROR_UNAVAILABLE,
  MSG_ERROR_N
} MsgError;

/** msg_error_get_reason: @error: of MSG_ERROR. Returns: (transfer none): its reason word; lives as long as the program.
 *  Any thread. */
const char *msg_error_get_reason (const GError *error);
/** msg_error_get_retry_after_ms: @error: of MSG_ERROR. Returns: milliseconds after which another try makes sense, or 0
 *  when no such time is known. Any thread. */
int64_t msg_error_get_retry_after_ms (const GError *error);
/** msg_error_new: @reason: a string literal. Returns: (transfer full). For this folder and for tests. Any thread. */
GError *msg_error_new (MsgError code, const char *reason, const char *format, ...) G_GNUC_PRINTF (3, 4);
/** msg_error_new_retry: the same with a time after which to try again. */
GError *msg_error_new_retry (MsgError code, const char *reason, int64_t retry_after_ms, const char *message);

/** MsgDoneFn: @error: (nullable): NULL when it is done. */
typedef void (*MsgDoneFn) (const GError *error, gpointer data);

/* --- The core --- */

/** MsgRate: @burst attempts at once, then one every @period_ms. A burst of 0 means no limit. */
typedef struct {
  unsigned burst;
  unsigned period_ms;
} MsgRate;

/**
 * MsgCoreOptions: everything the core is told at start; fill with msg_core_options_init() first, then change members.
 */
typedef struct {
  const char *database;           /* "sqlite:PATH" (or a bare path; the folder must exist) or "postgresql://...".
                                     Default: none, required */
  GMainContext *context;          /* where callbacks run. Default: none, required */

  bool allow_registration;        /* msg_account_register() is open to all. Default true */
  const char *jwt_secret;         /* (nullable): HS256 secret, at least 32 bytes. Default NULL */
  const char *jwt_public_key;     /* (nullable): Ed25519 public key: PEM text, or base64url of 32 bytes. Default NULL */
  const char *jwt_issuer;         /* (nullable): the only accepted `iss`. Default NULL: not looked at */
  const char *jwt_audience;       /* (nullable): must be among `aud`. Default NULL: not looked at */

  MsgRate login_per_address;      /* IPv6 addresses count by /64. Default 60, one every s */
  MsgRate login_per_name;         /* Default 10, one every 6 s */
  MsgRate registration_per_address; /* Default 60, one every 60 s */
  /* Six digits of an app, from wherever they come. Default 10, one every 120 s: who knows a password and tries for a day
   * hits one of the three codes that are good at a time with a probability of 0.2 % */
  MsgRate code_per_user;

  unsigned argon2_memory_kib;     /* default: 19,456 KiB, 2 passes, 1 lane (OWASP's minimum for Argon2id) */
  unsigned argon2_passes;
  unsigned argon2_lanes;

  unsigned max_devices_per_user;  /* default 32 */

  unsigned message_units;         /* of a text, in UTF-16 units. Default 4,096, at most MSG_TEXT_UNITS_MAX */
  unsigned message_entities;      /* Default 100, at most MSG_ENTITIES_MAX */
  unsigned group_members;         /* Default 200, at most MSG_CHAT_GROUP_MAX */
  unsigned supergroup_members;    /* of a supergroup; channels have no limit. Default 200,000 */
  unsigned topics_per_chat;       /* of a supergroup. Default 1,000 */
  unsigned groups_per_user;       /* owned, supergroups and channels too. Default 500 */
  MsgRate messages_per_user;      /* sent and edited. Default 120, one every 500 ms */
  MsgRate chats_per_user;         /* made and changed. Default 60, one every s */
  MsgRate searches_per_user;      /* Default 120, one every 500 ms: while somebody types, several a second */
  unsigned contacts_per_hour;     /* people who do not know a user, whom they begin to write to. Default 30; 0: no limit */
  unsigned contacts_per_day;      /* Default 100; 0: no limit */
  unsigned limited_contacts_per_day; /* the same of users who are limited; 0: none. Default 2 */
  MsgRate drafts_per_user;        /* Default 120, one every 500 ms */

  MsgRate secrets_per_user;       /* requests for secret chats. Default 30, one every 120 s */
  unsigned secrets_per_device;    /* secret chats, waiting and open. Default 100 */
  unsigned secret_queue_messages; /* that wait for one device; half of it in one chat. Default 1,000, at least 2 */
  unsigned secret_queue_bytes;    /* likewise. Default 8 MiB, at least 2 * MSG_SECRET_PAYLOAD_MAX */
  int64_t log_keep_ms;            /* older rows of update logs are dropped; 0: none for their age. Default: 90 days */
  unsigned log_keep_rows;         /* of one log, the newest; 0: any number. Default 100,000 */
  /* Older messages are deleted for all; a chat's own rule may be shorter. group: supergroups too. Default 0: they stay */
  int64_t keep_private_ms, keep_saved_ms, keep_group_ms, keep_channel_ms;
  int64_t report_keep_ms;         /* closed reports go so long after they were closed; 0: never. Default 0 */

  unsigned queue_length;          /* jobs that may wait for the writer, and for the readers. Default 4,096 */
  unsigned pool_queue_length;     /* password sums that may wait. Default 64 */

  int64_t (*now_ms) (gpointer clock_data); /* wall clock, milliseconds since the epoch. Default: the system's */
  int64_t (*now_us) (gpointer clock_data); /* monotonic clock of the rate limits. Default: the system's */
  gpointer clock_data;
} MsgCoreOptions;

/** msg_core_options_init: sets every member to the default named beside it. */
void msg_core_options_init (MsgCoreOptions *options);

/**
 * msg_core_new:
 * @options: copied
 *
 * Opens the database, brings its schema up to date and starts the store's and the pool's threads. Blocks meanwhile:
 * call it before the main loop serves anybody. A database that another process has open, or whose schema is newer than
 * this program, is refused.
 *
 * Returns: (transfer full) (nullable): the core, or NULL with UNAVAILABLE ("storage", "schema") or INVALID ("format":
 * an option that is wrong). Main thread.
 */
MsgCore *msg_core_new (const MsgCoreOptions *options, GError **error);

/**
 * msg_core_free:
 *
 * Takes nothing new, waits until everything asked for before is done, delivers the outstanding callbacks inside this
 * call (with their true results; what they ask for anew ends as UNAVAILABLE, "closing"), and closes the database.
 * Main thread.
 */
void msg_core_free (MsgCore *core);

/**
 * MsgEndCause: why sessions ended.
 * @MSG_END_REVOKED: session.revoke, logout, or a device was removed
 * @MSG_END_PASSWORD: the password was changed elsewhere, or set by an administrator
 * @MSG_END_DISABLED: the user was disabled
 * @MSG_END_DELETED: the user was deleted
 * @MSG_END_REPLACED: the same device has logged in anew and has another token now
 */
typedef enum {
  MSG_END_REVOKED,
  MSG_END_PASSWORD,
  MSG_END_DISABLED,
  MSG_END_DELETED,
  MSG_END_REPLACED,
  MSG_END_N
} MsgEndCause;

/**
 * MsgSessionsEndedFn:
 * @device_id: the one device whose session ended, or 0: all of the user's
 * @except_device_id: with @device_id 0: the device whose session stays, or 0
 *
 * Whoever holds live connections closes them here (and ends calls, for DISABLED and DELETED). Called on the core's
 * context after the change is durable and before the callback of the function that caused it.
 */
typedef void (*MsgSessionsEndedFn) (MsgId user_id, MsgId device_id, MsgId except_device_id, MsgEndCause cause,
                                    gpointer data);

/** msg_core_set_sessions_ended_fn: @fn: (nullable). One listener; setting replaces it. Main thread. */
void msg_core_set_sessions_ended_fn (MsgCore *core, MsgSessionsEndedFn fn, gpointer data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgCore, msg_core_free)
