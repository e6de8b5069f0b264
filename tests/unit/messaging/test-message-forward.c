/* SPDX-License-Identifier: Apache-2.0 */
#include "chat-harness.h"
#include "messaging/message-forward.h"
#include "messaging/privacy.h"

static void
on_forwarded (GPtrArray *messages, const MsgWritten *written, const GError *error, gpointer data)
{
  Got *got = data;

  g_assert_true ((messages == NULL) == (error != NULL));
  answer_take (&got->answer, error);
  if (messages == NULL)
    return;
  got->messages = copy_messages (messages);
  got->written = *written;
}

/* @n messages from @id on, with random ids from @random on */
static void
forward (Chats *f, MsgId user, MsgId from, int64_t id, unsigned n, MsgId to, uint8_t random, Got *got)
{
  MsgForwarding forwarding = { .user_id = user, .device_id = 1, .from_id = from, .to_id = to, .n = n };

  for (unsigned i = 0; i < MIN (n, MSG_FORWARD_MAX); i++)
    {
      forwarding.ids[i] = id + i;
      forwarding.random_ids[i][0] = (uint8_t) (random + i);
    }
  msg_message_forward (f->bench.core, &forwarding, on_forwarded, got);
  bench_wait (&f->bench, &got->answer);
}

static const MsgMessage *
nth (const Got *got, unsigned i)
{
  g_assert_no_error (got->answer.error);
  g_assert_cmpuint (i, <, got->messages->len);
  return got->messages->pdata[i];
}

static char *
origin_of_user (MsgId user, const char *name, int64_t at_ms)
{
  return g_strdup_printf ("{\"userId\":\"%" G_GINT64_FORMAT "\",\"name\":\"%s\",\"at\":%" G_GINT64_FORMAT "}", user, name, at_ms);
}

static void
test_origin (Chats *f, gconstpointer data)
{
  MsgId pair = chats_open (f, f->ann, f->bob), saved = chats_open (f, f->bob, f->bob);
  MsgId channel = chats_make (f, MSG_CHAT_CHANNEL, f->ann, NULL, 0);
  int64_t id = chats_send (f, f->ann, pair, 1, "hello"), news = chats_send (f, f->ann, channel, 1, "news");
  g_autofree char *of_ann = origin_of_user (f->ann, "ann", EPOCH_MS), *of_channel = NULL;
  g_auto (Got) first = { 0 }, second = { 0 }, third = { 0 };

  f->bench.now_ms += 7;
  forward (f, f->bob, pair, id, 1, saved, 1, &first);
  g_assert_cmpstr (nth (&first, 0)->text, ==, "hello");
  g_assert_cmpint (nth (&first, 0)->sender_id, ==, f->bob);
  g_assert_cmpint (nth (&first, 0)->at_ms, ==, EPOCH_MS + 7);
  g_assert_cmpstr (nth (&first, 0)->forward, ==, of_ann);
  forward (f, f->bob, saved, nth (&first, 0)->id, 1, pair, 2, &second);
  g_assert_cmpstr (nth (&second, 0)->forward, ==, of_ann);
  forward (f, f->ann, channel, news, 1, pair, 3, &third);
  of_channel = g_strdup_printf ("{\"chatId\":\"%" G_GINT64_FORMAT "\",\"messageId\":\"%" G_GINT64_FORMAT "\",\"name\":\"Group\",\"at\":%"
                                G_GINT64_FORMAT "}", channel, news, (int64_t) EPOCH_MS);
  g_assert_cmpstr (nth (&third, 0)->forward, ==, of_channel);
}

