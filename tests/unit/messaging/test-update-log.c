/* SPDX-License-Identifier: Apache-2.0 */
#include "chat-harness.h"
#include "messaging/core-private.h"
#include "messaging/db.h"

static void
on_state (const MsgUpdateState *state, const GError *error, gpointer data)
{
  Got *got = data;

  answer_take (&got->answer, error);
  got->pts = state->pts;
}

static int64_t
state_of (Chats *f, MsgId user)
{
  g_auto (Got) got = { 0 };

  msg_updates_state (f->bench.core, user, on_state, &got);
  bench_wait (&f->bench, &got.answer);
  return got.pts;
}

static void
assert_types (const Got *got, const MsgUpdateType *types, unsigned n)
{
  g_assert_no_error (got->answer.error);
  g_assert_cmpuint (got->updates->len, ==, n);
  for (unsigned i = 0; i < n; i++)
    g_assert_cmpint (((MsgUpdate *) got->updates->pdata[i])->type, ==, types[i]);
}

/* what was told live and what is read later is the same, in the same order */
static void
test_difference (Chats *f, gconstpointer data)
{
  static const MsgUpdateType of_bob[] = { MSG_UPDATE_CHAT, MSG_UPDATE_MESSAGE_NEW, MSG_UPDATE_MESSAGE_NEW,
                                          MSG_UPDATE_MESSAGE_EDITED, MSG_UPDATE_READ };
  MsgId chat = chats_open (f, f->ann, f->bob);
  g_auto (Got) edited = { 0 }, read = { 0 }, all = { 0 }, page = { 0 }, rest = { 0 }, none = { 0 };
  const MsgUpdate *update;

  g_assert_cmpint (state_of (f, f->bob), ==, 0);
  (void) chats_send (f, f->ann, chat, 1, "one");
  (void) chats_send (f, f->ann, chat, 2, "two");
  msg_message_edit (f->bench.core, f->ann, chat, 1, "uno", NULL, on_message, &edited);
  bench_wait (&f->bench, &edited.answer);
  msg_message_mark (f->bench.core, f->bob, chat, MSG_MARK_READ, 1, on_written, &read);
  bench_wait (&f->bench, &read.answer);
  bench_reopen (&f->bench);
  g_assert_cmpint (state_of (f, f->bob), ==, 5);
  chats_difference (f, f->bob, 0, 100, &all);
  assert_types (&all, of_bob, 5);
  g_assert_false (all.more);
  g_assert_cmpint (all.pts, ==, 5);
  update = all.updates->pdata[0];
  g_assert_cmpint (update->chat->peer->id, ==, f->ann);
  update = all.updates->pdata[1];
  g_assert_cmpstr (update->message->text, ==, "uno"); /* as it is now */
  update = all.updates->pdata[4];
  g_assert_true (update->has_counts);
  g_assert_cmpuint (update->unread, ==, 1);
  chats_difference (f, f->bob, 1, 2, &page);
  assert_types (&page, of_bob + 1, 2);
  g_assert_true (page.more);
  g_assert_cmpint (page.pts, ==, 3);
  chats_difference (f, f->bob, page.pts, 2, &rest);
  assert_types (&rest, of_bob + 3, 2);
  g_assert_false (rest.more);
  chats_difference (f, f->bob, 5, 2, &none);
  g_assert_cmpuint (none.updates->len, ==, 0);
}

static void
test_deleted (Chats *f, gconstpointer data)
{
  static const MsgUpdateType expected[] = { MSG_UPDATE_CHAT, MSG_UPDATE_MESSAGE_DELETED, MSG_UPDATE_MESSAGE_NEW,
                                            MSG_UPDATE_MESSAGE_DELETED };
  MsgId chat = chats_open (f, f->ann, f->bob);
  const int64_t one = chats_send (f, f->ann, chat, 1, "one"), two = chats_send (f, f->ann, chat, 2, "two");
  g_auto (Got) gone = { 0 }, all = { 0 };
  const MsgUpdate *update;

  g_assert_cmpint (two, ==, 2);
  msg_message_delete (f->bench.core, f->ann, chat, &one, 1, true, on_written, &gone);
  bench_wait (&f->bench, &gone.answer);
  chats_difference (f, f->bob, 0, 100, &all);
  assert_types (&all, expected, 4);
  update = all.updates->pdata[3];
  g_assert_cmpuint (update->ids->len, ==, 1);
  g_assert_cmpint (g_array_index (update->ids, int64_t, 0), ==, one);
}

