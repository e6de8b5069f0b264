/* SPDX-License-Identifier: Apache-2.0 */
#include "chat-harness.h"
#include "messaging/schedule.h"
#include "messaging/search.h"
#include "messaging/topic.h"

typedef struct {
  Answer answer;
  MsgWritten written;
  MsgTopic topic;  /* without its title */
  char *title;
  GString *list;   /* id:unread for each */
  int64_t next;
} Topics;

static void
topics_clear (Topics *got)
{
  answer_clear (&got->answer);
  g_free (got->title);
  if (got->list != NULL)
    g_string_free (got->list, TRUE);
  memset (got, 0, sizeof *got);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Topics, topics_clear)

static void
on_topic (const MsgTopic *topic, const MsgWritten *written, const GError *error, gpointer data)
{
  Topics *got = data;

  g_assert_true ((topic == NULL) == (error != NULL));
  answer_take (&got->answer, error);
  if (topic == NULL)
    return;
  got->topic = *topic;
  got->title = g_strdup (topic->title);
  got->written = *written;
}

static void
on_topics (const MsgTopicPage *page, const GError *error, gpointer data)
{
  Topics *got = data;

  answer_take (&got->answer, error);
  got->list = g_string_new (NULL);
  for (unsigned i = 0; page != NULL && i < page->topics->len; i++)
    {
      const MsgTopic *topic = page->topics->pdata[i];

      g_string_append_printf (got->list, "%s%d:%u", i > 0 ? " " : "", (int) topic->id, topic->unread);
    }
  got->next = page != NULL ? page->next : 0;
}

static void
set_topics (Chats *f, MsgId chat, bool topics)
{
  const MsgChatChange change = { .has_topics = true, .topics = topics };
  g_auto (Got) got = { 0 };

  msg_chat_update (f->bench.core, f->ann, chat, &change, on_written, &got);
  bench_wait (&f->bench, &got.answer);
  g_assert_no_error (got.answer.error);
}

/* Ann's, in which Bob and Eve are. */
static MsgId
forum (Chats *f)
{
  const MsgId members[] = { f->bob, f->eve };
  const MsgChatSpec spec = { .kind = MSG_CHAT_SUPERGROUP, .title = "Forum", .members = members, .n_members = 2 };
  g_auto (Got) got = { 0 };

  msg_chat_create (f->bench.core, f->ann, &spec, on_chat, &got);
  bench_wait (&f->bench, &got.answer);
  g_assert_no_error (got.answer.error);
  set_topics (f, got.chat->id, true);
  return got.chat->id;
}

static void
create (Chats *f, MsgId user, MsgId chat, const char *title, Topics *got)
{
  msg_topic_create (f->bench.core, user, chat, title, on_topic, got);
  bench_wait (&f->bench, &got->answer);
}

static int64_t
topic (Chats *f, MsgId chat, const char *title)
{
  g_auto (Topics) got = { 0 };

  create (f, f->ann, chat, title, &got);
  g_assert_no_error (got.answer.error);
  return got.topic.id;
}

static void
update (Chats *f, MsgId user, MsgId chat, const MsgTopicChange *change, Topics *got)
{
  msg_topic_update (f->bench.core, user, chat, change, on_topic, got);
  bench_wait (&f->bench, &got->answer);
}

static void
write_in (Chats *f, MsgId user, MsgId chat, unsigned n, int64_t thread, int64_t reply_to, Got *got)
{
  MsgSending sending = { .user_id = user, .device_id = 1, .chat_id = chat, .text = "word", .thread_id = thread,
                         .reply_to = reply_to };

  memcpy (sending.random_id, &n, sizeof n);
  msg_message_send (f->bench.core, &sending, on_message, got);
  bench_wait (&f->bench, &got->answer);
}

