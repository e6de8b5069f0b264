/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of text in columns as wide as their widest cell. */
#pragma once

#include <glib.h>

typedef struct CtlTable CtlTable;

/** ctl_table_new: @...: the headings, ended by NULL; at most 12. Returns: (transfer full). */
CtlTable *ctl_table_new (const char *heading, ...) G_GNUC_NULL_TERMINATED;
/** ctl_table_add: @...: as many cells (const char *, copied) as there are headings. Control characters become "?", so that a
 *  name cannot drive the terminal. */
void ctl_table_add (CtlTable *table, ...);
/** ctl_table_print: writes it to standard output and frees it. */
void ctl_table_print (CtlTable *table);
/** ctl_table_free: frees it unprinted. */
void ctl_table_free (CtlTable *table);
