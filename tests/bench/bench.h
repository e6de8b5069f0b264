/* SPDX-License-Identifier: Apache-2.0 */
/* What the benchmarks share: threads whose CPU time is measured, medians, and the line of a figure. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/** bench_pin: this thread to core @core, where there are as many. */
void bench_pin (unsigned core);
/** bench_cpu_s: Returns: CPU seconds that @thread has used. */
double bench_cpu_s (pthread_t thread);
/** bench_now_s: Returns: the monotonic clock. */
double bench_now_s (void);
/** bench_median: sorts @values. */
double bench_median (double *values, unsigned n);
/**
 * bench_figure: prints "name=... ours=... peer=... ratio=... limit_ratio=... unit=...".
 * @limit: the ratio that must be reached when @higher is better, else must not be passed; 0: none
 *
 * Returns: whether it is within the limit.
 */
bool bench_figure (const char *name, double ours, double peer, double limit, bool higher, const char *unit);
