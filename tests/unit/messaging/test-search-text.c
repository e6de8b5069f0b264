/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/search-text.h"

#include <string.h>

#include "messaging/core.h"

/* Returns: (transfer full): the words with a blank between, or a plus before one that is joined */
static char *
write_words (const char *text)
{
  g_autoptr (GArray) words = msg_words_split (text, MSG_WORDS_MAX);
  GString *out = g_string_new (NULL);

  for (unsigned i = 0; i < words->len; i++)
    {
      const MsgWord *word = &g_array_index (words, MsgWord, i);

      if (i > 0)
        g_string_append_c (out, word->joined ? '+' : ' ');
      g_string_append (out, word->text);
    }
  return g_string_free (out, FALSE);
}

static void
test_words (void)
{
  static const struct {
    const char *text, *words;
  } rows[] = {
    { "Hello, World!", "hello world" },
    { "", "" },
    { " \n\t-- !?", "" },
    { "snake_case e-mail a.b@c.org", "snake case e mail a b c org" },
    { "Caf\xc3\xa9 CAFE\xcc\x81", "cafe cafe" },                       /* composed, and with a mark of its own */
    { "Stra\xc3\x9f" "e STRASSE", "strasse strasse" },
    { "\xce\xa3\xce\x8a\xce\xa3\xce\xa5\xce\xa6\xce\x9f\xce\xa3", "\xcf\x83\xce\xb9\xcf\x83\xcf\x85\xcf\x86\xce\xbf\xcf\x83" }, /* final sigma */
    { "\xd0\x99\xd0\x9e\xd0\x94 \xd1\x91\xd0\xb6", "\xd0\xb8\xd0\xbe\xd0\xb4 \xd0\xb5\xd0\xb6" },
    { "\xef\xbc\xa1\xef\xbc\xa2\xef\xbc\x91 o\xef\xac\x83" "ce \xe2\x84\xaa", "ab1 office k" }, /* full width, ffi, Kelvin */
    { "so\xc2\xad" "ft \xd9\x85\xdb\x8c\xe2\x80\x8c\xd8\xae", "soft \xd9\x85\xdb\x8c\xd8\xae" }, /* hyphen, joiner: nothing */
    { "\xe6\x9d\xb1\xe4\xba\xac" "Tower", "\xe6\x9d\xb1+\xe4\xba\xac+tower" },
    { "\xe3\x81\x8c\xe3\x81\x8b", "\xe3\x81\x8b\xe3\x82\x99+\xe3\x81\x8b" }, /* ga is not ka */
    { "\xe0\xa4\xb9\xe0\xa4\xbf\xe0\xa4\xa8\xe0\xa5\x8d\xe0\xa4\xa6\xe0\xa5\x80", /* vowels of Devanagari are spelling */
      "\xe0\xa4\xb9\xe0\xa4\xbf\xe0\xa4\xa8\xe0\xa5\x8d\xe0\xa4\xa6\xe0\xa5\x80" },
    { "1\xef\xb8\x8f\xe2\x83\xa3 \xf0\x9f\x91\x8d\xef\xb8\x8f", "1" },
    { "\xcc\x81 a", "a" }, /* a mark alone is nothing */
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *words = write_words (rows[i].text);

      g_assert_cmpstr (words, ==, rows[i].words);
    }
}

static void
test_bounds (void)
{
  g_autofree char *longest = g_strnfill (3000, 'A'), *marked = NULL;
  g_autoptr (GString) marks = g_string_new ("e"), many = g_string_new (NULL);
  g_autoptr (GArray) words = msg_words_split (longest, 10);
  const MsgWord *word = &g_array_index (words, MsgWord, 0);

  g_assert_cmpuint (words->len, ==, 1);
  g_assert_cmpuint (strlen (word->text), ==, MSG_WORD_BYTES);
  g_assert_cmpuint (word->length, ==, 3000);

  for (unsigned i = 0; i < 20000; i++)
    g_string_append (marks, i % 2 == 0 ? "\xcc\x81" : "\xcc\xa7");
  marked = write_words (marks->str);
  g_assert_cmpstr (marked, ==, "e");

  for (unsigned i = 0; i < 100; i++)
    g_string_append (many, "a ");
  g_array_unref (words);
  words = msg_words_split (many->str, 7);
  g_assert_cmpuint (words->len, ==, 7);
}

