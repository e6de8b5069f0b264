/* SPDX-License-Identifier: Apache-2.0 */
/* Spatial layers of one encoding, over the whole plane: which of them a subscriber gets is what it looks at. */
#include "plane-room.h"

#define FRAME_BYTES 400

/* RFC 9628 §4.2: I, P, L, B, E and with a keyframe V; a picture id of 15 bits; T, U, S, D; TL0PICIDX; then N_S, Y and sizes */
static void
send_layer (Room *room, unsigned spatial, bool keyframe)
{
  uint8_t flags = (uint8_t) (0xac | (keyframe ? 0x02 : 0x40));
  const uint8_t head[] = { flags, (uint8_t) (0x80 | room->video.picture >> 8), (uint8_t) room->video.picture,
                           (uint8_t) (0x10 | spatial << 1 | (spatial > 0)), (uint8_t) room->video.picture,
                           0x30, 320 >> 8, 320 & 255, 0, 180, 640 >> 8, 640 & 255, 360 >> 8, 360 & 255 };

  plane_send_packet (room->publisher, &room->video, PLANE_VP9, spatial == 1, head, keyframe ? sizeof head : 5, FRAME_BYTES);
}

/* both layers of each picture come in one turn */
static void
send_pictures (Room *room, unsigned n, bool keyframe)
{
  for (unsigned i = 0; i < n; i++)
    {
      room->video.picture++;
      send_layer (room, 0, keyframe && i == 0);
      send_layer (room, 1, keyframe && i == 0);
      room->video.timestamp += 3000;
      plane_run (&room->plane, ROOM_FRAME_US);
    }
}

static void
look (Room *room, uint16_t width, uint16_t height)
{
  const SfuWant want = { .track = g_array_index (room->publisher->tracks, SfuTrackInfo, 1).id, .width = width,
                         .height = height, .priority = 10 };

  plane_peer_remb (room->subscriber, plane_peer_get_ssrc (room->subscriber, "v0", NULL), 3000000);
  sfu_control_set_view (room->plane.control, room->room, room->subscriber->id, &want, 1);
  send_pictures (room, 60, true); /* it takes a second of room to go up */
  send_pictures (room, 2, true);
}

/* @n_layers of each of ten pictures come, in order, without a gap; the end of the highest is the end of the picture (point 21) */
static void
check (Room *room, unsigned n_layers)
{
  const GArray *pkts = room->subscriber->got;
  uint32_t first = (uint32_t) room->video.index;

  plane_peer_forget (room->subscriber);
  send_pictures (room, 10, false);
  g_assert_cmpuint (plane_peer_count (room->subscriber, ROOM_VIDEO), ==, 10 * n_layers);
  for (guint i = 0; i < pkts->len; i++)
    {
      const PlaneGot *got = &g_array_index (pkts, PlaneGot, i);

      g_assert_cmpuint (got->index, ==, first + i / n_layers * 2 + i % n_layers);
      g_assert_cmpuint (got->seq, ==, (uint16_t) (g_array_index (pkts, PlaneGot, 0).seq + i));
      g_assert_true (got->marker == (i % n_layers == n_layers - 1));
    }
}

/* Point 40: the layer follows the size, also inside one encoding; over one worker and over two. Point 18: who has nothing yet
 * begins on the lower layer of a keyframe, though the upper, which is not wanted, comes in the same turn. */
static void
test_view (gconstpointer data)
{
  Room room;

  room_init (&room, GPOINTER_TO_UINT (data));
  look (&room, 320, 180);
  check (&room, 1);
  look (&room, 1280, 720);
  check (&room, 2);
  look (&room, 160, 90);
  check (&room, 1);
  room_check_no_drops (&room);
  plane_clear (&room.plane);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/sfu/spatial/view/one-worker", GUINT_TO_POINTER (1), test_view);
  g_test_add_data_func ("/sfu/spatial/view/two-workers", GUINT_TO_POINTER (2), test_view);
  return g_test_run ();
}
