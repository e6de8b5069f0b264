/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes of what happens in a room: notifications to those it concerns, the media plane, credentials, guests'
 * sessions.
 */
#include <string.h>

#include "signaling/profile.h"
#include "signaling/rooms-private.h"

void
sig_room_entry_tell (SigRoomEntry *entry, MsgId device_id, const char *method, JsonObject *params)
{
  sig_json_set_id (params, "roomId", sig_room_get_id (entry->room));
  sig_sessions_notify (entry->rooms->config.sessions, device_id, method, params);
}

/* everybody inside, or their hosts. @params: (transfer full) */
static void
tell_all (SigRoomEntry *entry, bool hosts_only, const SigRoomPerson *except, const char *method, JsonObject *params)
{
  const GPtrArray *inside = sig_room_get_inside (entry->room);

  for (unsigned i = 0; i < inside->len; i++)
    {
      const SigRoomPerson *person = inside->pdata[i];

      if (person != except && (!hosts_only || person->role == SIG_ROLE_HOST))
        sig_room_entry_tell (entry, person->device_id, method, json_object_ref (params));
    }
  json_object_unref (params);
}

static JsonObject *
with_person (const SigRoomPerson *person)
{
  JsonObject *params = json_object_new ();

  json_object_set_object_member (params, "participant", sig_room_person_json (person));
  return params;
}

static JsonObject *
with_person_id (const SigRoomPerson *person, const char *reason)
{
  JsonObject *params = json_object_new ();

  sig_json_set_id (params, "participantId", person->id);
  if (reason != NULL)
    json_object_set_string_member (params, "reason", reason);
  return params;
}

static JsonObject *
with_lobby (const SigRoomPerson *person, bool waiting)
{
  JsonObject *params = with_person (person);

  json_object_set_boolean_member (params, "waiting", waiting);
  return params;
}

void
sig_room_entry_tell_changed (SigRoomEntry *entry)
{
  const GPtrArray *inside = sig_room_get_inside (entry->room);

  for (unsigned i = 0; i < inside->len; i++)
    {
      const SigRoomPerson *person = inside->pdata[i];
      JsonObject *params = json_object_new ();

      json_object_set_object_member (params, "room", sig_room_json (entry, person->role == SIG_ROLE_HOST, false));
      sig_room_entry_tell (entry, person->device_id, "room.changed", params);
    }
}

/* --- how many there are, where not all are announced --- */

static void
tell_count (SigRoomEntry *entry)
{
  JsonObject *params = json_object_new ();

  entry->count_told = sig_room_count_inside (entry->room);
  entry->count_told_us = sig_rooms_now_us (entry->rooms);
  json_object_set_int_member (params, "count", entry->count_told);
  tell_all (entry, false, NULL, "room.count", params);
}

void
sig_room_entry_on_count_timer (AlTimer *timer, void *user)
{
  SigRoomEntry *entry = user;

  if (entry->count_told != sig_room_count_inside (entry->room))
    tell_count (entry);
}

static void
note_count (SigRoomEntry *entry)
{
  bool crowd = sig_room_count_inside (entry->room) > SIG_ROOMS_ANNOUNCE;

  if ((!crowd && entry->count_told == 0) || al_timer_is_set (&entry->count_timer))
    return;
  al_timer_set (entry->rooms->wheel, &entry->count_timer, entry->count_told_us + SIG_ROOMS_COUNT_US);
  sig_rooms_rearm (entry->rooms);
}

/* --- who speaks --- */

static void
tell_speakers (SigRoomEntry *entry)
{
  JsonArray *list = json_array_new ();
  JsonObject *params = json_object_new ();
  GArray *told = entry->speakers_told;

  entry->speakers_told = entry->speakers;
  entry->speakers = told;
  entry->speakers_told_us = sig_rooms_now_us (entry->rooms);
  for (unsigned i = 0; i < entry->speakers_told->len; i++)
    {
      char text[MSG_ID_STRLEN];

      json_array_add_string_element (list, msg_id_format ((MsgId) g_array_index (entry->speakers_told, uint64_t, i), text));
    }
  json_object_set_array_member (params, "trackIds", list);
  tell_all (entry, false, NULL, "room.speakers", params);
}

static bool
speakers_differ (const SigRoomEntry *entry)
{
  return entry->speakers->len != entry->speakers_told->len
         || (entry->speakers->len > 0
             && memcmp (entry->speakers->data, entry->speakers_told->data, entry->speakers->len * sizeof (uint64_t)) != 0);
}

