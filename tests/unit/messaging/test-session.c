/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include "jwt-sign.h"
#include "messaging/core-private.h"

typedef Bench Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  bench_init (f);
  f->options.jwt_secret = JWT_SECRET;
  bench_open (f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  bench_clear (f);
}

static void
start (Fixture *f, const char *token, Answer *answer)
{
  msg_session_start (f->core, token, on_login, answer);
  bench_wait (f, answer);
}

static void
list (Fixture *f, MsgId user_id, Answer *answer)
{
  msg_session_list (f->core, user_id, on_sessions, answer);
  bench_wait (f, answer);
}

static void
test_start (Fixture *f, gconstpointer data)
{
  static const char *const bad[] = {
    NULL, "", "als_", "als_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
          "bls_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "als_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB", "als_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
  };
  g_auto (Answer) ann = { 0 }, again = { 0 };

  bench_register (f, "ann", 1, &ann);
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_auto (Answer) answer = { 0 };

      start (f, bad[i], &answer);
      assert_reason (&answer, MSG_ERROR_UNAUTHENTICATED, "bad_token");
    }
  for (unsigned i = 0; i < MSG_TOKEN_STRLEN; i++)
    {
      g_autofree char *bent = g_strdup (ann.login->token);
      g_auto (Answer) answer = { 0 };

      bent[i] = bent[i] == 'x' ? 'y' : 'x';
      start (f, bent, &answer);
      assert_reason (&answer, MSG_ERROR_UNAUTHENTICATED, "bad_token");
    }
  bench_reopen (f);
  start (f, ann.login->token, &again);
  g_assert_no_error (again.error);
  g_assert_cmpint (again.login->user->id, ==, ann.login->user->id);
  g_assert_cmpint (again.login->device->id, ==, ann.login->device->id);
  g_assert_null (again.login->token);
}

static void
test_revoke (Fixture *f, gconstpointer data)
{
  g_auto (Answer) ann = { 0 }, bob = { 0 }, foreign = { 0 }, revoked = { 0 }, twice = { 0 }, token = { 0 },
                  devices = { 0 };

  bench_register (f, "ann", 1, &ann);
  bench_register (f, "bob", 2, &bob);
  msg_session_revoke (f->core, bob.login->user->id, ann.login->device->id, on_done, &foreign);
  bench_wait (f, &foreign);
  assert_reason (&foreign, MSG_ERROR_NOT_FOUND, "session");
  g_assert_cmpuint (f->n_events, ==, 0);
  msg_session_revoke (f->core, ann.login->user->id, ann.login->device->id, on_done, &revoked);
  bench_wait (f, &revoked);
  g_assert_no_error (revoked.error);
  g_assert_cmpuint (f->n_events, ==, 1);
  msg_session_revoke (f->core, ann.login->user->id, ann.login->device->id, on_done, &twice);
  bench_wait (f, &twice);
  assert_reason (&twice, MSG_ERROR_NOT_FOUND, "session");
  start (f, ann.login->token, &token);
  assert_reason (&token, MSG_ERROR_UNAUTHENTICATED, "bad_token");
  msg_device_list (f->core, ann.login->user->id, on_devices, &devices);
  bench_wait (f, &devices);
  g_assert_cmpuint (devices.list->len, ==, 1); /* the device stays known */
}

typedef struct {
  Fixture *fixture;
  MsgId user_id, device_id;
  Answer revoked;
  bool ended;
} Race;

static void
on_started (const MsgLogin *login, const GError *error, gpointer data)
{
  Race *race = data;

  /* whoever is let in after the listener was told would never be thrown out */
  g_assert_false (login != NULL && race->ended);
  race->fixture->n_events++;
}

static void
on_race_ended (MsgId user, MsgId device, MsgId except, MsgEndCause cause, gpointer data)
{
  ((Race *) data)->ended = true;
}

static void
test_revoke_races_start (Fixture *f, gconstpointer data)
{
  for (unsigned round = 0; round < 50; round++)
    {
      g_autofree char *name = g_strdup_printf ("ann%u", round);
      g_auto (Answer) ann = { 0 };
      Race race = { .fixture = f };

      bench_register (f, name, round, &ann);
      msg_core_set_sessions_ended_fn (f->core, on_race_ended, &race);
      f->n_events = 0;
      for (unsigned i = 0; i < 40; i++)
        {
          msg_session_start (f->core, ann.login->token, on_started, &race);
          if (i == 20)
            msg_session_revoke (f->core, ann.login->user->id, ann.login->device->id, on_done, &race.revoked);
        }
      while (f->n_events < 40 || race.revoked.n == 0)
        (void) g_main_context_iteration (f->context, TRUE);
      g_assert_no_error (race.revoked.error);
      msg_core_set_sessions_ended_fn (f->core, NULL, NULL);
    }
  f->n_events = 0;
}

