/* SPDX-License-Identifier: Apache-2.0 */
/* One connection to a server over UDP, TCP or TLS, that waits no longer than it is told. One thread at a time. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "server/ctl/facts.h"

typedef struct CtlLink CtlLink;

/**
 * ctl_link_open: connects; over TLS the certificate is read, and taken whatever it is.
 * @host: for SNI and for what @ret_cert says
 * @deadline_us: of al_clock_now_us()
 * @ret_cert: (nullable): filled when the server showed one
 * @ret_reach: CTL_REACH_OK over UDP says no more than that there is a route
 *
 * Returns: (transfer full) (nullable): NULL with the reason in @ret_reach.
 */
CtlLink *ctl_link_open (CtlWay way, const AlAddr *addr, const char *host, int64_t deadline_us, CtlCert *ret_cert,
                        CtlReach *ret_reach);
void ctl_link_free (CtlLink *link); /* NULL is allowed */

/** ctl_link_get_own: the address on this side. */
void ctl_link_get_own (const CtlLink *link, AlAddr *ret_own);
/** ctl_link_get_fd: Returns: the socket, not blocking, to poll. */
int ctl_link_get_fd (const CtlLink *link);

/** ctl_link_send: all of @len bytes. Returns: CTL_REACH_OK, or why not. */
CtlReach ctl_link_send (CtlLink *link, const void *data, size_t len, int64_t deadline_us);
/**
 * ctl_link_receive: what is there, at most @size bytes: of UDP one datagram. Waits for the first byte.
 * @ret_len: bytes
 *
 * Returns: CTL_REACH_OK, or why not: CTL_REACH_TIMEOUT when @deadline_us is over.
 */
CtlReach ctl_link_receive (CtlLink *link, void *data, size_t size, int64_t deadline_us, size_t *ret_len);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CtlLink, ctl_link_free)
