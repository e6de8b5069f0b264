/* SPDX-License-Identifier: Apache-2.0 */
/* How long messages are kept: by the server's rules and by a chat's own. */
#include "chat-harness.h"

#include "messaging/core-private.h"
#include "messaging/message-pin.h"
#include "messaging/report.h"
#include "messaging/search.h"
#include "messaging/topic.h"

#define HOUR_MS (INT64_C (3600) * 1000)
#define DAY_MS (24 * HOUR_MS)

/* a whole walk, which begins now */
static void
walk (Chats *f)
{
  MsgRetention *retention = f->bench.core->retention;
  unsigned until = msg_retention_get_walks (retention) + 2;

  while (msg_retention_get_walks (retention) < until)
    {
      msg_retention_step (retention);
      (void) g_main_context_iteration (f->bench.context, TRUE);
    }
}

static void
set_retention (Chats *f, MsgId user, MsgId chat, int64_t ms, Got *got)
{
  const MsgChatChange change = { .has_retention = true, .retention_ms = ms };

  msg_chat_update (f->bench.core, user, chat, &change, on_written, got);
  bench_wait (&f->bench, &got->answer);
}

static void
set_ok (Chats *f, MsgId user, MsgId chat, int64_t ms)
{
  g_auto (Got) got = { 0 };

  set_retention (f, user, chat, ms, &got);
  g_assert_no_error (got.answer.error);
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

/* Returns: messages of @chat that the live updates say are deleted, one row for each job */
static unsigned
count_told (Chats *f, MsgId user, MsgId chat)
{
  unsigned n = 0;

  for (unsigned i = 0; i < f->told->len; i++)
    {
      const Told *told = &g_array_index (f->told, Told, i);

      n += told->type == MSG_UPDATE_MESSAGE_DELETED && told->chat_id == chat && told->user_id == user;
    }
  return n;
}

static void
reopen (Chats *f)
{
  bench_reopen (&f->bench);
  chats_listen (f);
  g_array_set_size (f->told, 0);
}

/* What was written before the rule goes too, to the millisecond, with what hangs on it; the newer stays. */
static void
test_chat (Chats *f, gconstpointer data)
{
  MsgId group = chats_group (f, f->ann, &f->bob, 1);
  int64_t pinned, last;
  g_auto (Got) pin = { 0 }, all = { 0 }, retry = { 0 };
  g_autoptr (MsgChat) seen = NULL;
  const MsgUpdate *update;

  pinned = chats_send (f, f->ann, group, 1, "old and pinned");
  msg_message_pin (f->bench.core, f->ann, group, &(MsgPin){ .message_id = pinned, .pinned = true }, on_written, &pin);
  bench_wait (&f->bench, &pin.answer);
  g_assert_no_error (pin.answer.error);
  f->bench.now_ms += HOUR_MS;
  last = chats_send (f, f->ann, group, 2, "an hour younger");
  f->bench.now_ms += HOUR_MS - 1;
  set_ok (f, f->ann, group, 2 * HOUR_MS);
  walk (f);
  g_assert_cmpint (count_hits (f, f->bob, "pinned"), ==, 1);
  seen = chats_get (f, f->bob, group);
  g_assert_cmpint (seen->retention_ms, ==, 2 * HOUR_MS);
  g_assert_cmpint (seen->pinned_id, ==, pinned);
  g_array_set_size (f->told, 0);
  f->bench.now_ms += 1;
  walk (f);
  g_assert_cmpint (count_hits (f, f->bob, "pinned"), ==, 0);
  g_assert_cmpint (count_hits (f, f->bob, "younger"), ==, 1);
  g_assert_cmpuint (count_told (f, f->bob, group), ==, 1);
  g_assert_cmpuint (count_history (f, f->bob, group), ==, 2); /* the younger, that there is a rule */
  g_clear_pointer (&seen, msg_chat_free);
  seen = chats_get (f, f->bob, group);
  g_assert_cmpint (seen->pinned_id, ==, 0);
  g_assert_cmpuint (seen->unread, ==, 2);
  chats_difference (f, f->bob, 0, 100, &all);
  update = all.updates->pdata[all.updates->len - 1];
  g_assert_cmpint (update->type, ==, MSG_UPDATE_MESSAGE_DELETED);
  g_assert_cmpuint (update->ids->len, ==, 3); /* that the group was made, the old one, that it was pinned */
  g_assert_cmpint (g_array_index (update->ids, int64_t, 1), ==, pinned);
  chats_send_got (f, f->ann, group, 1, "old and pinned", &retry);
  assert_reason (&retry.answer, MSG_ERROR_CONFLICT, "message_deleted");
  f->bench.now_ms += 100 * DAY_MS;
  set_ok (f, f->ann, group, 0);
  walk (f);
  g_assert_cmpint (count_hits (f, f->bob, "younger"), ==, 1); /* the rule is lifted before its walk */
  g_assert_cmpint (last, ==, pinned + 2);
}

static void
test_rights (Chats *f, gconstpointer data)
{
  MsgId group = chats_group (f, f->ann, &f->bob, 1), private = chats_open (f, f->ann, f->bob);
  MsgId saved = chats_open (f, f->ann, f->ann);
  const struct {
    unsigned rights;
    const char *reason;
  } rows[] = { { MSG_RIGHT_INFO, "not_permitted" },
               { MSG_RIGHT_DELETE, "not_permitted" },
               { MSG_RIGHT_INFO | MSG_RIGHT_DELETE, NULL } };
  g_auto (Got) short_time = { 0 }, long_time = { 0 }, of_two = { 0 }, of_one = { 0 }, stranger = { 0 }, again = { 0 };

  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_auto (Got) stand = { 0 }, got = { 0 };

      chats_stand (f, f->ann, group, f->bob, MSG_ROLE_ADMIN, rows[i].rights, 0, &stand);
      g_assert_no_error (stand.answer.error);
      set_retention (f, f->bob, group, DAY_MS, &got);
      if (rows[i].reason == NULL)
        g_assert_no_error (got.answer.error);
      else
        assert_reason (&got.answer, MSG_ERROR_FORBIDDEN, rows[i].reason);
    }
  set_retention (f, f->ann, group, DAY_MS, &again);
  g_assert_cmpuint (again.written.count, ==, 0);
  set_retention (f, f->ann, group, 999, &short_time);
  assert_reason (&short_time.answer, MSG_ERROR_INVALID, "retention");
  set_retention (f, f->ann, group, MSG_RETENTION_MAX_MS + 1, &long_time);
  assert_reason (&long_time.answer, MSG_ERROR_INVALID, "retention");
  set_retention (f, f->ann, private, DAY_MS, &of_two);
  assert_reason (&of_two.answer, MSG_ERROR_FORBIDDEN, "chat_kind");
  set_retention (f, f->ann, saved, DAY_MS, &of_one);
  assert_reason (&of_one.answer, MSG_ERROR_FORBIDDEN, "chat_kind");
  set_retention (f, f->eve, group, DAY_MS, &stranger);
  assert_reason (&stranger.answer, MSG_ERROR_NOT_FOUND, "chat");
}

