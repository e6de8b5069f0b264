/* SPDX-License-Identifier: Apache-2.0 */
/* The relay of one server: its settings, what its workers share, and a RelayWorker on each of them. Main thread. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/config.h"
#include "base/tls.h"
#include "server/workers.h"

typedef struct RelayPlane RelayPlane;

/**
 * relay_plane_new: from [relay] of @config; routes STUN and ChannelData of @workers to itself, and listens for TCP and
 * TLS on their loops. Before workers_start().
 * @workers: not owned; freed after this
 * @tls: (nullable): of listen_tls
 *
 * Returns: (transfer full) (nullable): NULL with what is wrong in @error.
 */
RelayPlane *relay_plane_new (const AlConfig *config, Workers *workers, AlTls *tls, GError **error);
/** relay_plane_free: the workers must not run any more. NULL is allowed. */
void relay_plane_free (RelayPlane *plane);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RelayPlane, relay_plane_free)
