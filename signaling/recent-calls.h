/* SPDX-License-Identifier: Apache-2.0 */
/* The calls that ended last, so that a late word about one of them hears "gone" and a replayed id "conflict". Fixed size. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "signaling/call.h"

/** How many are remembered. Longer ago the log alone knows, and says so for a replayed invitation. */
#define SIG_RECENT_CALLS 4096

typedef struct SigRecentCalls SigRecentCalls;

SigRecentCalls *sig_recent_calls_new (void);
void sig_recent_calls_free (SigRecentCalls *recent); /* NULL is allowed */

/** sig_recent_calls_add: @key: a keyed hash of the call's id, by which it is found. The oldest is forgotten. */
void sig_recent_calls_add (SigRecentCalls *recent, uint64_t key, const SigCall *call);
/** sig_recent_calls_has: Returns: true when a call with @key ended not long ago. */
bool sig_recent_calls_has (const SigRecentCalls *recent, uint64_t key);
/** sig_recent_calls_concerned: Returns: true when it is one in which that device had a say. */
bool sig_recent_calls_concerned (const SigRecentCalls *recent, uint64_t key, uint64_t user, uint64_t device);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SigRecentCalls, sig_recent_calls_free)
