/* SPDX-License-Identifier: Apache-2.0 */
/* Links, requests, public names; and a group that becomes a supergroup. */
#include "chat-harness.h"
#include "messaging/chat-join.h"

/* What a callback about links brought. */
typedef struct {
  Answer answer;
  MsgChatLink first;
  unsigned n;
} Links;

static void
links_clear (Links *links)
{
  answer_clear (&links->answer);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Links, links_clear)

static void
on_links (const GArray *links, const GError *error, gpointer data)
{
  Links *got = data;

  answer_take (&got->answer, error);
  got->n = links != NULL ? links->len : 0;
  if (got->n > 0)
    got->first = g_array_index (links, MsgChatLink, 0);
}

static void
create_link (Chats *f, MsgId user, MsgId chat, const MsgChatLink *spec, Links *got)
{
  msg_chat_create_link (f->bench.core, user, chat, spec, on_links, got);
  bench_wait (&f->bench, &got->answer);
}

static void
join (Chats *f, MsgId user, const MsgChatLink *link, const char *username, Got *got)
{
  const MsgChatWay way = { .link = link != NULL ? link->link : NULL, .username = username };

  msg_chat_join (f->bench.core, user, &way, on_chat, got);
  bench_wait (&f->bench, &got->answer);
}

static void
test_link (Chats *f, gconstpointer data)
{
  MsgId chat = chats_make (f, MSG_CHAT_SUPERGROUP, f->ann, NULL, 0);
  const MsgChatLink once = { .max_uses = 1 }, timed = { .expires_ms = f->bench.now_ms + 10 }, past = { .expires_ms = 1 };
  g_auto (Got) joined = { 0 }, again = { 0 }, used = { 0 }, over = { 0 }, banned = { 0 }, out = { 0 }, void_one = { 0 };
  g_auto (Links) one = { 0 }, two = { 0 }, refused = { 0 }, wrong = { 0 }, list = { 0 }, revoked = { 0 }, gone = { 0 };

  create_link (f, f->bob, chat, &once, &refused);
  assert_reason (&refused.answer, MSG_ERROR_NOT_FOUND, "chat");
  create_link (f, f->ann, chat, &past, &wrong);
  assert_reason (&wrong.answer, MSG_ERROR_INVALID, "until");
  create_link (f, f->ann, chat, &once, &one);
  g_assert_no_error (one.answer.error);
  create_link (f, f->ann, chat, &timed, &two);
  g_array_set_size (f->told, 0);
  join (f, f->bob, &one.first, NULL, &joined);
  g_assert_cmpint (joined.chat->standing.role, ==, MSG_ROLE_MEMBER);
  g_assert_cmpuint (joined.chat->member_count, ==, 2);
  g_assert_cmpuint (f->told->len, ==, 1); /* he alone: nobody has brought him */
  join (f, f->bob, &two.first, NULL, &again);
  g_assert_cmpuint (again.written.count, ==, 0);
  join (f, f->eve, &one.first, NULL, &used);
  assert_reason (&used.answer, MSG_ERROR_NOT_FOUND, "link");
  msg_chat_get_links (f->bench.core, f->ann, chat, on_links, &list);
  bench_wait (&f->bench, &list.answer);
  g_assert_cmpuint (list.n, ==, 2);
  chats_stand (f, f->ann, chat, f->bob, MSG_ROLE_BANNED, 0, 0, &out);
  join (f, f->bob, &two.first, NULL, &banned);
  assert_reason (&banned.answer, MSG_ERROR_FORBIDDEN, "banned");
  msg_chat_revoke_link (f->bench.core, f->ann, chat, one.first.link, on_links, &revoked);
  bench_wait (&f->bench, &revoked.answer);
  g_assert_cmpuint (revoked.n, ==, 1);
  msg_chat_revoke_link (f->bench.core, f->ann, chat, one.first.link, on_links, &gone);
  bench_wait (&f->bench, &gone.answer);
  assert_reason (&gone.answer, MSG_ERROR_NOT_FOUND, "link");
  join (f, f->eve, &one.first, NULL, &void_one);
  assert_reason (&void_one.answer, MSG_ERROR_NOT_FOUND, "link");
  f->bench.now_ms += 10;
  join (f, f->eve, &two.first, NULL, &over);
  assert_reason (&over.answer, MSG_ERROR_NOT_FOUND, "link");
}

static void
on_requested (const MsgChat *chat, const MsgWritten *written, const GError *error, gpointer data)
{
  Got *got = data;

  answer_take (&got->answer, error);
  g_assert_null (chat);
}

static void
on_members (GPtrArray *members, const GError *error, gpointer data)
{
  Got *got = data;

  answer_take (&got->answer, error);
  got->next = members != NULL && members->len > 0 ? ((MsgChatMember *) members->pdata[0])->user->id : 0;
}

