/* SPDX-License-Identifier: Apache-2.0 */
/* Ringing users into a room. That they may come is a standing, and durable; that it rings is not. */
#include <string.h>

#include "signaling/profile.h"
#include "signaling/rooms-private.h"

void
sig_room_invite_free (gpointer data)
{
  SigRoomInvite *invite = data;

  msg_user_free (invite->from);
  g_free (invite);
}

static JsonObject *
invite_json (const SigRoomEntry *entry, const SigRoomInvite *invite)
{
  JsonObject *params = json_object_new ();

  json_object_set_string_member (params, "title", sig_room_get_row (entry->room)->title);
  json_object_set_object_member (params, "from", sig_profile_user (invite->from));
  json_object_set_boolean_member (params, "ring", true);
  json_object_set_int_member (params, "expiresAt", invite->expires_ms);
  if (invite->has_call_id)
    sig_json_set_bytes (params, "callId", invite->call_id, sizeof invite->call_id);
  return params;
}

static void
tell_ring (const SigRoomEntry *entry, const SigRoomInvite *invite, const char *ended)
{
  const SigRoomsConfig *config = &entry->rooms->config;
  const SigRoomsRing ring = { .room_id = sig_room_get_id (entry->room),
                              .from = invite->from->id,
                              .to = invite->user_id,
                              .title = sig_room_get_row (entry->room)->title,
                              .expires_ms = invite->expires_ms,
                              .ended = ended };

  if (config->ring != NULL && !invite->withheld)
    config->ring (&ring, config->ring_user);
}

typedef struct {
  SigRoomEntry *entry;
  const char *method;
  JsonObject *params;
} Tell;

static bool
tell_session (SigSession *session, gpointer user)
{
  Tell *tell = user;

  sig_room_entry_tell (tell->entry, sig_session_get_device_id (session), tell->method, json_object_ref (tell->params));
  return true;
}

/* all devices of the user. @params: (transfer full) */
static void
tell_user (SigRoomEntry *entry, MsgId user_id, const char *method, JsonObject *params)
{
  Tell tell = { entry, method, params };

  sig_sessions_foreach_of_user (entry->rooms->config.sessions, user_id, tell_session, &tell);
  json_object_unref (params);
}

SigRoomInvite *
sig_room_entry_find_invite (SigRoomEntry *entry, MsgId user_id)
{
  for (unsigned i = 0; i < entry->invites->len; i++)
    if (((SigRoomInvite *) entry->invites->pdata[i])->user_id == user_id)
      return entry->invites->pdata[i];
  return NULL;
}

void
sig_room_entry_ring (SigRoomEntry *entry, MsgId user_id, const MsgUser *from, MsgId from_device, const uint8_t *call_id,
                     bool withheld)
{
  SigRooms *rooms = entry->rooms;
  SigRoomInvite *invite = sig_room_entry_find_invite (entry, user_id);

  if (invite != NULL && !invite->withheld && withheld)
    return;
  if (invite == NULL)
    {
      invite = g_new0 (SigRoomInvite, 1);
      invite->user_id = user_id;
      g_ptr_array_add (entry->invites, invite);
      sig_rooms_bind (rooms->by_ringing, user_id, entry, true);
    }
  else
    msg_user_free (invite->from);
  invite->from = msg_user_copy (from);
  invite->from_device = from_device;
  invite->expires_us = sig_rooms_now_us (rooms) + rooms->config.ring_us;
  invite->expires_ms = sig_rooms_now_ms (rooms) + rooms->config.ring_us / 1000;
  invite->withheld = withheld;
  invite->has_call_id = call_id != NULL;
  if (call_id != NULL)
    memcpy (invite->call_id, call_id, sizeof invite->call_id);
  if (!withheld)
    tell_user (entry, user_id, "room.invited", invite_json (entry, invite));
  tell_ring (entry, invite, NULL);
}

void
sig_room_entry_answer_invite (SigRoomEntry *entry, MsgId user_id, const char *told, const char *word)
{
  SigRoomInvite *invite = sig_room_entry_find_invite (entry, user_id);
  JsonObject *params;
  bool withheld;

  if (invite == NULL)
    return;
  withheld = invite->withheld;
  if (told != NULL)
    {
      params = json_object_new ();
      sig_json_set_id (params, "userId", user_id);
      json_object_set_string_member (params, "reason", told);
      sig_room_entry_tell (entry, invite->from_device, "room.declined", params);
    }
  tell_ring (entry, invite, word);
  (void) g_ptr_array_remove (entry->invites, invite);
  sig_rooms_bind (entry->rooms->by_ringing, user_id, entry, false);
  if (withheld)
    return;
  params = json_object_new ();
  json_object_set_string_member (params, "reason", word);
  tell_user (entry, user_id, "room.uninvited", params);
}

int64_t
sig_room_entry_tick_invites (SigRoomEntry *entry, int64_t now_us)
{
  int64_t next_us = INT64_MAX;

  for (unsigned i = entry->invites->len; i-- > 0;)
    {
      const SigRoomInvite *invite = entry->invites->pdata[i];

      if (invite->expires_us > now_us)
        next_us = MIN (next_us, invite->expires_us);
      else
        sig_room_entry_answer_invite (entry, invite->user_id, "missed", "expired");
    }
  return next_us;
}

void
sig_rooms_ring_device (SigRooms *rooms, MsgId user_id, MsgId device_id)
{
  const GPtrArray *list = g_hash_table_lookup (rooms->by_ringing, &user_id);

  for (unsigned i = 0; list != NULL && i < list->len; i++)
    {
      SigRoomEntry *entry = list->pdata[i];
      const SigRoomInvite *invite = sig_room_entry_find_invite (entry, user_id);

      if (invite != NULL && !invite->withheld)
        sig_room_entry_tell (entry, device_id, "room.invited", invite_json (entry, invite));
    }
}
