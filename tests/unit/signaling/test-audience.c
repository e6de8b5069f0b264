/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/audience.h"

static void
count (MsgId user_id, gpointer data)
{
  *(MsgId *) data = *(MsgId *) data * 10 + user_id;
}

/* Returns: the ids of those who hear, as digits; 0: nobody */
static MsgId
hears (SigAudience *audience, MsgId chat_id)
{
  MsgId digits = 0;

  sig_audience_foreach (audience, chat_id, count, &digits);
  return digits;
}

static void
load (SigAudience *audience, MsgId user_id, MsgId one, MsgId two)
{
  const MsgChatPts chats[] = { { one, 1 }, { two, 1 } };
  g_autoptr (GArray) list = g_array_new (FALSE, FALSE, sizeof (MsgChatPts));

  g_array_append_vals (list, chats, two != 0 ? 2 : 1);
  sig_audience_load (audience, user_id, list);
}

static void
test_here (void)
{
  g_autoptr (SigAudience) audience = sig_audience_new ();

  sig_audience_put (audience, 1, 100, true); /* nobody here */
  g_assert_cmpint (hears (audience, 100), ==, 0);
  g_assert_false (sig_audience_hold (audience, 1));
  load (audience, 1, 100, 200);
  g_assert_true (sig_audience_hold (audience, 1)); /* a second device */
  g_assert_cmpint (hears (audience, 100), ==, 1);
  sig_audience_put (audience, 1, 100, false);
  g_assert_cmpint (hears (audience, 100), ==, 0);
  g_assert_cmpint (hears (audience, 200), ==, 1);
  sig_audience_put (audience, 1, 300, true);
  sig_audience_put (audience, 1, 300, true);
  g_assert_cmpint (hears (audience, 300), ==, 1);
  g_assert_cmpuint (sig_audience_count (audience, 300), ==, 1);
  g_assert_cmpuint (sig_audience_count (audience, 100), ==, 0);
  sig_audience_release (audience, 1);
  g_assert_cmpint (hears (audience, 300), ==, 1);
  sig_audience_release (audience, 1);
  g_assert_cmpint (hears (audience, 300), ==, 0);
  g_assert_cmpuint (sig_audience_get_n (audience), ==, 0);
  sig_audience_release (audience, 1);
}

/* what happens while a list is on its way counts more than the list */
static void
test_race (void)
{
  g_autoptr (SigAudience) audience = sig_audience_new ();

  (void) sig_audience_hold (audience, 1);
  sig_audience_put (audience, 1, 100, false); /* sent out, which the list does not know yet */
  sig_audience_put (audience, 1, 300, true);  /* came in likewise */
  load (audience, 1, 100, 200);
  g_assert_cmpint (hears (audience, 100), ==, 0);
  g_assert_cmpint (hears (audience, 200), ==, 1);
  g_assert_cmpint (hears (audience, 300), ==, 1);
  load (audience, 1, 400, 0); /* a second one, of another device, that was asked for at the same time */
  g_assert_cmpint (hears (audience, 400), ==, 0);
  sig_audience_put (audience, 1, 100, true); /* back again */
  g_assert_cmpint (hears (audience, 100), ==, 1);
  (void) sig_audience_hold (audience, 2);
  load (audience, 2, 100, 0);
  g_assert_cmpint (hears (audience, 100) + 0, >, 10);
  sig_audience_release (audience, 1);
  g_assert_cmpint (hears (audience, 100), ==, 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/signaling/audience/here", test_here);
  g_test_add_func ("/signaling/audience/race", test_race);
  return g_test_run ();
}