static void
answer_request (Chats *f, MsgId actor, MsgId chat, MsgId target, bool approve, Got *got)
{
  msg_chat_answer (f->bench.core, actor, chat, target, approve, on_written, got);
  bench_wait (&f->bench, &got->answer);
}

static void
test_request (Chats *f, gconstpointer data)
{
  MsgId chat = chats_group (f, f->ann, NULL, 0);
  const MsgChatLink spec = { .approval = true };
  g_auto (Got) asked = { 0 }, list = { 0 }, member = { 0 }, approved = { 0 }, twice = { 0 }, eve = { 0 }, denied = { 0 };
  g_auto (Links) link = { 0 };
  MsgChatWay way;
  g_autoptr (MsgChat) of_bob = NULL, of_eve = NULL;

  create_link (f, f->ann, chat, &spec, &link);
  way = (MsgChatWay){ .link = link.first.link };
  msg_chat_join (f->bench.core, f->bob, &way, on_requested, &asked);
  bench_wait (&f->bench, &asked.answer);
  g_assert_no_error (asked.answer.error);
  of_eve = chats_get (f, f->bob, chat);
  g_assert_null (of_eve); /* not in it yet */
  msg_chat_get_requests (f->bench.core, f->ann, chat, 0, 10, on_members, &list);
  bench_wait (&f->bench, &list.answer);
  g_assert_cmpint (list.next, ==, f->bob);
  answer_request (f, f->bob, chat, f->bob, true, &member);
  assert_reason (&member.answer, MSG_ERROR_NOT_FOUND, "chat");
  answer_request (f, f->ann, chat, f->bob, true, &approved);
  g_assert_no_error (approved.answer.error);
  of_bob = chats_get (f, f->bob, chat);
  g_assert_cmpint (of_bob->standing.role, ==, MSG_ROLE_MEMBER);
  answer_request (f, f->ann, chat, f->bob, true, &twice);
  assert_reason (&twice.answer, MSG_ERROR_NOT_FOUND, "request");
  msg_chat_join (f->bench.core, f->eve, &way, on_requested, &eve);
  bench_wait (&f->bench, &eve.answer);
  answer_request (f, f->ann, chat, f->eve, false, &denied);
  g_assert_no_error (denied.answer.error);
  of_eve = chats_get (f, f->eve, chat);
  g_assert_null (of_eve);
}

static void
set_username (Chats *f, MsgId user, MsgId chat, const char *name, Got *got)
{
  msg_chat_set_username (f->bench.core, user, chat, name, on_written, got);
  bench_wait (&f->bench, &got->answer);
}

typedef struct {
  MsgId chat_id, keeper_id; /* the first of them */
  unsigned n_times, n_waiting, n_keepers;
} Waiting;

static void
on_waiting (MsgId chat_id, unsigned n_waiting, const GArray *user_ids, gpointer data)
{
  Waiting *waiting = data;

  waiting->n_times++;
  waiting->chat_id = chat_id;
  waiting->n_waiting = n_waiting;
  waiting->n_keepers = user_ids->len;
  waiting->keeper_id = user_ids->len > 0 ? g_array_index (user_ids, MsgId, 0) : 0;
}

static void
assert_waiting (const Waiting *waiting, unsigned n_times, unsigned n_waiting, unsigned n_keepers)
{
  g_assert_cmpuint (waiting->n_times, ==, n_times);
  g_assert_cmpuint (waiting->n_waiting, ==, n_waiting);
  g_assert_cmpuint (waiting->n_keepers, ==, n_keepers);
}

static void
ask_in (Chats *f, MsgId user, const MsgChatWay *way)
{
  g_auto (Got) got = { 0 };

  msg_chat_join (f->bench.core, user, way, on_requested, &got);
  bench_wait (&f->bench, &got.answer);
  g_assert_no_error (got.answer.error);
}

