/* SPDX-License-Identifier: Apache-2.0 */
/* Rooms over a real core and a fake front: coming, going, being told. */
#include "rooms-bench.h"

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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  rooms_add ("/signaling/rooms/create-and-join", test_create_and_join);
  return g_test_run ();
}
