/* SPDX-License-Identifier: Apache-2.0 */
/* Supergroups and channels: chats with a log of their own, in which nothing is written for each member. */
#include "chat-harness.h"
#include "messaging/db.h"

static void
difference_of (Chats *f, MsgId user, MsgId chat, int64_t pts, unsigned limit, Got *got)
{
  msg_updates_chat_difference (f->bench.core, user, chat, pts, limit, on_difference, got);
  bench_wait (&f->bench, &got->answer);
}

static const MsgUpdate *
nth (const Got *got, unsigned i)
{
  g_assert_no_error (got->answer.error);
  g_assert_cmpuint (i, <, got->updates->len);
  return got->updates->pdata[i];
}

static void
assert_told (const Chats *f, unsigned i, MsgUpdateType type, MsgId user, int64_t pts)
{
  const Told *told = &g_array_index (f->told, Told, i);

  g_assert_cmpuint (i, <, f->told->len);
  g_assert_cmpint (told->type, ==, type);
  g_assert_cmpint (told->user_id, ==, user);
  g_assert_cmpint (told->pts, ==, pts);
}

static void
mark (Chats *f, MsgId user, MsgId chat, MsgMark what, int64_t up_to, Got *got)
{
  msg_message_mark (f->bench.core, user, chat, what, up_to, on_written, got);
  bench_wait (&f->bench, &got->answer);
}

static void
invite (Chats *f, MsgId actor, MsgId chat, MsgId user, Got *got)
{
  msg_chat_invite (f->bench.core, actor, chat, &user, 1, on_written, got);
  bench_wait (&f->bench, &got->answer);
}

/* One number out of the database, which the core lets go of meanwhile. */
static int64_t
ask (Chats *f, const char *sql)
{
  GError *error = NULL;
  MsgDb *db;
  MsgStmt *stmt;
  int64_t value;

  bench_close (&f->bench);
  db = msg_db_open (f->bench.options.database, MSG_DB_WRITE, &error);
  g_assert_no_error (error);
  g_assert_true (msg_db_begin (db, NULL));
  stmt = msg_db_prepare (db, sql);
  g_assert_cmpint (msg_stmt_step (stmt, NULL), ==, MSG_STEP_ROW);
  value = msg_stmt_get_int (stmt, 0);
  msg_db_rollback (db);
  msg_db_close (db);
  bench_open (&f->bench);
  chats_listen (f);
  return value;
}

static void
test_create (Chats *f, gconstpointer data)
{
  const MsgId members[] = { f->bob, f->eve };
  MsgId chat = chats_make (f, MSG_CHAT_SUPERGROUP, f->ann, members, 2);
  g_autoptr (MsgChat) of_bob = NULL;

  /* each learns that they are in it, then all that it was made */
  g_assert_cmpuint (f->told->len, ==, 4);
  for (unsigned i = 0; i < 3; i++)
    {
      g_assert_cmpint (g_array_index (f->told, Told, i).type, ==, MSG_UPDATE_CHAT);
      g_assert_cmpint (g_array_index (f->told, Told, i).pts, ==, 1);
    }
  assert_told (f, 3, MSG_UPDATE_MESSAGE_NEW, 0, 1);
  of_bob = chats_get (f, f->bob, chat);
  g_assert_cmpint (of_bob->kind, ==, MSG_CHAT_SUPERGROUP);
  g_assert_cmpint (of_bob->pts, ==, 1);
  g_assert_cmpuint (of_bob->member_count, ==, 3);
  g_assert_cmpint (of_bob->permissions, ==, MSG_RIGHTS_DEFAULT);
  g_assert_cmpuint (of_bob->unread, ==, 1);
}

