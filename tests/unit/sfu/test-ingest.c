/* SPDX-License-Identifier: Apache-2.0 */
/* Publishers that change, hide or lie about what they send, over the whole plane; an honest one shares the room with them. */
#include "plane-room.h"

/* another SSRC every few frames: the receiver sees one stream (point 13), and nothing piles up (point 14) */
static void
test_rotation (void)
{
  uint32_t ssrc = 0;
  unsigned n = 0;
  Room room;

  room_init (&room, 2);
  room_check (&room, room.subscriber);
  plane_peer_forget (room.subscriber);
  for (unsigned i = 0; i < 200; i++)
    {
      room.video.ssrc = ROOM_VIDEO + 1 + i;
      room.video.index = 40000 + 1000 * i % 20000;
      room.video.timestamp = i * 0x1234567;
      room_send (&room, 2, true);
    }
  for (guint i = 0; i < room.subscriber->got->len; i++)
    {
      const PlaneGot *got = &g_array_index (room.subscriber->got, PlaneGot, i);

      if (got->from < ROOM_VIDEO)
        continue;
      g_assert_true (ssrc == 0 || got->ssrc == ssrc);
      ssrc = got->ssrc;
      n++;
    }
  g_assert_cmpuint (n, >=, 4 * 190);
  room_check (&room, room.subscriber);
  plane_clear (&room.plane);
}

/* SSRCs that nothing says anything about are dropped and counted, and nothing is kept for them */
static void
test_unknown_ssrc (void)
{
  static const PlaneSection two[] = { { SFU_VIDEO, "v", "sendonly", NULL, ROOM_VIDEO, 1 },
                                      { SFU_VIDEO, "w", "sendonly", NULL, ROOM_VIDEO + 1, 1 } };
  SfuLeg *leg;
  GHashTableIter iter;
  gpointer key;
  Room room;

  room_init_with (&room, 1, PLANE_PKTS, two, G_N_ELEMENTS (two));
  g_hash_table_iter_init (&iter, room.plane.seats[0].worker->legs);
  do
    g_assert_true (g_hash_table_iter_next (&iter, &key, NULL));
  while (((SfuLeg *) key)->ingest == NULL);
  leg = key;
  for (unsigned i = 0; i < 1000; i++)
    {
      PlaneStream stranger = { .ssrc = 50000 + i, .index = 1 };

      plane_send_video (room.publisher, &stranger, true, 1);
      if (i % 20 == 0)
        plane_run (&room.plane, 5 * PLANE_MS);
    }
  plane_run (&room.plane, 5 * PLANE_MS);
  g_assert_cmpuint (room_dropped (&room, SFU_DROP_UNKNOWN_SSRC), ==, 1000);
  g_assert_cmpuint (leg->ingest->n_inputs, ==, 2);
  for (unsigned i = 0; i < 1000; i++) /* with a MID each takes the place of the one before */
    {
      PlaneStream stranger = { .ssrc = 60000 + i, .mid = "v", .index = 1 };

      plane_send_video (room.publisher, &stranger, true, 1);
      if (i % 20 == 0)
        plane_run (&room.plane, 5 * PLANE_MS);
    }
  plane_run (&room.plane, 5 * PLANE_MS);
  g_assert_cmpuint (room_dropped (&room, SFU_DROP_UNKNOWN_SSRC), ==, 1000);
  g_assert_cmpuint (leg->ingest->n_inputs, <=, 4);
  plane_clear (&room.plane);
}

/* a second publisher, who lies in ways that the test chooses, beside the room's own */
static PlanePeer *
add_liar (Room *room, const char *rids)
{
  const PlaneSection sections[] = { { SFU_VIDEO, "x", "sendonly", rids } };

  return room_add_publisher (room, 0, sections, 1);
}

/* Encodings that were never offered, RIDs too long or of another's, payload types that were not agreed. */
static void
test_unknown_encodings (void)
{
  static const char *const rids[] = { "z", "qq", "0123456789abcdef", "h", "" };
  PlanePeer *liar;
  Room room;

  room_init (&room, 2);
  liar = add_liar (&room, "q;f");
  for (unsigned i = 0; i < 100; i++)
    {
      PlaneStream stream = { .ssrc = 70000 + i, .mid = "x", .rid = rids[i % G_N_ELEMENTS (rids)], .index = i };
      PlaneStream other = { .ssrc = 80000 + i, .mid = "x", .rid = "q", .index = i };

      if (stream.rid[0] == '\0')
        stream.rid = NULL;
      plane_send_video (liar, &stream, true, 1);
      plane_send_packet (liar, &other, 50, true, NULL, 0, 100);
      if (i % 10 == 0)
        room_send (&room, 1, true);
    }
  plane_run (&room.plane, 10 * PLANE_MS);
  g_assert_cmpuint (room_dropped (&room, SFU_DROP_UNKNOWN_SSRC), ==, 100);
  g_assert_cmpuint (room_dropped (&room, SFU_DROP_UNKNOWN_TYPE), ==, 100);
  room_check (&room, room.subscriber);
  plane_clear (&room.plane);
}

/* Extensions that say of the layers what does not fit the SDP, or nothing that can be read; payloads that are no codec's. Seeded;
 * nobody else loses a packet, and the liar is heard again once it is honest. */
