/* SPDX-License-Identifier: Apache-2.0 */
#include "chat-harness.h"
#include "messaging/message-pin.h"
#include "messaging/privacy.h"

static void
pin_got (Chats *f, MsgId user, MsgId chat, int64_t id, bool pinned, bool silent, Got *got)
{
  const MsgPin pin = { id, pinned, silent };

  msg_message_pin (f->bench.core, user, chat, &pin, on_written, got);
  bench_wait (&f->bench, &got->answer);
}

static void
pin (Chats *f, MsgId user, MsgId chat, int64_t id, bool pinned)
{
  g_auto (Got) got = { 0 };

  pin_got (f, user, chat, id, pinned, true, &got);
  g_assert_no_error (got.answer.error);
}

/* Returns: of those that @user sees pinned the first page: "id id ", and "+" if there are more */
static char *
list (Chats *f, MsgId user, MsgId chat, int64_t before, unsigned limit)
{
  g_auto (Got) got = { 0 };
  GString *text = g_string_new (NULL);

  msg_message_get_pinned (f->bench.core, user, chat, before, limit, on_history, &got);
  bench_wait (&f->bench, &got.answer);
  if (got.answer.error != NULL)
    g_string_assign (text, msg_error_get_reason (got.answer.error));
  for (unsigned i = 0; got.messages != NULL && i < got.messages->len; i++)
    {
      const MsgMessage *message = got.messages->pdata[i];

      g_assert_true (message->pinned);
      g_string_append_printf (text, "%" G_GINT64_FORMAT " ", message->id);
    }
  if (got.next != 0)
    g_string_append_c (text, '+');
  return g_string_free (text, FALSE);
}

static void
assert_pinned (Chats *f, MsgId user, MsgId chat, const char *expected, int64_t newest)
{
  g_autofree char *seen = list (f, user, chat, G_MAXINT64, 100);
  g_autoptr (MsgChat) of_user = chats_get (f, user, chat);

  g_assert_cmpstr (seen, ==, expected);
  g_assert_cmpint (of_user->pinned_id, ==, newest);
}

static void
test_pin (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  int64_t one = chats_send (f, f->ann, chat, 1, "one"), two = chats_send (f, f->bob, chat, 2, "two");
  g_auto (Got) first = { 0 }, same = { 0 }, never = { 0 }, all = { 0 }, gone = { 0 }, said = { 0 };
  const MsgUpdate *update;

  g_array_set_size (f->told, 0);
  pin_got (f, f->bob, chat, one, true, false, &first);
  g_assert_no_error (first.answer.error);
  g_assert_cmpuint (first.written.count, ==, 2); /* that, and the service message */
  g_assert_cmpint (g_array_index (f->told, Told, 0).type, ==, MSG_UPDATE_PINNED);
  g_assert_cmpuint (f->told->len, ==, 4);
  chats_history (f, f->ann, chat, MSG_HISTORY_BEFORE, G_MAXINT64, 1, &said);
  g_assert_cmpstr (((MsgMessage *) said.messages->pdata[0])->data, ==, "{\"pinned\":{\"messageId\":\"1\"}}");
  pin_got (f, f->ann, chat, one, true, false, &same);
  g_assert_cmpuint (same.written.count, ==, 0);
  pin_got (f, f->ann, chat, two, false, false, &never);
  g_assert_cmpuint (never.written.count, ==, 0);
  pin (f, f->ann, chat, two, true);
  assert_pinned (f, f->bob, chat, "2 1 ", two);
  bench_reopen (&f->bench);
  chats_difference (f, f->ann, 0, 100, &all);
  update = all.updates->pdata[3];
  g_assert_cmpint (update->type, ==, MSG_UPDATE_PINNED);
  g_assert_true (update->message->pinned);
  pin (f, f->ann, chat, one, false);
  assert_pinned (f, f->bob, chat, "2 ", two);
  /* what is deleted is not pinned */
  msg_message_delete (f->bench.core, f->bob, chat, &two, 1, true, on_written, &gone);
  bench_wait (&f->bench, &gone.answer);
  g_assert_no_error (gone.answer.error);
  assert_pinned (f, f->ann, chat, "", 0);
}

