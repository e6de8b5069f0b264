/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports kept for the second allocation of a pair (RFC 8656 §7.2, §18.6): for 30 s, for the same client's address only. One
 * table for all workers, because the second Allocate may arrive at another one. Lock-free; any thread.
 */
#pragma once

#include <glib.h>

#include "relay/ports.h"

typedef struct RelayReservations RelayReservations;

#define RELAY_TOKEN_BYTES 8
#define RELAY_RESERVATION_US (30 * (int64_t) G_USEC_PER_SEC)
/** RELAY_MAX_RESERVATIONS: at once. */
#define RELAY_MAX_RESERVATIONS 256

/** relay_reservations_new: @ports: not owned; lives longer. */
RelayReservations *relay_reservations_new (RelayPorts *ports);
void relay_reservations_free (RelayReservations *reservations);

/** relay_reservations_make: @port: taken; the table's from now on. Returns: false when there are too many: it is still
 *  the caller's. */
bool relay_reservations_make (RelayReservations *reservations, RelayFamily family, uint16_t port, const AlAddr *source,
                              int64_t now_us, uint8_t ret_token[RELAY_TOKEN_BYTES]);
/** relay_reservations_claim: Returns: the port, now the caller's and held by @worker; 0: no such token of this source. */
uint16_t relay_reservations_claim (RelayReservations *reservations, const uint8_t token[RELAY_TOKEN_BYTES],
                                   const AlAddr *source, unsigned worker, int64_t now_us, RelayFamily *ret_family);
/** relay_reservations_sweep: gives back what nobody claimed in time. */
void relay_reservations_sweep (RelayReservations *reservations, int64_t now_us);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RelayReservations, relay_reservations_free)
