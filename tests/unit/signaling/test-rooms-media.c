/* SPDX-License-Identifier: Apache-2.0 */
/* Rooms and the media plane: offers go down, events come up. */
#include "rooms-bench.h"

typedef struct {
  Person ada, bob;
  char *room, *ada_id, *bob_id;
} Pair;

static void
pair_clear (Pair *pair)
{
  person_clear (&pair->ada);
  person_clear (&pair->bob);
  g_free (pair->room);
  g_free (pair->ada_id);
  g_free (pair->bob_id);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Pair, pair_clear)

static void
pair_init (RoomsBench *b, Pair *pair)
{
  pair->ada = bench_person (&b->bench, 1, "ada", 0);
  pair->bob = bench_person (&b->bench, 2, "bob_", 1);
  pair->room = rooms_create (b, 1, "{'title':'Room'}");
  pair->ada_id = rooms_enter (b, 1);
  pair->bob_id = rooms_enter (b, 2);
  rooms_forget (b);
}

/* Returns: (transfer full): the track of bob's microphone */
static char *
publish (RoomsBench *b, const Pair *pair)
{
  g_autofree char *params =
      g_strdup_printf ("{'roomId':'%s','sdp':'v=0','tracks':[{'mid':'0','source':'mic','name':'Desk'}]}", pair->room);
  g_autoptr (JsonObject) result = rooms_call (b, 2, "room.publish", params);
  JsonArray *tracks = json_object_get_array_member (result, "tracks");

  g_assert_cmpuint (json_array_get_length (tracks), ==, 1);
  return g_strdup (json_object_get_string_member (json_array_get_object_element (tracks, 0), "id"));
}

static void
test_mute (RoomsBench *b, gconstpointer data)
{
  g_auto (Pair) pair = { 0 };
  g_autofree char *track = NULL;
  FakeControlLog *log = fake_control_log (b->control);

  pair_init (b, &pair);
  track = publish (b, &pair);
  rooms_expect (b, 1, "room.updated");
  rooms_forget (b);
  rooms_ok (b, 1, "room.mute", "{'roomId':'%s','participantId':'%s','kind':'video'}", pair.room, pair.bob_id);
  rooms_expect_silence (b);
  rooms_ok (b, 1, "room.mute", "{'roomId':'%s','participantId':'%s','kind':'audio'}", pair.room, pair.bob_id);
  g_assert_cmpuint (log->muted_track, ==, strtoull (track, NULL, 10));
  rooms_expect_word (b, 2, "room.muted", "by", pair.ada_id);
  rooms_expect (b, 1, "room.updated");
  rooms_expect (b, 2, "room.updated");
  rooms_ok (b, 2, "room.update", "{'roomId':'%s','muted':{'%s':false}}", pair.room, track);
  g_assert_cmpuint (log->unmuted_track, ==, strtoull (track, NULL, 10));
  rooms_refused (b, 1, "room.update", "track", "{'roomId':'%s','muted':{'%s':false}}", pair.room, track);
  /* who may not speak any more has no tracks */
  rooms_ok (b, 1, "room.role", "{'roomId':'%s','participantId':'%s','role':'listener'}", pair.room, pair.bob_id);
  g_assert_cmpuint (log->ended_track, ==, strtoull (track, NULL, 10));
}

static void
test_refusals (RoomsBench *b, gconstpointer data)
{
  g_auto (Pair) pair = { 0 };

  pair_init (b, &pair);
  rooms_refused (b, 2, "room.publish", "sdp", "{'roomId':'%s','sdp':'x','tracks':[]}", pair.room);
  rooms_refused (b, 2, "room.publish", "track",
                 "{'roomId':'%s','sdp':'v=0','tracks':[{'mid':'0','source':'mic'},{'mid':'1','source':'mic'}]}", pair.room);
  fake_control_log (b->control)->full = true;
  rooms_refused (b, 2, "room.subscribe", "media_full", "{'roomId':'%s','sdp':'v=0'}", pair.room);
}

