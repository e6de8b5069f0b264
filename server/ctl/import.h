/* SPDX-License-Identifier: Apache-2.0 */
/* Cutting a file of users into pieces that fit a request. */
#pragma once

#include <glib.h>

/**
 * CtlImport: a walk over CSV (RFC 4180, with a header line) or JSON lines.
 */
typedef struct {
  /* passed in, not owned */
  const char *text;
  gsize len;
  /*< private >*/
  gsize header_len; /* 0 for JSON lines */
  gsize at;
  unsigned line; /* of @at, from 1 */
} CtlImport;

/** ctl_import_init: @text: @len bytes, not copied. */
void ctl_import_init (CtlImport *import, const char *text, gsize len);
/**
 * ctl_import_next:
 * @max: most bytes of one piece
 * @ret_line: what to add to a line number that the server reports for this piece
 *
 * A CSV piece begins with the header; a quoted field is never cut.
 *
 * Returns: (transfer full) (nullable): NULL at the end, or with @error set when one record is longer than @max.
 */
char *ctl_import_next (CtlImport *import, gsize max, unsigned *ret_line, GError **error);
