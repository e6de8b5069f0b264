/* SPDX-License-Identifier: Apache-2.0 */
/* The registry and its exposition. A pthread mutex guards the lists; the values themselves are relaxed atomics. */
#include "base/metrics.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#define CACHE_LINE 64
#define N_SHARDS 8 /* a power of two; more threads than that share lines, which is slower, never wrong */
#define MAX_BOUNDS 32

typedef enum { COUNTER, GAUGE, HISTOGRAM } Type;

typedef struct {
  _Alignas (CACHE_LINE) _Atomic uint64_t value;
} Shard;

struct AlCounter {
  Shard shards[N_SHARDS];
};

struct AlGauge {
  _Alignas (CACHE_LINE) _Atomic int64_t value;
};

struct AlHistogram {
  _Alignas (CACHE_LINE) _Atomic uint64_t sum_bits; /* a double's */
  unsigned n;
  double bounds[MAX_BOUNDS];
  _Atomic uint64_t counts[MAX_BOUNDS + 1]; /* not cumulative; the last is above all bounds */
};

typedef struct {
  char *labels; /* "" for none */
  union {
    AlCounter counter;
    AlGauge gauge;
    AlHistogram histogram;
  } value;
} Row;

typedef struct {
  Type type;
  char *name, *help;
  GPtrArray *rows;
} Family;

struct AlMetrics {
  pthread_mutex_t mutex;
  /* protected by mutex */
  GPtrArray *families;
};

static void
row_free (gpointer data)
{
  Row *row = data;

  g_free (row->labels);
  g_aligned_free (row);
}

static void
family_free (gpointer data)
{
  Family *family = data;

  g_ptr_array_unref (family->rows);
  g_free (family->name);
  g_free (family->help);
  g_free (family);
}

AlMetrics *
al_metrics_new (void)
{
  AlMetrics *metrics = g_new0 (AlMetrics, 1);

  (void) pthread_mutex_init (&metrics->mutex, NULL);
  metrics->families = g_ptr_array_new_with_free_func (family_free);
  return metrics;
}

void
al_metrics_free (AlMetrics *metrics)
{
  if (metrics == NULL)
    return;
  g_ptr_array_unref (metrics->families);
  (void) pthread_mutex_destroy (&metrics->mutex);
  g_free (metrics);
}

/* metricname and label-name of OpenMetrics; a label has no colon */
static bool
is_name (const char *name, size_t len, bool colon)
{
  if (len == 0 || g_ascii_isdigit (name[0]))
    return false;
  for (size_t i = 0; i < len; i++)
    if (!g_ascii_isalnum (name[i]) && name[i] != '_' && !(colon && name[i] == ':'))
      return false;
  return true;
}

/* name="value",name="value"; in values only \\ \" \n stand behind a backslash, and no line feed at all */
static bool
is_labels (const char *p)
{
  while (*p != '\0')
    {
      const char *equals = strchr (p, '=');

      if (equals == NULL || !is_name (p, (size_t) (equals - p), false) || equals[1] != '"')
        return false;
      for (p = equals + 2; *p != '"'; p++)
        {
          if (*p == '\\' && strchr ("\\\"n", *++p) == NULL)
            return false;
          if (*p == '\0' || *p == '\n')
            return false;
        }
      p++;
      if (*p == ',' && p[1] != '\0')
        p++;
      else if (*p != '\0')
        return false;
    }
  return true;
}

/* OpenMetrics escapes the same three characters in HELP as in label values. */
static void
append_escaped (GString *out, const char *text)
{
  for (; *text != '\0'; text++)
    if (*text == '\n')
      g_string_append (out, "\\n");
    else if (*text == '"' || *text == '\\')
      g_string_append_printf (out, "\\%c", *text);
    else
      g_string_append_c (out, *text);
}

char *
al_metrics_labels (const char *name, const char *value, ...)
{
  GString *out = g_string_new (NULL);
  va_list args;

  va_start (args, value);
  while (name != NULL)
    {
      g_assert (is_name (name, strlen (name), false));
      g_string_append_printf (out, "%s%s=\"", out->len > 0 ? "," : "", name);
      append_escaped (out, value);
      g_string_append_c (out, '"');
      name = va_arg (args, const char *);
      if (name != NULL)
        value = va_arg (args, const char *);
    }
  va_end (args);
  return g_string_free (out, FALSE);
}

