/* SPDX-License-Identifier: Apache-2.0 */
/* A worker that has too much to do, or hears from strangers: the room goes on for those who are in it. */
#include <malloc.h>

#include "ice-peer.h"
#include "plane-room.h"

/* what comes to a worker that does not have the leg is passed on: checks by their user name, the rest by its address */
static void
test_passed_on (void)
{
  Room room;

  room_init (&room, 3);
  room_check (&room, room.subscriber);
  room.publisher->worker = 1; /* as if the kernel had chosen another socket for its new address */
  plane_peer_check (room.publisher);
  plane_run (&room.plane, 10 * PLANE_MS);
  room_check (&room, room.subscriber);
  room.subscriber->worker = 0;
  plane_peer_check (room.subscriber);
  plane_run (&room.plane, 10 * PLANE_MS);
  room_check (&room, room.subscriber);
  g_assert_cmpuint (plane_get_counts (&room.plane).legs[0], ==, 1);
  g_assert_cmpuint (plane_get_counts (&room.plane).legs[1], ==, 1);
  room_check_no_drops (&room);
  plane_clear (&room.plane);
}

/* DTLS and media of nobody whom a check vouches for: no answer, no memory, and they are counted */
static void
test_strangers (void)
{
  static const uint8_t media[64] = { 0x80, 96 }, dtls[64] = { 22, 254, 253, [12] = 64 - 13 };
  PlanePeer *stranger;
  Room room;
  unsigned before;

  room_init (&room, 2);
  stranger = plane_add_peer (&room.plane, room.room, true);
  before = sfu_tuples_get_n (room.plane.seats[0].worker->tuples);
  for (unsigned i = 0; i < 1000; i++)
    {
      plane_peer_send (stranger, media, sizeof media);
      plane_peer_send (stranger, dtls, sizeof dtls);
      if (i % 50 == 0)
        plane_run (&room.plane, 5 * PLANE_MS);
    }
  plane_run (&room.plane, 5 * PLANE_MS);
  g_assert_cmpuint (room_dropped (&room, SFU_DROP_STRANGER), ==, 1000); /* DTLS is the relay's then */
  g_assert_cmpuint (sfu_tuples_get_n (room.plane.seats[0].worker->tuples), ==, before);
  g_assert_cmpuint (stranger->got->len, ==, 0);
  room_check (&room, room.subscriber);
  plane_clear (&room.plane);
}

/* Point 2. A flood of STUN from outside: with a name of ours and a wrong integrity, without any, with names that nobody has */
static void
test_stun_flood (void)
{
  PlanePeer *stranger;
  char ufrag[SFU_ICE_UFRAG_LEN + 1];
  unsigned before;
  Room room;

  room_init (&room, 2);
  room_check (&room, room.subscriber);
  stranger = plane_add_peer (&room.plane, room.room, true);
  before = sfu_tuples_get_n (room.plane.seats[0].worker->tuples);
  for (unsigned round = 0; round < 50; round++)
    {
      for (unsigned i = 0; i < 200; i++)
        {
          IcePeerCheck check = { .local = ufrag, .remote = "x", .pwd = "wrongwrongwrongwrongwrong", .use_candidate = true };
          uint8_t data[512];

          memcpy (ufrag, strstr (room.publisher->answer, "a=ice-ufrag:") + strlen ("a=ice-ufrag:"), SFU_ICE_UFRAG_LEN);
          ufrag[SFU_ICE_UFRAG_LEN] = '\0';
          check.no_integrity = i % 4 == 1;
          if (i % 4 == 2)
            sfu_ice_make_ufrag (room.plane.identity, ufrag); /* ours, and nobody's */
          if (i % 4 == 3)
            ufrag[0] ^= 1; /* its tag is wrong: it may be the relay's */
          plane_peer_send (stranger, data, ice_peer_write (room.plane.hmac, &check, data, sizeof data));
        }
      plane_peer_forget (room.subscriber);
      room_send (&room, 2, true);
      g_assert_cmpuint (plane_peer_count (room.subscriber, ROOM_VIDEO), ==, 4);
    }
  g_assert_cmpuint (stranger->n_successes, ==, 0);
  g_assert_cmpuint (room_dropped (&room, SFU_DROP_CHECK), ==, 7500);
  g_assert_cmpuint (sfu_tuples_get_n (room.plane.seats[0].worker->tuples), ==, before);
  room_check (&room, room.subscriber);
  plane_clear (&room.plane);
}

