/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/report.h"

typedef struct {
  AlCounter *packets[2], *bytes[2]; /* from the client; to it */
} Flow;

struct RelayReport {
  RelayTurnStats last;
  /* the registry's */
  AlCounter *bindings, *auth_failures, *stale_nonces, *refused_quota, *refused_capacity, *forbidden, *hairpins, *moves;
  AlCounter *links[RELAY_HOW_N], *failed_links;
  AlGauge *active_links;
  AlCounter *allocations[RELAY_TRANSPORT_N], *ended[RELAY_END_N], *dropped[RELAY_DROP_N];
  AlGauge *active[RELAY_TRANSPORT_N];
  Flow flows[RELAY_TRANSPORT_N][RELAY_FAMILY_N];
};

const char *
relay_transport_name (RelayTransport transport)
{
  static const char *const names[RELAY_TRANSPORT_N] = { "udp", "tcp", "tls", "dtls" };

  return names[transport];
}

const char *
relay_family_name (RelayFamily family)
{
  return family == RELAY_IPV4 ? "ipv4" : "ipv6";
}

const char *
relay_end_name (RelayEndReason reason)
{
  static const char *const names[RELAY_END_N] = { "deleted", "expired", "closed", "revoked", "shutdown" };

  return names[reason];
}

const char *
relay_drop_name (RelayDrop drop)
{
  static const char *const names[RELAY_DROP_N] = {
    "malformed",      "unauthorized", "permission", "channel", "policy",      "bandwidth",
    "user_bandwidth", "reply_rate",   "stale",      "away",    "connections", "long",
  };

  return names[drop];
}

static void
make_flow (RelayReport *report, AlMetrics *metrics, RelayTransport transport, RelayFamily family)
{
  static const char *const directions[] = { "from_client", "to_client" };
  Flow *flow = &report->flows[transport][family];

  for (unsigned i = 0; i < 2; i++)
    {
      g_autofree char *labels = al_metrics_labels ("transport", relay_transport_name (transport), "family",
                                                   relay_family_name (family), "direction", directions[i], NULL);

      flow->packets[i] = al_metrics_counter (metrics, "aldis_relay_packets", "Datagrams that were relayed.", labels);
      flow->bytes[i] = al_metrics_counter (metrics, "aldis_relay_bytes", "Payload that was relayed.", labels);
    }
}

static void
make_transports (RelayReport *report, AlMetrics *metrics)
{
  for (unsigned i = 0; i < RELAY_TRANSPORT_N; i++)
    {
      g_autofree char *labels = al_metrics_labels ("transport", relay_transport_name ((RelayTransport) i), NULL);

      report->allocations[i] = al_metrics_counter (metrics, "aldis_relay_allocations", "Allocations that were made.", labels);
      report->active[i] = al_metrics_gauge (metrics, "aldis_relay_active", "Allocations that live.", labels);
      for (unsigned family = 0; family < RELAY_FAMILY_N; family++)
        make_flow (report, metrics, (RelayTransport) i, (RelayFamily) family);
    }
}

static void
make_links (RelayReport *report, AlMetrics *metrics)
{
  static const char *const hows[RELAY_HOW_N] = { "how=\"connect\"", "how=\"accept\"" };

  for (unsigned i = 0; i < RELAY_HOW_N; i++)
    report->links[i] = al_metrics_counter (metrics, "aldis_relay_peer_connections", "TCP connections with peers.", hows[i]);
  report->failed_links = al_metrics_counter (metrics, "aldis_relay_peer_connections_failed",
                                             "Peers that could not be reached over TCP.", NULL);
  report->active_links =
      al_metrics_gauge (metrics, "aldis_relay_peer_connections_active", "TCP connections with peers that live.", NULL);
}

