/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/front-crowd.h"

#include <stdatomic.h>
#include <string.h>

#define ROWS 2
#define MIN_CELLS 1024u
#define MAX_CELLS (1u << 20)

struct SigCrowd {
  unsigned limit;
  uint32_t mask;
  _Atomic uint32_t *rows[ROWS];
};

SigCrowd *
sig_crowd_new (unsigned expected, unsigned limit)
{
  SigCrowd *crowd = g_new0 (SigCrowd, 1);
  uint32_t cells = MIN_CELLS;

  while (cells < MAX_CELLS && cells / 2 < expected)
    cells *= 2;
  crowd->limit = limit;
  crowd->mask = cells - 1;
  for (unsigned i = 0; i < ROWS; i++)
    crowd->rows[i] = g_malloc0_n (cells, sizeof *crowd->rows[i]);
  return crowd;
}

void
sig_crowd_free (SigCrowd *crowd)
{
  if (crowd == NULL)
    return;
  for (unsigned i = 0; i < ROWS; i++)
    g_free (crowd->rows[i]);
  g_free (crowd);
}

static void
find_cells (const SigCrowd *crowd, const AlAddr *address, _Atomic uint32_t *ret_cells[ROWS])
{
  AlAddr key = *address;

  al_addr_canonicalize (&key);
  if (key.sa.sa_family == AF_INET6)
    memset (&key.in6.sin6_addr.s6_addr[8], 0, 8);
  for (unsigned i = 0; i < ROWS; i++)
    {
      /* the port is not part of the key: it makes the rows independent of each other */
      al_addr_set_port (&key, (uint16_t) (i + 1));
      ret_cells[i] = &crowd->rows[i][al_addr_hash (&key) & crowd->mask];
    }
}

static void
leave_cells (_Atomic uint32_t *cells[ROWS])
{
  for (unsigned i = 0; i < ROWS; i++)
    (void) atomic_fetch_sub_explicit (cells[i], 1, memory_order_relaxed);
}

bool
sig_crowd_enter (SigCrowd *crowd, const AlAddr *address)
{
  _Atomic uint32_t *cells[ROWS];
  uint32_t least = UINT32_MAX;

  find_cells (crowd, address, cells);
  for (unsigned i = 0; i < ROWS; i++)
    {
      uint32_t before = atomic_fetch_add_explicit (cells[i], 1, memory_order_relaxed);

      least = MIN (least, before);
    }
  if (least < crowd->limit)
    return true;
  leave_cells (cells);
  return false;
}

void
sig_crowd_leave (SigCrowd *crowd, const AlAddr *address)
{
  _Atomic uint32_t *cells[ROWS];

  find_cells (crowd, address, cells);
  leave_cells (cells);
}