/* a send writes one row of the log, whoever reads it, and no row of a member */
static void
test_one_row (Chats *f, gconstpointer data)
{
  static const char members[] = "SELECT CAST (COUNT (*) + SUM (last_id + last_ms + unread) AS BIGINT) FROM chat_members";
  const MsgId others[] = { f->bob, f->eve };
  MsgId chat = chats_make (f, MSG_CHAT_SUPERGROUP, f->ann, others, 2);
  int64_t of_users = ask (f, "SELECT COUNT (*) FROM updates"), of_chat = ask (f, "SELECT COUNT (*) FROM chat_updates");
  int64_t of_members = ask (f, members);
  g_auto (Got) sent = { 0 }, again = { 0 };

  g_array_set_size (f->told, 0);
  chats_send_got (f, f->bob, chat, 1, "hello", &sent);
  g_assert_cmpint (sent.written.pts, ==, 1); /* his own log: that he is in it */
  g_assert_cmpuint (sent.written.count, ==, 0);
  g_assert_cmpint (sent.written.chat_pts, ==, 2);
  g_assert_cmpuint (sent.written.chat_count, ==, 1);
  g_assert_cmpuint (f->told->len, ==, 1);
  assert_told (f, 0, MSG_UPDATE_MESSAGE_NEW, 0, 2);
  g_assert_cmpint (ask (f, "SELECT COUNT (*) FROM updates"), ==, of_users);
  g_assert_cmpint (ask (f, "SELECT COUNT (*) FROM chat_updates"), ==, of_chat + 1);
  g_assert_cmpint (ask (f, members), ==, of_members);
  chats_send_got (f, f->bob, chat, 1, "hello", &again);
  g_assert_no_error (again.answer.error);
  g_assert_true (memcmp (&again.written, &sent.written, sizeof sent.written) == 0);
  g_assert_cmpint (ask (f, "SELECT COUNT (*) FROM chat_updates"), ==, of_chat + 1);
}

static void
test_difference (Chats *f, gconstpointer data)
{
  MsgId chat = chats_make (f, MSG_CHAT_SUPERGROUP, f->ann, &f->bob, 1);
  int64_t two = chats_send (f, f->ann, chat, 1, "two"), three = chats_send (f, f->ann, chat, 2, "three");
  const MsgChatChange title = { .title = "New" };
  g_auto (Got) edited = { 0 }, deleted = { 0 }, titled = { 0 }, all = { 0 }, page = { 0 }, none = { 0 }, future = { 0 };
  g_auto (Got) limit = { 0 }, stranger = { 0 };

  msg_message_edit (f->bench.core, f->ann, chat, two, "zwei", NULL, on_message, &edited);
  bench_wait (&f->bench, &edited.answer);
  g_assert_cmpint (edited.written.chat_pts, ==, 4);
  msg_message_delete (f->bench.core, f->ann, chat, &three, 1, true, on_written, &deleted);
  bench_wait (&f->bench, &deleted.answer);
  msg_chat_update (f->bench.core, f->ann, chat, &title, on_written, &titled);
  bench_wait (&f->bench, &titled.answer);
  g_assert_cmpuint (titled.written.chat_count, ==, 2);
  difference_of (f, f->bob, chat, 0, 100, &all);
  g_assert_cmpuint (all.updates->len, ==, 7);
  g_assert_cmpstr (nth (&all, 1)->message->text, ==, "zwei"); /* as it is now */
  g_assert_cmpint (nth (&all, 2)->type, ==, MSG_UPDATE_MESSAGE_DELETED);
  g_assert_cmpint (nth (&all, 3)->type, ==, MSG_UPDATE_MESSAGE_EDITED);
  g_assert_cmpint (g_array_index (nth (&all, 4)->ids, int64_t, 0), ==, three);
  g_assert_cmpstr (nth (&all, 6)->chat->title, ==, "New");
  for (unsigned i = 0; i < 7; i++)
    g_assert_cmpint (nth (&all, i)->chat_pts, ==, i + 1);
  difference_of (f, f->bob, chat, 2, 2, &page);
  g_assert_true (page.more);
  g_assert_cmpint (page.pts, ==, 4);
  difference_of (f, f->bob, chat, 7, 2, &none);
  g_assert_cmpuint (none.updates->len, ==, 0);
  difference_of (f, f->bob, chat, 8, 2, &future);
  assert_reason (&future.answer, MSG_ERROR_INVALID, "pts");
  difference_of (f, f->bob, chat, 0, 1001, &limit);
  assert_reason (&limit.answer, MSG_ERROR_INVALID, "limit");
  difference_of (f, f->eve, chat, 0, 2, &stranger);
  assert_reason (&stranger.answer, MSG_ERROR_NOT_FOUND, "chat");
}

