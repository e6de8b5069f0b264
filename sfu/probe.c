/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/probe.h"

#include <glib.h>

#define PKTS_MIN 5
#define LENGTH_US 25000
#define RESULT_US INT64_C (1000000) /* longer no result is waited for */
#define ARRIVED 0.8
#define INTERVAL_MAX_US INT64_C (1000000)
#define RATIO_MAX 2.0   /* arrives faster than it was sent: bunched on the way, says nothing */
#define SATURATED 0.9   /* arrives slower than it was sent: this is what the path carries, */
#define UTILISATION 0.95 /* and a little less is used */
#define FURTHER 0.7
#define WANTED 1.2
#define EVERY_US INT64_C (3000000)
#define EVERY_MORE_US INT64_C (1000000)
#define EVERY_MAX_US INT64_C (5000000)
#define GROWN_US INT64_C (1000000)

void
sfu_probe_init (SfuProbe *probe)
{
  *probe = (SfuProbe){ .wanted_bps = UINT32_MAX, .wait_us = EVERY_US };
}

static void
queue (SfuProbe *probe, double rate_bps)
{
  if (probe->wanted_bps != UINT32_MAX)
    rate_bps = MIN (rate_bps, WANTED * probe->wanted_bps);
  if (probe->n_queued < G_N_ELEMENTS (probe->queued_bps) && rate_bps > 0)
    probe->queued_bps[probe->n_queued++] = (uint32_t) rate_bps;
}

void
sfu_probe_start (SfuProbe *probe, uint32_t rate_bps, int64_t now_us)
{
  probe->n_queued = 0;
  probe->running = 0;
  probe->waiting = false;
  probe->wait_us = EVERY_US;
  probe->next_us = now_us + probe->wait_us;
  queue (probe, 2.0 * rate_bps);
  queue (probe, 3.0 * rate_bps);
}

/* Returns: would a cluster show something that is worth knowing. */
static bool
is_wanted (const SfuProbe *probe, uint32_t estimate_bps)
{
  return probe->wanted_bps != UINT32_MAX && !probe->filled && probe->wanted_bps > estimate_bps;
}

void
sfu_probe_set_wanted (SfuProbe *probe, uint32_t wanted_bps, uint32_t estimate_bps, int64_t now_us)
{
  bool grown = wanted_bps > WANTED * probe->wanted_bps;

  probe->wanted_bps = wanted_bps;
  if (grown && is_wanted (probe, estimate_bps))
    {
      probe->wait_us = EVERY_US;
      probe->next_us = MIN (probe->next_us, MAX (now_us, probe->ended_us + GROWN_US));
    }
}

void
sfu_probe_set_filled (SfuProbe *probe, bool filled)
{
  probe->filled = filled;
}

void
sfu_probe_cancel (SfuProbe *probe, int64_t now_us)
{
  probe->n_queued = 0;
  if (probe->running != 0)
    probe->clusters[probe->running - 1].done = true;
  probe->running = 0;
  probe->waiting = false;
  probe->next_us = MAX (probe->next_us, now_us + probe->wait_us);
}

static void
begin (SfuProbe *probe, int64_t now_us)
{
  uint32_t rate_bps = probe->queued_bps[0];

  probe->n_queued--;
  for (unsigned i = 0; i < probe->n_queued; i++)
    probe->queued_bps[i] = probe->queued_bps[i + 1];
  probe->last_id = (uint8_t) (probe->last_id % SFU_PROBE_CLUSTERS + 1);
  probe->running = probe->last_id;
  probe->clusters[probe->running - 1] = (SfuProbeCluster){
    .rate_bps = rate_bps,
    .target_bytes = (uint32_t) ((uint64_t) rate_bps * LENGTH_US / 8000000),
    .begin_us = now_us,
  };
  probe->tried_bps = probe->waiting ? MAX (probe->tried_bps, rate_bps) : rate_bps;
  probe->waiting = true;
}

/* Nothing came of the last one: others are tried more and more seldom. */
static void
fail (SfuProbe *probe, int64_t now_us)
{
  probe->waiting = false;
  probe->wait_us = MIN (probe->wait_us + EVERY_MORE_US, EVERY_MAX_US);
  probe->next_us = now_us + probe->wait_us;
}

bool
sfu_probe_next (SfuProbe *probe, uint32_t estimate_bps, int64_t now_us, uint32_t *ret_rate_bps, uint32_t *ret_bytes,
                uint8_t *ret_id)
{
  const SfuProbeCluster *cluster;
  int64_t due;

  if (probe->running == 0 && probe->waiting && probe->n_queued == 0 && now_us - probe->ended_us > RESULT_US)
    fail (probe, now_us);
  if (probe->running == 0 && !probe->waiting && probe->n_queued == 0 && now_us >= probe->next_us &&
      is_wanted (probe, estimate_bps))
    queue (probe, 2.0 * estimate_bps);
  if (probe->running == 0 && probe->n_queued > 0)
    begin (probe, now_us);
  if (probe->running == 0)
    return false;
  cluster = &probe->clusters[probe->running - 1];
  due = (int64_t) cluster->rate_bps * (now_us - cluster->begin_us) / 8000000 - (int64_t) cluster->sent_bytes;
  if (due < 0)
    return false;
  *ret_rate_bps = cluster->rate_bps;
  *ret_bytes = MAX ((uint32_t) due, cluster->target_bytes / PKTS_MIN);
  *ret_id = probe->running;
  return true;
}

