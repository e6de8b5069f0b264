/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/search-text.h"

#include <string.h>

#include "messaging/core.h"

/* What is folded of a word: some more than is kept, as marks fall away; sorting many of them would take long. */
#define SOURCE_BYTES (4 * MSG_WORD_BYTES)

/* --- Characters --- */

/* Invisible, and inside of words: soft hyphen, joiners, variation selectors. */
static bool
char_is_nothing (gunichar c)
{
  return c == 0xad || c == 0x200c || c == 0x200d || c == 0x2060 || (c >= 0xfe00 && c <= 0xfe0f)
         || (c >= 0xe0100 && c <= 0xe01ef);
}

/* Words of these scripts follow one another without a space: each of their characters is a word of its own. */
static bool
char_stands_alone (gunichar c)
{
  switch (g_unichar_get_script (c))
    {
    case G_UNICODE_SCRIPT_HAN:
    case G_UNICODE_SCRIPT_HIRAGANA:
    case G_UNICODE_SCRIPT_KATAKANA:
    case G_UNICODE_SCRIPT_BOPOMOFO:
    case G_UNICODE_SCRIPT_YI:
    case G_UNICODE_SCRIPT_THAI:
    case G_UNICODE_SCRIPT_LAO:
    case G_UNICODE_SCRIPT_KHMER:
    case G_UNICODE_SCRIPT_MYANMAR:
    case G_UNICODE_SCRIPT_TIBETAN:
      return true;
    default:
      return c == 0x30fc || c == 0xff70; /* the long vowel of both kana */
    }
}

/* What is left of a decomposed character. Marks without a combining class are vowels of Indic scripts, those of class 8
 * make other syllables of kana, those of class 9 mute a vowel: they are spelling. All others are decoration. */
static bool
char_stays (gunichar c)
{
  if (g_unichar_isalnum (c))
    return true;
  if (!g_unichar_ismark (c) || char_is_nothing (c) || g_unichar_type (c) == G_UNICODE_ENCLOSING_MARK)
    return false;
  return g_unichar_combining_class (c) == 0 || g_unichar_combining_class (c) == 8 || g_unichar_combining_class (c) == 9;
}

/* --- Words --- */

static void
fold_ascii (const char *text, gsize len, MsgWord *word)
{
  len = MIN (len, MSG_WORD_BYTES);
  for (gsize i = 0; i < len; i++)
    word->text[i] = g_ascii_tolower (text[i]);
  word->text[len] = '\0';
}

static void
fold_any (const char *text, gsize len, MsgWord *word)
{
  gsize source = len <= SOURCE_BYTES ? len : (gsize) (g_utf8_find_prev_char (text, text + SOURCE_BYTES) - text);
  g_autofree char *decomposed = g_utf8_normalize (text, (gssize) source, G_NORMALIZE_ALL);
  g_autofree char *lower = g_utf8_casefold (decomposed, -1);
  g_autofree char *again = g_utf8_normalize (lower, -1, G_NORMALIZE_ALL); /* folding may compose */
  gsize n = 0;

  for (const char *p = again; *p != '\0' && n < MSG_WORD_BYTES; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (char_stays (c))
        n += (gsize) g_unichar_to_utf8 (c, word->text + n);
    }
  word->text[n] = '\0';
}

/* What belongs to a word, from its first character on. Returns: its end. */
static const char *
find_end (const char *start, unsigned *ret_units, bool *ret_ascii)
{
  bool alone = char_stands_alone (g_utf8_get_char (start));
  const char *p = start;

  *ret_units = 0;
  *ret_ascii = true;
  do
    {
      gunichar c = g_utf8_get_char (p);

      *ret_units += c > 0xffff ? 2 : 1;
      *ret_ascii = *ret_ascii && c < 0x80;
      p = g_utf8_next_char (p);
    }
  while (g_unichar_ismark (g_utf8_get_char (p)) || char_is_nothing (g_utf8_get_char (p))
         || (!alone && g_unichar_isalnum (g_utf8_get_char (p)) && !char_stands_alone (g_utf8_get_char (p))));
  return p;
}

GArray *
msg_words_split (const char *text, unsigned max)
{
  GArray *words = g_array_new (FALSE, FALSE, sizeof (MsgWord));
  const char *p = text;
  unsigned at = 0;
  bool joined = false;

  while (*p != '\0' && words->len < max)
    {
      gunichar c = g_utf8_get_char (p);
      MsgWord word = { .offset = at, .joined = joined };
      const char *end;
      bool ascii;

      if (!g_unichar_isalnum (c))
        {
          at += c > 0xffff ? 2 : 1;
          p = g_utf8_next_char (p);
          joined = false;
          continue;
        }
      end = find_end (p, &word.length, &ascii);
      if (ascii)
        fold_ascii (p, (gsize) (end - p), &word);
      else
        fold_any (p, (gsize) (end - p), &word);
      at += word.length;
      p = end;
      joined = word.text[0] != '\0';
      if (joined)
        g_array_append_val (words, word);
    }
  return words;
}

