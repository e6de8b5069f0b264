/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Head and tail only grow; each side owns one of them and keeps the last value it saw of the other's, so that it touches
 * the other side's cache line only when the ring looks full or empty.
 */
#include "base/ring.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

#define LINE 64

struct AlRing {
  /* read-only after construction */
  void **items;
  uint32_t mask;
  /* producer's thread */
  alignas (LINE) _Atomic uint32_t tail;
  uint32_t seen_head;
  /* consumer's thread */
  alignas (LINE) _Atomic uint32_t head;
  uint32_t seen_tail;
};

AlRing *
al_ring_new (unsigned capacity)
{
  AlRing *ring;
  uint32_t size = 2;

  g_return_val_if_fail (capacity >= 2 && capacity <= 1u << 20, NULL);
  while (size < capacity)
    size *= 2;
  ring = g_aligned_alloc0 (1, sizeof *ring, LINE);
  ring->items = g_new0 (void *, size);
  ring->mask = size - 1;
  atomic_init (&ring->head, 0);
  atomic_init (&ring->tail, 0);
  return ring;
}

void
al_ring_free (AlRing *ring)
{
  if (ring == NULL)
    return;
  g_free (ring->items);
  g_aligned_free (ring);
}

unsigned
al_ring_push (AlRing *ring, void *const *items, unsigned n)
{
  uint32_t tail = atomic_load_explicit (&ring->tail, memory_order_relaxed);
  uint32_t size = ring->mask + 1;

  if (size - (tail - ring->seen_head) < n)
    ring->seen_head = atomic_load_explicit (&ring->head, memory_order_acquire);
  n = MIN (n, size - (tail - ring->seen_head));
  for (unsigned i = 0; i < n; i++)
    ring->items[(tail + i) & ring->mask] = items[i];
  atomic_store_explicit (&ring->tail, tail + n, memory_order_release);
  return n;
}

unsigned
al_ring_pop (AlRing *ring, void **ret_items, unsigned max)
{
  uint32_t head = atomic_load_explicit (&ring->head, memory_order_relaxed);
  unsigned n;

  if (ring->seen_tail - head < max)
    ring->seen_tail = atomic_load_explicit (&ring->tail, memory_order_acquire);
  n = MIN (max, ring->seen_tail - head);
  for (unsigned i = 0; i < n; i++)
    ret_items[i] = ring->items[(head + i) & ring->mask];
  atomic_store_explicit (&ring->head, head + n, memory_order_release);
  return n;
}