/* A retry gives the same messages and places, in a group and in a chat with its own log, and writes nothing. */
static void
test_retry (Chats *f, gconstpointer data)
{
  MsgId from = chats_open (f, f->ann, f->ann);
  const MsgId to[] = { chats_open (f, f->ann, f->bob), chats_make (f, MSG_CHAT_SUPERGROUP, f->ann, &f->bob, 1) };

  for (uint8_t i = 1; i <= 3; i++)
    (void) chats_send (f, f->ann, from, i, "x");
  for (unsigned i = 0; i < G_N_ELEMENTS (to); i++)
    {
      g_auto (Got) first = { 0 }, again = { 0 }, gone = { 0 }, deleted = { 0 };
      int64_t id;

      forward (f, f->ann, from, 1, 3, to[i], 1, &first);
      g_assert_cmpint (nth (&first, 2)->id, ==, nth (&first, 0)->id + 2);
      g_assert_cmpuint (i == 0 ? first.written.count : first.written.chat_count, ==, 3);
      bench_reopen (&f->bench);
      chats_listen (f);
      g_array_set_size (f->told, 0);
      forward (f, f->ann, from, 1, 3, to[i], 1, &again);
      g_assert_cmpint (nth (&again, 2)->id, ==, nth (&first, 2)->id);
      g_assert_cmpmem (&again.written, sizeof again.written, &first.written, sizeof first.written);
      g_assert_cmpuint (f->told->len, ==, 0);
      id = nth (&first, 1)->id;
      msg_message_delete (f->bench.core, f->ann, to[i], &id, 1, true, on_written, &gone);
      bench_wait (&f->bench, &gone.answer);
      forward (f, f->ann, from, 1, 3, to[i], 1, &deleted);
      assert_reason (&deleted.answer, MSG_ERROR_CONFLICT, "message_deleted");
    }
}

/* all or none */
static void
test_refused (Chats *f, gconstpointer data)
{
  MsgId pair = chats_open (f, f->ann, f->bob), group = chats_group (f, f->bob, &f->eve, 1), saved = chats_open (f, f->bob, f->bob);
  int64_t id = chats_send (f, f->ann, pair, 1, "hello");
  g_auto (Got) foreign = { 0 }, into = { 0 }, missing = { 0 }, service = { 0 }, none = { 0 }, many = { 0 }, read = { 0 };
  g_auto (Got) muted = { 0 }, held = { 0 };
  MsgForwarding twins = { .user_id = f->bob, .from_id = pair, .to_id = saved, .n = 2, .ids = { id, id } };
  g_auto (Got) twin = { 0 };

  forward (f, f->eve, pair, id, 1, group, 1, &foreign);
  assert_reason (&foreign.answer, MSG_ERROR_NOT_FOUND, "chat");
  forward (f, f->ann, pair, id, 1, group, 1, &into);
  assert_reason (&into.answer, MSG_ERROR_NOT_FOUND, "chat");
  forward (f, f->bob, pair, id, 2, saved, 1, &missing);
  assert_reason (&missing.answer, MSG_ERROR_NOT_FOUND, "message");
  forward (f, f->bob, group, 1, 1, saved, 1, &service);
  assert_reason (&service.answer, MSG_ERROR_FORBIDDEN, "service_message");
  forward (f, f->bob, pair, id, 0, saved, 1, &none);
  assert_reason (&none.answer, MSG_ERROR_INVALID, "limit");
  forward (f, f->bob, pair, id, MSG_FORWARD_MAX + 1, saved, 1, &many);
  assert_reason (&many.answer, MSG_ERROR_INVALID, "limit");
  msg_message_forward (f->bench.core, &twins, on_forwarded, &twin);
  bench_wait (&f->bench, &twin.answer);
  assert_reason (&twin.answer, MSG_ERROR_INVALID, "random_id");
  chats_stand (f, f->bob, group, f->eve, MSG_ROLE_RESTRICTED, 0, 0, &muted);
  (void) chats_send (f, f->eve, chats_open (f, f->eve, f->eve), 1, "x");
  forward (f, f->eve, chats_open (f, f->eve, f->eve), 1, 1, group, 1, &held);
  assert_reason (&held.answer, MSG_ERROR_FORBIDDEN, "restricted");
  chats_history (f, f->bob, saved, MSG_HISTORY_BEFORE, G_MAXINT64, 10, &read);
  g_assert_cmpuint (read.messages->len, ==, 0);
}

