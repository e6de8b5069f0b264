/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/schedule.h"

#include "chat-harness.h"
#include "due-harness.h"

#define MINUTE_MS (60 * 1000)

/* What a callback brought beside what Got holds. */
typedef struct {
  Got got;
  MsgScheduled *scheduled;
  GPtrArray *list;
} Kept;

static void
kept_clear (Kept *kept)
{
  got_clear (&kept->got);
  g_clear_pointer (&kept->scheduled, msg_scheduled_free);
  g_clear_pointer (&kept->list, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Kept, kept_clear)

static void
on_scheduled (const MsgScheduled *scheduled, const MsgMessage *message, const MsgWritten *written, const GError *error,
              gpointer data)
{
  Kept *kept = data;

  g_assert_true ((scheduled == NULL && message == NULL) == (error != NULL));
  g_assert_true (scheduled == NULL || message == NULL);
  answer_take (&kept->got.answer, error);
  kept->scheduled = scheduled != NULL ? msg_scheduled_copy (scheduled) : NULL;
  kept->got.message = message != NULL ? msg_message_copy (message) : NULL;
  if (written != NULL)
    kept->got.written = *written;
}

static void
on_list (GPtrArray *list, const GError *error, gpointer data)
{
  Kept *kept = data;

  answer_take (&kept->got.answer, error);
  if (list == NULL)
    return;
  kept->list = g_ptr_array_new_with_free_func ((GDestroyNotify) msg_scheduled_free);
  for (unsigned i = 0; i < list->len; i++)
    g_ptr_array_add (kept->list, msg_scheduled_copy (list->pdata[i]));
}

static void
add (Chats *f, MsgId user, MsgId chat, uint8_t random, const char *text, int64_t in_ms, Kept *kept)
{
  const MsgSending sending = { .user_id = user, .device_id = 1, .chat_id = chat, .random_id = { random }, .text = text };

  msg_schedule_add (f->bench.core, &sending, f->bench.now_ms + in_ms, on_scheduled, kept);
  bench_wait (&f->bench, &kept->got.answer);
}

/* Returns: its id */
static MsgId
add_ok (Chats *f, MsgId user, MsgId chat, uint8_t random, const char *text, int64_t in_ms)
{
  g_auto (Kept) kept = { 0 };

  add (f, user, chat, random, text, in_ms, &kept);
  g_assert_no_error (kept.got.answer.error);
  g_assert_cmpstr (kept.scheduled->text, ==, text);
  return kept.scheduled->id;
}

static void
list_of (Chats *f, MsgId user, MsgId chat, Kept *kept)
{
  msg_schedule_list (f->bench.core, user, chat, on_list, kept);
  bench_wait (&f->bench, &kept->got.answer);
}

static unsigned
count_of (Chats *f, MsgId user, MsgId chat)
{
  g_auto (Kept) kept = { 0 };

  list_of (f, user, chat, &kept);
  g_assert_no_error (kept.got.answer.error);
  return kept.list->len;
}

static void
edit (Chats *f, MsgId user, MsgId chat, MsgId id, const char *text, int64_t send_ms, Kept *kept)
{
  const MsgScheduleChange change = { .text = text, .send_ms = send_ms };

  msg_schedule_edit (f->bench.core, user, chat, id, &change, on_scheduled, kept);
  bench_wait (&f->bench, &kept->got.answer);
}

/* the texts of a chat as @user sees it, oldest first */
static void
assert_history (Chats *f, MsgId user, MsgId chat, const char *const *texts)
{
  g_auto (Got) got = { 0 };
  unsigned n = g_strv_length ((char **) texts);

  chats_history (f, user, chat, MSG_HISTORY_BEFORE, G_MAXINT64, 100, &got);
  g_assert_no_error (got.answer.error);
  g_assert_cmpuint (got.messages->len, ==, n);
  for (unsigned i = 0; i < n; i++)
    g_assert_cmpstr (((MsgMessage *) got.messages->pdata[n - 1 - i])->text, ==, texts[i]);
}

/* nobody else knows; sent at its time, in the order of times, not before; over a restart */
static void
test_sent (Chats *f, gconstpointer data)
{
  static const char *const none[] = { NULL }, *const first[] = { "soon", NULL },
                           *const all[] = { "soon", "later", "also later", "late", NULL };
  MsgId chat = chats_open (f, f->ann, f->bob);
  g_auto (Got) of_bob = { 0 }, before = { 0 };
  g_auto (Kept) listed = { 0 };

  (void) add_ok (f, f->ann, chat, 1, "late", 60 * MINUTE_MS);
  (void) add_ok (f, f->ann, chat, 2, "later", 30 * MINUTE_MS);
  (void) add_ok (f, f->ann, chat, 3, "soon", MINUTE_MS);
  (void) add_ok (f, f->bob, chat, 3, "also later", 30 * MINUTE_MS);
  list_of (f, f->ann, chat, &listed);
  g_assert_cmpuint (listed.list->len, ==, 3);
  g_assert_cmpstr (((MsgScheduled *) listed.list->pdata[0])->text, ==, "soon");
  dues_pass (f, MINUTE_MS - 1);
  assert_history (f, f->bob, chat, none);
  for (unsigned i = 0; i < f->told->len; i++)
    g_assert_cmpint (g_array_index (f->told, Told, i).type, ==, MSG_UPDATE_SCHEDULED);
  chats_difference (f, f->bob, 0, 100, &before);
  g_assert_cmpuint (before.updates->len, ==, 1); /* his own */
  dues_pass (f, 1);
  assert_history (f, f->bob, chat, first);
  g_assert_cmpuint (count_of (f, f->ann, chat), ==, 2);
  /* the server is away while two more are due */
  bench_close (&f->bench);
  f->bench.now_ms += 120 * MINUTE_MS;
  bench_open (&f->bench);
  dues_pass (f, 0);
  assert_history (f, f->bob, chat, all);
  g_assert_cmpuint (count_of (f, f->ann, chat), ==, 0);
  chats_difference (f, f->bob, 0, 100, &of_bob);
  for (unsigned i = 0, n = 0; i < of_bob.updates->len; i++)
    {
      const MsgUpdate *update = of_bob.updates->pdata[i];

      if (update->type == MSG_UPDATE_MESSAGE_NEW)
        g_assert_cmpint (update->message->at_ms, ==, EPOCH_MS + (n++ == 0 ? MINUTE_MS : 121 * MINUTE_MS));
    }
}

/* the same random_id is the same message: scheduled, sent, or dropped */
static void
test_retry (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob), id;
  g_auto (Kept) again = { 0 }, sent = { 0 }, dropped = { 0 }, late = { 0 };
  g_auto (Got) gone = { 0 }, by_hand = { 0 };

  id = add_ok (f, f->ann, chat, 1, "once", MINUTE_MS);
  add (f, f->ann, chat, 1, "twice", 5 * MINUTE_MS, &again);
  g_assert_cmpint (again.scheduled->id, ==, id);
  g_assert_cmpstr (again.scheduled->text, ==, "once");
  g_assert_cmpuint (again.got.written.count, ==, 0);
  dues_pass (f, MINUTE_MS);
  add (f, f->ann, chat, 1, "once", MINUTE_MS, &sent);
  g_assert_no_error (sent.got.answer.error);
  g_assert_cmpint (sent.got.message->id, ==, 1);
  add (f, f->ann, chat, 1, "once", -MINUTE_MS, &late); /* its time is over */
  g_assert_no_error (late.got.answer.error);
  g_assert_cmpint (sent.got.written.pts, ==, 3); /* scheduled, the chat, the message */
  id = add_ok (f, f->ann, chat, 2, "never", MINUTE_MS);
  msg_schedule_drop (f->bench.core, f->ann, chat, id, on_written, &gone);
  bench_wait (&f->bench, &gone.answer);
  g_assert_cmpuint (gone.written.count, ==, 1);
  add (f, f->ann, chat, 2, "never", MINUTE_MS, &dropped);
  assert_reason (&dropped.got.answer, MSG_ERROR_CONFLICT, "message_deleted");
  dues_pass (f, 25 * 60 * MINUTE_MS); /* what is kept of it for that is gone */
  (void) add_ok (f, f->ann, chat, 2, "after all", MINUTE_MS);
  /* sent by hand under the same random_id: one message */
  chats_send_got (f, f->ann, chat, 2, "by hand", &by_hand);
  g_assert_no_error (by_hand.answer.error);
  dues_pass (f, MINUTE_MS);
  g_assert_cmpuint (count_of (f, f->ann, chat), ==, 0);
  assert_history (f, f->bob, chat, (const char *const[]){ "once", "by hand", NULL });
}

