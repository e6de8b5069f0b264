/* SPDX-License-Identifier: Apache-2.0 */
/* SQL with named parameters (":name") as PostgreSQL wants it: numbered ("$1"). A name that occurs twice has one number.
 * Any thread. */
#pragma once

#include <glib.h>

typedef struct {
  char *text;
  char **names; /* with their colons, by number less 1; ended by NULL */
  unsigned n;
} MsgNamedSql;

/** msg_named_sql_init: @sql: one statement. Strings, quoted names, comments and casts ("::") are left as they are. */
void msg_named_sql_init (MsgNamedSql *self, const char *sql);
void msg_named_sql_clear (MsgNamedSql *self);
/** msg_named_sql_find: Returns: the index of @name (with its colon), or -1. */
int msg_named_sql_find (const MsgNamedSql *self, const char *name);
