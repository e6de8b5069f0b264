/* SPDX-License-Identifier: Apache-2.0 */
#include "chat-harness.h"

#include "messaging/account-end-rows.h"
#include "messaging/account-end.h"
#include "messaging/chat-join.h"

static void
end (Chats *f, MsgId user, bool erase)
{
  g_auto (Answer) answer = { 0 };

  msg_account_delete (f->bench.core, user, erase, on_done, &answer);
  bench_wait (&f->bench, &answer);
  g_assert_no_error (answer.error);
}

static void
end_wholly (Chats *f, MsgId user, bool erase)
{
  end (f, user, erase);
  bench_wait_ends (&f->bench);
}

/* One number of the database, which the core has closed meanwhile. */
static int64_t
count (Chats *f, const char *sql)
{
  MsgDb *db;
  MsgStmt *stmt;
  int64_t n;

  bench_close (&f->bench);
  db = msg_db_open (f->bench.url, MSG_DB_WRITE, NULL);
  g_assert_nonnull (db);
  stmt = msg_db_prepare (db, sql);
  g_assert_cmpint (msg_stmt_step (stmt, NULL), ==, MSG_STEP_ROW);
  n = msg_stmt_get_int (stmt, 0);
  msg_db_close (db);
  bench_open (&f->bench);
  chats_listen (f);
  return n;
}

static void
send_many (Chats *f, MsgId user, MsgId chat, unsigned n)
{
  for (unsigned i = 0; i < n; i++)
    {
      const MsgSending sending = { .user_id = user, .device_id = 1, .chat_id = chat,
                                   .random_id = { (uint8_t) (255 - i % 256), (uint8_t) (i / 256), 7 }, .text = "word" };
      g_auto (Got) got = { 0 };

      msg_message_send (f->bench.core, &sending, on_message, &got);
      bench_wait (&f->bench, &got.answer);
      g_assert_no_error (got.answer.error);
    }
}

static unsigned
count_seen (Chats *f, MsgId user, MsgId chat, MsgId sender)
{
  g_auto (Got) got = { 0 };
  unsigned n = 0;

  chats_history (f, user, chat, MSG_HISTORY_BEFORE, G_MAXINT64, MSG_HISTORY_MAX, &got);
  g_assert_no_error (got.answer.error);
  for (unsigned i = 0; i < got.messages->len; i++)
    {
      const MsgMessage *message = got.messages->pdata[i];

      n += message->sender_id == sender && message->kind == MSG_MESSAGE_TEXT;
    }
  return n;
}

static MsgChatRole
role_of (Chats *f, MsgId user, MsgId chat)
{
  g_autoptr (MsgChat) seen = chats_get (f, user, chat);

  return seen != NULL ? seen->standing.role : MSG_ROLE_STRANGER;
}

/* --- Who owns a group afterwards --- */

static void
test_heir (Chats *f, gconstpointer data)
{
  MsgChatKind kind = GPOINTER_TO_INT (data);
  MsgId members[] = { f->bob, f->eve }, chat;
  g_autoptr (MsgChat) seen = NULL;

  f->bench.options.group_members = 200;
  bench_reopen (&f->bench);
  chats_listen (f);
  chat = chats_make (f, kind, f->ann, members, 2);
  if (kind == MSG_CHAT_CHANNEL)
    {
      g_auto (Got) raised = { 0 };

      chats_stand (f, f->ann, chat, f->eve, MSG_ROLE_ADMIN, MSG_RIGHT_POST, 0, &raised);
      g_assert_no_error (raised.answer.error);
    }
  end_wholly (f, f->ann, false);
  /* both came at the same time: the smaller id; in a channel, the admin */
  seen = chats_get (f, f->bob, chat);
  g_assert_cmpint (seen->owner_id, ==, kind == MSG_CHAT_CHANNEL ? f->eve : MIN (f->bob, f->eve));
  g_assert_cmpuint (seen->member_count, ==, 2);
  g_assert_cmpint (role_of (f, seen->owner_id, chat), ==, MSG_ROLE_OWNER);
}

