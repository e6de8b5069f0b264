/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/dialect.h"

#include <string.h>

static const struct {
  const char *name;
  const char *words[MSG_DIALECT_N];
} placeholders[] = {
  { "text", { "TEXT", "TEXT COLLATE \"C\"" } },
  { "blob", { "BLOB", "BYTEA" } },
  { "clustered", { "WITHOUT ROWID", "" } },
};

static const char *const prefixes[MSG_DIALECT_N] = { "sqlite:", "postgres:" };

/* @text: behind an opening brace. Returns: its closing one. */
static const char *
closing_brace (const char *text)
{
  unsigned depth = 1;

  for (const char *p = text; *p != '\0'; p++)
    {
      if (*p == '{')
        depth++;
      if (*p == '}' && --depth == 0)
        return p;
    }
  g_error ("a placeholder has no end: {%s", text);
}

static void
expand_one (MsgDialect dialect, const char *text, gsize len, GString *out)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (placeholders); i++)
    if (strlen (placeholders[i].name) == len && memcmp (placeholders[i].name, text, len) == 0)
      {
        g_string_append (out, placeholders[i].words[dialect]);
        return;
      }
  for (unsigned i = 0; i < MSG_DIALECT_N; i++)
    {
      gsize skip = strlen (prefixes[i]);

      if (len < skip || memcmp (prefixes[i], text, skip) != 0)
        continue;
      if (i == dialect)
        g_string_append_len (out, text + skip, (gssize) (len - skip));
      return;
    }
  g_error ("no placeholder is called {%.*s}", (int) len, text);
}

char *
msg_dialect_expand (MsgDialect dialect, const char *script)
{
  GString *out = g_string_sized_new (strlen (script));

  for (const char *p = script; *p != '\0'; p++)
    if (*p == '{')
      {
        const char *end = closing_brace (p + 1);

        expand_one (dialect, p + 1, (gsize) (end - p - 1), out);
        p = end;
      }
    else
      g_string_append_c (out, *p);
  return g_string_free (out, FALSE);
}
