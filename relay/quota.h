/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many of something a key may hold at once: allocations of a user, of a source address. One table for all workers,
 * lock-free: a slot is one word of 48 bits of keyed hash and 16 bits of count, so that every change is one
 * compare-and-set. Two threads that meet a new key in the same instant may give it two slots: a quota is then kept a
 * little too generously until both are empty. Any thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct RelayQuota RelayQuota;

/** RELAY_QUOTA_MAX: the highest limit. */
#define RELAY_QUOTA_MAX 65535

/** relay_quota_new: @capacity: keys that can be held at once, rounded up to a power of two; 8 bytes each. */
RelayQuota *relay_quota_new (unsigned capacity);
void relay_quota_free (RelayQuota *quota);

/**
 * relay_quota_take: one more for @key (@len bytes).
 * @limit: 1 to RELAY_QUOTA_MAX; 0: none
 *
 * Returns: false when it holds @limit already, or no slot is free near its place.
 */
bool relay_quota_take (RelayQuota *quota, const void *key, size_t len, unsigned limit);
/** relay_quota_give: one less; with the same key as the take. */
void relay_quota_give (RelayQuota *quota, const void *key, size_t len);
/** relay_quota_find_slot: Returns: where @key, which holds something, is counted: the same number below
 *  relay_quota_get_slots() as long as it holds it. (Of a key that two threads met in the same instant, one of its two.) */
unsigned relay_quota_find_slot (const RelayQuota *quota, const void *key, size_t len);
unsigned relay_quota_get_slots (const RelayQuota *quota);
/** relay_quota_get: Returns: how many @key holds. */
unsigned relay_quota_get (const RelayQuota *quota, const void *key, size_t len);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RelayQuota, relay_quota_free)
