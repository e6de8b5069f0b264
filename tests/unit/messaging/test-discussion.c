/* SPDX-License-Identifier: Apache-2.0 */
/* A channel and the supergroup in which its posts are talked about. */
#include "due-harness.h"

#include "messaging/account-end.h"
#include "messaging/search.h"

#define MINUTE_MS (60 * 1000)

static void
set_link (Chats *f, MsgId user, MsgId chat, MsgId linked, Got *got)
{
  const MsgChatChange change = { .has_linked = true, .linked_id = linked };

  msg_chat_update (f->bench.core, user, chat, &change, on_written, got);
  bench_wait (&f->bench, &got->answer);
}

static void
link_ok (Chats *f, MsgId user, MsgId chat, MsgId linked)
{
  g_auto (Got) got = { 0 };

  set_link (f, user, chat, linked, &got);
  g_assert_no_error (got.answer.error);
}

static void
link_fails (Chats *f, MsgId user, MsgId chat, MsgId linked, MsgError code, const char *reason)
{
  g_auto (Got) got = { 0 };

  set_link (f, user, chat, linked, &got);
  assert_reason (&got.answer, code, reason);
}

/* Returns: (transfer full) (nullable): as @user reads it */
static MsgMessage *
read_one (Chats *f, MsgId user, MsgId chat, int64_t id)
{
  g_auto (Got) got = { 0 };

  chats_history (f, user, chat, MSG_HISTORY_BEFORE, id + 1, 1, &got);
  g_assert_no_error (got.answer.error);
  if (got.messages->len == 0 || ((MsgMessage *) got.messages->pdata[0])->id != id)
    return NULL;
  return msg_message_copy (got.messages->pdata[0]);
}

static int64_t
reply (Chats *f, MsgId user, MsgId chat, int64_t to, uint8_t random)
{
  const MsgSending sending = { .user_id = user, .chat_id = chat, .random_id = { random }, .text = "a comment",
                               .reply_to = to };
  g_auto (Got) got = { 0 };

  msg_message_send (f->bench.core, &sending, on_message, &got);
  bench_wait (&f->bench, &got.answer);
  g_assert_no_error (got.answer.error);
  return got.message->id;
}

static void
delete_one (Chats *f, MsgId user, MsgId chat, int64_t id, MsgWritten *ret_written)
{
  g_auto (Got) got = { 0 };

  msg_message_delete (f->bench.core, user, chat, &id, 1, true, on_written, &got);
  bench_wait (&f->bench, &got.answer);
  g_assert_no_error (got.answer.error);
  *ret_written = got.written;
}

typedef struct {
  MsgId channel, group;
} Pair;

static Pair
make_pair (Chats *f)
{
  const Pair pair = { chats_make (f, MSG_CHAT_CHANNEL, f->ann, &f->bob, 1),
                      chats_make (f, MSG_CHAT_SUPERGROUP, f->ann, &f->bob, 1) };

  link_ok (f, f->ann, pair.channel, pair.group);
  return pair;
}

/* in one transaction, told in both logs, and the answer is about the channel; a retry writes neither again */
static void
test_post (Chats *f, gconstpointer data)
{
  Pair pair = make_pair (f);
  g_autoptr (MsgChat) channel = chats_get (f, f->bob, pair.channel), group = chats_get (f, f->bob, pair.group);
  g_autoptr (MsgMessage) copy = NULL, commented = NULL, uncommented = NULL;
  g_autofree char *id = NULL;
  g_auto (Got) first = { 0 }, again = { 0 };
  MsgWritten written;
  int64_t comment;

  g_assert_cmpint (channel->linked_id, ==, pair.group);
  g_assert_cmpint (group->linked_id, ==, pair.channel);
  g_array_set_size (f->told, 0);
  chats_send_got (f, f->ann, pair.channel, 1, "news", &first);
  g_assert_no_error (first.answer.error);
  g_assert_cmpint (first.written.chat_pts, ==, channel->pts + 1);
  g_assert_cmpuint (first.written.chat_count, ==, 1);
  g_assert_cmpint (first.message->discussion_chat, ==, pair.group);
  g_assert_cmpint (first.message->comments, ==, 0);
  g_assert_cmpuint (f->told->len, ==, 2);
  g_assert_cmpint (g_array_index (f->told, Told, 1).chat_id, ==, pair.group);
  g_assert_cmpint (g_array_index (f->told, Told, 1).pts, ==, group->pts + 1);
  copy = read_one (f, f->bob, pair.group, first.message->discussion_id);
  g_assert_cmpstr (copy->text, ==, "news");
  id = g_strdup_printf ("\"messageId\":\"%" G_GINT64_FORMAT "\"", first.message->id);
  g_assert_nonnull (strstr (copy->forward, id));
  g_assert_cmpint (copy->discussion_id, ==, 0);
  chats_send_got (f, f->ann, pair.channel, 1, "news", &again);
  g_assert_cmpint (again.message->id, ==, first.message->id);
  g_assert_cmpint (again.written.chat_pts, ==, first.written.chat_pts);
  g_assert_cmpuint (f->told->len, ==, 2);
  comment = reply (f, f->bob, pair.group, copy->id, 2);
  (void) reply (f, f->bob, pair.group, copy->id, 3);
  (void) reply (f, f->bob, pair.group, comment, 4); /* answers the comment */
  commented = read_one (f, f->bob, pair.channel, first.message->id);
  g_assert_cmpint (commented->comments, ==, 2);
  delete_one (f, f->bob, pair.group, comment, &written);
  uncommented = read_one (f, f->bob, pair.channel, first.message->id);
  g_assert_cmpint (uncommented->comments, ==, 1);
}

