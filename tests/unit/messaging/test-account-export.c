/* SPDX-License-Identifier: Apache-2.0 */
#include "chat-harness.h"

#include "messaging/account-export.h"
#include "messaging/privacy.h"

typedef struct {
  Answer answer;
  unsigned n[MSG_EXPORT_KIND_N];
  unsigned pages, most;
  GHashTable *texts; /* of all messages */
  MsgExportPlace next;
  bool has_next;
} Export;

static void
on_export (const MsgExportPage *page, const GError *error, gpointer data)
{
  Export *export = data;

  answer_take (&export->answer, error);
  if (page == NULL)
    return;
  export->pages++;
  export->most = MAX (export->most, page->items->len);
  export->has_next = page->has_next;
  export->next = page->next;
  for (unsigned i = 0; i < page->items->len; i++)
    {
      const MsgExportItem *item = page->items->pdata[i];

      export->n[item->kind]++;
      if (item->kind == MSG_EXPORT_SCHEDULED)
        g_assert_true (g_hash_table_add (export->texts, g_strdup_printf ("scheduled %s", item->scheduled->text)));
      /* each once */
      if (item->kind == MSG_EXPORT_MESSAGE)
        g_assert_true (g_hash_table_add (export->texts, g_strdup_printf ("%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT " %s",
                                                                         item->message->chat_id, item->message->id,
                                                                         item->message->text)));
    }
}

static void
export_all (Chats *f, MsgId user, Export *export)
{
  export->texts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  do
    {
      char text[MSG_EXPORT_PLACE_STRLEN];
      MsgExportPlace place;

      answer_clear (&export->answer);
      f->bench.now_us += G_USEC_PER_SEC; /* within the rate */
      g_assert_true (msg_export_place_parse (msg_export_place_format (&export->next, text), &place));
      msg_account_export (f->bench.core, user, &place, on_export, export);
      bench_wait (&f->bench, &export->answer);
      g_assert_no_error (export->answer.error);
      g_assert_cmpuint (export->pages, <, 100);
    }
  while (export->has_next);
}

static void
export_clear (Export *export)
{
  answer_clear (&export->answer);
  g_hash_table_unref (export->texts);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Export, export_clear)

static void
send_many (Chats *f, MsgId user, MsgId chat, unsigned n)
{
  for (unsigned i = 0; i < n; i++)
    {
      const MsgSending sending = { .user_id = user, .device_id = 1, .chat_id = chat,
                                   .random_id = { (uint8_t) (i * 37), (uint8_t) (i / 256), 7 }, .text = "word" };
      g_auto (Got) got = { 0 };

      msg_message_send (f->bench.core, &sending, on_message, &got);
      bench_wait (&f->bench, &got.answer);
      g_assert_no_error (got.answer.error);
    }
}

static bool
has_text (const Export *export, MsgId chat, const char *text)
{
  g_autofree char *begin = g_strdup_printf ("%" G_GINT64_FORMAT "/", chat);
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, export->texts);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    if (g_str_has_prefix (key, begin) && g_str_has_suffix (key, text))
      return true;
  return false;
}

static void
test_all (Chats *f, gconstpointer data)
{
  MsgId pair = chats_open (f, f->ann, f->bob), group = chats_group (f, f->bob, &f->ann, 1);
  MsgId former = chats_group (f, f->eve, &f->ann, 1), channel = chats_make (f, MSG_CHAT_SUPERGROUP, f->bob, &f->ann, 1);
  MsgId foreign = chats_open (f, f->bob, f->eve);
  g_auto (Got) left = { 0 }, hidden = { 0 };
  g_auto (Answer) blocked = { 0 };
  g_auto (Export) export = { 0 }, of_bob = { 0 };
  int64_t id;

  (void) chats_send (f, f->bob, pair, 1, "from bob");
  id = chats_send (f, f->bob, pair, 2, "hidden");
  (void) chats_send (f, f->bob, group, 1, "in the group");
  (void) chats_send (f, f->eve, former, 1, "before");
  (void) chats_send (f, f->ann, former, 1, "mine there");
  (void) chats_send (f, f->bob, channel, 1, "of another");
  (void) chats_send (f, f->ann, channel, 1, "mine in many");
  (void) chats_send (f, f->eve, foreign, 1, "secret");
  msg_chat_leave (f->bench.core, f->ann, former, on_written, &left);
  bench_wait (&f->bench, &left.answer);
  msg_message_delete (f->bench.core, f->ann, pair, &id, 1, false, on_written, &hidden);
  bench_wait (&f->bench, &hidden.answer);
  g_assert_no_error (hidden.answer.error);
  msg_block_put (f->bench.core, f->ann, f->eve, on_done, &blocked);
  bench_wait (&f->bench, &blocked);
  export_all (f, f->ann, &export);

  g_assert_cmpuint (export.n[MSG_EXPORT_ACCOUNT], ==, 1);
  g_assert_cmpuint (export.n[MSG_EXPORT_DEVICE], ==, 1);
  g_assert_cmpuint (export.n[MSG_EXPORT_BLOCKED], ==, 1);
  g_assert_cmpuint (export.n[MSG_EXPORT_CHAT], ==, 3);
  g_assert_true (has_text (&export, pair, "from bob"));
  g_assert_false (has_text (&export, pair, "hidden"));
  g_assert_true (has_text (&export, group, "in the group"));
  g_assert_false (has_text (&export, former, "before"));
  g_assert_true (has_text (&export, former, "mine there"));
  g_assert_false (has_text (&export, channel, "of another"));
  g_assert_true (has_text (&export, channel, "mine in many"));
  g_assert_false (has_text (&export, foreign, "secret"));
  g_assert_cmpuint (export.n[MSG_EXPORT_PERSON], ==, 2);
  export_all (f, f->bob, &of_bob);
  g_assert_false (has_text (&of_bob, former, "mine there"));
}

