/* SPDX-License-Identifier: Apache-2.0 */
#define G_LOG_DOMAIN "base"
#include <gio/gio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log-private.h"
#include "base/log.h"

#define WALL_US (INT64_C (1767225600) * 1000000) /* 2026-01-01 */

static char *
format_one (const char *value)
{
  AlLogEvent event = { AL_LOG_INFO, "signaling", "call ended", { { "reason", value } }, 1, WALL_US + 7999 };
  char line[AL_LOG_MAX_LINE];
  size_t len = al_log_format_text (&event, line);

  g_assert_true (g_utf8_validate (line, (gssize) len, NULL));
  g_assert_true (memchr (line, '\n', len) == line + len - 1);
  return g_strndup (line, len - 1);
}

static const struct {
  const char *name, *value, *expect;
} values[] = {
  { "plain", "hangup", "hangup" },
  { "address", "[::1]:8080", "[::1]:8080" },
  { "path", "/var/lib/aldis", "/var/lib/aldis" },
  { "none", NULL, "-" },
  { "empty", "", "\"\"" },
  { "space", "hung up", "\"hung up\"" },
  { "equals", "x=y", "\"x=y\"" },
  { "quote", "a\"b", "\"a\\\"b\"" },
  { "backslash", "a\\b", "\"a\\\\b\"" },
  { "forged-field", "x\" user=root \"", "\"x\\\" user=root \\\"\"" },
  { "forged-line", "x\n2026-01-01T00:00:00.000Z info server all is well",
    "\"x\\n2026-01-01T00:00:00.000Z info server all is well\"" },
  { "return", "x\ry", "\"x\\ry\"" },
  { "tab", "x\ty", "\"x\\ty\"" },
  { "escape", "x\033[2Jy", "\"x\\x1b[2Jy\"" },
  { "bell-del", "\a\x7f", "\"\\x07\\x7f\"" },
  { "c1", "\xc2\x9b", "\"\\xc2\\x9b\"" },
  { "umlaut", "gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\"" },
  { "latin1", "gr\xfc\xdf", "\"gr\\xfc\\xdf\"" },
  { "cut-utf8", "a\xe2\x82", "\"a\\xe2\\x82\"" },
  { "line-separator", "a\xe2\x80\xa8z", "\"a\\xe2\\x80\\xa8z\"" },
  { "right-to-left", "a\xe2\x80\xaez", "\"a\\xe2\\x80\\xaez\"" },
  { "zero-width", "a\xe2\x80\x8bz", "\"a\\xe2\\x80\\x8bz\"" },
};

static void
test_value (gconstpointer data)
{
  size_t i = GPOINTER_TO_SIZE (data);
  g_autofree char *line = format_one (values[i].value);
  g_autofree char *expect =
      g_strconcat ("2026-01-01T00:00:00.007Z info signaling call ended reason=", values[i].expect, NULL);

  g_assert_cmpstr (line, ==, expect);
}

static void
test_cut (void)
{
  AlLogEvent event = { AL_LOG_DEBUG, NULL, "m", { { NULL } }, AL_LOG_MAX_FIELDS, WALL_US };
  g_autofree char *big = g_strnfill (100000, 'x');
  g_autofree char *line = format_one (big);
  g_autofree char *wide = g_strnfill (1024, '\xc3');
  char out[AL_LOG_MAX_LINE + 1];
  size_t len;

  g_assert_true (g_str_has_suffix (line, "xxx...\""));
  g_assert_cmpuint (strlen (line), <, 600);
  for (unsigned i = 0; i < 1024; i += 2)
    wide[i + 1] = '\xa4';
  for (unsigned shift = 0; shift < 4; shift++) /* the cut falls on every byte of a character */
    {
      for (unsigned i = 0; i < AL_LOG_MAX_FIELDS; i++)
        event.fields[i] = (AlLogField){ i == 0 ? &"name"[shift] : "n", wide };
      len = al_log_format_text (&event, out);
      g_assert_cmpuint (len, <=, AL_LOG_MAX_LINE);
      g_assert_cmpuint (len, >, AL_LOG_MAX_LINE - 4);
      out[len] = '\0';
      g_assert_true (g_str_has_suffix (out, "...\n"));
      g_assert_true (g_utf8_validate (out, (gssize) len, NULL));
    }
}

