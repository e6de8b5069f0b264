/* SPDX-License-Identifier: Apache-2.0 */
/* Rooms from the first offer to the last leave, over the whole plane: what offers add, change and take away. */
#include "plane-room.h"

/* what is published is heard and seen, over as many workers as there are, and counted where an operator reads it */
static void
test_forward (gconstpointer data)
{
  unsigned n = GPOINTER_TO_UINT (data);
  SfuCounts counts;
  AlCounter *packets;
  Room room;

  room_init (&room, n);
  room_check (&room, room.subscriber);
  counts = plane_get_counts (&room.plane);
  g_assert_cmpuint (counts.rooms, ==, 1);
  g_assert_cmpuint (counts.legs[0], ==, 1);
  g_assert_cmpuint (counts.legs[1], ==, 1);
  g_assert_cmpuint (counts.tracks[SFU_AUDIO], ==, 1);
  g_assert_cmpuint (counts.tracks[SFU_VIDEO], ==, 1);
  g_assert_cmpuint (counts.connected, ==, 2);
  g_assert_cmpuint (counts.rx_pkts, >=, 33);
  g_assert_cmpuint (counts.tx_pkts, >=, 33);
  g_assert_cmpuint (counts.crossed > 0, ==, n > 1);
  room_check_no_drops (&room);
  plane_run (&room.plane, 1100 * PLANE_MS);
  packets = al_metrics_counter (room.plane.metrics, "aldis_sfu_packets", NULL, "direction=\"in\"");
  g_assert_cmpuint (al_counter_get (packets), >=, counts.rx_pkts);
  plane_clear (&room.plane);
}

/* What a subscriber's later offers make of its slots, step by step. */
typedef struct {
  const char *name;
  struct {
    unsigned n;
    PlaneSection sections[5];
  } steps[3];
} Slots;

static const Slots slots[] = {
  { "one-less", { { 3, { { SFU_AUDIO, "a0", "recvonly" }, { SFU_VIDEO, "v0", "inactive" }, { SFU_VIDEO, "v1", "recvonly" } } } } },
  { "only-audio", { { 3, { { SFU_AUDIO, "a0", "recvonly" }, { SFU_VIDEO, "v0", "inactive" }, { SFU_VIDEO, "v1", "inactive" } } },
                    { 3, { { SFU_AUDIO, "a0", "recvonly" }, { SFU_VIDEO, "v0", "recvonly" }, { SFU_VIDEO, "v1", "recvonly" } } } } },
  { "none", { { 3, { { SFU_AUDIO, "a0", "inactive" }, { SFU_VIDEO, "v0", "inactive" }, { SFU_VIDEO, "v1", "inactive" } } },
              { 3, { { SFU_AUDIO, "a0", "recvonly" }, { SFU_VIDEO, "v0", "inactive" }, { SFU_VIDEO, "v1", "recvonly" } } } } },
  { "more", { { 5, { { SFU_AUDIO, "a0", "recvonly" }, { SFU_VIDEO, "v0", "recvonly" }, { SFU_VIDEO, "v1", "recvonly" },
                     { SFU_VIDEO, "v2", "recvonly" }, { SFU_AUDIO, "a1", "recvonly" } } } } },
  { "less-and-more", { { 5, { { SFU_AUDIO, "a0", "recvonly" }, { SFU_VIDEO, "v0", "inactive" }, { SFU_VIDEO, "v1", "recvonly" },
                              { SFU_VIDEO, "v2", "recvonly" }, { SFU_AUDIO, "a1", "recvonly" } } },
                       { 5, { { SFU_AUDIO, "a0", "inactive" }, { SFU_VIDEO, "v0", "inactive" }, { SFU_VIDEO, "v1", "inactive" },
                              { SFU_VIDEO, "v2", "recvonly" }, { SFU_AUDIO, "a1", "recvonly" } } } } },
  { "recycled", { { 3, { { SFU_AUDIO, "a0", "recvonly" }, { SFU_VIDEO, "v0", "rejected" }, { SFU_VIDEO, "v1", "recvonly" } } },
                  { 3, { { SFU_AUDIO, "a0", "recvonly" }, { SFU_VIDEO, "w0", "recvonly" }, { SFU_VIDEO, "v1", "recvonly" } } },
                  { 3, { { SFU_AUDIO, "a0", "recvonly" }, { SFU_VIDEO, "w0", "recvonly" }, { SFU_VIDEO, "v1", "rejected" } } } } },
};

