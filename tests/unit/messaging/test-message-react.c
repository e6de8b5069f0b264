/* SPDX-License-Identifier: Apache-2.0 */
#include "chat-harness.h"
#include "messaging/chat-join.h"
#include "messaging/message-react.h"
#include "messaging/privacy.h"

#define UP "\U0001F44D"
#define HEART "\u2764\uFE0F"

static void
react_got (Chats *f, MsgId user, MsgId chat, int64_t id, const char *emoji, Got *got)
{
  msg_message_react (f->bench.core, user, chat, id, emoji, on_written, got);
  bench_wait (&f->bench, &got->answer);
}

static void
react (Chats *f, MsgId user, MsgId chat, int64_t id, const char *emoji)
{
  g_auto (Got) got = { 0 };

  react_got (f, user, chat, id, emoji, &got);
  g_assert_no_error (got.answer.error);
}

/* What @user sees at a message: "emoji count", the own one in brackets. */
static char *
see (Chats *f, MsgId user, MsgId chat, int64_t id)
{
  g_auto (Got) got = { 0 };
  GString *text = g_string_new (NULL);
  const MsgMessage *message;

  chats_history (f, user, chat, MSG_HISTORY_BEFORE, id + 1, 1, &got);
  g_assert_no_error (got.answer.error);
  message = got.messages->pdata[0];
  g_assert_cmpint (message->id, ==, id);
  for (unsigned i = 0; message->reactions != NULL && i < message->reactions->len; i++)
    {
      const MsgReaction *reaction = &g_array_index (message->reactions, MsgReaction, i);

      g_string_append_printf (text, reaction->own ? "[%s %u]" : "%s %u;", reaction->emoji, reaction->count);
    }
  return g_string_free (text, FALSE);
}

static void
assert_sees (Chats *f, MsgId user, MsgId chat, int64_t id, const char *expected)
{
  g_autofree char *seen = see (f, user, chat, id);

  g_assert_cmpstr (seen, ==, expected);
}

typedef struct {
  Answer answer;
  GString *text;
} Reactors;

static void
on_reactors (GPtrArray *reactors, const GError *error, gpointer data)
{
  Reactors *got = data;

  answer_take (&got->answer, error);
  for (unsigned i = 0; reactors != NULL && i < reactors->len; i++)
    {
      const MsgReactor *reactor = reactors->pdata[i];

      g_string_append_printf (got->text, "%s %s;", reactor->user->username, reactor->emoji);
    }
}

/* Returns: (transfer full): how many with whom, or the reason why not */
static char *
ask_reactors (Chats *f, MsgId user, MsgId chat, int64_t id, MsgId after, unsigned limit)
{
  Reactors got = { .text = g_string_new (NULL) };

  msg_message_get_reactors (f->bench.core, user, chat, id, after, limit, on_reactors, &got);
  bench_wait (&f->bench, &got.answer);
  if (got.answer.error != NULL)
    g_string_assign (got.text, msg_error_get_reason (got.answer.error));
  answer_clear (&got.answer);
  return g_string_free (got.text, FALSE);
}

static void
test_one_each (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  int64_t id = chats_send (f, f->ann, chat, 1, "hello");
  g_auto (Got) first = { 0 }, same = { 0 }, last = { 0 };

  g_array_set_size (f->told, 0);
  react_got (f, f->bob, chat, id, UP, &first);
  g_assert_cmpuint (first.written.count, ==, 1);
  g_assert_cmpuint (f->told->len, ==, 2);
  g_assert_cmpint (g_array_index (f->told, Told, 0).type, ==, MSG_UPDATE_REACTIONS);
  g_assert_cmpint (g_array_index (f->told, Told, 0).message_id, ==, id);
  react_got (f, f->bob, chat, id, UP, &same);
  g_assert_cmpuint (same.written.count, ==, 0);
  g_assert_cmpint (same.written.pts, ==, first.written.pts);
  assert_sees (f, f->bob, chat, id, "[" UP " 1]");
  assert_sees (f, f->ann, chat, id, UP " 1;");
  react (f, f->ann, chat, id, UP);
  assert_sees (f, f->ann, chat, id, "[" UP " 2]");
  /* a second takes the place of the first; written otherwise it is the same */
  react (f, f->bob, chat, id, "\u2764");
  assert_sees (f, f->bob, chat, id, UP " 1;[" HEART " 1]");
  react (f, f->ann, chat, id, NULL);
  bench_reopen (&f->bench);
  assert_sees (f, f->ann, chat, id, HEART " 1;");
  react_got (f, f->bob, chat, id, NULL, &last);
  assert_sees (f, f->bob, chat, id, "");
}