/* Returns: (transfer full): ids of one thread, newest first */
static char *
history (Chats *f, MsgId user, MsgId chat, int64_t thread, unsigned limit)
{
  const MsgHistoryPlace place = { .thread_id = thread, .from = MSG_HISTORY_BEFORE, .id = G_MAXINT64, .limit = limit };
  GString *ids = g_string_new (NULL);
  g_auto (Got) got = { 0 };

  msg_topic_history (f->bench.core, user, chat, &place, on_history, &got);
  bench_wait (&f->bench, &got.answer);
  g_assert_no_error (got.answer.error);
  for (unsigned i = 0; i < got.messages->len; i++)
    g_string_append_printf (ids, "%s%d", i > 0 ? " " : "", (int) ((MsgMessage *) got.messages->pdata[i])->id);
  if (got.next != 0)
    g_string_append (ids, " ...");
  return g_string_free (ids, FALSE);
}

static void
list (Chats *f, MsgId user, MsgId chat, int64_t before, unsigned limit, Topics *got)
{
  msg_topic_list (f->bench.core, user, chat, before, limit, on_topics, got);
  bench_wait (&f->bench, &got->answer);
  g_assert_no_error (got->answer.error);
}

/* 1: the chat was created. */
static void
test_threads (Chats *f, gconstpointer data)
{
  MsgId chat = forum (f);
  int64_t a = topic (f, chat, "Travel"), b = topic (f, chat, "Food");
  g_auto (Got) first = { 0 }, reply = { 0 }, loose = { 0 }, across = { 0 }, missing = { 0 }, to_loose = { 0 };
  g_autofree char *of_a = NULL, *of_b = NULL, *page = NULL, *all = NULL, *none = NULL;

  g_assert_cmpint (a, ==, 2);
  g_assert_cmpint (b, ==, 3);
  write_in (f, f->bob, chat, 1, a, 0, &first);
  g_assert_cmpint (first.message->thread_id, ==, a);
  write_in (f, f->eve, chat, 2, 0, first.message->id, &reply); /* goes where what it answers is */
  g_assert_cmpint (reply.message->thread_id, ==, a);
  write_in (f, f->eve, chat, 3, 0, 0, &loose);
  g_assert_cmpint (loose.message->thread_id, ==, 0);
  write_in (f, f->eve, chat, 4, b, first.message->id, &across);
  assert_reason (&across.answer, MSG_ERROR_INVALID, "thread");
  write_in (f, f->eve, chat, 4, a, loose.message->id, &to_loose);
  assert_reason (&to_loose.answer, MSG_ERROR_INVALID, "thread");
  write_in (f, f->eve, chat, 4, loose.message->id, 0, &missing); /* a message, but of no topic */
  assert_reason (&missing.answer, MSG_ERROR_NOT_FOUND, "topic");
  of_a = history (f, f->bob, chat, a, 10);
  g_assert_cmpstr (of_a, ==, "5 4 2");
  of_b = history (f, f->bob, chat, b, 10);
  g_assert_cmpstr (of_b, ==, "3");
  page = history (f, f->bob, chat, a, 2);
  g_assert_cmpstr (page, ==, "5 4 ...");
  all = history (f, f->bob, chat, 0, 10);
  g_assert_cmpstr (all, ==, "6 5 4 3 2 1");
  none = history (f, f->bob, chat, 77, 10);
  g_assert_cmpstr (none, ==, "");
}

