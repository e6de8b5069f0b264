/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/push.h"

#include "harness.h"

typedef struct {
  Bench bench;
  MsgId ann, bob, ann_device, bob_device;
} Fixture;

typedef struct {
  Answer answer;
  uint8_t key[MSG_PUSH_KEY_BYTES];
  GArray *users;
  GPtrArray *subscriptions;
  char *from, *title;
  unsigned n_deaf;
} Got;

static void
got_clear (Got *got)
{
  answer_clear (&got->answer);
  g_clear_pointer (&got->users, g_array_unref);
  g_clear_pointer (&got->subscriptions, g_ptr_array_unref);
  g_free (got->from);
  g_free (got->title);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Got, got_clear)

static void
on_key (const uint8_t *key, const GError *error, gpointer data)
{
  Got *got = data;

  answer_take (&got->answer, error);
  if (key != NULL)
    memcpy (got->key, key, sizeof got->key);
}

static void
on_push_users (GArray *users, const GError *error, gpointer data)
{
  Got *got = data;

  answer_take (&got->answer, error);
  got->users = users != NULL ? g_array_ref (users) : NULL;
}

static void
on_loaded (const MsgPushLoaded *loaded, const GError *error, gpointer data)
{
  Got *got = data;

  answer_take (&got->answer, error);
  g_assert_no_error (error);
  got->subscriptions = g_ptr_array_new_with_free_func ((GDestroyNotify) msg_push_subscription_free);
  for (unsigned i = 0; i < loaded->subscriptions->len; i++)
    g_ptr_array_add (got->subscriptions, msg_push_subscription_copy (loaded->subscriptions->pdata[i]));
  got->from = loaded->from != NULL ? g_strdup (loaded->from->display_name) : NULL;
  got->title = g_strdup (loaded->title);
  got->n_deaf = loaded->n_deaf;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_auto (Answer) ann = { 0 }, bob = { 0 };

  bench_init (&f->bench);
  bench_open (&f->bench);
  bench_register (&f->bench, "ann", 1, &ann);
  bench_register (&f->bench, "bob", 2, &bob);
  f->ann = ann.login->user->id;
  f->ann_device = ann.login->device->id;
  f->bob = bob.login->user->id;
  f->bob_device = bob.login->device->id;
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  bench_clear (&f->bench);
}

static MsgPushSubscription
subscription (MsgId user, MsgId device, const char *endpoint)
{
  return (MsgPushSubscription){ .user_id = user, .device_id = device, .endpoint = (char *) endpoint, .p256dh = { 4, 1, 2 },
                                .auth = { 9, 8, 7 } };
}

static void
subscribe (Fixture *f, const MsgPushSubscription *what, Answer *answer)
{
  msg_push_subscribe (f->bench.core, what, on_done, answer);
  bench_wait (&f->bench, answer);
}

static void
subscribe_ok (Fixture *f, MsgId user, MsgId device, const char *endpoint)
{
  g_auto (Answer) answer = { 0 };
  MsgPushSubscription what = subscription (user, device, endpoint);

  subscribe (f, &what, &answer);
  g_assert_no_error (answer.error);
}

static void
load (Fixture *f, MsgId user, MsgId from, Got *got)
{
  msg_push_load (f->bench.core, &user, 1, from, 0, on_loaded, got);
  bench_wait (&f->bench, &got->answer);
}

static unsigned
count (Fixture *f, MsgId user)
{
  g_auto (Got) got = { 0 };

  load (f, user, 0, &got);
  return got.subscriptions->len;
}

/* the first one stays, whoever asks and however often the server starts */
static void
test_key (Fixture *f, gconstpointer data)
{
  const uint8_t first[MSG_PUSH_KEY_BYTES] = { 1, 2, 3 }, second[MSG_PUSH_KEY_BYTES] = { 4, 5, 6 };

  for (unsigned i = 0; i < 3; i++)
    {
      g_auto (Got) got = { 0 };

      msg_push_get_key (f->bench.core, i == 0 ? first : second, on_key, &got);
      bench_wait (&f->bench, &got.answer);
      g_assert_no_error (got.answer.error);
      g_assert_cmpmem (got.key, sizeof got.key, first, sizeof first);
      if (i == 1)
        bench_reopen (&f->bench);
    }
}

