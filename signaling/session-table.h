/* SPDX-License-Identifier: Apache-2.0 */
/* The table of sessions from inside, for session*.c. Main thread. */
#pragma once

#include "signaling/replay.h"
#include "signaling/session-private.h"

struct SigSession {
  unsigned refs;
  SigSessions *sessions;    /* NULL: transient, or ended */
  MsgUser *user;            /* owned */
  MsgDevice *device;        /* owned */
  MsgId guest_room;         /* 0: a user's */
  SigConnId conn;           /* 0: detached */
  int64_t detached_since_us;
  SigReplay replay;
  int64_t noted_us;         /* when the newest notification came */
  int64_t unproven_us;      /* since when it is in sessions->unproven */
  uint64_t probe_seq;       /* the connection was asked whether it has all up to this; 0: it was not */
  bool is_unproven;
  SigSession *next_of_user;
  GList detached_link;      /* in sessions->detached while detached */
  GList noted_link;         /* in sessions->noted while the replay holds something */
  GList unproven_link;      /* in sessions->unproven while is_unproven */
};

/** SigSessionEar: one who listens. */
typedef struct {
  const SigSessionListener *listener;
  gpointer user;
} SigSessionEar;

struct SigSessions {
  SigSessionsConfig config;
  GHashTable *by_device;    /* MsgId -> SigSession (a reference) */
  GHashTable *by_user;      /* MsgId -> first SigSession, chained by next_of_user */
  GQueue detached;          /* longest gone first */
  GQueue noted;             /* longest quiet first */
  GQueue unproven;          /* attached, holding something, not asked yet; longest waiting first */
  GArray *listeners;        /* owned: SigSessionEar */
  SigSessionStateFn state;
  gpointer state_user;
  unsigned n_attached;
  unsigned revision;
  size_t replay_bytes;
  /* passed in by the registry, not owned */
  AlGauge *held, *attached;
  AlCounter *notifications, *replayed, *resyncs, *takeovers;
};

/* --- session-delivery.c: what a session holds until its client is known to have it --- */

/** sig_session_keep: the next notification. */
void sig_session_keep (SigSession *session, AlBuf *buf);
/** sig_session_forget: empties the replay; numbers go on behind @last_seq. */
void sig_session_forget (SigSession *session, uint64_t last_seq);
/** sig_session_drop_delivered: everything up to @seq has arrived. */
void sig_session_drop_delivered (SigSession *session, uint64_t seq);
/** sig_session_start_proving: what is held was sent to the connection: it will be asked. */
void sig_session_start_proving (SigSession *session);
/** sig_session_stop_proving: the connection that was asked, or would have been, is gone. */
void sig_session_stop_proving (SigSession *session);
/** sig_sessions_tick_delivery: asks whom it is time to ask; forgets what is too old. */
void sig_sessions_tick_delivery (SigSessions *sessions);
