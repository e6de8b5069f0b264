/* SPDX-License-Identifier: Apache-2.0 */
#include "chat-harness.h"
#include "messaging/message-text.h"
#include "messaging/quote.h"
#include "messaging/schedule.h"

/* --- Pure --- */

/* "\xf0\x9f\x98\x80" has two units */
static const char said[] = "Gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80 dich, see that";
static const char marked[] = "[{\"type\":\"bold\",\"offset\":0,\"length\":10},"
                             "{\"type\":\"link\",\"offset\":18,\"length\":4,\"url\":\"https://example.org/\"}]";

static const struct {
  const char *name, *text;
  unsigned offset;
  const char *entities;
  bool ok;
} cases[] = {
  { "all", said, 0, marked, true },
  { "behind-a-pair", "dich", 8, NULL, true },
  { "a-pair", "\xf0\x9f\x98\x80", 5, NULL, true },
  { "at-the-end", "that", 18, NULL, true },
  { "part-of-what-is-bold", "Gr\xc3\xbc\xc3\x9f", 0, "[{\"type\":\"bold\",\"offset\":1,\"length\":2}]", true },
  { "link", "see that", 14, "[{\"type\":\"link\",\"offset\":4,\"length\":4,\"url\":\"https://example.org/\"}]", true },
  { "marked-less", "that", 18, NULL, true },
  { "elsewhere", "dich", 7, NULL, false },
  { "inside-a-pair", "\xf0\x9f\x98\x80", 6, NULL, false },
  { "other-words", "mich", 8, NULL, false },
  { "other-case", "Dich", 8, NULL, false },
  { "too-much", "that!", 18, NULL, false },
  { "behind-the-end", "that", 22, NULL, false },
  { "far-behind-the-end", "that", 65536, NULL, false },
  { "not-so-marked", "dich", 8, "[{\"type\":\"bold\",\"offset\":0,\"length\":4}]", false },
  { "otherwise-marked", "Gr", 0, "[{\"type\":\"italic\",\"offset\":0,\"length\":2}]", false },
  { "other-link", "that", 18, "[{\"type\":\"link\",\"offset\":0,\"length\":4,\"url\":\"https://evil.example/\"}]", false },
  { "a-mention", "that", 18, "[{\"type\":\"mention\",\"offset\":0,\"length\":4,\"userId\":\"7\"}]", false },
};

static void
test_case (gconstpointer data)
{
  unsigned i = GPOINTER_TO_UINT (data);
  g_autoptr (GArray) entities = cases[i].entities != NULL ? msg_entities_parse (cases[i].entities) : NULL;
  const MsgQuote quote = { .text = cases[i].text, .entities = entities, .offset = cases[i].offset };
  g_autoptr (GError) error = NULL;
  g_autofree char *json = msg_quote_write (&quote, 100, &error);

  g_assert_no_error (error);
  g_assert_true (msg_quote_check (json, said, marked, &error) == cases[i].ok);
  if (!cases[i].ok)
    g_assert_cmpstr (msg_error_get_reason (error), ==, "quote");
}

static const char *
refusal (const char *text, const char *entities, unsigned offset)
{
  g_autoptr (GArray) list = entities != NULL ? msg_entities_parse (entities) : NULL;
  const MsgQuote quote = { .text = text, .entities = list, .offset = offset };
  g_autoptr (GError) error = NULL;
  g_autofree char *json = msg_quote_write (&quote, 1, &error);

  return json != NULL ? NULL : msg_error_get_reason (error);
}

static void
test_bounds (void)
{
  g_autofree char *most = g_strnfill (MSG_QUOTE_UNITS_MAX, 'a'), *more = g_strnfill (MSG_QUOTE_UNITS_MAX + 1, 'a');

  g_assert_cmpstr (refusal (most, NULL, 0), ==, NULL);
  g_assert_cmpstr (refusal (more, NULL, 0), ==, "quote");
  g_assert_cmpstr (refusal ("", NULL, 0), ==, "quote");
  g_assert_cmpstr (refusal (" \n", NULL, 0), ==, "quote");
  g_assert_cmpstr (refusal ("a", NULL, MSG_TEXT_UNITS_MAX + 1), ==, "quote");
  g_assert_cmpstr (refusal ("a", "[{\"type\":\"bold\",\"offset\":0,\"length\":2}]", 0), ==, "entities");
  g_assert_cmpstr (refusal ("ab",
                            "[{\"type\":\"bold\",\"offset\":0,\"length\":2},"
                            "{\"type\":\"bold\",\"offset\":0,\"length\":1}]", 0), ==, "entities");
}

/* --- In a chat --- */

static MsgSending
quoting (MsgId user, MsgId chat, unsigned n, int64_t reply_to, const MsgQuote *quote)
{
  MsgSending sending = { .user_id = user, .device_id = 1, .chat_id = chat, .text = "Yes", .reply_to = reply_to,
                         .quote = quote };

  memcpy (sending.random_id, &n, sizeof n);
  return sending;
}

static void
send_quote (Chats *f, MsgId user, MsgId chat, unsigned n, int64_t reply_to, const MsgQuote *quote, Got *got)
{
  MsgSending sending = quoting (user, chat, n, reply_to, quote);

  msg_message_send (f->bench.core, &sending, on_message, got);
  bench_wait (&f->bench, &got->answer);
}

static const char kept[] = "{\"text\":\"today\",\"offset\":5}";