/* who is out gets nothing of it, and hears so last */
static void
test_out (Chats *f, gconstpointer data)
{
  const MsgId members[] = { f->bob, f->eve };
  MsgId chat = chats_make (f, MSG_CHAT_SUPERGROUP, f->ann, members, 2), group = chats_group (f, f->ann, NULL, 0);
  g_auto (Got) left = { 0 }, banned = { 0 }, of_left = { 0 }, of_banned = { 0 }, of_group = { 0 }, own = { 0 };
  g_autoptr (MsgChat) of_ann = NULL;

  (void) chats_send (f, f->ann, chat, 1, "secret");
  g_array_set_size (f->told, 0);
  msg_chat_leave (f->bench.core, f->bob, chat, on_written, &left);
  bench_wait (&f->bench, &left.answer);
  g_assert_cmpuint (left.written.count, ==, 1);
  g_assert_cmpuint (f->told->len, ==, 1);
  assert_told (f, 0, MSG_UPDATE_MEMBER, f->bob, 2);
  chats_stand (f, f->ann, chat, f->eve, MSG_ROLE_BANNED, 0, 0, &banned);
  g_assert_cmpuint (banned.written.chat_count, ==, 1); /* that she was sent out */
  g_assert_cmpuint (f->told->len, ==, 3);
  assert_told (f, 1, MSG_UPDATE_MEMBER, f->eve, 2);
  difference_of (f, f->bob, chat, 0, 10, &of_left);
  assert_reason (&of_left.answer, MSG_ERROR_FORBIDDEN, "left");
  difference_of (f, f->eve, chat, 0, 10, &of_banned);
  assert_reason (&of_banned.answer, MSG_ERROR_FORBIDDEN, "banned");
  difference_of (f, f->ann, group, 0, 10, &of_group);
  assert_reason (&of_group.answer, MSG_ERROR_FORBIDDEN, "chat_kind");
  chats_difference (f, f->bob, 0, 10, &own);
  for (unsigned i = 0; i < own.updates->len; i++)
    g_assert_null (nth (&own, i)->chat);
  of_ann = chats_get (f, f->ann, chat);
  g_assert_cmpuint (of_ann->member_count, ==, 1);
}

/* who comes later sees what was before, and has read it */
static void
test_invite (Chats *f, gconstpointer data)
{
  MsgId chat = chats_make (f, MSG_CHAT_SUPERGROUP, f->ann, NULL, 0);
  g_auto (Got) joined = { 0 }, read = { 0 }, full = { 0 };
  g_autoptr (MsgChat) of_bob = NULL;

  (void) chats_send (f, f->ann, chat, 1, "before");
  g_array_set_size (f->told, 0);
  invite (f, f->ann, chat, f->bob, &joined);
  g_assert_cmpuint (joined.written.count, ==, 0);
  g_assert_cmpuint (joined.written.chat_count, ==, 1);
  assert_told (f, 0, MSG_UPDATE_CHAT, f->bob, 1); /* he first, so that he hears of the rest */
  assert_told (f, 1, MSG_UPDATE_MESSAGE_NEW, 0, 3);
  chats_history (f, f->bob, chat, MSG_HISTORY_BEFORE, G_MAXINT64, 10, &read);
  g_assert_cmpuint (read.messages->len, ==, 3);
  of_bob = chats_get (f, f->bob, chat);
  g_assert_cmpuint (of_bob->unread, ==, 1); /* that he was added */
  bench_close (&f->bench);
  f->bench.options.supergroup_members = 2;
  bench_open (&f->bench);
  invite (f, f->ann, chat, f->eve, &full);
  assert_reason (&full.answer, MSG_ERROR_LIMIT, "too_many_members");
}