void
sig_room_entry_on_speakers_timer (AlTimer *timer, void *user)
{
  SigRoomEntry *entry = user;

  if (speakers_differ (entry))
    tell_speakers (entry);
}

void
sig_room_entry_set_speakers (SigRoomEntry *entry, const uint64_t *tracks, unsigned n)
{
  g_array_set_size (entry->speakers, 0);
  g_array_append_vals (entry->speakers, tracks, n);
  if (!speakers_differ (entry) || al_timer_is_set (&entry->speakers_timer))
    return;
  if (sig_rooms_now_us (entry->rooms) - entry->speakers_told_us >= SIG_ROOMS_SPEAKERS_US)
    tell_speakers (entry);
  else
    al_timer_set (entry->rooms->wheel, &entry->speakers_timer, entry->speakers_told_us + SIG_ROOMS_SPEAKERS_US);
  sig_rooms_rearm (entry->rooms);
}

/* --- one action --- */

static bool
is_active (const SigRoomPerson *person)
{
  return person->role == SIG_ROLE_HOST || person->hand || person->tracks->len > 0;
}

static void
announce (SigRoomEntry *entry, SigRoomPerson *person)
{
  person->announced = true;
  tell_all (entry, false, person, "room.joined", with_person (person));
}

static void
do_enter (SigRoomEntry *entry, SigRoomPerson *person)
{
  SigRooms *rooms = entry->rooms;

  rooms->n_inside++;
  al_gauge_add (rooms->metrics.inside, 1);
  sig_rooms_bind (rooms->by_device, person->device_id, entry, true);
  sig_guests_set_inside (rooms->config.guests, person->device_id, true);
  sig_room_entry_add_peer (entry, person);
  if (sig_room_count_inside (entry->room) <= SIG_ROOMS_ANNOUNCE || is_active (person))
    announce (entry, person);
  note_count (entry);
}

static void
do_wait (SigRoomEntry *entry, SigRoomPerson *person)
{
  SigRooms *rooms = entry->rooms;

  al_gauge_add (rooms->metrics.waiting, 1);
  sig_rooms_bind (rooms->by_device, person->device_id, entry, true);
  sig_guests_set_inside (rooms->config.guests, person->device_id, true);
  tell_all (entry, true, NULL, "room.lobby", with_lobby (person, true));
}

static void
do_admit (SigRoomEntry *entry, SigRoomPerson *person)
{
  SigRooms *rooms = entry->rooms;

  /* do_enter() has bound it for the second time */
  sig_rooms_bind (rooms->by_device, person->device_id, entry, false);
  al_gauge_add (rooms->metrics.waiting, -1);
  tell_all (entry, true, NULL, "room.lobby", with_lobby (person, false));
  sig_room_entry_tell (entry, person->device_id, "room.admitted", with_person_id (person, NULL));
}

static void
tell_left (SigRoomEntry *entry, const SigRoomAction *action)
{
  static const char *const words[] = { "ended", "empty", "deleted", "ended_by_admin" };
  const SigRoomPerson *person = action->person;
  const char *reason = sig_room_left_to_string (action->left);
  bool replaced = sig_room_find_device (entry->room, person->device_id) != NULL;
  JsonObject *params;

  if (action->left == SIG_ROOM_OVER)
    {
      params = json_object_new ();
      json_object_set_string_member (params, "reason", words[entry->end]);
      sig_room_entry_tell (entry, person->device_id, "room.ended", params);
      return;
    }
  if (action->was_waiting)
    tell_all (entry, true, NULL, "room.lobby", with_lobby (person, false));
  else if (person->announced)
    tell_all (entry, false, NULL, "room.left", with_person_id (person, reason));
  /* who has left knows; who has come again has a new participant */
  if (action->left != SIG_ROOM_LEFT && !replaced)
    sig_room_entry_tell (entry, person->device_id, "room.left", with_person_id (person, reason));
}

