/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/import-parse.h"

#include <string.h>

#include "base/json.h"
#include "messaging/core.h"
#include "messaging/password.h"

static const char *const columns[] = { "username", "displayName", "password", "passwordHash" };
enum { COLUMN_USERNAME, COLUMN_DISPLAY_NAME, COLUMN_PASSWORD, COLUMN_PASSWORD_HASH, COLUMN_N };

#define FIELDS_MAX 32

struct MsgImportReader {
  /* owned */
  char *text;
  /* where it reads */
  const char *p, *end;
  unsigned line;
  bool is_json;
  /* CSV: which column each field of a record is; COLUMN_N: none of ours */
  unsigned map[FIELDS_MAX];
  unsigned n_fields;
};

static char **
record_field (MsgImportRecord *record, unsigned column)
{
  char **fields[COLUMN_N] = { &record->username, &record->display_name, &record->password, &record->password_hash };

  return fields[column];
}

void
msg_import_record_clear (MsgImportRecord *record)
{
  g_clear_pointer (&record->username, g_free);
  g_clear_pointer (&record->display_name, g_free);
  g_clear_pointer (&record->password, msg_secret_free);
  g_clear_pointer (&record->password_hash, g_free);
}

/* --- CSV --- */

/*
 * Reads one field and what ends it. Returns: the character behind the field: ',' or '\n' (also at the end of the text),
 * or '\0' when the quotes are wrong; the rest of that line is then passed over.
 */
static char
csv_field (MsgImportReader *reader, GString *field)
{
  bool quoted = reader->p < reader->end && *reader->p == '"';

  g_string_set_size (field, 0);
  if (quoted)
    reader->p++;
  for (; reader->p < reader->end; reader->p++)
    {
      char c = *reader->p;

      if (c == '"' && quoted)
        {
          if (reader->p + 1 >= reader->end || reader->p[1] != '"')
            {
              reader->p++;
              quoted = false;
              break;
            }
          reader->p++;
        }
      else if (!quoted && (c == ',' || c == '\n' || c == '"'))
        break;
      else if (!quoted && c == '\r' && reader->p + 1 < reader->end && reader->p[1] == '\n')
        break;
      if (c == '\n')
        reader->line++;
      if (field->len < MSG_IMPORT_LINE_MAX_BYTES)
        g_string_append_c (field, c);
    }

  if (reader->p + 1 < reader->end && reader->p[0] == '\r' && reader->p[1] == '\n')
    reader->p++;
  if (quoted || (reader->p < reader->end && *reader->p != ',' && *reader->p != '\n'))
    {
      while (reader->p < reader->end && *reader->p != '\n')
        reader->p++;
      reader->p += reader->p < reader->end;
      reader->line++;
      return '\0';
    }
  if (reader->p >= reader->end)
    return '\n';
  if (*reader->p == '\n')
    reader->line++;
  return *reader->p++;
}

static bool
csv_header (MsgImportReader *reader, GError **error)
{
  g_autoptr (GString) field = g_string_new (NULL);
  bool have[COLUMN_N] = { false };
  char c;

  do
    {
      unsigned column = 0;

      c = csv_field (reader, field);
      while (column < COLUMN_N && strcmp (field->str, columns[column]) != 0)
        column++;
      if (c == '\0' || reader->n_fields == FIELDS_MAX || (column < COLUMN_N && have[column]))
        {
          g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "format", "The first line lists no columns."));
          return false;
        }
      if (column < COLUMN_N)
        have[column] = true;
      reader->map[reader->n_fields++] = column;
    }
  while (c == ',');
  if (have[COLUMN_USERNAME] && (have[COLUMN_PASSWORD] || have[COLUMN_PASSWORD_HASH]))
    return true;
  g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "format",
                                           "The first line must name the columns username and password (or "
                                           "passwordHash)."));
  return false;
}

