/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where SQLite and PostgreSQL do not say the same thing in the same words: all of it is here. The SQL of Aldis is written
 * once, in what both understand; a script (the schema's steps, scripts of tests) has placeholders in braces for the rest:
 *
 *   placeholder    SQLite          PostgreSQL        for
 *   {text}         TEXT            TEXT COLLATE "C"  any text; compared and ordered by its bytes (UTF-8)
 *   {blob}         BLOB            BYTEA             bytes
 *   {clustered}    WITHOUT ROWID   (nothing)         after the last parenthesis of a small table that is its own key
 *   {sqlite:...}   ...             (nothing)         what only one of them can do, such as full-text search
 *   {postgres:...} (nothing)       ...
 *
 * The last two hold any text whose own braces come in pairs, and are not looked into.
 */
#pragma once

#include <glib.h>

typedef enum { MSG_DIALECT_SQLITE, MSG_DIALECT_POSTGRES, MSG_DIALECT_N } MsgDialect;

/** msg_dialect_expand: an unknown or open placeholder is a programmer error. Returns: (transfer full): @script in the
 *  words of @dialect. Any thread. */
char *msg_dialect_expand (MsgDialect dialect, const char *script);
