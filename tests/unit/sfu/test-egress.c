/* SPDX-License-Identifier: Apache-2.0 */
/* Subscribers that ask for too much, or take nothing, over the whole plane; another one loses nothing by it. */
#include "plane-room.h"

/* the number of the last packet of video that @peer got, and of how many */
static uint16_t
get_last (const PlanePeer *peer, unsigned *ret_n)
{
  uint16_t last = 0;

  *ret_n = 0;
  for (guint i = 0; i < peer->got->len; i++)
    if (g_array_index (peer->got, PlaneGot, i).payload_type == PLANE_VP8)
      {
        last = g_array_index (peer->got, PlaneGot, i).seq;
        (*ret_n)++;
      }
  return last;
}

static unsigned
count_rtx (const PlanePeer *peer)
{
  unsigned n = 0;

  for (guint i = 0; i < peer->got->len; i++)
    n += g_array_index (peer->got, PlaneGot, i).payload_type == PLANE_VP8_RTX;
  return n;
}

/* the SSRC of the slot that shows the room's camera */
static uint32_t
get_ssrc (const PlanePeer *peer)
{
  for (guint i = peer->got->len; i > 0; i--)
    if (g_array_index (peer->got, PlaneGot, i - 1).payload_type == PLANE_VP8)
      return g_array_index (peer->got, PlaneGot, i - 1).ssrc;
  g_assert_not_reached ();
}

/* point 29, RFC 4588: what is asked for comes again on the RTX stream, with the bytes that it had */
static void
test_nack (void)
{
  const PlaneGot *again;
  unsigned n;
  uint16_t last;
  Room room;

  room_init (&room, 2);
  room_check (&room, room.subscriber);
  last = get_last (room.subscriber, &n);
  plane_peer_nack (room.subscriber, get_ssrc (room.subscriber), &last, 1);
  plane_run (&room.plane, 20 * PLANE_MS);
  g_assert_cmpuint (count_rtx (room.subscriber), ==, 1);
  again = &g_array_index (room.subscriber->got, PlaneGot, room.subscriber->got->len - 1);
  g_assert_cmpuint (again->from, ==, ROOM_VIDEO);
  g_assert_cmpuint (again->index, ==, (uint32_t) room.video.index - 1);
  g_assert_cmpuint (plane_get_counts (&room.plane).rx_nacks, ==, 1);
  g_assert_cmpuint (plane_get_counts (&room.plane).resent, ==, 1);
  plane_clear (&room.plane);
}

/* point 29. Everything is asked for again and again: each packet goes three times at most, and the others get what is new */
static void
test_nack_storm (void)
{
  uint16_t seqs[253];
  unsigned n, n_sent;
  PlanePeer *other;
  Room room;

  room_init (&room, 2);
  other = room_add_subscriber (&room, 1);
  room_check (&room, room.subscriber);
  plane_peer_forget (room.publisher);
  for (unsigned round = 0; round < 50; round++)
    {
      uint16_t last = get_last (room.subscriber, &n);

      for (unsigned i = 0; i < G_N_ELEMENTS (seqs); i++)
        seqs[i] = (uint16_t) (last - G_N_ELEMENTS (seqs) + 1 + i);
      for (unsigned i = 0; i < 20; i++)
        plane_peer_nack (room.subscriber, get_ssrc (room.subscriber), seqs, G_N_ELEMENTS (seqs));
      plane_peer_forget (other);
      room_send (&room, 1, true);
      g_assert_cmpuint (plane_peer_count (other, ROOM_AUDIO), ==, 1);
      g_assert_cmpuint (plane_peer_count (other, ROOM_VIDEO), ==, 2);
    }
  n_sent = 2 * 65 + 60;
  g_assert_cmpuint (count_rtx (room.subscriber), <=, SFU_SLOT_RTX_TRIES * n_sent);
  g_assert_cmpuint (plane_get_counts (&room.plane).rx_nacks, ==, 50 * 20 * G_N_ELEMENTS (seqs));
  g_assert_cmpuint (plane_get_counts (&room.plane).resent, <=, SFU_SLOT_RTX_TRIES * n_sent);
  g_assert_cmpuint (room.publisher->n_nacks, ==, 0); /* it has lost nothing */
  room_check (&room, other);
  room_check (&room, room.subscriber);
  plane_clear (&room.plane);
}

