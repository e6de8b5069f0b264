/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of aldis.conf: lines, sections and keys; values are in config-value.c, the table in config-keys.c. */
#include "base/config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/config-private.h"
#include "base/utf8.h"

struct AlConfig {
  const AlConfigKey *keys; /* passed in, not owned */
  unsigned n_keys;
  AlConfigValue *values;   /* owned; one per key */
};

typedef struct {
  AlConfig *config;
  const char *name;
  unsigned line;
  const char *section;      /* of the table; NULL before the first header */
  GHashTable *seen;         /* section -> line of its header */
} Reader;

G_DEFINE_QUARK (al-config-error-quark, al_config_error)

static AlConfig *
config_new (const AlConfigKey *keys)
{
  AlConfig *config = g_new0 (AlConfig, 1);

  config->keys = keys;
  while (keys[config->n_keys].section != NULL)
    config->n_keys++;
  config->values = g_new0 (AlConfigValue, config->n_keys);
  return config;
}

void
al_config_free (AlConfig *config)
{
  if (config == NULL)
    return;
  for (unsigned i = 0; i < config->n_keys; i++)
    al_config_value_clear (&config->values[i]);
  g_free (config->values);
  g_free (config);
}

G_GNUC_PRINTF (4, 5)
static bool
fail (const Reader *reader, AlConfigError code, GError **error, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, AL_CONFIG_ERROR, code, "%s:%u: %s", reader->name, reader->line, what);
  return false;
}

/* What looks like a name is shown in messages; anything else may be a piece of a secret that broke into two lines. */
static const char *
show_name (const char *word)
{
  size_t len = strspn (word, "abcdefghijklmnopqrstuvwxyz0123456789_-");

  return word[len] == '\0' && len > 0 && len <= 32 ? word : "of this name";
}

static bool
fail_section (const Reader *reader, const char *word, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  const AlConfigKey *keys = reader->config->keys;
  const char *near;

  for (unsigned i = 0; i < reader->config->n_keys; i++)
    if (i == 0 || !g_str_equal (keys[i].section, keys[i - 1].section))
      g_ptr_array_add (names, (char *) keys[i].section);
  near = al_config_nearest (word, (const char *const *) names->pdata, names->len);
  if (near != NULL)
    return fail (reader, AL_CONFIG_ERROR_UNKNOWN, error, "no section %s, did you mean [%s]?", show_name (word), near);
  g_ptr_array_add (names, NULL);
  g_autofree char *all = g_strjoinv ("], [", (char **) names->pdata);
  return fail (reader, AL_CONFIG_ERROR_UNKNOWN, error, "no section %s; there are [%s]", show_name (word), all);
}

static bool
fail_key (const Reader *reader, const char *word, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  const AlConfigKey *keys = reader->config->keys;
  const char *near;

  for (unsigned i = 0; i < reader->config->n_keys; i++)
    {
      if (g_str_equal (keys[i].section, reader->section))
        g_ptr_array_add (names, (char *) keys[i].name);
      else if (g_str_equal (keys[i].name, word))
        return fail (reader, AL_CONFIG_ERROR_UNKNOWN, error, "[%s] has no key %s, it belongs to [%s]", reader->section,
                     word, keys[i].section);
    }
  near = al_config_nearest (word, (const char *const *) names->pdata, names->len);
  if (near != NULL)
    return fail (reader, AL_CONFIG_ERROR_UNKNOWN, error, "[%s] has no key %s, did you mean %s?", reader->section,
                 show_name (word), near);
  return fail (reader, AL_CONFIG_ERROR_UNKNOWN, error, "[%s] has no key %s", reader->section, show_name (word));
}

