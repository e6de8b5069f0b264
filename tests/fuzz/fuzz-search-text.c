/* SPDX-License-Identifier: Apache-2.0 */
/* A query and a text, divided by the first newline. Words are folded once and for all, ranges lie inside of the text, and
 * what was found is found by its own words. */
#include <string.h>

#include "messaging/search-text.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_words (const char *text, const GArray *words)
{
  unsigned end = 0, units = 0;

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    units += g_utf8_get_char (p) > 0xffff ? 2 : 1;
  for (unsigned i = 0; i < words->len; i++)
    {
      const MsgWord *word = &g_array_index (words, MsgWord, i);
      g_autoptr (GArray) again = msg_words_split (word->text, MSG_WORDS_MAX);
      g_autoptr (GString) joined = g_string_new (NULL);

      g_assert (word->text[0] != '\0' && strlen (word->text) < sizeof word->text && word->length > 0);
      g_assert (g_utf8_validate (word->text, -1, NULL));
      g_assert (word->offset >= end && (!word->joined || word->offset == end));
      end = word->offset + word->length;
      for (unsigned k = 0; k < again->len; k++)
        g_string_append (joined, g_array_index (again, MsgWord, k).text);
      g_assert_cmpstr (joined->str, ==, word->text);
    }
  g_assert (end <= units);
}

static void
check_ranges (const GArray *ranges)
{
  unsigned end = 0;

  g_assert (ranges->len >= 1 && ranges->len <= MSG_HIGHLIGHTS_MAX);
  for (unsigned i = 0; i < ranges->len; i++)
    {
      const MsgRange *range = &g_array_index (ranges, MsgRange, i);

      g_assert (range->offset >= end && range->length > 0);
      end = range->offset + range->length;
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const uint8_t *newline = size > 0 ? memchr (data, '\n', size) : NULL;
  size_t split = newline != NULL ? (size_t) (newline - data) : size;
  g_autofree char *asked = g_strndup ((const char *) data, split);
  g_autofree char *text = newline != NULL ? g_strndup ((const char *) newline + 1, size - split - 1) : g_strdup (asked);
  g_autoptr (MsgQuery) query = msg_query_parse (asked, NULL);
  g_autoptr (GArray) words = NULL, ranges = NULL;

  if (!g_utf8_validate (text, -1, NULL))
    return 0;
  words = msg_words_split (text, MSG_WORDS_MAX);
  check_words (text, words);
  if (query == NULL)
    return 0;
  g_assert (query->words->len >= 1 && query->words->len <= MSG_QUERY_WORDS);
  g_assert (msg_query_match (query, asked, NULL)); /* a query finds itself */
  if (msg_query_match (query, text, &ranges))
    check_ranges (ranges);
  return 0;
}