static char *
csv_next (MsgImportReader *reader, MsgImportRecord *record)
{
  g_autoptr (GString) field = g_string_new (NULL);
  bool is_long = false;
  unsigned n = 0;
  char c;

  do
    {
      c = csv_field (reader, field);
      is_long = is_long || field->len >= MSG_IMPORT_LINE_MAX_BYTES;
      if (c != '\0' && n < reader->n_fields && reader->map[n] < COLUMN_N && field->len > 0)
        *record_field (record, reader->map[n]) = g_strdup (field->str);
      n++;
    }
  while (c == ',');
  if (c == '\0')
    return g_strdup ("the quotes are wrong");
  if (is_long)
    return g_strdup ("a field is too long");
  if (n != reader->n_fields)
    return g_strdup_printf ("%u fields where the first line has %u", n, reader->n_fields);
  return NULL;
}

/* --- JSON lines --- */

static char *
json_next (MsgImportReader *reader, MsgImportRecord *record)
{
  const char *start = reader->p;
  const char *stop = memchr (start, '\n', (size_t) (reader->end - start));
  size_t len = (size_t) ((stop != NULL ? stop : reader->end) - start);
  g_autoptr (JsonNode) root = NULL;
  g_autoptr (GError) error = NULL;

  reader->p = stop != NULL ? stop + 1 : reader->end;
  reader->line++;
  if (len > MSG_IMPORT_LINE_MAX_BYTES)
    return g_strdup ("the line is too long");
  root = al_json_parse (start, len, &error);
  if (root == NULL)
    return g_strdup (error->message);
  if (!JSON_NODE_HOLDS_OBJECT (root))
    return g_strdup ("this is no JSON object");
  for (unsigned i = 0; i < COLUMN_N; i++)
    {
      JsonNode *node = json_object_get_member (json_node_get_object (root), columns[i]);

      if (node == NULL || JSON_NODE_HOLDS_NULL (node))
        continue;
      if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
        return g_strdup_printf ("%s is no string", columns[i]);
      if (*json_node_get_string (node) != '\0')
        *record_field (record, i) = json_node_dup_string (node);
    }
  return NULL;
}

/* --- Both --- */

MsgImportReader *
msg_import_reader_new (const char *text, gsize len, GError **error)
{
  g_autoptr (MsgImportReader) reader = NULL;

  g_return_val_if_fail (text != NULL || len == 0, NULL);
  if (len > MSG_IMPORT_MAX_BYTES || memchr (text, '\0', len) != NULL || !g_utf8_validate (text, (gssize) len, NULL))
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "format", "A list of users is UTF-8 text of at most "
                                               "16 MiB."));
      return NULL;
    }
  if (len >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0) /* what spreadsheets put in front */
    {
      text += 3;
      len -= 3;
    }
  reader = g_new0 (MsgImportReader, 1);
  reader->text = g_strndup (text, len);
  reader->p = reader->text;
  reader->end = reader->text + len;
  reader->line = 1;
  reader->is_json = reader->text[strspn (reader->text, " \t\r\n")] == '{';
  if (!reader->is_json && !csv_header (reader, error))
    return NULL;
  return g_steal_pointer (&reader);
}

void
msg_import_reader_free (MsgImportReader *reader)
{
  if (reader == NULL)
    return;
  msg_secret_free (reader->text);
  g_free (reader);
}

bool
msg_import_reader_next (MsgImportReader *reader, MsgImportRecord *ret_record, char **ret_problem)
{
  MsgImportRecord record = { 0 };

  while (reader->p < reader->end && (*reader->p == '\n' || (*reader->p == '\r' && reader->p[1] == '\n')))
    {
      reader->line += *reader->p == '\n';
      reader->p++;
    }
  if (reader->p >= reader->end)
    return false;
  record.line = reader->line;
  *ret_problem = reader->is_json ? json_next (reader, &record) : csv_next (reader, &record);
  if (*ret_problem != NULL)
    msg_import_record_clear (&record);
  *ret_record = record;
  return true;
}
