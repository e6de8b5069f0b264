/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a list of users, CSV (RFC 4180) or JSON lines, record by record. Pure; any thread. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define MSG_IMPORT_MAX_BYTES (16 << 20)
#define MSG_IMPORT_LINE_MAX_BYTES 8192

/** MsgImportRecord: the fields as they stand in the file; NULL where empty or missing. */
typedef struct {
  unsigned line;
  char *username, *display_name, *password, *password_hash;
} MsgImportRecord;

void msg_import_record_clear (MsgImportRecord *record);

typedef struct MsgImportReader MsgImportReader;

/** msg_import_reader_new: @text: @len bytes, copied. Returns: (transfer full) (nullable): NULL with INVALID ("format").
 *  */
MsgImportReader *msg_import_reader_new (const char *text, gsize len, GError **error);
/** msg_import_reader_free: NULL is allowed. */
void msg_import_reader_free (MsgImportReader *reader);

/**
 * msg_import_reader_next:
 * @ret_record: (out): clear it; only the line is set when there is a problem
 * @ret_problem: (out) (transfer full) (nullable): why this record is none; reading may go on
 *
 * Empty lines are passed over. Returns: false at the end.
 */
bool msg_import_reader_next (MsgImportReader *reader, MsgImportRecord *ret_record, char **ret_problem);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgImportReader, msg_import_reader_free)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MsgImportRecord, msg_import_record_clear)
