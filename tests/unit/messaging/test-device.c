/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

typedef Bench Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  bench_init (f);
  f->options.max_devices_per_user = 3;
  bench_open (f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  bench_clear (f);
}

static void
list (Fixture *f, MsgId user_id, Answer *answer)
{
  msg_device_list (f->core, user_id, on_devices, answer);
  bench_wait (f, answer);
}

static void
test_identity (Fixture *f, gconstpointer data)
{
  g_auto (Answer) ann = { 0 }, bob = { 0 }, changed = { 0 }, by_key = { 0 }, foreign = { 0 }, unknown = { 0 },
                  devices = { 0 };
  g_auto (Answer) nobody = { 0 };
  MsgId device;

  bench_register (f, "ann", 1, &ann);
  bench_register (f, "bob", 2, &bob);
  device = ann.login->device->id;
  bench_login (f, "ann", "correct horse", device, 9, &changed);
  assert_reason (&changed, MSG_ERROR_CONFLICT, "identity_key_changed");
  /* a login whose answer was lost finds its device again by the key */
  bench_login (f, "ann", "correct horse", 0, 1, &by_key);
  g_assert_cmpint (by_key.login->device->id, ==, device);
  f->now_ms += 1;
  /* the id of another's device, or of none, counts as none: no oracle, and no way in */
  bench_login (f, "ann", "correct horse", bob.login->device->id, 4, &foreign);
  g_assert_no_error (foreign.error);
  g_assert_cmpint (foreign.login->device->id, !=, bob.login->device->id);
  bench_login (f, "ann", "correct horse", 987654321, 5, &unknown);
  g_assert_cmpint (unknown.login->device->id, !=, 987654321);

  list (f, ann.login->user->id, &devices);
  g_assert_cmpuint (devices.list->len, ==, 3);
  g_assert_cmpint (((MsgDevice *) devices.list->pdata[0])->id, ==, device);
  g_assert_cmpmem (((MsgDevice *) devices.list->pdata[0])->identity_key, 32, ann.login->device->identity_key, 32);
  list (f, 5555, &nobody);
  assert_reason (&nobody, MSG_ERROR_NOT_FOUND, "user");
}

static void
test_update (Fixture *f, gconstpointer data)
{
  g_auto (Answer) ann = { 0 }, again = { 0 }, devices = { 0 };
  uint8_t key[32];
  MsgCredentials credentials = { "ann", "correct horse", NULL, NULL, bench_device (0, 1, key) };

  bench_register (f, "ann", 1, &ann);
  credentials.device.name = " Phone ";
  credentials.device.platform = "android";
  msg_account_login (f->core, &credentials, on_login, &again);
  bench_wait (f, &again);
  list (f, ann.login->user->id, &devices);
  g_assert_cmpuint (devices.list->len, ==, 1);
  g_assert_cmpstr (((MsgDevice *) devices.list->pdata[0])->name, ==, "Phone");
  g_assert_cmpstr (((MsgDevice *) devices.list->pdata[0])->platform, ==, "android");
}

static void
test_limit (Fixture *f, gconstpointer data)
{
  g_auto (Answer) a = { 0 }, b = { 0 }, c = { 0 }, full = { 0 }, revoked = { 0 }, d = { 0 }, devices = { 0 }, e = { 0 };
  g_auto (Answer) token = { 0 };

  bench_register (f, "ann", 1, &a);
  f->now_ms += 1000;
  bench_login (f, "ann", "correct horse", 0, 2, &b);
  f->now_ms += 1000;
  bench_login (f, "ann", "correct horse", 0, 3, &c);
  bench_login (f, "ann", "correct horse", 0, 4, &full);
  assert_reason (&full, MSG_ERROR_LIMIT, "too_many_devices");

  /* one without a session gives way, though it was seen last */
  msg_session_revoke (f->core, a.login->user->id, c.login->device->id, on_done, &revoked);
  bench_wait (f, &revoked);
  f->n_events = 0;
  bench_login (f, "ann", "correct horse", 0, 4, &d);
  g_assert_no_error (d.error);
  g_assert_cmpuint (f->n_events, ==, 0);
  list (f, a.login->user->id, &devices);
  g_assert_cmpuint (devices.list->len, ==, 3);
  for (unsigned i = 0; i < 3; i++)
    g_assert_cmpint (((MsgDevice *) devices.list->pdata[i])->id, !=, c.login->device->id);

  /* and after 30 days the one that was unseen the longest, with its session */
  f->now_ms += INT64_C (31) * 24 * 3600 * 1000;
  msg_session_touch (f->core, b.login->device->id);
  bench_reopen (f);
  bench_login (f, "ann", "correct horse", 0, 5, &e);
  g_assert_no_error (e.error);
  g_assert_cmpuint (f->n_events, ==, 1);
  g_assert_cmpint (f->events[0].device, ==, a.login->device->id);
  g_assert_cmpint (f->events[0].cause, ==, MSG_END_REVOKED);
  msg_session_start (f->core, a.login->token, on_login, &token);
  bench_wait (f, &token);
  assert_reason (&token, MSG_ERROR_UNAUTHENTICATED, "bad_token");
}

static void
test_remove (Fixture *f, gconstpointer data)
{
  g_auto (Answer) ann = { 0 }, bob = { 0 }, foreign = { 0 }, removed = { 0 }, twice = { 0 }, token = { 0 },
                  devices = { 0 };

  bench_register (f, "ann", 1, &ann);
  bench_register (f, "bob", 2, &bob);
  msg_device_remove (f->core, bob.login->user->id, ann.login->device->id, on_done, &foreign);
  bench_wait (f, &foreign);
  assert_reason (&foreign, MSG_ERROR_NOT_FOUND, "device");
  g_assert_cmpuint (f->n_events, ==, 0);
  msg_device_remove (f->core, ann.login->user->id, ann.login->device->id, on_done, &removed);
  bench_wait (f, &removed);
  g_assert_no_error (removed.error);
  g_assert_cmpint (f->events[0].device, ==, ann.login->device->id);
  msg_device_remove (f->core, ann.login->user->id, ann.login->device->id, on_done, &twice);
  bench_wait (f, &twice);
  assert_reason (&twice, MSG_ERROR_NOT_FOUND, "device");
  msg_session_start (f->core, ann.login->token, on_login, &token);
  bench_wait (f, &token);
  assert_reason (&token, MSG_ERROR_UNAUTHENTICATED, "bad_token");
  list (f, ann.login->user->id, &devices);
  g_assert_cmpuint (devices.list->len, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, fn) g_test_add ("/messaging/device/" name, Fixture, NULL, set_up, fn, tear_down)
  ADD ("identity", test_identity);
  ADD ("update", test_update);
  ADD ("limit", test_limit);
  ADD ("remove", test_remove);
  return g_test_run ();
}