/* Slots that come and go while media flow. What is left of them shows the publisher again, under the SSRC that the answer names;
 * nothing is sent under one that is gone. */
static void
test_slots (gconstpointer data)
{
  const Slots *row = data;
  Room room;

  room_init (&room, 2);
  room_send (&room, 10, true);
  for (unsigned step = 0; step < G_N_ELEMENTS (row->steps) && row->steps[step].n > 0; step++)
    {
      unsigned n = row->steps[step].n, n_of[SFU_KIND_N] = { 0 };

      plane_send_video (room.publisher, &room.video, false, 8); /* on its way, in ring and pacer */
      g_assert_true (plane_peer_offer (room.subscriber, row->steps[step].sections, n));
      room_send (&room, 5, true);
      plane_peer_forget (room.subscriber);
      room_send (&room, 10, true);
      for (unsigned i = 0; i < n; i++)
        n_of[row->steps[step].sections[i].kind] += strcmp (row->steps[step].sections[i].direction, "recvonly") == 0;
      g_assert_cmpuint (plane_peer_count (room.subscriber, ROOM_AUDIO), ==, n_of[SFU_AUDIO] > 0 ? 10 : 0);
      g_assert_cmpuint (plane_peer_count (room.subscriber, ROOM_VIDEO), ==, n_of[SFU_VIDEO] > 0 ? 20 : 0);
      for (guint at = 0; at < room.subscriber->got->len; at++)
        {
          uint32_t ssrc = g_array_index (room.subscriber->got, PlaneGot, at).ssrc;
          bool named = false;

          for (unsigned i = 0; i < n; i++)
            named |= plane_peer_get_ssrc (room.subscriber, row->steps[step].sections[i].mid, NULL) == ssrc;
          g_assert_true (named);
        }
    }
  plane_clear (&room.plane);
}

/* How many encodings a publisher's later offers announce. */
static const struct {
  const char *name;
  PlaneSection before, after;
} encodings[] = {
  { "rids-more", { SFU_VIDEO, "v", "sendonly", "q;h" }, { SFU_VIDEO, "v", "sendonly", "q;h;f" } },
  { "rids-fewer", { SFU_VIDEO, "v", "sendonly", "q;h;f" }, { SFU_VIDEO, "v", "sendonly", "q;h" } },
  { "rids-none", { SFU_VIDEO, "v", "sendonly", "q;h;f" }, { SFU_VIDEO, "v", "sendonly", NULL, ROOM_VIDEO, 1 } },
  { "ssrcs-more", { SFU_VIDEO, "v", "sendonly", NULL, ROOM_VIDEO, 1 }, { SFU_VIDEO, "v", "sendonly", NULL, ROOM_VIDEO, 3 } },
  { "ssrcs-fewer", { SFU_VIDEO, "v", "sendonly", NULL, ROOM_VIDEO, 3 }, { SFU_VIDEO, "v", "sendonly", NULL, ROOM_VIDEO, 1 } },
  { "ssrc-to-rids", { SFU_VIDEO, "v", "sendonly", NULL, ROOM_VIDEO, 1 }, { SFU_VIDEO, "v", "sendonly", "q;h;f" } },
};

