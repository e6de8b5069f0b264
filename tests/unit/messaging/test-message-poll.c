/* SPDX-License-Identifier: Apache-2.0 */
#include "chat-harness.h"
#include "messaging/message-forward.h"
#include "messaging/message-poll.h"
#include "messaging/privacy.h"

static void
on_voters (GPtrArray *voters, const GError *error, gpointer data)
{
  Got *got = data;

  answer_take (&got->answer, error);
  got->next = 0;
  for (unsigned i = 0; voters != NULL && i < voters->len; i++)
    got->next = got->next * 10 + 1;
}

static void
send_poll (Chats *f, MsgId user, MsgId chat, uint8_t random, const MsgPoll *poll, Got *got)
{
  const MsgSending sending = { .user_id = user, .chat_id = chat, .random_id = { random }, .text = "Which?", .poll = poll };

  msg_message_send (f->bench.core, &sending, on_message, got);
  bench_wait (&f->bench, &got->answer);
}

static const MsgPoll plain = { .n_options = 3, .options = { (char *) "red", (char *) " green ", (char *) "blue" } };

static int64_t
ask (Chats *f, MsgId user, MsgId chat, uint8_t random, const MsgPoll *poll)
{
  g_auto (Got) got = { 0 };

  send_poll (f, user, chat, random, poll, &got);
  g_assert_no_error (got.answer.error);
  g_assert_cmpint (got.message->kind, ==, MSG_MESSAGE_POLL);
  return got.message->id;
}

static void
vote_got (Chats *f, MsgId user, MsgId chat, int64_t id, unsigned options, Got *got)
{
  msg_poll_vote (f->bench.core, user, chat, id, options, on_written, got);
  bench_wait (&f->bench, &got->answer);
}

static void
vote (Chats *f, MsgId user, MsgId chat, int64_t id, unsigned options)
{
  g_auto (Got) got = { 0 };

  vote_got (f, user, chat, id, options, &got);
  g_assert_no_error (got.answer.error);
}

/* What @user sees: counts, voters, own bits, and whether it is over */
static void
assert_sees (Chats *f, MsgId user, MsgId chat, int64_t id, const char *expected)
{
  g_auto (Got) got = { 0 };
  g_autoptr (GString) text = g_string_new (NULL);
  const MsgPoll *poll;

  chats_history (f, user, chat, MSG_HISTORY_BEFORE, id + 1, 1, &got);
  g_assert_no_error (got.answer.error);
  poll = ((MsgMessage *) got.messages->pdata[0])->poll;
  g_assert_nonnull (poll);
  for (unsigned i = 0; i < poll->n_options; i++)
    g_string_append_printf (text, "%u ", poll->counts[i]);
  g_string_append_printf (text, "of %u, own %u%s", poll->voters, poll->own, poll->closed ? ", closed" : "");
  g_assert_cmpstr (text->str, ==, expected);
}

static void
test_bad (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob), channel = chats_make (f, MSG_CHAT_CHANNEL, f->ann, NULL, 0);
  const MsgPoll rows[] = {
    { .n_options = 1, .options = { (char *) "a" } },
    { .n_options = 11 },
    { .n_options = 2, .options = { (char *) "a", (char *) " " } },
    { .n_options = 2, .options = { (char *) "a", (char *) "a " } },
    { .n_options = 2, .options = { (char *) "a", (char *) "b\nc" } },
    { .n_options = 2, .options = { (char *) "a", (char *) "b" }, .quiz = true, .correct = 2 },
    { .n_options = 2, .options = { (char *) "a", (char *) "b" }, .quiz = true, .multiple = true },
    { .n_options = 2, .options = { (char *) "a", (char *) "b" }, .closes_ms = EPOCH_MS },
  };
  MsgPoll open = plain;
  g_auto (Got) public = { 0 };

  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_auto (Got) got = { 0 };

      send_poll (f, f->ann, chat, 1, &rows[i], &got);
      assert_reason (&got.answer, MSG_ERROR_INVALID, "poll");
    }
  open.is_public = true;
  send_poll (f, f->ann, channel, 1, &open, &public);
  assert_reason (&public.answer, MSG_ERROR_INVALID, "poll");
}

