/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names for the connections of one front thread: a table of slots, each with a generation that grows whenever the slot is
 * given back, so that a name is never used twice. One thread.
 *
 *    63    58 57                  36 35                                    0
 *   +--------+----------------------+---------------------------------------+
 *   | thread |         slot         |        generation (never 0)           |
 *   +--------+----------------------+---------------------------------------+
 */
#pragma once

#include <stdint.h>

#include "signaling/front.h"

#define SIG_SLOTS_THREAD_BITS 6
#define SIG_SLOTS_SLOT_BITS 22
#define SIG_SLOTS_GENERATION_BITS 36

typedef struct SigSlots SigSlots;

/** sig_slots_new: @thread: 0 to 63, part of every name. Returns: (transfer full) */
SigSlots *sig_slots_new (unsigned thread);
void sig_slots_free (SigSlots *slots);

/** sig_slots_add: Returns: a new name for @owner (not NULL), 0 when all 4,194,304 slots are taken. */
SigConnId sig_slots_add (SigSlots *slots, void *owner);
/** sig_slots_find: Returns: (nullable): the owner; NULL when the name is stale or another thread's. */
void *sig_slots_find (const SigSlots *slots, SigConnId id);
/** sig_slots_remove: @id is stale from now on; it must not be already. */
void sig_slots_remove (SigSlots *slots, SigConnId id);

/** sig_slots_get_thread: Returns: the thread's number in @id. Any thread. */
unsigned sig_slots_get_thread (SigConnId id);
