/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/privacy.h"

#include "harness.h"

/* --- The decision --- */

static void
test_table (void)
{
  static const struct {
    MsgAudience audience;
    bool blocked, known, allowed;
  } rows[] = {
    { MSG_AUDIENCE_EVERYBODY, false, false, true }, { MSG_AUDIENCE_EVERYBODY, false, true, true },
    { MSG_AUDIENCE_EVERYBODY, true, false, false }, { MSG_AUDIENCE_EVERYBODY, true, true, false },
    { MSG_AUDIENCE_KNOWN, false, false, false },    { MSG_AUDIENCE_KNOWN, false, true, true },
    { MSG_AUDIENCE_KNOWN, true, false, false },     { MSG_AUDIENCE_KNOWN, true, true, false },
    { MSG_AUDIENCE_NOBODY, false, false, false },   { MSG_AUDIENCE_NOBODY, false, true, false },
    { MSG_AUDIENCE_NOBODY, true, false, false },    { MSG_AUDIENCE_NOBODY, true, true, false },
  };

  g_assert_cmpuint (G_N_ELEMENTS (rows), ==, MSG_AUDIENCE_N * 2 * 2);
  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      MsgRelation of_calls = { { rows[i].audience, MSG_AUDIENCE_NOBODY }, rows[i].blocked, rows[i].known };
      MsgRelation of_groups = { { MSG_AUDIENCE_NOBODY, rows[i].audience }, rows[i].blocked, rows[i].known };
      MsgRelation of_seen = { { MSG_AUDIENCE_NOBODY, MSG_AUDIENCE_NOBODY, rows[i].audience }, rows[i].blocked, rows[i].known };

      g_assert_cmpint (msg_privacy_allows (&of_seen, MSG_ADVANCE_SEE), ==, rows[i].allowed);
      g_assert_cmpint (msg_privacy_allows (&of_calls, MSG_ADVANCE_CALL), ==, rows[i].allowed);
      g_assert_cmpint (msg_privacy_allows (&of_groups, MSG_ADVANCE_ADD), ==, rows[i].allowed);
      g_assert_cmpint (msg_privacy_allows (&of_calls, MSG_ADVANCE_WRITE), ==, !rows[i].blocked);
    }
}

/* --- What it is decided from --- */

typedef struct {
  Bench bench;
  MsgId ann, bob, ann_device, bob_device;
  bool found, allowed;
  MsgPrivacy privacy;
  unsigned n_calls, n_willing;
  MsgId willing;
} Fixture;

typedef struct {
  Fixture *f;
  Answer *answer;
} Pair;

static void
on_callee (const MsgUser *callee, bool allowed, const GError *error, gpointer data)
{
  Pair *pair = data;

  answer_take (pair->answer, error);
  pair->f->found = callee != NULL;
  pair->f->allowed = allowed;
}

static void
on_privacy (const MsgPrivacy *privacy, const GError *error, gpointer data)
{
  Pair *pair = data;

  answer_take (pair->answer, error);
  if (privacy != NULL)
    pair->f->privacy = *privacy;
}

static bool
may_call (Fixture *f, MsgId caller, MsgId callee)
{
  g_auto (Answer) answer = { 0 };
  Pair pair = { f, &answer };

  msg_privacy_find_callee (f->bench.core, callee, caller, on_callee, &pair);
  bench_wait (&f->bench, &answer);
  g_assert_no_error (answer.error);
  g_assert_true (f->found);
  return f->allowed;
}

static void
choose (Fixture *f, MsgId user, MsgAudience calls)
{
  g_auto (Answer) set = { 0 }, other = { 0 }, got = { 0 };
  Pair pair = { f, &set };

  msg_privacy_set (f->bench.core, user, &(MsgPrivacy){ calls, 0 }, MSG_PRIVACY_CALLS, on_privacy, &pair);
  bench_wait (&f->bench, &set);
  g_assert_no_error (set.error);
  g_assert_cmpint (f->privacy.calls, ==, calls);
  pair.answer = &other;
  msg_privacy_set (f->bench.core, user, &(MsgPrivacy){ 0, MSG_AUDIENCE_KNOWN }, MSG_PRIVACY_GROUPS, on_privacy, &pair);
  bench_wait (&f->bench, &other);
  pair.answer = &got;
  msg_privacy_get (f->bench.core, user, on_privacy, &pair);
  bench_wait (&f->bench, &got);
  g_assert_cmpint (f->privacy.calls, ==, calls);
  g_assert_cmpint (f->privacy.groups, ==, MSG_AUDIENCE_KNOWN);
}

static void
block (Fixture *f, MsgId user, MsgId other, bool on, Answer *answer)
{
  (on ? msg_block_put : msg_block_drop) (f->bench.core, user, other, on_done, answer);
  bench_wait (&f->bench, answer);
}

static void
call (Fixture *f, MsgId caller, MsgId caller_device, MsgId callee, bool accepted, bool withheld)
{
  g_auto (Answer) answer = { 0 };
  MsgCall row = { .call_id = { (uint8_t) ++f->n_calls },
                  .caller_user = caller,
                  .caller_device = caller_device,
                  .callee_user = callee,
                  .state = MSG_CALL_ENDED,
                  .started_ms = EPOCH_MS,
                  .accepted_ms = accepted ? EPOCH_MS : 0,
                  .ended_ms = EPOCH_MS,
                  .reason = "missed",
                  .withheld = withheld };

  msg_call_put (f->bench.core, &row, on_done, &answer);
  bench_wait (&f->bench, &answer);
  g_assert_no_error (answer.error);
}

