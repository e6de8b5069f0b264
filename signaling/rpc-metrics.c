/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/rpc-metrics.h"

typedef enum {
  OUTCOME_OK,
  OUTCOME_INVALID,
  OUTCOME_DENIED,
  OUTCOME_REFUSED,
  OUTCOME_LIMITED,
  OUTCOME_FAILED,
  OUTCOME_N
} Outcome;

struct SigRpcMetrics {
  unsigned n_methods;
  AlCounter *(*counters)[OUTCOME_N]; /* owned: n_methods rows, and one for what is no method */
  AlHistogram *seconds;
};

static Outcome
outcome_of (int code)
{
  switch (code)
    {
    case 0:
      return OUTCOME_OK;
    case SIG_RPC_PARSE_ERROR:
    case SIG_RPC_INVALID_REQUEST:
    case SIG_RPC_METHOD_NOT_FOUND:
    case SIG_RPC_INVALID_PARAMS:
      return OUTCOME_INVALID;
    case SIG_RPC_UNAUTHENTICATED:
    case SIG_RPC_FORBIDDEN:
      return OUTCOME_DENIED;
    case SIG_RPC_LIMIT:
      return OUTCOME_LIMITED;
    case SIG_RPC_UNAVAILABLE:
    case SIG_RPC_INTERNAL:
      return OUTCOME_FAILED;
    default:
      return OUTCOME_REFUSED;
    }
}

SigRpcMetrics *
sig_rpc_metrics_new (AlMetrics *metrics, const SigOpenrpc *doc)
{
  static const char *const words[OUTCOME_N] = { "ok", "invalid", "denied", "refused", "limited", "failed" };
  static const double bounds[] = { 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10 };
  SigRpcMetrics *self = g_new0 (SigRpcMetrics, 1);

  self->n_methods = sig_openrpc_get_n_methods (doc);
  self->counters = g_malloc0_n (self->n_methods + 1, sizeof *self->counters);
  for (unsigned i = 0; i <= self->n_methods; i++)
    for (unsigned j = 0; j < OUTCOME_N; j++)
      {
        const char *name = i < self->n_methods ? sig_openrpc_get_method (doc, i)->name : "none";
        g_autofree char *labels = g_strdup_printf ("method=\"%s\",outcome=\"%s\"", name, words[j]);

        self->counters[i][j] = al_metrics_counter (metrics, "aldis_rpc_calls", "JSON-RPC calls answered.", labels);
      }
  self->seconds = al_metrics_histogram (metrics, "aldis_rpc_seconds", "Time from a JSON-RPC request to its answer.", NULL,
                                        bounds, G_N_ELEMENTS (bounds));
  return self;
}

void
sig_rpc_metrics_free (SigRpcMetrics *self)
{
  g_free (self->counters);
  g_free (self);
}

void
sig_rpc_metrics_count (SigRpcMetrics *self, int method, int code, int64_t us)
{
  al_counter_add (self->counters[method >= 0 ? (unsigned) method : self->n_methods][outcome_of (code)], 1);
  al_histogram_observe (self->seconds, (double) us / G_USEC_PER_SEC);
}
