/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/named-sql.h"

#include <string.h>

/* Returns: how long what begins at @p and holds no parameter is: a string, a quoted name, a comment, a cast; else 0. */
static gsize
opaque_length (const char *p)
{
  const char *end;

  if (*p == '\'' || *p == '"')
    {
      end = strchr (p + 1, *p); /* a doubled quote ends one and begins another: the same result */
      return end != NULL ? (gsize) (end - p) + 1 : strlen (p);
    }
  if (p[0] == '-' && p[1] == '-')
    return strcspn (p, "\n");
  if (p[0] == '/' && p[1] == '*')
    {
      end = strstr (p + 2, "*/");
      return end != NULL ? (gsize) (end - p) + 2 : strlen (p);
    }
  return p[0] == ':' && p[1] == ':' ? 2 : 0;
}

static gsize
name_length (const char *p)
{
  gsize len = 1;

  if (*p != ':' || !(g_ascii_isalpha (p[1]) || p[1] == '_'))
    return 0;
  while (g_ascii_isalnum (p[len]) || p[len] == '_')
    len++;
  return len;
}

void
msg_named_sql_init (MsgNamedSql *self, const char *sql)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  GString *text = g_string_sized_new (strlen (sql));
  gsize len;

  for (const char *p = sql; *p != '\0'; p += len)
    if ((len = name_length (p)) > 0)
      {
        g_autofree char *name = g_strndup (p, len);
        guint index;

        if (!g_ptr_array_find_with_equal_func (names, name, g_str_equal, &index))
          {
            index = names->len;
            g_ptr_array_add (names, g_steal_pointer (&name));
          }
        g_string_append_printf (text, "$%u", index + 1);
      }
    else
      {
        len = MAX (opaque_length (p), 1);
        g_string_append_len (text, p, (gssize) len);
      }
  self->n = names->len;
  g_ptr_array_add (names, NULL);
  self->names = (char **) g_ptr_array_steal (names, NULL);
  self->text = g_string_free (text, FALSE);
}

void
msg_named_sql_clear (MsgNamedSql *self)
{
  g_strfreev (self->names);
  g_free (self->text);
}

int
msg_named_sql_find (const MsgNamedSql *self, const char *name)
{
  for (unsigned i = 0; i < self->n; i++)
    if (strcmp (self->names[i], name) == 0)
      return (int) i;
  return -1;
}
