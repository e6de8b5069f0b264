/* SPDX-License-Identifier: Apache-2.0 */
/* Sound and pictures: room.publish, subscribe, view, stats. */
#include <string.h>

#include "messaging/names.h"
#include "signaling/profile.h"
#include "signaling/rooms-private.h"

static bool
has_media (SigRoomAsk *ask)
{
  if (ask->rooms->config.control != NULL && ask->entry->media != 0 && ask->actor->peer != 0)
    return true;
  sig_room_ask_fail (ask, SIG_RPC_UNAVAILABLE, "media", "this server has no media plane for rooms", 0);
  return false;
}

static void
fail_media (SigRoomAsk *ask, const GError *error)
{
  if (g_error_matches (error, SFU_ERROR, SFU_ERROR_BAD_OFFER))
    sig_room_ask_fail (ask, SIG_RPC_INVALID_PARAMS, "sdp", error->message, 0);
  else if (g_error_matches (error, SFU_ERROR, SFU_ERROR_LIMIT))
    sig_room_ask_fail (ask, SIG_RPC_LIMIT, "media_full", error->message, 0);
  else if (g_error_matches (error, SFU_ERROR, SFU_ERROR_NOT_FOUND))
    sig_room_ask_refuse (ask, SIG_ROOM_NOT_JOINED);
  else
    sig_room_ask_fail (ask, SIG_RPC_UNAVAILABLE, "media", error->message, 0);
}

/* --- publish --- */

/* Returns: whether no mid and no source stands there twice */
static bool
read_tracks (JsonArray *list, SfuPublish *tracks, unsigned n)
{
  for (unsigned i = 0; i < n; i++)
    {
      JsonObject *object = json_array_get_object_element (list, i);

      tracks[i].mid = json_object_get_string_member (object, "mid");
      tracks[i].source = sig_room_source_parse (json_object_get_string_member (object, "source"));
      for (unsigned j = 0; j < i; j++)
        if (strcmp (tracks[j].mid, tracks[i].mid) == 0 || tracks[j].source == tracks[i].source)
          return false;
    }
  return true;
}

static SigRoomTrack *
find_mid (const SigRoomPerson *person, const char *mid)
{
  for (unsigned i = 0; i < person->tracks->len; i++)
    if (strcmp (((SigRoomTrack *) person->tracks->pdata[i])->mid, mid) == 0)
      return person->tracks->pdata[i];
  return NULL;
}

static void
set_names (SigRoomAsk *ask, JsonArray *list)
{
  for (unsigned i = 0; i < json_array_get_length (list); i++)
    {
      JsonObject *object = json_array_get_object_element (list, i);
      const char *name = sig_json_get_string (object, "name");
      SigRoomTrack *track = find_mid (ask->actor, json_object_get_string_member (object, "mid"));
      g_autofree char *tidy = name != NULL ? msg_text_tidy (name, 64, "track", "The name of a track", NULL) : NULL;

      if (track != NULL && tidy != NULL)
        sig_room_set_track_name (ask->entry->room, ask->actor, track, tidy);
    }
}

static JsonObject *
make_published (const char *answer, const GArray *tracks)
{
  JsonObject *result = json_object_new ();
  JsonArray *list = json_array_new ();

  for (unsigned i = 0; i < tracks->len; i++)
    {
      const SfuTrackInfo *track = &g_array_index (tracks, SfuTrackInfo, i);
      JsonObject *object = json_object_new ();

      json_object_set_string_member (object, "mid", track->mid);
      sig_room_json_set_track (object, "id", track->id);
      json_array_add_object_element (list, object);
    }
  json_object_set_string_member (result, "sdp", answer);
  json_object_set_array_member (result, "tracks", list);
  return result;
}

