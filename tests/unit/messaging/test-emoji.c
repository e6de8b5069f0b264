/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/emoji.h"

#include <string.h>

#include "messaging/core.h"
#include "messaging/reaction.h"

static void
test_taken (void)
{
  static const struct {
    const char *text, *kept;
  } rows[] = {
    { "\U0001F44D", "\U0001F44D" },
    { "\U0001F44D\uFE0F", "\U0001F44D" },                    /* asked for what it is anyway */
    { "\U0001F44D\U0001F3FD", "\U0001F44D\U0001F3FD" },      /* a skin tone */
    { "\u2764", "\u2764\uFE0F" },                            /* a heart that is a text by itself */
    { "\u2764\uFE0F", "\u2764\uFE0F" },
    { "\u261D\uFE0F\U0001F3FF", "\u261D\U0001F3FF" },
    { "\u2764\u200D\U0001F525", "\u2764\uFE0F\u200D\U0001F525" },
    { "\U0001F1E9\U0001F1EA", "\U0001F1E9\U0001F1EA" },      /* a flag */
    { "1\u20E3", "1\uFE0F\u20E3" },
    { "#\uFE0F\u20E3", "#\uFE0F\u20E3" },
    { "\U0001F3F4\U000E0067\U000E0062\U000E0073\U000E0063\U000E0074\U000E007F",
      "\U0001F3F4\U000E0067\U000E0062\U000E0073\U000E0063\U000E0074\U000E007F" }, /* Scotland */
    { "\U0001F3F4", "\U0001F3F4" },
    { "\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466", "\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466" },
    { "\U0001F469\U0001F3FD\u200D\u2764\u200D\U0001F48B\u200D\U0001F468\U0001F3FF",
      "\U0001F469\U0001F3FD\u200D\u2764\uFE0F\u200D\U0001F48B\u200D\U0001F468\U0001F3FF" },
    { "\U0001FAFF", "\U0001FAFF" },                          /* reserved */
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      char kept[MSG_EMOJI_BYTES + 1];
      g_autoptr (GError) error = NULL;

      if (!msg_emoji_normalise (rows[i].text, kept, &error))
        g_error ("row %u: %s", i, error->message);
      g_assert_cmpstr (kept, ==, rows[i].kept);
    }
}

static void
test_refused (void)
{
  static const char *const rows[] = {
    "", " ", "a", "1", "#", "ok", "\xc3\xa9", "\u4e2d", "\u05d0", ":)",
    "\U0001F44D\U0001F44D",                       /* two */
    "\U0001F44D ", " \U0001F44D", "x\U0001F44D", "\U0001F44Dx",
    "\U0001F44D\u200D",                           /* joined with nothing */
    "\u200D\U0001F44D", "\u200D", "\uFE0F", "\U0001F3FD",
    "\U0001F355\U0001F3FD",                       /* a pizza has no skin */
    "\U0001F44D\U0001F3FD\U0001F3FD",
    "\U0001F44D\uFE0F\uFE0F", "\u2764\uFE0E",     /* as a text */
    "\U0001F1E9", "\U0001F1E9\U0001F1EA\U0001F1E9\U0001F1EA", "\U0001F1E9x",
    "1\uFE0F", "12\u20E3", "x\u20E3",
    "\U0001F3F4\U000E0067", "\U0001F3F4\U000E007F", "\U0001F44D\U000E0067\U000E007F",
    "\u202E\U0001F44D", "\U0001F44D\n", "\xf0\x9f\x91", "\xff",
    "\U0001F44D\u0301",                           /* with an accent */
    ("\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466\u200D\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466"
     "\u200D\U0001F466\u200D\U0001F466"),         /* too long */
    "\u2764\u200D\u2764\u200D\u2764\u200D\u2764\u200D\u2764\u200D\u2764\u200D\u2764\u200D\u2764\u200D\u2764", /* when it is kept */
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      char kept[MSG_EMOJI_BYTES + 1] = "untouched";
      g_autoptr (GError) error = NULL;

      if (msg_emoji_normalise (rows[i], kept, &error))
        g_error ("row %u was taken as %s", i, kept);
      g_assert_cmpstr (msg_error_get_reason (error), ==, "emoji");
      g_assert_cmpstr (kept, ==, "untouched");
    }
}

static void
test_counts (void)
{
  g_autoptr (GArray) counts = msg_reactions_parse (NULL), read = NULL, withheld = NULL, again = NULL;
  g_autofree char *empty = msg_reactions_write (counts), *text = NULL, *less = NULL;

  g_assert_cmpstr (empty, ==, "");
  g_assert_null (msg_reactions_read (NULL, NULL));
  g_assert_null (msg_reactions_read ("", NULL));
  for (unsigned i = 0; i < 3; i++)
    msg_reactions_count (counts, i == 1 ? "\u2764\uFE0F" : "\U0001F44D", false);
  text = msg_reactions_write (counts);
  g_assert_cmpstr (text, ==, "\U0001F44D 2 \u2764\uFE0F 1");
  read = msg_reactions_read (text, "\u2764\uFE0F");
  g_assert_cmpuint (read->len, ==, 2);
  g_assert_cmpuint (g_array_index (read, MsgReaction, 0).count, ==, 2);
  g_assert_cmpstr (msg_reactions_get_own (read), ==, "\u2764\uFE0F");
  /* what nobody else sees is counted for its own user */
  withheld = msg_reactions_read (text, "!\U0001F44D");
  g_assert_cmpuint (g_array_index (withheld, MsgReaction, 0).count, ==, 3);
  g_assert_cmpstr (msg_reactions_get_own (withheld), ==, "\U0001F44D");
  again = msg_reactions_read ("", "!\U0001F525");
  g_assert_cmpuint (again->len, ==, 1);
  msg_reactions_count (counts, "\U0001F44D", true);
  msg_reactions_count (counts, "\u2764\uFE0F", true);
  msg_reactions_count (counts, "\u2764\uFE0F", true); /* of none: nothing */
  less = msg_reactions_write (counts);
  g_assert_cmpstr (less, ==, "\U0001F44D 1");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/messaging/emoji/taken", test_taken);
  g_test_add_func ("/messaging/emoji/refused", test_refused);
  g_test_add_func ("/messaging/emoji/counts", test_counts);
  return g_test_run ();
}