/* The server's rules, each kind by its own; a chat's may be shorter, never longer; the message's own timer counts beside. */
static void
test_server (Chats *f, gconstpointer data)
{
  MsgId private = chats_open (f, f->ann, f->bob), saved = chats_open (f, f->ann, f->ann);
  MsgId group = chats_group (f, f->ann, &f->bob, 1), channel = chats_make (f, MSG_CHAT_CHANNEL, f->ann, &f->bob, 1);
  MsgId chats[] = { private, saved, group, channel };

  for (uint8_t i = 0; i < G_N_ELEMENTS (chats); i++)
    (void) chats_send (f, f->ann, chats[i], 1, "first");
  f->bench.options.keep_private_ms = 10 * DAY_MS;
  f->bench.options.keep_group_ms = 20 * DAY_MS;
  f->bench.options.keep_channel_ms = 30 * DAY_MS;
  reopen (f);
  set_ok (f, f->ann, channel, 40 * DAY_MS);
  f->bench.now_ms += 10 * DAY_MS;
  reopen (f); /* the first walk of a start is for these rules */
  walk (f);
  g_assert_cmpuint (count_history (f, f->bob, private), ==, 0);
  g_assert_cmpuint (count_history (f, f->bob, group), ==, 2);
  g_assert_cmpuint (count_history (f, f->bob, channel), ==, 3);
  set_ok (f, f->ann, group, 15 * DAY_MS);
  f->bench.now_ms += 5 * DAY_MS;
  walk (f);
  g_assert_cmpuint (count_history (f, f->bob, group), ==, 1); /* of the rule itself */
  f->bench.now_ms += 15 * DAY_MS - 1;
  reopen (f);
  walk (f);
  g_assert_cmpuint (count_history (f, f->bob, channel), ==, 3);
  f->bench.now_ms += 1;
  reopen (f);
  walk (f);
  g_assert_cmpuint (count_history (f, f->bob, channel), ==, 0);
  g_assert_cmpuint (count_history (f, f->ann, saved), ==, 1);
  (void) chats_send (f, f->ann, private, 2, "after");
  g_assert_cmpuint (count_history (f, f->bob, private), ==, 1);
}

