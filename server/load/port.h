/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The UDP sockets of simulated browsers: one for each transport, as browsers have. Not base/udp, which is what is measured
 * on the other side. Datagrams carry the time at which the kernel took them from the network (SO_TIMESTAMPNS), so that the
 * generator's own delay is not counted as the server's. All times are of the wall clock. Loop's thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/addr.h"
#include "base/loop.h"

typedef struct LoadNet LoadNet;
typedef struct LoadPort LoadPort;

/** LoadPortFn: @data: @len bytes that the callback may change. @at_us: arrival */
typedef void (*LoadPortFn) (uint8_t *data, size_t len, const AlAddr *from, int64_t at_us, void *user);

/** LoadNetStats: of all ports. @full: datagrams that the kernel did not take */
typedef struct {
  uint64_t rx_calls, rx_pkts, tx_calls, tx_pkts, full;
} LoadNetStats;

/** load_net_new: @gro: take trains as one message (UDP_GRO), which no browser does. */
LoadNet *load_net_new (AlLoop *loop, bool gro);
void load_net_free (LoadNet *net);
const LoadNetStats *load_net_get_stats (const LoadNet *net);
AlLoop *load_net_get_loop (const LoadNet *net);

/** load_port_new: @local: host to bind to; the port is the kernel's choice */
LoadPort *load_port_new (LoadNet *net, const AlAddr *local, LoadPortFn fn, void *user, GError **error);
/** load_port_free: not inside its own callback. NULL is allowed. */
void load_port_free (LoadPort *port);
void load_port_get_address (const LoadPort *port, AlAddr *ret_address);
void load_port_send (LoadPort *port, const AlAddr *to, const void *data, size_t len);
/** load_port_send_all: @n datagrams (at most 64) in one call. */
void load_port_send_all (LoadPort *port, const AlAddr *to, const struct iovec *datagrams, unsigned n);

/** load_now_us: Returns: the wall clock, which the kernel's times of arrival are of. */
int64_t load_now_us (void);