static void
test_edit (Chats *f, gconstpointer data)
{
  Pair pair = make_pair (f);
  g_auto (Got) post = { 0 }, edit = { 0 }, of_copy = { 0 };
  g_autoptr (MsgMessage) copy = NULL;

  chats_send_got (f, f->ann, pair.channel, 1, "nwes", &post);
  msg_message_edit (f->bench.core, f->ann, pair.channel, post.message->id, "news", NULL, on_message, &edit);
  bench_wait (&f->bench, &edit.answer);
  g_assert_no_error (edit.answer.error);
  g_assert_cmpint (edit.written.chat_pts, ==, post.written.chat_pts + 1);
  copy = read_one (f, f->bob, pair.group, post.message->discussion_id);
  g_assert_cmpstr (copy->text, ==, "news");
  g_assert_cmpint (copy->edited_ms, >, 0);
  msg_message_edit (f->bench.core, f->ann, pair.group, copy->id, "other", NULL, on_message, &of_copy);
  bench_wait (&f->bench, &of_copy.answer);
  assert_reason (&of_copy.answer, MSG_ERROR_FORBIDDEN, "not_author");
}

/* by hand, or at its time: the copy goes with the post; the post stays when the copy goes */
static void
test_delete (Chats *f, gconstpointer data)
{
  Pair pair = make_pair (f);
  const MsgSending timed = { .user_id = f->ann, .chat_id = pair.channel, .random_id = { 9 }, .text = "soon over",
                             .ttl_ms = MINUTE_MS };
  g_auto (Got) by_hand = { 0 }, by_time = { 0 }, stays = { 0 };
  g_autoptr (MsgMessage) copy = NULL, timed_copy = NULL, post = NULL;
  MsgWritten written;

  chats_send_got (f, f->ann, pair.channel, 1, "by hand", &by_hand);
  msg_message_send (f->bench.core, &timed, on_message, &by_time);
  bench_wait (&f->bench, &by_time.answer);
  chats_send_got (f, f->ann, pair.channel, 2, "stays", &stays);
  delete_one (f, f->ann, pair.channel, by_hand.message->id, &written);
  g_assert_cmpint (written.chat_pts, ==, stays.written.chat_pts + 1);
  copy = read_one (f, f->bob, pair.group, by_hand.message->discussion_id);
  g_assert_null (copy);
  dues_pass (f, MINUTE_MS);
  timed_copy = read_one (f, f->bob, pair.group, by_time.message->discussion_id);
  g_assert_null (timed_copy);
  delete_one (f, f->ann, pair.group, stays.message->discussion_id, &written);
  post = read_one (f, f->bob, pair.channel, stays.message->id);
  g_assert_cmpstr (post->text, ==, "stays");
  g_assert_cmpint (post->discussion_id, ==, 0);
}

