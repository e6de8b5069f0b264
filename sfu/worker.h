/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SFU on one worker: the legs that belong to it, with the sockets and streams of the worker's loop, and its part of every
 * room. Its functions run on the worker's thread, or before that runs.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/loop.h"
#include "base/metrics.h"
#include "base/stream.h"
#include "base/udp.h"
#include "sfu/identity.h"
#include "sfu/mesh.h"

/** SfuWorkerConfig: passed in, not owned; lives as long as the worker. @sockets: on which this worker listens; those of all
 *  workers have the same addresses in the same order */
typedef struct {
  unsigned index; /* below the mesh's number */
  SfuMesh *mesh;
  const SfuIdentity *identity;
  AlMetrics *metrics;
  AlUdp *const *sockets;
  unsigned n_sockets;
  unsigned n_pkts; /* of its packet pool */
} SfuWorkerConfig;

/** sfu_worker_new: Returns: (transfer full) (nullable): NULL with G_IO_ERROR. */
SfuWorker *sfu_worker_new (AlLoop *loop, AlUdpHub *hub, const SfuWorkerConfig *config, GError **error);
/** sfu_worker_free: @loop's thread has ended, and its listeners are gone. NULL is allowed. */
void sfu_worker_free (SfuWorker *worker);
/** sfu_worker_prepare_free: of every worker, before the first is freed: packets of one pool lie with all of them. */
void sfu_worker_prepare_free (SfuWorker *worker);

/** sfu_worker_on_stun: a STUN message came by @udp. Returns: false: it is not ICE of ours: TURN, or a plain Binding. */
bool sfu_worker_on_stun (SfuWorker *worker, AlUdp *udp, const AlUdpDatagram *datagram, int64_t now_us);
/** sfu_worker_on_dtls: what came by @udp and looks like it. Returns: false: no check of ICE came from there: not the SFU's. */
bool sfu_worker_on_dtls (SfuWorker *worker, AlUdp *udp, const AlUdpDatagram *datagram, int64_t now_us);
/** sfu_worker_on_rtp: the same; RTCP too. */
void sfu_worker_on_rtp (SfuWorker *worker, AlUdp *udp, const AlUdpDatagram *datagram, int64_t now_us);
/** sfu_worker_on_accept: an AlAcceptFn for ICE-TCP at listeners of this worker's loop; @user: the worker. */
void sfu_worker_on_accept (AlListener *listener, AlStream *stream, void *user);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SfuWorker, sfu_worker_free)