/* all encodings of @section */
static void
send_layers (Room *room, const PlaneSection *section, unsigned n_frames)
{
  g_auto (GStrv) rids = g_strsplit (section->rids != NULL ? section->rids : "", ";", -1);
  unsigned n = section->rids != NULL ? g_strv_length (rids) : section->n_ssrcs;
  static uint64_t index = 300; /* no packet of one SSRC twice under one number */

  for (unsigned frame = 0; frame < n_frames; frame++)
    {
      for (unsigned i = 0; i < n; i++)
        {
          PlaneStream layer = { .ssrc = ROOM_VIDEO + i, .mid = "v", .rid = section->rids != NULL ? rids[i] : NULL,
                                .index = index, .timestamp = (uint32_t) index * 3000, .picture = (uint16_t) index };

          plane_send_video (room->publisher, &layer, true, 1);
        }
      index++;
      plane_run (&room->plane, ROOM_FRAME_US);
    }
}

/* A track that gets other encodings begins anew; what is sent under the old ones and the new reaches nobody's memory. */
static void
test_encodings (gconstpointer data)
{
  unsigned row = GPOINTER_TO_UINT (data);
  SfuTrackInfo before, after;
  Room room;

  room_init_with (&room, 2, PLANE_PKTS, &encodings[row].before, 1);
  before = g_array_index (room.publisher->tracks, SfuTrackInfo, 0);
  send_layers (&room, &encodings[row].before, 10);
  g_assert_cmpuint (room.subscriber->got->len, >, 0);
  g_assert_true (plane_peer_offer (room.publisher, &encodings[row].after, 1));
  after = g_array_index (room.publisher->tracks, SfuTrackInfo, 0);
  g_assert_cmpuint (before.id, ==, after.id);
  send_layers (&room, &encodings[row].before, 2); /* until it has read the answer */
  send_layers (&room, &encodings[row].after, 5);
  plane_peer_forget (room.subscriber);
  send_layers (&room, &encodings[row].after, 10);
  g_assert_cmpuint (room.subscriber->got->len, ==, 10); /* one of the encodings, every frame */
  g_array_set_size (room.plane.events, 0);
  send_layers (&room, &encodings[row].after, 200);
  for (guint i = 0; i < room.plane.events->len; i++) /* the publisher is not told that nobody looks at it */
    {
      const PlaneEvent *event = &g_array_index (room.plane.events, PlaneEvent, i);

      g_assert_true (event->what != PLANE_LAYERS || event->n > 0);
    }
  plane_clear (&room.plane);
}

/* A track that is ended, by its publisher or by a moderator, and comes back. */
static void
test_tracks (void)
{
  static const PlaneSection without[] = { { SFU_AUDIO, "a", "sendonly", NULL, ROOM_AUDIO, 1 },
                                          { SFU_VIDEO, "v", "inactive" } };
  Room room;
  SfuTrackInfo camera;

  room_init (&room, 2);
  room_check (&room, room.subscriber);
  g_assert_true (plane_peer_offer (room.publisher, without, G_N_ELEMENTS (without)));
  plane_run (&room.plane, 100 * PLANE_MS);
  g_assert_cmpuint (plane_get_counts (&room.plane).tracks[SFU_VIDEO], ==, 0);
  plane_peer_forget (room.subscriber);
  room_send (&room, 5, true);
  g_assert_cmpuint (plane_peer_count (room.subscriber, ROOM_AUDIO), ==, 5);
  g_assert_cmpuint (plane_peer_count (room.subscriber, ROOM_VIDEO), ==, 0);
  g_assert_true (plane_peer_offer (room.publisher, room_publishes, G_N_ELEMENTS (room_publishes)));
  room_check (&room, room.subscriber);

  camera = g_array_index (room.publisher->tracks, SfuTrackInfo, 1);
  sfu_control_end_track (room.plane.control, room.room, camera.id);
  plane_run (&room.plane, 100 * PLANE_MS);
  plane_peer_forget (room.subscriber);
  room_send (&room, 5, true);
  g_assert_cmpuint (plane_peer_count (room.subscriber, ROOM_VIDEO), ==, 0);
  g_assert_true (plane_peer_offer (room.publisher, room_publishes, G_N_ELEMENTS (room_publishes)));
  g_assert_cmpuint (g_array_index (room.publisher->tracks, SfuTrackInfo, 1).id, !=, camera.id);
  room_check (&room, room.subscriber);
  plane_clear (&room.plane);
}