/* RFC 7675 §5.2: who has left, or was sent away, gets no answer any more, by UDP and TCP, whatever he has kept; and he cannot
 * make the server remember an address: it may be another's, forged. A leg that waits for its nomination is answered. */
static void
test_ended (void)
{
  PlanePeer *gone, *waiting, *stream;
  SfuTuples *tuples;
  uint64_t dropped;
  unsigned before;
  Room room;

  room_init (&room, 2);
  tuples = room.plane.seats[0].worker->tuples;
  gone = room_add_subscriber (&room, 0);
  sfu_control_remove_peer (room.plane.control, room.room, gone->id);
  gone->check_us = INT64_MAX;
  plane_run (&room.plane, 100 * PLANE_MS);
  before = sfu_tuples_get_n (tuples);
  gone->n_successes = 0;
  dropped = room_dropped (&room, SFU_DROP_CHECK);
  for (unsigned worker = 0; worker < 2; worker++)
    {
      gone->worker = worker;
      plane_peer_check (gone);
      plane_run (&room.plane, 10 * PLANE_MS);
    }
  g_assert_cmpuint (gone->n_successes, ==, 0);
  g_assert_cmpuint (room_dropped (&room, SFU_DROP_CHECK), >=, dropped + 2);
  g_assert_cmpuint (sfu_tuples_get_n (tuples), ==, before);

  stream = plane_add_peer (&room.plane, room.room, false);
  plane_peer_use_tcp (stream, 0);
  stream->answer = g_strdup (gone->answer);
  plane_peer_check (stream);
  plane_run (&room.plane, 10 * PLANE_MS);
  g_assert_cmpuint (stream->n_successes, ==, 0);
  g_assert_cmpuint (plane_get_counts (&room.plane).connections, ==, 0);

  waiting = plane_add_peer (&room.plane, room.room, false);
  g_assert_true (plane_peer_offer (waiting, room_slots, G_N_ELEMENTS (room_slots)));
  plane_peer_check_unnominated (waiting);
  plane_run (&room.plane, 10 * PLANE_MS);
  g_assert_cmpuint (waiting->n_successes, ==, 1);
  g_assert_cmpuint (sfu_tuples_get_n (tuples), ==, before + 1);
  room_check (&room, room.subscriber);
  plane_clear (&room.plane);
}

/* An address that a check named, and nothing but checks, is kept: what comes from there otherwise, maybe from its true owner,
 * does not keep it alive. */
static void
test_named_address (void)
{
  static const uint8_t dtls[64] = { 22, 254, 253, [12] = 64 - 13 };
  PlanePeer *waiting;
  SfuTuples *tuples;
  unsigned before;
  Room room;

  room_init (&room, 2);
  tuples = room.plane.seats[0].worker->tuples;
  before = sfu_tuples_get_n (tuples);
  waiting = plane_add_peer (&room.plane, room.room, false);
  g_assert_true (plane_peer_offer (waiting, room_slots, G_N_ELEMENTS (room_slots)));
  plane_peer_check_unnominated (waiting);
  plane_run (&room.plane, 10 * PLANE_MS);
  g_assert_cmpuint (sfu_tuples_get_n (tuples), ==, before + 1);
  for (unsigned s = 0; s < 70; s++)
    {
      plane_peer_send (waiting, dtls, sizeof dtls);
      plane_run (&room.plane, 1000 * PLANE_MS);
    }
  g_assert_cmpuint (sfu_tuples_get_n (tuples), ==, before);
  room_check (&room, room.subscriber);
  plane_clear (&room.plane);
}

