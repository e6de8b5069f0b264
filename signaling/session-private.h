/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions as those see them who attach connections to them and end them. */
#pragma once

#include "base/metrics.h"
#include "signaling/session.h"
#include "signaling/transport.h"

typedef struct {
  const SigTransport *transport;
  gpointer transport_user;
  AlMetrics *metrics;
  int64_t (*now_us) (void);  /* al_clock_now_us() but for tests */
  size_t max_replay_bytes;   /* of all devices together: whoever was quiet longest gives way; 0: SIG_SESSIONS_REPLAY_BYTES */
} SigSessionsConfig;

/** What the replays of all devices may hold together: a device alone holds up to SIG_SESSION_RING_BYTES, and devices are
 *  as many as people care to make. */
#define SIG_SESSIONS_REPLAY_BYTES ((size_t) 256 * 1024 * 1024)

SigSessions *sig_sessions_new (const SigSessionsConfig *config);
/** sig_sessions_free: without a word to listeners or connections. */
void sig_sessions_free (SigSessions *sessions);

SigSession *sig_session_ref (SigSession *session);
void sig_session_unref (SigSession *session);
/** sig_session_new_transient: for one POST: has user and device, is in no table. Returns: (transfer full). */
SigSession *sig_session_new_transient (const MsgUser *user, const MsgDevice *device);
/** sig_session_set_guest_room: it is that of a guest, whose user and device are in no database. */
void sig_session_set_guest_room (SigSession *session, MsgId room_id);
/** sig_session_get_conn: Returns: the connection it is attached to, 0 for none. */
SigConnId sig_session_get_conn (const SigSession *session);

/** SigAttach: what became of lastSeq. */
typedef struct {
  bool resumed;         /* all behind lastSeq is held and will be sent by sig_sessions_finish_attach() */
  bool resync;          /* lastSeq was given and some of what came behind it is lost */
  uint64_t seq;         /* number of the newest notification; without resumed, what comes next is behind it */
  uint64_t replay_from; /* with resumed: the first number to send */
} SigAttach;

/** SIG_SEQ_NONE: the client gave no lastSeq: it holds no state. */
#define SIG_SEQ_NONE (-1)

/**
 * sig_sessions_attach:
 * @last_seq: or SIG_SEQ_NONE
 *
 * Makes @conn the connection of the device's session (a new one, if need be); an older connection is closed with 4001.
 * Between this and sig_sessions_finish_attach() the caller answers session.start, and nothing else may happen.
 *
 * Numbering: when lastSeq cannot be honoured, numbers go on above both lastSeq and all that were ever used, plus one. So
 * even if the answer that says so is lost, the same lastSeq will not be taken for one of the new numbering.
 *
 * Returns: (transfer none).
 */
SigSession *sig_sessions_attach (SigSessions *sessions, SigConnId conn, const MsgUser *user, const MsgDevice *device,
                                 int64_t last_seq, SigAttach *ret_attach);
/** sig_sessions_finish_attach: sends what was missed, then tells the listeners. */
void sig_sessions_finish_attach (SigSessions *sessions, SigSession *session, const SigAttach *attach);
/** sig_sessions_get_state: Returns: (transfer full): what the state hook says for `calls`. */
JsonArray *sig_sessions_get_state (SigSessions *sessions, SigSession *session);

/** sig_sessions_detach: @conn is gone. Nothing happens if the session has another connection by now. */
void sig_sessions_detach (SigSessions *sessions, SigSession *session, SigConnId conn);

/** sig_sessions_delivered: @conn has answered SigTransport.probe (@seq): what was sent before that has arrived. Nothing
 *  happens if the session has another connection by now, or was not asked that. */
void sig_sessions_delivered (SigSessions *sessions, SigSession *session, SigConnId conn, uint64_t seq);

/** sig_sessions_revoke_device, _user: ends sessions whose tokens are revoked; closes connections with 4003. Returns: how
 *  many there were. @except: a device that stays, or 0. */
unsigned sig_sessions_revoke_device (SigSessions *sessions, MsgId device_id);
unsigned sig_sessions_revoke_user (SigSessions *sessions, MsgId user_id, MsgId except);
/** sig_sessions_bar_user: on_barred, then sig_sessions_revoke_user(). */
unsigned sig_sessions_bar_user (SigSessions *sessions, MsgId user_id);
/** sig_sessions_disconnect_device: its token was replaced: closes the connection with 4003, keeps the session for the new
 *  one. */
void sig_sessions_disconnect_device (SigSessions *sessions, MsgId device_id);
/** sig_sessions_update_user: the user has another name now. */
void sig_sessions_update_user (SigSessions *sessions, const MsgUser *user);
/** sig_sessions_get_revision: Returns: a number that grows with every revoke, bar and disconnect: who looked a token up before
 *  and attaches after one must look again. */
unsigned sig_sessions_get_revision (const SigSessions *sessions);

/** sig_sessions_tick: ends what was detached for too long, asks connections whether they have what was sent, forgets old
 *  notifications; every second. */
void sig_sessions_tick (SigSessions *sessions);
unsigned sig_sessions_get_n (const SigSessions *sessions);
/** sig_sessions_get_replay_bytes: Returns: what is held for replays. */
size_t sig_sessions_get_replay_bytes (const SigSessions *sessions);
unsigned sig_sessions_get_n_attached (const SigSessions *sessions);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SigSession, sig_session_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SigSessions, sig_sessions_free)