static void
test_refused (Chats *f, gconstpointer data)
{
  MsgId chat = chats_group (f, f->ann, &f->bob, 1);
  const MsgChatChange change = { .has_permissions = true, .permissions = MSG_RIGHT_PIN };
  g_auto (Got) missing = { 0 }, service = { 0 }, stranger = { 0 }, member = { 0 }, allowed = { 0 }, updated = { 0 };
  g_autofree char *limit = list (f, f->ann, chat, G_MAXINT64, 101), *foreign = list (f, f->eve, chat, G_MAXINT64, 10);
  int64_t id = chats_send (f, f->ann, chat, 1, "hello");

  g_assert_cmpstr (limit, ==, "limit");
  g_assert_cmpstr (foreign, ==, "chat");
  pin_got (f, f->ann, chat, 77, true, false, &missing);
  assert_reason (&missing.answer, MSG_ERROR_NOT_FOUND, "message");
  pin_got (f, f->ann, chat, 1, true, false, &service);
  assert_reason (&service.answer, MSG_ERROR_FORBIDDEN, "service_message");
  pin_got (f, f->eve, chat, id, true, false, &stranger);
  assert_reason (&stranger.answer, MSG_ERROR_NOT_FOUND, "chat");
  pin_got (f, f->bob, chat, id, true, false, &member);
  assert_reason (&member.answer, MSG_ERROR_FORBIDDEN, "not_permitted");
  msg_chat_update (f->bench.core, f->ann, chat, &change, on_written, &updated);
  bench_wait (&f->bench, &updated.answer);
  pin_got (f, f->bob, chat, id, true, false, &allowed);
  g_assert_no_error (allowed.answer.error);
}

static void
test_many (Chats *f, gconstpointer data)
{
  MsgId chat = chats_make (f, MSG_CHAT_SUPERGROUP, f->ann, &f->bob, 1);
  g_auto (Got) over = { 0 }, gone = { 0 };
  int64_t id = 0, old;

  for (unsigned i = 0; i <= MSG_PINS_MAX; i++)
    {
      const MsgSending sending = { .user_id = f->ann, .chat_id = chat, .random_id = { (uint8_t) i, 1 }, .text = "x" };
      g_auto (Got) sent = { 0 };

      msg_message_send (f->bench.core, &sending, on_message, &sent);
      bench_wait (&f->bench, &sent.answer);
      id = sent.message->id;
      if (i < MSG_PINS_MAX)
        pin (f, f->ann, chat, id, true);
    }
  pin_got (f, f->ann, chat, id, true, true, &over);
  assert_reason (&over.answer, MSG_ERROR_LIMIT, "too_many_pins");
  old = id - 5;
  msg_message_delete (f->bench.core, f->ann, chat, &old, 1, true, on_written, &gone); /* which makes room */
  bench_wait (&f->bench, &gone.answer);
  pin (f, f->ann, chat, id, true);
  {
    g_autofree char *page = list (f, f->bob, chat, G_MAXINT64, 2), *next = list (f, f->bob, chat, id - 5, 2);

    g_assert_cmpstr (page, ==, "102 101 +");
    g_assert_cmpstr (next, ==, "96 95 +");
  }
}

/* of a supergroup: one row of its log */
static void
test_supergroup (Chats *f, gconstpointer data)
{
  MsgId chat = chats_make (f, MSG_CHAT_SUPERGROUP, f->ann, &f->bob, 1);
  int64_t id = chats_send (f, f->ann, chat, 1, "hello");
  g_auto (Got) pinned = { 0 }, all = { 0 };
  const MsgUpdate *update;

  g_array_set_size (f->told, 0);
  pin_got (f, f->ann, chat, id, true, true, &pinned);
  g_assert_cmpuint (pinned.written.count, ==, 0);
  g_assert_cmpuint (pinned.written.chat_count, ==, 1);
  g_assert_cmpuint (f->told->len, ==, 1);
  msg_updates_chat_difference (f->bench.core, f->bob, chat, pinned.written.chat_pts - 1, 10, on_difference, &all);
  bench_wait (&f->bench, &all.answer);
  update = all.updates->pdata[0];
  g_assert_cmpint (update->type, ==, MSG_UPDATE_PINNED);
  g_assert_cmpint (update->message->id, ==, id);
  assert_pinned (f, f->bob, chat, "2 ", id);
}

