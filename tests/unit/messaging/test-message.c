/* SPDX-License-Identifier: Apache-2.0 */
#include "chat-harness.h"
#include "messaging/message-text.h"

static void
test_retry (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  g_auto (Got) first = { 0 }, again = { 0 }, other = { 0 };

  chats_send_got (f, f->ann, chat, 1, "hello", &first);
  g_assert_no_error (first.answer.error);
  g_assert_cmpint (first.message->id, ==, 1);
  g_assert_cmpint (first.written.pts, ==, 2); /* behind the chat itself */
  bench_reopen (&f->bench);
  chats_listen (f);
  g_array_set_size (f->told, 0);
  chats_send_got (f, f->ann, chat, 1, "something else", &again);
  g_assert_cmpstr (again.message->text, ==, "hello");
  g_assert_cmpint (again.message->id, ==, 1);
  g_assert_cmpint (again.written.pts, ==, first.written.pts);
  g_assert_cmpuint (again.written.count, ==, 1);
  g_assert_cmpuint (f->told->len, ==, 0);
  /* the same number of another sender is another message */
  chats_send_got (f, f->bob, chat, 1, "hello", &other);
  g_assert_cmpint (other.message->id, ==, 2);
}

static void
test_live (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);

  g_assert_cmpuint (f->told->len, ==, 0);
  (void) chats_send (f, f->ann, chat, 1, "hello");
  (void) chats_send (f, f->bob, chat, 2, "hi");
  g_assert_cmpuint (f->told->len, ==, 6);
  for (unsigned k = 0; k < 2; k++)
    {
      MsgId user = k == 0 ? f->ann : f->bob;
      int64_t pts = 0;

      for (unsigned i = 0; i < f->told->len; i++)
        {
          const Told *told = &g_array_index (f->told, Told, i);

          if (told->user_id != user)
            continue;
          g_assert_cmpint (told->pts, ==, ++pts);
          g_assert_cmpint (told->type, ==, pts == 1 ? MSG_UPDATE_CHAT : MSG_UPDATE_MESSAGE_NEW);
        }
      g_assert_cmpint (pts, ==, 3);
    }
}

static void
test_edit (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  int64_t id = chats_send (f, f->ann, chat, 1, "helo");
  g_auto (Got) edited = { 0 }, same = { 0 }, foreign = { 0 }, missing = { 0 }, read = { 0 };

  f->bench.now_ms += 5;
  msg_message_edit (f->bench.core, f->ann, chat, id, "hello", NULL, on_message, &edited);
  bench_wait (&f->bench, &edited.answer);
  g_assert_cmpstr (edited.message->text, ==, "hello");
  g_assert_cmpint (edited.message->edited_ms, ==, EPOCH_MS + 5);
  msg_message_edit (f->bench.core, f->ann, chat, id, "hello", NULL, on_message, &same);
  bench_wait (&f->bench, &same.answer);
  g_assert_cmpuint (same.written.count, ==, 0);
  g_assert_cmpint (same.written.pts, ==, edited.written.pts);
  msg_message_edit (f->bench.core, f->bob, chat, id, "x", NULL, on_message, &foreign);
  bench_wait (&f->bench, &foreign.answer);
  assert_reason (&foreign.answer, MSG_ERROR_FORBIDDEN, "not_author");
  msg_message_edit (f->bench.core, f->ann, chat, 77, "x", NULL, on_message, &missing);
  bench_wait (&f->bench, &missing.answer);
  assert_reason (&missing.answer, MSG_ERROR_NOT_FOUND, "message");
  chats_history (f, f->bob, chat, MSG_HISTORY_BEFORE, G_MAXINT64, 10, &read);
  g_assert_cmpstr (((MsgMessage *) read.messages->pdata[0])->text, ==, "hello");
}

static void
on_edits (GPtrArray *edits, const GError *error, gpointer data)
{
  answer_take (data, error);
  g_assert_cmpuint (edits->len, ==, 2);
  g_assert_cmpstr (((MsgEdit *) edits->pdata[0])->text, ==, "one");
  g_assert_cmpstr (((MsgEdit *) edits->pdata[1])->text, ==, "two");
}

