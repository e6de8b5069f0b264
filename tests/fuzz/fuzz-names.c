/* SPDX-License-Identifier: Apache-2.0 */
/* What tidying lets pass it leaves alone the second time; a key is its own key; a username is as the pattern says. */
#include <string.h>

#include "messaging/names.h"

#define MAX_CHARS 16

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_text (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *tidy = msg_text_tidy (text, MAX_CHARS, "name", "The name", &error);
  g_autofree char *again = NULL, *padded = NULL, *same = NULL;
  long n;

  g_assert_true ((tidy == NULL) == (error != NULL));
  if (tidy == NULL)
    return;
  n = g_utf8_strlen (tidy, -1);
  g_assert_true (g_utf8_validate (tidy, -1, NULL) && n >= 1 && n <= MAX_CHARS && strstr (text, tidy) != NULL);
  for (const char *p = tidy; *p != '\0'; p = g_utf8_next_char (p))
    {
      GUnicodeType type = g_unichar_type (g_utf8_get_char (p));

      g_assert_true (type != G_UNICODE_CONTROL && type != G_UNICODE_LINE_SEPARATOR && type != G_UNICODE_PARAGRAPH_SEPARATOR);
      /* Unicode TR 9: embeddings, overrides and isolates */
      g_assert_false ((g_utf8_get_char (p) >= 0x202a && g_utf8_get_char (p) <= 0x202e)
                      || (g_utf8_get_char (p) >= 0x2066 && g_utf8_get_char (p) <= 0x2069));
    }
  again = msg_text_tidy (tidy, MAX_CHARS, "name", "The name", NULL);
  g_assert_cmpstr (again, ==, tidy);
  padded = g_strconcat (" \t", tidy, "\n ", NULL);
  same = msg_text_tidy (padded, MAX_CHARS, "name", "The name", NULL);
  g_assert_cmpstr (same, ==, tidy);
}

static void
check_username (const char *text)
{
  char key[MSG_NAME_KEY_SIZE], again[MSG_NAME_KEY_SIZE];
  bool ok = msg_username_check (text, NULL);

  g_assert_cmpint (ok, ==, g_regex_match_simple ("\\A[A-Za-z][A-Za-z0-9_]{2,31}\\z", text, G_REGEX_RAW, 0));
  if (!msg_name_to_key (text, key))
    {
      g_assert_false (ok);
      return;
    }
  g_assert_true (ok || g_str_has_prefix (text, MSG_EXTERNAL_PREFIX));
  g_assert_true (msg_name_to_key (key, again));
  g_assert_cmpstr (key, ==, again);
  g_assert_cmpint (ok ? g_ascii_strcasecmp (key, text) : strcmp (key, text), ==, 0);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);

  check_text (text);
  check_username (text);
  return 0;
}