/* --- Queries --- */

static MsgQuery *
query_fail (GError **error, const char *what)
{
  g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "query", "The query %s.", what));
  return NULL;
}

/* Whether the last word may go on. */
static bool
query_is_open (const char *text, const GArray *words)
{
  const MsgWord *last = &g_array_index (words, MsgWord, words->len - 1);
  gunichar c = g_utf8_get_char (g_utf8_find_prev_char (text, text + strlen (text)));

  return (g_unichar_isalnum (c) || g_unichar_ismark (c)) && !char_stands_alone (g_utf8_get_char (last->text))
         && g_utf8_strlen (last->text, -1) >= MSG_QUERY_PREFIX_CHARS;
}

MsgQuery *
msg_query_parse (const char *text, GError **error)
{
  g_autoptr (GArray) words = NULL;
  MsgQuery *query;

  if (text == NULL || strnlen (text, MSG_QUERY_BYTES + 1) > MSG_QUERY_BYTES)
    return query_fail (error, "is too long");
  if (!g_utf8_validate (text, -1, NULL))
    return query_fail (error, "is not UTF-8");
  words = msg_words_split (text, MSG_QUERY_WORDS + 1);
  if (words->len == 0)
    return query_fail (error, "has no word");
  if (words->len > MSG_QUERY_WORDS)
    return query_fail (error, "has too many words");
  query = g_new0 (MsgQuery, 1);
  query->prefix = query_is_open (text, words);
  query->words = g_steal_pointer (&words);
  return query;
}

MsgQuery *
msg_query_new (void)
{
  MsgQuery *query = g_new0 (MsgQuery, 1);

  query->words = g_array_new (FALSE, FALSE, sizeof (MsgWord));
  return query;
}

void
msg_query_free (MsgQuery *query)
{
  if (query == NULL)
    return;
  g_array_unref (query->words);
  g_free (query);
}

/* --- Matching --- */

static bool
word_matches (const MsgQuery *query, unsigned i, const MsgWord *word)
{
  const char *wanted = g_array_index (query->words, MsgWord, i).text;

  if (query->prefix && i + 1 == query->words->len)
    return strncmp (word->text, wanted, strlen (wanted)) == 0;
  return strcmp (word->text, wanted) == 0;
}

/* Returns: how many words from @first on are wanted together */
static unsigned
count_joined (const MsgQuery *query, unsigned first)
{
  unsigned n = 1;

  while (first + n < query->words->len && g_array_index (query->words, MsgWord, first + n).joined)
    n++;
  return n;
}

static bool
run_matches (const MsgQuery *query, unsigned first, unsigned n, const GArray *words, unsigned at)
{
  for (unsigned i = 0; i < n; i++)
    {
      const MsgWord *word = &g_array_index (words, MsgWord, at + i);

      if ((i > 0 && !word->joined) || !word_matches (query, first + i, word))
        return false;
    }
  return true;
}

/* Marks in @hit the words of the text where those of the query are. Returns: whether there is such a place */
static bool
find_run (const MsgQuery *query, unsigned first, unsigned n, const GArray *words, GByteArray *hit)
{
  bool found = false;

  for (unsigned at = 0; at + n <= words->len; at++)
    if (run_matches (query, first, n, words, at))
      {
        memset (hit->data + at, 1, n);
        found = true;
      }
  return found;
}

/* Joined words that are hit make one range. */
static GArray *
collect_ranges (const GArray *words, const GByteArray *hit)
{
  GArray *ranges = g_array_new (FALSE, FALSE, sizeof (MsgRange));

  for (unsigned i = 0; i < words->len; i++)
    {
      const MsgWord *word = &g_array_index (words, MsgWord, i);
      MsgRange range = { word->offset, word->length };

      if (!hit->data[i])
        continue;
      if (word->joined && i > 0 && hit->data[i - 1])
        g_array_index (ranges, MsgRange, ranges->len - 1).length += word->length;
      else if (ranges->len == MSG_HIGHLIGHTS_MAX)
        break;
      else
        g_array_append_val (ranges, range);
    }
  return ranges;
}

bool
msg_query_match (const MsgQuery *query, const char *text, GArray **ret_ranges)
{
  g_autoptr (GArray) words = msg_words_split (text, MSG_WORDS_MAX);
  g_autoptr (GByteArray) hit = g_byte_array_new ();
  unsigned n;

  g_byte_array_set_size (hit, words->len);
  if (words->len > 0)
    memset (hit->data, 0, words->len);
  for (unsigned first = 0; first < query->words->len; first += n)
    {
      n = count_joined (query, first);
      if (!find_run (query, first, n, words, hit))
        return false;
    }
  if (ret_ranges != NULL)
    *ret_ranges = collect_ranges (words, hit);
  return true;
}
