/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/front-private.h"

static AlCounter *
counter (AlMetrics *metrics, const char *name, const char *help, const char *label, const char *value)
{
  g_autofree char *labels = label != NULL ? al_metrics_labels (label, value, NULL) : NULL;

  return al_metrics_counter (metrics, name, help, labels);
}

static AlGauge *
connections (AlMetrics *metrics, const char *kind)
{
  g_autofree char *labels = al_metrics_labels ("kind", kind, NULL);

  return al_metrics_gauge (metrics, "aldis_front_connections", "Connections that are open.", labels);
}

static void
init_connections (SigFrontMetrics *self, AlMetrics *metrics)
{
  static const char *const listens[] = { "http", "https", "admin", "metrics" };
  static const char *const whys[] = { "eof",      "local",    "abort",     "error", "tls",  "timeout", "overflow",
                                      "protocol", "budget",    "half_open", "idle", "slow",  "bad_input", "doomed", "stop" };

  G_STATIC_ASSERT (G_N_ELEMENTS (listens) == SIG_FRONT_LISTEN_N);
  G_STATIC_ASSERT (G_N_ELEMENTS (whys) == SIG_FRONT_WHY_N);
  for (unsigned i = 0; i < SIG_FRONT_LISTEN_N; i++)
    self->accepted[i] = counter (metrics, "aldis_front_accepted", "Connections whose first bytes came.", "listener",
                                 listens[i]);
  for (unsigned i = 0; i < SIG_FRONT_WHY_N; i++)
    self->closed[i] = counter (metrics, "aldis_front_closed", "Connections that ended, by reason.", "reason", whys[i]);
  self->http = connections (metrics, "http");
  self->websockets = connections (metrics, "websocket");
}

void
sig_front_metrics_init (SigFrontMetrics *self, AlMetrics *metrics)
{
  static const char *const classes[] = { "1xx", "2xx", "3xx", "4xx", "5xx" };
  static const char *const pauses[] = { "main_busy", "in_flight", "rate", "output", "memory", "request" };
  static const char refused[] = "aldis_front_refused";
  static const char refused_help[] = "WebSocket handshakes, connections and messages refused.";

  G_STATIC_ASSERT (G_N_ELEMENTS (pauses) == SIG_FRONT_PAUSE_N);
  init_connections (self, metrics);
  self->received_bytes = counter (metrics, "aldis_front_received_bytes", "Bytes read, after TLS.", NULL, NULL);
  self->sent_bytes = counter (metrics, "aldis_front_sent_bytes", "Bytes given to connections, before TLS.", NULL, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (classes); i++)
    self->responses[i] = counter (metrics, "aldis_front_http_responses", "HTTP answers by class.", "class", classes[i]);
  self->messages_in = counter (metrics, "aldis_front_ws_messages", "WebSocket messages.", "direction", "in");
  self->messages_out = counter (metrics, "aldis_front_ws_messages", "WebSocket messages.", "direction", "out");
  self->refused_origin = counter (metrics, refused, refused_help, "reason", "origin");
  self->refused_protocol = counter (metrics, refused, refused_help, "reason", "subprotocol");
  self->refused_limit = counter (metrics, refused, refused_help, "reason", "limit");
  self->refused_json = counter (metrics, refused, refused_help, "reason", "json");
  self->refused_rate = counter (metrics, refused, refused_help, "reason", "rate");
  self->refused_upgrade = counter (metrics, refused, refused_help, "reason", "upgrade");
  for (unsigned i = 0; i < SIG_FRONT_PAUSE_N; i++)
    self->pauses[i] = counter (metrics, "aldis_front_pauses", "Times that reading a connection paused.", "reason",
                               pauses[i]);
  self->held_bytes = al_metrics_gauge (metrics, "aldis_front_held_bytes",
                                       "Bytes of incomplete messages and of those that wait for the main thread.", NULL);
}
