/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"
#include "messaging/db.h"

#include "messaging/core-private.h"

typedef Bench Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  bench_init (f);
  bench_open (f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  bench_clear (f);
}

static void
test_register (Fixture *f, gconstpointer data)
{
  g_auto (Answer) first = { 0 }, again = { 0 }, bob = { 0 };

  bench_register (f, "Ann_9", 1, &first);
  g_assert_no_error (first.error);
  g_assert_cmpstr (first.login->user->username, ==, "Ann_9");
  g_assert_cmpstr (first.login->user->display_name, ==, "Ann_9");
  g_assert_false (first.login->user->disabled);
  g_assert_false (first.login->user->external);
  g_assert_cmpint (first.login->user->created_at_ms, ==, EPOCH_MS);
  g_assert_cmpint (first.login->device->user_id, ==, first.login->user->id);
  g_assert_cmpstr (first.login->device->name, ==, "Laptop");
  g_assert_cmpint (first.login->device->added_at_ms, ==, EPOCH_MS);
  g_assert_cmpuint (strlen (first.login->token), ==, MSG_TOKEN_STRLEN);
  g_assert_true (g_str_has_prefix (first.login->token, "als_"));

  bench_register (f, "aNN_9", 2, &again);
  assert_reason (&again, MSG_ERROR_CONFLICT, "username_taken");
  bench_register (f, "bob", 3, &bob);
  g_assert_cmpint (bob.login->user->id, !=, first.login->user->id);
  g_assert_cmpstr (bob.login->token, !=, first.login->token);
}

static void
test_register_bad (Fixture *f, gconstpointer data)
{
  uint8_t key[32], zero[32] = { 0 };
  MsgDeviceSpec good = bench_device (0, 1, key);
  MsgDeviceSpec unnamed = good, platform = good, key_short = good, key_zero = good, id = good;
  const struct {
    const char *username, *password, *display_name;
    const MsgDeviceSpec *device;
    const char *reason;
  } cases[] = {
    { "an", "correct horse", NULL, &good, "username" },
    { NULL, "correct horse", NULL, &good, "username" },
    { "jwt:ann", "correct horse", NULL, &good, "username" },
    { "ann", "short", NULL, &good, "password" },
    { "ann", NULL, NULL, &good, "password" },
    { "annabella", "ANNABELLA", NULL, &good, "password" },
    { "ann", "correct horse", "a\nb", &good, "display_name" },
    { "ann", "correct horse", NULL, &unnamed, "device_name" },
    { "ann", "correct horse", NULL, &platform, "platform" },
    { "ann", "correct horse", NULL, &key_short, "identity_key" },
    { "ann", "correct horse", NULL, &key_zero, "identity_key" },
    { "ann", "correct horse", NULL, &id, "id" },
  };

  unnamed.name = " ";
  platform.platform = "a platform whose name is longer than thirty-two";
  key_short.identity_key_len = 31;
  key_zero.identity_key = zero;
  id.id = MSG_ID_MAX + 1;
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      MsgCredentials credentials = { cases[i].username, cases[i].password, cases[i].display_name, NULL,
                                     *cases[i].device };
      g_auto (Answer) answer = { 0 }, found = { 0 };

      msg_account_register (f->core, &credentials, on_login, &answer);
      bench_wait (f, &answer);
      assert_reason (&answer, MSG_ERROR_INVALID, cases[i].reason);
      msg_account_find (f->core, "ann", on_user, &found);
      bench_wait (f, &found);
      assert_reason (&found, MSG_ERROR_NOT_FOUND, "user");
    }
}

static void
test_register_closed (Fixture *f, gconstpointer data)
{
  g_auto (Answer) answer = { 0 }, created = { 0 };

  f->options.allow_registration = false;
  bench_reopen (f);
  bench_register (f, "ann", 1, &answer);
  assert_reason (&answer, MSG_ERROR_FORBIDDEN, "registration_closed");
  msg_account_create (f->core, "ann", "correct horse", "Ann B.", on_user, &created);
  bench_wait (f, &created);
  g_assert_no_error (created.error);
  g_assert_cmpstr (created.user->display_name, ==, "Ann B.");
}

