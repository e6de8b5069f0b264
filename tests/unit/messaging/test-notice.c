/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/notice.h"

#include "harness.h"

typedef struct {
  Bench bench;
  unsigned n_told;
  MsgId told_user, told_about;
  bool told_known;
} Fixture;

static void
on_logged_in (MsgId user_id, const MsgNotice *notice, gpointer data)
{
  Fixture *f = data;

  f->n_told++;
  f->told_user = user_id;
  f->told_about = notice->device->id;
  f->told_known = notice->known;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  bench_init (&f->bench);
  bench_open (&f->bench);
  msg_core_set_logged_in_fn (f->bench.core, on_logged_in, f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  bench_clear (&f->bench);
}

/* Returns: (transfer full): what the device of @token has to tell */
static GPtrArray *
notices_of (Fixture *f, const char *token)
{
  g_auto (Answer) answer = { 0 };

  msg_session_start (f->bench.core, token, on_login, &answer);
  bench_wait (&f->bench, &answer);
  g_assert_no_error (answer.error);
  return g_ptr_array_ref (answer.login->notices);
}

static void
assert_told (Fixture *f, const char *token, unsigned n, MsgId about)
{
  g_autoptr (GPtrArray) notices = notices_of (f, token);

  g_assert_cmpuint (notices->len, ==, n);
  if (n > 0)
    g_assert_cmpint (((MsgNotice *) notices->pdata[n - 1])->device->id, ==, about);
}

static void
dismiss (Fixture *f, MsgId device, MsgId about)
{
  g_auto (Answer) answer = { 0 };

  msg_notice_dismiss (f->bench.core, device, about, on_done, &answer);
  bench_wait (&f->bench, &answer);
  g_assert_no_error (answer.error);
}

static void
test_told (Fixture *f, gconstpointer data)
{
  g_auto (Answer) one = { 0 }, other = { 0 }, two = { 0 }, three = { 0 }, again = { 0 };
  g_autoptr (GPtrArray) notices = NULL;
  const MsgNotice *notice;

  bench_register (&f->bench, "ann", 1, &one);
  bench_register (&f->bench, "bob", 2, &other);
  g_assert_cmpuint (f->n_told, ==, 0); /* there is nobody to be told */
  assert_told (f, one.login->token, 0, 0);

  f->bench.now_ms += 5000;
  bench_login (&f->bench, "ann", "correct horse", 0, 3, &two);
  g_assert_cmpuint (f->n_told, ==, 1);
  g_assert_cmpint (f->told_user, ==, one.login->user->id);
  g_assert_cmpint (f->told_about, ==, two.login->device->id);
  g_assert_false (f->told_known);
  notices = notices_of (f, one.login->token);
  g_assert_cmpuint (notices->len, ==, 1);
  notice = notices->pdata[0];
  g_assert_cmpint (notice->device->id, ==, two.login->device->id);
  g_assert_cmpint (notice->at_ms, ==, EPOCH_MS + 5000);
  g_assert_false (notice->known);
  assert_told (f, two.login->token, 0, 0);
  assert_told (f, other.login->token, 0, 0);

  /* it holds: over days, a restart, and until the device itself has dealt with it */
  f->bench.now_ms += INT64_C (40) * 24 * 3600 * 1000;
  bench_reopen (&f->bench);
  assert_told (f, one.login->token, 1, two.login->device->id);
  dismiss (f, two.login->device->id, two.login->device->id);
  dismiss (f, other.login->device->id, two.login->device->id);
  assert_told (f, one.login->token, 1, two.login->device->id);
  bench_login (&f->bench, "ann", "correct horse", 0, 4, &three);
  assert_told (f, one.login->token, 2, three.login->device->id);
  assert_told (f, two.login->token, 1, three.login->device->id);
  dismiss (f, one.login->device->id, two.login->device->id);
  assert_told (f, one.login->token, 1, three.login->device->id);
  dismiss (f, one.login->device->id, three.login->device->id);
  assert_told (f, one.login->token, 0, 0);

  /* a device that is known comes by its password: its key is public, so that is told too */
  bench_login (&f->bench, "ann", "correct horse", two.login->device->id, 3, &again);
  notices = (g_ptr_array_unref (notices), notices_of (f, one.login->token));
  g_assert_cmpuint (notices->len, ==, 1);
  g_assert_true (((MsgNotice *) notices->pdata[0])->known);
}

/* a log-in that is refused is no notice */
static void
test_refused (Fixture *f, gconstpointer data)
{
  g_auto (Answer) one = { 0 }, two = { 0 }, taken = { 0 };

  bench_register (&f->bench, "ann", 1, &one);
  bench_login (&f->bench, "ann", "wrong wrong", 0, 2, &two);
  bench_login (&f->bench, "ann", "correct horse", one.login->device->id, 9, &taken);
  assert_reason (&taken, MSG_ERROR_CONFLICT, "identity_key_changed");
  g_assert_cmpuint (f->n_told, ==, 0);
  assert_told (f, one.login->token, 0, 0);
}

/* devices that go take their notices with them; revoked ones do not: who came and went is still told */
static void
test_gone (Fixture *f, gconstpointer data)
{
  g_auto (Answer) one = { 0 }, two = { 0 }, revoked = { 0 }, removed = { 0 };

  bench_register (&f->bench, "ann", 1, &one);
  bench_login (&f->bench, "ann", "correct horse", 0, 2, &two);
  msg_session_revoke_others (f->bench.core, one.login->user->id, one.login->device->id, on_done, &revoked);
  bench_wait (&f->bench, &revoked);
  g_assert_no_error (revoked.error);
  g_assert_cmpuint (f->bench.n_events, ==, 1);
  g_assert_cmpint (f->bench.events[0].except, ==, one.login->device->id);
  g_assert_cmpint (f->bench.events[0].device, ==, 0);
  g_assert_cmpint (f->bench.events[0].cause, ==, MSG_END_REVOKED);
  assert_told (f, one.login->token, 1, two.login->device->id);
  msg_device_remove (f->bench.core, one.login->user->id, two.login->device->id, on_done, &removed);
  bench_wait (&f->bench, &removed);
  g_assert_no_error (removed.error);
  assert_told (f, one.login->token, 0, 0);
}

#define ADD(name, fn) g_test_add ("/messaging/notice/" name, Fixture, NULL, set_up, fn, tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  ADD ("told", test_told);
  ADD ("refused", test_refused);
  ADD ("gone", test_gone);
  return g_test_run ();
}
