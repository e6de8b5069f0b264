/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

typedef struct {
  Bench bench;
  MsgId ann, ann_device, bob, bob_device, carl;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_auto (Answer) ann = { 0 }, bob = { 0 }, carl = { 0 };

  bench_init (&f->bench);
  bench_open (&f->bench);
  bench_register (&f->bench, "ann", 1, &ann);
  bench_register (&f->bench, "bob", 2, &bob);
  bench_register (&f->bench, "carl", 3, &carl);
  f->ann = ann.login->user->id;
  f->ann_device = ann.login->device->id;
  f->bob = bob.login->user->id;
  f->bob_device = bob.login->device->id;
  f->carl = carl.login->user->id;
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  bench_clear (&f->bench);
}

static MsgCall
call_new (Fixture *f, unsigned number, MsgId caller, MsgId callee)
{
  MsgCall call = { .call_id = { (uint8_t) number, (uint8_t) (number >> 8), 0xff }, .caller_user = caller,
                   .caller_device = 100 + caller % 100, .callee_user = callee, .video = number % 2 == 1,
                   .started_ms = EPOCH_MS + number, .heartbeat_ms = EPOCH_MS + number };

  return call;
}

static void
put (Fixture *f, const MsgCall *call, Answer *answer)
{
  msg_call_put (f->bench.core, call, on_done, answer);
  bench_wait (&f->bench, answer);
}

static void
put_ok (Fixture *f, const MsgCall *call)
{
  g_auto (Answer) answer = { 0 };

  put (f, call, &answer);
  g_assert_no_error (answer.error);
}

static void
put_bad (Fixture *f, const MsgCall *call, MsgError code, const char *reason)
{
  g_auto (Answer) answer = { 0 };

  put (f, call, &answer);
  assert_reason (&answer, code, reason);
}

static void
end (MsgCall *call, const char *reason)
{
  call->state = MSG_CALL_ENDED;
  call->ended_ms = call->started_ms + 5000;
  (void) g_strlcpy (call->reason, reason, sizeof call->reason);
}

static void
load_open (Fixture *f, Answer *answer)
{
  msg_call_load_open (f->bench.core, on_calls, answer);
  bench_wait (&f->bench, answer);
  g_assert_no_error (answer->error);
}

/* The page that a callback brought, copied. */
typedef struct {
  Answer answer;
  unsigned n;
  MsgCall calls[MSG_CALL_HISTORY_MAX];
  bool outgoing[MSG_CALL_HISTORY_MAX];
  MsgUser *peers[MSG_CALL_HISTORY_MAX];
  bool has_next;
  uint8_t next[MSG_CALL_ID_BYTES];
} Page;

static void
page_clear (Page *page)
{
  answer_clear (&page->answer);
  for (unsigned i = 0; i < page->n; i++)
    msg_user_free (page->peers[i]);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Page, page_clear)

static void
on_page (const MsgCallPage *page, const GError *error, gpointer data)
{
  Page *copy = data;

  answer_take (&copy->answer, error);
  if (page == NULL)
    return;
  copy->n = page->entries->len;
  for (unsigned i = 0; i < copy->n; i++)
    {
      const MsgCallEntry *entry = page->entries->pdata[i];

      copy->calls[i] = entry->call;
      copy->outgoing[i] = entry->outgoing;
      copy->peers[i] = msg_user_copy (entry->peer);
    }
  copy->has_next = page->has_next;
  memcpy (copy->next, page->next, sizeof copy->next);
}

static void
history (Fixture *f, MsgId user, const uint8_t *before, unsigned limit, Page *page)
{
  msg_call_history (f->bench.core, user, before, limit, on_page, page);
  bench_wait (&f->bench, &page->answer);
}