static void
test_changed (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob), id = add_ok (f, f->ann, chat, 1, "helo", MINUTE_MS), other;
  g_auto (Kept) text = { 0 }, time = { 0 }, foreign = { 0 }, past = { 0 }, now = { 0 }, twice = { 0 };
  g_auto (Got) dropped = { 0 }, again = { 0 };

  edit (f, f->ann, chat, id, "hello", 0, &text);
  g_assert_cmpstr (text.scheduled->text, ==, "hello");
  g_assert_cmpint (text.scheduled->send_ms, ==, EPOCH_MS + MINUTE_MS);
  edit (f, f->ann, chat, id, NULL, EPOCH_MS + 3 * MINUTE_MS, &time);
  g_assert_cmpstr (time.scheduled->text, ==, "hello");
  edit (f, f->bob, chat, id, "mine", 0, &foreign);
  assert_reason (&foreign.got.answer, MSG_ERROR_NOT_FOUND, "scheduled");
  edit (f, f->ann, chat, id, NULL, EPOCH_MS, &past);
  assert_reason (&past.got.answer, MSG_ERROR_INVALID, "send_at");
  dues_pass (f, 2 * MINUTE_MS);
  assert_history (f, f->bob, chat, (const char *const[]){ NULL });
  msg_schedule_send (f->bench.core, f->ann, chat, id, on_scheduled, &now);
  bench_wait (&f->bench, &now.got.answer);
  g_assert_cmpstr (now.got.message->text, ==, "hello");
  msg_schedule_send (f->bench.core, f->ann, chat, id, on_scheduled, &twice);
  bench_wait (&f->bench, &twice.got.answer);
  assert_reason (&twice.got.answer, MSG_ERROR_NOT_FOUND, "scheduled");
  other = add_ok (f, f->ann, chat, 2, "not this one", MINUTE_MS);
  msg_schedule_drop (f->bench.core, f->bob, chat, other, on_written, &again); /* not his */
  bench_wait (&f->bench, &again.answer);
  g_assert_cmpuint (count_of (f, f->ann, chat), ==, 1);
  msg_schedule_drop (f->bench.core, f->ann, chat, other, on_written, &dropped);
  bench_wait (&f->bench, &dropped.answer);
  dues_pass (f, 10 * MINUTE_MS);
  assert_history (f, f->bob, chat, (const char *const[]){ "hello", NULL });
}

