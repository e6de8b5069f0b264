/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/presence.h"

#include <string.h>

#include "session-fixture.h"

static int64_t
read_wall (void)
{
  return clock_us / 1000 + 59999;
}

static SigPresence *
presence_new (Fixture *f)
{
  const SigPresenceConfig config = { f->sessions, NULL, read_clock, read_wall };

  return sig_presence_new (&config);
}

static void
watch (Fixture *f, SigPresence *presence, MsgId device, MsgId user, bool visible)
{
  g_autoptr (GArray) seen = g_array_new (FALSE, FALSE, sizeof (MsgSeen));
  const MsgSeen one = { user, visible, 0 };

  g_array_append_val (seen, one);
  g_array_append_val (seen, one); /* twice is once */
  sig_presence_watch (presence, sig_sessions_lookup (f->sessions, device), seen);
}

/* Returns: how many notifications of presence were sent; the last is @ret_last */
static unsigned
sent (Fixture *f, char **ret_last)
{
  unsigned n = 0;
  char *event;

  while ((event = g_queue_pop_head (&f->fake.events)) != NULL)
    {
      if (strstr (event, "\"presence\"") != NULL)
        {
          n++;
          g_free (*ret_last);
          *ret_last = g_strdup (event);
        }
      g_free (event);
    }
  return n;
}

static void
pass (SigPresence *presence, int64_t us)
{
  for (int64_t end = clock_us + us; clock_us < end;)
    {
      clock_us += G_USEC_PER_SEC;
      sig_presence_tick (presence);
    }
}

static void
test_flap (Fixture *f, gconstpointer data)
{
  g_autoptr (SigPresence) presence = presence_new (f);
  g_autofree char *last = NULL;
  SigAttach ret;
  SigSession *bob;

  (void) attach (f, 1, 11, SIG_SEQ_NONE, &ret);
  bob = attach (f, 2, 21, SIG_SEQ_NONE, &ret);
  watch (f, presence, 11, 2, true);
  g_assert_true (sig_presence_is_here (presence, 2));
  (void) sent (f, &last);
  /* comes and goes a hundred times in a minute and a half */
  for (unsigned i = 0; i < 50; i++)
    {
      sig_sessions_detach (f->sessions, bob, 2 + i);
      pass (presence, G_USEC_PER_SEC);
      bob = attach (f, 3 + i, 21, SIG_SEQ_NONE, &ret);
      pass (presence, G_USEC_PER_SEC);
    }
  g_assert_cmpuint (sent (f, &last), ==, 0);
  sig_sessions_detach (f->sessions, bob, 52);
  pass (presence, SIG_PRESENCE_GRACE_US - G_USEC_PER_SEC);
  g_assert_cmpuint (sent (f, &last), ==, 0);
  g_assert_true (sig_presence_is_here (presence, 2));
  pass (presence, G_USEC_PER_SEC);
  g_assert_cmpuint (sent (f, &last), ==, 1);
  g_assert_nonnull (strstr (last, "\"online\":false,\"lastSeenAt\":"));
  g_assert_nonnull (strstr (last, "0000,\"seq\"")); /* whole minutes */
  /* back at once: not before the gap is over, then once */
  (void) attach (f, 100, 21, SIG_SEQ_NONE, &ret);
  g_assert_cmpuint (sent (f, &last), ==, 0);
  pass (presence, SIG_PRESENCE_GAP_US);
  g_assert_cmpuint (sent (f, &last), ==, 1);
  g_assert_nonnull (strstr (last, "\"online\":true"));
}

static void
test_forget (Fixture *f, gconstpointer data)
{
  g_autoptr (SigPresence) presence = presence_new (f);
  g_autofree char *last = NULL;
  SigAttach ret;
  SigSession *bob;
  uint64_t revision = sig_presence_get_revision (presence);

  (void) attach (f, 1, 11, SIG_SEQ_NONE, &ret);
  bob = attach (f, 2, 21, SIG_SEQ_NONE, &ret);
  watch (f, presence, 11, 2, true);
  watch (f, presence, 21, 1, true);
  (void) sent (f, &last);
  sig_presence_forget (presence, 2);
  g_assert_cmpuint (sig_presence_get_revision (presence), !=, revision);
  g_assert_cmpuint (sent (f, &last), ==, 1);
  g_assert_nonnull (strstr (last, "\"online\":false,\"seq\""));
  g_assert_cmpuint (sig_presence_get_n (presence), ==, 0); /* nor is he told of others */
  sig_sessions_detach (f->sessions, bob, 2);
  pass (presence, MINUTE_US);
  g_assert_cmpuint (sent (f, &last), ==, 0);
  /* what may not be seen is not told */
  watch (f, presence, 11, 2, false);
  (void) attach (f, 3, 21, SIG_SEQ_NONE, &ret);
  pass (presence, MINUTE_US);
  g_assert_cmpuint (sent (f, &last), ==, 0);
}

/* As long as the connection lasts, and a bounded number of those who are told. */
static void
test_bounds (Fixture *f, gconstpointer data)
{
  g_autoptr (SigPresence) presence = presence_new (f);
  g_autofree char *last = NULL;
  SigAttach ret;
  SigSession *one;

  for (unsigned i = 0; i < SIG_PRESENCE_WATCHERS_MAX + 5; i++)
    {
      (void) attach (f, 10 + i, 1000 + i * 10, SIG_SEQ_NONE, &ret);
      watch (f, presence, 1000 + i * 10, 2, true);
    }
  g_assert_cmpuint (sig_presence_get_n (presence), ==, 1);
  (void) sent (f, &last);
  (void) attach (f, 5, 21, SIG_SEQ_NONE, &ret);
  pass (presence, SIG_PRESENCE_GAP_US);
  g_assert_cmpuint (sent (f, &last), ==, SIG_PRESENCE_WATCHERS_MAX);
  for (unsigned i = 0; i < SIG_PRESENCE_WATCHERS_MAX + 5; i++)
    {
      one = sig_sessions_lookup (f->sessions, 1000 + i * 10);
      sig_sessions_detach (f->sessions, one, 10 + i);
    }
  g_assert_cmpuint (sig_presence_get_n (presence), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD_PRESENCE(name, fn) g_test_add ("/signaling/presence/" name, Fixture, NULL, set_up, fn, tear_down)
  ADD_PRESENCE ("flap", test_flap);
  ADD_PRESENCE ("forget", test_forget);
  ADD_PRESENCE ("bounds", test_bounds);
  return g_test_run ();
}