static void
test_list (Chats *f, gconstpointer data)
{
  MsgId chat = forum (f);
  int64_t a = topic (f, chat, "A"), b = topic (f, chat, "B"), c = topic (f, chat, "C");
  const MsgTopicChange pin = { .thread_id = b, .has_pinned = true, .pinned = true };
  g_auto (Got) said = { 0 }, own = { 0 }, read = { 0 }, gone = { 0 };
  g_auto (Topics) before = { 0 }, pinned = { 0 }, page = { 0 }, rest = { 0 }, after = { 0 }, eves = { 0 };

  write_in (f, f->bob, chat, 1, a, 0, &said);  /* 5 */
  list (f, f->eve, chat, 0, 10, &before);
  g_assert_cmpstr (before.list->str, ==, "2:2 4:1 3:1"); /* newest activity first */
  g_assert_cmpint (before.next, ==, 0);
  update (f, f->ann, chat, &pin, &pinned);     /* 6 */
  g_assert_true (pinned.topic.pinned);
  list (f, f->eve, chat, 0, 1, &page);
  g_assert_cmpstr (page.list->str, ==, "3:2 2:2");
  g_assert_cmpint (page.next, ==, 5);
  list (f, f->eve, chat, page.next, 1, &rest);
  g_assert_cmpstr (rest.list->str, ==, "4:1");
  g_assert_cmpint (rest.next, ==, 0);
  /* what was read, was deleted, or is one's own, is not unread */
  msg_message_mark (f->bench.core, f->bob, chat, MSG_MARK_READ, 3, on_written, &read);
  bench_wait (&f->bench, &read.answer);
  list (f, f->bob, chat, 0, 10, &after);
  g_assert_cmpstr (after.list->str, ==, "3:1 2:0 4:1");
  msg_message_delete (f->bench.core, f->bob, chat, &said.message->id, 1, true, on_written, &gone);
  bench_wait (&f->bench, &gone.answer);
  list (f, f->eve, chat, 0, 10, &eves);
  g_assert_cmpstr (eves.list->str, ==, "3:2 2:1 4:1");
  (void) c;
}

static void
test_closed (Chats *f, gconstpointer data)
{
  MsgId chat = forum (f);
  int64_t a = topic (f, chat, "A");
  const MsgTopicChange close = { .thread_id = a, .has_closed = true, .closed = true };
  const MsgTopicChange open = { .thread_id = a, .has_closed = true, .closed = false };
  g_auto (Topics) closed = { 0 }, again = { 0 }, opened = { 0 };
  g_auto (Got) before = { 0 }, refused = { 0 }, reply = { 0 }, general = { 0 }, owner = { 0 }, after = { 0 }, retry = { 0 };

  write_in (f, f->bob, chat, 1, a, 0, &before);
  update (f, f->ann, chat, &close, &closed);
  g_assert_cmpuint (closed.written.chat_count, ==, 1);
  g_assert_true (closed.topic.closed);
  update (f, f->ann, chat, &close, &again); /* is so already */
  g_assert_no_error (again.answer.error);
  g_assert_cmpuint (again.written.chat_count, ==, 0);
  write_in (f, f->bob, chat, 2, a, 0, &refused);
  assert_reason (&refused.answer, MSG_ERROR_FORBIDDEN, "topic_closed");
  write_in (f, f->bob, chat, 2, 0, a, &reply);
  assert_reason (&reply.answer, MSG_ERROR_FORBIDDEN, "topic_closed");
  write_in (f, f->bob, chat, 1, a, 0, &retry); /* what was sent before stays so */
  g_assert_no_error (retry.answer.error);
  write_in (f, f->bob, chat, 2, 0, 0, &general);
  g_assert_no_error (general.answer.error);
  write_in (f, f->ann, chat, 3, a, 0, &owner);
  g_assert_no_error (owner.answer.error);
  update (f, f->ann, chat, &open, &opened);
  write_in (f, f->bob, chat, 4, a, 0, &after);
  g_assert_no_error (after.answer.error);
}