static void
test_muted (void)
{
  Room room;
  uint64_t track;

  room_init (&room, 2);
  room_check (&room, room.subscriber);
  track = g_array_index (room.publisher->tracks, SfuTrackInfo, 1).id;
  sfu_control_set_muted (room.plane.control, room.room, track, true);
  plane_run (&room.plane, 100 * PLANE_MS);
  plane_peer_forget (room.subscriber);
  room_send (&room, 5, true);
  g_assert_cmpuint (plane_peer_count (room.subscriber, ROOM_VIDEO), ==, 0);
  sfu_control_set_muted (room.plane.control, room.room, track, false);
  for (unsigned i = 0; i < 8; i++)
    room_send (&room, 1, true);
  g_assert_cmpuint (plane_peer_count (room.subscriber, ROOM_VIDEO), >, 0); /* within 0.3 s: it is not measured anew first */
  room_check (&room, room.subscriber);
  plane_clear (&room.plane);
}

/* RFC 8445 §9: a new generation of credentials, DTLS and SRTP stay (without an offer, as WHIP does it) */
static void
test_restart (void)
{
  g_autofree char *ufrag = NULL, *pwd = NULL, *sdp = NULL;
  Room room;

  room_init (&room, 2);
  room_check (&room, room.subscriber);
  g_assert_true (sfu_control_restart_ice (room.plane.control, room.room, room.subscriber->id, false, "other",
                                          "abcdefghijklmnopqrstuv", &ufrag, &pwd));
  g_free (room.subscriber->answer);
  room.subscriber->answer = g_strdup_printf ("a=ice-ufrag:%s\r\na=ice-pwd:%s\r\n", ufrag, pwd);
  (void) g_strlcpy (room.subscriber->remote, "other", sizeof room.subscriber->remote);
  plane_run (&room.plane, 10 * PLANE_MS); /* the worker hears of it before the peer does */
  room.subscriber->n_successes = 0;
  plane_peer_check (room.subscriber);
  plane_run (&room.plane, 50 * PLANE_MS);
  g_assert_cmpuint (room.subscriber->n_successes, ==, 1);
  room_check (&room, room.subscriber);
  g_assert_cmpuint (plane_get_counts (&room.plane).legs[0], ==, 1);
  g_assert_false (sfu_control_restart_ice (room.plane.control, room.room, 99, false, "x", "y", &sdp, &sdp));
  plane_clear (&room.plane);
}

/* A publisher that leaves, or is not heard of any more, takes its tracks along; the next one gets the slots. */
static void
test_publisher_leaves (gconstpointer data)
{
  bool vanishes = data != NULL;
  SfuCounts counts;
  Room room;

  room_init (&room, 2);
  room_check (&room, room.subscriber);
  plane_send_video (room.publisher, &room.video, false, 8); /* on its way */
  if (vanishes)
    plane_peer_vanish (room.publisher);
  else
    plane_peer_leave (room.publisher);
  plane_run (&room.plane, vanishes ? 31000 * PLANE_MS : 200 * PLANE_MS);
  counts = plane_get_counts (&room.plane);
  g_assert_cmpuint (counts.legs[1], ==, 0);
  g_assert_cmpuint (counts.tracks[SFU_AUDIO] + counts.tracks[SFU_VIDEO], ==, 0);
  g_assert_cmpuint (counts.ended[vanishes ? SFU_END_TIMEOUT : SFU_END_LOCAL], ==, 1);
  for (unsigned i = 0; i < room.plane.n; i++)
    g_assert_cmpuint (g_hash_table_size (room.plane.seats[i].worker->tracks), ==, 0);
  room.publisher = room_add_publisher (&room, 1, room_publishes, G_N_ELEMENTS (room_publishes));
  room_check (&room, room.subscriber);
  plane_clear (&room.plane);
}

