/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Legs by the ufrag that was given out for them, and the worker that each belongs to: the first nominated check claims a leg
 * for a worker. What the main thread says of a leg that nobody has claimed waits here. A lock, but only for STUN from
 * addresses that a worker does not know. Any thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "sfu/setup.h"

typedef struct SfuRegistry SfuRegistry;

#define SFU_NOBODY UINT32_MAX
/** SFU_NO_LEG: instead of a worker: there is no such leg (any more). */
#define SFU_NO_LEG (UINT32_MAX - 1)

/** sfu_registry_new: @workers: how many. */
SfuRegistry *sfu_registry_new (unsigned workers);
/** sfu_registry_free: NULL is allowed. */
void sfu_registry_free (SfuRegistry *registry);

/**
 * sfu_registry_set: @setup: (transfer full): of a new leg, or in place of what is known of the leg with that room, peer and
 * direction. An ended one is forgotten.
 *
 * Returns: (transfer full) (nullable): @setup, when a worker has the leg: @ret_worker must be told. NULL: it waits here.
 */
SfuLegSetup *sfu_registry_set (SfuRegistry *registry, SfuLegSetup *setup, unsigned *ret_worker);

/**
 * sfu_registry_claim: a nominated check came to @worker with @ufrag (@len bytes) of ours.
 * @ret_setup: (transfer full): set when the leg is claimed by this call
 *
 * The claimer gets it unless it has clearly more legs than another one.
 *
 * Returns: whose leg it is now; SFU_NO_LEG: there is none.
 */
unsigned sfu_registry_claim (SfuRegistry *registry, const char *ufrag, size_t len, unsigned worker,
                             SfuLegSetup **ret_setup);
/** sfu_registry_take_over: a claim gave the leg to @from, which could not be told. Returns: (transfer full) (nullable): what is
 *  known of it now: it is @to's; NULL: it has ended, or is another's. */
SfuLegSetup *sfu_registry_take_over (SfuRegistry *registry, const char *ufrag, size_t len, unsigned from, unsigned to);
/** sfu_registry_find: Returns: whose leg it is; SFU_NOBODY: nobody's yet; SFU_NO_LEG: there is none. */
unsigned sfu_registry_find (SfuRegistry *registry, const char *ufrag, size_t len);
/** sfu_registry_get_load: Returns: legs of @worker. */
unsigned sfu_registry_get_load (SfuRegistry *registry, unsigned worker);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SfuRegistry, sfu_registry_free)
