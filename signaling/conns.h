/* SPDX-License-Identifier: Apache-2.0 */
/* The WebSockets that are open, as the main thread knows them. */
#pragma once

#include "signaling/front.h"
#include "signaling/session.h"

typedef struct SigConns SigConns;

/** SigConn: one open WebSocket. */
typedef struct {
  SigConnId id;
  AlAddr address;
  bool admin;
  SigSession *session; /* (nullable): a reference; may belong to a newer connection by now */
} SigConn;

SigConns *sig_conns_new (void);
void sig_conns_free (SigConns *conns);

/** sig_conns_add: Returns: (transfer none): the new entry, without a session. */
SigConn *sig_conns_add (SigConns *conns, SigConnId id, const SigPeer *peer);
/** sig_conns_lookup: Returns: (transfer none) (nullable): NULL once it is closed. */
SigConn *sig_conns_lookup (SigConns *conns, SigConnId id);
void sig_conns_remove (SigConns *conns, SigConnId id);
unsigned sig_conns_get_n (const SigConns *conns);

/** sig_conn_set_session: @session: (transfer none). */
void sig_conn_set_session (SigConn *conn, SigSession *session);
/** sig_conn_get_session: Returns: (transfer none) (nullable): the session, if this is (still) its connection. */
SigSession *sig_conn_get_session (const SigConn *conn);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SigConns, sig_conns_free)
