/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker's relay has counted, as OpenMetrics: published once a second, so that packets cost nothing. */
#pragma once

#include "base/metrics.h"
#include "relay/turn.h"

typedef struct RelayReport RelayReport;

/** relay_report_new: registers the series, which all workers share. Returns: (transfer full) */
RelayReport *relay_report_new (AlMetrics *metrics);
/** relay_report_free: what is still published as active is taken back. NULL is allowed. */
void relay_report_free (RelayReport *report);
/** relay_report_publish: adds what @stats has more than the last time. Any thread, one at a time. */
void relay_report_publish (RelayReport *report, const RelayTurnStats *stats);

/** relay_transport_name, relay_family_name, relay_end_name, relay_drop_name: Returns: a static word. */
const char *relay_transport_name (RelayTransport transport);
const char *relay_family_name (RelayFamily family);
const char *relay_end_name (RelayEndReason reason);
const char *relay_drop_name (RelayDrop drop);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RelayReport, relay_report_free)
