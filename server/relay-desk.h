/* SPDX-License-Identifier: Apache-2.0 */
/* What the main thread hears from the relay's workers: allocations that ended, and lists that it asked for. */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

#include "relay/mesh.h"

typedef struct RelayDesk RelayDesk;

/** RelayDeskListFn: @result: (transfer full): as admin.relayList in docs/openrpc.json. Main thread. */
typedef void (*RelayDeskListFn) (JsonObject *result, gpointer data);
/** RelayDeskEndFn: @payload: (transfer full): as the webhook relay.ended in docs/openrpc.json. Main thread. */
typedef void (*RelayDeskEndFn) (JsonObject *payload, gpointer user);

/** relay_desk_new: @context: the main thread's. Returns: (transfer full) (nullable): NULL with G_IO_ERROR. */
RelayDesk *relay_desk_new (GMainContext *context, GError **error);
/** relay_desk_free: no worker may be running any more. Lists still asked for are not answered. NULL is allowed. */
void relay_desk_free (RelayDesk *desk);

/** relay_desk_set_end_fn: @fn: (nullable). Main thread. */
void relay_desk_set_end_fn (RelayDesk *desk, RelayDeskEndFn fn, gpointer user);
/** relay_desk_end: an allocation has ended. Any thread; lost, and counted in the log, when main is far behind. */
void relay_desk_end (RelayDesk *desk, const RelayAllocInfo *info, RelayEndReason reason);
/** relay_desk_list: Main thread. */
void relay_desk_list (RelayDesk *desk, RelayMesh *mesh, RelayDeskListFn fn, gpointer data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RelayDesk, relay_desk_free)