static void
test_life (Fixture *f, gconstpointer data)
{
  MsgCall call = call_new (f, 1, f->ann, f->bob);
  g_auto (Answer) ringing = { 0 }, active = { 0 }, none = { 0 };
  g_auto (Page) page = { 0 };

  call.caller_device = f->ann_device;
  put_ok (f, &call);
  load_open (f, &ringing);
  g_assert_cmpuint (ringing.list->len, ==, 1);
  g_assert_cmpmem (ringing.list->pdata[0], sizeof call, &call, sizeof call);

  call.state = MSG_CALL_CONNECTING;
  call.callee_device = f->bob_device;
  call.accepted_ms = EPOCH_MS + 2000;
  put_ok (f, &call);
  call.state = MSG_CALL_ACTIVE;
  call.active_ms = EPOCH_MS + 3000;
  put_ok (f, &call);
  bench_reopen (&f->bench);
  load_open (f, &active);
  g_assert_cmpmem (active.list->pdata[0], sizeof call, &call, sizeof call);

  end (&call, "hangup");
  put_ok (f, &call);
  load_open (f, &none);
  g_assert_cmpuint (none.list->len, ==, 0);
  history (f, f->bob, NULL, 10, &page);
  g_assert_cmpuint (page.n, ==, 1);
  g_assert_cmpmem (&page.calls[0], sizeof call, &call, sizeof call);
  g_assert_false (page.outgoing[0]);
  g_assert_cmpstr (page.peers[0]->username, ==, "ann");
  g_assert_false (page.has_next);
}

/* Puts that were sent at once are done in order. */
static void
test_pipelined (Fixture *f, gconstpointer data)
{
  MsgCall call = call_new (f, 1, f->ann, f->bob);
  Answer answers[3] = { 0 };
  g_auto (Page) page = { 0 };

  msg_call_put (f->bench.core, &call, on_done, &answers[0]);
  call.state = MSG_CALL_CONNECTING;
  msg_call_put (f->bench.core, &call, on_done, &answers[1]);
  end (&call, "failed");
  msg_call_put (f->bench.core, &call, on_done, &answers[2]);
  for (int i = 0; i < 3; i++)
    {
      while (answers[i].n == 0)
        (void) g_main_context_iteration (f->bench.context, TRUE);
      g_assert_no_error (answers[i].error);
    }
  history (f, f->ann, NULL, 10, &page);
  g_assert_cmpstr (page.calls[0].reason, ==, "failed");
}

static void
test_conflicts (Fixture *f, gconstpointer data)
{
  MsgCall call = call_new (f, 1, f->ann, f->bob);
  MsgCall replay = call_new (f, 1, f->ann, f->bob);
  MsgCall stolen = call_new (f, 1, f->carl, f->bob);
  MsgCall back = call;
  g_auto (Page) page = { 0 };

  put_ok (f, &call);
  put_bad (f, &replay, MSG_ERROR_CONFLICT, "call_exists");
  put_bad (f, &stolen, MSG_ERROR_CONFLICT, "call_exists");
  /* another caller, callee or device cannot touch it in any state */
  end (&stolen, "busy");
  put_bad (f, &stolen, MSG_ERROR_CONFLICT, "call_exists");
  stolen = call;
  stolen.callee_user = f->carl;
  end (&stolen, "busy");
  put_bad (f, &stolen, MSG_ERROR_CONFLICT, "call_exists");
  stolen = call;
  stolen.caller_device++;
  end (&stolen, "busy");
  put_bad (f, &stolen, MSG_ERROR_CONFLICT, "call_exists");

  call.state = MSG_CALL_ACTIVE;
  put_ok (f, &call);
  back.state = MSG_CALL_CONNECTING;
  put_bad (f, &back, MSG_ERROR_CONFLICT, "call_ended");
  end (&call, "hangup");
  put_ok (f, &call);
  (void) g_strlcpy (call.reason, "failed", sizeof call.reason);
  put_bad (f, &call, MSG_ERROR_CONFLICT, "call_ended");
  put_bad (f, &replay, MSG_ERROR_CONFLICT, "call_exists"); /* an id is used once for ever */
  history (f, f->ann, NULL, 10, &page);
  g_assert_cmpuint (page.n, ==, 1);
  g_assert_cmpstr (page.calls[0].reason, ==, "hangup");

  /* refused at once: there never was a row before */
  call = call_new (f, 2, f->ann, f->bob);
  end (&call, "busy");
  put_ok (f, &call);
}

