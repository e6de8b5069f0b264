/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/names.h"

#include <string.h>

bool
msg_username_check (const char *username, GError **error)
{
  size_t len = username != NULL ? strnlen (username, MSG_USERNAME_MAX + 1) : 0;

  if (len >= MSG_USERNAME_MIN && len <= MSG_USERNAME_MAX && g_ascii_isalpha (username[0]))
    {
      size_t i = 1;

      while (i < len && (g_ascii_isalnum (username[i]) || username[i] == '_'))
        i++;
      if (i == len)
        return true;
    }
  g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "username",
                                           "A username has %d to %d letters (a to z), digits and underscores and "
                                           "begins with a letter.",
                                           MSG_USERNAME_MIN, MSG_USERNAME_MAX));
  return false;
}

bool
msg_name_to_key (const char *username, char ret_key[MSG_NAME_KEY_SIZE])
{
  size_t i;

  if (username == NULL)
    return false;
  if (g_str_has_prefix (username, MSG_EXTERNAL_PREFIX))
    return g_utf8_validate (username, -1, NULL)
           && g_strlcpy (ret_key, username, MSG_NAME_KEY_SIZE) < MSG_NAME_KEY_SIZE;
  if (!msg_username_check (username, NULL))
    return false;
  for (i = 0; username[i] != '\0'; i++)
    ret_key[i] = g_ascii_tolower (username[i]);
  ret_key[i] = '\0';
  return true;
}

static bool
char_is_allowed (gunichar c)
{
  switch (g_unichar_type (c))
    {
    case G_UNICODE_CONTROL:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
    case G_UNICODE_SURROGATE:
      return false;
    case G_UNICODE_FORMAT:
      /* invisible marks; the joiners are parts of emoji and of Indic and Persian words, the tags of flags */
      return c == 0x200c || c == 0x200d || (c >= 0xe0020 && c <= 0xe007f);
    default:
      return true;
    }
}

char *
msg_text_tidy (const char *text, unsigned max_chars, const char *reason, const char *what, GError **error)
{
  g_autofree char *tidy = NULL;
  long n;

  /* 4 bytes a character, and some white space: longer is refused before it is looked at */
  if (text != NULL && strnlen (text, max_chars * 4 + 64) < max_chars * 4 + 64 && g_utf8_validate (text, -1, NULL))
    {
      tidy = g_strstrip (g_strdup (text));
      n = g_utf8_strlen (tidy, -1);
      if (n >= 1 && n <= (long) max_chars)
        {
          const char *p = tidy;
          bool visible = false;

          while (*p != '\0' && char_is_allowed (g_utf8_get_char (p)))
            {
              visible = visible || g_unichar_isgraph (g_utf8_get_char (p));
              p = g_utf8_next_char (p);
            }
          if (*p == '\0' && visible)
            return g_steal_pointer (&tidy);
        }
    }
  g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, reason,
                                           "%s has 1 to %u characters, no control characters among them.", what,
                                           max_chars));
  return NULL;
}

bool
msg_password_check (const char *password, const char *username, GError **error)
{
  size_t len = password != NULL ? strnlen (password, MSG_PASSWORD_MAX_BYTES + 1) : 0;

  if (len < MSG_PASSWORD_MIN_BYTES || len > MSG_PASSWORD_MAX_BYTES)
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "password", "A password has %d to %d bytes.",
                                               MSG_PASSWORD_MIN_BYTES, MSG_PASSWORD_MAX_BYTES));
      return false;
    }
  if (!g_utf8_validate (password, -1, NULL))
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "password", "A password is UTF-8 text."));
      return false;
    }
  if (username != NULL && g_ascii_strcasecmp (password, username) == 0)
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "password",
                                               "The password must not be the username."));
      return false;
    }
  return true;
}
