/* SPDX-License-Identifier: Apache-2.0 */
/* Values of aldis.conf: escapes, lists and the types of the table. */
#include "base/config-private.h"

#include <string.h>

#include "base/addr.h"

static bool
is_secret (const AlConfigKey *key)
{
  return key->type == AL_CONFIG_SECRET || key->type == AL_CONFIG_SECRETS;
}

static bool
is_list (const AlConfigKey *key)
{
  return key->type == AL_CONFIG_LIST || key->type == AL_CONFIG_ADDRESSES || key->type == AL_CONFIG_NETS ||
         key->type == AL_CONFIG_SECRETS;
}

char *
al_config_value_describe (const AlConfigKey *key)
{
  g_auto (GStrv) words = g_strsplit (key->choices != NULL ? key->choices : "", "|", -1);
  g_autofree char *joined = g_strjoinv (", ", words);

  switch (key->type)
    {
    case AL_CONFIG_STRING:
      return key->choices != NULL ? g_strdup_printf ("a text that begins with one of: %s", joined) : g_strdup ("a text");
    case AL_CONFIG_BOOL:
      return g_strdup ("true or false");
    case AL_CONFIG_INT:
      return g_strdup_printf ("an integer from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, key->min, key->max);
    case AL_CONFIG_ENUM:
      return g_strdup_printf ("one of: %s", joined);
    case AL_CONFIG_LIST:
      return g_strdup ("texts separated by \";\"");
    case AL_CONFIG_ADDRESS:
      return g_strdup ("an address and port such as 127.0.0.1:8080 or [::1]:8080, or nothing for off");
    case AL_CONFIG_ADDRESSES:
      return g_strdup ("addresses and ports such as 127.0.0.1:8080 or [::1]:8080, separated by \";\"");
    case AL_CONFIG_NETS:
      return g_strdup ("networks such as 10.0.0.0/8 or 2001:db8::/32, separated by \";\"");
    case AL_CONFIG_SECRET:
      return g_strdup_printf ("a secret of at least %" G_GINT64_FORMAT " bytes", key->min);
    case AL_CONFIG_SECRETS:
      return g_strdup_printf ("secrets of at least %" G_GINT64_FORMAT " bytes each, separated by \";\"", key->min);
    }
  g_assert_not_reached ();
}

static unsigned
edit_distance (const char *a, const char *b)
{
  size_t n = strlen (b);
  g_autofree unsigned *row = g_new (unsigned, n + 1);

  for (size_t j = 0; j <= n; j++)
    row[j] = (unsigned) j;
  for (size_t i = 1; a[i - 1] != '\0'; i++)
    {
      unsigned diagonal = row[0];

      row[0] = (unsigned) i;
      for (size_t j = 1; j <= n; j++)
        {
          unsigned substitute = diagonal + (a[i - 1] != b[j - 1]);

          diagonal = row[j];
          row[j] = MIN (substitute, MIN (row[j], row[j - 1]) + 1);
        }
    }
  return row[n];
}

const char *
al_config_nearest (const char *word, const char *const *words, unsigned n)
{
  const char *best = NULL;
  size_t len = strlen (word);
  unsigned best_distance = 3;

  if (len > 64) /* no slip of the pen, and the table of distances stays small */
    return NULL;
  for (unsigned i = 0; i < n; i++)
    {
      unsigned distance = edit_distance (word, words[i]);

      if (distance < best_distance && distance < strlen (words[i]) / 2 + 1)
        {
          best = words[i];
          best_distance = distance;
        }
    }
  return best;
}

/* What to show of a value that does not parse: nothing of a secret, and no more than fits in a line. */
G_GNUC_PRINTF (3, 4)
static bool
fail (const AlConfigKey *key, GError **error, const char *format, ...)
{
  g_autofree char *expected = al_config_value_describe (key);
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, AL_CONFIG_ERROR, AL_CONFIG_ERROR_VALUE, "%s; expected %s", what, expected);
  return false;
}

static bool
fail_value (const AlConfigKey *key, const char *value, GError **error)
{
  g_autofree char *escaped = NULL;

  if (is_secret (key))
    return fail (key, error, "the value does not do");
  escaped = g_strescape (value, NULL);
  return fail (key, error, "\"%.80s%s\" does not do", escaped, strlen (escaped) > 80 ? "..." : "");
}

/* Returns: the character that "\c" stands for, 0 when there is no such escape. */
static char
unescape (char c, bool in_list)
{
  switch (c)
    {
    case 's':
      return ' ';
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case '\\':
      return '\\';
    case ';':
      return in_list ? ';' : '\0';
    default:
      return '\0';
    }
}

/*
 * Reads one value, or the next element of a list up to ";". White space that is not written as an escape is dropped at
 * both ends. @text is moved to the ";" or the end.
 */