static void
test_list (Fixture *f, gconstpointer data)
{
  g_auto (Answer) ann = { 0 }, second = { 0 }, bob = { 0 }, before = { 0 }, after = { 0 }, all = { 0 }, rest = { 0 },
                  bad = { 0 };
  g_auto (Answer) none = { 0 };
  MsgSession *session;

  bench_register (f, "Ann", 1, &ann);
  bench_register (f, "bob", 3, &bob);
  f->now_ms += 5000;
  bench_login (f, "ann", "correct horse", 0, 2, &second);
  list (f, ann.login->user->id, &before);
  g_assert_cmpuint (before.list->len, ==, 2);
  session = before.list->pdata[0];
  g_assert_cmpint (session->device->id, ==, second.login->device->id);
  g_assert_cmpstr (session->username, ==, "Ann");
  g_assert_cmpint (session->created_at_ms, ==, EPOCH_MS + 5000);
  g_assert_cmpint (session->last_seen_ms, ==, EPOCH_MS + 5000);
  g_assert_false (session->external);

  f->now_ms += 5000;
  msg_session_touch (f->core, ann.login->device->id);
  list (f, ann.login->user->id, &after);
  session = after.list->pdata[0];
  g_assert_cmpint (session->device->id, ==, ann.login->device->id);
  g_assert_cmpint (session->last_seen_ms, ==, EPOCH_MS + 10000);
  list (f, 4711, &none);
  g_assert_cmpuint (none.list->len, ==, 0);

  msg_session_list_all (f->core, 0, 2, on_sessions, &all);
  bench_wait (f, &all);
  g_assert_cmpuint (all.list->len, ==, 2);
  msg_session_list_all (f->core, ((MsgSession *) all.list->pdata[1])->device->id, 2, on_sessions, &rest);
  bench_wait (f, &rest);
  g_assert_cmpuint (rest.list->len, ==, 1);
  msg_session_list_all (f->core, 0, MSG_GET_MAX + 1, on_sessions, &bad);
  bench_wait (f, &bad);
  assert_reason (&bad, MSG_ERROR_INVALID, "limit");
}

static void
settle (Fixture *f)
{
  g_auto (Answer) answer = { 0 };

  /* a write behind the touches: when it is done they are */
  msg_call_heartbeat (f->core, NULL, 0, 1, on_done, &answer);
  bench_wait (f, &answer);
}

/* What is written, how often, and what a restart finds. */
static void
test_touch (Fixture *f, gconstpointer data)
{
  g_auto (Answer) ann = { 0 }, kept = { 0 }, later = { 0 };
  uint64_t commits;
  MsgId device;

  bench_register (f, "ann", 1, &ann);
  device = ann.login->device->id;
  f->now_ms += 1000;
  msg_session_touch (f->core, device);
  msg_session_touch (f->core, 123456); /* of nobody: harmless */
  commits = msg_store_get_commits (f->core->store);
  msg_touches_flush (f->core->touches);
  settle (f);
  g_assert_cmpuint (msg_store_get_commits (f->core->store), >, commits);

  /* within the minute nothing more is written, whatever comes */
  for (int i = 0; i < 59; i++)
    {
      f->now_ms += 1000;
      msg_session_touch (f->core, device);
    }
  commits = msg_store_get_commits (f->core->store);
  msg_touches_flush (f->core->touches);
  settle (f);
  g_assert_cmpuint (msg_store_get_commits (f->core->store), ==, commits + 1);
  bench_reopen (f);
  list (f, ann.login->user->id, &kept);
  g_assert_cmpint (((MsgSession *) kept.list->pdata[0])->last_seen_ms, ==, EPOCH_MS + 1000);

  f->now_ms += 60000;
  msg_session_touch (f->core, device);
  bench_reopen (f); /* closing writes what is due */
  list (f, ann.login->user->id, &later);
  g_assert_cmpint (((MsgSession *) later.list->pdata[0])->last_seen_ms, ==, f->now_ms);
}

/* --- By JWT --- */

static void
start_jwt (Fixture *f, const char *payload, MsgId device, unsigned key_number, Answer *answer)
{
  g_autofree char *token = jwt_hs256 (payload);
  uint8_t key[32];
  MsgDeviceSpec spec = bench_device (device, key_number, key);

  msg_session_start_jwt (f->core, token, strlen (token), &spec, on_login, answer);
  bench_wait (f, answer);
}