/* Reads journald's native protocol back into a table. */
static GHashTable *
read_journal (const char *p, size_t len)
{
  GHashTable *fields = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  const char *end = p + len;

  while (p < end)
    {
      const char *lf = memchr (p, '\n', (size_t) (end - p));
      uint64_t n;

      g_assert_nonnull (lf);
      g_assert_cmpint (end - lf, >, 9);
      memcpy (&n, lf + 1, 8);
      n = GUINT64_FROM_LE (n);
      g_assert_cmpuint (n, <, (uint64_t) (end - lf) - 9);
      g_assert_true (
          g_hash_table_insert (fields, g_strndup (p, (gsize) (lf - p)), g_strndup (lf + 9, (gsize) n)));
      p = lf + 9 + n;
      g_assert_cmpint (*p++, ==, '\n');
    }
  return fields;
}

static void
test_journal (void)
{
  AlLogEvent event = { AL_LOG_WARNING, "signaling", "odd name",
                       { { "call", "abc" }, { "display-name", "x\nPRIORITY=0\n" }, { "none", NULL } }, 3, WALL_US };
  g_autoptr (GHashTable) fields = NULL;
  char out[AL_LOG_MAX_DATAGRAM];

  fields = read_journal (out, al_log_format_journal (&event, out));
  g_assert_cmpuint (g_hash_table_size (fields), ==, 7);
  g_assert_cmpstr (g_hash_table_lookup (fields, "MESSAGE"), ==,
                   "odd name call=abc display-name=\"x\\nPRIORITY=0\\n\" none=-");
  g_assert_cmpstr (g_hash_table_lookup (fields, "PRIORITY"), ==, "4");
  g_assert_cmpstr (g_hash_table_lookup (fields, "SYSLOG_IDENTIFIER"), ==, "aldisd");
  g_assert_cmpstr (g_hash_table_lookup (fields, "ALDIS_DOMAIN"), ==, "signaling");
  g_assert_cmpstr (g_hash_table_lookup (fields, "ALDIS_CALL"), ==, "abc");
  g_assert_cmpstr (g_hash_table_lookup (fields, "ALDIS_DISPLAY_NAME"), ==, "x\nPRIORITY=0\n");
  g_assert_cmpstr (g_hash_table_lookup (fields, "ALDIS_NONE"), ==, "-");
}

/* the biggest event there can be still fits */
static void
test_journal_big (void)
{
  g_autofree char *big = g_strnfill (100000, '\x01'), *name = g_strnfill (100, 'n');
  AlLogEvent event = { AL_LOG_ERROR, big, big, { { NULL } }, AL_LOG_MAX_FIELDS, WALL_US };
  g_autofree char *out = g_malloc (AL_LOG_MAX_DATAGRAM);
  size_t len, n_fields = 0;

  for (unsigned i = 0; i < AL_LOG_MAX_FIELDS; i++)
    event.fields[i] = (AlLogField){ name, big };
  len = al_log_format_journal (&event, out);
  g_assert_cmpuint (len, <=, AL_LOG_MAX_DATAGRAM);
  for (const char *p = out; (p = memmem (p, (size_t) (out + len - p), "ALDIS_N", 7)) != NULL; p++)
    n_fields++;
  g_assert_cmpuint (n_fields, ==, AL_LOG_MAX_FIELDS);
}

