/* SPDX-License-Identifier: Apache-2.0 */
/* What an event looks like: one line of text, or one datagram for the journal. Pure. */
#include "base/log-private.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define MAX_VALUE 512
#define MAX_MESSAGE 2048

static const char *const level_words[] = { "error", "warning", "info", "debug" };
static const int level_priorities[] = { 3, 4, 6, 7 }; /* of syslog(3) */

/* Printable, and neither the line nor the paragraph separator, which some viewers break lines at. */
static bool
is_shown (gunichar c)
{
  return g_unichar_isprint (c) && c != 0x2028 && c != 0x2029;
}

/*
 * Appends @text so that it stays on its line and shows what it holds: what is not UTF-8, is not printable (line and
 * paragraph separators, direction marks) or would end a quoted value becomes \xNN or a short escape.
 */
static void
append_escaped (GString *out, const char *text, size_t max, bool quoted)
{
  size_t len = strnlen (text, max + 1);
  const char *p = text, *end = text + MIN (len, max);

  while (p < end)
    {
      gunichar c = g_utf8_get_char_validated (p, end - p);
      bool valid = c != (gunichar) -1 && c != (gunichar) -2;
      const char *next = valid ? g_utf8_next_char (p) : p + 1;

      if (c == '\n')
        g_string_append (out, "\\n");
      else if (c == '\r')
        g_string_append (out, "\\r");
      else if (c == '\t')
        g_string_append (out, "\\t");
      else if (quoted && (c == '"' || c == '\\'))
        g_string_append_printf (out, "\\%c", (char) c);
      else if (valid && is_shown (c))
        g_string_append_len (out, p, next - p);
      else
        for (; p < next; p++)
          g_string_append_printf (out, "\\x%02x", (uint8_t) *p);
      p = next;
    }
  if (len > max)
    g_string_append (out, "...");
}

static bool
needs_quotes (const char *value)
{
  const char *p = value;

  while (g_ascii_isgraph (*p) && *p != '"' && *p != '\\' && *p != '=')
    p++;
  return *p != '\0' || p == value || p - value > MAX_VALUE;
}

static void
append_value (GString *out, const char *value)
{
  if (value == NULL)
    {
      g_string_append_c (out, '-');
      return;
    }
  if (!needs_quotes (value))
    {
      g_string_append (out, value);
      return;
    }
  g_string_append_c (out, '"');
  append_escaped (out, value, MAX_VALUE, true);
  g_string_append_c (out, '"');
}

/* "call ended call=.. reason=hangup" */
static void
append_sentence (const AlLogEvent *event, GString *out)
{
  append_escaped (out, event->message, MAX_MESSAGE, false);
  for (unsigned i = 0; i < event->n_fields; i++)
    {
      g_string_append_printf (out, " %s=", event->fields[i].name);
      append_value (out, event->fields[i].value);
    }
}

static void
append_time (GString *out, int64_t wall_us)
{
  time_t seconds = (time_t) (wall_us / G_USEC_PER_SEC);
  struct tm tm;

  (void) gmtime_r (&seconds, &tm);
  g_string_append_printf (out, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                          tm.tm_hour, tm.tm_min, tm.tm_sec, (int) (wall_us % G_USEC_PER_SEC / 1000));
}

void
al_log_format_text (const AlLogEvent *event, GString *out)
{
  size_t start = out->len;

  append_time (out, event->wall_us);
  g_string_append_printf (out, " %s %s ", level_words[event->level], event->domain != NULL ? event->domain : "-");
  append_sentence (event, out);
  if (out->len - start > AL_LOG_MAX_LINE - 1)
    {
      const char *cut = out->str + start + AL_LOG_MAX_LINE - 4;

      while ((*cut & 0xc0) == 0x80) /* not in the middle of a character */
        cut--;
      g_string_truncate (out, (gsize) (cut - out->str));
      g_string_append (out, "...");
    }
  g_string_append_c (out, '\n');
}

/*
 * NAME LF, length as 64 bits little-endian, value, LF: the form for any bytes, used for all so that no value can begin a
 * field of its own (systemd.io/JOURNAL_NATIVE_PROTOCOL).
 */
static void
append_journal (GString *out, const char *name, const char *value, size_t len)
{
  uint64_t len_le = GUINT64_TO_LE ((uint64_t) len);

  g_string_append (out, name);
  g_string_append_c (out, '\n');
  g_string_append_len (out, (const char *) &len_le, sizeof len_le);
  g_string_append_len (out, value, (gssize) len);
  g_string_append_c (out, '\n');
}

void
al_log_format_journal (const AlLogEvent *event, GString *out)
{
  g_autoptr (GString) text = g_string_new (NULL);

  append_sentence (event, text);
  append_journal (out, "MESSAGE", text->str, text->len);
  g_string_printf (text, "%d", level_priorities[event->level]);
  append_journal (out, "PRIORITY", text->str, text->len);
  append_journal (out, "SYSLOG_IDENTIFIER", "aldisd", 6);
  if (event->domain != NULL)
    append_journal (out, "ALDIS_DOMAIN", event->domain, strlen (event->domain));
  for (unsigned i = 0; i < event->n_fields; i++)
    {
      const char *value = event->fields[i].value != NULL ? event->fields[i].value : "-";
      g_autofree char *name = g_ascii_strup (event->fields[i].name, -1);

      g_string_printf (text, "ALDIS_%s", g_strcanon (name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", '_'));
      append_journal (out, text->str, value, strnlen (value, MAX_VALUE));
    }
}

bool
al_log_is_journal (const char *stream, int fd)
{
  g_auto (GStrv) parts = g_strsplit (stream != NULL ? stream : "", ":", 2);
  guint64 device, inode;
  struct stat st;

  return g_strv_length (parts) == 2 && g_ascii_string_to_unsigned (parts[0], 10, 0, G_MAXUINT64, &device, NULL) &&
         g_ascii_string_to_unsigned (parts[1], 10, 0, G_MAXUINT64, &inode, NULL) && fstat (fd, &st) == 0 &&
         st.st_dev == device && st.st_ino == inode;
}