static void
test_admin_before_member (Chats *f, gconstpointer data)
{
  MsgId members[] = { f->bob, f->eve }, chat = chats_group (f, f->ann, members, 2);
  g_auto (Got) raised = { 0 };

  chats_stand (f, f->ann, chat, MAX (f->bob, f->eve), MSG_ROLE_ADMIN, MSG_RIGHT_BAN, 0, &raised);
  g_assert_no_error (raised.answer.error);
  g_array_set_size (f->told, 0);
  end_wholly (f, f->ann, false);
  g_assert_cmpint (role_of (f, MAX (f->bob, f->eve), chat), ==, MSG_ROLE_OWNER);
  g_assert_cmpint (role_of (f, MIN (f->bob, f->eve), chat), ==, MSG_ROLE_MEMBER);
  for (unsigned i = 0, n = 0; i <= f->told->len; i++)
    if (i == f->told->len)
      g_assert_cmpuint (n, ==, 2); /* both hear that there is a new owner, and that somebody is out */
    else
      n += g_array_index (f->told, Told, i).type == MSG_UPDATE_MEMBER && g_array_index (f->told, Told, i).user_id == f->bob;
}

static void
test_channel_closes (Chats *f, gconstpointer data)
{
  MsgId chat = chats_make (f, MSG_CHAT_CHANNEL, f->ann, &f->bob, 1);
  g_auto (Got) named = { 0 }, taken = { 0 };
  g_autoptr (MsgChat) seen = NULL;
  MsgId other;

  msg_chat_set_username (f->bench.core, f->ann, chat, "news_here", on_written, &named);
  bench_wait (&f->bench, &named.answer);
  g_assert_no_error (named.answer.error);
  (void) chats_send (f, f->ann, chat, 1, "news");
  end_wholly (f, f->ann, false);
  seen = chats_get (f, f->bob, chat);
  g_assert_cmpint (seen->owner_id, ==, 0);
  g_assert_null (seen->username);
  g_assert_cmpuint (count_seen (f, f->bob, chat, f->ann), ==, 1);
  other = chats_make (f, MSG_CHAT_CHANNEL, f->bob, NULL, 0);
  msg_chat_set_username (f->bench.core, f->bob, other, "news_here", on_written, &taken);
  bench_wait (&f->bench, &taken.answer);
  g_assert_no_error (taken.answer.error);
}

/* --- What becomes of what was written --- */

static void
test_messages (Chats *f, gconstpointer data)
{
  bool erase = GPOINTER_TO_INT (data);
  MsgId pair = chats_open (f, f->ann, f->bob), group = chats_group (f, f->bob, &f->ann, 1);
  MsgId saved = chats_open (f, f->ann, f->ann), alone = chats_group (f, f->ann, NULL, 0), former = chats_group (f, f->eve, &f->ann, 1);
  const unsigned n = MSG_END_MESSAGES + 20; /* more than a slice */
  g_auto (Got) left = { 0 };
  g_autoptr (MsgChat) of_bob = NULL;

  send_many (f, f->ann, pair, n);
  send_many (f, f->ann, group, 2);
  send_many (f, f->ann, saved, n);
  send_many (f, f->ann, alone, 3);
  send_many (f, f->ann, former, 2);
  (void) chats_send (f, f->bob, pair, 1, "mine");
  msg_chat_leave (f->bench.core, f->ann, former, on_written, &left);
  bench_wait (&f->bench, &left.answer);
  g_assert_no_error (left.answer.error);
  end_wholly (f, f->ann, erase);

  g_assert_cmpuint (count_seen (f, f->bob, pair, f->ann), ==, erase ? 0 : n);
  g_assert_cmpuint (count_seen (f, f->bob, pair, f->bob), ==, 1);
  g_assert_cmpuint (count_seen (f, f->bob, group, f->ann), ==, erase ? 0 : 2);
  g_assert_cmpuint (count_seen (f, f->eve, former, f->ann), ==, erase ? 0 : 2);
  of_bob = chats_get (f, f->bob, pair);
  g_assert_true (of_bob->peer->deleted);
  g_assert_cmpuint (of_bob->unread, ==, erase ? 0 : n);
  g_assert_cmpint (count (f, "SELECT COUNT (*) FROM chats c JOIN messages m ON m.chat_id = c.id WHERE c.kind = 2"), ==, 0);
  g_assert_cmpint (count (f, "SELECT COUNT (*) FROM chats c JOIN messages m ON m.chat_id = c.id WHERE c.deleted_ms > 0"), ==,
                   0);
  g_assert_cmpint (count (f, "SELECT COUNT (*) FROM updates p JOIN users u ON u.id = p.user_id WHERE u.deleted_ms > 0"), ==,
                   0);
  g_assert_cmpint (count (f, "SELECT COUNT (*) FROM account_ends"), ==, 0);

  /* when the other one goes too, nobody is left to read */
  end_wholly (f, f->bob, false);
  g_assert_cmpint (count (f, "SELECT COUNT (*) FROM chats c JOIN messages m ON m.chat_id = c.id WHERE c.kind = 1"), ==, 0);
  g_assert_cmpint (count (f, "SELECT COUNT (*) FROM messages WHERE kind = 1 AND deleted_ms = 0"), ==, erase ? 0 : 2);
}

