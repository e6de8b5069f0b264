/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The relayed ports: which are free, and whose the others are. One table for all workers, so that a packet to an address
 * of this server finds the allocation behind it without crossing a socket. Lock-free; any thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "relay/tuple.h"

typedef struct RelayPorts RelayPorts;

/** RELAY_PORT_REST_S: a port stays unused for so long after its release: late packets must not find a new owner. */
#define RELAY_PORT_REST_S 60

/** relay_ports_new: @first, @last: the range, both included, 1024 <= first <= last. */
RelayPorts *relay_ports_new (uint16_t first, uint16_t last);
void relay_ports_free (RelayPorts *ports);

/**
 * relay_ports_take: a random port that is free and rested, for @worker (0 to 254).
 * @even: only even ones; @pair: and the next one too (RFC 8656 §18.6)
 *
 * Returns: the port, 0 when there is none. The caller may find it in use by another program: relay_ports_give() it back
 * and try again.
 */
uint16_t relay_ports_take (RelayPorts *ports, RelayFamily family, unsigned worker, bool even, bool pair, int64_t now_us);
void relay_ports_give (RelayPorts *ports, RelayFamily family, uint16_t port, int64_t now_us);
/** relay_ports_move: a port that is taken is @worker's from now on. */
void relay_ports_move (RelayPorts *ports, RelayFamily family, uint16_t port, unsigned worker);
/** relay_ports_find: Returns: the worker that holds the port, -1 when nobody does. */
int relay_ports_find (const RelayPorts *ports, RelayFamily family, uint16_t port);
/** relay_ports_count: Returns: ports in use. */
unsigned relay_ports_count (const RelayPorts *ports);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RelayPorts, relay_ports_free)