#define EXP ",\"exp\":1800009999"

static void
test_jwt (Fixture *f, gconstpointer data)
{
  g_auto (Answer) first = { 0 }, again = { 0 }, renamed = { 0 }, other = { 0 }, found = { 0 }, password = { 0 },
                  sessions = { 0 };
  g_auto (Answer) change = { 0 }, registered = { 0 }, set = { 0 };

  start_jwt (f, "{\"sub\":\"42\",\"name\":\"Ann\"" EXP "}", 0, 1, &first);
  g_assert_no_error (first.error);
  g_assert_cmpstr (first.login->user->username, ==, "jwt:42");
  g_assert_cmpstr (first.login->user->display_name, ==, "Ann");
  g_assert_true (first.login->user->external);
  g_assert_null (first.login->token);
  start_jwt (f, "{\"sub\":\"42\"" EXP "}", first.login->device->id, 1, &again);
  g_assert_cmpint (again.login->user->id, ==, first.login->user->id);
  g_assert_cmpint (again.login->device->id, ==, first.login->device->id);
  g_assert_cmpstr (again.login->user->display_name, ==, "Ann");
  g_assert_cmpuint (f->n_events, ==, 0); /* coming back is no new session */
  start_jwt (f, "{\"sub\":\"42\",\"name\":\"Ann B.\"" EXP "}", 0, 1, &renamed);
  g_assert_cmpstr (renamed.login->user->display_name, ==, "Ann B.");
  start_jwt (f, "{\"sub\":\"Carl the 3rd\"" EXP "}", 0, 2, &other);
  g_assert_cmpstr (other.login->user->display_name, ==, "Carl the 3rd");
  g_assert_cmpint (other.login->user->id, !=, first.login->user->id);

  msg_account_find (f->core, "jwt:42", on_user, &found);
  bench_wait (f, &found);
  g_assert_cmpstr (found.user->display_name, ==, "Ann B.");
  list (f, first.login->user->id, &sessions);
  g_assert_cmpuint (sessions.list->len, ==, 1);
  g_assert_true (((MsgSession *) sessions.list->pdata[0])->external);

  /* no way in by password, and nobody can take the name */
  bench_login (f, "jwt:42", "", 0, 1, &password);
  assert_reason (&password, MSG_ERROR_UNAUTHENTICATED, "bad_password");
  msg_account_change_password (f->core, first.login->user->id, 1, "", "battery staple", on_done, &change);
  bench_wait (f, &change);
  assert_reason (&change, MSG_ERROR_FORBIDDEN, "external");
  msg_account_set_password (f->core, first.login->user->id, "battery staple", on_done, &set);
  bench_wait (f, &set);
  assert_reason (&set, MSG_ERROR_FORBIDDEN, "external");
  bench_register (f, "jwt:42", 1, &registered);
  assert_reason (&registered, MSG_ERROR_INVALID, "username");
}

static void
test_jwt_refused (Fixture *f, gconstpointer data)
{
  g_auto (Answer) expired = { 0 }, changed = { 0 }, first = { 0 }, off = { 0 }, disabled = { 0 }, garbage = { 0 },
                  jwt_off = { 0 };
  g_auto (Answer) device = { 0 }, big = { 0 }, found = { 0 };
  g_autofree char *long_token = g_strnfill (MSG_JWT_MAX_BYTES + 1, 'a');
  uint8_t key[32];
  MsgDeviceSpec spec = bench_device (0, 1, key);

  start_jwt (f, "{\"sub\":\"42\",\"exp\":1700000000}", 0, 1, &expired);
  assert_reason (&expired, MSG_ERROR_UNAUTHENTICATED, "jwt_expired");
  msg_account_find (f->core, "jwt:42", on_user, &found);
  bench_wait (f, &found);
  assert_reason (&found, MSG_ERROR_NOT_FOUND, "user");
  msg_session_start_jwt (f->core, "a.b.c", 5, &spec, on_login, &garbage);
  bench_wait (f, &garbage);
  assert_reason (&garbage, MSG_ERROR_UNAUTHENTICATED, "jwt");
  msg_session_start_jwt (f->core, long_token, strlen (long_token), &spec, on_login, &big);
  bench_wait (f, &big);
  assert_reason (&big, MSG_ERROR_UNAUTHENTICATED, "jwt");
  spec.name = "";
  msg_session_start_jwt (f->core, "a.b.c", 5, &spec, on_login, &device);
  bench_wait (f, &device);
  assert_reason (&device, MSG_ERROR_INVALID, "device_name");

  start_jwt (f, "{\"sub\":\"42\"" EXP "}", 0, 1, &first);
  start_jwt (f, "{\"sub\":\"42\"" EXP "}", first.login->device->id, 2, &changed);
  assert_reason (&changed, MSG_ERROR_CONFLICT, "identity_key_changed");
  msg_account_set_disabled (f->core, first.login->user->id, true, on_done, &off);
  bench_wait (f, &off);
  start_jwt (f, "{\"sub\":\"42\"" EXP "}", first.login->device->id, 1, &disabled);
  assert_reason (&disabled, MSG_ERROR_FORBIDDEN, "disabled");

  f->options.jwt_secret = NULL;
  bench_reopen (f);
  start_jwt (f, "{\"sub\":\"42\"" EXP "}", 0, 1, &jwt_off);
  assert_reason (&jwt_off, MSG_ERROR_FORBIDDEN, "jwt_off");
}

