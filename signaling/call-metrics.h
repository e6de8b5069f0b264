/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted about calls. Main thread. */
#pragma once

#include <json-glib/json-glib.h>

#include "base/metrics.h"
#include "signaling/call.h"

/** SigCallMetrics: embed; all (transfer none), of the registry. */
typedef struct {
  AlGauge *open[SIG_CALL_STATE_N];      /* of RINGING, CONNECTING and ACTIVE */
  AlCounter *ended[SIG_CALL_REASON_N];  /* of the reasons for which a call ends */
  AlCounter *direct, *relayed;
  AlHistogram *ring_s, *setup_s;
} SigCallMetrics;

void sig_call_metrics_init (SigCallMetrics *metrics, AlMetrics *registry);

/** sig_call_metrics_move: @call went from the state @from (NEW: it was not counted yet) to @to (NEW: no longer counted).
 *  @stats: (nullable): what the device said that ended it. */
void sig_call_metrics_move (const SigCallMetrics *metrics, const SigCall *call, SigCallState from, SigCallState to,
                            JsonObject *stats);
