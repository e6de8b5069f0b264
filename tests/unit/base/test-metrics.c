/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "base/metrics.h"

/* A small OpenMetrics checker. It knows what is exposed here: counters, gauges and histograms without timestamps. */

typedef struct {
  char *type, *family;
  GHashTable *families, *samples; /* names seen; "name{labels}" -> double* */
  char *bucket_row;               /* labels without le of the histogram row being read */
  double last_le, last_count;
} Checker;

/* Cuts a sample into name, labels (without le) and le. Returns: the value's text. */
static const char *
read_sample (const char *line, char **ret_name, GString *labels, char **ret_le)
{
  const char *p = line + strcspn (line, "{ ");

  *ret_name = g_strndup (line, (gsize) (p - line));
  *ret_le = NULL;
  if (*p == '{')
    {
      do
        {
          const char *name = ++p, *value;
          g_autofree char *label = NULL;

          p = strchr (p, '=');
          g_assert_nonnull (p);
          g_assert_cmpint (p[1], ==, '"');
          label = g_strndup (name, (gsize) (p - name));
          g_assert_cmpuint (strspn (label, G_CSET_a_2_z G_CSET_A_2_Z "_0123456789"), ==, strlen (label));
          value = p + 2;
          for (p = value; *p != '"'; p++)
            {
              g_assert_cmpint (*p, !=, '\0');
              if (*p == '\\')
                g_assert_nonnull (strchr ("\\\"n", *++p));
            }
          if (g_str_equal (label, "le"))
            *ret_le = g_strndup (value, (gsize) (p - value));
          else
            g_string_append_printf (labels, "%s=%.*s,", label, (int) (p - value), value);
          p++;
        }
      while (*p == ',');
      g_assert_cmpint (*p++, ==, '}');
    }
  g_assert_cmpint (*p++, ==, ' ');
  return p;
}

static double
read_value (const char *text)
{
  char *end;
  double value = g_str_equal (text, "+Inf") ? INFINITY : g_ascii_strtod (text, &end);

  if (!isinf (value))
    g_assert_cmpint (*end, ==, '\0');
  return value;
}

static void
check_bucket (Checker *checker, const char *row, const char *le, double count)
{
  double bound = read_value (le);

  if (g_strcmp0 (checker->bucket_row, row) != 0)
    {
      g_free (checker->bucket_row);
      checker->bucket_row = g_strdup (row);
      checker->last_le = -INFINITY;
      checker->last_count = 0;
    }
  g_assert_cmpfloat (bound, >, checker->last_le);
  g_assert_cmpfloat (count, >=, checker->last_count);
  checker->last_le = bound;
  checker->last_count = count;
}

static void
check_sample (Checker *checker, const char *line)
{
  g_autoptr (GString) labels = g_string_new (NULL);
  g_autofree char *name = NULL, *le = NULL;
  const char *suffix;
  double value = read_value (read_sample (line, &name, labels, &le));

  g_assert_nonnull (checker->family);
  g_assert_true (g_str_has_prefix (name, checker->family));
  suffix = name + strlen (checker->family);
  if (g_str_equal (checker->type, "counter"))
    g_assert_cmpstr (suffix, ==, "_total");
  else if (g_str_equal (checker->type, "gauge"))
    g_assert_cmpstr (suffix, ==, "");
  else if (g_str_equal (suffix, "_bucket"))
    check_bucket (checker, labels->str, le, value);
  else if (g_str_equal (suffix, "_count"))
    {
      g_assert_true (isinf (checker->last_le)); /* a +Inf bucket came, for these labels, and holds as many */
      g_assert_cmpstr (checker->bucket_row, ==, labels->str);
      g_assert_cmpfloat (value, ==, checker->last_count);
    }
  else
    g_assert_cmpstr (suffix, ==, "_sum");
  g_assert_cmpint (le != NULL, ==, g_str_equal (suffix, "_bucket"));
  g_assert_true (g_hash_table_insert (
      checker->samples, g_strdup_printf ("%s{%s%s}", name, labels->str, le != NULL ? le : ""),
      g_memdup2 (&value, sizeof value)));
}

