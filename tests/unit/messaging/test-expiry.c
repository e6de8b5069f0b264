/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that go away at their time. */
#include "due-harness.h"
#include "messaging/schedule.h"
#include "messaging/search.h"

#define MINUTE_MS (60 * 1000)

static void
send_for (Chats *f, MsgId user, MsgId chat, uint8_t random, const char *text, int64_t ttl_ms, Got *got)
{
  const MsgSending sending = { .user_id = user, .device_id = 1, .chat_id = chat, .random_id = { random }, .text = text,
                               .ttl_ms = ttl_ms };

  msg_message_send (f->bench.core, &sending, on_message, got);
  bench_wait (&f->bench, &got->answer);
}

static int64_t
send_ok (Chats *f, MsgId user, MsgId chat, uint8_t random, const char *text, int64_t ttl_ms)
{
  g_auto (Got) got = { 0 };

  send_for (f, user, chat, random, text, ttl_ms, &got);
  g_assert_no_error (got.answer.error);
  return got.message->id;
}

static void
set_ttl (Chats *f, MsgId user, MsgId chat, int64_t ttl_ms, Got *got)
{
  const MsgChatChange change = { .has_ttl = true, .ttl_ms = ttl_ms };

  msg_chat_update (f->bench.core, user, chat, &change, on_written, got);
  bench_wait (&f->bench, &got->answer);
}

static unsigned
count_history (Chats *f, MsgId user, MsgId chat)
{
  g_auto (Got) got = { 0 };

  chats_history (f, user, chat, MSG_HISTORY_BEFORE, G_MAXINT64, 100, &got);
  g_assert_no_error (got.answer.error);
  return got.messages->len;
}

static void
on_hits (const MsgHits *hits, const GError *error, gpointer data)
{
  Got *got = data;

  answer_take (&got->answer, error);
  got->next = hits != NULL ? (int64_t) hits->hits->len : -1;
}

static int64_t
count_hits (Chats *f, MsgId user, const char *query)
{
  const MsgSearch search = { .query = query, .limit = 10 };
  g_auto (Got) got = { 0 };

  msg_search_messages (f->bench.core, user, &search, on_hits, &got);
  bench_wait (&f->bench, &got.answer);
  g_assert_no_error (got.answer.error);
  return got.next;
}

/* at its time and not before, for all, with what hangs on it; told in the logs; over a restart */
static void
test_message (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  int64_t stays = send_ok (f, f->ann, chat, 1, "this stays", 0), id;
  g_auto (Got) edited = { 0 }, retry = { 0 }, all = { 0 }, edits = { 0 };
  g_autoptr (MsgChat) before = NULL, after = NULL;
  const MsgUpdate *last;

  id = send_ok (f, f->ann, chat, 2, "gone soon", MINUTE_MS);
  msg_message_edit (f->bench.core, f->ann, chat, id, "gone very soon", NULL, on_message, &edited);
  bench_wait (&f->bench, &edited.answer);
  g_assert_cmpint (edited.message->expires_ms, ==, EPOCH_MS + MINUTE_MS);
  dues_pass (f, MINUTE_MS - 1);
  g_assert_cmpuint (count_history (f, f->bob, chat), ==, 2);
  g_assert_cmpint (count_hits (f, f->bob, "very soon"), ==, 1);
  before = chats_get (f, f->bob, chat);
  g_assert_cmpuint (before->unread, ==, 2);
  bench_close (&f->bench);
  f->bench.now_ms += MINUTE_MS;
  bench_open (&f->bench);
  chats_listen (f);
  g_array_set_size (f->told, 0);
  dues_pass (f, 0);
  g_assert_cmpuint (count_history (f, f->bob, chat), ==, 1);
  g_assert_cmpint (count_hits (f, f->bob, "very soon"), ==, 0);
  after = chats_get (f, f->bob, chat);
  g_assert_cmpuint (after->unread, ==, 1);
  g_assert_cmpuint (f->told->len, ==, 2);
  chats_difference (f, f->bob, 0, 100, &all);
  last = all.updates->pdata[all.updates->len - 1];
  g_assert_cmpint (last->type, ==, MSG_UPDATE_MESSAGE_DELETED);
  g_assert_cmpint (g_array_index (last->ids, int64_t, 0), ==, id);
  send_for (f, f->ann, chat, 2, "gone soon", MINUTE_MS, &retry);
  assert_reason (&retry.answer, MSG_ERROR_CONFLICT, "message_deleted");
  dues_pass (f, MSG_TTL_MAX_MS);
  g_assert_cmpuint (count_history (f, f->ann, chat), ==, 1);
  g_assert_cmpint (stays, ==, 1);
}