static void
test_read (Chats *f, gconstpointer data)
{
  MsgId chat = chats_make (f, MSG_CHAT_SUPERGROUP, f->ann, &f->bob, 1);
  int64_t last = 0, first;
  g_auto (Got) hidden = { 0 }, read = { 0 }, back = { 0 }, got = { 0 };
  g_autoptr (MsgChat) before = NULL, after = NULL, far = NULL;

  for (uint8_t i = 0; i < 5; i++)
    last = chats_send (f, i == 2 ? f->bob : f->ann, chat, (uint8_t) (i + 1), "x");
  first = last - 4;
  msg_message_delete (f->bench.core, f->bob, chat, &first, 1, false, on_written, &hidden);
  bench_wait (&f->bench, &hidden.answer);
  before = chats_get (f, f->bob, chat);
  g_assert_cmpuint (before->unread, ==, 4); /* with "created", without his own and the one he has deleted */
  g_array_set_size (f->told, 0);
  mark (f, f->bob, chat, MSG_MARK_READ, last - 2, &read);
  g_assert_cmpuint (read.written.count, ==, 1);
  g_assert_cmpuint (f->told->len, ==, 1); /* his own devices alone */
  assert_told (f, 0, MSG_UPDATE_READ, f->bob, 3);
  after = chats_get (f, f->bob, chat);
  g_assert_cmpuint (after->unread, ==, 2);
  g_assert_cmpint (after->read_id, ==, last - 2);
  mark (f, f->bob, chat, MSG_MARK_READ, 1, &back);
  g_assert_cmpuint (back.written.count, ==, 0);
  mark (f, f->bob, chat, MSG_MARK_DELIVERED, last, &got);
  g_assert_no_error (got.answer.error);
  g_assert_cmpuint (f->told->len, ==, 1);
  for (unsigned i = 0; i < MSG_CHAT_UNREAD_EXACT; i++)
    (void) chats_send (f, f->bob, chat, (uint8_t) (i + 10), "his own");
  far = chats_get (f, f->bob, chat);
  g_assert_cmpuint (far->unread, ==, MSG_CHAT_UNREAD_EXACT + 2); /* too many to look at each */
}

static void
test_list (Chats *f, gconstpointer data)
{
  MsgId pair, big, group;
  g_auto (Got) first = { 0 }, second = { 0 };
  const MsgChat *last;
  MsgChatPlace place;

  big = chats_make (f, MSG_CHAT_CHANNEL, f->ann, &f->bob, 1);
  f->bench.now_ms++;
  pair = chats_open (f, f->ann, f->bob);
  (void) chats_send (f, f->ann, pair, 1, "one");
  f->bench.now_ms++;
  group = chats_group (f, f->ann, &f->bob, 1);
  f->bench.now_ms++;
  (void) chats_send (f, f->ann, big, 2, "news"); /* now it is above the others, though nothing of bob's was written */
  msg_chat_list (f->bench.core, f->bob, NULL, 2, on_chat_page, &first);
  bench_wait (&f->bench, &first.answer);
  g_assert_cmpuint (first.chats->len, ==, 2);
  g_assert_true (first.more);
  g_assert_cmpint (((MsgChat *) first.chats->pdata[0])->id, ==, big);
  g_assert_cmpuint (((MsgChat *) first.chats->pdata[0])->unread, ==, 2);
  g_assert_cmpstr (((MsgMessage *) first.messages->pdata[0])->text, ==, "news");
  last = first.chats->pdata[1];
  g_assert_cmpint (last->id, ==, group);
  place = (MsgChatPlace){ last->last_ms, last->id };
  msg_chat_list (f->bench.core, f->bob, &place, 2, on_chat_page, &second);
  bench_wait (&f->bench, &second.answer);
  g_assert_cmpuint (second.chats->len, ==, 1);
  g_assert_cmpint (((MsgChat *) second.chats->pdata[0])->id, ==, pair);
}

static void
on_state (const MsgUpdateState *state, const GError *error, gpointer data)
{
  Got *got = data;

  answer_take (&got->answer, error);
  got->next = state->chats->len == 1 ? g_array_index (state->chats, MsgChatPts, 0).chat_id : -(int64_t) state->chats->len;
  got->pts = state->chats->len == 1 ? g_array_index (state->chats, MsgChatPts, 0).pts : 0;
}

