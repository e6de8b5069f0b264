/* SPDX-License-Identifier: Apache-2.0 */
/* Counters of the dispatcher: a fixed set of methods and outcomes, so that no peer can make a series. */
#pragma once

#include "base/metrics.h"
#include "signaling/openrpc.h"

typedef struct SigRpcMetrics SigRpcMetrics;

SigRpcMetrics *sig_rpc_metrics_new (AlMetrics *metrics, const SigOpenrpc *doc);
void sig_rpc_metrics_free (SigRpcMetrics *self);

/** sig_rpc_metrics_count: @method: SigMethodDoc.index, or -1 for what was no request for a method. @code: of the error, 0 for a
 *  result. @us: from the message to the answer. Any thread. */
void sig_rpc_metrics_count (SigRpcMetrics *self, int method, int code, int64_t us);
