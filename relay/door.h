/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many clients may be connected by TCP and TLS at once, of all and from one source address (of IPv6: one /64), over all
 * workers. It is asked when a connection is accepted: one that says nothing counts like any other.
 */
#pragma once

#include "base/stream.h"

typedef struct RelayDoor RelayDoor;

/** relay_door_new: @max, @max_per_source: at most RELAY_QUOTA_MAX; 0: no limit. Returns: (transfer full) */
RelayDoor *relay_door_new (unsigned max, unsigned max_per_source);
/** relay_door_free: when every stream that it let in is gone. NULL is allowed. */
void relay_door_free (RelayDoor *door);
/** relay_door_get_admission: Returns: for the listeners of all workers. Any thread. */
AlAdmission relay_door_get_admission (RelayDoor *door);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RelayDoor, relay_door_free)
