/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded single-producer, single-consumer ring of pointers: packets between workers. Lock-free, no wake-up of its own. */
#pragma once

#include <glib.h>

typedef struct AlRing AlRing;

/** al_ring_new: @capacity: pointers it can hold, rounded up to a power of two; 2 to 2^20. Returns: (transfer full) */
AlRing *al_ring_new (unsigned capacity);
/** al_ring_free: neither side may be using it; what is left inside is the caller's to pop before. NULL is allowed. */
void al_ring_free (AlRing *ring);

/** al_ring_push: @items: @n pointers. Returns: how many went in, from the first on; the rest is still the caller's (a
 *  drop counter's business). Producer's thread. */
unsigned al_ring_push (AlRing *ring, void *const *items, unsigned n);
/** al_ring_pop: @ret_items: room for @max. Returns: how many were taken, in the order of pushing. Consumer's thread. */
unsigned al_ring_pop (AlRing *ring, void **ret_items, unsigned max);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlRing, al_ring_free)
