/* SPDX-License-Identifier: Apache-2.0 */
/* What backup.c asks of each engine. */
#pragma once

#include "messaging/backup.h"
#include "messaging/db.h"

/* @part: a file that exists and is empty, to be written and synced. */
bool msg_backup_write_sqlite (const char *url, const char *part, GError **error);
bool msg_backup_write_postgres (const char *url, const char *part, GError **error);
/* @db: the writer, so no other one is at work: in place of what is there. */
bool msg_backup_restore_sqlite (MsgDb *db, const char *url, const char *file, GError **error);
bool msg_backup_restore_postgres (MsgDb *db, const char *url, const char *file, GError **error);