/* what may not be sent any more is told to its author, kept, and sent when it may again */
static void
test_failed (Chats *f, gconstpointer data)
{
  MsgId chat = chats_group (f, f->ann, &f->bob, 1), id = add_ok (f, f->bob, chat, 1, "hello", MINUTE_MS);
  g_auto (Got) banned = { 0 }, lifted = { 0 }, back = { 0 }, seen = { 0 };
  g_auto (Kept) list = { 0 }, refused = { 0 }, sent = { 0 };
  const MsgUpdate *last;

  chats_stand (f, f->ann, chat, f->bob, MSG_ROLE_BANNED, 0, 0, &banned);
  dues_pass (f, MINUTE_MS);
  list_of (f, f->bob, chat, &list);
  g_assert_cmpuint (list.list->len, ==, 1);
  g_assert_cmpstr (((MsgScheduled *) list.list->pdata[0])->failed, ==, "banned");
  chats_difference (f, f->bob, 0, 100, &seen);
  last = seen.updates->pdata[seen.updates->len - 1];
  g_assert_cmpint (last->type, ==, MSG_UPDATE_SCHEDULED);
  g_assert_cmpstr (last->scheduled->failed, ==, "banned");
  g_assert_cmpint (last->up_to, ==, id);
  msg_schedule_send (f->bench.core, f->bob, chat, id, on_scheduled, &refused);
  bench_wait (&f->bench, &refused.got.answer);
  assert_reason (&refused.got.answer, MSG_ERROR_FORBIDDEN, "banned");
  dues_pass (f, MINUTE_MS); /* not tried again by itself */
  chats_stand (f, f->ann, chat, f->bob, MSG_ROLE_LEFT, 0, 0, &lifted);
  msg_chat_invite (f->bench.core, f->ann, chat, &f->bob, 1, on_written, &back);
  bench_wait (&f->bench, &back.answer);
  g_assert_no_error (back.answer.error);
  edit (f, f->bob, chat, id, NULL, f->bench.now_ms + MINUTE_MS, &sent);
  g_assert_null (sent.scheduled->failed);
  dues_pass (f, MINUTE_MS);
  g_assert_cmpuint (count_of (f, f->bob, chat), ==, 0);
}