/* a worker hangs: what would wait for it is refused, and taken again when it runs */
static void
test_behind (RoomsBench *b, gconstpointer data)
{
  g_auto (Pair) pair = { 0 };
  g_autofree char *track = NULL;
  FakeControlLog *log = fake_control_log (b->control);

  pair_init (b, &pair);
  track = publish (b, &pair);
  log->behind = true;
  rooms_refused (b, 2, "room.view", "media_full", "{'roomId':'%s','want':[]}", pair.room);
  rooms_refused (b, 2, "room.update", "media_full", "{'roomId':'%s','muted':{'%s':true}}", pair.room, track);
  rooms_refused (b, 1, "room.mute", "media_full", "{'roomId':'%s','participantId':'%s','kind':'audio'}", pair.room, pair.bob_id);
  g_assert_cmpuint (log->views, ==, 0);
  g_assert_cmpuint (log->muted_track, ==, 0);
  log->behind = false;
  rooms_ok (b, 2, "room.view", "{'roomId':'%s','want':[]}", pair.room);
  rooms_ok (b, 2, "room.update", "{'roomId':'%s','muted':{'%s':true}}", pair.room, track);
  g_assert_cmpuint (log->views, ==, 1);
  g_assert_cmpuint (log->muted_track, ==, strtoull (track, NULL, 10));
}

/* what the plane tells reaches whom it concerns, and no more often than said */
static void
test_events (RoomsBench *b, gconstpointer data)
{
  static const char *const rids[] = { "h" };
  g_auto (Pair) pair = { 0 };
  FakeControlLog *log = fake_control_log (b->control);
  const SfuSlotInfo slot = { .mid = "1", .kind = SFU_VIDEO, .track = 7, .rtp = 4000000000u };
  const uint64_t speakers[] = { 7, 8 };
  const SfuEvents *events;
  void *user;

  pair_init (b, &pair);
  events = fake_control_events (b->control, &user);
  events->slots (log->last_room, log->last_peer, &slot, 1, user);
  rooms_expect (b, 2, "room.slots");
  events->layers (log->last_room, log->last_peer, 7, rids, 1, user);
  rooms_expect (b, 2, "room.layers");
  rooms_expect_silence (b);
  events->speakers (log->last_room, speakers, 1, user);
  rooms_expect (b, 1, "room.speakers");
  rooms_expect (b, 2, "room.speakers");
  events->speakers (log->last_room, speakers, 2, user);
  events->speakers (log->last_room, speakers + 1, 1, user);
  rooms_expect_silence (b);
  rooms_advance (b, SIG_ROOMS_SPEAKERS_US);
  rooms_expect (b, 1, "room.speakers");
  rooms_expect (b, 2, "room.speakers");
  events->speakers (log->last_room, speakers + 1, 1, user);
  rooms_advance (b, SIG_ROOMS_SPEAKERS_US);
  rooms_expect_silence (b);
  /* of peers and rooms that are gone */
  events->slots (log->last_room, 999, &slot, 1, user);
  events->speakers (999, speakers, 1, user);
  rooms_expect_silence (b);
}

static void
test_stats (RoomsBench *b, gconstpointer data)
{
  g_auto (Pair) pair = { 0 };
  g_autofree char *params = NULL;
  g_autoptr (JsonObject) own = NULL;
  JsonArray *list;

  pair_init (b, &pair);
  params = g_strdup_printf ("{'roomId':'%s'}", pair.room);
  own = rooms_call (b, 2, "room.stats", params);
  list = json_object_get_array_member (own, "decisions");
  g_assert_cmpuint (json_array_get_length (list), ==, 1);
  g_assert_cmpstr (json_object_get_string_member (json_array_get_object_element (list, 0), "participantId"), ==,
                   pair.bob_id);
  json_object_unref (own);
  rooms_ok (b, 1, "room.role", "{'roomId':'%s','participantId':'%s','role':'listener'}", pair.room, pair.bob_id);
  own = rooms_call (b, 1, "room.stats", params);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (own, "decisions")), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  rooms_add ("/signaling/rooms-media/mute", test_mute);
  rooms_add ("/signaling/rooms-media/refusals", test_refusals);
  rooms_add ("/signaling/rooms-media/behind", test_behind);
  rooms_add ("/signaling/rooms-media/events", test_events);
  rooms_add ("/signaling/rooms-media/stats", test_stats);
  return g_test_run ();
}