static GHashTable *
check (const char *text)
{
  Checker checker = { 0 };
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  unsigned n = g_strv_length (lines);

  checker.families = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  checker.samples = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_assert_cmpuint (n, >=, 2);
  g_assert_cmpstr (lines[n - 1], ==, ""); /* the last line ends */
  g_assert_cmpstr (lines[n - 2], ==, "# EOF");
  for (unsigned i = 0; i < n - 2; i++)
    {
      g_auto (GStrv) words = g_strsplit (lines[i], " ", 4);

      if (!g_str_has_prefix (lines[i], "#"))
        {
          check_sample (&checker, lines[i]);
          continue;
        }
      g_assert_cmpstr (words[1], ==, "TYPE"); /* TYPE, then HELP, before the samples; a family once */
      g_clear_pointer (&checker.family, g_free);
      g_clear_pointer (&checker.type, g_free);
      checker.family = g_strdup (words[2]);
      checker.type = g_strdup (words[3]);
      g_assert_true (g_hash_table_add (checker.families, g_strdup (words[2])));
      g_autofree char *help = g_strdup_printf ("# HELP %s ", words[2]);
      g_assert_true (g_str_has_prefix (lines[++i], help));
      for (const char *p = lines[i] + strlen (help); *p != '\0'; p++)
        if (*p == '\\')
          g_assert_nonnull (strchr ("\\\"n", *++p));
        else
          g_assert_cmpint (*p, !=, '"');
    }
  g_free (checker.family);
  g_free (checker.type);
  g_free (checker.bucket_row);
  g_hash_table_unref (checker.families);
  return checker.samples;
}

static GHashTable *
write_and_check (AlMetrics *metrics)
{
  g_autoptr (GString) out = g_string_new (NULL);

  al_metrics_write (metrics, out);
  return check (out->str);
}

static double
get (GHashTable *samples, const char *name)
{
  double *value = g_hash_table_lookup (samples, name);

  if (value == NULL)
    g_error ("no sample %s", name);
  return *value;
}

static void
test_exposition (void)
{
  static const double bounds[] = { 0.001, 0.25, 1, 5e6 };
  g_autoptr (AlMetrics) metrics = al_metrics_new ();
  g_autoptr (GHashTable) samples = NULL;
  AlCounter *udp = al_metrics_counter (metrics, "aldis_bytes", "Bytes \"in\",\nand\\or out.", "transport=\"udp\"");
  AlGauge *open = al_metrics_gauge (metrics, "aldis_open", "Open connections.", NULL);
  AlHistogram *echo = al_metrics_histogram (metrics, "aldis_echo_seconds", "Time.", "a=\"b\"", bounds, 4);
  AlCounter *tcp = al_metrics_counter (metrics, "aldis_bytes", "another text", "transport=\"tcp\"");

  al_counter_add (udp, 5);
  al_counter_add (tcp, UINT64_C (1) << 40);
  al_gauge_set (open, 7);
  al_gauge_add (open, -9);
  al_histogram_observe (echo, 0.001); /* bounds are inclusive */
  al_histogram_observe (echo, 0.5);
  al_histogram_observe (echo, 0.5);
  al_histogram_observe (echo, 1e9);
  samples = write_and_check (metrics);
  g_assert_cmpuint (g_hash_table_size (samples), ==, 2 + 1 + 5 + 2);
  g_assert_cmpfloat (get (samples, "aldis_bytes_total{transport=udp,}"), ==, 5);
  g_assert_cmpfloat (get (samples, "aldis_bytes_total{transport=tcp,}"), ==, 1099511627776.);
  g_assert_cmpfloat (get (samples, "aldis_open{}"), ==, -2);
  g_assert_cmpfloat (get (samples, "aldis_echo_seconds_bucket{a=b,0.001}"), ==, 1);
  g_assert_cmpfloat (get (samples, "aldis_echo_seconds_bucket{a=b,0.25}"), ==, 1);
  g_assert_cmpfloat (get (samples, "aldis_echo_seconds_bucket{a=b,1.0}"), ==, 3);
  g_assert_cmpfloat (get (samples, "aldis_echo_seconds_bucket{a=b,5e+06}"), ==, 3);
  g_assert_cmpfloat (get (samples, "aldis_echo_seconds_bucket{a=b,+Inf}"), ==, 4);
  g_assert_cmpfloat (get (samples, "aldis_echo_seconds_count{a=b,}"), ==, 4);
  g_assert_cmpfloat (get (samples, "aldis_echo_seconds_sum{a=b,}"), ==, 1000000001.001);
}

