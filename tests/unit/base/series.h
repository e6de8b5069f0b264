/* SPDX-License-Identifier: Apache-2.0 */
/* What /metrics says of one series. */
#pragma once

#include <string.h>

#include "base/metrics.h"

/** value_of: @series: the name with its labels. Returns: its value; 0 when it is there and counts nothing. */
static inline double
value_of (AlMetrics *metrics, const char *series)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *line = g_strdup_printf ("\n%s ", series);
  const char *at;

  al_metrics_write (metrics, text);
  at = strstr (text->str, line);
  if (at == NULL)
    g_error ("no series %s", series);
  return g_ascii_strtod (at + strlen (line), NULL);
}
