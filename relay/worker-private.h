/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "relay/mesh-private.h"
#include "relay/report.h"
#include "relay/worker.h"

typedef struct RelayConn RelayConn;

struct RelayWorker {
  /* passed in, not owned */
  AlLoop *loop;
  AlUdpHub *hub;
  RelayWorkerConfig config;
  /* owned */
  RelayTurn *turn;
  RelayConn *conns;
  RelayMail *mails; /* done, but what they sent lies in them until the end of the turn */
  AlDefer defer;
  RelayReport *report;
  AlTimer timer; /* to publish */
  uint8_t message[65536 + 64];
};

/* conn.c: TCP and TLS clients */
void relay_conn_new (RelayWorker *worker, AlStream *stream);
/* Returns: is @tuple a connection that is still there */
bool relay_conn_is_open (RelayWorker *worker, const RelayTuple *tuple);
void relay_conn_free_all (RelayWorker *worker);
void relay_conn_send (RelayConn *conn, const void *data, size_t len);
void relay_conn_pass (RelayConn *conn, const uint8_t head[4], const void *data, size_t len);