static void
test_state (Chats *f, gconstpointer data)
{
  MsgId chat = chats_make (f, MSG_CHAT_CHANNEL, f->ann, &f->bob, 1);
  g_auto (Got) inside = { 0 }, left = { 0 }, outside = { 0 };

  (void) chats_send (f, f->ann, chat, 1, "x");
  msg_updates_state (f->bench.core, f->bob, on_state, &inside);
  bench_wait (&f->bench, &inside.answer);
  g_assert_cmpint (inside.next, ==, chat);
  g_assert_cmpint (inside.pts, ==, 2);
  msg_chat_leave (f->bench.core, f->bob, chat, on_written, &left);
  bench_wait (&f->bench, &left.answer);
  msg_updates_state (f->bench.core, f->bob, on_state, &outside);
  bench_wait (&f->bench, &outside.answer);
  g_assert_cmpint (outside.next, ==, 0);
}

static void
on_members (GPtrArray *members, const GError *error, gpointer data)
{
  Got *got = data;

  answer_take (&got->answer, error);
  got->next = members != NULL ? members->len : 0;
}

/* in a channel its admins write who have the right, and nobody else sees who reads it */
static void
test_channel (Chats *f, gconstpointer data)
{
  const MsgId members[] = { f->bob, f->eve };
  MsgId chat = chats_make (f, MSG_CHAT_CHANNEL, f->ann, members, 2), zoe = chats_user (f, "zoe", 4);
  g_auto (Got) reader = { 0 }, admin = { 0 }, silent = { 0 }, poster = { 0 }, post = { 0 }, of_bob = { 0 }, of_eve = { 0 };
  g_auto (Got) restricted = { 0 }, added = { 0 }, asked = { 0 };

  chats_send_got (f, f->bob, chat, 1, "x", &reader);
  assert_reason (&reader.answer, MSG_ERROR_FORBIDDEN, "admin_only");
  chats_stand (f, f->ann, chat, f->bob, MSG_ROLE_ADMIN, MSG_RIGHT_INVITE, 0, &admin);
  g_assert_no_error (admin.answer.error);
  chats_send_got (f, f->bob, chat, 1, "x", &silent);
  assert_reason (&silent.answer, MSG_ERROR_FORBIDDEN, "not_permitted");
  chats_stand (f, f->ann, chat, f->bob, MSG_ROLE_ADMIN, MSG_RIGHT_INVITE | MSG_RIGHT_POST, 0, &poster);
  chats_send_got (f, f->bob, chat, 1, "news", &post);
  g_assert_no_error (post.answer.error);
  msg_chat_members (f->bench.core, f->bob, chat, NULL, 0, 10, on_members, &of_bob);
  bench_wait (&f->bench, &of_bob.answer);
  g_assert_cmpint (of_bob.next, ==, 3);
  msg_chat_members (f->bench.core, f->eve, chat, NULL, 0, 10, on_members, &of_eve);
  bench_wait (&f->bench, &of_eve.answer);
  assert_reason (&of_eve.answer, MSG_ERROR_FORBIDDEN, "admin_only");
  chats_stand (f, f->ann, chat, f->eve, MSG_ROLE_RESTRICTED, 0, 0, &restricted);
  assert_reason (&restricted.answer, MSG_ERROR_FORBIDDEN, "chat_kind");
  g_array_set_size (f->told, 0);
  invite (f, f->bob, chat, zoe, &added);
  g_assert_no_error (added.answer.error);
  g_assert_cmpuint (f->told->len, ==, 1); /* she alone */
  assert_told (f, 0, MSG_UPDATE_CHAT, zoe, 1);
  invite (f, f->eve, chat, zoe, &asked);
  assert_reason (&asked.answer, MSG_ERROR_FORBIDDEN, "admin_only");
}