static void
test_told (Chats *f, gconstpointer data)
{
  MsgId chat = forum (f);
  int64_t a = topic (f, chat, "Travel");
  const MsgTopicChange change = { .thread_id = a, .title = " Journeys ", .has_closed = true, .closed = true };
  g_auto (Topics) changed = { 0 };
  g_auto (Got) log = { 0 };
  const MsgMessage *opened, *renamed;

  update (f, f->ann, chat, &change, &changed);
  g_assert_cmpstr (changed.title, ==, "Journeys");
  msg_updates_chat_difference (f->bench.core, f->bob, chat, 0, 100, on_difference, &log);
  bench_wait (&f->bench, &log.answer);
  g_assert_cmpuint (log.updates->len, ==, 4); /* made; has topics; one is there; it is called otherwise */
  g_assert_cmpint (((MsgUpdate *) log.updates->pdata[1])->type, ==, MSG_UPDATE_CHAT);
  g_assert_true (((MsgUpdate *) log.updates->pdata[1])->chat->has_topics);
  opened = ((MsgUpdate *) log.updates->pdata[2])->message;
  g_assert_cmpint (opened->id, ==, a);
  g_assert_cmpint (opened->thread_id, ==, a);
  g_assert_cmpstr (opened->data, ==, "{\"topic\":{\"title\":\"Travel\"}}");
  renamed = ((MsgUpdate *) log.updates->pdata[3])->message;
  g_assert_cmpint (renamed->thread_id, ==, a);
  g_assert_cmpstr (renamed->data, ==, "{\"topic\":{\"title\":\"Journeys\",\"closed\":true}}");
}

static void
test_refused (Chats *f, gconstpointer data)
{
  MsgId chat = forum (f), pair = chats_open (f, f->ann, f->bob);
  const MsgTopicChange missing = { .thread_id = 1, .title = "X" }; /* a message, but of no topic */
  const MsgChatChange on = { .has_topics = true, .topics = true };
  g_auto (Topics) by_bob = { 0 }, blank = { 0 }, none = { 0 }, of_two = { 0 }, off = { 0 };
  g_auto (Got) in_two = { 0 }, closed = { 0 };

  create (f, f->bob, chat, "X", &by_bob);
  assert_reason (&by_bob.answer, MSG_ERROR_FORBIDDEN, "not_permitted");
  create (f, f->ann, chat, "  ", &blank);
  assert_reason (&blank.answer, MSG_ERROR_INVALID, "title");
  update (f, f->ann, chat, &missing, &none);
  assert_reason (&none.answer, MSG_ERROR_NOT_FOUND, "topic");
  create (f, f->ann, pair, "X", &of_two);
  assert_reason (&of_two.answer, MSG_ERROR_FORBIDDEN, "chat_kind");
  write_in (f, f->ann, pair, 1, 1, 0, &in_two);
  assert_reason (&in_two.answer, MSG_ERROR_FORBIDDEN, "topics_off");
  msg_chat_update (f->bench.core, f->ann, pair, &on, on_written, &closed);
  bench_wait (&f->bench, &closed.answer);
  assert_reason (&closed.answer, MSG_ERROR_FORBIDDEN, "chat_kind");
  set_topics (f, chat, false);
  create (f, f->ann, chat, "X", &off);
  assert_reason (&off.answer, MSG_ERROR_FORBIDDEN, "topics_off");
}

