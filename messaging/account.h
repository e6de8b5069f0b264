/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts: users, their names and passwords. Rules common to all functions: messaging/core.h. */
#pragma once

#include "base/addr.h"
#include "messaging/device.h"
#include "messaging/notice.h"

#define MSG_USERNAME_MIN 3
#define MSG_USERNAME_MAX 32
#define MSG_PASSWORD_MIN_BYTES 8
#define MSG_PASSWORD_MAX_BYTES 1024
/** MSG_GET_MAX: most ids in one msg_account_get(), most rows in one msg_account_list(). */
#define MSG_GET_MAX 100

/** MsgLogin: what a successful registration, login or session start gives. */
typedef struct {
  MsgUser *user;
  MsgDevice *device;
  GPtrArray *notices; /* (nullable) (element-type MsgNotice): what the device has to tell; session start only */
  char *token;   /* the session token in clear, given out this once; NULL where none was made (session start) */
} MsgLogin;

MsgLogin *msg_login_copy (const MsgLogin *login);
void msg_login_free (MsgLogin *login); /* NULL is allowed; the token's memory is cleared */

/** MsgLoginFn: @login: (nullable): NULL with an error. */
typedef void (*MsgLoginFn) (const MsgLogin *login, const GError *error, gpointer data);
/** MsgUserFn: @user: (nullable): NULL with an error. */
typedef void (*MsgUserFn) (const MsgUser *user, const GError *error, gpointer data);
/** MsgUsersFn: @users: (nullable) (element-type MsgUser): NULL with an error. */
typedef void (*MsgUsersFn) (GPtrArray *users, const GError *error, gpointer data);

/** MsgCredentials: who comes, from where, on what. */
typedef struct {
  const char *username;
  const char *password;      /* UTF-8, 8 to 1,024 bytes */
  const char *display_name;  /* (nullable): registration only; NULL or "" stands for the username */
  const AlAddr *address;     /* (nullable): the client's, after trusted_proxies; NULL: no limit by address */
  MsgDeviceSpec device;
  const char *code;          /* (nullable): login only: the second factor, as typed */
} MsgCredentials;

/**
 * msg_account_register:
 *
 * Makes a user, the first device and its session. A username is 3 to 32 ASCII letters, digits and underscores, begins
 * with a letter and is unique whatever its case; a password must not be the username.
 *
 * Errors: INVALID ("username", "password", "display_name", "device_name", "platform", "identity_key"), CONFLICT
 * ("username_taken"), FORBIDDEN ("registration_closed"), LIMIT ("registration_rate"), UNAVAILABLE ("busy": too many
 * passwords at once, with a retry_after).
 */
void msg_account_register (MsgCore *core, const MsgCredentials *credentials, MsgLoginFn fn, gpointer data);

/**
 * msg_account_login:
 *
 * Checks the password and makes a session for the device; an earlier session of that device ends (MSG_END_REPLACED). An
 * unknown user and a wrong password give the same error after the same work, whatever the code is; only who brought the
 * right password is told that a code is needed, or that it is wrong.
 *
 * Errors: UNAUTHENTICATED ("bad_password", "code_required", "bad_code"), FORBIDDEN ("disabled", told only
 * to who knows the password), CONFLICT ("identity_key_changed"), LIMIT ("login_rate", "code_rate", "too_many_devices"),
 * INVALID (the device's), UNAVAILABLE.
 */
void msg_account_login (MsgCore *core, const MsgCredentials *credentials, MsgLoginFn fn, gpointer data);

/**
 * msg_account_change_password:
 * @device_id: the caller's device; its session stays, all others of the user end (MSG_END_PASSWORD)
 *
 * Errors: UNAUTHENTICATED ("bad_password": @old_password is wrong), INVALID ("password"), FORBIDDEN ("external"), LIMIT
 * ("login_rate"), NOT_FOUND ("user"), UNAVAILABLE.
 */
void msg_account_change_password (MsgCore *core, MsgId user_id, MsgId device_id, const char *old_password,
                                  const char *new_password, MsgDoneFn fn, gpointer data);

/* --- Reading --- */

/** msg_account_find: by username, in any case ("jwt:SUB" exactly as it is). Disabled users are found, deleted ones are
 *  not. Errors: NOT_FOUND ("user"), UNAVAILABLE. */
void msg_account_find (MsgCore *core, const char *username, MsgUserFn fn, gpointer data);

/** msg_account_get: @ids: @n of them, at most MSG_GET_MAX. Gives those that exist, deleted ones included, in the order
 *  of @ids; doubles once. Errors: INVALID ("limit"), UNAVAILABLE. */
void msg_account_get (MsgCore *core, const MsgId *ids, unsigned n, MsgUsersFn fn, gpointer data);

/** msg_account_list: @after: (nullable): the last username of the page before, NULL for the first. @limit: 1 to
 *  MSG_GET_MAX. All users but deleted ones, in alphabetic order of their folded names; the list has ended when fewer
 *  than
 *  @limit come. Errors: INVALID ("limit"), UNAVAILABLE. */
