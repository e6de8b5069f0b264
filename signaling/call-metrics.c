/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/call-metrics.h"

static const double ring_bounds_s[] = { 1, 2, 5, 10, 15, 20, 30, 45, 60, 120 };
static const double setup_bounds_s[] = { 0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 20, 30 };

void
sig_call_metrics_init (SigCallMetrics *metrics, AlMetrics *registry)
{
  *metrics = (SigCallMetrics){ 0 };
  for (int state = SIG_CALL_RINGING; state < SIG_CALL_ENDED; state++)
    {
      g_autofree char *labels = g_strdup_printf ("state=\"%s\"", sig_call_state_to_string (state));

      metrics->open[state] = al_metrics_gauge (registry, "aldis_calls_open", "Calls that have not ended.", labels);
    }
  for (int reason = SIG_CALL_REASON_HANGUP; reason < SIG_CALL_REASON_N; reason++)
    {
      g_autofree char *labels = g_strdup_printf ("reason=\"%s\"", sig_call_reason_to_string (reason));

      if (reason != SIG_CALL_REASON_ANSWERED_ELSEWHERE) /* told to devices; no call ends by it */
        metrics->ended[reason] = al_metrics_counter (registry, "aldis_calls_ended", "Calls that have ended.", labels);
    }
  metrics->direct = al_metrics_counter (registry, "aldis_calls_path", "Calls whose device said how media went.",
                                        "path=\"direct\"");
  metrics->relayed = al_metrics_counter (registry, "aldis_calls_path", "Calls whose device said how media went.",
                                         "path=\"relayed\"");
  metrics->ring_s = al_metrics_histogram (registry, "aldis_call_ring_seconds", "From invitation to acceptance.", NULL,
                                          ring_bounds_s, G_N_ELEMENTS (ring_bounds_s));
  metrics->setup_s = al_metrics_histogram (registry, "aldis_call_setup_seconds", "From acceptance to media on both sides.",
                                           NULL, setup_bounds_s, G_N_ELEMENTS (setup_bounds_s));
}

static void
count_path (const SigCallMetrics *metrics, JsonObject *stats)
{
  JsonNode *relayed = stats != NULL ? json_object_get_member (stats, "relayed") : NULL;

  if (relayed != NULL && JSON_NODE_HOLDS_VALUE (relayed) && json_node_get_value_type (relayed) == G_TYPE_BOOLEAN)
    al_counter_add (json_node_get_boolean (relayed) ? metrics->relayed : metrics->direct, 1);
}

void
sig_call_metrics_move (const SigCallMetrics *metrics, const SigCall *call, SigCallState from, SigCallState to,
                       JsonObject *stats)
{
  int64_t accepted_us, active_us;

  if (metrics->open[from] != NULL)
    al_gauge_add (metrics->open[from], -1);
  if (metrics->open[to] != NULL)
    al_gauge_add (metrics->open[to], 1);
  if (to == SIG_CALL_CONNECTING && from == SIG_CALL_RINGING && sig_call_get_accepted_us (call, &accepted_us))
    al_histogram_observe (metrics->ring_s, (double) (accepted_us - sig_call_get_started_us (call)) / G_USEC_PER_SEC);
  if (to == SIG_CALL_ACTIVE && from == SIG_CALL_CONNECTING && sig_call_get_accepted_us (call, &accepted_us)
      && sig_call_get_active_us (call, &active_us))
    al_histogram_observe (metrics->setup_s, (double) (active_us - accepted_us) / G_USEC_PER_SEC);
  if (to == SIG_CALL_ENDED)
    {
      al_counter_add (metrics->ended[sig_call_get_reason (call)], 1);
      count_path (metrics, stats);
    }
}