/* Members who may change the title open topics at the pace of the chat, and close and pin none. */
static void
test_members (Chats *f, gconstpointer data)
{
  MsgId chat = forum (f);
  const MsgChatChange rules = { .has_permissions = true, .permissions = MSG_RIGHT_SEND | MSG_RIGHT_INFO, .has_slow = true,
                                .slow_ms = 60000 };
  g_auto (Got) set = { 0 }, sent = { 0 };
  g_auto (Topics) first = { 0 }, again = { 0 }, later = { 0 }, closed = { 0 }, reopened = { 0 }, pinned = { 0 },
                  titled = { 0 }, owner = { 0 };

  msg_chat_update (f->bench.core, f->ann, chat, &rules, on_written, &set);
  bench_wait (&f->bench, &set.answer);
  g_assert_no_error (set.answer.error);
  create (f, f->bob, chat, "Travel", &first);
  g_assert_no_error (first.answer.error);
  create (f, f->bob, chat, "Food", &again);
  assert_reason (&again.answer, MSG_ERROR_LIMIT, "slow_mode");
  write_in (f, f->bob, chat, 1, 0, 0, &sent);
  assert_reason (&sent.answer, MSG_ERROR_LIMIT, "slow_mode");
  f->bench.now_ms += 60000;
  create (f, f->bob, chat, "Food", &later);
  g_assert_no_error (later.answer.error);
  {
    const MsgTopicChange close = { .thread_id = first.topic.id, .has_closed = true, .closed = true };
    const MsgTopicChange open = { .thread_id = first.topic.id, .has_closed = true, .closed = false };
    const MsgTopicChange pin = { .thread_id = first.topic.id, .has_pinned = true, .pinned = true };
    const MsgTopicChange title = { .thread_id = first.topic.id, .title = "Journeys" };

    update (f, f->bob, chat, &close, &closed);
    assert_reason (&closed.answer, MSG_ERROR_FORBIDDEN, "admin_only");
    update (f, f->ann, chat, &close, &owner);
    g_assert_no_error (owner.answer.error);
    update (f, f->bob, chat, &open, &reopened);
    assert_reason (&reopened.answer, MSG_ERROR_FORBIDDEN, "admin_only");
    update (f, f->bob, chat, &pin, &pinned);
    assert_reason (&pinned.answer, MSG_ERROR_FORBIDDEN, "admin_only");
    update (f, f->bob, chat, &title, &titled);
    g_assert_no_error (titled.answer.error);
  }
}

/* A topic that is opened is a message that is sent. */
static void
test_rate (Chats *f, gconstpointer data)
{
  MsgId chat = forum (f);
  g_auto (Topics) first = { 0 }, again = { 0 };

  bench_close (&f->bench);
  f->bench.options.messages_per_user = (MsgRate){ 1, 1 };
  bench_open (&f->bench);
  chats_listen (f);
  create (f, f->ann, chat, "A", &first);
  g_assert_no_error (first.answer.error);
  create (f, f->ann, chat, "B", &again);
  assert_reason (&again.answer, MSG_ERROR_LIMIT, "message_rate");
}

/* What was said in topics stays readable without them; what is written then is in none. */
static void
test_off (Chats *f, gconstpointer data)
{
  MsgId chat = forum (f);
  int64_t a = topic (f, chat, "A");
  g_auto (Got) reply = { 0 }, named = { 0 };
  g_auto (Topics) topics = { 0 };
  g_autofree char *kept = NULL;

  set_topics (f, chat, false);
  write_in (f, f->bob, chat, 1, 0, a, &reply);
  g_assert_cmpint (reply.message->thread_id, ==, 0);
  write_in (f, f->bob, chat, 2, a, 0, &named);
  assert_reason (&named.answer, MSG_ERROR_FORBIDDEN, "topics_off");
  kept = history (f, f->bob, chat, a, 10);
  g_assert_cmpstr (kept, ==, "2");
  list (f, f->bob, chat, 0, 10, &topics);
  g_assert_cmpstr (topics.list->str, ==, "2:1");
}

static void
test_bounds (Chats *f, gconstpointer data)
{
  MsgId chat;
  g_auto (Topics) more = { 0 }, pin = { 0 };
  int64_t id = 0;

  bench_close (&f->bench);
  f->bench.options.topics_per_chat = MSG_TOPIC_PINS_MAX + 1;
  bench_open (&f->bench);
  chats_listen (f);
  chat = forum (f);
  for (unsigned i = 0; i <= MSG_TOPIC_PINS_MAX; i++)
    {
      MsgTopicChange change = { .has_pinned = true, .pinned = true };
      g_auto (Topics) got = { 0 };

      id = change.thread_id = topic (f, chat, "A");
      if (i == MSG_TOPIC_PINS_MAX)
        break;
      update (f, f->ann, chat, &change, &got);
      g_assert_no_error (got.answer.error);
    }
  update (f, f->ann, chat, &(MsgTopicChange){ .thread_id = id, .has_pinned = true, .pinned = true }, &pin);
  assert_reason (&pin.answer, MSG_ERROR_LIMIT, "too_many_pins");
  create (f, f->ann, chat, "one too many", &more);
  assert_reason (&more.answer, MSG_ERROR_LIMIT, "too_many_topics");
  {
    g_autofree char *all = history (f, f->ann, chat, 0, 100);

    g_assert_true (g_str_has_prefix (all, "22 ")); /* what was refused left no message: 1 + 11 + 10 */
  }
}

