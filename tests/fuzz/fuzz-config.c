/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the reader accepts is written out again, escaped from scratch, and must read back as the same values. */
#include <string.h>

#include "base/config.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static const AlConfigKey keys[] = {
  { "a", "text", AL_CONFIG_STRING, "x", 0, 0, NULL, "" },
  { "a", "url", AL_CONFIG_STRING, "", 0, 0, "sqlite:|file:", "" },
  { "a", "on", AL_CONFIG_BOOL, "true", 0, 0, NULL, "" },
  { "a", "n", AL_CONFIG_INT, "3", -5, 500000, NULL, "" },
  { "a", "word", AL_CONFIG_ENUM, "auto", 0, 0, "auto|off", "" },
  { "b", "list", AL_CONFIG_LIST, "", 0, 0, NULL, "" },
  { "b", "at", AL_CONFIG_ADDRESS, "", 0, 0, NULL, "" },
  { "b", "all", AL_CONFIG_ADDRESSES, "", 0, 0, NULL, "" },
  { "b", "nets", AL_CONFIG_NETS, "", 0, 0, NULL, "" },
  { "b", "key", AL_CONFIG_SECRET, "", 4, 8, NULL, "" },
  { "b", "keys", AL_CONFIG_SECRETS, "", 4, 0, NULL, "" },
  { NULL }
};

static void
write_text (GString *out, const char *text)
{
  for (; *text != '\0'; text++)
    switch (*text)
      {
      case ' ': g_string_append (out, "\\s"); break;
      case '\n': g_string_append (out, "\\n"); break;
      case '\t': g_string_append (out, "\\t"); break;
      case '\r': g_string_append (out, "\\r"); break;
      case '\\': g_string_append (out, "\\\\"); break;
      default: g_string_append_c (out, *text);
      }
}

static void
write_list (GString *out, const char *const *list)
{
  for (; *list != NULL; list++)
    {
      g_autoptr (GString) item = g_string_new (NULL);

      write_text (item, *list);
      g_string_replace (item, ";", "\\;", 0);
      g_string_append_printf (out, "%s;", item->str);
    }
}

static void
write_value (const AlConfig *config, const AlConfigKey *key, GString *out)
{
  switch (key->type)
    {
    case AL_CONFIG_BOOL:
      g_string_append (out, al_config_get_bool (config, key->section, key->name) ? "true" : "false");
      break;
    case AL_CONFIG_INT:
      g_string_append_printf (out, "%" G_GINT64_FORMAT, al_config_get_int (config, key->section, key->name));
      break;
    case AL_CONFIG_LIST:
    case AL_CONFIG_ADDRESSES:
    case AL_CONFIG_NETS:
    case AL_CONFIG_SECRETS:
      write_list (out, al_config_get_list (config, key->section, key->name));
      break;
    default:
      write_text (out, al_config_get_string (config, key->section, key->name));
    }
}

static char *
write_config (const AlConfig *config)
{
  GString *out = g_string_new (NULL);

  for (unsigned i = 0; keys[i].section != NULL; i++)
    {
      if (i == 0 || !g_str_equal (keys[i].section, keys[i - 1].section))
        g_string_append_printf (out, "[%s]\n", keys[i].section);
      g_string_append_printf (out, "%s=", keys[i].name);
      write_value (config, &keys[i], out);
      g_string_append_c (out, '\n');
    }
  return g_string_free (out, FALSE);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AlConfig) config = al_config_parse ((const char *) data, size, "fuzz", keys, &error);

  g_assert ((config == NULL) == (error != NULL));
  if (config != NULL && size < AL_CONFIG_MAX_LINE / 2)
    {
      g_autofree char *text = write_config (config);
      g_autoptr (AlConfig) again = al_config_parse (text, strlen (text), "again", keys, &error);
      g_autofree char *text2 = NULL;

      g_assert_no_error (error);
      text2 = write_config (again);
      g_assert_cmpstr (text, ==, text2);
    }
  return 0;
}