static char *
parse_text (const AlConfigKey *key, const char **text, GError **error)
{
  bool in_list = is_list (key);
  GString *out = g_string_new (NULL);
  size_t keep = 0;
  const char *p = *text;

  while (g_ascii_isspace (*p))
    p++;
  for (; *p != '\0' && !(in_list && *p == ';'); p++)
    {
      char c = *p;

      if (c == '\\')
        {
          c = unescape (p[1], in_list);
          if (c == '\0')
            {
              (void) fail (key, error, "a backslash must be followed by one of s n t r \\%s", in_list ? " ;" : "");
              g_string_free (out, TRUE);
              return NULL;
            }
          p++;
          g_string_append_c (out, c);
          keep = out->len;
          continue;
        }
      g_string_append_c (out, c);
      if (!g_ascii_isspace (c))
        keep = out->len;
    }
  g_string_truncate (out, keep);
  *text = p;
  return g_string_free (out, FALSE);
}

static bool
check_choice (const AlConfigKey *key, const char *value, GError **error)
{
  g_auto (GStrv) words = g_strsplit (key->choices != NULL ? key->choices : "", "|", -1);
  const char *near;

  if (key->choices == NULL || (key->type == AL_CONFIG_STRING && *value == '\0'))
    return true;
  for (unsigned i = 0; words[i] != NULL; i++)
    if (key->type == AL_CONFIG_STRING ? g_str_has_prefix (value, words[i]) : g_str_equal (value, words[i]))
      return true;
  near = key->type == AL_CONFIG_ENUM
             ? al_config_nearest (value, (const char *const *) words, g_strv_length (words)) : NULL;
  if (near != NULL)
    return fail (key, error, "\"%s\" is not known, did you mean \"%s\"", value, near);
  return fail_value (key, value, error);
}

static bool
check_secret (const AlConfigKey *key, const char *value, GError **error)
{
  int64_t len = (int64_t) strlen (value);

  if (len == 0 && key->type == AL_CONFIG_SECRET)
    return true;
  if (len < key->min || (key->max > 0 && len > key->max))
    return fail (key, error, "the secret has %" G_GINT64_FORMAT " bytes", len);
  return true;
}

/* A port must be written out (0: the kernel picks one): there is no default that would be right for every key. */
static bool
is_address_with_port (const char *text)
{
  AlAddr a, b;

  return al_addr_parse (text, 1, &a, NULL) && al_addr_parse (text, 2, &b, NULL) &&
         al_addr_get_port (&a) == al_addr_get_port (&b);
}

/* Checks one text, or one element of a list. */
static bool
check_text (const AlConfigKey *key, const char *value, GError **error)
{
  AlNet net;

  switch (key->type)
    {
    case AL_CONFIG_STRING:
    case AL_CONFIG_ENUM:
      return check_choice (key, value, error);
    case AL_CONFIG_SECRET:
    case AL_CONFIG_SECRETS:
      return check_secret (key, value, error);
    case AL_CONFIG_ADDRESS:
    case AL_CONFIG_ADDRESSES:
      if (key->type == AL_CONFIG_ADDRESS && *value == '\0')
        return true;
      return is_address_with_port (value) || fail_value (key, value, error);
    case AL_CONFIG_NETS:
      return al_net_parse (value, &net, NULL) || fail_value (key, value, error);
    default:
      return true;
    }
}

static bool
parse_list (const AlConfigKey *key, const char *text, AlConfigValue *ret, GError **error)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_free);

  while (*text != '\0')
    {
      char *item = parse_text (key, &text, error);

      if (item == NULL)
        return false;
      g_ptr_array_add (items, item);
      if (*item == '\0')
        return fail (key, error, "element %u of the list is empty", items->len);
      if (!check_text (key, item, error))
        return false;
      text += *text == ';';
    }
  g_ptr_array_add (items, NULL);
  ret->list = (char **) g_ptr_array_free (g_steal_pointer (&items), FALSE);
  return true;
}

static bool
parse_integer (const AlConfigKey *key, const char *text, int64_t *ret, GError **error)
{
  gint64 value;

  if (*text == '+' || !g_ascii_string_to_signed (text, 10, key->min, key->max, &value, NULL))
    return fail_value (key, text, error);
  *ret = value;
  return true;
}

bool
al_config_value_parse (const AlConfigKey *key, const char *text, AlConfigValue *ret_value, GError **error)
{
  AlConfigValue value = { 0 };

  if (is_list (key))
    {
      if (!parse_list (key, text, &value, error))
        return false;
      *ret_value = value;
      return true;
    }
  value.string = parse_text (key, &text, error);
  if (value.string == NULL)
    return false;
  if (key->type == AL_CONFIG_BOOL)
    {
      value.integer = g_str_equal (value.string, "true");
      if (!value.integer && !g_str_equal (value.string, "false"))
        goto bad;
    }
  else if (key->type == AL_CONFIG_INT)
    {
      if (!parse_integer (key, value.string, &value.integer, error))
        goto out;
    }
  else if (!check_text (key, value.string, error))
    {
      goto out;
    }
  *ret_value = value;
  return true;

bad:
  (void) fail_value (key, value.string, error);
out:
  al_config_value_clear (&value);
  return false;
}

static void
wipe (char *text)
{
  if (text != NULL)
    explicit_bzero (text, strlen (text));
  g_free (text);
}

void
al_config_value_clear (AlConfigValue *value)
{
  wipe (g_steal_pointer (&value->string));
  for (unsigned i = 0; value->list != NULL && value->list[i] != NULL; i++)
    wipe (value->list[i]);
  g_clear_pointer (&value->list, g_free);
}
