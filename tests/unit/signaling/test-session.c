/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions: attached, taken over, expired, revoked, replaced. */
#include "session-fixture.h"

static void
test_first (Fixture *f, gconstpointer data)
{
  SigAttach a;
  SigSession *session = attach (f, 1, 11, SIG_SEQ_NONE, &a);

  g_assert_false (a.resumed);
  g_assert_false (a.resync);
  g_assert_cmpuint (a.seq, ==, 0);
  g_assert_true (sig_session_is_attached (session));
  g_assert_cmpint (sig_session_get_detached_since_us (session), ==, 0);
  g_assert_true (sig_sessions_lookup (f->sessions, 11) == session);
  g_assert_cmpint (sig_session_get_user_id (session), ==, 1);
  g_assert_cmpstr (sig_session_get_user (session)->username, ==, "alice");
  g_assert_cmpstr (sig_session_get_device (session)->name, ==, "lamp");
  notify (f, 11, "one");
  notify (f, 11, "two");
  notify (f, 99, "to nobody");
  expect_note (f, 1, "one", 1);
  expect_note (f, 1, "two", 2);
  fake_expect_nothing (&f->fake);
  assert_heard (f, "attached 11;");
}

/* a client without lastSeq begins anew; what was meant for the one before is not sent to it */
static void
test_fresh (Fixture *f, gconstpointer data)
{
  SigAttach a;
  SigSession *session = attach (f, 1, 11, SIG_SEQ_NONE, &a);

  notify (f, 11, "one");
  sig_sessions_detach (f->sessions, session, 1);
  notify (f, 11, "two");
  fake_clear (&f->fake);
  (void) attach (f, 2, 11, SIG_SEQ_NONE, &a);
  g_assert_false (a.resumed);
  g_assert_false (a.resync);
  g_assert_cmpuint (a.seq, ==, 2);
  fake_expect_nothing (&f->fake);
  notify (f, 11, "three");
  expect_note (f, 2, "three", 3);
}

static void
test_take_over (Fixture *f, gconstpointer data)
{
  SigAttach a;
  SigSession *session = attach (f, 1, 11, SIG_SEQ_NONE, &a);

  notify (f, 11, "one");
  fake_clear (&f->fake);
  g_assert_true (attach (f, 2, 11, 0, &a) == session);
  fake_expect (&f->fake, "close 1 4001");
  expect_note (f, 2, "one", 1);
  /* the end of the older connection is heard of later and changes nothing */
  sig_sessions_detach (f->sessions, session, 1);
  g_assert_true (sig_session_is_attached (session));
  assert_heard (f, "attached 11;attached 11 resumed;");
  g_assert_cmpuint (sig_sessions_get_n_attached (f->sessions), ==, 1);
}

static void
test_expire (Fixture *f, gconstpointer data)
{
  SigAttach a;
  SigSession *one = attach (f, 1, 11, SIG_SEQ_NONE, &a), *two = attach (f, 2, 12, SIG_SEQ_NONE, &a);

  sig_sessions_detach (f->sessions, one, 1);
  clock_us += MINUTE_US;
  sig_sessions_detach (f->sessions, two, 2);
  assert_heard (f, "attached 11;attached 12;detached 11;detached 12;");
  clock_us += 4 * MINUTE_US - 1;
  sig_sessions_tick (f->sessions);
  assert_heard (f, "");
  clock_us += 1;
  sig_sessions_tick (f->sessions);
  assert_heard (f, "ended 11 expired;");
  notify (f, 11, "to nobody");
  (void) attach (f, 3, 11, 0, &a);
  g_assert_true (a.resync);
  clock_us += MINUTE_US;
  sig_sessions_tick (f->sessions);
  assert_heard (f, "attached 11;ended 12 expired;");
  g_assert_cmpuint (sig_sessions_get_n (f->sessions), ==, 1);
}

/* what an attached device was told long ago is not kept for ever */
static void
test_forget (Fixture *f, gconstpointer data)
{
  SigAttach a;
  SigSession *session = attach (f, 1, 11, SIG_SEQ_NONE, &a);

  notify (f, 11, "old");
  clock_us += 7 * MINUTE_US;
  sig_sessions_tick (f->sessions);
  sig_sessions_detach (f->sessions, session, 1);
  fake_clear (&f->fake);
  (void) attach (f, 2, 11, 0, &a);
  g_assert_true (a.resync);
  sig_sessions_detach (f->sessions, session, 2);
  (void) attach (f, 3, 11, (int64_t) a.seq, &a);
  g_assert_true (a.resumed);
  notify (f, 11, "new");
  sig_sessions_tick (f->sessions);
  (void) attach (f, 4, 11, (int64_t) a.seq, &a);
  g_assert_true (a.resumed);
  expect_note (f, 3, "new", (unsigned) a.seq);
  fake_expect (&f->fake, "close 3 4001");
  expect_note (f, 4, "new", (unsigned) a.seq);
}

