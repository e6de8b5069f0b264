/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/draft.h"

#include "chat-harness.h"
#include "messaging/db.h"

static void
set_draft (Chats *f, MsgId user, MsgId chat, const char *text, int64_t reply_to, Got *got)
{
  const MsgDrafting drafting = { .user_id = user, .chat_id = chat, .text = text, .reply_to = reply_to };

  msg_chat_set_draft (f->bench.core, &drafting, on_written, got);
  bench_wait (&f->bench, &got->answer);
}

static void
set_ok (Chats *f, MsgId user, MsgId chat, const char *text, unsigned n_rows)
{
  g_auto (Got) got = { 0 };

  set_draft (f, user, chat, text, 0, &got);
  g_assert_no_error (got.answer.error);
  g_assert_cmpuint (got.written.count, ==, n_rows);
}

/* Returns: (nullable): the text, as the chat has it for the user */
static char *
draft_of (Chats *f, MsgId user, MsgId chat)
{
  g_autoptr (MsgChat) seen = chats_get (f, user, chat);

  return seen->draft != NULL ? g_strdup (seen->draft->text) : NULL;
}

static void
assert_draft (Chats *f, MsgId user, MsgId chat, const char *expected)
{
  g_autofree char *text = draft_of (f, user, chat);

  g_assert_cmpstr (text, ==, expected);
}

/* kept over a restart, told to the user alone, and to devices that were away as it is now */
static void
test_kept (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  g_auto (Got) reply = { 0 }, all = { 0 };
  const MsgUpdate *update;

  set_ok (f, f->ann, chat, "hel", 1);
  f->bench.now_ms += 1000;
  set_ok (f, f->ann, chat, "hello", 1);
  set_ok (f, f->ann, chat, "hello", 0);
  g_assert_cmpuint (f->told->len, ==, 2);
  for (unsigned i = 0; i < 2; i++)
    {
      const Told *told = &g_array_index (f->told, Told, i);

      g_assert_cmpint (told->type, ==, MSG_UPDATE_DRAFT);
      g_assert_cmpint (told->user_id, ==, f->ann);
      g_assert_cmpint (told->pts, ==, i + 1);
    }
  bench_reopen (&f->bench);
  assert_draft (f, f->ann, chat, "hello");
  assert_draft (f, f->bob, chat, NULL);
  set_draft (f, f->ann, chat, "", 7, &reply);
  g_assert_no_error (reply.answer.error);
  chats_difference (f, f->ann, 0, 10, &all);
  g_assert_cmpuint (all.updates->len, ==, 3);
  update = all.updates->pdata[0];
  g_assert_cmpint (update->type, ==, MSG_UPDATE_DRAFT);
  g_assert_cmpint (update->draft->reply_to, ==, 7);
  g_assert_cmpint (update->draft->at_ms, ==, EPOCH_MS + 1000);
}

static void
test_cleared (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  g_auto (Got) sent = { 0 }, again = { 0 }, missed = { 0 };
  const MsgUpdate *update;

  set_ok (f, f->ann, chat, NULL, 0);
  set_ok (f, f->ann, chat, "one", 1);
  set_ok (f, f->ann, chat, NULL, 1);
  assert_draft (f, f->ann, chat, NULL);
  set_ok (f, f->ann, chat, "two", 1);
  set_ok (f, f->bob, chat, "bob's own", 1);
  chats_send_got (f, f->ann, chat, 1, "two", &sent);
  g_assert_no_error (sent.answer.error);
  assert_draft (f, f->ann, chat, NULL);
  assert_draft (f, f->bob, chat, "bob's own");
  /* the answer says where the message is, and a retry clears nothing */
  set_ok (f, f->ann, chat, "three", 1);
  chats_send_got (f, f->ann, chat, 1, "two", &again);
  g_assert_cmpint (again.written.pts, ==, sent.written.pts);
  assert_draft (f, f->ann, chat, "three");
  /* draft one, none, two, none; the chat, the message; three */
  chats_difference (f, f->ann, 3, 10, &missed);
  g_assert_cmpuint (missed.updates->len, ==, 4);
  update = missed.updates->pdata[0];
  g_assert_cmpint (update->type, ==, MSG_UPDATE_DRAFT);
  g_assert_cmpstr (update->draft->text, ==, "three"); /* as it is now */
  g_assert_cmpint (((MsgUpdate *) missed.updates->pdata[2])->type, ==, MSG_UPDATE_MESSAGE_NEW);
}

