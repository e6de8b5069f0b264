/* SPDX-License-Identifier: Apache-2.0 */
/* The table on its own clock, and many calls in whatever order. */
#include <malloc.h>

#include "calls-fixture.h"

/* --- the table's own clock --- */

static void
test_source (Fixture *f, gconstpointer data)
{
  sig_calls_free (f->calls);
  f->options.now_us = NULL;
  f->options.now_ms = NULL;
  f->options.limits.ring_us = 2000;
  open_table (f);
  assert_invite (f, A1, 5, B, "ringing");
  while (sig_calls_count (f->calls) > 0)
    {
      (void) g_main_context_iteration (f->context, TRUE);
      settle (f);
    }
  g_assert_nonnull (strstr (f->heard->str, "11:ended/missed "));
}

/* --- many --- */

static void
one_call (Fixture *f, unsigned n)
{
  assert_invite (f, A1, n, B, "ringing");
  assert_say (f, ACCEPT, B1, n, "ok");
  assert_say (f, SEAL, A1, n, "ok");
  assert_say (f, HANGUP, A1, n, "ok");
  g_string_truncate (f->heard, 0);
  g_string_truncate (f->events, 0);
  g_hash_table_remove_all (the_log.rows);
}

/* as many again as the table remembers at most must leave nothing behind */
static void
test_memory (Fixture *f, gconstpointer data)
{
  struct mallinfo2 before, after;
  unsigned n = 0;

  sig_calls_free (f->calls);
  f->options.invites_per_user = f->options.invites_per_pair = 0;
  open_table (f);
  while (n < 4500)
    one_call (f, n++);
  before = mallinfo2 ();
  while (n < 7000)
    one_call (f, n++);
  after = mallinfo2 ();
  g_test_message ("%zu bytes in use, then %zu", before.uordblks, after.uordblks);
  g_assert_cmpuint (after.uordblks, <=, before.uordblks + before.uordblks / 50);
  g_assert_cmpuint (sig_calls_count (f->calls), ==, 0);
}

typedef struct {
  Answer answers[4096];
  unsigned n_answers, n_ids;
  unsigned live[8]; /* ids of some calls */
} Walk;

static void
walk_step (Fixture *f, Walk *w, GRand *rand)
{
  static const unsigned devices[] = { A1, A2, B1, B2, C1, D1 };
  unsigned device = devices[g_rand_int_range (rand, 0, G_N_ELEMENTS (devices))];
  unsigned slot = g_rand_int_range (rand, 0, G_N_ELEMENTS (w->live));
  Answer *answer = &w->answers[w->n_answers];
  int what = g_rand_int_range (rand, 0, 12);

  if (what == 0)
    {
      w->live[slot] = g_rand_boolean (rand) ? ++w->n_ids : 1000000 - ++w->n_ids;
      ask_full (f, SIG_CALL_ON_INVITE, device, w->live[slot], g_rand_int_range (rand, A, D + 2), SIG_CALL_REASON_NONE,
                NULL, answer);
      w->n_answers++;
    }
  else if (what <= 7)
    {
      ask (f, g_rand_int_range (rand, SIG_CALL_ON_RING, SIG_CALL_ON_DECLINE + (what == 1 ? 3 : 0)), device, w->live[slot],
           answer);
      w->n_answers++;
    }
  else if (what == 8)
    (f->attached[device] ? detach (f, device) : attach (f, device, g_rand_boolean (rand)));
  else if (what == 9)
    {
      f->now_us += g_rand_int_range (rand, 0, 10 * SECOND);
      sig_calls_tick (f->calls);
    }
  else
    (void) log_step ();
  the_log.fail += g_rand_int_range (rand, 0, 40) == 0;
  the_log.code = g_rand_boolean (rand) ? MSG_ERROR_UNAVAILABLE : MSG_ERROR_CONFLICT;
}

/* nobody is in two calls, whatever is asked in whatever order */
static void
walk_check (Fixture *f)
{
  g_autoptr (JsonArray) all = sig_calls_list (f->calls);
  unsigned n_accepted[10] = { 0 };

  for (unsigned i = 0; i < json_array_get_length (all); i++)
    {
      JsonObject *call = json_array_get_object_element (all, i);

      if (strcmp (json_object_get_string_member (call, "state"), "ringing") == 0)
        continue;
      n_accepted[atoi (json_object_get_string_member (call, "from"))]++;
      n_accepted[atoi (json_object_get_string_member (call, "to"))]++;
    }
  for (unsigned user = 0; user < G_N_ELEMENTS (n_accepted); user++)
    g_assert_cmpuint (n_accepted[user], <=, 1);
}

static void
test_walk (Fixture *f, gconstpointer data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (20260802);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree Walk *w = g_new0 (Walk, 1);

  for (unsigned round = 0; round < 40; round++)
    {
      memset (w, 0, sizeof *w);
      w->n_ids = round * 1000;
      for (unsigned i = 0; i < 2000; i++)
        {
          walk_step (f, w, rand);
          walk_check (f);
        }
      the_log.fail = 0;
      for (unsigned i = 0; i < 30; i++)
        wait (f, 10); /* whatever rings or is alone ends; the rest is ended now */
      for (unsigned i = 0; i < G_N_ELEMENTS (w->live); i++)
        sig_calls_end (f->calls, id_of (f, w->live[i]), NULL, NULL);
      for (MsgId user = A; user <= D; user++)
        sig_calls_user_disabled (f->calls, user);
      settle (f);
      g_assert_cmpuint (sig_calls_count (f->calls), ==, 0);
      for (unsigned i = 0; i < w->n_answers; i++)
        g_assert_cmpuint (w->answers[i].n, ==, 1);
      g_assert_cmpuint (f->blob->refs, ==, 1);
    }
  al_metrics_write (f->metrics, text);
  g_assert_nonnull (strstr (text->str, "aldis_calls_open{state=\"ringing\"} 0"));
  g_assert_nonnull (strstr (text->str, "aldis_calls_open{state=\"connecting\"} 0"));
  g_assert_nonnull (strstr (text->str, "aldis_calls_open{state=\"active\"} 0"));
}

int
main (int argc, char **argv)
{
  static const CallsTest tests[] = {
    { "source", test_source },
    { "memory", test_memory },
    { "walk", test_walk },
  };

  return calls_run (argc, argv, tests, G_N_ELEMENTS (tests));
}