static void
test_insane (Fixture *f, gconstpointer data)
{
  const MsgCall good = call_new (f, 1, f->ann, f->bob);
  MsgCall bad[8];

  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    bad[i] = good;
  bad[0].caller_user = 0;
  bad[1].caller_device = 0;
  bad[2].callee_user = 0;
  bad[3].state = MSG_CALL_N;
  bad[4].state = MSG_CALL_ENDED;                     /* without a reason */
  end (&bad[5], "Not a word");
  bad[6].reason[0] = 'x';                            /* a reason before the end */
  bad[7].state = MSG_CALL_ENDED;
  memset (bad[7].reason, 'x', sizeof bad[7].reason); /* no NUL */
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    put_bad (f, &bad[i], MSG_ERROR_INVALID, "call");
}

static void
test_heartbeat (Fixture *f, gconstpointer data)
{
  MsgCall a = call_new (f, 1, f->ann, f->bob), b = call_new (f, 2, f->bob, f->carl), c = call_new (f, 3, f->carl,
                                                                                                   f->ann);
  uint8_t ids[4][MSG_CALL_ID_BYTES] = { { 0 } };
  g_auto (Answer) beat = { 0 }, older = { 0 }, open = { 0 };
  g_auto (Page) page = { 0 };

  put_ok (f, &a);
  put_ok (f, &b);
  put_ok (f, &c);
  end (&c, "hangup");
  put_ok (f, &c);
  memcpy (ids[0], a.call_id, MSG_CALL_ID_BYTES);
  memcpy (ids[1], b.call_id, MSG_CALL_ID_BYTES);
  memcpy (ids[2], c.call_id, MSG_CALL_ID_BYTES);
  msg_call_heartbeat (f->bench.core, ids, 4, EPOCH_MS + 10000, on_done, &beat);
  bench_wait (&f->bench, &beat);
  msg_call_heartbeat (f->bench.core, ids, 1, EPOCH_MS + 5000, on_done, &older);
  bench_wait (&f->bench, &older);
  msg_call_heartbeat (f->bench.core, ids, 1, EPOCH_MS + 5000, NULL, NULL);
  load_open (f, &open);
  g_assert_cmpuint (open.list->len, ==, 2);
  for (unsigned i = 0; i < 2; i++)
    g_assert_cmpint (((MsgCall *) open.list->pdata[i])->heartbeat_ms, ==, EPOCH_MS + 10000);
  g_assert_cmpmem (((MsgCall *) open.list->pdata[0])->call_id, MSG_CALL_ID_BYTES, a.call_id, MSG_CALL_ID_BYTES);
  history (f, f->ann, NULL, 10, &page);
  g_assert_cmpint (page.calls[0].heartbeat_ms, ==, c.heartbeat_ms); /* ended: stays */
}