static void
test_jwt_revoked (Fixture *f, gconstpointer data)
{
  g_auto (Answer) first = { 0 }, revoked = { 0 }, old = { 0 }, none = { 0 }, fresh = { 0 }, sessions = { 0 },
                  other = { 0 };
  MsgId device;

  start_jwt (f, "{\"sub\":\"42\",\"iat\":1799999990" EXP "}", 0, 1, &first);
  device = first.login->device->id;
  msg_session_revoke (f->core, first.login->user->id, device, on_done, &revoked);
  bench_wait (f, &revoked);
  g_assert_no_error (revoked.error);
  start_jwt (f, "{\"sub\":\"42\",\"iat\":1800000000" EXP "}", device, 1, &old);
  assert_reason (&old, MSG_ERROR_UNAUTHENTICATED, "jwt_revoked");
  start_jwt (f, "{\"sub\":\"42\"" EXP "}", device, 1, &none);
  assert_reason (&none, MSG_ERROR_UNAUTHENTICATED, "jwt_revoked");
  list (f, first.login->user->id, &sessions);
  g_assert_cmpuint (sessions.list->len, ==, 0);
  start_jwt (f, "{\"sub\":\"42\",\"iat\":1799999990" EXP "}", 0, 2, &other); /* another device is not concerned */
  g_assert_no_error (other.error);
  f->now_ms += 2000;
  start_jwt (f, "{\"sub\":\"42\",\"iat\":1800000001" EXP "}", device, 1, &fresh);
  g_assert_no_error (fresh.error);
  g_assert_cmpint (fresh.login->device->id, ==, device);
}

/* Both kinds of key at once: each for its own algorithm. */
static void
test_jwt_two_keys (Fixture *f, gconstpointer data)
{
  static const char payload[] = "{\"sub\":\"7\"" EXP "}";
  g_autofree char *public = jwt_test_public ();
  g_autofree char *by_ed25519 = jwt_sign ("{\"alg\":\"EdDSA\"}", payload, NULL, 0);
  g_autofree char *confused = jwt_sign ("{\"alg\":\"HS256\"}", payload, public, strlen (public));
  g_auto (Answer) hs = { 0 }, ed = { 0 }, bad = { 0 }, expired = { 0 };
  uint8_t key[32];
  MsgDeviceSpec spec = bench_device (0, 1, key);

  f->options.jwt_public_key = public;
  bench_reopen (f);
  start_jwt (f, payload, 0, 1, &hs);
  g_assert_no_error (hs.error);
  msg_session_start_jwt (f->core, by_ed25519, strlen (by_ed25519), &spec, on_login, &ed);
  bench_wait (f, &ed);
  g_assert_no_error (ed.error);
  g_assert_cmpint (ed.login->user->id, ==, hs.login->user->id);
  msg_session_start_jwt (f->core, confused, strlen (confused), &spec, on_login, &bad);
  bench_wait (f, &bad);
  assert_reason (&bad, MSG_ERROR_UNAUTHENTICATED, "jwt");
  start_jwt (f, "{\"sub\":\"42\",\"exp\":1700000000}", 0, 1, &expired); /* not hidden by the second key */
  assert_reason (&expired, MSG_ERROR_UNAUTHENTICATED, "jwt_expired");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, fn) g_test_add ("/messaging/session/" name, Fixture, NULL, set_up, fn, tear_down)
  ADD ("start", test_start);
  ADD ("revoke", test_revoke);
  ADD ("revoke-races-start", test_revoke_races_start);
  ADD ("list", test_list);
  ADD ("touch", test_touch);
  ADD ("jwt", test_jwt);
  ADD ("jwt-refused", test_jwt_refused);
  ADD ("jwt-revoked", test_jwt_revoked);
  ADD ("jwt-two-keys", test_jwt_two_keys);
  return g_test_run ();
}
