/* SPDX-License-Identifier: Apache-2.0 */
#include "chat-harness.h"
#include "messaging/call-log.h"

static void
test_open (Chats *f, gconstpointer data)
{
  MsgId chat = chats_open (f, f->ann, f->bob);
  g_autoptr (MsgChat) of_bob = NULL, saved = NULL, of_eve = NULL;
  g_auto (Got) nobody = { 0 };

  g_assert_cmpint (chats_open (f, f->bob, f->ann), ==, chat);
  g_assert_cmpint (chats_open (f, f->ann, f->eve), !=, chat);
  of_bob = chats_get (f, f->bob, chat);
  g_assert_cmpint (of_bob->kind, ==, MSG_CHAT_PRIVATE);
  g_assert_cmpint (of_bob->peer->id, ==, f->ann);
  of_eve = chats_get (f, f->eve, chat);
  g_assert_null (of_eve);
  saved = chats_get (f, f->ann, chats_open (f, f->ann, f->ann));
  g_assert_cmpint (saved->kind, ==, MSG_CHAT_SAVED);
  g_assert_null (saved->peer);
  msg_chat_open (f->bench.core, f->ann, 12345, on_chat, &nobody);
  bench_wait (&f->bench, &nobody.answer);
  assert_reason (&nobody.answer, MSG_ERROR_NOT_FOUND, "user");
}

static void
create (Chats *f, const char *title, const MsgId *members, unsigned n, Got *got)
{
  const MsgChatSpec spec = { .kind = MSG_CHAT_GROUP, .title = title, .members = members, .n_members = n };

  msg_chat_create (f->bench.core, f->ann, &spec, on_chat, got);
  bench_wait (&f->bench, &got->answer);
}

static void
test_create (Chats *f, gconstpointer data)
{
  const MsgId members[] = { f->bob, f->bob, f->ann, f->eve }, nobody = 12345;
  g_auto (Got) made = { 0 }, title = { 0 }, unknown = { 0 }, second = { 0 }, third = { 0 };
  g_autoptr (MsgChat) of_bob = NULL;

  create (f, " Team ", members, 4, &made);
  g_assert_no_error (made.answer.error);
  g_assert_cmpstr (made.chat->title, ==, "Team");
  g_assert_cmpuint (made.chat->member_count, ==, 3);
  g_assert_cmpint (made.chat->standing.role, ==, MSG_ROLE_OWNER);
  g_assert_cmpuint (made.written.count, ==, 2); /* the chat, and that it was made */
  g_assert_cmpuint (f->told->len, ==, 6);
  of_bob = chats_get (f, f->bob, made.chat->id);
  g_assert_cmpint (of_bob->standing.role, ==, MSG_ROLE_MEMBER);
  g_assert_cmpint (of_bob->permissions, ==, MSG_RIGHTS_DEFAULT);
  create (f, "", members, 1, &title);
  assert_reason (&title.answer, MSG_ERROR_INVALID, "title");
  create (f, "x", &nobody, 1, &unknown);
  assert_reason (&unknown.answer, MSG_ERROR_NOT_FOUND, "user");
  create (f, "x", NULL, 0, &second);
  g_assert_no_error (second.answer.error);
  create (f, "x", NULL, 0, &third);
  assert_reason (&third.answer, MSG_ERROR_LIMIT, "too_many_chats");
}

static void
invite (Chats *f, MsgId actor, MsgId chat, MsgId user, Got *got)
{
  msg_chat_invite (f->bench.core, actor, chat, &user, 1, on_written, got);
  bench_wait (&f->bench, &got->answer);
}

static void
leave (Chats *f, MsgId user, MsgId chat, Got *got)
{
  msg_chat_leave (f->bench.core, user, chat, on_written, got);
  bench_wait (&f->bench, &got->answer);
}

