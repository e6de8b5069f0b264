/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probing: a rate that the media do not fill can only be known by trying it. A cluster is a run of packets, media and what is
 * added to them, sent at one rate for some 25 ms; what comes of it shows whether the path carries that rate.
 *
 *   idle -- first packet, a path, a wish --> running -- all sent --> waiting -- result or 1 s --> idle or running (further)
 *
 * When they run: at the start (2 and 3 times the start rate) and on a new path; after a result that shows at least 0.7 of
 * what was tried, at twice the result; as long as more is wanted than the estimate allows, and the next larger layer is too
 * large a step to fill the estimate, at twice the estimate every 3 s (4, then 5 s when one shows nothing new); at once when
 * what is wanted grows beyond the estimate. Never beyond 1.2 times what is wanted. Nothing is wanted: nothing runs.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** SFU_PROBE_CLUSTERS: under way at once, ids 1 to this. */
#define SFU_PROBE_CLUSTERS 15

/** SfuProbeCluster: what was sent, and what has arrived. Times of the first and last packet; bytes of all, of the last sent and
 *  of the first arrived. */
typedef struct {
  uint32_t rate_bps, target_bytes;
  uint32_t sent_bytes, arrived_bytes;
  uint16_t sent_pkts, arrived_pkts, last_sent_bytes, first_arrived_bytes;
  int64_t begin_us, first_sent_us, last_sent_us, first_arrival_us, last_arrival_us;
  bool done;
} SfuProbeCluster;

/** SfuProbe: plain; begins with sfu_probe_init(). */
typedef struct {
  /*< private >*/
  SfuProbeCluster clusters[SFU_PROBE_CLUSTERS];
  uint32_t queued_bps[4];
  uint8_t n_queued;
  uint8_t running, last_id; /* 0: none */
  bool waiting, filled;
  uint32_t tried_bps; /* the most of those waited for */
  uint32_t wanted_bps;
  int64_t ended_us, next_us, wait_us;
} SfuProbe;

/** sfu_probe_init: forgets everything. */
void sfu_probe_init (SfuProbe *probe);
/** sfu_probe_start: the clusters of a start. @rate_bps: the start rate. */
void sfu_probe_start (SfuProbe *probe, uint32_t rate_bps, int64_t now_us);
/** sfu_probe_set_wanted: what would be sent if the path had room for it; UINT32_MAX (new): not known, and nothing is tried but
 *  the start. */
void sfu_probe_set_wanted (SfuProbe *probe, uint32_t wanted_bps, uint32_t estimate_bps, int64_t now_us);
/** sfu_probe_set_filled: is the estimate used up by what is sent: then it grows without probing, as it is fair to others. */
void sfu_probe_set_filled (SfuProbe *probe, bool filled);
/** sfu_probe_cancel: the queue grows: what runs or waits is given up. */
void sfu_probe_cancel (SfuProbe *probe, int64_t now_us);
/** sfu_probe_next: Returns: is a cluster running, and are there @ret_bytes due now that media have not filled. */
bool sfu_probe_next (SfuProbe *probe, uint32_t estimate_bps, int64_t now_us, uint32_t *ret_rate_bps, uint32_t *ret_bytes,
                     uint8_t *ret_id);
/** sfu_probe_get_running: Returns: the cluster that what is sent now belongs to; 0: none. */
uint8_t sfu_probe_get_running (const SfuProbe *probe);
/** sfu_probe_on_sent: a packet of cluster @id. */
void sfu_probe_on_sent (SfuProbe *probe, uint8_t id, uint32_t bytes, int64_t now_us);
/** sfu_probe_on_arrival: it was received. Returns: the rate that the cluster has shown; 0: not (yet). */
uint32_t sfu_probe_on_arrival (SfuProbe *probe, uint8_t id, uint32_t bytes, int64_t sent_us, int64_t arrival_us);
/** sfu_probe_on_result: what sfu_probe_on_arrival() returned, once for each feedback and after it. */
void sfu_probe_on_result (SfuProbe *probe, uint32_t result_bps, int64_t now_us);
/** sfu_probe_get_deadline: Returns: when sfu_probe_next() may have something; INT64_MAX: never. */
int64_t sfu_probe_get_deadline (const SfuProbe *probe, uint32_t estimate_bps);