/* what was passed on to a worker that does not know its address either is counted there */
static void
test_passed_in_vain (void)
{
  static const uint8_t media[64] = { 0x80, 96 };
  PlanePeer *guest;
  uint64_t dropped;
  Room room;

  room_init (&room, 2);
  guest = room_add_subscriber (&room, 0);
  guest->worker = 1;
  plane_peer_check (guest);
  plane_run (&room.plane, 10 * PLANE_MS);
  sfu_control_remove_peer (room.plane.control, room.room, guest->id);
  plane_run (&room.plane, 100 * PLANE_MS);
  dropped = room_dropped (&room, SFU_DROP_STRANGER);
  plane_peer_send (guest, media, sizeof media);
  plane_run (&room.plane, 10 * PLANE_MS);
  g_assert_cmpuint (room_dropped (&room, SFU_DROP_STRANGER), ==, dropped + 1);
  plane_clear (&room.plane);
}

/* a worker that cannot be made leaves nothing behind: here its mailbox is another's already */
static void
test_not_made (void)
{
  g_autoptr (GError) error = NULL;
  SfuWorkerConfig config;
  Room room;

  room_init (&room, 2);
  config = room.plane.seats[0].worker->config;
  g_assert_null (sfu_worker_new (room.plane.seats[0].loop, room.plane.seats[0].hub, &config, &error));
  g_assert_nonnull (error);
  plane_run (&room.plane, 2000 * PLANE_MS);
  room_check (&room, room.subscriber);
  plane_clear (&room.plane);
}

/* One worker hangs: its ring fills and what does not fit is counted. Whoever is on another worker loses nothing, and those of
 * this one see again once it runs. */
static void
test_ring_full (void)
{
  PlanePeer *near;
  Room room;

  room_init_with (&room, 2, 8192, room_publishes, G_N_ELEMENTS (room_publishes));
  near = room_add_subscriber (&room, 0);
  room_check (&room, room.subscriber);
  g_assert_true (near->worker == 0);
  room.plane.seats[1].stuck = true;
  for (unsigned i = 0; i < 60; i++)
    {
      plane_peer_forget (near);
      for (unsigned frame = 0; frame < 20; frame++)
        plane_send_video (room.publisher, &room.video, frame == 0, 2);
      for (unsigned wait = 0; wait < 100 && plane_peer_count (near, ROOM_VIDEO) < 40; wait++)
        plane_run (&room.plane, 10 * PLANE_MS);
      g_assert_cmpuint (plane_peer_count (near, ROOM_VIDEO), ==, 40);
    }
  g_assert_cmpuint (room_dropped (&room, SFU_DROP_RING_FULL), >, 0);
  room.plane.seats[1].stuck = false;
  plane_run (&room.plane, 50 * PLANE_MS);
  room_check (&room, room.subscriber);
  room_check (&room, near);
  plane_clear (&room.plane);
}

/* A worker's mailbox is full while the main thread goes on: what was ordered is done all the same once it runs, whatever else
 * was lost; and what workers want of each other is said again. */
