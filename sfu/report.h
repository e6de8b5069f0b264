/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker of the SFU has counted, as OpenMetrics: published once a second, so that packets cost nothing. */
#pragma once

#include <glib.h>

#include "base/metrics.h"
#include "sfu/counts.h"

typedef struct SfuReport SfuReport;

/** sfu_report_new: registers the series, which all workers share. Returns: (transfer full) */
SfuReport *sfu_report_new (AlMetrics *metrics);
/** sfu_report_free: what is published as being there is taken back. NULL is allowed. */
void sfu_report_free (SfuReport *report);
/** sfu_report_publish: adds what @counts has more than the last time. Any thread, one at a time. */
void sfu_report_publish (SfuReport *report, const SfuCounts *counts);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SfuReport, sfu_report_free)