RelayReport *
relay_report_new (AlMetrics *metrics)
{
  RelayReport *report = g_new0 (RelayReport, 1);

  report->bindings = al_metrics_counter (metrics, "aldis_relay_bindings", "Binding requests that were answered.", NULL);
  report->auth_failures =
      al_metrics_counter (metrics, "aldis_relay_auth_failures", "Requests of an unknown user or with a wrong key.", NULL);
  report->stale_nonces = al_metrics_counter (metrics, "aldis_relay_stale_nonces", "Requests with an old nonce.", NULL);
  report->refused_quota =
      al_metrics_counter (metrics, "aldis_relay_refused", "Allocations that were refused.", "reason=\"quota\"");
  report->refused_capacity =
      al_metrics_counter (metrics, "aldis_relay_refused", "Allocations that were refused.", "reason=\"capacity\"");
  report->forbidden = al_metrics_counter (metrics, "aldis_relay_forbidden_peers", "Peers that were refused.", NULL);
  report->hairpins =
      al_metrics_counter (metrics, "aldis_relay_hairpins", "Datagrams between two allocations of this server.", NULL);
  report->moves = al_metrics_counter (metrics, "aldis_relay_moves",
                                      "Allocations whose client came back from another address.", NULL);
  make_links (report, metrics);
  for (unsigned i = 0; i < RELAY_END_N; i++)
    {
      g_autofree char *labels = al_metrics_labels ("reason", relay_end_name ((RelayEndReason) i), NULL);

      report->ended[i] = al_metrics_counter (metrics, "aldis_relay_ended", "Allocations that ended.", labels);
    }
  for (unsigned i = 0; i < RELAY_DROP_N; i++)
    {
      g_autofree char *labels = al_metrics_labels ("reason", relay_drop_name ((RelayDrop) i), NULL);

      report->dropped[i] = al_metrics_counter (metrics, "aldis_relay_dropped", "What was not passed on.", labels);
    }
  make_transports (report, metrics);
  return report;
}

void
relay_report_free (RelayReport *report)
{
  if (report == NULL)
    return;
  for (unsigned i = 0; i < RELAY_TRANSPORT_N; i++)
    al_gauge_add (report->active[i], -(int64_t) report->last.active[i]);
  al_gauge_add (report->active_links, -(int64_t) report->last.active_links);
  g_free (report);
}

static void
add (AlCounter *counter, uint64_t now, uint64_t before)
{
  if (now > before)
    al_counter_add (counter, now - before);
}

static void
publish_transport (RelayReport *report, const RelayTurnStats *stats, unsigned i)
{
  const RelayTurnStats *last = &report->last;

  add (report->allocations[i], stats->allocations[i], last->allocations[i]);
  if (stats->active[i] != last->active[i])
    al_gauge_add (report->active[i], (int64_t) stats->active[i] - (int64_t) last->active[i]);
  for (unsigned family = 0; family < RELAY_FAMILY_N; family++)
    {
      const RelayTraffic *now = &stats->traffic[i][family], *before = &last->traffic[i][family];
      Flow *flow = &report->flows[i][family];

      add (flow->packets[0], now->rx_pkts, before->rx_pkts);
      add (flow->packets[1], now->tx_pkts, before->tx_pkts);
      add (flow->bytes[0], now->rx_bytes, before->rx_bytes);
      add (flow->bytes[1], now->tx_bytes, before->tx_bytes);
    }
}

void
relay_report_publish (RelayReport *report, const RelayTurnStats *stats)
{
  const RelayTurnStats *last = &report->last;

  add (report->bindings, stats->bindings, last->bindings);
  add (report->auth_failures, stats->auth_failures, last->auth_failures);
  add (report->stale_nonces, stats->stale_nonces, last->stale_nonces);
  add (report->refused_quota, stats->refused_quota, last->refused_quota);
  add (report->refused_capacity, stats->refused_capacity, last->refused_capacity);
  add (report->forbidden, stats->forbidden, last->forbidden);
  add (report->hairpins, stats->hairpins, last->hairpins);
  add (report->moves, stats->moves, last->moves);
  add (report->failed_links, stats->failed_links, last->failed_links);
  for (unsigned i = 0; i < RELAY_HOW_N; i++)
    add (report->links[i], stats->links[i], last->links[i]);
  if (stats->active_links != last->active_links)
    al_gauge_add (report->active_links, (int64_t) stats->active_links - (int64_t) last->active_links);
  for (unsigned i = 0; i < RELAY_END_N; i++)
    add (report->ended[i], stats->ended[i], last->ended[i]);
  for (unsigned i = 0; i < RELAY_DROP_N; i++)
    add (report->dropped[i], stats->dropped[i], last->dropped[i]);
  for (unsigned i = 0; i < RELAY_TRANSPORT_N; i++)
    publish_transport (report, stats, i);
  report->last = *stats;
}