static void
test_login (Fixture *f, gconstpointer data)
{
  g_auto (Answer) first = { 0 }, same = { 0 }, other = { 0 }, wrong = { 0 }, unknown = { 0 }, impossible = { 0 };
  g_auto (Answer) long_password = { 0 };
  g_autofree char *too_long = g_strnfill (5000, 'x');

  bench_register (f, "Ann", 1, &first);
  f->now_ms += 1000;
  bench_login (f, "aNN", "correct horse", first.login->device->id, 1, &same);
  g_assert_no_error (same.error);
  g_assert_cmpint (same.login->user->id, ==, first.login->user->id);
  g_assert_cmpint (same.login->device->id, ==, first.login->device->id);
  g_assert_cmpint (same.login->device->added_at_ms, ==, EPOCH_MS);
  g_assert_cmpstr (same.login->token, !=, first.login->token);
  /* one session a device: the old token went */
  g_assert_cmpuint (f->n_events, ==, 1);
  g_assert_cmpint (f->events[0].device, ==, first.login->device->id);
  g_assert_cmpint (f->events[0].cause, ==, MSG_END_REPLACED);

  bench_login (f, "ann", "correct horse", 0, 2, &other);
  g_assert_cmpint (other.login->device->id, !=, first.login->device->id);
  g_assert_cmpuint (f->n_events, ==, 1);

  bench_login (f, "ann", "correct hors", 0, 2, &wrong);
  bench_login (f, "nobody", "correct horse", 0, 2, &unknown);
  bench_login (f, "!", "correct horse", 0, 2, &impossible);
  bench_login (f, "ann", too_long, 0, 2, &long_password);
  assert_reason (&wrong, MSG_ERROR_UNAUTHENTICATED, "bad_password");
  assert_reason (&unknown, MSG_ERROR_UNAUTHENTICATED, "bad_password");
  assert_reason (&impossible, MSG_ERROR_UNAUTHENTICATED, "bad_password");
  assert_reason (&long_password, MSG_ERROR_UNAUTHENTICATED, "bad_password");
  g_assert_cmpstr (wrong.error->message, ==, unknown.error->message);
}

/* The password's hash is made anew when the parameters were raised. */
static void
test_rehash (Fixture *f, gconstpointer data)
{
  g_auto (Answer) first = { 0 }, second = { 0 }, third = { 0 }, wrong = { 0 };

  bench_register (f, "ann", 1, &first);
  f->options.argon2_passes = 2;
  bench_reopen (f);
  bench_login (f, "ann", "wrong horse", 0, 1, &wrong);
  assert_reason (&wrong, MSG_ERROR_UNAUTHENTICATED, "bad_password");
  bench_login (f, "ann", "correct horse", 0, 1, &second);
  g_assert_no_error (second.error);
  bench_close (f);
  {
    g_autoptr (MsgDb) db = msg_db_open (f->url, MSG_DB_READ, NULL);
    MsgStmt *stmt = msg_db_prepare (db, "SELECT password_hash FROM users");

    g_assert_cmpint (msg_stmt_step (stmt, NULL), ==, MSG_STEP_ROW);
    g_assert_nonnull (strstr (msg_stmt_get_text (stmt, 0), "m=8,t=2,p=1"));
  }
  bench_open (f);
  bench_login (f, "ann", "correct horse", 0, 1, &third);
  g_assert_no_error (third.error);
}

