/* SPDX-License-Identifier: Apache-2.0 */
/* Between log.c (levels, where lines go) and log-format.c (what they look like). */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"

/** AL_LOG_MAX_FIELDS: pairs of one event; further ones are dropped. */
#define AL_LOG_MAX_FIELDS 24
/** AL_LOG_MAX_LINE: bytes of a line with its line feed: what a pipe takes in one piece (PIPE_BUF). */
#define AL_LOG_MAX_LINE 4096

typedef struct {
  const char *name, *value; /* a NULL value is written as "-" */
} AlLogField;

typedef struct {
  AlLogLevel level;
  const char *domain;  /* (nullable) */
  const char *message;
  AlLogField fields[AL_LOG_MAX_FIELDS];
  unsigned n_fields;
  int64_t wall_us;     /* since the epoch */
} AlLogEvent;

/** AL_LOG_MAX_DATAGRAM: bytes of an event for the journal: its sentence, every field again, and their names. */
#define AL_LOG_MAX_DATAGRAM (AL_LOG_MAX_LINE + 24 * 1024)

/** al_log_format_text: writes one line with its line feed, no NUL. Returns: its length. */
size_t al_log_format_text (const AlLogEvent *event, char ret_line[AL_LOG_MAX_LINE]);
/** al_log_format_journal: writes the event as one datagram of journald's native protocol. Returns: its length. */
size_t al_log_format_journal (const AlLogEvent *event, char ret_datagram[AL_LOG_MAX_DATAGRAM]);

/** al_log_is_journal: @stream: (nullable): $JOURNAL_STREAM, "device:inode". Returns: whether @fd is that stream. */
bool al_log_is_journal (const char *stream, int fd);
/** al_log_set_journal: @fd: (transfer full): a connected datagram socket to write events to, -1 for stderr. */
void al_log_set_journal (int fd);