static void
on_page (const MsgCallPage *page, const GError *error, gpointer data)
{
  Pair *pair = data;

  answer_take (pair->answer, error);
  pair->f->n_calls = page->entries->len;
}

static unsigned
n_history (Fixture *f, MsgId user)
{
  g_auto (Answer) answer = { 0 };
  Pair pair = { f, &answer };

  msg_call_history (f->bench.core, user, NULL, 10, on_page, &pair);
  bench_wait (&f->bench, &answer);
  g_assert_no_error (answer.error);
  return f->n_calls;
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
  f->bob = bob.login->user->id;
  f->ann_device = ann.login->device->id;
  f->bob_device = bob.login->device->id;
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  bench_clear (&f->bench);
}

static void
test_block (Fixture *f, gconstpointer data)
{
  g_auto (Answer) put = { 0 }, again = { 0 }, drop = { 0 }, self = { 0 }, nobody = { 0 }, list = { 0 }, empty = { 0 };

  g_assert_true (may_call (f, f->bob, f->ann));
  block (f, f->ann, f->bob, true, &put);
  g_assert_no_error (put.error);
  block (f, f->ann, f->bob, true, &again);
  g_assert_no_error (again.error);
  bench_reopen (&f->bench);
  g_assert_false (may_call (f, f->bob, f->ann));
  g_assert_true (may_call (f, f->ann, f->bob));
  msg_block_list (f->bench.core, f->ann, 0, 10, on_users, &list);
  bench_wait (&f->bench, &list);
  g_assert_cmpuint (list.list->len, ==, 1);
  g_assert_cmpstr (((MsgUser *) list.list->pdata[0])->username, ==, "bob");
  msg_block_list (f->bench.core, f->ann, f->bob, 10, on_users, &empty);
  bench_wait (&f->bench, &empty);
  g_assert_cmpuint (empty.list->len, ==, 0);
  block (f, f->ann, f->bob, false, &drop);
  g_assert_no_error (drop.error);
  g_assert_true (may_call (f, f->bob, f->ann));
  block (f, f->ann, f->ann, true, &self);
  assert_reason (&self, MSG_ERROR_INVALID, "self");
  block (f, f->ann, 12345, true, &nobody);
  assert_reason (&nobody, MSG_ERROR_NOT_FOUND, "user");
}

/* known is whom one has called, or whose call one has taken: not who merely rings */
static void
test_known (Fixture *f, gconstpointer data)
{
  choose (f, f->ann, MSG_AUDIENCE_KNOWN);
  g_assert_false (may_call (f, f->bob, f->ann));
  call (f, f->bob, f->bob_device, f->ann, false, false);
  g_assert_false (may_call (f, f->bob, f->ann));
  call (f, f->bob, f->bob_device, f->ann, true, false);
  g_assert_true (may_call (f, f->bob, f->ann));
  choose (f, f->ann, MSG_AUDIENCE_NOBODY);
  g_assert_false (may_call (f, f->bob, f->ann));
  choose (f, f->ann, MSG_AUDIENCE_EVERYBODY);
  g_assert_true (may_call (f, f->bob, f->ann));
}

static void
test_known_by_calling (Fixture *f, gconstpointer data)
{
  choose (f, f->ann, MSG_AUDIENCE_KNOWN);
  call (f, f->ann, f->ann_device, f->bob, false, false);
  g_assert_true (may_call (f, f->bob, f->ann));
}

static void
on_willing (GArray *users, const GError *error, gpointer data)
{
  Pair *pair = data;

  answer_take (pair->answer, error);
  pair->f->n_willing = users != NULL ? users->len : 0;
  if (pair->f->n_willing > 0)
    pair->f->willing = g_array_index (users, MsgId, 0);
}

static void
test_willing (Fixture *f, gconstpointer data)
{
  const MsgId both[] = { f->ann, f->bob }, many[MSG_GET_MAX + 1] = { 0 };
  g_auto (Answer) put = { 0 }, got = { 0 }, limit = { 0 };
  Pair pair = { f, &got };

  block (f, f->ann, f->bob, true, &put);
  msg_privacy_find_willing (f->bench.core, f->bob, both, 2, MSG_ADVANCE_CALL, on_willing, &pair);
  bench_wait (&f->bench, &got);
  g_assert_no_error (got.error);
  g_assert_cmpuint (f->n_willing, ==, 1);
  g_assert_cmpint (f->willing, ==, f->bob);
  pair.answer = &limit;
  msg_privacy_find_willing (f->bench.core, f->bob, many, G_N_ELEMENTS (many), MSG_ADVANCE_CALL, on_willing, &pair);
  bench_wait (&f->bench, &limit);
  assert_reason (&limit, MSG_ERROR_INVALID, "limit");
}

static void
test_history (Fixture *f, gconstpointer data)
{
  call (f, f->bob, f->bob_device, f->ann, false, true);
  g_assert_cmpuint (n_history (f, f->ann), ==, 0);
  g_assert_cmpuint (n_history (f, f->bob), ==, 1);
}

#define ADD(name, fn) g_test_add ("/messaging/privacy/" name, Fixture, NULL, set_up, fn, tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/messaging/privacy/table", test_table);
  ADD ("block", test_block);
  ADD ("known", test_known);
  ADD ("known-by-calling", test_known_by_calling);
  ADD ("willing", test_willing);
  ADD ("history", test_history);
  return g_test_run ();
}