static void
test_vote (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  int64_t text = chats_send (f, f->ann, chat, 1, "no poll"), id = ask (f, f->ann, chat, 2, &plain);
  g_auto (Got) first = { 0 }, same = { 0 }, two = { 0 }, beyond = { 0 }, none = { 0 }, stranger = { 0 }, missing = { 0 };
  g_auto (Got) retry = { 0 }, edited = { 0 };

  g_array_set_size (f->told, 0);
  vote_got (f, f->bob, chat, id, 2, &first);
  g_assert_no_error (first.answer.error);
  g_assert_cmpuint (first.written.count, ==, 1);
  g_assert_cmpuint (f->told->len, ==, 2);
  vote_got (f, f->bob, chat, id, 2, &same);
  g_assert_cmpuint (same.written.count, ==, 0);
  vote (f, f->ann, chat, id, 1);
  assert_sees (f, f->bob, chat, id, "1 1 0 of 2, own 2");
  vote (f, f->bob, chat, id, 1);
  bench_reopen (&f->bench);
  assert_sees (f, f->ann, chat, id, "2 0 0 of 2, own 1");
  vote (f, f->ann, chat, id, 0);
  assert_sees (f, f->ann, chat, id, "1 0 0 of 1, own 0");
  vote_got (f, f->ann, chat, id, 3, &two);
  assert_reason (&two.answer, MSG_ERROR_INVALID, "options");
  vote_got (f, f->ann, chat, id, 8, &beyond);
  assert_reason (&beyond.answer, MSG_ERROR_INVALID, "options");
  vote_got (f, f->ann, chat, text, 1, &none);
  assert_reason (&none.answer, MSG_ERROR_NOT_FOUND, "poll");
  vote_got (f, f->ann, chat, 77, 1, &missing);
  assert_reason (&missing.answer, MSG_ERROR_NOT_FOUND, "message");
  vote_got (f, f->eve, chat, id, 1, &stranger);
  assert_reason (&stranger.answer, MSG_ERROR_NOT_FOUND, "chat");
  /* a retry of its sending gives it as it is now */
  send_poll (f, f->ann, chat, 2, &plain, &retry);
  g_assert_cmpuint (retry.message->poll->voters, ==, 1);
  g_assert_cmpstr (retry.message->poll->options[1], ==, "green");
  msg_message_edit (f->bench.core, f->ann, chat, id, "x", NULL, on_message, &edited);
  bench_wait (&f->bench, &edited.answer);
  assert_reason (&edited.answer, MSG_ERROR_FORBIDDEN, "not_author");
}

static void
test_kinds (Chats *f, gconstpointer data)
{
  MsgId chat = chats_group (f, f->ann, &f->bob, 1);
  MsgPoll many = plain, quiz = plain, timed = plain;
  g_auto (Got) again = { 0 }, back = { 0 }, late = { 0 };
  int64_t id;

  many.multiple = true;
  id = ask (f, f->ann, chat, 1, &many);
  vote (f, f->bob, chat, id, 5);
  assert_sees (f, f->ann, chat, id, "1 0 1 of 1, own 0");
  vote (f, f->bob, chat, id, 6);
  assert_sees (f, f->bob, chat, id, "0 1 1 of 1, own 6");
  quiz.quiz = true;
  quiz.correct = 1;
  id = ask (f, f->ann, chat, 2, &quiz);
  vote (f, f->bob, chat, id, 1);
  vote_got (f, f->bob, chat, id, 2, &again);
  assert_reason (&again.answer, MSG_ERROR_CONFLICT, "already_voted");
  vote_got (f, f->bob, chat, id, 0, &back);
  assert_reason (&back.answer, MSG_ERROR_CONFLICT, "already_voted");
  timed.closes_ms = EPOCH_MS + 10;
  id = ask (f, f->ann, chat, 3, &timed);
  f->bench.now_ms = EPOCH_MS + 10;
  vote_got (f, f->bob, chat, id, 1, &late);
  assert_reason (&late.answer, MSG_ERROR_CONFLICT, "poll_closed");
}

static void
close_got (Chats *f, MsgId user, MsgId chat, int64_t id, Got *got)
{
  msg_poll_close (f->bench.core, user, chat, id, on_written, got);
  bench_wait (&f->bench, &got->answer);
}

static void
test_close (Chats *f, gconstpointer data)
{
  const MsgId members[] = { f->bob, f->eve };
  MsgId chat = chats_group (f, f->ann, members, 2);
  int64_t id = ask (f, f->bob, chat, 1, &plain), other = ask (f, f->bob, chat, 2, &plain);
  g_auto (Got) foreign = { 0 }, own = { 0 }, again = { 0 }, late = { 0 }, owner = { 0 }, all = { 0 };
  const MsgUpdate *update;

  close_got (f, f->eve, chat, id, &foreign);
  assert_reason (&foreign.answer, MSG_ERROR_FORBIDDEN, "admin_only");
  close_got (f, f->bob, chat, id, &own);
  g_assert_no_error (own.answer.error);
  close_got (f, f->bob, chat, id, &again);
  g_assert_cmpuint (again.written.count, ==, 0);
  vote_got (f, f->eve, chat, id, 1, &late);
  assert_reason (&late.answer, MSG_ERROR_CONFLICT, "poll_closed");
  close_got (f, f->ann, chat, other, &owner);
  g_assert_no_error (owner.answer.error);
  assert_sees (f, f->eve, chat, other, "0 0 0 of 0, own 0, closed");
  chats_difference (f, f->eve, 0, 100, &all);
  update = all.updates->pdata[all.updates->len - 1];
  g_assert_cmpint (update->type, ==, MSG_UPDATE_POLL);
  g_assert_true (update->message->poll->closed);
  g_assert_false (update->has_own);
}