static void
test_change_password (Fixture *f, gconstpointer data)
{
  g_auto (Answer) first = { 0 }, second = { 0 }, wrong = { 0 }, same_name = { 0 }, changed = { 0 }, old = { 0 };
  g_auto (Answer) fresh = { 0 }, kept = { 0 }, ended = { 0 }, nobody = { 0 };
  MsgId id;

  bench_register (f, "annabella", 1, &first);
  bench_login (f, "annabella", "correct horse", 0, 2, &second);
  id = first.login->user->id;
  msg_account_change_password (f->core, id, first.login->device->id, "wrong horse", "battery staple", on_done, &wrong);
  bench_wait (f, &wrong);
  assert_reason (&wrong, MSG_ERROR_UNAUTHENTICATED, "bad_password");
  msg_account_change_password (f->core, id, first.login->device->id, "correct horse", "Annabella", on_done, &same_name);
  bench_wait (f, &same_name);
  assert_reason (&same_name, MSG_ERROR_INVALID, "password");
  msg_account_change_password (f->core, 999, 1, "correct horse", "battery staple", on_done, &nobody);
  bench_wait (f, &nobody);
  assert_reason (&nobody, MSG_ERROR_NOT_FOUND, "user");
  g_assert_cmpuint (f->n_events, ==, 0);

  msg_account_change_password (f->core, id, first.login->device->id, "correct horse", "battery staple", on_done,
                               &changed);
  bench_wait (f, &changed);
  g_assert_no_error (changed.error);
  g_assert_cmpuint (f->n_events, ==, 1);
  g_assert_cmpint (f->events[0].user, ==, id);
  g_assert_cmpint (f->events[0].device, ==, 0);
  g_assert_cmpint (f->events[0].except, ==, first.login->device->id);
  g_assert_cmpint (f->events[0].cause, ==, MSG_END_PASSWORD);
  msg_session_start (f->core, first.login->token, on_login, &kept);
  bench_wait (f, &kept);
  g_assert_no_error (kept.error);
  msg_session_start (f->core, second.login->token, on_login, &ended);
  bench_wait (f, &ended);
  assert_reason (&ended, MSG_ERROR_UNAUTHENTICATED, "bad_token");
  bench_login (f, "annabella", "correct horse", 0, 2, &old);
  assert_reason (&old, MSG_ERROR_UNAUTHENTICATED, "bad_password");
  bench_login (f, "annabella", "battery staple", 0, 2, &fresh);
  g_assert_no_error (fresh.error);
}

static void
test_set_password (Fixture *f, gconstpointer data)
{
  g_auto (Answer) first = { 0 }, set = { 0 }, ended = { 0 }, fresh = { 0 }, bad = { 0 };

  bench_register (f, "ann", 1, &first);
  msg_account_set_password (f->core, first.login->user->id, "x", on_done, &bad);
  bench_wait (f, &bad);
  assert_reason (&bad, MSG_ERROR_INVALID, "password");
  msg_account_set_password (f->core, first.login->user->id, "battery staple", on_done, &set);
  bench_wait (f, &set);
  g_assert_no_error (set.error);
  msg_session_start (f->core, first.login->token, on_login, &ended);
  bench_wait (f, &ended);
  assert_reason (&ended, MSG_ERROR_UNAUTHENTICATED, "bad_token");
  g_assert_cmpint (f->events[0].except, ==, 0);
  bench_login (f, "ann", "battery staple", 0, 1, &fresh);
  g_assert_no_error (fresh.error);
}

static void
test_rename (Fixture *f, gconstpointer data)
{
  g_auto (Answer) first = { 0 }, renamed = { 0 }, found = { 0 }, empty = { 0 }, nobody = { 0 };
  MsgId id;

  bench_register (f, "ann", 1, &first);
  id = first.login->user->id;
  msg_account_rename (f->core, id, " \xc3\x84nn ", on_user, &renamed);
  bench_wait (f, &renamed);
  g_assert_no_error (renamed.error);
  g_assert_cmpstr (renamed.user->display_name, ==, "\xc3\x84nn");
  g_assert_cmpstr (renamed.user->username, ==, "ann");
  msg_account_find (f->core, "ann", on_user, &found);
  bench_wait (f, &found);
  g_assert_cmpstr (found.user->display_name, ==, "\xc3\x84nn");
  g_assert_cmpuint (f->n_events, ==, 0);
  msg_account_rename (f->core, id, " ", on_user, &empty);
  bench_wait (f, &empty);
  assert_reason (&empty, MSG_ERROR_INVALID, "display_name");
  msg_account_rename (f->core, 12345, "Bob", on_user, &nobody);
  bench_wait (f, &nobody);
  assert_reason (&nobody, MSG_ERROR_NOT_FOUND, "user");
}