static void
on_nothing (const GError *error, gpointer data)
{
  answer_take (data, error);
}

static void
test_disabled (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  g_auto (Answer) answer = { 0 };
  g_auto (Kept) list = { 0 };

  (void) add_ok (f, f->ann, chat, 1, "x", MINUTE_MS);
  msg_account_set_disabled (f->bench.core, f->ann, true, on_nothing, &answer);
  bench_wait (&f->bench, &answer);
  dues_pass (f, MINUTE_MS);
  list_of (f, f->ann, chat, &list);
  g_assert_cmpstr (((MsgScheduled *) list.list->pdata[0])->failed, ==, "disabled");
}

/* slow mode puts off, it does not fail; a message that is answered and gone by then is left out */
static void
test_put_off (Chats *f, gconstpointer data)
{
  const MsgChatChange slow = { .has_slow = true, .slow_ms = 10 * MINUTE_MS };
  MsgId chat = chats_make (f, MSG_CHAT_SUPERGROUP, f->ann, &f->bob, 1);
  const int64_t gone = chats_send (f, f->ann, chat, 9, "asked");
  const MsgSending answer = { .user_id = f->bob, .chat_id = chat, .random_id = { 3 }, .text = "answer", .reply_to = gone };
  g_auto (Got) changed = { 0 }, deleted = { 0 }, history = { 0 };
  g_auto (Kept) kept = { 0 };

  msg_chat_update (f->bench.core, f->ann, chat, &slow, on_written, &changed);
  bench_wait (&f->bench, &changed.answer);
  (void) add_ok (f, f->bob, chat, 1, "one", MINUTE_MS);
  msg_schedule_add (f->bench.core, &answer, f->bench.now_ms + 2 * MINUTE_MS, on_scheduled, &kept);
  bench_wait (&f->bench, &kept.got.answer);
  g_assert_no_error (kept.got.answer.error);
  msg_message_delete (f->bench.core, f->ann, chat, &gone, 1, true, on_written, &deleted);
  bench_wait (&f->bench, &deleted.answer);
  dues_pass (f, MINUTE_MS);
  dues_pass (f, 9 * MINUTE_MS);
  g_assert_cmpuint (count_of (f, f->bob, chat), ==, 1);
  dues_pass (f, 2 * MINUTE_MS);
  g_assert_cmpuint (count_of (f, f->bob, chat), ==, 0);
  chats_history (f, f->ann, chat, MSG_HISTORY_BEFORE, G_MAXINT64, 1, &history);
  g_assert_cmpstr (((MsgMessage *) history.messages->pdata[0])->text, ==, "answer");
  g_assert_cmpint (((MsgMessage *) history.messages->pdata[0])->reply_to, ==, 0);
}

