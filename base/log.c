/* SPDX-License-Identifier: Apache-2.0 */
/* Levels, where events go, and GLib's messages passing through. */
#include "base/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log-private.h"

static atomic_int log_level = AL_LOG_INFO;
static atomic_int journal_fd = -1;

static void
write_stderr (const AlLogEvent *event)
{
  char line[AL_LOG_MAX_LINE];
  size_t len = al_log_format_text (event, line);
  ssize_t n;

  /* a log that cannot be written (a full, non-blocking pipe; a closed terminal) is no reason to stop: ignored */
  do
    n = write (STDERR_FILENO, line, len);
  while (n < 0 && errno == EINTR);
}

static bool
write_journal (const AlLogEvent *event, int fd)
{
  char datagram[AL_LOG_MAX_DATAGRAM];
  size_t len = al_log_format_journal (event, datagram);

  return send (fd, datagram, len, MSG_NOSIGNAL) == (ssize_t) len;
}

static void
write_event (AlLogEvent *event)
{
  int fd = atomic_load_explicit (&journal_fd, memory_order_acquire);

  event->wall_us = g_get_real_time ();
  if (fd < 0 || !write_journal (event, fd))
    write_stderr (event);
}

static AlLogLevel
level_from_glib (GLogLevelFlags flags)
{
  if (flags & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
    return AL_LOG_ERROR;
  if (flags & G_LOG_LEVEL_WARNING)
    return AL_LOG_WARNING;
  return flags & G_LOG_LEVEL_MESSAGE ? AL_LOG_INFO : AL_LOG_DEBUG;
}

/* Messages of GLib and of libraries that use its log. G_LOG_LEVEL_ERROR aborts, and passes at every level of ours. */
static GLogWriterOutput
on_glib_message (GLogLevelFlags flags, const GLogField *fields, gsize n_fields, gpointer user)
{
  AlLogEvent event = { .level = level_from_glib (flags), .message = "" };
  g_autofree char *message = NULL, *domain = NULL;

  if (!al_log_is_enabled (event.level))
    return G_LOG_WRITER_HANDLED;
  for (gsize i = 0; i < n_fields; i++)
    {
      const char *value = fields[i].value;
      gsize len = fields[i].length < 0 ? strlen (value) : (gsize) fields[i].length;

      if (g_str_equal (fields[i].key, "MESSAGE") && message == NULL)
        event.message = message = g_strndup (value, len);
      else if (g_str_equal (fields[i].key, "GLIB_DOMAIN") && domain == NULL)
        event.domain = domain = g_strndup (value, len);
    }
  write_event (&event);
  return G_LOG_WRITER_HANDLED;
}

void
al_log_set_journal (int fd)
{
  int old = atomic_exchange_explicit (&journal_fd, fd, memory_order_acq_rel);

  if (old >= 0)
    (void) close (old);
}

/* Returns: a socket to journald, -1 when it cannot be reached. */
static int
connect_journal (void)
{
  static const struct sockaddr_un address = { AF_UNIX, "/run/systemd/journal/socket" };
  int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  if (fd >= 0 && connect (fd, (const struct sockaddr *) &address, sizeof address) == 0)
    return fd;
  if (fd >= 0)
    (void) close (fd);
  return -1;
}

void
al_log_init (AlLogLevel level)
{
  static bool installed; /* GLib takes a writer once; main thread, before all others */

  al_log_set_level (level);
  if (installed)
    return;
  installed = true;
  if (al_log_is_journal (getenv ("JOURNAL_STREAM"), STDERR_FILENO))
    al_log_set_journal (connect_journal ());
  g_log_set_writer_func (on_glib_message, NULL, NULL);
}

void
al_log_set_level (AlLogLevel level)
{
  atomic_store_explicit (&log_level, (int) level, memory_order_relaxed);
}

bool
al_log_level_parse (const char *word, AlLogLevel *ret)
{
  static const char *const words[] = { "error", "warning", "info", "debug" };

  for (unsigned i = 0; i < G_N_ELEMENTS (words); i++)
    if (strcmp (word, words[i]) == 0)
      {
        *ret = (AlLogLevel) i;
        return true;
      }
  return false;
}

bool
al_log_is_enabled (AlLogLevel level)
{
  return (int) level <= atomic_load_explicit (&log_level, memory_order_relaxed);
}

void
al_log_full (AlLogLevel level, const char *domain, const char *message, ...)
{
  AlLogEvent event = { .level = level, .domain = domain, .message = message };
  const char *name;
  va_list args;

  if (!al_log_is_enabled (level))
    return;
  va_start (args, message);
  while (event.n_fields < AL_LOG_MAX_FIELDS && (name = va_arg (args, const char *)) != NULL)
    event.fields[event.n_fields++] = (AlLogField){ name, va_arg (args, const char *) };
  va_end (args);
  write_event (&event);
}
