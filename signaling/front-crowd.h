/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many connections each client address has open, over all front threads and without a lock: a count-min sketch of two
 * rows of atomic counters. It never counts too little; two addresses that share a cell in both rows (one pair in billions)
 * are counted together. Any thread.
 */
#pragma once

#include <stdbool.h>

#include "base/addr.h"

typedef struct SigCrowd SigCrowd;

/** sig_crowd_new: @expected: connections in all, sizes the rows. @limit: most for one address. Returns: (transfer full) */
SigCrowd *sig_crowd_new (unsigned expected, unsigned limit);
void sig_crowd_free (SigCrowd *crowd);

/** sig_crowd_enter: counts one connection of @address (ports do not matter; IPv6 counts by /64, which one client owns).
 *  Returns: false, nothing counted, when the limit is reached. */
bool sig_crowd_enter (SigCrowd *crowd, const AlAddr *address);
/** sig_crowd_leave: gives back what sig_crowd_enter() counted. */
void sig_crowd_leave (SigCrowd *crowd, const AlAddr *address);
