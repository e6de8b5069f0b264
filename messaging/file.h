/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a file whose bytes are kept elsewhere: who has brought it, what it is called, what it is. A message
 * names such files by id. Rules of what is asynchronous: messaging/core.h; what is not may be called on any thread.
 */
#pragma once

#include "messaging/core.h"

/** MSG_FILES_MAX: of one message. */
#define MSG_FILES_MAX 10
#define MSG_FILE_NAME_CHARS 255
#define MSG_FILE_MIME_BYTES 127
/** MSG_FILE_SIDE_MAX: width and height of a picture. */
#define MSG_FILE_SIDE_MAX 65535
#define MSG_FILE_DURATION_MAX_MS (INT64_C (7) * 24 * 3600 * 1000)
#define MSG_FILE_SHA256_BYTES 32

/** MsgFileKind: stored as these numbers. */
typedef enum {
  MSG_FILE_PHOTO = 1,
  MSG_FILE_VIDEO,
  MSG_FILE_AUDIO,
  MSG_FILE_VOICE,
  MSG_FILE_FILE,
  MSG_FILE_KIND_N
} MsgFileKind;

typedef struct {
  MsgId id;
  MsgId owner_id;       /* who may send it first; 0: a user who is deleted */
  MsgFileKind kind;
  char *name, *mime;
  int64_t size_bytes;
  unsigned width, height; /* 0: not known; both or none */
  int64_t duration_ms;  /* 0: not known */
  bool has_sha256;
  uint8_t sha256[MSG_FILE_SHA256_BYTES];
  int64_t created_ms;
} MsgFile;

MsgFile *msg_file_copy (const MsgFile *file);
void msg_file_free (MsgFile *file); /* NULL is allowed */

/** msg_file_kind_to_string: Returns: (transfer none): the word of the API. */
const char *msg_file_kind_to_string (MsgFileKind kind);
/** msg_file_kind_parse: Returns: MSG_FILE_KIND_N when @word is none. */
MsgFileKind msg_file_kind_parse (const char *word);
/** msg_file_kind_guess: of a file of which nobody says it. @mime: as msg_file_tidy() takes it. */
MsgFileKind msg_file_kind_guess (const char *mime);

/**
 * msg_file_tidy:
 * @asked: id, owner_id and created_ms are not looked at; @kind 0: what its type suggests
 *
 * A name is 1 to MSG_FILE_NAME_CHARS characters without control characters, direction overrides and what separates folders;
 * a type is "type/subtype" of RFC 6838 without parameters, in lower case afterwards, and that of the kind.
 *
 * Returns: (transfer full) (nullable): as it is kept; NULL with INVALID ("file").
 */
MsgFile *msg_file_tidy (const MsgFile *asked, GError **error);

/** msg_files_write: @files: (element-type MsgFile). Returns: (transfer full): JSON as in the API: a list. */
char *msg_files_write (const GPtrArray *files);
/** msg_files_parse: @json: (nullable): what msg_files_write() wrote; NULL gives none. Returns: (transfer full) (element-type
 *  MsgFile): with what the JSON has of them; none when it is something else. */
GPtrArray *msg_files_parse (const char *json);

/** MsgFileFn: @file: (nullable): NULL with an error. */
typedef void (*MsgFileFn) (const MsgFile *file, const GError *error, gpointer data);

/** msg_file_add: @file: copied; its owner is @owner_id, whatever it says. Errors: INVALID ("file"), NOT_FOUND ("user"),
 *  UNAVAILABLE. */
void msg_file_add (MsgCore *core, MsgId owner_id, const MsgFile *file, MsgFileFn fn, gpointer data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgFile, msg_file_free)