/* More than one job takes: others write in between, a server that ends in the middle goes on; no message twice. */
static void
test_long (Chats *f, gconstpointer data)
{
  MsgId channel = chats_make (f, MSG_CHAT_CHANNEL, f->ann, &f->bob, 1);
  MsgRetention *retention;
  g_auto (Got) log = { 0 };
  int64_t expected = 1;

  for (unsigned i = 0; i < 256; i++)
    (void) chats_send (f, f->ann, channel, (uint8_t) i, "old");
  f->bench.now_ms += DAY_MS;
  set_ok (f, f->ann, channel, DAY_MS);
  retention = f->bench.core->retention;
  msg_retention_step (retention);
  msg_retention_step (retention); /* one at a time */
  while (count_told (f, 0, channel) < 1)
    (void) g_main_context_iteration (f->bench.context, TRUE);
  g_assert_cmpuint (count_told (f, 0, channel), ==, 1);
  reopen (f);
  walk (f);
  g_assert_cmpuint (count_told (f, 0, channel), ==, 4); /* 257 in all, 64 in a job */
  g_assert_cmpuint (count_history (f, f->bob, channel), ==, 1);
  msg_updates_chat_difference (f->bench.core, f->bob, channel, 258, 100, on_difference, &log);
  bench_wait (&f->bench, &log.answer);
  for (unsigned i = 0; i < log.updates->len; i++)
    {
      const MsgUpdate *update = log.updates->pdata[i];

      for (unsigned k = 0; update->type == MSG_UPDATE_MESSAGE_DELETED && k < update->ids->len; k++)
        g_assert_cmpint (g_array_index (update->ids, int64_t, k), ==, expected++);
    }
  g_assert_cmpint (expected, ==, 258);
}

/* what was deleted by hand, has its own timer, or was written by a clock that was ahead */
static void
test_order (Chats *f, gconstpointer data)
{
  MsgId channel = chats_make (f, MSG_CHAT_CHANNEL, f->ann, &f->bob, 1);
  int64_t by_hand = chats_send (f, f->ann, channel, 1, "by hand");
  g_auto (Got) deleted = { 0 };

  f->bench.now_ms += 2 * DAY_MS;
  (void) chats_send (f, f->ann, channel, 2, "of the future");
  f->bench.now_ms -= 2 * DAY_MS;
  (void) chats_send (f, f->ann, channel, 3, "behind it");
  msg_message_delete (f->bench.core, f->ann, channel, &by_hand, 1, true, on_written, &deleted);
  bench_wait (&f->bench, &deleted.answer);
  f->bench.now_ms += DAY_MS;
  set_ok (f, f->ann, channel, DAY_MS);
  walk (f);
  g_assert_cmpuint (count_history (f, f->bob, channel), ==, 3);
  f->bench.now_ms += 2 * DAY_MS;
  walk (f);
  g_assert_cmpuint (count_history (f, f->bob, channel), ==, 0);
}

static void
on_count (unsigned n, const GError *error, gpointer data)
{
  answer_take (data, error);
}

static void
on_reports (GPtrArray *reports, const GError *error, gpointer data)
{
  Got *got = data;

  answer_take (&got->answer, error);
  got->next = reports != NULL ? (int64_t) reports->len : -1;
}