static void
test_refused (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  int64_t id = chats_send (f, f->ann, chat, 1, "hello");
  g_auto (Got) text = { 0 }, missing = { 0 }, stranger = { 0 }, gone = { 0 }, deleted = { 0 };

  react_got (f, f->bob, chat, id, "no", &text);
  assert_reason (&text.answer, MSG_ERROR_INVALID, "emoji");
  react_got (f, f->bob, chat, 77, UP, &missing);
  assert_reason (&missing.answer, MSG_ERROR_NOT_FOUND, "message");
  react_got (f, f->eve, chat, id, UP, &stranger);
  assert_reason (&stranger.answer, MSG_ERROR_NOT_FOUND, "chat");
  react (f, f->bob, chat, id, UP);
  msg_message_delete (f->bench.core, f->ann, chat, &id, 1, true, on_written, &gone);
  bench_wait (&f->bench, &gone.answer);
  g_assert_no_error (gone.answer.error);
  react_got (f, f->bob, chat, id, HEART, &deleted);
  assert_reason (&deleted.answer, MSG_ERROR_NOT_FOUND, "message");
}

/* no more than so many different ones, each of a user who has left the others alone */
static void
test_many (Chats *f, gconstpointer data)
{
  MsgId chat = chats_make (f, MSG_CHAT_SUPERGROUP, f->ann, &f->bob, 1);
  int64_t id = chats_send (f, f->ann, chat, 1, "hello");
  g_auto (Got) over = { 0 };
  char emoji[8] = { 0 };

  for (unsigned i = 0; i < MSG_REACTIONS_MAX; i++)
    {
      g_autofree char *name = g_strdup_printf ("user%u", i);
      MsgId user = chats_user (f, name, 10 + i);
      g_auto (Got) added = { 0 };

      msg_chat_invite (f->bench.core, f->ann, chat, &user, 1, on_written, &added);
      bench_wait (&f->bench, &added.answer);
      g_assert_no_error (added.answer.error);
      emoji[g_unichar_to_utf8 (0x1f600 + i, emoji)] = '\0';
      react (f, user, chat, id, emoji);
    }
  react_got (f, f->bob, chat, id, UP, &over);
  assert_reason (&over.answer, MSG_ERROR_LIMIT, "too_many_reactions");
  react (f, f->bob, chat, id, emoji); /* one that is there */
}

static const MsgUpdate *
last_of (const Got *got)
{
  g_assert_no_error (got->answer.error);
  g_assert_cmpuint (got->updates->len, >, 0);
  return got->updates->pdata[got->updates->len - 1];
}

static void
test_difference (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  int64_t id = chats_send (f, f->ann, chat, 1, "hello");
  g_auto (Got) of_bob = { 0 }, of_ann = { 0 }, gone = { 0 }, after = { 0 };
  const MsgUpdate *update;

  react (f, f->bob, chat, id, UP);
  bench_reopen (&f->bench);
  chats_difference (f, f->bob, 0, 10, &of_bob);
  update = last_of (&of_bob);
  g_assert_cmpint (update->type, ==, MSG_UPDATE_REACTIONS);
  g_assert_true (update->has_own);
  g_assert_false (update->own_alone);
  g_assert_cmpstr (msg_reactions_get_own (update->message->reactions), ==, UP);
  chats_difference (f, f->ann, 0, 10, &of_ann);
  update = last_of (&of_ann);
  g_assert_cmpint (update->type, ==, MSG_UPDATE_REACTIONS);
  g_assert_false (update->has_own);
  g_assert_cmpint (update->user_id, ==, f->bob);
  g_assert_cmpuint (update->message->reactions->len, ==, 1);
  g_assert_null (msg_reactions_get_own (update->message->reactions));
  /* of a message that is gone it tells that alone */
  msg_message_delete (f->bench.core, f->ann, chat, &id, 1, true, on_written, &gone);
  bench_wait (&f->bench, &gone.answer);
  chats_difference (f, f->ann, 2, 1, &after);
  g_assert_cmpint (last_of (&after)->type, ==, MSG_UPDATE_MESSAGE_DELETED);
}

