/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/names.h"

#include <string.h>

static void
test_username (void)
{
  static const char *const good[] = { "ann", "Ann_B", "a12", "x_________________31_chars_long",
                                      "abcdefghijklmnopqrstuvwxyz012345" };
  static const char *const bad[] = { NULL, "", "ab", "1ann", "_ann", "an n", "ann-b", "ann.b", "ann\n", "\303\244nn",
                                     "jwt:ann",
                                     "abcdefghijklmnopqrstuvwxyz0123456", "ann\342\200\213", "ann@b" };

  for (unsigned i = 0; i < G_N_ELEMENTS (good); i++)
    {
      GError *error = NULL;

      g_assert_true (msg_username_check (good[i], &error));
      g_assert_no_error (error);
    }
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (msg_username_check (bad[i], &error));
      g_assert_error (error, MSG_ERROR, MSG_ERROR_INVALID);
      g_assert_cmpstr (msg_error_get_reason (error), ==, "username");
    }
}

static void
test_key (void)
{
  char key[MSG_NAME_KEY_SIZE] = "untouched";
  g_autofree char *long_sub = g_strnfill (300, 'x');
  g_autofree char *too_long = g_strconcat ("jwt:", long_sub, NULL);

  g_assert_true (msg_name_to_key ("AnN_B9", key));
  g_assert_cmpstr (key, ==, "ann_b9");
  g_assert_true (msg_name_to_key ("jwt:AnN|x y", key));
  g_assert_cmpstr (key, ==, "jwt:AnN|x y");
  g_assert_false (msg_name_to_key ("no", key));
  g_assert_false (msg_name_to_key (NULL, key));
  g_assert_false (msg_name_to_key (too_long, key));
  g_assert_false (msg_name_to_key ("jwt:\xff", key));
}

static void
test_tidy (void)
{
  static const struct {
    const char *in, *out;
  } cases[] = {
    { "Ann", "Ann" },
    { "  Ann B.\t", "Ann B." },
    { "\360\237\221\251\342\200\215\360\237\232\200", "\360\237\221\251\342\200\215\360\237\232\200" },
    /* joined emoji */
    { "\330\271\331\204\333\214\342\200\214\330\261\330\266\330\247",
      "\330\271\331\204\333\214\342\200\214\330\261\330\266\330\247" },
    { "0123456789", "0123456789" },
    { NULL, NULL },
    { "", NULL },
    { " \t ", NULL },
    { "\342\200\213", NULL },                 /* zero width space alone */
    { "\342\200\215\342\200\215", NULL },     /* joiners alone: nothing to see */
    { "a\nb", NULL },
    { "a\x01" "b", NULL },
    { "a\x7f" "b", NULL },
    { "a\302\205b", NULL },                   /* U+0085 */
    { "a\342\200\250b", NULL },               /* line separator */
    { "a\342\200\256b", NULL },               /* right-to-left override */
    { "a\342\201\246b", NULL },               /* left-to-right isolate */
    { "a\xff", NULL },
    { "\xed\xa0\x80", NULL },
    { "01234567890", NULL },                  /* eleven */
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *out = msg_text_tidy (cases[i].in, 10, "display_name", "A name", &error);

      g_assert_cmpstr (out, ==, cases[i].out);
      if (out == NULL)
        g_assert_error (error, MSG_ERROR, MSG_ERROR_INVALID);
    }
}

static void
test_tidy_counts_characters (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *fits = NULL;

  for (int i = 0; i < 64; i++)
    g_string_append (text, "\360\237\230\200");
  fits = msg_text_tidy (text->str, 64, "display_name", "A name", NULL);
  g_assert_cmpstr (fits, ==, text->str);
  g_string_append (text, "\360\237\230\200");
  g_assert_null (msg_text_tidy (text->str, 64, "display_name", "A name", NULL));
}

static void
test_password_rules (void)
{
  g_autofree char *longest = g_strnfill (1024, 'p');
  g_autofree char *too_long = g_strnfill (1025, 'p');
  const char *const bad[] = { NULL, "", "1234567", too_long, "Annabella", "\xff\xff\xff\xff\xff\xff\xff\xff" };

  g_assert_true (msg_password_check ("12345678", "annabella", NULL));
  g_assert_true (msg_password_check (longest, "annabella", NULL));
  g_assert_true (msg_password_check ("\303\244\303\244\303\244\303\244", NULL, NULL));
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (msg_password_check (bad[i], "annabella", &error));
      g_assert_error (error, MSG_ERROR, MSG_ERROR_INVALID);
      g_assert_cmpstr (msg_error_get_reason (error), ==, "password");
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/messaging/names/username", test_username);
  g_test_add_func ("/messaging/names/key", test_key);
  g_test_add_func ("/messaging/names/tidy", test_tidy);
  g_test_add_func ("/messaging/names/tidy-counts-characters", test_tidy_counts_characters);
  g_test_add_func ("/messaging/names/password", test_password_rules);
  return g_test_run ();
}
