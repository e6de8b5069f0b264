/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/bandwidth.h"

#include <stdatomic.h>

#define NS_PER_S INT64_C (1000000000)
#define BURST_NS (NS_PER_S / 4)
#define PACKET_BYTES 1500

struct RelayBandwidth {
  unsigned n;
  _Atomic int64_t paid_ns[]; /* RELAY_DIRECTION_N for each slot: until when the time is paid for */
};

RelayBandwidth *
relay_bandwidth_new (unsigned n)
{
  RelayBandwidth *bandwidth =
      g_malloc0 (sizeof *bandwidth + (gsize) n * RELAY_DIRECTION_N * sizeof bandwidth->paid_ns[0]);

  bandwidth->n = n;
  return bandwidth;
}

void
relay_bandwidth_free (RelayBandwidth *bandwidth)
{
  g_free (bandwidth);
}

static int64_t
cost_ns (size_t len, uint64_t bps)
{
  return (int64_t) (len * 8 * (uint64_t) NS_PER_S / bps); /* 65,535 bytes: 49 bits */
}

/* Returns: how far ahead of now it is paid for then, beyond what may come at once; nothing is spent when it is more than
 * @most_ns */
static int64_t
spend (RelayBandwidth *bandwidth, unsigned index, uint64_t bps, size_t len, int64_t now_us, int64_t most_ns)
{
  _Atomic int64_t *paid_ns = &bandwidth->paid_ns[index];
  int64_t now_ns = now_us * 1000, before_ns = atomic_load_explicit (paid_ns, memory_order_relaxed), after_ns, ahead_ns;

  do
    {
      after_ns = MAX (before_ns, now_ns) + cost_ns (len, bps);
      ahead_ns = after_ns - now_ns - BURST_NS - cost_ns (PACKET_BYTES, bps);
      if (ahead_ns > most_ns)
        break;
    }
  while (!atomic_compare_exchange_weak_explicit (paid_ns, &before_ns, after_ns, memory_order_relaxed, memory_order_relaxed));
  return ahead_ns;
}

bool
relay_bandwidth_spend (RelayBandwidth *bandwidth, unsigned slot, RelayDirection direction, uint64_t bps, size_t len,
                       int64_t now_us)
{
  g_return_val_if_fail (slot < bandwidth->n && bps > 0, false);
  return spend (bandwidth, slot * RELAY_DIRECTION_N + direction, bps, len, now_us, 0) <= 0;
}

int64_t
relay_bandwidth_charge (RelayBandwidth *bandwidth, unsigned slot, RelayDirection direction, uint64_t bps, size_t len,
                        int64_t now_us)
{
  int64_t ahead_ns;

  g_return_val_if_fail (slot < bandwidth->n && bps > 0, 0);
  ahead_ns = spend (bandwidth, slot * RELAY_DIRECTION_N + direction, bps, len, now_us, INT64_MAX);
  return ahead_ns <= 0 ? 0 : (ahead_ns + 999) / 1000;
}