static void
test_golden (void)
{
  static const double bounds[] = { 0.5 };
  g_autoptr (AlMetrics) metrics = al_metrics_new ();
  g_autoptr (GString) out = g_string_new (NULL);

  al_counter_add (al_metrics_counter (metrics, "a", "Help \"a\".", NULL), 3);
  al_histogram_observe (al_metrics_histogram (metrics, "h", "H.", NULL, bounds, 1), 0.25);
  al_metrics_write (metrics, out);
  g_assert_cmpstr (out->str, ==,
                   "# TYPE a counter\n# HELP a Help \\\"a\\\".\na_total 3\n"
                   "# TYPE h histogram\n# HELP h H.\nh_bucket{le=\"0.5\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_count 1\n"
                   "h_sum 0.25\n# EOF\n");
}

static void
test_empty (void)
{
  g_autoptr (AlMetrics) metrics = al_metrics_new ();
  g_autoptr (GString) out = g_string_new (NULL);

  al_metrics_write (metrics, out);
  g_assert_cmpstr (out->str, ==, "# EOF\n");
}

static void
test_same (void)
{
  static const double bounds[] = { 1, 2 };
  g_autoptr (AlMetrics) metrics = al_metrics_new ();

  g_assert_true (al_metrics_counter (metrics, "c", "", NULL) == al_metrics_counter (metrics, "c", "", ""));
  g_assert_true (al_metrics_counter (metrics, "c", "", NULL) != al_metrics_counter (metrics, "c", "", "a=\"1\""));
  g_assert_true (al_metrics_gauge (metrics, "g", "", NULL) == al_metrics_gauge (metrics, "g", "", NULL));
  g_assert_true (al_metrics_histogram (metrics, "h", "", NULL, bounds, 2) ==
                 al_metrics_histogram (metrics, "h", "", NULL, bounds, 2));
}

static void
test_labels (void)
{
  g_autoptr (AlMetrics) metrics = al_metrics_new ();
  g_autofree char *labels = al_metrics_labels ("name", "a\"b\\c\nd", "_2", "", NULL);
  g_autofree char *one = al_metrics_labels ("x", "y", NULL);
  g_autoptr (GHashTable) samples = NULL;

  g_assert_cmpstr (labels, ==, "name=\"a\\\"b\\\\c\\nd\",_2=\"\"");
  g_assert_cmpstr (one, ==, "x=\"y\"");
  (void) al_metrics_counter (metrics, "c", "", labels);
  samples = write_and_check (metrics);
  g_assert_cmpfloat (get (samples, "c_total{name=a\\\"b\\\\c\\nd,_2=,}"), ==, 0);
}

static void
test_histogram_odd (void)
{
  static const double bounds[] = { -1, 0 };
  g_autoptr (AlMetrics) metrics = al_metrics_new ();
  AlHistogram *histogram = al_metrics_histogram (metrics, "h", "", NULL, bounds, 2);
  g_autoptr (GHashTable) samples = NULL;

  al_histogram_observe (histogram, NAN);
  al_histogram_observe (histogram, -5);
  al_histogram_observe (histogram, -0.0);
  samples = write_and_check (metrics);
  g_assert_cmpfloat (get (samples, "h_bucket{-1.0}"), ==, 1);
  g_assert_cmpfloat (get (samples, "h_bucket{0.0}"), ==, 2);
  g_assert_cmpfloat (get (samples, "h_bucket{+Inf}"), ==, 3);
  g_assert_cmpfloat (get (samples, "h_sum{}"), ==, -5);
}