static int64_t
count_reports (Chats *f, MsgReportState state)
{
  g_auto (Got) got = { 0 };

  msg_report_list (f->bench.core, state, 0, 100, on_reports, &got);
  bench_wait (&f->bench, &got.answer);
  g_assert_no_error (got.answer.error);
  return got.next;
}

/* closed ones alone, the newest number never: it is given once */
static void
test_reports (Chats *f, gconstpointer data)
{
  const MsgId pairs[][2] = { { f->ann, f->bob }, { f->ann, f->eve }, { f->bob, f->eve }, { f->eve, f->bob } };

  for (unsigned i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      const MsgReporting reporting = { .user_id = pairs[i][0], .subject_id = pairs[i][1] };
      g_auto (Answer) put = { 0 }, closed = { 0 };

      msg_report_put (f->bench.core, &reporting, on_count, &put);
      bench_wait (&f->bench, &put);
      g_assert_no_error (put.error);
      if (i == 0) /* stays open */
        continue;
      msg_moderate (f->bench.core,
                    &(MsgModeration){ .act = MSG_MODERATE_DISMISS, .report_id = (int64_t) i + 1, .actor = "admin" }, on_done,
                    &closed);
      bench_wait (&f->bench, &closed);
      g_assert_no_error (closed.error);
    }
  f->bench.options.report_keep_ms = DAY_MS;
  f->bench.now_ms += DAY_MS - 1;
  reopen (f);
  walk (f);
  g_assert_cmpint (count_reports (f, MSG_REPORT_DISMISSED), ==, 3);
  f->bench.now_ms += 1;
  reopen (f);
  walk (f);
  g_assert_cmpint (count_reports (f, MSG_REPORT_DISMISSED), ==, 1);
  g_assert_cmpint (count_reports (f, MSG_REPORT_OPEN), ==, 1);
}

/* --- What was swept costs a reader nothing --- */

#define SWEPT 200000

typedef struct {
  MsgOp op;
  char *script; /* owned */
  Answer *answer;
} Script;

static void
script_reply (MsgOp *op, const GError *error)
{
  answer_take (((Script *) op)->answer, error);
}

static void
script_clear (MsgOp *op)
{
  g_free (((Script *) op)->script);
}

static bool
script_run (MsgDb *db, gpointer op, GError **error)
{
  return msg_db_exec (db, ((Script *) op)->script, error);
}

/* Rows of messages, behind all that are there; with @deleted_ms of deleted ones. */
static void
put_rows (Chats *f, MsgId chat, MsgId sender, int64_t thread, int64_t deleted_ms)
{
  static const MsgOpClass class = { sizeof (Script), script_reply, script_clear };
  g_auto (Answer) answer = { 0 };
  Script *op = msg_op_new (f->bench.core, &class);

  op->answer = &answer;
  op->script = g_strdup_printf (
      "WITH RECURSIVE n (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
      " INSERT INTO messages (chat_id, id, sender_id, device_id, pts, at_ms, kind, text, reply_to, thread_id, edited_ms,"
      " silent, expires_ms, deleted_ms, seq) SELECT %" G_GINT64_FORMAT ", i, %" G_GINT64_FORMAT ", 1, 0, 1, 1, '', 0,"
      " %" G_GINT64_FORMAT ", 0, 0, 0, %d, 1000000 + i FROM n;"
      "UPDATE topics SET last_id = %d WHERE chat_id = %" G_GINT64_FORMAT ";"
      "{postgres:ANALYZE messages}",
      SWEPT, (int64_t) chat, (int64_t) sender, thread, (int) deleted_ms,
      SWEPT, (int64_t) chat);
  msg_op_write (op, script_run, msg_op_end);
  bench_wait (&f->bench, &answer);
  g_assert_no_error (answer.error);
}

static void
on_topic (const MsgTopic *topic, const MsgWritten *written, const GError *error, gpointer data)
{
  Got *got = data;

  answer_take (&got->answer, error);
  got->next = topic != NULL ? topic->id : 0;
}

static void
on_topics (const MsgTopicPage *page, const GError *error, gpointer data)
{
  Got *got = data;

  answer_take (&got->answer, error);
  got->next = page != NULL && page->topics->len == 1 ? (int64_t) ((const MsgTopic *) page->topics->pdata[0])->unread : -1;
}

