/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/ports.h"

#include <stdatomic.h>

#include "base/random.h"

/* what a port's word says: 0: never used; top bit: taken, and the worker; else the second of its release, plus one */
#define TAKEN 0x80000000u

struct RelayPorts {
  uint16_t first;
  unsigned n;
  _Atomic unsigned taken;
  _Atomic uint32_t *words[RELAY_FAMILY_N]; /* owned; n each */
};

RelayPorts *
relay_ports_new (uint16_t first, uint16_t last)
{
  RelayPorts *ports = g_new0 (RelayPorts, 1);

  g_assert (first >= 1024 && first <= last);
  ports->first = first;
  ports->n = (unsigned) (last - first) + 1;
  for (unsigned family = 0; family < RELAY_FAMILY_N; family++)
    ports->words[family] = g_new0 (_Atomic uint32_t, ports->n);
  return ports;
}

void
relay_ports_free (RelayPorts *ports)
{
  if (ports == NULL)
    return;
  for (unsigned family = 0; family < RELAY_FAMILY_N; family++)
    g_free ((void *) ports->words[family]);
  g_free (ports);
}

static bool
take_word (RelayPorts *ports, _Atomic uint32_t *word, unsigned worker, uint32_t now_s)
{
  uint32_t old = atomic_load_explicit (word, memory_order_relaxed);

  if ((old & TAKEN) != 0 || (old != 0 && now_s - (old - 1) < RELAY_PORT_REST_S))
    return false;
  if (!atomic_compare_exchange_strong (word, &old, TAKEN | worker))
    return false;
  atomic_fetch_add_explicit (&ports->taken, 1, memory_order_relaxed);
  return true;
}

uint16_t
relay_ports_take (RelayPorts *ports, RelayFamily family, unsigned worker, bool even, bool pair, int64_t now_us)
{
  uint32_t now_s = (uint32_t) (now_us / G_USEC_PER_SEC) & ~TAKEN, start;

  al_random_bytes (&start, sizeof start);
  for (unsigned i = 0; i < ports->n; i++)
    {
      unsigned at = (start % ports->n + i) % ports->n;
      _Atomic uint32_t *word = &ports->words[family][at];
      unsigned port = ports->first + at;

      if (even && port % 2 != 0)
        continue;
      if (pair && at + 1 >= ports->n)
        continue;
      if (!take_word (ports, word, worker, now_s))
        continue;
      if (!pair || take_word (ports, word + 1, worker, now_s))
        return (uint16_t) port;
      atomic_store (word, 0); /* unused: it need not rest */
      atomic_fetch_sub_explicit (&ports->taken, 1, memory_order_relaxed);
    }
  return 0;
}

void
relay_ports_give (RelayPorts *ports, RelayFamily family, uint16_t port, int64_t now_us)
{
  g_return_if_fail (port >= ports->first && port < ports->first + ports->n);
  atomic_store (&ports->words[family][port - ports->first], ((uint32_t) (now_us / G_USEC_PER_SEC) & ~TAKEN) + 1);
  atomic_fetch_sub_explicit (&ports->taken, 1, memory_order_relaxed);
}

void
relay_ports_move (RelayPorts *ports, RelayFamily family, uint16_t port, unsigned worker)
{
  g_return_if_fail (port >= ports->first && port < ports->first + ports->n);
  atomic_store (&ports->words[family][port - ports->first], TAKEN | worker);
}

int
relay_ports_find (const RelayPorts *ports, RelayFamily family, uint16_t port)
{
  uint32_t word;

  if (port < ports->first || port >= ports->first + ports->n)
    return -1;
  word = atomic_load_explicit (&ports->words[family][port - ports->first], memory_order_acquire);
  return (word & TAKEN) != 0 ? (int) (word & 0xff) : -1;
}

unsigned
relay_ports_count (const RelayPorts *ports)
{
  return atomic_load_explicit (&ports->taken, memory_order_relaxed);
}