static void
test_edits (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  int64_t id = chats_send (f, f->ann, chat, 1, "one");
  static const char *const texts[] = { "two", "three" };
  g_auto (Answer) edits = { 0 };

  for (unsigned i = 0; i < 2; i++)
    {
      g_auto (Got) got = { 0 };

      msg_message_edit (f->bench.core, f->ann, chat, id, texts[i], NULL, on_message, &got);
      bench_wait (&f->bench, &got.answer);
    }
  msg_message_get_edits (f->bench.core, f->bob, chat, id, on_edits, &edits);
  bench_wait (&f->bench, &edits);
}

static void
delete (Chats *f, MsgId user, MsgId chat, int64_t id, bool for_all, Got *got)
{
  msg_message_delete (f->bench.core, user, chat, &id, 1, for_all, on_written, got);
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
test_delete (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  int64_t one = chats_send (f, f->ann, chat, 1, "one"), two = chats_send (f, f->ann, chat, 2, "two");
  g_auto (Got) hidden = { 0 }, again = { 0 }, foreign = { 0 }, gone = { 0 }, retry = { 0 };
  g_autoptr (MsgChat) before = chats_get (f, f->bob, chat), after = NULL;

  g_assert_cmpuint (before->unread, ==, 2);
  delete (f, f->bob, chat, one, false, &hidden);
  g_assert_cmpuint (count_history (f, f->bob, chat), ==, 1);
  g_assert_cmpuint (count_history (f, f->ann, chat), ==, 2);
  delete (f, f->bob, chat, one, false, &again);
  g_assert_cmpuint (again.written.count, ==, 0);
  delete (f, f->bob, chat, two, true, &foreign);
  assert_reason (&foreign.answer, MSG_ERROR_FORBIDDEN, "not_permitted");
  delete (f, f->ann, chat, two, true, &gone);
  g_assert_no_error (gone.answer.error);
  g_assert_cmpuint (count_history (f, f->ann, chat), ==, 1);
  after = chats_get (f, f->bob, chat);
  g_assert_cmpuint (after->unread, ==, 0);
  /* a retry of a send does not bring back what was deleted */
  chats_send_got (f, f->ann, chat, 2, "two", &retry);
  assert_reason (&retry.answer, MSG_ERROR_CONFLICT, "message_deleted");
}

static void
mark (Chats *f, MsgId user, MsgId chat, MsgMark what, int64_t up_to, Got *got)
{
  msg_message_mark (f->bench.core, user, chat, what, up_to, on_written, got);
  bench_wait (&f->bench, &got->answer);
}

static void
test_marks (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  g_auto (Got) delivered = { 0 }, read = { 0 }, back = { 0 }, beyond = { 0 }, stranger = { 0 };
  g_autoptr (MsgChat) of_bob = NULL, of_ann = NULL;

  for (uint8_t i = 1; i <= 3; i++)
    (void) chats_send (f, f->ann, chat, i, "x");
  mark (f, f->bob, chat, MSG_MARK_DELIVERED, 3, &delivered);
  mark (f, f->bob, chat, MSG_MARK_READ, 2, &read);
  g_assert_cmpuint (read.written.count, ==, 1);
  mark (f, f->bob, chat, MSG_MARK_READ, 1, &back);
  g_assert_cmpuint (back.written.count, ==, 0);
  mark (f, f->bob, chat, MSG_MARK_READ, 4, &beyond);
  assert_reason (&beyond.answer, MSG_ERROR_INVALID, "message");
  mark (f, f->eve, chat, MSG_MARK_READ, 1, &stranger);
  assert_reason (&stranger.answer, MSG_ERROR_NOT_FOUND, "chat");
  of_bob = chats_get (f, f->bob, chat);
  g_assert_cmpuint (of_bob->unread, ==, 1);
  g_assert_cmpint (of_bob->read_id, ==, 2);
  of_ann = chats_get (f, f->ann, chat);
  g_assert_cmpint (of_ann->peer_read_id, ==, 2);
  g_assert_cmpint (of_ann->peer_delivered_id, ==, 3);
  g_assert_cmpint (of_ann->peer->id, ==, f->bob);
}

static void
test_history (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->ann);
  g_auto (Got) newest = { 0 }, older = { 0 }, newer = { 0 }, around = { 0 }, limit = { 0 };

  for (uint8_t i = 1; i <= 10; i++)
    (void) chats_send (f, f->ann, chat, i, "x");
#define ID(got, i) (((MsgMessage *) (got).messages->pdata[i])->id)
  chats_history (f, f->ann, chat, MSG_HISTORY_BEFORE, G_MAXINT64, 6, &newest);
  g_assert_cmpint (ID (newest, 0), ==, 10);
  g_assert_cmpint (newest.next, ==, 5);
  chats_history (f, f->ann, chat, MSG_HISTORY_BEFORE, 5, 6, &older);
  g_assert_cmpuint (older.messages->len, ==, 4);
  g_assert_cmpint (older.next, ==, 0);
  chats_history (f, f->ann, chat, MSG_HISTORY_AFTER, 2, 3, &newer);
  g_assert_cmpint (ID (newer, 0), ==, 5);
  g_assert_cmpint (ID (newer, 2), ==, 3);
  g_assert_cmpint (newer.next, ==, 5);
  chats_history (f, f->ann, chat, MSG_HISTORY_AROUND, 6, 4, &around);
  g_assert_cmpuint (around.messages->len, ==, 4);
  g_assert_cmpint (ID (around, 0), ==, 7);
  g_assert_cmpint (ID (around, 3), ==, 4);
  chats_history (f, f->ann, chat, MSG_HISTORY_BEFORE, 5, 101, &limit);
  assert_reason (&limit.answer, MSG_ERROR_INVALID, "limit");
}