static void
test_revoke (Fixture *f, gconstpointer data)
{
  SigAttach a;
  SigSession *session = attach (f, 1, 11, SIG_SEQ_NONE, &a);
  unsigned revision = sig_sessions_get_revision (f->sessions);
  g_autoptr (SigSession) kept = sig_session_ref (session);

  (void) attach (f, 2, 12, SIG_SEQ_NONE, &a);
  g_assert_cmpuint (sig_sessions_revoke_device (f->sessions, 11), ==, 1);
  g_assert_cmpuint (sig_sessions_revoke_device (f->sessions, 11), ==, 0);
  g_assert_cmpuint (sig_sessions_get_revision (f->sessions), !=, revision);
  fake_expect (&f->fake, "close 1 4003");
  fake_expect_nothing (&f->fake);
  assert_heard (f, "attached 11;attached 12;ended 11 revoked;");
  /* its connection ends afterwards: nobody hears of it again */
  sig_sessions_detach (f->sessions, kept, 1);
  assert_heard (f, "");
  g_assert_false (sig_session_is_attached (kept));
  /* nothing is left of it for the next login */
  (void) attach (f, 3, 11, 0, &a);
  g_assert_true (a.resync);
}

static void
test_revoke_user (Fixture *f, gconstpointer data)
{
  SigAttach a;
  SigSession *away;

  (void) attach (f, 1, 11, SIG_SEQ_NONE, &a);
  away = attach (f, 2, 12, SIG_SEQ_NONE, &a);
  (void) attach (f, 3, 13, SIG_SEQ_NONE, &a);
  (void) attach (f, 4, 21, SIG_SEQ_NONE, &a);
  sig_sessions_detach (f->sessions, away, 2);
  g_string_truncate (f->heard, 0);
  g_assert_cmpuint (sig_sessions_revoke_user (f->sessions, 1, 13), ==, 2);
  g_assert_cmpuint (sig_sessions_get_n (f->sessions), ==, 2);
  g_assert_nonnull (sig_sessions_lookup (f->sessions, 13));
  fake_expect (&f->fake, "close 1 4003");
  fake_expect_nothing (&f->fake);
  g_string_truncate (f->heard, 0);
  g_assert_cmpuint (sig_sessions_bar_user (f->sessions, 1), ==, 1);
  assert_heard (f, "barred 1;ended 13 revoked;");
  g_assert_cmpuint (sig_sessions_bar_user (f->sessions, 7), ==, 0);
  assert_heard (f, "barred 7;");
  g_assert_nonnull (sig_sessions_lookup (f->sessions, 21));
}

/* a device that has logged in anew: the older token's connection goes, the session waits for the new one */
static void
test_replaced (Fixture *f, gconstpointer data)
{
  SigAttach a;

  (void) attach (f, 1, 11, SIG_SEQ_NONE, &a);
  notify (f, 11, "one");
  fake_clear (&f->fake);
  sig_sessions_disconnect_device (f->sessions, 11);
  fake_expect (&f->fake, "close 1 4003");
  assert_heard (f, "attached 11;detached 11;");
  sig_sessions_disconnect_device (f->sessions, 11);
  sig_sessions_disconnect_device (f->sessions, 99);
  fake_expect_nothing (&f->fake);
  (void) attach (f, 2, 11, 0, &a);
  g_assert_true (a.resumed);
  expect_note (f, 2, "one", 1);
}

static void
test_update_user (Fixture *f, gconstpointer data)
{
  char username[] = "alice", display_name[] = "Al";
  MsgUser user = { .id = 1, .username = username, .display_name = display_name };
  SigAttach a;
  SigSession *one = attach (f, 1, 11, SIG_SEQ_NONE, &a), *two = attach (f, 2, 12, SIG_SEQ_NONE, &a);
  SigSession *other = attach (f, 3, 21, SIG_SEQ_NONE, &a);

  sig_sessions_update_user (f->sessions, &user);
  g_assert_cmpstr (sig_session_get_user (one)->display_name, ==, "Al");
  g_assert_cmpstr (sig_session_get_user (two)->display_name, ==, "Al");
  g_assert_cmpstr (sig_session_get_user (other)->display_name, ==, "alice");
}

static bool
collect (SigSession *session, gpointer user)
{
  g_array_append_vals (user, &(MsgId){ sig_session_get_device_id (session) }, 1);
  return ((GArray *) user)->len < 3;
}

static gint
compare_ids (gconstpointer a, gconstpointer b)
{
  return (int) (*(const MsgId *) a - *(const MsgId *) b);
}