static void
do_leave (SigRoomEntry *entry, const SigRoomAction *action)
{
  SigRooms *rooms = entry->rooms;
  SigRoomPerson *person = action->person;
  bool replaced = sig_room_find_device (entry->room, person->device_id) != NULL;

  al_counter_add (rooms->metrics.left[action->left], 1);
  al_gauge_add (action->was_waiting ? rooms->metrics.waiting : rooms->metrics.inside, -1);
  if (!action->was_waiting)
    rooms->n_inside--;
  sig_rooms_bind (rooms->by_device, person->device_id, entry, false);
  sig_room_entry_remove_peer (entry, person);
  sig_turn_end_call (rooms->config.turn, person->turn_id);
  tell_left (entry, action);
  if (!action->was_waiting)
    note_count (entry);
  if (!replaced)
    sig_guests_end (rooms->config.guests, person->device_id);
}

static void
do_update (SigRoomEntry *entry, SigRoomPerson *person)
{
  if (person->gone)
    return;
  if (person->announced)
    tell_all (entry, false, NULL, "room.updated", with_person (person));
  else
    {
      if (is_active (person))
        announce (entry, person);
      sig_room_entry_tell (entry, person->device_id, "room.updated", with_person (person));
    }
}

static void
do_host (SigRoomEntry *entry, const SigRoomPerson *person)
{
  const GPtrArray *waiting = sig_room_get_waiting (entry->room);
  JsonObject *params = json_object_new ();

  json_object_set_object_member (params, "room", sig_room_json (entry, true, false));
  sig_room_entry_tell (entry, person->device_id, "room.changed", params);
  for (unsigned i = 0; i < waiting->len; i++)
    sig_room_entry_tell (entry, person->device_id, "room.lobby", with_lobby (waiting->pdata[i], true));
}

static void
do_muted (SigRoomEntry *entry, const SigRoomAction *action)
{
  JsonObject *params = json_object_new ();
  JsonArray *tracks = json_array_new ();
  char text[MSG_ID_STRLEN];

  json_array_add_string_element (tracks, msg_id_format ((MsgId) action->track, text));
  json_object_set_array_member (params, "trackIds", tracks);
  sig_json_set_id (params, "by", action->by);
  sig_room_entry_tell (entry, action->person->device_id, "room.muted", params);
}

static void
do_move (SigRoomEntry *entry, const SigRoomAction *action)
{
  SigRooms *rooms = entry->rooms;
  SigRoomPerson *person = action->person;

  sig_rooms_bind (rooms->by_device, action->device, entry, false);
  sig_rooms_bind (rooms->by_device, person->device_id, entry, true);
  sig_guests_set_inside (rooms->config.guests, person->device_id, true);
  sig_room_entry_tell (entry, action->device, "room.left",
                       with_person_id (person, sig_room_left_to_string (SIG_ROOM_REPLACED)));
  sig_guests_end (rooms->config.guests, action->device);
}

static void
do_action (SigRoomEntry *entry, const SigRoomAction *action)
{
  SfuControl *control = entry->rooms->config.control;

  switch (action->type)
    {
    case SIG_ROOM_DO_ENTER:
      do_enter (entry, action->person);
      break;
    case SIG_ROOM_DO_LEAVE:
      do_leave (entry, action);
      break;
    case SIG_ROOM_DO_UPDATE:
      do_update (entry, action->person);
      break;
    case SIG_ROOM_DO_WAIT:
      do_wait (entry, action->person);
      break;
    case SIG_ROOM_DO_ADMIT:
      do_admit (entry, action->person);
      break;
    case SIG_ROOM_DO_HOST:
      do_host (entry, action->person);
      break;
    case SIG_ROOM_DO_MUTED:
      do_muted (entry, action);
      break;
    case SIG_ROOM_DO_SET_MUTED:
      if (control != NULL && entry->media != 0)
        sfu_control_set_muted (control, entry->media, action->track, action->muted);
      break;
    case SIG_ROOM_DO_END_TRACK:
      if (control != NULL && entry->media != 0)
        sfu_control_end_track (control, entry->media, action->track);
      break;
    case SIG_ROOM_DO_MOVE:
      do_move (entry, action);
      break;
    }
}

void
sig_room_entry_do_actions (SigRoomEntry *entry)
{
  SigRooms *rooms = entry->rooms;
  bool was_live = entry->live, live;
  SigRoomAction action;

  while (sig_room_take_action (entry->room, &action))
    {
      do_action (entry, &action);
      sig_room_person_unref (action.person);
    }
  live = sig_room_count_inside (entry->room) + sig_room_count_waiting (entry->room) > 0;
  entry->live = live;
  if (live != was_live)
    {
      rooms->n_live += live ? 1 : -1u;
      al_gauge_add (rooms->metrics.live, live ? 1 : -1);
    }
}
