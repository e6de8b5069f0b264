/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of the web client, read into memory once: a request looks a path up in a table and never touches the file
 * system. Immutable after loading and reference-counted, so that a reload swaps the whole tree. Any thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/** SIG_STATIC_CHUNK: a body lies in blocks of this size (the last one shorter), so that a slow reader of a part of it
 *  holds references and no copies. */
#define SIG_STATIC_CHUNK 65536

/** What a folder may hold: more is a mistake in web_root, not a web client. */
#define SIG_STATIC_MAX_BYTES (64u << 20)
#define SIG_STATIC_MAX_FILES 10000

/** SigCoding: the forms in which a file may be there: as it is, and its precompressed siblings .gz and .br. */
typedef enum { SIG_CODING_IDENTITY, SIG_CODING_GZIP, SIG_CODING_BR, SIG_CODING_N } SigCoding;

/** SigStaticBody: one form of a file. @etag: strong: the quoted SHA-256 of exactly these bytes. */
typedef struct {
  AlBuf **chunks; /* NULL: there is no such form */
  size_t len;
  char etag[67];
} SigStaticBody;

/** SigStaticFile: @immutable: its name holds a hash of its content, as in "app-5XZ2QJ3A.js". */
typedef struct {
  const char *content_type;
  bool immutable;
  bool has_codings;
  SigStaticBody bodies[SIG_CODING_N];
} SigStaticFile;

typedef struct SigStatic SigStatic;

/**
 * sig_static_load:
 * @root: the folder; "" for no files at all
 *
 * Takes regular files; no symbolic links, no names that begin with "." but .well-known. "index.html" of a folder also
 * stands for the folder's path. If @root does not exist, the tree is one page that says how to build the client.
 *
 * Returns: (transfer full) (nullable): NULL with G_IO_ERROR or G_FILE_ERROR.
 */
SigStatic *sig_static_load (const char *root, GError **error);
SigStatic *sig_static_ref (SigStatic *tree);
void sig_static_unref (SigStatic *tree);

/** sig_static_find: @path: of the request, percent-encoded, "/..."; @len bytes. Returns: (transfer none) (nullable) */
const SigStaticFile *sig_static_find (const SigStatic *tree, const char *path, size_t len);
/** sig_static_count: Returns: how many files there are. */
unsigned sig_static_count (const SigStatic *tree);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SigStatic, sig_static_unref)