static void
test_disable (Fixture *f, gconstpointer data)
{
  g_auto (Answer) first = { 0 }, off = { 0 }, off2 = { 0 }, session = { 0 }, login = { 0 }, wrong = { 0 },
                  found = { 0 };
  g_auto (Answer) on = { 0 }, again = { 0 }, nobody = { 0 };
  MsgId id;

  bench_register (f, "ann", 1, &first);
  id = first.login->user->id;
  msg_account_set_disabled (f->core, id, true, on_done, &off);
  bench_wait (f, &off);
  g_assert_no_error (off.error);
  g_assert_cmpint (f->events[0].cause, ==, MSG_END_DISABLED);
  msg_account_set_disabled (f->core, id, true, on_done, &off2);
  bench_wait (f, &off2);
  g_assert_no_error (off2.error);
  msg_session_start (f->core, first.login->token, on_login, &session);
  bench_wait (f, &session);
  assert_reason (&session, MSG_ERROR_UNAUTHENTICATED, "bad_token");
  bench_login (f, "ann", "correct horse", 0, 1, &login);
  assert_reason (&login, MSG_ERROR_FORBIDDEN, "disabled");
  bench_login (f, "ann", "guess", 0, 1, &wrong); /* who does not know the password learns nothing */
  assert_reason (&wrong, MSG_ERROR_UNAUTHENTICATED, "bad_password");
  msg_account_find (f->core, "ann", on_user, &found);
  bench_wait (f, &found);
  g_assert_true (found.user->disabled);

  f->n_events = 0;
  msg_account_set_disabled (f->core, id, false, on_done, &on);
  bench_wait (f, &on);
  g_assert_no_error (on.error);
  g_assert_cmpuint (f->n_events, ==, 0);
  bench_login (f, "ann", "correct horse", 0, 1, &again);
  g_assert_no_error (again.error);
  msg_account_set_disabled (f->core, 12345, true, on_done, &nobody);
  bench_wait (f, &nobody);
  assert_reason (&nobody, MSG_ERROR_NOT_FOUND, "user");
}

static void
test_delete (Fixture *f, gconstpointer data)
{
  g_auto (Answer) first = { 0 }, gone = { 0 }, twice = { 0 }, found = { 0 }, got = { 0 }, devices = { 0 },
                  again = { 0 };
  MsgId id;

  bench_register (f, "ann", 1, &first);
  id = first.login->user->id;
  msg_account_delete (f->core, id, false, on_done, &gone);
  bench_wait (f, &gone);
  g_assert_no_error (gone.error);
  g_assert_cmpint (f->events[0].cause, ==, MSG_END_DELETED);
  msg_account_delete (f->core, id, false, on_done, &twice);
  bench_wait (f, &twice);
  assert_reason (&twice, MSG_ERROR_NOT_FOUND, "user");
  msg_account_find (f->core, "ann", on_user, &found);
  bench_wait (f, &found);
  assert_reason (&found, MSG_ERROR_NOT_FOUND, "user");
  msg_account_get (f->core, &id, 1, on_users, &got);
  bench_wait (f, &got);
  g_assert_cmpuint (got.list->len, ==, 1);
  g_assert_true (((MsgUser *) got.list->pdata[0])->deleted);
  g_assert_cmpstr (((MsgUser *) got.list->pdata[0])->username, ==, "");
  msg_device_list (f->core, id, on_devices, &devices);
  bench_wait (f, &devices);
  assert_reason (&devices, MSG_ERROR_NOT_FOUND, "user");
  bench_register (f, "ANN", 1, &again); /* the name is free again, for somebody else */
  g_assert_no_error (again.error);
  g_assert_cmpint (again.login->user->id, !=, id);
}