static void
test_round_trip (Fixture *f, gconstpointer data)
{
  MsgPushSubscription what = subscription (f->ann, f->ann_device, "https://push.example.org/1");
  g_auto (Answer) answer = { 0 };
  g_auto (Got) got = { 0 }, users = { 0 };
  const MsgPushSubscription *kept;

  what.preview = true;
  what.expires_ms = EPOCH_MS + 1000;
  memset (what.p256dh + 1, 0x5a, sizeof what.p256dh - 1);
  subscribe (f, &what, &answer);
  g_assert_no_error (answer.error);
  bench_reopen (&f->bench);
  load (f, f->ann, f->bob, &got);
  g_assert_cmpuint (got.subscriptions->len, ==, 1);
  kept = got.subscriptions->pdata[0];
  g_assert_cmpint (kept->user_id, ==, f->ann);
  g_assert_cmpint (kept->device_id, ==, f->ann_device);
  g_assert_cmpstr (kept->endpoint, ==, what.endpoint);
  g_assert_cmpmem (kept->p256dh, sizeof kept->p256dh, what.p256dh, sizeof what.p256dh);
  g_assert_cmpmem (kept->auth, sizeof kept->auth, what.auth, sizeof what.auth);
  g_assert_true (kept->preview);
  g_assert_cmpint (kept->expires_ms, ==, what.expires_ms);
  g_assert_cmpstr (got.from, ==, "bob");
  g_assert_null (got.title);
  msg_push_list_users (f->bench.core, on_push_users, &users);
  bench_wait (&f->bench, &users.answer);
  g_assert_cmpuint (users.users->len, ==, 1);
  g_assert_cmpint (g_array_index (users.users, MsgId, 0), ==, f->ann);

  f->bench.now_ms = what.expires_ms; /* from then on it is none */
  g_assert_cmpuint (count (f, f->ann), ==, 0);
}

/* of a chat that the user is not in there is nothing, and nobody takes that for having no subscription */
static void
test_not_in_chat (Fixture *f, gconstpointer data)
{
  g_auto (Got) got = { 0 };

  subscribe_ok (f, f->ann, f->ann_device, "https://push.example.org/1");
  msg_push_load (f->bench.core, &f->ann, 1, f->bob, 12345, on_loaded, &got);
  bench_wait (&f->bench, &got.answer);
  g_assert_cmpuint (got.subscriptions->len, ==, 0);
  g_assert_cmpuint (got.n_deaf, ==, 1);
}

static void
test_replace (Fixture *f, gconstpointer data)
{
  g_auto (Got) got = { 0 };

  subscribe_ok (f, f->ann, f->ann_device, "https://push.example.org/1");
  subscribe_ok (f, f->ann, f->ann_device, "https://push.example.org/2");
  load (f, f->ann, 0, &got);
  g_assert_cmpuint (got.subscriptions->len, ==, 1);
  g_assert_cmpstr (((MsgPushSubscription *) got.subscriptions->pdata[0])->endpoint, ==, "https://push.example.org/2");
  /* the browser is Bob's now: what is Ann's must not be shown there any more */
  subscribe_ok (f, f->bob, f->bob_device, "https://push.example.org/2");
  g_assert_cmpuint (count (f, f->ann), ==, 0);
  g_assert_cmpuint (count (f, f->bob), ==, 1);
}

static void
test_refused (Fixture *f, gconstpointer data)
{
  g_autofree char *longest = g_strnfill (MSG_PUSH_ENDPOINT_MAX, 'x');
  g_autofree char *too_long = g_strnfill (MSG_PUSH_ENDPOINT_MAX + 1, 'x');
  MsgPushSubscription whats[] = { subscription (f->ann, f->ann_device, ""), subscription (f->ann, f->ann_device, too_long),
                                  subscription (f->ann, f->ann_device, "x"), subscription (f->ann, f->bob_device, "x") };
  static const char *const reasons[] = { "endpoint", "endpoint", "p256dh", "session" };

  whats[2].p256dh[0] = 2;
  for (unsigned i = 0; i < G_N_ELEMENTS (whats); i++)
    {
      g_auto (Answer) answer = { 0 };

      subscribe (f, &whats[i], &answer);
      assert_reason (&answer, i < 3 ? MSG_ERROR_INVALID : MSG_ERROR_NOT_FOUND, reasons[i]);
    }
  subscribe_ok (f, f->ann, f->ann_device, longest);
}

