/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/whip-fragment.h"

#include <string.h>

#include "base/utf8.h"

static bool
is_ice_text (const char *text, size_t min)
{
  size_t len = strspn (text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

  return text[len] == '\0' && len >= min && len <= 256;
}

/* The same in all sections, or it is no fragment of one bundle. */
static bool
take_text (char **where, const char *value, size_t min)
{
  if (!is_ice_text (value, min) || (*where != NULL && strcmp (*where, value) != 0))
    return false;
  if (*where == NULL)
    *where = g_strdup (value);
  return true;
}

static bool
parse_line (SigFragment *fragment, const char *line)
{
  if (!g_ascii_islower (line[0]) || line[1] != '=' || line[2] == '\0')
    return false;
  for (const char *p = line; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p))
      return false;
  if (g_str_has_prefix (line, "a=ice-ufrag:"))
    return take_text (&fragment->ufrag, line + strlen ("a=ice-ufrag:"), 4);
  if (g_str_has_prefix (line, "a=ice-pwd:"))
    return take_text (&fragment->pwd, line + strlen ("a=ice-pwd:"), 22);
  /* RFC 8840 §9.1: besides attributes a fragment has pseudo m= lines only */
  return line[0] == 'a' || line[0] == 'm';
}

bool
sig_fragment_parse (const char *text, size_t len, SigFragment *ret)
{
  g_autofree char *copy = NULL;
  g_auto (GStrv) lines = NULL;
  SigFragment fragment = { NULL, NULL };
  bool ok = len > 0 && len <= SIG_FRAGMENT_MAX && memchr (text, '\0', len) == NULL && al_utf8_is_valid (text, len);

  if (!ok)
    return false;
  copy = g_strndup (text, len);
  lines = g_strsplit (copy, "\n", -1);
  for (unsigned i = 0; ok && lines[i] != NULL; i++)
    {
      size_t line_len = strlen (lines[i]);

      if (line_len > 0 && lines[i][line_len - 1] == '\r')
        lines[i][line_len - 1] = '\0';
      if (lines[i][0] == '\0')
        ok = lines[i + 1] == NULL || lines[i + 1][0] == '\0'; /* the end */
      else
        ok = parse_line (&fragment, lines[i]);
    }
  if (ok)
    *ret = fragment;
  else
    sig_fragment_clear (&fragment);
  return ok;
}

void
sig_fragment_clear (SigFragment *fragment)
{
  g_clear_pointer (&fragment->ufrag, g_free);
  g_clear_pointer (&fragment->pwd, g_free);
}

/* The answer's first open section carries the candidates of all. */
char *
sig_fragment_write (const char *answer, const char *ufrag, const char *pwd)
{
  GString *out = g_string_new ("a=ice-lite\r\n");
  g_auto (GStrv) lines = g_strsplit (answer, "\r\n", -1);
  const char *media = NULL;
  bool open = false;

  for (unsigned i = 0; lines[i] != NULL; i++)
    if (g_str_has_prefix (lines[i], "a=group:BUNDLE"))
      g_string_append_printf (out, "%s\r\n", lines[i]);
    else if (g_str_has_prefix (lines[i], "m="))
      {
        if (open)
          break;
        open = strstr (lines[i], " 0 ") == NULL;
        media = lines[i];
      }
    else if (open && g_str_has_prefix (lines[i], "a=mid:"))
      g_string_append_printf (out, "%s\r\n%s\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\n", media, lines[i], ufrag, pwd);
    else if (open && (g_str_has_prefix (lines[i], "a=candidate:") || strcmp (lines[i], "a=end-of-candidates") == 0))
      g_string_append_printf (out, "%s\r\n", lines[i]);
  return g_string_free (out, FALSE);
}
