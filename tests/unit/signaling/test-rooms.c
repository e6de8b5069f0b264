/* SPDX-License-Identifier: Apache-2.0 */
/* Rooms over a real core and a fake front: coming, going, being told. */
#include "rooms-bench.h"
#include "signaling/room.h"

static void
test_create_and_join (RoomsBench *b, gconstpointer data)
{
  g_auto (Person) ada = bench_person (&b->bench, 1, "ada", 0);
  g_auto (Person) bob = bench_person (&b->bench, 2, "bob_", 1);
  g_autofree char *room = rooms_create (b, 1, "{'title':' Stand-up '}");
  g_autoptr (JsonObject) first = rooms_join_id (b, 1, room);
  g_autoptr (JsonObject) second = rooms_join_link (b, 2, b->link);

  g_assert_cmpstr (json_object_get_string_member (first, "state"), ==, "joined");
  g_assert_cmpstr (rooms_get (first, "participant", "role"), ==, "host");
  g_assert_cmpstr (rooms_get (second, "participant", "role"), ==, "speaker");
  g_assert_cmpstr (rooms_get (second, "room", "title"), ==, "Stand-up");
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (second, "participants")), ==, 2);
  g_assert_false (json_object_has_member (json_object_get_object_member (second, "room"), "link"));
  rooms_expect (b, 1, "room.joined");
  rooms_ok (b, 2, "room.update", "{'roomId':'%s','hand':true}", room);
  rooms_expect (b, 1, "room.updated");
  rooms_expect (b, 2, "room.updated");
  rooms_ok (b, 2, "room.leave", "{'roomId':'%s'}", room);
  rooms_expect (b, 1, "room.left");
  g_assert_cmpuint (sig_rooms_count_people (b->rooms), ==, 1);
  rooms_ok (b, 1, "room.leave", "{'roomId':'%s'}", room);
  g_assert_cmpuint (sig_rooms_count_loaded (b->rooms), ==, 0);
}

/* beyond the bound people are a number and pages; who raises a hand is announced */
static void
test_crowd (RoomsBench *b, gconstpointer data)
{
  g_auto (Person) ada = bench_person (&b->bench, 1, "ada", 0);
  g_autofree char *room = rooms_create (b, 1, "{'title':'Hall','policy':{'guests':true,'maxParticipants':150}}");
  g_autofree char *first = rooms_enter (b, 1), *page_params = NULL, *next_params = NULL;
  g_autoptr (JsonObject) page = NULL, rest = NULL, count = NULL;
  JsonObject *joined;
  unsigned n;

  for (SigConnId conn = 100; conn < 219; conn++)
    {
      g_autofree char *token = rooms_guest (b, conn, "Guest");
      g_autofree char *id = rooms_enter (b, conn);

      g_assert_true (token != NULL && id != NULL);
    }
  for (n = 0; (joined = rooms_take (b, 1, "room.joined")) != NULL; n++)
    json_object_unref (joined);
  g_assert_cmpuint (n, ==, SIG_ROOMS_ANNOUNCE - 1);
  g_assert_null (rooms_take (b, 1, "room.count"));
  rooms_advance (b, SIG_ROOMS_COUNT_US);
  count = rooms_take (b, 1, "room.count");
  g_assert_cmpint (json_object_get_int_member (count, "count"), ==, 120);
  rooms_forget (b);
  rooms_ok (b, 218, "room.update", "{'roomId':'%s','hand':true}", room);
  rooms_expect (b, 1, "room.joined");
  rooms_ok (b, 217, "room.leave", "{'roomId':'%s'}", room);
  g_assert_null (rooms_take (b, 1, "room.left"));
  page_params = g_strdup_printf ("{'roomId':'%s','limit':100}", room);
  page = rooms_call (b, 1, "room.participants", page_params);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (page, "participants")), ==, 100);
  next_params = g_strdup_printf ("{'roomId':'%s','limit':100,'after':'%s'}", room,
                                 json_object_get_string_member (page, "next"));
  rest = rooms_call (b, 1, "room.participants", next_params);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (rest, "participants")), ==, 19);
  g_assert_false (json_object_has_member (rest, "next"));
}

/* what is full is full; an empty room ends; one that nobody came to, after ten minutes */
static void
test_limits (RoomsBench *b, gconstpointer data)
{
  g_auto (Person) ada = bench_person (&b->bench, 1, "ada", 0);
  g_auto (Person) bob = bench_person (&b->bench, 2, "bob_", 1);
  g_autofree char *room = rooms_create (b, 1, "{'title':'Room','policy':{'maxParticipants':1}}");
  g_autofree char *unused = NULL;

  g_free (rooms_enter (b, 2));
  rooms_ok (b, 1, "room.join", "{'roomId':'%s'}", room);
  rooms_ok (b, 1, "room.leave", "{'roomId':'%s'}", room);
  bench_close (&b->bench, 2);
  rooms_advance (b, SIG_ROOM_AWAY_US - 1000);
  g_assert_cmpuint (sig_rooms_count (b->rooms), ==, 1);
  rooms_advance (b, 1000);
  g_assert_cmpuint (sig_rooms_count_loaded (b->rooms), ==, 0);
  rooms_refused (b, 1, "room.get", "room", "{'roomId':'%s'}", room);
  unused = rooms_create (b, 1, "{'title':'Room'}");
  rooms_advance (b, SIG_ROOMS_EMPTY_US - 1000);
  g_assert_cmpuint (sig_rooms_count_loaded (b->rooms), ==, 1);
  rooms_advance (b, 1000);
  g_assert_cmpuint (sig_rooms_count_loaded (b->rooms), ==, 0);
}