static void
test_rights (Chats *f, gconstpointer data)
{
  MsgId channel = chats_make (f, MSG_CHAT_CHANNEL, f->ann, &f->bob, 1);
  MsgId group = chats_make (f, MSG_CHAT_SUPERGROUP, f->bob, &f->ann, 1);
  MsgId other = chats_make (f, MSG_CHAT_SUPERGROUP, f->bob, NULL, 0), small = chats_group (f, f->eve, &f->ann, 1);
  const MsgChatChange open = { .has_permissions = true, .permissions = MSG_RIGHT_SEND | MSG_RIGHT_INFO };
  g_auto (Got) opened = { 0 }, made = { 0 }, again = { 0 };

  link_fails (f, f->bob, channel, group, MSG_ERROR_FORBIDDEN, "admin_only");
  link_fails (f, f->ann, channel, group, MSG_ERROR_FORBIDDEN, "not_permitted");
  msg_chat_update (f->bench.core, f->bob, group, &open, on_written, &opened);
  bench_wait (&f->bench, &opened.answer);
  g_assert_no_error (opened.answer.error);
  link_fails (f, f->ann, channel, group, MSG_ERROR_FORBIDDEN, "admin_only"); /* members may name it, but not link it */
  link_fails (f, f->ann, channel, other, MSG_ERROR_NOT_FOUND, "chat");
  link_fails (f, f->ann, channel, small, MSG_ERROR_INVALID, "linked_kind");
  link_fails (f, f->ann, channel, channel, MSG_ERROR_INVALID, "linked_kind");
  link_fails (f, f->bob, group, other, MSG_ERROR_INVALID, "linked_kind");
  chats_stand (f, f->bob, group, f->ann, MSG_ROLE_ADMIN, MSG_RIGHT_INFO, 0, &made);
  g_assert_no_error (made.answer.error);
  link_ok (f, f->ann, channel, group);
  set_link (f, f->ann, channel, group, &again);
  g_assert_cmpuint (again.written.chat_count, ==, 0);
  link_fails (f, f->ann, chats_make (f, MSG_CHAT_CHANNEL, f->ann, NULL, 0), group, MSG_ERROR_CONFLICT, "linked_taken");
  link_fails (f, f->eve, channel, 0, MSG_ERROR_NOT_FOUND, "chat");
}

/* from either side; when one of them is gone; what was said stays where it was, posts go nowhere */
static void
test_unlink (Chats *f, gconstpointer data)
{
  Pair pair = make_pair (f);
  MsgId lonely;
  g_auto (Got) post = { 0 }, later = { 0 }, left = { 0 };
  g_autoptr (MsgMessage) copy = NULL, unlinked = NULL;
  g_autoptr (MsgChat) channel = NULL, alone = NULL;

  chats_send_got (f, f->ann, pair.channel, 1, "news", &post);
  link_ok (f, f->ann, pair.group, 0);
  channel = chats_get (f, f->bob, pair.channel);
  g_assert_cmpint (channel->linked_id, ==, 0);
  unlinked = read_one (f, f->bob, pair.channel, post.message->id);
  g_assert_cmpint (unlinked->discussion_id, ==, 0);
  copy = read_one (f, f->bob, pair.group, post.message->discussion_id);
  g_assert_cmpstr (copy->text, ==, "news");
  chats_send_got (f, f->ann, pair.channel, 2, "later", &later);
  g_assert_cmpint (later.message->discussion_id, ==, 0);
  lonely = pair.group;
  link_ok (f, f->ann, pair.channel, lonely);
  {
    g_auto (Got) out = { 0 };

    chats_stand (f, f->ann, lonely, f->bob, MSG_ROLE_BANNED, 0, 0, &out);
    g_assert_no_error (out.answer.error);
  }
  msg_chat_leave (f->bench.core, f->ann, lonely, on_written, &left);
  bench_wait (&f->bench, &left.answer);
  g_assert_no_error (left.answer.error);
  alone = chats_get (f, f->bob, pair.channel);
  g_assert_cmpint (alone->linked_id, ==, 0);
  (void) chats_send (f, f->ann, pair.channel, 3, "to nobody else");
}

/* a channel with an admin who is not in its group */
static Pair
make_strange_pair (Chats *f)
{
  const MsgId members[] = { f->bob, f->eve };
  const Pair pair = { chats_make (f, MSG_CHAT_CHANNEL, f->ann, members, 2),
                      chats_make (f, MSG_CHAT_SUPERGROUP, f->ann, &f->bob, 1) };
  g_auto (Got) got = { 0 };

  chats_stand (f, f->ann, pair.channel, f->eve, MSG_ROLE_ADMIN, MSG_RIGHT_POST, 0, &got);
  g_assert_no_error (got.answer.error);
  link_ok (f, f->ann, pair.channel, pair.group);
  return pair;
}

