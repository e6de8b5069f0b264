/* SPDX-License-Identifier: Apache-2.0 */
#include "chat-harness.h"

#include "messaging/report.h"

typedef struct {
  Answer answer;
  unsigned n;
  int64_t id;
  char *text;
  MsgReportState state;
  MsgModerateAct act;
  MsgLimited limited;
} Seen;

static void
seen_clear (Seen *seen)
{
  answer_clear (&seen->answer);
  g_clear_pointer (&seen->text, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Seen, seen_clear)

static void
on_count (unsigned n, const GError *error, gpointer data)
{
  Seen *seen = data;

  answer_take (&seen->answer, error);
  seen->n = n;
}

static void
on_reports (GPtrArray *reports, const GError *error, gpointer data)
{
  Seen *seen = data;
  const MsgReport *first = reports != NULL && reports->len > 0 ? reports->pdata[0] : NULL;

  answer_take (&seen->answer, error);
  seen->n = reports != NULL ? reports->len : 0;
  if (first == NULL)
    return;
  seen->id = first->id;
  seen->text = g_strdup (first->text);
  seen->state = first->state;
}

static void
on_audit (GPtrArray *log, const GError *error, gpointer data)
{
  Seen *seen = data;

  answer_take (&seen->answer, error);
  seen->n = log->len;
  if (log->len > 0)
    seen->act = ((const MsgAudit *) log->pdata[0])->act;
}

static void
on_limited (const MsgLimited *limited, const GError *error, gpointer data)
{
  Seen *seen = data;

  answer_take (&seen->answer, error);
  seen->limited = *limited;
}

static unsigned
report (Chats *f, MsgId user, MsgId subject, MsgId chat, int64_t id)
{
  const MsgReporting reporting = { .user_id = user, .subject_id = subject, .chat_id = chat, .ids = &id, .n = id != 0 };
  g_auto (Seen) seen = { 0 };

  msg_report_put (f->bench.core, &reporting, on_count, &seen);
  bench_wait (&f->bench, &seen.answer);
  g_assert_no_error (seen.answer.error);
  return seen.n;
}

static void
moderate (Chats *f, MsgModeration moderation, const char *reason)
{
  g_auto (Answer) answer = { 0 };

  moderation.actor = "admin";
  msg_moderate (f->bench.core, &moderation, on_done, &answer);
  bench_wait (&f->bench, &answer);
  if (reason == NULL)
    g_assert_no_error (answer.error);
  else
    g_assert_cmpstr (msg_error_get_reason (answer.error), ==, reason);
}

/* Returns: how many acts there are; the newest is @act */
static unsigned
count_acts (Chats *f, MsgModerateAct act)
{
  g_auto (Seen) seen = { 0 };

  msg_audit_list (f->bench.core, 0, 10, on_audit, &seen);
  bench_wait (&f->bench, &seen.answer);
  g_assert_no_error (seen.answer.error);
  if (seen.n > 0)
    g_assert_cmpint (seen.act, ==, act);
  return seen.n;
}

static void
test_kept (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->bob, f->ann);
  int64_t id = chats_send (f, f->bob, chat, 1, "very bad");
  g_auto (Seen) list = { 0 }, one = { 0 };

  g_assert_cmpuint (report (f, f->ann, 0, chat, id), ==, 1);
  g_assert_cmpuint (report (f, f->ann, 0, chat, id), ==, 0);
  g_assert_cmpuint (report (f, f->ann, f->bob, 0, 0), ==, 1);
  moderate (f, (MsgModeration){ .act = MSG_MODERATE_DELETE_MESSAGE, .chat_id = chat, .message_id = id }, NULL);
  moderate (f, (MsgModeration){ .act = MSG_MODERATE_DELETE_MESSAGE, .chat_id = chat, .message_id = id }, "message");
  g_assert_cmpuint (count_acts (f, MSG_MODERATE_DELETE_MESSAGE), ==, 1); /* what failed is not in the log */
  msg_report_list (f->bench.core, MSG_REPORT_OPEN, 0, 10, on_reports, &list);
  bench_wait (&f->bench, &list.answer);
  g_assert_cmpuint (list.n, ==, 2);
  g_assert_cmpstr (list.text, ==, "very bad");
  moderate (f, (MsgModeration){ .act = MSG_MODERATE_RESOLVE, .report_id = list.id }, NULL);
  moderate (f, (MsgModeration){ .act = MSG_MODERATE_DISMISS, .report_id = list.id }, "report_closed");
  moderate (f, (MsgModeration){ .act = MSG_MODERATE_DISMISS, .report_id = 99 }, "report");
  g_assert_cmpuint (count_acts (f, MSG_MODERATE_RESOLVE), ==, 2);
  msg_report_get (f->bench.core, list.id, on_reports, &one);
  bench_wait (&f->bench, &one.answer);
  g_assert_cmpint (one.state, ==, MSG_REPORT_RESOLVED);
  moderate (f, (MsgModeration){ .act = MSG_MODERATE_BAN, .user_id = f->bob }, NULL);
  g_assert_cmpint (f->bench.events[f->bench.n_events - 1].cause, ==, MSG_END_DISABLED);
}

static const char *
begin (Chats *f, MsgId user, MsgId peer)
{
  static uint8_t random;
  g_auto (Got) got = { 0 };

  chats_send_got (f, user, chats_open (f, user, peer), ++random, "hello", &got);
  return got.answer.error != NULL ? msg_error_get_reason (got.answer.error) : "ok";
}

static void
test_strangers (Chats *f, gconstpointer data)
{
  g_auto (Seen) before = { 0 }, limited = { 0 };

  f->bench.options.contacts_per_hour = 1;
  f->bench.options.contacts_per_day = 2;
  f->bench.options.limited_contacts_per_day = 0;
  bench_reopen (&f->bench);
  g_assert_cmpstr (begin (f, f->ann, f->bob), ==, "ok");
  g_assert_cmpstr (begin (f, f->ann, f->bob), ==, "ok"); /* it has begun */
  g_assert_cmpstr (begin (f, f->ann, f->eve), ==, "contact_rate");
  g_assert_cmpstr (begin (f, f->ann, f->ann), ==, "ok");
  g_assert_cmpstr (begin (f, f->bob, f->ann), ==, "ok");
  f->bench.now_ms += 3600 * 1000;
  g_assert_cmpstr (begin (f, f->ann, f->eve), ==, "ok");
  msg_account_limits (f->bench.core, f->ann, on_limited, &before);
  bench_wait (&f->bench, &before.answer);
  g_assert_cmpuint (before.limited.n_day, ==, 2);
  g_assert_cmpuint (before.limited.n_hour, ==, 1);

  (void) report (f, f->ann, f->bob, 0, 0);
  moderate (f, (MsgModeration){ .act = MSG_MODERATE_RESOLVE, .report_id = 1, .limit_ms = 5000 }, NULL);
  msg_account_limits (f->bench.core, f->bob, on_limited, &limited);
  bench_wait (&f->bench, &limited.answer);
  g_assert_cmpint (limited.limited.until_ms, ==, f->bench.now_ms + 5000);
  g_assert_cmpstr (begin (f, f->bob, f->ann), ==, "ok"); /* no stranger */
  g_assert_cmpstr (begin (f, f->bob, f->eve), ==, "contact_rate");
  f->bench.now_ms += 5000;
  g_assert_cmpstr (begin (f, f->bob, f->eve), ==, "ok");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add ("/messaging/report/" name, Chats, NULL, chats_set_up, test, chats_tear_down)
  ADD ("kept", test_kept);
  ADD ("strangers", test_strangers);
  return g_test_run ();
}