/* of a chat: what is written from then on; the shorter time counts; everybody is told */
static void
test_chat (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  g_auto (Got) on = { 0 }, again = { 0 }, off = { 0 };
  g_autoptr (MsgChat) seen = NULL;

  (void) send_ok (f, f->ann, chat, 1, "before", 0);
  set_ttl (f, f->bob, chat, 10 * MINUTE_MS, &on);
  g_assert_no_error (on.answer.error);
  set_ttl (f, f->ann, chat, 10 * MINUTE_MS, &again);
  g_assert_cmpuint (again.written.count, ==, 0);
  seen = chats_get (f, f->ann, chat);
  g_assert_cmpint (seen->ttl_ms, ==, 10 * MINUTE_MS);
  (void) send_ok (f, f->ann, chat, 2, "ten", 0);
  (void) send_ok (f, f->ann, chat, 3, "one", MINUTE_MS);
  (void) send_ok (f, f->ann, chat, 4, "ten, not twenty", 20 * MINUTE_MS);
  g_assert_cmpuint (count_history (f, f->ann, chat), ==, 5); /* one says that they go */
  dues_pass (f, MINUTE_MS);
  g_assert_cmpuint (count_history (f, f->ann, chat), ==, 4);
  set_ttl (f, f->ann, chat, 0, &off);
  (void) send_ok (f, f->ann, chat, 5, "after", 0);
  dues_pass (f, 9 * MINUTE_MS);
  g_assert_cmpuint (count_history (f, f->ann, chat), ==, 3); /* before, that it was switched off, after */
}

static void
test_rights (Chats *f, gconstpointer data)
{
  MsgId group = chats_group (f, f->ann, &f->bob, 1), private = chats_open (f, f->ann, f->bob);
  g_auto (Got) member = { 0 }, owner = { 0 }, short_time = { 0 }, long_time = { 0 }, sent = { 0 }, stranger = { 0 };

  set_ttl (f, f->bob, group, MINUTE_MS, &member);
  assert_reason (&member.answer, MSG_ERROR_FORBIDDEN, "not_permitted");
  set_ttl (f, f->ann, group, MINUTE_MS, &owner);
  g_assert_no_error (owner.answer.error);
  set_ttl (f, f->ann, private, 999, &short_time);
  assert_reason (&short_time.answer, MSG_ERROR_INVALID, "ttl");
  set_ttl (f, f->ann, private, MSG_TTL_MAX_MS + 1, &long_time);
  assert_reason (&long_time.answer, MSG_ERROR_INVALID, "ttl");
  set_ttl (f, f->eve, private, MINUTE_MS, &stranger);
  assert_reason (&stranger.answer, MSG_ERROR_NOT_FOUND, "chat");
  send_for (f, f->ann, private, 1, "x", 1, &sent);
  assert_reason (&sent.answer, MSG_ERROR_INVALID, "ttl");
}

static void
on_scheduled (const MsgScheduled *scheduled, const MsgMessage *message, const MsgWritten *written, const GError *error,
              gpointer data)
{
  answer_take (&((Got *) data)->answer, error);
}

/* of many chats at once, more than one job takes; a channel has one row for all; a scheduled one counts from its sending */
static void
test_many (Chats *f, gconstpointer data)
{
  MsgId chats[] = { chats_open (f, f->ann, f->bob), chats_make (f, MSG_CHAT_CHANNEL, f->ann, &f->bob, 1) };
  const MsgSending later = { .user_id = f->ann, .chat_id = chats[0], .random_id = { 200 }, .text = "later",
                             .ttl_ms = MINUTE_MS };
  g_auto (Got) scheduled = { 0 };
  unsigned rows = 0;

  for (uint8_t i = 0; i < 100; i++)
    for (unsigned k = 0; k < G_N_ELEMENTS (chats); k++)
      (void) send_ok (f, f->ann, chats[k], i, "x", MINUTE_MS);
  msg_schedule_add (f->bench.core, &later, f->bench.now_ms + MINUTE_MS, on_scheduled, &scheduled);
  bench_wait (&f->bench, &scheduled.answer);
  g_array_set_size (f->told, 0);
  dues_pass (f, MINUTE_MS);
  g_assert_cmpuint (count_history (f, f->bob, chats[0]), ==, 1);
  g_assert_cmpuint (count_history (f, f->bob, chats[1]), ==, 1); /* that it was made */
  for (unsigned i = 0; i < f->told->len; i++)
    {
      const Told *told = &g_array_index (f->told, Told, i);

      rows += told->type == MSG_UPDATE_MESSAGE_DELETED && told->chat_id == chats[1];
    }
  g_assert_cmpuint (rows, <=, 4); /* of the channel, in jobs of 64 */
  dues_pass (f, MINUTE_MS);
  g_assert_cmpuint (count_history (f, f->bob, chats[0]), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add ("/messaging/expiry/" name, Chats, NULL, chats_set_up, test, chats_tear_down)
  ADD ("message", test_message);
  ADD ("chat", test_chat);
  ADD ("rights", test_rights);
  ADD ("many", test_many);
  return g_test_run ();
}