static void
test_bad (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  g_auto (Got) future = { 0 }, negative = { 0 }, limit = { 0 }, old = { 0 }, kept = { 0 };
  MsgDb *db;

  (void) chats_send (f, f->ann, chat, 1, "one");
  chats_difference (f, f->bob, 3, 10, &future);
  assert_reason (&future.answer, MSG_ERROR_INVALID, "pts");
  chats_difference (f, f->bob, -1, 10, &negative);
  assert_reason (&negative.answer, MSG_ERROR_INVALID, "pts");
  chats_difference (f, f->bob, 0, 1001, &limit);
  assert_reason (&limit.answer, MSG_ERROR_INVALID, "limit");
  /* rows that are no longer kept */
  bench_close (&f->bench);
  db = msg_db_open (f->bench.options.database, MSG_DB_WRITE, NULL);
  g_assert_true (msg_db_exec (db, "DELETE FROM updates WHERE pts = 1", NULL));
  msg_db_close (db);
  bench_open (&f->bench);
  chats_difference (f, f->bob, 0, 10, &old);
  assert_reason (&old.answer, MSG_ERROR_GONE, "pts_too_old");
  chats_difference (f, f->bob, 1, 10, &kept);
  g_assert_no_error (kept.answer.error);
}

/* who is banned is told so, and what the chat was is not given any more */
static void
test_banned (Chats *f, gconstpointer data)
{
  MsgId chat = chats_group (f, f->ann, &f->bob, 1);
  g_auto (Got) banned = { 0 }, all = { 0 };
  const MsgUpdate *update;

  chats_stand (f, f->ann, chat, f->bob, MSG_ROLE_BANNED, 0, 0, &banned);
  chats_difference (f, f->bob, 0, 100, &all);
  g_assert_cmpuint (all.updates->len, ==, 3);
  update = all.updates->pdata[0];
  g_assert_cmpint (update->type, ==, MSG_UPDATE_MEMBER);
  g_assert_cmpint (update->user_id, ==, f->bob);
  g_assert_cmpint (update->standing.role, ==, MSG_ROLE_BANNED);
  update = all.updates->pdata[1];
  g_assert_cmpint (update->type, ==, MSG_UPDATE_MESSAGE_DELETED);
}

/* A page ends before it is too large for an answer, and nothing is lost between pages. */
static void
test_large (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->ann);
  g_autofree char *text = g_strnfill (4096, 'x');
  int64_t pts = 0, seen = 0;
  unsigned pages = 0;
  g_auto (Got) history = { 0 };

  for (uint8_t i = 1; i <= 100; i++)
    (void) chats_send (f, f->ann, chat, i, text);
  for (bool more = true; more; pages++)
    {
      g_auto (Got) got = { 0 };

      chats_difference (f, f->ann, pts, 1000, &got);
      g_assert_no_error (got.answer.error);
      seen += got.updates->len;
      more = got.more;
      pts = got.pts;
    }
  g_assert_cmpint (seen, ==, 101);
  g_assert_cmpuint (pages, >, 1);
  chats_history (f, f->ann, chat, MSG_HISTORY_BEFORE, G_MAXINT64, 100, &history);
  g_assert_cmpuint (history.messages->len, <, 100);
  g_assert_cmpint (history.next, ==, 101 - history.messages->len);
}

/* Many at once: the log has no gaps, whatever the order in which answers come. */
static void
test_crowd (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  static Got got[300];
  int64_t last[2] = { 0, 0 };

  for (unsigned i = 0; i < G_N_ELEMENTS (got); i++)
    {
      const MsgSending sending = { .user_id = i % 2 == 0 ? f->ann : f->bob, .chat_id = chat, .text = "x",
                                   .random_id = { (uint8_t) i, (uint8_t) (i >> 8) } };

      msg_message_send (f->bench.core, &sending, on_message, &got[i]);
    }
  for (unsigned i = 0; i < G_N_ELEMENTS (got); i++)
    {
      while (got[i].answer.n == 0)
        (void) g_main_context_iteration (f->bench.context, TRUE);
      g_assert_no_error (got[i].answer.error);
      g_assert_cmpint (got[i].message->id, ==, i + 1);
      got_clear (&got[i]);
    }
  for (unsigned i = 0; i < f->told->len; i++)
    {
      const Told *told = &g_array_index (f->told, Told, i);
      unsigned who = told->user_id == f->ann ? 0 : 1;

      g_assert_cmpint (told->pts, ==, ++last[who]);
    }
  g_assert_cmpint (last[0], ==, 301);
  g_assert_cmpint (last[1], ==, 301);
}

/* --- Trimming --- */

static void
walk (Chats *f)
{
  MsgTrims *trims = f->bench.core->trims;
  unsigned walks = msg_trims_get_walks (trims);

  while (msg_trims_get_walks (trims) == walks)
    {
      msg_trims_step (trims);
      (void) g_main_context_iteration (f->bench.context, TRUE);
    }
}

