/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/report.h"

#include "bench.h"
#include "series.h"

static void
test_counts (void)
{
  g_autoptr (AlMetrics) metrics = al_metrics_new ();
  g_autoptr (RelayReport) report = relay_report_new (metrics);
  RelayTurnStats stats = { .bindings = 1, .auth_failures = 2, .stale_nonces = 3, .refused_quota = 4, .refused_capacity = 5,
                           .forbidden = 6, .hairpins = 7 };

  g_assert_cmpfloat (value_of (metrics, "aldis_relay_bindings_total"), ==, 0); /* a series is there before it counts */
  for (unsigned i = 0; i < 2; i++) /* nothing new the second time */
    {
      relay_report_publish (report, &stats);
      g_assert_cmpfloat (value_of (metrics, "aldis_relay_bindings_total"), ==, 1);
      g_assert_cmpfloat (value_of (metrics, "aldis_relay_auth_failures_total"), ==, 2);
      g_assert_cmpfloat (value_of (metrics, "aldis_relay_stale_nonces_total"), ==, 3);
      g_assert_cmpfloat (value_of (metrics, "aldis_relay_refused_total{reason=\"quota\"}"), ==, 4);
      g_assert_cmpfloat (value_of (metrics, "aldis_relay_refused_total{reason=\"capacity\"}"), ==, 5);
      g_assert_cmpfloat (value_of (metrics, "aldis_relay_forbidden_peers_total"), ==, 6);
      g_assert_cmpfloat (value_of (metrics, "aldis_relay_hairpins_total"), ==, 7);
    }
  stats.bindings = 100;
  stats.hairpins = UINT64_C (1) << 40;
  relay_report_publish (report, &stats);
  g_assert_cmpfloat (value_of (metrics, "aldis_relay_bindings_total"), ==, 100);
  g_assert_cmpfloat (value_of (metrics, "aldis_relay_hairpins_total"), ==, (double) (UINT64_C (1) << 40));
  /* an allocation that never came to be is taken back in the state machine; a counter never falls */
  stats.bindings = 99;
  relay_report_publish (report, &stats);
  g_assert_cmpfloat (value_of (metrics, "aldis_relay_bindings_total"), ==, 100);
}

/* every reason and every flow has a series of its own */
static void
test_labels (void)
{
  g_autoptr (AlMetrics) metrics = al_metrics_new ();
  g_autoptr (RelayReport) report = relay_report_new (metrics);
  RelayTurnStats stats = { 0 };
  unsigned n = 0;

  for (unsigned i = 0; i < RELAY_END_N; i++)
    stats.ended[i] = ++n;
  for (unsigned i = 0; i < RELAY_DROP_N; i++)
    stats.dropped[i] = ++n;
  for (unsigned i = 0; i < RELAY_TRANSPORT_N; i++)
    {
      stats.allocations[i] = ++n;
      for (unsigned family = 0; family < RELAY_FAMILY_N; family++)
        {
          stats.traffic[i][family] = (RelayTraffic){ n + 1, n + 2, n + 3, n + 4 };
          n += 4;
        }
    }
  relay_report_publish (report, &stats);
  n = 0;
  for (unsigned i = 0; i < RELAY_END_N; i++)
    {
      g_autofree char *series = g_strdup_printf ("aldis_relay_ended_total{reason=\"%s\"}", relay_end_name ((RelayEndReason) i));

      g_assert_cmpfloat (value_of (metrics, series), ==, ++n);
    }
  for (unsigned i = 0; i < RELAY_DROP_N; i++)
    {
      g_autofree char *series = g_strdup_printf ("aldis_relay_dropped_total{reason=\"%s\"}", relay_drop_name ((RelayDrop) i));

      g_assert_cmpfloat (value_of (metrics, series), ==, ++n);
    }
  for (unsigned i = 0; i < RELAY_TRANSPORT_N; i++)
    {
      const char *transport = relay_transport_name ((RelayTransport) i);
      g_autofree char *made = g_strdup_printf ("aldis_relay_allocations_total{transport=\"%s\"}", transport);

      g_assert_cmpfloat (value_of (metrics, made), ==, ++n);
      for (unsigned at = 0; at < 4 * RELAY_FAMILY_N; at++)
        {
          g_autofree char *flow = g_strdup_printf (
              "aldis_relay_%s_total{transport=\"%s\",family=\"%s\",direction=\"%s\"}", at % 2 == 0 ? "packets" : "bytes",
              transport, relay_family_name ((RelayFamily) (at / 4)), at % 4 < 2 ? "from_client" : "to_client");

          g_assert_cmpfloat (value_of (metrics, flow), ==, ++n);
        }
    }
}

/* what lives now, of all workers together; a worker that ends takes its own away */
static void
test_active (void)
{
  g_autoptr (AlMetrics) metrics = al_metrics_new ();
  RelayReport *one = relay_report_new (metrics), *two = relay_report_new (metrics);
  RelayTurnStats of_one = { .active = { 5, 1, 0 } }, of_two = { .active = { 7, 0, 2 }, .bindings = 3 };

  relay_report_publish (one, &of_one);
  relay_report_publish (two, &of_two);
  relay_report_publish (two, &of_two);
  g_assert_cmpfloat (value_of (metrics, "aldis_relay_active{transport=\"udp\"}"), ==, 12);
  g_assert_cmpfloat (value_of (metrics, "aldis_relay_active{transport=\"tcp\"}"), ==, 1);
  g_assert_cmpfloat (value_of (metrics, "aldis_relay_active{transport=\"tls\"}"), ==, 2);
  of_one.active[RELAY_UDP] = 2;
  relay_report_publish (one, &of_one);
  g_assert_cmpfloat (value_of (metrics, "aldis_relay_active{transport=\"udp\"}"), ==, 9);
  relay_report_free (two);
  g_assert_cmpfloat (value_of (metrics, "aldis_relay_active{transport=\"udp\"}"), ==, 2);
  g_assert_cmpfloat (value_of (metrics, "aldis_relay_active{transport=\"tls\"}"), ==, 0);
  g_assert_cmpfloat (value_of (metrics, "aldis_relay_bindings_total"), ==, 3);
  relay_report_free (one);
  relay_report_free (NULL);
  g_assert_cmpfloat (value_of (metrics, "aldis_relay_active{transport=\"udp\"}"), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/report/counts", test_counts);
  g_test_add_func ("/relay/report/labels", test_labels);
  g_test_add_func ("/relay/report/active", test_active);
  return g_test_run ();
}
