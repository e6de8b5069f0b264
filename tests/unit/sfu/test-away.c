/* SPDX-License-Identifier: Apache-2.0 */
/* A publisher whose connection to the server is lost: as long as its media go on it is seen; else others get its slots at once. */
#include "plane-room.h"

#define EMPTIED_US (1000 * PLANE_MS)

static void
test_away (gconstpointer data)
{
  Room room;
  unsigned told;

  room_init (&room, GPOINTER_TO_UINT (data));
  room_check (&room, room.subscriber);
  sfu_control_set_away (room.plane.control, room.room, room.publisher->id, true);
  told = plane_count_events (&room.plane, PLANE_SLOTS, room.subscriber->id);
  plane_peer_forget (room.subscriber);
  room_send (&room, 60, false);
  g_assert_cmpuint (plane_peer_count (room.subscriber, ROOM_VIDEO), ==, 120);
  g_assert_cmpuint (plane_count_events (&room.plane, PLANE_SLOTS, room.subscriber->id), ==, told);

  plane_run (&room.plane, EMPTIED_US);
  g_assert_cmpuint (plane_count_events (&room.plane, PLANE_SLOTS, room.subscriber->id), >, told);

  plane_peer_forget (room.subscriber); /* media are there again before the connection is */
  for (unsigned i = 0; i < 30; i++)
    room_send (&room, 1, true);
  g_assert_cmpuint (plane_peer_count (room.subscriber, ROOM_VIDEO), >, 40);
  sfu_control_set_away (room.plane.control, room.room, room.publisher->id, false);
  told = plane_count_events (&room.plane, PLANE_SLOTS, room.subscriber->id);
  plane_run (&room.plane, 3 * EMPTIED_US);
  room_send (&room, 30, true);
  room_check (&room, room.subscriber);
  g_assert_cmpuint (plane_count_events (&room.plane, PLANE_SLOTS, room.subscriber->id), ==, told);
  plane_clear (&room.plane);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/sfu/away/one-worker", GUINT_TO_POINTER (1), test_away);
  g_test_add_data_func ("/sfu/away/two-workers", GUINT_TO_POINTER (2), test_away);
  return g_test_run ();
}
