/* SPDX-License-Identifier: Apache-2.0 */
/* Rooms as devices, applications and administrators see them: the shapes of docs/openrpc.json. */
#include "signaling/profile.h"
#include "signaling/rooms-private.h"

void
sig_room_json_set_track (JsonObject *object, const char *name, uint64_t id)
{
  if (id == 0)
    json_object_set_null_member (object, name);
  else
    sig_json_set_id (object, name, (MsgId) id);
}

static const char *
entry_role (const MsgRoomPolicy *policy)
{
  return sig_role_to_string (policy->entry == MSG_ROOM_LISTENER ? SIG_ROLE_LISTENER : SIG_ROLE_SPEAKER);
}

static JsonObject *
policy_json (const MsgRoomPolicy *policy)
{
  JsonObject *object = json_object_new ();

  json_object_set_boolean_member (object, "lobby", policy->lobby);
  json_object_set_boolean_member (object, "guests", policy->guests);
  json_object_set_int_member (object, "maxParticipants", policy->max_participants);
  json_object_set_boolean_member (object, "permanent", policy->permanent);
  json_object_set_string_member (object, "entryRole", entry_role (policy));
  json_object_set_int_member (object, "activeSpeakers", policy->active_speakers);
  return object;
}

static void
read_bool (JsonObject *spec, const char *name, bool *value)
{
  if (json_object_has_member (spec, name))
    *value = json_object_get_boolean_member (spec, name);
}

static void
read_number (JsonObject *spec, const char *name, unsigned *value)
{
  if (json_object_has_member (spec, name))
    *value = (unsigned) json_object_get_int_member (spec, name);
}

void
sig_room_policy_read (JsonObject *spec, MsgRoomPolicy *policy)
{
  const char *role = sig_json_get_string (spec, "entryRole");

  read_bool (spec, "lobby", &policy->lobby);
  read_bool (spec, "guests", &policy->guests);
  read_bool (spec, "permanent", &policy->permanent);
  read_number (spec, "maxParticipants", &policy->max_participants);
  read_number (spec, "activeSpeakers", &policy->active_speakers);
  if (role != NULL)
    policy->entry = sig_role_to_standing (sig_role_parse (role));
}

JsonObject *
sig_room_row_json (const MsgRoom *row, bool to_host)
{
  JsonObject *object = json_object_new ();

  sig_json_set_id (object, "id", row->id);
  json_object_set_string_member (object, "title", row->title);
  sig_json_set_id (object, "ownerId", row->owner_id);
  json_object_set_object_member (object, "policy", policy_json (&row->policy));
  json_object_set_boolean_member (object, "locked", row->locked);
  json_object_set_int_member (object, "createdAt", row->created_ms);
  if (to_host && row->has_link)
    sig_json_set_bytes (object, "link", row->link, sizeof row->link);
  if (row->chat_id != 0)
    sig_json_set_id (object, "chatId", row->chat_id);
  return object;
}

JsonObject *
sig_room_json (const SigRoomEntry *entry, bool to_host, bool with_count)
{
  JsonObject *object = sig_room_row_json (sig_room_get_row (entry->room), to_host);

  if (with_count)
    json_object_set_int_member (object, "count", sig_room_count_inside (entry->room));
  return object;
}

static JsonObject *
track_json (const SigRoomTrack *track)
{
  JsonObject *object = json_object_new ();

  sig_room_json_set_track (object, "id", track->id);
  json_object_set_string_member (object, "kind", sig_room_kind_to_string (track->kind));
  json_object_set_string_member (object, "source", sig_room_source_to_string (track->source));
  json_object_set_boolean_member (object, "muted", track->muted);
  if (track->name != NULL)
    json_object_set_string_member (object, "name", track->name);
  return object;
}

JsonObject *
sig_room_person_json (const SigRoomPerson *person)
{
  JsonObject *object = json_object_new ();
  JsonArray *tracks = json_array_new ();

  for (unsigned i = 0; i < person->tracks->len; i++)
    json_array_add_object_element (tracks, track_json (person->tracks->pdata[i]));
  sig_json_set_id (object, "id", person->id);
  if (person->user_id != 0)
    sig_json_set_id (object, "userId", person->user_id);
  json_object_set_string_member (object, "displayName", person->name);
  json_object_set_string_member (object, "role", sig_role_to_string (person->role));
  json_object_set_boolean_member (object, "hand", person->hand);
  json_object_set_boolean_member (object, "away", person->away_since_us != 0);
  json_object_set_int_member (object, "joinedAt", person->joined_ms);
  json_object_set_array_member (object, "tracks", tracks);
  return object;
}

JsonArray *
sig_room_people_json (const GPtrArray *people, uint64_t after, unsigned max, bool announced_only,
                      const SigRoomPerson *self, MsgId *ret_next)
{
  JsonArray *list = json_array_new ();
  const SigRoomPerson *last = NULL;
  bool more = false;

  for (unsigned i = 0; i < people->len && !more; i++)
    {
      const SigRoomPerson *person = people->pdata[i];

      if (person->order <= after || (announced_only && !person->announced && person != self))
        continue;
      more = json_array_get_length (list) >= max;
      if (more)
        break;
      json_array_add_object_element (list, sig_room_person_json (person));
      last = person;
    }
  if (ret_next != NULL)
    *ret_next = more && last != NULL ? last->id : 0;
  return list;
}