/* point 33. Many ask for keyframes all the time: the publisher hears of it a few times in ten seconds */
static void
test_pli_storm (void)
{
  PlanePeer *others[4];
  Room room;

  room_init (&room, 2);
  for (unsigned i = 0; i < G_N_ELEMENTS (others); i++)
    others[i] = room_add_subscriber (&room, i % 2);
  room_check (&room, room.subscriber);
  for (unsigned i = 0; i < G_N_ELEMENTS (others); i++)
    {
      plane_peer_forget (others[i]);
      for (unsigned wait = 0; wait < 60 && plane_peer_count (others[i], ROOM_VIDEO) == 0; wait++)
        room_send (&room, 1, true);
    }
  plane_peer_forget (room.publisher);
  for (unsigned frame = 0; frame < 280; frame++) /* ten seconds */
    {
      for (unsigned i = 0; i < G_N_ELEMENTS (others); i++)
        for (unsigned n = 0; n < 5; n++)
          plane_peer_pli (others[i], get_ssrc (others[i]));
      plane_peer_forget (room.subscriber);
      room_send (&room, 1, room.publisher->n_plis > 0 && frame % 30 == 0);
      g_assert_cmpuint (plane_peer_count (room.subscriber, ROOM_VIDEO), ==, 2);
    }
  g_assert_cmpuint (plane_get_counts (&room.plane).rx_keyframe_requests, ==, 280 * 4 * 5);
  g_assert_cmpuint (room.publisher->n_plis, >, 0);
  g_assert_cmpuint (room.publisher->n_plis, <=, 40);
  room_check (&room, room.subscriber);
  plane_clear (&room.plane);
}

/* More comes than a subscriber's path carries: what waits is bounded, goes late or never, and it is back when the path is. */
static void
test_narrow (void)
{
  PlanePeer *narrow;
  Room room;

  room_init (&room, 2);
  narrow = room_add_subscriber (&room, 1);
  room_check (&room, narrow);
  plane_peer_remb (narrow, get_ssrc (narrow), 50000);
  for (unsigned i = 0; i < 150; i++)
    {
      for (unsigned frame = 0; frame < 3; frame++)
        plane_send_video (room.publisher, &room.video, i % 30 == 0 && frame == 0, 8);
      plane_run (&room.plane, ROOM_FRAME_US);
      if (i % 6 == 0)
        plane_peer_remb (narrow, get_ssrc (narrow), 50000);
      plane_peer_remb (room.subscriber, plane_peer_get_ssrc (room.subscriber, "v0", NULL), 20000000);
    }
  g_assert_cmpuint (plane_get_counts (&room.plane).dropped[SFU_DROP_PACER_FULL]
                        + plane_get_counts (&room.plane).dropped[SFU_DROP_PACER_LATE], >, 0);
  for (unsigned i = 0; i < 20; i++)
    {
      plane_peer_remb (narrow, get_ssrc (narrow), 5000000);
      room_send (&room, 5, i % 4 == 0);
    }
  room_check (&room, narrow);
  room_check (&room, room.subscriber);
  plane_clear (&room.plane);
}

/* Point 4, RFC 4571. A subscriber over TCP gets what the others get; when it reads no more, what waits for it is bounded, counted,
 * and nobody else's loss; and it goes on when it reads again. */
static void
test_tcp_deaf (void)
{
  static const uint8_t head[] = { 0x78 };
  const uint64_t limit = 40000;
  PlanePeer *deaf;
  unsigned sent = 0;
  Room room;

  room_init (&room, 2);
  deaf = plane_add_peer (&room.plane, room.room, false);
  g_assert_true (plane_peer_offer (deaf, room_slots, G_N_ELEMENTS (room_slots)));
  plane_peer_use_tcp (deaf, 1);
  plane_peer_connect (deaf, 1);
  room_check (&room, deaf);
  g_assert_cmpuint (plane_get_counts (&room.plane).connections, ==, 1);
  deaf->deaf = true;
  plane_peer_forget (room.subscriber);
  for (; sent < limit && room_dropped (&room, SFU_DROP_TCP_QUEUE) < 1000; sent++)
    {
      plane_send_packet (room.publisher, &room.audio, PLANE_OPUS, false, head, sizeof head, 1000);
      if (sent % 20 == 0)
        plane_run (&room.plane, 5 * PLANE_MS);
    }
  plane_run (&room.plane, 20 * PLANE_MS);
  g_assert_cmpuint (room_dropped (&room, SFU_DROP_TCP_QUEUE), >=, 1000);
  g_assert_cmpuint (plane_peer_count (room.subscriber, ROOM_AUDIO), ==, sent);
  room_check (&room, room.subscriber);
  deaf->deaf = false;
  plane_run (&room.plane, 1000 * PLANE_MS);
  room_check (&room, deaf);
  plane_peer_leave (deaf);
  plane_run (&room.plane, 200 * PLANE_MS);
  g_assert_cmpuint (plane_get_counts (&room.plane).connections, ==, 0);
  plane_clear (&room.plane);
}