/* told to the admins who may answer, once for each change, however often somebody asks */
static void
test_waiting (Chats *f, gconstpointer data)
{
  MsgId chat = chats_make (f, MSG_CHAT_SUPERGROUP, f->ann, &f->bob, 1);
  const MsgChatLink spec = { .approval = true };
  g_auto (Got) with = { 0 }, without = { 0 }, denied = { 0 }, refused = { 0 }, named = { 0 }, in = { 0 };
  g_auto (Links) link = { 0 };
  Waiting waiting = { 0 };
  MsgChatWay way;

  create_link (f, f->ann, chat, &spec, &link);
  way = (MsgChatWay){ .link = link.first.link };
  msg_core_set_requests_fn (f->bench.core, on_waiting, &waiting);
  ask_in (f, f->eve, &way);
  assert_waiting (&waiting, 1, 1, 1); /* bob is a member, and hears nothing */
  g_assert_cmpint (waiting.chat_id, ==, chat);
  g_assert_cmpint (waiting.keeper_id, ==, f->ann);
  ask_in (f, f->eve, &way);
  assert_waiting (&waiting, 1, 1, 1);
  chats_stand (f, f->ann, chat, f->bob, MSG_ROLE_ADMIN, MSG_RIGHT_INVITE, 0, &with);
  answer_request (f, f->bob, chat, f->eve, false, &denied);
  assert_waiting (&waiting, 2, 0, 2);
  ask_in (f, f->eve, &way);
  assert_waiting (&waiting, 3, 1, 2);
  chats_stand (f, f->ann, chat, f->bob, MSG_ROLE_ADMIN, MSG_RIGHT_PIN, 0, &without);
  answer_request (f, f->bob, chat, f->eve, true, &refused);
  assert_reason (&refused.answer, MSG_ERROR_FORBIDDEN, "not_permitted");
  assert_waiting (&waiting, 3, 1, 2); /* what is refused tells nobody */
  set_username (f, f->ann, chat, "harbour", &named);
  g_assert_no_error (named.answer.error);
  join (f, f->eve, NULL, "harbour", &in); /* not by the way at which she waits */
  g_assert_no_error (in.answer.error);
  assert_waiting (&waiting, 4, 0, 1);
  msg_core_set_requests_fn (f->bench.core, NULL, NULL);
}

/* one namespace with users; everybody reads what is public, and nobody any more when it is not */
static void
test_public (Chats *f, gconstpointer data)
{
  MsgId chat = chats_make (f, MSG_CHAT_CHANNEL, f->ann, NULL, 0), group = chats_group (f, f->ann, NULL, 0);
  g_auto (Got) taken = { 0 }, kind = { 0 }, bad = { 0 }, put = { 0 }, read = { 0 }, write = { 0 }, marked = { 0 }, joined = { 0 };
  g_auto (Got) hidden = { 0 }, shut = { 0 }, unread = { 0 }, nobody = { 0 };
  g_auto (Answer) user = { 0 };
  uint8_t key[32];
  MsgCredentials credentials = { .username = "NEWS", .password = "correct horse", .device = bench_device (0, 9, key) };
  const int64_t first = 1;

  (void) chats_send (f, f->ann, chat, 1, "for all");
  set_username (f, f->ann, chat, "Bob", &taken);
  assert_reason (&taken.answer, MSG_ERROR_CONFLICT, "username_taken");
  set_username (f, f->ann, group, "news", &kind);
  assert_reason (&kind.answer, MSG_ERROR_FORBIDDEN, "chat_kind");
  set_username (f, f->ann, chat, "no such", &bad);
  assert_reason (&bad.answer, MSG_ERROR_INVALID, "username");
  set_username (f, f->ann, chat, "News", &put);
  g_assert_cmpuint (put.written.chat_count, ==, 1);
  msg_account_register (f->bench.core, &credentials, on_login, &user);
  bench_wait (&f->bench, &user);
  assert_reason (&user, MSG_ERROR_CONFLICT, "username_taken");
  chats_history (f, f->eve, chat, MSG_HISTORY_BEFORE, G_MAXINT64, 10, &read);
  g_assert_cmpuint (read.messages->len, ==, 2);
  chats_send_got (f, f->eve, chat, 1, "x", &write);
  assert_reason (&write.answer, MSG_ERROR_FORBIDDEN, "not_member");
  msg_message_mark (f->bench.core, f->eve, chat, MSG_MARK_READ, 1, on_written, &marked);
  bench_wait (&f->bench, &marked.answer);
  assert_reason (&marked.answer, MSG_ERROR_FORBIDDEN, "not_member");
  msg_message_delete (f->bench.core, f->eve, chat, &first, 1, false, on_written, &hidden);
  bench_wait (&f->bench, &hidden.answer);
  assert_reason (&hidden.answer, MSG_ERROR_FORBIDDEN, "not_member");
  join (f, f->bob, NULL, "news", &joined);
  g_assert_cmpint (joined.chat->standing.role, ==, MSG_ROLE_MEMBER);
  set_username (f, f->ann, chat, NULL, &shut);
  g_assert_no_error (shut.answer.error);
  chats_history (f, f->eve, chat, MSG_HISTORY_BEFORE, G_MAXINT64, 10, &unread);
  assert_reason (&unread.answer, MSG_ERROR_NOT_FOUND, "chat");
  join (f, f->eve, NULL, "news", &nobody);
  assert_reason (&nobody.answer, MSG_ERROR_NOT_FOUND, "chat");
}

