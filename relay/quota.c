/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/quota.h"

#include <stdatomic.h>

#include "base/siphash.h"

#define PROBES 16
#define COUNT_MASK 0xffffu

struct RelayQuota {
  AlSipKey key;
  unsigned mask;
  _Atomic uint64_t slots[];
};

RelayQuota *
relay_quota_new (unsigned capacity)
{
  unsigned n = PROBES;
  RelayQuota *quota;

  while (n < capacity)
    n *= 2;
  quota = g_malloc0 (sizeof *quota + n * sizeof quota->slots[0]);
  al_sip_key_init_random (&quota->key);
  quota->mask = n - 1;
  return quota;
}

void
relay_quota_free (RelayQuota *quota)
{
  g_free (quota);
}

/* the slot of @tag, else (where @make) one that counts nothing; NULL: neither */
static _Atomic uint64_t *
find_slot (const RelayQuota *quota, uint64_t hash, bool make)
{
  _Atomic uint64_t *slots = ((RelayQuota *) quota)->slots, *empty = NULL;
  uint64_t tag = hash & ~(uint64_t) COUNT_MASK;

  for (unsigned i = 0; i < PROBES; i++)
    {
      _Atomic uint64_t *slot = &slots[(hash + i) & quota->mask];
      uint64_t word = atomic_load_explicit (slot, memory_order_relaxed);

      if ((word & ~(uint64_t) COUNT_MASK) == tag && (word & COUNT_MASK) != 0)
        return slot;
      if (empty == NULL && (word & COUNT_MASK) == 0)
        empty = slot;
    }
  return make ? empty : NULL;
}

bool
relay_quota_take (RelayQuota *quota, const void *key, size_t len, unsigned limit)
{
  uint64_t hash = al_siphash (&quota->key, key, len), tag = hash & ~(uint64_t) COUNT_MASK;

  for (;;)
    {
      _Atomic uint64_t *slot = find_slot (quota, hash, true);
      uint64_t word, count;

      if (slot == NULL)
        return false;
      word = atomic_load_explicit (slot, memory_order_relaxed);
      count = word & COUNT_MASK;
      if (count > 0 && (word & ~(uint64_t) COUNT_MASK) != tag)
        continue; /* another took the empty slot meanwhile */
      if (count >= RELAY_QUOTA_MAX || (limit > 0 && count >= limit))
        return false;
      if (atomic_compare_exchange_strong (slot, &word, tag | (count + 1)))
        return true;
    }
}

void
relay_quota_give (RelayQuota *quota, const void *key, size_t len)
{
  uint64_t hash = al_siphash (&quota->key, key, len);

  for (;;)
    {
      _Atomic uint64_t *slot = find_slot (quota, hash, false);
      uint64_t word;

      g_return_if_fail (slot != NULL);
      word = atomic_load_explicit (slot, memory_order_relaxed);
      if ((word & COUNT_MASK) == 0 || ((word ^ hash) & ~(uint64_t) COUNT_MASK) != 0)
        continue; /* empty, or another's, meanwhile */
      if (atomic_compare_exchange_strong (slot, &word, word - 1))
        return;
    }
}

unsigned
relay_quota_get (const RelayQuota *quota, const void *key, size_t len)
{
  const _Atomic uint64_t *slot = find_slot (quota, al_siphash (&quota->key, key, len), false);

  return slot == NULL ? 0 : (unsigned) (atomic_load_explicit (slot, memory_order_relaxed) & COUNT_MASK);
}

unsigned
relay_quota_find_slot (const RelayQuota *quota, const void *key, size_t len)
{
  const _Atomic uint64_t *slot = find_slot (quota, al_siphash (&quota->key, key, len), false);

  return slot == NULL ? 0 : (unsigned) (slot - quota->slots); /* none: while two threads give and take its second one */
}

unsigned
relay_quota_get_slots (const RelayQuota *quota)
{
  return quota->mask + 1;
}