/* who comes later sees what comes later */
static void
test_join_and_leave (Chats *f, gconstpointer data)
{
  MsgId chat = chats_group (f, f->ann, NULL, 0);
  g_auto (Got) joined = { 0 }, again = { 0 }, read = { 0 }, edited = { 0 }, owner = { 0 }, left = { 0 }, refused = { 0 };
  g_auto (Got) last = { 0 }, gone = { 0 }, difference = { 0 };
  int64_t secret = chats_send (f, f->ann, chat, 1, "before");
  g_autoptr (MsgChat) of_bob = NULL;

  invite (f, f->ann, chat, f->bob, &joined);
  g_assert_cmpuint (joined.written.count, ==, 2);
  invite (f, f->ann, chat, f->bob, &again);
  g_assert_cmpuint (again.written.count, ==, 0);
  chats_history (f, f->bob, chat, MSG_HISTORY_BEFORE, G_MAXINT64, 10, &read);
  g_assert_cmpuint (read.messages->len, ==, 1); /* that he was added */
  of_bob = chats_get (f, f->bob, chat);
  g_assert_cmpuint (of_bob->unread, ==, 1);
  /* an edit of an older message is none of his business */
  g_array_set_size (f->told, 0);
  msg_message_edit (f->bench.core, f->ann, chat, secret, "still before", NULL, on_message, &edited);
  bench_wait (&f->bench, &edited.answer);
  g_assert_cmpuint (f->told->len, ==, 1);
  leave (f, f->ann, chat, &owner);
  assert_reason (&owner.answer, MSG_ERROR_FORBIDDEN, "owner");
  leave (f, f->bob, chat, &left);
  g_assert_no_error (left.answer.error);
  chats_send_got (f, f->bob, chat, 2, "x", &refused);
  assert_reason (&refused.answer, MSG_ERROR_FORBIDDEN, "left");
  /* what was said to him is told of as deleted now */
  chats_difference (f, f->bob, 0, 100, &difference);
  for (unsigned i = 0; i < difference.updates->len; i++)
    g_assert_null (((MsgUpdate *) difference.updates->pdata[i])->message);
  leave (f, f->ann, chat, &last);
  g_assert_no_error (last.answer.error);
  chats_send_got (f, f->ann, chat, 3, "x", &gone);
  assert_reason (&gone.answer, MSG_ERROR_NOT_FOUND, "chat");
}

static void
test_size (Chats *f, gconstpointer data)
{
  const MsgId members[] = { f->bob, f->eve };
  MsgId chat = chats_group (f, f->ann, members, 2);
  MsgId zoe = chats_user (f, "zoe", 4);
  g_auto (Got) full = { 0 };

  invite (f, f->ann, chat, zoe, &full);
  assert_reason (&full.answer, MSG_ERROR_LIMIT, "too_many_members");
}

static void
test_roles (Chats *f, gconstpointer data)
{
  const MsgId members[] = { f->bob, f->eve };
  MsgId chat = chats_group (f, f->ann, members, 2);
  g_auto (Got) member = { 0 }, promoted = { 0 }, more = { 0 }, admin = { 0 }, restricted = { 0 }, silent = { 0 };
  g_auto (Got) over = { 0 }, handed = { 0 }, self = { 0 }, rights = { 0 }, past = { 0 };
  g_autoptr (MsgChat) of_ann = NULL;

  chats_stand (f, f->bob, chat, f->eve, MSG_ROLE_BANNED, 0, 0, &member);
  assert_reason (&member.answer, MSG_ERROR_FORBIDDEN, "admin_only");
  chats_stand (f, f->ann, chat, f->bob, MSG_ROLE_ADMIN, MSG_RIGHT_BAN | MSG_RIGHT_PROMOTE, 0, &promoted);
  g_assert_no_error (promoted.answer.error);
  chats_stand (f, f->bob, chat, f->eve, MSG_ROLE_ADMIN, MSG_RIGHT_DELETE, 0, &more);
  assert_reason (&more.answer, MSG_ERROR_FORBIDDEN, "not_permitted");
  chats_stand (f, f->bob, chat, f->ann, MSG_ROLE_BANNED, 0, 0, &admin);
  assert_reason (&admin.answer, MSG_ERROR_FORBIDDEN, "owner");
  chats_stand (f, f->bob, chat, f->eve, MSG_ROLE_RESTRICTED, 0, f->bench.now_ms + 10, &restricted);
  g_assert_no_error (restricted.answer.error);
  chats_send_got (f, f->eve, chat, 1, "x", &silent);
  assert_reason (&silent.answer, MSG_ERROR_FORBIDDEN, "restricted");
  f->bench.now_ms += 10;
  chats_send_got (f, f->eve, chat, 1, "x", &over);
  g_assert_no_error (over.answer.error);
  chats_stand (f, f->ann, chat, f->eve, MSG_ROLE_OWNER, 0, 0, &handed);
  g_assert_no_error (handed.answer.error);
  of_ann = chats_get (f, f->ann, chat);
  g_assert_cmpint (of_ann->standing.role, ==, MSG_ROLE_ADMIN);
  g_assert_cmpint (of_ann->owner_id, ==, f->eve);
  chats_stand (f, f->ann, chat, f->ann, MSG_ROLE_MEMBER, 0, 0, &self);
  assert_reason (&self.answer, MSG_ERROR_INVALID, "self");
  chats_stand (f, f->eve, chat, f->bob, MSG_ROLE_MEMBER, MSG_RIGHT_BAN, 0, &rights);
  assert_reason (&rights.answer, MSG_ERROR_INVALID, "rights");
  chats_stand (f, f->eve, chat, f->bob, MSG_ROLE_BANNED, 0, f->bench.now_ms, &past);
  assert_reason (&past.answer, MSG_ERROR_INVALID, "until");
}

