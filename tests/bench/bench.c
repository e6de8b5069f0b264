/* SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

void
bench_pin (unsigned core)
{
  cpu_set_t set;

  if (sysconf (_SC_NPROCESSORS_ONLN) <= (long) core)
    return;
  CPU_ZERO (&set);
  CPU_SET (core, &set);
  (void) pthread_setaffinity_np (pthread_self (), sizeof set, &set);
}

static double
seconds (clockid_t clock)
{
  struct timespec t;

  (void) clock_gettime (clock, &t);
  return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}

double
bench_cpu_s (pthread_t thread)
{
  clockid_t clock;

  return pthread_getcpuclockid (thread, &clock) == 0 ? seconds (clock) : NAN;
}

double
bench_now_s (void)
{
  return seconds (CLOCK_MONOTONIC);
}

static int
compare (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

double
bench_median (double *values, unsigned n)
{
  qsort (values, n, sizeof *values, compare);
  return n % 2 != 0 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

bool
bench_figure (const char *name, double ours, double peer, double limit, bool higher, const char *unit)
{
  double ratio = ours / peer;

  printf ("name=%s ours=%.4g peer=%.4g ratio=%.3g limit_ratio=", name, ours, peer, ratio);
  if (limit > 0)
    printf ("%.3g", limit);
  else
    printf ("-");
  printf (" unit=%s better=%s\n", unit, higher ? "higher" : "lower");
  (void) fflush (stdout);
  return limit <= 0 || (higher ? ratio >= limit : ratio <= limit);
}
