/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/front-slots.h"

#include <glib.h>

#define MAX_SLOTS (1u << SIG_SLOTS_SLOT_BITS)
#define MAX_GENERATION ((UINT64_C (1) << SIG_SLOTS_GENERATION_BITS) - 1)
#define NO_SLOT UINT32_MAX

typedef struct {
  void *owner;         /* NULL: free */
  uint64_t generation; /* of the owner, or of the next one */
  uint32_t next_free;
} Slot;

struct SigSlots {
  uint64_t thread;
  Slot *slots;
  uint32_t n_slots, room;
  uint32_t first_free;
};

SigSlots *
sig_slots_new (unsigned thread)
{
  SigSlots *slots = g_new0 (SigSlots, 1);

  g_assert (thread < 1u << SIG_SLOTS_THREAD_BITS);
  slots->thread = thread;
  slots->first_free = NO_SLOT;
  return slots;
}

void
sig_slots_free (SigSlots *slots)
{
  if (slots == NULL)
    return;
  g_free (slots->slots);
  g_free (slots);
}

static uint32_t
take_slot (SigSlots *slots)
{
  uint32_t index = slots->first_free;

  if (index != NO_SLOT)
    {
      slots->first_free = slots->slots[index].next_free;
      return index;
    }
  if (slots->n_slots == MAX_SLOTS)
    return NO_SLOT;
  if (slots->n_slots == slots->room)
    {
      slots->room = MIN (MAX (slots->room * 2, 64), MAX_SLOTS);
      slots->slots = g_renew (Slot, slots->slots, slots->room);
    }
  slots->slots[slots->n_slots] = (Slot){ .generation = 1 };
  return slots->n_slots++;
}

SigConnId
sig_slots_add (SigSlots *slots, void *owner)
{
  uint32_t index;

  g_assert (owner != NULL);
  index = take_slot (slots);
  if (index == NO_SLOT)
    return 0;
  slots->slots[index].owner = owner;
  return slots->thread << (SIG_SLOTS_SLOT_BITS + SIG_SLOTS_GENERATION_BITS)
         | (uint64_t) index << SIG_SLOTS_GENERATION_BITS | slots->slots[index].generation;
}

static Slot *
find_slot (const SigSlots *slots, SigConnId id)
{
  uint32_t index = (uint32_t) (id >> SIG_SLOTS_GENERATION_BITS) & (MAX_SLOTS - 1);

  if (sig_slots_get_thread (id) != slots->thread || index >= slots->n_slots
      || slots->slots[index].generation != (id & MAX_GENERATION) || slots->slots[index].owner == NULL)
    return NULL;
  return &slots->slots[index];
}

void *
sig_slots_find (const SigSlots *slots, SigConnId id)
{
  Slot *slot = find_slot (slots, id);

  return slot != NULL ? slot->owner : NULL;
}

void
sig_slots_remove (SigSlots *slots, SigConnId id)
{
  Slot *slot = find_slot (slots, id);

  g_assert (slot != NULL);
  slot->owner = NULL;
  /* a slot whose generations are used up is left alone: no name comes twice */
  if (slot->generation == MAX_GENERATION)
    return;
  slot->generation++;
  slot->next_free = slots->first_free;
  slots->first_free = (uint32_t) (slot - slots->slots);
}

unsigned
sig_slots_get_thread (SigConnId id)
{
  return (unsigned) (id >> (SIG_SLOTS_SLOT_BITS + SIG_SLOTS_GENERATION_BITS));
}
