/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "relay/dtls.h"
#include "relay/mesh-private.h"
#include "relay/report.h"
#include "relay/worker.h"

typedef struct RelayConn RelayConn;
typedef struct RelayPipe RelayPipe;

/** RelayListen: the listening socket of an allocation of TCP. */
typedef struct {
  /* passed in, not owned */
  RelayWorker *worker;
  RelayAlloc *alloc;
  /* owned */
  AlWatch watch; /* its fd */
  AlTimer retry;
  AlAddr address;
} RelayListen;

struct RelayWorker {
  /* passed in, not owned */
  AlLoop *loop;
  AlUdpHub *hub;
  RelayWorkerConfig config;
  /* owned */
  RelayTurn *turn;
  RelayConn *conns;
  RelayDtls *dtls; /* (nullable) */
  RelayPipe *pipes;
  RelayMail *mails; /* done, but what they sent lies in them until the end of the turn */
  AlDefer defer;
  RelayReport *report;
  AlTimer timer; /* to publish */
  uint8_t message[65536 + 64];
  uint8_t plain[64 * 1024]; /* what came encrypted in this turn: what was relayed lies here until it leaves */
  size_t plain_used;
};

/* conn.c: TCP and TLS clients */
void relay_conn_new (RelayWorker *worker, AlStream *stream);
/* Returns: is @tuple a connection that is still there */
bool relay_conn_is_open (RelayWorker *worker, const RelayTuple *tuple);
void relay_conn_free_all (RelayWorker *worker);
void relay_conn_send (RelayConn *conn, const void *data, size_t len);
void relay_conn_pass (RelayConn *conn, const uint8_t head[4], const void *data, size_t len);
/* its stream becomes the client's side of @pipe; the connection is freed when it has handled its message */
void relay_conn_join (RelayConn *conn, RelayPipe *pipe);

/* worker-dtls.c: clients over DTLS */
void relay_worker_start_dtls (RelayWorker *worker);
void relay_worker_pass_dtls (RelayWorker *worker, RelaySession *session, const uint8_t head[4], const void *data, size_t len);

/* listen.c. Returns: (nullable): NULL when the port is in use */
RelayListen *relay_listen_new (RelayWorker *worker, RelayAlloc *alloc, const AlAddr *address);
void relay_listen_free (RelayListen *self);
/* Returns: a socket of @self's address that connects, -1 when it cannot */
int relay_listen_connect (const RelayListen *self, const AlAddr *peer);

/* pipe.c: peers' connections. Returns: (nullable): NULL when it cannot begin */
RelayPipe *relay_pipe_connect (RelayListen *listen, RelayLink *link, const AlAddr *peer);
/* @fd: (transfer full) */
void relay_pipe_accept (RelayListen *listen, int fd, const AlAddr *from);
/* @client: (transfer full) */
void relay_pipe_join (RelayPipe *pipe, AlStream *client);
void relay_pipe_hang_up (RelayPipe *pipe);
void relay_pipe_free_all (RelayWorker *worker);
