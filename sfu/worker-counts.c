/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker has counted, published once a second. Transports count for themselves: what they have is added up here. */
#include "sfu/worker-private.h"

#define PUBLISH_US G_USEC_PER_SEC

void
sfu_leg_add_counts (const SfuLeg *leg, SfuCounts *counts)
{
  SfuTransportStats stats;

  sfu_transport_get_stats (leg->transport, &stats);
  counts->path_changes += stats.path_changes;
  counts->rx_pkts += stats.rx_pkts;
  counts->rx_bytes += stats.rx_bytes;
  counts->tx_pkts += leg->tx_pkts;
  counts->tx_bytes += leg->tx_bytes;
  counts->dropped[SFU_DROP_STRANGER] += stats.rx_bad_path;
  counts->dropped[SFU_DROP_CHECK] += stats.rx_bad_checks;
  counts->dropped[SFU_DROP_EARLY] += stats.rx_early;
  counts->dropped[SFU_DROP_UNAUTHENTIC] += stats.srtp.bad_auth;
  counts->dropped[SFU_DROP_REPLAYED] += stats.srtp.bad_replay;
  counts->dropped[SFU_DROP_MALFORMED] += stats.srtp.bad_format;
}

void
sfu_worker_get_counts (SfuWorker *worker, SfuCounts *ret_counts)
{
  GHashTableIter iter;
  gpointer value;

  *ret_counts = worker->counts;
  ret_counts->connections = worker->conns->len;
  ret_counts->dropped[SFU_DROP_MAIL] += sfu_mesh_get_n_refused (worker->config.mesh, worker->config.index);
  g_hash_table_iter_init (&iter, worker->legs);
  while (g_hash_table_iter_next (&iter, &value, NULL))
    {
      sfu_leg_add_counts (value, ret_counts);
      ret_counts->legs[((SfuLeg *) value)->setup->publisher]++;
    }
  g_hash_table_iter_init (&iter, worker->shards);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    ret_counts->rooms += sfu_shard_is_home (value);
  g_hash_table_iter_init (&iter, worker->tracks);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((SfuTrack *) value)->published != NULL)
      ret_counts->tracks[((SfuTrack *) value)->kind]++;
}

static void
on_publish (AlTimer *timer, void *user)
{
  SfuWorker *worker = user;
  SfuCounts counts;

  sfu_worker_get_counts (worker, &counts);
  sfu_report_publish (worker->report, &counts);
  al_timer_set (al_loop_get_timers (worker->loop), timer, al_loop_now_us (worker->loop) + PUBLISH_US);
}

void
sfu_worker_begin_report (SfuWorker *worker)
{
  worker->report = sfu_report_new (worker->config.metrics);
  al_timer_init (&worker->publish, on_publish, worker);
  al_timer_set (al_loop_get_timers (worker->loop), &worker->publish, al_loop_now_us (worker->loop) + PUBLISH_US);
}