static void
test_box_full (void)
{
  uint64_t track, refused;
  Room room;

  room_init (&room, 2);
  room_check (&room, room.subscriber);
  track = g_array_index (room.publisher->tracks, SfuTrackInfo, 0).id;
  room.plane.seats[1].stuck = true;
  for (unsigned i = 0; i < 20000; i++)
    sfu_control_set_muted (room.plane.control, room.room, track, i % 2 == 0);
  plane_peer_leave (room.publisher);
  plane_run (&room.plane, 100 * PLANE_MS);
  room.plane.seats[1].stuck = false;
  while (sfu_mesh_get_n_waiting (room.plane.mesh) > 0)
    {
      (void) g_main_context_iteration (room.plane.context, TRUE); /* until the main thread tries again */
      plane_run (&room.plane, 10 * PLANE_MS);
    }
  /* a turn takes so much mail, and no more */
  for (unsigned i = 0; i < 100 && g_hash_table_size (room.plane.seats[1].worker->tracks) > 0; i++)
    plane_run (&room.plane, 10 * PLANE_MS);
  g_assert_cmpuint (g_hash_table_size (room.plane.seats[1].worker->tracks), ==, 0);
  room.publisher = room_add_publisher (&room, 0, room_publishes, G_N_ELEMENTS (room_publishes));
  room_check (&room, room.subscriber);
  track = g_array_index (room.publisher->tracks, SfuTrackInfo, 0).id;

  /* now the box of the publisher's worker is full when a newcomer wants its packets: nobody on its worker wanted any before */
  plane_peer_leave (room.subscriber);
  plane_run (&room.plane, 1000 * PLANE_MS);
  room.plane.seats[0].stuck = true;
  while (sfu_mesh_get_n_waiting (room.plane.mesh) == 0)
    sfu_control_set_muted (room.plane.control, room.room, track, false);
  refused = sfu_mesh_get_n_refused (room.plane.mesh, 0);
  room.subscriber = room_add_subscriber (&room, 1);
  for (unsigned i = 0; i < 100 && sfu_mesh_get_n_refused (room.plane.mesh, 0) == refused; i++)
    plane_run (&room.plane, 10 * PLANE_MS);
  g_assert_cmpuint (sfu_mesh_get_n_refused (room.plane.mesh, 0), >, refused);
  room.plane.seats[0].stuck = false;
  room_check (&room, room.subscriber);
  plane_clear (&room.plane);
}

/* orders wait for @worker, which is stuck: its mailbox is full */
static void
fill_box (Room *room, unsigned worker, unsigned n_waiting)
{
  uint64_t track = g_array_index (room->publisher->tracks, SfuTrackInfo, 0).id;

  room->plane.seats[worker].stuck = true;
  while (sfu_mesh_get_n_waiting (room->plane.mesh) < n_waiting)
    sfu_control_set_muted (room->plane.control, room->room, track, false);
}

/* A newcomer would go to the worker with the fewest legs, but that one's mailbox is full: where its check came to, it stays. */
static void
test_box_full_claim (void)
{
  PlanePeer *near;
  Room room;

  room_init (&room, 2);
  (void) room_add_subscriber (&room, 0);
  (void) room_add_subscriber (&room, 0);
  room_check (&room, room.subscriber);
  fill_box (&room, 1, 1);
  near = room_add_subscriber (&room, 0);
  g_assert_cmpuint (sfu_registry_get_load (sfu_mesh_get_registry (room.plane.mesh), 0), ==, 4);
  room_check (&room, near);
  room.plane.seats[1].stuck = false;
  plane_run (&room.plane, 100 * PLANE_MS);
  g_assert_cmpuint (plane_get_counts (&room.plane).legs[0], ==, 4);
  room_check (&room, near);
  room_check (&room, room.subscriber);
  plane_clear (&room.plane);
}

/* So much waits for a worker that hangs: nobody else is let in before it has caught up. */
static void
test_behind (void)
{
  PlanePeer *late;
  Room room;

  room_init (&room, 2);
  late = plane_add_peer (&room.plane, room.room, false);
  fill_box (&room, 1, 2 * SFU_ORDERS_MAX); /* the other one is behind, too */
  g_assert_false (plane_peer_offer (late, room_slots, G_N_ELEMENTS (room_slots)));
  room.plane.seats[1].stuck = false;
  while (sfu_mesh_get_n_waiting (room.plane.mesh) > 0)
    {
      (void) g_main_context_iteration (room.plane.context, TRUE);
      plane_run (&room.plane, 10 * PLANE_MS);
    }
  g_assert_true (plane_peer_offer (late, room_slots, G_N_ELEMENTS (room_slots)));
  plane_peer_connect (late, 0);
  room_check (&room, late);
  room_check (&room, room.subscriber);
  plane_clear (&room.plane);
}

