/* SPDX-License-Identifier: Apache-2.0 */
/* The relay of one server: its settings, what its workers share, and a RelayWorker on each of them. Main thread. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/config.h"
#include "base/stream.h"
#include "relay/mesh.h"
#include "relay/worker.h"
#include "server/relay-desk.h"
#include "server/workers.h"

typedef struct RelayPlane RelayPlane;

/**
 * relay_plane_new: from [relay] of @config; routes STUN and ChannelData of @workers to itself, and listens for TCP and
 * TLS on their loops. Before workers_start().
 * @workers: not owned; freed after this
 * @desk: not owned; freed after this: hears of allocations that end
 * @metrics: not owned; outlives it
 *
 * Returns: (transfer full) (nullable): NULL with what is wrong in @error.
 */
RelayPlane *relay_plane_new (const AlConfig *config, Workers *workers, RelayDesk *desk, AlMetrics *metrics, GError **error);
/** relay_plane_free: the workers must not run any more. NULL is allowed. */
void relay_plane_free (RelayPlane *plane);

/** relay_plane_get_secret: Returns: (transfer none): signs the credentials of calls when the configuration has no shared
 *  secret: random, and of this process. */
const char *relay_plane_get_secret (const RelayPlane *plane);
/** relay_plane_get_mesh: Returns: (transfer none) */
RelayMesh *relay_plane_get_mesh (RelayPlane *plane);
/** relay_plane_check: Returns: false, with @error, when relay_plane_reload() would refuse @config. */
bool relay_plane_check (RelayPlane *plane, const AlConfig *config, GError **error);
/**
 * relay_plane_reload: users, secrets, lists of peers, quotas and limits of @config, and the certificate. Where the relay
 * listens and binds needs a restart.
 *
 * Returns: false: all old ones stay in use, @error says why.
 */
bool relay_plane_reload (RelayPlane *plane, const AlConfig *config, GError **error);

/** relay_plane_get_worker: Returns: (transfer none): of one worker. */
RelayWorker *relay_plane_get_worker (RelayPlane *plane, unsigned index);
/** relay_plane_get_tcp_address: Returns: false when it does not listen for TCP without TLS on so many addresses. */
bool relay_plane_get_tcp_address (RelayPlane *plane, unsigned n, AlAddr *ret_address);
/** relay_plane_route_streams: connections of @proto at this worker's listeners for TCP and TLS. Before workers_start(). */
void relay_plane_route_streams (RelayPlane *plane, unsigned index, AlProto proto, AlAcceptFn fn, void *user);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RelayPlane, relay_plane_free)
