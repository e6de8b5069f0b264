/* SPDX-License-Identifier: Apache-2.0 */
/* A worker that is short of packets: what is kept for retransmission makes way, media go on. */
#include "plane-room.h"

/* What is kept for retransmission makes way when there are no packets left for what comes. */
static void
test_pool_empty (gconstpointer data)
{
  Room room;

  room_init_with (&room, 2, GPOINTER_TO_UINT (data), room_publishes, G_N_ELEMENTS (room_publishes));
  room_check (&room, room.subscriber);
  for (unsigned i = 0; i < 20; i++)
    {
      plane_peer_forget (room.subscriber);
      for (unsigned frame = 0; frame < 15; frame++)
        {
          plane_send_video (room.publisher, &room.video, frame == 0, 2);
          plane_run (&room.plane, 5 * PLANE_MS);
        }
      for (unsigned wait = 0; wait < 100 && plane_peer_count (room.subscriber, ROOM_VIDEO) < 30; wait++)
        plane_run (&room.plane, 10 * PLANE_MS);
      g_assert_cmpuint (plane_peer_count (room.subscriber, ROOM_VIDEO), ==, 30);
    }
  g_assert_cmpuint (room_dropped (&room, SFU_DROP_POOL_EMPTY), ==, 0);
  room_check (&room, room.subscriber);
  plane_clear (&room.plane);
}

/* A pool that has few packets left shortens what is kept of it, here and on other workers, and nothing of theirs. */
static void
test_pool_of_another (void)
{
  static const PlaneSection sections[] = { { SFU_VIDEO, "v", "sendonly", NULL, 6000, 1 } };
  PlaneStream stream = { .ssrc = 6000, .mid = "v", .index = 9 };
  const SfuWorker *rich;
  const SfuTrack *track;
  PlanePeer *publisher;
  Room room;

  room_init_with (&room, 2, 192, room_publishes, G_N_ELEMENTS (room_publishes));
  room_check (&room, room.subscriber);
  publisher = room_add_publisher (&room, 1, sections, G_N_ELEMENTS (sections));
  plane_send_video (publisher, &stream, true, 2);
  plane_run (&room.plane, 500 * PLANE_MS);
  rich = room.plane.seats[1].worker;
  track = g_hash_table_lookup (rich->tracks, &g_array_index (publisher->tracks, SfuTrackInfo, 0).id);
  for (unsigned i = 0; i < 10; i++)
    {
      plane_send_video (publisher, &stream, false, 1);
      for (unsigned frame = 0; frame < 10; frame++)
        {
          plane_send_video (room.publisher, &room.video, false, 2);
          plane_run (&room.plane, 5 * PLANE_MS);
        }
    }
  g_assert_cmpint (room.plane.seats[0].worker->ages_us[0], <, SFU_CACHE_AGE_US);
  g_assert_cmpint (rich->ages_us[0], <, SFU_CACHE_AGE_US);
  g_assert_cmpint (rich->ages_us[1], ==, SFU_CACHE_AGE_US);
  g_assert_cmpuint (track->caches[0].end - track->caches[0].oldest, ==, 12);
  for (unsigned i = 0; i < 100; i++)
    plane_run (&room.plane, 100 * PLANE_MS);
  g_assert_cmpint (room.plane.seats[0].worker->ages_us[0], ==, SFU_CACHE_AGE_US);
  g_assert_cmpint (rich->ages_us[0], ==, SFU_CACHE_AGE_US);
  plane_clear (&room.plane);
}

/* More comes in one turn than there are packets: it is lost as on a network, counted, and asked for again. */
static void
test_pool_burst (void)
{
  Room room;

  room_init_with (&room, 2, 128, room_publishes, G_N_ELEMENTS (room_publishes));
  room_check (&room, room.subscriber);
  for (unsigned frame = 0; frame < 100; frame++)
    plane_send_video (room.publisher, &room.video, false, 2);
  plane_run (&room.plane, 10 * PLANE_MS);
  g_assert_cmpuint (room_dropped (&room, SFU_DROP_POOL_EMPTY), >, 0);
  plane_send_video (room.publisher, &room.video, false, 2);
  plane_run (&room.plane, 100 * PLANE_MS);
  g_assert_cmpuint (room.publisher->n_nacks, >, 0);
  room_check (&room, room.subscriber);
  plane_clear (&room.plane);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/sfu/worker/pool-empty/96", GUINT_TO_POINTER (96), test_pool_empty);
  g_test_add_data_func ("/sfu/worker/pool-empty/48", GUINT_TO_POINTER (48), test_pool_empty);
  g_test_add_func ("/sfu/worker/pool-of-another", test_pool_of_another);
  g_test_add_func ("/sfu/worker/pool-burst", test_pool_burst);
  return g_test_run ();
}