/* @line: "[name]", trimmed */
static bool
read_section (Reader *reader, char *line, GError **error)
{
  const AlConfig *config = reader->config;
  size_t len = strlen (line);

  if (line[len - 1] != ']')
    return fail (reader, AL_CONFIG_ERROR_SYNTAX, error, "a section header ends with \"]\"");
  line[len - 1] = '\0';
  line++;
  for (unsigned i = 0; i < config->n_keys; i++)
    {
      if (!g_str_equal (config->keys[i].section, line))
        continue;
      reader->section = config->keys[i].section;
      if (g_hash_table_contains (reader->seen, line))
        return fail (reader, AL_CONFIG_ERROR_DUPLICATE, error, "section [%s] was opened before, in line %u", line,
                     GPOINTER_TO_UINT (g_hash_table_lookup (reader->seen, line)));
      g_hash_table_insert (reader->seen, (char *) reader->section, GUINT_TO_POINTER (reader->line));
      return true;
    }
  return fail_section (reader, line, error);
}

/* @line: "key = value", trimmed */
static bool
read_key (Reader *reader, char *line, GError **error)
{
  AlConfig *config = reader->config;
  char *equals = strchr (line, '=');
  g_autoptr (GError) reason = NULL;

  if (equals == NULL)
    return fail (reader, AL_CONFIG_ERROR_SYNTAX, error, "expected [section], key=value or a # comment");
  *equals = '\0';
  g_strchomp (line);
  if (reader->section == NULL)
    return fail (reader, AL_CONFIG_ERROR_SYNTAX, error, "a key outside any section; expected [section] first");
  for (unsigned i = 0; i < config->n_keys; i++)
    {
      const AlConfigKey *key = &config->keys[i];
      AlConfigValue value;

      if (key->section != reader->section && !g_str_equal (key->section, reader->section))
        continue;
      if (!g_str_equal (key->name, line))
        continue;
      if (config->values[i].line != 0)
        return fail (reader, AL_CONFIG_ERROR_DUPLICATE, error, "[%s] %s was set before, in line %u", key->section, key->name,
                     config->values[i].line);
      if (!al_config_value_parse (key, equals + 1, &value, &reason))
        return fail (reader, AL_CONFIG_ERROR_VALUE, error, "[%s] %s: %s", key->section, key->name, reason->message);
      value.line = reader->line;
      config->values[i] = value;
      return true;
    }
  return fail_key (reader, line, error);
}

static bool
read_line (Reader *reader, const char *start, size_t len, GError **error)
{
  g_autofree char *copy = NULL;
  char *line;
  bool ok;

  if (len > AL_CONFIG_MAX_LINE)
    return fail (reader, AL_CONFIG_ERROR_SYNTAX, error, "the line is longer than %d bytes", AL_CONFIG_MAX_LINE);
  if (memchr (start, '\0', len) != NULL)
    return fail (reader, AL_CONFIG_ERROR_SYNTAX, error, "the line holds a NUL byte");
  if (!al_utf8_is_valid (start, len))
    return fail (reader, AL_CONFIG_ERROR_SYNTAX, error, "the line is not UTF-8");
  copy = g_strndup (start, len);
  line = g_strstrip (copy);
  if (*line == '\0' || *line == '#')
    return true;
  ok = *line == '[' ? read_section (reader, line, error) : read_key (reader, line, error);
  explicit_bzero (copy, len);
  return ok;
}

/* What the file leaves out gets its fallback; one that does not parse is a mistake in the table. */
static void
fill_fallbacks (AlConfig *config)
{
  for (unsigned i = 0; i < config->n_keys; i++)
    {
      g_autoptr (GError) error = NULL;

      if (config->values[i].line == 0 &&
          !al_config_value_parse (&config->keys[i], config->keys[i].fallback, &config->values[i], &error))
        g_error ("[%s] %s: fallback: %s", config->keys[i].section, config->keys[i].name, error->message);
    }
}

AlConfig *
al_config_parse (const char *text, size_t len, const char *name, const AlConfigKey *keys, GError **error)
{
  g_autoptr (AlConfig) config = config_new (keys);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  Reader reader = { config, name, 0, NULL, seen };

  if (len > AL_CONFIG_MAX_FILE)
    {
      g_set_error (error, AL_CONFIG_ERROR, AL_CONFIG_ERROR_FILE, "%s: longer than %d bytes", name, AL_CONFIG_MAX_FILE);
      return NULL;
    }
  for (size_t i = 0; i < len;)
    {
      const char *end = memchr (text + i, '\n', len - i);
      size_t n = end != NULL ? (size_t) (end - (text + i)) : len - i;

      reader.line++;
      if (!read_line (&reader, text + i, n, error))
        return NULL;
      i += n + 1;
    }
  fill_fallbacks (config);
  return g_steal_pointer (&config);
}

