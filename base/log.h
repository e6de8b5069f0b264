/* SPDX-License-Identifier: Apache-2.0 */
/* Structured logging on GLib's: one line per event with key=value fields. Set up once; then any thread. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum { AL_LOG_ERROR, AL_LOG_WARNING, AL_LOG_INFO, AL_LOG_DEBUG } AlLogLevel;

/**
 * al_log_init:
 *
 * Opens the journal's native protocol when stderr is the journal ($JOURNAL_STREAM), and lets the messages of GLib and
 * other libraries pass through here too. Without it (or before it) events go to stderr at level info, as
 * "2026-01-01T00:00:00.000Z info signaling call ended call=.. reason=hangup". Main thread, before others start; again
 * only sets the level.
 */
void al_log_init (AlLogLevel level);
/** al_log_set_level: events less important than @level are dropped. Any thread (SIGHUP). */
void al_log_set_level (AlLogLevel level);
/** al_log_level_parse: @word: "error", "warning", "info" or "debug". Returns: false, @ret untouched. */
bool al_log_level_parse (const char *word, AlLogLevel *ret);
bool al_log_is_enabled (AlLogLevel level);

/**
 * al_log_full:
 * @domain: (nullable): the layer, G_LOG_DOMAIN
 * @message: a fixed sentence, no secrets
 * @...: pairs of name and value, both const char *, ended by NULL; at most 24. A NULL value is written as "-". Values
 *   with spaces, quotes, "=" or anything not printable are quoted and escaped, so that a peer cannot forge a line or a
 *   field; more than 512 bytes of one, or 4 KiB in all, are cut.
 *
 * One line, in one write. Any thread; not from a packet path.
 */
void al_log_full (AlLogLevel level, const char *domain, const char *message, ...) G_GNUC_NULL_TERMINATED;

#define al_error(message, ...) al_log_full (AL_LOG_ERROR, G_LOG_DOMAIN, message, ##__VA_ARGS__, NULL)
#define al_warning(message, ...) al_log_full (AL_LOG_WARNING, G_LOG_DOMAIN, message, ##__VA_ARGS__, NULL)
#define al_info(message, ...) al_log_full (AL_LOG_INFO, G_LOG_DOMAIN, message, ##__VA_ARGS__, NULL)
#define al_debug(message, ...) al_log_full (AL_LOG_DEBUG, G_LOG_DOMAIN, message, ##__VA_ARGS__, NULL)