static void
test_bad (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  MsgSending sending = { .user_id = f->ann, .chat_id = chat, .text = "x", .reply_to = 9 };
  g_auto (Got) text = { 0 }, stranger = { 0 }, forged = { 0 }, reply = { 0 };

  chats_send_got (f, f->ann, chat, 1, " ", &text);
  assert_reason (&text.answer, MSG_ERROR_INVALID, "text");
  chats_send_got (f, f->eve, chat, 1, "x", &stranger);
  assert_reason (&stranger.answer, MSG_ERROR_NOT_FOUND, "chat");
  chats_send_got (f, f->ann, 12345, 1, "x", &forged);
  assert_reason (&forged.answer, MSG_ERROR_NOT_FOUND, "chat");
  msg_message_send (f->bench.core, &sending, on_message, &reply);
  bench_wait (&f->bench, &reply.answer);
  assert_reason (&reply.answer, MSG_ERROR_NOT_FOUND, "message");
  g_assert_cmpuint (f->told->len, ==, 0);
}

static void
test_mention (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  g_autoptr (GArray) entities = msg_entities_new ();
  const MsgEntity entity = { MSG_ENTITY_MENTION, 0, 3, NULL, f->bob };
  const MsgSending sending = { .user_id = f->ann, .chat_id = chat, .text = "bob", .entities = entities };
  g_auto (Got) sent = { 0 }, read = { 0 };
  g_autoptr (MsgChat) before = NULL, after = NULL;

  g_array_append_val (entities, entity);
  msg_message_send (f->bench.core, &sending, on_message, &sent);
  bench_wait (&f->bench, &sent.answer);
  before = chats_get (f, f->bob, chat);
  g_assert_cmpuint (before->mentions, ==, 1);
  mark (f, f->bob, chat, MSG_MARK_READ, 1, &read);
  after = chats_get (f, f->bob, chat);
  g_assert_cmpuint (after->mentions, ==, 0);
}

static void
test_rate (Chats *f, gconstpointer data)
{
  g_auto (Got) limited = { 0 }, later = { 0 };
  MsgId chat;

  bench_close (&f->bench);
  f->bench.options.messages_per_user = (MsgRate){ 2, 1000 };
  bench_open (&f->bench);
  chat = chats_open (f, f->ann, f->bob);
  (void) chats_send (f, f->ann, chat, 1, "x");
  (void) chats_send (f, f->ann, chat, 2, "x");
  chats_send_got (f, f->ann, chat, 3, "x", &limited);
  assert_reason (&limited.answer, MSG_ERROR_LIMIT, "message_rate");
  g_assert_cmpint (msg_error_get_retry_after_ms (limited.answer.error), ==, 1000);
  f->bench.now_us += 1000 * 1000;
  chats_send_got (f, f->ann, chat, 3, "x", &later);
  g_assert_no_error (later.answer.error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add ("/messaging/message/" name, Chats, NULL, chats_set_up, test, chats_tear_down)
  ADD ("retry", test_retry);
  ADD ("live", test_live);
  ADD ("edit", test_edit);
  ADD ("edits", test_edits);
  ADD ("delete", test_delete);
  ADD ("marks", test_marks);
  ADD ("history", test_history);
  ADD ("bad", test_bad);
  ADD ("mention", test_mention);
  ADD ("rate", test_rate);
  return g_test_run ();
}
