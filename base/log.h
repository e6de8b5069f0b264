/* SPDX-License-Identifier: Apache-2.0 */
/* Structured logging on GLib's: one line per event with key=value fields. Set up once; then any thread. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum { AL_LOG_ERROR, AL_LOG_WARNING, AL_LOG_INFO, AL_LOG_DEBUG } AlLogLevel;

/** al_log_init: installs the writer: "2026-01-01T00:00:00.000Z info signaling call ended call=.. reason=hangup" on
 *  stderr, or the journal's native fields when stderr is the journal. G_MESSAGES from libraries pass through it too. */
void al_log_init (AlLogLevel level);
/** al_log_set_level: Any thread (SIGHUP). */
void al_log_set_level (AlLogLevel level);
bool al_log_level_parse (const char *word, AlLogLevel *ret);
bool al_log_is_enabled (AlLogLevel level);

/**
 * al_log:
 * @message: a fixed sentence, no secrets
 * @...: pairs of name and value, both const char *, ended by NULL. Values with spaces, quotes or control characters
 *   are quoted and escaped, so that a peer cannot forge a line.
 */
void al_log_full (AlLogLevel level, const char *domain, const char *message, ...) G_GNUC_NULL_TERMINATED;

#define al_error(message, ...) al_log_full (AL_LOG_ERROR, G_LOG_DOMAIN, message, ##__VA_ARGS__, NULL)
#define al_warning(message, ...) al_log_full (AL_LOG_WARNING, G_LOG_DOMAIN, message, ##__VA_ARGS__, NULL)
#define al_info(message, ...) al_log_full (AL_LOG_INFO, G_LOG_DOMAIN, message, ##__VA_ARGS__, NULL)
#define al_debug(message, ...) al_log_full (AL_LOG_DEBUG, G_LOG_DOMAIN, message, ##__VA_ARGS__, NULL)