/* Whoever leaves while packets for him cross the rings: they go back to their pool, and the others lose none. */
static void
test_subscriber_leaves (void)
{
  PlanePeer *other;
  Room room;

  room_init (&room, 2);
  other = room_add_subscriber (&room, 1);
  room_check (&room, room.subscriber);
  for (unsigned i = 0; i < 20; i++)
    {
      PlanePeer *guest = room_add_subscriber (&room, 1);

      room_send (&room, 2, true);
      plane_peer_forget (other);
      room.plane.seats[1].stuck = true; /* what is sent now waits in the ring */
      room_send (&room, 2, false);
      plane_peer_leave (guest);
      room.plane.seats[1].stuck = false;
      plane_run (&room.plane, ROOM_FRAME_US);
      g_assert_cmpuint (plane_peer_count (other, ROOM_VIDEO), ==, 4);
    }
  room_check (&room, room.subscriber);
  g_assert_cmpuint (plane_get_counts (&room.plane).legs[0], ==, 2);
  plane_clear (&room.plane);
}

/* the same with the whole room */
static void
test_room_ends (void)
{
  Room room;

  room_init (&room, 2);
  room_check (&room, room.subscriber);
  room.plane.seats[1].stuck = true;
  plane_send_video (room.publisher, &room.video, true, 30);
  plane_run (&room.plane, 10 * PLANE_MS);
  sfu_control_remove_room (room.plane.control, room.room);
  room.plane.seats[1].stuck = false;
  plane_run (&room.plane, 100 * PLANE_MS);
  for (unsigned i = 0; i < room.plane.n; i++)
    {
      const SfuWorker *worker = room.plane.seats[i].worker;

      g_assert_cmpuint (g_hash_table_size (worker->shards), ==, 0);
      g_assert_cmpuint (g_hash_table_size (worker->tracks), ==, 0);
      g_assert_cmpuint (g_hash_table_size (worker->legs), ==, 0);
      g_assert_cmpuint (g_hash_table_size (worker->ufrags), ==, 0);
      g_assert_cmpuint (al_pool_count_free (worker->pool), ==, PLANE_PKTS);
    }
  g_assert_cmpuint (sfu_control_add_peer (room.plane.control, room.room), ==, 0);
  plane_clear (&room.plane);
}

static void
add_row (const char *what, const char *name, gconstpointer data, GTestDataFunc fn)
{
  g_autofree char *path = g_strconcat ("/sfu/control/", what, "/", name, NULL);

  g_test_add_data_func (path, data, fn);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/sfu/control/forward/one-worker", GUINT_TO_POINTER (1), test_forward);
  g_test_add_data_func ("/sfu/control/forward/two-workers", GUINT_TO_POINTER (2), test_forward);
  for (unsigned i = 0; i < G_N_ELEMENTS (slots); i++)
    add_row ("slots", slots[i].name, &slots[i], test_slots);
  for (unsigned i = 0; i < G_N_ELEMENTS (encodings); i++)
    add_row ("encodings", encodings[i].name, GUINT_TO_POINTER (i), test_encodings);
  g_test_add_func ("/sfu/control/tracks", test_tracks);
  g_test_add_func ("/sfu/control/muted", test_muted);
  g_test_add_func ("/sfu/control/restart", test_restart);
  g_test_add_data_func ("/sfu/control/publisher/leaves", NULL, test_publisher_leaves);
  g_test_add_data_func ("/sfu/control/publisher/vanishes", "", test_publisher_leaves);
  g_test_add_func ("/sfu/control/subscriber-leaves", test_subscriber_leaves);
  g_test_add_func ("/sfu/control/room-ends", test_room_ends);
  return g_test_run ();
}