static void
test_unsubscribe (Fixture *f, gconstpointer data)
{
  const char *const endpoints[] = { "https://push.example.org/2", "https://push.example.org/1", NULL };

  for (unsigned i = 0; i < G_N_ELEMENTS (endpoints); i++)
    {
      g_auto (Answer) answer = { 0 };

      subscribe_ok (f, f->ann, f->ann_device, "https://push.example.org/1");
      msg_push_unsubscribe (f->bench.core, f->ann_device, endpoints[i], on_done, &answer);
      bench_wait (&f->bench, &answer);
      g_assert_no_error (answer.error);
      /* news of an endpoint that the device has left do not end its new one */
      g_assert_cmpuint (count (f, f->ann), ==, i == 0 ? 1 : 0);
    }
}

typedef enum { END_REVOKE, END_LOGIN, END_REMOVE, END_PASSWORD, END_DELETE, END_N } End;

static void
end_session (Fixture *f, End how)
{
  g_auto (Answer) answer = { 0 }, second = { 0 };

  switch (how)
    {
    case END_REVOKE:
      msg_session_revoke (f->bench.core, f->ann, f->ann_device, on_done, &answer);
      break;
    case END_LOGIN:
      bench_login (&f->bench, "ann", "correct horse", f->ann_device, 1, &answer);
      g_assert_no_error (answer.error);
      return;
    case END_REMOVE:
      msg_device_remove (f->bench.core, f->ann, f->ann_device, on_done, &answer);
      break;
    case END_PASSWORD:
      bench_login (&f->bench, "ann", "correct horse", 0, 3, &second);
      msg_account_change_password (f->bench.core, f->ann, second.login->device->id, "correct horse", "battery staple",
                                   on_done, &answer);
      break;
    case END_DELETE:
    default:
      msg_account_delete (f->bench.core, f->ann, false, on_done, &answer);
      break;
    }
  bench_wait (&f->bench, &answer);
  g_assert_no_error (answer.error);
}

/* however a session ends, its device is not woken any more */
static void
test_ends_with_session (Fixture *f, gconstpointer data)
{
  subscribe_ok (f, f->ann, f->ann_device, "https://push.example.org/1");
  subscribe_ok (f, f->bob, f->bob_device, "https://push.example.org/2");
  g_assert_cmpuint (count (f, f->ann), ==, 1);
  end_session (f, (End) GPOINTER_TO_INT (data));
  g_assert_cmpuint (count (f, f->ann), ==, 0);
  g_assert_cmpuint (count (f, f->bob), ==, 1);
}

int
main (int argc, char **argv)
{
  static const char *const ends[END_N] = { "revoked", "login", "removed", "password", "deleted" };

  g_test_init (&argc, &argv, NULL);
  g_test_add ("/messaging/push/key", Fixture, NULL, set_up, test_key, tear_down);
  g_test_add ("/messaging/push/round-trip", Fixture, NULL, set_up, test_round_trip, tear_down);
  g_test_add ("/messaging/push/not-in-chat", Fixture, NULL, set_up, test_not_in_chat, tear_down);
  g_test_add ("/messaging/push/replace", Fixture, NULL, set_up, test_replace, tear_down);
  g_test_add ("/messaging/push/refused", Fixture, NULL, set_up, test_refused, tear_down);
  g_test_add ("/messaging/push/unsubscribe", Fixture, NULL, set_up, test_unsubscribe, tear_down);
  for (int i = 0; i < END_N; i++)
    {
      g_autofree char *path = g_strdup_printf ("/messaging/push/ends-with-session/%s", ends[i]);

      g_test_add (path, Fixture, GINT_TO_POINTER (i), set_up, test_ends_with_session, tear_down);
    }
  return g_test_run ();
}