static void
test_big (Chats *f, gconstpointer data)
{
  MsgId chat = chats_make (f, MSG_CHAT_CHANNEL, f->ann, &f->bob, 1);
  g_auto (Got) reader = { 0 }, clear = { 0 };

  set_ok (f, f->ann, chat, "news", 1);
  (void) chats_send (f, f->ann, chat, 1, "news");
  assert_draft (f, f->ann, chat, NULL);
  set_draft (f, f->bob, chat, "x", 0, &reader);
  assert_reason (&reader.answer, MSG_ERROR_FORBIDDEN, "admin_only");
  set_draft (f, f->bob, chat, NULL, 0, &clear);
  g_assert_no_error (clear.answer.error);
}

static void
test_bad (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  g_autofree char *text = g_strnfill (4097, 'x');
  g_autoptr (GArray) entities = msg_entities_new ();
  const MsgEntity outside = { .type = MSG_ENTITY_BOLD, .offset = 3, .length = 1 };
  const MsgDrafting marked = { .user_id = f->ann, .chat_id = chat, .text = "abc", .entities = entities };
  g_auto (Got) stranger = { 0 }, large = { 0 }, blank = { 0 }, wrong = { 0 };

  set_draft (f, f->eve, chat, "x", 0, &stranger);
  assert_reason (&stranger.answer, MSG_ERROR_NOT_FOUND, "chat");
  set_draft (f, f->ann, chat, text, 0, &large);
  assert_reason (&large.answer, MSG_ERROR_INVALID, "text");
  set_draft (f, f->ann, chat, " \n", 0, &blank);
  assert_reason (&blank.answer, MSG_ERROR_INVALID, "text");
  g_array_append_val (entities, outside);
  msg_chat_set_draft (f->bench.core, &marked, on_written, &wrong);
  bench_wait (&f->bench, &wrong.answer);
  assert_reason (&wrong.answer, MSG_ERROR_INVALID, "entities");
  assert_draft (f, f->ann, chat, NULL);
}

static void
test_bounded (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob), other;
  g_autofree char *script = NULL;
  g_auto (Got) full = { 0 }, rate = { 0 };
  MsgDb *db;

  set_ok (f, f->ann, chat, "x", 1);
  bench_close (&f->bench);
  db = msg_db_open (f->bench.options.database, MSG_DB_WRITE, NULL);
  script = g_strdup_printf ("INSERT INTO chats (id, kind, title, about, owner_id, top_id, pts, member_count, permissions,"
                            " slow_ms, ttl_ms, linked_id, migrated_to, created_ms, deleted_ms)"
                            " WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
                            " SELECT i, 3, '', '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM n;"
                            "INSERT INTO drafts (user_id, chat_id, at_ms, text, reply_to)"
                            " SELECT %" G_GINT64_FORMAT ", id, 0, 'x', 0 FROM chats WHERE id < %d",
                            MSG_DRAFTS_MAX - 1, f->ann, MSG_DRAFTS_MAX);
  g_assert_true (msg_db_exec (db, script, NULL));
  msg_db_close (db);
  f->bench.options.drafts_per_user = (MsgRate){ 3, 1000 };
  bench_open (&f->bench);
  other = chats_open (f, f->ann, f->eve);
  set_draft (f, f->ann, other, "x", 0, &full);
  assert_reason (&full.answer, MSG_ERROR_LIMIT, "too_many_drafts");
  set_ok (f, f->ann, chat, "y", 1); /* one that there is already */
  set_ok (f, f->ann, chat, NULL, 1);
  set_draft (f, f->ann, chat, "z", 0, &rate);
  assert_reason (&rate.answer, MSG_ERROR_LIMIT, "draft_rate");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add ("/messaging/draft/" name, Chats, NULL, chats_set_up, test, chats_tear_down)
  ADD ("kept", test_kept);
  ADD ("cleared", test_cleared);
  ADD ("big", test_big);
  ADD ("bad", test_bad);
  ADD ("bounded", test_bounded);
  return g_test_run ();
}