/* What a stopped server has left goes on with the next. */
static void
test_restart (Chats *f, gconstpointer data)
{
  MsgId pair = chats_open (f, f->ann, f->bob);
  unsigned starts = 0;

  send_many (f, f->ann, pair, 3 * MSG_END_MESSAGES);
  (void) chats_send (f, f->bob, pair, 1, "mine");
  end (f, f->ann, true);
  while (msg_account_is_ending (f->bench.core) && starts < 20)
    {
      /* the core finishes the slice that is under way, and no more */
      bench_reopen (&f->bench);
      chats_listen (f);
      starts++;
    }
  g_assert_cmpuint (starts, >, 2);
  bench_wait_ends (&f->bench);
  g_assert_cmpuint (count_seen (f, f->bob, pair, f->ann), ==, 0);
  g_assert_cmpint (count (f, "SELECT COUNT (*) FROM account_ends"), ==, 0);
}

/* Others write in between: no job has more than a slice. */
static void
test_slices (Chats *f, gconstpointer data)
{
  MsgId pair = chats_open (f, f->ann, f->bob), other = chats_open (f, f->bob, f->eve);
  unsigned n = 0;

  send_many (f, f->ann, pair, 4 * MSG_END_MESSAGES);
  end (f, f->ann, true);
  while (msg_account_is_ending (f->bench.core))
    {
      (void) chats_send (f, f->bob, other, (uint8_t) ++n, "between");
      g_assert_cmpuint (n, <, 200);
    }
  g_assert_cmpuint (n, >=, 3);
}

/* --- The user's own way --- */

static void
end_own (Chats *f, const char *password, const char *code, Answer *answer)
{
  msg_account_delete_own (f->bench.core, f->ann, password, code, false, on_done, answer);
  bench_wait (&f->bench, answer);
}

static void
test_own (Chats *f, gconstpointer data)
{
  g_auto (Answer) wrong = { 0 }, gone = { 0 }, held = { 0 }, created = { 0 }, later = { 0 };

  end_own (f, "not the one", NULL, &wrong);
  assert_reason (&wrong, MSG_ERROR_UNAUTHENTICATED, "bad_password");
  g_assert_cmpuint (f->bench.n_events, ==, 0);
  end_own (f, "correct horse", NULL, &gone);
  g_assert_no_error (gone.error);
  g_assert_cmpint (f->bench.events[0].cause, ==, MSG_END_DELETED);
  bench_register (&f->bench, "Ann", 1, &held);
  assert_reason (&held, MSG_ERROR_CONFLICT, "username_taken");
  f->bench.now_ms += MSG_NAME_HOLD_MS - 1;
  msg_account_create (f->bench.core, "ann", "correct horse", NULL, on_user, &created);
  bench_wait (&f->bench, &created);
  assert_reason (&created, MSG_ERROR_CONFLICT, "username_taken");
  f->bench.now_ms += 1;
  bench_register (&f->bench, "ann", 1, &later);
  g_assert_no_error (later.error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, data, test)                                                                                          \
  g_test_add ("/messaging/account-end/" name, Chats, GINT_TO_POINTER (data), chats_set_up, test, chats_tear_down)
  ADD ("heir-group", MSG_CHAT_GROUP, test_heir);
  ADD ("heir-supergroup", MSG_CHAT_SUPERGROUP, test_heir);
  ADD ("heir-channel", MSG_CHAT_CHANNEL, test_heir);
  ADD ("admin-before-member", 0, test_admin_before_member);
  ADD ("channel-closes", 0, test_channel_closes);
  ADD ("messages-stay", false, test_messages);
  ADD ("messages-go", true, test_messages);
  ADD ("restart", 0, test_restart);
  ADD ("slices", 0, test_slices);
  ADD ("own", 0, test_own);
  return g_test_run ();
}