/* a guest who does not come in for a minute is forgotten, and so is one who has left */
static void
test_guests (RoomsBench *b, gconstpointer data)
{
  g_auto (Person) ada = bench_person (&b->bench, 1, "ada", 0);
  g_autofree char *room = rooms_create (b, 1, "{'title':'Room','policy':{'guests':true}}");
  g_autofree char *idle = NULL, *busy = NULL, *id = NULL;

  g_free (rooms_enter (b, 1));
  idle = rooms_guest (b, 10, "Idle");
  busy = rooms_guest (b, 11, "Busy");
  id = rooms_enter (b, 11);
  rooms_advance (b, SIG_GUEST_IDLE_US);
  while (sig_guests_get_n (b->bench.guests) > 1)
    g_main_context_iteration (b->bench.context, TRUE);
  rooms_sort (b);
  g_assert_cmpstr (g_queue_peek_tail (&b->others), ==, "close 10 4003");
  bench_open (&b->bench, 12);
  rooms_refused (b, 12, "session.start", "bad_token", "{'token':'%s'}", idle);
  rooms_ok (b, 11, "room.leave", "{'roomId':'%s'}", room);
  while (sig_guests_get_n (b->bench.guests) > 0)
    g_main_context_iteration (b->bench.context, TRUE);
  rooms_sort (b);
  g_assert_cmpstr (g_queue_peek_tail (&b->others), ==, "close 11 4003");
  rooms_refused (b, 12, "session.start", "bad_token", "{'token':'%s'}", busy);
}

/* A room may belong to a chat of its maker: the chat is told, those who are in it may come in without the link; of a chat
 * that nobody is in it is said so, before anything is stored. */
static void
test_chat (RoomsBench *b, gconstpointer data)
{
  g_auto (Person) ada = bench_person (&b->bench, 1, "ada", 0), bob = bench_person (&b->bench, 2, "bob", 1);
  g_autofree char *group = g_strdup_printf ("{'kind':'group','title':'Team','members':['%s']}", bob.user_id);
  g_autofree char *room_params = NULL, *join = NULL, *closed = NULL;
  g_autoptr (JsonObject) list = NULL, chat = NULL, made = NULL, update = NULL;
  const char *chat_id, *room_id;

  rooms_refused (b, 1, "room.create", "chat", "{'title':'Room','chatId':'77'}");
  rooms_refused (b, 1, "room.create", "invalid_params", "{'title':'Room','chatId':77}");
  rooms_refused (b, 1, "room.create", "invalid_params", "{'title':'Room','chatId':''}");
  list = rooms_call (b, 1, "room.list", "{}");
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (list, "rooms")), ==, 0);
  chat = rooms_call (b, 1, "chat.create", group);
  chat_id = json_object_get_string_member (json_object_get_object_member (chat, "chat"), "id");
  rooms_forget (b);
  room_params = g_strdup_printf ("{'title':'Room','chatId':'%s','policy':{'lobby':true}}", chat_id);
  made = rooms_call (b, 1, "room.create", room_params);
  room_id = json_object_get_string_member (json_object_get_object_member (made, "room"), "id");
  g_assert_cmpstr (json_object_get_string_member (json_object_get_object_member (made, "room"), "chatId"), ==, chat_id);
  update = rooms_take (b, 2, "update");
  g_assert_cmpstr (json_object_get_string_member (update, "type"), ==, "message.new");
  join = g_strdup_printf ("{'roomId':'%s'}", room_id);
  json_object_unref (g_steal_pointer (&list));
  list = rooms_call (b, 2, "room.join", join);
  g_assert_cmpstr (json_object_get_string_member (list, "state"), ==, "joined");
  closed = g_strdup_printf ("{'chatId':'%s','permissions':['send']}", chat_id);
  rooms_ok (b, 1, "chat.update", "%s", closed);
  rooms_refused (b, 2, "room.create", "not_permitted", "%s", room_params);
  rooms_forget (b);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  rooms_add ("/signaling/rooms/create-and-join", test_create_and_join);
  rooms_add ("/signaling/rooms/crowd", test_crowd);
  rooms_add ("/signaling/rooms/limits", test_limits);
  rooms_add ("/signaling/rooms/guests", test_guests);
  rooms_add ("/signaling/rooms/chat", test_chat);
  return g_test_run ();
}
