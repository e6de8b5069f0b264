/* SPDX-License-Identifier: Apache-2.0 */
/* Compared by their SHA-256, so that neither length nor content of a key shows in the time it takes. */
#include "messaging/api-key.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <string.h>

#include "messaging/core.h"

#define NAME_MAX_BYTES 64

typedef struct {
  char *name;
  uint8_t hash[SHA256_DIGEST_LENGTH];
} Entry;

struct MsgApiKeys {
  GArray *entries;
};

static void
entry_clear (gpointer data)
{
  g_free (((Entry *) data)->name);
}

static GError *
entry_parse (const char *text, Entry *ret_entry)
{
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
  size_t name_len = strspn (text, allowed);
  const char *key;
  size_t key_len;

  if (name_len < 1 || name_len > NAME_MAX_BYTES || text[name_len] != ':')
    return msg_error_new (MSG_ERROR_INVALID, "format",
                          "an API key is written NAME:KEY, with a name of 1 to %d of A-Z a-z 0-9 _ . -",
                          NAME_MAX_BYTES);
  key = text + name_len + 1;
  key_len = strlen (key);
  if (key_len < MSG_API_KEY_MIN_BYTES)
    return msg_error_new (MSG_ERROR_INVALID, "format", "the API key \"%.*s\" has less than %d characters",
                          (int) name_len, text, MSG_API_KEY_MIN_BYTES);
  for (const char *p = key; *p != '\0'; p++)
    if (!g_ascii_isgraph (*p))
      return msg_error_new (MSG_ERROR_INVALID, "format", "the API key \"%.*s\" holds more than printable ASCII",
                            (int) name_len, text);
  ret_entry->name = g_strndup (text, name_len);
  (void) SHA256 ((const unsigned char *) key, key_len, ret_entry->hash);
  return NULL;
}

MsgApiKeys *
msg_api_keys_new (const char *const *entries, GError **error)
{
  g_autoptr (MsgApiKeys) keys = g_new0 (MsgApiKeys, 1);

  keys->entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  g_array_set_clear_func (keys->entries, entry_clear);
  for (; entries != NULL && *entries != NULL; entries++)
    {
      Entry entry;
      GError *cause = entry_parse (*entries, &entry);

      if (cause != NULL)
        {
          g_propagate_error (error, cause);
          return NULL;
        }
      for (unsigned i = 0; i < keys->entries->len; i++)
        if (strcmp (g_array_index (keys->entries, Entry, i).name, entry.name) == 0)
          {
            g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "format", "two API keys are named \"%s\"",
                                                     entry.name));
            entry_clear (&entry);
            return NULL;
          }
      g_array_append_val (keys->entries, entry);
    }
  return g_steal_pointer (&keys);
}

void
msg_api_keys_free (MsgApiKeys *keys)
{
  if (keys == NULL)
    return;
  g_array_unref (keys->entries);
  g_free (keys);
}

const char *
msg_api_keys_find (const MsgApiKeys *keys, const char *key)
{
  uint8_t hash[SHA256_DIGEST_LENGTH];
  const char *found = NULL;

  g_return_val_if_fail (keys != NULL, NULL);
  if (key == NULL)
    return NULL;
  (void) SHA256 ((const unsigned char *) key, strlen (key), hash);
  for (unsigned i = 0; i < keys->entries->len; i++)
    {
      const Entry *entry = &g_array_index (keys->entries, Entry, i);

      if (CRYPTO_memcmp (hash, entry->hash, sizeof hash) == 0)
        found = entry->name;
    }
  return found;
}