static void
test_read (Fixture *f, gconstpointer data)
{
  static const char *const names[] = { "zoe", "Bob", "ann", "carl", "b_b" };
  static const char *const sorted[] = { "ann", "b_b", "Bob", "carl", "zoe" };
  g_auto (Answer) page1 = { 0 }, page2 = { 0 }, got = { 0 }, none = { 0 }, bad = { 0 }, bad2 = { 0 }, bad3 = { 0 };
  g_auto (Answer) found = { 0 }, missing = { 0 };
  MsgId ids[MSG_GET_MAX + 1] = { 0 };

  for (unsigned i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_auto (Answer) answer = { 0 };

      bench_register (f, names[i], i, &answer);
      ids[i] = answer.login->user->id;
    }
  msg_account_list (f->core, NULL, 3, on_users, &page1);
  bench_wait (f, &page1);
  msg_account_list (f->core, "Bob", 3, on_users, &page2);
  bench_wait (f, &page2);
  g_assert_cmpuint (page1.list->len, ==, 3);
  g_assert_cmpuint (page2.list->len, ==, 2);
  for (unsigned i = 0; i < 5; i++)
    g_assert_cmpstr (((MsgUser *) (i < 3 ? page1.list->pdata[i] : page2.list->pdata[i - 3]))->username, ==, sorted[i]);

  ids[5] = ids[1];
  ids[6] = 424242;
  msg_account_get (f->core, ids, 7, on_users, &got);
  bench_wait (f, &got);
  g_assert_cmpuint (got.list->len, ==, 5);
  for (unsigned i = 0; i < 5; i++)
    g_assert_cmpint (((MsgUser *) got.list->pdata[i])->id, ==, ids[i]);
  msg_account_get (f->core, NULL, 0, on_users, &none);
  bench_wait (f, &none);
  g_assert_cmpuint (none.list->len, ==, 0);
  msg_account_get (f->core, ids, MSG_GET_MAX + 1, on_users, &bad);
  bench_wait (f, &bad);
  assert_reason (&bad, MSG_ERROR_INVALID, "limit");
  msg_account_list (f->core, NULL, 0, on_users, &bad2);
  bench_wait (f, &bad2);
  assert_reason (&bad2, MSG_ERROR_INVALID, "limit");
  msg_account_list (f->core, "no such name", 5, on_users, &bad3);
  bench_wait (f, &bad3);
  assert_reason (&bad3, MSG_ERROR_INVALID, "cursor");

  msg_account_find (f->core, "BOB", on_user, &found);
  bench_wait (f, &found);
  g_assert_cmpint (found.user->id, ==, ids[1]);
  msg_account_find (f->core, "' OR 1=1 --", on_user, &missing);
  bench_wait (f, &missing);
  assert_reason (&missing, MSG_ERROR_NOT_FOUND, "user");
}

/* Many at once for one name, from all spellings: one gets it. */
static void
test_race (Fixture *f, gconstpointer data)
{
  static const char *const spellings[] = { "ann", "ANN", "Ann", "aNN" };
  Answer answers[40] = { 0 };
  unsigned won = 0;

  for (unsigned i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      uint8_t key[32];
      MsgCredentials credentials = { spellings[i % 4], "correct horse", NULL, NULL, bench_device (0, i, key) };

      msg_account_register (f->core, &credentials, on_login, &answers[i]);
    }
  for (unsigned i = 0; i < G_N_ELEMENTS (answers); i++)
    while (answers[i].n == 0)
      (void) g_main_context_iteration (f->context, TRUE);
  for (unsigned i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      if (answers[i].error == NULL)
        won++;
      else
        assert_reason (&answers[i], MSG_ERROR_CONFLICT, "username_taken");
      answer_clear (&answers[i]);
    }
  g_assert_cmpuint (won, ==, 1);
}

/* The pool's queue is bounded; who is refused is told when to come back. */
static void
test_overload (Fixture *f, gconstpointer data)
{
  Answer answers[50] = { 0 };
  unsigned busy = 0, good = 0;

  f->options.pool_queue_length = 3;
  bench_reopen (f);
  for (unsigned i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autofree char *name = g_strdup_printf ("user%u", i);
      uint8_t key[32];
      MsgCredentials credentials = { name, "correct horse", NULL, NULL, bench_device (0, i, key) };

      msg_account_register (f->core, &credentials, on_login, &answers[i]);
    }
  for (unsigned i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      while (answers[i].n == 0)
        (void) g_main_context_iteration (f->context, TRUE);
      if (answers[i].error != NULL)
        {
          assert_reason (&answers[i], MSG_ERROR_UNAVAILABLE, "busy");
          g_assert_cmpint (msg_error_get_retry_after_ms (answers[i].error), >, 0);
          busy++;
        }
      else
        good++;
      answer_clear (&answers[i]);
    }
  g_assert_cmpuint (good, >=, 1);
  g_assert_cmpuint (busy + good, ==, G_N_ELEMENTS (answers));
  g_test_message ("%u done, %u refused", good, busy);
}

static void
hold (gpointer gate)
{
  char byte;

  g_assert_cmpint (read (*(int *) gate, &byte, 1), ==, 1);
}

static void
on_held (gpointer gate, const GError *error)
{
}