static void
on_scheduled (const MsgScheduled *scheduled, const MsgMessage *message, const MsgWritten *written, const GError *error,
              gpointer data)
{
  Got *got = data;

  answer_take (&got->answer, error);
  got->next = scheduled != NULL ? scheduled->thread_id : message != NULL ? message->thread_id : -1;
}

static void
on_hits (const MsgHits *hits, const GError *error, gpointer data)
{
  Got *got = data;

  answer_take (&got->answer, error);
  got->next = hits != NULL ? hits->hits->len : 0;
}

static void
test_scheduled_and_searched (Chats *f, gconstpointer data)
{
  MsgId chat = forum (f);
  int64_t a = topic (f, chat, "A"), b = topic (f, chat, "B");
  MsgSending sending = { .user_id = f->bob, .device_id = 1, .chat_id = chat, .text = "later word", .reply_to = a,
                         .random_id = { 9 } };
  const MsgSearch one = { .query = "word", .chat_id = chat, .thread_id = a, .limit = 10 };
  const MsgSearch wrong = { .query = "word", .thread_id = a, .limit = 10 };
  const MsgTopicChange close = { .thread_id = a, .has_closed = true, .closed = true };
  g_auto (Got) waits = { 0 }, sent = { 0 }, in_a = { 0 }, in_b = { 0 }, hits = { 0 }, refused = { 0 }, late = { 0 };
  g_auto (Topics) closed = { 0 };

  msg_schedule_add (f->bench.core, &sending, f->bench.now_ms + 60000, on_scheduled, &waits);
  bench_wait (&f->bench, &waits.answer);
  g_assert_no_error (waits.answer.error);
  g_assert_cmpint (waits.next, ==, a);
  msg_schedule_send (f->bench.core, f->bob, chat, f->bench.now_ms * 1024, on_scheduled, &sent);
  bench_wait (&f->bench, &sent.answer);
  g_assert_no_error (sent.answer.error);
  g_assert_cmpint (sent.next, ==, a);
  write_in (f, f->bob, chat, 1, a, 0, &in_a);
  write_in (f, f->bob, chat, 2, b, 0, &in_b);
  msg_search_messages (f->bench.core, f->eve, &one, on_hits, &hits);
  bench_wait (&f->bench, &hits.answer);
  g_assert_cmpint (hits.next, ==, 2);
  msg_search_messages (f->bench.core, f->eve, &wrong, on_hits, &refused);
  bench_wait (&f->bench, &refused.answer);
  assert_reason (&refused.answer, MSG_ERROR_INVALID, "thread");
  update (f, f->ann, chat, &close, &closed);
  sending.random_id[0] = 10;
  msg_schedule_add (f->bench.core, &sending, f->bench.now_ms + 60000, on_scheduled, &late);
  bench_wait (&f->bench, &late.answer);
  assert_reason (&late.answer, MSG_ERROR_FORBIDDEN, "topic_closed");
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*test) (Chats *f, gconstpointer data);
  } tests[] = {
    { "threads", test_threads }, { "list", test_list },       { "closed", test_closed },
    { "told", test_told },       { "refused", test_refused }, { "off", test_off },
    { "members", test_members }, { "rate", test_rate },
    { "bounds", test_bounds },   { "scheduled-and-searched", test_scheduled_and_searched },
  };

  g_test_init (&argc, &argv, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/messaging/topic/", tests[i].name, NULL);

      g_test_add (path, Chats, NULL, chats_set_up, tests[i].test, chats_tear_down);
    }
  return g_test_run ();
}