/* a row of the chat's log for all, and one of the user's own that says whose it is */
static void
test_channel (Chats *f, gconstpointer data)
{
  MsgId chat = chats_make (f, MSG_CHAT_CHANNEL, f->ann, &f->bob, 1);
  int64_t id = chats_send (f, f->ann, chat, 1, "news");
  g_auto (Got) got = { 0 }, all = { 0 }, own = { 0 }, restricted = { 0 };
  const MsgUpdate *update;

  react_got (f, f->bob, chat, id, UP, &got);
  g_assert_no_error (got.answer.error);
  g_assert_cmpuint (got.written.count, ==, 1);
  g_assert_cmpuint (got.written.chat_count, ==, 1);
  msg_updates_chat_difference (f->bench.core, f->ann, chat, got.written.chat_pts - 1, 10, on_difference, &all);
  bench_wait (&f->bench, &all.answer);
  update = last_of (&all);
  g_assert_cmpint (update->type, ==, MSG_UPDATE_REACTIONS);
  g_assert_cmpint (update->user_id, ==, 0);
  g_assert_false (update->has_own);
  chats_difference (f, f->bob, got.written.pts - 1, 10, &own);
  g_assert_true (last_of (&own)->has_own);
  g_assert_true (last_of (&own)->own_alone);
  g_assert_cmpstr (msg_reactions_get_own (last_of (&own)->message->reactions), ==, UP);
  /* who has is for its admins to see */
  {
    g_autofree char *of_bob = ask_reactors (f, f->bob, chat, id, 0, 10), *of_ann = ask_reactors (f, f->ann, chat, id, 0, 10);

    g_assert_cmpstr (of_bob, ==, "admin_only");
    g_assert_cmpstr (of_ann, ==, "bob " UP ";");
  }
}

static void
test_restricted (Chats *f, gconstpointer data)
{
  const MsgId members[] = { f->bob, f->eve };
  MsgId chat = chats_group (f, f->ann, members, 2);
  int64_t id = chats_send (f, f->ann, chat, 1, "hello");
  const MsgChatChange quiet = { .has_permissions = true, .permissions = 0 };
  g_auto (Got) updated = { 0 }, muted = { 0 }, held = { 0 }, slowed = { 0 };

  msg_chat_update (f->bench.core, f->ann, chat, &quiet, on_written, &updated);
  bench_wait (&f->bench, &updated.answer);
  react (f, f->bob, chat, id, UP); /* where members may not write */
  chats_stand (f, f->ann, chat, f->eve, MSG_ROLE_RESTRICTED, 0, 0, &muted);
  react_got (f, f->eve, chat, id, UP, &held);
  assert_reason (&held.answer, MSG_ERROR_FORBIDDEN, "restricted");
  chats_stand (f, f->ann, chat, f->eve, MSG_ROLE_RESTRICTED, MSG_RIGHT_SEND, 0, &slowed);
  react (f, f->eve, chat, id, UP);
}

static void
test_reactors (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  int64_t id = chats_send (f, f->ann, chat, 1, "hello");
  MsgId first = MIN (f->ann, f->bob);
  g_autofree char *expected = g_strdup_printf ("%s;", first == f->ann ? "bob " HEART : "ann " UP), *second = NULL;
  g_autofree char *all = NULL, *limit = NULL, *stranger = NULL, *missing = NULL;

  react (f, f->ann, chat, id, UP);
  react (f, f->bob, chat, id, HEART);
  all = ask_reactors (f, f->ann, chat, id, 0, 10);
  g_assert_cmpstr (all, ==, first == f->ann ? "ann " UP ";bob " HEART ";" : "bob " HEART ";ann " UP ";");
  second = ask_reactors (f, f->ann, chat, id, first, 10);
  g_assert_cmpstr (second, ==, expected);
  limit = ask_reactors (f, f->ann, chat, id, 0, 101);
  g_assert_cmpstr (limit, ==, "limit");
  stranger = ask_reactors (f, f->eve, chat, id, 0, 10);
  g_assert_cmpstr (stranger, ==, "chat");
  missing = ask_reactors (f, f->ann, chat, 9, 0, 10);
  g_assert_cmpstr (missing, ==, "message");
}

static void
block (Chats *f, MsgId user, MsgId other, bool on)
{
  g_auto (Answer) answer = { 0 };

  (on ? msg_block_put : msg_block_drop) (f->bench.core, user, other, on_done, &answer);
  bench_wait (&f->bench, &answer);
  g_assert_no_error (answer.error);
}

/* What was told live of reactions last to whom it is not own: "emoji count" */
typedef struct {
  GString *text;
} Live;