static Family *
find_family (AlMetrics *metrics, Type type, const char *name, const char *help)
{
  Family *family;

  for (unsigned i = 0; i < metrics->families->len; i++)
    {
      family = metrics->families->pdata[i];
      if (strcmp (family->name, name) != 0)
        continue;
      if (family->type != type)
        g_error ("metric %s is registered as two types", name);
      return family;
    }
  if (!is_name (name, strlen (name), true) || g_str_has_suffix (name, "_total"))
    g_error ("metric %s: not a name that OpenMetrics allows", name);
  family = g_new0 (Family, 1);
  family->type = type;
  family->name = g_strdup (name);
  family->help = g_strdup (help);
  family->rows = g_ptr_array_new_with_free_func (row_free);
  g_ptr_array_add (metrics->families, family);
  return family;
}

/* Returns: the row; @ret_new says whether it was made by this call. The mutex is held. */
static Row *
find_row (AlMetrics *metrics, Type type, const char *name, const char *help, const char *labels, bool *ret_new)
{
  Family *family = find_family (metrics, type, name, help);
  Row *row;

  labels = labels != NULL ? labels : "";
  *ret_new = false;
  for (unsigned i = 0; i < family->rows->len; i++)
    {
      row = family->rows->pdata[i];
      if (strcmp (row->labels, labels) == 0)
        return row;
    }
  if (!is_labels (labels))
    g_error ("metric %s: labels %s: not what OpenMetrics allows", name, labels);
  row = g_aligned_alloc0 (1, sizeof *row, CACHE_LINE);
  row->labels = g_strdup (labels);
  g_ptr_array_add (family->rows, row);
  *ret_new = true;
  return row;
}

AlCounter *
al_metrics_counter (AlMetrics *metrics, const char *name, const char *help, const char *labels)
{
  bool is_new;
  Row *row;

  (void) pthread_mutex_lock (&metrics->mutex);
  row = find_row (metrics, COUNTER, name, help, labels, &is_new);
  (void) pthread_mutex_unlock (&metrics->mutex);
  return &row->value.counter;
}

AlGauge *
al_metrics_gauge (AlMetrics *metrics, const char *name, const char *help, const char *labels)
{
  bool is_new;
  Row *row;

  (void) pthread_mutex_lock (&metrics->mutex);
  row = find_row (metrics, GAUGE, name, help, labels, &is_new);
  (void) pthread_mutex_unlock (&metrics->mutex);
  return &row->value.gauge;
}

AlHistogram *
al_metrics_histogram (AlMetrics *metrics, const char *name, const char *help, const char *labels, const double *bounds,
                      unsigned n)
{
  AlHistogram *histogram;
  bool is_new;

  g_assert (n >= 1 && n <= MAX_BOUNDS);
  for (unsigned i = 0; i < n; i++)
    g_assert (isfinite (bounds[i]) && (i == 0 || bounds[i] > bounds[i - 1]));
  (void) pthread_mutex_lock (&metrics->mutex);
  histogram = &find_row (metrics, HISTOGRAM, name, help, labels, &is_new)->value.histogram;
  if (is_new)
    {
      histogram->n = n;
      memcpy (histogram->bounds, bounds, n * sizeof *bounds);
    }
  else if (histogram->n != n || memcmp (histogram->bounds, bounds, n * sizeof *bounds) != 0)
    {
      g_error ("metric %s is registered with two sets of bounds", name);
    }
  (void) pthread_mutex_unlock (&metrics->mutex);
  return histogram;
}

/* Returns: this thread's shard; threads are numbered as they come. */
static unsigned
get_shard (void)
{
  static atomic_uint n_threads;
  static _Thread_local unsigned mine; /* plus one: 0 is none yet */

  if (mine == 0)
    mine = atomic_fetch_add_explicit (&n_threads, 1, memory_order_relaxed) % N_SHARDS + 1;
  return mine - 1;
}

void
al_counter_add (AlCounter *counter, uint64_t n)
{
  atomic_fetch_add_explicit (&counter->shards[get_shard ()].value, n, memory_order_relaxed);
}

uint64_t
al_counter_get (const AlCounter *counter)
{
  uint64_t sum = 0;

  for (unsigned i = 0; i < N_SHARDS; i++)
    sum += atomic_load_explicit (&counter->shards[i].value, memory_order_relaxed);
  return sum;
}

void
al_gauge_add (AlGauge *gauge, int64_t n)
{
  atomic_fetch_add_explicit (&gauge->value, n, memory_order_relaxed);
}

void
al_gauge_set (AlGauge *gauge, int64_t value)
{
  atomic_store_explicit (&gauge->value, value, memory_order_relaxed);
}

int64_t
al_gauge_get (const AlGauge *gauge)
{
  return atomic_load_explicit (&gauge->value, memory_order_relaxed);
}

