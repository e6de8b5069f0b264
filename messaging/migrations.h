/* SPDX-License-Identifier: Apache-2.0 */
/* The schema as a list of numbered steps. A step that was released never changes; a change is a new step. */
#pragma once

#include "messaging/db.h"

/** MsgMigration: @version: 1, 2, 3, ... without gaps. @script: statements for SQLite and PostgreSQL alike, with
 *  the placeholders of dialect.h. */
typedef struct {
  int version;
  const char *name;
  const char *script;
} MsgMigration;

/** msg_migrations: Returns: (transfer none): the steps, ended by version 0. */
const MsgMigration *msg_migrations (void);

/** msg_migrations_check: Returns: false as msg_migrations_apply() when the database is of a newer version, or it has no
 *  steps at all ("storage"). */
bool msg_migrations_check (MsgDb *db, const MsgMigration *steps, GError **error);

/**
 * msg_migrations_apply:
 * @db: opened for writing, no transaction open
 * @steps: msg_migrations(), or a shorter list in tests
 *
 * Brings the schema to the last of @steps, each step in one transaction of its own, so that a crash leaves it before or
 * behind a step. Does nothing when it is there already.
 *
 * Returns: false with UNAVAILABLE: "schema" when the database has a newer step than the last of @steps (or another step
 * of the same number), "storage" when the engine fails.
 */
bool msg_migrations_apply (MsgDb *db, const MsgMigration *steps, int64_t now_ms, GError **error);
