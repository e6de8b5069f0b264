/* SPDX-License-Identifier: Apache-2.0 */
/* A listener on loopback that wraps into TLS what comes: libnice speaks TURN over TCP, and no TLS. One GMainContext. */
#pragma once

#include <glib.h>

#include "base/addr.h"

typedef struct CtlBridge CtlBridge;

/**
 * ctl_bridge_new: each connection to it becomes one to @server.
 * @host: for SNI. Certificates are taken as they are: judging them is ctl_probe_reach()'s
 *
 * Returns: (transfer full) (nullable): NULL with G_IO_ERROR.
 */
CtlBridge *ctl_bridge_new (GMainContext *context, const AlAddr *server, const char *host, GError **error);
/** ctl_bridge_free: ends what goes over it. NULL is allowed. */
void ctl_bridge_free (CtlBridge *bridge);
/** ctl_bridge_get_addr: where it listens. */
void ctl_bridge_get_addr (const CtlBridge *bridge, AlAddr *ret_addr);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CtlBridge, ctl_bridge_free)