/* In pages of a bounded number, each message once, in either order. */
static void
test_pages (Chats *f, gconstpointer data)
{
  MsgId pair = chats_open (f, f->ann, f->bob), channel = chats_make (f, MSG_CHAT_SUPERGROUP, f->bob, &f->ann, 1);
  g_auto (Export) export = { 0 };

  send_many (f, f->ann, pair, MSG_EXPORT_ITEMS + 10);
  send_many (f, f->ann, channel, MSG_EXPORT_ITEMS + 10);
  export_all (f, f->ann, &export);
  g_assert_cmpuint (export.n[MSG_EXPORT_MESSAGE], ==, 2 * (MSG_EXPORT_ITEMS + 10));
  g_assert_cmpuint (export.pages, >=, 3);
  g_assert_cmpuint (export.most, <=, 2 * MSG_EXPORT_ITEMS);
}

static void
on_scheduled (const MsgScheduled *scheduled, const MsgMessage *message, const MsgWritten *written, const GError *error,
              gpointer answer)
{
  g_assert_null (message);
  answer_take (answer, error);
}

/* One's own of all chats, in pages. */
static void
test_scheduled (Chats *f, gconstpointer data)
{
  const MsgId chats[] = { chats_open (f, f->ann, f->bob), chats_group (f, f->ann, &f->bob, 1) };
  g_auto (Export) export = { 0 }, of_bob = { 0 };
  g_autofree char *text = g_strnfill (4096, 'x');

  for (unsigned i = 0; i < 150; i++)
    {
      const MsgSending sending = { .user_id = f->ann, .device_id = 1, .chat_id = chats[i % 2], .random_id = { 1, (uint8_t) i },
                                   .text = text };
      g_auto (Answer) answer = { 0 };

      (void) g_snprintf (text, 8, "%07u", i);
      text[7] = 'x';
      msg_schedule_add (f->bench.core, &sending, f->bench.now_ms + 3600 * 1000, on_scheduled, &answer);
      bench_wait (&f->bench, &answer);
      g_assert_no_error (answer.error);
    }
  export_all (f, f->ann, &export);
  g_assert_cmpuint (export.n[MSG_EXPORT_SCHEDULED], ==, 150);
  g_assert_cmpuint (export.pages, >=, 2);
  export_all (f, f->bob, &of_bob);
  g_assert_cmpuint (of_bob.n[MSG_EXPORT_SCHEDULED], ==, 0);
}

static void
test_places (void)
{
  static const char *const wrong[] = { "", "1", "1.2.3", "5.0.0.0", "0.-1.0.0", "0.0.0.2", "0.0.0.0.0", "0.x.0.0",
                                       "0.99999999999999999999.0.0", " 0.0.0.0" };
  const MsgExportPlace place = { 2, 77, G_MININT64, true };
  char text[MSG_EXPORT_PLACE_STRLEN];
  MsgExportPlace back;

  for (unsigned i = 0; i < G_N_ELEMENTS (wrong); i++)
    g_assert_false (msg_export_place_parse (wrong[i], &back));
  g_assert_true (msg_export_place_parse (msg_export_place_format (&place, text), &back));
  g_assert_cmpint (back.a, ==, 77);
  g_assert_cmpint (back.b, ==, G_MININT64);
  g_assert_true (back.inside && back.section == 2);
}

static void
test_refused (Chats *f, gconstpointer data)
{
  g_auto (Answer) gone = { 0 };
  Export export = { 0 };
  unsigned n = 0;

  export.texts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  do
    {
      answer_clear (&export.answer);
      msg_account_export (f->bench.core, f->ann, NULL, on_export, &export);
      bench_wait (&f->bench, &export.answer);
      g_assert_cmpuint (++n, <, 1000);
    }
  while (export.answer.error == NULL);
  assert_reason (&export.answer, MSG_ERROR_LIMIT, "export_rate");
  f->bench.now_us += 100 * G_USEC_PER_SEC;
  msg_account_delete (f->bench.core, f->ann, false, on_done, &gone);
  bench_wait (&f->bench, &gone);
  answer_clear (&export.answer);
  msg_account_export (f->bench.core, f->ann, NULL, on_export, &export);
  bench_wait (&f->bench, &export.answer);
  assert_reason (&export.answer, MSG_ERROR_NOT_FOUND, "user");
  export_clear (&export);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add ("/messaging/account-export/" name, Chats, NULL, chats_set_up, test, chats_tear_down)
  ADD ("all", test_all);
  ADD ("pages", test_pages);
  ADD ("refused", test_refused);
  ADD ("scheduled", test_scheduled);
  g_test_add_func ("/messaging/account-export/places", test_places);
  return g_test_run ();
}