static void
test_refused (void)
{
  static const char *const rows[] = {
    NULL, "", " ", "*", "\"'&|!:()^-+", "\xf0\x9f\x98\x80", "a\xff", "\xed\xa0\x80",
    "a b c d e f g h i j k l m n o p q", /* one too many */
  };
  g_autofree char *longest = g_strnfill (MSG_QUERY_BYTES + 1, 'a');

  for (unsigned i = 0; i <= G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (msg_query_parse (i < G_N_ELEMENTS (rows) ? rows[i] : longest, &error));
      g_assert_error (error, MSG_ERROR, MSG_ERROR_INVALID);
      g_assert_cmpstr (msg_error_get_reason (error), ==, "query");
    }
}

/* Returns: (transfer full): the ranges as "offset+length ...", "-" when it does not match */
static char *
match (const char *query_text, const char *text)
{
  g_autoptr (MsgQuery) query = msg_query_parse (query_text, NULL);
  g_autoptr (GArray) ranges = NULL;
  GString *out = g_string_new (NULL);

  g_assert_nonnull (query);
  if (!msg_query_match (query, text, &ranges))
    return g_string_free (g_string_append_c (out, '-'), FALSE);
  for (unsigned i = 0; i < ranges->len; i++)
    {
      const MsgRange *range = &g_array_index (ranges, MsgRange, i);

      g_string_append_printf (out, "%s%u+%u", i > 0 ? " " : "", range->offset, range->length);
    }
  return g_string_free (out, FALSE);
}

static void
test_match (void)
{
  static const struct {
    const char *query, *text, *ranges;
  } rows[] = {
    { "hello", "Hello world, hello!", "0+5 13+5" },
    { "hel", "Hello world", "0+5" },            /* the last word goes on */
    { "hel ", "Hello world", "-" },             /* unless something stands behind it */
    { "hel world", "Hello world", "-" },        /* words before it do not */
    { "world hel", "Hello world", "0+5 6+5" },
    { "h", "Hello", "-" },                      /* too short to go on */
    { "h", "H 2 O", "0+1" },
    { "ello", "Hello", "-" },
    { "cafe", "\xf0\x9f\x98\x80 Caf\xc3\xa9", "3+4" }, /* UTF-16: an emoji has two units */
    { "caf\xc3\xa9", "cafe\xcc\x81!", "0+5" },
    { "hello missing", "Hello world", "-" },
    { "a a a", "a", "0+1" },
    { "\xe4\xba\xac\xe3\x81\xab", "\xe6\x9d\xb1\xe4\xba\xac\xe3\x81\xab\xe8\xa1\x8c", "1+2" },
    { "\xe4\xba\xac\xe8\xa1\x8c", "\xe6\x9d\xb1\xe4\xba\xac\xe3\x81\xab\xe8\xa1\x8c", "-" },   /* not together there */
    { "\xe4\xba\xac \xe8\xa1\x8c", "\xe6\x9d\xb1\xe4\xba\xac\xe3\x81\xab\xe8\xa1\x8c", "1+1 3+1" },
    { "\xed\x95\x98", "\xed\x95\x9c\xea\xb5\xad", "0+2" }, /* ha, of a Hangul word that begins with han */
    { "OR AND NOT NEAR", "near not and or", "0+4 5+3 9+3 13+2" }, /* words like others */
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *ranges = match (rows[i].query, rows[i].text);

      if (strcmp (ranges, rows[i].ranges) != 0)
        g_error ("\"%s\" in \"%s\": %s, not %s", rows[i].query, rows[i].text, ranges, rows[i].ranges);
    }
}

static void
test_many_ranges (void)
{
  g_autoptr (MsgQuery) query = msg_query_parse ("x", NULL);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GArray) ranges = NULL;

  for (unsigned i = 0; i < 100; i++)
    g_string_append (text, "x ");
  g_assert_true (msg_query_match (query, text->str, &ranges));
  g_assert_cmpuint (ranges->len, ==, MSG_HIGHLIGHTS_MAX);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/messaging/search-text/words", test_words);
  g_test_add_func ("/messaging/search-text/bounds", test_bounds);
  g_test_add_func ("/messaging/search-text/refused", test_refused);
  g_test_add_func ("/messaging/search-text/match", test_match);
  g_test_add_func ("/messaging/search-text/many-ranges", test_many_ranges);
  return g_test_run ();
}