static void
run_publish (SigRoomAsk *ask)
{
  JsonArray *list = json_object_get_array_member (ask->params, "tracks");
  unsigned n = json_array_get_length (list);
  SfuPublish tracks[SFU_SOURCE_N];
  g_autoptr (GArray) published = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *answer = NULL;

  if (!has_media (ask))
    return;
  g_assert (n <= G_N_ELEMENTS (tracks)); /* the schema has seen to it */
  if (!read_tracks (list, tracks, n))
    {
      sig_room_ask_fail (ask, SIG_RPC_INVALID_PARAMS, "track", "each mid and each source stands there once", 0);
      return;
    }
  answer = sfu_control_publish (ask->rooms->config.control, ask->entry->media, ask->actor->peer,
                                json_object_get_string_member (ask->params, "sdp"), tracks, n, &published, &error);
  if (answer == NULL)
    {
      fail_media (ask, error);
      return;
    }
  sig_room_set_tracks (ask->entry->room, ask->actor, published);
  set_names (ask, list);
  sig_room_ask_reply (ask, make_published (answer, published));
}

/* --- subscribe, view --- */

static void
run_subscribe (SigRoomAsk *ask)
{
  g_autoptr (GArray) slots = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *answer = NULL;
  JsonObject *result;
  JsonArray *list;

  if (!has_media (ask))
    return;
  answer = sfu_control_subscribe (ask->rooms->config.control, ask->entry->media, ask->actor->peer,
                                  json_object_get_string_member (ask->params, "sdp"), &slots, &error);
  if (answer == NULL)
    {
      fail_media (ask, error);
      return;
    }
  list = json_array_new ();
  for (unsigned i = 0; i < slots->len; i++)
    {
      const SfuSlotInfo *slot = &g_array_index (slots, SfuSlotInfo, i);
      JsonObject *object = json_object_new ();

      json_object_set_string_member (object, "mid", slot->mid);
      json_object_set_string_member (object, "kind", sig_room_kind_to_string (slot->kind));
      json_array_add_object_element (list, object);
    }
  result = json_object_new ();
  json_object_set_string_member (result, "sdp", answer);
  json_object_set_array_member (result, "slots", list);
  sig_room_ask_reply (ask, result);
}

static void
run_view (SigRoomAsk *ask)
{
  JsonArray *list = json_object_get_array_member (ask->params, "want");
  unsigned n = json_array_get_length (list);
  g_autofree SfuWant *wants = g_new0 (SfuWant, n);

  if (!has_media (ask))
    return;
  for (unsigned i = 0; i < n; i++)
    {
      JsonObject *object = json_array_get_object_element (list, i);

      wants[i] = (SfuWant){ .track = (uint64_t) sig_json_get_id (object, "trackId"),
                            .width = (uint16_t) json_object_get_int_member (object, "width"),
                            .height = (uint16_t) json_object_get_int_member (object, "height"),
                            .priority = (uint8_t) json_object_get_int_member (object, "priority") };
    }
  sfu_control_set_view (ask->rooms->config.control, ask->entry->media, ask->actor->peer, wants, n);
  sig_room_ask_reply (ask, NULL);
}

/* --- stats --- */

static void
run_stats (SigRoomAsk *ask)
{
  bool host = sig_room_is_host (ask->entry->room, &ask->who);

  if (!has_media (ask))
    return;
  sig_room_entry_stats (ask->entry, ask->call, host ? NULL : ask->actor);
  sig_room_ask_end (ask);
}

static const SigRoomVerb verbs[] = {
  { "room.publish", SIG_RPC_PARTICIPANT, SIG_ROOM_OP_PUBLISH, run_publish, false },
  { "room.subscribe", SIG_RPC_PARTICIPANT, SIG_ROOM_OP_SUBSCRIBE, run_subscribe, false },
  { "room.view", SIG_RPC_PARTICIPANT, SIG_ROOM_OP_VIEW, run_view, false, true },
  { "room.stats", SIG_RPC_PARTICIPANT, SIG_ROOM_OP_STATS, run_stats, false },
};

void
sig_room_methods_register_media (SigRooms *rooms, SigRpc *rpc)
{
  sig_rooms_register_verbs (rooms, rpc, verbs, G_N_ELEMENTS (verbs));
}
