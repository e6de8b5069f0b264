/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/report.h"

typedef enum { IN, OUT, N_DIRECTIONS } Direction;

struct SfuReport {
  SfuCounts last;
  /* the registry's */
  AlCounter *connected, *ended[SFU_END_N], *path_changes, *crossed, *dropped[SFU_DROP_N];
  AlCounter *packets[N_DIRECTIONS], *bytes[N_DIRECTIONS], *nacks[N_DIRECTIONS], *requests[N_DIRECTIONS];
  AlCounter *retransmissions[N_DIRECTIONS];
  AlGauge *rooms, *legs[2], *tracks[SFU_KIND_N], *connections;
};

static void
make_flows (SfuReport *report, AlMetrics *metrics)
{
  static const char *const directions[N_DIRECTIONS] = { "direction=\"in\"", "direction=\"out\"" };

  for (unsigned i = 0; i < N_DIRECTIONS; i++)
    {
      const char *labels = directions[i];

      report->packets[i] = al_metrics_counter (metrics, "aldis_sfu_packets", "SRTP and SRTCP packets.", labels);
      report->bytes[i] = al_metrics_counter (metrics, "aldis_sfu_bytes", "Bytes of them, behind IP and UDP.", labels);
      report->nacks[i] = al_metrics_counter (metrics, "aldis_sfu_nacks",
                                             "Packets that were asked for again: by subscribers, of publishers.", labels);
      report->requests[i] = al_metrics_counter (metrics, "aldis_sfu_keyframe_requests",
                                                "PLI and FIR of subscribers, and those sent to publishers.", labels);
      report->retransmissions[i] = al_metrics_counter (metrics, "aldis_sfu_retransmissions",
                                                       "Packets of media that came or went by RTX.", labels);
    }
}

static void
make_gauges (SfuReport *report, AlMetrics *metrics)
{
  static const char *const legs[2] = { "direction=\"subscribe\"", "direction=\"publish\"" };
  static const char *const kinds[SFU_KIND_N] = { [SFU_AUDIO] = "kind=\"audio\"", [SFU_VIDEO] = "kind=\"video\"" };

  report->rooms = al_metrics_gauge (metrics, "aldis_sfu_rooms", "Rooms of the media plane, streams included.", NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (legs); i++)
    report->legs[i] = al_metrics_gauge (metrics, "aldis_sfu_legs", "Transports that somebody has connected to.", legs[i]);
  for (unsigned i = 0; i < SFU_KIND_N; i++)
    report->tracks[i] = al_metrics_gauge (metrics, "aldis_sfu_tracks", "Tracks that are published.", kinds[i]);
  report->connections = al_metrics_gauge (metrics, "aldis_sfu_connections", "Connections of ICE over TCP.", NULL);
}

SfuReport *
sfu_report_new (AlMetrics *metrics)
{
  SfuReport *report = g_new0 (SfuReport, 1);

  make_gauges (report, metrics);
  report->connected = al_metrics_counter (metrics, "aldis_sfu_connected", "Transports that were connected or came back.", NULL);
  for (unsigned i = SFU_END_NONE + 1; i < SFU_END_N; i++)
    {
      g_autofree char *labels = al_metrics_labels ("reason", sfu_end_name ((SfuTransportEnd) i), NULL);

      report->ended[i] = al_metrics_counter (metrics, "aldis_sfu_ended", "Transports that ended.", labels);
    }
  report->path_changes =
      al_metrics_counter (metrics, "aldis_sfu_path_changes", "Addresses that transports began at or moved to.", NULL);
  make_flows (report, metrics);
  report->crossed = al_metrics_counter (metrics, "aldis_sfu_crossed", "Packets handed from one worker to another.", NULL);
  for (unsigned i = 0; i < SFU_DROP_N; i++)
    {
      g_autofree char *labels = al_metrics_labels ("reason", sfu_drop_name ((SfuDrop) i), NULL);

      report->dropped[i] = al_metrics_counter (metrics, "aldis_sfu_dropped", "What was not passed on.", labels);
    }
  return report;
}

static void
add (AlCounter *counter, uint64_t now, uint64_t before)
{
  if (now > before)
    al_counter_add (counter, now - before);
}

static void
move (AlGauge *gauge, uint64_t now, uint64_t before)
{
  if (now != before)
    al_gauge_add (gauge, (int64_t) now - (int64_t) before);
}

static void
publish_gauges (SfuReport *report, const SfuCounts *counts)
{
  const SfuCounts *last = &report->last;

  move (report->rooms, counts->rooms, last->rooms);
  move (report->connections, counts->connections, last->connections);
  for (unsigned i = 0; i < 2; i++)
    move (report->legs[i], counts->legs[i], last->legs[i]);
  for (unsigned i = 0; i < SFU_KIND_N; i++)
    move (report->tracks[i], counts->tracks[i], last->tracks[i]);
}

void
sfu_report_publish (SfuReport *report, const SfuCounts *counts)
{
  const SfuCounts *last = &report->last;

  publish_gauges (report, counts);
  add (report->connected, counts->connected, last->connected);
  for (unsigned i = SFU_END_NONE + 1; i < SFU_END_N; i++)
    add (report->ended[i], counts->ended[i], last->ended[i]);
  add (report->path_changes, counts->path_changes, last->path_changes);
  add (report->packets[IN], counts->rx_pkts, last->rx_pkts);
  add (report->packets[OUT], counts->tx_pkts, last->tx_pkts);
  add (report->bytes[IN], counts->rx_bytes, last->rx_bytes);
  add (report->bytes[OUT], counts->tx_bytes, last->tx_bytes);
  add (report->nacks[IN], counts->rx_nacks, last->rx_nacks);
  add (report->nacks[OUT], counts->tx_nacks, last->tx_nacks);
  add (report->requests[IN], counts->rx_keyframe_requests, last->rx_keyframe_requests);
  add (report->requests[OUT], counts->tx_keyframe_requests, last->tx_keyframe_requests);
  add (report->retransmissions[IN], counts->recovered, last->recovered);
  add (report->retransmissions[OUT], counts->resent, last->resent);
  add (report->crossed, counts->crossed, last->crossed);
  for (unsigned i = 0; i < SFU_DROP_N; i++)
    add (report->dropped[i], counts->dropped[i], last->dropped[i]);
  report->last = *counts;
}

void
sfu_report_free (SfuReport *report)
{
  SfuCounts gone;

  if (report == NULL)
    return;
  gone = report->last;
  gone.rooms = gone.connections = 0;
  gone.legs[0] = gone.legs[1] = 0;
  for (unsigned i = 0; i < SFU_KIND_N; i++)
    gone.tracks[i] = 0;
  publish_gauges (report, &gone);
  g_free (report);
}
