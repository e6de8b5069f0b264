/* SPDX-License-Identifier: Apache-2.0 */
/* Rooms and the media plane: who is a peer of it, and what it tells. */
#include "signaling/profile.h"
#include "signaling/rooms-private.h"

static SigRoomEntry *
find_media (SigRooms *rooms, uint64_t media)
{
  return g_hash_table_lookup (rooms->by_media, &media);
}

static JsonObject *
slot_json (const SfuSlotInfo *slot)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "mid", slot->mid);
  sig_room_json_set_track (object, "trackId", slot->track);
  json_object_set_int_member (object, "rtp", slot->rtp);
  return object;
}

static void
on_slots (uint64_t media, uint64_t peer, const SfuSlotInfo *slots, unsigned n, void *user)
{
  SigRoomEntry *entry = find_media (user, media);
  const SigRoomPerson *person = entry != NULL ? sig_room_find_peer (entry->room, peer) : NULL;
  JsonObject *params;
  JsonArray *list;

  if (person == NULL)
    return;
  params = json_object_new ();
  list = json_array_new ();
  for (unsigned i = 0; i < n; i++)
    json_array_add_object_element (list, slot_json (&slots[i]));
  json_object_set_array_member (params, "slots", list);
  sig_room_entry_tell (entry, person->device_id, "room.slots", params);
}

static void
on_speakers (uint64_t media, const uint64_t *tracks, unsigned n, void *user)
{
  SigRoomEntry *entry = find_media (user, media);

  if (entry != NULL)
    sig_room_entry_set_speakers (entry, tracks, n);
}

static void
on_layers (uint64_t media, uint64_t peer, uint64_t track, const char *const *rids, unsigned n, void *user)
{
  SigRoomEntry *entry = find_media (user, media);
  const SigRoomPerson *person = entry != NULL ? sig_room_find_peer (entry->room, peer) : NULL;
  JsonObject *params;
  JsonArray *active;

  if (person == NULL)
    return;
  params = json_object_new ();
  active = json_array_new ();
  for (unsigned i = 0; i < n; i++)
    json_array_add_string_element (active, rids[i]);
  sig_room_json_set_track (params, "trackId", track);
  json_object_set_array_member (params, "active", active);
  sig_room_entry_tell (entry, person->device_id, "room.layers", params);
}

static void
on_state (uint64_t media, uint64_t peer, bool publisher, SfuPeerState state, void *user)
{
  g_autoptr (GArray) none = g_array_new (FALSE, FALSE, sizeof (SfuTrackInfo));
  SigRooms *rooms = user;
  SigRoomEntry *entry = find_media (rooms, media);
  SigRoomPerson *person = entry != NULL ? sig_room_find_peer (entry->room, peer) : NULL;

  if (entry == NULL && rooms->config.other_state != NULL)
    rooms->config.other_state (media, peer, publisher, state, rooms->config.other_user);
  if (person == NULL || !publisher || state != SFU_PEER_CLOSED)
    return;
  sig_room_set_tracks (entry->room, person, none);
  sig_room_entry_settle (entry);
}

void
sig_rooms_connect_media (SigRooms *rooms)
{
  static const SfuEvents events = { on_slots, on_speakers, on_layers, on_state };

  if (rooms->config.control != NULL)
    sfu_control_set_events (rooms->config.control, &events, rooms);
}

void
sig_room_entry_add_peer (SigRoomEntry *entry, SigRoomPerson *person)
{
  SigRooms *rooms = entry->rooms;

  if (rooms->config.control == NULL)
    return;
  if (entry->media == 0)
    {
      SfuRoomPolicy policy = { .active_speakers = sig_room_get_row (entry->room)->policy.active_speakers };

      entry->media = sfu_control_add_room (rooms->config.control, &policy);
      g_hash_table_insert (rooms->by_media, g_memdup2 (&entry->media, sizeof entry->media), entry);
    }
  person->peer = sfu_control_add_peer (rooms->config.control, entry->media);
}

void
sig_room_entry_remove_peer (SigRoomEntry *entry, SigRoomPerson *person)
{
  if (person->peer != 0 && entry->media != 0)
    sfu_control_remove_peer (entry->rooms->config.control, entry->media, person->peer);
  person->peer = 0;
}

void
sig_room_entry_set_away (SigRoomEntry *entry, MsgId device_id, bool away)
{
  const SigRoomPerson *person = sig_room_find_device (entry->room, device_id);

  if (entry->rooms->config.control != NULL && person != NULL && person->peer != 0)
    sfu_control_set_away (entry->rooms->config.control, entry->media, person->peer, away);
}

void
sig_room_entry_remove_media (SigRoomEntry *entry)
{
  if (entry->media == 0)
    return;
  (void) g_hash_table_remove (entry->rooms->by_media, &entry->media);
  sfu_control_remove_room (entry->rooms->config.control, entry->media);
  entry->media = 0;
  g_array_set_size (entry->speakers, 0);
  g_array_set_size (entry->speakers_told, 0);
}