typedef void (*Read) (Chats *f, MsgId chat, int64_t thread);

static void
read_history (Chats *f, MsgId chat, int64_t thread)
{
  const MsgHistoryPlace place = { .thread_id = thread, .from = MSG_HISTORY_BEFORE, .id = G_MAXINT64, .limit = 10 };
  g_auto (Got) got = { 0 };

  msg_topic_history (f->bench.core, f->bob, chat, &place, on_history, &got);
  bench_wait (&f->bench, &got.answer);
  g_assert_no_error (got.answer.error);
  g_assert_cmpuint (got.messages->len, >, 0);
}

static void
read_all (Chats *f, MsgId chat, int64_t thread)
{
  read_history (f, chat, 0);
}

static void
read_list (Chats *f, MsgId chat, int64_t thread)
{
  g_auto (Got) got = { 0 };

  msg_chat_list (f->bench.core, f->bob, NULL, 10, on_chat_page, &got);
  bench_wait (&f->bench, &got.answer);
  g_assert_no_error (got.answer.error);
}

static void
read_topics (Chats *f, MsgId chat, int64_t thread)
{
  g_auto (Got) got = { 0 };

  msg_topic_list (f->bench.core, f->bob, chat, 0, 10, on_topics, &got);
  bench_wait (&f->bench, &got.answer);
  g_assert_no_error (got.answer.error);
  g_assert_cmpint (got.next, ==, 1);
}

/* The best of some: to step over so many rows takes longer than this on every machine. */
static void
assert_quick (Chats *f, const char *what, Read fn, MsgId chat, int64_t thread)
{
  int64_t best_us = G_MAXINT64;

  for (unsigned i = 0; i < 10; i++)
    {
      int64_t start_us = g_get_monotonic_time ();

      fn (f, chat, thread);
      best_us = MIN (best_us, g_get_monotonic_time () - start_us);
    }
  g_test_message ("%s: %d us", what, (int) best_us);
  g_assert_cmpint (best_us, <, 5000);
}

/* Returns: a chat of Ann's with one topic, in which Bob is */
static MsgId
make_forum (Chats *f, int64_t *ret_thread)
{
  const MsgId members[] = { f->bob };
  MsgId chat = chats_make (f, MSG_CHAT_SUPERGROUP, f->ann, members, 1);
  const MsgChatChange topics = { .has_topics = true, .topics = true };
  g_auto (Got) set = { 0 }, made = { 0 };

  msg_chat_update (f->bench.core, f->ann, chat, &topics, on_written, &set);
  bench_wait (&f->bench, &set.answer);
  g_assert_no_error (set.answer.error);
  msg_topic_create (f->bench.core, f->ann, chat, "Travel", on_topic, &made);
  bench_wait (&f->bench, &made.answer);
  g_assert_no_error (made.answer.error);
  *ret_thread = made.next;
  return chat;
}

static void
test_swept (Chats *f, gconstpointer data)
{
  int64_t thread;
  MsgId chat = make_forum (f, &thread);

  put_rows (f, chat, f->ann, thread, 1);
  assert_quick (f, "history", read_all, chat, thread);
  assert_quick (f, "of a topic", read_history, chat, thread);
  assert_quick (f, "chats", read_list, chat, thread);
  assert_quick (f, "topics", read_topics, chat, thread);
}

/* What is unread in one topic is counted without what stands in others. */
static void
test_other_topics (Chats *f, gconstpointer data)
{
  int64_t thread;
  MsgId chat = make_forum (f, &thread);

  put_rows (f, chat, f->ann, thread + 1, 0);
  assert_quick (f, "topics", read_topics, chat, thread);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add ("/messaging/retention/" name, Chats, NULL, chats_set_up, test, chats_tear_down)
  ADD ("chat", test_chat);
  ADD ("rights", test_rights);
  ADD ("server", test_server);
  ADD ("long", test_long);
  ADD ("order", test_order);
  ADD ("reports", test_reports);
  ADD ("swept", test_swept);
  ADD ("other-topics", test_other_topics);
  return g_test_run ();
}