static void
reopen_keeping (Chats *f, int64_t ms, unsigned rows)
{
  f->bench.options.log_keep_ms = ms;
  f->bench.options.log_keep_rows = rows;
  bench_reopen (&f->bench);
}

static void
assert_begins (Chats *f, MsgId user, int64_t first, int64_t last)
{
  g_auto (Got) gone = { 0 };
  int64_t pts = first - 1, seen = 0;
  bool more = true;

  if (first > 1)
    {
      chats_difference (f, user, first - 2, 1000, &gone);
      assert_reason (&gone.answer, MSG_ERROR_GONE, "pts_too_old");
    }
  while (more)
    {
      g_auto (Got) kept = { 0 };

      chats_difference (f, user, pts, 1000, &kept);
      g_assert_no_error (kept.answer.error);
      seen += kept.updates->len;
      pts = kept.pts;
      more = kept.more;
    }
  g_assert_cmpint (pts, ==, last);
  g_assert_cmpint (seen, ==, last - first + 1);
}

/* by age and by number, more than one job takes; what is left has no gaps; the next pts goes on */
static void
test_trim (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob), lonely = chats_open (f, f->eve, f->eve);

  (void) chats_send (f, f->eve, lonely, 1, "old");
  for (unsigned i = 0; i < 500; i++)
    {
      const MsgSending sending = { .user_id = f->ann, .chat_id = chat, .text = "x",
                                   .random_id = { (uint8_t) i, (uint8_t) (i >> 8) } };
      g_auto (Got) got = { 0 };

      if (i == 450)
        f->bench.now_ms += 1000;
      msg_message_send (f->bench.core, &sending, on_message, &got);
      bench_wait (&f->bench, &got.answer);
    }
  reopen_keeping (f, 0, 0);
  walk (f);
  assert_begins (f, f->ann, 1, 501);
  reopen_keeping (f, 0, 300);
  walk (f);
  assert_begins (f, f->ann, 202, 501);
  assert_begins (f, f->bob, 202, 501);
  assert_begins (f, f->eve, 1, 2);
  reopen_keeping (f, 1000, 0);
  walk (f); /* none is older than a second */
  assert_begins (f, f->ann, 202, 501);
  f->bench.now_ms += 1;
  walk (f);
  assert_begins (f, f->ann, 452, 501);
  assert_begins (f, f->eve, 3, 2); /* nothing is left; who has it all is told nothing */
  (void) chats_send (f, f->eve, lonely, 2, "new");
  assert_begins (f, f->eve, 3, 3);
}

/* a row that is newer by a clock that was set back later keeps what is behind it */
static void
test_trim_clock (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->ann);

  (void) chats_send (f, f->ann, chat, 1, "one");
  f->bench.now_ms += 10000;
  (void) chats_send (f, f->ann, chat, 2, "of the future");
  f->bench.now_ms -= 10000;
  (void) chats_send (f, f->ann, chat, 3, "three");
  f->bench.now_ms += 5000;
  reopen_keeping (f, 1000, 0);
  walk (f);
  assert_begins (f, f->ann, 3, 4);
}

static void
test_trim_chat (Chats *f, gconstpointer data)
{
  MsgId chat = chats_make (f, MSG_CHAT_CHANNEL, f->ann, &f->bob, 1);
  g_auto (Got) gone = { 0 }, kept = { 0 };

  for (uint8_t i = 0; i < 20; i++)
    (void) chats_send (f, f->ann, chat, i, "x");
  reopen_keeping (f, 0, 5);
  walk (f);
  msg_updates_chat_difference (f->bench.core, f->bob, chat, 15, 100, on_difference, &gone);
  bench_wait (&f->bench, &gone.answer);
  assert_reason (&gone.answer, MSG_ERROR_GONE, "pts_too_old");
  msg_updates_chat_difference (f->bench.core, f->bob, chat, 16, 100, on_difference, &kept);
  bench_wait (&f->bench, &kept.answer);
  g_assert_cmpuint (kept.updates->len, ==, 5);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add ("/messaging/update-log/" name, Chats, NULL, chats_set_up, test, chats_tear_down)
  ADD ("difference", test_difference);
  ADD ("deleted", test_deleted);
  ADD ("bad", test_bad);
  ADD ("banned", test_banned);
  ADD ("crowd", test_crowd);
  ADD ("large", test_large);
  ADD ("trim", test_trim);
  ADD ("trim/clock", test_trim_clock);
  ADD ("trim/chat", test_trim_chat);
  return g_test_run ();
}