static void
test_of_user (Fixture *f, gconstpointer data)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (MsgId));
  SigAttach a;

  (void) attach (f, 1, 11, SIG_SEQ_NONE, &a);
  (void) attach (f, 2, 21, SIG_SEQ_NONE, &a);
  sig_sessions_detach (f->sessions, attach (f, 3, 12, SIG_SEQ_NONE, &a), 3);
  sig_sessions_foreach_of_user (f->sessions, 1, collect, ids);
  g_array_sort (ids, compare_ids);
  g_assert_cmpuint (ids->len, ==, 2);
  g_assert_cmpint (g_array_index (ids, MsgId, 0), ==, 11);
  g_assert_cmpint (g_array_index (ids, MsgId, 1), ==, 12);
  g_array_set_size (ids, 0);
  sig_sessions_foreach_of_user (f->sessions, 3, collect, ids);
  g_assert_cmpuint (ids->len, ==, 0);
  (void) attach (f, 4, 13, SIG_SEQ_NONE, &a);
  (void) attach (f, 5, 14, SIG_SEQ_NONE, &a);
  sig_sessions_foreach_of_user (f->sessions, 1, collect, ids);
  g_assert_cmpuint (ids->len, ==, 3);
  /* out of the middle, the head and the end of the chain */
  (void) sig_sessions_revoke_device (f->sessions, 12);
  (void) sig_sessions_revoke_device (f->sessions, 14);
  (void) sig_sessions_revoke_device (f->sessions, 11);
  g_array_set_size (ids, 0);
  sig_sessions_foreach_of_user (f->sessions, 1, collect, ids);
  g_assert_cmpuint (ids->len, ==, 1);
  g_assert_cmpint (g_array_index (ids, MsgId, 0), ==, 13);
}

static void
test_many (Fixture *f, gconstpointer data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (11);
  SigAttach a;
  SigConnId conn = 0;

  for (unsigned i = 0; i < 20000; i++)
    {
      MsgId device = g_rand_int_range (rand, 10, 60);
      SigSession *session = sig_sessions_lookup (f->sessions, device);

      switch (g_rand_int_range (rand, 0, 5))
        {
        case 0:
          (void) attach (f, ++conn, device, g_rand_int_range (rand, -1, 30), &a);
          break;
        case 1:
          if (session != NULL)
            sig_sessions_detach (f->sessions, session, sig_session_get_conn (session));
          break;
        case 2:
          (void) sig_sessions_revoke_device (f->sessions, device);
          break;
        case 3:
          clock_us += g_rand_int_range (rand, 0, 60) * G_USEC_PER_SEC;
          sig_sessions_tick (f->sessions);
          break;
        default:
          notify (f, device, "x");
          break;
        }
      fake_clear (&f->fake);
      g_string_truncate (f->heard, 0);
    }
  for (MsgId user = 1; user < 6; user++)
    (void) sig_sessions_bar_user (f->sessions, user);
  g_assert_cmpuint (sig_sessions_get_n (f->sessions), ==, 0);
  g_assert_cmpuint (sig_sessions_get_n_attached (f->sessions), ==, 0);
  g_assert_cmpuint (sig_sessions_get_replay_bytes (f->sessions), ==, 0);
}

static JsonArray *
give_state (SigSession *session, gpointer user)
{
  JsonArray *array = json_array_new ();

  json_array_add_int_element (array, sig_session_get_device_id (session));
  return array;
}

static void
test_state (Fixture *f, gconstpointer data)
{
  SigAttach a;
  SigSession *session = attach (f, 1, 11, SIG_SEQ_NONE, &a);
  g_autoptr (JsonArray) none = sig_sessions_get_state (f->sessions, session);
  g_autoptr (JsonArray) some = NULL;

  g_assert_cmpuint (json_array_get_length (none), ==, 0);
  sig_sessions_set_state_hook (f->sessions, give_state, f);
  some = sig_sessions_get_state (f->sessions, session);
  g_assert_cmpint (json_array_get_int_element (some, 0), ==, 11);
}

static void
test_transient (Fixture *f, gconstpointer data)
{
  char name[] = "x";
  MsgUser user = { .id = 1, .username = name, .display_name = name };
  MsgDevice device = { .id = 11, .user_id = 1, .name = name, .platform = name };
  g_autoptr (SigSession) session = sig_session_new_transient (&user, &device);

  g_assert_false (sig_session_is_attached (session));
  g_assert_null (sig_sessions_lookup (f->sessions, 11));
  g_assert_cmpint (sig_session_get_device_id (session), ==, 11);
  sig_sessions_detach (f->sessions, session, 0);
  assert_heard (f, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("first", test_first);
  ADD ("fresh", test_fresh);
  ADD ("take-over", test_take_over);
  ADD ("expire", test_expire);
  ADD ("forget", test_forget);
  ADD ("revoke", test_revoke);
  ADD ("revoke-user", test_revoke_user);
  ADD ("replaced", test_replaced);
  ADD ("update-user", test_update_user);
  ADD ("of-user", test_of_user);
  ADD ("many", test_many);
  ADD ("state", test_state);
  ADD ("transient", test_transient);
  return g_test_run ();
}
