/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions: one per device. A session survives its connection for SIG_SESSION_REATTACH_US; notifications to it are numbered
 * and kept within bounds, so that a client that comes back gets what it missed, in order. Main thread.
 *
 *   session.start        connection closed              SIG_SESSION_REATTACH_US over
 *   ------------> attached ---------------> detached ------------------------------> ended (expired)
 *                    ^  |   session.start      |  |
 *                    |  +--(newer connection)  |  +------ token revoked, user disabled --> ended (revoked)
 *                    +-------------------------+          (also from attached, closing with 4003)
 */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "messaging/types.h"

typedef struct SigSession SigSession;
typedef struct SigSessions SigSessions;

/** How long a session waits for its device to come back. */
#define SIG_SESSION_REATTACH_US (5 * 60 * G_USEC_PER_SEC)
/** The replay ring: at most so many notifications and bytes per device. */
#define SIG_SESSION_RING_NOTIFICATIONS 256
#define SIG_SESSION_RING_BYTES (256 * 1024)

/** Close codes of ours (RFC 6455 §7.4.2: 4000-4999 are private). */
#define SIG_CLOSE_TAKEN_OVER 4001 /* the same device connected again */
#define SIG_CLOSE_REVOKED 4003    /* its token was revoked, or its user disabled or deleted */

MsgId sig_session_get_user_id (const SigSession *session);
MsgId sig_session_get_device_id (const SigSession *session);
/** sig_session_get_user: Returns: (transfer none): a copy as of session.start or the last change. */
const MsgUser *sig_session_get_user (const SigSession *session);
const MsgDevice *sig_session_get_device (const SigSession *session);
/** sig_session_get_guest_room: Returns: the one room that this session is good for; 0: it is a user's. */
MsgId sig_session_get_guest_room (const SigSession *session);
/** sig_session_is_attached: Returns: true while a connection is open. */
bool sig_session_is_attached (const SigSession *session);
/** sig_session_get_detached_since_us: Returns: monotonic time at which the connection was lost; 0 while attached. */
int64_t sig_session_get_detached_since_us (const SigSession *session);

/** sig_sessions_lookup: Returns: (transfer none) (nullable): attached, or detached and within its re-attach time. */
SigSession *sig_sessions_lookup (SigSessions *sessions, MsgId device_id);

/** SigSessionFn: Returns: false to stop. It must not end or start sessions. */
typedef bool (*SigSessionFn) (SigSession *session, gpointer user);
/** sig_sessions_foreach_of_user: the sessions (devices) of a user that are attached or within their re-attach time. */
void sig_sessions_foreach_of_user (SigSessions *sessions, MsgId user_id, SigSessionFn fn, gpointer user);

/**
 * sig_sessions_notify:
 * @method: a notification of docs/openrpc.json (x-notifications)
 * @params: (transfer full): seq is added
 *
 * Sends to the device if it is attached, and keeps it for the replay. Nothing happens when the device has no session.
 */
void sig_sessions_notify (SigSessions *sessions, MsgId device_id, const char *method, JsonObject *params);

/** sig_sessions_notify_members: the same for a session that is known, of params whose members are text already:
 *  @members: @len bytes of JSON between the braces, not empty. */
void sig_sessions_notify_members (SigSessions *sessions, SigSession *session, const char *method, const char *members,
                                  size_t len);

/** SigSessionEnd: why a session is no more. */
typedef enum { SIG_SESSION_EXPIRED, SIG_SESSION_REVOKED } SigSessionEnd;

/** SigSessionListener: any may be NULL; called in the order of registration. @session is valid during the call. */
typedef struct {
  /* session.start succeeded, its answer and what was missed are on their way: notify from here comes behind them.
   * @resumed: false: the device lost notifications (or is new) and takes the state from the answer. A newer connection
   * that takes over calls this again without on_detached before it */
  void (*on_attached) (SigSession *session, bool resumed, gpointer user);
  /* the connection was lost */
  void (*on_detached) (SigSession *session, gpointer user);
  /* the session is gone and no longer found; notify for it does nothing */
  void (*on_ended) (SigSession *session, SigSessionEnd reason, gpointer user);
  /* the user was disabled or deleted; comes before the sessions (if any) end, so that a last word still reaches them */
  void (*on_barred) (MsgId user_id, gpointer user);
} SigSessionListener;
/** sig_sessions_listen: @listener: static. */
void sig_sessions_listen (SigSessions *sessions, const SigSessionListener *listener, gpointer user);
/** sig_sessions_unlisten: takes back what was registered with the same two. Not from inside a listener. */
void sig_sessions_unlisten (SigSessions *sessions, const SigSessionListener *listener, gpointer user);

/**
 * SigSessionStateFn: what `calls` in the answer of session.start holds. Called before on_attached.
 *
 * Returns: (transfer full): an array.
 */
typedef JsonArray *(*SigSessionStateFn) (SigSession *session, gpointer user);
/** sig_sessions_set_state_hook: @fn: (nullable): without one, `calls` is empty. */
void sig_sessions_set_state_hook (SigSessions *sessions, SigSessionStateFn fn, gpointer user);
