/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/recent-calls.h"

typedef struct {
  uint64_t key; /* 0: free */
  uint64_t caller_device, callee;
} Slot;

struct SigRecentCalls {
  GHashTable *by_key; /* owned: Slot.key -> Slot */
  unsigned next;
  Slot slots[SIG_RECENT_CALLS];
};

SigRecentCalls *
sig_recent_calls_new (void)
{
  SigRecentCalls *recent = g_new0 (SigRecentCalls, 1);

  recent->by_key = g_hash_table_new (g_int64_hash, g_int64_equal);
  return recent;
}

void
sig_recent_calls_free (SigRecentCalls *recent)
{
  if (recent == NULL)
    return;
  g_hash_table_unref (recent->by_key);
  g_free (recent);
}

void
sig_recent_calls_add (SigRecentCalls *recent, uint64_t key, const SigCall *call)
{
  Slot *slot = &recent->slots[recent->next];

  if (key == 0 || g_hash_table_contains (recent->by_key, &key))
    return;
  recent->next = (recent->next + 1) % SIG_RECENT_CALLS;
  if (slot->key != 0)
    (void) g_hash_table_remove (recent->by_key, &slot->key);
  *slot = (Slot){ key, sig_call_get_caller_device (call), sig_call_get_callee (call) };
  (void) g_hash_table_add (recent->by_key, &slot->key);
}

bool
sig_recent_calls_has (const SigRecentCalls *recent, uint64_t key)
{
  return g_hash_table_contains (recent->by_key, &key);
}

bool
sig_recent_calls_concerned (const SigRecentCalls *recent, uint64_t key, uint64_t user, uint64_t device)
{
  /* the key is the slot's first member */
  const Slot *slot = g_hash_table_lookup (recent->by_key, &key);

  return slot != NULL && (slot->caller_device == device || slot->callee == user);
}