/* Who is not linked any more writes nothing there, by an edit neither. */
static void
test_edit_after (Chats *f, gconstpointer data)
{
  const Pair pair = make_strange_pair (f);
  g_auto (Got) post = { 0 }, edit = { 0 };
  g_autoptr (MsgMessage) copy = NULL;

  chats_send_got (f, f->eve, pair.channel, 1, "news", &post);
  g_assert_no_error (post.answer.error);
  link_ok (f, f->ann, pair.group, 0);
  msg_message_edit (f->bench.core, f->eve, pair.channel, post.message->id, "other news", NULL, on_message, &edit);
  bench_wait (&f->bench, &edit.answer);
  g_assert_no_error (edit.answer.error);
  copy = read_one (f, f->bob, pair.group, post.message->discussion_id);
  g_assert_cmpstr (copy->text, ==, "news");
}

static void
leave (Chats *f, MsgId user, MsgId chat)
{
  g_auto (Got) got = { 0 };

  msg_chat_leave (f->bench.core, user, chat, on_written, &got);
  bench_wait (&f->bench, &got.answer);
  g_assert_no_error (got.answer.error);
}

static void
on_ended (const GError *error, gpointer data)
{
  answer_take (data, error);
}

/* What a user has written goes with the user from groups that only its posts were copied into, also when those are gone. */
static void
test_erase (Chats *f, gconstpointer data)
{
  const Pair pair = make_strange_pair (f);
  const MsgId others[] = { f->eve, f->bob, f->ann };
  g_auto (Got) post = { 0 }, own = { 0 };
  g_auto (Answer) ended = { 0 };
  g_autoptr (MsgMessage) copy = NULL, kept = NULL;

  chats_send_got (f, f->eve, pair.channel, 1, "private words", &post);
  chats_send_got (f, f->ann, pair.channel, 2, "other words", &own);
  for (unsigned i = 0; i < G_N_ELEMENTS (others); i++)
    leave (f, others[i], pair.channel);
  msg_account_delete (f->bench.core, f->eve, true, on_ended, &ended);
  bench_wait (&f->bench, &ended);
  g_assert_no_error (ended.error);
  bench_wait_ends (&f->bench);
  copy = read_one (f, f->bob, pair.group, post.message->discussion_id);
  kept = read_one (f, f->bob, pair.group, own.message->discussion_id);
  g_assert_null (copy);
  g_assert_cmpstr (kept->text, ==, "other words");
}

static void
protect (Chats *f, MsgId chat, bool on, const char *reason)
{
  const MsgChatChange change = { .has_protected = true, .is_protected = on };
  g_auto (Got) got = { 0 };

  msg_chat_update (f->bench.core, f->ann, chat, &change, on_written, &got);
  bench_wait (&f->bench, &got.answer);
  if (reason == NULL)
    g_assert_no_error (got.answer.error);
  else
    g_assert_cmpstr (msg_error_get_reason (got.answer.error), ==, reason);
}

static void
test_protected (Chats *f, gconstpointer data)
{
  const Pair pair = { chats_make (f, MSG_CHAT_CHANNEL, f->ann, NULL, 0), chats_make (f, MSG_CHAT_SUPERGROUP, f->ann, NULL, 0) };

  protect (f, pair.channel, true, NULL);
  link_fails (f, f->ann, pair.channel, pair.group, MSG_ERROR_CONFLICT, "linked_protected");
  protect (f, pair.group, true, NULL);
  link_ok (f, f->ann, pair.channel, pair.group);
  protect (f, pair.group, false, "linked_protected");
  protect (f, pair.channel, false, NULL);
  protect (f, pair.group, false, NULL);
  protect (f, pair.channel, true, "linked_protected");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add ("/messaging/discussion/" name, Chats, NULL, chats_set_up, test, chats_tear_down)
  ADD ("post", test_post);
  ADD ("edit", test_edit);
  ADD ("delete", test_delete);
  ADD ("rights", test_rights);
  ADD ("unlink", test_unlink);
  ADD ("edit-after", test_edit_after);
  ADD ("erase", test_erase);
  ADD ("protected", test_protected);
  return g_test_run ();
}
