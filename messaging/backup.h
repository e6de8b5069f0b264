/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies of the whole database, made beside a server that runs, and put back where none does. Of SQLite a copy is a
 * database of its own in one file; of PostgreSQL an archive of pg_dump, whose programs must be installed. Everything here
 * blocks, and belongs into programs of administration. No function changes anything when it fails.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/**
 * msg_backup_write:
 * @url: as msg_db_open() takes it
 * @file: must not exist; appears when it is whole and on disk, readable for its owner alone
 *
 * The copy is of one moment after the call began: what was acknowledged before is in it.
 *
 * Returns: false with UNAVAILABLE ("storage", "schema": not a database of ours) or CONFLICT ("exists").
 */
bool msg_backup_write (const char *url, const char *file, GError **error);

/**
 * msg_backup_restore:
 * @overwrite: replace a database that is there
 *
 * Returns: false with UNAVAILABLE ("storage": also when a server uses the database, or @file is damaged or of the other
 * engine; "schema": @file is of a newer version) or CONFLICT ("occupied": there is a database, and no @overwrite).
 */
bool msg_backup_restore (const char *url, const char *file, bool overwrite, GError **error);