static void
test_is_journal (void)
{
  int fds[2];
  struct stat st;
  g_autofree char *here = NULL, *other = NULL;

  g_assert_cmpint (pipe (fds), ==, 0);
  g_assert_cmpint (fstat (fds[1], &st), ==, 0);
  here = g_strdup_printf ("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT, (guint64) st.st_dev, (guint64) st.st_ino);
  other = g_strdup_printf ("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT, (guint64) st.st_dev, (guint64) st.st_ino + 1);
  g_assert_true (al_log_is_journal (here, fds[1]));
  g_assert_false (al_log_is_journal (other, fds[1]));
  g_assert_false (al_log_is_journal (NULL, fds[1]));
  g_assert_false (al_log_is_journal ("", fds[1]));
  g_assert_false (al_log_is_journal ("7", fds[1]));
  g_assert_false (al_log_is_journal ("a:b", fds[1]));
  g_assert_false (al_log_is_journal (here, -1));
  (void) close (fds[0]);
  (void) close (fds[1]);
}

static void
test_levels (void)
{
  static const char *const words[] = { "error", "warning", "info", "debug" };
  AlLogLevel level = AL_LOG_DEBUG;

  for (unsigned i = 0; i < G_N_ELEMENTS (words); i++)
    {
      g_assert_true (al_log_level_parse (words[i], &level));
      g_assert_cmpint (level, ==, i);
      al_log_set_level (level);
      for (unsigned j = 0; j < G_N_ELEMENTS (words); j++)
        g_assert_cmpint (al_log_is_enabled ((AlLogLevel) j), ==, j <= i);
    }
  g_assert_false (al_log_level_parse ("Info", &level));
  g_assert_false (al_log_level_parse ("", &level));
  g_assert_cmpint (level, ==, AL_LOG_DEBUG);
  al_log_set_level (AL_LOG_INFO);
}

/* what a program writes: in a process of its own, because its stderr is read */
static void
test_stderr (void)
{
  if (g_test_subprocess ())
    {
      al_info ("before init", "n", "1");
      al_log_init (AL_LOG_WARNING);
      g_log_set_always_fatal (G_LOG_FATAL_MASK); /* the test framework makes criticals fatal */
      al_info ("not seen");
      al_warning ("two words", "user", "eve\nforged");
      g_message ("library chatter");
      g_log ("GLib-Test", G_LOG_LEVEL_CRITICAL, "broken\nline");
      al_log_set_level (AL_LOG_DEBUG);
      al_debug ("seen now");
      g_log ("GLib-Test", G_LOG_LEVEL_DEBUG, "detail");
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_stderr ("*Z info base before init n=1\n*");
  g_test_trap_assert_stderr ("*Z warning base two words user=\"eve\\nforged\"\n*");
  g_test_trap_assert_stderr ("*Z error GLib-Test broken\\nline\n*");
  g_test_trap_assert_stderr ("*Z debug base seen now\n*");
  g_test_trap_assert_stderr ("*Z debug GLib-Test detail\n*");
  g_test_trap_assert_stderr_unmatched ("*not seen*");
  g_test_trap_assert_stderr_unmatched ("*chatter*");
}

/* an aborting program says why */
static void
test_fatal (void)
{
  if (g_test_subprocess ())
    {
      al_log_init (AL_LOG_ERROR);
      g_log ("GLib-Test", G_LOG_LEVEL_ERROR, "last words");
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*Z error GLib-Test last words\n*");
}

/* events reach the journal's socket; when that fails, stderr */
static void
test_journal_socket (void)
{
  char buffer[4096];
  int fds[2];
  ssize_t n;

  if (g_test_subprocess ())
    {
      g_autoptr (GHashTable) fields = NULL;

      g_assert_cmpint (socketpair (AF_UNIX, SOCK_DGRAM, 0, fds), ==, 0);
      al_log_set_journal (fds[0]);
      al_info ("to the journal", "call", "c1");
      n = recv (fds[1], buffer, sizeof buffer, MSG_DONTWAIT);
      g_assert_cmpint (n, >, 0);
      fields = read_journal (buffer, (size_t) n);
      g_assert_cmpstr (g_hash_table_lookup (fields, "ALDIS_CALL"), ==, "c1");
      (void) close (fds[1]);
      al_info ("to stderr");
      al_log_set_journal (-1);
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*info base to stderr\n*");
  g_test_trap_assert_stderr_unmatched ("*to the journal*");
}

static gpointer
log_many (gpointer data)
{
  for (int i = 0; i < 200; i++)
    {
      al_info ("from a thread", "name", data);
      al_log_set_level (i % 2 ? AL_LOG_INFO : AL_LOG_DEBUG);
    }
  return NULL;
}

static void
test_threads (void)
{
  GThread *threads[4];
  g_autofree char *name = NULL, *text = NULL;
  g_auto (GStrv) lines = NULL;
  int fd, old = dup (STDERR_FILENO);

  fd = g_file_open_tmp ("aldis-log-XXXXXX", &name, NULL);
  g_assert_cmpint (dup2 (fd, STDERR_FILENO), ==, STDERR_FILENO);
  for (unsigned i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("log", log_many, (gpointer) "a b");
  for (unsigned i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_cmpint (dup2 (old, STDERR_FILENO), ==, STDERR_FILENO);
  (void) close (old);
  (void) close (fd);
  g_assert_true (g_file_get_contents (name, &text, NULL, NULL));
  g_assert_cmpint (unlink (name), ==, 0);
  lines = g_strsplit (text, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 801);
  for (unsigned i = 0; i < 800; i++)
    g_assert_true (g_str_has_suffix (lines[i], "Z info base from a thread name=\"a b\""));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_autofree char *path = g_strconcat ("/base/log/value/", values[i].name, NULL);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_value);
    }
  g_test_add_func ("/base/log/cut", test_cut);
  g_test_add_func ("/base/log/journal", test_journal);
  g_test_add_func ("/base/log/journal-big", test_journal_big);
  g_test_add_func ("/base/log/is-journal", test_is_journal);
  g_test_add_func ("/base/log/levels", test_levels);
  g_test_add_func ("/base/log/stderr", test_stderr);
  g_test_add_func ("/base/log/fatal", test_fatal);
  g_test_add_func ("/base/log/journal-socket", test_journal_socket);
  g_test_add_func ("/base/log/threads", test_threads);
  return g_test_run ();
}