/* the same chat, with all that was in it; retries of what was sent before are answered from the log they are in */
static void
test_migrate (Chats *f, gconstpointer data)
{
  MsgId chat = chats_group (f, f->ann, &f->bob, 1);
  g_auto (Got) member = { 0 }, done = { 0 }, twice = { 0 }, retry = { 0 }, sent = { 0 }, read = { 0 }, later = { 0 }, mark = { 0 };
  g_auto (Got) before = { 0 }, invited = { 0 };
  g_autoptr (MsgChat) of_bob = NULL;

  chats_send_got (f, f->bob, chat, 1, "one", &before);
  (void) chats_send (f, f->ann, chat, 2, "two");
  msg_message_mark (f->bench.core, f->bob, chat, MSG_MARK_READ, 2, on_written, &mark);
  bench_wait (&f->bench, &mark.answer);
  msg_chat_migrate (f->bench.core, f->bob, chat, on_written, &member);
  bench_wait (&f->bench, &member.answer);
  assert_reason (&member.answer, MSG_ERROR_FORBIDDEN, "owner_only");
  msg_chat_migrate (f->bench.core, f->ann, chat, on_written, &done);
  bench_wait (&f->bench, &done.answer);
  g_assert_cmpint (done.written.chat_pts, ==, 1);
  msg_chat_migrate (f->bench.core, f->ann, chat, on_written, &twice);
  bench_wait (&f->bench, &twice.answer);
  assert_reason (&twice.answer, MSG_ERROR_FORBIDDEN, "chat_kind");
  of_bob = chats_get (f, f->bob, chat);
  g_assert_cmpint (of_bob->kind, ==, MSG_CHAT_SUPERGROUP);
  g_assert_cmpint (of_bob->read_id, ==, 2);
  g_assert_cmpuint (of_bob->unread, ==, 2); /* "two", and that it is a supergroup */
  chats_send_got (f, f->bob, chat, 1, "one", &retry);
  g_assert_cmpint (retry.written.pts, ==, before.written.pts);
  g_assert_cmpuint (retry.written.chat_count, ==, 0);
  chats_send_got (f, f->bob, chat, 3, "three", &sent);
  g_assert_cmpint (sent.written.chat_pts, ==, 2);
  chats_history (f, f->bob, chat, MSG_HISTORY_BEFORE, G_MAXINT64, 10, &read);
  g_assert_cmpuint (read.messages->len, ==, 5);
  msg_chat_invite (f->bench.core, f->ann, chat, &f->eve, 1, on_written, &invited);
  bench_wait (&f->bench, &invited.answer);
  chats_history (f, f->eve, chat, MSG_HISTORY_BEFORE, G_MAXINT64, 10, &later);
  g_assert_cmpuint (later.messages->len, ==, 3); /* from when it was a supergroup on */
}

static void
count_members (Chats *f, MsgId user, MsgId chat, const MsgChatPick *pick, MsgId expected)
{
  g_auto (Got) got = { 0 };

  msg_chat_members (f->bench.core, user, chat, pick, 0, 10, on_members, &got);
  bench_wait (&f->bench, &got.answer);
  g_assert_no_error (got.answer.error);
  g_assert_cmpint (got.next, ==, expected);
}

static void
test_members (Chats *f, gconstpointer data)
{
  static const MsgChatPick admins = { .role = MSG_ROLE_ADMIN }, restricted = { .role = MSG_ROLE_RESTRICTED };
  static const MsgChatPick banned = { .role = MSG_ROLE_BANNED }, by_name = { .query = "EV" }, none = { .query = "x" };
  const MsgId members[] = { f->bob, f->eve };
  MsgId chat = chats_make (f, MSG_CHAT_SUPERGROUP, f->ann, members, 2);
  g_auto (Got) silenced = { 0 }, out = { 0 };

  count_members (f, f->bob, chat, &admins, f->ann);
  count_members (f, f->bob, chat, &by_name, f->eve);
  count_members (f, f->bob, chat, &none, 0);
  chats_stand (f, f->ann, chat, f->eve, MSG_ROLE_RESTRICTED, 0, 0, &silenced);
  count_members (f, f->bob, chat, &restricted, f->eve);
  chats_stand (f, f->ann, chat, f->eve, MSG_ROLE_BANNED, 0, 0, &out);
  count_members (f, f->ann, chat, &banned, f->eve);
  count_members (f, f->bob, chat, &banned, 0);
  count_members (f, f->bob, chat, &by_name, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add ("/messaging/chat-join/" name, Chats, NULL, chats_set_up, test, chats_tear_down)
  ADD ("link", test_link);
  ADD ("request", test_request);
  ADD ("waiting", test_waiting);
  ADD ("public", test_public);
  ADD ("migrate", test_migrate);
  ADD ("members", test_members);
  return g_test_run ();
}
