/* SPDX-License-Identifier: Apache-2.0 */
/* What is read of a list, written as CSV and as JSON lines, is read again as the same; lines count up. */
#include <stdint.h>
#include <string.h>

#include "messaging/import-parse.h"
#include "signaling/json-text.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum { USERNAME, DISPLAY_NAME, PASSWORD, PASSWORD_HASH, N_FIELDS };
static const char *const names[N_FIELDS] = { "username", "displayName", "password", "passwordHash" };

typedef char *Row[N_FIELDS];

static void
row_free (gpointer data)
{
  Row *row = data;

  for (unsigned i = 0; i < N_FIELDS; i++)
    g_free ((*row)[i]);
  g_free (row);
}

/* Returns: (nullable): the rows without problems; @ret_problems: how many records have one. */
static GPtrArray *
read_rows (const char *text, size_t len, unsigned *ret_problems)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MsgImportReader) reader = msg_import_reader_new (text, len, &error);
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (row_free);
  MsgImportRecord record;
  unsigned line = 0;
  char *problem;

  g_assert_true ((reader == NULL) == (error != NULL));
  if (reader == NULL)
    return NULL;
  *ret_problems = 0;
  while (msg_import_reader_next (reader, &record, &problem))
    {
      g_assert_cmpuint (record.line, >, line);
      line = record.line;
      *ret_problems += problem != NULL;
      if (problem == NULL)
        {
          char *fields[] = { record.username, record.display_name, record.password, record.password_hash };

          g_ptr_array_add (rows, g_memdup2 (fields, sizeof fields));
        }
      else
        {
          g_assert_true (!record.username && !record.display_name && !record.password && !record.password_hash);
          g_free (problem);
        }
    }
  return g_steal_pointer (&rows);
}

static void
write_csv (GString *out, Row *row)
{
  for (unsigned i = 0; i < N_FIELDS; i++)
    {
      g_autoptr (GString) field = g_string_new ((*row)[i]);

      g_string_replace (field, "\"", "\"\"", 0);
      g_string_append_printf (out, "\"%s\"%s", field->str, i + 1 < N_FIELDS ? "," : "\r\n");
    }
}

static void
write_json (GString *out, Row *row)
{
  g_autoptr (JsonObject) object = json_object_new ();

  for (unsigned i = 0; i < N_FIELDS; i++)
    if ((*row)[i] != NULL)
      json_object_set_string_member (object, names[i], (*row)[i]);
  sig_json_append_object (out, object);
  g_string_append_c (out, '\n');
}

static void
check_again (GPtrArray *rows, void (*write) (GString *, Row *), const char *head)
{
  g_autoptr (GString) text = g_string_new (head);
  g_autoptr (GPtrArray) again = NULL;
  unsigned problems = 0;

  for (unsigned i = 0; i < rows->len; i++)
    write (text, rows->pdata[i]);
  again = read_rows (text->str, text->len, &problems);
  g_assert_nonnull (again);
  g_assert_cmpuint (problems, ==, 0);
  g_assert_cmpuint (again->len, ==, rows->len);
  for (unsigned i = 0; i < rows->len; i++)
    for (unsigned j = 0; j < N_FIELDS; j++)
      g_assert_cmpstr ((*(Row *) rows->pdata[i])[j], ==, (*(Row *) again->pdata[i])[j]);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  unsigned problems;
  g_autoptr (GPtrArray) rows = read_rows ((const char *) data, size, &problems);

  if (rows == NULL)
    return 0;
  check_again (rows, write_csv, "\xef\xbb\xbfusername,displayName,password,passwordHash\n");
  if (rows->len > 0 && size < MSG_IMPORT_LINE_MAX_BYTES / 8) /* escaped, a line still fits */
    check_again (rows, write_json, "");
  return 0;
}