static void
test_ban (Chats *f, gconstpointer data)
{
  MsgId chat = chats_group (f, f->ann, &f->bob, 1);
  g_auto (Got) banned = { 0 }, refused = { 0 }, invited = { 0 }, stranger = { 0 }, lifted = { 0 }, back = { 0 };
  g_autoptr (MsgChat) of_ann = NULL, of_bob = NULL;

  g_array_set_size (f->told, 0);
  chats_stand (f, f->ann, chat, f->bob, MSG_ROLE_BANNED, 0, 0, &banned);
  g_assert_cmpuint (banned.written.count, ==, 2);
  g_assert_cmpuint (f->told->len, ==, 3); /* his last one, and hers */
  g_assert_cmpint (g_array_index (f->told, Told, 0).user_id, ==, f->bob);
  chats_send_got (f, f->bob, chat, 1, "x", &refused);
  assert_reason (&refused.answer, MSG_ERROR_FORBIDDEN, "banned");
  invite (f, f->ann, chat, f->bob, &invited);
  assert_reason (&invited.answer, MSG_ERROR_FORBIDDEN, "target_banned");
  chats_stand (f, f->ann, chat, f->eve, MSG_ROLE_BANNED, 0, 0, &stranger);
  g_assert_no_error (stranger.answer.error);
  of_ann = chats_get (f, f->ann, chat);
  g_assert_cmpuint (of_ann->member_count, ==, 1);
  chats_stand (f, f->ann, chat, f->bob, MSG_ROLE_LEFT, 0, 0, &lifted);
  g_assert_no_error (lifted.answer.error);
  invite (f, f->ann, chat, f->bob, &back);
  g_assert_no_error (back.answer.error);
  of_bob = chats_get (f, f->bob, chat);
  g_assert_cmpint (of_bob->standing.role, ==, MSG_ROLE_MEMBER);
}

static void
test_update (Chats *f, gconstpointer data)
{
  MsgId chat = chats_group (f, f->ann, &f->bob, 1);
  const MsgChatChange both = { .title = "New", .about = "What it is\nabout" }, closed = { .has_permissions = true };
  const MsgChatChange bad = { .has_permissions = true, .permissions = MSG_RIGHT_BAN };
  g_auto (Got) member = { 0 }, put = { 0 }, same = { 0 }, shut = { 0 }, silent = { 0 }, refused = { 0 };
  g_autoptr (MsgChat) of_bob = NULL;

  msg_chat_update (f->bench.core, f->bob, chat, &both, on_written, &member);
  bench_wait (&f->bench, &member.answer);
  assert_reason (&member.answer, MSG_ERROR_FORBIDDEN, "not_permitted");
  msg_chat_update (f->bench.core, f->ann, chat, &both, on_written, &put);
  bench_wait (&f->bench, &put.answer);
  g_assert_cmpuint (put.written.count, ==, 2);
  msg_chat_update (f->bench.core, f->ann, chat, &both, on_written, &same);
  bench_wait (&f->bench, &same.answer);
  g_assert_cmpuint (same.written.count, ==, 0);
  msg_chat_update (f->bench.core, f->ann, chat, &closed, on_written, &shut);
  bench_wait (&f->bench, &shut.answer);
  chats_send_got (f, f->bob, chat, 1, "x", &silent);
  assert_reason (&silent.answer, MSG_ERROR_FORBIDDEN, "not_permitted");
  of_bob = chats_get (f, f->bob, chat);
  g_assert_cmpstr (of_bob->title, ==, "New");
  g_assert_cmpstr (of_bob->about, ==, "What it is\nabout");
  msg_chat_update (f->bench.core, f->ann, chat, &bad, on_written, &refused);
  bench_wait (&f->bench, &refused.answer);
  assert_reason (&refused.answer, MSG_ERROR_INVALID, "rights");
}