/* more than fit into one job, of many at the same time: all, in order */
static void
test_many (Chats *f, gconstpointer data)
{
  MsgId chats[] = { chats_open (f, f->ann, f->bob), chats_open (f, f->ann, f->eve), chats_open (f, f->ann, f->ann) };

  for (uint8_t i = 0; i < 90; i++)
    for (unsigned k = 0; k < G_N_ELEMENTS (chats); k++)
      {
        char text[4] = { (char) ('0' + i / 10), (char) ('0' + i % 10), '\0' };

        (void) add_ok (f, f->ann, chats[k], i, text, i % 2 == 0 ? MINUTE_MS : 2 * MINUTE_MS);
      }
  dues_pass (f, 2 * MINUTE_MS);
  for (unsigned k = 0; k < G_N_ELEMENTS (chats); k++)
    {
      g_auto (Got) got = { 0 };

      chats_history (f, f->ann, chats[k], MSG_HISTORY_BEFORE, G_MAXINT64, 100, &got);
      g_assert_cmpuint (got.messages->len, ==, 90);
      for (unsigned i = 0; i < 90; i++)
        {
          const MsgMessage *message = got.messages->pdata[89 - i];
          unsigned n = i < 45 ? 2 * i : 2 * (i - 45) + 1;

          g_assert_cmpint (g_ascii_strtoll (message->text, NULL, 10), ==, n);
        }
    }
}

static void
test_bad (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  g_auto (Kept) past = { 0 }, far = { 0 }, stranger = { 0 }, empty = { 0 }, listed = { 0 }, full = { 0 };

  add (f, f->ann, chat, 1, "x", 0, &past);
  assert_reason (&past.got.answer, MSG_ERROR_INVALID, "send_at");
  add (f, f->ann, chat, 1, "x", MSG_SCHEDULED_AHEAD_MS + 1, &far);
  assert_reason (&far.got.answer, MSG_ERROR_INVALID, "send_at");
  add (f, f->eve, chat, 1, "x", MINUTE_MS, &stranger);
  assert_reason (&stranger.got.answer, MSG_ERROR_NOT_FOUND, "chat");
  add (f, f->ann, chat, 1, " ", MINUTE_MS, &empty);
  assert_reason (&empty.got.answer, MSG_ERROR_INVALID, "text");
  list_of (f, f->eve, chat, &listed);
  assert_reason (&listed.got.answer, MSG_ERROR_NOT_FOUND, "chat");
  for (uint8_t i = 0; i < MSG_SCHEDULED_MAX; i++)
    (void) add_ok (f, f->ann, chat, i, "x", MSG_SCHEDULED_AHEAD_MS);
  add (f, f->ann, chat, 200, "x", MINUTE_MS, &full);
  assert_reason (&full.got.answer, MSG_ERROR_LIMIT, "too_many_scheduled");
  (void) add_ok (f, f->bob, chat, 1, "his own", MINUTE_MS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add ("/messaging/schedule/" name, Chats, NULL, chats_set_up, test, chats_tear_down)
  ADD ("sent", test_sent);
  ADD ("retry", test_retry);
  ADD ("changed", test_changed);
  ADD ("failed", test_failed);
  ADD ("disabled", test_disabled);
  ADD ("put-off", test_put_off);
  ADD ("many", test_many);
  ADD ("bad", test_bad);
  return g_test_run ();
}