static double
bits_to_double (uint64_t bits)
{
  double value;

  memcpy (&value, &bits, sizeof value);
  return value;
}

static uint64_t
double_to_bits (double value)
{
  uint64_t bits;

  memcpy (&bits, &value, sizeof bits);
  return bits;
}

void
al_histogram_observe (AlHistogram *histogram, double value)
{
  unsigned i = 0;
  uint64_t old;

  while (i < histogram->n && !(value <= histogram->bounds[i])) /* NaN passes all bounds */
    i++;
  atomic_fetch_add_explicit (&histogram->counts[i], 1, memory_order_relaxed);
  if (isnan (value))
    return;
  old = atomic_load_explicit (&histogram->sum_bits, memory_order_relaxed);
  while (!atomic_compare_exchange_weak_explicit (&histogram->sum_bits, &old, double_to_bits (bits_to_double (old) + value),
                                                 memory_order_relaxed, memory_order_relaxed))
    ;
}

/* Writes @value so that it reads back the same and, as OpenMetrics likes its bounds, with a point: 1.0, 0.25, 1e+06 */
static void
append_double (GString *out, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  if (isinf (value))
    {
      g_string_append (out, value < 0 ? "-Inf" : "+Inf");
      return;
    }
  for (int digits = 1; digits <= 17; digits++)
    {
      g_autofree char *format = g_strdup_printf ("%%.%dg", digits);

      (void) g_ascii_formatd (text, sizeof text, format, value);
      if (g_ascii_strtod (text, NULL) == value)
        break;
    }
  g_string_append (out, text);
  if (text[strcspn (text, ".eE")] == '\0')
    g_string_append (out, ".0");
}

/* "name_suffix{labels,le="bound"} " */
static void
append_sample (GString *out, const Family *family, const char *suffix, const Row *row, const double *le)
{
  g_string_append_printf (out, "%s%s", family->name, suffix);
  if (*row->labels != '\0' || le != NULL)
    g_string_append_printf (out, "{%s%s", row->labels, *row->labels != '\0' && le != NULL ? "," : "");
  if (le != NULL)
    {
      g_string_append (out, "le=\"");
      append_double (out, *le);
      g_string_append_c (out, '"');
    }
  g_string_append (out, *row->labels != '\0' || le != NULL ? "} " : " ");
}

static void
write_histogram (const Family *family, const Row *row, GString *out)
{
  const AlHistogram *histogram = &row->value.histogram;
  const double infinity = INFINITY;
  uint64_t count = 0;

  for (unsigned i = 0; i <= histogram->n; i++)
    {
      count += atomic_load_explicit (&histogram->counts[i], memory_order_relaxed);
      append_sample (out, family, "_bucket", row, i < histogram->n ? &histogram->bounds[i] : &infinity);
      g_string_append_printf (out, "%" G_GUINT64_FORMAT "\n", count);
    }
  append_sample (out, family, "_count", row, NULL); /* what was read above: equal to the last bucket */
  g_string_append_printf (out, "%" G_GUINT64_FORMAT "\n", count);
  append_sample (out, family, "_sum", row, NULL);
  append_double (out, bits_to_double (atomic_load_explicit (&histogram->sum_bits, memory_order_relaxed)));
  g_string_append_c (out, '\n');
}

static void
write_row (const Family *family, const Row *row, GString *out)
{
  switch (family->type)
    {
    case COUNTER:
      append_sample (out, family, "_total", row, NULL);
      g_string_append_printf (out, "%" G_GUINT64_FORMAT "\n", al_counter_get (&row->value.counter));
      break;
    case GAUGE:
      append_sample (out, family, "", row, NULL);
      g_string_append_printf (out, "%" G_GINT64_FORMAT "\n", al_gauge_get (&row->value.gauge));
      break;
    case HISTOGRAM:
      write_histogram (family, row, out);
      break;
    }
}

void
al_metrics_write (AlMetrics *metrics, GString *out)
{
  static const char *const types[] = { "counter", "gauge", "histogram" };

  (void) pthread_mutex_lock (&metrics->mutex);
  for (unsigned i = 0; i < metrics->families->len; i++)
    {
      const Family *family = metrics->families->pdata[i];

      g_string_append_printf (out, "# TYPE %s %s\n# HELP %s ", family->name, types[family->type], family->name);
      append_escaped (out, family->help);
      g_string_append_c (out, '\n');
      for (unsigned j = 0; j < family->rows->len; j++)
        write_row (family, family->rows->pdata[j], out);
    }
  (void) pthread_mutex_unlock (&metrics->mutex);
  g_string_append (out, "# EOF\n");
}
