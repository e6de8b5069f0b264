/* SPDX-License-Identifier: Apache-2.0 */
/* Messages are allocated by one thread and freed by another. Every heap (arena) of glibc keeps what was freed into it, so
 * a crowd that has left would otherwise be remembered in all of them. */
#include "server/heap.h"

#include <malloc.h>

/* main, fronts, store and pool are a dozen threads of which few allocate at once; the default is 8 a core */
#define MAX_ARENAS 4
/* less is left for the next burst */
#define WORTH_BYTES ((size_t) 1024 * 1024)

void
heap_init (void)
{
  (void) mallopt (M_ARENA_MAX, MAX_ARENAS);
}

bool
heap_trim (HeapTrim *trim)
{
  size_t free_bytes = mallinfo2 ().fordblks;

  /* what was given back still counts as free, until it is used again */
  if (free_bytes < trim->free_bytes)
    trim->free_bytes = free_bytes;
  if (free_bytes < trim->free_bytes + WORTH_BYTES)
    return false;
  (void) malloc_trim (0);
  trim->free_bytes = free_bytes;
  return true;
}