static void
test_lies (gconstpointer data)
{
  uint8_t id = (uint8_t) GPOINTER_TO_UINT (data);
  GRand *rand = g_rand_new_with_seed (id + 1);
  PlaneStream streams[2] = { { .ssrc = 91000, .mid = "x", .rid = "q", .index = 1 },
                             { .ssrc = 92000, .mid = "x", .rid = "f", .index = 1 } };
  PlanePeer *liar;
  Room room;

  room_init (&room, 2);
  liar = add_liar (&room, "q;f");
  for (unsigned i = 0; i < 2000; i++)
    {
      PlaneStream *stream = &streams[i % 2];
      uint8_t head[40];
      size_t len = (size_t) g_rand_int_range (rand, 0, sizeof head);

      stream->extra_id = id;
      stream->extra_len = (uint8_t) g_rand_int_range (rand, 0, sizeof stream->extra);
      for (unsigned at = 0; at < sizeof stream->extra; at++)
        stream->extra[at] = (uint8_t) g_rand_int (rand);
      if (id == PLANE_ID_LAYERS && i % 3 == 0) /* four streams of four layers each, of any size (draft, §"RTP header extension") */
        stream->extra[0] = 0x3f;
      for (unsigned at = 0; at < len; at++)
        head[at] = (uint8_t) g_rand_int (rand);
      if (id == 0)
        plane_send_packet (liar, stream, PLANE_VP8, i % 3 == 0, head, len, 80);
      else
        plane_send_video (liar, stream, i % 10 == 0, 1);
      if (id == 0)
        stream->timestamp += (uint32_t) g_rand_int_range (rand, -100000, 100000);
      if (i % 5 == 0)
        plane_run (&room.plane, 5 * PLANE_MS);
      if (i % 100 == 0)
        room_send (&room, 1, true);
    }
  room_check (&room, room.subscriber);
  plane_peer_forget (room.subscriber);
  for (unsigned i = 0; i < 2; i++)
    streams[i].extra_id = 0;
  for (unsigned i = 0; i < 100; i++)
    {
      for (unsigned of = 0; of < 2; of++)
        plane_send_video (liar, &streams[of], true, 1);
      plane_run (&room.plane, ROOM_FRAME_US);
    }
  g_assert_cmpuint (plane_peer_count (room.subscriber, 91000) + plane_peer_count (room.subscriber, 92000), >, 0);
  plane_clear (&room.plane);
  g_rand_free (rand);
}

/* What was lost on the way in is asked for, and what comes by RTX goes on under the number that was missing. */
static void
test_recovered (void)
{
  PlaneStream rtx = { .ssrc = 99000, .mid = "v", .index = 5 };
  uint8_t head[40] = { 0 };
  uint64_t lost;
  Room room;

  room_init (&room, 2);
  room_check (&room, room.subscriber);
  plane_peer_forget (room.publisher);
  lost = room.video.index++;
  room_send (&room, 2, false);
  plane_run (&room.plane, 100 * PLANE_MS);
  g_assert_cmpuint (room.publisher->n_nacks, >, 0);
  g_assert_cmpuint (room.publisher->nacked, ==, (uint16_t) lost);
  g_assert_cmpuint (plane_get_counts (&room.plane).tx_nacks, >, 0);
  /* RFC 4588 §4: the original number, then the payload, here the second packet of a frame */
  head[0] = (uint8_t) (lost >> 8);
  head[1] = (uint8_t) lost;
  head[2] = 0x80;
  head[3] = 0x80;
  head[4] = (uint8_t) (0x80 | room.video.picture >> 8);
  head[5] = (uint8_t) room.video.picture;
  rtx.timestamp = room.video.timestamp - 2 * 3000;
  plane_send_packet (room.publisher, &rtx, PLANE_VP8_RTX, true, head, sizeof head, 80);
  plane_run (&room.plane, 50 * PLANE_MS);
  g_assert_cmpuint (plane_get_counts (&room.plane).recovered, ==, 1);
  plane_peer_forget (room.publisher);
  plane_run (&room.plane, 500 * PLANE_MS);
  g_assert_cmpuint (room.publisher->n_nacks, ==, 0); /* it is there */
  room_check (&room, room.subscriber);
  plane_clear (&room.plane);
}

/* A publisher that begins a new connection has the same tracks; who looks from another worker sees it again. */
static void
test_new_connection (void)
{
  Room room;
  uint64_t camera;

  room_init (&room, 2);
  room_check (&room, room.subscriber);
  camera = g_array_index (room.publisher->tracks, SfuTrackInfo, 1).id;
  for (unsigned i = 0; i < 3; i++)
    {
      room.publisher->n_sessions++;
      g_assert_true (plane_peer_offer (room.publisher, room_publishes, G_N_ELEMENTS (room_publishes)));
      g_assert_cmpuint (g_array_index (room.publisher->tracks, SfuTrackInfo, 1).id, ==, camera);
      plane_peer_connect (room.publisher, 0);
      g_array_set_size (room.plane.events, 0);
      room_check (&room, room.subscriber);
      for (unsigned frame = 0; frame < 20; frame++) /* seven seconds more */
        room_check (&room, room.subscriber);
      g_assert_cmpuint (plane_get_counts (&room.plane).legs[1], ==, 1);
    }
  plane_clear (&room.plane);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/ingest/rotation", test_rotation);
  g_test_add_func ("/sfu/ingest/unknown-ssrc", test_unknown_ssrc);
  g_test_add_func ("/sfu/ingest/unknown-encodings", test_unknown_encodings);
  g_test_add_data_func ("/sfu/ingest/lies/payload", GUINT_TO_POINTER (0), test_lies);
  g_test_add_data_func ("/sfu/ingest/lies/video-layers", GUINT_TO_POINTER (PLANE_ID_LAYERS), test_lies);
  g_test_add_data_func ("/sfu/ingest/lies/dependency", GUINT_TO_POINTER (PLANE_ID_DEPENDENCY), test_lies);
  g_test_add_func ("/sfu/ingest/recovered", test_recovered);
  g_test_add_func ("/sfu/ingest/new-connection", test_new_connection);
  return g_test_run ();
}