static void
list (Chats *f, MsgId user, const MsgChatPlace *after, unsigned limit, Got *got)
{
  msg_chat_list (f->bench.core, user, after, limit, on_chat_page, got);
  bench_wait (&f->bench, &got->answer);
}

static void
test_list (Chats *f, gconstpointer data)
{
  MsgId one = chats_open (f, f->ann, f->bob), two = chats_open (f, f->ann, f->eve), three;
  g_auto (Got) first = { 0 }, second = { 0 }, empty = { 0 };
  MsgChatPlace place;

  (void) chats_open (f, f->ann, f->ann); /* nothing in it: not in the list */
  list (f, f->bob, NULL, 10, &empty);
  g_assert_cmpuint (empty.chats->len, ==, 0);
  (void) chats_send (f, f->ann, one, 1, "one");
  (void) chats_send (f, f->ann, two, 2, "two");
  f->bench.now_ms++;
  three = chats_group (f, f->ann, NULL, 0);
  f->bench.now_ms++;
  (void) chats_send (f, f->bob, one, 3, "three");
  list (f, f->ann, NULL, 2, &first);
  g_assert_cmpuint (first.chats->len, ==, 2);
  g_assert_true (first.more);
  g_assert_cmpint (((MsgChat *) first.chats->pdata[0])->id, ==, one);
  g_assert_cmpstr (((MsgMessage *) first.messages->pdata[0])->text, ==, "three");
  g_assert_cmpint (((MsgChat *) first.chats->pdata[1])->id, ==, three);
  place = (MsgChatPlace){ ((MsgChat *) first.chats->pdata[1])->last_ms, three };
  list (f, f->ann, &place, 2, &second);
  g_assert_cmpuint (second.chats->len, ==, 1);
  g_assert_false (second.more);
  g_assert_cmpint (((MsgChat *) second.chats->pdata[0])->id, ==, two);
}

static void
on_members (GPtrArray *members, const GError *error, gpointer data)
{
  Got *got = data;

  answer_take (&got->answer, error);
  got->next = members != NULL ? members->len : 0;
}

static void
test_members (Chats *f, gconstpointer data)
{
  MsgId chat = chats_group (f, f->ann, &f->bob, 1);
  g_auto (Got) all = { 0 }, after = { 0 }, stranger = { 0 }, banned = { 0 }, of_owner = { 0 }, of_bob = { 0 };

  msg_chat_members (f->bench.core, f->bob, chat, NULL, 0, 10, on_members, &all);
  bench_wait (&f->bench, &all.answer);
  g_assert_cmpint (all.next, ==, 2);
  msg_chat_members (f->bench.core, f->bob, chat, NULL, MIN (f->ann, f->bob), 10, on_members, &after);
  bench_wait (&f->bench, &after.answer);
  g_assert_cmpint (after.next, ==, 1);
  msg_chat_members (f->bench.core, f->eve, chat, NULL, 0, 10, on_members, &stranger);
  bench_wait (&f->bench, &stranger.answer);
  assert_reason (&stranger.answer, MSG_ERROR_NOT_FOUND, "chat");
  chats_stand (f, f->ann, chat, f->eve, MSG_ROLE_BANNED, 0, 0, &banned);
  msg_chat_members (f->bench.core, f->ann, chat, NULL, 0, 10, on_members, &of_owner);
  bench_wait (&f->bench, &of_owner.answer);
  g_assert_cmpint (of_owner.next, ==, 3);
  msg_chat_members (f->bench.core, f->bob, chat, NULL, 0, 10, on_members, &of_bob);
  bench_wait (&f->bench, &of_bob.answer);
  g_assert_cmpint (of_bob.next, ==, 2);
}

