/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The owner's free list needs no atomics. Other threads push what they release on a stack of its own; the owner takes
 * that stack as a whole with one exchange when its list is empty, so there is no ABA problem.
 */
#include "base/pool.h"

#include <errno.h>
#include <gio/gio.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, len) ((void) (at), (void) (len))
#define ASAN_UNPOISON_MEMORY_REGION(at, len) ((void) (at), (void) (len))
#endif

#define LINE 64
#define HUGE_PAGE ((size_t) 2 << 20)

struct AlPool {
  /* read-only after construction */
  uint8_t *slab;
  size_t slab_bytes, stride;
  unsigned n_pkts, pkt_bytes;
  pthread_t owner;
  /* owner's thread */
  AlPkt *free_list;
  unsigned n_free;
  /* any thread */
  alignas (LINE) _Atomic (AlPkt *) returned;
};

G_STATIC_ASSERT (offsetof (AlPkt, data) == LINE);

/* A free packet is off limits for all but its list pointer; AddressSanitizer then finds uses after release. */
static void
pool_put (AlPool *pool, AlPkt *pkt)
{
  pkt->next = pool->free_list;
  pool->free_list = pkt;
  pool->n_free++;
  ASAN_POISON_MEMORY_REGION (pkt->data, pool->pkt_bytes);
}

static bool
pool_map (AlPool *pool, GError **error)
{
  int saved;

  pool->slab_bytes = (pool->stride * pool->n_pkts + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
  pool->slab = mmap (NULL, pool->slab_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pool->slab == MAP_FAILED)
    {
      saved = errno;
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved), "no %zu bytes for %u packets: %s", pool->slab_bytes,
                   pool->n_pkts, g_strerror (saved));
      return false;
    }
  /* advice only: without transparent huge pages the slab is as good as any memory */
  (void) madvise (pool->slab, pool->slab_bytes, MADV_HUGEPAGE);
  return true;
}

AlPool *
al_pool_new (unsigned n_pkts, unsigned pkt_bytes, GError **error)
{
  AlPool *pool;

  g_return_val_if_fail (n_pkts >= 1 && n_pkts <= 1u << 20, NULL);
  g_return_val_if_fail (pkt_bytes >= 1 && pkt_bytes <= UINT16_MAX, NULL);
  pool = g_aligned_alloc0 (1, sizeof *pool, LINE);
  pool->n_pkts = n_pkts;
  pool->pkt_bytes = (pkt_bytes + LINE - 1) / LINE * LINE;
  pool->stride = sizeof (AlPkt) + pool->pkt_bytes;
  pool->owner = pthread_self ();
  atomic_init (&pool->returned, NULL);
  if (!pool_map (pool, error))
    {
      g_aligned_free (pool);
      return NULL;
    }
  /* from the end, so that the first ones taken lie side by side at the beginning */
  for (unsigned i = n_pkts; i > 0; i--)
    {
      AlPkt *pkt = (AlPkt *) (void *) (pool->slab + (i - 1) * pool->stride);

      (void) memset (pkt, 0, pool->stride);
      atomic_init (&pkt->refs, 0);
      pkt->pool = pool;
      pool_put (pool, pkt);
    }
  return pool;
}

void
al_pool_adopt (AlPool *pool)
{
  g_assert (al_pool_count_free (pool) == pool->n_pkts);
  pool->owner = pthread_self ();
}

static void
pool_collect (AlPool *pool)
{
  AlPkt *pkt = atomic_exchange_explicit (&pool->returned, NULL, memory_order_acquire);

  while (pkt != NULL)
    {
      AlPkt *next = pkt->next;

      pool_put (pool, pkt);
      pkt = next;
    }
}

void
al_pool_free (AlPool *pool)
{
  if (pool == NULL)
    return;
  pool_collect (pool);
  g_assert (pool->n_free == pool->n_pkts);
  ASAN_UNPOISON_MEMORY_REGION (pool->slab, pool->slab_bytes);
  (void) munmap (pool->slab, pool->slab_bytes);
  g_aligned_free (pool);
}

AlPkt *
al_pool_take (AlPool *pool)
{
  AlPkt *pkt;

  g_assert (pthread_equal (pool->owner, pthread_self ()));
  if (pool->free_list == NULL)
    pool_collect (pool);
  pkt = pool->free_list;
  if (pkt == NULL)
    return NULL;
  pool->free_list = pkt->next;
  pool->n_free--;
  ASAN_UNPOISON_MEMORY_REGION (pkt->data, pool->pkt_bytes);
  atomic_store_explicit (&pkt->refs, 1, memory_order_relaxed);
  pkt->len = pkt->offset = 0;
  pkt->time_us = 0;
  pkt->next = NULL;
  return pkt;
}

unsigned
al_pool_get_size (const AlPool *pool)
{
  return pool->pkt_bytes;
}

unsigned
al_pool_count_free (AlPool *pool)
{
  pool_collect (pool);
  return pool->n_free;
}

AlPkt *
al_pkt_ref (AlPkt *pkt)
{
  (void) atomic_fetch_add_explicit (&pkt->refs, 1, memory_order_relaxed);
  return pkt;
}

void
al_pkt_unref (AlPkt *pkt)
{
  AlPool *pool = pkt->pool;
  uint32_t before = atomic_fetch_sub_explicit (&pkt->refs, 1, memory_order_acq_rel);

  g_assert (before > 0);
  if (before > 1)
    return;
  if (pthread_equal (pool->owner, pthread_self ()))
    {
      pool_put (pool, pkt);
      return;
    }
  pkt->next = atomic_load_explicit (&pool->returned, memory_order_relaxed);
  while (!atomic_compare_exchange_weak_explicit (&pool->returned, &pkt->next, pkt, memory_order_release,
                                                 memory_order_relaxed))
    ;
}
