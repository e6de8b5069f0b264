/* SPDX-License-Identifier: Apache-2.0 */
/* Counters, gauges and histograms in OpenMetrics text. Updating is one relaxed atomic; registering happens at start. */
#pragma once

#include <glib.h>
#include <stdint.h>

typedef struct AlMetrics AlMetrics; /* a registry */
typedef struct AlCounter AlCounter;
typedef struct AlGauge AlGauge;
typedef struct AlHistogram AlHistogram;

AlMetrics *al_metrics_new (void);
void al_metrics_free (AlMetrics *metrics);

/**
 * al_metrics_labels:
 * @...: pairs of label name and value, ended by NULL
 *
 * Returns: (transfer full): the @labels of the functions below, values escaped: transport="udp",host="a\"b". Any thread.
 */
char *al_metrics_labels (const char *name, const char *value, ...) G_GNUC_NULL_TERMINATED;

/**
 * al_metrics_counter:
 * @name: as exposed without "_total", e.g. "aldis_front_accepted"
 * @help: one sentence
 * @labels: (nullable): "transport=\"udp\",family=\"ipv4\"", fixed at registration: a peer can never make a series
 *
 * Rows of one name share HELP and TYPE. The same name and labels give the same object; the same name as another type or
 * with other bounds, and names or labels that OpenMetrics does not allow, are programmer errors and abort.
 *
 * Returns: (transfer none): lives as long as @metrics. Any thread.
 */
AlCounter *al_metrics_counter (AlMetrics *metrics, const char *name, const char *help, const char *labels);
AlGauge *al_metrics_gauge (AlMetrics *metrics, const char *name, const char *help, const char *labels);
/** al_metrics_histogram: @bounds: @n ascending upper bounds (1..32), "+Inf" is added; values are in the unit of the name. */
AlHistogram *al_metrics_histogram (AlMetrics *metrics, const char *name, const char *help, const char *labels,
                                   const double *bounds, unsigned n);

/* Updating: lock-free, no allocation, any thread. Counters are spread over cache lines by thread. */

void al_counter_add (AlCounter *counter, uint64_t n);
uint64_t al_counter_get (const AlCounter *counter);
void al_gauge_add (AlGauge *gauge, int64_t n);
void al_gauge_set (AlGauge *gauge, int64_t value);
int64_t al_gauge_get (const AlGauge *gauge);
/** al_histogram_observe: NaN is counted in "+Inf" and left out of the sum. */
void al_histogram_observe (AlHistogram *histogram, double value);

/**
 * al_metrics_write: appends the whole exposition, "# EOF" included (OpenMetrics 1.0), families in the order in which
 * they were registered. Any thread.
 */
void al_metrics_write (AlMetrics *metrics, GString *out);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlMetrics, al_metrics_free)