static void
put_call (Chats *f, MsgCallState state, const char *reason, uint8_t id, bool withheld)
{
  MsgCall call = { .call_id = { id }, .caller_user = f->ann, .caller_device = 1, .callee_user = f->bob, .state = state, .withheld = withheld,
                   .started_ms = 1, .active_ms = 1000, .ended_ms = state == MSG_CALL_ENDED ? 181000 : 0 };
  g_auto (Answer) answer = { 0 };

  (void) g_strlcpy (call.reason, reason, sizeof call.reason);
  msg_call_put (f->bench.core, &call, on_done, &answer);
  bench_wait (&f->bench, &answer);
}

/* the end of a call stands in the chat of the two, once, over a restart too */
static void
test_call (Chats *f, gconstpointer data)
{
  g_auto (Got) read = { 0 }, own = { 0 };
  g_autoptr (MsgChat) of_bob = NULL;
  MsgId chat;

  put_call (f, MSG_CALL_RINGING, "", 1, false);
  put_call (f, MSG_CALL_ENDED, "hangup", 1, false);
  bench_reopen (&f->bench);
  chats_listen (f);
  put_call (f, MSG_CALL_ENDED, "hangup", 1, false); /* refused: it has ended */
  put_call (f, MSG_CALL_RINGING, "", 3, true); /* the callee is not to know of it */
  put_call (f, MSG_CALL_ENDED, "missed", 3, false);
  put_call (f, MSG_CALL_ENDED, "glare", 2, false);  /* the other call is told of */
  g_assert_cmpuint (f->told->len, ==, 5);
  g_assert_cmpint (g_array_index (f->told, Told, 4).user_id, ==, f->ann);
  chat = chats_open (f, f->bob, f->ann);
  of_bob = chats_get (f, f->bob, chat);
  g_assert_cmpuint (of_bob->unread, ==, 1);
  chats_history (f, f->ann, chat, MSG_HISTORY_BEFORE, G_MAXINT64, 10, &own);
  g_assert_cmpuint (own.messages->len, ==, 2);
  chats_history (f, f->bob, chat, MSG_HISTORY_BEFORE, G_MAXINT64, 10, &read);
  g_assert_cmpuint (read.messages->len, ==, 1);
  g_assert_cmpstr (((MsgMessage *) read.messages->pdata[0])->data, ==,
                   "{\"call\":{\"callId\":\"AQAAAAAAAAAAAAAAAAAAAA\",\"reason\":\"hangup\",\"durationMs\":180000,"
                   "\"video\":false}}");
}

static void
test_deleted_user (Chats *f, gconstpointer data)
{
  MsgId pair = chats_open (f, f->ann, f->bob), group = chats_group (f, f->ann, &f->bob, 1);
  g_auto (Answer) deleted = { 0 };
  g_auto (Got) read = { 0 };
  g_autoptr (MsgChat) chat = NULL, left = NULL;

  (void) chats_send (f, f->bob, pair, 1, "kept");
  msg_account_delete (f->bench.core, f->bob, false, on_done, &deleted);
  bench_wait (&f->bench, &deleted);
  g_assert_no_error (deleted.error);
  bench_wait_ends (&f->bench);
  chats_history (f, f->ann, pair, MSG_HISTORY_BEFORE, G_MAXINT64, 10, &read);
  g_assert_cmpuint (read.messages->len, ==, 1);
  left = chats_get (f, f->ann, pair);
  g_assert_true (left->peer->deleted);
  chat = chats_get (f, f->ann, group);
  g_assert_cmpuint (chat->member_count, ==, 1);
  g_array_set_size (f->told, 0);
  (void) chats_send (f, f->ann, group, 2, "x");
  g_assert_cmpuint (f->told->len, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add ("/messaging/chat/" name, Chats, NULL, chats_set_up, test, chats_tear_down)
  ADD ("open", test_open);
  ADD ("create", test_create);
  ADD ("join-and-leave", test_join_and_leave);
  ADD ("size", test_size);
  ADD ("roles", test_roles);
  ADD ("ban", test_ban);
  ADD ("update", test_update);
  ADD ("list", test_list);
  ADD ("members", test_members);
  ADD ("call", test_call);
  ADD ("deleted-user", test_deleted_user);
  return g_test_run ();
}