static void
test_history_pages (Fixture *f, gconstpointer data)
{
  unsigned seen = 0;
  uint8_t cursor[MSG_CALL_ID_BYTES];
  const uint8_t *before = NULL;
  bool more = true;

  /* by turns: ann calls bob, bob calls ann, and calls that ann has no part in; one of each stays open */
  for (unsigned i = 0; i < 100; i++)
    {
      MsgCall call = i % 3 == 0   ? call_new (f, i, f->ann, f->bob)
                     : i % 3 == 1 ? call_new (f, i, f->bob, f->ann)
                                  : call_new (f, i, f->bob, f->carl);

      put_ok (f, &call);
      end (&call, "hangup");
      if (i < 97)
        put_ok (f, &call);
    }
  while (more)
    {
      g_auto (Page) page = { 0 };

      history (f, f->ann, before, 7, &page);
      g_assert_no_error (page.answer.error);
      g_assert_cmpuint (page.n, <=, 7);
      for (unsigned i = 0; i < page.n; i++)
        {
          unsigned number = page.calls[i].call_id[0];

          /* of 0 to 96 those that are ann's, downwards: 96, 94, 93, 91, ... */
          g_assert_cmpuint (number, ==, 96 - (seen / 2 * 3 + (seen % 2 == 0 ? 0 : 2)));
          g_assert_cmpint (page.outgoing[i], ==, number % 3 == 0);
          g_assert_cmpint (page.peers[i]->id, ==, f->bob);
          seen++;
        }
      more = page.has_next;
      memcpy (cursor, page.next, sizeof cursor);
      before = cursor;
      if (seen == 14)
        {
          /* a call that comes in between does not shift what follows */
          MsgCall late = call_new (f, 200, f->ann, f->bob);

          end (&late, "busy");
          put_ok (f, &late);
        }
    }
  g_assert_cmpuint (seen, ==, 65);
}

static void
test_history_bounds (Fixture *f, gconstpointer data)
{
  MsgCall foreign = call_new (f, 1, f->bob, f->carl), own = call_new (f, 2, f->ann, f->ann);
  uint8_t unknown[MSG_CALL_ID_BYTES] = { 1 };
  g_auto (Page) zero = { 0 }, many = { 0 }, cursor = { 0 }, stranger = { 0 }, exact = { 0 }, nobody = { 0 };

  end (&foreign, "hangup");
  put_ok (f, &foreign);
  end (&own, "hangup");
  put_ok (f, &own);
  history (f, f->ann, NULL, 0, &zero);
  assert_reason (&zero.answer, MSG_ERROR_INVALID, "limit");
  history (f, f->ann, NULL, MSG_CALL_HISTORY_MAX + 1, &many);
  assert_reason (&many.answer, MSG_ERROR_INVALID, "limit");
  history (f, f->ann, unknown, 10, &cursor);
  assert_reason (&cursor.answer, MSG_ERROR_INVALID, "cursor");
  history (f, f->ann, foreign.call_id, 10, &stranger); /* says nothing of the calls of others */
  assert_reason (&stranger.answer, MSG_ERROR_INVALID, "cursor");
  g_assert_cmpstr (stranger.answer.error->message, ==, cursor.answer.error->message);
  history (f, f->ann, NULL, 1, &exact);
  g_assert_cmpuint (exact.n, ==, 1); /* a call to oneself is there once */
  g_assert_false (exact.has_next);
  history (f, 77, NULL, 10, &nobody);
  g_assert_cmpuint (nobody.n, ==, 0);
}

static void
test_deleted_peer (Fixture *f, gconstpointer data)
{
  MsgCall call = call_new (f, 1, f->bob, f->ann);
  g_auto (Answer) deleted = { 0 };
  g_auto (Page) page = { 0 };

  end (&call, "missed");
  put_ok (f, &call);
  msg_account_delete (f->bench.core, f->bob, false, on_done, &deleted);
  bench_wait (&f->bench, &deleted);
  history (f, f->ann, NULL, 10, &page);
  g_assert_cmpuint (page.n, ==, 1);
  g_assert_cmpint (page.peers[0]->id, ==, f->bob);
  g_assert_true (page.peers[0]->deleted);
  g_assert_cmpstr (page.peers[0]->display_name, ==, "Deleted account");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, fn) g_test_add ("/messaging/call-log/" name, Fixture, NULL, set_up, fn, tear_down)
  ADD ("life", test_life);
  ADD ("pipelined", test_pipelined);
  ADD ("conflicts", test_conflicts);
  ADD ("insane", test_insane);
  ADD ("heartbeat", test_heartbeat);
  ADD ("history-pages", test_history_pages);
  ADD ("history-bounds", test_history_bounds);
  ADD ("deleted-peer", test_deleted_peer);
  return g_test_run ();
}
