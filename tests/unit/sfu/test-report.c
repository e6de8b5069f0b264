/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/report.h"

#include "series.h"

static const struct {
  const char *series;
  size_t at; /* in SfuCounts */
} counters[] = {
#define ROW(series, member) { series, offsetof (SfuCounts, member) }
  ROW ("aldis_sfu_connected_total", connected),
  ROW ("aldis_sfu_ended_total{reason=\"peer\"}", ended[SFU_END_PEER]),
  ROW ("aldis_sfu_ended_total{reason=\"timeout\"}", ended[SFU_END_TIMEOUT]),
  ROW ("aldis_sfu_path_changes_total", path_changes),
  ROW ("aldis_sfu_packets_total{direction=\"in\"}", rx_pkts),
  ROW ("aldis_sfu_packets_total{direction=\"out\"}", tx_pkts),
  ROW ("aldis_sfu_bytes_total{direction=\"in\"}", rx_bytes),
  ROW ("aldis_sfu_bytes_total{direction=\"out\"}", tx_bytes),
  ROW ("aldis_sfu_crossed_total", crossed),
  ROW ("aldis_sfu_nacks_total{direction=\"in\"}", rx_nacks),
  ROW ("aldis_sfu_nacks_total{direction=\"out\"}", tx_nacks),
  ROW ("aldis_sfu_keyframe_requests_total{direction=\"in\"}", rx_keyframe_requests),
  ROW ("aldis_sfu_keyframe_requests_total{direction=\"out\"}", tx_keyframe_requests),
  ROW ("aldis_sfu_retransmissions_total{direction=\"in\"}", recovered),
  ROW ("aldis_sfu_retransmissions_total{direction=\"out\"}", resent),
#undef ROW
};

/* each counter has a series of its own, which is there before it counts, and never falls */
static void
test_counters (void)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (counters); i++)
    {
      g_autoptr (AlMetrics) metrics = al_metrics_new ();
      g_autoptr (SfuReport) report = sfu_report_new (metrics);
      SfuCounts counts = { 0 };
      uint64_t *count = (uint64_t *) (void *) ((char *) &counts + counters[i].at);

      for (unsigned other = 0; other < G_N_ELEMENTS (counters); other++)
        g_assert_cmpfloat (value_of (metrics, counters[other].series), ==, 0);
      *count = UINT64_C (1) << 40;
      for (unsigned n = 0; n < 2; n++) /* nothing new the second time */
        {
          sfu_report_publish (report, &counts);
          for (unsigned other = 0; other < G_N_ELEMENTS (counters); other++)
            g_assert_cmpfloat (value_of (metrics, counters[other].series), ==, other == i ? (double) (UINT64_C (1) << 40) : 0);
        }
      *count = 1;
      sfu_report_publish (report, &counts);
      g_assert_cmpfloat (value_of (metrics, counters[i].series), ==, (double) (UINT64_C (1) << 40));
    }
}

/* every reason for which something is dropped can be told from the others */
static void
test_drops (void)
{
  g_autoptr (AlMetrics) metrics = al_metrics_new ();
  g_autoptr (SfuReport) report = sfu_report_new (metrics);
  SfuCounts counts = { 0 };

  for (unsigned i = 0; i < SFU_DROP_N; i++)
    counts.dropped[i] = 100 + i;
  sfu_report_publish (report, &counts);
  for (unsigned i = 0; i < SFU_DROP_N; i++)
    {
      g_autofree char *series = g_strdup_printf ("aldis_sfu_dropped_total{reason=\"%s\"}", sfu_drop_name ((SfuDrop) i));

      g_assert_cmpfloat (value_of (metrics, series), ==, 100 + i);
    }
}

static void
check_gauges (AlMetrics *metrics, double rooms, double subscribers, double publishers, double audio, double video,
              double connections)
{
  g_assert_cmpfloat (value_of (metrics, "aldis_sfu_rooms"), ==, rooms);
  g_assert_cmpfloat (value_of (metrics, "aldis_sfu_legs{direction=\"subscribe\"}"), ==, subscribers);
  g_assert_cmpfloat (value_of (metrics, "aldis_sfu_legs{direction=\"publish\"}"), ==, publishers);
  g_assert_cmpfloat (value_of (metrics, "aldis_sfu_tracks{kind=\"audio\"}"), ==, audio);
  g_assert_cmpfloat (value_of (metrics, "aldis_sfu_tracks{kind=\"video\"}"), ==, video);
  g_assert_cmpfloat (value_of (metrics, "aldis_sfu_connections"), ==, connections);
}

/* what there is, of all workers together; a worker that ends takes its part back */
static void
test_gauges (void)
{
  g_autoptr (AlMetrics) metrics = al_metrics_new ();
  SfuReport *one = sfu_report_new (metrics), *two = sfu_report_new (metrics);
  SfuCounts counts = { .rooms = 1, .legs = { 2, 3 }, .tracks = { 4, 5 }, .connections = 6, .rx_pkts = 7 };

  sfu_report_publish (one, &counts);
  sfu_report_publish (two, &counts);
  check_gauges (metrics, 2, 4, 6, 8, 10, 12);
  counts = (SfuCounts){ .legs = { 1, 0 }, .rx_pkts = 7 };
  sfu_report_publish (one, &counts);
  check_gauges (metrics, 1, 3, 3, 4, 5, 6);
  sfu_report_free (two);
  check_gauges (metrics, 0, 1, 0, 0, 0, 0);
  sfu_report_free (one);
  check_gauges (metrics, 0, 0, 0, 0, 0, 0);
  g_assert_cmpfloat (value_of (metrics, "aldis_sfu_packets_total{direction=\"in\"}"), ==, 14);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/report/counters", test_counters);
  g_test_add_func ("/sfu/report/drops", test_drops);
  g_test_add_func ("/sfu/report/gauges", test_gauges);
  return g_test_run ();
}