/* @n frames; one is a keyframe if the publisher was asked for it since the last */
static void
send_asked (Room *room, unsigned n)
{
  for (unsigned i = 0; i < n; i++)
    {
      unsigned asked = room->publisher->n_plis;

      plane_run (&room->plane, ROOM_FRAME_US);
      plane_send_audio (room->publisher, &room->audio, 20);
      plane_send_video (room->publisher, &room->video, room->publisher->n_plis > asked, 2);
    }
}

/* point 18: the keyframe that was asked for while a subscriber was still connecting has gone by: another is asked for */
static void
test_keyframe_too_early (void)
{
  PlanePeer *late;
  Room room;

  room_init (&room, 2);
  room_check (&room, room.subscriber);
  late = plane_add_peer (&room.plane, room.room, false);
  g_assert_true (plane_peer_offer (late, room_slots, G_N_ELEMENTS (room_slots)));
  late->worker = 1;
  plane_peer_check (late); /* it has an address, and no keys */
  room.publisher->n_plis = 0;
  send_asked (&room, 20);
  g_assert_cmpuint (room.publisher->n_plis, >, 0);
  plane_peer_connect (late, 1);
  send_asked (&room, 40);
  g_assert_cmpuint (plane_peer_count (late, ROOM_VIDEO), >, 0);
  plane_clear (&room.plane);
}

/* a keyframe that was lost between two workers is asked for again, though its publisher did send it */
static void
test_keyframe_lost (void)
{
  PlanePeer *near, *late;
  Room room;

  room_init_with (&room, 2, 8192, room_publishes, G_N_ELEMENTS (room_publishes));
  near = room_add_subscriber (&room, 0);
  room_check (&room, near);
  plane_peer_leave (room.subscriber);
  late = room_add_subscriber (&room, 1);
  room.plane.seats[1].stuck = true;
  while (room_dropped (&room, SFU_DROP_RING_FULL) == 0)
    {
      unsigned n = plane_peer_count (near, ROOM_VIDEO);

      for (unsigned frame = 0; frame < 20; frame++)
        plane_send_video (room.publisher, &room.video, false, 2);
      for (unsigned wait = 0; wait < 100 && plane_peer_count (near, ROOM_VIDEO) < n + 40; wait++)
        plane_run (&room.plane, 10 * PLANE_MS);
    }
  plane_send_video (room.publisher, &room.video, true, 2);
  plane_run (&room.plane, ROOM_FRAME_US);
  room.plane.seats[1].stuck = false;
  plane_run (&room.plane, ROOM_FRAME_US);
  g_assert_cmpuint (plane_peer_count (late, ROOM_VIDEO), ==, 0);
  send_asked (&room, 60);
  g_assert_cmpuint (plane_peer_count (late, ROOM_VIDEO), >, 0);
  plane_clear (&room.plane);
}

/* whoever connects for ever does not make a publisher send keyframes for ever */
static void
test_keyframe_in_vain (void)
{
  PlanePeer *late;
  Room room;

  room_init (&room, 2);
  room_check (&room, room.subscriber);
  late = plane_add_peer (&room.plane, room.room, false);
  g_assert_true (plane_peer_offer (late, room_slots, G_N_ELEMENTS (room_slots)));
  late->worker = 1;
  plane_peer_check (late);
  room.publisher->n_plis = 0;
  send_asked (&room, 100);
  g_assert_cmpuint (room.publisher->n_plis, ==, 1);
  plane_clear (&room.plane);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/egress/keyframe-too-early", test_keyframe_too_early);
  g_test_add_func ("/sfu/egress/keyframe-lost", test_keyframe_lost);
  g_test_add_func ("/sfu/egress/keyframe-in-vain", test_keyframe_in_vain);
  g_test_add_func ("/sfu/egress/nack", test_nack);
  g_test_add_func ("/sfu/egress/nack-storm", test_nack_storm);
  g_test_add_func ("/sfu/egress/pli-storm", test_pli_storm);
  g_test_add_func ("/sfu/egress/narrow", test_narrow);
  g_test_add_func ("/sfu/egress/tcp-deaf", test_tcp_deaf);
  return g_test_run ();
}
