/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each user may send and receive, over all of his allocations on all workers. One table, lock-free: a user is the slot
 * that counts his allocations (relay_quota_find_slot()), a direction of his one word: when what he has had so far will have
 * been paid for. Any thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct RelayBandwidth RelayBandwidth;

typedef enum { RELAY_FROM_CLIENT, RELAY_TO_CLIENT, RELAY_DIRECTION_N } RelayDirection;

/** relay_bandwidth_new: @n: slots; 16 bytes each, touched where used. Returns: (transfer full) */
RelayBandwidth *relay_bandwidth_new (unsigned n);
/** relay_bandwidth_free: NULL is allowed. */
void relay_bandwidth_free (RelayBandwidth *bandwidth);

/**
 * relay_bandwidth_spend:
 * @slot: the user's, below the number of slots
 * @bps: 1 or more; a quarter of a second of it, and one packet, may come at once
 * @now_us: of a clock that all threads share
 *
 * Returns: false when he has no more for @len bytes; nothing is spent then.
 */
bool relay_bandwidth_spend (RelayBandwidth *bandwidth, unsigned slot, RelayDirection direction, uint64_t bps, size_t len,
                            int64_t now_us);
/** relay_bandwidth_charge: spends in any case. Returns: how long to wait with more, in microseconds. */
int64_t relay_bandwidth_charge (RelayBandwidth *bandwidth, unsigned slot, RelayDirection direction, uint64_t bps,
                                size_t len, int64_t now_us);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RelayBandwidth, relay_bandwidth_free)