/* Whether the user exists or not, a login is one sum on the pool; with a pool that is full both end the same way. */
static void
test_unknown_costs_as_much (Fixture *f, gconstpointer data)
{
  g_auto (Answer) ann = { 0 }, known = { 0 }, unknown = { 0 }, impossible = { 0 };
  int gate[2];

  f->options.pool_queue_length = 0;
  bench_reopen (f);
  bench_register (f, "ann", 1, &ann);
  g_assert_cmpint (pipe (gate), ==, 0);
  msg_pool_run (f->core->pool, true, hold, on_held, &gate[0]);
  msg_pool_run (f->core->pool, true, hold, on_held, &gate[0]);
  bench_login (f, "ann", "correct horse", 0, 1, &known);
  bench_login (f, "nobody", "correct horse", 0, 1, &unknown);
  bench_login (f, "?", "correct horse", 0, 1, &impossible);
  assert_reason (&known, MSG_ERROR_UNAVAILABLE, "busy");
  assert_reason (&unknown, MSG_ERROR_UNAVAILABLE, "busy");
  assert_reason (&impossible, MSG_ERROR_UNAVAILABLE, "busy");
  g_assert_cmpint (write (gate[1], "xx", 2), ==, 2);
  while (msg_pool_get_pending (f->core->pool) > 0)
    (void) g_main_context_iteration (f->context, TRUE);
  (void) close (gate[0]);
  (void) close (gate[1]);
}

static void
test_rates (Fixture *f, gconstpointer data)
{
  g_auto (Answer) first = { 0 }, ok1 = { 0 }, ok2 = { 0 }, refused = { 0 }, later = { 0 }, reg1 = { 0 }, reg2 = { 0 };
  AlAddr addr;
  uint8_t key[32];
  MsgCredentials credentials = { "carl", "correct horse", NULL, &addr, bench_device (0, 7, key) };

  g_assert_true (al_addr_parse ("192.0.2.1", 0, &addr, NULL));
  f->options.login_per_name = (MsgRate){ 2, 6000 };
  f->options.registration_per_address = (MsgRate){ 1, 60000 };
  bench_reopen (f);
  bench_register (f, "ann", 1, &first);
  bench_login (f, "ann", "guess", 0, 1, &ok1);
  bench_login (f, "ann", "guess", 0, 1, &ok2);
  bench_login (f, "ann", "correct horse", 0, 1, &refused);
  assert_reason (&refused, MSG_ERROR_LIMIT, "login_rate");
  g_assert_cmpint (msg_error_get_retry_after_ms (refused.error), ==, 6000);
  f->now_us += 6000 * 1000;
  bench_login (f, "ann", "correct horse", 0, 1, &later);
  g_assert_no_error (later.error);

  msg_account_register (f->core, &credentials, on_login, &reg1);
  bench_wait (f, &reg1);
  g_assert_no_error (reg1.error);
  credentials.username = "dora";
  msg_account_register (f->core, &credentials, on_login, &reg2);
  bench_wait (f, &reg2);
  assert_reason (&reg2, MSG_ERROR_LIMIT, "registration_rate");
}

/* No password or token lies in the files as it is, and the files are nobody else's to read. */
static void
test_secrets_on_disk (Fixture *f, gconstpointer data)
{
  g_auto (Answer) first = { 0 };
  g_autoptr (GDir) dir = NULL;
  const char *name;

  bench_register (f, "ann", 1, &first);
  dir = g_dir_open (f->dir, 0, NULL);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *file = g_build_filename (f->dir, name, NULL);
      g_autofree char *text = NULL;
      GStatBuf info;
      gsize len;

      g_assert_cmpint (g_stat (file, &info), ==, 0);
      g_assert_cmpint (info.st_mode & 0777, ==, 0600);
      g_assert_true (g_file_get_contents (file, &text, &len, NULL));
      g_assert_null (memmem (text, len, "correct horse", 13));
      g_assert_null (memmem (text, len, first.login->token + 4, MSG_TOKEN_STRLEN - 4));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, fn) g_test_add ("/messaging/account/" name, Fixture, NULL, set_up, fn, tear_down)
  ADD ("register", test_register);
  ADD ("register-bad", test_register_bad);
  ADD ("register-closed", test_register_closed);
  ADD ("login", test_login);
  ADD ("rehash", test_rehash);
  ADD ("change-password", test_change_password);
  ADD ("set-password", test_set_password);
  ADD ("rename", test_rename);
  ADD ("disable", test_disable);
  ADD ("delete", test_delete);
  ADD ("read", test_read);
  ADD ("race", test_race);
  ADD ("overload", test_overload);
  ADD ("unknown-costs-as-much", test_unknown_costs_as_much);
  ADD ("rates", test_rates);
  ADD ("secrets-on-disk", test_secrets_on_disk);
  return g_test_run ();
}
