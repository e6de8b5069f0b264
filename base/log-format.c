/* SPDX-License-Identifier: Apache-2.0 */
/* What an event looks like: one line of text, or one datagram for the journal. Pure; the caller's buffers only. */
#include "base/log-private.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define MAX_VALUE 512
#define MAX_MESSAGE 2048
#define MAX_NAME 64

static const char *const level_words[] = { "error", "warning", "info", "debug" };
static const int level_priorities[] = { 3, 4, 6, 7 }; /* of syslog(3) */

/* A buffer that is never overrun: from the first piece that does not fit whole, nothing more is taken. */
typedef struct {
  char *data;
  size_t len, size;
  bool cut;
} Out;

static void
put (Out *out, const void *data, size_t len)
{
  out->cut |= len > out->size - out->len;
  if (out->cut)
    return;
  memcpy (out->data + out->len, data, len);
  out->len += len;
}

static void
put_text (Out *out, const char *text)
{
  put (out, text, strlen (text));
}

static void
put_hex (Out *out, uint8_t c)
{
  static const char digits[] = "0123456789abcdef";

  put (out, (const char[]){ '\\', 'x', digits[c >> 4], digits[c & 15] }, 4);
}

/* Printable, and neither the line nor the paragraph separator, which some viewers break lines at. */
static bool
is_shown (gunichar c)
{
  return g_unichar_isprint (c) && c != 0x2028 && c != 0x2029;
}

/*
 * Writes @text so that it stays on its line and shows what it holds: what is not UTF-8, is not printable (direction
 * marks too) or would end a quoted value becomes \xNN or a short escape.
 */
static void
put_escaped (Out *out, const char *text, size_t max, bool quoted)
{
  size_t len = strnlen (text, max + 1);
  const char *p = text, *end = text + MIN (len, max);

  while (p < end)
    {
      gunichar c = g_utf8_get_char_validated (p, end - p);
      bool valid = c != (gunichar) -1 && c != (gunichar) -2;
      const char *next = valid ? g_utf8_next_char (p) : p + 1;

      if (c == '\n')
        put_text (out, "\\n");
      else if (c == '\r')
        put_text (out, "\\r");
      else if (c == '\t')
        put_text (out, "\\t");
      else if (quoted && (c == '"' || c == '\\'))
        put (out, (const char[]){ '\\', (char) c }, 2);
      else if (valid && is_shown (c))
        put (out, p, (size_t) (next - p));
      else
        for (; p < next; p++)
          put_hex (out, (uint8_t) *p);
      p = next;
    }
  if (len > max)
    put_text (out, "...");
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
put_value (Out *out, const char *value)
{
  if (value == NULL)
    {
      put_text (out, "-");
      return;
    }
  if (!needs_quotes (value))
    {
      put_text (out, value);
      return;
    }
  put_text (out, "\"");
  put_escaped (out, value, MAX_VALUE, true);
  put_text (out, "\"");
}

/* "call ended call=.. reason=hangup" */
static void
put_sentence (Out *out, const AlLogEvent *event)
{
  put_escaped (out, event->message, MAX_MESSAGE, false);
  for (unsigned i = 0; i < event->n_fields; i++)
    {
      put_text (out, " ");
      put_text (out, event->fields[i].name);
      put_text (out, "=");
      put_value (out, event->fields[i].value);
    }
}

static void
put_time (Out *out, int64_t wall_us)
{
  time_t seconds = (time_t) (wall_us / G_USEC_PER_SEC);
  char text[96]; /* room for what the compiler thinks an int may be */
  struct tm tm;

  (void) gmtime_r (&seconds, &tm);
  (void) snprintf (text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1,
                   tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int) (wall_us % G_USEC_PER_SEC / 1000));
  put_text (out, text);
}

size_t
al_log_format_text (const AlLogEvent *event, char ret_line[AL_LOG_MAX_LINE])
{
  Out out = { ret_line, 0, AL_LOG_MAX_LINE - 4, false }; /* 4: "..." and the line feed */

  put_time (&out, event->wall_us);
  put_text (&out, " ");
  put_text (&out, level_words[event->level]);
  put_text (&out, " ");
  put_text (&out, event->domain != NULL ? event->domain : "-");
  put_text (&out, " ");
  put_sentence (&out, event);
  if (out.cut)
    {
      memcpy (ret_line + out.len, "...", 3);
      out.len += 3;
    }
  ret_line[out.len++] = '\n';
  return out.len;
}

/*
 * NAME LF, length as 64 bits little-endian, value, LF: the form for any bytes, used for all so that no value can begin a
 * field of its own (systemd.io/JOURNAL_NATIVE_PROTOCOL).
 */
static void
put_journal (Out *out, const char *name, const char *value, size_t len)
{
  uint64_t len_le = GUINT64_TO_LE ((uint64_t) len);

  put_text (out, name);
  put_text (out, "\n");
  put (out, &len_le, sizeof len_le);
  put (out, value, len);
  put_text (out, "\n");
}

/* "display-name" is the journal's ALDIS_DISPLAY_NAME */
static void
put_journal_field (Out *out, const AlLogField *field)
{
  const char *value = field->value != NULL ? field->value : "-";
  char name[6 + MAX_NAME + 1] = "ALDIS_";

  for (size_t i = 0; i < MAX_NAME && field->name[i] != '\0'; i++)
    name[6 + i] = g_ascii_isalnum (field->name[i]) ? g_ascii_toupper (field->name[i]) : '_';
  put_journal (out, name, value, strnlen (value, MAX_VALUE));
}

size_t
al_log_format_journal (const AlLogEvent *event, char ret_datagram[AL_LOG_MAX_DATAGRAM])
{
  Out out = { ret_datagram, 0, AL_LOG_MAX_DATAGRAM, false };
  char text[AL_LOG_MAX_LINE];
  Out sentence = { text, 0, sizeof text, false };

  put_sentence (&sentence, event);
  put_journal (&out, "MESSAGE", text, sentence.len);
  put_journal (&out, "PRIORITY", (const char[]){ (char) ('0' + level_priorities[event->level]) }, 1);
  put_journal (&out, "SYSLOG_IDENTIFIER", "aldisd", 6);
  if (event->domain != NULL)
    put_journal (&out, "ALDIS_DOMAIN", event->domain, strnlen (event->domain, MAX_VALUE));
  for (unsigned i = 0; i < event->n_fields; i++)
    put_journal_field (&out, &event->fields[i]);
  g_assert (!out.cut); /* 24 fields of at most 0.6 KiB */
  return out.len;
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
