/* SPDX-License-Identifier: Apache-2.0 */
/* What is taken is kept in one way: taken again it is the same; it is no longer than it may be, and has no ASCII but keycaps'. */
#include <stdint.h>
#include <string.h>

#include "messaging/emoji.h"
#include "messaging/reaction.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = size > 0 ? g_strndup ((const char *) data, size) : g_strdup ("");
  char emoji[MSG_EMOJI_BYTES + 1], again[MSG_EMOJI_BYTES + 1];
  g_autoptr (GArray) counts = NULL, read = NULL;
  g_autofree char *line = NULL;

  if (!msg_emoji_normalise (text, emoji, NULL))
    return 0;
  g_assert_true (g_utf8_validate (emoji, -1, NULL) && emoji[0] != '\0' && strlen (emoji) <= MSG_EMOJI_BYTES);
  g_assert_true (msg_emoji_normalise (emoji, again, NULL));
  g_assert_cmpstr (emoji, ==, again);
  for (const char *p = emoji + 1; *p != '\0'; p++)
    g_assert_true ((*p & 0x80) != 0);
  g_assert_true ((emoji[0] & 0x80) != 0 || strchr ("0123456789#*", emoji[0]) != NULL);
  counts = msg_reactions_parse (NULL);
  msg_reactions_count (counts, emoji, false);
  line = msg_reactions_write (counts);
  read = msg_reactions_read (line, emoji);
  g_assert_cmpstr (msg_reactions_get_own (read), ==, emoji);
  return 0;
}