/* registrations that are mistakes in the program */
static const struct {
  const char *name, *metric, *labels;
} wrong[] = {
  { "name-empty", "", NULL },
  { "name-digit", "1a", NULL },
  { "name-space", "a b", NULL },
  { "name-utf8", "\xc3\xa4", NULL },
  { "name-total", "a_total", NULL },
  { "type", "gauge", NULL },
  { "labels-bare", "c", "a" },
  { "labels-unquoted", "c", "a=b" },
  { "labels-open", "c", "a=\"b" },
  { "labels-comma", "c", "a=\"b\"," },
  { "labels-no-comma", "c", "a=\"b\"c=\"d\"" },
  { "labels-name", "c", "1=\"b\"" },
  { "labels-colon", "c", "a:b=\"b\"" },
  { "labels-newline", "c", "a=\"\n\"" },
  { "labels-escape", "c", "a=\"\\t\"" },
  { "labels-escape-end", "c", "a=\"\\" },
  { "labels-brace", "c", "{a=\"b\"}" },
};

static void
test_wrong (gconstpointer data)
{
  size_t i = GPOINTER_TO_SIZE (data);

  if (g_test_subprocess ())
    {
      AlMetrics *metrics = al_metrics_new ();

      (void) al_metrics_gauge (metrics, "gauge", "", NULL);
      (void) al_metrics_counter (metrics, wrong[i].metric, "", wrong[i].labels);
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*metric *");
}

typedef struct {
  AlMetrics *metrics;
  AlCounter *counter;
  AlGauge *gauge;
  AlHistogram *histogram;
} Shared;

static gpointer
update_many (gpointer data)
{
  Shared *shared = data;

  for (int i = 0; i < 10000; i++)
    {
      al_counter_add (shared->counter, 2);
      al_gauge_add (shared->gauge, 1);
      al_histogram_observe (shared->histogram, i % 4);
      if (i % 1000 == 0)
        g_assert_true (al_metrics_counter (shared->metrics, "c", "", NULL) == shared->counter);
    }
  return NULL;
}

/* nothing is lost, and what is exposed meanwhile is consistent; more threads than shards */
static void
test_threads (void)
{
  static const double bounds[] = { 0, 1 };
  g_autoptr (AlMetrics) metrics = al_metrics_new ();
  g_autoptr (GHashTable) samples = NULL;
  Shared shared = { metrics, al_metrics_counter (metrics, "c", "", NULL), al_metrics_gauge (metrics, "g", "", NULL),
                    al_metrics_histogram (metrics, "h", "", NULL, bounds, 2) };
  GThread *threads[10];

  for (unsigned i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("update", update_many, &shared);
  for (unsigned i = 0; i < 20; i++)
    g_hash_table_unref (write_and_check (metrics));
  for (unsigned i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  samples = write_and_check (metrics);
  g_assert_cmpuint (al_counter_get (shared.counter), ==, 200000);
  g_assert_cmpint (al_gauge_get (shared.gauge), ==, 100000);
  g_assert_cmpfloat (get (samples, "h_bucket{0.0}"), ==, 25000);
  g_assert_cmpfloat (get (samples, "h_bucket{1.0}"), ==, 50000);
  g_assert_cmpfloat (get (samples, "h_count{}"), ==, 100000);
  g_assert_cmpfloat (get (samples, "h_sum{}"), ==, 150000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/metrics/exposition", test_exposition);
  g_test_add_func ("/base/metrics/golden", test_golden);
  g_test_add_func ("/base/metrics/empty", test_empty);
  g_test_add_func ("/base/metrics/same", test_same);
  g_test_add_func ("/base/metrics/labels", test_labels);
  g_test_add_func ("/base/metrics/histogram-odd", test_histogram_odd);
  g_test_add_func ("/base/metrics/threads", test_threads);
  for (size_t i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autofree char *path = g_strconcat ("/base/metrics/wrong/", wrong[i].name, NULL);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_wrong);
    }
  return g_test_run ();
}