/* Reads at most one byte more than a file may have, so that a device or a pipe cannot fill the memory. */
static char *
read_file (const char *path, size_t *ret_len, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY), code;
  g_autofree char *text = NULL;
  size_t len = 0;
  ssize_t n = -1;

  if (fd >= 0)
    {
      text = g_malloc (AL_CONFIG_MAX_FILE + 1);
      do
        {
          n = read (fd, text + len, AL_CONFIG_MAX_FILE + 1 - len);
          len += n > 0 ? (size_t) n : 0;
        }
      while ((n > 0 && len <= AL_CONFIG_MAX_FILE) || (n < 0 && errno == EINTR));
    }
  code = errno;
  if (fd >= 0)
    (void) close (fd);
  if (n < 0)
    {
      g_set_error (error, AL_CONFIG_ERROR, AL_CONFIG_ERROR_FILE, "%s: %s", path, g_strerror (code));
      return NULL;
    }
  *ret_len = len;
  return g_steal_pointer (&text);
}

AlConfig *
al_config_load (const char *path, const AlConfigKey *keys, GError **error)
{
  g_autofree char *text = NULL;
  AlConfig *config;
  size_t len;

  if (path == NULL)
    return al_config_parse ("", 0, "(defaults)", keys, error);
  text = read_file (path, &len, error);
  if (text == NULL)
    return NULL;
  config = al_config_parse (text, len, path, keys, error);
  explicit_bzero (text, len);
  return config;
}

static const AlConfigValue *
find (const AlConfig *config, const char *section, const char *name, unsigned types)
{
  for (unsigned i = 0; i < config->n_keys; i++)
    if (g_str_equal (config->keys[i].section, section) && g_str_equal (config->keys[i].name, name))
      {
        if ((types & 1u << config->keys[i].type) == 0)
          g_error ("[%s] %s is read as a type that it does not have", section, name);
        return &config->values[i];
      }
  g_error ("[%s] %s is not in the table of keys", section, name);
}

const char *
al_config_get_string (const AlConfig *config, const char *section, const char *name)
{
  return find (config, section, name,
               1u << AL_CONFIG_STRING | 1u << AL_CONFIG_ENUM | 1u << AL_CONFIG_ADDRESS | 1u << AL_CONFIG_SECRET)->string;
}

bool
al_config_get_bool (const AlConfig *config, const char *section, const char *name)
{
  return find (config, section, name, 1u << AL_CONFIG_BOOL)->integer != 0;
}

int64_t
al_config_get_int (const AlConfig *config, const char *section, const char *name)
{
  return find (config, section, name, 1u << AL_CONFIG_INT)->integer;
}

const char *const *
al_config_get_list (const AlConfig *config, const char *section, const char *name)
{
  return (const char *const *) find (config, section, name,
                                     1u << AL_CONFIG_LIST | 1u << AL_CONFIG_ADDRESSES | 1u << AL_CONFIG_NETS |
                                         1u << AL_CONFIG_SECRETS)->list;
}

bool
al_config_is_set (const AlConfig *config, const char *section, const char *name)
{
  return find (config, section, name, ~0u)->line != 0;
}

void
al_config_write_help (const AlConfigKey *keys, GString *out)
{
  for (unsigned i = 0; keys[i].section != NULL; i++)
    {
      g_autofree char *expected = al_config_value_describe (&keys[i]);

      if (i == 0 || !g_str_equal (keys[i].section, keys[i - 1].section))
        g_string_append_printf (out, "%s[%s]\n", i > 0 ? "\n" : "", keys[i].section);
      g_string_append_printf (out, "%s=%s\n    %s\n    Expects %s.\n", keys[i].name, keys[i].fallback, keys[i].about,
                              expected);
    }
}