static void
test_protected (Chats *f, gconstpointer data)
{
  MsgId group = chats_group (f, f->ann, &f->bob, 1), saved = chats_open (f, f->bob, f->bob);
  int64_t id = chats_send (f, f->ann, group, 1, "hello");
  const MsgChatChange on = { .has_protected = true, .is_protected = true };
  g_auto (Got) by_bob = { 0 }, by_ann = { 0 }, pair = { 0 }, held = { 0 };
  g_autoptr (MsgChat) seen = NULL;

  msg_chat_update (f->bench.core, f->bob, group, &on, on_written, &by_bob);
  bench_wait (&f->bench, &by_bob.answer);
  assert_reason (&by_bob.answer, MSG_ERROR_FORBIDDEN, "owner_only");
  msg_chat_update (f->bench.core, f->ann, group, &on, on_written, &by_ann);
  bench_wait (&f->bench, &by_ann.answer);
  g_assert_no_error (by_ann.answer.error);
  seen = chats_get (f, f->bob, group);
  g_assert_true (seen->is_protected);
  forward (f, f->bob, group, id, 1, saved, 1, &held);
  assert_reason (&held.answer, MSG_ERROR_FORBIDDEN, "protected");
  msg_chat_update (f->bench.core, f->bob, saved, &on, on_written, &pair);
  bench_wait (&f->bench, &pair.answer);
  assert_reason (&pair.answer, MSG_ERROR_FORBIDDEN, "chat_kind");
}

/* each counts; in slow mode there is one at a time */
static void
test_rate (Chats *f, gconstpointer data)
{
  MsgId saved = chats_open (f, f->bob, f->bob), many = chats_make (f, MSG_CHAT_SUPERGROUP, f->ann, &f->bob, 1);
  const MsgChatChange slow = { .has_slow = true, .slow_ms = 1000 };
  g_auto (Got) slowed = { 0 }, two = { 0 }, one = { 0 }, all = { 0 }, more = { 0 };

  for (uint8_t i = 1; i <= 3; i++)
    (void) chats_send (f, f->bob, saved, i, "x");
  msg_chat_update (f->bench.core, f->ann, many, &slow, on_written, &slowed);
  bench_wait (&f->bench, &slowed.answer);
  forward (f, f->bob, saved, 1, 2, many, 1, &two);
  assert_reason (&two.answer, MSG_ERROR_LIMIT, "slow_mode");
  forward (f, f->bob, saved, 1, 1, many, 1, &one);
  g_assert_no_error (one.answer.error);
  bench_close (&f->bench);
  f->bench.options.messages_per_user = (MsgRate){ 3, 1000 };
  bench_open (&f->bench);
  forward (f, f->bob, saved, 1, 3, chats_open (f, f->ann, f->bob), 1, &all);
  g_assert_no_error (all.answer.error);
  forward (f, f->bob, saved, 1, 1, chats_open (f, f->ann, f->bob), 9, &more);
  assert_reason (&more.answer, MSG_ERROR_LIMIT, "message_rate");
}

static void
test_withheld (Chats *f, gconstpointer data)
{
  MsgId pair = chats_open (f, f->ann, f->bob), saved = chats_open (f, f->ann, f->ann);
  int64_t id = chats_send (f, f->ann, saved, 1, "hello");
  g_auto (Answer) blocked = { 0 };
  g_auto (Got) sent = { 0 }, of_bob = { 0 }, edited = { 0 };

  msg_block_put (f->bench.core, f->bob, f->ann, on_done, &blocked);
  bench_wait (&f->bench, &blocked);
  forward (f, f->ann, saved, id, 1, pair, 1, &sent);
  g_assert_no_error (sent.answer.error);
  chats_history (f, f->bob, pair, MSG_HISTORY_BEFORE, G_MAXINT64, 10, &of_bob);
  g_assert_cmpuint (of_bob.messages->len, ==, 0);
  /* what another has said stays as it was said */
  msg_message_edit (f->bench.core, f->ann, pair, nth (&sent, 0)->id, "x", NULL, on_message, &edited);
  bench_wait (&f->bench, &edited.answer);
  assert_reason (&edited.answer, MSG_ERROR_FORBIDDEN, "not_author");
}

#define ADD(name, fn) g_test_add ("/messaging/message-forward/" name, Chats, NULL, chats_set_up, fn, chats_tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  ADD ("origin", test_origin);
  ADD ("retry", test_retry);
  ADD ("refused", test_refused);
  ADD ("protected", test_protected);
  ADD ("rate", test_rate);
  ADD ("withheld", test_withheld);
  return g_test_run ();
}
