/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody who is blocked can do to who has blocked them: nothing, and they do not see that it is so. */
#include "chat-harness.h"
#include "messaging/privacy.h"

static void
block (Chats *f, MsgId user, MsgId other, bool on)
{
  g_auto (Answer) answer = { 0 };

  (on ? msg_block_put : msg_block_drop) (f->bench.core, user, other, on_done, &answer);
  bench_wait (&f->bench, &answer);
  g_assert_no_error (answer.error);
}

static void
on_privacy (const MsgPrivacy *privacy, const GError *error, gpointer data)
{
  answer_take (data, error);
}

static void
choose (Chats *f, MsgId user, MsgAudience groups)
{
  g_auto (Answer) answer = { 0 };

  msg_privacy_set (f->bench.core, user, &(MsgPrivacy){ 0, groups }, MSG_PRIVACY_GROUPS, on_privacy, &answer);
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

/* a message of the blocked: they see it themselves, and nobody else does, then or later */
static void
test_message (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  g_auto (Got) sent = { 0 }, again = { 0 }, of_ann = { 0 }, of_bob = { 0 }, missed = { 0 }, edited = { 0 };
  g_autoptr (MsgChat) seen = NULL, after = NULL;

  block (f, f->bob, f->ann, true);
  chats_send_got (f, f->ann, chat, 1, "hello", &sent);
  g_assert_no_error (sent.answer.error);
  g_assert_cmpint (sent.message->id, ==, 1);
  chats_send_got (f, f->ann, chat, 1, "hello", &again);
  g_assert_cmpint (again.written.pts, ==, sent.written.pts);
  msg_message_edit (f->bench.core, f->ann, chat, 1, "hello!", NULL, on_message, &edited);
  bench_wait (&f->bench, &edited.answer);
  g_assert_no_error (edited.answer.error);
  g_assert_cmpuint (n_told (f, f->bob), ==, 0);
  g_assert_cmpuint (n_told (f, f->ann), ==, 3); /* the chat, the message, the edit */
  chats_difference (f, f->bob, 0, 10, &missed);
  g_assert_cmpuint (missed.updates->len, ==, 0);
  chats_history (f, f->ann, chat, MSG_HISTORY_BEFORE, G_MAXINT64, 10, &of_ann);
  g_assert_cmpuint (of_ann.messages->len, ==, 1);
  seen = chats_get (f, f->bob, chat);
  g_assert_true (seen == NULL || seen->unread == 0);
  /* what was withheld stays so when nobody is blocked any more */
  block (f, f->bob, f->ann, false);
  (void) chats_send (f, f->ann, chat, 2, "are you there?");
  chats_history (f, f->bob, chat, MSG_HISTORY_BEFORE, G_MAXINT64, 10, &of_bob);
  g_assert_cmpuint (of_bob.messages->len, ==, 1);
  g_assert_cmpint (((MsgMessage *) of_bob.messages->pdata[0])->id, ==, 2);
  after = chats_get (f, f->bob, chat);
  g_assert_cmpint (after->unread, ==, 1);
}

/* who has blocked somebody can still write to them */
static void
test_other_way (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  g_auto (Got) of_ann = { 0 };

  block (f, f->bob, f->ann, true);
  (void) chats_send (f, f->bob, chat, 1, "I have blocked you");
  chats_history (f, f->ann, chat, MSG_HISTORY_BEFORE, G_MAXINT64, 10, &of_ann);
  g_assert_cmpuint (of_ann.messages->len, ==, 1);
}

/* in a group of three both stay members, who hear each other: that is the owner's affair */
static void
test_group (Chats *f, gconstpointer data)
{
  MsgId chat = chats_group (f, f->eve, (MsgId[]){ f->ann, f->bob }, 2);
  g_auto (Got) of_bob = { 0 };

  block (f, f->bob, f->ann, true);
  (void) chats_send (f, f->ann, chat, 1, "hello");
  chats_history (f, f->bob, chat, MSG_HISTORY_BEFORE, G_MAXINT64, 1, &of_bob);
  g_assert_cmpstr (((MsgMessage *) of_bob.messages->pdata[0])->text, ==, "hello");
}

typedef struct {
  Answer answer;
  unsigned n;
} Heard;

static void
on_audience (GArray *users, const GError *error, gpointer data)
{
  Heard *heard = data;

  answer_take (&heard->answer, error);
  heard->n = users != NULL ? users->len : G_MAXUINT;
}

static void
test_typing (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);

  for (unsigned blocked = 0; blocked < 2; blocked++)
    {
      Heard heard = { 0 };

      block (f, f->bob, f->ann, blocked);
      msg_chat_audience (f->bench.core, f->ann, chat, on_audience, &heard);
      bench_wait (&f->bench, &heard.answer);
      g_assert_cmpuint (heard.n, ==, 1 - blocked);
      answer_clear (&heard.answer);
    }
}

/* into a group, when it is made and later */
static void
add (Chats *f, MsgId actor, MsgId chat, MsgId user, bool allowed)
{
  const MsgChatSpec spec = { .kind = MSG_CHAT_GROUP, .title = "Group", .members = &user, .n_members = 1 };
  g_auto (Got) made = { 0 }, invited = { 0 };

  msg_chat_create (f->bench.core, actor, &spec, on_chat, &made);
  bench_wait (&f->bench, &made.answer);
  msg_chat_invite (f->bench.core, actor, chat, &user, 1, on_written, &invited);
  bench_wait (&f->bench, &invited.answer);
  if (allowed)
    {
      g_assert_no_error (made.answer.error);
      g_assert_no_error (invited.answer.error);
      return;
    }
  assert_reason (&made.answer, MSG_ERROR_FORBIDDEN, "privacy");
  assert_reason (&invited.answer, MSG_ERROR_FORBIDDEN, "privacy");
}

static void
test_add (Chats *f, gconstpointer data)
{
  MsgId of_ann = chats_group (f, f->ann, NULL, 0), of_eve = chats_group (f, f->eve, NULL, 0);

  block (f, f->bob, f->ann, true);
  add (f, f->ann, of_ann, f->bob, false);
  block (f, f->bob, f->ann, false);
  choose (f, f->bob, MSG_AUDIENCE_NOBODY);
  add (f, f->eve, of_eve, f->bob, false);
  /* known is also whom one has written to: not who merely writes */
  choose (f, f->bob, MSG_AUDIENCE_KNOWN);
  (void) chats_send (f, f->eve, chats_open (f, f->eve, f->bob), 1, "hello");
  add (f, f->eve, of_eve, f->bob, false);
  (void) chats_send (f, f->bob, chats_open (f, f->eve, f->bob), 1, "hello");
  add (f, f->eve, of_eve, f->bob, true);
}

#define ADD(name, fn) g_test_add ("/messaging/withheld/" name, Chats, NULL, chats_set_up, fn, chats_tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  ADD ("message", test_message);
  ADD ("other-way", test_other_way);
  ADD ("group", test_group);
  ADD ("typing", test_typing);
  ADD ("add", test_add);
  return g_test_run ();
}