/* who comes later to a group does not see what was pinned before, nor who has deleted it for themselves */
static void
test_unseen (Chats *f, gconstpointer data)
{
  MsgId chat = chats_group (f, f->ann, &f->bob, 1);
  int64_t id = chats_send (f, f->ann, chat, 1, "hello");
  g_auto (Got) added = { 0 }, hidden = { 0 };

  pin (f, f->ann, chat, id, true);
  msg_chat_invite (f->bench.core, f->ann, chat, &f->eve, 1, on_written, &added);
  bench_wait (&f->bench, &added.answer);
  g_assert_no_error (added.answer.error);
  assert_pinned (f, f->eve, chat, "", 0);
  assert_pinned (f, f->bob, chat, "2 ", id);
  msg_message_delete (f->bench.core, f->bob, chat, &id, 1, false, on_written, &hidden);
  bench_wait (&f->bench, &hidden.answer);
  assert_pinned (f, f->bob, chat, "", 0);
  g_array_set_size (f->told, 0);
  pin (f, f->ann, chat, id, false);
  g_assert_cmpuint (f->told->len, ==, 1);
  g_assert_cmpint (g_array_index (f->told, Told, 0).user_id, ==, f->ann);
}

static void
block (Chats *f, MsgId user, MsgId other, bool on)
{
  g_auto (Answer) answer = { 0 };

  (on ? msg_block_put : msg_block_drop) (f->bench.core, user, other, on_done, &answer);
  bench_wait (&f->bench, &answer);
  g_assert_no_error (answer.error);
}

static unsigned
n_told (const Chats *f, MsgId user)
{
  unsigned n = 0;

  for (unsigned i = 0; i < f->told->len; i++)
    n += g_array_index (f->told, Told, i).user_id == user;
  return n;
}

/* what who is blocked pins and takes off is so for them alone */
static void
test_withheld (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  int64_t one = chats_send (f, f->bob, chat, 1, "one"), two = chats_send (f, f->bob, chat, 2, "two");
  g_auto (Got) said = { 0 }, of_bob = { 0 };

  pin (f, f->ann, chat, one, true);
  block (f, f->bob, f->ann, true);
  g_array_set_size (f->told, 0);
  pin_got (f, f->ann, chat, two, true, false, &said);
  g_assert_no_error (said.answer.error);
  g_assert_cmpuint (said.written.count, ==, 2);
  pin (f, f->ann, chat, one, false);
  g_assert_cmpuint (n_told (f, f->bob), ==, 0);
  assert_pinned (f, f->ann, chat, "2 ", two);
  assert_pinned (f, f->bob, chat, "1 ", one);
  chats_history (f, f->bob, chat, MSG_HISTORY_BEFORE, G_MAXINT64, 10, &of_bob);
  g_assert_cmpuint (of_bob.messages->len, ==, 2);
  pin (f, f->ann, chat, one, true); /* now both have it again */
  assert_pinned (f, f->ann, chat, "2 1 ", two);
  assert_pinned (f, f->bob, chat, "1 ", one);
  pin (f, f->bob, chat, two, true);
  assert_pinned (f, f->bob, chat, "2 1 ", two);
  block (f, f->bob, f->ann, false);
  pin (f, f->ann, chat, two, false);
  assert_pinned (f, f->bob, chat, "1 ", one);
  assert_pinned (f, f->ann, chat, "1 ", one);
}

#define ADD(name, fn) g_test_add ("/messaging/message-pin/" name, Chats, NULL, chats_set_up, fn, chats_tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  ADD ("pin", test_pin);
  ADD ("refused", test_refused);
  ADD ("many", test_many);
  ADD ("supergroup", test_supergroup);
  ADD ("unseen", test_unseen);
  ADD ("withheld", test_withheld);
  return g_test_run ();
}