/* It is in the answer, in the history of the others and in the log, whatever becomes of the original. */
static void
test_kept (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  int64_t id = chats_send (f, f->ann, chat, 1, "Come today?");
  const MsgQuote quote = { .text = "today", .offset = 5 };
  g_auto (Got) sent = { 0 }, edited = { 0 }, late = { 0 }, retry = { 0 }, gone = { 0 }, read = { 0 }, wiped = { 0 };
  g_auto (Got) after = { 0 };

  send_quote (f, f->bob, chat, 2, id, &quote, &sent);
  g_assert_no_error (sent.answer.error);
  g_assert_cmpstr (sent.message->quote, ==, kept);
  msg_message_edit (f->bench.core, f->ann, chat, id, "Come tomorrow?", NULL, on_message, &edited);
  bench_wait (&f->bench, &edited.answer);
  send_quote (f, f->bob, chat, 3, id, &quote, &late);
  assert_reason (&late.answer, MSG_ERROR_INVALID, "quote");
  send_quote (f, f->bob, chat, 2, id, &quote, &retry); /* what was sent is not looked at again */
  g_assert_cmpint (retry.message->id, ==, sent.message->id);
  msg_message_delete (f->bench.core, f->ann, chat, &id, 1, true, on_written, &gone);
  bench_wait (&f->bench, &gone.answer);
  chats_history (f, f->ann, chat, MSG_HISTORY_BEFORE, G_MAXINT64, 10, &read);
  g_assert_cmpuint (read.messages->len, ==, 1);
  g_assert_cmpstr (((MsgMessage *) read.messages->pdata[0])->quote, ==, kept);
  /* it goes with its own message */
  msg_message_delete (f->bench.core, f->bob, chat, &sent.message->id, 1, true, on_written, &wiped);
  bench_wait (&f->bench, &wiped.answer);
  chats_history (f, f->ann, chat, MSG_HISTORY_BEFORE, G_MAXINT64, 10, &after);
  g_assert_cmpuint (after.messages->len, ==, 0);
}

static void
test_refused (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob), own = chats_open (f, f->bob, f->bob);
  int64_t id = chats_send (f, f->ann, chat, 1, "Come today?");
  const MsgQuote quote = { .text = "today", .offset = 5 }, other = { .text = "today", .offset = 4 };
  g_auto (Got) loose = { 0 }, place = { 0 }, missing = { 0 }, elsewhere = { 0 };

  send_quote (f, f->bob, chat, 2, 0, &quote, &loose);
  assert_reason (&loose.answer, MSG_ERROR_INVALID, "quote");
  send_quote (f, f->bob, chat, 2, id, &other, &place);
  assert_reason (&place.answer, MSG_ERROR_INVALID, "quote");
  send_quote (f, f->bob, chat, 2, 77, &quote, &missing);
  assert_reason (&missing.answer, MSG_ERROR_NOT_FOUND, "message");
  send_quote (f, f->bob, own, 2, id, &quote, &elsewhere); /* of another chat */
  assert_reason (&elsewhere.answer, MSG_ERROR_NOT_FOUND, "message");
}

typedef struct {
  Answer answer;
  char *quote;
  MsgMessage *message;
} Scheduled;

static void
on_scheduled (const MsgScheduled *scheduled, const MsgMessage *message, const MsgWritten *written, const GError *error,
              gpointer data)
{
  Scheduled *got = data;

  answer_take (&got->answer, error);
  got->quote = scheduled != NULL ? g_strdup (scheduled->quote) : NULL;
  got->message = message != NULL ? msg_message_copy (message) : NULL;
}

/* A quote is looked at when it is written: what was said then may be said otherwise when its time comes. */
static void
test_scheduled (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  int64_t id = chats_send (f, f->ann, chat, 1, "Come today?");
  const MsgQuote quote = { .text = "today", .offset = 5 }, other = { .text = "today", .offset = 4 };
  MsgSending sending = quoting (f->bob, chat, 2, id, &other);
  Scheduled refused = { 0 }, waits = { 0 }, sent = { 0 };
  g_auto (Got) edited = { 0 };
  MsgId scheduled;

  msg_schedule_add (f->bench.core, &sending, f->bench.now_ms + 60000, on_scheduled, &refused);
  bench_wait (&f->bench, &refused.answer);
  assert_reason (&refused.answer, MSG_ERROR_INVALID, "quote");
  sending.quote = &quote;
  msg_schedule_add (f->bench.core, &sending, f->bench.now_ms + 60000, on_scheduled, &waits);
  bench_wait (&f->bench, &waits.answer);
  g_assert_no_error (waits.answer.error);
  g_assert_cmpstr (waits.quote, ==, kept);
  scheduled = f->bench.now_ms * 1024; /* the first one */
  msg_message_edit (f->bench.core, f->ann, chat, id, "Come tomorrow?", NULL, on_message, &edited);
  bench_wait (&f->bench, &edited.answer);
  msg_schedule_send (f->bench.core, f->bob, chat, scheduled, on_scheduled, &sent);
  bench_wait (&f->bench, &sent.answer);
  g_assert_no_error (sent.answer.error);
  g_assert_cmpstr (sent.message->quote, ==, kept);
  g_free (waits.quote);
  msg_message_free (sent.message);
  answer_clear (&refused.answer);
  answer_clear (&waits.answer);
  answer_clear (&sent.answer);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/messaging/quote/check/", cases[i].name, NULL);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_case);
    }
  g_test_add_func ("/messaging/quote/bounds", test_bounds);
  g_test_add ("/messaging/quote/kept", Chats, NULL, chats_set_up, test_kept, chats_tear_down);
  g_test_add ("/messaging/quote/refused", Chats, NULL, chats_set_up, test_refused, chats_tear_down);
  g_test_add ("/messaging/quote/scheduled", Chats, NULL, chats_set_up, test_scheduled, chats_tear_down);
  return g_test_run ();
}