void msg_account_list (MsgCore *core, const char *after, unsigned limit, MsgUsersFn fn, gpointer data);

/* --- Administration: no rate limits, no sessions --- */

/** msg_account_create: @display_name: (nullable). Makes a user without a device, whatever allow_registration says.
 *  Errors: INVALID ("username", "password", "display_name"), CONFLICT ("username_taken"), UNAVAILABLE. */
void msg_account_create (MsgCore *core, const char *username, const char *password, const char *display_name,
                         MsgUserFn fn, gpointer data);

/** msg_account_set_password: ends all sessions of the user (MSG_END_PASSWORD). Errors: NOT_FOUND ("user"), INVALID
 *  ("password"), FORBIDDEN ("external"), UNAVAILABLE. */
void msg_account_set_password (MsgCore *core, MsgId user_id, const char *password, MsgDoneFn fn, gpointer data);

/** msg_account_rename: gives a user another display name. Errors: NOT_FOUND ("user"), INVALID ("display_name"),
 *  UNAVAILABLE. */
void msg_account_rename (MsgCore *core, MsgId user_id, const char *display_name, MsgUserFn fn, gpointer data);

/** msg_account_set_disabled: disabling ends all sessions (MSG_END_DISABLED) and refuses logins until enabled again.
 *  Setting what is already so succeeds. Errors: NOT_FOUND ("user"), UNAVAILABLE. */
void msg_account_set_disabled (MsgCore *core, MsgId user_id, bool disabled, MsgDoneFn fn, gpointer data);

/**
 * msg_account_delete:
 * @erase: what the user wrote is deleted for all; else it stays with those who got it
 *
 * Ends all sessions (MSG_END_DELETED), forgets the names, the password, the devices, the choices and the rooms, and frees
 * the username. The id stays, so that call logs and messages of others keep somebody. What may be very many rows goes
 * after the callback, in jobs of some milliseconds, also after a restart: the user leaves all chats (a group gets its
 * oldest admin, else its oldest member, as the owner; a channel an admin, else it is closed), saved messages and chats
 * that nobody is left to read are deleted, and the log.
 *
 * Errors: NOT_FOUND ("user"), UNAVAILABLE.
 */
void msg_account_delete (MsgCore *core, MsgId user_id, bool erase, MsgDoneFn fn, gpointer data);

/** msg_account_delete_own: the same by the user, who proves who it is; nobody gets the username for 30 days. Errors:
 *  UNAUTHENTICATED ("bad_password", "code_required", "bad_code"), FORBIDDEN ("external"), LIMIT ("login_rate",
 *  "code_rate"), NOT_FOUND ("user"), UNAVAILABLE. */
void msg_account_delete_own (MsgCore *core, MsgId user_id, const char *password, const char *code, bool erase,
                             MsgDoneFn fn, gpointer data);

/** msg_account_is_ending: Returns: true while something of deleted users is left to go. Main thread. */
bool msg_account_is_ending (MsgCore *core);

/** MsgImportProblem: one line of the input that made no user. */
typedef struct {
  unsigned line;   /* from 1 */
  char *message;
} MsgImportProblem;

/** MsgImportReport: what an import has done. */
typedef struct {
  unsigned created;
  unsigned failed;
  GPtrArray *problems;  /* (element-type MsgImportProblem): the first 100, in order of lines */
} MsgImportReport;

/** MsgImportFn: @report: (nullable): NULL with an error. */
typedef void (*MsgImportFn) (const MsgImportReport *report, const GError *error, gpointer data);

/**
 * msg_account_import:
 * @text: @len bytes of UTF-8, up to 16 MiB. Either CSV (RFC 4180) whose first line names the columns `username`,
 *   `displayName` (may be missing), `password` and `passwordHash` (one of the two, or both with one empty), or JSON
 *   lines: one object with the same member names a line.
 *
 * Makes many users. A passwordHash is an encoded Argon2id string ("$argon2id$v=19$m=65536,t=3,p=4$SALT$HASH") with
 * m <= 262,144, t <= 16, p <= 16; it is replaced by one with this server's parameters when its user first logs in.
 * Each line stands for itself: a bad one is reported and the others go on. A line whose user exists is a failed one.
 * Plain passwords take one Argon2id sum each (about 20 ms), in turn with the logins of others.
 *
 * Errors: INVALID ("format": not UTF-8, no such header, too long), UNAVAILABLE (the disk failed; lines before it may
 * have been imported, and running it again is harmless).
 */
void msg_account_import (MsgCore *core, const char *text, gsize len, MsgImportFn fn, gpointer data);

/** msg_username_check: Returns: false with INVALID ("username") when @username breaks the rules. Any thread. */
bool msg_username_check (const char *username, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgLogin, msg_login_free)