static void
on_live (const MsgUpdate *update, gpointer data)
{
  Live *live = data;

  if (update->type != MSG_UPDATE_REACTIONS || update->has_own)
    return;
  g_string_truncate (live->text, 0);
  for (unsigned i = 0; i < update->message->reactions->len; i++)
    {
      const MsgReaction *reaction = &g_array_index (update->message->reactions, MsgReaction, i);

      g_assert_false (reaction->own);
      g_string_append_printf (live->text, "%s %u;", reaction->emoji, reaction->count);
    }
}

/* what is told live is what the others see */
static void
test_live (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  int64_t id = chats_send (f, f->bob, chat, 1, "one");
  Live live = { g_string_new (NULL) };

  msg_core_set_update_fn (f->bench.core, on_live, &live);
  react (f, f->ann, chat, id, UP);
  g_assert_cmpstr (live.text->str, ==, UP " 1;");
  react (f, f->bob, chat, id, UP);
  g_assert_cmpstr (live.text->str, ==, UP " 2;");
  block (f, f->bob, f->ann, true);
  react (f, f->ann, chat, id, HEART);
  g_assert_cmpstr (live.text->str, ==, UP " 1;");
  msg_core_set_update_fn (f->bench.core, NULL, NULL);
  g_string_free (live.text, TRUE);
}

/* who is blocked sees their reaction as ever; the other hears of nothing but of one that is taken back */
static void
test_withheld (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  int64_t one = chats_send (f, f->bob, chat, 1, "one"), two = chats_send (f, f->bob, chat, 2, "two");
  g_auto (Got) before = { 0 }, same = { 0 }, after = { 0 };
  g_autofree char *reactors = NULL;

  react (f, f->ann, chat, one, UP);
  block (f, f->bob, f->ann, true);
  chats_difference (f, f->bob, 0, 100, &before);
  react (f, f->ann, chat, two, UP);
  react (f, f->bob, chat, two, UP);
  assert_sees (f, f->ann, chat, two, "[" UP " 2]");
  assert_sees (f, f->bob, chat, two, "[" UP " 1]");
  react_got (f, f->ann, chat, two, UP, &same);
  g_assert_cmpuint (same.written.count, ==, 0);
  reactors = ask_reactors (f, f->bob, chat, two, 0, 10);
  g_assert_cmpstr (reactors, ==, "bob " UP ";");
  chats_difference (f, f->bob, 0, 100, &after);
  g_assert_cmpuint (after.updates->len, ==, before.updates->len + 1); /* his own */
  react (f, f->ann, chat, one, HEART);
  assert_sees (f, f->ann, chat, one, "[" HEART " 1]");
  assert_sees (f, f->bob, chat, one, "");
  /* what was withheld stays so, until she reacts again */
  block (f, f->bob, f->ann, false);
  assert_sees (f, f->bob, chat, one, "");
  react (f, f->ann, chat, one, HEART);
  assert_sees (f, f->bob, chat, one, HEART " 1;");
}

/* an edit changes the text alone; a supergroup that was a group keeps what was there */
static void
test_stay (Chats *f, gconstpointer data)
{
  MsgId chat = chats_group (f, f->ann, &f->bob, 1);
  int64_t id = chats_send (f, f->ann, chat, 1, "hello");
  g_auto (Got) edited = { 0 }, migrated = { 0 };

  react (f, f->bob, chat, id, UP);
  msg_message_edit (f->bench.core, f->ann, chat, id, "hullo", NULL, on_message, &edited);
  bench_wait (&f->bench, &edited.answer);
  g_assert_cmpuint (edited.message->reactions->len, ==, 1);
  msg_chat_migrate (f->bench.core, f->ann, chat, on_written, &migrated);
  bench_wait (&f->bench, &migrated.answer);
  g_assert_no_error (migrated.answer.error);
  assert_sees (f, f->bob, chat, id, "[" UP " 1]");
  react (f, f->bob, chat, id, HEART);
  assert_sees (f, f->ann, chat, id, HEART " 1;");
}

#define ADD(name, fn) g_test_add ("/messaging/message-react/" name, Chats, NULL, chats_set_up, fn, chats_tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  ADD ("one-each", test_one_each);
  ADD ("refused", test_refused);
  ADD ("many", test_many);
  ADD ("difference", test_difference);
  ADD ("channel", test_channel);
  ADD ("restricted", test_restricted);
  ADD ("reactors", test_reactors);
  ADD ("withheld", test_withheld);
  ADD ("live", test_live);
  ADD ("stay", test_stay);
  return g_test_run ();
}
