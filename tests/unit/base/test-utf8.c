/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <string.h>

#include "base/utf8.h"

static const struct {
  const char *name, *bytes;
  bool valid;
} cases[] = {
  { "empty", "", true },
  { "ascii", "a plain sentence, longer than eight bytes", true },
  { "two", "\xc2\x80 \xdf\xbf", true },
  { "three", "\xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf", true },
  { "four", "\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf", true },
  { "mixed", "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5 lamp lamp \xf0\x9f\x92\xa1", true },
  { "lone-continuation", "\x80", false },
  { "lone-continuation-late", "01234567\xbf", false },
  { "cut-two", "\xc2", false },
  { "cut-three", "\xe1\x80", false },
  { "cut-four", "\xf1\x80\x80", false },
  { "overlong-two", "\xc0\xaf", false },
  { "overlong-two-c1", "\xc1\xbf", false },
  { "overlong-three", "\xe0\x9f\xbf", false },
  { "overlong-four", "\xf0\x8f\xbf\xbf", false },
  { "surrogate-low", "\xed\xa0\x80", false },
  { "surrogate-high", "\xed\xbf\xbf", false },
  { "above-10ffff", "\xf4\x90\x80\x80", false },
  { "f5", "\xf5\x80\x80\x80", false },
  { "five", "\xf8\x88\x80\x80\x80", false },
  { "fe", "\xfe", false },
  { "ff", "\xff", false },
  { "lead-then-ascii", "\xe1\x80z", false },
  { "lead-then-lead", "\xc3\xc3\xa4", false },
  { "latin1", "caf\xe9 au lait", false },
};

static void
test_case (gconstpointer data)
{
  size_t i = GPOINTER_TO_SIZE (data), len = strlen (cases[i].bytes);

  g_assert_cmpint (al_utf8_is_valid (cases[i].bytes, len), ==, cases[i].valid);
  for (size_t cut = 0; cut <= len; cut++)
    {
      AlUtf8 utf8 = { 0 };
      bool ok = al_utf8_feed (&utf8, cases[i].bytes, cut) && al_utf8_feed (&utf8, cases[i].bytes + cut, len - cut) &&
                al_utf8_is_complete (&utf8);

      g_assert_cmpint (ok, ==, cases[i].valid);
    }
}

/* NUL is a character: the reader of a text decides whether it wants it */
static void
test_nul (void)
{
  g_assert_true (al_utf8_is_valid ("a\0b", 3));
}

/* every code point, against GLib's encoder; and every two-byte text against GLib's validator */
static void
test_all (void)
{
  for (gunichar c = 1; c <= 0x10ffff; c++)
    {
      char text[6];
      int len;

      if (c >= 0xd800 && c <= 0xdfff)
        continue;
      len = g_unichar_to_utf8 (c, text);
      g_assert_true (al_utf8_is_valid (text, len));
    }
  for (int a = 1; a < 256; a++)
    for (int b = 1; b < 256; b++)
      {
        char text[2] = { (char) a, (char) b };

        g_assert_cmpint (al_utf8_is_valid (text, 2), ==, g_utf8_validate_len (text, 2, NULL));
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/base/utf8/", cases[i].name, NULL);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_case);
    }
  g_test_add_func ("/base/utf8/nul", test_nul);
  g_test_add_func ("/base/utf8/all", test_all);
  return g_test_run ();
}
