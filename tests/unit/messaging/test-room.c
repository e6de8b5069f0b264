/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include "messaging/message.h"
#include "messaging/room.h"

typedef struct {
  Bench bench;
  MsgId ann, bob;
} Fixture;

typedef struct {
  Answer answer;
  MsgRoom *room;
} RoomAnswer;

static void
room_answer_clear (RoomAnswer *answer)
{
  answer_clear (&answer->answer);
  g_clear_pointer (&answer->room, msg_room_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RoomAnswer, room_answer_clear)

DEFINE_ON_LIST (on_rooms, room)

static void
on_room (const MsgRoom *room, const GError *error, gpointer data)
{
  RoomAnswer *answer = data;

  g_assert_true ((room == NULL) == (error != NULL));
  answer_take (&answer->answer, error);
  answer->room = room != NULL ? msg_room_copy (room) : NULL;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_auto (Answer) ann = { 0 }, bob = { 0 };

  bench_init (&f->bench);
  bench_open (&f->bench);
  bench_register (&f->bench, "ann", 1, &ann);
  bench_register (&f->bench, "bob", 2, &bob);
  f->ann = ann.login->user->id;
  f->bob = bob.login->user->id;
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  bench_clear (&f->bench);
}

static MsgRoom *
room_new (MsgId id, MsgId owner, bool permanent)
{
  MsgRoom *room = msg_room_new ();

  room->id = id;
  room->owner_id = owner;
  room->title = g_strdup ("  Stand-up ");
  room->policy = (MsgRoomPolicy){ .lobby = true, .permanent = permanent, .entry = MSG_ROOM_LISTENER,
                                  .max_participants = 12, .active_speakers = 4 };
  room->has_link = true;
  memset (room->link, (int) id, sizeof room->link);
  room->created_ms = EPOCH_MS + id;
  return room;
}

static void
on_created (const MsgRoom *room, const GError *error, gpointer data)
{
  g_assert_true ((room == NULL) == (error != NULL));
  answer_take (data, error);
}

static void
create (Fixture *f, const MsgRoom *room, unsigned max, Answer *answer)
{
  msg_room_create (f->bench.core, room, max, on_created, answer);
  bench_wait (&f->bench, answer);
}

static void
make (Fixture *f, MsgId id, MsgId owner, bool permanent)
{
  g_autoptr (MsgRoom) room = room_new (id, owner, permanent);
  g_auto (Answer) answer = { 0 };

  create (f, room, 10, &answer);
  g_assert_no_error (answer.error);
}

static void
set_standing (Fixture *f, MsgId id, MsgId user, MsgRoomStanding standing, Answer *answer)
{
  msg_room_set_standing (f->bench.core, id, &user, 1, standing, on_done, answer);
  bench_wait (&f->bench, answer);
}

static void
load (Fixture *f, MsgId id, RoomAnswer *answer)
{
  msg_room_load (f->bench.core, id, on_room, answer);
  bench_wait (&f->bench, &answer->answer);
}

static void
on_group (const MsgChat *chat, const MsgWritten *written, const GError *error, gpointer data)
{
  g_assert_no_error (error);
  *(MsgId *) data = chat->id;
}

static MsgId
make_group (Fixture *f)
{
  const MsgChatSpec spec = { .kind = MSG_CHAT_GROUP, .title = "Group", .members = &f->bob, .n_members = 1 };
  MsgId id = 0;

  msg_chat_create (f->bench.core, f->ann, &spec, on_group, &id);
  while (id == 0)
    (void) g_main_context_iteration (f->bench.context, TRUE);
  return id;
}

static void
on_history (const MsgHistory *history, const GError *error, gpointer data)
{
  answer_take (data, error);
  g_assert_cmpuint (history->messages->len, ==, 2);
  g_assert_cmpstr (((MsgMessage *) history->messages->pdata[0])->data, ==,
                   "{\"room\":{\"roomId\":\"7\",\"title\":\"Stand-up\",\"link\":\"BwcHBwcHBwcHBwcHBwcHBw\"}}");
}

/* a voice chat: its chat is told of it, and who is in the chat may come in */
static void
test_chat (Fixture *f, gconstpointer data)
{
  g_autoptr (MsgRoom) room = room_new (7, f->ann, false);
  g_auto (Answer) foreign = { 0 }, made = { 0 }, read = { 0 };
  g_auto (RoomAnswer) found = { 0 };

  room->chat_id = 77;
  create (f, room, 10, &foreign);
  assert_reason (&foreign, MSG_ERROR_NOT_FOUND, "chat");
  room->chat_id = make_group (f);
  create (f, room, 10, &made);
  g_assert_no_error (made.error);
  load (f, 7, &found);
  g_assert_cmpuint (found.room->members->len, ==, 1);
  g_assert_cmpint (g_array_index (found.room->members, MsgRoomMember, 0).user_id, ==, f->bob);
  msg_message_history (f->bench.core, f->bob, room->chat_id, MSG_HISTORY_BEFORE, G_MAXINT64, 10, on_history, &read);
  bench_wait (&f->bench, &read);
}

/* what was acknowledged is there after a restart */
static void
test_restart (Fixture *f, gconstpointer data)
{
  g_autoptr (MsgRoom) room = room_new (7, f->ann, true);
  g_auto (Answer) made = { 0 }, put = { 0 }, host = { 0 }, banned = { 0 }, missing = { 0 };
  g_auto (RoomAnswer) found = { 0 }, linked = { 0 };

  room->chat_id = make_group (f);
  create (f, room, 1, &made);
  g_assert_no_error (made.error);
  room->locked = true;
  room->policy.max_participants = 13;
  msg_room_put (f->bench.core, room, on_done, &put);
  bench_wait (&f->bench, &put);
  g_assert_no_error (put.error);
  set_standing (f, 7, f->bob, MSG_ROOM_HOST, &host);
  set_standing (f, 7, f->bob, MSG_ROOM_BANNED, &banned);
  bench_reopen (&f->bench);
  load (f, 7, &found);
  g_assert_no_error (found.answer.error);
  g_assert_cmpstr (found.room->title, ==, "Stand-up");
  g_assert_cmpint (found.room->chat_id, ==, room->chat_id);
  g_assert_true (found.room->locked && found.room->policy.lobby && found.room->policy.permanent && found.room->has_link);
  g_assert_cmpint (found.room->policy.entry, ==, MSG_ROOM_LISTENER);
  g_assert_cmpuint (found.room->policy.max_participants, ==, 13);
  g_assert_cmpuint (found.room->members->len, ==, 1);
  g_assert_cmpint (g_array_index (found.room->members, MsgRoomMember, 0).standing, ==, MSG_ROOM_BANNED);
  msg_room_load_by_link (f->bench.core, room->link, on_room, &linked);
  bench_wait (&f->bench, &linked.answer);
  g_assert_cmpint (linked.room->id, ==, 7);
  set_standing (f, 8, f->bob, MSG_ROOM_HOST, &missing);
  assert_reason (&missing, MSG_ERROR_NOT_FOUND, "room");
}

static void
test_refusals (Fixture *f, gconstpointer data)
{
  g_autoptr (MsgRoom) room = room_new (7, f->ann, false);
  g_auto (Answer) twice = { 0 }, many = { 0 }, title = { 0 }, rules = { 0 }, gone = { 0 };
  g_auto (RoomAnswer) missing = { 0 };

  make (f, 7, f->ann, false);
  create (f, room, 10, &twice);
  assert_reason (&twice, MSG_ERROR_CONFLICT, "room_exists");
  room->id = 8;
  create (f, room, 1, &many);
  assert_reason (&many, MSG_ERROR_LIMIT, "too_many_rooms");
  room->policy.active_speakers = 0;
  create (f, room, 10, &rules);
  assert_reason (&rules, MSG_ERROR_INVALID, "room");
  g_free (room->title);
  room->title = g_strdup (" \n ");
  create (f, room, 10, &title);
  assert_reason (&title, MSG_ERROR_INVALID, "title");
  load (f, 8, &missing);
  assert_reason (&missing.answer, MSG_ERROR_NOT_FOUND, "room");
  msg_room_delete (f->bench.core, 8, on_done, &gone);
  bench_wait (&f->bench, &gone);
  g_assert_no_error (gone.error);
}

static unsigned
count_list (Fixture *f, MsgId user)
{
  g_auto (Answer) answer = { 0 };

  msg_room_list (f->bench.core, user, on_rooms, &answer);
  bench_wait (&f->bench, &answer);
  return answer.list->len;
}

static void
test_lists (Fixture *f, gconstpointer data)
{
  g_auto (Answer) invited = { 0 }, banned = { 0 }, passing = { 0 }, none = { 0 }, deleted = { 0 };

  make (f, 1, f->ann, true);
  make (f, 2, f->ann, false);
  make (f, 3, f->bob, false);
  set_standing (f, 1, f->bob, MSG_ROOM_SPEAKER, &invited);
  set_standing (f, 2, f->bob, MSG_ROOM_BANNED, &banned);
  g_assert_cmpuint (count_list (f, f->ann), ==, 2);
  g_assert_cmpuint (count_list (f, f->bob), ==, 2);
  msg_room_load_passing (f->bench.core, on_rooms, &passing);
  bench_wait (&f->bench, &passing);
  g_assert_cmpuint (passing.list->len, ==, 2);
  set_standing (f, 1, f->bob, MSG_ROOM_NOBODY, &none);
  g_assert_cmpuint (count_list (f, f->bob), ==, 1);
  /* a deleted user takes the own rooms along */
  msg_account_delete (f->bench.core, f->ann, false, on_done, &deleted);
  bench_wait (&f->bench, &deleted);
  g_assert_no_error (deleted.error);
  g_assert_cmpuint (count_list (f, f->ann), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add ("/messaging/room/" name, Fixture, NULL, set_up, test, tear_down)
  ADD ("restart", test_restart);
  ADD ("refusals", test_refusals);
  ADD ("lists", test_lists);
  ADD ("chat", test_chat);
  return g_test_run ();
}