/* one row of the chat's log, one of the user's own; who it was is asked for in a public poll alone */
static void
test_voters (Chats *f, gconstpointer data)
{
  const MsgId members[] = { f->bob, f->eve };
  MsgId chat = chats_make (f, MSG_CHAT_SUPERGROUP, f->ann, members, 2);
  MsgPoll open = plain;
  MsgVotersAsked asked = { .option = 1, .limit = 10 };
  g_auto (Got) voted = { 0 }, secret = { 0 }, listed = { 0 }, beyond = { 0 }, difference = { 0 };

  asked.message_id = ask (f, f->ann, chat, 1, &plain);
  msg_poll_get_voters (f->bench.core, f->bob, chat, &asked, on_voters, &secret);
  bench_wait (&f->bench, &secret.answer);
  assert_reason (&secret.answer, MSG_ERROR_FORBIDDEN, "anonymous");
  open.is_public = true;
  asked.message_id = ask (f, f->ann, chat, 2, &open);
  vote_got (f, f->bob, chat, asked.message_id, 2, &voted);
  g_assert_cmpuint (voted.written.count, ==, 1);
  g_assert_cmpuint (voted.written.chat_count, ==, 1);
  vote (f, f->eve, chat, asked.message_id, 2);
  vote (f, f->ann, chat, asked.message_id, 1);
  msg_poll_get_voters (f->bench.core, f->bob, chat, &asked, on_voters, &listed);
  bench_wait (&f->bench, &listed.answer);
  g_assert_cmpint (listed.next, ==, 11);
  asked.option = 3;
  msg_poll_get_voters (f->bench.core, f->bob, chat, &asked, on_voters, &beyond);
  bench_wait (&f->bench, &beyond.answer);
  assert_reason (&beyond.answer, MSG_ERROR_INVALID, "options");
  msg_updates_chat_difference (f->bench.core, f->ann, chat, voted.written.chat_pts - 1, 1, on_difference, &difference);
  bench_wait (&f->bench, &difference.answer);
  g_assert_cmpint (((MsgUpdate *) difference.updates->pdata[0])->user_id, ==, 0);
}

static void
test_withheld (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  int64_t one = ask (f, f->bob, chat, 1, &plain), two = ask (f, f->bob, chat, 2, &plain);
  g_auto (Answer) blocked = { 0 };

  vote (f, f->ann, chat, one, 1);
  msg_block_put (f->bench.core, f->bob, f->ann, on_done, &blocked);
  bench_wait (&f->bench, &blocked);
  vote (f, f->ann, chat, two, 1);
  assert_sees (f, f->ann, chat, two, "1 0 0 of 1, own 1");
  assert_sees (f, f->bob, chat, two, "0 0 0 of 0, own 0");
  vote (f, f->ann, chat, one, 2);
  assert_sees (f, f->ann, chat, one, "0 1 0 of 1, own 2");
  assert_sees (f, f->bob, chat, one, "0 0 0 of 0, own 0");
}

static void
on_forwarded (GPtrArray *messages, const MsgWritten *written, const GError *error, gpointer data)
{
  answer_take (&((Got *) data)->answer, error);
}

/* it stays where it is, and goes with its message */
static void
test_gone (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  int64_t id = ask (f, f->ann, chat, 1, &plain);
  const MsgForwarding forwarding = { .user_id = f->ann, .from_id = chat, .to_id = chat, .ids = { id }, .random_ids = { { 9 } }, .n = 1 };
  g_auto (Got) forwarded = { 0 }, gone = { 0 }, late = { 0 };

  msg_message_forward (f->bench.core, &forwarding, on_forwarded, &forwarded);
  bench_wait (&f->bench, &forwarded.answer);
  assert_reason (&forwarded.answer, MSG_ERROR_FORBIDDEN, "poll");
  vote (f, f->bob, chat, id, 1);
  msg_message_delete (f->bench.core, f->ann, chat, &id, 1, true, on_written, &gone);
  bench_wait (&f->bench, &gone.answer);
  g_assert_no_error (gone.answer.error);
  vote_got (f, f->bob, chat, id, 2, &late);
  assert_reason (&late.answer, MSG_ERROR_NOT_FOUND, "message");
}

#define ADD(name, fn) g_test_add ("/messaging/message-poll/" name, Chats, NULL, chats_set_up, fn, chats_tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  ADD ("bad", test_bad);
  ADD ("vote", test_vote);
  ADD ("kinds", test_kinds);
  ADD ("close", test_close);
  ADD ("voters", test_voters);
  ADD ("withheld", test_withheld);
  ADD ("gone", test_gone);
  return g_test_run ();
}
