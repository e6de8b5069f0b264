/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The relay on one worker: the state machine of turn.h with the sockets and streams of the worker's loop. Its functions
 * run on the worker's thread, or before that runs.
 */
#pragma once

#include <glib.h>

#include "base/metrics.h"
#include "base/stream.h"
#include "base/udp.h"
#include "relay/mesh.h"
#include "relay/turn.h"

typedef struct RelayWorker RelayWorker;

/** RelayWorkerConfig: passed in, not owned; lives as long as the worker. */
typedef struct {
  unsigned index;                /* below the mesh's number */
  RelayMesh *mesh;
  const RelayTurnConfig *turn;
  const RelayShared *shared;
  int64_t epoch_us;
  AlMetrics *metrics;
  AlAdmission door;              /* of sessions over DTLS, and of connections with peers: each counts as one of its client's
                                  * connections. All NULL: no limit */
  AlTls *tls;                    /* (nullable): of al_tls_new_datagram(): TURN over DTLS; NULL: there is none */
  AlUdp *const *sockets;         /* on which this worker listens */
  unsigned n_sockets;
  /* (nullable): an allocation ended; on the worker's thread */
  void (*ended) (const RelayAllocInfo *info, RelayEndReason reason, void *user);
  void *user;
} RelayWorkerConfig;

/** relay_worker_new: Returns: (transfer full) (nullable): NULL with G_IO_ERROR. */
RelayWorker *relay_worker_new (AlLoop *loop, AlUdpHub *hub, const RelayWorkerConfig *config, GError **error);
/** relay_worker_free: ends every allocation and connection; @loop's thread has ended, and its listeners are gone. NULL is
 *  allowed. */
void relay_worker_free (RelayWorker *worker);
RelayTurn *relay_worker_get_turn (RelayWorker *worker);

/** relay_worker_on_datagram: @udp: the socket it came to, by which answers leave. */
void relay_worker_on_datagram (RelayWorker *worker, AlUdp *udp, const AlUdpDatagram *datagram, int64_t now_us);
/** relay_worker_on_dtls: a datagram that begins as DTLS does, from an address of which nobody else here knows anything. */
void relay_worker_on_dtls (RelayWorker *worker, AlUdp *udp, const AlUdpDatagram *datagram, int64_t now_us);
/** relay_worker_claims_dtls: for a port that is shared with WebRTC: addresses of checks of ICE may be forged, those of sessions
 *  over DTLS have proved themselves. Returns: is @datagram the relay's, whatever else is known of its address. */
bool relay_worker_claims_dtls (RelayWorker *worker, AlUdp *udp, const AlUdpDatagram *datagram);
/** relay_worker_on_accept: an AlAcceptFn for listeners of this worker's loop; @user: the worker. */
void relay_worker_on_accept (AlListener *listener, AlStream *stream, void *user);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RelayWorker, relay_worker_free)