static void
test_slow (Chats *f, gconstpointer data)
{
  MsgId chat = chats_make (f, MSG_CHAT_SUPERGROUP, f->ann, &f->bob, 1), channel = chats_make (f, MSG_CHAT_CHANNEL, f->ann, NULL, 0);
  const MsgChatChange slow = { .has_slow = true, .slow_ms = 1000 }, bad = { .has_slow = true, .slow_ms = -1 };
  g_auto (Got) member = { 0 }, put = { 0 }, wrong = { 0 }, kind = { 0 }, early = { 0 }, late = { 0 };

  msg_chat_update (f->bench.core, f->bob, chat, &slow, on_written, &member);
  bench_wait (&f->bench, &member.answer);
  assert_reason (&member.answer, MSG_ERROR_FORBIDDEN, "admin_only");
  msg_chat_update (f->bench.core, f->ann, chat, &slow, on_written, &put);
  bench_wait (&f->bench, &put.answer);
  g_assert_no_error (put.answer.error);
  msg_chat_update (f->bench.core, f->ann, chat, &bad, on_written, &wrong);
  bench_wait (&f->bench, &wrong.answer);
  assert_reason (&wrong.answer, MSG_ERROR_INVALID, "slow");
  msg_chat_update (f->bench.core, f->ann, channel, &slow, on_written, &kind);
  bench_wait (&f->bench, &kind.answer);
  assert_reason (&kind.answer, MSG_ERROR_FORBIDDEN, "chat_kind");
  (void) chats_send (f, f->bob, chat, 1, "one");
  (void) chats_send (f, f->bob, chat, 1, "one"); /* a retry is no second message */
  f->bench.now_ms += 400;
  chats_send_got (f, f->bob, chat, 2, "two", &early);
  assert_reason (&early.answer, MSG_ERROR_LIMIT, "slow_mode");
  g_assert_cmpint (msg_error_get_retry_after_ms (early.answer.error), ==, 600);
  (void) chats_send (f, f->ann, chat, 1, "admins");
  (void) chats_send (f, f->ann, chat, 2, "may");
  f->bench.now_ms += 600;
  chats_send_got (f, f->bob, chat, 2, "two", &late);
  g_assert_no_error (late.answer.error);
}

/* the lists of who is in very many must stay short enough to be read at once */
static void
test_joined (Chats *f, gconstpointer data)
{
  MsgId chat = chats_make (f, MSG_CHAT_CHANNEL, f->ann, NULL, 0);
  g_autofree char *fill = NULL;
  g_auto (Got) full = { 0 }, created = { 0 };
  const MsgChatSpec spec = { .kind = MSG_CHAT_CHANNEL, .title = "One more" };
  MsgDb *db;

  bench_close (&f->bench);
  db = msg_db_open (f->bench.options.database, MSG_DB_WRITE, NULL);
  fill = g_strdup_printf (
      "INSERT INTO chats (id, kind, title, about, owner_id, top_id, pts, member_count, permissions, slow_ms, ttl_ms,"
      " linked_id, migrated_to, created_ms, deleted_ms) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
      " WHERE i < %d) SELECT i, 5, 'x', '', 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0 FROM n;"
      "INSERT INTO chat_members (chat_id, user_id, role, rights, until_ms, joined_ms, first_id, read_id, delivered_id,"
      " unread, mentions, last_id, last_ms) SELECT id, %" G_GINT64_FORMAT ", 4, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0 FROM chats"
      " WHERE id <= %d", MSG_CHAT_JOINED_MAX, f->bob, MSG_CHAT_JOINED_MAX);
  g_assert_true (msg_db_exec (db, fill, NULL));
  msg_db_close (db);
  bench_open (&f->bench);
  invite (f, f->ann, chat, f->bob, &full);
  assert_reason (&full.answer, MSG_ERROR_LIMIT, "too_many_chats");
  msg_chat_create (f->bench.core, f->bob, &spec, on_chat, &created);
  bench_wait (&f->bench, &created.answer);
  assert_reason (&created.answer, MSG_ERROR_LIMIT, "too_many_chats");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add ("/messaging/channel/" name, Chats, NULL, chats_set_up, test, chats_tear_down)
  ADD ("create", test_create);
  ADD ("one-row", test_one_row);
  ADD ("difference", test_difference);
  ADD ("out", test_out);
  ADD ("invite", test_invite);
  ADD ("read", test_read);
  ADD ("list", test_list);
  ADD ("state", test_state);
  ADD ("channel", test_channel);
  ADD ("slow", test_slow);
  ADD ("joined", test_joined);
  return g_test_run ();
}
