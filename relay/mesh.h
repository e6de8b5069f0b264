/* SPDX-License-Identifier: Apache-2.0 */
/* The workers of one relay: how they, and the main thread, tell each other something. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "relay/turn.h"

typedef struct RelayMesh RelayMesh;

/** relay_mesh_new: @n: workers, 1 to 255. Returns: (transfer full) (nullable): NULL with G_IO_ERROR. */
RelayMesh *relay_mesh_new (unsigned n, GError **error);
/** relay_mesh_free: after its workers. NULL is allowed. */
void relay_mesh_free (RelayMesh *mesh);

/** relay_mesh_revoke: relay_turn_revoke() on every worker. Any thread. */
void relay_mesh_revoke (RelayMesh *mesh, const char *id, int64_t until_s);

/** relay_mesh_set_config: relay_turn_set_config() on every worker. @config: not owned; must live until @done, which frees
 *  the one before. @done: (nullable): called once, on the thread of the last worker. Any thread. */
void relay_mesh_set_config (RelayMesh *mesh, const RelayTurnConfig *config, int64_t epoch_us, GDestroyNotify done,
                            void *user);

/**
 * RelayListFn: @infos: (transfer full) (element-type RelayAllocInfo): of all workers, at most RELAY_LIST_MAX of each
 * @stats: their sum. On the thread of the last worker.
 */
typedef void (*RelayListFn) (GArray *infos, const RelayTurnStats *stats, void *user);
#define RELAY_LIST_MAX 1000
/** relay_mesh_list: @with_infos: false: the sums alone. Any thread. */
void relay_mesh_list (RelayMesh *mesh, bool with_infos, RelayListFn fn, void *user);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RelayMesh, relay_mesh_free)