uint8_t
sfu_probe_get_running (const SfuProbe *probe)
{
  return probe->running;
}

void
sfu_probe_on_sent (SfuProbe *probe, uint8_t id, uint32_t bytes, int64_t now_us)
{
  SfuProbeCluster *cluster;

  if (id == 0 || id > SFU_PROBE_CLUSTERS)
    return;
  cluster = &probe->clusters[id - 1];
  if (cluster->sent_pkts == 0)
    cluster->first_sent_us = now_us;
  cluster->sent_pkts++;
  cluster->sent_bytes += bytes;
  if (probe->running == id && cluster->sent_bytes >= cluster->target_bytes && cluster->sent_pkts >= PKTS_MIN &&
      now_us > cluster->first_sent_us)
    {
      cluster->done = true;
      probe->running = 0;
      probe->ended_us = now_us;
    }
}

static uint32_t
measure (const SfuProbeCluster *cluster)
{
  int64_t sent_us = cluster->last_sent_us - cluster->first_sent_us;
  int64_t arrived_us = cluster->last_arrival_us - cluster->first_arrival_us;
  double sent_bps, arrived_bps;

  if (!cluster->done || cluster->arrived_pkts < ARRIVED * cluster->sent_pkts ||
      cluster->arrived_bytes < ARRIVED * cluster->sent_bytes || cluster->arrived_pkts < PKTS_MIN - 1)
    return 0;
  if (sent_us <= 0 || sent_us > INTERVAL_MAX_US || arrived_us <= 0 || arrived_us > INTERVAL_MAX_US)
    return 0;
  sent_bps = (cluster->arrived_bytes - cluster->last_sent_bytes) * 8e6 / (double) sent_us;
  arrived_bps = (cluster->arrived_bytes - cluster->first_arrived_bytes) * 8e6 / (double) arrived_us;
  if (arrived_bps > RATIO_MAX * sent_bps)
    return 0;
  if (arrived_bps < SATURATED * sent_bps)
    return (uint32_t) (UTILISATION * arrived_bps);
  return (uint32_t) MIN (sent_bps, arrived_bps);
}

uint32_t
sfu_probe_on_arrival (SfuProbe *probe, uint8_t id, uint32_t bytes, int64_t sent_us, int64_t arrival_us)
{
  SfuProbeCluster *cluster;

  if (id == 0 || id > SFU_PROBE_CLUSTERS || probe->clusters[id - 1].sent_pkts == 0)
    return 0;
  cluster = &probe->clusters[id - 1];
  if (cluster->arrived_pkts == 0 || sent_us < cluster->first_sent_us)
    cluster->first_sent_us = sent_us;
  if (cluster->arrived_pkts == 0 || sent_us >= cluster->last_sent_us)
    {
      cluster->last_sent_us = sent_us;
      cluster->last_sent_bytes = (uint16_t) bytes;
    }
  if (cluster->arrived_pkts == 0 || arrival_us < cluster->first_arrival_us)
    {
      cluster->first_arrival_us = arrival_us;
      cluster->first_arrived_bytes = (uint16_t) bytes;
    }
  if (cluster->arrived_pkts == 0 || arrival_us > cluster->last_arrival_us)
    cluster->last_arrival_us = arrival_us;
  cluster->arrived_pkts++;
  cluster->arrived_bytes += bytes;
  return measure (cluster);
}

void
sfu_probe_on_result (SfuProbe *probe, uint32_t result_bps, int64_t now_us)
{
  if (!probe->waiting || probe->running != 0 || probe->n_queued > 0)
    return;
  if (result_bps < FURTHER * probe->tried_bps)
    return; /* of an earlier one, or all that the path has: the wait ends by itself */
  probe->waiting = false;
  probe->wait_us = EVERY_US;
  probe->next_us = now_us + probe->wait_us;
  if (probe->wanted_bps != UINT32_MAX && probe->wanted_bps > result_bps)
    queue (probe, 2.0 * result_bps);
}

int64_t
sfu_probe_get_deadline (const SfuProbe *probe, uint32_t estimate_bps)
{
  if (probe->running != 0)
    {
      const SfuProbeCluster *cluster = &probe->clusters[probe->running - 1];

      return cluster->begin_us + (int64_t) cluster->sent_bytes * 8000000 / cluster->rate_bps + 1;
    }
  if (probe->n_queued > 0)
    return 0;
  if (probe->waiting)
    return probe->ended_us + RESULT_US + 1;
  return is_wanted (probe, estimate_bps) ? probe->next_us : INT64_MAX;
}