/* one guest: comes, sends or looks for two frames, and is gone, with or without a word */
static void
visit (Room *room, unsigned i)
{
  static const PlaneSection sections[] = { { SFU_AUDIO, "a", "sendonly", NULL, 5000, 1 },
                                           { SFU_VIDEO, "v", "sendonly", "q;h;f" } };
  PlaneStream audio = { .ssrc = 5000, .mid = "a", .index = 7 }, video = { .ssrc = 6000, .mid = "v", .rid = "q", .index = 9 };
  PlanePeer *publisher = room_add_publisher (room, i % 2, sections, G_N_ELEMENTS (sections));
  PlanePeer *subscriber = room_add_subscriber (room, i / 2 % 2);

  for (unsigned frame = 0; frame < 2; frame++)
    {
      plane_send_audio (publisher, &audio, 10);
      plane_send_video (publisher, &video, frame == 0, 3);
      room_send (room, 1, frame == 0);
    }
  plane_peer_leave (publisher);
  plane_peer_leave (subscriber);
}

/* 1,000 joins and leaves with media: nothing is left of them, and who stays loses nothing. */
static void
test_churn (void)
{
  size_t before = 0, after;
  Room room;

  room_init (&room, 2);
  room_check (&room, room.subscriber);
  for (unsigned i = 0; i < 550; i++) /* two legs each; the first 50 warm up */
    {
      plane_peer_forget (room.subscriber);
      visit (&room, i);
      plane_run (&room.plane, 5 * PLANE_MS);
      g_array_set_size (room.plane.events, 0);
      g_assert_cmpuint (plane_peer_count (room.subscriber, ROOM_AUDIO), ==, 2);
      g_assert_cmpuint (plane_peer_count (room.subscriber, ROOM_VIDEO), ==, 4);
      if (i == 49)
        before = mallinfo2 ().uordblks;
    }
  after = mallinfo2 ().uordblks;
  g_test_message ("%zu bytes in use after 100 joins, %zu after 1100", before, after);
  for (unsigned i = 0; i < 2; i++)
    {
      SfuWorker *worker = room.plane.seats[i].worker;

      g_assert_cmpuint (g_hash_table_size (worker->legs), ==, 1);
      g_assert_cmpuint (g_hash_table_size (worker->ufrags), ==, 1);
      g_assert_cmpuint (g_hash_table_size (worker->tracks), ==, 2);
      g_assert_cmpuint (g_hash_table_size (worker->shards), ==, 1);
    }
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  g_assert_cmpuint (after, <=, before + 64 * 1024);
#endif
  room_check (&room, room.subscriber);
  plane_clear (&room.plane);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/worker/passed-on", test_passed_on);
  g_test_add_func ("/sfu/worker/strangers", test_strangers);
  g_test_add_func ("/sfu/worker/stun-flood", test_stun_flood);
  g_test_add_func ("/sfu/worker/ended", test_ended);
  g_test_add_func ("/sfu/worker/named-address", test_named_address);
  g_test_add_func ("/sfu/worker/passed-in-vain", test_passed_in_vain);
  g_test_add_func ("/sfu/worker/not-made", test_not_made);
  g_test_add_func ("/sfu/worker/ring-full", test_ring_full);
  g_test_add_func ("/sfu/worker/box-full", test_box_full);
  g_test_add_func ("/sfu/worker/box-full-claim", test_box_full_claim);
  g_test_add_func ("/sfu/worker/behind", test_behind);
  g_test_add_func ("/sfu/worker/churn", test_churn);
  return g_test_run ();
}
