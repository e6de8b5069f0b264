/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ctl/import.h"

#include <gio/gio.h>
#include <stdbool.h>
#include <string.h>

/* the length of the record at @at, its line end included; counts the lines it spans */
static gsize
measure_record (const CtlImport *import, gsize at, unsigned *ret_lines)
{
  bool csv = import->header_len > 0, quoted = false;
  unsigned lines = 0;
  gsize i;

  for (i = at; i < import->len; i++)
    {
      /* a doubled quote inside quotes toggles twice, which is the same */
      if (csv && import->text[i] == '"')
        quoted = !quoted;
      if (import->text[i] != '\n')
        continue;
      lines++;
      if (!quoted)
        {
          i++;
          break;
        }
    }
  *ret_lines = lines;
  return i - at;
}

void
ctl_import_init (CtlImport *import, const char *text, gsize len)
{
  *import = (CtlImport){ .text = text, .len = len, .line = 1 };
  if (len > 0 && text[0] != '{')
    {
      unsigned lines;

      import->header_len = 1; /* CSV: quotes count in the header too */
      import->header_len = measure_record (import, 0, &lines);
      import->at = import->header_len;
      import->line = 1 + lines;
    }
}

char *
ctl_import_next (CtlImport *import, gsize max, unsigned *ret_line, GError **error)
{
  gsize begin = import->at;
  unsigned begin_line = import->line, lines;
  GString *piece;

  if (begin >= import->len)
    return NULL;
  while (import->at < import->len)
    {
      gsize record = measure_record (import, import->at, &lines);

      if (import->at + record - begin + import->header_len > max)
        break;
      import->at += record;
      import->line += lines;
    }
  if (import->at == begin)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "line %u: longer than %" G_GSIZE_FORMAT " bytes", begin_line,
                   max);
      return NULL;
    }
  piece = g_string_new_len (import->text, (gssize) import->header_len);
  g_string_append_len (piece, import->text + begin, (gssize) (import->at - begin));
  *ret_line = begin_line - 1 - (import->header_len > 0 ? 1 : 0);
  return g_string_free (piece, FALSE);
}
