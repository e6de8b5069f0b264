/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ctl/table.h"

#include <stdarg.h>

#define MAX_COLUMNS 12

struct CtlTable {
  unsigned n_columns;
  glong width[MAX_COLUMNS];
  GPtrArray *cells; /* (element-type utf8), row after row, headings first */
};

static void
add_cell (CtlTable *table, unsigned column, const char *text)
{
  GString *clean = g_string_new (NULL);

  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char_validated (at, -1);

      if (c == (gunichar) -1 || c == (gunichar) -2)
        break;
      g_string_append_unichar (clean, g_unichar_isprint (c) ? c : '?');
    }
  table->width[column] = MAX (table->width[column], g_utf8_strlen (clean->str, -1));
  g_ptr_array_add (table->cells, g_string_free (clean, FALSE));
}

CtlTable *
ctl_table_new (const char *heading, ...)
{
  CtlTable *table = g_new0 (CtlTable, 1);
  va_list args;

  table->cells = g_ptr_array_new_with_free_func (g_free);
  va_start (args, heading);
  for (; heading != NULL; heading = va_arg (args, const char *))
    {
      g_assert (table->n_columns < MAX_COLUMNS);
      add_cell (table, table->n_columns++, heading);
    }
  va_end (args);
  return table;
}

void
ctl_table_add (CtlTable *table, ...)
{
  va_list args;

  va_start (args, table);
  for (unsigned i = 0; i < table->n_columns; i++)
    add_cell (table, i, va_arg (args, const char *));
  va_end (args);
}

void
ctl_table_print (CtlTable *table)
{
  for (guint i = 0; i < table->cells->len; i++)
    {
      unsigned column = i % table->n_columns;
      const char *text = table->cells->pdata[i];

      if (column + 1 == table->n_columns)
        g_print ("%s\n", text);
      else
        g_print ("%s%*s", text, (int) (table->width[column] - g_utf8_strlen (text, -1) + 2), "");
    }
  ctl_table_free (table);
}

void
ctl_table_free (CtlTable *table)
{
  g_ptr_array_unref (table->cells);
  g_free (table);
}
